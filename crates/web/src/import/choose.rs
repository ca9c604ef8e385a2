//! Step 1: the file, and what was imported before.

use axum::extract::Request;
use maud::{Markup, html};
use model::import::{self, Plan, Run};
use model::system::{ImportBatch, Job, JobStatus};
use model::{Desk, EntityDef, Lang, Result};

use super::{DAYS, Import, steps};
use crate::list::cell::Cells;
use crate::ui::{alert, count, icon, icon14, t};
use crate::upload::{self, Upload};
use crate::visit::{Answer, At, Visit};

/// Imports that are listed.
const LISTED: usize = 20;
/// The parameter that says how large a file may be, in MB, and what it is where nobody says.
const LIMIT: &str = "import_mb";
const USUAL: i64 = 500;

/// Bytes that a file may have.
fn most(desk: &Desk) -> u64 {
    let most = desk.catalog().number(LIMIT);
    (if most > 0 { most } else { USUAL } as u64) << 20
}

pub async fn take(visit: Visit, At(entity): At<String>, request: Request) -> Answer {
    match taken(&visit, &entity, request).await {
        Ok(id) => Ok(visit.lead(&format!("/{entity}/import/{id}"))),
        // The drop zone shows the sentence beside the file's name.
        Err(error) if visit.is_part() => Ok(visit.sentence(&entity, &error)),
        Err(error) => Err(error.into()),
    }
}

async fn taken(visit: &Visit, entity: &str, request: Request) -> Result<i64> {
    let code = entity.to_owned();
    let most = visit.read(move |desk| {
        let def = desk.entity(&code)?;
        desk.may(def, "import")?;
        Ok(most(desk))
    });
    let mut upload = Upload::of(&visit.site, request, most.await?).await?;
    let (name, file) = upload.next().await?.ok_or_else(upload::missing)?;
    let (code, path) = (entity.to_owned(), file.path().to_owned());
    let planned = move |desk: &mut Desk| {
        let def = desk.entity(&code)?;
        let mut reader = import::open(path.as_path(), &name, &Plan::default())?;
        let signature = import::signature(&reader);
        let source = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let plan = Plan { source, ..desk.plan_for(def, &mut reader)? };
        Ok((name, signature, plan))
    };
    let (name, signature, plan) = visit.read(planned).await?;
    let id = visit.write(move |desk| desk.start_import(&name, &signature, &plan)).await?;
    file.keep().map_err(|error| upload::unwritten(error.error))?;
    Ok(id)
}

pub fn page(desk: &mut Desk, def: &'static EntityDef) -> Result<Markup> {
    let lang = desk.actor.lang;
    let most = most(desk);
    let address = format!("/{}/import", def.code);
    let before = before(desk, def)?;
    Ok(html! {
        (steps(lang, 1, "", ""))
        div class="ky-wizard is-single" {
            section class="ky-card" aria-labelledby="choose" {
                header { h2 id="choose" { (t(lang, "选择文件", "Choose a file")) } span class="ky-grow" {}
                    a class="ky-btn is-small is-text" href={ "/" (def.code) "/template.xlsx" } { (icon14("download")) (t(lang, "下载模板", "Template")) }
                }
                div class="ky-card-body" {
                    form method="post" action=(address) enctype="multipart/form-data" {
                        label class="ky-drop" data-drop data-action=(address) data-max=(most) {
                            (icon("upload"))
                            b { (t(lang, "把文件拖到这里，或点击选择", "Drop a file here, or choose one")) }
                            span class="ky-mute ky-small" {
                                (t(lang, "Excel（.xlsx、.xls）、WPS、.ods 或 CSV，列名和顺序不限，最大 ", "Excel (.xlsx, .xls), .ods or CSV, columns of any name and order, up to "))
                                (most >> 20) " MB"
                            }
                            input type="file" name="file" accept=".xlsx,.xls,.ods,.csv,.txt,.tsv" aria-label=(t(lang, "要导入的文件", "File to import"));
                        }
                        noscript { button class="ky-btn" { (t(lang, "上传", "Upload")) } }
                    }
                }
            }
            @if !before.is_empty() { (table(desk, def, &before)) }
        }
        div class="ky-wizard-foot" {
            a class="ky-btn" href={ "/" (def.code) "?view=*" } { (icon14("chevron-left")) (t(lang, "回列表", "To the list")) }
        }
    })
}

