//! The frame of every page: navigation, top bar, the places where dialogs and toasts appear.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::Lang;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use model::{Desk, EntityDef, Module, OwnPage, ReportDef, Result, Shown};

use crate::assets;
use crate::list::table::new_label;
use crate::ui::{avatar, count, icon, icon14, icon18, logo, t};
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
    /// The business by its modules.
    modules: Vec<(&'static Module, Vec<&'static EntityDef>)>,
    pages: Vec<&'static OwnPage>,
    reports: Vec<&'static ReportDef>,
    /// What can be made anew.
    creates: Vec<&'static EntityDef>,
    /// Views that remind or are pinned, with how many rows each has.
    views: Vec<(Shown, i64)>,
    rail: bool,
    today: String,
}

/// The business that an actor has a right to: what stands in the navigation, without the settings.
pub fn business(desk: &Desk, right: &str) -> Vec<&'static EntityDef> {
    let is_business = |it: &&'static EntityDef| !matches!(it.module, "" | "settings");
    let all = desk.catalog().registry.all().filter(is_business);
    all.filter(|it| desk.may(it, right).is_ok()).collect()
}

fn address(view: &Shown) -> String {
    format!("/{}?view={}", view.entity, view.code)
}

impl Frame {
    pub fn read(desk: &mut Desk, headers: &HeaderMap) -> Result<Frame> {
        let shown = desk.views_to_show()?;
        let counts = desk.counts(&shown)?;
        // A colleague's view may ask for what this actor may not read: it is not there for them.
        let views = shown.into_iter().zip(counts).filter_map(|(view, rows)| Some((view, rows?))).collect();
        let readable = business(desk, "read");
        let catalog = desk.catalog();
        let of = |module: &Module| readable.iter().filter(|it| it.module == module.code).copied().collect();
        let modules = catalog.registry.modules.iter().map(|it| (it, of(it)));
        let modules = modules.filter(|(_, defs): &(_, Vec<_>)| !defs.is_empty()).collect();
        let pages = catalog.registry.modules.iter().flat_map(|it| it.pages);
        let pages = pages.filter(|it| desk.may((it.of)(), "read").is_ok()).collect();
        let company = match catalog.parameter("company_short") {
            "" => catalog.parameter("company_name"),
            short => short,
        };
        let (company, creates) = (company.to_owned(), business(desk, "create"));
        let reports = desk.reports();
        let (rail, today) = (cookie(headers, "ky_rail") == Some("1"), desk.today().to_string());
        Ok(Frame { company, modules, pages, reports, creates, views, rail, today })
    }

    /// What has rows in a reminder.
    fn reminders(&self) -> impl Iterator<Item = &(Shown, i64)> + Clone {
        self.views.iter().filter(|it| it.0.remind && it.1 > 0)
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
    let key = |it: &Shown| format!("{}.{}", it.entity, it.code);
    let before = |it: &Shown| {
        let is_known = told.get(1) == Some(&user.as_str());
        let found =
            told.iter().filter(|_| is_known).find_map(|one| one.strip_prefix(&key(it))?.strip_prefix(':'));
        found.and_then(|it| it.parse::<i64>().ok()).unwrap_or_default()
    };
    let red = frame.reminders().filter(|it| it.0.urgent);
    let lang = visitor.lang();
    let toast = red.clone().find(|(view, rows)| *rows > before(view)).map(|(view, rows)| {
        let title = format!("{} {}", view.label, count(*rows));
        let text = t(lang, "上次登录之后有新的", "There are new ones since you last signed in");
        let (href, action) = (address(view), t(lang, "查看", "Show"));
        serde_json::json!({ "kind": "warn", "title": title, "text": text, "href": href, "action": action })
            .to_string()
    });
    let counts: String = red.map(|(view, rows)| format!("~{}:{rows}", key(view))).collect();
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

fn head(lang: Lang, title: &str) -> Markup {
    html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width, initial-scale=1";
        title { (title) " · " (t(lang, "客源", "Keyuan")) }
        meta name="htmx-config" content="{\"includeIndicatorCSS\":false,\"defaultSettleDelay\":0}";
        link rel="icon" href=(assets::path("favicon.svg"));
        link rel="preload" as="font" type="font/woff2" crossorigin href=(assets::path("inter-latin.woff2"));
        link rel="stylesheet" href=(assets::path("keyuan.css"));
        script defer src=(assets::path("keyuan.js")) {}
        link rel="expect" href="#end" blocking="render";
    }
}

/// A page without the frame.
pub fn plain(lang: Lang, theme: &str, title: &str, class: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(lang.tag()) data-theme=(theme) data-icons=(assets::path("icons.svg")) {
            head { (head(lang, title)) }
            body class=(class) { (body) (END) }
        }
    }
}

