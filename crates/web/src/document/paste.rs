//! Lines from elsewhere: rows of a spreadsheet, text such as `DN20球阀 30个`, the last document of the same customer.

use model::{Desk, EntityDef, FieldDef, Input, Kind, Label, Lang, Result, Suggestion, target_of};
use serde_json::{Map, Value as Json, json};

use super::{brought, columns, copied, filled_head, id_of, lines_of};
use crate::ui::t;
use crate::visit::{Answer, At, Sent, Visit};
use axum::response::IntoResponse;

/// A row as it was understood: what its goods are called, and the texts of its other fields.
#[derive(Default)]
struct Read {
    name: String,
    texts: Vec<(&'static FieldDef, String)>,
}

/// The fields that a line without heads is read into.
struct Places {
    title: &'static FieldDef,
    /// How many, then for how much.
    amounts: Vec<&'static FieldDef>,
    open: Vec<&'static FieldDef>,
}

/// Rows for the grid, as controls hold them: `{field: [value, text]}`, and what could not be found.
pub async fn lines(visit: Visit, At(entity): At<String>, Sent(input): Sent) -> Answer {
    let answer = visit.read(move |desk| answer(desk, &entity, &input)).await?;
    Ok(axum::Json(answer).into_response())
}

fn answer(desk: &mut Desk, entity: &str, input: &Input) -> Result<Json> {
    let def = desk.entity(entity)?;
    if desk.may(def, "create").is_err() {
        desk.may(def, "update")?;
    }
    let (line, lang) = (lines_of(def)?, desk.actor.lang);
    if let Some(within) = id_of(input.fields.get("again")) {
        let Some(last) = desk.last_within(entity, within)? else {
            return Ok(
                json!({ "rows": [], "says": t(lang, "还没有可以带入的单据", "There is none to repeat yet") }),
            );
        };
        let copy = copied(desk, def, last)?;
        let mut rows = Vec::new();
        for row in copy.rows.get(line.code).into_iter().flatten() {
            rows.push(held(desk, line, row)?);
        }
        return Ok(json!({ "rows": rows }));
    }
    // What the head names has lines of its own to begin with.
    if input.fields.contains_key("_bring") {
        let mut given = input.clone();
        given.fields.retain(|name, _| !name.starts_with('_'));
        let card = desk.blank(entity, &given)?;
        let mut rows = Vec::new();
        for row in brought(desk, &card)?.rows.values().flatten() {
            rows.push(held(desk, line, row)?);
        }
        return Ok(json!({ "rows": rows, "head": filled_head(desk, &card)? }));
    }
    let open = columns(desk, line).into_iter().filter(|it| it.open).map(|it| it.field).collect::<Vec<_>>();
    let title = line.title_field();
    let quantity = open.iter().filter(|it| it.required && it.kind.is_amount());
    let price = open.iter().filter(|it| matches!(it.kind, Kind::Price));
    let amounts = quantity.chain(price).copied().collect();
    let places = Places { title, amounts, open };
    let (mut rows, mut lost) = (Vec::new(), Vec::new());
    for it in read(input.text("text"), &places) {
        let mut row: Input = it.texts.iter().map(|(field, text)| (field.name, text.clone())).collect();
        match found(desk, line, title, &it.name)? {
            Some(it) => row.set(title.name, it.value),
            None => lost.push(it.name.clone()),
        }
        let mut held = held(desk, line, &row)?;
        if row.text(title.name).is_empty() {
            // It stays as it was written, for a person to choose.
            held.insert(title.name.to_owned(), json!(["", it.name]));
        }
        rows.push(held);
    }
    let says = match (lost.as_slice(), lang) {
        ([], _) => Json::Null,
        (lost, Lang::Zh) => format!("没有认出，或不止一种：{}", lost.join("、")).into(),
        (lost, Lang::En) => format!("Not found, or more than one: {}", lost.join(", ")).into(),
    };
    Ok(json!({ "rows": rows, "says": says }))
}

/// A row as controls hold it.
fn held(desk: &mut Desk, line: &'static EntityDef, row: &Input) -> Result<Map<String, Json>> {
    let mut held = Map::new();
    for (name, given) in &row.fields {
        let Some(field) = desk.catalog().field(line, name) else { continue };
        let text = given.text();
        let shown = match (field.kind, field.kind.parse(text)) {
            (Kind::Link(_) | Kind::Code, Some(value)) if !text.is_empty() => desk.shown(field, &value)?,
            _ => text.to_owned(),
        };
        held.insert(name.clone(), json!([text, shown]));
    }
    Ok(held)
}

/// What a name means, if it means one thing: that number or name exactly, or the only one that fits.
fn found(
    desk: &mut Desk,
    line: &'static EntityDef,
    title: &'static FieldDef,
    name: &str,
) -> Result<Option<Suggestion>> {
    if name.is_empty() {
        return Ok(None);
    }
    let mut all = desk.options(line, title, name, &Input::default(), 20)?;
    let same = |it: &Suggestion| it.hint.eq_ignore_ascii_case(name) || it.title == name;
    let exact: Vec<usize> = (0..all.len()).filter(|&n| same(&all[n])).collect();
    Ok(match (exact.as_slice(), all.len()) {
        ([n], _) => Some(all.swap_remove(*n)),
        ([], 1) => all.pop(),
        _ => None,
    })
}

fn read(text: &str, places: &Places) -> Vec<Read> {
    let mut heads: Option<Vec<Option<&'static FieldDef>>> = None;
    let mut rows = Vec::new();
    for line in text.lines().map(|it| it.trim_matches(['\r', ' '])).filter(|it| !it.trim().is_empty()) {
        if !line.contains('\t') {
            rows.push(sentence(line, places));
            continue;
        }
        let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
        let named: Vec<_> = cells.iter().map(|it| field_called(it, places)).collect();
        if heads.is_none() && rows.is_empty() && named.iter().flatten().count() >= 2 {
            heads = Some(named);
            continue;
        }
        rows.push(match &heads {
            Some(heads) => headed(&cells, heads, places),
            None => unheaded(&cells, places),
        });
    }
    rows
}

/// The field that a head names, by its own words or by those of what the line is about.
fn field_called(head: &str, places: &Places) -> Option<&'static FieldDef> {
    let head = head.trim_end_matches(['*', '¥', ' ']).to_lowercase();
    let is = |label: Label| label.zh == head || label.en.to_lowercase() == head;
    let has =
        |field: &FieldDef| is(field.label) || field.alias.split('|').any(|it| !it.is_empty() && it == head);
    if let Some(field) = places.open.iter().copied().find(|it| has(it)) {
        return Some(field);
    }
    let to = target_of(places.title)?;
    let names = [Some(to.title_field()), to.field("number").map(|it| it.1)];
    names.into_iter().flatten().any(has).then_some(places.title)
}

