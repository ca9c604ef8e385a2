//! Files on their way in: to the disk piece by piece, whatever becomes of them.

use std::path::PathBuf;

use axum::extract::{FromRequest, Multipart, Request};
use model::{Error, Label, Result, Text};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;

use crate::Site;

/// Longest file name kept, in characters.
const NAME: usize = 120;

/// So many times what a file may have is taken from the line.
const MORE: u64 = 8;

/// Where files wait for what they came for; housekeeping takes what nobody took up.
pub fn folder(site: &Site) -> PathBuf {
    site.data.join("imports")
}

/// What a browser sends in its form.
pub struct Upload<'a> {
    site: &'a Site,
    form: Multipart,
    /// Bytes that one file may have.
    most: u64,
}

impl Upload<'_> {
    pub async fn of(site: &Site, request: Request, most: u64) -> Result<Upload<'_>> {
        let form = Multipart::from_request(request, site).await.map_err(|_| broken_off())?;
        Ok(Upload { site, form, most })
    }

    /// The next file with its name. It is gone with its handle unless somebody keeps it.
    pub async fn next(&mut self) -> Result<Option<(String, NamedTempFile)>> {
        while let Some(mut part) = self.form.next_field().await.map_err(|_| broken_off())? {
            let Some(name) = part.file_name().filter(|it| !it.is_empty()).map(named) else { continue };
            let folder = folder(self.site);
            std::fs::create_dir_all(&folder).map_err(unwritten)?;
            let file = NamedTempFile::new_in(folder).map_err(unwritten)?;
            let mut writer = tokio::fs::File::from_std(file.reopen().map_err(unwritten)?);
            let mut size = 0;
            while let Some(piece) = part.chunk().await.map_err(|_| broken_off())? {
                size += piece.len() as u64;
                // What is too much is read on for a while: a browser hears the answer only after it has sent all.
                if size <= self.most {
                    writer.write_all(&piece).await.map_err(unwritten)?;
                } else if size > MORE * self.most {
                    break;
                }
            }
            if size > self.most {
                return Err(too_large(self.most >> 20));
            }
            writer.flush().await.map_err(unwritten)?;
            return Ok(Some((name, file)));
        }
        Ok(None)
    }
}

/// A file's name without a path and without what nobody can see.
fn named(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = model::clean(last, false).trim().trim_start_matches('.').chars().take(NAME).collect();
    if name.is_empty() { "file".to_owned() } else { name }
}

/// Nothing was chosen.
pub fn missing() -> Error {
    Error::refused("file_missing", Label { zh: "没有选择文件", en: "No file was chosen" })
}

fn too_large(most: u64) -> Error {
    let says = Text::new(
        format!("文件超过 {most} MB，没有保存。请拆成几个文件，或先压缩。"),
        format!("The file is larger than {most} MB and was not kept. Split it, or compress it first."),
    );
    Error::refused("too_large", says)
}

fn broken_off() -> Error {
    let says = Label {
        zh: "文件没有传完，请重新上传", en: "The file did not arrive whole; send it again"
    };
    Error::refused("upload_broken", says)
}

pub fn unwritten(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::Full,
        _ => Error::Internal(format!("upload: {error}")),
    }
}
