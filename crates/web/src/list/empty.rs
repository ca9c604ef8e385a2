//! A list without rows: the house is still empty, nothing fits, or the address can't be read.

use maud::{Markup, html};
use model::{Desk, Lang, List, Query, Result, Totals};

use super::ask::{Ask, filter};
use super::cell::Cells;
use super::table::{Sheet, columns, heads, new_label, region, table_start};
use super::words;
use crate::problem::report;
use crate::ui::{amount, icon, t};

/// Nothing to show: the house is still empty, or no row fits.
pub fn nothing(
    desk: &mut Desk,
    ask: &Ask,
    cells: &Cells,
    list: &List,
    width: usize,
    totals: Totals,
) -> Result<Sheet> {
    let lang = cells.lang;
    let noun = ask.def.label.of(lang);
    let code = ask.def.code;
    let all = desk.count(code, &Query::default())?;
    let may_create = desk.may(ask.def, "create").is_ok();
    // Lists are brought along; how the house is set up is not.
    let may_import = ask.def.module != "settings" && desk.may(ask.def, "import").is_ok();
    let new = html! {
        @if may_create { a class="ky-btn" href={ "/" (code) "/new" } { (icon("plus")) (new_label(noun, lang)) } }
    };
    let inside = match all {
        0 => html! {
            div class="ky-empty" {
                (art("first"))
                h2 { @if lang == Lang::Zh { "还没有" (noun) } @else { "No " (ask.def.many(lang).to_lowercase()) " yet" } }
                @if may_create && may_import {
                    p { (t(lang, "从旧系统或 Excel 导入最快，列名不一样也能对上；也可以先新建一条试试。", "Importing from another system or from Excel is quickest, whatever the columns are called. Or enter one first.")) }
                }
                div class="ky-row" {
                    @if may_import {
                        a class="ky-btn is-primary" href={ "/" (code) "/import" } { (icon("upload")) (t(lang, "导入", "Import ")) (noun) }
                    }
                    (new)
                }
                @if may_import { p class="ky-small" { a href={ "/" (code) "/template.xlsx" } { (t(lang, "下载导入模板", "Download the import template")) } } }
            }
        },
        all => no_match(desk, ask, all, new)?,
    };
    let heads = heads(ask, &list.columns, width);
    let rows = region(ask, lang, html! { (table_start(ask, &heads, &totals, lang, html! {})) (inside) });
    let foot = html! { div class="ky-foot" id="foot" data-foot { span { (t(lang, "共 ", "Total ")) b { "0" } (t(lang, " 条", "")) } } };
    let pages = (String::new(), None, None);
    Ok(Sheet { rows, foot, totals, sums: Vec::new(), pages, shown: 0, taken: 0 })
}

