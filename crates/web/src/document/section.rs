//! Sections as data, drawn: figures, meters, few rows, sentences. What a noun says of itself looks the same everywhere.

use maud::{Markup, html};
use model::{Bar, Card, Fact, FieldDef, Kind, Label, Lang, Notice, Part, Section, Tone, Value, Way};

use crate::list::cell::Cells;
use crate::ui::{amount, bar, icon, t};

/// Thousandths of a meter's width.
const WIDE: i64 = 1000;

fn class_of(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Good => "is-ok",
        Tone::Warn => "is-warn",
        Tone::Bad => "is-bad",
    }
}

fn value(cells: &Cells, kind: Kind, value: &Value) -> String {
    if let (Kind::Text, Value::Text(text)) = (kind, value) {
        return model::message::said(text).of(cells.lang).to_owned();
    }
    cells.value(&FieldDef { kind, ..FieldDef::PLAIN }, value.cell())
}

/// A section with its heading.
pub fn section(cells: &Cells, it: &Section) -> Markup {
    let lang = cells.lang;
    html! {
        header {
            h3 { (it.title.of(lang)) }
            @if let Some((tone, says)) = &it.state { span class={ "ky-status " (class_of(*tone)) } { (says.of(lang)) } }
            span class="ky-grow" {}
            @for (label, to) in &it.more { a href=(to) { (label.of(lang)) } }
        }
        @for part in &it.parts { (drawn(cells, part)) }
    }
}

