//! Files on a record: taken in as a stream, kept by their content, and never shown as a page of this house.

use std::io::{self, Read};

use axum::body::{Body, Bytes};
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use model::message::message;
use model::system::Attachment;
use model::{Cell, Desk, Error, Id, Result, Stamp};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;

use super::{View, told};
use crate::list::part as answer;
use crate::ui::{amount, icon, icon14, t};
use crate::visitor::{Visitor, percent};
use crate::{Site, problem};

/// Longest file name kept, in characters.
const NAME: usize = 120;
/// What a browser may show in its place, by the first bytes; all else is only handed out.
const SHOWN: [(&[u8], &str); 5] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
];
const OTHER: &str = "application/octet-stream";

/// What a content is, by itself; its name says nothing.
fn sniff(start: &[u8]) -> &'static str {
    let is_webp = start.len() >= 12 && &start[..4] == b"RIFF" && &start[8..12] == b"WEBP";
    let known = SHOWN.iter().find(|it| start.starts_with(it.0)).map(|it| it.1);
    known.unwrap_or(if is_webp { "image/webp" } else { OTHER })
}

/// A file's name without a path and without what nobody can see.
fn named(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = model::clean(last, false).trim().trim_start_matches('.').chars().take(NAME).collect();
    if name.is_empty() { "file".to_owned() } else { name }
}

/// A body of files, or none.
type Sent = std::result::Result<Multipart, MultipartRejection>;

