//! The rows of a report: each name leads one step down, each figure to the rows behind it.

use maud::{Markup, html};
use model::{Condition, FieldDef, Figures, Kind, Record, Term, Value};

use super::Asked;
use crate::list::cell::Cells;
use crate::ui::{amount, icon, icon14, none, t};

pub fn unit(field: &FieldDef) -> &'static str {
    if matches!(field.kind, Kind::Money) { " ¥" } else { "" }
}

/// A figure of a row or of the totals as a door; a share has no rows of its own.
pub fn figure(found: &Figures, cells: &Cells, row: Option<&Record>, n: usize) -> Markup {
    let column = &found.columns[n];
    let value = &row.unwrap_or(&found.totals)[column.at];
    if *value == Value::Null {
        return none();
    }
    let text = match (column.field.kind, value) {
        (Kind::Rate, Value::Int(int)) => percent(*int),
        _ => cells.value(column.field, value.cell()),
    };
    match found.door(row, n) {
        Some(door) => html! { a class="ky-fig" href=(door) { (text) } },
        None => html! { (text) },
    }
}

/// A share to one decimal.
pub fn percent(share: i64) -> String {
    let tenths = (share + if share < 0 { -5 } else { 5 }) / 10;
    amount(tenths, 1, 1) + "%"
}

pub fn draw(asked: &Asked, found: &Figures, cells: &Cells) -> Markup {
    let lang = cells.lang;
    let axes = found.axes.len();
    if found.rows.is_empty() {
        return html! { p class="ky-nothing" { (t(lang, "这些条件下没有数据。换一个期间，或去掉一个条件。", "There is nothing under these conditions. Take another period, or one condition away.")) } };
    }
    html! {
        div class="ky-scroll" tabindex="0" { table class="ky-table is-inset is-report" {
            thead { tr { @for (n, column) in found.columns.iter().enumerate() { (head(asked, found, n, column.field, cells)) } } }
            tbody { @for row in &found.rows { tr {
                @for n in 0..axes { td { (name(asked, found, cells, row, n)) } }
                @for n in axes..found.columns.len() { td class="is-number" { (figure(found, cells, Some(row), n)) } }
            } } }
            tfoot { tr {
                td colspan=[(axes > 1).then_some(axes)] { (t(lang, "合计", "Total")) @if !found.more && found.page == 1 { " " span class="ky-mute" { (found.rows.len()) (t(lang, " 行", " rows")) } } }
                @for n in axes..found.columns.len() { td class="is-number" { (figure(found, cells, None, n)) } }
            } }
        } }
        @if found.more || found.page > 1 {
            div class="ky-foot" {
                span { (t(lang, "第 ", "Page ")) (found.page) (t(lang, " 页", "")) }
                nav class="ky-pager" aria-label=(t(lang, "分页", "Pages")) {
                    @if found.page > 1 { a href=(asked.ask.link(&[("page", &(found.page - 1).to_string())])) aria-label=(t(lang, "上一页", "Previous page")) { (icon14("chevron-left")) } }
                    @if found.more { a href=(asked.ask.link(&[("page", &(found.page + 1).to_string())])) aria-label=(t(lang, "下一页", "Next page")) { (icon14("chevron-right")) } }
                }
            }
        }
    }
}

fn head(asked: &Asked, found: &Figures, n: usize, field: &FieldDef, cells: &Cells) -> Markup {
    let is_figure = n >= found.axes.len();
    let name = found.axes.get(n).map_or(field.name, |it| it.0);
    let sorted = found.sort.iter().find(|it| it.0 == name).map(|it| it.1);
    let down = sorted.map_or(is_figure, |down| !down);
    let (aria, arrow) = match sorted {
        Some(true) => (Some("descending"), "arrow-down"),
        Some(false) => (Some("ascending"), "arrow-up"),
        None => (None, "arrows-sort"),
    };
    let key = format!("{}{name}", if down { "-" } else { "" });
    html! {
        th scope="col" class=[is_figure.then_some("is-number")] aria-sort=[aria] {
            a class="ky-sort" href=(asked.ask.link(&[("sort", &key)])) { (field.label.of(cells.lang)) (unit(field)) (icon(arrow)) }
        }
    }
}

/// The value of a dimension, as a way down: it becomes a condition, and the rows are told apart by the next one.
fn name(asked: &Asked, found: &Figures, cells: &Cells, row: &Record, n: usize) -> Markup {
    let column = &found.columns[n];
    let text = cells.text(column, row);
    let text = if text.is_empty() { t(cells.lang, "（空）", "(empty)").to_owned() } else { text };
    let groups = asked.groups();
    let is_used = |name: &str, path: &str| {
        groups.contains(&name)
            || asked.query().terms.iter().any(|it| matches!(it, Term::One(it) if it.field == path))
    };
    let next = groups
        .get(n + 1)
        .copied()
        .or_else(|| asked.def.dimensions.iter().find(|it| !is_used(it.name, it.path)).map(|it| it.name));
    let conditions = found.conditions(row, n + 1);
    let mut changes: Vec<(String, String)> = conditions
        .into_iter()
        .filter_map(|it| match it {
            Term::One(Condition { field, value, .. }) if field == asked.def.date => {
                Some(("period".to_owned(), value))
            }
            Term::One(it) => Some((Condition::key(&it.field).into_owned(), it.value)),
            Term::Or(_) => None,
        })
        .collect();
    changes.push(("group".into(), next.unwrap_or_default().into()));
    changes.extend([("sort".to_owned(), String::new()), ("page".to_owned(), String::new())]);
    let changes: Vec<(&str, &str)> = changes.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect();
    html! { a class="ky-lead" href=(asked.ask.link(&changes)) lang=[cells.foreign(&text)] { (text) } }
}

/// The same for a sheet of paper.
pub fn paper(found: &Figures, cells: &Cells) -> Markup {
    let axes = found.axes.len();
    let text = |row: &Record, n: usize| {
        let column = &found.columns[n];
        match (column.field.kind, &row[column.at]) {
            (_, Value::Null) => "—".to_owned(),
            (Kind::Rate, Value::Int(int)) => percent(*int),
            _ => cells.text(column, row),
        }
    };
    html! {
        table {
            thead { tr { @for (n, column) in found.columns.iter().enumerate() { th scope="col" class=[(n >= axes).then_some("is-number")] { (column.field.label.of(cells.lang)) (unit(column.field)) } } } }
            tbody { @for row in &found.rows { tr { @for n in 0..found.columns.len() { td class=[(n >= axes).then_some("is-number")] { (text(row, n)) } } } } }
            tfoot { tr {
                @if axes > 0 { td colspan=(axes) { (t(cells.lang, "合计", "Total")) } }
                @for n in axes..found.columns.len() { td class="is-number" { (text(&found.totals, n)) } }
            } }
        }
    }
}
