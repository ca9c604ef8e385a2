//! The frame of every page: navigation, top bar, the places where dialogs and toasts appear.

use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Response};
use base::Lang;
use maud::{DOCTYPE, Markup, html};
use model::{Desk, EntityDef, Error, Query, Result};

use crate::assets;
use crate::ui::{avatar, icon, icon18, logo, t};
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
}

impl Page {
    pub fn new(title: impl Into<String>, at: impl Into<String>, body: Markup) -> Page {
        let (title, at) = (title.into(), at.into());
        Page { title, crumbs: Vec::new(), at, class: "ky-main", body, toast: None }
    }
}

/// What the frame shows of the house, read in the same transaction as the page.
pub struct Frame {
    company: String,
    modules: Vec<Group>,
    pinned: Vec<Pinned>,
    reminders: i64,
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

struct Pinned {
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
        let (mut pinned, mut reminders) = (Vec::new(), 0);
        for view in desk.views_to_show()? {
            // A colleague's view may ask for what this actor may not read: it is not there for them.
            let count = match desk.count(view.entity, &Query::parse(&view.query).unwrap_or_default()) {
                Err(Error::Invalid(_) | Error::NotFound { .. }) => continue,
                count => count?,
            };
            if view.remind && count > 0 {
                reminders += 1;
            }
            if view.pinned {
                let href = format!("/{}?view={}", view.entity, view.code);
                pinned.push(Pinned { label: view.label, href, count, urgent: view.urgent });
            }
        }
        let company = match catalog.parameter("company_short") {
            "" => catalog.parameter("company_name").to_owned(),
            short => short.to_owned(),
        };
        let rail = cookie(headers, "ky_rail") == Some("1");
        Ok(Frame { company, modules, pinned, reminders, rail, today: desk.today().to_string() })
    }
}

/// The whole page; only its main part where htmx asked for no more.
pub fn page(visitor: &Visitor, frame: &Frame, headers: &HeaderMap, page: Page) -> Response {
    let partial = headers.get("hx-target").is_some_and(|it| it.as_bytes().starts_with(b"main"));
    if partial {
        let title = html! { title { (page.title) " · 客源" } };
        return Html((html! { (title) (main_part(&page)) }).into_string()).into_response();
    }
    Html(whole(visitor, frame, &page).into_string()).into_response()
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
            head { (head(lang, &page.title)) }
            body {
                a class="ky-skip" href="#main" { (t(lang, "跳到主要内容", "Skip to content")) }
                div class={ "ky-shell" @if frame.rail { " is-rail" } } {
                    (side(visitor, frame, page))
                    (top(visitor, frame, page))
                    (main_part(page))
                    (tabbar(lang, page))
                    div class="ky-toasts" id="toasts" role="status" aria-live="polite" {}
                    p class="ky-hidden" id="live" role="status" aria-live="polite" {}
                    dialog class="ky-dialog" id="dialog" {}
                    dialog class="ky-drawer" id="drawer" {}
                    (crate::palette::dialog(lang))
                    (crate::help::keys(lang))
                }
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
                    li { a href="/" aria-current=[current("home")] { (icon("home")) span class="ky-text" { (t(lang, "工作台", "Workbench")) } } }
                    @for group in &frame.modules {
                        @let open = group.entries.iter().any(|it| it.code == page.at);
                        @let first = group.entries.first().map_or("", |it| it.code);
                        li {
                            a href={ "/" (first) } aria-expanded=[open.then_some("true")] {
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
            span class="ky-grow" {}
            button class="ky-search-button" type="button" data-palette data-key="Ctrl+K" {
                (crate::ui::icon14("search")) (t(lang, "搜索客户、商品、菜单…", "Search customers, products, menus…")) kbd { "Ctrl K" }
            }
            a class="ky-iconbtn" href="/#reminders" aria-label={ (t(lang, "提醒", "Reminders")) " " (frame.reminders) } {
                (icon18("bell")) @if frame.reminders > 0 { span class="ky-dot" { (frame.reminders) } }
            }
            a class="ky-iconbtn ky-desktop" href={ "/help/" (page.at) } aria-label=(t(lang, "帮助", "Help")) { (icon18("help")) }
            details class="ky-menu" data-menu {
                summary class="ky-me" { (avatar(&visitor.name, "is-large")) span { (visitor.name) small { (visitor.post) } } }
                div class="ky-pop is-menu is-right" {
                    a href="/me" { (icon("user")) (t(lang, "我的账户", "My account")) }
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

fn tabbar(lang: Lang, page: &Page) -> Markup {
    let current = |code: &str| (page.at == code).then_some("page");
    html! {
        nav class="ky-tabbar" aria-label=(t(lang, "底部导航", "Bottom")) {
            a href="/" aria-current=[current("home")] { (icon("home")) span { (t(lang, "工作台", "Bench")) } }
            button type="button" data-palette { (icon("search")) span { (t(lang, "搜索", "Search")) } }
            a href="/settings" aria-current=[current("settings")] { (icon("settings")) span { (t(lang, "设置", "Settings")) } }
            a href="/me" aria-current=[current("me")] { (icon("user")) span { (t(lang, "我的", "Me")) } }
        }
    }
}
