//! The import wizard: choose a file, say what its columns mean, see what will happen, let it happen, take it back.

mod check;
mod choose;
mod map;
mod run;
mod upload;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use model::import::{self, Duplicates, Plan, Preview, Run};
use model::system::{ImportBatch, Job};
use model::{Desk, EntityDef, Error, Lang, Result};

use crate::shell::{self, Frame, Page};
use crate::ui::{icon12, t};
use crate::visitor::Visitor;
use crate::{Site, problem};

/// Rows of each fate that a check keeps to be looked at.
const SHOWN: usize = 200;
/// Checks that are kept, the newest ones.
const KEPT: usize = 16;
/// Days in which an import that was begun can be taken up again.
const DAYS: i64 = 7;

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/{entity}/import", get(begin).post(upload::take).layer(DefaultBodyLimit::disable()))
        .route("/{entity}/import/{id}", get(show))
        .route("/{entity}/import/{id}/check", post(recheck))
        .route("/{entity}/import/{id}/plan", post(plan))
        .route("/{entity}/import/{id}/decide", post(decide))
        .route("/{entity}/import/{id}/run", post(go))
        .route("/{entity}/import/{id}/cancel", post(cancel))
        .route("/{entity}/import/{id}/drop", post(leave))
        .route("/{entity}/import/{id}/undo", get(run::ask_undo).post(undo))
        .route("/{entity}/import/{id}/wrong.xlsx", get(run::wrong))
}

/// An import as it stands.
struct Import {
    def: &'static EntityDef,
    batch: ImportBatch,
    plan: Plan,
    /// The job that brings the rows in, and the one that takes them back.
    job: Option<Job>,
    undo: Option<Job>,
}

impl Import {
    /// One's own import of an entity; those of others are not there.
    fn read(desk: &mut Desk, entity: &str, id: i64) -> Result<Import> {
        let def = desk.entity(entity)?;
        desk.may(def, "import")?;
        let (batch, plan) = desk.import_batch(id)?;
        if batch.entity != def.code {
            return Err(Error::missing(format!("import_batch/{id}")));
        }
        let name = Run::name(id);
        let (job, undo) = (desk.job_of(&name)?, desk.job_of(&format!("undo-{name}"))?);
        Ok(Import { def, batch, plan, job, undo })
    }

    fn link(&self, below: &str) -> String {
        format!("/{}/import/{}{below}", self.def.code, self.batch.id.0)
    }

    fn file(&self, site: &Site) -> std::path::PathBuf {
        let name = std::path::Path::new(&self.plan.source).file_name().unwrap_or_default();
        upload::folder(site).join(name)
    }
}

/// What a check of a whole file found. A check takes long, so its result is kept while the plan stays as it was.
struct Checked {
    plan: Plan,
    result: Result<Preview>,
    sheets: Vec<String>,
    took: Duration,
    at: String,
}

/// The checks of this process, by import and user.
#[derive(Clone, Default)]
pub struct Checks(Arc<Mutex<Kept>>);

/// The newest last.
type Kept = Vec<((i64, i64), Arc<Checked>)>;

impl Checks {
    fn get(&self, import: &Import, user: i64) -> Option<Arc<Checked>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|it| it.0 == (import.batch.id.0, user)).map(|it| it.1.clone());
        found.filter(|it| core(&it.plan) == core(&import.plan))
    }

    fn keep(&self, id: i64, user: i64, checked: Checked) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|it| it.0 != (id, user));
        kept.push(((id, user), Arc::new(checked)));
        let beyond = kept.len().saturating_sub(KEPT);
        kept.drain(..beyond);
    }

    fn forget(&self, id: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|it| it.0.0 != id);
    }
}

/// What a check depends on: decisions about near duplicates only move rows from one count to another.
fn core(plan: &Plan) -> Plan {
    Plan { decisions: BTreeMap::new(), duplicates: Duplicates::New, ..plan.clone() }
}

async fn begin(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(entity): Path<String>,
) -> Response {
    let asked = headers.clone();
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let def = desk.entity(&entity)?;
        desk.may(def, "import")?;
        let body = choose::page(desk, def)?;
        Ok((Frame::read(desk, &asked)?, framed(desk, def, body)))
    });
    answer(&site, &visitor, &headers, read.await)
}

fn framed(desk: &Desk, def: &'static EntityDef, body: Markup) -> Page {
    let lang = desk.actor.lang;
    let noun = def.label.of(lang);
    let title = match lang {
        Lang::Zh => format!("导入{noun}"),
        Lang::En => format!("Import {}", def.many(lang).to_lowercase()),
    };
    let mut page = Page::new(title, def.code, body);
    page.crumbs = vec![(def.many(lang), format!("/{}?view=*", def.code))];
    page.class = "ky-main is-flush";
    page
}

