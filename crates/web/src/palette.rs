//! The palette behind Ctrl K: records, pages and commands that fit what is typed, and what may be done with the record
//! that is highlighted.

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;
use base::Lang;
use maud::{Markup, html};
use model::search::{self, Source};
use model::system::User;
use model::{Desk, Entity, EntityDef, Error, Find, Format, Result, Value};

use crate::Site;
use crate::act::offered;
use crate::card::people_of;
use crate::list::cell::{Cells, spaced};
use crate::list::table::{left_of, new_label};
use crate::list::{verb_icon, words};
use crate::print::shown;
use crate::shell::business;
use crate::ui::{avatar, icon, meter, t};
use crate::visit::{Answer, At, Visit};
use crate::visitor::cookie;

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
                    aria-label=(t(lang, "搜索客户、单据、商品、菜单", "Search customers, documents, products, menus"))
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

async fn find(visit: Visit) -> Answer {
    let (asked, headers) = (visit.query(), visit.headers.clone());
    let typed: String = asked.text("q").chars().take(200).collect();
    visit.show(move |desk| answer(desk, &headers, typed.trim(), asked.text("kind"))).await
}

/// What fits, in groups with their labels.
type Groups = Vec<(String, Vec<Line>)>;

fn answer(desk: &mut Desk, headers: &HeaderMap, typed: &str, kind: &str) -> Result<Markup> {
    let lang = desk.actor.lang;
    let wants = |it: &str| kind.is_empty() || kind == it;
    let mut groups = Groups::new();
    let (sign, rest) = typed.split_at(usize::from(typed.starts_with(['>', '@', '#'])));
    match sign {
        "@" => groups.push((t(lang, "同事", "Colleagues").into(), colleagues(desk, rest.trim()))),
        "#" => groups = records(desk, headers, rest.trim(), true)?,
        ">" => groups.push((t(lang, "命令", "Commands").into(), commands(desk, rest.trim()))),
        _ => {
            if wants("records") && typed.is_empty() {
                groups.push((t(lang, "最近打开", "Opened last").into(), opened_lines(desk, headers)?));
            } else if wants("records") {
                groups = records(desk, headers, typed, false)?;
            }
            let most = if typed.is_empty() { usize::MAX } else { PAGES };
            // Before anything is typed, the pages stand in the menu already.
            if kind == "pages" || kind.is_empty() && !typed.is_empty() {
                let pages = pages(desk, typed)?.into_iter().take(most).collect();
                groups.push((t(lang, "菜单", "Menus").into(), pages));
            }
            if wants("commands") {
                let commands = commands(desk, typed).into_iter().take(most).collect();
                groups.push((t(lang, "命令", "Commands").into(), commands));
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
fn records(desk: &mut Desk, headers: &HeaderMap, typed: &str, by_number: bool) -> Result<Groups> {
    let lang = desk.actor.lang;
    let opened = opened(desk, headers);
    let recent = |it: &Find| opened.iter().position(|at| std::ptr::eq(at.0, it.def) && at.1 == it.id);
    let mut found = desk.find_all(typed, FINDS)?;
    if by_number {
        let wanted = typed.to_lowercase();
        let called = |it: &Find| match it.def.title_field().name {
            "number" => Some(it.title.to_lowercase()),
            _ => it.number.as_ref().map(|it| it.to_lowercase()),
        };
        found.retain(|it| called(it).is_some_and(|number| number.contains(&wanted)));
    }
    found.sort_by_key(|it| (it.def.module == "settings", it.rank, !it.own, recent(it).unwrap_or(OPENED)));
    let mut groups = Groups::new();
    for it in &found {
        let label = it.def.many(lang);
        let owner = it.owner.and_then(|id| desk.catalog().user_name(id)).unwrap_or_default();
        let hint = it.number.as_deref().unwrap_or(&it.about);
        let line = record(it.def, it.id, Some(hint), marked(typed, &it.title), owner);
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

fn fits(typed: &str, source: Source, text: &str) -> bool {
    typed.is_empty() || search::query(typed).is_some_and(|it| search::matches(&it, &[(source, text)]))
}

/// Menus; those that the actor may not use are absent, as are commands.
fn pages(desk: &mut Desk, typed: &str) -> Result<Vec<Line>> {
    let lang = desk.actor.lang;
    let registry = desk.catalog().registry;
    let mut lines = Vec::new();
    let mut add = |href: String, icon: &str, title: &str, hint: &str| {
        if fits(typed, Source::Text, title) {
            lines.push(Line::to(icon, marked(typed, title), hint, href));
        }
    };
    let settings = t(lang, "设置", "Settings");
    add("/".into(), "home", t(lang, "工作台", "Workbench"), "");
    add("/me".into(), "user", t(lang, "我的账户", "My account"), "");
    add("/settings".into(), "settings", settings, "");
    add("/help".into(), "help", t(lang, "使用手册", "User's guide"), "");
    for (label, href, icon) in crate::settings::entries(desk) {
        add(href, icon, label, settings);
    }
    for def in business(desk, "read") {
        let module = registry.modules.iter().find(|it| it.code == def.module);
        let module = module.map_or("", |it| it.label.of(lang));
        let many = def.many(lang);
        add(format!("/{}", def.code), def.icon, &many, module);
        let views = if typed.is_empty() { Vec::new() } else { desk.views(def)? };
        for view in views {
            let href = format!("/{}?view={}", def.code, view.code);
            add(href, def.icon, &format!("{many} · {}", view.label), module);
        }
    }
    Ok(lines)
}

fn commands(desk: &Desk, typed: &str) -> Vec<Line> {
    let lang = desk.actor.lang;
    let registry = desk.catalog().registry;
    let may = |def: &'static EntityDef, right| desk.may(def, right).is_ok();
    let mut shown: Vec<_> = registry.all().filter(|it| !it.module.is_empty() && may(it, "read")).collect();
    // What is made every day comes before what is set up once.
    shown.sort_by_key(|it| it.module == "settings");
    let mut lines = Vec::new();
    let mut add = |icon: &str, title: &str, href: Option<String>, click: Option<&'static str>| {
        if fits(typed, Source::Text, title) {
            lines.push(Line { href, click, ..Line::to(icon, marked(typed, title), "", "") });
        }
    };
    for def in shown.iter().filter(|def| may(def, "create")) {
        add("plus", &new_label(def.label.of(lang), lang), Some(format!("/{}/new", def.code)), None);
    }
    for def in shown.iter().filter(|def| may(def, "import")) {
        add("upload", &crate::import::title(def, lang), Some(format!("/{}/import", def.code)), None);
    }
    add("moon", t(lang, "切换浅色和深色", "Switch light and dark"), None, Some("[data-theme-set]"));
    let language = t(lang, "切换到英文 English", "Switch to Chinese 中文");
    add("language", language, None, Some("form[action='/me/language'] button"));
    add("keyboard", t(lang, "看快捷键", "Show the keys"), None, Some("[data-dialog=keys]"));
    add("logout", t(lang, "退出登录", "Sign out"), None, Some("form[action='/logout'] button"));
    lines
}

/// People by name; each leads to the person's page where that is open to the actor.
fn colleagues(desk: &Desk, typed: &str) -> Vec<Line> {
    let catalog = desk.catalog();
    if desk.may(User::DEF, "read").is_err() {
        return Vec::new();
    }
    let fits = |it: &&model::Person| !it.user.closed && fits(typed, Source::Name, &it.user.name);
    let line = |it: &model::Person| {
        let home = it.user.department.and_then(|it| catalog.department(it.0)).map_or("", |it| &it.name);
        let (name, id) = (&it.user.name, it.user.id.0);
        let line = record(User::DEF, id, Some(home), marked(typed, name), "");
        Line { icon: avatar(name, ""), ..line }
    };
    catalog.users.values().filter(fits).take(20).map(line).collect()
}

async fn preview(visit: Visit, At((entity, id)): At<(String, i64)>) -> Answer {
    visit.show(move |desk| look(desk, &entity, id)).await
}

/// The first of the records within this one, such as the person to ask for, and how to call them.
fn within(desk: &mut Desk, def: &'static EntityDef, id: i64) -> Result<Option<(&'static str, String)>> {
    let mut inner = desk.catalog().registry.inside(def).filter(|it| desk.may(it, "read").is_ok());
    let Some(inner) = inner.next() else { return Ok(None) };
    let found = people_of(desk, inner, id, 1)?.into_iter().next();
    let label = inner.label.of(desk.actor.lang);
    Ok(found.map(|it| (label, format!("{} {}", it.name, spaced(&it.phone)).trim().to_owned())))
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
        let text = shown(desk, &cells, field, value)?;
        if text.is_empty() || facts.len() >= FACTS {
            continue;
        }
        let left = left_of(field).and_then(|left| card.value(left)).map(Value::int);
        let fact = match left {
            Some(left) => meter(lang, value.int(), value.int().saturating_add(left)),
            None if field.format == Format::Late => cells.late(field, value.int()),
            None => html! { (text) },
        };
        facts.push((field.label.of(lang), fact));
    }
    facts.extend(within(desk, def, id)?.map(|it| (it.0, html! { (it.1) })));
    let number = card.fields.iter().find(|it| it.0.name == "number").and_then(|it| it.1.as_ref());
    let mut events = Vec::new();
    for event in desk.history(entity, id)?.into_iter().filter(|it| it.part.is_none()).take(3) {
        let day = desk.catalog().zone.to_datetime(event.at).date().to_string();
        events.push((day, cells.person(event.user), words::deed(def, &event.kind, lang)));
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
                (act(verb_icon(offer.verb.name), offer.verb.label.of(lang), None, Some(format!("/{entity}/{id}/{}", offer.verb.name))))
            }
        }
    })
}
