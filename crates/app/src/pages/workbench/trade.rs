//! The trade of the month: what was sold, what came in, what it earned, beside the month before; and a year of both.

use std::collections::HashMap;

use maud::{Markup, html};
use model::{Date, Desk, Figures, Kind, Lang, Money, Query, Result};
use web::report::{percent, round, short};
use web::says;
use web::ui::{amount, count, t};

use super::month::meter;

const MONTHS: usize = 12;

/// A year of a report's measure by month: the amounts, and where each leads.
struct Year {
    label: &'static str,
    amounts: HashMap<String, (i64, Option<String>)>,
}

pub struct Trade {
    months: Vec<String>,
    sales: Year,
    /// As far as the actor may see them: what came in, and what was earned.
    paid: Option<Year>,
    margin: Option<Year>,
    /// This month's: active customers, of how many, the share; the share of the margin.
    active: Option<Figures>,
    rate: Option<i64>,
}

impl Trade {
    /// Of one's own or of all; none where nothing was sold in a year, or it is not the actor's to see.
    pub fn read(desk: &mut Desk, mine: bool) -> Result<Option<Trade>> {
        let today = desk.today();
        let month = |it: Date| it.strftime("%Y-%m").to_string();
        let last = |it: &Date| it.first_of_month().yesterday().ok();
        let mut months: Vec<String> =
            std::iter::successors(Some(today), last).take(MONTHS).map(month).collect();
        months.reverse();
        let whose = |field: &str| if mine { format!("&{field}=me") } else { String::new() };
        let span = format!("period={}-01..{today}&group=month", months[0]);
        let lang = desk.actor.lang;
        let sold = t(lang, "销售额", "Sales");
        let sales = year(desk, sold, "sales", "amount", &(span.clone() + &whose("salesperson")))?;
        let Some(sales) = sales.filter(|it| !it.amounts.is_empty()) else { return Ok(None) };
        let paid = year(
            desk,
            t(lang, "回款", "Receipts"),
            "receipts",
            "amount",
            &(span.clone() + &whose("customer.owner")),
        )?;
        let margin =
            year(desk, t(lang, "毛利", "Margin"), "margin", "margin", &(span + &whose("salesperson")))?;
        let rate = figures(
            desk,
            "margin",
            &format!("period=this_month&group=&measure=rate{}", whose("salesperson")),
        )?;
        let rate =
            rate.and_then(|it| Some(it.totals[it.axes.len()].clone()).filter(|it| *it != model::Value::Null));
        let active =
            format!("period=this_month&group=&measure=active,customers,rate{}", whose("customer_owner"));
        let active = figures(desk, "activity", &active)?;
        Ok(Some(Trade { months, sales, paid, margin, active, rate: rate.map(|it| it.int()) }))
    }

    pub fn month(&self, desk: &Desk) -> Markup {
        let lang = desk.actor.lang;
        let (now, before) = (&self.months[MONTHS - 1], &self.months[MONTHS - 2]);
        let of = |year: &Year, month: &str| year.amounts.get(month).map_or(0, |it| it.0);
        let years = [Some(&self.sales), self.paid.as_ref(), self.margin.as_ref()];
        html! {
            section class="ky-card" {
                header { h2 { (t(lang, "本月业绩", "This month")) } span class="ky-grow" {} a href="/report/sales?period=this_month" { (t(lang, "业绩明细", "In detail")) } }
                ul class="ky-trade" {
                    @for year in years.into_iter().flatten() {
                        @let (this, last) = (of(year, now), of(year, before));
                        li {
                            span { (year.label) } b { (figure(year, now)) }
                            small { (t(lang, "上月 ", "Last month ")) (figure(year, before)) }
                            (meter(this.max(0), this.max(last).max(1)))
                        }
                    }
                }
                div class="ky-figs" {
                    @if let Some(it) = &self.active {
                        @let at = it.axes.len();
                        div { (t(lang, "活跃率", "Active rate")) b { (percent(it.totals[at + 2].int())) } small { a class="ky-fig" href="/report/activity" { (count(it.totals[at].int())) " / " (count(it.totals[at + 1].int())) } } }
                    }
                    @if let Some(rate) = self.rate { div { (t(lang, "毛利率", "Margin rate")) b { a class="ky-fig" href="/report/margin?period=this_month" { (percent(rate)) } } } }
                }
            }
        }
    }

