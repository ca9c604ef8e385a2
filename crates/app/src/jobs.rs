//! The runner of jobs: what happens in the background, whoever asked for it.
//!
//! Any number of runners, in any number of processes, share one queue. A runner claims a job for a while, and each
//! step's effects commit together with how far the job is; whoever lost a job meanwhile can keep nothing more of it.
//! So a job that was cut off goes on from its last step, and no step happens twice.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use model::import::{self, Piece, Run};
use model::system::{Job, JobStatus, Session};
use model::{Actor, Desk, Door, Entity, Error, Label, Lang, Moment, Result, Sql, Text, job::TRIES, message};
use serde_json::{Value as Json, json};
use store::{Db, archive};

use web::ui::count;

use crate::house::plan;

/// How long a runner may be silent before its job is anybody's.
pub const LEASE: Duration = Duration::from_secs(60);
/// How often a runner looks for work.
const LOOK: Duration = Duration::from_millis(400);
/// Jobs that run at the same time in one process: a long import does not keep a backup waiting.
const HANDS: usize = 2;
/// How long one step may hold the writer.
const STEP: Duration = Duration::from_millis(40);
/// Rows of a file that are read ahead.
const AHEAD: usize = 1_000;
/// Events that one step of an undoing looks at.
const EVENTS: usize = 500;
/// How long uploads stay that nobody came back to, answers kept for repeated requests, files that nothing names.
const STAY: Duration = Duration::from_secs(7 * 24 * 3600);
/// Rows that one step of clearing up takes.
const CLEARED: usize = 200;
/// Weeks of which the last backup stays, beside the daily ones.
const WEEKS: usize = 8;

/// Where the work is done.
#[derive(Clone)]
pub struct House {
    pub db: Db,
    pub data: PathBuf,
    pub lang: Lang,
}

/// What a kind of job does. `None` when it was asked to stop before its end.
struct Kind {
    code: &'static str,
    run: fn(&Work) -> Result<Option<Text>>,
}

const KINDS: [Kind; 7] = [
    Kind { code: "import", run: bring_in },
    Kind { code: "undo_import", run: take_back },
    Kind { code: "backup", run: backup },
    Kind { code: "daily_backup", run: backup },
    Kind { code: "index_custom", run: index_custom },
    Kind { code: "housekeeping", run: housekeeping },
    Kind { code: "recalculate", run: recalculate },
];

/// A job under way.
pub struct Work<'a> {
    house: &'a House,
    job: Mutex<Job>,
    stop: &'a dyn Fn() -> bool,
    watch: &'a dyn Fn(&Job, &Piece),
}

impl House {
    fn system(&self) -> Actor {
        Actor::system(Door::System, self.lang)
    }

    /// Takes one job, the oldest or the one asked for, and does it until its end or until `stop`. `false` when there
    /// is none.
    pub fn run_one(
        &self,
        only: Option<i64>,
        stop: &dyn Fn() -> bool,
        watch: &dyn Fn(&Job, &Piece),
    ) -> Result<bool> {
        let kinds = KINDS.each_ref().map(|it| it.code);
        let claim = move |desk: &mut Desk| desk.claim_job(only, &kinds, after(LEASE));
        // Nothing waits, as is usual: no need to ask the writer.
        if only.is_none() && !self.db.read(&self.system(), move |desk| desk.any_job(&kinds))? {
            return Ok(false);
        }
        let Some(job) = self.db.write(&self.system(), claim)? else { return Ok(false) };
        let kind = KINDS.iter().find(|it| it.code == job.kind);
        let kind = kind.ok_or_else(|| Error::Internal(format!("no job is called {}", job.kind)))?;
        tracing::info!(job = job.id.0, kind = kind.code, tries = job.tries(), "begins");
        let tries = job.tries();
        let work = Work { house: self, job: Mutex::new(job), stop, watch };
        let result = match tries > TRIES {
            true => Err(Error::refused("interrupted", INTERRUPTED)),
            false => (kind.run)(&work),
        };
        let (job, system) = (work.job().clone(), self.system());
        let ended = match result {
            Ok(Some(says)) => {
                tracing::info!(job = job.id.0, kind = kind.code, says = says.of(self.lang), "is done");
                self.db.write(&system, move |desk| desk.end_job(&job, JobStatus::Done, &says))
            }
            Ok(None) => self.db.write(&system, move |desk| desk.release_job(&job, desk.now())),
            Err(Error::Conflict { entity, .. }) if entity == Job::DEF.code => Ok(()),
            Err(error @ (Error::Again | Error::Gone | Error::Full | Error::Unsure)) if tries < TRIES => {
                tracing::warn!(job = job.id.0, kind = kind.code, ?error, "will be tried again");
                let wait = Duration::from_secs(1 << (2 * tries).clamp(0, 10));
                self.db.write(&system, move |desk| desk.release_job(&job, after(wait)))
            }
            Err(error) => {
                tracing::error!(job = job.id.0, kind = kind.code, ?error, "failed");
                let says = message::both(&error, self.db.registry(), "");
                self.db.write(&system, move |desk| desk.end_job(&job, JobStatus::Failed, &says))
            }
        };
        match ended {
            // Cancelled, or another runner has it.
            Err(Error::Conflict { entity, .. }) if entity == Job::DEF.code => Ok(true),
            ended => ended.map(|()| true),
        }
    }

