//! A house that is served on loopback, a plain client, and the people of the stories signed in.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::Path;

use model::system::{Role, Session, User, UserRole};
use model::{Actor, Desk, Door, Id, Input, Lang, Result, Rights, Stamp};
use store::{Address, Db};

use crate::{World, open};

/// A database behind its pages. Who asks is said by the name under which they signed in; nobody's is empty.
pub struct Served {
    pub address: String,
    _runtime: tokio::runtime::Runtime,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A header of the answer; several of one name stand behind one another.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

impl Served {
    pub fn new(db: &Db, data: &Path) -> Served {
        Served::of(web::Site::new(db.clone(), data.to_owned(), true))
    }

    /// Behind a proxy whose word is taken.
    pub fn behind_proxy(db: &Db, data: &Path) -> Served {
        let mut site = web::Site::new(db.clone(), data.to_owned(), false);
        site.trust_proxy = true;
        Served::of(site)
    }

    fn of(site: web::Site) -> Served {
        let runtime = tokio::runtime::Runtime::new().expect("a run time");
        let listener =
            runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port is free");
        let address = format!("http://{}", listener.local_addr().expect("the port has a number"));
        let service = app::pages::router(site).into_make_service_with_connect_info::<SocketAddr>();
        runtime.spawn(async move { axum::serve(listener, service).await });
        Served { address, _runtime: runtime }
    }

    /// Gets what stands at an address, without going where it leads.
    pub fn look(&self, who: &str, path: &str) -> Answer {
        let request = agent().get(format!("{}{path}", self.address)).header("cookie", cookie(who));
        answer(request.call().expect("an answer"))
    }

    /// Status and text of what stands at an address.
    pub fn read(&self, who: &str, path: &str) -> (u16, String) {
        let answer = self.look(who, path);
        (answer.status, answer.text())
    }

    /// Gets what stands at an address, or where that leads.
    pub fn get(&self, who: &str, path: &str) -> Answer {
        let answer = self.look(who, path);
        match answer.header("location") {
            "" => answer,
            to => self.get(who, to),
        }
    }

    /// Sends a form as a part of a page does.
    pub fn post(&self, who: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.posts(who, path).header("hx-request", "true");
        answer(request.send_form(form.to_vec()).expect("an answer"))
    }

    /// Sends a form as a page without scripts does.
    pub fn submit(&self, who: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        answer(self.posts(who, path).send_form(form.to_vec()).expect("an answer"))
    }

    /// Sends JSON.
    pub fn send(&self, who: &str, path: &str, body: &str) -> Answer {
        answer(self.posts(who, path).content_type("application/json").send(body).expect("an answer"))
    }

    /// Sends JSON with a key, so that it may be sent again.
    pub fn send_once(&self, who: &str, path: &str, body: &str, key: &str) -> Answer {
        let request = self.posts(who, path).content_type("application/json").header("idempotency-key", key);
        answer(request.send(body).expect("an answer"))
    }

    /// Asks with any method and an empty form.
    pub fn ask(&self, who: &str, method: &str, path: &str) -> Answer {
        let (url, cookie) = (format!("{}{path}", self.address), cookie(who));
        let asked = match method {
            "GET" => return self.look(who, path),
            "DELETE" => agent().delete(url).header("cookie", cookie).call(),
            "PATCH" => {
                agent().patch(url).header("cookie", cookie).content_type("application/json").send("{}")
            }
            _ if path.starts_with("/api/") => return self.send(who, path, "{}"),
            _ if path.ends_with("/files") => {
                self.posts(who, path).content_type("multipart/form-data; boundary=x").send("--x--\r\n")
            }
            _ => return self.submit(who, path, &[]),
        };
        answer(asked.expect("an answer"))
    }

    /// A request that writes, from the house's own pages.
    pub fn posts(&self, who: &str, path: &str) -> ureq::RequestBuilder<ureq::typestate::WithBody> {
        let request = agent().post(format!("{}{path}", self.address));
        request.header("cookie", cookie(who)).header("origin", &self.address)
    }
}

/// A served house of its own, with customers in several hands.
pub struct House {
    pub db: Db,
    pub folder: tempfile::TempDir,
    served: Served,
}

impl Deref for House {
    type Target = Served;

    fn deref(&self) -> &Served {
        &self.served
    }
}

/// Name of a person, and of the preset that is their role.
pub type Person = (&'static str, &'static str);

/// Customers of the house: owner, name, class.
const CUSTOMERS: [(&str, &str, &str); 3] = [
    ("王海燕", "北京金泰格散热器有限公司", "A"),
    ("王海燕", "唐山瑞丰建材贸易有限公司", "B"),
    ("赵敏", "太原晋能环保设备有限公司", "B"),
];

impl House {
    /// The people named get a role each and are signed in under their names.
    pub fn new(people: &'static [Person]) -> House {
        House::with(people, &CUSTOMERS)
    }

