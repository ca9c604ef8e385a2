//! A card's fields in their sections, and values as people read them.

use maud::{Markup, html};
use model::{Card, Cell, Desk, FieldDef, Format, Kind, Lang, Result, STAMP, Value, target_of};

use super::{View, section};
use crate::act::ask::unit;
use crate::list::cell::{Cells, choice, spaced};
use crate::list::table::left_of;
use crate::says;
use crate::ui::{bar, count, icon14, none, percent, t};

/// Lines of a panel on the overview; the section itself shows all.
const LINES: usize = 7;

pub struct Part {
    pub title: &'static str,
    pub fields: Vec<(&'static FieldDef, Option<Value>)>,
}

/// The sections of the form, in their order; a field that names none stands in the one before, who made and changed
/// the record stands last.
pub fn parts(card: &Card, lang: Lang) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut stamp = Part { title: t(lang, "记录", "Record"), fields: Vec::new() };
    let mut at = 0;
    for (field, value) in &card.fields {
        if STAMP.iter().any(|it| it.name == field.name) {
            stamp.fields.push((field, value.clone()));
            continue;
        }
        let named = field.section.of(lang);
        if !named.is_empty() || parts.is_empty() {
            let title = if named.is_empty() { t(lang, "基本信息", "Basics") } else { named };
            at = parts.iter().position(|it| it.title == title).unwrap_or_else(|| {
                parts.push(Part { title, fields: Vec::new() });
                parts.len() - 1
            });
        }
        parts[at].fields.push((field, value.clone()));
    }
    parts.push(stamp);
    parts
}

/// A value with its way on: a link to its record, to a call, to a letter.
pub fn shown(
    desk: &mut Desk,
    cells: &Cells,
    field: &'static FieldDef,
    value: Option<&Value>,
) -> Result<Markup> {
    let lang = cells.lang;
    let Some(value) = value else {
        return Ok(
            html! { span class="ky-mute" title=(t(lang, "你没有看它的权限", "Not open to you")) { "***" } },
        );
    };
    if field.is_empty(value) {
        return Ok(none());
    }
    let text = cells.value(field, value.cell());
    Ok(match field.kind {
        Kind::Link(_) => {
            let text = desk.shown(field, value)?;
            let to = target_of(field).filter(|to| desk.may(to, "read").is_ok() && value.int() != 0);
            match to {
                _ if text.is_empty() => none(),
                Some(to) => {
                    html! { a href={ "/" (to.code) "/" (value.int()) } lang=[cells.foreign(&text)] { (text) } }
                }
                None => html! { (text) },
            }
        }
        Kind::Choice(all) => choice(field, all, value.text(), &text, lang),
        _ if field.format == Format::Late => cells.late(field, value.int()),
        Kind::Date | Kind::Moment => html! { time { (text) } },
        Kind::Bool if value.int() == 0 => html! { span class="ky-mute" { (text) } },
        Kind::Money | Kind::Price => html! { "¥" (text) },
        kind if kind.is_amount() => {
            html! { (text) @let unit = unit(field, lang); @if !unit.is_empty() { " " (unit) } }
        }
        Kind::Text => match field.format {
            Format::Phone => html! { a href={ "tel:" (value.text()) } { (spaced(value.text())) } },
            Format::Email => html! { a href={ "mailto:" (text) } { (text) } },
            Format::Url if text.starts_with("https://") || text.starts_with("http://") => {
                html! { a href=(text) target="_blank" rel="noopener noreferrer" { (text) } }
            }
            _ => html! { span lang=[cells.foreign(&text)] { (text) } },
        },
        _ => html! { (text) },
    })
}

/// A section: on the overview what is filled in, in its own place everything.
pub fn panel(desk: &mut Desk, view: &View, n: usize, brief: bool) -> Result<Markup> {
    let lang = view.cells.lang;
    let part = &view.parts[n];
    let title = view.card.def.title_field().name;
    // On the overview, what the head says already is not said twice.
    let is_news = |(field, value): &&(&FieldDef, Option<Value>)| {
        let is_filled = value.as_ref().is_none_or(|it| !field.is_empty(it));
        !brief || is_filled && field.name != "number" && field.name != title
    };
    let mut lines = Vec::new();
    for (field, value) in part.fields.iter().filter(is_news).take(if brief { LINES } else { usize::MAX }) {
        lines.push((field, shown(desk, &view.cells, field, value.as_ref())?));
    }
    let open = view.card.editable && part.fields.iter().any(|it| desk.may_write(view.card.def, it.0));
    let all = part.fields.len();
    let tools = html! {
        @if brief { a href=(view.to(&n.to_string())) { (says!(lang, "全部 {all} 项", "All {all}")) } }
        @if open { (edit(view, &n.to_string(), part.title, brief)) }
    };
    let body = html! {
        @if lines.is_empty() { p class="ky-card-body ky-mute" { (t(lang, "还没有填写", "Nothing yet")) } }
        @else {
            dl class={ "ky-dl" @if lang == Lang::En { " is-wide" } @if !brief { " is-2" } } {
                @for (field, value) in &lines {
                    div class=[(!brief && field.format == Format::Long).then_some("is-full")] {
                        dt { (field.label.of(lang)) }
                        dd class=[(field.format == Format::Long).then_some("is-long")] { (value) }
                    }
                }
            }
        }
    };
    Ok(section(Some(&n.to_string()), "ky-card", part.title, None, &tools, &body))
}

