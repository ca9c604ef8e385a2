//! The settling desk 核销台 (FIN-03..05, 12, 13, 15, 16): what every customer owes, and of one customer the open debts
//! beside the open payments, with the ways to bring them together.

mod account;
mod pay;

use axum::Router;
use axum::routing::{get, post};
use maud::{Markup, html};
use model::{Desk, Entity, Error, Query, Result};
use web::list::cell::Cells;
use web::shell::Page;
use web::ui::{icon14, none, t, table};
use web::visit::Shown;
use web::{Answer, Site, Visit};

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/settle", get(accounts))
        .route("/settle/{customer}", get(account::show).post(pay::pay))
        .route("/settle/{customer}/undo", post(pay::undo))
}

const COLUMNS: [&str; 7] = ["name", "owner", "debts", "repaid", "balance", "overdue", "advance"];

/// All customers' accounts, the most overdue first; the only one that is found opens.
async fn accounts(visit: Visit) -> Answer {
    let (q, page) = (visit.value("q").unwrap_or_default(), visit.value("page"));
    let draw = move |desk: &mut Desk| {
        let lang = desk.actor.lang;
        desk.entity(domain::Receivable::DEF.code)?;
        let customers = domain::Customer::DEF;
        let page = page.and_then(|it| it.parse().ok()).unwrap_or(1).max(1);
        let sort = ["overdue", "balance"].map(|it| (it.to_owned(), true)).to_vec();
        let columns = COLUMNS.map(str::to_owned).to_vec();
        let query = Query { q: q.clone(), columns, sort, page: Some(page), count: true, ..Query::default() };
        // Without sight of the figures there are no accounts to see.
        let hidden =
            |error| if matches!(error, Error::Invalid(_)) { Error::missing("settle") } else { error };
        let list = desk.list(customers.code, &query).map_err(hidden)?;
        let totals = desk.totals(&list)?;
        let rows = desk.rows(&list)?.0;
        let named = |row: &&model::Record| row[list.columns[0].at].text() == q.trim();
        if let [row] = &rows[..]
            && !q.trim().is_empty()
        {
            return Ok(Shown::To(format!("/settle/{}", row[0].int())));
        }
        if let Some(row) = rows.iter().find(named) {
            return Ok(Shown::To(format!("/settle/{}", row[0].int())));
        }
        let cells = Cells::of(desk);
        let line = |row: &model::Record| {
            let cell = |n: usize| cells.mark(&list.columns[n], row);
            let to = format!("/settle/{}", row[0].int());
            let name = html! { a class="ky-lead" href=(to) { (cell(0)) } };
            let figures = (2..COLUMNS.len()).map(|n| match row[list.columns[n].at].int() {
                0 => none(),
                _ => cell(n),
            });
            (false, [name, cell(1)].into_iter().chain(figures).collect())
        };
        let lines: Vec<_> = rows.iter().map(line).collect();
        let body = html! {
            div class="ky-column ky-settle" {
                (find(lang, &q, true))
                section class="ky-card is-clip" {
                    (table(lang, "客户|业务员|#欠款|#还款|#余额|#逾期|#未用预收", "Customer|Owner|#Debts|#Repayments|#Balance|#Overdue|#Unused advances", lines))
                    @if rows.is_empty() { p class="ky-card-body ky-mute" { (t(lang, "没有这个客户", "No such customer")) } }
                }
                (pager(lang, &q, page, totals.count, list.size))
            }
        };
        Ok(Page { class: "ky-main is-flush", ..Page::new(t(lang, "核销台", "Settling"), "settle", body) }
            .into())
    };
    visit.show(draw).await
}

/// The box into which a customer's name is typed.
fn find(lang: web::ui::Lang, q: &str, focus: bool) -> Markup {
    let says = t(lang, "客户名称、简称、拼音、编号", "Name, short name, pinyin or number");
    html! {
        form class="ky-box is-large" role="search" action="/settle" {
            (icon14("search"))
            input name="q" value=(q) aria-label=(t(lang, "找客户", "Find a customer")) placeholder=(says) data-key="/" autocomplete="off" autofocus[focus];
            kbd { "/" }
        }
    }
}

fn pager(lang: web::ui::Lang, q: &str, page: usize, count: i64, size: usize) -> Markup {
    let pages = (count as usize).div_ceil(size).max(1);
    let q = web::list::ask::encode(q);
    let to = |page: usize| format!("/settle?q={q}&page={page}");
    html! {
        @if pages > 1 {
            p class="ky-row" {
                @if page > 1 { a class="ky-btn is-small" href=(to(page - 1)) { (t(lang, "上一页", "Previous")) } }
                span { (page) " / " (pages) }
                @if page < pages { a class="ky-btn is-small" href=(to(page + 1)) { (t(lang, "下一页", "Next")) } }
            }
        }
    }
}

/// The fields of a receipt that the desk asks for.
const MONEY: [&str; 5] = ["amount", "account", "method", "date", "reference"];
const AIM: [&str; 4] = ["by", "product", "first", "last"];

/// Where the amount for a debt is typed.
fn pays(charge: i64) -> String {
    format!("pay-{charge}")
}

/// What of the money desk the actor may do: take in money, and set what was taken in against debts.
fn rights(desk: &Desk) -> Result<[bool; 2]> {
    let receipt = domain::Receipt::DEF;
    let may = |right: &str| desk.may(receipt, right).is_ok();
    Ok([may("create") && may("post"), may("allocate")])
}
