//! Print previews of lists and cards: pages of their own, with who printed what, and when.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use maud::{Markup, PreEscaped, html};
use model::{Desk, EntityDef, Error, Format, Kind, Label, Lang, Query, Result, Row, Value};

use crate::act::ask::unit;
use crate::document::{self, Paper};
use crate::list::ask::Ask;
use crate::list::cell::Cells;
use crate::list::table::{columns, counted, figure};
use crate::list::words;
use crate::ui::{icon14, none, t};
use crate::visit::{Answer, At, Visit};
use crate::{Site, shell};

/// Most rows of one sheet; an export takes more.
const MOST: usize = 5_000;
const PIECE: usize = 500;

pub fn routes() -> Router<Site> {
    Router::new().route("/{entity}/print", get(list)).route("/{entity}/{id}/print", get(card))
}

/// A sheet, and what history keeps of it.
pub struct Sheet {
    pub title: String,
    pub body: Markup,
    pub entity: &'static str,
    pub query: String,
    pub rows: i64,
    pub back: String,
    /// Other papers that it may be printed on.
    pub papers: Markup,
}

async fn list(visit: Visit, At(entity): At<String>) -> Answer {
    let (raw, name) = (visit.raw.clone(), visit.visitor.name.clone());
    let draw = move |desk: &mut Desk| {
        let def = desk.entity(&entity)?;
        list_sheet(desk, def, &raw, &name)
    };
    paper(&visit, visit.read(draw).await?).await
}

async fn card(visit: Visit, At((entity, id)): At<(String, i64)>) -> Answer {
    let (name, paper_of) = (visit.visitor.name.clone(), visit.value("paper").unwrap_or_default());
    let draw = move |desk: &mut Desk| match desk.entity(&entity)?.lines {
        Some(_) => document_sheet(desk, &entity, id, &name, &paper_of),
        None => card_sheet(desk, &entity, id, &name),
    };
    paper(&visit, visit.read(draw).await?).await
}

pub async fn paper(visit: &Visit, sheet: Sheet) -> Answer {
    let (entity, query, rows) = (sheet.entity, sheet.query.clone(), sheet.rows);
    // What leaves the house on paper is recorded before it is shown.
    visit.write(move |desk| desk.take("print", entity, &query, rows)).await?;
    let lang = visit.lang();
    let body = html! {
        div class="ky-paper-bar" {
            a class="ky-btn is-small" href=(sheet.back) { (t(lang, "返回", "Back")) }
            (sheet.papers)
            span class="ky-grow" {}
            button class="ky-btn is-small is-primary" type="button" data-print data-key="Ctrl+P" { (icon14("printer")) (t(lang, "打印", "Print")) kbd { "Ctrl P" } }
        }
        (sheet.body)
    };
    Ok(shell::plain(lang, "light", &sheet.title, "ky-paper", &body).into_response())
}

/// Who printed it, for which house, when.
pub fn stamp(desk: &Desk, name: &str) -> String {
    let catalog = desk.catalog();
    let now = catalog.zone.to_datetime(desk.now()).strftime("%Y-%m-%d %H:%M").to_string();
    let company = catalog.parameter("company_name");
    match desk.actor.lang {
        Lang::Zh => format!("{company}　{name} 打印于 {now}"),
        Lang::En => format!("{company} · printed by {name} on {now}"),
    }
}

/// What an address asks for; a selection names its rows, `all=1` and a page say everything that matches.
pub fn selected(desk: &mut Desk, def: &'static EntityDef, raw: &str) -> Result<(Ask, Option<String>)> {
    let ids = form_urlencoded::parse(raw.as_bytes()).find(|it| it.0 == "ids").map(|it| it.1.into_owned());
    let mut ask = Ask::read(desk, def, raw)?;
    if let Some(ids) = &ids {
        let it = model::Condition { field: "id".into(), op: model::Op::Is, value: ids.clone() };
        ask.query.terms = vec![model::Term::One(it)];
    }
    Ok((ask, ids))
}

