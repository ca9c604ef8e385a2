//! A field as a control: in a verb's dialog, in a form, in the cells of child rows.

use maud::{Markup, html};
use model::{Desk, EntityDef, FieldDef, Format, Input, Kind, Lang, Result, Value};

use crate::list::cell::{Cells, is_grade};
use crate::ui::{icon12, icon14, t};

/// Longest labels of choices that stand beside one another, in characters.
const BESIDE: usize = 14;

/// A control about to be drawn.
pub struct Slot<'a> {
    pub field: &'a FieldDef,
    /// Its name in the form: the field's, or `address.2.city`.
    pub name: &'a str,
    pub text: &'a str,
    pub fault: Option<&'a str>,
    /// Where its options come from; the field's name is added.
    pub source: &'a str,
    /// In a table's cell, where the head is the label.
    pub in_cell: bool,
}

/// What an amount is counted in.
pub fn unit(field: &FieldDef, lang: Lang) -> &'static str {
    match field.kind {
        Kind::Money | Kind::Price => "¥",
        _ => field.unit.map_or("", |it| if it == "day" { t(lang, "天", "days") } else { it }),
    }
}

/// A field with its label, what was written and what is wrong with it.
pub fn control(
    desk: &mut Desk,
    field: &'static FieldDef,
    text: &str,
    fault: Option<&str>,
    source: &str,
) -> Result<Markup> {
    let slot = Slot { field, name: field.name, text, fault, source, in_cell: false };
    labelled(desk, &slot, "", None)
}

/// A control with its label above and a hint below.
pub fn labelled(desk: &mut Desk, slot: &Slot, class: &str, hint: Option<&str>) -> Result<Markup> {
    let lang = desk.actor.lang;
    let Slot { field, name, fault, .. } = *slot;
    Ok(html! {
        div class={ "ky-field " (if field.format == Format::Long { "is-full" } else { class }) } {
            @if beside(slot, lang).is_some() { span class="ky-label" id={ (name) "-label" } { (field.label.of(lang)) } }
            @else { label class={ "ky-label" @if field.required { " is-required" } } for=(name) { (field.label.of(lang)) } }
            (input(desk, slot)?)
            @if let Some(hint) = hint { small class="ky-hint" { (hint) } }
            @if let Some(fault) = fault { small class="ky-error" id={ (name) "-error" } { (fault) } }
        }
    })
}

/// The choices of a control whose few answers stand side by side.
fn beside(slot: &Slot, lang: Lang) -> Option<Vec<(&'static str, &'static str)>> {
    let choices: Vec<_> = match slot.field.kind {
        Kind::Choice(all) if !slot.field.optional => all.iter().map(|it| (it.0, it.1.of(lang))).collect(),
        Kind::Bool => vec![("true", t(lang, "是", "Yes")), ("false", t(lang, "否", "No"))],
        _ => return None,
    };
    let length: usize = choices.iter().map(|it| it.1.chars().count()).sum();
    let fits = choices.iter().any(|it| it.0 == slot.text) && length <= BESIDE && choices.len() <= 5;
    (fits && !slot.in_cell).then_some(choices)
}

