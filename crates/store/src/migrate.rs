//! From the schema that a database has to the one that the program wants.

use std::path::{Path, PathBuf};

use model::ddl::statements;
use model::schema::{Schema, Step, diff, parse, write};
use model::{Conn, Dialect, Error, Label, Moment, Result, Value};

use crate::archive;
use crate::store::{Address, Link, Mode, Settings, Store};

/// What a program knows of its database.
#[derive(Clone)]
pub struct Plan {
    /// What each version changed, oldest first; version 1 makes the first tables.
    pub versions: Vec<Vec<Step>>,
    /// Fills the text index of a table that has just been made anew, from its records.
    pub index: fn(&mut dyn Conn, &str) -> Result<()>,
}

impl Plan {
    /// The texts of `migrations/NNNN_….txt`, oldest first.
    pub fn read(texts: &[&str], index: fn(&mut dyn Conn, &str) -> Result<()>) -> Result<Plan> {
        Ok(Plan { versions: texts.iter().map(|text| parse(text)).collect::<Result<_>>()?, index })
    }

    /// One version that makes the whole schema: for tests.
    pub fn of(schema: &Schema, index: fn(&mut dyn Conn, &str) -> Result<()>) -> Plan {
        Plan { versions: vec![diff(&Schema::default(), schema)], index }
    }

    /// The schema of a version; of the last one it is the registry's.
    pub fn schema(&self, version: usize) -> Result<Schema> {
        let mut schema = Schema::default();
        self.versions.iter().take(version).flatten().try_for_each(|step| schema.step(step))?;
        Ok(schema)
    }

    pub fn version(&self) -> usize {
        self.versions.len()
    }
}

/// Opens a database at the program's schema. An empty one gets it; an older one gets a snapshot in
/// `<data>/snapshots`, then the steps it lacks, all or none; a newer one is refused.
pub fn open(address: &Address, settings: Settings, plan: &Plan, data: &Path) -> Result<Store> {
    if let Address::File(file) = address {
        let folder = file.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(|error| file_error(folder, &error))?;
    }
    let mut link = address.connect(Mode::Write)?;
    if let Address::Server(url) = address {
        crate::postgres::make_schema(url)?;
    }
    let found = version(&mut *link)?;
    refuse_newer(found, plan)?;
    if found < plan.version() {
        if found > 0 {
            let kept = snapshot(address, plan, data)?;
            tracing::info!(from = found, to = plan.version(), snapshot = %kept.display(), "the schema is brought up to date");
        }
        // Looks again inside: another program may have been quicker.
        within(&mut *link, |conn| advance(conn, plan))?;
    }
    drop(link);
    Ok(Store::connect(address, settings)?.with_plan(plan))
}

/// The version of a database, 0 for an empty one.
pub(crate) fn version(link: &mut dyn Link) -> Result<usize> {
    link.begin(Mode::Read)?;
    let version = present(link);
    link.rollback();
    version
}

pub(crate) fn present(conn: &mut dyn Conn) -> Result<usize> {
    let there = match conn.dialect() {
        Dialect::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'migration'",
        Dialect::Postgres => {
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() \
             AND table_name = 'migration'"
        }
    };
    match rows(conn, there)?.is_empty() {
        true => Ok(0),
        false => {
            Ok(number(conn, "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) FROM migration")? as usize)
        }
    }
}

pub(crate) fn refuse_newer(found: usize, plan: &Plan) -> Result<()> {
    if found <= plan.version() {
        return Ok(());
    }
    let says = Label {
        zh: "数据由更新版本的程序写成，请先升级程序",
        en: "These data were written by a newer version of the program: upgrade the program first",
    };
    Err(Error::refused("newer_database", says))
}

/// Runs what a database lacks.
pub(crate) fn advance(conn: &mut dyn Conn, plan: &Plan) -> Result<()> {
    let found = present(conn)?;
    refuse_newer(found, plan)?;
    let mut schema = plan.schema(found)?;
    let mut indexes = Vec::new();
    for (n, steps) in plan.versions.iter().enumerate().skip(found) {
        let mut later = Vec::new();
        for step in steps {
            let before = schema.clone();
            schema.step(step)?;
            for sql in statements(step, &before, &schema, conn.dialect(), &mut later) {
                conn.execute(&sql, &[])?;
            }
            if let Step::Search(table, _) = step {
                indexes.push(table);
            }
        }
        later.iter().try_for_each(|sql| conn.execute(sql, &[]).map(drop))?;
        mark(conn, n + 1)?;
    }
    indexes.retain(|name| schema.table(name).is_some_and(|it| !it.search.is_empty()));
    indexes.into_iter().try_for_each(|table| (plan.index)(conn, table))
}

/// A transaction in which tables change: on SQLite foreign keys rest meanwhile and are checked at the end.
pub(crate) fn within(link: &mut dyn Link, work: impl FnOnce(&mut dyn Conn) -> Result<()>) -> Result<()> {
    let sqlite = link.dialect() == Dialect::Sqlite;
    if sqlite {
        link.execute("PRAGMA foreign_keys = OFF", &[])?;
    }
    link.begin(Mode::Write)?;
    let result =
        lock(link).and_then(|()| work(link)).and_then(|()| if sqlite { orphans(link) } else { Ok(()) });
    let result = result.and_then(|()| link.commit());
    if result.is_err() {
        link.rollback();
    }
    if sqlite {
        link.execute("PRAGMA foreign_keys = ON", &[])?;
    }
    result
}