/// What arrives, as a reader for the thread that writes it down.
struct Arriving {
    parts: mpsc::Receiver<Bytes>,
    now: Bytes,
    /// Whether all of it came: a connection that broke leaves no file.
    whole: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Read for Arriving {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.now.is_empty() {
            match self.parts.blocking_recv() {
                Some(part) => self.now = part,
                None if self.whole.load(std::sync::atomic::Ordering::Acquire) => return Ok(0),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let n = out.len().min(self.now.len());
        out[..n].copy_from_slice(&self.now.split_to(n));
        Ok(n)
    }
}

pub async fn upload(
    State(site): State<Site>,
    visitor: Visitor,
    Path((entity, id)): Path<(String, i64)>,
    multipart: Sent,
) -> Response {
    match take(&site, &visitor, &entity, id, multipart).await {
        Ok(()) => told(&serde_json::json!({})),
        Err(error) => {
            let says = message(&error, site.db.registry(), &entity, visitor.lang());
            let status = match &error {
                Error::Refused(it) if it.code == "too_large" => StatusCode::PAYLOAD_TOO_LARGE,
                error => problem::status(error),
            };
            (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], says).into_response()
        }
    }
}

async fn take(site: &Site, visitor: &Visitor, entity: &str, id: i64, multipart: Sent) -> Result<()> {
    let code = entity.to_owned();
    // Before anything is taken in: whoever does not see the record sends in vain.
    let most = site
        .db
        .read_async(&visitor.actor, move |desk| {
            desk.get(&code, id)?;
            Ok(desk.catalog().number("upload_mb").clamp(1, 2_000) as usize * (1 << 20))
        })
        .await?;
    let broken = || {
        let says = model::Label {
            zh: "文件没有传完整，请再试一次",
            en: "The file did not arrive whole; try again",
        };
        Error::refused("broken_upload", says)
    };
    let mut multipart = multipart.map_err(|_| broken())?;
    let mut taken = 0;
    while let Some(mut field) = multipart.next_field().await.map_err(|_| broken())? {
        let Some(name) = field.file_name().filter(|it| !it.is_empty()).map(named) else { continue };
        let (send, parts) = mpsc::channel(4);
        let whole = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let mut arriving = Arriving { parts, now: Bytes::new(), whole: whole.clone() };
        let folder = site.data.join("files");
        let kept = tokio::task::spawn_blocking(move || store::files::put(&folder, &mut arriving));
        let (mut start, mut length) = (Vec::new(), 0);
        let mut trouble = None;
        loop {
            match field.chunk().await {
                Ok(Some(bytes)) => {
                    length += bytes.len();
                    if start.len() < 16 {
                        start.extend_from_slice(&bytes[..bytes.len().min(16)]);
                    }
                    if length > most {
                        let says = model::Text::new(
                            format!("文件超过 {} MB", most >> 20),
                            format!("Larger than {} MB", most >> 20),
                        );
                        trouble = Some(Error::refused("too_large", says));
                        break;
                    }
                    if send.send(bytes).await.is_err() {
                        break;
                    }
                }
                Ok(None) => {
                    whole.store(true, std::sync::atomic::Ordering::Release);
                    break;
                }
                Err(_) => {
                    trouble = Some(broken());
                    break;
                }
            }
        }
        drop(send);
        let kept = kept.await.map_err(|error| Error::Internal(error.to_string()))?;
        if let Some(trouble) = trouble {
            return Err(trouble);
        }
        let (hash, size) = kept?;
        let (code, mime) = (entity.to_owned(), sniff(&start).to_owned());
        site.db
            .write_async(&visitor.actor, move |desk| {
                desk.get(&code, id)?;
                let (entity, name, hash, mime) = (code.clone(), name.clone(), hash.clone(), mime.clone());
                let size = size as i64;
                let mut file = Attachment {
                    id: Id::NEW,
                    entity,
                    record: id,
                    name,
                    hash,
                    size,
                    mime,
                    stamp: Stamp::default(),
                };
                desk.trusted().save(&mut file).map(drop)
            })
            .await?;
        taken += 1;
    }
    if taken == 0 { Err(Error::invalid("file", "required")) } else { Ok(()) }
}

/// An attachment of this record, for who sees the record.
fn on(desk: &mut Desk, entity: &str, id: i64, file: i64) -> Result<Attachment> {
    let found = desk.attached::<Attachment>(entity, id)?.into_iter().find(|it| it.id.0 == file);
    found.ok_or_else(|| Error::missing(format!("attachment/{file}")))
}

pub async fn serve(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id, file)): Path<(String, i64, i64)>,
    RawQuery(raw): RawQuery,
) -> Response {
    let found = site.db.read_async(&visitor.actor, move |desk| on(desk, &entity, id, file)).await;
    let file = match found {
        Ok(file) => file,
        Err(error) => return problem::page(&site, &headers, Some(&visitor), &error),
    };
    let opened = async {
        let mut content =
            tokio::fs::File::open(store::files::path(&site.data.join("files"), &file.hash)).await?;
        let mut start = [0; 16];
        let read = content.read(&mut start).await?;
        content.rewind().await?;
        Ok::<_, io::Error>((content, start[..read].to_vec()))
    };
    let Ok((content, start)) = opened.await else {
        let error = Error::missing(format!("attachment/{}", file.id.0));
        return problem::page(&site, &headers, Some(&visitor), &error);
    };
    let inline = raw.as_deref() == Some("show") && file.mime != OTHER;
    let how = if inline { "inline" } else { "attachment" };
    let mime = if inline { sniff(&start) } else { OTHER };
    // A viewer of PDF does not run in a sandbox; without scripts, forms and frames it has nothing to misuse.
    let policy = match mime {
        "application/pdf" => {
            "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
        }
        _ => "default-src 'none'; sandbox; frame-ancestors 'none'",
    };
    let place = format!("{how}; filename*=UTF-8''{}", percent(&file.name));
    let head = [
        (header::CONTENT_TYPE, mime.to_owned()),
        (header::CONTENT_DISPOSITION, place),
        (header::CONTENT_SECURITY_POLICY, policy.to_owned()),
        (header::CACHE_CONTROL, "private, max-age=600".to_owned()),
        (header::CONTENT_LENGTH, file.size.to_string()),
    ];
    (head, Body::from_stream(ReaderStream::with_capacity(content, 64 << 10))).into_response()
}

