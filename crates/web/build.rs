//! Bundles the browser's files: styles and scripts in their order, each under a name that carries its hash,
//! compressed once.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

fn main() {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let assets = Path::new(&here).join("../../assets");
    println!("cargo::rerun-if-changed={}", assets.display());
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    let read =
        |file: &str| fs::read(assets.join(file)).unwrap_or_else(|error| panic!("assets/{file}: {error}"));
    let text = |file: &str| String::from_utf8(read(file)).expect("text is UTF-8");
    let all = |folder: &str, end: &str| {
        let order = text(&format!("{folder}/order.txt"));
        let names = order.lines().map(str::trim).filter(|line| !line.is_empty());
        names.map(|name| text(&format!("{folder}/{name}")) + end).collect::<String>()
    };

    let mut files = vec![
        File::new("inter-latin.woff2", "font/woff2", read("vendor/inter-latin.woff2")),
        File::new("icons.svg", "image/svg+xml", read("icons.svg")),
        File::new("favicon.svg", "image/svg+xml", read("favicon.svg")),
    ];
    let css = all("css", "\n").replace("/assets/vendor/inter-latin.woff2", &files[0].path);
    let js = text("vendor/htmx.min.js") + "\n" + &all("js", "\n");
    files.push(File::new("keyuan.css", "text/css; charset=utf-8", css.into_bytes()));
    files.push(File::new("keyuan.js", "text/javascript; charset=utf-8", js.into_bytes()));

    let mut table = String::from("pub static FILES: &[File] = &[\n");
    for file in &files {
        let (plain, packed) = (out.join(file.name), out.join(format!("{}.br", file.name)));
        fs::write(&plain, &file.bytes).expect("OUT_DIR takes files");
        fs::write(&packed, brotli(&file.bytes)).expect("OUT_DIR takes files");
        let File { name, path, mime, .. } = file;
        writeln!(
            table,
            "File {{ name: {name:?}, path: {path:?}, mime: {mime:?}, plain: include_bytes!({plain:?}), \
             brotli: include_bytes!({packed:?}) }},"
        )
        .expect("a string takes all");
    }
    fs::write(out.join("assets.rs"), table + "];\n").expect("OUT_DIR takes files");
}

struct File {
    name: &'static str,
    path: String,
    mime: &'static str,
    bytes: Vec<u8>,
}

impl File {
    fn new(name: &'static str, mime: &'static str, bytes: Vec<u8>) -> File {
        let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes)[..6]);
        File { name, path: format!("/a/{hash}/{name}"), mime, bytes }
    }
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut packed, 64 * 1024, 11, 22);
    writer.write_all(bytes).expect("memory takes all");
    drop(writer);
    packed
}