/// Says which condition to drop and what that would give.
fn no_match(desk: &mut Desk, ask: &Ask, all: i64, new: Markup) -> Result<Markup> {
    let lang = desk.actor.lang;
    let mut said: Vec<(String, String)> = Vec::new();
    let mut drops: Vec<(String, String, i64)> = Vec::new();
    let query = filter(&ask.query);
    let quoted = |text: &str| format!("“{text}”");
    if !query.q.is_empty() {
        said.push((t(lang, "查找", "Find").into(), query.q.clone()));
        let without = Query { q: String::new(), ..query.clone() };
        drops.push((quoted(&query.q), ask.link(&[("q", "")]), desk.count(ask.def.code, &without)?));
    }
    for (n, term) in query.terms.iter().enumerate().take(8) {
        let (label, value) = words::term(desk, ask.def, term)?;
        let mut without = query.clone();
        without.terms.remove(n);
        let field = match term {
            model::Term::One(it) => model::Condition::key(&it.field),
            model::Term::Or(_) => "or".into(),
        };
        let count = desk.count(ask.def.code, &without)?;
        drops.push((quoted(&format!("{label} {value}")), ask.link(&[(&field, "")]), count));
        said.push((label, value));
    }
    drops.retain(|it| it.2 > 0);
    drops.sort_by_key(|it| it.2);
    let noun = ask.def.label.of(lang);
    Ok(html! {
        div class="ky-empty" {
            (art("none"))
            h2 { @if lang == Lang::Zh { "没有符合条件的" (noun) } @else { "No " (ask.def.many(lang).to_lowercase()) " fit the filter" } }
            p {
                (t(lang, "当前条件：", "Filter: "))
                @for (n, (label, value)) in said.iter().enumerate() {
                    @if n > 0 { (t(lang, "、", ", ")) }
                    b { (label) " " (value) }
                }
                @match lang {
                    Lang::Zh => { "，在 " (amount(all, 0, 0)) " 条" (noun) "中找到 0 条。" }
                    Lang::En => { ", none of " (amount(all, 0, 0)) "." }
                }
            }
            @if !drops.is_empty() {
                p class="ky-mute" {
                    @for (n, (label, _, count)) in drops.iter().take(3).enumerate() {
                        @if n > 0 { (t(lang, "；", "; ")) }
                        @match lang {
                            Lang::Zh => { "去掉" (label) "有 " (amount(*count, 0, 0)) " 条" }
                            Lang::En => { "without " (label) " there are " (amount(*count, 0, 0)) }
                        }
                    }
                    (t(lang, "。", "."))
                }
            }
            div class="ky-row" {
                a class="ky-btn is-primary" href={ "/" (ask.def.code) "?view=*" } { (t(lang, "清除全部条件", "Clear the filter")) }
                @if let Some((label, href, _)) = drops.first() { a class="ky-btn" href=(href) { (t(lang, "去掉", "Drop ")) (label) } }
                (new)
            }
        }
    })
}

/// The list did not open: its head, why, what is safe, the way on (14c).
pub fn broken(desk: &mut Desk, ask: &Ask, says: &str, number: &str) -> Result<Markup> {
    let lang = desk.actor.lang;
    let columns = columns(desk, ask);
    let shown = columns.len();
    let list = desk.list(ask.def.code, &Query { columns, ..Query::default() })?;
    let heads = heads(ask, &list.columns, shown);
    let inside = html! {
        (table_start(ask, &heads, &Totals::default(), lang, html! {}))
        div class="ky-empty" role="alert" {
            (art("bad"))
            h2 { @if lang == Lang::Zh { (ask.def.label.zh) "列表没有打开" } @else { "The list of " (ask.def.many(lang).to_lowercase()) " did not open" } }
            p { (says) }
            p class="ky-mute" { (t(lang, "网址里有看不懂的条件，数据没有受影响。", "The address holds a condition that can't be read. The data is untouched.")) }
            div class="ky-row" {
                a class="ky-btn is-primary" href={ "/" (ask.def.code) } { (t(lang, "清除条件", "Clear the filter")) }
            }
            (report(lang, number, false))
        }
    };
    Ok(html! {
        (region(ask, lang, inside))
        div class="ky-foot" id="foot" data-foot { span class="is-bad" { (t(lang, "没有打开", "Not opened")) } }
    })
}

/// The drawing of an empty list: nothing yet, nothing found, or trouble.
pub fn art(kind: &str) -> Markup {
    html! {
        svg class="ky-art" viewBox="0 0 160 96" aria-hidden="true" {
            rect class="is-paper" x="18" y="20" width="124" height="62" rx="6" {}
            path class="is-lines" d="M18 36h124M34 50h44M34 62h30M34 28h20" {}
            path class="is-lines" d="M98 50h30M98 62h30" {}
            @match kind {
                "first" => { circle class="is-blob" cx="118" cy="58" r="17" {} path class="is-white" d="M118 50v16M110 58h16" {} }
                "none" => { circle class="is-glass" cx="118" cy="58" r="17" {} path d="M130 71l12 12" {} path d="M112 52l12 12M124 52l-12 12" {} }
                _ => { path class="is-warn" d="M118 38l20 36H98z" {} path d="M118 50v11M118 67v.5" {} }
            }
        }
    }
}
