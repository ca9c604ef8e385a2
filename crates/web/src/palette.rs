//! The palette behind Ctrl K: records, pages and commands that fit what is typed, and what may be done with the record
//! that is highlighted.

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use base::Lang;
use maud::{Markup, html};
use model::search::{self, Source};
use model::system::User;
use model::{Desk, Entity, EntityDef, Error, Find, Format, Kind, Query, Result};

use crate::Site;
use crate::act::offered;
use crate::list::cell::Cells;
use crate::list::part;
use crate::list::table::new_label;
use crate::ui::{avatar, icon, t};
use crate::visitor::{Visitor, cookie};

/// Finds of one entity; pages and commands below them.
const FINDS: usize = 6;
const PAGES: usize = 8;
/// Cards that stand there before anything is typed.
const OPENED: usize = 10;
/// Facts of a record in the preview.
const FACTS: usize = 8;

pub fn routes() -> Router<Site> {
    Router::new().route("/palette", get(find)).route("/palette/{entity}/{id}", get(preview))
}

/// The empty dialog that every page carries.
pub fn dialog(lang: Lang) -> Markup {
    let kinds = [
        ("", t(lang, "全部", "All")),
        ("records", t(lang, "档案", "Records")),
        ("pages", t(lang, "菜单", "Menus")),
        ("commands", t(lang, "命令", "Commands")),
    ];
    let hint = |keys: &[&str], says: &str| html! { span { @for key in keys { kbd { (key) } } " " (says) } };
    html! {
        dialog class="ky-palette" id="palette" data-src="/palette" aria-label=(t(lang, "搜索", "Search")) {
            form {
                (icon("search"))
                input type="text" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list" autocomplete="off"
                    aria-label=(t(lang, "搜索客户、商品、菜单", "Search customers, products, menus"))
                    placeholder=(t(lang, "名称、拼音首字母、电话、编号", "Name, pinyin initials, phone, number"));
                div class="ky-seg is-small" role="group" aria-label=(t(lang, "找什么", "What")) {
                    @for (kind, label) in kinds { button type="button" data-kind=(kind) aria-pressed=(if kind.is_empty() { "true" } else { "false" }) { (label) } }
                }
                button class="ky-iconbtn" type="button" data-close aria-label={ (t(lang, "关闭", "Close")) " Esc" } {
                    kbd class="ky-desktop" { "Esc" } span class="ky-phone" { (icon("x")) }
                }
            }
            div class="ky-palette-body" {
                ul class="ky-palette-list" id="palette-list" role="listbox" aria-label=(t(lang, "结果", "Results")) {}
                aside class="ky-palette-preview" aria-live="polite" {}
            }
            footer {
                (hint(&["↑", "↓"], t(lang, "选择", "Move")))
                (hint(&["Enter"], t(lang, "打开", "Open")))
                (hint(&["Ctrl Enter"], t(lang, "新标签打开", "New tab")))
                (hint(&["Tab"], t(lang, "动作", "Actions")))
                span class="ky-grow" {}
                (hint(&[">"], t(lang, "命令", "Commands")))
                (hint(&["#"], t(lang, "编号", "Numbers")))
                (hint(&["@"], t(lang, "同事", "Colleagues")))
            }
        }
    }
}

/// One line of a group: what it is, and where it leads or what it clicks.
struct Line {
    icon: Markup,
    title: Markup,
    hint: Markup,
    href: Option<String>,
    preview: Option<String>,
    /// An element of the page that does it.
    click: Option<&'static str>,
    /// The dialog of a verb.
    ask: Option<String>,
}

impl Line {
    fn to(icon_name: &str, title: Markup, hint: &str, href: impl Into<String>) -> Line {
        let (icon, hint) = (icon(icon_name), html! { (hint) });
        Line { icon, title, hint, href: Some(href.into()), preview: None, click: None, ask: None }
    }
}

