//! Merging records: which one stays, and field by field whose value it keeps.

use maud::{Markup, html};
use model::{Card, Desk, EntityDef, Error, FieldDef, Format, Input, Label, Result, Value, VerbDef, value_of};

use super::Picked;
use crate::ui::{none, t};

/// More can't be compared side by side.
const MOST: usize = 6;

/// The field of a verb that says whose values stay; the verb also asks for the record that does, as `into`.
pub fn choice(verb: &VerbDef) -> Option<&'static FieldDef> {
    verb.asks.iter().find(|it| it.format == Format::Fields)
}

fn id_of(text: &str) -> Option<i64> {
    text.trim().strip_prefix('#')?.parse().ok()
}

/// The choices of the dialog as the verb asks for them; the record that stays is not merged into itself.
pub fn chosen(input: &mut Input, field: &FieldDef, picked: &mut Picked) {
    let prefix = format!("{}.", field.name);
    let names: Vec<String> = input.fields.keys().filter(|it| it.starts_with(&prefix)).cloned().collect();
    let pairs =
        names.iter().filter_map(|name| Some(format!("{}={}", &name[prefix.len()..], input.take(name)?)));
    let pairs: Vec<String> = pairs.collect();
    input.set(field.name, pairs.join(" "));
    if let (Some(into), Picked::Ids(ids)) = (id_of(input.text("into")), picked)
        && ids.len() > 1
    {
        ids.retain(|it| *it != into);
    }
}

/// The records beside each other, with what differs; nothing while there is only one.
pub fn table(
    desk: &mut Desk,
    def: &'static EntityDef,
    field: &FieldDef,
    picked: &Picked,
    input: &Input,
) -> Result<Markup> {
    let lang = desk.actor.lang;
    let mut ids = match picked {
        Picked::Ids(ids) => ids.clone(),
        Picked::Filter(filter) => desk.ids(def.code, &Picked::query(filter)?, 0, MOST + 1)?,
    };
    let many = ids.len() > 1;
    if let Some(into) = id_of(input.text("into")).filter(|it| !ids.contains(it)) {
        ids.insert(0, into);
    }
    if ids.len() > MOST {
        let says = Label {
            zh: "一次最多合并 6 条，请少选一些",
            en: "At most 6 records can be merged at once; select fewer",
        };
        return Err(Error::refused("too_many_rows", says));
    }
    if ids.len() < 2 {
        return Ok(html! {});
    }
    let cards = ids.iter().map(|id| desk.get(def.code, *id)).collect::<Result<Vec<Card>>>()?;
    let stays = id_of(input.text("into")).filter(|it| ids.contains(it)).unwrap_or(ids[0]);
    let catalog = desk.catalog().clone();
    let mut rows = Vec::new();
    for it in catalog.fields(def).filter(|it| it.is_merged()) {
        if !desk.may_write(def, it) {
            continue;
        }
        let values: Vec<Value> = cards.iter().map(|card| value_of(def, &card.record, it)).collect();
        if values.windows(2).all(|pair| pair[0] == pair[1]) {
            continue;
        }
        let mine = ids.iter().position(|id| *id == stays).unwrap_or(0);
        let full = |at: &usize| !it.is_empty(&values[*at]);
        let asked = input.text(&format!("{}.{}", field.name, it.name)).parse::<i64>();
        let asked = asked.ok().and_then(|id| ids.iter().position(|it| *it == id));
        let kept = asked.or(Some(mine).filter(full)).or_else(|| (0..ids.len()).find(full)).unwrap_or(mine);
        let texts = values.iter().map(|value| desk.shown(it, value)).collect::<Result<Vec<_>>>()?;
        rows.push((it, texts, kept));
    }
    Ok(html! {
        div class="ky-scroll" data-wide tabindex="0" role="region" aria-label=(t(lang, "逐项对比", "Side by side")) {
            table class="ky-table is-compact" {
                thead { tr {
                    th scope="col" { (t(lang, "保留", "Stays")) }
                    @for card in &cards {
                        th scope="col" {
                            @if many {
                                label class="ky-row" { input class="ky-check" type="radio" name="into" value={ "#" (card.id) } checked[card.id == stays]; " " (card.title) }
                            } @else { (card.title) @if card.id == stays { " " span class="ky-tag" { (t(lang, "留下", "stays")) } } }
                        }
                    }
                } }
                tbody { @for (it, texts, kept) in &rows { tr {
                    th scope="row" { (it.label.of(lang)) }
                    @for (n, text) in texts.iter().enumerate() {
                        td title=(text) { label class="ky-row" {
                            input class="ky-check" type="radio" name={ (field.name) "." (it.name) } value=(ids[n]) checked[n == *kept];
                            " " @if text.is_empty() { (none()) } @else { (text) }
                        } }
                    }
                } } }
            }
        }
        p class="ky-small ky-mute" { (t(lang, "联系人、地址、附件、备注等全部移到留下的那条；其余各条关闭并指向它，历史都保留。", "Contacts, addresses, files, notes and all else move to the record that stays; the others are closed and point to it. All history stays.")) }
    })
}