fn answer(site: &Site, visitor: &Visitor, headers: &HeaderMap, read: Result<(Frame, Page)>) -> Response {
    match read {
        Ok((frame, page)) => shell::page(visitor, &frame, headers, page),
        Err(error) => problem::page(site, headers, Some(visitor), &error),
    }
}

/// What an address of an import asks to see.
#[derive(Default)]
struct Look {
    /// The step that was asked for; what happened already decides first.
    step: String,
    /// The fate whose rows are shown.
    fate: String,
}

impl Look {
    fn of(raw: &str) -> Look {
        let value = |key: &str| form_urlencoded::parse(raw.as_bytes()).find(|it| it.0 == key).map(|it| it.1);
        let value = |key: &str| value(key).unwrap_or_default().into_owned();
        Look { step: value("step"), fate: value("fate") }
    }
}

async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id)): Path<(String, i64)>,
    RawQuery(raw): RawQuery,
) -> Response {
    page(&site, &visitor, &headers, entity, id, Look::of(&raw.unwrap_or_default())).await
}

async fn page(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    entity: String,
    id: i64,
    look: Look,
) -> Response {
    let (asked, place) = (headers.clone(), site.clone());
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let import = Import::read(desk, &entity, id)?;
        let checked = place.checks.get(&import, desk.actor.user);
        let is_there = import.file(&place).exists();
        let body = match (&import.job, look.step.as_str()) {
            (Some(_), _) => run::page(desk, &import)?,
            (None, _) if !is_there => choose::gone(desk, &import),
            (None, "confirm") => check::confirm(desk, &import, checked.as_deref())?,
            (None, _) => map::page(desk, &import, checked.as_deref(), &look)?,
        };
        Ok((Frame::read(desk, &asked)?, framed(desk, import.def, body)))
    });
    answer(site, visitor, headers, read.await)
}

/// Goes through the whole file, keeps what it found, and shows the step that waits for it.
async fn recheck(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id)): Path<(String, i64)>,
    body: Bytes,
) -> Response {
    match check_file(&site, &visitor, &entity, id).await {
        Ok(()) => {
            page(&site, &visitor, &headers, entity, id, Look::of(&String::from_utf8_lossy(&body))).await
        }
        Err(error) => problem::page(&site, &headers, Some(&visitor), &error),
    }
}

/// The database is asked piece by piece: a large file keeps no reader from others.
async fn check_file(site: &Site, visitor: &Visitor, entity: &str, id: i64) -> Result<()> {
    let (code, since) = (entity.to_owned(), Instant::now());
    let import = site.db.read_async(&visitor.actor, move |desk| Import::read(desk, &code, id)).await?;
    let (db, actor, path) = (site.db.clone(), visitor.actor.clone(), import.file(site));
    let plan = import.plan.clone();
    let looked = move || {
        let mut reader = import::open(path.as_path(), &import.batch.file, &import.plan)?;
        let sheets = reader.sheets().to_vec();
        let preview = import::look(&import.plan, &mut reader, SHOWN, |looking, rows| {
            db.read(&actor, |desk| desk.look_at(looking, rows))
        });
        Ok((preview?, sheets))
    };
    let looked = tokio::task::spawn_blocking(looked).await;
    let (result, sheets) = match looked.map_err(|error| Error::Internal(error.to_string()))? {
        Ok((preview, sheets)) => (Ok(preview), sheets),
        Err(error @ (Error::Again | Error::Gone | Error::Full | Error::Internal(_))) => return Err(error),
        Err(error) => (Err(error), Vec::new()),
    };
    let clock = move |desk: &mut Desk| Ok(desk.catalog().zone.to_datetime(desk.now()));
    let at = site.db.read_async(&visitor.actor, clock).await?.strftime("%H:%M").to_string();
    let checked = Checked { plan, result, sheets, took: since.elapsed(), at };
    site.checks.keep(id, visitor.actor.user, checked);
    Ok(())
}

/// Changes the plan by what a form says and shows the step again, or where the form leads.
async fn plan(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id)): Path<(String, i64)>,
    body: Bytes,
) -> Response {
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let place = site.clone();
    let (code, asked) = (entity.clone(), form.clone());
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let import = Import::read(desk, &code, id)?;
        map::changed(desk, &import, &import.file(&place), &asked)
    });
    let look = Look { step: value(&form, "step").to_owned(), fate: value(&form, "fate").to_owned() };
    saved(&site, &visitor, &headers, entity, id, read.await, look).await
}

fn value<'a>(form: &'a [(String, String)], key: &str) -> &'a str {
    form.iter().rev().find(|it| it.0 == key).map_or("", |it| it.1.as_str())
}

