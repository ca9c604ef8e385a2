//! A backup: one archive that either database writes and either reads, which is how a company grows.
//!
//! A `tar.gz` of `keyuan.json` (format and schema version), `rows/<table>/<n>.jsonl` (the columns' names, then a row a
//! line), `files/<hash>` and at the end `manifest.json` with what must be in it. The rows come in parts of a few
//! megabytes, so that neither side ever holds a whole table.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use model::schema::{Schema, Shape, Table};
use model::{Conn, Dialect, Error, Label, Moment, Result, Value};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use tar::{Archive, Builder, EntryType, Header};

use crate::files;
use crate::migrate::{self, Plan, file_error, number, rows, settle};
use crate::sqlite;
use crate::store::{Address, Link, Mode, Store, guarded};

const FORMAT: i64 = 1;
/// The rows of a part, about; one long row may pass it.
const PART: usize = 4 << 20;
/// What is longer was not written by us.
const LONGEST: u64 = 64 << 20;

/// What an archive holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Manifest {
    pub version: usize,
    pub made: String,
    pub tables: BTreeMap<String, Content>,
    /// The hash of each part.
    parts: BTreeMap<String, String>,
    pub files: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Content {
    pub rows: i64,
    /// The highest id ever given, which must not come again.
    pub last: i64,
}

/// Writes all rows of one moment and the files beside them; `to` appears when it is whole.
pub fn backup(db: &Store, plan: &Plan, folder: Option<&Path>, to: &Path) -> Result<Manifest> {
    db.read(|conn| keep(conn, plan, folder, to))
}

pub(crate) fn backup_link(
    link: &mut dyn Link,
    plan: &Plan,
    folder: Option<&Path>,
    to: &Path,
) -> Result<Manifest> {
    link.begin(Mode::Read)?;
    let result = guarded(|| keep(link, plan, folder, to));
    link.rollback();
    result
}

fn keep(conn: &mut dyn Conn, plan: &Plan, folder: Option<&Path>, to: &Path) -> Result<Manifest> {
    let part = to.with_extension("part");
    let failed = |error: io::Error| file_error(to, &error);
    let out = BufWriter::new(File::create(&part).map_err(failed)?);
    let written = write(conn, plan, folder, out).and_then(|(manifest, mut out)| {
        out.flush().map_err(failed)?;
        settle(&part, to)?;
        Ok(manifest)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written
}

/// Writes an archive into anything, as one goes along: a file or a download.
pub fn write<W: Write>(
    conn: &mut dyn Conn,
    plan: &Plan,
    folder: Option<&Path>,
    out: W,
) -> Result<(Manifest, W)> {
    let version = migrate::present(conn)?;
    migrate::refuse_newer(version, plan)?;
    let schema = plan.schema(version)?;
    let mut manifest = Manifest { version, made: format!("{:.0}", Moment::now()), ..Manifest::default() };
    let mut tar = Builder::new(GzEncoder::new(out, Compression::default()));
    let head = json!({"format": FORMAT, "version": version, "made": manifest.made});
    append(&mut tar, "keyuan.json", head.to_string().as_bytes())?;
    for table in &schema.tables {
        let content = write_table(conn, table, &mut tar, &mut manifest.parts)?;
        manifest.tables.insert(table.name.clone(), content);
    }
    for hash in folder.map(files::list).transpose()?.unwrap_or_default() {
        let path = files::path(folder.unwrap_or(Path::new(".")), &hash);
        let failed = |error: io::Error| file_error(&path, &error);
        let mut file = match File::open(&path) {
            // Cleared away meanwhile, since nothing named it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            file => file.map_err(failed)?,
        };
        tar.append_file(format!("files/{hash}"), &mut file).map_err(failed)?;
        manifest.files.insert(hash);
    }
    append(&mut tar, "manifest.json", manifest.json().to_string().as_bytes())?;
    let out = tar.into_inner().and_then(GzEncoder::finish).map_err(written)?;
    Ok((manifest, out))
}

fn written(error: io::Error) -> Error {
    file_error(Path::new("archive"), &error)
}

fn append<W: Write>(tar: &mut Builder<W>, name: &str, bytes: &[u8]) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o600);
    header.set_cksum();
    tar.append_data(&mut header, name, bytes).map_err(written)
}

