//! What a verb asks, as fields of its dialog.

use maud::{Markup, html};
use model::{Desk, EntityDef, FieldDef, Format, Input, Kind, Result};

use crate::ui::{icon12, icon14, t};

/// A field with its label, what was written and what is wrong with it.
pub fn control(
    desk: &mut Desk,
    field: &'static FieldDef,
    text: &str,
    fault: Option<&str>,
    source: &str,
) -> Result<Markup> {
    let lang = desk.actor.lang;
    let name = field.name;
    let shown = match field.kind {
        Kind::Link(_) | Kind::Code => match field.kind.parse(text) {
            Some(value) if !text.is_empty() => desk.shown(field, &value)?,
            _ => String::new(),
        },
        _ => text.to_owned(),
    };
    let invalid = fault.map(|_| "true");
    let described = fault.map(|_| format!("{name}-error"));
    let unit = match field.kind {
        Kind::Money | Kind::Price => "¥",
        _ => field.unit.map_or("", |it| if it == "day" { t(lang, "天", "days") } else { it }),
    };
    Ok(html! {
        div class="ky-field" {
            label class={ "ky-label" @if field.required { " is-required" } } for=(name) { (field.label.of(lang)) }
            @match field.kind {
                Kind::Choice(all) => {
                    select class="ky-select" id=(name) name=(name) required[field.required] aria-invalid=[invalid] aria-describedby=[described] {
                        @if field.optional || text.is_empty() { option value="" { "—" } }
                        @for (code, label) in all { option value=(code) selected[*code == text] { (label.of(lang)) } }
                    }
                }
                Kind::Bool => {
                    select class="ky-select" id=(name) name=(name) {
                        option value="true" selected[text == "true"] { (t(lang, "是", "Yes")) }
                        option value="false" selected[text == "false"] { (t(lang, "否", "No")) }
                    }
                }
                Kind::Link(_) | Kind::Code => {
                    div class="ky-combo" data-combo data-src={ (source) "/" (name) } {
                        div class={ "ky-box" @if fault.is_some() { " is-bad" } } {
                            input id=(name) type="text" role="combobox" aria-autocomplete="list" aria-expanded="false" aria-controls={ (name) "-list" }
                                autocomplete="off" value=(shown) required[field.required] aria-invalid=[invalid] aria-describedby=[described];
                            (icon12("chevron-down"))
                            input type="hidden" name=(name) value=(text);
                        }
                        ul class="ky-options" id={ (name) "-list" } role="listbox" aria-label=(field.label.of(lang)) hidden {}
                    }
                }
                Kind::Date => {
                    div class="ky-box" {
                        input id=(name) name=(name) data-date autocomplete="off" value=(text) required[field.required] aria-invalid=[invalid] aria-describedby=[described];
                        button class="ky-iconbtn is-small" type="button" data-calendar aria-label=(t(lang, "选日期", "Choose a date")) { (icon14("calendar")) }
                    }
                }
                kind if kind.is_amount() => {
                    div class={ "ky-box" @if fault.is_some() { " is-bad" } } {
                        input class="is-number" id=(name) name=(name) inputmode="decimal" autocomplete="off" value=(text) required[field.required] aria-invalid=[invalid] aria-describedby=[described];
                        @if !unit.is_empty() { span class="ky-mute" { (unit) } }
                    }
                }
                _ if field.format == Format::Long => {
                    textarea class="ky-input" id=(name) name=(name) rows="4" required[field.required] aria-invalid=[invalid] aria-describedby=[described] { (text) }
                }
                _ => {
                    input class="ky-input" id=(name) name=(name) type=(if field.format == Format::Secret { "password" } else { "text" })
                        autocomplete=(if field.format == Format::Secret { "new-password" } else { "off" })
                        value=(text) required[field.required] aria-invalid=[invalid] aria-describedby=[described];
                }
            }
            @if let Some(fault) = fault { small class="ky-error" id={ (name) "-error" } { (fault) } }
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
    let found = match field.kind {
        Kind::Link(_) | Kind::Code | Kind::Choice(_) => {
            desk.options(def, field, given.text("q"), given, 50)?
        }
        _ => Vec::new(),
    };
    Ok(html! {
        @for it in &found {
            li role="option" data-value=(it.value) data-text=(it.title) aria-selected=[(it.value == held).then_some("true")] {
                span { (it.title) } @if !it.hint.is_empty() { small { (it.hint) } }
            }
        }
    })
}
