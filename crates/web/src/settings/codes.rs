//! Code tables: the choices that a company offers itself, in its own words and order.

use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Form, Router};
use maud::{Markup, html};
use model::search::{self, Source};
use model::system::CodeEntry;
use model::{CodeTable, Desk, Entity, Error, Result};

use super::{Look, can, open};
use crate::Site;
use crate::ui::{count, icon14, t, table, tag};
use crate::visit::{Answer, At, Visit};
use crate::visitor::percent;

pub fn routes() -> Router<Site> {
    Router::new().route("/settings/code/{table}/order", post(order))
}

/// Entries of one page.
const PAGE: usize = 100;

pub fn codes(look: &mut Look) -> Result<Markup> {
    if !look.part.is_empty() {
        return entries(look);
    }
    let (lang, catalog) = (look.lang, look.desk.catalog().clone());
    let tables = (catalog.registry.code_tables)();
    let rows = tables.iter().map(|table| {
        let all = catalog.codes(table.code);
        let closed = all.iter().filter(|it| it.closed).count();
        let lead =
            html! { a class="ky-lead" href={ "/settings/codes/" (table.code) } { (table.label.of(lang)) } };
        let shape = if table.tree { t(lang, "树", "Tree") } else { t(lang, "清单", "List") };
        let figures = [all.len() - closed, closed].map(|it| html! { (count(it as i64)) });
        let [open, closed] = figures;
        (false, vec![lead, open, closed, html! { (shape) }])
    });
    Ok(
        html! { section class="ky-card is-clip" { (table(lang, "代码表|#可选|#停用|形式", "Table|#In use|#Disabled|Shape", rows)) } },
    )
}

fn table_of(desk: &Desk, code: &str) -> Result<CodeTable> {
    let found = (desk.catalog().registry.code_tables)().into_iter().find(|it| it.code == code);
    found.ok_or_else(|| Error::missing("code_entry"))
}