async fn find(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Response {
    let raw = raw.unwrap_or_default();
    let said = |key: &str| {
        let mut pairs = form_urlencoded::parse(raw.as_bytes());
        pairs.find(|it| it.0 == key).map(|it| it.1.chars().take(200).collect::<String>()).unwrap_or_default()
    };
    let (typed, kind, asked) = (said("q"), said("kind"), headers.clone());
    let read = site.db.read_async(&visitor.actor, move |desk| answer(desk, &asked, typed.trim(), &kind));
    part(&site, &visitor, &headers, read.await)
}

fn answer(desk: &mut Desk, headers: &HeaderMap, typed: &str, kind: &str) -> Result<Markup> {
    let lang = desk.actor.lang;
    let mut groups: Vec<(String, Vec<Line>)> = Vec::new();
    let wants = |it: &str| kind.is_empty() || kind == it;
    match typed.chars().next() {
        Some('>') => groups.push((t(lang, "命令", "Commands").into(), commands(desk, typed[1..].trim()))),
        Some('@') => groups.push((t(lang, "同事", "Colleagues").into(), colleagues(desk, typed[1..].trim()))),
        Some('#') => groups = records(desk, headers, typed[1..].trim(), true)?,
        None => {
            if wants("records") {
                groups.push((t(lang, "最近打开", "Opened last").into(), opened_lines(desk, headers)?));
            }
            for (kind, label, lines) in menus(desk, "")? {
                // Before anything is typed, the pages stand in the menu already.
                if wants(kind)
                    && (kind == "commands" || !kind.is_empty() && kind == "pages" && !wants("records"))
                {
                    groups.push((label.into(), lines));
                }
            }
        }
        Some(_) => {
            if wants("records") {
                groups = records(desk, headers, typed, false)?;
            }
            for (kind, label, lines) in menus(desk, typed)? {
                if wants(kind) {
                    groups.push((label.into(), lines.into_iter().take(PAGES).collect()));
                }
            }
        }
    }
    Ok(html! {
        @for (label, lines) in groups.iter().filter(|it| !it.1.is_empty()) {
            li role="presentation" { (label) "\u{3000}" (lines.len()) }
            @for it in lines { (option(it)) }
        }
    })
}

fn option(it: &Line) -> Markup {
    html! {
        li role="option" data-href=[it.href.as_ref()] data-preview=[it.preview.as_ref()] data-click=[it.click] data-ask=[it.ask.as_ref()] {
            span class="ky-tile is-icon" { (it.icon) } div { (it.title) small { (it.hint) } }
        }
    }
}

/// A text with what was typed in bold.
fn marked(typed: &str, text: &str) -> Markup {
    let found = search::query(typed).map(|query| search::highlight(&query, text)).unwrap_or_default();
    let mut at = 0;
    html! {
        @for span in found { (text[at..span.start]) b class="is-found" { (text[span.clone()]) } ({ at = span.end; "" }) }
        (text[at..])
    }
}

/// Records by entity: the very name first, then one's own, then those opened last.
fn records(
    desk: &mut Desk,
    headers: &HeaderMap,
    typed: &str,
    by_number: bool,
) -> Result<Vec<(String, Vec<Line>)>> {
    let lang = desk.actor.lang;
    let opened = opened(desk, headers);
    let recent = |it: &Find| opened.iter().position(|at| std::ptr::eq(at.0, it.def) && at.1 == it.id);
    let mut found = desk.find_all(typed, FINDS)?;
    if by_number {
        let wanted = typed.to_lowercase();
        found.retain(|it| it.number.as_ref().is_some_and(|number| number.to_lowercase().contains(&wanted)));
    }
    found.sort_by_key(|it| (it.def.module == "settings", it.rank, !it.own, recent(it).unwrap_or(OPENED)));
    let mut groups: Vec<(String, Vec<Line>)> = Vec::new();
    for it in &found {
        let label = it.def.many(lang);
        let owner = it.owner.and_then(|id| desk.catalog().user_name(id)).unwrap_or_default();
        let line = record(it.def, it.id, it.number.as_deref(), marked(typed, &it.title), owner);
        match groups.iter_mut().find(|group| group.0 == label) {
            Some(group) => group.1.push(line),
            None => groups.push((label, vec![line])),
        }
    }
    Ok(groups)
}

fn record(def: &EntityDef, id: i64, number: Option<&str>, title: Markup, owner: &str) -> Line {
    let hint = html! { (number.unwrap_or_default()) @if !owner.is_empty() { "\u{3000}" (owner) } };
    let preview = Some(format!("/palette/{}/{id}", def.code));
    Line { hint, preview, ..Line::to(def.icon, title, "", format!("/{}/{id}", def.code)) }
}

/// The cards opened last in this browser, as its cookie says; what the actor may not read is left out later.
pub fn opened(desk: &Desk, headers: &HeaderMap) -> Vec<(&'static EntityDef, i64)> {
    let told = cookie(headers, "ky_recent").unwrap_or_default();
    let one = |part: &str| {
        let (entity, id) = part.split_once('.')?;
        let def = desk.entity(entity).ok().filter(|it| !it.module.is_empty())?;
        Some((def, id.parse().ok()?))
    };
    told.split('~').filter_map(one).take(OPENED).collect()
}

fn opened_lines(desk: &mut Desk, headers: &HeaderMap) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (def, id) in opened(desk, headers) {
        let (number, title) = desk.called(def, id)?;
        if !title.is_empty() {
            lines.push(record(def, id, number.as_deref(), html! { (title) }, ""));
        }
    }
    Ok(lines)
}

