//! Two people saved the same record: what the other changed, and whose value is to stand.

use model::{Card, Desk, FieldDef, Given, Moment, Result, Value};

use super::{Draft, Said, draw, text_of};
use crate::list::cell::Cells;

#[derive(Default)]
pub struct Clash {
    /// The version to save over now.
    pub version: i64,
    pub who: String,
    pub at: Option<Moment>,
    pub changes: Vec<Theirs>,
    /// Further fields changed that this actor may not read.
    pub hidden: usize,
    /// Child rows that changed meanwhile, as they are now.
    pub rows: Vec<(&'static model::EntityDef, Vec<Card>)>,
}

/// A field that the other changed.
pub struct Theirs {
    pub field: &'static FieldDef,
    pub old: Value,
    pub new: Value,
    /// What this form says otherwise; nothing where it had not touched the field.
    pub mine: Option<String>,
}

/// Fills in what happened since the form was drawn. What this form had not touched takes the other's value.
pub fn compare(desk: &mut Desk, card: &Card, said: &Said, draft: &mut Draft) -> Result<()> {
    let cells = Cells::of(desk);
    let (def, id) = (card.def, card.id);
    let mut clash = Clash { version: card.version, ..Clash::default() };
    let since = said.version.map_or(0, |version| card.version - version).max(0) as usize;
    let events = desk.history(def.code, id)?;
    let newest = events.iter().find(|it| since > 0 || it.part.is_some());
    if let Some(event) = newest {
        clash.who = desk.catalog().user_name(event.user).unwrap_or_default().to_owned();
        clash.at = Some(event.at);
    }
    for event in events.iter().filter(|it| it.part.is_none()).take(since) {
        clash.hidden = clash.hidden.max(event.hidden);
        for it in &event.changes {
            // Newest first: an earlier event knows the value that this form began with.
            match clash.changes.iter_mut().find(|known| known.field.name == it.field.name) {
                Some(known) => known.old = it.old.clone(),
                None => clash.changes.push(Theirs {
                    field: it.field,
                    old: it.old.clone(),
                    new: it.new.clone(),
                    mine: None,
                }),
            }
        }
    }
    for it in &mut clash.changes {
        let [old, new] = [&it.old, &it.new].map(|value| text_of(&cells, it.field, value));
        let Some(given) = draft.input.fields.get_mut(it.field.name) else { continue };
        let mine = given.text().trim().to_owned();
        match mine == old {
            true => *given = Given::Text(new),
            false if mine != new => it.mine = Some(mine),
            false => {}
        }
    }
    for (code, state) in &said.rows {
        let child = desk.catalog().registry.children(def).find(|it| it.code == code);
        if let Some(child) = child {
            let rows = desk.rows_of(def, id, child)?;
            if draw::state(&rows) != *state {
                clash.rows.push((child, rows));
            }
        }
    }
    draft.clash = Some(clash);
    Ok(())
}
