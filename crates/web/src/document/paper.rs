//! A document on paper: company head, head fields, lines with a total, the amount in capitals, places to sign. On A4 and
//! on the three-part paper of dot-matrix printers, whose sheets hold a fixed number of lines.

use maud::{Markup, html};
use model::{Card, Desk, Format, Kind, Result};

use super::{Column, Goods, columns, draw, lines_of};
use crate::list::cell::Cells;
use crate::list::table::figure;
use crate::print::shown;
use crate::ui::t;

/// A size of paper: its name in addresses and style, what people call it, how many lines a sheet holds.
pub struct Paper {
    pub code: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
    lines: usize,
}

impl Paper {
    pub const ALL: [Paper; 3] = [
        Paper { code: "a4", zh: "A4", en: "A4", lines: 28 },
        Paper { code: "140", zh: "三联 241 × 140", en: "Three-part 241 × 140", lines: 9 },
        Paper { code: "93", zh: "三联 241 × 93", en: "Three-part 241 × 93", lines: 4 },
    ];

    pub fn of(code: &str) -> &'static Paper {
        Paper::ALL.iter().find(|it| it.code == code).unwrap_or(&Paper::ALL[0])
    }
}

/// A document's sheets.
pub fn paper(desk: &mut Desk, card: &Card, paper: &Paper, stamp: &str) -> Result<Markup> {
    let (lang, cells, def) = (desk.actor.lang, Cells::of(desk), card.def);
    let line = lines_of(def)?;
    let rows = desk.rows_of(def, card.id, line)?;
    let is_printed = |it: &Column| !it.other && (it.field.list || it.field.name == "remark");
    let columns: Vec<_> = columns(desk, line).into_iter().filter(is_printed).collect();
    let mut goods = Goods::default();
    let mut lines = Vec::new();
    for row in &rows {
        let mut texts = Vec::new();
        for it in &columns {
            let mut text = match row.value(it.field.name) {
                Some(value) => shown(desk, &cells, it.field, value)?,
                None => String::new(),
            };
            if it.field.name == line.title_field().name {
                let about = goods.about(desk, row)?;
                text = format!("{text}　{about}").trim_end().to_owned();
            }
            texts.push(text);
        }
        lines.push(texts);
    }
    let (total, _) = draw::totals(card);
    let company = desk.catalog().parameter("company_name").to_owned();
    let is_yuan = desk.catalog().parameter("currency") == "CNY";
    let mut facts = Vec::new();
    for (field, value) in &card.fields {
        let is_said = (field.list || field.format == Format::Long || matches!(field.kind, Kind::Text))
            && !field.sum
            && !matches!(field.kind, Kind::Choice(_))
            && !model::STAMP.iter().any(|it| it.name == field.name)
            && field.format != Format::Said
            && field.name != def.title_field().name;
        let Some(value) = value.as_ref().filter(|it| is_said && !field.is_empty(it)) else { continue };
        facts.push((field.label.of(lang), shown(desk, &cells, field, value)?));
    }
    let sheets: Vec<&[Vec<String>]> =
        if lines.is_empty() { vec![&[]] } else { lines.chunks(paper.lines).collect() };
    let of = sheets.len();
    let sum = |it: &Column| {
        let is_sum = it.field.sum && matches!(it.field.kind, Kind::Money | Kind::Quantity);
        is_sum.then(|| {
            let all = rows.iter().filter_map(|row| row.value(it.field.name));
            figure(it.field.kind, all.map(|it| it.int()).sum())
        })
    };
    let class = |it: &Column| it.field.kind.is_amount().then_some("is-number");
    Ok(html! {
        @for (n, sheet) in sheets.iter().enumerate() {
            article class={ "ky-sheet is-document is-" (paper.code) } {
                header {
                    div { p { (company) } h1 { (def.label.of(lang)) } }
                    small { (card.title) @if of > 1 { "　" (n + 1) " / " (of) } }
                }
                dl { @for (label, text) in &facts { div { dt { (label) } dd { (text) } } } }
                table {
                    thead { tr { th scope="col" { "#" } @for it in &columns { th scope="col" class=[class(it)] { (it.field.label.of(lang)) } } } }
                    tbody {
                        @for (m, texts) in sheet.iter().enumerate() {
                            tr { td { (n * paper.lines + m + 1) } @for (it, text) in columns.iter().zip(texts) { td class=[class(it)] { (text) } } }
                        }
                        @if paper.code != "a4" { @for _ in sheet.len()..paper.lines { tr { @for _ in 0..=columns.len() { td { " " } } } } }
                    }
                    @if n + 1 == of { tfoot { tr {
                        td colspan="2" { (t(lang, "合计", "Total")) }
                        @for it in columns.iter().skip(1) { td class="is-number" { @if let Some(sum) = sum(it) { (sum) } } }
                    } } }
                }
                @if n + 1 == of { @if let Some((label, total)) = total {
                    p class="ky-capitals" {
                        @if is_yuan { span { (t(lang, "大写：", "In capitals: ")) span lang="zh-CN" { (model::Money(total).capitals()) } } }
                        span { (label.of(lang)) (t(lang, "：", ": ")) "¥" (figure(Kind::Money, total)) }
                    }
                } }
                div class="ky-sign" {
                    @for (zh, en) in [("制单", "Made by"), ("审核", "Checked by"), ("发货", "Sent by"), ("收货签字", "Received by")] { span { (t(lang, zh, en)) (t(lang, "：", ": ")) } }
                }
                footer { span { (stamp) } }
            }
        }
    })
}
