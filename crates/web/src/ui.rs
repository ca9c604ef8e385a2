//! The small parts that every page is drawn from. Their markup is the contract of `assets/`.

use base::Label;
pub use base::Lang;
use maud::{Markup, Render, html};

use crate::assets;

/// `t(lang, "中文", "English")`: a text that stands nowhere else.
pub fn t(lang: Lang, zh: &'static str, en: &'static str) -> &'static str {
    Label { zh, en }.of(lang)
}

/// The same with figures in it: `says!(lang, "第 {row} 行", "Row {row}")`.
#[macro_export]
macro_rules! says {
    ($lang:expr, $zh:literal, $en:literal) => {
        match $lang {
            $crate::ui::Lang::Zh => format!($zh),
            $crate::ui::Lang::En => format!($en),
        }
    };
}

pub fn icon(name: &str) -> Markup {
    icon_as(name, "ky-icon")
}

/// An icon in a button, 14 pixels.
pub fn icon14(name: &str) -> Markup {
    icon_as(name, "ky-icon is-14")
}

pub fn icon12(name: &str) -> Markup {
    icon_as(name, "ky-icon is-12")
}

pub fn icon18(name: &str) -> Markup {
    icon_as(name, "ky-icon is-18")
}

fn icon_as(name: &str, class: &str) -> Markup {
    html! { svg class=(class) aria-hidden="true" { use href={ (assets::path("icons.svg")) "#" (name) } {} } }
}

pub fn logo() -> Markup {
    html! {
        svg class="ky-logo" viewBox="0 0 24 24" aria-hidden="true" {
            rect width="24" height="24" rx="6" {}
            path d="M5.5 14.2a6.6 6.6 0 0 1 13 0M8.6 15.6a3.5 3.5 0 0 1 6.8 0" {}
            circle cx="12" cy="17.6" r="1.7" {}
        }
    }
}

/// A person's mark: the first character of the name on one of six colours.
pub fn avatar(name: &str, class: &str) -> Markup {
    let first: String = name.chars().take(1).collect();
    let hue = name.chars().map(u32::from).sum::<u32>() % 6;
    html! { span class={ "ky-avatar is-hue-" (hue) " " (class) } aria-hidden="true" { (first) } }
}

/// What stands where nothing applies.
pub fn none() -> Markup {
    html! { span class="ky-none" { "—" } }
}

/// How many, as people read it: `1,204`.
pub fn count(value: i64) -> String {
    amount(value, 0, 0)
}

/// What happened, in a box with the sign of its kind: `bad`, `warn`, `ok` or `info`. What is wrong is read out at once.
pub fn alert(kind: &str, title: &str, text: impl Render) -> Markup {
    let (sign, role) = match kind {
        "bad" => ("circle-x", Some("alert")),
        "warn" => ("alert-triangle", Some("alert")),
        "ok" => ("circle-check", None),
        _ => ("info-circle", None),
    };
    let text = text.render();
    html! {
        div class={ "ky-alert is-" (kind) } role=[role] {
            (icon(sign))
            div { b { (title) } @if !text.0.is_empty() { p { (text) } } }
        }
    }
}

/// A whole number of minor units as people read it: `426,300.00`, with a true minus.
pub fn amount(value: i64, places: u32, least: usize) -> String {
    let unit = 10u64.pow(places);
    let (whole, part) = (value.unsigned_abs() / unit, value.unsigned_abs() % unit);
    let digits = whole.to_string();
    let mut grouped = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let part = format!("{part:0width$}", width = places as usize);
    let kept = part.trim_end_matches('0').len().max(least);
    let sign = if value < 0 { "−" } else { "" };
    if places == 0 || kept == 0 {
        format!("{sign}{grouped}")
    } else {
        format!("{sign}{grouped}.{}", &part[..kept])
    }
}

/// A toast for the header `HX-Trigger`: JSON in ASCII.
pub fn toast(kind: &str, title: &str, text: &str, undo: Option<&str>) -> String {
    let mut toast = serde_json::json!({ "kind": kind, "title": title, "text": text });
    if let Some(undo) = undo {
        toast["undo"] = undo.into();
    }
    ascii(&serde_json::json!({ "ky:toast": toast }).to_string())
}

/// JSON with everything beyond ASCII escaped, as a header wants it.
pub fn ascii(json: &str) -> String {
    let escaped = |unit: u16| match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
        _ => format!("\\u{unit:04x}"),
    };
    json.encode_utf16().map(escaped).collect()
}
