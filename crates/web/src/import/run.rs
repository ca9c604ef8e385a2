//! Step 4: how far it is, what came of it, the rows that were refused, and the way back.

use maud::{Markup, html};
use model::import::{Run, WrongFile};
use model::system::{Job, JobStatus};
use model::{Desk, Label, Result, Sql};
use sheet::write::Format;

use super::check::{WHOLE, refused};
use super::{Import, Which, choose, steps};
use crate::ui::{alert, count, icon14, t};
use crate::visit::{Answer, At, Visit};
use crate::{export, says};

/// Refused rows on the page.
const LISTED: usize = 50;

pub const BEGUN: Label = Label {
    zh: "导入已经开始，不能取消；可以停止或撤销它",
    en: "The import has begun; stop or undo it instead",
};

pub fn page(desk: &mut Desk, import: &Import) -> Result<Markup> {
    let lang = import.lang;
    let batch = &import.batch;
    let code = import.def.code;
    let is_under_way = |it: &&Job| matches!(it.status, JobStatus::Queued | JobStatus::Running);
    let under_way = import.undo.as_ref().filter(is_under_way).or(import.job.as_ref().filter(is_under_way));
    let wrong = if batch.refused_rows > 0 { desk.wrong_rows(batch.id.0, 0, LISTED)? } else { Vec::new() };
    let made = made(desk, import)?;
    let (class, says) = choose::state(batch, import.job.as_ref(), lang);
    let below = (!wrong.is_empty()).then(|| "#wrong".to_owned());
    let figures = [
        (batch.created_rows, t(lang, "新建", "New"), "is-ok", made),
        (batch.updated_rows, t(lang, "更新", "Updated"), "", None),
        (batch.same_rows, t(lang, "没有变化", "The same"), "", None),
        (batch.skipped_rows, t(lang, "跳过", "Skipped"), "", None),
        (batch.refused_rows, t(lang, "没有导入", "Refused"), "is-bad", below),
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
                        @let figure = html! { b class=[(rows > 0 && !mark.is_empty()).then_some(mark)] { (count(rows)) } (label) };
                        @match href { Some(href) => { a href=(href) { (figure) } } None => { span { (figure) } } }
                    }
                }
                @if let Some(job) = under_way { (progress(import, job)) }
                (ended(import))
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
                        @if wrong.len() == LISTED { li class="ky-mute ky-small" { (t(lang, "只列出前 50 行，全部在下载的文件里", "The first 50 are listed; the file has them all")) } }
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

fn progress(import: &Import, job: &Job) -> Markup {
    let lang = import.lang;
    let is_undo = import.undo.as_ref().is_some_and(|it| it.id == job.id);
    let what =
        if is_undo { t(lang, "正在撤销", "Undoing") } else { t(lang, "正在导入", "Importing") };
    let (done, total) = (count(job.done), count(job.total.max(job.done)));
    html! {
        // Asked again as long as it stands here.
        div class="ky-progress" id="progress" hx-get=(import.link("")) hx-trigger="every 1s" hx-target="#main" hx-swap=(WHOLE) hx-select="#main" {
            div class="ky-row" {
                b { @if job.status == JobStatus::Queued { (t(lang, "排队等候", "Waiting")) } @else { (what) } }
                span class="ky-mute" { (says!(lang, "{done} / {total} 行", "{done} of {total} rows")) }
                span class="ky-grow" {}
                @if !is_undo { form method="post" action=(import.link("/cancel")) { button class="ky-btn is-small" { (t(lang, "停止", "Stop")) } } }
            }
            progress max=(job.total.max(1)) value=(job.done) aria-label=(what) {}
        }
    }
}

/// What the end was, where it was not the usual one.
fn ended(import: &Import) -> Markup {
    let lang = import.lang;
    let status = |job: &Option<Job>| job.as_ref().map(|it| it.status);
    let said = |job: &Option<Job>| job.as_ref().map_or(String::new(), |it| it.says(lang));
    let (kind, title, text) = match (status(&import.undo), status(&import.job)) {
        (Some(JobStatus::Failed), _) => {
            ("bad", t(lang, "没有全部撤销", "Not all was undone"), said(&import.undo))
        }
        _ if import.batch.undone => {
            ("ok", t(lang, "这次导入已经撤销", "The import was undone"), said(&import.undo))
        }
        (_, Some(JobStatus::Failed)) => {
            let title = t(lang, "导入中断，已经导入的行还在", "The import stopped; the rows before stay");
            ("bad", title, said(&import.job))
        }
        (_, Some(JobStatus::Cancelled)) => {
            let says = t(lang, "已经导入的行还在，可以撤销。", "The rows before stay and can be undone.");
            ("warn", t(lang, "导入已停止", "The import was stopped"), says.to_owned())
        }
        _ => return html! {},
    };
    html! { div class="ky-card-body" { (alert(kind, title, text)) } }
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

pub async fn ask_undo(visit: Visit, At(place): At<Which>) -> Answer {
    let site = visit.site.clone();
    let draw = move |desk: &mut Desk| {
        let import = Import::read(desk, &site, &place)?;
        let (lang, batch) = (import.lang, &import.batch);
        let (new, updated) = (count(batch.created_rows), count(batch.updated_rows));
        let says = says!(
            lang,
            "新建的 {new} 条会删除，更新的 {updated} 条恢复原值；已过账的单据不删除，用红冲单冲回。后来又改过、或已被引用的记录不会动，会列出原因。",
            "The {new} new records are deleted and the {updated} updated ones get their old values back; posted documents stay and are reversed. What was changed or used since stays, with the reason."
        );
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
    };
    visit.show(draw).await
}

/// The refused rows as the file has them, with the reason in the last column: of a run, or of the check before it.
pub async fn wrong(visit: Visit, At(place): At<Which>) -> Answer {
    let site = visit.site.clone();
    let write = move |desk: &mut Desk| {
        let import = Import::read(desk, &site, &place)?;
        let (lang, batch) = (import.lang, &import.batch);
        let file = export::temporary(&site.data)?;
        let to = export::copy(&file)?;
        if import.job.is_some() {
            desk.wrong_file(place.1, Format::Xlsx, to, &site.data)?;
        } else {
            let mut reasons = refused(&import)?;
            let mut wrong = WrongFile::new(lang, batch, &import.plan, Format::Xlsx, to, &site.data)?;
            let mut reader = import.open(&site)?;
            for row in reader.rows()? {
                let row = row?;
                if let Some(reason) = reasons.remove(&row.number) {
                    wrong.row(row.cells.iter().map(|it| it.text.as_str()), &reason)?;
                }
                if reasons.is_empty() {
                    break;
                }
            }
            wrong.finish()?;
        }
        let stem = batch.file.rsplit_once('.').map_or(batch.file.as_str(), |it| it.0);
        Ok((file, format!("{stem}-{}.xlsx", t(lang, "错误行", "Refused rows"))))
    };
    let (file, name) = visit.read(write).await?;
    Ok(export::send(file, Format::Xlsx, &name)?)
}
