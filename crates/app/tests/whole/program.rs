//! The program as a process of its own, and a client of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;
use tests::served::agent;

const KEYUAN: &str = env!("CARGO_BIN_EXE_keyuan");
const PASSWORD: &str = "a-password-for-tests";

pub struct Program {
    child: Child,
    pub address: String,
}

impl Program {
    /// Serves `data`; no file may grow beyond `most` bytes where that is said.
    pub fn start(data: &Path, database: Option<&str>, most: Option<u64>) -> Program {
        let mut command = match most {
            None => Command::new(KEYUAN),
            Some(most) => {
                // The signal would end the program; ignored, the write fails as on a full disk.
                let mut command = Command::new("sh");
                let limit = format!("--fsize={most}:unlimited");
                command.args(["-c", "trap '' XFSZ; exec prlimit \"$0\" \"$@\"", &limit, KEYUAN]);
                command
            }
        };
        command.arg("--data").arg(data).args(["--lang", "zh", "serve", "--listen", "127.0.0.1:0"]);
        command.envs(database.map(|it| ("KEYUAN_DATABASE", it)));
        command.env("KEYUAN_ADMIN_PASSWORD", PASSWORD).env("KEYUAN_LOG", "off");
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let address = lines.map_while(Result::ok).find(|it| it.starts_with("http"));
        Program { child, address: address.expect("it says where it is") }
    }

    /// The administrator's cookie; the database keeps the session, so that it outlives the program.
    pub fn sign_in(&self) -> String {
        let body = format!("{{\"user\":\"admin\",\"password\":\"{PASSWORD}\"}}");
        let url = format!("{}/api/v1/session", self.address);
        let answer = agent().post(url).content_type("application/json").send(body).expect("an answer");
        let cookie = answer.headers().get("set-cookie").and_then(|it| it.to_str().ok()).expect("a cookie");
        cookie.split(';').next().unwrap_or_default().to_owned()
    }

    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Asks it to end and waits.
    pub fn end(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
        assert!(self.child.wait().expect("it ends").success(), "an orderly end");
    }

    /// The limit on files is taken away.
    pub fn give_room(&self) {
        let pid = self.child.id().to_string();
        let given = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status();
        assert!(given.expect("prlimit runs").success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody who has signed in, with a connection of their own.
pub struct Client {
    agent: ureq::Agent,
    address: String,
    cookie: String,
}

impl Client {
    pub fn new(address: &str, cookie: &str) -> Client {
        Client { agent: agent(), address: address.to_owned(), cookie: cookie.to_owned() }
    }

    /// Status and body; nothing when nobody answers.
    pub fn send(&self, path: &str, body: &str) -> Option<(u16, String)> {
        let request = self.agent.post(format!("{}{path}", self.address)).header("cookie", &self.cookie);
        let mut answer = request.content_type("application/json").send(body).ok()?;
        Some((answer.status().as_u16(), answer.body_mut().read_to_string().ok()?))
    }

    pub fn get(&self, path: &str) -> (u16, String) {
        let request = self.agent.get(format!("{}{path}", self.address)).header("cookie", &self.cookie);
        let mut answer = request.call().expect("an answer");
        (answer.status().as_u16(), answer.body_mut().read_to_string().expect("text"))
    }

    /// The names of all customers.
    pub fn names(&self) -> BTreeSet<String> {
        let names = self.column("customer", "name").into_values();
        names.map(|it| it.as_str().expect("a name").to_owned()).collect()
    }

    /// A field of all records of a query, by id.
    pub fn column(&self, query: &str, field: &str) -> BTreeMap<i64, Json> {
        let query = if query.contains('?') { query.to_owned() } else { format!("{query}?") };
        let (mut found, mut after) = (BTreeMap::new(), String::new());
        loop {
            let path = format!("/api/v1/{query}columns={field}&sort=id&size=500&count=0&after={after}");
            let (status, body) = self.get(&path);
            assert_eq!(status, 200, "{body}");
            let json: Json = serde_json::from_str(&body).expect("JSON");
            let rows = json["rows"].as_array().expect("rows").iter();
            found.extend(rows.map(|row| (row["id"].as_i64().expect("an id"), row[field].clone())));
            match json["next"].as_str() {
                Some(next) => after = next.to_owned(),
                None => return found,
            }
        }
    }
}

/// Runs a command of the program to its end; its exit code.
pub fn run(data: &Path, database: Option<&str>, words: &[&str]) -> i32 {
    let mut command = Command::new(KEYUAN);
    command.arg("--data").arg(data).args(words).env("KEYUAN_LOG", "off").stdout(Stdio::null());
    command.envs(database.map(|it| ("KEYUAN_DATABASE", it)));
    command.status().expect("it starts").code().unwrap_or(-1)
}
