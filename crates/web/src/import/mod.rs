//! The import wizard: choose a file, say what its columns mean, see what will happen, let it happen, take it back.

mod check;
mod choose;
mod map;
mod run;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use maud::{Markup, html};
use model::import::{self, Duplicates, Filled, Place, Plan, Preview, Run};
use model::system::{ImportBatch, Job};
use model::{Desk, EntityDef, Error, Input, Lang, Result};
use sheet::read::Reader;

use crate::shell::Page;
use crate::ui::{icon12, t};
use crate::visit::{Answer, At, Sent, Visit};
use crate::{Site, upload};

/// Rows of each fate that a check keeps to be looked at.
const SHOWN: usize = 200;
/// Checks that are kept, the newest ones.
const KEPT: usize = 16;
/// Bytes of a file that is looked through before its page is drawn, so that nothing moves when the check arrives.
const SMALL: u64 = 128 << 10;
/// Days in which an import that was begun can be taken up again.
const DAYS: i64 = 7;

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/{entity}/import", get(begin).post(choose::take).layer(DefaultBodyLimit::disable()))
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

/// The entity whose rows come in, and which of its imports.
type Which = (String, i64);

/// An import as it stands.
struct Import {
    def: &'static EntityDef,
    batch: ImportBatch,
    plan: Plan,
    /// The job that brings the rows in, and the one that takes them back.
    job: Option<Job>,
    undo: Option<Job>,
    /// Where its columns may go.
    places: Vec<Place>,
    /// What was found while the plan was this one.
    checked: Option<Arc<Checked>>,
    /// What was found last, perhaps under another plan of the same table.
    before: Option<Arc<Checked>>,
    lang: Lang,
}

impl Import {
    /// One's own import of an entity; those of others are not there.
    fn read(desk: &mut Desk, site: &Site, (entity, id): &Which) -> Result<Import> {
        let (def, id) = (desk.entity(entity)?, *id);
        desk.may(def, "import")?;
        let (batch, plan) = desk.import_batch(id)?;
        if batch.entity != def.code {
            return Err(Error::missing(format!("import_batch/{id}")));
        }
        let name = Run::name(id);
        let (job, undo) = (desk.job_of(&name)?, desk.job_of(&format!("undo-{name}"))?);
        let (places, lang) = (desk.places(def)?, desk.actor.lang);
        let before = site.checks.last(id, desk.actor.user);
        let before = before.filter(|it| (&it.plan.sheet, it.plan.header) == (&plan.sheet, plan.header));
        let checked = before.clone().filter(|it| core(&it.plan) == core(&plan));
        Ok(Import { def, batch, plan, job, undo, places, checked, before, lang })
    }

    fn preview(&self) -> Option<&Preview> {
        self.checked.as_ref()?.result.as_ref().ok()
    }

    /// What the check found in a column; until the next one is done, what the last one found where the column stayed.
    fn filled(&self, at: usize) -> Option<&Filled> {
        let last = self.before.as_ref().filter(|it| it.plan.columns.get(at) == self.plan.columns.get(at));
        self.preview().or(last?.result.as_ref().ok())?.columns.get(at)
    }

    fn place(&self, path: &str) -> Option<&Place> {
        self.places.iter().find(|it| it.path() == path)
    }

    /// What is counted: rows, or documents.
    fn unit(&self) -> &'static str {
        match self.plan.has_lines() {
            true => t(self.lang, "张单据", "documents"),
            false => t(self.lang, "行", "rows"),
        }
    }

    fn link(&self, below: &str) -> String {
        format!("/{}/import/{}{below}", self.def.code, self.batch.id.0)
    }

    fn file(&self, site: &Site) -> std::path::PathBuf {
        let name = std::path::Path::new(&self.plan.source).file_name().unwrap_or_default();
        upload::folder(site).join(name)
    }

    fn open(&self, site: &Site) -> Result<Reader> {
        import::open(self.file(site).as_path(), &self.batch.file, &self.plan)
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
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last(&self, id: i64, user: i64) -> Option<Arc<Checked>> {
        self.kept().iter().find(|it| it.0 == (id, user)).map(|it| it.1.clone())
    }

    fn keep(&self, id: i64, user: i64, checked: Checked) {
        let mut kept = self.kept();
        kept.retain(|it| it.0 != (id, user));
        kept.push(((id, user), Arc::new(checked)));
        let beyond = kept.len().saturating_sub(KEPT);
        kept.drain(..beyond);
    }

    fn forget(&self, id: i64) {
        self.kept().retain(|it| it.0.0 != id);
    }
}

