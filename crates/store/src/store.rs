//! A store: jobs in, results out, each job as if it ran alone.

use std::any::Any;
use std::fmt;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Instant;

use model::{Conn, Dialect, Error, Result, Row, Value};
use tokio::sync::{Semaphore, oneshot};

use crate::meter::{Meter, add};
use crate::migrate::Plan;
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;
use crate::writer::{Queue, Task, Writer};

/// Where a company's rows are: a file, or a schema of a PostgreSQL database.
#[derive(Clone)]
pub enum Address {
    File(PathBuf),
    /// `postgres://user:password@host:port/database?schema=name`; without a schema it is the server's own choice.
    Server(String),
}

/// Without the password that an address may hold.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Address::File(file) => write!(f, "{}", file.display()),
            Address::Server(url) => f.write_str(url.rsplit('@').next().unwrap_or_default()),
        }
    }
}

impl Address {
    /// The file in the data folder, unless a server is named.
    pub fn of(data: &Path, database: Option<&str>) -> Address {
        match database {
            Some(url) => Address::Server(url.to_owned()),
            None => Address::File(data.join("keyuan.db")),
        }
    }

    pub fn dialect(&self) -> Dialect {
        match self {
            Address::File(_) => Dialect::Sqlite,
            Address::Server(_) => Dialect::Postgres,
        }
    }

    pub(crate) fn connect(&self, mode: Mode) -> Result<Box<dyn Link>> {
        Ok(match self {
            Address::File(file) => Box::new(Sqlite::open(file, mode)?),
            Address::Server(url) => Box::new(Postgres::open(url)?),
        })
    }
}

/// How many hands a database has.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub readers: usize,
    /// Threads that write: one on SQLite. Only one at a time commits many jobs at once.
    pub writers: usize,
    /// Jobs in one commit, at most.
    pub group: usize,
}

