//! Reminder tiles (PLT-11, PLT-12): a view that reminds as one figure, one qualifier and three parts, each a door.

use maud::{Markup, html};
use model::{Desk, EntityDef, Error, FieldDef, Group, Kind, Label, Lang, Query, Result, Scope, Value};
use web::list::ask::Ask;
use web::list::cell::{Cells, is_grade};
use web::ui::{amount, count, icon, t};

use super::figure::{Figure, address, with};

/// A view that tells somebody to do something, or is worth a look.
pub struct Tile {
    pub def: &'static EntityDef,
    pub code: String,
    pub label: String,
    pub urgent: bool,
    pub all: Figure,
    /// The view and whose rows, as a list's address says it.
    pub raw: String,
    note: (&'static str, Figure),
    /// What it is about in money, of all rows; then that is said instead of how many are new.
    worth: Option<i64>,
    parts: Vec<(String, Figure)>,
}

/// Views that fill the row of tiles up after the reminders.
const WORTH_A_LOOK: [&str; 3] = ["pool", "recent", "key"];
/// Reminders about which the question is first who has them.
const BY_OWNER: [&str; 2] = ["handed_in", "wrong_tax"];
const ROW: usize = 4;
const MOST: usize = 8;

pub fn read(desk: &mut Desk, mine: bool) -> Result<Vec<Tile>> {
    let mut tiles = Vec::new();
    for view in desk.views_to_show()?.into_iter().filter(|it| it.remind) {
        tiles.extend(tile(desk, view.entity, &view.code, mine)?);
    }
    // What is urgent first, and no second row for what there is nothing of.
    tiles.sort_by_key(|it| (it.all.count == 0, !it.urgent));
    let some = tiles.iter().filter(|it| it.all.count > 0).count();
    tiles.truncate(some.clamp(ROW, MOST));
    let customers: &'static EntityDef = <domain::Customer as model::Entity>::DEF;
    let more = customers.views.iter().filter(|it| WORTH_A_LOOK.contains(&it.code));
    for view in more {
        // Nobody has the customers of the pool, so it is no place for one's own.
        if tiles.len() % ROW == 0 && !tiles.is_empty() || desk.may(customers, "read").is_err() {
            break;
        }
        tiles.extend(tile(desk, customers.code, view.code, mine && view.code != "pool")?);
    }
    Ok(tiles)
}

/// The tile of one view; none where its query is no longer this actor's to ask.
fn tile(desk: &mut Desk, entity: &str, code: &str, mine: bool) -> Result<Option<Tile>> {
    match draw_up(desk, entity, code, mine) {
        Ok(tile) => Ok(Some(tile)),
        Err(Error::Invalid(_) | Error::NotFound { .. } | Error::Forbidden { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn draw_up(desk: &mut Desk, entity: &str, code: &str, mine: bool) -> Result<Tile> {
    let def = desk.entity(entity)?;
    let mut raw = format!("view={code}");
    if let Some(at) = def.owner.filter(|_| mine) {
        raw = with(&raw, def.fields[at].name, "me");
    }
    let ask = Ask::read(desk, def, &raw)?;
    let view = ask.view.as_ref().ok_or_else(|| Error::missing(code))?;
    let (label, urgent) = (view.label.clone(), view.urgent);
    let (since, says) = match (ask.is_in_view("created"), desk.actor.lang) {
        (true, Lang::Zh) => ("today", "其中今天"),
        (true, Lang::En) => ("today", "today"),
        (false, Lang::Zh) => ("last_7_days", "近 7 天新建"),
        (false, Lang::En) => ("last_7_days", "new in 7 days"),
    };
    let note = (says, Figure::of(desk, def, &with(&raw, "created", since))?);
    let parts = match by(desk, def, &ask, BY_OWNER.contains(&code) && !mine) {
        Some(field) => parts(desk, def, &raw, field)?,
        None => Vec::new(),
    };
    let all = Figure::of(desk, def, &raw)?;
    let worth = worth(desk, def, &ask)?;
    Ok(Tile { def, code: code.into(), label, urgent, all, raw, note, worth, parts })
}

/// The sum of the amount that a view asks about, else of a document's own.
fn worth(desk: &mut Desk, def: &'static EntityDef, ask: &Ask) -> Result<Option<i64>> {
    let catalog = desk.catalog().clone();
    let is_money = |it: &&FieldDef| it.sum && matches!(it.kind, Kind::Money) && desk.may_read(def, it);
    let money: Vec<_> = catalog.fields(def).filter(is_money).collect();
    let asked = money.iter().find(|it| ask.is_in_view(it.name));
    let own = || money.iter().find(|it| it.list && def.edit.is_some());
    let Some(field) = asked.or_else(own) else { return Ok(None) };
    let query = Query { columns: vec![field.name.to_owned()], ..ask.query.clone() };
    let list = desk.list(def.code, &query)?;
    let sums = desk.totals(&list)?.sums;
    Ok(sums.iter().find(|it| it.0 == field.name).and_then(|it| it.1))
}

/// Whether the actor sees more than their own records.
pub fn sees_others(desk: &Desk, def: &'static EntityDef) -> bool {
    def.owner.is_some() && desk.may(def, "read").is_ok_and(|it| it.sees > Scope::Own)
}

/// The field that the parts are told apart by: who has it, or how important it is.
fn by(desk: &Desk, def: &'static EntityDef, ask: &Ask, owner_first: bool) -> Option<&'static FieldDef> {
    let owner = def.owner.or(def.department).filter(|_| sees_others(desk, def)).map(|at| &def.fields[at]);
    let fields: &'static [FieldDef] = def.fields;
    let grade = fields.iter().find(|it| it.list && matches!(it.kind, Kind::Choice(all) if is_grade(all)));
    let few = fields.iter().find(|it| it.filter && matches!(it.kind, Kind::Choice(_) | Kind::Code));
    let order = if owner_first { [owner, grade, few] } else { [grade, owner, few] };
    // A condition of the view on the same field would be replaced, not narrowed.
    order.into_iter().flatten().find(|it| desk.may_read(def, it) && !ask.is_in_view(it.name))
}

fn parts(
    desk: &mut Desk,
    def: &'static EntityDef,
    raw: &str,
    field: &'static FieldDef,
) -> Result<Vec<(String, Figure)>> {
    let query = Ask::read(desk, def, &with(raw, "group", field.name))?.query;
    let list = desk.list(def.code, &query)?;
    let mut groups = desk.groups(&list)?;
    let grades = match field.kind {
        Kind::Choice(all) if is_grade(all) => all,
        _ => &[],
    };
    if !grades.is_empty() {
        // In their order, those without rows too.
        let of = |code: &str| groups.iter().find(|it| it.value.text() == code).map(|it| it.totals.clone());
        let all =
            grades.iter().map(|it| Group { value: Value::from(it.0), totals: of(it.0).unwrap_or_default() });
        groups = all.collect();
    }
    let grades = !grades.is_empty();
    let cells = Cells::of(desk);
    let part = |group: &Group| {
        let (label, value) = match &group.value {
            Value::Null => (t(cells.lang, "无", "None").to_owned(), "none".to_owned()),
            value => (cells.value(field, value.cell()), field.kind.plain(value.cell())),
        };
        let label = match (grades, cells.lang) {
            (true, Lang::Zh) => format!("{label} 类"),
            (true, Lang::En) => format!("Class {label}"),
            (false, _) => label,
        };
        (label, Figure { count: group.totals.count, href: address(def, &with(raw, field.name, &value)) })
    };
    Ok(groups.iter().take(3).map(part).collect())
}

/// What one of them is counted as.
pub fn unit(def: &EntityDef, lang: Lang) -> String {
    match (lang, def.code) {
        (Lang::Zh, "customer") => " 家".into(),
        (Lang::Zh, _) => " 条".into(),
        (Lang::En, _) => format!(" {}", def.many(lang).to_lowercase()),
    }
}

fn sign(tile: &Tile) -> &'static str {
    match tile.code.as_str() {
        _ if tile.urgent => "alert-circle",
        "handed_in" => "writing-sign",
        "incomplete" => "file-text",
        "wrong_tax" => "alert-triangle",
        "pool" => "ripple",
        "recent" => "users-plus",
        _ => "bell",
    }
}

pub fn draw(tiles: &[Tile], lang: Lang) -> Markup {
    let all = Label { zh: "全部", en: "All" }.of(lang);
    html! {
        @if !tiles.is_empty() {
            div class="ky-tiles" id="reminders" {
                @for tile in tiles {
                    section class={ "ky-reminder" @if tile.urgent && tile.all.count > 0 { " is-bad" } } {
                        header { (icon(sign(tile))) h2 { (tile.label) } a href=(tile.all.href) aria-label={ (all) " " (tile.label) } { (all) } }
                        p {
                            a href=(tile.all.href) { (count(tile.all.count)) } small { (unit(tile.def, lang)) }
                            @match tile.worth {
                                Some(sum) => { span { a class="ky-fig" href=(tile.all.href) { "¥" (amount(sum, 2, 2)) } } }
                                None => { span { (tile.note.0) " " (tile.note.1.link()) } }
                            }
                        }
                        ul { @for (label, figure) in &tile.parts { li { a href=(figure.href) { span class="ky-clip" { (label) } b { (count(figure.count)) } } } } }
                    }
                }
            }
        }
    }
}
