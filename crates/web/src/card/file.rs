//! Files on a record: taken in as a stream, kept by their content, and never shown as a page of this house.

use std::io::{Read, Seek};

use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use axum::response::IntoResponse;
use maud::{Markup, html};
use model::system::Attachment;
use model::{Desk, Error, Id, Result, Stamp};
use tokio_util::io::ReaderStream;

use super::{View, section};
use crate::says;
use crate::ui::{amount, count, icon, icon14, t};
use crate::upload::{self, Upload, unwritten};
use crate::visit::{Answer, At, Visit, told};
use crate::visitor::percent;

/// What a browser may show in its place, by the first bytes; all else is only handed out.
const SHOWN: [(&[u8], &str); 5] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
];
const PDF: &str = "application/pdf";
const OTHER: &str = "application/octet-stream";

/// What a content is, by itself; its name says nothing.
fn sniff(file: &mut (impl Read + Seek)) -> std::io::Result<&'static str> {
    let mut start = Vec::new();
    file.rewind()?;
    file.by_ref().take(16).read_to_end(&mut start)?;
    file.rewind()?;
    let is_webp = start.len() >= 12 && &start[..4] == b"RIFF" && &start[8..12] == b"WEBP";
    let known = SHOWN.iter().find(|it| start.starts_with(it.0)).map(|it| it.1);
    Ok(known.unwrap_or(if is_webp { "image/webp" } else { OTHER }))
}

/// Megabytes that a file may have.
fn most(desk: &Desk) -> u64 {
    desk.catalog().number("upload_mb").clamp(1, 2_000) as u64
}

pub async fn upload(visit: Visit, At((entity, id)): At<(String, i64)>, request: Request) -> Answer {
    match take(&visit, &entity, id, request).await {
        Ok(()) => Ok(told(&serde_json::json!({}))),
        Err(error) => Ok(visit.sentence(&entity, &error)),
    }
}

async fn take(visit: &Visit, entity: &str, id: i64, request: Request) -> Result<()> {
    let code = entity.to_owned();
    // Before anything is taken in: whoever does not see the record sends in vain.
    let most = visit.read(move |desk| desk.get(&code, id).map(|_| most(desk))).await?;
    let mut upload = Upload::of(&visit.site, request, most << 20).await?;
    let mut taken = 0;
    while let Some((name, mut file)) = upload.next().await? {
        let folder = visit.site.data.join("files");
        let kept = tokio::task::spawn_blocking(move || {
            let mime = sniff(&mut file).map_err(unwritten)?;
            let (hash, size) = store::files::put(&folder, &mut file)?;
            Ok((mime, hash, size as i64))
        });
        let (mime, hash, size) = kept.await.map_err(|error| Error::Internal(error.to_string()))??;
        let code = entity.to_owned();
        let hang = move |desk: &mut Desk| {
            desk.get(&code, id)?;
            let (entity, name, hash, mime) = (code.clone(), name.clone(), hash.clone(), mime.to_owned());
            let stamp = Stamp::default();
            let mut file = Attachment { id: Id::NEW, entity, record: id, name, hash, size, mime, stamp };
            desk.trusted().save(&mut file).map(drop)
        };
        visit.write(hang).await?;
        taken += 1;
    }
    if taken == 0 { Err(upload::missing()) } else { Ok(()) }
}

/// The record, and which of its files.
type Place = (String, i64, i64);

/// An attachment of this record, for who sees the record.
fn on(desk: &mut Desk, (entity, id, file): &Place) -> Result<Attachment> {
    let found = desk.attached::<Attachment>(entity, *id)?.into_iter().find(|it| it.id.0 == *file);
    found.ok_or_else(|| Error::missing(format!("attachment/{file}")))
}

pub async fn serve(visit: Visit, At(place): At<Place>) -> Answer {
    let missing = Error::missing(format!("attachment/{}", place.2));
    let file = visit.read(move |desk| on(desk, &place)).await?;
    let path = store::files::path(&visit.site.data.join("files"), &file.hash);
    let opened = std::fs::File::open(path).and_then(|mut it| Ok((sniff(&mut it)?, it)));
    let (mime, content) = opened.map_err(|_| missing)?;
    let (how, mime) = match visit.raw == "show" && file.mime != OTHER {
        true => ("inline", mime),
        false => ("attachment", OTHER),
    };
    // A viewer of PDF does not run in a sandbox; without scripts, forms and frames it has nothing to misuse.
    let policy = match mime {
        PDF => "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'",
        _ => "default-src 'none'; sandbox; frame-ancestors 'none'",
    };
    let head = [
        (header::CONTENT_TYPE, mime.to_owned()),
        (header::CONTENT_DISPOSITION, format!("{how}; filename*=UTF-8''{}", percent(&file.name))),
        (header::CONTENT_SECURITY_POLICY, policy.to_owned()),
        (header::CACHE_CONTROL, "private, max-age=600".to_owned()),
        (header::CONTENT_LENGTH, file.size.to_string()),
    ];
    let content = ReaderStream::with_capacity(tokio::fs::File::from_std(content), 64 << 10);
    Ok((head, Body::from_stream(content)).into_response())
}