/// What happens to one near duplicate, or to all.
async fn decide(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id)): Path<(String, i64)>,
    body: Bytes,
) -> Response {
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let (code, asked) = (entity.clone(), form.clone());
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let mut plan = Import::read(desk, &code, id)?.plan;
        let then = match value(&asked, "then") {
            "new" => Duplicates::New,
            "skip" => Duplicates::Skip,
            "update" => Duplicates::Update,
            _ => return Err(Error::invalid("then", "unknown_choice")),
        };
        match value(&asked, "row") {
            "" => {
                plan.duplicates = then;
                plan.decisions.clear();
            }
            row => {
                let row = row.parse().map_err(|_| Error::invalid("row", "malformed_number"))?;
                plan.decisions.insert(row, then);
            }
        }
        Ok(plan)
    });
    let look = Look { fate: "near".into(), ..Look::default() };
    saved(&site, &visitor, &headers, entity, id, read.await, look).await
}

async fn saved(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    entity: String,
    id: i64,
    plan: Result<Plan>,
    look: Look,
) -> Response {
    let kept = match plan {
        Ok(plan) => site.db.write_async(&visitor.actor, move |desk| desk.save_plan(id, &plan)).await,
        Err(error) => Err(error),
    };
    match kept {
        Ok(()) if headers.contains_key("hx-request") => page(site, visitor, headers, entity, id, look).await,
        Ok(()) => Redirect::to(&format!("/{entity}/import/{id}?step={}&fate={}", look.step, look.fate))
            .into_response(),
        Err(error) => problem::page(site, headers, Some(visitor), &error),
    }
}

/// A change of the import as a whole; afterwards the browser goes to `to`, or back to the import.
async fn changed<F>(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    (entity, id): (String, i64),
    to: Option<String>,
    work: F,
) -> Response
where
    F: Fn(&mut Desk, &Import) -> Result<()> + Send + 'static,
{
    let to = to.unwrap_or_else(|| format!("/{entity}/import/{id}"));
    let done = site.db.write_async(&visitor.actor, move |desk| {
        let import = Import::read(desk, &entity, id)?;
        work(desk, &import)
    });
    match done.await {
        Ok(()) if headers.contains_key("hx-request") => [("hx-redirect", to)].into_response(),
        Ok(()) => Redirect::to(&to).into_response(),
        Err(error) => problem::page(site, headers, Some(visitor), &error),
    }
}

async fn go(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id)): Path<(String, i64)>,
    body: Bytes,
) -> Response {
    let rows = form_urlencoded::parse(&body).find(|it| it.0 == "rows").and_then(|it| it.1.parse().ok());
    let rows: i64 = rows.unwrap_or(0);
    site.checks.forget(id);
    changed(&site, &visitor, &headers, (entity, id), None, move |desk, _| {
        desk.run_import(id, rows.max(0)).map(drop)
    })
    .await
}

async fn cancel(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id)): Path<(String, i64)>,
) -> Response {
    changed(&site, &visitor, &headers, (entity, id), None, |desk, import| match &import.job {
        Some(job) => desk.cancel_job(job.id.0),
        None => Ok(()),
    })
    .await
}

/// Gives up an import of which nothing ran.
async fn leave(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id)): Path<(String, i64)>,
) -> Response {
    site.checks.forget(id);
    let (code, place) = (entity.clone(), site.clone());
    let file = move |desk: &mut Desk| Ok(Import::read(desk, &code, id)?.file(&place));
    let file = site.db.read_async(&visitor.actor, file).await;
    let to = Some(format!("/{entity}/import"));
    let left = changed(&site, &visitor, &headers, (entity, id), to, move |desk, import| {
        if import.job.is_some() {
            return Err(Error::refused("wrong_state", run::BEGUN));
        }
        desk.trusted().delete(import.batch.clone())
    })
    .await;
    if let Ok(file) = file
        && !left.status().is_client_error()
        && !left.status().is_server_error()
    {
        // Housekeeping takes what can't be taken away now.
        let _ = std::fs::remove_file(file);
    }
    left
}

async fn undo(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id)): Path<(String, i64)>,
) -> Response {
    changed(&site, &visitor, &headers, (entity, id), None, move |desk, _| desk.undo_import(id).map(drop))
        .await
}

/// The steps with what is settled already; `at` counts from 1.
fn steps(lang: Lang, at: usize, file: &str, fact: &str) -> Markup {
    let names = [
        (t(lang, "选文件", "File"), file),
        (t(lang, "对应列与查重", "Columns and duplicates"), fact),
        (t(lang, "试导与确认", "Trial"), ""),
        (t(lang, "结果", "Result"), ""),
    ];
    html! {
        div class="ky-wizard-head" {
            ol class="ky-stepper" {
                @for (n, (name, fact)) in (1..).zip(names) {
                    li class=[(n < at).then_some("is-done")] aria-current=[(n == at).then_some("step")] {
                        span { @if n < at { (icon12("check")) } @else { (n) } }
                        b { (name) }
                        @if !fact.is_empty() { small { (fact) } }
                    }
                }
            }
        }
    }
}
