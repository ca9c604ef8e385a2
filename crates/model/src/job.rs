//! Jobs: work in the background. Its effects and its progress commit together, so it is finished exactly once; a
//! runner holds a job by a lease, and whoever lost it can keep nothing more.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::message::{kept, said};
use crate::system::{Job, JobStatus};
use crate::tx::select;
use crate::{
    Actor, Desk, Door, Entity, Error, Id, Label, Lang, Moment, Result, Rights, Scalar, Sql, Stamp, Text, Tx,
    Value,
};

/// How often a job may be begun without getting further.
pub const TRIES: i64 = 5;

/// How the backups stand, for whoever looks after them.
#[derive(Debug, Clone, Default)]
pub struct Backups {
    /// When the last one was finished, and its file.
    pub last: Option<(Moment, String)>,
    /// When and why one failed that no later one made good.
    pub failed: Option<(Moment, Text)>,
}

impl Desk<'_> {
    /// Puts a job into the queue; the same request makes one job.
    pub fn queue(&mut self, kind: &str, input: &Json, total: i64, request: Option<&str>) -> Result<i64> {
        self.tx.queue(kind, input, total, request)
    }

    /// Queues once more what was cancelled or failed, as the actor's work: it goes on from where it stood.
    pub(crate) fn queue_again(&mut self, mut job: Job) -> Result<i64> {
        let (mut state, request) = (job.json(), job.request.take());
        state["tries"] = json!(0);
        self.tx.save(&mut job)?;
        let id = self.queue(&job.kind, &job.asks(), job.total, request.as_deref())?;
        let queued: Job = self.tx.get(Id::of(id))?;
        self.put_job(Job { state: state.to_string(), done: job.done, ..queued })?;
        Ok(id)
    }

    /// Forgets some of the answers that were kept since before `old` for requests sent twice; returns how many.
    pub fn forget_requests(&mut self, old: Moment, most: usize) -> Result<u64> {
        let mut sql =
            Sql::new("DELETE FROM job WHERE id IN (SELECT id FROM job WHERE kind = 'request' AND created < ");
        sql.bind(&old).push(&format!(" ORDER BY id LIMIT {most})"));
        self.tx.execute(&sql)
    }

    /// A job of the actor's own, or any for whoever may read them all.
    pub fn job(&mut self, id: i64) -> Result<Job> {
        let missing = || Error::missing(format!("{}/{id}", Job::DEF.code));
        let job: Job = self.tx.first(&[("id", id.into())])?.ok_or_else(missing)?;
        if job.user.is_none_or(|it| it.0 != self.actor.user) {
            self.load(Job::DEF, id, "read")?;
        }
        Ok(job)
    }

    /// Stops a job of one's own, or any that one may change.
    pub fn cancel_job(&mut self, id: i64) -> Result<()> {
        let mut job = self.job(id)?;
        if job.user.is_none_or(|it| it.0 != self.actor.user) {
            self.load(Job::DEF, id, "update")?;
        }
        if !job.runs() {
            return Err(Error::refused("wrong_state", OVER));
        }
        job.stop(self.tx.now);
        self.tx.save(&mut job).map(drop)
    }

    /// Whether a job waits for a runner.
    pub fn any_job(&mut self, kinds: &[&str]) -> Result<bool> {
        let sql = waiting(Sql::new("SELECT id FROM job"), self.tx.now, kinds);
        Ok(!self.tx.rows(&sql)?.is_empty())
    }

    /// Takes the oldest job that waits, or whose runner is gone, for one's own until `lease`; or the one asked for.
    pub fn claim_job(&mut self, only: Option<i64>, kinds: &[&str], lease: Moment) -> Result<Option<Job>> {
        let mut sql = match only {
            // Whoever queued it may have kept it for itself.
            Some(id) => {
                let mut sql = select(Job::DEF);
                sql.push(" WHERE id = ")
                    .bind(id)
                    .push(" AND (status = 'queued' OR status = 'running' AND lease < ");
                sql.bind(&self.tx.now).push(")");
                sql
            }
            None => waiting(select(Job::DEF), self.tx.now, kinds),
        };
        sql.push(" ORDER BY id LIMIT 1");
        let Some(row) = self.tx.rows(&sql)?.pop() else { return Ok(None) };
        let mut job = Job::read(&row)?;
        let mut state = job.json();
        state["tries"] = json!(job.tries() + 1);
        job.status = JobStatus::Running;
        let (done, total) = (job.done, job.total);
        match self.keep_job(&job, &state, done, total, lease) {
            Ok(job) => Ok(Some(job)),
            // Another runner was quicker.
            Err(Error::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps how far a job is and holds it until `lease`; a conflict when it was cancelled or is another's by now.
    pub fn keep_job(&mut self, job: &Job, state: &Json, done: i64, total: i64, lease: Moment) -> Result<Job> {
        let mut job = job.clone();
        (job.state, job.done, job.total, job.lease) = (state.to_string(), done, total, Some(lease));
        self.put_job(job)
    }

    /// Keeps a job that waits from all runners but the one that asks for it by name.
    pub fn hold_job(&mut self, id: i64, time: Duration) -> Result<()> {
        let job: Job = self.tx.get(Id::of(id))?;
        self.release_job(&job, self.tx.now.saturating_add(time).unwrap_or(Moment::MAX))
    }

    /// Gives a job back: to whoever comes next, not before `at`.
    pub fn release_job(&mut self, job: &Job, at: Moment) -> Result<()> {
        let mut job = job.clone();
        (job.status, job.lease) = (JobStatus::Queued, Some(at));
        self.put_job(job).map(drop)
    }

    /// Ends a job.
    pub fn end_job(&mut self, job: &Job, status: JobStatus, result: &Text) -> Result<()> {
        let mut job = job.clone();
        (job.status, job.result, job.lease) = (status, kept(result), None);
        job.finished = Some(self.tx.now);
        self.put_job(job).map(drop)
    }

    fn put_job(&mut self, mut job: Job) -> Result<Job> {
        let mut sql = Sql::new("UPDATE job SET version = version + 1, changed = ");
        sql.bind(&self.tx.now);
        let fields: [(&str, Value); 7] = [
            ("status", job.status.value()),
            ("state", Value::Text(job.state.clone())),
            ("done", job.done.into()),
            ("total", job.total.into()),
            ("result", Value::Text(job.result.clone())),
            ("lease", job.lease.value()),
            ("finished", job.finished.value()),
        ];
        for (name, value) in fields {
            sql.push(", ").name(name).push(" = ").bind(value);
        }
        sql.push(" WHERE id = ").bind(job.id.0).push(" AND version = ").bind(job.stamp.version);
        if self.tx.execute(&sql)? == 0 {
            return Err(Error::Conflict { entity: Job::DEF.code, id: job.id.0 });
        }
        job.stamp.version += 1;
        Ok(job)
    }

    /// Whoever a job works for, with today's rights: who may no longer do it does not get it done.
    pub fn worker(&self, job: &Job) -> Actor {
        let catalog = self.catalog();
        match job.user {
            None => Actor::system(Door::Job, self.actor.lang),
            Some(user) => {
                let left = catalog.users.get(&user.0).is_none_or(|it| it.user.closed);
                let rights = if left { Rights::default() } else { catalog.rights(user.0) };
                Actor {
                    door: Door::Job,
                    user: user.0,
                    department: catalog.department_of(user.0).unwrap_or(0),
                    lang: self.actor.lang,
                    rights: std::sync::Arc::new(rights),
                }
            }
        }
    }

    /// How the backups stand.
    pub fn backups(&mut self) -> Result<Backups> {
        self.may(Job::DEF, "read")?;
        let mut sql =
            Sql::new("SELECT status, finished, result FROM job WHERE kind IN ('backup', 'daily_backup')");
        sql.push(" AND status IN ('done', 'failed') ORDER BY finished DESC, id DESC LIMIT 50");
        let mut backups = Backups::default();
        for row in self.tx.rows(&sql)? {
            let at = row[1].text().parse().map_err(|_| crate::unreadable("finished"))?;
            let what = said(row[2].text());
            if row[0].text() == "done" {
                backups.last = Some((at, what.zh));
                break;
            }
            backups.failed = backups.failed.or(Some((at, what)));
        }
        Ok(backups)
    }
}

fn waiting(mut sql: Sql, now: Moment, kinds: &[&str]) -> Sql {
    sql.push(" WHERE status IN ('queued', 'running') AND (lease IS NULL OR lease < ").bind(&now);
    sql.push(") AND kind IN ").any_of(kinds.iter().copied());
    sql
}

impl Tx<'_> {
    /// Queues a job that finds its work by itself, unless one waits already. It is the program's own: nobody else cancels it.
    pub fn job(&mut self, kind: &str) -> Result<i64> {
        let waits = [("kind", kind.into()), ("status", (&JobStatus::Queued).into())];
        if let Some(job) = self.first::<Job>(&waits)? {
            return Ok(job.id.0);
        }
        let user = std::mem::take(&mut self.user);
        let queued = self.queue(kind, &json!({}), 0, None);
        self.user = user;
        queued
    }

    /// Puts a job into the queue; the same request makes one job.
    pub fn queue(&mut self, kind: &str, input: &Json, total: i64, request: Option<&str>) -> Result<i64> {
        if let Some(request) = request
            && let Some(job) = self.first::<Job>(&[("request", request.into())])?
        {
            return Ok(job.id.0);
        }
        let mut job = Job {
            id: Id::NEW,
            kind: kind.to_owned(),
            status: JobStatus::Queued,
            user: Some(self.user).filter(|it| *it != 0).map(Id::of),
            input: input.to_string(),
            state: "{}".to_owned(),
            done: 0,
            total,
            result: String::new(),
            lease: None,
            finished: None,
            request: request.map(str::to_owned),
            stamp: Stamp::default(),
        };
        // A trial of a check leaves no work behind.
        if self.dry { Ok(0) } else { Ok(self.save(&mut job)?.0) }
    }
}

impl Job {
    pub fn runs(&self) -> bool {
        matches!(self.status, JobStatus::Queued | JobStatus::Running)
    }

    /// Ends it where it stands; what it did so far stays.
    pub fn stop(&mut self, now: Moment) {
        (self.status, self.finished) = (JobStatus::Cancelled, Some(now));
    }

    pub fn json(&self) -> Json {
        serde_json::from_str(&self.state).unwrap_or_else(|_| json!({}))
    }

    pub fn asks(&self) -> Json {
        serde_json::from_str(&self.input).unwrap_or_else(|_| json!({}))
    }

    /// What came of it.
    pub fn says(&self, lang: Lang) -> String {
        said(&self.result).of(lang).to_owned()
    }

    /// How often it was begun since it last got further.
    pub fn tries(&self) -> i64 {
        self.json()["tries"].as_i64().unwrap_or(0)
    }
}

const OVER: Label = Label { zh: "任务已经结束", en: "The job is over" };