    /// Queues what is done every day, once its hour has come: at the next start where the machine was off.
    fn daily(&self) -> Result<()> {
        let due = self.db.read(&self.system(), |desk| {
            let local = desk.catalog().zone.to_datetime(desk.now());
            let late = i64::from(local.hour()) >= desk.catalog().number("backup_hour");
            let mut due = Vec::new();
            // What a cancelled or failed job left is taken up again.
            let is_put_off = domain::is_put_off(desk.trusted())?;
            let all = [("daily_backup", late), ("housekeeping", true), ("recalculate", is_put_off)];
            for (kind, when) in all {
                let request = format!("{kind}/{}", local.date());
                if when && desk.job_of(&request)?.is_none() {
                    due.push((kind, request));
                }
            }
            Ok(due)
        })?;
        for (kind, request) in due {
            self.db.write(&self.system(), move |desk| desk.queue(kind, &json!({}), 0, Some(&request)))?;
        }
        Ok(())
    }

    /// Where uploads for imports lie.
    pub fn uploads(&self) -> PathBuf {
        self.data.join("imports")
    }
}

fn after(time: Duration) -> Moment {
    Moment::now().saturating_add(time).unwrap_or(Moment::MAX)
}

impl Work<'_> {
    fn job(&self) -> MutexGuard<'_, Job> {
        lock(&self.job)
    }

    /// Whoever the job works for, with today's rights.
    fn actor(&self) -> Result<Actor> {
        let job = self.job().clone();
        self.house.db.read(&self.house.system(), |desk| Ok(desk.worker(&job)))
    }

    /// One step: what `step` writes, and the state and count it returns, commit together.
    fn step<R: Send + 'static>(
        &self,
        step: impl Fn(&mut Desk) -> Result<(R, Json, i64)> + Send + 'static,
    ) -> Result<R> {
        let before = self.job().clone();
        let (result, job) = self.house.db.write(&self.actor()?, move |desk| {
            let (result, state, more) = step(desk)?;
            let (done, total) = (before.done + more, before.total.max(before.done + more));
            Ok((result, desk.keep_job(&before, &state, done, total, after(LEASE))?))
        })?;
        *self.job() = job;
        Ok(result)
    }

    /// Work that has no steps: meanwhile the job is held for it.
    fn hold<R>(&self, work: impl FnOnce() -> Result<R>) -> Result<R> {
        let over = (Mutex::new(false), Condvar::new());
        let (house, held) = (self.house, &self.job);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut ended = lock(&over.0);
                while !*ended {
                    let waited = over.1.wait_timeout(ended, LEASE / 3);
                    ended = waited.unwrap_or_else(PoisonError::into_inner).0;
                    let job = lock(held).clone();
                    let hold = move |desk: &mut Desk| {
                        desk.keep_job(&job, &job.json(), job.done, job.total, after(LEASE))
                    };
                    if !*ended && let Ok(job) = house.db.write(&house.system(), hold) {
                        *lock(held) = job;
                    }
                }
            });
            let result = work();
            *lock(&over.0) = true;
            over.1.notify_all();
            result
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bring_in(work: &Work) -> Result<Option<Text>> {
    let (id, last) = {
        let job = work.job();
        (job.asks()["batch"].as_i64().unwrap_or(0), job.json()["lots"].as_u64().unwrap_or(0))
    };
    let (batch, plan) = work.house.db.read(&work.actor()?, |desk| desk.import_batch(id))?;
    let file = work.house.uploads().join(&plan.source);
    let mut reader = import::open(file.as_path(), &batch.file, &plan)?;
    // Who looked through the file before knows how many rows it has.
    if work.job().total == 0 {
        work.job().total = reader.estimate() as i64;
    }
    let mut lots = import::lots(&plan, &mut reader, &work.house.data)?;
    let run = Arc::new(Run::new(id, plan));
    // What an earlier beginning brought in is read again, for the keys that must not come twice.
    let mut done = last;
    for _ in 0..last {
        lots.next().transpose()?;
    }
    loop {
        let (mut lot, mut rows) = (Vec::new(), 0);
        while let Some(next) = (rows < AHEAD).then(|| lots.next()).flatten() {
            let next = next?;
            rows += next.rows.len();
            lot.push(next);
        }
        if lot.is_empty() {
            break;
        }
        let (lot, mut from) = (Arc::new(lot), 0);
        while from < lot.len() {
            if (work.stop)() {
                return Ok(None);
            }
            let (run, some) = (run.clone(), lot.clone());
            let piece = work.step(move |desk| {
                let piece = desk.import_piece(&run, &some[from..], STEP)?;
                let (lots, rows) = (done + piece.done as u64, piece.rows);
                Ok((piece, json!({ "lots": lots }), rows))
            })?;
            from += piece.done;
            done += piece.done as u64;
            let job = work.job().clone();
            (work.watch)(&job, &piece);
        }
    }
    let (batch, _) = work.house.db.read(&work.actor()?, |desk| desk.import_batch(id))?;
    let (new, updated, same) = (count(batch.created_rows), count(batch.updated_rows), count(batch.same_rows));
    let (skipped, refused) = (count(batch.skipped_rows), count(batch.refused_rows));
    Ok(Some(Text::new(
        format!("新建 {new}，更新 {updated}，相同 {same}，跳过 {skipped}，错误 {refused}"),
        format!("{new} new, {updated} updated, {same} same, {skipped} skipped, {refused} refused"),
    )))
}

