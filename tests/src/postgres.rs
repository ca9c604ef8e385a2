//! A PostgreSQL for tests: the one that `TEST_DATABASE_URL` names, else a private one that ends with this process.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::{Client, NoTls};

/// A schema of its own for one test, gone with it.
pub struct Place {
    pub url: String,
    server: &'static str,
    name: String,
}

/// A fresh schema, unless this machine has no PostgreSQL.
pub fn postgres() -> Option<Place> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = server()?;
    let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let mut client = Client::connect(server, NoTls).expect("the test's PostgreSQL answers");
    client.batch_execute(&format!("CREATE SCHEMA {name}")).expect("a schema can be made");
    let mark = if server.contains('?') { '&' } else { '?' };
    Some(Place { url: format!("{server}{mark}schema={name}"), server, name })
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Ok(mut client) = Client::connect(self.server, NoTls) {
            let _ = client.batch_execute(&format!("DROP SCHEMA IF EXISTS {} CASCADE", self.name));
        }
    }
}

/// The address of the server's database, without a schema.
pub fn server() -> Option<&'static str> {
    static SERVER: OnceLock<Option<(String, Option<ChildStdin>)>> = OnceLock::new();
    let server = SERVER.get_or_init(|| match std::env::var("TEST_DATABASE_URL") {
        Ok(url) => Some((url, None)),
        Err(_) => start(),
    });
    server.as_ref().map(|server| server.0.as_str())
}

fn start() -> Option<(String, Option<ChildStdin>)> {
    let Some(bin) = binaries() else {
        eprintln!("no PostgreSQL on this machine: only SQLite is tested");
        return None;
    };
    let port = free_port();
    let folder = std::env::temp_dir().join(format!("keyuan_postgres_{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).expect("a temporary folder can be made");
    if is_root() {
        run(Command::new("chown").arg("postgres").arg(&folder));
    }
    let data = folder.join("data");
    run(tool(&bin, "initdb").arg("-D").arg(&data).args(INITDB));
    let options =
        format!("-p {port} -k {} -c listen_addresses=127.0.0.1 -c max_connections=300", folder.display());
    let log = folder.join("log");
    run(tool(&bin, "pg_ctl").arg("-D").arg(&data).arg("-l").arg(log).args(["-w", "-o", &options, "start"]));
    // Ends the cluster when our end of the pipe closes, however this process ends.
    let mut stop = tool(&bin, "pg_ctl");
    stop.arg("-D").arg(&data).args(["-m", "immediate", "stop"]);
    let words: Vec<_> =
        std::iter::once(stop.get_program()).chain(stop.get_args()).map(|it| it.to_owned()).collect();
    let watch = Command::new("sh")
        .args(["-c", "folder=$1; shift; cat > /dev/null; \"$@\"; rm -rf \"$folder\"", "sh"])
        .arg(&folder)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let stdin = watch.expect("a shell starts").stdin;
    Some((format!("postgres://keyuan@127.0.0.1:{port}/postgres"), stdin))
}

/// A server of one test's own, which may be killed.
pub struct Cluster {
    bin: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
}

impl Cluster {
    pub fn start() -> Option<Cluster> {
        let bin = binaries()?;
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(folder.path()));
        }
        let port = free_port();
        let cluster = Cluster { bin, folder, port };
        run(tool(&cluster.bin, "initdb").arg("-D").arg(cluster.data()).args(INITDB));
        cluster.restart();
        Some(cluster)
    }

    pub fn url(&self) -> String {
        format!("postgres://keyuan@127.0.0.1:{}/postgres", self.port)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Ends every process of the server as a power cut would.
    pub fn kill(&self) {
        let file = self.data().join("postmaster.pid");
        let pid = std::fs::read_to_string(file).expect("the server runs");
        let pid = pid.lines().next().unwrap_or_default().to_owned();
        run(Command::new("sh").args(["-c", KILL, &pid]));
    }

    /// Starts it, which takes until the last process of its earlier life has gone.
    pub fn restart(&self) {
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c max_connections=100",
            self.port,
            self.folder.path().display()
        );
        for _ in 0..100 {
            let mut start = tool(&self.bin, "pg_ctl");
            start.arg("-D").arg(self.data()).arg("-l").arg(self.folder.path().join("log"));
            let done = start.args(["-w", "-o", &options, "start"]).stdin(Stdio::null()).output();
            if done.is_ok_and(|it| it.status.success()) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("the server does not start again");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = tool(&self.bin, "pg_ctl");
        let _ = stop.arg("-D").arg(self.data()).args(["-m", "immediate", "stop"]).output();
    }
}

/// The server's children may be gone by themselves before their turn comes.
const KILL: &str = "children=$(pgrep -P \"$0\"); kill -9 \"$0\" && { kill -9 $children 2> /dev/null; true; }";

const INITDB: [&str; 5] =
    ["--username=keyuan", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];

fn free_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    socket.local_addr().expect("the port has a number").port()
}

/// The folder of the newest version's programs.
fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.filter_map(|entry| entry.ok().map(|it| it.path())).max_by_key(version)?.join("bin");
    newest.join("initdb").exists().then_some(newest)
}

/// PostgreSQL refuses to run as root.
fn tool(bin: &Path, name: &str) -> Command {
    let program = bin.join(name);
    let mut command = if is_root() { Command::new("runuser") } else { Command::new(&program) };
    if is_root() {
        command.args(["-u", "postgres", "--"]).arg(&program);
    }
    command.current_dir("/");
    command
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n")
}

fn run(command: &mut Command) {
    let out = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
    let out = out.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
}
