//! The popovers of conditions: what a field may be, with the rows that each would give.

use maud::{Markup, html};
use model::system::{Department, Role, User};
use model::{Condition, Desk, Entity, FieldDef, Input, Kind, Op, Query, Result, Term, Value, target_of};

use super::ask::{Ask, filter};
use super::bar;
use super::cell::Cells;
use super::words::SPANS;
use crate::ui::{amount, icon14, t};

/// Most entries that a popover shows at once; beyond, letters narrow them on the server.
const SHOWN: usize = 200;
/// A table of more codes begins with those that occur.
const CODES: usize = 30;

/// One entry: value in the address, label, letters to find it by, rows that it would give.
struct Entry {
    value: String,
    label: String,
    count: i64,
    depth: usize,
}

/// All fields that can be conditions.
pub fn fields(desk: &Desk, ask: &Ask) -> Markup {
    let lang = desk.actor.lang;
    html! {
        label class="ky-find" { (icon14("search")) input type="search" data-options-find aria-label=(t(lang, "查找字段", "Find a field")); }
        ul class="ky-options" role="listbox" aria-label=(t(lang, "更多条件", "Add filter")) {
            @for field in bar::filterable(desk, ask.def) {
                @let label = field.label.of(lang);
                @let initials = model::search::initials(label).to_lowercase();
                li role="option" data-go=(ask.link(&[("chip", field.name)])) data-pinyin=(initials) { span { (label) } small { (initials) } }
            }
        }
    }
}

pub fn popover(desk: &mut Desk, ask: &Ask, field: &'static FieldDef, typed: Option<&str>) -> Result<Markup> {
    Ok(match field.kind {
        Kind::Date | Kind::Moment => {
            let now = condition(ask, field).filter(|it| it.op == Op::Is).map_or("", |it| it.value.as_str());
            span(desk, ask, &Condition::key(field.name), now)
        }
        kind if kind.is_amount() => bounds(desk, ask, field),
        Kind::Text if !field.again => contains(desk, ask, field),
        _ => values(desk, ask, field, typed)?,
    })
}

fn condition<'a>(ask: &'a Ask, field: &FieldDef) -> Option<&'a Condition> {
    ask.query.on(field.name)
}

fn foot(desk: &Desk) -> Markup {
    let lang = desk.actor.lang;
    html! {
        footer {
            span class="ky-grow" {}
            button class="ky-btn is-small is-text" type="button" data-filter-clear { (t(lang, "清除", "Clear")) }
            button class="ky-btn is-small is-primary" type="button" data-filter-apply { (t(lang, "确定", "Apply")) kbd { "Enter" } }
        }
    }
}

/// Presets and two ends of a time slice.
pub fn span(desk: &Desk, ask: &Ask, key: &str, now: &str) -> Markup {
    let lang = desk.actor.lang;
    let (from, to) = now.split_once("..").unwrap_or_default();
    html! {
        div class="ky-range" {
            ul {
                @for (code, zh, en) in SPANS {
                    li { a href=(ask.link(&[(key, code), ("chip", "")])) class=[(now == code).then_some("is-on")] { (t(lang, zh, en)) } }
                }
            }
            div { div data-range {
                div class="ky-row" {
                    input class="ky-input" data-date autocomplete="off" name="from" value=(from) aria-label=(t(lang, "开始日期", "From"));
                    span { (t(lang, "至", "to")) }
                    input class="ky-input" data-date autocomplete="off" name="to" value=(to) aria-label=(t(lang, "结束日期", "To"));
                }
                p class="ky-error" role="alert" {}
                div class="ky-months" {}
            } }
        }
        (foot(desk))
    }
}

fn bounds(desk: &Desk, ask: &Ask, field: &FieldDef) -> Markup {
    let lang = desk.actor.lang;
    let now = condition(ask, field).filter(|it| it.op == Op::Is).map_or("", |it| it.value.as_str());
    let (from, to) = now.split_once("..").unwrap_or((now, now));
    html! {
        div class="ky-row" {
            input class="ky-input is-number" name="from" inputmode="decimal" autocomplete="off" value=(from) aria-label=(t(lang, "最小", "Least")) placeholder=(t(lang, "最小", "Least"));
            span { (t(lang, "至", "to")) }
            input class="ky-input is-number" name="to" inputmode="decimal" autocomplete="off" value=(to) aria-label=(t(lang, "最大", "Most")) placeholder=(t(lang, "最大", "Most"));
        }
        (foot(desk))
    }
}

