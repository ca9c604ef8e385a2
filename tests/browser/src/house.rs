//! The program itself, as it was built, on a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use tempfile::TempDir;

use crate::driver::Leashed;

/// A running server with data of its own, both gone with it.
pub struct House {
    /// Where it is, without a slash at the end.
    pub url: String,
    _server: Leashed,
    folder: TempDir,
}

impl House {
    /// The demo company.
    pub fn demo() -> House {
        House::demo_in("zh")
    }

    /// The demo company, whose people speak `zh` or `en`.
    pub fn demo_in(lang: &str) -> House {
        let folder = folder();
        copy(demo(lang), folder.path());
        House::serve(folder)
    }

    /// A new company: there is one user, admin, whose password is `Keyuan-2026`.
    pub fn empty() -> House {
        House::serve(folder())
    }

    fn serve(folder: TempDir) -> House {
        let data = folder.path().to_string_lossy().into_owned();
        // The port is free for sure when the server picks it.
        let arguments = ["KEYUAN_ADMIN_PASSWORD=Keyuan-2026", "KEYUAN_LOG=warn", "LANG=zh_CN.UTF-8"];
        let mut words: Vec<String> = arguments.map(str::to_owned).into();
        words.push(program().to_string_lossy().into_owned());
        words
            .extend(["--lang", "zh", "--data", &data, "serve", "--listen", "127.0.0.1:0"].map(str::to_owned));
        let mut server = Leashed::start(Some(folder.path()), Path::new("env"), &words);
        let url = server.line(|line| line.starts_with("http://").then(|| line.to_owned()));
        House { url: url.expect("the server says where it is"), _server: server, folder }
    }

    /// A file beside the data, for uploads and downloads.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn folder() -> TempDir {
    tempfile::Builder::new().prefix("keyuan-browser-").tempdir().expect("a temporary folder can be made")
}

/// The program beside this test: `target/debug/keyuan` for `target/debug/deps/all-…`.
pub fn program() -> PathBuf {
    let me = std::env::current_exe().expect("a test knows where it is");
    let found = me.ancestors().skip(1).map(|it| it.join("keyuan")).find(|it| it.is_file());
    found.unwrap_or_else(|| {
        panic!("there is no program beside {}: run `cargo build -p app` first", me.display())
    })
}

/// The demo, loaded once in each language and copied for each test.
fn demo(lang: &str) -> &'static Path {
    static DEMOS: [OnceLock<(PathBuf, Mutex<Leashed>)>; 2] = [OnceLock::new(), OnceLock::new()];
    &DEMOS[usize::from(lang == "en")]
        .get_or_init(|| {
            let folder = folder().keep();
            // Nothing runs here; the folder goes when this process does.
            let leash = Leashed::start(Some(&folder), Path::new("true"), &[] as &[&str]);
            let made =
                Command::new(program()).arg("--data").arg(&folder).args(["--lang", lang, "demo"]).output();
            let made = made.expect("the program starts");
            assert!(made.status.success(), "the demo: {}", String::from_utf8_lossy(&made.stderr));
            (folder, Mutex::new(leash))
        })
        .0
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("the folder can be read");
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).expect("the file can be copied")),
        }
    }
}
