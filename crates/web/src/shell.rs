//! The frame of every page: navigation, top bar, the places where dialogs and toasts appear.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::Lang;
use maud::{DOCTYPE, Markup, html};
use model::{Desk, EntityDef, Result};

use crate::assets;
use crate::list::table::new_label;
use crate::ui::{amount, avatar, icon, icon18, logo, t};
use crate::visitor::{Visitor, cookie};

/// A page before its frame is drawn around it.
pub struct Page {
    pub title: String,
    /// What leads here: label and address.
    pub crumbs: Vec<(String, String)>,
    /// The navigation entry that is open: an entity's code, `home` or `settings`.
    pub at: String,
    /// `ky-main` and what it is besides, e.g. `is-flush`.
    pub class: &'static str,
    pub body: Markup,
    /// A toast that waits for the page, as JSON.
    pub toast: Option<String>,
    /// The star beside the title: what it asks, and whether it is on.
    pub pin: Option<Pin>,
    pub status: StatusCode,
}

/// Keeps what the page shows in the sidebar.
pub enum Pin {
    /// A view that is pinned or not: where to change it.
    Toggle(String, bool),
    /// What has no name yet: where it gets one.
    Save(String),
}

impl Page {
    pub fn new(title: impl Into<String>, at: impl Into<String>, body: Markup) -> Page {
        let (title, at) = (title.into(), at.into());
        let (crumbs, status) = (Vec::new(), StatusCode::OK);
        Page { title, crumbs, at, class: "ky-main", body, toast: None, pin: None, status }
    }
}

/// What the frame shows of the house, read in the same transaction as the page.
pub struct Frame {
    company: String,
    modules: Vec<Group>,
    /// What can be made anew: label, sign and address.
    creates: Vec<(String, &'static str, String)>,
    pinned: Vec<Pinned>,
    reminders: Vec<Pinned>,
    rail: bool,
    today: String,
}

struct Group {
    label: &'static str,
    icon: &'static str,
    entries: Vec<Entry>,
}

struct Entry {
    code: &'static str,
    label: String,
}

#[derive(Clone)]
struct Pinned {
    key: String,
    label: String,
    href: String,
    count: i64,
    urgent: bool,
}

impl Frame {
    pub fn read(desk: &mut Desk, headers: &HeaderMap) -> Result<Frame> {
        let catalog = desk.catalog().clone();
        let (registry, lang) = (catalog.registry, desk.actor.lang);
        let shown = |def: &&'static EntityDef| desk.may(def, "read").is_ok();
        let modules = registry.modules.iter().filter(|it| it.code != "settings").map(|module| {
            let entries = registry.all().filter(|def| def.module == module.code).filter(shown);
            let entries = entries.map(|def| Entry { code: def.code, label: def.many(lang) }).collect();
            Group { label: module.label.of(lang), icon: module.icon, entries }
        });
        let modules = modules.filter(|it| !it.entries.is_empty()).collect();
        let makes = |def: &&'static EntityDef| {
            !matches!(def.module, "" | "settings") && desk.may(def, "create").is_ok()
        };
        let creates = registry
            .all()
            .filter(makes)
            .map(|def| (new_label(def.label.of(lang), lang), def.icon, format!("/{}/new", def.code)));
        let creates = creates.collect();
        let (mut pinned, mut reminders) = (Vec::new(), Vec::new());
        let views = desk.views_to_show()?;
        let counts = desk.counts(&views)?;
        for (view, count) in views.into_iter().zip(counts) {
            // A colleague's view may ask for what this actor may not read: it is not there for them.
            let Some(count) = count else { continue };
            let href = format!("/{}?view={}", view.entity, view.code);
            let key = format!("{}.{}", view.entity, view.code);
            let shown = Pinned { key, label: view.label, href, count, urgent: view.urgent };
            if view.remind && count > 0 {
                reminders.push(shown.clone());
            }
            if view.pinned {
                pinned.push(shown);
            }
        }
        let company = match catalog.parameter("company_short") {
            "" => catalog.parameter("company_name").to_owned(),
            short => short.to_owned(),
        };
        let rail = cookie(headers, "ky_rail") == Some("1");
        Ok(Frame { company, modules, creates, pinned, reminders, rail, today: desk.today().to_string() })
    }
}