/// A part of a text; a plain form, for its key is not the field's name.
fn contains(desk: &Desk, ask: &Ask, field: &FieldDef) -> Markup {
    let lang = desk.actor.lang;
    let now = condition(ask, field).filter(|it| it.op == Op::Contains).map_or("", |it| it.value.as_str());
    html! {
        form method="get" action={ "/" (ask.at) } {
            @for (key, value) in ask.pairs(&Condition::key(field.name)) { input type="hidden" name=(key) value=(value); }
            input class="ky-input" name={ (Condition::key(field.name)) "~" } value=(now) autocomplete="off" aria-label={ (field.label.of(lang)) (t(lang, " 含", " contains")) } placeholder=(t(lang, "含有的文字", "Text in it"));
            footer {
                a class="ky-btn is-small is-text" href=(ask.link(&[(&Condition::key(field.name), "any")])) { (t(lang, "有值", "Filled")) }
                a class="ky-btn is-small is-text" href=(ask.link(&[(&Condition::key(field.name), "none")])) { (t(lang, "空", "Empty")) }
                span class="ky-grow" {}
                button class="ky-btn is-small is-primary" { (t(lang, "确定", "Apply")) }
            }
        }
    }
}

/// The values that occur, with the rows that each would give beside the other conditions.
fn values(desk: &mut Desk, ask: &Ask, field: &'static FieldDef, typed: Option<&str>) -> Result<Markup> {
    let lang = desk.actor.lang;
    let mut query = filter(&ask.query);
    query.terms.retain(|it| !matches!(it, Term::One(it) if it.field == field.name));
    let counts = counts(desk, ask, field, &query)?;
    let chosen: Vec<String> = condition(ask, field).filter(|it| it.op == Op::Is).map_or(Vec::new(), |it| {
        it.value.split(',').map(|it| it.trim_start_matches('#').to_owned()).collect()
    });
    let (mut entries, more) = entries(desk, ask, field, &counts, typed)?;
    for value in &chosen {
        if !value.is_empty() && !entries.iter().any(|it| it.value == *value) {
            let it = Condition { field: field.name.into(), op: Op::Is, value: value.clone() };
            let label = super::words::value(desk, ask.def, &it)?;
            entries
                .insert(0, Entry { value: value.clone(), label, count: count_of(&counts, value), depth: 0 });
        }
    }
    let items = html! {
        @for it in &entries {
            @let initials = model::search::initials(&it.label).to_lowercase();
            li role="option" aria-selected=(chosen.contains(&it.value)) data-value=(it.value) data-pinyin=(initials) title=(it.label) {
                span class="ky-check" {}
                span { @if it.depth > 0 { "　" } (it.label) }
                small { @if it.value != "none" && initials != it.label.to_lowercase() { (initials) } }
                span class="ky-n" { (amount(it.count, 0, 0)) }
            }
        }
    };
    if typed.is_some() {
        return Ok(items);
    }
    let source = more.then(|| ask.address(&format!("/filter/{}", field.name), &[]));
    Ok(html! {
        label class="ky-find" {
            (icon14("search"))
            input type="search" data-filter-find data-src=[source] aria-label={ (t(lang, "查找", "Find ")) (field.label.of(lang)) };
            span class="ky-mute" { (t(lang, "拼音首字母定位", "")) }
        }
        ul class="ky-options" role="listbox" aria-label=(field.label.of(lang)) aria-multiselectable="true" { (items) }
        (foot(desk))
    })
}

fn counts(desk: &mut Desk, ask: &Ask, field: &FieldDef, query: &Query) -> Result<Vec<(Value, i64)>> {
    let grouped = Query {
        group: Some(field.name.into()),
        columns: vec![ask.def.title_field().name.into()],
        ..query.clone()
    };
    let list = desk.list(ask.def.code, &grouped)?;
    Ok(desk.groups(&list)?.into_iter().map(|it| (it.value, it.totals.count)).collect())
}

fn count_of(counts: &[(Value, i64)], value: &str) -> i64 {
    let same = |it: &&(Value, i64)| match &it.0 {
        Value::Text(text) => text == value,
        Value::Int(int) => int.to_string() == value,
        Value::Null => value == "none",
    };
    counts.iter().find(same).map_or(0, |it| it.1)
}