/// A picture in a dialog.
pub async fn look(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id, file)): Path<(String, i64, i64)>,
) -> Response {
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let lang = desk.actor.lang;
        let it = on(desk, &entity, id, file)?;
        let src = format!("/{entity}/{id}/file/{file}");
        Ok(html! {
            div class="ky-dialog-body ky-look" {
                h2 { (it.name) }
                img src={ (src) "?show" } alt=(it.name);
                div class="ky-dialog-foot" {
                    a class="ky-btn" href=(src) download { (icon14("download")) (t(lang, "下载", "Download")) }
                    button class="ky-btn is-primary" type="button" data-close { (t(lang, "关闭", "Close")) }
                }
            }
        })
    });
    answer(&site, &visitor, &headers, read.await)
}

/// The section of files: what is there, and where more are dropped.
pub fn list(desk: &mut Desk, view: &View) -> Result<Markup> {
    let lang = view.cells.lang;
    let files: Vec<Attachment> = desk.attached(view.card.def.code, view.card.id)?;
    let most = desk.catalog().number("upload_mb").clamp(1, 2_000);
    let catalog = desk.catalog().clone();
    let me = desk.actor.user;
    Ok(html! {
        section class="ky-card" {
            header { h2 { (t(lang, "文档", "Files")) } span class="ky-count" { (files.len()) } }
            div class="ky-card-body" {
                div {
                    label class="ky-drop" data-drop data-action={ (view.base) "/files" } data-max=(most << 20) {
                        (icon("upload"))
                        span { (t(lang, "把文件拖到这里，或点这里选择", "Drop files here, or click to choose")) }
                        small class="ky-mute" { @match lang { model::Lang::Zh => { "每个不超过 " (most) " MB" } model::Lang::En => { "Up to " (most) " MB each" } } }
                        input type="file" multiple aria-label=(t(lang, "选择文件", "Choose files"));
                    }
                }
                ul class="ky-files" {
                    @for it in &files {
                        @let src = format!("{}/file/{}", view.base, it.id.0);
                        @let is_picture = it.mime.starts_with("image/");
                        li {
                            @if is_picture { button type="button" class="ky-thumb" hx-get={ (src) "/look" } hx-target="#dialog" aria-label={ (t(lang, "预览 ", "Preview ")) (it.name) } { img src={ (src) "?show" } alt="" loading="lazy"; } }
                            @else { span class="ky-thumb" { (icon(if it.mime == "application/pdf" { "file-type-pdf" } else { "file-text" })) } }
                            div class="ky-grow" {
                                @if is_picture { a href="#" hx-get={ (src) "/look" } hx-target="#dialog" { (it.name) } }
                                @else if it.mime == "application/pdf" { a href={ (src) "?show" } target="_blank" rel="noopener" { (it.name) } }
                                @else { a href=(src) download { (it.name) } }
                                p class="ky-small ky-mute" {
                                    (sized(it.size)) " · " (catalog.user_name(it.stamp.creator).unwrap_or("—")) " "
                                    (view.cells.value(&model::STAMP[1], Cell::Text(model::Scalar::value(&it.stamp.created).text())))
                                }
                            }
                            a class="ky-iconbtn" href=(src) download aria-label={ (t(lang, "下载 ", "Download ")) (it.name) } { (icon14("download")) }
                            @if view.card.editable || it.stamp.creator == me {
                                button class="ky-iconbtn" type="button" hx-post={ (src) "/delete" } hx-swap="none" hx-confirm=(t(lang, "删除这个文件？", "Delete this file?")) aria-label={ (t(lang, "删除 ", "Delete ")) (it.name) } { (icon14("trash")) }
                            }
                        }
                    }
                }
            }
        }
    })
}

pub async fn delete(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id, file)): Path<(String, i64, i64)>,
) -> Response {
    let gone = site.db.write_async(&visitor.actor, move |desk| {
        on(desk, &entity, id, file)?;
        desk.delete("attachment", file, None)
    });
    match gone.await {
        Ok(()) => told(&serde_json::json!({ "ky:refresh": {} })),
        Err(error) => problem::page(&site, &headers, Some(&visitor), &error),
    }
}

fn sized(bytes: i64) -> String {
    match bytes {
        ..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KB", amount(bytes / 1_024, 0, 0)),
        _ => format!("{} MB", amount(bytes * 10 / 1_048_576, 1, 1)),
    }
}