/// What a check depends on: decisions about near duplicates only move rows from one count to another.
fn core(plan: &Plan) -> Plan {
    Plan { decisions: BTreeMap::new(), duplicates: Duplicates::New, ..plan.clone() }
}

async fn begin(visit: Visit, At(entity): At<String>) -> Answer {
    let draw = move |desk: &mut Desk| {
        let def = desk.entity(&entity)?;
        desk.may(def, "import")?;
        let body = choose::page(desk, def)?;
        Ok(framed(desk, def, body))
    };
    visit.show(draw).await
}

/// What the wizard is called.
pub fn title(def: &EntityDef, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("导入{}", def.label.zh),
        Lang::En => format!("Import {}", def.many(lang).to_lowercase()),
    }
}

fn framed(desk: &Desk, def: &'static EntityDef, body: Markup) -> Page {
    let lang = desk.actor.lang;
    let crumbs = vec![(def.many(lang), format!("/{}?view=*", def.code))];
    Page { crumbs, class: "ky-main is-flush", ..Page::new(title(def, lang), def.code, body) }
}

async fn show(visit: Visit, At(place): At<Which>) -> Answer {
    let look = visit.query();
    page(&visit, place, look).await
}

/// The step of an import: what happened already decides, then the `step` that was asked for; `fate` says whose rows
/// are listed.
async fn page(visit: &Visit, place: Which, look: Input) -> Answer {
    let (site, at) = (visit.site.clone(), place.clone());
    let waits = move |desk: &mut Desk| {
        let import = Import::read(desk, &site, &at)?;
        let is_small = import.file(&site).metadata().is_ok_and(|it| it.len() <= SMALL);
        Ok(is_small && import.job.is_none() && import.checked.is_none())
    };
    if visit.read(waits).await? {
        check_file(visit, place.clone()).await?;
    }
    let site = visit.site.clone();
    let draw = move |desk: &mut Desk| {
        let import = Import::read(desk, &site, &place)?;
        let body = match (&import.job, look.text("step")) {
            (Some(_), _) => run::page(desk, &import)?,
            (None, _) if !import.file(&site).exists() => choose::gone(&import),
            (None, "confirm") => check::confirm(desk, &import)?,
            (None, _) if import.before.is_none() => check::first(&import),
            (None, _) => map::page(desk, &import, look.text("fate"))?,
        };
        Ok(framed(desk, import.def, body))
    };
    visit.show(draw).await
}

/// Goes through the whole file, keeps what it found, and shows the step that waits for it.
async fn recheck(visit: Visit, At(place): At<Which>, Sent(look): Sent) -> Answer {
    check_file(&visit, place.clone()).await?;
    page(&visit, place, look).await
}

/// The database is asked piece by piece: a large file keeps no reader from others.
async fn check_file(visit: &Visit, place: Which) -> Result<()> {
    let (site, since) = (visit.site.clone(), Instant::now());
    let import = visit.read(move |desk| Import::read(desk, &site, &place)).await?;
    let (site, actor) = (visit.site.clone(), visit.visitor.actor.clone());
    let (id, user) = (import.batch.id.0, actor.user);
    let look = move || {
        let (sheets, result) = match import.open(&site) {
            Ok(mut reader) => {
                let sheets = reader.sheets().to_vec();
                let preview = import::look(&import.plan, &mut reader, &site.data, SHOWN, |looking, lots| {
                    site.db.read(&actor, |desk| desk.look_at(looking, lots))
                });
                (sheets, preview)
            }
            Err(error) => (Vec::new(), Err(error)),
        };
        (import.plan, sheets, result)
    };
    let looked = tokio::task::spawn_blocking(look).await;
    let (plan, sheets, result) = looked.map_err(|error| Error::Internal(error.to_string()))?;
    if let Err(error) = &result
        && error.is_trouble()
    {
        return Err(error.clone());
    }
    let clock = |desk: &mut Desk| Ok(desk.catalog().zone.to_datetime(desk.now()));
    let at = visit.read(clock).await?.strftime("%H:%M").to_string();
    let checked = Checked { plan, result, sheets, took: since.elapsed(), at };
    visit.site.checks.keep(id, user, checked);
    Ok(())
}