fn headed(cells: &[&str], heads: &[Option<&'static FieldDef>], places: &Places) -> Read {
    let mut read = Read::default();
    for (cell, field) in cells.iter().zip(heads).filter(|it| !it.0.is_empty()) {
        match field {
            Some(field) if !std::ptr::eq(*field, places.title) => {
                read.texts.push((field, (*cell).to_owned()));
            }
            // Number and name may both be there: what stands first says it.
            Some(_) if read.name.is_empty() => read.name = (*cell).to_owned(),
            _ => {}
        }
    }
    read
}

/// Cells without heads: the first text is the name, numbers are how many and for how much.
fn unheaded(cells: &[&str], places: &Places) -> Read {
    let mut read = Read::default();
    for cell in cells.iter().filter(|it| !it.is_empty()) {
        match number(cell) {
            Some(number) if !read.name.is_empty() => take(&mut read, number, places),
            _ if read.name.is_empty() => read.name = (*cell).to_owned(),
            _ => {}
        }
    }
    read
}

/// `DN20球阀 30个 @25`: words, then amounts.
fn sentence(line: &str, places: &Places) -> Read {
    let mut read = Read::default();
    let mut words = Vec::new();
    for word in line.split([' ', '　', ',', '，', ';', '；']).filter(|it| !it.is_empty()) {
        match number(word) {
            Some(number) => take(&mut read, number, places),
            None => words.push(word),
        }
    }
    read.name = words.join(" ");
    read
}

fn take(read: &mut Read, number: String, places: &Places) {
    if let Some(field) = places.amounts.get(read.texts.len()) {
        read.texts.push((field, number));
    }
}

/// `30`, `30个`, `×30`, `¥25.50`: a number with at most a sign before and two letters of a unit behind.
fn number(word: &str) -> Option<String> {
    let word = word.trim_start_matches(['×', 'x', 'X', '*', '@', '¥', '￥']);
    let digits = word.trim_start_matches(|it: char| it.is_ascii_digit() || matches!(it, '.' | ','));
    let (number, unit) = word.split_at(word.len() - digits.len());
    let is_unit = unit.chars().count() <= 2 && !unit.chars().any(|it| it.is_ascii_digit());
    (is_unit && model::decimal(number, 4).is_some()).then(|| number.to_owned())
}