fn list_sheet(desk: &mut Desk, def: &'static EntityDef, raw: &str, name: &str) -> Result<Sheet> {
    let lang = desk.actor.lang;
    let (ask, ids) = selected(desk, def, raw)?;
    let names = columns(desk, &ask);
    let query = Query {
        columns: names,
        size: Some(PIECE),
        page: None,
        after: None,
        group: None,
        ..ask.query.clone()
    };
    let mut list = desk.list(def.code, &query)?;
    let totals = desk.totals(&list)?;
    if totals.count > MOST as i64 {
        let says = Label {
            zh: "一次最多打印 5,000 行，请缩小筛选范围，或导出 Excel",
            en: "At most 5,000 rows can be printed at once; narrow the filter or export to Excel",
        };
        return Err(Error::refused("too_many_rows", says));
    }
    let cells = Cells::of(desk);
    let (mut body, mut rows) = (String::new(), 0);
    loop {
        let shown = list.columns.clone();
        let next = desk.each(&list, &mut |row: &dyn Row| {
            rows += 1;
            let line = html! {
                tr { @for column in &shown {
                    td class=[column.field.kind.is_amount().then_some("is-number")] { (cells.text(column, row)) }
                } }
            };
            body.push_str(&line.0);
            Ok(())
        })?;
        match next {
            Some(next) => list.go_on(next),
            None => break,
        }
    }
    let sum = |name: &str| totals.sums.iter().find(|it| it.0 == name).and_then(|it| it.1);
    let first =
        list.columns.iter().position(|it| sum(it.field.name).is_some()).unwrap_or(list.columns.len()).max(1);
    let title =
        ask.view.as_ref().map_or_else(|| def.many(lang), |it| format!("{} · {}", def.many(lang), it.label));
    let article = html! {
        article class="ky-sheet" {
            header {
                div { h1 { (title) } p { (conditions(desk, &ask, ids.is_some())?) } }
                small { (stamp(desk, name)) }
            }
            table {
                thead { tr { @for column in &list.columns {
                    th scope="col" class=[column.field.kind.is_amount().then_some("is-number")] {
                        (column.field.label.of(lang)) @let unit = unit(column.field, lang); @if !unit.is_empty() { " " (unit) }
                    }
                } } }
                tbody { (PreEscaped(body)) }
                tfoot { tr {
                    td colspan=(first) { (t(lang, "合计 ", "Total ")) (counted(&totals, lang)) }
                    @for column in &list.columns[first..] {
                        td class="is-number" { @if let Some(sum) = sum(column.field.name) { (figure(column.field.kind, sum)) } }
                    }
                } }
            }
        }
    };
    let back = if ids.is_some() { format!("/{}", def.code) } else { ask.link(&[]) };
    Ok(Sheet {
        title,
        body: article,
        entity: def.code,
        query: ids.map_or_else(|| ask.filter(), |it| format!("id={it}")),
        rows,
        back,
        papers: html! {},
    })
}

/// The filter and the order in words.
pub fn conditions(desk: &mut Desk, ask: &Ask, is_selection: bool) -> Result<String> {
    let lang = desk.actor.lang;
    let mut parts = Vec::new();
    if is_selection {
        parts.push(t(lang, "选中的记录", "Selected records").to_owned());
    } else {
        if !ask.query.q.is_empty() {
            parts.push(format!("{} {}", t(lang, "查找", "Find"), ask.query.q));
        }
        for term in &ask.query.terms {
            let (label, value) = words::term(desk, ask.def, term)?;
            parts.push(format!("{label} {value}"));
        }
        if parts.is_empty() {
            parts.push(t(lang, "全部", "All").to_owned());
        }
    }
    for (name, down) in &ask.query.sort {
        let label = words::label(desk, ask.def, name);
        parts.push(match (lang, down) {
            (Lang::Zh, true) => format!("按{label}从高到低"),
            (Lang::Zh, false) => format!("按{label}从低到高"),
            (Lang::En, true) => format!("by {label}, descending"),
            (Lang::En, false) => format!("by {label}"),
        });
    }
    Ok(parts.join(t(lang, "；", "; ")))
}

/// A heading and its fields: label, text, and whether it takes the whole width.
type Section = (&'static str, Vec<(&'static str, String, bool)>);

