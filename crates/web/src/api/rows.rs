//! Lists and records as JSON. Rows of a list go from the database's buffer to bytes without a tree of values between.

use model::system::{Department, Role, User};
use model::{
    Card, Catalog, Cell, Column, Date, Desk, Entity, EntityDef, Error, FieldDef, Kind, Money, Price,
    Quantity, Query, Result, Row, target_of,
};
use serde_json::{Map, Value as Json, json};

use super::{Answer, Call, ok};

impl Call {
    /// `GET /customer?owner=me&sort=-name&size=50&after=…`
    pub(super) async fn list(self, def: &'static EntityDef) -> Answer {
        let text = self.query.clone();
        let (body, rows) = self.read(def, move |desk| list(desk, def, &text)).await?;
        let counted = self.site.read_on(&self.visitor, "api", def.code, self.query.clone(), rows).await;
        counted.map_err(super::Fail::of(def))?;
        Ok(ok(body))
    }
}

fn list(desk: &mut Desk, def: &'static EntityDef, text: &str) -> Result<(Vec<u8>, usize)> {
    let query = Query::parse(text).ok_or_else(|| Error::invalid("query", "query_too_long"))?;
    let list = desk.list(def.code, &query)?;
    let catalog = desk.catalog().clone();
    let mut out = Vec::with_capacity(16 << 10);
    let mut count = 0;
    out.extend_from_slice(b"{\"rows\":[");
    let next = desk.each(&list, &mut |row| {
        out.extend_from_slice(if count == 0 { b"{\"id\":" } else { b",{\"id\":" });
        count += 1;
        plain(&mut out, Kind::Int, row.cell(0));
        for column in &list.columns {
            out.extend_from_slice(b",\"");
            out.extend_from_slice(column.field.name.as_bytes());
            out.extend_from_slice(b"\":");
            cell(&mut out, &catalog, column, row);
        }
        out.push(b'}');
        Ok(())
    })?;
    out.push(b']');
    if query.count {
        let totals = desk.totals(&list)?;
        out.extend_from_slice(format!(",\"total\":{}", totals.count).as_bytes());
        if totals.at_least {
            out.extend_from_slice(b",\"at_least\":true");
        }
    }
    out.extend_from_slice(b",\"next\":");
    match next {
        Some(next) => string(&mut out, &next),
        None => out.extend_from_slice(b"null"),
    }
    let masked: Vec<_> = list.columns.iter().filter(|it| it.masked).map(|it| it.field.name).collect();
    if !masked.is_empty() {
        out.extend_from_slice(format!(",\"masked\":{}", json!(masked)).as_bytes());
    }
    out.push(b'}');
    Ok((out, count))
}

/// One value of a row; a link as `{"id", "number", "title"}`.
pub fn cell(out: &mut Vec<u8>, catalog: &Catalog, column: &Column, row: &dyn Row) {
    let Some(to) = target_of(column.field) else { return plain(out, column.field.kind, row.cell(column.at)) };
    let Cell::Int(id) = row.cell(column.at) else { return out.extend_from_slice(b"null") };
    let title = match column.title.map(|at| row.cell(at)) {
        Some(Cell::Text(title)) => Some(title),
        Some(_) => None,
        None => known(catalog, to, id),
    };
    out.extend_from_slice(format!("{{\"id\":{id}").as_bytes());
    if let Some(at) = column.number {
        out.extend_from_slice(b",\"number\":");
        plain(out, Kind::Text, row.cell(at));
    }
    out.extend_from_slice(b",\"title\":");
    match title {
        Some(title) => string(out, title),
        None => out.extend_from_slice(b"null"),
    }
    out.push(b'}');
}

/// What the catalog calls a user, a department or a role.
fn known<'a>(catalog: &'a Catalog, to: &'static EntityDef, id: i64) -> Option<&'a str> {
    if std::ptr::eq(to, User::DEF) {
        catalog.user_name(id)
    } else if std::ptr::eq(to, Department::DEF) {
        catalog.department(id).map(|it| it.name.as_str())
    } else if std::ptr::eq(to, Role::DEF) {
        catalog.roles.get(&id).map(|it| it.0.name.as_str())
    } else {
        None
    }
}

