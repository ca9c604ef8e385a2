//! The statement of account on A4 (pictures 11 and 11b): head, entries with running balance, the closing balance in
//! capitals, its age, and the slip that the customer sends back; beside it what of that is shown.

use axum::Router;
use axum::routing::get;
use maud::{Markup, html};
use model::{Card, Desk, Entity, Id, Input, Lang, Money, Result};
use web::list::cell::Cells;
use web::print::{Sheet, paper, stamp};
use web::ui::{icon14, notice, t};
use web::{Answer, At, Site, Visit, says};

pub fn routes() -> Router<Site> {
    Router::new().route("/statement/{id}/print", get(print))
}

/// What of a statement is printed, and how often.
struct Shown {
    /// Only what is not paid.
    open: bool,
    due: bool,
    ages: bool,
    slip: bool,
    /// The goods of each sale, on pages behind.
    goods: bool,
    copies: usize,
}

impl Shown {
    /// Nobody said anything yet, or the form did: a box that is not ticked sends nothing.
    fn of(asked: &Input) -> Shown {
        let is_new = asked.text("copies").is_empty();
        let on = |name: &str| is_new || !asked.text(name).is_empty();
        Shown {
            open: asked.text("only") == "open",
            due: on("due"),
            ages: on("ages"),
            slip: on("slip"),
            goods: !is_new && on("goods"),
            copies: asked.text("copies").parse().unwrap_or(1).clamp(1, MOST),
        }
    }

    fn columns(&self) -> Vec<&'static str> {
        let is_shown = |name: &&str| match *name {
            // Between some of the entries no balance runs.
            "balance" | "payment" => !self.open,
            "due" | "open" => self.due || self.open,
            _ => true,
        };
        COLUMNS.into_iter().filter(is_shown).collect()
    }
}

/// Most copies at once.
const MOST: usize = 9;

async fn print(visit: Visit, At(id): At<i64>) -> Answer {
    let (name, shown) = (visit.visitor.name.clone(), Shown::of(&visit.query()));
    let sheet = visit.read(move |desk| sheet(desk, id, &name, &shown)).await?;
    paper(&visit, sheet).await
}

fn sheet(desk: &mut Desk, id: i64, name: &str, shown: &Shown) -> Result<Sheet> {
    let def = domain::Statement::DEF;
    let card = desk.get(def.code, id)?;
    let mut lines = desk.rows_of(def, id, domain::StatementLine::DEF)?;
    if shown.open {
        lines.retain(|it| it.value("open").is_some_and(|it| it.int() > 0));
    }
    let statement: domain::Statement = desk.trusted().get(Id::of(id))?;
    let stamp = stamp(desk, name);
    let article = article(desk, &statement, &lines, name, &stamp, shown)?;
    let goods = if shown.goods {
        goods(desk, &statement, &lines)?
    } else {
        html! {}
    };
    let options = options(desk, &statement, &card, shown)?;
    let body = html! {
        div class="ky-preview" {
            div id="sheets" tabindex="0" role="region" aria-label=(t(desk.actor.lang, "打印预览", "Print preview")) {
                @for _ in 0..shown.copies { (article) (goods) }
            }
            (options)
        }
    };
    let (title, back) = (card.title.clone(), format!("/{}/{id}", def.code));
    let rows = lines.len() as i64;
    Ok(Sheet { title, body, entity: def.code, query: format!("id={id}"), rows, back, papers: html! {} })
}