    pub fn with(people: &'static [Person], customers: &[(&str, &str, &str)]) -> House {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let address = Address::of(folder.path(), None);
        House::at(&address, folder, people, customers)
    }

    /// A house each on both databases.
    pub fn on_both(people: &'static [Person], test: impl Fn(&House)) {
        crate::stores(|address| {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            test(&House::at(address, folder, people, &CUSTOMERS));
        });
    }

    fn at(
        address: &Address,
        folder: tempfile::TempDir,
        people: &'static [Person],
        customers: &[(&str, &str, &str)],
    ) -> House {
        let db = open(address, folder.path());
        let world = World::new(&db);
        for (owner, name, class) in customers {
            let id = world.customer(owner, name);
            let class = Input::from([("class", *class)]);
            let graded = world.act("何振邦", move |desk| desk.update("customer", id, None, &class));
            graded.expect("the customer gets its class");
        }
        let served = Served::new(&db, folder.path());
        let house = House { db, folder, served };
        house.change(|desk| {
            people.iter().try_for_each(|(name, role)| {
                hold(desk, name, role)?;
                let user = named(desk, name);
                session(desk, user, name)
            })
        });
        house
    }

    /// The customer whose name this finds.
    pub fn id(&self, name: &str) -> i64 {
        let query = model::Query { q: name.into(), ..Default::default() };
        self.system(|desk| desk.ids("customer", &query, 0, 2))[0]
    }

    pub fn system<R: Send + 'static>(&self, work: impl FnOnce(&mut Desk) -> Result<R>) -> R {
        self.db.read(&Actor::system(Door::System, Lang::Zh), work).expect("the house can be looked at")
    }

    pub fn change(&self, work: impl Fn(&mut Desk) -> Result<()> + Send + 'static) {
        let changed = self.db.write(&Actor::system(Door::System, Lang::Zh), work);
        changed.expect("the house can be changed");
    }
}

/// A client that takes every answer as it is.
pub fn agent() -> ureq::Agent {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    agent.timeout_global(Some(std::time::Duration::from_secs(60))).build().into()
}

pub fn answer(mut answer: ureq::http::Response<ureq::Body>) -> Answer {
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in answer.headers() {
        let all = headers.entry(name.to_string()).or_default();
        if !all.is_empty() {
            all.push_str("; ");
        }
        all.push_str(&String::from_utf8_lossy(value.as_bytes()));
    }
    let mut bytes = Vec::new();
    let status = answer.status().as_u16();
    answer.body_mut().as_reader().read_to_end(&mut bytes).expect("the answer can be read");
    Answer { status, headers, bytes }
}

pub fn cookie(who: &str) -> String {
    format!("ky_session={}", token(who))
}

/// A cookie takes no Chinese.
pub fn token(who: &str) -> String {
    who.bytes().map(|it| format!("{it:02x}")).collect()
}

/// Signs a user in under a name.
pub fn sign_in(db: &Db, user: i64, who: &str) {
    let who = who.to_owned();
    let signed_in =
        db.write(&Actor::system(Door::System, Lang::Zh), move |desk| session(desk, Id::of(user), &who));
    signed_in.expect("the session is kept");
}

fn session(desk: &mut Desk, user: Id<User>, who: &str) -> Result<()> {
    let tx = desk.trusted();
    let mut session = Session {
        id: Id::NEW,
        user,
        token: web::visitor::hashed(&token(who)),
        agent: "test".into(),
        address: "127.0.0.1".into(),
        seen: tx.now,
        expires: "2999-01-01T00:00:00Z".parse().map_err(|_| model::unreadable("expires"))?,
        stamp: Stamp::default(),
    };
    tx.save(&mut session).map(drop)
}

/// The user of that name.
pub fn named(desk: &Desk, name: &str) -> Id<User> {
    let mut users = desk.catalog().users.values();
    users.find(|it| it.user.name == name).expect("a user of that name").user.id
}

/// Gives somebody a role of the presets.
pub fn hold(desk: &mut Desk, name: &str, role: &str) -> Result<()> {
    let user = named(desk, name);
    let mut presets = desk.catalog().registry.presets.iter();
    let preset = presets.find(|it| it.code == role).expect("a preset of that name");
    let tx = desk.trusted();
    let known: Option<Role> = tx.first(&[("code", role.into())])?;
    let role = match known {
        Some(role) => role.id,
        None => tx.save(&mut Role {
            id: Id::NEW,
            code: role.into(),
            name: preset.label.zh.into(),
            name_en: None,
            remark: None,
            rights: Rights::of_preset(preset).json(),
            closed: false,
            stamp: Stamp::default(),
        })?,
    };
    tx.save(&mut UserRole { id: Id::NEW, user, role, stamp: Stamp::default() }).map(drop)
}
