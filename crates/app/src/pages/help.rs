//! The user's guide, inside the program: its chapters are the files under `docs/guide`, in both languages.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, PreEscaped, html};
use model::search::{self, Source};
use model::{Error, Lang};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use web::shell::Page;
use web::ui::{icon, icon14, t};
use web::{Answer, At, Site, Visit};

/// One chapter as it is written.
pub struct Chapter {
    pub name: &'static str,
    zh: &'static str,
    en: &'static str,
    /// The pages that it explains: the navigation's codes, and parts of addresses that begin with `/`.
    at: &'static [&'static str],
}

macro_rules! guide {
    ($($name:literal: $at:expr),* $(,)?) => {
        &[$(Chapter {
            name: $name,
            zh: include_str!(concat!("../../../../docs/guide/zh/", $name, ".md")),
            en: include_str!(concat!("../../../../docs/guide/en/", $name, ".md")),
            at: $at,
        }),*]
    };
}

/// In reading order.
pub static GUIDE: &[Chapter] = guide! {
    "start": &["home", "me"],
    "find": &["/filter", "/view", "/columns"],
    "customers": &["customer", "contact", "product"],
    "duplicates": &["/merge"],
    "handover": &["/transfer", "/claim", "/release"],
    "sales": &["sale_order", "sale", "sale_return", "sale_entry", "price_list", "performance"],
    "stock": &["stock_in", "stock_count", "stock_entry", "stock_level", "warehouse"],
    "accounts": &["settle", "statement", "bank_line", "receipt", "refund", "receivable_opening", "cash_move", "cash_entry", "receivable", "allocation", "credit_rule", "credit_grant"],
    "reports": &["report", "/report"],
    "import": &["import_batch", "/import", "/export", "/print"],
    "batch": &["/batch"],
    "settings": &["settings", "code_entry", "parameter", "custom_field", "number_rule", "job", "access", "/settings/codes", "/settings/fields"],
    "users": &["user", "role", "department", "/settings/users", "/settings/roles", "/settings/departments"],
    "backup": &["/settings/backup", "/settings/clear", "/settings/integrity"],
    "keyboard": &["keys"],
    "phone": &["phone"],
    "api": &["token", "/api", "/settings/tokens"],
};

/// One picture of `docs/guide/pictures`, which the browser tests take.
pub struct Picture {
    /// As chapters name it.
    pub at: &'static str,
    /// As the program serves it: another picture has another name.
    pub name: &'static str,
    pub width: u32,
    pub height: u32,
    bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/pictures.rs"));

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/help", get(index))
        .route("/help/{chapter}", get(chapter))
        .route("/help/at/{*at}", get(at))
        .route("/help/image/{name}", get(image))
}

impl Chapter {
    pub fn text(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::Zh => self.zh,
            Lang::En => self.en,
        }
    }

    /// The first line, without its mark.
    pub fn title(&self, lang: Lang) -> &'static str {
        self.text(lang).lines().next().unwrap_or_default().trim_start_matches('#').trim()
    }
}

/// The chapter that explains a page: `code` is the navigation's entry, `path` the address when it is known.
pub fn chapter_of(code: &str, path: &str) -> Option<&'static Chapter> {
    let by_path = GUIDE.iter().find(|it| it.at.iter().any(|at| at.starts_with('/') && path.contains(at)));
    // A list is about finding, a card about its record.
    let is_list =
        path.trim_matches('/').split('/').count() == 1 && path.len() > 1 && code == path.trim_matches('/');
    let find = || GUIDE.iter().find(|it| it.name == "find").filter(|_| is_list);
    by_path.or_else(find).or_else(|| GUIDE.iter().find(|it| it.at.contains(&code)))
}

async fn at(headers: HeaderMap, At(code): At<String>) -> Response {
    let from = headers.get(header::REFERER).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let path = from.split_once("://").and_then(|it| it.1.split_once('/')).map_or("", |it| it.1);
    let path = format!("/{}", path.split(['?', '#']).next().unwrap_or_default());
    let to = chapter_of(&code, &path).map_or("/help".to_owned(), |it| format!("/help/{}", it.name));
    Redirect::to(&to).into_response()
}