/// The end of a body: nothing is painted before it is there, so nothing shifts while the page arrives.
const END: PreEscaped<&str> = PreEscaped("<span id=\"end\" hidden></span>");

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
                    (tabbar(lang, frame, page))
                    div class="ky-toasts" id="toasts" role="status" aria-live="polite" {}
                    p class="ky-hidden" id="live" role="status" aria-live="polite" {}
                    dialog class="ky-dialog" id="dialog" {}
                    dialog class="ky-drawer" id="drawer" {}
                    (crate::palette::dialog(lang))
                    (crate::help::keys(lang))
                }
                (END)
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
                    @for (n, (module, defs)) in frame.modules.iter().enumerate() {
                        @let own: Vec<_> = module.pages.iter().filter(|it| frame.pages.iter().any(|own| own.code == it.code)).collect();
                        @let open = defs.iter().any(|it| it.code == page.at) || own.iter().any(|it| it.code == page.at);
                        li {
                            a href={ "/" (defs[0].code) } aria-expanded=[open.then_some("true")] data-key=[(n == 0).then_some("G C")] {
                                (icon(module.icon)) span class="ky-text" { (module.label.of(lang)) }
                                (icon(if open { "chevron-down" } else { "chevron-right" }))
                            }
                            @if open {
                                ul {
                                    @for it in own { li { a href={ "/" (it.code) } aria-current=[current(it.code)] { (it.label.of(lang)) } } }
                                    @for it in defs { li { a href={ "/" (it.code) } aria-current=[current(it.code)] { (it.many(lang)) } } }
                                }
                            }
                        }
                    }
                }
                @if !frame.reports.is_empty() { ul { (reports(frame, page, lang)) } }
                @if frame.views.iter().any(|it| it.0.pinned) {
                    div class="ky-nav-label" { span class="ky-text" { (t(lang, "置顶视图", "Pinned views")) } }
                    ul {
                        @for (view, rows) in frame.views.iter().filter(|it| it.0.pinned) {
                            @let is_hot = view.urgent && *rows > 0;
                            li { a href=(address(view)) class=[is_hot.then_some("is-hot")] {
                                (icon(if view.urgent { "alert-circle" } else { "star" })) span class="ky-text" { (view.label) }
                                span class={ "ky-n" @if is_hot { " is-bad" } } { (rows) }
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

/// The reports, as a module of their own.
fn reports(frame: &Frame, page: &Page, lang: Lang) -> Markup {
    let at = page.at.strip_prefix("report");
    html! {
        li {
            a href="/report" aria-expanded=[at.map(|_| "true")] aria-current=[(at == Some("")).then_some("page")] {
                (icon("chart-histogram")) span class="ky-text" { (t(lang, "报表", "Reports")) }
                (icon(if at.is_some() { "chevron-down" } else { "chevron-right" }))
            }
            @if let Some(at) = at {
                ul { @for it in &frame.reports {
                    li { a href={ "/report/" (it.code) } aria-current=[(at.strip_prefix('/') == Some(it.code)).then_some("page")] { (it.label.of(lang)) } }
                } }
            }
        }
    }
}

fn top(visitor: &Visitor, frame: &Frame, page: &Page) -> Markup {
    let lang = visitor.lang();
    html! {
        header class="ky-top" {
            @if let Some((label, href)) = page.crumbs.last() { a class="ky-iconbtn ky-phone" href=(href) aria-label={ (t(lang, "回到 ", "Back to ")) (label) } { (icon("chevron-left")) } }
            ol class="ky-crumb" {
                @for (label, href) in &page.crumbs { li { a href=(href) { (label) } } }
                li { h1 { (page.title) } }
            }
            @if let Some(pin) = &page.pin { (star(pin, lang)) }
            span class="ky-grow" {}
            button class="ky-search-button" type="button" data-palette data-key="Ctrl+K" {
                (icon14("search")) (t(lang, "搜索客户、单据、商品、菜单…", "Search customers, documents…")) kbd { "Ctrl K" }
            }
            @if !frame.creates.is_empty() {
                details class="ky-menu ky-desktop" data-menu {
                    summary class="ky-iconbtn" aria-label=(t(lang, "快速新建", "Create")) { (icon18("plus")) }
                    div class="ky-pop is-menu is-right" { (creates(frame, lang)) }
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

fn bell(frame: &Frame, lang: Lang) -> Markup {
    let all = frame.reminders().count();
    html! {
        details class="ky-menu" data-menu {
            summary class="ky-iconbtn" aria-label={ (t(lang, "提醒", "Reminders")) " " (all) } {
                (icon18("bell")) @if all > 0 { span class="ky-dot" { (all) } }
            }
            div class="ky-pop is-menu is-right" {
                @if all == 0 { p class="ky-pop-body ky-mute" { (t(lang, "现在没有提醒", "No reminders now")) } }
                @for (it, rows) in frame.reminders() {
                    a href=(address(it)) {
                        (icon(if it.urgent { "alert-circle" } else { "bell" })) (it.label)
                        span class={ "ky-n" @if it.urgent { " is-bad" } } { (count(*rows)) }
                    }
                }
            }
        }
    }
}

fn creates(frame: &Frame, lang: Lang) -> Markup {
    html! { @for it in &frame.creates { a href={ "/" (it.code) "/new" } { (icon(it.icon)) (new_label(it.label.of(lang), lang)) } } }
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
    html! {
        nav class="ky-tabbar" aria-label=(t(lang, "底部导航", "Bottom")) {
            a href="/" aria-current=[current("home")] { (icon("home")) span { (t(lang, "工作台", "Bench")) } }
            @if let Some((module, defs)) = frame.modules.first() { a href={ "/" (defs[0].code) } aria-current=[current(defs[0].code)] { (icon(module.icon)) span { (defs[0].many(lang)) } } }
            @if !frame.creates.is_empty() {
                details data-menu {
                    summary class="is-add" aria-label=(t(lang, "快速新建", "Create")) { (icon18("plus")) }
                    div class="ky-pop is-menu" { (creates(frame, lang)) }
                }
            }
            button type="button" data-palette { (icon("search")) span { (t(lang, "搜索", "Search")) } }
            a href="/me" aria-current=[current("me")] { (icon("user")) span { (t(lang, "我的", "Me")) } }
        }
    }
}