/// Undoes an import's changes, the newest first, each by itself.
fn take_back(work: &Work) -> Result<Option<Text>> {
    let id = work.job().asks()["batch"].as_i64().unwrap_or(0);
    let name = Run::name(id);
    loop {
        if (work.stop)() {
            return Ok(None);
        }
        let (state, name) = (work.job().json(), name.clone());
        let more = work.step(move |desk| {
            let before = state["before"].as_i64().unwrap_or(i64::MAX);
            let (done, last, refused) = desk.undo_some(&name, before, EVENTS, STEP)?;
            let kept = state["refused"].as_i64().unwrap_or(0) + refused.len() as i64;
            let why = state["why"].as_str().map(str::to_owned).or_else(|| {
                let error = refused.first()?;
                Some(message::kept(&message::both(error, desk.catalog().registry, "")))
            });
            Ok((
                last.is_some(),
                json!({ "before": last.unwrap_or(before), "refused": kept, "why": why }),
                done,
            ))
        })?;
        if !more {
            break;
        }
    }
    let job = work.job().clone();
    let (state, done) = (job.json(), job.done);
    let refused = state["refused"].as_i64().unwrap_or(0);
    let why = message::said(state["why"].as_str().unwrap_or_default());
    let done = count(done);
    let kept = state.clone();
    work.step(move |desk| desk.import_undone(id).map(|()| ((), kept.clone(), 0)))?;
    Ok(Some(match refused {
        0 => Text::new(format!("已撤销 {done} 项"), format!("{done} changes undone")),
        _ => {
            let refused = count(refused);
            Text::new(
                format!("已撤销 {done} 项，{refused} 项不能撤销：{}", why.zh),
                format!("{done} changes undone, {refused} could not be: {}", why.en),
            )
        }
    }))
}

fn backup(work: &Work) -> Result<Option<Text>> {
    let house = work.house;
    let folder = house.data.join("backups");
    let name = archive::name(Moment::now());
    work.hold(|| {
        std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
        archive::backup(house.db.store(), &plan()?, Some(&house.data.join("files")), &folder.join(&name))
            .map(drop)
    })?;
    let days = house.db.read(&house.system(), |desk| Ok(desk.catalog().number("backup_keep")))?;
    archive::rotate(&folder, archive::Keep { days: days.max(1) as usize, weeks: WEEKS })?;
    Ok(Some(Text::new(name.clone(), name)))
}

fn index_custom(work: &Work) -> Result<Option<Text>> {
    let registry = work.house.db.registry();
    let store = work.house.db.store();
    work.hold(|| store.write(move |conn| model::index_custom(registry, conn)))?;
    Ok(Some(Text::new("", "")))
}

/// Reckons the cost of goods anew behind documents of earlier days.
fn recalculate(work: &Work) -> Result<Option<Text>> {
    while work.step(|desk| Ok((domain::recalculate(desk.trusted())?, json!({}), 1)))? {
        if (work.stop)() {
            return Ok(None);
        }
    }
    Ok(Some(Text::new("", "")))
}