/// One program at a time changes tables.
fn lock(conn: &mut dyn Conn) -> Result<()> {
    match conn.dialect() {
        Dialect::Sqlite => Ok(()),
        Dialect::Postgres => conn.query("SELECT pg_advisory_xact_lock(4901)", &[], &mut |_| Ok(())),
    }
}

/// Rows that point at nothing, which no foreign key would have let in.
fn orphans(conn: &mut dyn Conn) -> Result<()> {
    match rows(conn, "SELECT \"table\", \"parent\" FROM pragma_foreign_key_check LIMIT 1")?.first() {
        None => Ok(()),
        Some(row) => Err(Error::Internal(format!("a row of {:?} points at no row of {:?}", row[0], row[1]))),
    }
}

pub(crate) fn mark(conn: &mut dyn Conn, version: usize) -> Result<()> {
    let text = if conn.dialect() == Dialect::Postgres { "TEXT COLLATE \"C\"" } else { "TEXT" };
    let table = format!(
        "CREATE TABLE IF NOT EXISTS migration (version BIGINT PRIMARY KEY, applied_at {text} NOT NULL)"
    );
    conn.execute(&table, &[])?;
    let values = [Value::Int(version as i64), Value::Text(format!("{:.3}", Moment::now()))];
    conn.execute("INSERT INTO migration (version, applied_at) VALUES ($1, $2)", &values).map(drop)
}

/// A copy of a database as it stands, in `<data>/snapshots`: a file of SQLite's, or an archive of PostgreSQL's rows.
pub fn snapshot(address: &Address, plan: &Plan, data: &Path) -> Result<PathBuf> {
    let folder = data.join("snapshots");
    std::fs::create_dir_all(&folder).map_err(|error| file_error(&folder, &error))?;
    let now = Moment::now().strftime("%Y%m%dT%H%M%SZ");
    let mut link = address.connect(Mode::Write)?;
    let found = version(&mut *link)?;
    match address {
        Address::File(_) => {
            let to = folder.join(format!("{now}_v{found}.db"));
            let part = folder.join(format!("{now}_v{found}.part"));
            let _ = std::fs::remove_file(&part);
            link.execute("VACUUM INTO $1", &[Value::Text(part.display().to_string())])?;
            settle(&part, &to)?;
            Ok(to)
        }
        Address::Server(_) => {
            let to = folder.join(format!("{now}_v{found}.tar.gz"));
            archive::backup_link(&mut *link, plan, None, &to)?;
            Ok(to)
        }
    }
}

/// Takes everything out of a database, the tables too. A file is kept beside it as `.old`; nobody may have it open.
pub fn clear(address: &Address) -> Result<()> {
    match address {
        Address::File(file) => crate::sqlite::put_away(file),
        Address::Server(_) => within(&mut *address.connect(Mode::Write)?, drop_tables),
    }
}

/// Drops all tables of a server's schema.
pub(crate) fn drop_tables(conn: &mut dyn Conn) -> Result<()> {
    for table in rows(conn, "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()")? {
        let Value::Text(name) = &table[0] else { continue };
        conn.execute(&format!("DROP TABLE \"{name}\" CASCADE"), &[])?;
    }
    Ok(())
}

/// Makes a finished file safe on the disk and gives it its name.
pub(crate) fn settle(part: &Path, to: &Path) -> Result<()> {
    let settle = || {
        std::fs::File::open(part)?.sync_all()?;
        std::fs::rename(part, to)?;
        std::fs::File::open(to.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    settle().map_err(|error| file_error(to, &error))
}

/// What `keyuan migrate --write` leaves in the source: the next numbered file and the present schema.
/// Without a `schema.txt` it begins anew at 1. Returns the new file, or nothing when nothing changed.
pub fn write_migration(folder: &Path, schema: &Schema, name: &str) -> Result<Option<PathBuf>> {
    let state = folder.join("schema.txt");
    let failed = |error: std::io::Error| file_error(folder, &error);
    let old: Schema = std::fs::read_to_string(&state).unwrap_or_default().parse()?;
    let steps = diff(&old, schema);
    if steps.is_empty() {
        return Ok(None);
    }
    std::fs::create_dir_all(folder).map_err(failed)?;
    let texts =
        std::fs::read_dir(folder).map_err(failed)?.filter_map(|it| it.ok()?.file_name().into_string().ok());
    let last = texts.filter_map(|file| file.get(..4)?.parse::<u32>().ok()).max().unwrap_or(0);
    let number = if old.tables.is_empty() { 1 } else { last + 1 };
    let file = folder.join(format!("{number:04}_{}.txt", model::schema::identifier(name)?));
    std::fs::write(&file, write(&steps)).map_err(failed)?;
    std::fs::write(&state, schema.to_string()).map_err(failed)?;
    Ok(Some(file))
}

pub(crate) fn rows(conn: &mut dyn Conn, sql: &str) -> Result<Vec<Vec<Value>>> {
    let mut rows = Vec::new();
    conn.query(sql, &[], &mut |row| {
        rows.push((0..row.width()).map(|n| row.cell(n).into()).collect());
        Ok(())
    })?;
    Ok(rows)
}

pub(crate) fn number(conn: &mut dyn Conn, sql: &str) -> Result<i64> {
    Ok(rows(conn, sql)?.first().map_or(0, |row| row[0].int()))
}

pub(crate) fn file_error(path: &Path, error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::StorageFull
        | std::io::ErrorKind::QuotaExceeded
        | std::io::ErrorKind::FileTooLarge => Error::Full,
        _ => Error::Internal(format!("{}: {error}", path.display())),
    }
}