async fn image(At(name): At<String>) -> Response {
    const KEEP: &str = "private, max-age=31536000, immutable";
    match PICTURES.iter().find(|it| it.name == name) {
        Some(it) => {
            ([(header::CONTENT_TYPE, "image/webp"), (header::CACHE_CONTROL, KEEP)], it.bytes).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn index(visit: Visit) -> Answer {
    let lang = visit.lang();
    let typed = visit.value("q").unwrap_or_default().trim().chars().take(80).collect::<String>();
    let body = if typed.is_empty() { contents(lang) } else { found(&typed, lang) };
    show(&visit, None, &typed, &body).await
}

async fn chapter(visit: Visit, At(name): At<String>) -> Answer {
    let lang = visit.lang();
    let at = GUIDE.iter().position(|it| it.name == name).ok_or_else(|| Error::missing(name))?;
    let near = |at: Option<usize>| at.and_then(|at| GUIDE.get(at));
    let body = html! {
        article class="ky-guide-text" { (PreEscaped(render(GUIDE[at].text(lang)))) }
        nav class="ky-guide-near" aria-label=(t(lang, "前后章节", "Chapters before and after")) {
            @if let Some(it) = near(at.checked_sub(1)) { a href={ "/help/" (it.name) } { (icon14("chevron-left")) (it.title(lang)) } }
            span class="ky-grow" {}
            @if let Some(it) = near(Some(at + 1)) { a href={ "/help/" (it.name) } { (it.title(lang)) (icon14("chevron-right")) } }
        }
    };
    show(&visit, Some(&GUIDE[at]), "", &body).await
}

async fn show(visit: &Visit, open: Option<&'static Chapter>, typed: &str, body: &Markup) -> Answer {
    let lang = visit.lang();
    let body = html! {
        div class={ "ky-guide" @if open.is_some() { " is-open" } } {
            nav aria-label=(t(lang, "目录", "Contents")) {
                form class="ky-find" action="/help" role="search" {
                    (icon14("search"))
                    input type="search" name="q" value=(typed) data-find aria-label=(t(lang, "在手册中查找", "Find in the guide")) placeholder=(t(lang, "在手册中查找", "Find in the guide"));
                }
                ol {
                    @for it in GUIDE {
                        @let here = open.is_some_and(|open| open.name == it.name);
                        li {
                            a href={ "/help/" (it.name) } aria-current=[here.then_some("page")] { (it.title(lang)) }
                            @if here { ul { @for (id, label) in sections(it, lang) { li { a href={ "#" (id) } { (label) } } } } }
                        }
                    }
                }
            }
            div class="ky-guide-body" { (body) }
        }
    };
    let guide = t(lang, "使用手册", "User's guide");
    let mut page = Page::new(open.map_or(guide, |it| it.title(lang)), "help", body);
    page.class = "ky-main is-flush";
    if open.is_some() {
        page.crumbs = vec![(guide.into(), "/help".into())];
    }
    visit.show(|_| Ok(page)).await
}

/// All chapters with their first sentence.
fn contents(lang: Lang) -> Markup {
    html! {
        article class="ky-guide-text" {
            h2 { (t(lang, "使用手册", "User's guide")) }
            ul class="ky-guide-all" {
                @for it in GUIDE {
                    li { a href={ "/help/" (it.name) } { (icon("book")) b { (it.title(lang)) } } p { (lead(it, lang)) } }
                }
            }
        }
    }
}

fn lead(chapter: &Chapter, lang: Lang) -> String {
    pieces(chapter.text(lang)).swap_remove(0).2
}

/// The sections of a chapter: id and heading.
pub fn sections(chapter: &Chapter, lang: Lang) -> Vec<(String, String)> {
    pieces(chapter.text(lang)).into_iter().skip(1).map(|it| (it.0, it.1)).collect()
}

/// A chapter cut at its second headings: id, heading, plain text. What stands before the first has no id.
fn pieces(text: &str) -> Vec<(String, String, String)> {
    let mut pieces = vec![(String::new(), String::new(), String::new())];
    let (mut heading, mut picture) = (false, false);
    // The title is not part of the text.
    let text = text.split_once('\n').map_or("", |it| it.1);
    for event in Parser::new_ext(text, options()) {
        let last = pieces.last_mut().expect("there is a first piece");
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H2, id, .. }) => {
                heading = true;
                pieces.push((id.map_or(String::new(), CowStr::into_string), String::new(), String::new()));
            }
            Event::End(TagEnd::Heading(_)) => heading = false,
            Event::Start(Tag::Image { .. }) => picture = true,
            Event::End(TagEnd::Image) => picture = false,
            _ if picture => {}
            Event::Text(text) | Event::Code(text) if heading => last.1.push_str(&text),
            Event::Text(text) | Event::Code(text) => last.2.push_str(&text),
            Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::TableCell) | Event::SoftBreak => {
                last.2.push(' ')
            }
            _ => {}
        }
    }
    pieces
}