fn card_sheet(desk: &mut Desk, entity: &str, id: i64, name: &str) -> Result<Sheet> {
    let lang = desk.actor.lang;
    let card = desk.get(entity, id)?;
    let def = card.def;
    let cells = Cells::of(desk);
    let mut sections: Vec<Section> = Vec::new();
    for part in crate::card::part::parts(&card, lang) {
        let mut fields = Vec::new();
        for (field, value) in &part.fields {
            let text = match value {
                None => "***".to_owned(),
                Some(value) => shown(desk, &cells, field, value)?,
            };
            if !text.is_empty() {
                fields.push((field.label.of(lang), text, field.format == Format::Long));
            }
        }
        sections.push((part.title, fields));
    }
    let mut children = Vec::new();
    for child in desk.catalog().registry.children(def) {
        if let Some(table) = child_table(desk, &cells, def, id, child)? {
            children.push(table);
        }
    }
    let body = html! {
        article class="ky-sheet is-card" {
            header {
                div { h1 lang=[cells.foreign(&card.title)] { (card.title) } p { (def.label.of(lang)) } }
                small { (stamp(desk, name)) }
            }
            @for (section, fields) in sections.iter().filter(|it| !it.1.is_empty()) {
                @if !section.is_empty() { h2 { (section) } }
                dl { @for (label, text, is_long) in fields { div class=[is_long.then_some("is-full")] { dt { (label) } dd { (text) } } } }
            }
            @for child in &children { (child) }
        }
    };
    let (title, query, back) = (card.title.clone(), format!("id={id}"), format!("/{entity}/{id}"));
    Ok(Sheet { title, body, entity: def.code, query, rows: 1, back, papers: html! {} })
}

/// A document as it goes to whom it is for.
fn document_sheet(desk: &mut Desk, entity: &str, id: i64, name: &str, code: &str) -> Result<Sheet> {
    let lang = desk.actor.lang;
    let card = desk.get(entity, id)?;
    let now = Paper::of(code);
    let body = document::paper(desk, &card, now, &stamp(desk, name))?;
    let papers = html! {
        nav class="ky-seg" aria-label=(t(lang, "纸张", "Paper")) {
            @for it in &Paper::ALL { a href={ "?paper=" (it.code) } aria-current=[(it.code == now.code).then_some("page")] { (t(lang, it.zh, it.en)) } }
        }
    };
    let (title, query, back) = (card.title.clone(), format!("id={id}"), format!("/{entity}/{id}"));
    Ok(Sheet { title, body, entity: card.def.code, query, rows: 1, back, papers })
}

pub fn shown(
    desk: &mut Desk,
    cells: &Cells,
    field: &'static model::FieldDef,
    value: &Value,
) -> Result<String> {
    match field.kind {
        Kind::Link(_) if field.is_empty(value) => Ok(String::new()),
        Kind::Link(_) => desk.shown(field, value),
        _ => Ok(cells.value(field, value.cell())),
    }
}

fn child_table(
    desk: &mut Desk,
    cells: &Cells,
    def: &'static EntityDef,
    id: i64,
    child: &'static EntityDef,
) -> Result<Option<Markup>> {
    let lang = desk.actor.lang;
    let rows = desk.rows_of(def, id, child)?;
    let fields: Vec<_> = child.fields.iter().filter(|it| it.list && desk.may_see(child, it)).collect();
    if rows.is_empty() || fields.is_empty() {
        return Ok(None);
    }
    let mut lines = Vec::new();
    for row in &rows {
        let mut line = Vec::new();
        for field in &fields {
            let found = row.fields.iter().find(|it| it.0.name == field.name).map(|it| &it.1);
            line.push(match found {
                Some(Some(value)) => shown(desk, cells, field, value)?,
                Some(None) => "***".to_owned(),
                None => String::new(),
            });
        }
        lines.push(line);
    }
    Ok(Some(html! {
        h2 { (child.many(lang)) }
        table {
            thead { tr { @for field in &fields { th scope="col" { (field.label.of(lang)) } } } }
            tbody { @for line in &lines { tr { @for text in line { td { @if text.is_empty() { (none()) } @else { (text) } } } } } }
        }
    }))
}
