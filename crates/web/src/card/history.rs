//! What happened to a record, newest first, and the way back.

use maud::{Markup, html};
use model::{Desk, Event, Result};

use super::{View, part, section};
use crate::list::verb_icon;
use crate::list::words::deed;
use crate::ui::{icon, icon12, icon14, t};

pub fn history(desk: &mut Desk, view: &View) -> Result<Markup> {
    let lang = view.cells.lang;
    let events = desk.history(view.card.def.code, view.card.id)?;
    let mut items = Vec::new();
    for event in &events {
        items.push(item(desk, view, event)?);
    }
    let day = view.past.map_or(String::new(), |it| it.to_string());
    let tools = html! {
        form class="ky-row" method="get" action=(view.base) autocomplete="off" {
            @if !view.from.is_empty() { input type="hidden" name="from" value=(view.from); }
            label class="ky-small ky-mute ky-nowrap" for="as_of" { (t(lang, "看某天的样子", "As it was on")) }
            div class="ky-box is-small is-date" {
                input id="as_of" name="as_of" data-date required autocomplete="off" value=(day);
                button class="ky-iconbtn is-small" type="button" data-calendar aria-label=(t(lang, "选日期", "Choose a date")) { (icon14("calendar")) }
            }
            button class="ky-btn is-small" { (t(lang, "查看", "Show")) }
        }
    };
    let body = html! { ul class="ky-timeline" { @for item in &items { (item) } } };
    Ok(section(None, "ky-card", t(lang, "变更记录", "History"), Some(events.len()), &tools, &body))
}

fn item(desk: &mut Desk, view: &View, event: &Event) -> Result<Markup> {
    let lang = view.cells.lang;
    let def = view.card.def;
    let child = event.part.as_deref().and_then(|it| {
        let (code, id) = it.split_once('/')?;
        Some((desk.catalog().registry.entity(code)?, id.parse().ok()?))
    });
    let child = match child {
        Some((child, id)) => Some((child.label.of(lang), desk.called(child, id)?.1)),
        None => None,
    };
    let what = deed(def, &event.kind, lang);
    let sign = match event.kind.as_str() {
        "create" => "plus",
        "update" | "save" => "pencil",
        "delete" => "trash",
        "import" => "upload",
        "undo" => "arrow-back-up",
        verb => verb_icon(verb),
    };
    let door = match event.door.as_str() {
        "api" => t(lang, "接口", "API"),
        "link" => t(lang, "外部链接", "link"),
        "command_line" => t(lang, "命令行", "command line"),
        "job" => t(lang, "后台任务", "job"),
        _ => "",
    };
    let mut changes = Vec::new();
    for it in &event.changes {
        let mut text = |value| part::shown(desk, &view.cells, it.field, Some(value));
        changes.push((it.field.label.of(lang), text(&it.old)?, text(&it.new)?));
    }
    Ok(html! {
        li {
            span { (icon14(sign)) }
            div {
                p {
                    time { (view.cells.moment(event.at)) }
                    b { (view.cells.person(event.user)) } " " (what) @if let Some((child, name)) = &child { " " (child) " " (name) }
                    @if !door.is_empty() { " " span class="ky-tag" { (door) } }
                    @if is_undoable(view, event) {
                        @let gone = matches!(event.kind.as_str(), "create" | "import") && event.changes.is_empty();
                        @let ask = gone.then_some(t(lang, "撤销新建会删除这条记录，继续吗？", "Undoing a creation deletes the record. Go on?"));
                        " " button class="ky-btn is-tiny is-text" type="button" hx-post={ "/undo/" (event.id) } hx-swap="none" hx-confirm=[ask] { (icon12("arrow-back-up")) (t(lang, "撤销", "Undo")) }
                    }
                }
                @if let Some(reason) = &event.reason { p class="ky-quote" { (reason) } }
                @if !changes.is_empty() || event.hidden > 0 {
                    dl class="ky-change" {
                        @for (label, old, new) in &changes { dt { (label) } dd { del { (old) } } (icon("arrow-right")) dd { ins { (new) } } }
                    }
                    @if event.hidden > 0 { p class="ky-small ky-mute" { (t(lang, "另有你看不到的字段：", "Fields not open to you: ")) (event.hidden) } }
                }
            }
        }
    })
}

/// What was built on since can't be taken back; the undo itself has the last word.
fn is_undoable(view: &View, event: &Event) -> bool {
    let stands = |it: &model::Change| view.card.value(it.field.name) == Some(&it.new);
    match event.kind.as_str() {
        "delete" => false,
        _ if event.part.is_some() || view.past.is_some() || event.hidden > 0 => false,
        "create" | "import" if event.changes.is_empty() => view.card.deletable && view.card.version == 1,
        _ => view.card.editable && !event.changes.is_empty() && event.changes.iter().all(stands),
    }
}
