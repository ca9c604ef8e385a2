//! SQLite: one file, one writer, many readers.

use std::cell::Cell as Flag;
use std::path::Path;
use std::time::Duration;

use model::{Cell, Conn, Dialect, Error, Label, Result, Row, Value};
use rusqlite::config::DbConfig;
use rusqlite::ffi::{self, ErrorCode};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Statement};

use crate::migrate::file_error;
use crate::store::{Link, Mode};

pub(crate) struct Sqlite {
    db: Connection,
    /// Between `begin` and its end.
    inside: bool,
}

impl Sqlite {
    pub fn open(file: &Path, mode: Mode) -> Result<Sqlite> {
        let way = match mode {
            Mode::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Mode::Write | Mode::Group | Mode::Scratch => {
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
            }
        };
        let db = Connection::open_with_flags(file, way | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(error)?;
        // A command line beside the server has its turn too: wait for it.
        db.busy_timeout(Duration::from_secs(5)).map_err(error)?;
        let pragmas = "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA mmap_size = 268435456; \
                       PRAGMA trusted_schema = OFF; ";
        // Pages come from the mapped file; the cache is for sorting and for pages that are being changed.
        let own = match mode {
            Mode::Read => "PRAGMA cache_size = -4000",
            Mode::Write | Mode::Group => {
                // Savepoints keep their pages in memory, and a page that many jobs change is moved into the file once.
                "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16000; \
                 PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000"
            }
            Mode::Scratch => {
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -64000"
            }
        };
        db.execute_batch(&format!("{pragmas}{own}")).map_err(error)?;
        if mode == Mode::Write {
            // How many rows a value has, from a sample: without it the planner takes any index for as good as the next.
            // It is no matter if somebody else is writing just now.
            let _ = db.execute_batch("PRAGMA analysis_limit = 400; PRAGMA optimize = 0x10002");
        }
        // Plans do not hang on the values that are bound: without this a statement with `x = $1` is planned at every run.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(error)?;
        db.set_prepared_statement_cache_capacity(128);
        Ok(Sqlite { db, inside: false })
    }

    /// A full disk may make SQLite end the transaction by itself: what followed would commit statement by statement.
    fn check(&self) -> Result<()> {
        if self.inside && self.db.is_autocommit() { Err(Error::Full) } else { Ok(()) }
    }
}

impl Link for Sqlite {
    fn begin(&mut self, mode: Mode) -> Result<()> {
        let begin = if mode == Mode::Read { "BEGIN DEFERRED" } else { "BEGIN IMMEDIATE" };
        self.execute(begin, &[])?;
        self.inside = true;
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        self.execute("COMMIT", &[])?;
        self.inside = false;
        Ok(())
    }

    fn rollback(&mut self) {
        self.inside = false;
        if !self.db.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK", &[])
        {
            tracing::error!(?error, "rollback failed");
        }
    }
}

impl Conn for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn query(
        &mut self,
        sql: &str,
        values: &[Value],
        each: &mut dyn FnMut(&dyn Row) -> Result<()>,
    ) -> Result<()> {
        self.check()?;
        let mut statement = self.db.prepare_cached(sql).map_err(error)?;
        bind(&mut statement, values)?;
        let (width, strange) = (statement.column_count(), Flag::new(false));
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(error)? {
            each(&SqliteRow { row, width, strange: &strange })?;
            if strange.get() {
                return Err(Error::Internal(format!("neither a whole number nor a text: {sql}")));
            }
        }
        Ok(())
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        self.check()?;
        let mut statement = self.db.prepare_cached(sql).map_err(error)?;
        bind(&mut statement, values)?;
        Ok(statement.raw_execute().map_err(error)? as u64)
    }
}

/// Whether a file holds no tables.
pub(crate) fn is_empty(file: &Path) -> Result<bool> {
    let sqlite = Sqlite::open(file, Mode::Write)?;
    let tables = sqlite.db.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    Ok(tables.map_err(error)? == 0)
}

/// Moves a file that nobody has open out of the way, to the same name with `.old`.
pub(crate) fn put_away(file: &Path) -> Result<()> {
    if !file.exists() {
        return Ok(());
    }
    let sqlite = Sqlite::open(file, Mode::Write)?;
    // Leaving the write-ahead log takes that nobody else is there, and leaves no second file behind.
    let alone = sqlite.db.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get::<_, String>(0));
    if alone.is_ok_and(|mode| mode == "delete") {
        drop(sqlite);
        return std::fs::rename(file, file.with_extension("old")).map_err(|error| file_error(file, &error));
    }
    let says = Label {
        zh: "数据库正在被使用，请先停止服务",
        en: "The database is in use: stop the server first",
    };
    Err(Error::refused("in_use_now", says))
}

/// `$n` is a name to SQLite, numbered by first appearance: the same as ours, since ours ascend.
fn bind(statement: &mut Statement, values: &[Value]) -> Result<()> {
    for (n, value) in values.iter().enumerate() {
        match value {
            Value::Null => statement.raw_bind_parameter(n + 1, rusqlite::types::Null),
            Value::Int(int) => statement.raw_bind_parameter(n + 1, int),
            Value::Text(text) => statement.raw_bind_parameter(n + 1, text),
        }
        .map_err(error)?;
    }
    Ok(())
}

struct SqliteRow<'a> {
    row: &'a rusqlite::Row<'a>,
    width: usize,
    /// Set when a cell held what no value can be.
    strange: &'a Flag<bool>,
}

impl Row for SqliteRow<'_> {
    fn cell(&self, n: usize) -> Cell<'_> {
        match self.row.get_ref(n) {
            Ok(ValueRef::Null) => return Cell::Null,
            Ok(ValueRef::Integer(int)) => return Cell::Int(int),
            Ok(ValueRef::Text(text)) => {
                if let Ok(text) = str::from_utf8(text) {
                    return Cell::Text(text);
                }
            }
            Ok(ValueRef::Real(_) | ValueRef::Blob(_)) | Err(_) => {}
        }
        self.strange.set(true);
        Cell::Null
    }

    fn width(&self) -> usize {
        self.width
    }
}

fn error(error: rusqlite::Error) -> Error {
    let rusqlite::Error::SqliteFailure(failure, says) = &error else {
        return Error::Internal(error.to_string());
    };
    match (failure.code, failure.extended_code) {
        (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
            Error::Duplicate { place: place(says.as_deref().unwrap_or_default()) }
        }
        (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => Error::InUse(Vec::new()),
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Error::Again,
        // SQLite calls it full when the disk is, and a failed write when a quota or a limit is reached.
        (ErrorCode::DiskFull, _) => Error::Full,
        (_, ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_TRUNCATE | ffi::SQLITE_IOERR_SHMSIZE) => Error::Full,
        (ErrorCode::SystemIoFailure | ErrorCode::CannotOpen, _) | (_, ffi::SQLITE_READONLY_DBMOVED) => {
            tracing::error!(%error, "the database file does not answer");
            Error::Gone
        }
        _ => Error::Internal(error.to_string()),
    }
}

/// `UNIQUE constraint failed: line.sale, line.no` is the place `line.sale.no`, as PostgreSQL's index is called.
fn place(says: &str) -> String {
    let columns = says.rsplit(": ").next().unwrap_or(says);
    let mut place = String::new();
    for column in columns.split(", ") {
        match column.split_once('.') {
            Some((_, name)) if !place.is_empty() => place.extend([".", name]),
            _ => place.push_str(column),
        }
    }
    place
}
