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

/// A dialog that sends what is in it.
pub fn dialog(lang: Lang, path: &str, title: &str, body: Markup, button: &str) -> Markup {
    html! {
        form hx-post=(path) hx-target="#dialog" autocomplete="off" {
            h2 { (title) }
            (body)
            div class="ky-dialog-foot" {
                button class="ky-btn" type="button" data-close { (t(lang, "取消", "Cancel")) }
                button class="ky-btn is-primary" { (button) }
            }
        }
    }
}

/// A row of a table: whether what it tells of is out of use, and its cells.
pub type Line = (bool, Vec<Markup>);

/// A table of few rows that stands in a card: its heads in both languages, parted by `|`, `#` before those of figures.
/// On a phone a row is a title with its facts, each behind its head; what has no head stands beside the title.
pub fn table(lang: Lang, zh: &'static str, en: &'static str, rows: impl IntoIterator<Item = Line>) -> Markup {
    let class = |head: &str| head.starts_with('#').then_some("is-number");
    let heads = || t(lang, zh, en).split('|').map(|head| (class(head), head.trim_start_matches('#')));
    html! {
        div class="ky-scroll" tabindex="0" { table class="ky-table is-inset is-facts" {
            thead { tr { @for (class, head) in heads() { th scope="col" class=[class] { (head) } } } }
            tbody { @for (is_off, cells) in rows {
                tr class=[is_off.then_some("is-off")] {
                    @for ((class, head), cell) in heads().zip(&cells) {
                        td class=[class] data-head=[Some(head).filter(|it| !it.is_empty())] { (cell) }
                    }
                }
            } }
        } }
    }
}

/// A box for a password, with what is wrong with it.
pub fn password(
    lang: Lang,
    id: &str,
    name: &str,
    label: &str,
    complete: &str,
    wrong: Option<&str>,
) -> Markup {
    html! {
        div class="ky-field" {
            label class="ky-label is-required" for=(id) { (label) }
            div class={ "ky-box" @if wrong.is_some() { " is-bad" } } {
                (icon14("lock"))
                input id=(id) name=(name) type="password" autocomplete=(complete) required maxlength="200" aria-invalid=[wrong.map(|_| "true")];
                button class="ky-iconbtn is-small" type="button" data-reveal=(id) aria-label=(t(lang, "显示密码", "Show the password")) { (icon("eye")) }
            }
            @if let Some(wrong) = wrong { small class="ky-error" { (wrong) } }
        }
    }
}

/// A mark behind a name.
pub fn tag(class: &str, says: &str) -> Markup {
    html! { " " span class={ "ky-tag " (class) } { (says) } }
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
    let text = text.render();
    notice(kind, html! { b { (title) } @if !text.0.is_empty() { p { (text) } } })
}

/// The same around what is more than a title and a text.
pub fn notice(kind: &str, body: Markup) -> Markup {
    let (sign, role) = match kind {
        "bad" => ("circle-x", Some("alert")),
        "warn" => ("alert-triangle", Some("alert")),
        "ok" => ("circle-check", Some("status")),
        _ => ("info-circle", None),
    };
    html! { div class={ "ky-alert is-" (kind) } role=[role] { (icon(sign)) div { (body) } } }
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

/// From this much of a limit on a meter warns, in percent.
const NEAR: i128 = 85;

/// How far the use of a limit is: the class that says so, and the bar.
pub fn bar(used: i64, limit: i64, label: &str, class: &str) -> (&'static str, Markup) {
    let (used, limit) = (i128::from(used.max(0)), i128::from(limit.max(0)));
    let state = match () {
        () if used > limit => "is-bad",
        () if limit > 0 && used * 100 >= limit * NEAR => "is-warn",
        () => "",
    };
    let part = |it: i128| (it * 1000 / used.max(limit).max(1)) as i64;
    let bar = html! {
        svg class={ "ky-meter " (class) " " (state) } viewBox="0 0 1000 4" preserveAspectRatio="none" role="img" aria-label=(label) {
            rect width="1000" height="4" {}
            rect class="is-value" width=(part(used)) height="4" {}
            // Where the limit was.
            @if used > limit && limit > 0 { rect class="is-tick" x=(part(limit)) width="12" height="4" {} }
        }
    };
    (state, bar)
}

/// What part of a limit is used, where there is one.
pub fn percent(used: i64, limit: i64) -> Option<i64> {
    (limit > 0)
        .then(|| ((i128::from(used.max(0)) * 200 + i128::from(limit)) / (i128::from(limit) * 2)) as i64)
}

/// The use of a limit in a cell: both figures in short, how much that is, and a bar.
pub fn meter(lang: Lang, used: i64, limit: i64) -> Markup {
    if used <= 0 && limit <= 0 {
        return none();
    }
    let exact = format!("{} / {}", amount(used, 2, 2), amount(limit, 2, 2));
    let (state, bar) = bar(used, limit, &exact, "");
    let (short, unit) = short(lang, used, limit);
    html! {
        div class={ "ky-usage " (state) } title=(exact) {
            div {
                span { (short[0]) span class="ky-mute" { " / " (short[1]) (unit) } }
                span { @match percent(used, limit) { Some(percent) => { (percent) "%" } None => { (t(lang, "无额度", "No limit")) } } }
            }
            (bar)
        }
    }
}

/// Two amounts of money in the tightest unit that suits the greater: `46.3`, `50.0`, `万`.
fn short(lang: Lang, one: i64, other: i64) -> ([String; 2], &'static str) {
    let most = one.unsigned_abs().max(other.unsigned_abs());
    let (tenth, unit) = match lang {
        Lang::Zh if most >= 1_000_000 => (100_000, "万"),
        Lang::En if most >= 100_000_000 => (10_000_000, "m"),
        Lang::En if most >= 100_000 => (10_000, "k"),
        _ => return ([one, other].map(|it| amount((it + it.signum() * 50) / 100, 0, 0)), ""),
    };
    ([one, other].map(|it| amount((it + it.signum() * tenth / 2) / tenth, 1, 1)), unit)
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
