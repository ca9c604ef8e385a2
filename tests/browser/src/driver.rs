//! Chromium's driver, one for all tests of this process, and processes that end with it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Condvar, Mutex, OnceLock};

/// Browsers at once: there may be no more than two cores, and each browser has a server beside it.
const BROWSERS: usize = 2;

/// Runs a program in a group of processes; a pipe's end closes when this process ends, however it ends, and a shell then
/// ends the whole group and clears its folder away.
pub struct Leashed {
    shell: Child,
    _leash: Option<ChildStdin>,
    pub out: BufReader<std::process::ChildStdout>,
}

const LEASH: &str = r#"trap '' INT HUP
folder=$1; shift
exec 3<&0
setsid "$@" < /dev/null 3<&- &
exec > /dev/null
cat <&3
kill -TERM "-$!" 2> /dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "-$!" 2> /dev/null || break; sleep 0.1; done
kill -KILL "-$!" 2> /dev/null
[ -z "$folder" ] || rm -rf "$folder""#;

impl Leashed {
    /// `folder` goes with the program, when there is one.
    pub fn start<S: AsRef<OsStr>>(folder: Option<&Path>, program: &Path, arguments: &[S]) -> Leashed {
        let folder = folder.map_or(OsStr::new(""), Path::as_os_str);
        let mut shell = Command::new("sh")
            .args(["-c", LEASH, "sh"])
            .arg(folder)
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell starts");
        let leash = shell.stdin.take();
        let out = BufReader::new(shell.stdout.take().expect("the output is piped"));
        Leashed { shell, _leash: leash, out }
    }

    /// The first line of the output in which something is found.
    pub fn line(&mut self, find: impl Fn(&str) -> Option<String>) -> Option<String> {
        let mut line = String::new();
        while self.out.read_line(&mut line).is_ok_and(|read| read > 0) {
            if let Some(found) = find(line.trim_end()) {
                return Some(found);
            }
            line.clear();
        }
        None
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        self._leash = None;
        let _ = self.shell.wait();
    }
}

/// The driver's address.
pub fn driver() -> &'static str {
    static DRIVER: OnceLock<(String, Mutex<Leashed>)> = OnceLock::new();
    &DRIVER
        .get_or_init(|| {
            let program = find("chromedriver");
            let mut driver = Leashed::start(None, &program, &["--port=0"]);
            let port = driver.line(|line| {
                let (_, rest) = line.split_once("successfully on port ")?;
                Some(rest.trim_end_matches('.').to_owned())
            });
            let port = port.expect("chromedriver says on which port it listens");
            (format!("http://127.0.0.1:{port}"), Mutex::new(driver))
        })
        .0
}

/// A program of this machine.
pub fn find(name: &str) -> std::path::PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|it| it.join(name)).find(|it| it.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing: install the packages chromium and chromium-driver"))
}

static FREE: (Mutex<usize>, Condvar) = (Mutex::new(BROWSERS), Condvar::new());

/// The right to run one browser.
pub struct Turn;

impl Turn {
    pub fn take() -> Turn {
        let free = FREE.0.lock().unwrap_or_else(|it| it.into_inner());
        let mut free = FREE.1.wait_while(free, |free| *free == 0).unwrap_or_else(|it| it.into_inner());
        *free -= 1;
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *FREE.0.lock().unwrap_or_else(|it| it.into_inner()) += 1;
        FREE.1.notify_one();
    }
}
