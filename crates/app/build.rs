//! Lists the guide's pictures, so that the program carries them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/images");
    println!("cargo::rerun-if-changed={}", images.display());
    let mut table = String::from("pub static IMAGES: &[(&str, &[u8])] = &[\n");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&images).into_iter().flatten().flatten().map(|it| it.path()).collect();
    files.sort();
    for path in files.iter().filter(|it| it.extension().is_some_and(|end| end == "png")) {
        let name = path.file_name().and_then(|it| it.to_str()).expect("a picture has a plain name");
        let path = path.canonicalize().expect("the picture is there");
        writeln!(table, "({name:?}, include_bytes!({path:?})),").expect("a string takes all");
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    std::fs::write(out.join("images.rs"), table + "];\n").expect("OUT_DIR takes files");
}
