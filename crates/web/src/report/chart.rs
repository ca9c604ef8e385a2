//! The drawing above a report's table, made by the server: bars over time with a share as a line, or the parts of what
//! stands at a day.

use std::collections::HashMap;

use maud::{Markup, html};
use model::{Desk, FieldDef, Figures, Kind, Lang, Query, Record, Result, Value};

use super::{Asked, SLICES, table};
use crate::list::cell::Cells;
use crate::ui::{amount, t};

const WIDE: i64 = 1_000;
const HIGH: i64 = 150;
const LEFT: i64 = 56;
const RIGHT: i64 = 44;

/// One bar: what it stands for, its figure, a share beside it, where it leads.
struct Bar {
    label: String,
    value: i64,
    says: String,
    share: Option<i64>,
    href: Option<String>,
}

pub fn draw(desk: &mut Desk, asked: &Asked, found: &Figures) -> Result<Option<(String, Markup)>> {
    let cells = Cells::of(desk);
    let lang = cells.lang;
    let axes = found.axes.len();
    let is_bar = |field: &FieldDef| !matches!(field.kind, Kind::Rate);
    let mut figures = found.columns[axes..].iter().map(|it| it.field).filter(|it| is_bar(it));
    let about = asked.def.measures[0].field.name;
    let Some(first) = figures.clone().find(|it| it.name == about).or(figures.next()) else { return Ok(None) };
    let (bars, title, share) = if asked.def.date.is_empty() {
        // The parts of the whole, which is the first of the measures.
        let parts = (axes..found.columns.len()).filter(|n| {
            let is_part = found.measure(*n).is_some_and(|it| it.only.is_some());
            is_part && matches!(found.columns[*n].field.kind, Kind::Money)
        });
        let bar = |n: usize| Bar {
            label: found.columns[n].field.label.of(lang).to_owned(),
            value: found.totals[found.columns[n].at].int(),
            says: cells.value(found.columns[n].field, found.totals[found.columns[n].at].cell()),
            share: None,
            href: found.door(None, n),
        };
        (parts.map(bar).collect::<Vec<_>>(), first.label.of(lang).to_owned(), None)
    } else {
        let share =
            found.columns[axes..].iter().find(|it| matches!(it.field.kind, Kind::Rate)).map(|it| it.field);
        let measures = [Some(first), share].into_iter().flatten().map(|it| it.name.to_owned()).collect();
        let query = Query {
            group: Some(asked.slice.clone()),
            measures,
            sort: vec![(asked.slice.clone(), false)],
            size: Some(500),
            page: None,
            ..asked.query().clone()
        };
        let over = desk.figures(asked.def, &query, None)?;
        let title = match share {
            Some(share) => format!(
                "{}{}{}",
                first.label.of(lang),
                t(lang, "与", " and "),
                share.label.of(lang).to_lowercase()
            ),
            None => first.label.of(lang).to_owned(),
        };
        (over_time(&over, &asked.slice, &cells), title, share)
    };
    if bars.len() < 2 {
        return Ok(None);
    }
    Ok(Some((title.clone(), svg(&title, &bars, first, share.is_some(), asked.def.date.is_empty(), lang))))
}

/// A bar for each slice, those without rows too.
fn over_time(over: &Figures, slice: &str, cells: &Cells) -> Vec<Bar> {
    let rows: HashMap<&str, &Record> = over.rows.iter().map(|row| (row[0].text(), row)).collect();
    let (Some(first), Some(last)) = (over.rows.first(), over.rows.last()) else { return Vec::new() };
    let all = model::slices(slice, first[0].text(), last[0].text(), SLICES);
    let bar = |label: String| {
        let row = rows.get(label.as_str());
        let value = row.map_or(Value::Int(0), |row| row[1].clone());
        let share = row.and_then(|row| row.get(2)).filter(|it| over.columns.len() > 2 && **it != Value::Null);
        Bar {
            value: value.int(),
            says: cells.value(over.columns[1].field, value.cell()),
            share: share.map(Value::int),
            href: row.and_then(|row| over.door(Some(row), 1)),
            label,
        }
    };
    all.into_iter().map(bar).collect()
}

/// The least round figure that is no less: 1, 2, 2.5 or 5 times a power of ten, of four steps.
pub fn round(most: i64) -> i64 {
    let step = (most.max(1) + 3) / 4;
    let mut unit = 1i64;
    while unit.saturating_mul(10) <= step {
        unit *= 10;
    }
    let fits =
        [10, 20, 25, 50, 100].into_iter().map(|it| unit.saturating_mul(it) / 10).find(|it| *it >= step);
    fits.unwrap_or(step).max(1).saturating_mul(4)
}