    /// Bars of what was sold, and a line of what came in.
    pub fn chart(&self, desk: &Desk) -> Markup {
        let lang = desk.actor.lang;
        let of = |year: &Year, month: &str| year.amounts.get(month).map_or(0, |it| it.0.max(0));
        let years = || std::iter::once(&self.sales).chain(&self.paid);
        let most = years().flat_map(|it| self.months.iter().map(|month| of(it, month))).max().unwrap_or(0);
        let top = round(most);
        let high = |value: i64| (i128::from(value) * 190 / i128::from(top)) as i64;
        let points = |year: &Year| {
            let point = |(n, month): (usize, &String)| {
                format!("{},{}", 66 + n as i64 * 44, 198 - high(of(year, month)))
            };
            self.months.iter().enumerate().map(point).collect::<Vec<_>>()
        };
        let title = t(lang, "销售与回款", "Sales and receipts");
        html! {
            section class="ky-card" {
                header {
                    h2 { (title) } span class="ky-grow" {}
                    ul class="ky-legend" { li { (self.sales.label) } @if let Some(paid) = &self.paid { li class="is-line" { (paid.label) } } }
                }
                svg class="ky-daybars" viewBox="0 0 590 224" role="group" aria-label=(title) {
                    @for line in 0..=4 {
                        @let y = 198 - line * 190 / 4;
                        path d={ "M44 " (y) "H580" } {} text x="40" y=(y + 4) text-anchor="end" { (short(top / 4 * line, Kind::Money, lang)) }
                    }
                    @for (n, month) in self.months.iter().enumerate() {
                        @let x = 44 + n as i64 * 44;
                        @let tall = high(of(&self.sales, month));
                        @let told = years().map(|it| format!("{} {}", it.label, Money(of(it, month)).grouped())).collect::<Vec<_>>().join(t(lang, "，", ", "));
                        @let says = says!(lang, "{month}：{told}", "{month}: {told}");
                        a href=(self.sales.amounts.get(month).and_then(|it| it.1.as_deref()).unwrap_or("/report/sales")) aria-label=(says) {
                            title { (says) } rect class="is-hit" x=(x) y="8" width="44" height="190" {} rect class="is-bar" x=(x + 11) y=(198 - tall) width="22" height=(tall) rx="1.5" {}
                        }
                        text x=(x + 22) y="214" text-anchor="middle" { @match lang { Lang::Zh => { (month[5..].trim_start_matches('0')) "月" } Lang::En => { (&month[5..]) } } }
                    }
                    @if let Some(paid) = &self.paid { polyline points=(points(paid).join(" ")) {} }
                }
            }
        }
    }
}

/// An amount that leads to its rows.
fn figure(year: &Year, month: &str) -> Markup {
    match year.amounts.get(month) {
        Some((value, Some(href))) => html! { a class="ky-fig" href=(href) { (amount(*value, 2, 2)) } },
        Some((value, None)) => html! { (amount(*value, 2, 2)) },
        None => html! { (amount(0, 2, 2)) },
    }
}

fn year(
    desk: &mut Desk,
    label: &'static str,
    code: &str,
    measure: &str,
    query: &str,
) -> Result<Option<Year>> {
    let Some(found) = figures(desk, code, &format!("{query}&measure={measure}"))? else { return Ok(None) };
    let month = |row: &model::Record| (row[0].text().to_owned(), (row[1].int(), found.door(Some(row), 1)));
    Ok(Some(Year { label, amounts: found.rows.iter().map(month).collect() }))
}

/// What a report says; none where it is not the actor's to see.
fn figures(desk: &mut Desk, code: &str, query: &str) -> Result<Option<Figures>> {
    let Ok(def) = desk.report(code) else { return Ok(None) };
    let query = Query::parse(query).unwrap_or_default();
    match desk.figures(def, &query, None) {
        Err(model::Error::Invalid(_)) => Ok(None),
        found => found.map(Some),
    }
}