/// A value in its stable form: amounts as decimals in a string.
fn plain(out: &mut Vec<u8>, kind: Kind, cell: Cell) {
    use std::io::Write;
    // Writing into memory can't fail.
    let _ = match (kind, cell) {
        (_, Cell::Null) => write!(out, "null"),
        (Kind::Bool, Cell::Int(int)) => write!(out, "{}", int != 0),
        (Kind::Money, Cell::Int(int)) => write!(out, "\"{}\"", Money(int)),
        (Kind::Price, Cell::Int(int)) => write!(out, "\"{}\"", Price(int)),
        (Kind::Quantity | Kind::Rate, Cell::Int(int)) => write!(out, "\"{}\"", Quantity(int)),
        (_, Cell::Int(int)) => write!(out, "{int}"),
        (_, Cell::Text(text)) => return string(out, text),
    };
}

fn string(out: &mut Vec<u8>, text: &str) {
    // Writing a text into memory can't fail.
    let _ = serde_json::to_writer(out, text);
}

/// A value of a record, the same as in a list.
pub fn value(desk: &mut Desk, field: &FieldDef, value: &model::Value) -> Result<Json> {
    if let (Some(to), model::Value::Int(id)) = (target_of(field), value) {
        // A field of a user's stamp says 0 where the program itself did it.
        if *id == 0 {
            return Ok(Json::Null);
        }
        let (number, title) = desk.called(to, *id)?;
        let mut link = json!({ "id": id });
        if let Some(number) = number {
            link["number"] = number.into();
        }
        link["title"] = Some(title).filter(|it| !it.is_empty()).into();
        return Ok(link);
    }
    if let model::Value::Null | model::Value::Text(_) = value {
        return Ok(value.json());
    }
    let mut out = Vec::new();
    plain(&mut out, field.kind, value.cell());
    serde_json::from_slice(&out).map_err(|error| Error::Internal(error.to_string()))
}

/// A record, flat, with its child rows under `rows`, since a field may have a child's name; a document's `lines` are its own.
/// Both as they are, or as they were at the end of a day.
pub fn record(desk: &mut Desk, card: &Card, day: Option<Date>) -> Result<Json> {
    let mut json = flat(desk, card)?;
    let mut children = Map::new();
    for child in desk.catalog().registry.children(card.def).collect::<Vec<_>>() {
        let of = child.of.map(|at| child.fields[at].name).unwrap_or_default();
        let mut rows = Vec::new();
        for row in desk.rows_at(card.def, card.id, child, day)? {
            let mut row = flat(desk, &row)?;
            row.remove(of);
            rows.push(Json::Object(row));
        }
        match card.def.lines {
            Some(lines) if std::ptr::eq(lines(), child) => json.insert("lines".into(), rows.into()),
            _ => children.insert(child.code.to_owned(), rows.into()),
        };
    }
    if !children.is_empty() {
        json.insert("rows".into(), children.into());
    }
    Ok(Json::Object(json))
}

fn flat(desk: &mut Desk, card: &Card) -> Result<Map<String, Json>> {
    let mut json = Map::new();
    json.insert("id".into(), card.id.into());
    json.insert("version".into(), card.version.into());
    let mut masked = Vec::new();
    for (field, found) in &card.fields {
        let shown = match found {
            Some(found) => value(desk, field, found)?,
            None => {
                masked.push(Json::from(field.name));
                Json::Null
            }
        };
        json.insert(field.name.to_owned(), shown);
    }
    if !masked.is_empty() {
        json.insert("masked".into(), masked.into());
    }
    Ok(json)
}

/// Changes whenever the record or one of its child rows does.
pub fn tag(record: &Json) -> String {
    let version = record["version"].as_i64().unwrap_or(0);
    let children = record["rows"].as_object().into_iter().flat_map(|it| it.values());
    let sum =
        children.chain(record.get("lines")).filter_map(Json::as_array).flatten().fold(0i64, |sum, row| {
            let part = |name: &str| row[name].as_i64().unwrap_or(0);
            sum.wrapping_mul(31).wrapping_add(part("id").wrapping_mul(1009)).wrapping_add(part("version"))
        });
    if sum == 0 { version.to_string() } else { format!("{version}.{:x}", sum as u64) }
}
