//! The card of every record: what it is, what is to be done, who belongs to it, what happened to it.

mod file;
mod hang;
mod history;
pub mod part;
pub mod rail;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use maud::{Markup, html};
use model::system::{Attachment, Follower, Note, Tag, Team};
use model::{
    Card, Condition, Date, Desk, EntityDef, Error, FieldDef, Format, Input, Kind, Lang, Offer, Op, Panel,
    Query, Result, Stamp, Term, Value,
};

use crate::list::ask::encode;
use crate::list::bar::verb_icon;
use crate::list::cell::{Cells, choice, state};
use crate::shell::Page;
use crate::ui::{count, icon, icon12, icon14, t};
pub use crate::visit::told;
use crate::visit::{Answer, At, Failure, Visit};
use crate::visitor::cookie;
use crate::{Site, says};
use part::Part;
pub use rail::people_of;

/// How far from the start of a list a card still knows its place.
const PLACES: usize = 2_000;
/// Rows of a section that another list holds in full.
const ROWS: usize = 100;
/// What was just done, for the card that opens next: kind and event.
pub const DONE: &str = "ky_done";

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/{entity}/{id}", get(show))
        .route("/{entity}/{id}/part/{n}", get(one_part))
        .route("/{entity}/{id}/follow", post(hang::follow))
        .route("/{entity}/{id}/hang/{kind}/{hung}", get(hang::ask).post(hang::keep))
        .route("/{entity}/{id}/files", post(file::upload).layer(DefaultBodyLimit::disable()))
        .route("/{entity}/{id}/file/{file}", get(file::serve))
        .route("/{entity}/{id}/file/{file}/look", get(file::look))
        .route("/{entity}/{id}/file/{file}/delete", post(file::delete))
}

/// A record about to be drawn, and from where it is looked at.
pub struct View {
    pub card: Card,
    pub parts: Vec<Part>,
    pub cells: Cells,
    /// `/customer/17`
    pub base: String,
    /// The list that the visitor came from, as a query.
    pub from: String,
    /// The section that is open: `overview`, a part's place, an entity's code, `notes`, `files`, `history`.
    pub at: String,
    /// The day whose state is shown, where it is not today's.
    pub past: Option<Date>,
    /// Records within, then child rows, with how many there are.
    pub below: Vec<(&'static EntityDef, i64)>,
    /// Pinned ones first.
    pub notes: Vec<Note>,
    pub files: Vec<Attachment>,
    pub tags: Vec<Tag>,
    pub followers: Vec<Follower>,
    pub team: Vec<Team>,
    /// What the record says of itself.
    pub panel: Panel,
}

impl View {
    pub fn of(desk: &mut Desk, card: Card, asked: &Input) -> Result<View> {
        let from = asked.text("from").to_owned();
        let at = asked.fields.get("at").map_or("overview", |it| it.text()).to_owned();
        let (def, id) = (card.def, card.id);
        let registry = desk.catalog().registry;
        let mut below = Vec::new();
        for within in registry.inside(def).filter(|it| desk.may(it, "read").is_ok()).collect::<Vec<_>>() {
            let rows = desk.count(within.code, &inside_of(within, id))?;
            // Where there is nothing to see or to do there is no tab; a ledger's rows stand behind the figures they make.
            let is_shown = !within.ledger && (rows > 0 || desk.may(within, "create").is_ok());
            if is_shown || at == within.code {
                below.push((within, rows));
            }
        }
        for child in registry.children(def) {
            below.push((child, desk.rows_of(def, id, child)?.len() as i64));
        }
        let cells = Cells::of(desk);
        let (parts, base) = (part::parts(&card, cells.lang), format!("/{}/{id}", def.code));
        let mut notes: Vec<Note> = desk.attached(def.code, id)?;
        notes.sort_by_key(|it| !it.pinned);
        let (files, tags) = (desk.attached(def.code, id)?, desk.attached(def.code, id)?);
        let (followers, team) = (desk.attached(def.code, id)?, desk.attached(def.code, id)?);
        let (past, panel) = (None, if def.lines.is_some() { Panel::default() } else { desk.panel(&card)? });
        Ok(View {
            panel,
            card,
            parts,
            cells,
            base,
            from,
            at,
            past,
            below,
            notes,
            files,
            tags,
            followers,
            team,
        })
    }

