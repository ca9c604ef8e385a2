//! A file on its way in: to disk piece by piece, looked at, and kept for the wizard or thrown away.

use std::path::{Path, PathBuf};

use axum::extract::{FromRequest, Multipart, Request};
use model::import::{self, Plan};
use model::{Desk, Error, Label, Result, Text};
use tokio::io::AsyncWriteExt;

use crate::Site;
use crate::visit::{Answer, At, Visit};
use crate::visitor::random_token;

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

pub async fn take(visit: Visit, At(entity): At<String>, request: Request) -> Answer {
    match taken(&visit, &entity, request).await {
        Ok(id) => Ok(visit.lead(&format!("/{entity}/import/{id}"))),
        // The drop zone shows the sentence beside the file's name.
        Err(error) if visit.is_part() => Ok(visit.sentence(&entity, &error)),
        Err(error) => Err(error.into()),
    }
}

async fn taken(visit: &Visit, entity: &str, request: Request) -> Result<i64> {
    let code = entity.to_owned();
    let most = visit.read(move |desk| {
        let def = desk.entity(&code)?;
        desk.may(def, "import")?;
        Ok(most(desk.catalog()))
    });
    let most = most.await?;
    let name = random_token()?[..32].to_owned();
    let path = folder(&visit.site).join(&name);
    let kept = async {
        let file = stream(&visit.site, request, &path, most).await?;
        let (code, opened) = (entity.to_owned(), path.clone());
        let planned = move |desk: &mut Desk| {
            let def = desk.entity(&code)?;
            let mut reader = import::open(opened.as_path(), &file, &Plan::default())?;
            let signature = import::signature(&reader);
            let plan = Plan { source: name, ..desk.plan_for(def, &mut reader)? };
            Ok((plan, file, signature))
        };
        let (plan, file, signature) = visit.read(planned).await?;
        visit.write(move |desk| desk.start_import(&file, &signature, &plan)).await
    };
    let kept = kept.await;
    if kept.is_err() {
        // What can't be imported is of no use to anybody.
        let _ = tokio::fs::remove_file(&path).await;
    }
    kept
}

/// Writes the form's file to `path`; returns what the user calls it.
async fn stream(site: &Site, request: Request, path: &Path, most: u64) -> Result<String> {
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
