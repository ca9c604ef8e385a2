//! A file on its way in: to disk piece by piece, looked at, and kept for the wizard or thrown away.

use std::path::PathBuf;

use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use model::import::{self, Plan};
use model::message::message;
use model::{Error, Label, Result, Text};
use tokio::io::AsyncWriteExt;

use crate::visitor::{Visitor, random_token};
use crate::{Site, problem};

/// The parameter that says how large a file may be, in MB, and what it is where nobody says.
const LIMIT: &str = "import_mb";
const USUAL: i64 = 500;

/// Where files wait for their import.
pub fn folder(site: &Site) -> PathBuf {
    site.data.join("imports")
}

/// Bytes that a file may have.
pub fn most(catalog: &model::Catalog) -> u64 {
    let most = catalog.number(LIMIT);
    (if most > 0 { most } else { USUAL } as u64) << 20
}

pub async fn take(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(entity): Path<String>,
    request: Request,
) -> Response {
    let is_script = headers.contains_key("hx-request");
    match taken(&site, &visitor, &entity, request).await {
        Ok(id) => {
            let to = format!("/{entity}/import/{id}");
            if is_script { [("hx-redirect", to)].into_response() } else { Redirect::to(&to).into_response() }
        }
        // The drop zone shows the sentence beside the file's name.
        Err(error) if is_script => {
            let says = message(&error, site.db.registry(), &entity, visitor.lang());
            let status = problem::status(&error);
            (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], says).into_response()
        }
        Err(error) => problem::page(&site, &headers, Some(&visitor), &error),
    }
}

async fn taken(site: &Site, visitor: &Visitor, entity: &str, request: Request) -> Result<i64> {
    let code = entity.to_owned();
    let most = site.db.read_async(&visitor.actor, move |desk| {
        let def = desk.entity(&code)?;
        desk.may(def, "import")?;
        Ok(most(desk.catalog()))
    });
    let most = most.await?;
    let name = random_token()?[..32].to_owned();
    let path = folder(site).join(&name);
    let kept = async {
        let file = stream(site, request, &path, most).await?;
        let (code, opened) = (entity.to_owned(), path.clone());
        let (plan, file, signature) = site
            .db
            .read_async(&visitor.actor, move |desk| {
                let def = desk.entity(&code)?;
                let mut reader = import::open(opened.as_path(), &file, &Plan::default())?;
                let signature = import::signature(&reader);
                let plan = desk.plan_for(def, &mut reader)?;
                Ok((Plan { source: name, ..plan }, file, signature))
            })
            .await?;
        let work = move |desk: &mut model::Desk| desk.start_import(&file, &signature, &plan);
        site.db.write_async(&visitor.actor, work).await
    };
    let kept = kept.await;
    if kept.is_err() {
        // What can't be imported is of no use to anybody.
        let _ = tokio::fs::remove_file(&path).await;
    }
    kept
}

/// Writes the form's file to `path`; returns what the user calls it.
async fn stream(site: &Site, request: Request, path: &std::path::Path, most: u64) -> Result<String> {
    let mut form = Multipart::from_request(request, site).await.map_err(|_| broken_off())?;
    while let Some(mut part) = form.next_field().await.map_err(|_| broken_off())? {
        if part.name() != Some("file") {
            continue;
        }
        let name = part.file_name().unwrap_or_default().to_owned();
        let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = model::clean(name, false).chars().take(200).collect::<String>();
        tokio::fs::create_dir_all(folder(site)).await.map_err(unwritten)?;
        let mut file = tokio::fs::File::create(path).await.map_err(unwritten)?;
        let mut size = 0;
        while let Some(piece) = part.chunk().await.map_err(|_| broken_off())? {
            size += piece.len() as u64;
            if size > most {
                let most = most >> 20;
                let says = Text::new(
                    format!("文件超过 {most} MB。请拆成几个文件，或另存为 CSV。"),
                    format!("The file is larger than {most} MB. Split it, or save it as CSV."),
                );
                return Err(Error::refused("file_too_large", says));
            }
            file.write_all(&piece).await.map_err(unwritten)?;
        }
        file.flush().await.map_err(unwritten)?;
        let name = if name.is_empty() { "list".to_owned() } else { name };
        return Ok(name);
    }
    Err(Error::refused("file_missing", Label { zh: "没有选择文件", en: "No file was chosen" }))
}

fn broken_off() -> Error {
    let says = Label {
        zh: "文件没有传完，请重新上传", en: "The file did not arrive whole; send it again"
    };
    Error::refused("upload_broken", says)
}

fn unwritten(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::Full,
        _ => Error::Internal(format!("upload: {error}")),
    }
}