/// What is printed, beside it: each change draws the sheets anew.
fn options(desk: &mut Desk, it: &domain::Statement, card: &Card, shown: &Shown) -> Result<Markup> {
    let lang = desk.actor.lang;
    let customer = desk.get(domain::Customer::DEF.code, it.customer.0)?;
    let pending = customer.value("pending").map_or(0, |it| it.int());
    let may = |verb: &str| card.verbs.iter().any(|it| it.verb.name == verb && it.unless.is_none());
    let another = desk.may(domain::Statement::DEF, "create").is_ok();
    let boxes = [
        ("due", shown.due, t(lang, "显示到期日和未收", "Due dates and unpaid amounts")),
        ("ages", shown.ages, t(lang, "显示账龄", "Age of the balance")),
        ("slip", shown.slip, t(lang, "显示客户回执", "Slip for the reply")),
        ("goods", shown.goods, t(lang, "附送货单明细（另起一页）", "Goods of each sale, on pages behind")),
    ];
    Ok(html! {
        aside class="ky-print-options" aria-label=(t(lang, "打印选项", "Print options")) {
            form method="get" hx-get="" hx-trigger="change" hx-target="#sheets" hx-select="#sheets" hx-swap="outerHTML" {
                h2 { (t(lang, "内容", "What is shown")) }
                dl {
                    div { dt { (t(lang, "客户", "Customer")) } dd { (it.name) } }
                    div { dt { (t(lang, "期间", "Period")) } dd { time { (it.first) } " " (t(lang, "至", "to")) " " time { (it.last) } } }
                }
                @if card.editable { a href={ "/statement/" (card.id) "/edit" } { (t(lang, "改期间", "Change the period")) } }
                @else if another { a href={ "/statement/new?customer=%23" (it.customer.0) } { (t(lang, "另做一张，换一段期间", "Another one, of another period")) } }
                div class="ky-seg is-wide" role="group" aria-label=(t(lang, "范围", "Which entries")) {
                    @for (value, is_on, says) in [("", !shown.open, t(lang, "全部往来", "All entries")), ("open", shown.open, t(lang, "只列未结清", "Unpaid only"))] {
                        input type="radio" name="only" id={ "only-" (value) } value=(value) checked[is_on]; label for={ "only-" (value) } { (says) }
                    }
                }
                @for (name, is_on, says) in boxes { label { input class="ky-check" type="checkbox" name=(name) value="1" checked[is_on]; " " (says) } }
                h2 { (t(lang, "纸张", "Paper")) }
                label class="ky-row" { (t(lang, "A4 纵向，份数", "A4 upright, copies")) " " input class="ky-input is-small is-row" type="number" name="copies" min="1" max=(MOST) value=(shown.copies); }
                noscript { button class="ky-btn" { (t(lang, "更新预览", "Update")) } }
                p class="ky-mute ky-small" { (t(lang, "要存成 PDF：按“打印”，在打印窗口的“打印机”或“目标”里选“另存为 PDF”。", "For a PDF press Print and choose “Save as PDF” as the printer in the window that opens.")) }
                @if may("send") {
                    h2 { (t(lang, "发送", "Send")) }
                    a class="ky-btn" href={ "/statement/" (card.id) } { (icon14("link")) (t(lang, "去发链接", "Send a link")) }
                    p class="ky-mute ky-small" { (t(lang, "客户在手机上打开链接，可以逐笔提异议，或点“核对相符”。", "The customer opens it on a phone, disputes a line or confirms.")) }
                }
                @if pending > 0 {
                    (notice("warn", html! { b { (t(lang, "有已审核、未过账的单据", "Checked documents are not posted")) } p { (Money(pending).grouped()) (t(lang, "，不计入本对账单。", ", which this statement does not count.")) } }))
                }
            }
        }
    })
}