/// The sections that hold what was typed; headings also by pinyin.
fn found(typed: &str, lang: Lang) -> Markup {
    let wanted = typed.to_lowercase();
    let query = search::query(typed);
    let mut lines = Vec::new();
    for chapter in GUIDE {
        for (id, heading, text) in pieces(chapter.text(lang)) {
            let label = if heading.is_empty() { chapter.title(lang) } else { heading.as_str() };
            let by_name = query.as_ref().is_some_and(|it| search::matches(it, &[(Source::Text, label)]));
            let at = text.to_lowercase().find(&wanted);
            if by_name || at.is_some() {
                let href = format!("/help/{}{}{id}", chapter.name, if id.is_empty() { "" } else { "#" });
                let around = around(&text, at, wanted.chars().count());
                lines.push((!by_name, href, chapter.title(lang), label.to_owned(), around));
            }
        }
    }
    lines.sort_by_key(|it| it.0);
    html! {
        article class="ky-guide-text" {
            h2 { @match lang { Lang::Zh => { "找到 " (lines.len()) " 处“" (typed) "”" } Lang::En => { (lines.len()) " places with “" (typed) "”" } } }
            @if lines.is_empty() { p { (t(lang, "换一个说法，或从左边的目录里找。", "Try another word, or look through the contents at the left.")) } }
            ul class="ky-guide-all" {
                @for (_, href, chapter, label, (before, hit, after)) in &lines {
                    li { a href=(href) { b { (label) } } " " small class="ky-mute" { (chapter) } p { (before) mark { (hit) } (after) } }
                }
            }
        }
    }
}

/// Some text before a find, the find, some behind it.
fn around(text: &str, at: Option<usize>, length: usize) -> (String, String, String) {
    let start = at.map_or(0, |at| text.to_lowercase()[..at].chars().count());
    let length = if at.is_some() { length } else { 0 };
    let take = |from: usize, count: usize| text.chars().skip(from).take(count).collect::<String>();
    let first = start.saturating_sub(24);
    (take(first, start - first), take(start, length), take(start + length, 60))
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_HEADING_ATTRIBUTES
}

/// Markdown as HTML: raw HTML is shown as it was typed, links among the files lead to the chapters, pictures come from
/// the program.
fn render(text: &str) -> String {
    let mut picture: Option<(&Picture, String)> = None;
    let events = Parser::new_ext(text, options()).map(|event| match event {
        Event::Start(Tag::Image { dest_url, .. }) => {
            picture = PICTURES.iter().find(|it| it.at == &*dest_url).map(|it| (it, String::new()));
            Event::Text("".into())
        }
        Event::Text(text) if let Some((_, alt)) = &mut picture => {
            alt.push_str(&text);
            Event::Text("".into())
        }
        Event::End(TagEnd::Image) => Event::Html(picture.take().map_or(String::new(), shown).into()),
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url: inside(&dest_url).into(), title, id })
        }
        // The page's own title stands in the top bar, so everything below is one step lower.
        Event::Start(Tag::Heading { level, id, classes, attrs }) => {
            Event::Start(Tag::Heading { level: lower(level), id, classes, attrs })
        }
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lower(level))),
        event => event,
    });
    let mut out = String::new();
    pulldown_cmark::html::push_html(&mut out, events);
    out
}

/// A picture at its own size or as wide as the text, which leads to it alone.
fn shown((picture, alt): (&Picture, String)) -> String {
    let at = format!("/help/image/{}", picture.name);
    let markup = html! {
        a href=(at) { img src=(at) alt=(alt) width=(picture.width) height=(picture.height) loading="lazy" decoding="async"; }
    };
    markup.into_string()
}

fn lower(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H2,
        HeadingLevel::H2 => HeadingLevel::H3,
        _ => HeadingLevel::H4,
    }
}

/// `customers.md#edit` is `/help/customers#edit`.
fn inside(href: &str) -> String {
    match href.split_once(".md") {
        Some((name, rest)) if !href.contains('/') => format!("/help/{name}{rest}"),
        _ => href.to_owned(),
    }
}