fn drawn(cells: &Cells, part: &Part) -> Markup {
    let lang = cells.lang;
    match part {
        Part::Figures(facts) => html! { dl class="ky-sums" { @for it in facts { (fact(cells, it)) } } },
        Part::Meter { used, more, limit } => meter(*used, *more, *limit, lang),
        Part::Rows { rows, none, .. } if rows.is_empty() => html! { p class="ky-mute" { (none.of(lang)) } },
        Part::Rows { heads, rows, .. } => html! {
            @let link = heads.iter().position(|it| matches!(it.1, Kind::Text)).unwrap_or(0);
            div class="ky-minirows" { table class="ky-minitable" {
                thead { tr { @for (label, kind) in heads { th scope="col" class=[kind.is_amount().then_some("is-number")] { (label.of(lang)) } } } }
                tbody { @for (cells_of, to) in rows { tr {
                    @for (n, ((_, kind), it)) in heads.iter().zip(cells_of).enumerate() {
                        td class=[if kind.is_amount() { Some("is-number") } else { (matches!(kind, Kind::Text) && n != link).then_some("is-long") }] {
                            @match to {
                                Some(to) if n == link => { a href=(to) { (value(cells, *kind, it)) } }
                                _ => (value(cells, *kind, it)),
                            }
                        }
                    }
                } } }
            } }
        },
        Part::Score(mark, parts) => html! {
            div class="ky-score" {
                p { b { (mark) } span { (t(lang, "信用评分", "Score")) br; small { (t(lang, "共 100 分", "of 100")) } } }
                dl { @for (label, mark) in parts { div {
                    dt { (label.of(lang)) }
                    dd { svg class="ky-meter is-6" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" { rect width="100" height="4" {} rect class="is-value" width=(mark) height="4" {} } }
                    dd class="is-number" { (mark) }
                } } }
            }
        },
        Part::Series(kind, points) => series(cells, *kind, points),
        Part::Ways(ways) if ways.is_empty() => html! {},
        Part::Ways(ways) => {
            html! { p class="ky-row" { @for it in ways { (way(it, "ky-btn is-small", lang)) } } }
        }
        Part::Says(tone, says) => html! { p class={ "ky-mute " (class_of(*tone)) } { (says.of(lang)) } },
    }
}

/// Bars side by side, the last one strong; each leads to its rows.
fn series(cells: &Cells, kind: Kind, points: &[(String, i64, String)]) -> Markup {
    let most = points.iter().map(|it| it.1).max().unwrap_or(0).max(1);
    let ends = points.first().zip(points.last());
    html! {
        svg class="ky-series" viewBox="0 0 408 64" preserveAspectRatio="none" role="group" {
            @for (n, (label, amount, to)) in points.iter().enumerate() {
                @let high = (i128::from((*amount).max(0)) * 60 / i128::from(most)) as i64;
                @let says = format!("{label} {}", value(cells, kind, &Value::Int(*amount)));
                a href=(to) aria-label=(says) {
                    title { (says) }
                    rect class="is-hit" x=(n * 34) width="34" height="64" {}
                    rect class="is-bar" x=(n * 34 + 6) y=(64 - high.max(1)) width="22" height=(high.max(1)) rx="1.5" {}
                }
            }
        }
        @if let Some((first, last)) = ends { p class="ky-legend is-mute" { span { (first.0) } span { (last.0) } } }
    }
}

/// A figure under its label, what belongs to it, and what is drawn below.
pub fn fact(cells: &Cells, it: &Fact) -> Markup {
    let (lang, text, hint) = (cells.lang, value(cells, it.kind, &it.value), it.hint.of(cells.lang));
    let class = match it.bar {
        Some(Bar::Of(_)) => Some("is-wide"),
        Some(Bar::Parts(_)) => Some("is-rest"),
        None => it.is_result.then_some("is-result"),
    };
    html! {
        div class=[class] {
            dt { (it.label.of(lang)) }
            dd class=(class_of(it.tone)) { @match &it.to { Some(to) => { a href=(to) { (text) } } None => (text) } }
            @if !hint.is_empty() { dd class="is-hint" { (hint) } }
            @match &it.bar {
                None => {}
                Some(Bar::Of(limit)) => { dd class="is-bar" { (bar(it.value.int(), *limit, it.label.of(lang), "is-6").1) } }
                Some(Bar::Parts(parts)) => { dd class="is-bar" { (stacked(cells, it.kind, parts)) } }
            }
        }
    }
}

/// A bar of parts, and under it what each is.
fn stacked(cells: &Cells, kind: Kind, parts: &[(Label, i64, String)]) -> Markup {
    let all = parts.iter().map(|it| it.1.max(0)).sum::<i64>().max(1);
    let end = |n: usize| {
        let sum: i64 = parts[..n].iter().map(|it| it.1.max(0)).sum();
        (i128::from(sum) * i128::from(WIDE) / i128::from(all)) as i64
    };
    html! {
        svg class="ky-meter is-10" viewBox={ "0 0 " (WIDE) " 8" } preserveAspectRatio="none" aria-hidden="true" {
            rect width=(WIDE) height="8" {}
            @for n in 0..parts.len() { rect class={ "is-age-" (n.min(4)) } x=(end(n)) width=(end(n + 1) - end(n)) height="8" {} }
        }
        p class="ky-legend" {
            @for (n, (label, amount, to)) in parts.iter().enumerate() {
                a href=(to) { @if *amount > 0 { i class={ "ky-key is-age-" (n.min(4)) } {} } (label.of(cells.lang)) " " (value(cells, kind, &Value::Int(*amount))) }
            }
        }
    }
}

/// Use of a limit: amber from 85 %, red above it, with what this document adds behind what is used.
fn meter(used: i64, more: i64, limit: i64, lang: Lang) -> Markup {
    if limit <= 0 {
        return html! { p class="ky-mute" { (t(lang, "没有放账额度：现款客户", "No credit limit: pays in cash")) } };
    }
    let all = limit.max(used + more).max(1);
    let part = |amount: i64| (i128::from(amount.max(0)) * i128::from(WIDE) / i128::from(all)) as i64;
    // Tenths of a percent of the limit.
    let share = |amount: i64| amount_of(amount, limit);
    let tone = match (used + more) * 100 {
        it if it > limit * 100 => "is-bad",
        it if it >= limit * 85 => "is-warn",
        _ => "",
    };
    let (a, b) = (part(used), part(more));
    let says = match lang {
        Lang::Zh => format!("额度：已用 {}，本单 {}", share(used), share(more)),
        Lang::En => format!("Limit: {} used, {} this document", share(used), share(more)),
    };
    html! {
        svg class={ "ky-meter is-8 " (tone) } viewBox={ "0 0 " (WIDE) " 8" } preserveAspectRatio="none" role="img" aria-label=(says) {
            rect width=(WIDE) height="8" {}
            rect class="is-value" width=(a) height="8" {}
            rect class="is-more" x=(a) width=(b) height="8" {}
            @if all > limit { rect class="is-over" x=(part(limit)) width=(WIDE - part(limit)) height="8" {} rect class="is-tick" x=(part(limit)) width="3" height="8" {} }
        }
        p class="ky-legend" {
            span { i class="ky-key" {} (t(lang, "已用 ", "Used ")) (share(used)) }
            span { i class="ky-key is-c3" {} (t(lang, "本单 ", "This ")) (share(more)) }
            @let left = limit - used - more;
            @if left >= 0 { span class="ky-mute" { (t(lang, "剩余 ", "Left ")) (share(left)) } }
            @else { span class="is-bad" { i class="ky-key is-over" {} (t(lang, "超出 ", "Over ")) (share(-left)) } }
        }
    }
}

fn amount_of(part: i64, whole: i64) -> String {
    let (part, whole) = (i128::from(part), i128::from(whole.max(1)));
    let tenths = (part * 2000 + whole).div_euclid(2 * whole);
    amount(tenths as i64, 1, 1) + "%"
}

fn way(it: &Way, class: &str, lang: Lang) -> Markup {
    match it.dialog {
        true => {
            html! { button class=(class) type="button" hx-get=(it.to) hx-target="#dialog" { (it.label.of(lang)) } }
        }
        false => html! { a class=(class) href=(it.to) { (it.label.of(lang)) } },
    }
}

/// Why a document waits: the reason, the figures, the ways on.
pub fn notice(cells: &Cells, card: &Card, it: &Notice) -> Markup {
    let lang = cells.lang;
    let is_held = it.tone == Tone::Bad;
    let own = format!("/{}/{}/", card.def.code, card.id);
    // A verb of the document itself is a way only while it may run.
    let ready = |to: &str| match to.strip_prefix(&own) {
        Some(verb) => card.verbs.iter().any(|it| it.verb.name == verb && it.unless.is_none()),
        None => true,
    };
    let ways: Vec<_> = it.ways.iter().filter(|it| ready(&it.to)).collect();
    html! {
        div class={ "ky-alert ky-doc-notice " (class_of(it.tone)) } role=(if is_held { "alert" } else { "status" }) id=[is_held.then_some("doc-notice")] {
            (icon(if is_held { "lock" } else { "history" }))
            div {
                b { (it.title.of(lang)) }
                @if !it.figures.is_empty() { dl class="ky-inline" { @for it in &it.figures { (fact(cells, it)) } } }
                p { (it.says.of(lang)) }
            }
            div class="ky-row" {
                @for (n, it) in ways.iter().enumerate() {
                    (way(it, if n + 1 == ways.len() && it.dialog { "ky-btn is-small is-danger is-filled" } else { "ky-btn is-small" }, lang))
                }
            }
        }
    }
}