/// A figure in little room: `250万`, `1.2m`.
pub fn short(value: i64, kind: Kind, lang: Lang) -> String {
    let unit = 10i64.pow(kind.places());
    let steps: &[(i64, &str)] = match lang {
        Lang::Zh => &[(100_000_000, "亿"), (10_000, "万")],
        Lang::En => &[(1_000_000, "m"), (1_000, "k")],
    };
    match steps.iter().find(|it| value.abs() >= it.0.saturating_mul(unit)) {
        Some((step, sign)) => amount(value / (step * unit / 100), 2, 0) + sign,
        None => amount(value / unit, 0, 0),
    }
}

fn svg(title: &str, bars: &[Bar], field: &FieldDef, has_share: bool, is_state: bool, lang: Lang) -> Markup {
    let (most, least) = (
        bars.iter().map(|it| it.value).max().unwrap_or(0),
        bars.iter().map(|it| it.value).min().unwrap_or(0),
    );
    let top = round(most.max(-least));
    // As many steps below nothing as it takes.
    let below = ((-least).max(0) + top / 4 - 1) / (top / 4);
    let bottom = -(top / 4) * below;
    let y = |value: i64| {
        10 + i64::try_from(i128::from(top - value) * i128::from(HIGH) / i128::from(top - bottom)).unwrap_or(0)
    };
    let room = WIDE - LEFT - RIGHT;
    let n = bars.len() as i64;
    let middle = |at: usize| LEFT + room * (2 * at as i64 + 1) / (2 * n);
    let wide = (room / n * 6 / 10).clamp(2, 36);
    // As many labels as do not run into one another.
    let step = (bars
        .iter()
        .map(|it| it.label.chars().map(|c| if c.is_ascii() { 6 } else { 11 }).sum::<i64>() + 10)
        .max()
        .unwrap_or(60)
        * n
        / room
        + 1) as usize;
    let peak = bars.iter().filter_map(|it| it.share).map(i64::abs).max().unwrap_or(0).max(1);
    let peak = ((peak + 999) / 1_000) * 1_000;
    let share_y = |share: i64| 10 + HIGH - share.clamp(0, peak) * HIGH / peak;
    let points: Vec<String> = bars
        .iter()
        .enumerate()
        .filter_map(|(at, it)| Some(format!("{},{}", middle(at), share_y(it.share?))))
        .collect();
    let lines = (-below..=4).filter(|it| below < 3 || it % 2 == 0);
    html! {
        div class="ky-chart-scroll" { svg viewBox={ "0 0 " (WIDE) " " (HIGH + 36) } role="group" aria-label=(title) {
            @for line in lines {
                @let value = top / 4 * line;
                path d={ "M" (LEFT) " " (y(value)) "H" (WIDE - RIGHT) } {}
                text x=(LEFT - 8) y=(y(value) + 4) text-anchor="end" { (short(value, field.kind, lang)) }
                @if has_share && line >= 0 && bottom == 0 { text x=(WIDE - RIGHT + 8) y=(y(value) + 4) { (table::percent(peak / 4 * line)) } }
            }
            @for (at, bar) in bars.iter().enumerate() {
                @let from = y(bar.value.max(0));
                @let high = (y(bar.value.min(0)) - from).max(i64::from(bar.value != 0));
                @let says = match bar.share { Some(share) => format!("{}: {} · {}", bar.label, bar.says, table::percent(share)), None => format!("{}: {}", bar.label, bar.says) };
                @let drawn = html! {
                    title { (says) }
                    rect class="is-hit" x=(middle(at) - room / n / 2) y="10" width=(room / n) height=(HIGH) {}
                    rect class={ "is-bar" @if is_state { " is-age-" (at.min(5)) } } x=(middle(at) - wide / 2) y=(from) width=(wide) height=(high) rx="2" {}
                };
                @match &bar.href { Some(href) => { a href=(href) aria-label=(says) { (drawn) } } None => { g { (drawn) } } }
                @if at.is_multiple_of(step) { text x=(middle(at)) y=(HIGH + 28) text-anchor="middle" { (bar.label) } }
            }
            @if has_share && bottom == 0 {
                polyline points=(points.join(" ")) {}
                @for (at, bar) in bars.iter().enumerate() { @if let Some(share) = bar.share { circle cx=(middle(at)) cy=(share_y(share)) r="3" {} } }
            }
        } }
    }
}
