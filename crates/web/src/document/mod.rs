//! The page of every document: head, lines, totals and what is to be said beside them, reckoned by the server while it
//! is written.

mod draw;
mod paper;
mod paste;
pub mod section;

use std::collections::BTreeMap;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::post;
use model::message::{fault, message};
use model::{
    Card, Desk, EntityDef, Error, FieldDef, Given, Input, Kind, Offer, Query, Result, Text, Trial, target_of,
};
use serde_json::{Map, Value as Json, json};

use crate::Site;
use crate::form::{Draft, text_of};
use crate::list::cell::Cells;
use crate::visit::{Answer, At, Sent, Visit};
pub use draw::{overview, page};
pub use paper::{Paper, paper};

pub fn routes() -> Router<Site> {
    Router::new().route("/{entity}/reckon", post(reckon)).route("/{entity}/lines", post(paste::lines))
}

/// The entity of a document's lines.
fn lines_of(def: &'static EntityDef) -> Result<&'static EntityDef> {
    def.lines.map(|it| it()).ok_or_else(|| Error::missing(def.code))
}

/// A column of the line grid.
#[derive(Clone, Copy)]
struct Column {
    field: &'static FieldDef,
    /// Typed into; others are what the server says.
    open: bool,
    /// A figure of the record that the line is about, not of the line.
    other: bool,
}

/// The columns of the lines as far as the actor may see them: the fields in their order, and behind what the line says
/// of amounts, what only the program keeps of its goods.
fn columns(desk: &Desk, line: &'static EntityDef) -> Vec<Column> {
    let of = line.of.map_or("", |at| line.fields[at].name);
    let catalog = desk.catalog().clone();
    let mut columns = Vec::new();
    for field in catalog.fields(line).filter(|it| it.name != of && desk.may_see(line, it)) {
        let open = desk.may_write(line, field);
        if open || field.list {
            columns.push(Column { field, open, other: false });
        }
    }
    // Remarks stand last, behind what the program says.
    let title = line.title_field().name;
    columns.sort_by_key(|it| it.open && it.field.name != title && matches!(it.field.kind, Kind::Text));
    // Where what is written is judged, it matters how much of the goods there is.
    let is_judged = line.parent().is_some_and(|it| it.1.panel.is_some());
    let to = target_of(line.title_field()).filter(|to| is_judged && desk.may(to, "read").is_ok());
    let Some(to) = to else {
        return columns;
    };
    let at = columns.iter().rposition(|it| !it.open).map_or(columns.len(), |at| at + 1);
    let kept = to.fields.iter().chain(to.derived).filter(|it| it.readonly && it.list && it.kind.is_amount());
    let kept =
        kept.filter(|it| desk.may_read(to, it)).map(|field| Column { field, open: false, other: true });
    columns.splice(at..at, kept);
    columns
}

/// What the lines are about, each read once.
#[derive(Default)]
struct Goods(BTreeMap<i64, Option<Card>>);

impl Goods {
    fn of(&mut self, desk: &mut Desk, line: &Card) -> Result<Option<&Card>> {
        let title = line.def.title_field();
        let (Some(to), Some(id)) = (target_of(title), line.value(title.name).map(|it| it.int())) else {
            return Ok(None);
        };
        if id != 0 && !self.0.contains_key(&id) {
            let card = match desk.get(to.code, id) {
                Err(Error::NotFound { .. }) => None,
                card => Some(card?),
            };
            self.0.insert(id, card);
        }
        Ok(self.0.get(&id).and_then(Option::as_ref))
    }

    /// Number and the texts that tell it from others of its name.
    fn about(&mut self, desk: &mut Desk, line: &Card) -> Result<String> {
        let Some(card) = self.of(desk, line)? else { return Ok(String::new()) };
        let title = card.def.title_field().name;
        let told = |field: &FieldDef| field.list && field.name != title && matches!(field.kind, Kind::Text);
        let texts = card.fields.iter().filter(|it| told(it.0)).filter_map(|it| it.1.as_ref());
        Ok(texts.map(|it| it.text()).filter(|it| !it.is_empty()).collect::<Vec<_>>().join("　"))
    }

    /// Where the entries are that make up what a column shows of the goods.
    fn behind(&mut self, desk: &mut Desk, line: &Card, column: &Column) -> Result<Option<String>> {
        let ledger = column.field.behind.filter(|_| column.other);
        let Some(ledger) = ledger.and_then(|it| desk.catalog().registry.entity(it)) else { return Ok(None) };
        let Some(goods) = self.of(desk, line)? else { return Ok(None) };
        let leads = |it: &&FieldDef| target_of(it).is_some_and(|to| std::ptr::eq(to, goods.def));
        let of =
            ledger.fields.iter().find(leads).filter(|_| goods.id != 0 && desk.may(ledger, "read").is_ok());
        Ok(of.map(|of| format!("/{}?view=all&{}={}&sort=-date", ledger.code, of.name, goods.id)))
    }

    /// What a column that is not typed into shows.
    fn shown(&mut self, desk: &mut Desk, cells: &Cells, line: &Card, column: &Column) -> Result<String> {
        let value = match column.other {
            true => self.of(desk, line)?.and_then(|it| it.value(column.field.name)).cloned(),
            false => line.value(column.field.name).cloned(),
        };
        let is_known = self.of(desk, line)?.is_some();
        Ok(match value.filter(|_| is_known) {
            Some(value) => cells.value(column.field, value.cell()),
            None => String::new(),
        })
    }
}

/// What tells a line that a link leads to from others of its name.
pub fn about(desk: &mut Desk, link: &FieldDef, id: i64) -> Result<String> {
    match target_of(link).filter(|to| to.of.is_some()) {
        Some(to) => {
            let line = desk.get(to.code, id)?;
            Goods::default().about(desk, &line)
        }
        None => Ok(String::new()),
    }
}

/// What may be done with a document now, a new one too.
fn offers(desk: &Desk, card: &Card) -> Result<Vec<Offer>> {
    if card.id != 0 {
        let again = |it: &Offer| Offer { verb: it.verb, unless: it.unless };
        return Ok(card.verbs.iter().map(again).collect());
    }
    let def = card.def;
    let mut offers = Vec::new();
    for (n, verb) in def.verbs.iter().enumerate() {
        if desk.may(def, verb.right).is_ok() && (def.ready)(n, &card.record)? {
            offers.push(Offer { verb, unless: None });
        }
    }
    Ok(offers)
}

/// What is being written, as it would be saved: asked after every key, answered with what changed by it.
async fn reckon(visit: Visit, At(entity): At<String>, Sent(mut input): Sent) -> Answer {
    let number = |name: &str| input.text(name).parse::<i64>().ok();
    let (id, at) = (number("_id").unwrap_or(0), number("_at").and_then(|it| usize::try_from(it).ok()));
    input.fields.retain(|name, _| !name.starts_with('_'));
    let answer = visit.read(move |desk| reckoned(desk, &entity, id, &input, at)).await?;
    Ok(axum::Json(answer).into_response())
}

fn reckoned(desk: &mut Desk, entity: &str, id: i64, input: &Input, at: Option<usize>) -> Result<Json> {
    let trial = desk.try_out(entity, id, input, at)?;
    let (def, lang, cells) = (trial.head.def, desk.actor.lang, Cells::of(desk));
    let line = lines_of(def)?;
    let columns = columns(desk, line);
    let mut goods = Goods::default();
    let mut lines = Vec::new();
    for card in &trial.lines {
        let (mut shown, mut filled, mut behind) = (Map::new(), Map::new(), Map::new());
        for column in &columns {
            let name = column.field.name;
            match column.open {
                true => filled
                    .extend(filled_in(desk, &cells, card, column.field)?.map(|it| (name.to_owned(), it))),
                false => {
                    shown.insert(name.to_owned(), goods.shown(desk, &cells, card, column)?.into());
                    behind.extend(goods.behind(desk, card, column)?.map(|to| (name.to_owned(), to.into())));
                }
            }
        }
        let about = goods.about(desk, card)?;
        lines.push(json!({ "shown": shown, "filled": filled, "behind": behind, "about": about }));
    }
    let head = filled_head(desk, &trial.head)?;
    let saved = if id == 0 { None } else { Some(desk.get(entity, id)?) };
    let registry = desk.catalog().registry;
    let faults: Map<String, Json> =
        trial.faults.iter().map(|it| (it.field.clone(), fault(it, lang).into())).collect();
    let place = |it: &model::Fault| model::message::place(registry, def.code, &it.field, lang);
    let says = trial.faults.first().map(|it| format!("{} {}", place(it), fault(it, lang)));
    let says = says.or_else(|| trial.refused.as_ref().map(|it| message(it, registry, def.code, lang)));
    let said = |all: &[(usize, &str, Text)]| {
        all.iter().map(|(n, field, says)| json!([n, field, says.of(lang)])).collect::<Vec<_>>()
    };
    let (warnings, hints) = (said(&trial.panel.warnings), said(&trial.panel.hints));
    let parts = draw::live(desk, &cells, saved.as_ref(), &trial)?;
    Ok(json!({
        "lines": lines, "head": head, "faults": faults, "says": says, "warnings": warnings, "hints": hints,
        "panel": parts.panel.0, "more": parts.more.0, "notice": parts.notice.0, "foot": parts.foot.0,
    }))
}

/// What the controls of a head hold once the checks have filled it in.
fn filled_head(desk: &mut Desk, card: &Card) -> Result<Map<String, Json>> {
    let (cells, mut head) = (Cells::of(desk), Map::new());
    for (field, _) in &card.fields {
        if !desk.may_write(card.def, field) {
            continue;
        }
        head.extend(filled_in(desk, &cells, card, field)?.map(|it| (field.name.to_owned(), it)));
    }
    Ok(head)
}

/// What a control holds once the check has filled it in: what is sent, and what is read.
fn filled_in(desk: &mut Desk, cells: &Cells, card: &Card, field: &'static FieldDef) -> Result<Option<Json>> {
    let Some(value) = card.value(field.name).filter(|it| !field.is_empty(it)) else { return Ok(None) };
    let text = text_of(cells, field, value);
    let shown = match field.kind {
        Kind::Link(_) | Kind::Code => desk.shown(field, value)?,
        _ => text.clone(),
    };
    Ok(Some(json!([text, shown])))
}

/// What to begin a new document with: another one's content where the address asks for that, or the lines of what its
/// head names.
pub fn begun(desk: &mut Desk, card: &Card, asked: &Input) -> Result<Option<Draft>> {
    let def = card.def;
    if def.lines.is_none() {
        return Ok(None);
    }
    if let Ok(id) = asked.text("copy").parse() {
        return Ok(Some(Draft { input: copied(desk, def, id)?, given: true, ..Draft::default() }));
    }
    let mut input = brought(desk, card)?;
    if input.rows.values().all(Vec::is_empty) {
        return Ok(None);
    }
    input.fields = texts(desk, &Cells::of(desk), card, &Draft::default())?.fields;
    Ok(Some(Draft { input, given: true, ..Draft::default() }))
}

/// Another document's content as controls hold it.
fn copied(desk: &mut Desk, def: &'static EntityDef, id: i64) -> Result<Input> {
    let input = desk.copy(def.code, id)?;
    spoken(desk, def, input)
}

/// The lines of what a new document's head names, as controls hold them.
fn brought(desk: &mut Desk, card: &Card) -> Result<Input> {
    let input = desk.brought(card.def.code, card)?;
    spoken(desk, card.def, input)
}

/// Rates are written as per cent.
fn spoken(desk: &mut Desk, def: &'static EntityDef, mut input: Input) -> Result<Input> {
    let (catalog, cells, line) = (desk.catalog().clone(), Cells::of(desk), lines_of(def)?);
    let spoken = |of: &'static EntityDef, input: &mut Input| {
        for (name, given) in &mut input.fields {
            let Some(field) = catalog.field(of, name).filter(|it| matches!(it.kind, Kind::Rate)) else {
                continue;
            };
            if let Some(value) = field.kind.parse(given.text()) {
                *given = Given::Text(text_of(&cells, field, &value));
            }
        }
    };
    spoken(def, &mut input);
    input.rows.values_mut().flatten().for_each(|row| spoken(line, row));
    Ok(input)
}