fn entries(look: &mut Look) -> Result<Markup> {
    let (lang, catalog) = (look.lang, look.desk.catalog().clone());
    let table = table_of(look.desk, look.part)?;
    let all = catalog.codes(table.code);
    let (typed, above) = (look.given.text("q").trim().to_owned(), look.given.text("above").to_owned());
    let page: usize = look.given.text("page").parse().unwrap_or(1).max(1);
    let wanted = search::query(&typed);
    // An entry whose parent is not there stands at the top, or nobody would find it.
    let fits = |it: &&CodeEntry| match (&wanted, typed.is_empty()) {
        (Some(wanted), false) => {
            let english = it.name_en.as_deref().unwrap_or_default();
            search::matches(
                wanted,
                &[(Source::Text, &it.name), (Source::Text, english), (Source::Number, &it.code)],
            )
        }
        (None, false) => false,
        (_, true) => {
            it.above.as_deref().filter(|it| catalog.code(table.code, it).is_some()).unwrap_or_default()
                == above
        }
    };
    let mut found: Vec<_> = all.iter().filter(fits).collect();
    if !typed.is_empty() {
        found.sort_by_key(|it| search::rank(&typed, &it.name));
    }
    let pages = found.len().div_ceil(PAGE).max(1);
    let shown = found.iter().skip((page - 1) * PAGE).take(PAGE);
    let mut path = Vec::new();
    let mut at = catalog.code(table.code, &above);
    while let Some(entry) = at.filter(|_| path.len() < 20) {
        path.push(entry);
        at = entry.above.as_deref().and_then(|it| catalog.code(table.code, it));
    }
    let below = |code: &str| all.iter().filter(|it| it.above.as_deref() == Some(code)).count();
    let (adds, deletes) = (can(look.desk, "code_entry", "create"), can(look.desk, "code_entry", "delete"));
    let base = format!("/settings/codes/{}", table.code);
    look.title = Some(table.label.of(lang).to_owned());
    Ok(html! {
        div class="ky-row" {
            form class="ky-box ky-grow" role="search" action=(base) { (icon14("search")) input name="q" value=(typed) aria-label=(t(lang, "找代码", "Find a code")) placeholder=(t(lang, "名称、拼音、编码", "Name, pinyin, code")); }
            @if can(look.desk, "code_entry", "import") { a class="ky-btn" href="/code_entry/import" { (icon14("upload")) (t(lang, "导入", "Import")) } }
            @if adds { button class="ky-btn is-primary" type="button" hx-get={ "/code_entry/new?list=" (table.code) "&above=" (percent(&above)) } hx-target="#dialog" data-key="N" { (icon14("plus")) (t(lang, "新建", "New")) } }
        }
        @if !path.is_empty() || !typed.is_empty() {
            p class="ky-small" { a href=(base) { (table.label.of(lang)) }
                @for entry in path.iter().rev() { " / " a href={ (base) "?above=" (percent(&entry.code)) } { (entry.called(lang)) } }
                @if !typed.is_empty() { " · " (found.len()) " " (t(lang, "条", "found")) }
            }
        }
        section class="ky-card is-clip" {
            ul class="ky-codes ky-sortable" hx-post={ "/settings/code/" (table.code) "/order?above=" (percent(&above)) } hx-trigger="change" hx-swap="none" hx-include="this" {
                @for entry in shown {
                    li class=[entry.closed.then_some("is-off")] {
                        @if typed.is_empty() { button class="ky-iconbtn is-small" type="button" data-grip aria-label={ (t(lang, "移动（上下键）：", "Move with the arrow keys: ")) (entry.called(lang)) } { (icon14("grip-vertical")) } input type="hidden" name={ "order." (entry.id.0) ".id" } value=(entry.id.0); }
                        code { (entry.code) }
                        span class="ky-grow" {
                            (entry.name)
                            @if let Some(english) = entry.name_en.as_deref().filter(|it| !it.is_empty()) { " " span class="ky-mute" { (english) } }
                            @if entry.mark { (tag("is-info", t(lang, "标志", "Mark"))) }
                            @if entry.closed { (tag("", t(lang, "停用", "Disabled"))) }
                        }
                        @if table.tree { a class="ky-btn is-small is-text" href={ (base) "?above=" (percent(&entry.code)) } { (t(lang, "下级", "Below")) " " span class="ky-n" { (below(&entry.code)) } } }
                        button class="ky-iconbtn is-small" type="button" hx-get={ "/code_entry/" (entry.id.0) "/edit" } hx-target="#dialog" hx-swap="innerHTML" aria-label={ (t(lang, "修改：", "Edit ")) (entry.name) } { (icon14("pencil")) }
                        button class="ky-btn is-small is-text" type="button" hx-post={ "/code_entry/" (entry.id.0) } hx-vals=(format!("{{\"_part\":\"dialog\",\"closed\":\"{}\"}}", !entry.closed)) hx-target="#dialog" hx-swap="innerHTML" { (if entry.closed { t(lang, "启用", "Enable") } else { t(lang, "停用", "Disable") }) }
                        @if deletes { button class="ky-iconbtn is-small" type="button" hx-get={ "/code_entry/batch/delete?ids=" (entry.id.0) } hx-target="#dialog" hx-swap="innerHTML" aria-label={ (t(lang, "删除：", "Delete ")) (entry.name) } { (icon14("trash")) } }
                    }
                }
                @if found.is_empty() { li { span class="ky-mute" { (t(lang, "没有条目", "No entries")) } } }
            }
        }
        @if pages > 1 {
            @let to = |page: usize| format!("{base}?q={}&above={}&page={page}", percent(&typed), percent(&above));
            p class="ky-row" {
                @if page > 1 { a class="ky-btn is-small" href=(to(page - 1)) { (t(lang, "上一页", "Previous")) } }
                span { (page) " / " (pages) }
                @if page < pages { a class="ky-btn is-small" href=(to(page + 1)) { (t(lang, "下一页", "Next")) } }
            }
        }
        p class="ky-small ky-mute" { (t(lang, "用过的编码不能删除，只能停用：已有档案照旧显示，下拉里不再出现。", "A code in use can't be deleted, only disabled: records keep showing it, choices no longer offer it.")) }
    })
}

/// The new order of the entries that a page shows; the others of their level keep their places around them.
async fn order(visit: Visit, At(table): At<String>, Form(sent): Form<Vec<(String, String)>>) -> Answer {
    let ids = sent.iter().filter(|it| it.0.starts_with("order.")).filter_map(|it| it.1.parse().ok());
    let sent: Vec<i64> = ids.collect();
    let write = visit.write(move |desk| {
        open(desk, "codes")?;
        table_of(desk, &table)?;
        let catalog = desk.catalog().clone();
        let all = catalog.codes(&table);
        let Some(first) = all.iter().find(|it| sent.first() == Some(&it.id.0)) else { return Ok(()) };
        let level: Vec<_> = all.iter().filter(|it| it.above == first.above).collect();
        let mut moved = sent.iter().filter_map(|id| level.iter().find(|it| it.id.0 == *id));
        let mut position = 0;
        for entry in &level {
            let here = if sent.contains(&entry.id.0) { moved.next().unwrap_or(entry) } else { entry };
            position =
                if level.len() == sent.len() { position + 10 } else { (position + 1).max(entry.position) };
            if here.position != position {
                let input = [("position", position.to_string())];
                desk.update(CodeEntry::DEF.code, here.id.0, None, &input.into())?;
            }
        }
        Ok(())
    });
    write.await?;
    Ok([("hx-reswap", "none")].into_response())
}
