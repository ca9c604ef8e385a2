//! Step 4: how far it is, what came of it, the rows that were refused, and the way back.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use maud::{Markup, html};
use model::import::{self, Run};
use model::system::{Job, JobStatus};
use model::{Desk, Error, Label, Lang, Result, Sql};
use sheet::write::{About, Column, Form, Format, Value, Writer};

use super::check::{WHOLE, refused};
use super::{Import, choose, steps};
use crate::list::part;
use crate::ui::{amount, icon, icon14, t};
use crate::visitor::Visitor;
use crate::{Site, export, problem};

/// Refused rows on the page.
const LISTED: usize = 50;
/// Refused rows read at once on their way into a file.
const PIECE: usize = 1_000;

pub const BEGUN: Label = Label {
    zh: "导入已经开始，不能取消；可以停止或撤销它",
    en: "The import has begun; stop or undo it instead",
};

pub fn page(desk: &mut Desk, import: &Import) -> Result<Markup> {
    let lang = desk.actor.lang;
    let batch = &import.batch;
    let code = import.def.code;
    let is_under_way = |it: &&Job| matches!(it.status, JobStatus::Queued | JobStatus::Running);
    let under_way = import.undo.as_ref().filter(is_under_way).or(import.job.as_ref().filter(is_under_way));
    let wrong = if batch.refused_rows > 0 { desk.wrong_rows(batch.id.0, 0, LISTED)? } else { Vec::new() };
    let made = made(desk, import)?;
    let (class, says) = choose::state(batch, import.job.as_ref(), lang);
    let figures = [
        (batch.created_rows, t(lang, "新建", "New"), "is-ok", made),
        (batch.updated_rows, t(lang, "更新", "Updated"), "", None),
        (batch.same_rows, t(lang, "没有变化", "The same"), "", None),
        (batch.skipped_rows, t(lang, "跳过", "Skipped"), "", None),
        (
            batch.refused_rows,
            t(lang, "没有导入", "Refused"),
            "is-bad",
            (!wrong.is_empty()).then(|| "#wrong".to_owned()),
        ),
    ];
    let can_undo = under_way.is_none() && !batch.undone && batch.created_rows + batch.updated_rows > 0;
    Ok(html! {
        (steps(lang, 4, &batch.file, ""))
        div class="ky-wizard is-single" {
            section class="ky-card" aria-labelledby="result" {
                header {
                    h2 id="result" { (t(lang, "导入结果", "Result")) }
                    span class={ "ky-status " (class) } role="status" { (says) }
                    span class="ky-grow" {}
                    @let why_not = (!can_undo).then_some(if under_way.is_some() { t(lang, "还没有结束", "Not ended yet") } else { t(lang, "没有可撤销的", "There is nothing to undo") });
                    button class="ky-btn is-small is-danger" type="button" disabled[!can_undo] title=[why_not] hx-get=[can_undo.then(|| import.link("/undo"))] hx-target="#dialog" { (icon14("arrow-back-up")) (t(lang, "撤销这次导入", "Undo the import")) }
                }
                div class="ky-outcomes" {
                    @for (rows, label, mark, href) in figures {
                        @let figure = html! { b class=[(rows > 0 && !mark.is_empty()).then_some(mark)] { (amount(rows, 0, 0)) } (label) };
                        @match href { Some(href) => { a href=(href) { (figure) } } None => { span { (figure) } } }
                    }
                }
                @if let Some(job) = under_way { (progress(import, job, lang)) }
                (ended(import, lang))
            }
            @if !wrong.is_empty() {
                section class="ky-card" id="wrong" aria-labelledby="wrong-title" {
                    header {
                        h2 id="wrong-title" { (t(lang, "没有导入的行", "Refused rows")) }
                        span class="ky-mute ky-small" { (t(lang, "改好之后再导入这个文件，最后一列是原因", "Correct them and import the file again; its last column says why")) }
                        span class="ky-grow" {}
                        a class="ky-btn is-small" href=(import.link("/wrong.xlsx")) { (icon14("download")) (t(lang, "下载错误行", "Download")) }
                    }
                    ul class="ky-duplicates" {
                        @for row in &wrong {
                            li {
                                p { span class="ky-mute" { (t(lang, "第 ", "Row ")) (row.number) (t(lang, " 行", "")) } b class="ky-clip" { (row.cells.iter().filter(|it| !it.is_empty()).take(3).map(String::as_str).collect::<Vec<_>>().join(t(lang, "；", "; "))) } }
                                p { span class="ky-mute" {} span class="is-bad ky-wrap" { (row.reason.of(lang)) } }
                            }
                        }
                        @if batch.refused_rows > wrong.len() as i64 { li class="ky-mute ky-small" { (t(lang, "只列出前 50 行，全部在下载的文件里", "The first 50 are listed; the file has them all")) } }
                    }
                }
            }
        }
        div class="ky-wizard-foot" {
            a class="ky-btn" href={ "/" (code) "/import" } { (t(lang, "再导入一个文件", "Import another file")) }
            span class="ky-grow" {}
            a class="ky-btn is-primary" href={ "/" (code) "?view=*" } { (t(lang, "去列表", "To the list")) }
        }
    })
}

