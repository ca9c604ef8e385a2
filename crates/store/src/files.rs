//! Files beside the rows: `<folder>/ab/ab3f…`, each called by the hash of its content, so that none is there twice.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use model::Result;
use sha2::{Digest, Sha256};

use crate::migrate::{file_error, settle};

/// Where the file with this hash is.
pub fn path(folder: &Path, hash: &str) -> PathBuf {
    folder.join(hash.get(..2).unwrap_or("00")).join(hash)
}

/// Keeps a content, safely on the disk when this returns: its hash and its length.
pub fn put(folder: &Path, content: &mut dyn Read) -> Result<(String, u64)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let failed = |error: io::Error| file_error(folder, &error);
    fs::create_dir_all(folder).map_err(failed)?;
    let part = folder.join(format!("{}_{}.part", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let copied = File::create(&part).and_then(|mut file| digest(content, &mut file));
    let copied = copied.map_err(failed).and_then(|(hash, length)| {
        let to = path(folder, &hash);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        settle(&part, &to)?;
        Ok((hash, length))
    });
    if copied.is_err() {
        let _ = fs::remove_file(&part);
    }
    copied
}

/// Reads to the end, into `out`: the hash and the length of what went by.
pub(crate) fn digest(content: &mut dyn Read, out: &mut dyn Write) -> io::Result<(String, u64)> {
    let (mut sha, mut length, mut some) = (Sha256::new(), 0, vec![0; 64 << 10]);
    loop {
        match content.read(&mut some)? {
            0 => return Ok((HEXLOWER.encode(&sha.finalize()), length)),
            n => {
                sha.update(&some[..n]);
                out.write_all(&some[..n])?;
                length += n as u64;
            }
        }
    }
}

/// The hashes of all files.
pub fn list(folder: &Path) -> Result<Vec<String>> {
    let mut all = Vec::new();
    if !folder.exists() {
        return Ok(all);
    }
    let failed = |error: io::Error| file_error(folder, &error);
    for part in fs::read_dir(folder).map_err(failed)? {
        let part = part.map_err(failed)?.path();
        if part.is_dir() {
            let names = fs::read_dir(&part).map_err(failed)?;
            all.extend(
                names
                    .filter_map(|it| it.ok()?.file_name().into_string().ok())
                    .filter(|name| name.len() == 64),
            );
        }
    }
    all.sort();
    Ok(all)
}

/// Removes a file that has lain for `age` and is `free`, as nothing names it. Whoever keeps the same content meanwhile
/// keeps it: it is put aside first and looked at once more.
pub fn remove(folder: &Path, hash: &str, age: Duration, free: impl Fn() -> Result<bool>) -> Result<bool> {
    let (at, aside) = (path(folder, hash), folder.join(format!("{hash}.part")));
    let failed = |error: io::Error| file_error(folder, &error);
    let is_old = |path: &Path| fs::metadata(path).is_ok_and(|it| is_older(&it, age));
    if !is_old(&at) {
        return Ok(false);
    }
    fs::rename(&at, &aside).map_err(failed)?;
    let gone = if is_old(&aside) { free() } else { Ok(false) };
    match gone {
        Ok(true) => fs::remove_file(&aside),
        _ => fs::rename(&aside, &at),
    }
    .map_err(failed)?;
    gone
}

pub fn is_older(file: &Metadata, age: Duration) -> bool {
    let since = file.modified().map(|it| SystemTime::now().duration_since(it));
    matches!(since, Ok(Ok(since)) if since > age)
}

/// Whether a file still holds what its name says.
pub fn is_whole(folder: &Path, hash: &str) -> bool {
    let found = File::open(path(folder, hash)).and_then(|mut file| digest(&mut file, &mut io::sink()));
    found.is_ok_and(|found| found.0 == hash)
}
