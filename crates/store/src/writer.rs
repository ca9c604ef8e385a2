//! Writers: what queued meanwhile becomes one transaction, and nobody is answered before its commit.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use model::{Conn, Error, Result};
use tokio::sync::oneshot;

use crate::meter::add;
use crate::store::{Mode, Session, guarded, lock};

/// How often a job may lose to its rivals.
const TRIES: u32 = 8;
/// How long a job outlives the loss of its database.
const PATIENCE: Duration = Duration::from_secs(10);

/// A write with its type forgotten: it keeps its own result until the commit.
pub(crate) trait Job: Send {
    /// Runs; the error is only a copy, the result stays inside.
    fn run(&mut self, conn: &mut dyn Conn) -> Result<()>;
    fn fail(&mut self, error: Error);
    fn reply(self: Box<Self>);
    fn since(&self) -> Instant;
}

pub(crate) struct Task<R, F> {
    pub work: F,
    pub done: Result<R>,
    pub reply: oneshot::Sender<Result<R>>,
    pub since: Instant,
}

impl<R: Send, F: Fn(&mut dyn Conn) -> Result<R> + Send> Job for Task<R, F> {
    fn run(&mut self, conn: &mut dyn Conn) -> Result<()> {
        self.done = guarded(|| (self.work)(conn));
        self.done.as_ref().map(drop).map_err(Error::clone)
    }

    fn fail(&mut self, error: Error) {
        self.done = Err(error);
    }

    fn reply(self: Box<Self>) {
        // Who asked may have gone; what was committed stays committed.
        let _ = self.reply.send(self.done);
    }

    fn since(&self) -> Instant {
        self.since
    }
}

/// Jobs in the order they came.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    more: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Box<dyn Job>>,
    closed: bool,
    /// Some writer has many jobs in one transaction. There is one such at a time: two would wait for each other's rows.
    grouped: bool,
}

impl Queue {
    /// `false`, and the job's answer is gone, when the queue is closed.
    pub fn push(&self, job: Box<dyn Job>) -> bool {
        let mut waiting = lock(&self.waiting);
        if !waiting.closed {
            waiting.jobs.push_back(job);
            self.more.notify_one();
        }
        !waiting.closed
    }

    /// What waits, at most `most`, or one while another writer has a group; `None` when nothing will come any more.
    fn next(&self, most: usize) -> Option<Vec<Box<dyn Job>>> {
        let idle = |waiting: &mut Waiting| waiting.jobs.is_empty() && !waiting.closed;
        let waited = self.more.wait_while(lock(&self.waiting), idle);
        let mut waiting = waited.unwrap_or_else(PoisonError::into_inner);
        let n = waiting.jobs.len().min(if waiting.grouped { 1 } else { most });
        waiting.grouped |= n > 1;
        (n > 0).then(|| waiting.jobs.drain(..n).collect())
    }

    /// The next writer may take a group.
    fn ungroup(&self) {
        lock(&self.waiting).grouped = false;
    }

    pub fn close(&self) {
        lock(&self.waiting).closed = true;
        self.more.notify_all();
    }
}

pub(crate) struct Writer {
    pub link: Session,
    pub queue: Arc<Queue>,
    pub group: usize,
}

impl Writer {
    pub fn work(mut self) {
        while let Some(mut jobs) = self.queue.next(self.group) {
            self.link.meter.queued.fetch_sub(jobs.len() as u64, Ordering::Relaxed);
            let many = jobs.len() > 1;
            if !many || !self.all(&mut jobs) {
                jobs.iter_mut().for_each(|job| self.alone(job));
            }
            if many {
                self.queue.ungroup();
            }
            add(&self.link.meter.writes, jobs.len() as u64);
            jobs.into_iter().for_each(|job| job.reply());
        }
    }

    /// One job by itself, again while there is hope.
    fn alone(&mut self, job: &mut Box<dyn Job>) {
        let mut lost = 0;
        loop {
            let Err(error) = self.together(std::slice::from_mut(job), false) else { return };
            let hope = match error {
                Error::Again => lost < TRIES,
                Error::Gone => job.since().elapsed() < PATIENCE,
                _ => false,
            };
            if !hope {
                return job.fail(error);
            }
            lost += 1;
            add(&self.link.meter.retries, 1);
            thread::sleep(Duration::from_millis(u64::from(lost.min(14)).pow(2)));
        }
    }

    /// Many jobs in one commit, whether they are settled by it. Savepoints are dear, and few jobs fail after they have
    /// begun to write: so they run without at first, and with them once one would have left something behind.
    fn all(&mut self, jobs: &mut [Box<dyn Job>]) -> bool {
        match self.together(jobs, false) {
            Err(Error::Again | Error::Gone | Error::Full) => false,
            Err(_) => self.together(jobs, true).is_ok(),
            Ok(()) => true,
        }
    }

    /// All or nothing: an error means that nothing of it happened, and where nobody can tell, the jobs say so.
    fn together(&mut self, jobs: &mut [Box<dyn Job>], apart: bool) -> Result<()> {
        self.link.link.begin(if jobs.len() > 1 { Mode::Group } else { Mode::Write })?;
        let result = jobs.iter_mut().try_for_each(|job| self.run(job, apart)).and_then(|()| {
            let since = Instant::now();
            let committed = self.link.link.commit();
            add(&self.link.meter.commit_time, since.elapsed().as_micros() as u64);
            committed
        });
        match result {
            Ok(()) => add(&self.link.meter.commits, 1),
            // What may have happened must not happen twice.
            Err(Error::Unsure) => {
                jobs.iter_mut().for_each(|job| job.fail(Error::Unsure));
                return Ok(());
            }
            Err(_) => self.link.link.rollback(),
        }
        result
    }

    /// One job of a transaction. What failed before it did anything, or in a savepoint, keeps its error to itself.
    fn run(&mut self, job: &mut Box<dyn Job>, apart: bool) -> Result<()> {
        if apart {
            self.link.execute("SAVEPOINT job", &[])?;
        }
        self.link.touched = false;
        match job.run(&mut self.link).and_then(|()| self.link.deliver()) {
            Err(error @ (Error::Again | Error::Gone | Error::Full)) => return Err(error),
            Err(error) if !apart && self.link.touched => return Err(error),
            Err(error) => {
                job.fail(error);
                if apart {
                    self.link.execute("ROLLBACK TO SAVEPOINT job", &[])?;
                }
            }
            Ok(()) => {}
        }
        if apart {
            self.link.execute("RELEASE SAVEPOINT job", &[])?;
        }
        Ok(())
    }
}
