//! The statement of account on A4 (pictures 11 and 11b): head, entries with running balance, the closing balance in
//! capitals, its age, and the slip that the customer sends back.

use axum::Router;
use axum::routing::get;
use maud::{Markup, html};
use model::{Card, Desk, Entity, Id, Lang, Money, Result};
use web::list::cell::Cells;
use web::print::{Sheet, paper, stamp};
use web::ui::t;
use web::{Answer, At, Site, Visit, says};

pub fn routes() -> Router<Site> {
    Router::new().route("/statement/{id}/print", get(print))
}

async fn print(visit: Visit, At(id): At<i64>) -> Answer {
    let name = visit.visitor.name.clone();
    let sheet = visit.read(move |desk| sheet(desk, id, &name)).await?;
    paper(&visit, sheet).await
}

fn sheet(desk: &mut Desk, id: i64, name: &str) -> Result<Sheet> {
    let def = domain::Statement::DEF;
    let card = desk.get(def.code, id)?;
    let lines = desk.rows_of(def, id, domain::StatementLine::DEF)?;
    let statement: domain::Statement = desk.trusted().get(Id::of(id))?;
    let stamp = stamp(desk, name);
    let body = article(desk, &statement, &lines, name, &stamp)?;
    let (title, back) = (card.title.clone(), format!("/{}/{id}", def.code));
    let rows = lines.len() as i64;
    Ok(Sheet { title, body, entity: def.code, query: format!("id={id}"), rows, back, papers: html! {} })
}

fn article(
    desk: &mut Desk,
    it: &domain::Statement,
    lines: &[Card],
    name: &str,
    stamp: &str,
) -> Result<Markup> {
    let (lang, cells, catalog) = (desk.actor.lang, Cells::of(desk), desk.catalog().clone());
    // The names of the customer's contact and number as far as whoever prints may see them.
    let customer = desk.get(domain::Customer::DEF.code, it.customer.0)?;
    let text = |name: &str| {
        let (field, value) = customer.fields.iter().find(|it| it.0.name == name)?;
        Some(cells.value(field, value.as_ref()?.cell())).filter(|it| !it.is_empty())
    };
    let term = customer
        .value("credit_days")
        .map(|it| it.int())
        .map(|days| says!(lang, "账期 {days} 天", "{days} days"));
    let terms: Vec<String> = [term, text("payment_method")].into_iter().flatten().collect();
    let owner = it.salesperson.map_or(String::new(), |it| cells.person(it.0));
    let facts = [
        (t(lang, "客户", "Customer"), it.name.clone()),
        (t(lang, "对账期间", "Period"), format!("{} {} {}", it.first, t(lang, "至", "to"), it.last)),
        (t(lang, "客户编号", "Number"), text("number").unwrap_or_default()),
        (t(lang, "电话", "Phone"), text("phone").unwrap_or_default()),
        (t(lang, "结算方式", "Terms"), terms.join(t(lang, "，", ", "))),
        (t(lang, "业务员", "Salesperson"), owner),
    ];
    let (contact, bank) = (catalog.parameter("company_contact"), catalog.parameter("company_bank"));
    let is_yuan = catalog.parameter("currency") == "CNY";
    let money = |it: Money| it.grouped();
    let sum =
        |name: &str| Money(lines.iter().filter_map(|it| it.value(name)).map(|it| it.int()).sum()).grouped();
    Ok(html! {
        article class="ky-sheet is-card is-statement" {
            header {
                div { p class="ky-house" { (catalog.parameter("company_name")) } @if !contact.is_empty() { p { (contact) } } }
                small { (t(lang, "单号 ", "No. ")) (it.number.as_deref().unwrap_or(t(lang, "草稿", "Draft"))) }
            }
            h1 { (t(lang, "客户对账单", "Statement of account")) }
            dl { @for (label, text) in facts { div { dt { (label) } dd { (text) } } } }
            (entries(lang, &cells, it, lines, &sum))
            p class="ky-capitals" {
                span { (t(lang, "期末应收余额　", "Closing balance ")) b { "¥" (money(it.closing)) } }
                @if is_yuan { span { (t(lang, "人民币（大写）　", "In capitals ")) b lang="zh-CN" { (it.closing.capitals()) } } }
            }
            table {
                thead { tr {
                    th scope="col" { (t(lang, "账龄", "Age")) }
                    @for (zh, en) in AGES { th scope="col" class="is-number" { (t(lang, zh, en)) } }
                    th scope="col" class="is-number" { (t(lang, "合计", "Total")) }
                } }
                tbody { tr {
                    td { (t(lang, "金额", "Amount")) }
                    @for (n, part) in it.ages().into_iter().enumerate() { td class="is-number" { @if n > 0 && part > Money(0) { b { (money(part)) } } @else { (money(part)) } } }
                    td class="is-number" { (money(it.ages().into_iter().sum())) }
                } }
            }
            p {
                @if let Some(remark) = &it.remark { (remark) " " }
                @if !bank.is_empty() { (t(lang, "收款账户：", "Pay into: ")) (bank) (t(lang, "。", ". ")) }
                (t(lang, "若有不符，请于收到后 7 日内与我方联系。", "If anything differs, please tell us within 7 days."))
            }
            div class="ky-slip" {
                section {
                    h2 { (t(lang, "我方", "For us")) }
                    p { (t(lang, "经办　", "Made by ")) (name) }
                    p { (t(lang, "复核", "Checked by")) }
                    p class="is-seal" { (t(lang, "（盖章）", "(seal)")) }
                }
                section {
                    h2 { (t(lang, "客户回执", "Customer's reply")) }
                    p { (t(lang, "□ 核对相符　　□ 不符，我方账面为 ¥ ____________________", "□ correct    □ not correct; our books say ¥ ____________________")) }
                    p { (t(lang, "经办人签字 ________________　　日期 ____________", "Signed ________________  Date ____________")) }
                    p class="is-seal" { (t(lang, "（盖章）", "(seal)")) }
                }
            }
            footer { span { (stamp) } }
        }
    })
}