fn fits(typed: &str, texts: &[&str]) -> bool {
    let texts: Vec<_> = texts.iter().map(|it| (Source::Text, *it)).collect();
    typed.is_empty() || search::query(typed).is_some_and(|query| search::matches(&query, &texts))
}

/// Pages and commands; those that the actor may not use are absent.
fn menus(desk: &mut Desk, typed: &str) -> Result<[(&'static str, &'static str, Vec<Line>); 2]> {
    let lang = desk.actor.lang;
    Ok([
        ("pages", t(lang, "菜单", "Menus"), pages(desk, typed)?),
        ("commands", t(lang, "命令", "Commands"), commands(desk, typed)),
    ])
}

fn pages(desk: &mut Desk, typed: &str) -> Result<Vec<Line>> {
    let lang = desk.actor.lang;
    let mut pages: Vec<(String, &str, String, &str)> = vec![
        ("/".into(), "home", t(lang, "工作台", "Workbench").into(), ""),
        ("/me".into(), "user", t(lang, "我的账户", "My account").into(), ""),
        ("/settings".into(), "settings", t(lang, "设置", "Settings").into(), ""),
        ("/help".into(), "help", t(lang, "使用手册", "User's guide").into(), ""),
    ];
    let registry = desk.catalog().registry;
    let settings = t(lang, "设置", "Settings");
    for (label, href, icon) in crate::settings::entries(desk) {
        pages.push((href, icon, label.into(), settings));
    }
    let business = |it: &&EntityDef| !matches!(it.module, "" | "settings");
    for def in registry.all().filter(business).filter(|def| desk.may(def, "read").is_ok()).collect::<Vec<_>>()
    {
        let module =
            registry.modules.iter().find(|it| it.code == def.module).map_or("", |it| it.label.of(lang));
        pages.push((format!("/{}", def.code), def.icon, def.many(lang), module));
        if !typed.is_empty() {
            for view in desk.views(def)? {
                let href = format!("/{}?view={}", def.code, view.code);
                pages.push((href, def.icon, format!("{} · {}", def.many(lang), view.label), module));
            }
        }
    }
    let line = |(href, icon, title, hint): (String, &str, String, &str)| {
        fits(typed, &[&title]).then(|| Line::to(icon, marked(typed, &title), hint, href))
    };
    Ok(pages.into_iter().filter_map(line).collect())
}