/// A picture or a PDF in a dialog.
pub async fn look(visit: Visit, At(place): At<Place>) -> Answer {
    let draw = move |desk: &mut Desk| {
        let lang = desk.actor.lang;
        let it = on(desk, &place)?;
        let (entity, id, file) = place;
        let src = format!("/{entity}/{id}/file/{file}");
        Ok(html! {
            div class="ky-dialog-body ky-look" {
                h2 { (it.name) }
                @if it.mime == PDF { iframe src={ (src) "?show" } title=(it.name) {} }
                @else { img src={ (src) "?show" } alt=(it.name); }
                div class="ky-dialog-foot" {
                    // A phone's browser may show of a PDF in a frame its first page or nothing.
                    @if it.mime == PDF { a class="ky-btn" href={ (src) "?show" } target="_blank" rel="noopener" { (icon14("external-link")) (t(lang, "在新页中打开", "Open in a tab")) } }
                    a class="ky-btn" href=(src) download { (icon14("download")) (t(lang, "下载", "Download")) }
                    button class="ky-btn is-primary" type="button" data-close { (t(lang, "关闭", "Close")) }
                }
            }
        })
    };
    visit.show(draw).await
}

pub async fn delete(visit: Visit, At(place): At<Place>) -> Answer {
    let delete = move |desk: &mut Desk| {
        on(desk, &place)?;
        desk.delete("attachment", place.2, None)
    };
    visit.write(delete).await?;
    Ok(told(&serde_json::json!({ "ky:refresh": {} })))
}

/// The section of files: what is there, and where more are dropped.
pub fn list(desk: &Desk, view: &View) -> Markup {
    let lang = view.cells.lang;
    let (most, me) = (most(desk), desk.actor.user);
    let body = html! {
        div class="ky-card-body" {
            div {
                label class="ky-drop" data-drop data-action={ (view.base) "/files" } data-max=(most << 20) {
                    (icon("upload"))
                    span { (t(lang, "把文件拖到这里，或点这里选择", "Drop files here, or click to choose")) }
                    small class="ky-mute" { (says!(lang, "每个不超过 {most} MB", "Up to {most} MB each")) }
                    input type="file" multiple aria-label=(t(lang, "选择文件", "Choose files"));
                }
            }
            ul class="ky-files" {
                @for it in &view.files {
                    @let src = format!("{}/file/{}", view.base, it.id.0);
                    @let is_picture = it.mime.starts_with("image/");
                    @let is_shown = is_picture || it.mime == PDF;
                    li {
                        @if is_picture { button type="button" class="ky-thumb" hx-get={ (src) "/look" } hx-target="#dialog" aria-label={ (t(lang, "预览 ", "Preview ")) (it.name) } { img src={ (src) "?show" } alt="" loading="lazy"; } }
                        @else { span class="ky-thumb" { (icon(if it.mime == PDF { "file-type-pdf" } else { "file-text" })) } }
                        div class="ky-grow" {
                            @if is_shown { a href="#" hx-get={ (src) "/look" } hx-target="#dialog" { (it.name) } }
                            @else { a href=(src) download { (it.name) } }
                            p class="ky-small ky-mute" { (sized(it.size)) " · " (view.said_by(&it.stamp)) }
                        }
                        a class="ky-iconbtn" href=(src) download aria-label={ (t(lang, "下载 ", "Download ")) (it.name) } { (icon14("download")) }
                        @if view.card.editable || it.stamp.creator == me {
                            button class="ky-iconbtn" type="button" hx-post={ (src) "/delete" } hx-swap="none" hx-confirm=(t(lang, "删除这个文件？", "Delete this file?")) aria-label={ (t(lang, "删除 ", "Delete ")) (it.name) } { (icon14("trash")) }
                        }
                    }
                }
            }
        }
    };
    section(None, "ky-card", t(lang, "文档", "Files"), Some(view.files.len()), &html! {}, &body)
}

fn sized(bytes: i64) -> String {
    match bytes {
        ..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KB", count(bytes / 1_024)),
        _ => format!("{} MB", amount(bytes * 10 / 1_048_576, 1, 1)),
    }
}
