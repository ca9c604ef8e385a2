//! The program as a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::data::Place;

pub struct Server {
    child: Child,
    pub address: String,
    /// From the start to the first answer.
    pub took: Duration,
}

impl Server {
    pub fn start(program: &Path, place: &Place) -> Server {
        let since = Instant::now();
        let mut command = Command::new(program);
        command.arg("--data").arg(&place.data).args(["serve", "--listen", "127.0.0.1:0"]);
        command.envs(place.database.as_ref().map(|it| ("KEYUAN_DATABASE", it)));
        let mut child = command.env("KEYUAN_LOG", "error").stdout(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let address =
            lines.map_while(Result::ok).find_map(|it| it.strip_prefix("http://").map(str::to_owned));
        let address = address.expect("it says where it is");
        assert_eq!(Client::new(&address, "").get("/healthz", "identity").status, 200);
        Server { child, address, took: since.elapsed() }
    }

    /// Resident memory in megabytes: all of it, and without the pages of mapped files.
    pub fn memory(&self) -> (f64, f64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|it| it.strip_prefix(name)).unwrap_or("0");
            line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
        };
        (field("VmRSS:"), field("RssAnon:"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