impl Settings {
    pub fn of(dialect: Dialect) -> Settings {
        let cores = thread::available_parallelism().map_or(2, NonZero::get);
        match dialect {
            Dialect::Sqlite => Settings { readers: cores.max(4), writers: 1, group: 256 },
            Dialect::Postgres => Settings { readers: (2 * cores).max(4), writers: 2 * cores, group: 64 },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Read,
    Write,
    /// Many jobs, which would rather run alone than wait long for somebody's row.
    Group,
    /// A new file, thrown away unless all goes well: it needs no journal.
    Scratch,
}

/// A connection with the ends of its transactions, which a job never gets to see.
pub(crate) trait Link: Conn + Send {
    /// Begins, on a new connection if the old one was lost.
    fn begin(&mut self, mode: Mode) -> Result<()>;

    /// An error means that nothing of the transaction happened, unless it is [`Error::Unsure`].
    fn commit(&mut self) -> Result<()>;

    /// Ends the transaction whatever became of it.
    fn rollback(&mut self);
}

/// A cheap handle; clones are the same database.
#[derive(Clone)]
pub struct Store(Arc<Shared>);

struct Shared {
    address: Address,
    plan: OnceLock<Plan>,
    meter: Arc<Meter>,
    queue: Arc<Queue>,
    writers: Mutex<Vec<thread::JoinHandle<()>>>,
    readers: Pool,
    /// As many as there are readers, so that waiting for one costs no thread.
    seats: Semaphore,
}

impl Store {
    /// Opens a database that is ready for use; [`crate::open`] also brings it to the program's schema.
    pub fn connect(address: &Address, settings: Settings) -> Result<Store> {
        let (meter, queue) = (Arc::new(Meter::default()), Arc::new(Queue::default()));
        let start = |_| {
            let link = Session { link: address.connect(Mode::Write)?, meter: meter.clone(), touched: false };
            let writer = Writer { link, queue: queue.clone(), group: settings.group };
            let thread = thread::Builder::new().name("writer".into()).spawn(move || writer.work());
            thread.map_err(|error| Error::Internal(format!("no thread: {error}")))
        };
        let writers = (0..settings.writers).map(start).collect::<Result<_>>()?;
        let readers = Pool { idle: Mutex::new((Vec::new(), settings.readers)), back: Condvar::new() };
        let (address, writers) = (address.clone(), Mutex::new(writers));
        let seats = Semaphore::new(settings.readers);
        let plan = OnceLock::new();
        Ok(Store(Arc::new(Shared { address, plan, meter, queue, writers, readers, seats })))
    }

    pub fn dialect(&self) -> Dialect {
        self.0.address.dialect()
    }

    /// What the program knows of this database; backups and checks need it.
    pub fn plan(&self) -> Result<&Plan> {
        self.0.plan.get().ok_or_else(|| Error::Internal("a store without a plan".into()))
    }

    pub(crate) fn with_plan(self, plan: &Plan) -> Store {
        self.0.plan.get_or_init(|| plan.clone());
        self
    }

    pub fn meter(&self) -> &Meter {
        &self.0.meter
    }

    /// Runs `work` on one unchanging state of the database. Not for asynchronous code, which has [`Store::read_async`].
    pub fn read<R>(&self, work: impl FnOnce(&mut dyn Conn) -> Result<R>) -> Result<R> {
        let mut session = self.0.reader()?;
        add(&self.0.meter.reads, 1);
        let result = session.link.begin(Mode::Read).and_then(|()| {
            let result = guarded(|| work(&mut session));
            session.link.rollback();
            result
        });
        self.0.readers.give(Some(session));
        result
    }

    pub async fn read_async<R, F>(&self, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: FnOnce(&mut dyn Conn) -> Result<R> + Send + 'static,
    {
        let _seat = self.0.seats.acquire().await.map_err(|_| closed())?;
        let db = self.clone();
        let read = tokio::task::spawn_blocking(move || db.read(work));
        read.await.unwrap_or_else(|error| Err(Error::Internal(error.to_string())))
    }

    /// Runs `work` and waits until what it wrote is safe. It may run more than once, so it has no effect but
    /// through its connection. Not for asynchronous code, which has [`Store::write_async`].
    pub fn write<R, F>(&self, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: Fn(&mut dyn Conn) -> Result<R> + Send + 'static,
    {
        self.send(work).blocking_recv().unwrap_or_else(|_| Err(closed()))
    }

    /// As [`Store::write`]; what was sent is done even if nobody waits for the answer any more.
    pub async fn write_async<R, F>(&self, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: Fn(&mut dyn Conn) -> Result<R> + Send + 'static,
    {
        self.send(work).await.unwrap_or_else(|_| Err(closed()))
    }

    fn send<R, F>(&self, work: F) -> oneshot::Receiver<Result<R>>
    where
        R: Send + 'static,
        F: Fn(&mut dyn Conn) -> Result<R> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Task { work, done: Err(Error::Again), reply, since: Instant::now() };
        add(&self.0.meter.queued, 1);
        if !self.0.queue.push(Box::new(job)) {
            self.0.meter.queued.fetch_sub(1, Ordering::Relaxed);
        }
        answer
    }

    /// Takes no more writes, waits for those in the queue, and lets the connections go.
    pub fn close(&self) {
        self.0.queue.close();
        for writer in lock(&self.0.writers).drain(..) {
            let _ = writer.join();
        }
        if let Some(ending) = self.0.readers.end() {
            let _ = ending.join();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.queue.close();
        drop(self.readers.end());
    }
}

impl Shared {
    fn reader(&self) -> Result<Session> {
        if let Some(session) = self.readers.take() {
            return Ok(session);
        }
        match self.address.connect(Mode::Read) {
            Ok(link) => Ok(Session { link, meter: self.meter.clone(), touched: false }),
            Err(error) => {
                self.readers.give(None);
                Err(error)
            }
        }
    }
}

pub(crate) fn closed() -> Error {
    Error::Gone
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Idle readers, and how many more may be opened.
struct Pool {
    idle: Mutex<(Vec<Session>, usize)>,
    back: Condvar,
}

impl Pool {
    /// A reader, or leave to open one.
    fn take(&self) -> Option<Session> {
        let free = |pool: &mut (Vec<Session>, usize)| pool.0.is_empty() && pool.1 == 0;
        let waited = self.back.wait_while(lock(&self.idle), free);
        let mut pool = waited.unwrap_or_else(PoisonError::into_inner);
        let session = pool.0.pop();
        if session.is_none() {
            pool.1 -= 1;
        }
        session
    }

    /// Lets the idle ones go, on a thread of their own: a PostgreSQL client ends its own run time, which must not
    /// happen on a thread of another one.
    fn end(&self) -> Option<thread::JoinHandle<()>> {
        let mut pool = lock(&self.idle);
        let idle = std::mem::take(&mut pool.0);
        pool.1 += idle.len();
        thread::Builder::new().spawn(move || drop(idle)).ok()
    }

    fn give(&self, session: Option<Session>) {
        let mut pool = lock(&self.idle);
        match session {
            Some(session) => pool.0.push(session),
            None => pool.1 += 1,
        }
        self.back.notify_one();
    }
}

/// A panic in a job is that job's error, not the writer's end.
pub(crate) fn guarded<R>(work: impl FnOnce() -> Result<R>) -> Result<R> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let says = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
        Err(Error::Internal(says.to_owned()))
    })
}

/// A link whose statements are counted and timed: what a job works on.
pub(crate) struct Session {
    pub link: Box<dyn Link>,
    pub meter: Arc<Meter>,
    /// Something was written, or a statement failed, since somebody set this back.
    pub touched: bool,
}

impl Conn for Session {
    fn dialect(&self) -> Dialect {
        self.link.dialect()
    }

    fn query(
        &mut self,
        sql: &str,
        values: &[Value],
        each: &mut dyn FnMut(&dyn Row) -> Result<()>,
    ) -> Result<()> {
        let since = Instant::now();
        let result = self.link.query(sql, values, each);
        self.touched |= result.is_err() || !sql.starts_with("SELECT");
        self.meter.statement(since, sql);
        result
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        self.touched = true;
        let since = Instant::now();
        let result = self.link.execute(sql, values);
        self.meter.statement(since, sql);
        result
    }
    fn post(&mut self, sql: &str, values: &[Value]) -> Result<()> {
        self.touched = true;
        let since = Instant::now();
        let result = self.link.post(sql, values);
        self.meter.statement(since, sql);
        result
    }

    fn deliver(&mut self) -> Result<()> {
        self.link.deliver()
    }
}