/// The pencil of a section, which turns it into its form.
pub fn edit(view: &View, part: &str, title: &str, brief: bool) -> Markup {
    let lang = view.cells.lang;
    let form = format!("{}/part/{part}?brief={}&from={}", view.base, u8::from(brief), view.encoded_origin());
    html! {
        button class="ky-iconbtn" type="button" hx-get=(form) hx-target={ "#part-" (part) } hx-swap="outerHTML" data-key=[(!brief).then_some("E")]
            aria-label={ (t(lang, "编辑", "Edit ")) (title) } title=(t(lang, "编辑", "Edit")) { (icon14("pencil")) }
    }
}

/// The place among a strip's figures of what is late.
const LATE: usize = 2;

/// The amounts of a card with their section: what is used and left first, then what is late, then the others.
fn figures(view: &View) -> Vec<(usize, usize, &'static FieldDef, Option<&Value>)> {
    let all =
        || view.parts.iter().enumerate().flat_map(|(n, part)| part.fields.iter().map(move |it| (n, it)));
    let left: Vec<&str> = all().filter_map(|it| left_of(it.1.0)).collect();
    let amounts = all().filter(|it| it.1.0.kind.is_amount() && !it.1.0.is_custom());
    let mut figures: Vec<_> = amounts
        .map(|(n, (field, value))| {
            let rank = match field.format {
                Format::Meter(_) => 0,
                _ if left.contains(&field.name) => 1,
                Format::Late => LATE,
                _ => LATE + 1,
            };
            (rank, n, *field, value.as_ref())
        })
        .collect();
    figures.sort_by_key(|it| it.0);
    figures
}

/// Four to six figures that tell most: amounts, then how much stands within, then since when.
pub fn strip(desk: &Desk, view: &View) -> Markup {
    let lang = view.cells.lang;
    if !view.panel.strip.is_empty() {
        return html! { dl class="ky-strip is-facts" { @for it in &view.panel.strip { (crate::document::section::fact(&view.cells, it)) } } };
    }
    let mut cells: Vec<Figure> = Vec::new();
    let mut late: Option<usize> = None;
    for (rank, n, field, value) in figures(view) {
        // What else is late is said below the first.
        if let Some(at) = late.filter(|_| rank == LATE) {
            if let Some(days) = value.map(Value::int).filter(|it| *it > 0) {
                cells[at].below = view.cells.late(field, days);
            }
        } else if cells.len() < 4 {
            late = late.or((rank == LATE).then_some(cells.len()));
            cells.push(amount_of(view, n, field, value));
        }
    }
    for (def, rows) in &view.below {
        let figure = html! { a href=(view.to(def.code)) { (count(*rows)) } };
        cells.push(Figure { label: def.many(lang), figure, ..Figure::default() });
    }
    cells.truncate(5);
    let created = view.card.fields.iter().find(|it| it.0.name == "created");
    if let Some((field, Some(value))) = created
        && let Ok(moment) = value.text().parse()
    {
        let day = desk.catalog().zone.to_datetime(moment).date();
        let days = count(desk.today().since(day).map_or(0, |it| it.get_days()).into());
        let below = html! { (says!(lang, "{days} 天前", "{days} days ago")) };
        let figure = html! { a href=(view.to("history")) { (day) } };
        cells.push(Figure { label: field.label.of(lang).to_owned(), figure, below, class: "" });
    }
    html! {
        dl class="ky-strip" {
            @for it in &cells { div class=[Some(it.class).filter(|it| !it.is_empty())] { dt { (it.label) } dd class="ky-value" { (it.figure) } @if !it.below.0.is_empty() { dd { (it.below) } } } }
        }
    }
}

/// A figure of a card's strip.
#[derive(Default)]
struct Figure {
    label: String,
    figure: Markup,
    below: Markup,
    class: &'static str,
}

/// An amount of section `n`; of a limit's use with the limit and a bar.
fn amount_of(view: &View, n: usize, field: &'static FieldDef, value: Option<&Value>) -> Figure {
    let lang = view.cells.lang;
    let label = field.label.of(lang).to_owned();
    let Some(value) = value else {
        let figure = html! { span class="ky-mute" { "***" } };
        return Figure { label, figure, ..Figure::default() };
    };
    let text = view.cells.value(field, value.cell());
    let unit = Some(unit(field, lang)).filter(|it| !it.is_empty() && *it != "¥");
    let bad = (field.format == Format::Late && value.int() > 0).then_some("is-bad");
    let figure = html! { a class=[bad] href=(view.to(&n.to_string())) { @if text.is_empty() { (none()) } @else { (text) } } @if let Some(unit) = unit { small { " " (unit) } } };
    let rest = left_of(field).and_then(|left| view.card.value(left));
    let limit = rest.map_or(0, |rest| value.int().saturating_add(rest.int()));
    // Who has no limit and owes nothing has no meter either.
    if rest.is_none() || value.int() <= 0 && limit <= 0 {
        return Figure { label, figure, ..Figure::default() };
    }
    let used = value.int();
    let whole = view.cells.value(field, Cell::Int(limit));
    let (state, below) = bar(used, limit, &format!("{text} / {whole}"), "is-6");
    let state = Some(state).filter(|it| !it.is_empty());
    let figure = html! {
        (figure) small { " / " (whole) }
        @if let Some(percent) = percent(used, limit) { em class=[state] { (percent) "%" } }
    };
    Figure { label, figure, below, class: "is-wide" }
}