/// The goods of the sales among the lines, as far as whoever prints may see sales.
fn goods(desk: &mut Desk, it: &domain::Statement, lines: &[Card]) -> Result<Markup> {
    let (lang, cells) = (desk.actor.lang, Cells::of(desk));
    let sale = match desk.entity(domain::Sale::DEF.code) {
        Ok(sale) => sale,
        Err(_) => return Ok(html! {}),
    };
    let fields: Vec<_> =
        GOODS.iter().filter_map(|name| domain::SaleLine::DEF.field(name)).map(|it| it.1).collect();
    let mut sales = Vec::new();
    for line in lines.iter().filter(|it| it.value("kind").is_some_and(|it| it.text() == "sale")) {
        let number = line.value("document").map_or("", |it| it.text()).to_owned();
        let found: Option<domain::Sale> = desk
            .trusted()
            .first(&[("number", number.as_str().into()), ("customer", it.customer.0.into())])?;
        let Some(found) = found else { continue };
        let mut rows = Vec::new();
        for row in desk.rows_of(sale, found.id.0, domain::SaleLine::DEF)? {
            let mut texts = Vec::new();
            for field in &fields {
                texts.push(match row.value(field.name) {
                    Some(value) => web::print::shown(desk, &cells, field, value)?,
                    None => String::new(),
                });
            }
            rows.push(texts);
        }
        sales.push((format!("{number}　{}", found.date), rows));
    }
    Ok(html! {
        @if !sales.is_empty() {
            article class="ky-sheet is-card is-statement" {
                header { p { (it.name) } small { (t(lang, "送货单明细", "Goods of each sale")) } }
                @for (title, rows) in &sales {
                    h2 { (title) }
                    table {
                        thead { tr { @for field in &fields { th scope="col" class=[field.kind.is_amount().then_some("is-number")] { (field.label.of(lang)) } } } }
                        tbody { @for row in rows { tr { @for (field, text) in fields.iter().zip(row) { td class=[field.kind.is_amount().then_some("is-number")] { (text) } } } } }
                    }
                }
            }
        }
    })
}

const GOODS: [&str; 6] = ["product", "quantity", "unit", "price", "discount", "amount"];

fn article(
    desk: &mut Desk,
    it: &domain::Statement,
    lines: &[Card],
    name: &str,
    stamp: &str,
    shown: &Shown,
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
            (entries(lang, &cells, it, lines, shown, &sum))
            p class="ky-capitals" {
                span { (t(lang, "期末应收余额　", "Closing balance ")) b { "¥" (money(it.closing)) } }
                @if is_yuan { span { (t(lang, "人民币（大写）　", "In capitals ")) b lang="zh-CN" { (it.closing.capitals()) } } }
            }
            @if shown.ages { table {
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
            } }
            p {
                @if let Some(remark) = &it.remark { (remark) " " }
                @if !bank.is_empty() { (t(lang, "收款账户：", "Pay into: ")) (bank) (t(lang, "。", ". ")) }
                (t(lang, "若有不符，请于收到后 7 日内与我方联系。", "If anything differs, please tell us within 7 days."))
            }
            @if shown.slip { div class="ky-slip" {
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
            } }
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
    shown: &Shown,
    sum: &dyn Fn(&str) -> String,
) -> Markup {
    let columns = shown.columns();
    let figure =
        |name: &str| matches!(name, "charge" | "payment" | "balance" | "open").then_some("is-number");
    let text = |line: &Card, name: &str| {
        let of = |name: &str| line.fields.iter().find(|it| it.0.name == name);
        let shown = |name: &str| of(name).and_then(|it| Some(cells.value(it.0, it.1.as_ref()?.cell())));
        let text = shown(name).filter(|it| !it.is_empty());
        text.or_else(|| (name == "about").then(|| shown("kind"))?).unwrap_or_default()
    };
    let opening = |name: &str| match name {
        "date" => it.first.to_string(),
        "about" => t(lang, "期初余额", "Opening balance").to_owned(),
        "balance" => it.opening.grouped(),
        _ => String::new(),
    };
    let total = |name: &str| match name {
        "charge" if !shown.open => it.charged.grouped(),
        "payment" => it.paid.grouped(),
        "balance" => it.closing.grouped(),
        "charge" | "open" => sum(name),
        _ => String::new(),
    };
    let label = |name: &str| domain::StatementLine::DEF.field(name).map_or("", |it| it.1.label.of(lang));
    html! {
        table {
            thead { tr { @for name in &columns { th scope="col" class=[figure(name)] { (label(name)) } } } }
            tbody {
                @if !shown.open { tr { @for name in &columns { td class=[figure(name)] { (opening(name)) } } } }
                @for line in lines { tr { @for name in &columns { td class=[figure(name)] { (text(line, name)) } } } }
            }
            tfoot { tr {
                td colspan="3" { @if shown.open { (t(lang, "合计", "Total")) } @else { (t(lang, "本期合计", "Total")) } }
                @for name in &columns[3..] { td class=[figure(name)] { (total(name)) } }
            } }
        }
    }
}
