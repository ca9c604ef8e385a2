//! One customer's account: open debts, open payments, what met what; and the form that settles.

use maud::{Markup, html};
use model::message::{fault, message};
use model::{Desk, Entity, Error, Id, Input, Kind, Lang, Money, Query, Result, Value};
use web::act::ask::control;
use web::list::cell::Cells;
use web::shell::Page;
use web::ui::{alert, icon, icon14, none, notice, t, table, tag};
use web::{Answer, At, Visit, says};

use super::{AIM, MONEY, find, pays, rights};

/// Rows of one kind that a page shows.
const MOST: usize = 200;
/// Allocations looked back at.
const BACK: usize = 20;

pub async fn show(visit: Visit, At(customer): At<i64>) -> Answer {
    let asked = visit.query();
    visit.show(move |desk| page(desk, customer, asked, None)).await
}

/// An entry of the account as a row: its document, and what of it is open.
struct Item {
    id: i64,
    /// The document's entity and id.
    of: (&'static str, i64),
    title: String,
    date: String,
    due: String,
    amount: i64,
    open: i64,
    late: i64,
}

const LINKS: [&str; 5] = ["sale", "receipt", "sale_return", "refund", "opening"];

fn items(desk: &mut Desk, customer: i64, open: &str) -> Result<Vec<Item>> {
    let columns = format!("date,kind,due,amount,open,late,{}", LINKS.join(","));
    let asked = format!("customer={customer}&{open}&sort=payable,id&size={MOST}&columns={columns}");
    let query = Query::parse(&asked).ok_or_else(|| Error::invalid("query", "query_too_long"))?;
    let list = desk.list(domain::Receivable::DEF.code, &query)?;
    let cells = Cells::of(desk);
    let at = |name: &str| list.columns.iter().find(|it| it.field.name == name);
    let item = |row: &model::Record| {
        let text = |name: &str| at(name).map_or(String::new(), |it| cells.text(it, row));
        let int = |name: &str| at(name).map_or(0, |it| row[it.at].int());
        let link = LINKS.iter().copied().find(|it| at(it).is_some_and(|it| row[it.at] != Value::Null));
        let link = link.unwrap_or("sale");
        let of = if link == "opening" { "receivable_opening" } else { link };
        Item {
            id: row[0].int(),
            of: (of, int(link)),
            title: Some(text(link)).filter(|it| !it.is_empty()).unwrap_or_else(|| text("kind")),
            date: text("date"),
            due: text("due"),
            amount: int("amount"),
            open: int("open"),
            late: int("late"),
        }
    };
    Ok(desk.rows(&list)?.0.iter().map(item).collect())
}

/// What each debt would be paid, as the address asks to try it.
fn tried(
    desk: &mut Desk,
    customer: i64,
    asked: &mut Input,
    charges: &[Item],
    credits: &[Item],
) -> Result<()> {
    let text = |name: &str| asked.text(name).to_owned();
    let field = |name: &str| domain::Receipt::DEF.field(name).map(|it| it.1);
    let Kind::Choice(ways) = field("by").map_or(Kind::Bool, |it| it.kind) else { return Ok(()) };
    let by = ways.iter().position(|it| it.0 == text("by")).map(|n| {
        use domain::sales::By;
        [By::Oldest, By::Exact, By::Product, By::Period, By::Document][n]
    });
    let date = |name: &str| text(name).parse().ok();
    let product = text("product").trim_start_matches('#').parse().ok().map(Id::of);
    let by = by.unwrap_or(domain::sales::By::Oldest);
    let aim = domain::sales::Aim {
        by,
        sale: None,
        charge: None,
        product,
        first: date("first"),
        last: date("last"),
    };
    let credit = credits.iter().find(|it| source(it) == text("credit")).map(|it| -it.open);
    let money = |text: &str| Kind::Money.parse(text).map(|it| it.int());
    let amount = money(&text("amount")).filter(|it| *it > 0).or(credit);
    let mut left = amount.ok_or_else(|| Error::invalid("amount", "not_positive"))?;
    let found = domain::sales::charges(desk.trusted(), Id::of(customer), &aim, Money(left))?;
    for it in charges {
        asked.take(&pays(it.id));
    }
    for it in found {
        let part = left.min(it.open.0);
        if part > 0 {
            asked.set(&pays(it.id.0), Money(part).to_string());
        }
        left -= part;
    }
    Ok(())
}

/// How a form names an open payment.
fn source(it: &Item) -> String {
    format!("{}:{}", it.of.0, it.of.1)
}

pub fn page(desk: &mut Desk, customer: i64, mut asked: Input, refused: Option<Error>) -> Result<Page> {
    let lang = desk.actor.lang;
    let card = desk.get(domain::Customer::DEF.code, customer)?;
    desk.entity(domain::Receivable::DEF.code)?;
    let charges = items(desk, customer, "open>0")?;
    let credits = items(desk, customer, "open<0")?;
    let mut refused = refused;
    if asked.take("try").is_some() && refused.is_none() {
        refused = tried(desk, customer, &mut asked, &charges, &credits).err();
    }
    let [takes, sets] = rights(desk)?;
    let may = takes || sets;
    let cells = Cells::of(desk);
    let figure = |name: &str| {
        let (field, value) = card.fields.iter().find(|it| it.0.name == name)?;
        Some((field.label.of(lang), value.as_ref()?.int()))
    };
    let figures = ["debts", "repaid", "balance", "overdue", "advance"];
    let done = done(desk, asked.text("done"))?;
    let registry = desk.catalog().registry;
    let body = html! {
        div class="ky-column ky-settle" {
            (find(lang, "", false))
            dl class="ky-strip is-facts" {
                @for name in figures { @if let Some((label, value)) = figure(name) {
                    div { dt { (label) } dd class=[(name == "overdue" && value > 0).then_some("is-bad")] { (cells.value(&amount(), model::Cell::Int(value))) } }
                } }
            }
            nav class="ky-row ky-small" aria-label=(t(lang, "这个客户", "This customer")) {
                a href={ "/customer/" (customer) } { (t(lang, "客户档案", "The customer's file")) }
                a href={ "/receivable?customer=" (customer) "&sort=-date" } { (t(lang, "应收明细", "All entries")) }
                @if desk.may(domain::Statement::DEF, "create").is_ok() { a href={ "/statement/new?customer=" (customer) } { (t(lang, "新建对账单", "New statement")) } }
                a href={ "/statement?customer=" (customer) } { (t(lang, "对账单", "Statements")) }
            }
            @if let Some(done) = done { (done) }
            @if let Some(error) = &refused { (notice("bad", html! { p { (message(error, registry, "receipt", lang)) } })) }
            form method="post" action={ "/settle/" (customer) } class="ky-settle-form" data-once {
                @if may { (form(desk, &asked, refused.as_ref(), takes)?) }
                div class="ky-thirds" {
                    (debts(lang, &cells, &charges, &asked, may))
                    (payments(lang, &cells, &credits, &asked, takes, sets))
                }
            }
            (met(desk, customer, sets)?)
        }
    };
    let crumbs = vec![(t(lang, "核销台", "Settling").to_owned(), "/settle".to_owned())];
    Ok(Page { class: "ky-main is-flush", crumbs, ..Page::new(card.title, "settle", body) })
}

const fn amount() -> model::FieldDef {
    model::FieldDef { kind: Kind::Money, ..model::FieldDef::PLAIN }
}

/// What was posted, and what came of it.
fn done(desk: &mut Desk, done: &str) -> Result<Option<Markup>> {
    let lang = desk.actor.lang;
    let Some((entity, id)) = done.split_once(':').and_then(|it| Some((it.0, it.1.parse().ok()?))) else {
        return Ok(None);
    };
    let Ok(card) = desk.get(entity, id) else { return Ok(None) };
    let money = |name: &str| Money(card.value(name).map_or(0, Value::int)).grouped();
    let (all, left) = (money("amount"), money("unused"));
    let says = match card.value("unused") {
        Some(_) => says!(lang, "金额 {all}，还剩 {left} 未核销", "{all}, of which {left} is still unused"),
        None => String::new(),
    };
    let text = html! { (says) " " a href={ "/" (entity) "/" (id) } { (t(lang, "打开单据", "Open it")) } };
    Ok(Some(alert("ok", &format!("{} {}", card.title, t(lang, "已核销", "settled")), text)))
}

/// Amount and account of new money, and how it finds its debts.
fn form(desk: &mut Desk, asked: &Input, refused: Option<&Error>, takes: bool) -> Result<Markup> {
    let lang = desk.actor.lang;
    let faults = if let Some(Error::Invalid(faults)) = refused { &faults[..] } else { &[] };
    let mut control_of = |name: &str| -> Result<Markup> {
        let (_, field) = domain::Receipt::DEF.field(name).ok_or_else(|| Error::missing(name))?;
        let today = desk.today().to_string();
        let begun = match name {
            "date" => today.as_str(),
            "by" => "oldest",
            _ => "",
        };
        let text = Some(asked.text(name)).filter(|it| !it.is_empty()).unwrap_or(begun);
        let wrong = faults.iter().find(|it| it.field == name).map(|it| fault(it, lang));
        control(desk, field, text, wrong.as_deref(), "/receipt/asks/edit")
    };
    let wrong = faults.iter().find(|it| it.field == "amount").map(|it| fault(it, lang));
    let money: &[&str] = if takes { &MONEY[1..] } else { &[] };
    Ok(html! {
        section class="ky-card" {
            header { h2 { (t(lang, "结款", "Settle")) } }
            div class="ky-card-body" {
                div class="ky-form-grid" {
                    div class="ky-field" {
                        label class="ky-label" for="amount" { (t(lang, "结账金额", "Settlement amount")) }
                        div class={ "ky-box" @if wrong.is_some() { " is-bad" } } {
                            // Empty is all that is typed below, or all that is left of the payment chosen.
                            input class="is-number" id="amount" name="amount" inputmode="decimal" autocomplete="off" value=(asked.text("amount")) autofocus aria-invalid=[wrong.as_ref().map(|_| "true")];
                            span class="ky-mute" { "¥" }
                        }
                        @if let Some(wrong) = &wrong { small class="ky-error" { (wrong) } }
                    }
                    @for name in money { (control_of(name)?) }
                    @for name in AIM { (control_of(name)?) }
                }
                div class="ky-row" {
                    button class="ky-btn is-primary" data-key="Ctrl+Enter" { (icon("check")) (t(lang, "确定", "Confirm")) kbd { "Ctrl Enter" } }
                    button class="ky-btn" name="try" value="1" formmethod="get" formnovalidate data-key="Alt+T" { (t(lang, "试算", "Try")) kbd { "Alt T" } }
                    span class="ky-small ky-mute" { (t(lang, "试算只填下面的本次核销，改好再确定；下面没填就按核销方式自动找单。", "Trying fills in the amounts below, to be changed before you confirm; with none below, the money finds its debts in the way chosen.")) }
                }
            }
        }
    })
}

fn debts(lang: Lang, cells: &Cells, charges: &[Item], asked: &Input, may: bool) -> Markup {
    let money = |it: i64| cells.value(&amount(), model::Cell::Int(it));
    let row = |it: &Item| {
        let name = pays(it.id);
        let (title, late) = (&it.title, it.late);
        let label = says!(lang, "本次核销 {title}", "To settle of {title}");
        let due = html! { (it.due) @if late > 0 { " " small class="is-bad" { (says!(lang, "逾 {late} 天", "{late} d late")) } } };
        let mut cells = vec![
            html! { a class="ky-lead" href={ "/" (it.of.0) "/" (it.of.1) } { (it.title) } },
            html! { (it.date) },
            due,
            html! { (money(it.amount)) },
            html! { b { (money(it.open)) } },
        ];
        if may {
            cells.push(html! { input class="ky-input is-number is-small" name=(name) inputmode="decimal" autocomplete="off" value=(asked.text(&name)) aria-label=(label); });
        }
        (false, cells)
    };
    let (zh, en) = match may {
        true => ("单据|日期|到期|#金额|#未收|#本次核销", "Document|Date|Due|#Amount|#Unpaid|#To settle"),
        false => ("单据|日期|到期|#金额|#未收", "Document|Date|Due|#Amount|#Unpaid"),
    };
    let sum: i64 = charges.iter().map(|it| it.open).sum();
    html! {
        section class="ky-card is-clip" {
            header { h2 { (t(lang, "未收单据", "Open debts")) } span class="ky-mute ky-small" { (charges.len()) } span class="ky-grow" {} b { (money(sum)) } }
            (table(lang, zh, en, charges.iter().map(row)))
            @if charges.is_empty() { p class="ky-card-body ky-mute" { (t(lang, "没有未收的单据", "Nothing is owed")) } }
            @if charges.len() == MOST { p class="ky-card-body ky-small ky-mute" { (t(lang, "只列出最早的 200 张。", "The 200 oldest are shown.")) } }
        }
    }
}

fn payments(lang: Lang, cells: &Cells, credits: &[Item], asked: &Input, takes: bool, sets: bool) -> Markup {
    let money = |it: i64| cells.value(&amount(), model::Cell::Int(it));
    let chosen = asked.text("credit");
    let radio = |value: &str, label: Markup| {
        html! { label class="ky-choice" { input class="ky-check" type="radio" name="credit" value=(value) checked[value == chosen]; " " (label) } }
    };
    let row = |it: &Item| {
        let title = html! { (it.title) };
        let lead = match sets {
            true => radio(&source(it), title),
            false => html! { a class="ky-lead" href={ "/" (it.of.0) "/" (it.of.1) } { (title) } },
        };
        (
            false,
            vec![lead, html! { (it.date) }, html! { (money(-it.amount)) }, html! { b { (money(-it.open)) } }],
        )
    };
    let sum: i64 = credits.iter().map(|it| -it.open).sum();
    html! {
        section class="ky-card is-clip" {
            header { h2 { (t(lang, "用什么付", "Paid with")) } span class="ky-grow" {} b { (money(sum)) } }
            @if takes { p class="ky-card-body" { (radio("", html! { (t(lang, "新收的款：过账一张收款单", "New money: a receipt is posted")) })) } }
            @if !credits.is_empty() { (table(lang, "已收未用|日期|#金额|#未用", "Unused|Date|#Amount|#Unused", credits.iter().map(row))) }
            @else { p class="ky-card-body ky-mute" { (t(lang, "没有未用的收款和退货", "No unused payments or returns")) } }
        }
    }
}

/// The latest allocations, each with the way to take it back.
fn met(desk: &mut Desk, customer: i64, sets: bool) -> Result<Markup> {
    let lang = desk.actor.lang;
    let asked =
        format!("customer={customer}&sort=-id&size={BACK}&columns=date,amount,charge,credit,undoes,creator");
    let query = Query::parse(&asked).ok_or_else(|| Error::invalid("query", "query_too_long"))?;
    let list = desk.list(domain::Allocation::DEF.code, &query)?;
    let rows = desk.rows(&list)?.0;
    let cells = Cells::of(desk);
    let undone: Vec<i64> = rows.iter().map(|it| it[list.columns[4].at].int()).collect();
    let mut lines = Vec::new();
    for row in &rows {
        let at = |n: usize| row[list.columns[n].at].clone();
        let mut ends = [None, None];
        for (end, n) in ends.iter_mut().zip([2, 3]) {
            *end = Some(items(desk, customer, &format!("id={}", at(n).int()))?).and_then(|mut it| it.pop());
        }
        let end = |n: usize| match &ends[n] {
            Some(it) => {
                html! { a href={ "/" (it.of.0) "/" (it.of.1) } { (it.title) } }
            }
            None => none(),
        };
        let (gone, back) = (undone.contains(&row[0].int()), at(4) != Value::Null);
        let state = match (gone, back) {
            (true, _) => tag("", t(lang, "已撤销", "Taken back")),
            (_, true) => tag("is-warn", t(lang, "撤销", "Take-back")),
            _ => html! {},
        };
        let deed = html! {
            @if sets && !gone && !back { form method="post" action={ "/settle/" (customer) "/undo" } {
                button class="ky-btn is-small" name="allocation" value=(row[0].int()) { (icon14("arrow-back-up")) (t(lang, "撤销", "Take back")) }
            } }
        };
        let who = cells.person(at(5).int());
        let money = cells.value(&amount(), model::Cell::Int(at(1).int()));
        lines.push((
            gone,
            vec![end(0), end(1), html! { (at(0).text()) }, html! { (money) (state) }, html! { (who) }, deed],
        ));
    }
    Ok(html! {
        @if !lines.is_empty() {
            section class="ky-card is-clip" {
                header { h2 { (t(lang, "最近的核销", "Latest allocations")) } span class="ky-grow" {} a href={ "/allocation?customer=" (customer) "&sort=-id" } { (t(lang, "全部", "All")) } }
                (table(lang, "应收单据|付款单据|日期|#金额|经手|", "Debt|Paid by|Date|#Amount|By|", lines))
            }
        }
    })
}