fn progress(import: &Import, job: &Job, lang: Lang) -> Markup {
    let is_undo = import.undo.as_ref().is_some_and(|it| it.id == job.id);
    let what =
        if is_undo { t(lang, "正在撤销", "Undoing") } else { t(lang, "正在导入", "Importing") };
    let waits = matches!(job.status, JobStatus::Queued);
    let done = match lang {
        Lang::Zh => format!("{} / {} 行", amount(job.done, 0, 0), amount(job.total.max(job.done), 0, 0)),
        Lang::En => format!("{} of {} rows", amount(job.done, 0, 0), amount(job.total.max(job.done), 0, 0)),
    };
    html! {
        // Asked again as long as it stands here.
        div class="ky-progress" id="progress" hx-get=(import.link("")) hx-trigger="every 1s" hx-target="#main" hx-swap=(WHOLE) hx-select="#main" {
            div class="ky-row" {
                b { @if waits { (t(lang, "排队等候", "Waiting")) } @else { (what) } }
                span class="ky-mute" { (done) }
                span class="ky-grow" {}
                @if !is_undo { form method="post" action=(import.link("/cancel")) { button class="ky-btn is-small" { (t(lang, "停止", "Stop")) } } }
            }
            progress max=(job.total.max(1)) value=(job.done) aria-label=(what) {}
        }
    }
}

/// What the end was, where it was not the usual one.
fn ended(import: &Import, lang: Lang) -> Markup {
    let alert = |class: &str, sign: &str, title: &str, text: &str| {
        html! { div class="ky-card-body" { div class={ "ky-alert " (class) } { (icon(sign)) div { b { (title) } @if !text.is_empty() { p { (text) } } } } } }
    };
    let failed =
        |job: &Option<Job>| job.as_ref().filter(|it| it.status == JobStatus::Failed).map(|it| it.says(lang));
    if let Some(says) = failed(&import.undo) {
        return alert("is-bad", "circle-x", t(lang, "没有全部撤销", "Not all was undone"), &says);
    }
    if import.batch.undone {
        let says = import.undo.as_ref().map_or(String::new(), |it| it.says(lang));
        return alert("is-ok", "circle-check", t(lang, "这次导入已经撤销", "The import was undone"), &says);
    }
    if let Some(says) = failed(&import.job) {
        return alert(
            "is-bad",
            "circle-x",
            t(lang, "导入中断，已经导入的行还在", "The import stopped; the rows before stay"),
            &says,
        );
    }
    match import.job.as_ref().map(|it| it.status) {
        Some(JobStatus::Cancelled) => alert(
            "is-warn",
            "alert-triangle",
            t(lang, "导入已停止", "The import was stopped"),
            t(lang, "已经导入的行还在，可以撤销。", "The rows before stay and can be undone."),
        ),
        _ => html! {},
    }
}

/// The list of what an import made: its ids lie close together, and those of others between them have other makers.
fn made(desk: &mut Desk, import: &Import) -> Result<Option<String>> {
    if import.batch.created_rows == 0 || import.batch.undone {
        return Ok(None);
    }
    let mut sql = Sql::new("SELECT MIN(record), MAX(record) FROM event WHERE batch = ");
    sql.bind(Run::name(import.batch.id.0).as_str()).push(" AND entity = ").bind(import.def.code);
    sql.push(" AND kind = 'import' AND changes = '{}'");
    let rows = desk.trusted().rows(&sql)?;
    let ends = rows.first().map(|row| (row[0].int(), row[1].int())).filter(|it| it.0 > 0);
    let creator = import.batch.user.map_or(String::new(), |it| format!("&creator={}", it.0));
    Ok(ends.map(|(from, to)| format!("/{}?view=*&id={from}..{to}{creator}", import.def.code)))
}

