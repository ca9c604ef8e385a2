//! Lists the guide's pictures with their sizes, so that the program carries them.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher};
use std::path::PathBuf;

fn main() {
    let pictures = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"))
        .join("../../docs/guide/pictures");
    println!("cargo::rerun-if-changed={}", pictures.display());
    let mut table = String::from("pub static PICTURES: &[Picture] = &[\n");
    for lang in ["zh", "en"] {
        let files = std::fs::read_dir(pictures.join(lang)).expect("the guide has pictures in each language");
        let mut files: Vec<PathBuf> = files.map(|it| it.expect("the folder can be read").path()).collect();
        files.sort();
        for path in files {
            let path = path.canonicalize().expect("the picture is there");
            let bytes = std::fs::read(&path).expect("the picture can be read");
            let name = path.file_stem().and_then(|it| it.to_str()).expect("a picture has a plain name");
            let mut hash = DefaultHasher::new();
            hash.write(&bytes);
            let (width, height) = size(&bytes);
            writeln!(
                table,
                "Picture {{ at: \"../pictures/{lang}/{name}.webp\", name: \"{lang}-{name}-{:016x}.webp\", \
                 width: {width}, height: {height}, bytes: include_bytes!({path:?}) }},",
                hash.finish()
            )
            .expect("a string takes all");
        }
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    std::fs::write(out.join("pictures.rs"), table + "];\n").expect("OUT_DIR takes files");
}

/// Width and height in the head of an extended WebP, as Chromium writes it: three bytes each, less one.
fn size(bytes: &[u8]) -> (u32, u32) {
    assert!(bytes.get(12..16) == Some(b"VP8X"), "a picture is a WebP of Chromium's");
    let side = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], 0]) + 1;
    (side(24), side(27))
}