fn write_table<W: Write>(
    conn: &mut dyn Conn,
    table: &Table,
    tar: &mut Builder<W>,
    parts: &mut BTreeMap<String, String>,
) -> Result<Content> {
    let columns: Vec<String> = table.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    let key = table.columns.iter().position(|column| column.shape.is_key()).unwrap_or(0);
    let head = json!(table.columns.iter().map(|column| &column.name).collect::<Vec<_>>()).to_string();
    let sql = format!("SELECT {} FROM \"{}\" ORDER BY {}", columns.join(", "), table.name, columns[key]);
    let mut content = Content { rows: 0, last: last_id(conn, table)? };
    let mut part = head.clone().into_bytes();
    let mut flush = |part: &mut Vec<u8>| {
        let name = format!(
            "rows/{}/{:04}.jsonl",
            table.name,
            parts.keys().filter(|it| of(it) == table.name).count()
        );
        append(tar, &name, part)?;
        parts.insert(name, HEXLOWER.encode(&Sha256::digest(&part)));
        part.truncate(head.len());
        Ok(())
    };
    conn.query(&sql, &[], &mut |row| {
        let values: Vec<Json> = (0..row.width()).map(|n| Value::from(row.cell(n)).json()).collect();
        part.push(b'\n');
        serde_json::to_writer(&mut part, &values).map_err(|error| written(error.into()))?;
        content.rows += 1;
        if part.len() < PART { Ok(()) } else { flush(&mut part) }
    })?;
    flush(&mut part)?;
    Ok(content)
}

/// The table of a part.
fn of(name: &str) -> &str {
    name.split('/').nth(1).unwrap_or_default()
}

/// The highest id that the table's counter ever gave.
fn last_id(conn: &mut dyn Conn, table: &Table) -> Result<i64> {
    if table.columns.iter().all(|column| column.shape != Shape::Id) {
        return Ok(0);
    }
    let name = &table.name;
    let sql = match conn.dialect() {
        Dialect::Sqlite => format!("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = '{name}'"),
        Dialect::Postgres => {
            format!(
                "SELECT COALESCE(pg_sequence_last_value(pg_get_serial_sequence('\"{name}\"', 'id')::regclass), 0)"
            )
        }
    };
    number(conn, &sql)
}

impl Manifest {
    /// Whether two archives hold the same rows and files, from whatever databases they come.
    pub fn same_content(&self, other: &Manifest) -> bool {
        let content = |it: &Manifest| (it.version, it.tables.clone(), it.parts.clone(), it.files.clone());
        content(self) == content(other)
    }

    fn json(&self) -> Json {
        let tables = self.tables.iter();
        let tables: BTreeMap<_, _> =
            tables.map(|(name, it)| (name, json!({"rows": it.rows, "last": it.last}))).collect();
        json!({"version": self.version, "made": self.made, "tables": tables, "parts": self.parts, "files": self.files})
    }

    fn read(json: &Json) -> Option<Manifest> {
        let content = |it: &Json| Some(Content { rows: it["rows"].as_i64()?, last: it["last"].as_i64()? });
        let text = |it: &Json| it.as_str().map(str::to_owned);
        let tables = json["tables"].as_object()?.iter().map(|(name, it)| Some((name.clone(), content(it)?)));
        let parts = json["parts"].as_object()?.iter().map(|(name, it)| Some((name.clone(), text(it)?)));
        Some(Manifest {
            version: usize::try_from(json["version"].as_u64()?).ok()?,
            made: text(&json["made"])?,
            tables: tables.collect::<Option<_>>()?,
            parts: parts.collect::<Option<_>>()?,
            files: json["files"].as_array()?.iter().map(text).collect::<Option<_>>()?,
        })
    }
}

fn no_archive() -> Error {
    let says = Label { zh: "这不是客源的备份文件", en: "This is no backup of Keyuan" };
    Error::refused("wrong_archive", says)
}

fn damaged() -> Error {
    let says = Label {
        zh: "备份文件已损坏或不完整，没有恢复任何数据",
        en: "The backup is damaged or incomplete; nothing was restored",
    };
    Error::refused("damaged_archive", says)
}