    /// The card at another of its sections.
    pub fn to(&self, at: &str) -> String {
        let from = if self.from.is_empty() { String::new() } else { format!("&from={}", encode(&self.from)) };
        let past = self.past.map_or(String::new(), |day| format!("&as_of={day}"));
        format!("{}?at={}{from}{past}", self.base, encode(at))
    }

    /// Who wrote something, and when.
    pub fn said_by(&self, stamp: &Stamp) -> String {
        format!("{} {}", self.cells.person(stamp.creator), self.cells.moment(stamp.created))
    }

    pub fn encoded_origin(&self) -> String {
        encode(&self.from)
    }
}

/// The records of `within` that stand within record `id`.
fn inside_of(within: &EntityDef, id: i64) -> Query {
    let field = within.parent().map_or("", |it| within.fields[it.0].name).to_owned();
    let terms = vec![Term::One(Condition { field, op: Op::Is, value: id.to_string() })];
    Query { terms, ..Query::default() }
}

async fn show(visit: Visit, At((entity, id)): At<(String, i64)>) -> Answer {
    let (code, asked) = (entity.clone(), visit.query());
    let done = cookie(&visit.headers, DONE).map(str::to_owned);
    let was_told = done.is_some();
    match visit.show(move |desk| page(desk, &code, id, &asked, done.as_deref())).await {
        Ok(mut response) if was_told => {
            let gone = format!("{DONE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
            response.headers_mut().extend(gone.parse().map(|it| (header::SET_COOKIE, it)));
            Ok(response)
        }
        // After it was handed over or deleted the page that shows it says so, and keeps the toast with its way back.
        Err(Failure(Error::NotFound { .. })) if visit.is_part() => {
            let lang = visit.lang();
            let body = html! {
                main id="main" class="ky-main" tabindex="-1" {
                    div class="ky-empty" {
                        h2 { (t(lang, "这条记录不再在你这里", "This record is no longer yours to see")) }
                        p { (t(lang, "它被删除，或交给了别人。", "It was deleted, or handed to someone else.")) }
                        p class="ky-row" { a class="ky-btn is-primary" href={ "/" (entity) } { (t(lang, "回到列表", "Back to the list")) } }
                    }
                }
            };
            Ok(body.into_response())
        }
        answer => answer,
    }
}

fn page(desk: &mut Desk, entity: &str, id: i64, asked: &Input, done: Option<&str>) -> Result<Page> {
    let lang = desk.actor.lang;
    let card = desk.get(entity, id)?;
    // A document that may still be written is written where it stands.
    let here = ["at", "as_of"].iter().all(|it| asked.text(it).is_empty());
    if card.def.lines.is_some() && card.editable && here {
        let draft = crate::form::Draft { from: asked.text("from").to_owned(), ..Default::default() };
        let toast = done.and_then(|it| toast(&card, lang, it));
        return Ok(Page { toast, ..crate::document::page(desk, card, &draft)? });
    }
    let mut view = View::of(desk, card, asked)?;
    let mut unborn = false;
    let day = match asked.text("as_of") {
        "" => None,
        day => Some(day.parse::<Date>().map_err(|_| Error::invalid("as_of", "malformed_date"))?),
    };
    if let Some(day) = day.filter(|it| *it < desk.today()) {
        view.past = Some(day);
        match desk.as_of(entity, id, day) {
            Ok(card) => {
                (view.parts, view.card) = (part::parts(&card, lang), card);
                // Records within have a past of their own.
                view.below.retain(|it| it.0.within.is_none());
                for (child, count) in &mut view.below {
                    *count = desk.rows_at(view.card.def, id, child, view.past)?.len() as i64;
                }
            }
            Err(Error::NotFound { .. }) => unborn = true,
            Err(error) => return Err(error),
        }
        (view.card.editable, view.card.deletable, view.panel) = (false, false, Panel::default());
        view.card.verbs.clear();
    }
    let column = if unborn {
        html! {}
    } else {
        column(desk, &view)?
    };
    let rail = if view.past.is_some() {
        html! {}
    } else {
        rail::rail(desk, &view)?
    };
    let body = html! {
        (head(desk, &view)?)
        @if let Some(day) = view.past { (past_banner(&view, day, unborn)) }
        div class="ky-with-rail" {
            div class="ky-column" tabindex="0" role="region" aria-label=(view.card.title) { (column) }
            aside class="ky-rail" aria-label=(t(lang, "下一步和联系人", "Next steps and people")) { (rail) }
        }
        (sticky(&view))
    };
    let def = view.card.def;
    let list = if view.from.is_empty() { "view=*" } else { &view.from };
    let crumbs = vec![(def.many(lang), format!("/{entity}?{list}"))];
    let toast = done.and_then(|it| toast(&view.card, lang, it));
    let class = "ky-main is-flush is-record";
    Ok(Page { crumbs, toast, class, ..Page::new(view.card.title, def.code, body) })
}

/// The toast for what was just done, with its undo.
fn toast(card: &Card, lang: Lang, done: &str) -> Option<String> {
    let (kind, event) = done.split_once('.')?;
    let event: i64 = event.parse().ok()?;
    let (title, undoable) = match kind {
        "create" => (t(lang, "已新建", "Created").to_owned(), card.deletable),
        verb if event == 0 => {
            let label = card.def.verb(verb).ok()?.1.label.of(lang);
            (says!(lang, "{label}：已完成", "{label}: done"), false)
        }
        _ => (t(lang, "已保存", "Saved").to_owned(), true),
    };
    let undo = undoable.then(|| format!("/undo/{event}"));
    let toast = serde_json::json!({ "kind": "ok", "title": title, "text": card.title, "undo": undo });
    Some(toast.to_string())
}

fn past_banner(view: &View, day: Date, unborn: bool) -> Markup {
    let lang = view.cells.lang;
    let says = match unborn {
        true => says!(lang, "{day} 时还没有这条记录。", "This record did not exist on {day}."),
        false => says!(
            lang,
            "这是 {day} 结束时的样子，不能修改；名称和权限按现在的。",
            "As it was at the end of {day}; read only. Names and rights are today's."
        ),
    };
    html! {
        div class="ky-banner" role="status" {
            (icon14("history")) (says)
            a href={ (view.base) "?at=history&from=" (view.encoded_origin()) } { (t(lang, "回到现在", "Back to now")) }
        }
    }
}

fn head(desk: &mut Desk, view: &View) -> Result<Markup> {
    let lang = view.cells.lang;
    let card = &view.card;
    let first: String =
        card.title.chars().find(|it| it.is_alphanumeric()).map(String::from).unwrap_or_default();
    let follows = view.followers.iter().any(|it| it.user.0 == desk.actor.user);
    let is_past = view.past.is_some();
    let hang = |kind: &str| format!("{}/hang/{kind}", view.base);
    Ok(html! {
        div class="ky-head" {
            div class="ky-head-id" {
                span class="ky-tile" aria-hidden="true" { (first) }
                div class="ky-grow" {
                    div class="ky-row" {
                        h2 class="ky-name" lang=[view.cells.foreign(&card.title)] { (card.title) }
                        @for mark in marks(view) { (mark) }
                        @for tag in view.tags.iter().rev() {
                            span class="ky-tag" {
                                a href={ "/" (card.def.code) "?tag=" (encode(&tag.name)) } { (tag.name) }
                                @if !is_past && (card.editable || tag.stamp.creator == desk.actor.user) {
                                    button type="button" hx-post={ (hang("tag")) "/" (tag.id.0) } hx-vals="{\"_delete\":\"1\"}" hx-swap="none" aria-label={ (t(lang, "去掉标签 ", "Remove tag ")) (tag.name) } { (icon12("x")) }
                                }
                            }
                        }
                        @if !is_past {
                            @let follow = if follows { t(lang, "取消关注", "Unfollow") } else { t(lang, "关注", "Follow") };
                            (hang::add(view, "tag", "plus", t(lang, "添加标签", "Add a tag")))
                            button class="ky-iconbtn is-small is-star" type="button" hx-post={ (view.base) "/follow" } hx-swap="none" aria-pressed=(follows.to_string()) title=(follow) aria-label={ (t(lang, "关注", "Follow")) " " (card.title) } { (icon14("star")) }
                        }
                    }
                    div class="ky-facts" { @for fact in facts(desk, view)? { span { (fact) } } }
                }
                (quick(view))
                (actions(desk, view)?)
            }
            (part::strip(desk, view))
            (tabs(view))
        }
    })
}

/// Grades and states that matter, flags that are set.
fn marks(view: &View) -> Vec<Markup> {
    let lang = view.cells.lang;
    let of = |(field, value): &(&'static FieldDef, Option<Value>)| {
        let value = value.as_ref()?;
        let text = view.cells.value(field, value.cell());
        match field.kind {
            Kind::Choice(all) if field.list || matches!(state(value.text()), "is-warn" | "is-bad") => {
                Some(choice(field, all, value.text(), &text, lang))
            }
            Kind::Bool if field.filter && value.int() != 0 => {
                let end = view.card.def.closed.map(|at| view.card.def.fields[at].name);
                let class = match field {
                    _ if end == Some(field.name) => "ky-tag is-bad",
                    field if field.readonly => "ky-tag is-warn",
                    _ => "ky-tag is-info",
                };
                Some(html! { span class=(class) { (field.label.of(lang)) } })
            }
            _ => None,
        }
    };
    view.card.fields.iter().filter_map(of).collect()
}

/// The line of facts: what the list shows, but for what stands elsewhere.
fn facts(desk: &mut Desk, view: &View) -> Result<Vec<Markup>> {
    let lang = view.cells.lang;
    let title = view.card.def.title_field().name;
    let mut facts = Vec::new();
    for (field, value) in &view.card.fields {
        let is_told = field.list
            && field.name != title
            && field.format != Format::Phone
            && matches!(field.kind, Kind::Text | Kind::Code | Kind::Link(_));
        let Some(value) = value.as_ref().filter(|it| is_told && !field.is_empty(it)) else { continue };
        let shown = part::shown(desk, &view.cells, field, Some(value))?;
        facts.push(match field.kind {
            Kind::Link(_) => html! { (field.label.of(lang)) " " b { (shown) } },
            _ => shown,
        });
    }
    facts.truncate(7);
    Ok(facts)
}

fn actions(desk: &mut Desk, view: &View) -> Result<Markup> {
    let lang = view.cells.lang;
    let (card, code) = (&view.card, view.card.def.code);
    let step = |key: &str, name: &str, label: &str, id: Option<i64>| {
        html! {
            @match id {
                Some(id) => { a class="ky-btn is-small is-square" href={ "/" (code) "/" (id) "?at=" (encode(&view.at)) "&from=" (view.encoded_origin()) } data-key=(key) aria-label=(label) title={ (label) " " (key) } { (icon14(name)) } }
                None => { button class="ky-btn is-small is-square" type="button" disabled aria-label=(label) { (icon14(name)) } }
            }
        }
    };
    let mut place = None;
    if let Some(query) = Query::parse(&view.from).filter(|_| !view.from.is_empty() && view.past.is_none()) {
        let found = match desk.neighbours(code, &query, card.id, PLACES) {
            Ok(near) => Some((near, desk.count(code, &query)?)),
            Err(Error::Invalid(_)) => None,
            Err(error) => return Err(error),
        };
        place = found.filter(|it| it.0.place.is_some());
    }
    let (first, more) = verbs(view);
    Ok(html! {
        div class="ky-actions" {
            @if let Some((near, all)) = &place {
                span class="ky-small ky-mute ky-nowrap" { (near.place.unwrap_or_default()) " / " (count(*all)) }
                div class="ky-group" role="group" aria-label=(t(lang, "在列表里", "In the list")) {
                    (step("[", "chevron-up", t(lang, "上一条", "Previous"), near.before))
                    (step("]", "chevron-down", t(lang, "下一条", "Next"), near.after))
                }
            }
            div class="ky-group" role="group" aria-label=(t(lang, "数据进出", "Data in and out")) {
                @if desk.may(card.def, "export").is_ok() { a class="ky-btn is-small" href={ "/" (code) "/export?ids=" (card.id) } { (icon14("download")) (t(lang, "导出", "Export")) } }
                a class="ky-btn is-small" href={ (view.base) "/print" } { (icon14("printer")) (t(lang, "打印", "Print")) }
            }
            @if card.editable { a class="ky-btn is-small" href={ (view.base) "/edit?from=" (view.encoded_origin()) } data-key=[(view.at.parse::<usize>().is_err()).then_some("E")] { (icon14("pencil")) (t(lang, "编辑", "Edit")) } }
            @for (n, verb) in first.iter().enumerate() {
                button class={ "ky-btn is-small" @if n == 0 { " is-primary" } } type="button" hx-get={ (view.base) "/" (verb.verb.name) } hx-target="#dialog" { (icon14(verb_icon(verb.verb.name))) (verb.verb.label.of(lang)) }
            }
            (menu(view, &more, "ky-btn is-small is-square"))
        }
    })
}

/// The first two verbs that may run now, and all others.
fn verbs(view: &View) -> (Vec<&Offer>, Vec<&Offer>) {
    let mut taken = 0;
    view.card.verbs.iter().partition(|it| {
        let fits = taken < 2 && it.unless.is_none() && !it.verb.danger;
        taken += usize::from(fits);
        fits
    })
}

fn menu(view: &View, more: &[&Offer], class: &str) -> Markup {
    let lang = view.cells.lang;
    let deletable = view.card.deletable;
    html! {
        @let is_document = view.card.def.lines.is_some() && view.past.is_none();
        @if deletable || is_document || !more.is_empty() {
            details class="ky-menu" data-menu {
                summary class=(class) aria-label=(t(lang, "更多操作", "More actions")) { (icon14("dots")) }
                div class="ky-pop is-menu is-right" {
                    @for it in more {
                        button type="button" class=[it.verb.danger.then_some("is-danger")] disabled[it.unless.is_some()] title=[it.unless.map(|why| why.of(lang))] hx-get={ (view.base) "/" (it.verb.name) } hx-target="#dialog" { (icon(verb_icon(it.verb.name))) (it.verb.label.of(lang)) }
                    }
                    @if is_document { a href={ "/" (view.card.def.code) "/new?copy=" (view.card.id) } { (icon("copy")) (t(lang, "复制单据", "Copy the document")) } }
                    @if deletable {
                        @if !more.is_empty() { hr; }
                        button type="button" class="is-danger" hx-get={ "/" (view.card.def.code) "/batch/delete?ids=" (view.card.id) } hx-target="#dialog" { (icon("trash")) (t(lang, "删除", "Delete")) }
                    }
                }
            }
        }
    }
}

/// Round buttons of a phone: call, write, note.
fn quick(view: &View) -> Markup {
    let lang = view.cells.lang;
    let of = |format: Format| {
        let texts = view.card.fields.iter().filter(|it| it.0.format == format).filter_map(|it| it.1.as_ref());
        texts.map(|it| it.text()).find(|it| !it.is_empty())
    };
    html! {
        div class="ky-quick" {
            @if let Some(phone) = of(Format::Phone) { a href={ "tel:" (phone) } { (icon("phone")) (t(lang, "电话", "Call")) } }
            @if let Some(email) = of(Format::Email) { a href={ "mailto:" (email) } { (icon("mail")) (t(lang, "邮件", "Mail")) } }
            @if view.past.is_none() { button type="button" hx-get={ (view.base) "/hang/note/new" } hx-target="#dialog" { (icon("message-plus")) (t(lang, "备注", "Note")) } }
            a href=(view.to("files")) { (icon("paperclip")) (t(lang, "文档", "Files")) }
            a href=(view.to("history")) { (icon("history")) (t(lang, "记录", "History")) }
        }
    }
}

fn sticky(view: &View) -> Markup {
    let lang = view.cells.lang;
    let (first, more) = verbs(view);
    let all: Vec<_> = first.iter().skip(1).chain(&more).copied().collect();
    html! {
        @if view.card.editable || !first.is_empty() {
            div class="ky-stickybar" {
                @if view.card.editable { a class="ky-btn is-large" href={ (view.base) "/edit" } { (icon("pencil")) (t(lang, "编辑", "Edit")) } }
                @if let Some(verb) = first.first() { button class="ky-btn is-large is-primary" type="button" hx-get={ (view.base) "/" (verb.verb.name) } hx-target="#dialog" { (icon(verb_icon(verb.verb.name))) (verb.verb.label.of(lang)) } }
                (menu(view, &all, "ky-btn is-large"))
            }
        }
    }
}

fn tabs(view: &View) -> Markup {
    let lang = view.cells.lang;
    let tab = |at: &str, label: &str, rows: Option<i64>| {
        html! {
            a class="ky-tab" href=(view.to(at)) aria-current=[(view.at == at).then_some("page")] { (label) @if let Some(rows) = rows { span class="ky-n" { (count(rows)) } } }
        }
    };
    let sections = view.parts.len() - 1;
    let is_part = view.at == DETAILS || view.at.parse::<usize>().is_ok();
    // What has rows comes first, and all that would make a second row stands behind one button.
    let mut below: Vec<_> = view.below.iter().collect();
    below.sort_by_key(|it| it.1 == 0 && it.0.code != view.at);
    let shown = below.iter().filter(|it| it.1 > 0 || it.0.code == view.at).count().clamp(FEW, TABS);
    let more = below.split_off(shown.min(below.len()));
    html! {
        div class="ky-sections" {
            nav class="ky-tabs is-sections" aria-label=(t(lang, "档案分区", "Sections")) {
                (tab("overview", t(lang, "概览", "Overview"), None))
                @if sections > FEW {
                    a class="ky-tab" href=(view.to(DETAILS)) aria-current=[is_part.then_some("page")] { (t(lang, "静态信息", "Details")) }
                } @else {
                    @for (n, part) in view.parts.iter().enumerate().take(sections) { (tab(&n.to_string(), part.title, None)) }
                }
                span class="ky-sep" {}
                @for (def, rows) in below { (tab(def.code, &def.many(lang), Some(*rows))) }
                @if view.past.is_none() {
                    (tab("notes", t(lang, "备注", "Notes"), Some(view.notes.len() as i64)))
                    (tab("files", t(lang, "文档", "Files"), Some(view.files.len() as i64)))
                }
                (tab("history", t(lang, "变更记录", "History"), None))
            }
            @if !more.is_empty() {
                details class="ky-menu" data-menu {
                    summary class="ky-tab" { (t(lang, "更多", "More")) (icon12("chevron-down")) }
                    nav class="ky-pop is-menu is-right" aria-label=(t(lang, "更多分区", "More sections")) {
                        @for (def, rows) in more { a href=(view.to(def.code)) aria-current=[(view.at == def.code).then_some("page")] { (def.many(lang)) span class="ky-n" { (count(*rows)) } } }
                    }
                }
            }
        }
    }
}

/// All sections of fields under one another.
const DETAILS: &str = "details";
/// More sections of fields than these stand behind one tab; so many entities below have one even without rows, and no
/// more than these have one.
const FEW: usize = 3;
const TABS: usize = 7;

/// A section with its heading, how much it holds, and what can be done there.
fn section(
    part: Option<&str>,
    class: &str,
    title: &str,
    rows: Option<usize>,
    tools: &Markup,
    body: &Markup,
) -> Markup {
    html! {
        section class=(class) id=[part.map(|it| format!("part-{it}"))] {
            header { h2 { (title) } @if let Some(rows) = rows { span class="ky-count" { (rows) } } span class="ky-grow" {} (tools) }
            (body)
        }
    }
}

/// What the open section shows.
fn column(desk: &mut Desk, view: &View) -> Result<Markup> {
    let last = view.parts.len() - 1;
    let now = view.past.is_none();
    match view.at.as_str() {
        "history" => return history::history(desk, view),
        "files" if now => return Ok(file::list(desk, view)),
        DETAILS => {
            let panels: Vec<_> =
                (0..last).map(|n| part::panel(desk, view, n, false)).collect::<Result<_>>()?;
            return Ok(html! { @for it in panels { (it) } });
        }
        "notes" if now => return Ok(hang::notes(desk, view)),
        at => {
            if let Some(n) = at.parse().ok().filter(|it| *it <= last) {
                return part::panel(desk, view, n, false);
            }
            if let Some((below, _)) = view.below.iter().find(|it| it.0.code == at) {
                return rail::panel(desk, view, below, false);
            }
        }
    }
    if view.card.def.lines.is_some() {
        return crate::document::overview(desk, view);
    }
    let moves = if now { desk.moves(&view.card)? } else { None };
    let (mut panels, mut children) = (Vec::new(), Vec::new());
    for n in 0..=last {
        panels.push(part::panel(desk, view, n, true)?);
    }
    let said = |it: &model::Section| html! { section class="ky-card is-said" { (crate::document::section::section(&view.cells, it)) } };
    let said: Vec<_> = view.panel.sections.iter().map(said).collect();
    panels.splice(1.min(panels.len())..1.min(panels.len()), said);
    for (child, _) in view.below.iter().filter(|it| it.1 > 0 && it.0.within.is_none()) {
        children.push(rail::panel(desk, view, child, true)?);
    }
    Ok(html! {
        @if let Some(it) = &moves { (crate::document::section::notice(&view.cells, &view.card, it)) }
        div class="ky-halves" { @for panel in &panels { (panel) } }
        @for child in &children { (child) }
    })
}

/// A section by itself: as it is read after editing was given up, or as the form that edits it in place.
async fn one_part(visit: Visit, At((entity, id, n)): At<(String, i64, String)>) -> Answer {
    let asked = visit.query();
    let draw = move |desk: &mut Desk| {
        let (read, brief) = (asked.text("read") == "1", asked.text("brief") == "1");
        let card = desk.get(&entity, id)?;
        let view = View::of(desk, card, &asked)?;
        let child = view.below.iter().map(|it| it.0).find(|it| it.code == n && it.within.is_none());
        let place = n.parse::<usize>().ok().filter(|it| *it < view.parts.len());
        match (place, child) {
            (Some(n), _) if read => part::panel(desk, &view, n, brief),
            (_, Some(child)) if read => rail::panel(desk, &view, child, brief),
            (None, None) => Err(Error::missing(format!("{entity}/{id}/{n}"))),
            _ => crate::form::in_place(desk, view.card, &n, &crate::form::Draft::default(), brief),
        }
    };
    visit.show(draw).await
}
