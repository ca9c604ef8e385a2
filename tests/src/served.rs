//! A house that is served on loopback, and a plain client.

use std::net::SocketAddr;
use std::path::Path;

use model::system::Session;
use model::{Actor, Door, Id, Lang, Stamp};
use store::Db;

pub struct Served {
    pub address: String,
    _runtime: tokio::runtime::Runtime,
}

/// What came back: status and body.
pub type Page = (u16, String);

impl Served {
    pub fn new(db: &Db, data: &Path) -> Served {
        let site = web::Site::new(db.clone(), data.to_owned(), true);
        let runtime = tokio::runtime::Runtime::new().expect("a run time");
        let listener =
            runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port is free");
        let address = format!("http://{}", listener.local_addr().expect("the port has a number"));
        let service = app::pages::router(site).into_make_service_with_connect_info::<SocketAddr>();
        runtime.spawn(async move { axum::serve(listener, service).await });
        Served { address, _runtime: runtime }
    }

    /// Gets a page as the one whose session's token is `who`; nobody's is empty.
    pub fn get(&self, who: &str, path: &str) -> Page {
        let request = agent().get(format!("{}{path}", self.address)).header("cookie", cookie(who));
        let mut answer = request.call().expect("an answer");
        (answer.status().as_u16(), answer.body_mut().read_to_string().expect("text"))
    }

    /// Sends JSON.
    pub fn send(&self, who: &str, path: &str, body: &str) -> Page {
        let request = agent().post(format!("{}{path}", self.address)).header("cookie", cookie(who));
        let mut answer = request.content_type("application/json").send(body).expect("an answer");
        (answer.status().as_u16(), answer.body_mut().read_to_string().expect("text"))
    }

    /// Asks with any method and an empty form.
    pub fn ask(&self, who: &str, method: &str, path: &str) -> u16 {
        self.asked(who, method, path).0
    }

    /// The same, with where the answer leads.
    pub fn asked(&self, who: &str, method: &str, path: &str) -> (u16, String) {
        let url = format!("{}{path}", self.address);
        let (cookie, form) = (cookie(who), "application/x-www-form-urlencoded");
        let answer = match method {
            "GET" => agent().get(url).header("cookie", cookie).call(),
            "DELETE" => agent().delete(url).header("cookie", cookie).call(),
            "PATCH" => {
                agent().patch(url).header("cookie", cookie).content_type("application/json").send("{}")
            }
            _ if path.starts_with("/api/") => {
                agent().post(url).header("cookie", cookie).content_type("application/json").send("{}")
            }
            _ if path.ends_with("/files") => {
                let parts = "multipart/form-data; boundary=x";
                agent().post(url).header("cookie", cookie).content_type(parts).send("--x--\r\n")
            }
            _ => agent().post(url).header("cookie", cookie).content_type(form).send(""),
        };
        let answer = answer.expect("an answer");
        let to = answer.headers().get("location").and_then(|it| it.to_str().ok()).unwrap_or_default();
        (answer.status().as_u16(), to.to_owned())
    }
}

/// A client that takes every answer as it is.
pub fn agent() -> ureq::Agent {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    agent.timeout_global(Some(std::time::Duration::from_secs(60))).build().into()
}

fn cookie(who: &str) -> String {
    format!("ky_session={who}")
}

/// Signs a user in; the token is `token`.
pub fn sign_in(db: &Db, user: i64, token: &str) {
    let token = web::visitor::hashed(token);
    let signed_in = db.write(&Actor::system(Door::System, Lang::Zh), move |desk| {
        let tx = desk.trusted();
        let mut session = Session {
            id: Id::NEW,
            user: Id::of(user),
            token: token.clone(),
            agent: "test".into(),
            address: "127.0.0.1".into(),
            seen: tx.now,
            expires: "2999-01-01T00:00:00Z".parse().map_err(|_| model::unreadable("expires"))?,
            stamp: Stamp::default(),
        };
        tx.save(&mut session).map(drop)
    });
    signed_in.expect("the session is kept");
}