/// Goes through the entries of an archive in order: name, length, content.
fn walk(archive: &Path, mut each: impl FnMut(&str, u64, &mut dyn Read) -> Result<()>) -> Result<()> {
    let file = File::open(archive).map_err(|error| file_error(archive, &error))?;
    let mut tar = Archive::new(GzDecoder::new(BufReader::new(file)));
    for entry in tar.entries().map_err(|_| no_archive())? {
        let mut entry = entry.map_err(|_| damaged())?;
        let name = entry.path().ok().and_then(|path| path.to_str().map(str::to_owned)).ok_or_else(damaged)?;
        if entry.header().entry_type() != EntryType::Regular {
            return Err(no_archive());
        }
        each(&name, entry.size(), &mut entry)?;
    }
    Ok(())
}

/// Reads a whole archive without touching anything, and says what it holds.
pub fn check(archive: &Path, plan: &Plan) -> Result<Manifest> {
    let mut seen = Manifest::default();
    let mut manifest = None;
    let walked = walk(archive, |name, length, content| {
        let first = seen.version == 0;
        if first != (name == "keyuan.json") {
            return Err(no_archive());
        }
        match name.split('/').collect::<Vec<_>>().as_slice() {
            ["keyuan.json"] => {
                let json: Json =
                    serde_json::from_slice(&whole(content, length)?).map_err(|_| no_archive())?;
                let version = json["version"].as_u64().and_then(|version| usize::try_from(version).ok());
                seen.version = version.filter(|version| *version > 0).ok_or_else(no_archive)?;
                if json["format"] != FORMAT || seen.version > plan.version() {
                    migrate::refuse_newer(usize::MAX, plan)?;
                }
            }
            ["manifest.json"] => {
                let json: Json = serde_json::from_slice(&whole(content, length)?).map_err(|_| damaged())?;
                manifest = Some(Manifest::read(&json).ok_or_else(damaged)?);
            }
            ["rows", table, _] => {
                let bytes = whole(content, length)?;
                let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as i64;
                seen.tables.entry((*table).to_owned()).or_default().rows += lines;
                seen.parts.insert(name.to_owned(), HEXLOWER.encode(&Sha256::digest(&bytes)));
            }
            ["files", hash] => {
                if files::digest(content, &mut io::sink()).map_err(|_| damaged())?.0 != *hash {
                    return Err(damaged());
                }
                seen.files.insert((*hash).to_owned());
            }
            _ => return Err(no_archive()),
        }
        Ok(())
    });
    match walked {
        Err(Error::Refused(_)) if seen.version == 0 => return Err(no_archive()),
        walked => walked?,
    }
    let manifest = manifest.ok_or_else(damaged)?;
    let counts =
        |it: &Manifest| it.tables.iter().map(|(name, it)| (name.clone(), it.rows)).collect::<Vec<_>>();
    let same =
        seen.parts == manifest.parts && seen.files == manifest.files && seen.version == manifest.version;
    let schema = plan.schema(manifest.version)?;
    let known = manifest.tables.keys().all(|name| schema.table(name).is_some());
    if !same || !known || counts(&seen) != counts(&manifest) {
        return Err(damaged());
    }
    Ok(manifest)
}

fn whole(content: &mut dyn Read, length: u64) -> Result<Vec<u8>> {
    if length > LONGEST {
        return Err(no_archive());
    }
    let mut bytes = Vec::with_capacity(length as usize);
    content.read_to_end(&mut bytes).map_err(|_| damaged())?;
    Ok(bytes)
}

/// Puts an archive in the place of an empty database, or of any with `replace`, and brings it to the program's schema.
/// Nobody may have a file open meanwhile: a server is stopped first. What was there is kept beside it as `.old`.
pub fn restore(
    archive: &Path,
    address: &Address,
    plan: &Plan,
    folder: Option<&Path>,
    replace: bool,
) -> Result<Manifest> {
    let manifest = check(archive, plan)?;
    match address {
        Address::File(file) => {
            let part = file.with_extension("restore");
            let parent = file.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(parent).map_err(|error| file_error(parent, &error))?;
            let _ = std::fs::remove_file(&part);
            if file.exists() && !replace && !sqlite::is_empty(file)? {
                return Err(not_empty());
            }
            // Nothing of a half-made file is ever kept, so it needs no journal.
            let mut link = sqlite::Sqlite::open(&part, Mode::Scratch)?;
            let loaded = migrate::within(&mut link, |conn| load(conn, archive, &manifest, plan, folder));
            drop(link);
            if loaded.is_ok() {
                sqlite::put_away(file)?;
                settle(&part, file)?;
            } else {
                let _ = std::fs::remove_file(&part);
            }
            loaded?;
        }
        Address::Server(_) => {
            let mut link = address.connect(Mode::Write)?;
            migrate::within(&mut *link, |conn| {
                let tables =
                    rows(conn, "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()")?;
                if !tables.is_empty() && !replace {
                    return Err(not_empty());
                }
                for table in &tables {
                    conn.execute(&format!("DROP TABLE \"{}\" CASCADE", text(&table[0])), &[])?;
                }
                load(conn, archive, &manifest, plan, folder)
            })?;
        }
    }
    Ok(manifest)
}