/// The texts that a page's controls hold, as the browser would send them.
fn texts(desk: &mut Desk, cells: &Cells, card: &Card, draft: &Draft) -> Result<Input> {
    let line = lines_of(card.def)?;
    let open = card.fields.iter().map(|it| it.0).filter(|it| desk.may_write(card.def, it));
    let mut input: Input =
        open.map(|it| (it.name.to_owned(), crate::form::begun(cells, card, it, draft))).collect();
    let rows = match draft.input.rows.get(line.code) {
        Some(rows) if draft.given => rows.clone(),
        _ if card.id == 0 => Vec::new(),
        _ => {
            let columns = columns(desk, line);
            let row = |it: &Card| {
                let open = columns.iter().filter(|it| it.open);
                let text = |field: &'static FieldDef| {
                    it.value(field.name).map_or(String::new(), |value| text_of(cells, field, value))
                };
                let texts = open.map(|it| (it.field.name.to_owned(), text(it.field)));
                texts.chain([("id".to_owned(), it.id.to_string())]).collect()
            };
            desk.rows_of(card.def, card.id, line)?.iter().map(row).collect()
        }
    };
    input.rows.insert(line.code.to_owned(), rows);
    Ok(input)
}

/// The page's content tried out, and what was wrong with what was sent before.
fn tried(desk: &mut Desk, cells: &Cells, card: &Card, draft: &Draft) -> Result<(Input, Trial)> {
    let input = texts(desk, cells, card, draft)?;
    let trial = desk.try_out(card.def.code, card.id, &input, None)?;
    Ok((input, trial))
}

/// Records of other kinds that name this one, each kind with the field that does.
fn related(desk: &mut Desk, card: &Card) -> Vec<(&'static EntityDef, Query)> {
    let def = card.def;
    let lines = def.lines.map(|it| it());
    let links = desk.catalog().registry.links_to(def).filter(|it| {
        !it.0.is_attached() && it.0.of.is_none() && lines.is_none_or(|line| !std::ptr::eq(line, it.0))
    });
    let links: Vec<_> = links.filter(|it| desk.may(it.0, "read").is_ok()).collect();
    let query = |from: &'static EntityDef, at: usize| {
        let (field, value) = (from.fields[at].name.to_owned(), card.id.to_string());
        let term = model::Term::One(model::Condition { field, op: model::Op::Is, value });
        Query { terms: vec![term], size: Some(50), ..Query::default() }
    };
    links.into_iter().map(|(from, at)| (from, query(from, at))).collect()
}

/// A given link as the id it names.
fn id_of(given: Option<&Given>) -> Option<i64> {
    given.and_then(|it| it.text().trim_start_matches('#').parse().ok())
}