/// Changes the plan by what a form says and shows the step again, or where the form leads.
async fn plan(visit: Visit, At(place): At<Which>, Sent(form): Sent) -> Answer {
    let site = visit.site.clone();
    saved(&visit, place, form, move |desk, import, form| map::changed(desk, import, &site, form)).await
}

/// What happens to one near duplicate, or to all.
async fn decide(visit: Visit, At(place): At<Which>, Sent(mut form): Sent) -> Answer {
    form.set("fate", "near");
    let decided = |_: &mut Desk, import: &Import, form: &Input| {
        let mut plan = import.plan.clone();
        let then: Duplicates = serde_json::from_value(form.text("then").into())
            .map_err(|_| Error::invalid("then", "unknown_choice"))?;
        match form.text("row") {
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
    };
    saved(&visit, place, form, decided).await
}

async fn saved<F>(visit: &Visit, place: Which, form: Input, work: F) -> Answer
where
    F: FnOnce(&mut Desk, &Import, &Input) -> Result<Plan> + Send + 'static,
{
    let (at, asked, site) = (place.clone(), form.clone(), visit.site.clone());
    let plan = visit.read(move |desk| {
        let import = Import::read(desk, &site, &at)?;
        work(desk, &import, &asked)
    });
    let (id, plan) = (place.1, plan.await?);
    let (entity, asked) = (place.0.clone(), form.clone());
    let keep = move |desk: &mut Desk| {
        let (def, mut plan) = (desk.entity(&entity)?, plan.clone());
        if !asked.text("keep").is_empty() {
            desk.keep_profile(def, &mut plan, asked.text("profile_name"))?;
        }
        if let Ok(profile) = asked.text("forget").parse() {
            desk.forget_profile(def, profile)?;
        }
        desk.save_plan(id, &plan)
    };
    visit.write(keep).await?;
    if visit.is_part() {
        return page(visit, place, form).await;
    }
    let (step, fate) = (form.text("step"), form.text("fate"));
    Ok(Redirect::to(&format!("/{}/import/{id}?step={step}&fate={fate}", place.0)).into_response())
}

/// A change of the import as a whole, which is shown afterwards.
async fn changed<F>(visit: &Visit, place: Which, work: F) -> Answer
where
    F: Fn(&mut Desk, &Import) -> Result<()> + Send + 'static,
{
    let (id, to) = (place.1, format!("/{}/import/{}", place.0, place.1));
    let site = visit.site.clone();
    let work = move |desk: &mut Desk| {
        let import = Import::read(desk, &site, &place)?;
        work(desk, &import)
    };
    visit.write(work).await?;
    visit.site.checks.forget(id);
    Ok(visit.lead(&to))
}

async fn go(visit: Visit, At(place): At<Which>, Sent(form): Sent) -> Answer {
    let (id, rows) = (place.1, form.text("rows").parse().unwrap_or(0).max(0));
    changed(&visit, place, move |desk, _| desk.run_import(id, rows).map(drop)).await
}

async fn cancel(visit: Visit, At(place): At<Which>) -> Answer {
    let stop = |desk: &mut Desk, import: &Import| match &import.job {
        Some(job) => desk.cancel_job(job.id.0),
        None => Ok(()),
    };
    changed(&visit, place, stop).await
}

/// Gives up an import of which nothing ran.
async fn leave(visit: Visit, At(place): At<Which>) -> Answer {
    let (at, site) = (place.clone(), visit.site.clone());
    let file = visit.read(move |desk| Ok(Import::read(desk, &site, &at)?.file(&site))).await?;
    let to = format!("/{}/import", place.0);
    let delete = |desk: &mut Desk, import: &Import| match &import.job {
        Some(_) => Err(Error::refused("wrong_state", run::BEGUN)),
        None => desk.trusted().delete(import.batch.clone()),
    };
    changed(&visit, place, delete).await?;
    // Housekeeping takes what can't be taken away now.
    let _ = std::fs::remove_file(file);
    Ok(visit.lead(&to))
}

async fn undo(visit: Visit, At(place): At<Which>) -> Answer {
    let id = place.1;
    changed(&visit, place, move |desk, _| desk.undo_import(id).map(drop)).await
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
