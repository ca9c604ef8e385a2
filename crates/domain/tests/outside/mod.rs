//! Public data that is too large, or not ours, to ship: beside the repository, or where `KEYUAN_TEST_DATA` points.

use std::path::PathBuf;

/// The text of a file of the public data; `None`, with a word about it, where it is absent.
pub fn read(path: &str) -> Option<String> {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let file = std::env::var_os("KEYUAN_TEST_DATA").map_or(beside, PathBuf::from).join(path);
    let text = std::fs::read_to_string(&file).ok();
    if text.is_none() {
        eprintln!("skipped: {} is absent", file.display());
    }
    text
}