const AGES: [(&str, &str); 5] = [
    ("未到期", "Not due"),
    ("逾期 1–30 天", "1–30 days"),
    ("逾期 31–60 天", "31–60 days"),
    ("逾期 61–90 天", "61–90 days"),
    ("逾期 90 天以上", "Over 90 days"),
];

const COLUMNS: [&str; 8] = ["date", "document", "about", "charge", "payment", "balance", "due", "open"];

fn entries(
    lang: Lang,
    cells: &Cells,
    it: &domain::Statement,
    lines: &[Card],
    sum: &dyn Fn(&str) -> String,
) -> Markup {
    let fields = COLUMNS.map(|name| domain::StatementLine::DEF.field(name).map(|it| it.1));
    let is_figure = |n: usize| matches!(n, 3..=5 | 7).then_some("is-number");
    let text = |line: &Card, n: usize| {
        let of = |name: &str| line.fields.iter().find(|it| it.0.name == name);
        let shown = |name: &str| of(name).and_then(|it| Some(cells.value(it.0, it.1.as_ref()?.cell())));
        let shown = shown(COLUMNS[n])
            .filter(|it| !it.is_empty() || n != 2)
            .or_else(|| (n == 2).then(|| shown("kind"))?);
        shown.unwrap_or_default()
    };
    html! {
        table {
            thead { tr { @for (n, field) in fields.iter().enumerate() { th scope="col" class=[is_figure(n)] { @if let Some(field) = field { (field.label.of(lang)) } } } } }
            tbody {
                tr { td { (it.first) } td {} td { (t(lang, "期初余额", "Opening balance")) } td {} td {} td class="is-number" { (it.opening.grouped()) } td {} td {} }
                @for line in lines { tr { @for n in 0..COLUMNS.len() { td class=[is_figure(n)] { (text(line, n)) } } } }
            }
            tfoot { tr {
                td colspan="3" { (t(lang, "本期合计", "Total")) }
                td class="is-number" { (it.charged.grouped()) }
                td class="is-number" { (it.paid.grouped()) }
                td class="is-number" { (it.closing.grouped()) }
                td {}
                td class="is-number" { (sum("open")) }
            } }
        }
    }
}