/// The whole page; only its main part where htmx asked for no more.
pub fn page(visitor: &Visitor, frame: &Frame, headers: &HeaderMap, page: Page) -> Response {
    let partial = headers.get("hx-target").is_some_and(|it| it.as_bytes().starts_with(b"main"));
    if partial {
        let title = html! { title { (page.title) " · 客源" } };
        return (page.status, html! { (title) (main_part(&page)) }).into_response();
    }
    let news = page.toast.is_none().then(|| news(visitor, frame, headers));
    let page = match &news {
        Some((Some(toast), _)) => Page { toast: Some(toast.clone()), ..page },
        _ => page,
    };
    let mut response = (page.status, whole(visitor, frame, &page)).into_response();
    if let Some(cookie) = news.and_then(|it| it.1).and_then(|it| it.parse().ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// On the first page after signing in: a toast that names a red reminder with more rows than at the last sign-in, and
/// the cookie that remembers today's.
fn news(visitor: &Visitor, frame: &Frame, headers: &HeaderMap) -> (Option<String>, Option<String>) {
    let user = visitor.actor.user.to_string();
    let session = visitor.session.to_string();
    let told: Vec<&str> = cookie(headers, "ky_red").unwrap_or_default().split('~').collect();
    if told.first() == Some(&session.as_str()) {
        return (None, None);
    }
    let before = |key: &str| {
        let known = told.get(1) == Some(&user.as_str());
        let found = told.iter().filter(|_| known).find_map(|it| it.strip_prefix(key)?.strip_prefix(':'));
        found.and_then(|it| it.parse::<i64>().ok()).unwrap_or_default()
    };
    let red: Vec<&Pinned> = frame.reminders.iter().filter(|it| it.urgent).collect();
    let lang = visitor.lang();
    let toast = red.iter().find(|it| it.count > before(&it.key)).map(|it| {
        let title = format!("{} {}", it.label, amount(it.count, 0, 0));
        let text = t(lang, "上次登录之后有新的", "There are new ones since you last signed in");
        let action = t(lang, "查看", "Show");
        serde_json::json!({ "kind": "warn", "title": title, "text": text, "href": it.href, "action": action })
            .to_string()
    });
    let counts: String = red.iter().map(|it| format!("~{}:{}", it.key, it.count)).collect();
    let cookie = format!("ky_red={session}~{user}{counts}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax");
    (toast, Some(cookie))
}

fn main_part(page: &Page) -> Markup {
    html! {
        main id="main" class=(page.class) tabindex="-1" {
            (page.body)
            @if let Some(toast) = &page.toast { div hidden data-toast=(toast) {} }
        }
    }
}

pub fn head(lang: Lang, title: &str) -> Markup {
    html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width, initial-scale=1";
        title { (title) " · " (t(lang, "客源", "Keyuan")) }
        meta name="htmx-config" content="{\"includeIndicatorCSS\":false,\"defaultSettleDelay\":0}";
        link rel="icon" href=(assets::path("favicon.svg"));
        link rel="preload" as="font" type="font/woff2" crossorigin href=(assets::path("inter-latin.woff2"));
        link rel="stylesheet" href=(assets::path("keyuan.css"));
        script defer src=(assets::path("keyuan.js")) {}
    }
}

fn whole(visitor: &Visitor, frame: &Frame, page: &Page) -> Markup {
    let lang = visitor.lang();
    html! {
        (DOCTYPE)
        html lang=(lang.tag()) data-theme=(visitor.theme) data-icons=(assets::path("icons.svg")) data-today=(frame.today) {
            // Nothing is painted before the whole page is there, so nothing shifts while it arrives.
            head { (head(lang, &page.title)) link rel="expect" href="#end" blocking="render"; }
            body {
                a class="ky-skip" href="#main" { (t(lang, "跳到主要内容", "Skip to content")) }
                div class={ "ky-shell" @if frame.rail { " is-rail" } } {
                    (side(visitor, frame, page))
                    (top(visitor, frame, page))
                    (main_part(page))
                    (tabbar(lang, frame, page))
                    div class="ky-toasts" id="toasts" role="status" aria-live="polite" {}
                    p class="ky-hidden" id="live" role="status" aria-live="polite" {}
                    dialog class="ky-dialog" id="dialog" {}
                    dialog class="ky-drawer" id="drawer" {}
                    (crate::palette::dialog(lang))
                    (crate::help::keys(lang))
                }
                span id="end" hidden {}
            }
        }
    }
}

fn side(visitor: &Visitor, frame: &Frame, page: &Page) -> Markup {
    let lang = visitor.lang();
    let current = |code: &str| (page.at == code).then_some("page");
    html! {
        aside class="ky-side" {
            a class="ky-brand" href="/" { (logo()) b class="ky-text" { (t(lang, "客源", "Keyuan")) } small class="ky-text" { (frame.company) } }
            nav class="ky-nav" aria-label=(t(lang, "主导航", "Main")) {
                ul {
                    li { a href="/" aria-current=[current("home")] data-key="G H" { (icon("home")) span class="ky-text" { (t(lang, "工作台", "Workbench")) } } }
                    @for (n, group) in frame.modules.iter().enumerate() {
                        @let open = group.entries.iter().any(|it| it.code == page.at);
                        @let first = group.entries.first().map_or("", |it| it.code);
                        li {
                            a href={ "/" (first) } aria-expanded=[open.then_some("true")] data-key=[(n == 0).then_some("G C")] {
                                (icon(group.icon)) span class="ky-text" { (group.label) }
                                (icon(if open { "chevron-down" } else { "chevron-right" }))
                            }
                            @if open {
                                ul {
                                    @for entry in &group.entries {
                                        li { a href={ "/" (entry.code) } aria-current=[current(entry.code)] { (entry.label) } }
                                    }
                                }
                            }
                        }
                    }
                }
                @if !frame.pinned.is_empty() {
                    div class="ky-nav-label" { span class="ky-text" { (t(lang, "置顶视图", "Pinned views")) } }
                    ul {
                        @for view in &frame.pinned {
                            li { a href=(view.href) class=[(view.urgent && view.count > 0).then_some("is-hot")] {
                                (icon(if view.urgent { "alert-circle" } else { "star" })) span class="ky-text" { (view.label) }
                                span class={ "ky-n" @if view.urgent && view.count > 0 { " is-bad" } } { (view.count) }
                            } }
                        }
                    }
                }
            }
            div class="ky-side-foot" {
                a class="ky-grow" href="/settings" aria-current=[current("settings")] data-key="G S" { (icon("settings")) span class="ky-text" { (t(lang, "设置", "Settings")) } }
                button class="ky-iconbtn" type="button" data-rail aria-label=(t(lang, "收起侧栏", "Fold the sidebar")) { (icon("layout-sidebar-left-collapse")) }
            }
        }
    }
}

fn top(visitor: &Visitor, frame: &Frame, page: &Page) -> Markup {
    let lang = visitor.lang();
    html! {
        header class="ky-top" {
            ol class="ky-crumb" {
                @for (label, href) in &page.crumbs { li { a href=(href) { (label) } } }
                li { h1 { (page.title) } }
            }
            @if let Some(pin) = &page.pin { (star(pin, lang)) }
            span class="ky-grow" {}
            button class="ky-search-button" type="button" data-palette data-key="Ctrl+K" {
                (crate::ui::icon14("search")) (t(lang, "搜索客户、商品、菜单…", "Search customers, products, menus…")) kbd { "Ctrl K" }
            }
            @if !frame.creates.is_empty() {
                details class="ky-menu ky-desktop" data-menu {
                    summary class="ky-iconbtn" aria-label=(t(lang, "快速新建", "Create")) { (icon18("plus")) }
                    div class="ky-pop is-menu is-right" { (creates(frame)) }
                }
            }
            (bell(frame, lang))
            a class="ky-iconbtn ky-desktop" href={ "/help/at/" (page.at) } aria-label=(t(lang, "帮助", "Help")) { (icon18("help")) }
            details class="ky-menu" data-menu {
                summary class="ky-me" { (avatar(&visitor.name, "is-large")) span { (visitor.name) small { (visitor.post) } } }
                div class="ky-pop is-menu is-right" {
                    a href="/me" { (icon("user")) (t(lang, "我的账户", "My account")) }
                    a class="ky-phone" href="/settings" { (icon("settings")) (t(lang, "设置", "Settings")) }
                    a href={ "/help/at/" (page.at) } { (icon("help")) (t(lang, "使用手册", "User's guide")) }
                    button type="button" data-dialog="keys" { (icon("keyboard")) (t(lang, "快捷键", "Keys")) kbd { "?" } }
                    button type="button" data-theme-set="toggle" { (icon("moon")) (t(lang, "浅色 / 深色", "Light / dark")) }
                    form method="post" action="/me/language" {
                        input type="hidden" name="language" value=(if lang == Lang::Zh { "en" } else { "zh" });
                        button { (icon("language")) (if lang == Lang::Zh { "English" } else { "中文" }) }
                    }
                    hr;
                    form method="post" action="/logout" { button { (icon("logout")) (t(lang, "退出", "Sign out")) } }
                }
            }
        }
    }
}

/// What has rows in a reminder, each with the way to them.
fn bell(frame: &Frame, lang: Lang) -> Markup {
    let count = frame.reminders.len();
    html! {
        details class="ky-menu" data-menu {
            summary class="ky-iconbtn" aria-label={ (t(lang, "提醒", "Reminders")) " " (count) } {
                (icon18("bell")) @if count > 0 { span class="ky-dot" { (count) } }
            }
            div class="ky-pop is-menu is-right" {
                @if count == 0 { p class="ky-pop-body ky-mute" { (t(lang, "现在没有提醒", "No reminders now")) } }
                @for it in &frame.reminders {
                    a href=(it.href) {
                        (icon(if it.urgent { "alert-circle" } else { "bell" })) (it.label)
                        span class={ "ky-n" @if it.urgent { " is-bad" } } { (amount(it.count, 0, 0)) }
                    }
                }
            }
        }
    }
}

fn creates(frame: &Frame) -> Markup {
    html! { @for (label, sign, href) in &frame.creates { a href=(href) { (icon(sign)) (label) } } }
}

fn star(pin: &Pin, lang: Lang) -> Markup {
    let says = t(lang, "置顶到侧栏", "Pin to the sidebar");
    html! {
        @match pin {
            Pin::Toggle(to, on) => { button class="ky-iconbtn is-star ky-desktop" type="button" hx-post=(to) hx-swap="none" aria-pressed=(on) aria-label=(says) title=(says) { (icon("star")) } }
            Pin::Save(from) => { button class="ky-iconbtn is-star ky-desktop" type="button" hx-get=(from) hx-target="#dialog" aria-label=(says) title=(says) { (icon("star")) } }
        }
    }
}

/// The bar at the bottom of a phone.
fn tabbar(lang: Lang, frame: &Frame, page: &Page) -> Markup {
    let current = |code: &str| (page.at == code).then_some("page");
    let first = frame.modules.iter().find_map(|it| Some((it.icon, it.entries.first()?)));
    html! {
        nav class="ky-tabbar" aria-label=(t(lang, "底部导航", "Bottom")) {
            a href="/" aria-current=[current("home")] { (icon("home")) span { (t(lang, "工作台", "Bench")) } }
            @if let Some((sign, entry)) = first { a href={ "/" (entry.code) } aria-current=[current(entry.code)] { (icon(sign)) span { (entry.label) } } }
            @if !frame.creates.is_empty() {
                details data-menu {
                    summary class="is-add" aria-label=(t(lang, "快速新建", "Create")) { (icon18("plus")) }
                    div class="ky-pop is-menu" { (creates(frame)) }
                }
            }
            button type="button" data-palette { (icon("search")) span { (t(lang, "搜索", "Search")) } }
            a href="/me" aria-current=[current("me")] { (icon("user")) span { (t(lang, "我的", "Me")) } }
        }
    }
}
