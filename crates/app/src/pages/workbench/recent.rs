//! What one had open, what changed last, and what became of the records one follows.

use axum::http::HeaderMap;
use maud::{Markup, html};
use model::{Desk, EntityDef, Error, Event, Moment, Query, Result, Value};
use web::list::cell::Cells;
use web::list::words::deed;
use web::says;
use web::shell::business;
use web::ui::{icon, icon14, t};

use super::todo::when;

const ROWS: usize = 6;

struct Line {
    def: &'static EntityDef,
    id: i64,
    title: String,
    hint: String,
}

/// The cards opened last in this browser, then those changed last among one's own.
pub fn opened(desk: &mut Desk, headers: &HeaderMap, whose: &str) -> Result<Markup> {
    let lang = desk.actor.lang;
    let mut lines = Vec::new();
    for (def, id) in web::palette::opened(desk, headers).into_iter().take(ROWS) {
        let (number, title) = desk.called(def, id)?;
        if !title.is_empty() {
            lines.push(Line { def, id, title, hint: number.unwrap_or_default() });
        }
    }
    let is_open = |it: &Line| lines.iter().any(|old| old.id == it.id && std::ptr::eq(old.def, it.def));
    let mut rest = changed(desk, whose)?;
    let none = lines.is_empty() && rest.is_empty();
    rest.retain(|it| !is_open(it));
    rest.truncate((2 * ROWS - 4).saturating_sub(lines.len()));
    let row = |it: &Line| {
        html! { li { (icon14(it.def.icon)) a href={ "/" (it.def.code) "/" (it.id) } { (it.title) } span { (it.hint) } } }
    };
    Ok(html! {
        section class="ky-card" {
            @if !lines.is_empty() {
                header { h2 { (t(lang, "最近打开", "Opened last")) } }
                ul class="ky-rows" { @for it in &lines { (row(it)) } }
            }
            @if !rest.is_empty() {
                header { h2 { (t(lang, "最近修改", "Changed last")) } }
                ul class="ky-rows" { @for it in &rest { (row(it)) } }
            }
            @if none {
                header { h2 { (t(lang, "最近打开", "Opened last")) } }
                p class="ky-card-body ky-mute" { (t(lang, "打开过的客户会列在这里。", "Cards that you open are listed here.")) }
            }
        }
    })
}

/// The newest changes among the customers that the page is about, and by oneself in every other part of the house.
fn changed(desk: &mut Desk, whose: &str) -> Result<Vec<Line>> {
    let cells = Cells::of(desk);
    let mut found: Vec<(Moment, Line)> = Vec::new();
    for def in business(desk, "read").into_iter().filter(|it| !it.ledger) {
        let mine = if def.owner.is_some() { whose } else { "changer=me" };
        let list = match desk.list(def.code, &latest(def, mine)) {
            Err(Error::Invalid(_) | Error::NotFound { .. }) => continue,
            list => list?,
        };
        let (title, at) = (list.columns[0], list.columns[1].at);
        for row in desk.rows(&list)?.0 {
            let Ok(moment) = row[at].text().parse() else { continue };
            let title = cells.value(title.field, row[title.at].cell());
            let title = if title.is_empty() { desk.called(def, row[0].int())?.1 } else { title };
            found.push((moment, Line { def, id: row[0].int(), title, hint: when(desk, moment) }));
        }
    }
    found.sort_by_key(|it| std::cmp::Reverse(it.0));
    Ok(found.into_iter().map(|it| it.1).collect())
}

/// The rows that changed last.
fn latest(def: &EntityDef, raw: &str) -> Query {
    let sort = vec![("changed".to_owned(), true)];
    let columns = vec![def.title_field().name.to_owned(), "changed".to_owned()];
    Query { sort, columns, size: Some(ROWS), ..Query::parse(raw).unwrap_or_default() }
}

/// The last change of each record that the actor follows, newest first.
pub fn followed(desk: &mut Desk) -> Result<Markup> {
    let lang = desk.actor.lang;
    let mut found: Vec<(Event, &EntityDef, i64, String)> = Vec::new();
    for def in business(desk, "read") {
        let list = desk.list(def.code, &latest(def, "follower=me"))?;
        for row in desk.rows(&list)?.0 {
            let id = row[0].int();
            let title = desk.called(def, id)?.1;
            found.extend(desk.history(def.code, id)?.into_iter().next().map(|it| (it, def, id, title)));
        }
    }
    found.sort_by_key(|it| std::cmp::Reverse(it.0.at));
    let mut lines = Vec::new();
    for (event, def, id, title) in found.into_iter().take(ROWS) {
        let says = says(desk, def, &event)?;
        lines.push((Line { def, id, title, hint: when(desk, event.at) }, says));
    }
    Ok(html! {
        section class="ky-card" {
            header { h2 { (t(lang, "我关注的", "I follow")) } }
            @if lines.is_empty() {
                p class="ky-card-body ky-mute" { (t(lang, "在客户卡片上点“关注”，它的变化会列在这里。", "Follow a record on its card, and what becomes of it is listed here.")) }
            } @else {
                ol class="ky-timeline" {
                    @for (it, says) in &lines {
                        li { span { (icon14(it.def.icon)) } div { time { (it.hint) } a class="ky-lead" href={ "/" (it.def.code) "/" (it.id) } { (it.title) } p class="ky-quote" { (says) } } }
                    }
                }
            }
        }
    })
}

/// Who did what, in a line.
fn says(desk: &mut Desk, def: &EntityDef, event: &Event) -> Result<String> {
    let cells = Cells::of(desk);
    let lang = cells.lang;
    let mut changes = Vec::new();
    for change in event.changes.iter().filter(|it| it.field.is_shown()).take(2) {
        let new = match change.new {
            Value::Null => t(lang, "空", "empty").to_owned(),
            _ => desk.shown(change.field, &change.new)?,
        };
        let (label, new) = (change.field.label.of(lang), new.chars().take(24).collect::<String>());
        changes.push(says!(lang, "{label}改为 {new}", "{label} to {new}"));
    }
    let (who, what) = (cells.person(event.user), deed(def, &event.kind, lang));
    let list = changes.join(t(lang, "，", ", "));
    let tail = if event.changes.len() > 2 { t(lang, " 等", " and more") } else { "" };
    Ok(match list.is_empty() {
        true => format!("{who} {what}"),
        false => says!(lang, "{who} {what}：{list}{tail}", "{who} {what}: {list}{tail}"),
    })
}

/// Nothing is there yet: what to do first.
pub fn nothing(desk: &Desk, def: &'static EntityDef) -> Markup {
    let lang = desk.actor.lang;
    let may = |right: &str| desk.may(def, right).is_ok();
    html! {
        section class="ky-card" {
            div class="ky-empty" {
                h2 { (t(lang, "还没有客户", "No customers yet")) }
                p { (t(lang, "从旧系统或 Excel 导入最快；也可以先新建一家试试。有了客户，提醒、待办和本月的数字就会出现在这里。", "Importing from another system or from Excel is quickest; or enter one first. Reminders, rows to act on and the month's figures appear here then.")) }
                div class="ky-row" {
                    @if may("import") { a class="ky-btn is-primary" href={ "/" (def.code) "/import" } { (icon("upload")) (t(lang, "导入客户", "Import customers")) } }
                    @if may("create") { a class="ky-btn" href={ "/" (def.code) "/new" } { (icon("plus")) (t(lang, "新建客户", "New customer")) } }
                }
            }
        }
    }
}