type Before = (ImportBatch, Option<Job>);

/// One's own imports, newest first; those that nobody took up again are past.
fn before(desk: &mut Desk, def: &'static EntityDef) -> Result<Vec<Before>> {
    let (user, now) = (desk.actor.user, desk.now());
    let mut found: Vec<ImportBatch> =
        desk.trusted().find(&[("entity", def.code.into()), ("user", user.into())])?;
    found.reverse();
    let mut before = Vec::new();
    for batch in found {
        let job = desk.job_of(&Run::name(batch.id.0))?;
        if job.is_some() || now.duration_since(batch.stamp.created).as_hours() < DAYS * 24 {
            before.push((batch, job));
        }
        if before.len() == LISTED {
            break;
        }
    }
    Ok(before)
}

fn table(desk: &Desk, def: &EntityDef, before: &[Before]) -> Markup {
    let lang = desk.actor.lang;
    let cells = Cells::of(desk);
    html! {
        section class="ky-card" aria-labelledby="before" {
            header { h2 id="before" { (t(lang, "我的导入", "My imports")) } span class="ky-mute ky-small" { (t(lang, "没有做完的保留 7 天", "Unfinished ones stay for 7 days")) } }
            div class="ky-scroll" tabindex="0" role="region" aria-labelledby="before" {
                table class="ky-minitable" {
                    thead { tr { th scope="col" { (t(lang, "文件", "File")) } th scope="col" { (t(lang, "时间", "Time")) } th scope="col" { (t(lang, "状态", "State")) } th scope="col" class="is-number" { (t(lang, "新建", "New")) } th scope="col" class="is-number" { (t(lang, "更新", "Updated")) } th scope="col" class="is-number" { (t(lang, "错误", "Refused")) } } }
                    tbody {
                        @for (batch, job) in before {
                            @let (class, says) = state(batch, job.as_ref(), lang);
                            tr {
                                td { a class="ky-clip" href={ "/" (def.code) "/import/" (batch.id.0) } { (batch.file) } }
                                td { time { (cells.moment(batch.stamp.created)) } }
                                td { span class={ "ky-status " (class) } { (says) } }
                                @for rows in [batch.created_rows, batch.updated_rows, batch.refused_rows] { td class="is-number" { (count(rows)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How an import stands: its mark and its word.
pub fn state(batch: &ImportBatch, job: Option<&Job>, lang: Lang) -> (&'static str, &'static str) {
    match job.map(|it| it.status) {
        _ if batch.undone => ("", t(lang, "已撤销", "Undone")),
        None => ("is-warn", t(lang, "没有做完，继续", "Not finished: go on")),
        Some(JobStatus::Queued) => ("is-info", t(lang, "排队", "Queued")),
        Some(JobStatus::Running) => ("is-info", t(lang, "进行中", "Running")),
        Some(JobStatus::Done) => ("is-ok", t(lang, "完成", "Done")),
        Some(JobStatus::Failed) => ("is-bad", t(lang, "中断", "Failed")),
        Some(JobStatus::Cancelled) => ("", t(lang, "已取消", "Cancelled")),
    }
}

/// The file was cleared away before its import went on.
pub fn gone(import: &Import) -> Markup {
    let lang = import.lang;
    html! {
        (steps(lang, 1, &import.batch.file, ""))
        div class="ky-wizard is-single" {
            (alert("warn", t(lang, "这个文件已经清除", "The file is gone"), t(lang, "没有做完的导入保留 7 天。请重新上传，列的对应会自动恢复。", "Unfinished imports stay for 7 days. Upload it again; what you said of its columns is kept.")))
        }
        div class="ky-wizard-foot" { a class="ky-btn is-primary" href={ "/" (import.def.code) "/import" } { (t(lang, "重新上传", "Upload again")) } }
    }
}