/// The entries, and whether there are more than are shown.
fn entries(
    desk: &mut Desk,
    ask: &Ask,
    field: &'static FieldDef,
    counts: &[(Value, i64)],
    typed: Option<&str>,
) -> Result<(Vec<Entry>, bool)> {
    let cells = Cells::of(desk);
    let lang = cells.lang;
    let mut found: Vec<Entry> = Vec::new();
    let plain =
        |value: &str, label: &str, count| Entry { value: value.into(), label: label.into(), count, depth: 0 };
    let mut more = false;
    match field.kind {
        Kind::Bool => {
            for (value, n) in [("true", "1"), ("false", "0")] {
                found.push(plain(
                    value,
                    &cells.value(field, model::Cell::Int(i64::from(value == "true"))),
                    count_of(counts, n),
                ));
            }
        }
        Kind::Choice(all) => {
            found.extend(all.iter().map(|it| plain(it.0, it.1.of(lang), count_of(counts, it.0))))
        }
        Kind::Code => {
            let catalog = desk.catalog().clone();
            let table = field.code.unwrap_or_default();
            let all = catalog.codes(table);
            // A code stands for all below it, so their rows count with it.
            let mut sums: std::collections::HashMap<&str, i64> = std::collections::HashMap::new();
            for (value, count) in counts {
                let mut at = Some(value.text());
                for _ in 0..8 {
                    let Some(code) = at.filter(|it| !it.is_empty()) else { break };
                    *sums.entry(code).or_default() += count;
                    at = catalog.code(table, code).and_then(|it| it.above.as_deref());
                }
            }
            more = all.len() > CODES;
            let wanted = typed.and_then(|it| model::search::query(it.trim()));
            let fits = |it: &&model::system::CodeEntry| match &wanted {
                Some(wanted) => {
                    let texts = [it.name.as_str(), it.name_en.as_deref().unwrap_or_default()];
                    texts
                        .iter()
                        .any(|text| model::search::matches(wanted, &[(model::search::Source::Text, text)]))
                }
                None => !more || sums.contains_key(it.code.as_str()),
            };
            for it in all.iter().filter(fits).take(SHOWN) {
                let count = sums.get(it.code.as_str()).copied().unwrap_or(0);
                if !it.closed || count > 0 {
                    found.push(Entry {
                        value: it.code.clone(),
                        label: it.called(lang).into(),
                        count,
                        depth: usize::from(it.above.is_some()),
                    });
                }
            }
        }
        Kind::Link(to) if is_known(to()) => {
            if std::ptr::eq(to(), User::DEF) && typed.is_none() && desk.actor.user != 0 {
                found.push(plain("me", t(lang, "我", "Me"), count_of(counts, &desk.actor.user.to_string())));
            }
            let mut all = desk.options(ask.def, field, "", &Input::default(), 1000)?;
            for (value, _) in counts.iter().filter(|it| matches!(it.0, Value::Int(_))) {
                // People who left still hold rows.
                if !all.iter().any(|it| it.value == format!("#{}", value.int())) {
                    let title = cells.value(field, value.cell());
                    all.push(model::Suggestion {
                        value: format!("#{}", value.int()),
                        title,
                        hint: String::new(),
                        depth: 0,
                        facts: Vec::new(),
                    });
                }
            }
            for it in all {
                let value = it.value.trim_start_matches('#');
                found.push(plain(value, &it.title, count_of(counts, value)));
            }
            if field.name != "department" {
                found.sort_by_key(|it| (it.value != "me", -it.count));
            }
        }
        Kind::Link(_) => {
            more = true;
            let to = target_of(field);
            match (typed.map(str::trim).filter(|it| !it.is_empty()), to) {
                (Some(typed), _) => {
                    for it in desk.options(ask.def, field, typed, &Input::default(), 50)? {
                        let value = it.value.trim_start_matches('#');
                        found.push(plain(value, &it.title, count_of(counts, value)));
                    }
                }
                (None, Some(to)) => {
                    for (value, count) in counts.iter().filter(|it| matches!(it.0, Value::Int(_))).take(50) {
                        let title = desk.called(to, value.int())?.1;
                        if !title.is_empty() {
                            found.push(plain(&value.int().to_string(), &title, *count));
                        }
                    }
                }
                (None, None) => {}
            }
        }
        _ => {
            let fits = |text: &str| typed.is_none_or(|typed| text.contains(typed.trim()));
            let all = counts
                .iter()
                .filter(|it| !it.0.text().is_empty() && !it.0.text().contains(',') && fits(it.0.text()));
            found.extend(all.take(SHOWN).map(|it| plain(it.0.text(), it.0.text(), it.1)));
            more = counts.len() > SHOWN;
        }
    }
    let nothing: i64 = counts
        .iter()
        .filter(|it| it.0 == Value::Null || it.0.text().is_empty() && matches!(it.0, Value::Text(_)))
        .map(|it| it.1)
        .sum();
    if typed.is_none()
        && (nothing > 0 || field.optional)
        && !matches!(field.kind, Kind::Choice(_) | Kind::Bool)
    {
        found.push(plain("none", t(lang, "空", "Empty"), nothing));
    }
    Ok((found, more))
}

fn is_known(to: &model::EntityDef) -> bool {
    [User::DEF, Department::DEF, Role::DEF].iter().any(|it| std::ptr::eq(*it, to))
}