pub async fn ask_undo(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id)): Path<(String, i64)>,
) -> Response {
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let lang = desk.actor.lang;
        let import = Import::read(desk, &entity, id)?;
        let batch = &import.batch;
        let (new, updated) = (amount(batch.created_rows, 0, 0), amount(batch.updated_rows, 0, 0));
        let says = match lang {
            Lang::Zh => format!("新建的 {new} 条会删除，更新的 {updated} 条恢复原值。后来又改过、或已被引用的记录不会动，会列出原因。"),
            Lang::En => format!("The {new} new records are deleted and the {updated} updated ones get their old values back. What was changed or used since stays, with the reason."),
        };
        Ok(html! {
            form method="post" action=(import.link("/undo")) hx-post=(import.link("/undo")) {
                h2 { (t(lang, "撤销导入 ", "Undo the import of ")) (batch.file) (t(lang, "？", "?")) }
                p { (says) }
                div class="ky-dialog-foot" {
                    button class="ky-btn" type="button" data-close { (t(lang, "取消", "Cancel")) }
                    button class="ky-btn is-danger is-filled" { (t(lang, "撤销导入", "Undo")) }
                }
            }
        })
    });
    part(&site, &visitor, &headers, read.await)
}

/// The refused rows as the file has them, with the reason in the last column: of a run, or of the check before it.
pub async fn wrong(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id)): Path<(String, i64)>,
) -> Response {
    let place = site.clone();
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let import = Import::read(desk, &entity, id)?;
        let lang = desk.actor.lang;
        let file = export::temporary(&place.data)?;
        let title = match lang {
            Lang::Zh => "错误行",
            Lang::En => "Refused rows",
        };
        let mut heads: Vec<Column> = import
            .plan
            .columns
            .iter()
            .map(|it| Column { title: it.header.clone(), form: Form::Text })
            .collect();
        heads.push(Column { title: t(lang, "原因", "Reason").into(), form: Form::Long });
        let about = About { title: title.into(), ..About::default() };
        let mut writer = Writer::new(Format::Xlsx, export::copy(&file)?, &place.data, &about, &heads)?;
        let mut line = |cells: &mut dyn Iterator<Item = &str>, reason: &str| -> Result<()> {
            let mut cells = cells.chain(std::iter::repeat(""));
            for _ in 1..heads.len() {
                writer.cell(Value::Text(cells.next().unwrap_or_default()))?;
            }
            writer.cell(Value::Text(reason))?;
            writer.end_row()
        };
        if import.job.is_some() {
            let mut after = 0;
            loop {
                let rows = desk.wrong_rows(id, after, PIECE)?;
                let Some(last) = rows.last() else { break };
                after = last.id;
                for row in &rows {
                    line(&mut row.cells.iter().map(String::as_str), row.reason.of(lang))?;
                }
            }
        } else {
            let checked = place.checks.get(&import, desk.actor.user);
            let checked = checked.ok_or_else(|| Error::missing(format!("import_batch/{id}")))?;
            let mut reasons = refused(desk, &import, &checked)?;
            let mut reader = import::open(import.file(&place).as_path(), &import.batch.file, &import.plan)?;
            for row in reader.rows()? {
                if reasons.is_empty() {
                    break;
                }
                let row = row?;
                if let Some(reason) = reasons.remove(&row.number) {
                    line(&mut row.cells.iter().map(|it| it.text.as_str()), &reason)?;
                }
            }
        }
        writer.finish(&about)?;
        let stem =
            import.batch.file.rsplit_once('.').map_or(import.batch.file.as_str(), |it| it.0).to_owned();
        Ok((file, format!("{stem}-{title}.xlsx")))
    });
    let sent = read.await.and_then(|(file, name)| export::send(file, Format::Xlsx, &name));
    sent.unwrap_or_else(|error| problem::page(&site, &headers, Some(&visitor), &error))
}
