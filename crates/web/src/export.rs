//! Lists as files, and the templates that come back filled in.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use model::{Desk, Error, ExportTarget, Query, Result};
use sheet::write::Format;

use crate::Site;
use crate::list::table::columns;
use crate::print::{conditions, selected};
use crate::visit::{Answer, At, Visit};
use crate::visitor::{Visitor, percent};

pub fn routes() -> Router<Site> {
    Router::new().route("/{entity}/export", get(list)).route("/{entity}/template.xlsx", get(template))
}

/// Rows that somebody reads on before it is written down, and for how long they count together.
const WATCHED: usize = 500;
const WINDOW: Duration = Duration::from_secs(24 * 3600);

/// Rows that were read on and are not written down yet, by user and entity, with when that began.
pub type Reads = Mutex<HashMap<(i64, &'static str), (Instant, usize)>>;

impl Site {
    /// Counts rows that a list gave. Whoever reads on, page by page, takes a list along as an export does: each few hundred
    /// rows are written down, within the same limit.
    pub async fn read_on(
        &self,
        visitor: &Visitor,
        kind: &'static str,
        entity: &'static str,
        query: String,
        rows: usize,
    ) -> Result<()> {
        let key = (visitor.actor.user, entity);
        let count = |rows: usize, most: usize| {
            let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
            let read = reads.entry(key).or_insert((Instant::now(), 0));
            let before = if read.0.elapsed() < WINDOW { read.1 } else { 0 };
            let all = before + rows;
            let left = if all < most { all } else { 0 };
            *read = (if before == 0 { Instant::now() } else { read.0 }, left);
            all
        };
        let all = count(rows, WATCHED);
        if all < WATCHED {
            return Ok(());
        }
        let taken =
            self.db.write_async(&visitor.actor, move |desk| desk.take(kind, entity, &query, all as i64));
        taken.await.inspect_err(|_| {
            // What was not shown does not count, what was before still does.
            count(all - rows, usize::MAX);
        })
    }
}

/// A file that is written and not yet recorded.
pub struct Written {
    pub file: File,
    pub format: Format,
    pub name: String,
    pub entity: &'static str,
    pub query: String,
    pub rows: i64,
}

async fn list(visit: Visit, At(entity): At<String>) -> Answer {
    let (raw, data) = (visit.raw.clone(), visit.site.data.clone());
    let written = visit.read(move |desk| write(desk, &entity, &raw, &data)).await?;
    hand_over(&visit, written).await
}

pub async fn hand_over(visit: &Visit, written: Written) -> Answer {
    let Written { file, format, name, entity, query, rows } = written;
    // What leaves the house is recorded before it is sent.
    visit.write(move |desk| desk.take("export", entity, &query, rows)).await?;
    Ok(send(file, format, &name)?)
}

fn write(desk: &mut Desk, entity: &str, raw: &str, data: &std::path::Path) -> Result<Written> {
    let def = desk.entity(entity)?;
    desk.may(def, "export")?;
    let value = |key: &str| form_urlencoded::parse(raw.as_bytes()).find(|it| it.0 == key).map(|it| it.1);
    let format = format(raw)?;
    let (ask, ids) = selected(desk, def, raw)?;
    let columns = match value("whole") {
        Some(_) => {
            let catalog = desk.catalog().clone();
            catalog.fields(def).filter(|it| desk.may_see(def, it)).map(|it| it.name.to_owned()).collect()
        }
        None => columns(desk, &ask),
    };
    let query = Query { columns, ..ask.query.clone() };
    let said = conditions(desk, &ask, ids.is_some())?;
    let about = desk.about(def, ask.view.as_ref().map(|it| it.label.as_str()), &said);
    let name = name(desk, &about, format);
    // It has no name and is gone with its handle, also after a crash.
    let file = temporary(data)?;
    let to = ExportTarget { format, file: copy(&file)?, folder: data };
    let rows = desk.export(entity, &query, to, about)?;
    let query = ids.map_or_else(|| ask.filter(), |it| format!("id={it}"));
    Ok(Written { file, format, name, entity: def.code, query, rows })
}

/// The format that an address asks for.
pub fn format(raw: &str) -> Result<Format> {
    let asked = form_urlencoded::parse(raw.as_bytes()).find(|it| it.0 == "format").map(|it| it.1);
    Format::of(&asked.unwrap_or("xlsx".into())).ok_or_else(|| Error::invalid("format", "unknown_choice"))
}

/// What the file is called: of what, by whom, when.
pub fn name(desk: &Desk, about: &sheet::write::About, format: Format) -> String {
    let now = desk.catalog().zone.to_datetime(desk.now()).strftime("%Y%m%d-%H%M");
    format!("{}-{}-{now}.{}", about.title, about.author, format.ending())
}

async fn template(visit: Visit, At(entity): At<String>) -> Answer {
    let data = visit.site.data.clone();
    let write = move |desk: &mut Desk| {
        let file = temporary(&data)?;
        desk.template(&entity, copy(&file)?)?;
        let name = desk.entity(&entity)?.many(desk.actor.lang);
        let name = match desk.actor.lang {
            model::Lang::Zh => format!("{name}导入模板.xlsx"),
            model::Lang::En => format!("{name} template.xlsx"),
        };
        Ok((file, name))
    };
    let (file, name) = visit.read(write).await?;
    Ok(send(file, Format::Xlsx, &name)?)
}

pub fn temporary(data: &std::path::Path) -> Result<File> {
    tempfile::tempfile_in(data).map_err(broken)
}

pub fn copy(file: &File) -> Result<File> {
    file.try_clone().map_err(broken)
}

fn broken(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::StorageFull => Error::Full,
        _ => Error::Internal(format!("file to send: {error}")),
    }
}

pub fn send(file: File, format: Format, name: &str) -> Result<Response> {
    send_as(file, format.mime(), name)
}

/// Sends a file piece by piece, under a name that browsers of all ages understand.
pub fn send_as(mut file: File, mime: &str, name: &str) -> Result<Response> {
    use std::io::Seek;
    file.rewind().map_err(broken)?;
    let length = file.metadata().map_err(broken)?.len();
    let plain: String =
        name.chars().map(|it| if it.is_ascii_graphic() && it != '"' { it } else { '_' }).collect();
    let disposition = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", percent(name));
    let body = Body::from_stream(tokio_util::io::ReaderStream::with_capacity(
        tokio::fs::File::from_std(file),
        64 << 10,
    ));
    let headers = [
        (header::CONTENT_TYPE, mime.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, body).into_response())
}