/// The control alone.
pub fn input(desk: &mut Desk, slot: &Slot) -> Result<Markup> {
    let lang = desk.actor.lang;
    let Slot { field, name, text, fault, source, in_cell } = *slot;
    let label = field.label.of(lang);
    let spoken = in_cell.then_some(label);
    let shown = match field.kind {
        Kind::Link(_) | Kind::Code => match field.kind.parse(text) {
            Some(value) if !text.is_empty() => desk.shown(field, &value)?,
            _ => String::new(),
        },
        _ => text.to_owned(),
    };
    let invalid = fault.map(|_| "true");
    let described = fault.map(|_| format!("{name}-error"));
    let unit = unit(field, lang);
    // What may be new is sent as it was typed; else the option's value is.
    let is_free = field.again;
    let is_combo = matches!(field.kind, Kind::Link(_) | Kind::Code) || (is_free && field.kind.is_text());
    let small = if in_cell { " is-small" } else { "" };
    if let Some(choices) = beside(slot, lang) {
        return Ok(html! {
            div { div class={ "ky-seg" } role="radiogroup" aria-labelledby={ (name) "-label" } {
                @for (code, label) in choices {
                    input type="radio" id={ (name) "-" (code) } name=(name) value=(code) checked[code == text];
                    label for={ (name) "-" (code) } { (label) }
                }
            } }
        });
    }
    let words = desk.catalog().registry.words(field.format);
    Ok(match field.kind {
        _ if !words.is_empty() => html! {
            select class={ "ky-select" (small) } id=(name) name=(name) required[field.required] aria-invalid=[invalid] aria-describedby=[described] aria-label=[spoken] {
                option value="" { "—" }
                @for (code, label) in &words { option value=(code) selected[*code == text] { (label.of(lang)) } }
            }
        },
        Kind::Choice(all) => html! {
            select class={ "ky-select" (small) } id=(name) name=(name) required[field.required] aria-invalid=[invalid] aria-describedby=[described] aria-label=[spoken] {
                @if field.optional || text.is_empty() { option value="" { "—" } }
                @for (code, label) in all { option value=(code) selected[*code == text] { (label.of(lang)) @if is_grade(all) && lang == Lang::Zh { " 级" } } }
            }
        },
        Kind::Bool => html! {
            select class={ "ky-select" (small) } id=(name) name=(name) aria-label=[spoken] {
                option value="true" selected[text == "true"] { (t(lang, "是", "Yes")) }
                option value="false" selected[text == "false"] { (t(lang, "否", "No")) }
            }
        },
        _ if is_combo => html! {
            div class="ky-combo" data-combo data-src={ (source) "/" (field.name) } data-depends=[field.depends] data-free[is_free] {
                div class={ "ky-box" (small) @if fault.is_some() { " is-bad" } } {
                    input id=(name) name=[is_free.then_some(name)] type="text" role="combobox" aria-autocomplete="list" aria-expanded="false" aria-controls={ (name) "-list" }
                        autocomplete="off" value=(shown) required[field.required] aria-invalid=[invalid] aria-describedby=[described] aria-label=[spoken];
                    (icon12("chevron-down"))
                    @if !is_free { input type="hidden" name=(name) value=(text); }
                }
                ul class="ky-options" id={ (name) "-list" } role="listbox" aria-label=(label) hidden {}
            }
        },
        Kind::Date => html! {
            div class={ "ky-box" (small) @if fault.is_some() { " is-bad" } } {
                input id=(name) name=(name) data-date autocomplete="off" value=(text) required[field.required] aria-invalid=[invalid] aria-describedby=[described] aria-label=[spoken];
                button class="ky-iconbtn is-small" type="button" data-calendar aria-label={ (t(lang, "选日期：", "Choose a date: ")) (label) } { (icon14("calendar")) }
            }
        },
        kind if kind.is_amount() => html! {
            div class={ "ky-box" (small) @if fault.is_some() { " is-bad" } } {
                input class="is-number" id=(name) name=(name) inputmode="decimal" autocomplete="off" value=(text) required[field.required] aria-invalid=[invalid] aria-describedby=[described] aria-label=[spoken];
                @if !unit.is_empty() { span class="ky-mute" { (unit) } }
            }
        },
        _ if field.format == Format::Long && !in_cell => html! {
            textarea class="ky-input" id=(name) name=(name) rows="3" required[field.required] aria-invalid=[invalid] aria-describedby=[described] { (text) }
        },
        _ => {
            let (kind, complete) = match field.format {
                Format::Secret => ("password", "new-password"),
                Format::Phone => ("tel", "off"),
                _ => ("text", "off"),
            };
            let mode = (field.format == Format::Email).then_some("email");
            html! {
                input class={ "ky-input" (small) } id=(name) name=(name) type=(kind) inputmode=[mode] autocomplete=(complete)
                    value=(text) required[field.required] aria-invalid=[invalid] aria-describedby=[described] aria-label=[spoken];
            }
        }
    })
}

/// Options of a combo box that fit the letters typed.
pub fn options(
    desk: &mut Desk,
    def: &'static EntityDef,
    field: &'static FieldDef,
    given: &Input,
) -> Result<Markup> {
    let held = given.text("value").to_owned();
    let found = desk.options(def, field, given.text("q"), given, 50)?;
    let cells = Cells::of(desk);
    // What a line is about is chosen from a small table: number, name and texts, figures.
    if let Some(first) = found.first().filter(|it| !it.facts.is_empty()) {
        let lang = cells.lang;
        let text = |it: &(&FieldDef, Value)| cells.value(it.0, it.1.cell());
        let is_text = |it: &&(&'static FieldDef, Value)| matches!(it.0.kind, Kind::Text);
        let figures = first.facts.iter().filter(|it| !is_text(it));
        return Ok(html! {
            li class="is-heads" role="presentation" {
                small { (t(lang, "编号", "Number")) } span { (field.label.of(lang)) }
                @for it in figures { b { (it.0.label.of(lang)) } }
            }
            @for it in &found {
                li class="is-wide" role="option" data-value=(it.value) data-text=(it.title) aria-selected=[(it.value == held).then_some("true")] {
                    small { (it.hint) }
                    span { (it.title) @for it in it.facts.iter().filter(is_text) { " " i { (text(it)) } } }
                    @for it in it.facts.iter().filter(|it| !is_text(it)) { b class=[(it.1.int() < 0).then_some("is-bad")] { (text(it)) } }
                }
            }
        });
    }
    Ok(html! {
        @for it in &found {
            li class=[(it.depth > 0).then(|| format!("is-depth-{}", it.depth.min(3)))] role="option" data-value=(it.value) data-text=(it.title) aria-selected=[(it.value == held).then_some("true")] {
                span { (it.title) } @if !it.hint.is_empty() { small { (it.hint) } }
            }
        }
    })
}