/// Takes away what nobody needs any more: sessions that ended, answers kept for repeated requests, files that were
/// uploaded and left, and those that no attachment names any more.
fn housekeeping(work: &Work) -> Result<Option<Text>> {
    let sessions = bit_by_bit(work, |desk| {
        let mut sql = Sql::new("SELECT id FROM session WHERE expires < ");
        sql.bind(&desk.now()).push(&format!(" ORDER BY id LIMIT {CLEARED}"));
        let old = desk.trusted().rows(&sql)?;
        for row in &old {
            let session: Session = desk.trusted().get(model::Id::of(row[0].int()))?;
            desk.trusted().delete(session)?;
        }
        Ok(old.len())
    })?;
    let requests = bit_by_bit(work, |desk| {
        let old = desk.now().saturating_sub(STAY).unwrap_or(Moment::MIN);
        Ok(desk.forget_requests(old, CLEARED)? as usize)
    })?;
    let mut files = unnamed(work.house)?;
    // Uploads, and attachments of which the end never came.
    let uploads = std::fs::read_dir(work.house.uploads()).into_iter().flatten().flatten();
    let parts = std::fs::read_dir(work.house.data.join("files")).into_iter().flatten().flatten();
    let parts = parts.filter(|it| it.path().extension().is_some_and(|it| it == "part"));
    for entry in uploads.chain(parts) {
        let old = entry.metadata().is_ok_and(|it| store::files::is_older(&it, STAY));
        files += usize::from(old && std::fs::remove_file(entry.path()).is_ok());
    }
    let (sessions, requests, files) = (count(sessions as i64), count(requests as i64), count(files as i64));
    Ok(Some(Text::new(
        format!("清理会话 {sessions} 个，请求记录 {requests} 条，文件 {files} 个"),
        format!("{sessions} sessions, {requests} kept answers and {files} files cleared"),
    )))
}

/// Repeats a step until it finds less than it may take; returns how much it took in all.
fn bit_by_bit(work: &Work, step: fn(&mut Desk) -> Result<usize>) -> Result<usize> {
    let mut all = 0;
    loop {
        let some = work.step(move |desk| Ok((step(desk)?, json!({}), 0)))?;
        all += some;
        if some < CLEARED {
            return Ok(all);
        }
    }
}

/// Removes the files that no attachment names and that have lain for a while: what has just been written may get its
/// row yet.
fn unnamed(house: &House) -> Result<usize> {
    let (folder, system) = (house.data.join("files"), house.system());
    let there = store::files::list(&folder)?;
    let named = house.db.read(&system, |desk| {
        let rows = desk.trusted().rows(&Sql::new("SELECT DISTINCT hash FROM attachment"))?;
        Ok(rows.iter().map(|row| row[0].text().to_owned()).collect::<HashSet<_>>())
    })?;
    let is_free = |hash: &str| {
        house.db.read(&system, |desk| {
            let mut sql = Sql::new("SELECT COUNT(*) FROM attachment WHERE hash = ");
            sql.bind(hash);
            Ok(desk.trusted().one(&sql)? == 0)
        })
    };
    let mut gone = 0;
    for hash in there.iter().filter(|it| !named.contains(*it)) {
        gone += usize::from(store::files::remove(&folder, hash, STAY, || is_free(hash))?);
    }
    Ok(gone)
}

fn failed(folder: &Path, error: &std::io::Error) -> Error {
    Error::Internal(format!("{}: {error}", folder.display()))
}

/// The threads that work through the queue.
pub struct Runner {
    stop: Arc<(Mutex<bool>, Condvar)>,
    threads: Vec<JoinHandle<()>>,
}

impl Runner {
    pub fn start(house: &House) -> Result<Runner> {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let hand = |n: usize| {
            let (house, stop) = (house.clone(), stop.clone());
            let thread =
                thread::Builder::new().name("jobs".into()).spawn(move || hand(&house, &stop, n == 0));
            thread.map_err(|error| Error::Internal(format!("no thread: {error}")))
        };
        let threads = (0..HANDS).map(hand).collect::<Result<_>>()?;
        Ok(Runner { stop, threads })
    }

    /// Lets the steps under way finish, and no more.
    pub fn stop(self) {
        *lock(&self.stop.0) = true;
        self.stop.1.notify_all();
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

fn hand(house: &House, stop: &(Mutex<bool>, Condvar), first: bool) {
    let stopped = || *lock(&stop.0);
    while !stopped() {
        if first && let Err(error) = house.daily() {
            tracing::error!(?error, "the day's jobs could not be queued");
        }
        match house.run_one(None, &stopped, &|_, _| {}) {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(?error, "the queue of jobs does not answer"),
        }
        let guard = lock(&stop.0);
        if !*guard {
            drop(stop.1.wait_timeout(guard, LOOK));
        }
    }
}

const INTERRUPTED: Label = Label {
    zh: "任务多次中断，没有进展，已停止。请查看服务器日志",
    en: "The job was cut off several times without getting further and was given up; see the server's log",
};