fn commands(desk: &Desk, typed: &str) -> Vec<Line> {
    let lang = desk.actor.lang;
    let registry = desk.catalog().registry;
    let may = |def: &'static EntityDef, right| desk.may(def, right).is_ok();
    let mut shown: Vec<_> = registry.all().filter(|it| !it.module.is_empty() && may(it, "read")).collect();
    // What is made every day comes before what is set up once.
    shown.sort_by_key(|it| it.module == "settings");
    let mut lines = Vec::new();
    let mut add = |icon: &str, title: String, href: Option<String>, click: Option<&'static str>| {
        if fits(typed, &[&title]) {
            lines.push(Line { href, click, ..Line::to(icon, marked(typed, &title), "", "") });
        }
    };
    for def in shown.iter().filter(|def| may(def, "create")) {
        add("plus", new_label(def.label.of(lang), lang), Some(format!("/{}/new", def.code)), None);
    }
    for def in shown.iter().filter(|def| may(def, "import")) {
        let title = match lang {
            Lang::Zh => format!("导入{}", def.label.zh),
            Lang::En => format!("Import {}", def.many(lang).to_lowercase()),
        };
        add("upload", title, Some(format!("/{}/import", def.code)), None);
    }
    add("moon", t(lang, "切换浅色和深色", "Switch light and dark").into(), None, Some("[data-theme-set]"));
    let language = t(lang, "切换到英文 English", "Switch to Chinese 中文");
    add("language", language.into(), None, Some("form[action='/me/language'] button"));
    add("keyboard", t(lang, "看快捷键", "Show the keys").into(), None, Some("[data-dialog=keys]"));
    add("logout", t(lang, "退出登录", "Sign out").into(), None, Some("form[action='/logout'] button"));
    lines
}

/// People by name; each leads to the person's page where that is open to the actor.
fn colleagues(desk: &Desk, typed: &str) -> Vec<Line> {
    let catalog = desk.catalog();
    if desk.may(User::DEF, "read").is_err() {
        return Vec::new();
    }
    let wanted = search::query(typed);
    let fits = |it: &&model::Person| {
        let texts = [(Source::Name, it.user.name.as_str())];
        !it.user.closed
            && (typed.is_empty() || wanted.as_ref().is_some_and(|query| search::matches(query, &texts)))
    };
    let line = |it: &model::Person| {
        let home =
            it.user.department.and_then(|it| catalog.department(it.0)).map_or("", |it| it.name.as_str());
        let id = it.user.id.0;
        let preview = Some(format!("/palette/user/{id}"));
        let to = Line::to("user", marked(typed, &it.user.name), home, format!("/user/{id}"));
        Line { icon: avatar(&it.user.name, ""), preview, ..to }
    };
    catalog.users.values().filter(fits).take(20).map(line).collect()
}

async fn preview(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id)): Path<(String, i64)>,
) -> Response {
    let read = site.db.read_async(&visitor.actor, move |desk| look(desk, &entity, id));
    part(&site, &visitor, &headers, read.await)
}