/// Puts back what [`crate::snapshot`] kept, for the program of that time.
pub fn go_back(snapshot: &Path, address: &Address, plan: &Plan) -> Result<()> {
    let Address::File(file) = address else { return restore(snapshot, address, plan, None, true).map(drop) };
    if sqlite::is_empty(snapshot)? {
        return Err(no_archive());
    }
    let part = file.with_extension("restore");
    std::fs::copy(snapshot, &part).map_err(|error| file_error(&part, &error))?;
    sqlite::put_away(file)?;
    settle(&part, file)
}

fn text(value: &Value) -> &str {
    if let Value::Text(text) = value { text } else { "" }
}

fn not_empty() -> Error {
    let says = Label { zh: "目标数据库不是空的", en: "The database to restore into is not empty" };
    Error::refused("not_empty", says)
}

/// Tables, rows, then what rows need not wait for: indexes, foreign keys, counters, text indexes.
fn load(
    conn: &mut dyn Conn,
    archive: &Path,
    manifest: &Manifest,
    plan: &Plan,
    folder: Option<&Path>,
) -> Result<()> {
    let (dialect, schema) = (conn.dialect(), plan.schema(manifest.version)?);
    let run = |conn: &mut dyn Conn, sql: String| conn.execute(&sql, &[]).map(drop);
    for table in &schema.tables {
        run(conn, table.create(dialect))?;
    }
    walk(archive, |name, length, content| match name.split('/').collect::<Vec<_>>().as_slice() {
        ["rows", table, _] => {
            let table = schema.table(table).ok_or_else(damaged)?;
            insert(conn, table, &whole(content, length)?)
        }
        ["files", hash] => {
            folder.map_or(Ok(()), |folder| files::put(folder, content).map(drop)).map_err(|error| {
                tracing::error!(hash, ?error, "a file could not be restored");
                error
            })
        }
        _ => Ok(()),
    })?;
    for table in &schema.tables {
        table.indexes().try_for_each(|sql| run(conn, sql))?;
        if let Some(content) = manifest.tables.get(&table.name) {
            count_on(conn, table, content.last)?;
        }
        if !table.search.is_empty() {
            table.search_table(dialect).into_iter().try_for_each(|sql| run(conn, sql))?;
        }
    }
    for table in &schema.tables {
        table.keys(dialect).into_iter().try_for_each(|sql| run(conn, sql))?;
    }
    for version in 1..=manifest.version {
        migrate::mark(conn, version)?;
    }
    migrate::advance(conn, plan)?;
    let schema = plan.schema(plan.version())?;
    let searched = schema.tables.iter().filter(|table| !table.search.is_empty());
    searched.into_iter().try_for_each(|table| (plan.index)(conn, &table.name))
}

fn insert(conn: &mut dyn Conn, table: &Table, part: &[u8]) -> Result<()> {
    let mut lines = part.split(|byte| *byte == b'\n');
    let columns: Vec<String> =
        lines.next().and_then(|head| serde_json::from_slice(head).ok()).ok_or_else(damaged)?;
    if columns.len() != table.columns.len() || columns.iter().any(|name| table.column(name).is_none()) {
        return Err(damaged());
    }
    let names: Vec<String> = columns.iter().map(|name| format!("\"{name}\"")).collect();
    let head = format!("INSERT INTO \"{}\" ({}) VALUES ", table.name, names.join(", "));
    // SQLite takes 32,766 values in a statement, PostgreSQL twice as many.
    let most = (10_000 / columns.len()).clamp(1, 200);
    let lines: Vec<&[u8]> = lines.collect();
    for some in lines.chunks(most) {
        let mut values = Vec::with_capacity(some.len() * columns.len());
        let mut sql = head.clone();
        for (n, line) in some.iter().enumerate() {
            let row: Vec<Json> = serde_json::from_slice(line).map_err(|_| damaged())?;
            if row.len() != columns.len() {
                return Err(damaged());
            }
            sql.push_str(if n > 0 { ", (" } else { "(" });
            for (n, cell) in row.into_iter().enumerate() {
                values.push(match cell {
                    Json::Null => Value::Null,
                    Json::Number(number) => Value::Int(number.as_i64().ok_or_else(damaged)?),
                    Json::String(text) => Value::Text(text),
                    Json::Bool(_) | Json::Array(_) | Json::Object(_) => return Err(damaged()),
                });
                sql.push_str(if n > 0 { ", $" } else { "$" });
                sql.push_str(&values.len().to_string());
            }
            sql.push(')');
        }
        conn.execute(&sql, &values)?;
    }
    Ok(())
}

/// Lets the table's counter go on after `last`.
fn count_on(conn: &mut dyn Conn, table: &Table, last: i64) -> Result<()> {
    if last == 0 || table.columns.iter().all(|column| column.shape != Shape::Id) {
        return Ok(());
    }
    let name = &table.name;
    match conn.dialect() {
        Dialect::Sqlite => {
            conn.execute(&format!("DELETE FROM sqlite_sequence WHERE name = '{name}'"), &[])?;
            conn.execute(&format!("INSERT INTO sqlite_sequence (name, seq) VALUES ('{name}', {last})"), &[])?;
        }
        Dialect::Postgres => {
            let sql = format!("SELECT setval(pg_get_serial_sequence('\"{name}\"', 'id')::regclass, {last})");
            conn.execute(&sql, &[])?;
        }
    }
    Ok(())
}

/// Takes all rows out of all tables, and lets counting begin again. The caller has asked and made a backup.
pub fn clear(conn: &mut dyn Conn, schema: &Schema) -> Result<()> {
    match conn.dialect() {
        Dialect::Sqlite => {
            // Until the commit, since tables may point at each other.
            conn.execute("PRAGMA defer_foreign_keys = ON", &[])?;
            for table in &schema.tables {
                conn.execute(&format!("DELETE FROM \"{}\"", table.name), &[])?;
            }
            conn.execute("DELETE FROM sqlite_sequence", &[])?;
        }
        Dialect::Postgres => {
            let names: Vec<String> =
                schema.tables.iter().map(|table| format!("\"{}\"", table.name)).collect();
            conn.execute(&format!("TRUNCATE {} RESTART IDENTITY", names.join(", ")), &[])?;
        }
    }
    for table in schema.tables.iter().filter(|table| !table.search.is_empty()) {
        table.search_table(conn.dialect()).iter().try_for_each(|sql| conn.execute(sql, &[]).map(drop))?;
    }
    Ok(())
}

/// How many backups stay: the last of each of so many days, and of so many weeks.
#[derive(Debug, Clone, Copy)]
pub struct Keep {
    pub days: usize,
    pub weeks: usize,
}

/// The name of a backup made now: names sort by time.
pub fn name(now: Moment) -> String {
    format!("keyuan_{}.tar.gz", now.strftime("%Y%m%dT%H%M%SZ"))
}

/// Deletes the backups in `folder` that `keep` does not ask for, and says which. Other files stay.
pub fn rotate(folder: &Path, keep: Keep) -> Result<Vec<String>> {
    let failed = |error: io::Error| file_error(folder, &error);
    let names =
        std::fs::read_dir(folder).map_err(failed)?.filter_map(|it| it.ok()?.file_name().into_string().ok());
    let day = |name: &str| model::Date::strptime("%Y%m%d", name.strip_prefix("keyuan_")?.get(..8)?).ok();
    let mut all: Vec<(String, model::Date)> = names
        .filter(|name| name.ends_with(".tar.gz"))
        .filter_map(|name| day(&name).map(|day| (name, day)))
        .collect();
    all.sort_by(|a, b| b.cmp(a));
    let (mut days, mut weeks, mut gone) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for (name, day) in all {
        let week = day.iso_week_date();
        let new_day = days.len() < keep.days && days.insert(day);
        let new_week = weeks.len() < keep.weeks && weeks.insert((week.year(), week.week()));
        if !new_day && !new_week {
            std::fs::remove_file(folder.join(&name)).map_err(failed)?;
            gone.push(name);
        }
    }
    Ok(gone)
}