/// The first of the records within this one, such as the person to ask for, and how to call them.
fn within(desk: &mut Desk, def: &'static EntityDef, id: i64) -> Result<Option<(&'static str, String)>> {
    let registry = desk.catalog().registry;
    let inner = registry.all().find(|it| {
        it.within.is_some()
            && it.parent().is_some_and(|(_, to)| std::ptr::eq(to, def))
            && desk.may(it, "read").is_ok()
    });
    let Some((inner, (at, _))) = inner.and_then(|it| Some((it, it.parent()?))) else { return Ok(None) };
    let phone = inner.fields.iter().find(|it| it.format == Format::Phone && desk.may_read(inner, it));
    let first = inner.fields.iter().find(|it| it.list && matches!(it.kind, Kind::Bool));
    let columns = std::iter::once(inner.title_field()).chain(phone).map(|it| it.name.to_owned()).collect();
    let sort = first.map(|it| (it.name.to_owned(), true)).into_iter().collect();
    let asked = Query::parse(&format!("{}={id}", inner.fields[at].name)).unwrap_or_default();
    let list = desk.list(inner.code, &Query { columns, sort, size: Some(1), ..asked })?;
    let cells = Cells::of(desk);
    let mut found = None;
    desk.each(&list, &mut |row| {
        let texts = list.columns.iter().map(|it| cells.text(it, row)).collect::<Vec<_>>();
        found = Some((inner.label.of(cells.lang), texts.join(" ").trim().to_owned()));
        Ok(())
    })?;
    Ok(found)
}

/// A record's facts, its last changes, and its actions, which the script hangs below the finds.
fn look(desk: &mut Desk, entity: &str, id: i64) -> Result<Markup> {
    let def = desk.entity(entity)?;
    if def.module.is_empty() {
        return Err(Error::missing(entity));
    }
    let card = desk.get(entity, id)?;
    let cells = Cells::of(desk);
    let lang = cells.lang;
    let title = def.title_field().name;
    let mut facts = Vec::new();
    let listed = card.fields.iter().filter(|it| it.0.list && it.0.name != title && it.0.name != "number");
    for (field, value) in listed {
        let Some(value) = value.as_ref().filter(|it| !field.is_empty(it)) else { continue };
        let text = match field.kind {
            Kind::Link(_) => desk.shown(field, value)?,
            _ => cells.value(field, value.cell()),
        };
        if !text.is_empty() && facts.len() < FACTS {
            facts.push((field.label.of(lang), text));
        }
    }
    facts.extend(within(desk, def, id)?);
    let number = card.fields.iter().find(|it| it.0.name == "number").and_then(|it| it.1.as_ref());
    let mut events = Vec::new();
    for event in desk.history(entity, id)?.into_iter().filter(|it| it.part.is_none()).take(3) {
        let day = desk.catalog().zone.to_datetime(event.at).date().to_string();
        events.push((
            day,
            desk.called(User::DEF, event.user)?.1,
            crate::list::words::deed(def, &event.kind, lang),
        ));
    }
    let verbs = card.verbs.iter().filter(|it| it.unless.is_none());
    let verbs = verbs.filter(|it| offered(def).any(|one| std::ptr::eq(one, it.verb)));
    let act = |icon_name: &str, label: &str, href: Option<String>, ask: Option<String>| {
        let line = Line::to(icon_name, html! { (label) }, "", "");
        option(&Line { href, ask, ..line })
    };
    let first: String = card.title.chars().take(1).collect();
    Ok(html! {
        div class="ky-row" {
            span class="ky-tile is-small" aria-hidden="true" { (first) }
            div { b { (card.title) } @if let Some(number) = number { p class="ky-small ky-mute" { (number.text()) } } }
        }
        dl { @for (label, text) in &facts { div { dt { (label) } dd class="ky-clip" { (text) } } } }
        @if !events.is_empty() {
            h4 { (t(lang, "最近变更", "Last changes")) }
            @for (day, who, what) in &events { p class="ky-small" { (day) "\u{3000}" (who) " " (what) } }
        }
        ul data-actions hidden {
            li role="presentation" { @match lang { Lang::Zh => { "对选中的" (def.label.zh) } Lang::En => { "With this " (def.label.en.to_lowercase()) } } }
            @if card.editable { (act("pencil", t(lang, "编辑", "Edit"), Some(format!("/{entity}/{id}/edit")), None)) }
            @for offer in verbs {
                (act(crate::list::verb_icon(offer.verb.name), offer.verb.label.of(lang), None, Some(format!("/{entity}/{id}/{}", offer.verb.name))))
            }
        }
    })
}
