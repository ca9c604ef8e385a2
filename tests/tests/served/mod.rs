//! A served house with people of the stories signed in, for tests of pages; a name is its own session's token.

#![allow(dead_code, reason = "each test file uses its part")]

use std::io::Read;

use model::system::{Role, Session, UserRole};
use model::{Desk, Id, Input, Lang, Result, Rights, Stamp};
use store::{Address, Db};
use tests::{World, open};

pub struct House {
    pub db: Db,
    pub address: String,
    pub folder: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: std::collections::BTreeMap<String, String>,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// Customers of the house: owner, name, class.
const CUSTOMERS: [(&str, &str, &str); 3] = [
    ("王海燕", "北京金泰格散热器有限公司", "A"),
    ("王海燕", "唐山瑞丰建材贸易有限公司", "B"),
    ("赵敏", "太原晋能环保设备有限公司", "B"),
];

impl House {
    /// The people named get a role each and are signed in.
    pub fn new(people: &'static [(&'static str, &'static str)]) -> House {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&Address::of(folder.path(), None), folder.path());
        {
            let world = World::new(&db);
            for (owner, name, class) in CUSTOMERS {
                let id = world.customer(owner, name);
                let class = Input::from([("class", class)]);
                world.act(owner, move |desk| desk.update("customer", id, None, &class)).unwrap();
            }
            db.write(&world.system, |desk| {
                people.iter().try_for_each(|(name, role)| sign_in(desk, name, role))
            })
            .unwrap();
        }
        let site = web::Site::new(db.clone(), folder.path().to_owned(), true);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let service = app::pages::router(site).into_make_service_with_connect_info::<std::net::SocketAddr>();
        runtime.spawn(async move { axum::serve(listener, service).await });
        House { db, address, folder, _runtime: runtime }
    }

    pub fn get(&self, who: &str, path: &str) -> Answer {
        let request = agent().get(format!("{}{path}", self.address)).header("cookie", cookie(who));
        let answer = answer(request.call().unwrap());
        match answer.header("location") {
            "" => answer,
            to => self.get(who, to),
        }
    }

    /// Sends a form as the page does.
    pub fn post(&self, who: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = agent().post(format!("{}{path}", self.address)).header("cookie", cookie(who));
        let request = request.header("origin", &self.address).header("hx-request", "true");
        answer(request.send_form(form.to_vec()).unwrap())
    }

    /// Sends JSON to the API; a request with a key may be sent again.
    pub fn api(&self, who: &str, path: &str, body: &str, key: Option<&str>) -> Answer {
        let request = agent().post(format!("{}/api/v1/{path}", self.address)).header("cookie", cookie(who));
        let request = key.into_iter().fold(request, |request, key| request.header("idempotency-key", key));
        answer(request.content_type("application/json").send(body).unwrap())
    }

    /// The customer whose name this finds.
    pub fn id(&self, name: &str) -> i64 {
        let query = model::Query { q: name.into(), ..Default::default() };
        self.system(|desk| desk.ids("customer", &query, 0, 2))[0]
    }

    pub fn system<R: Send + 'static>(&self, work: impl FnOnce(&mut Desk) -> Result<R>) -> R {
        self.db.read(&model::Actor::system(model::Door::System, Lang::Zh), work).unwrap()
    }

    pub fn change(&self, work: impl Fn(&mut Desk) -> Result<()> + Send + 'static) {
        self.db.write(&model::Actor::system(model::Door::System, Lang::Zh), work).unwrap();
    }
}

pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into()
}

pub fn answer(mut answer: ureq::http::Response<ureq::Body>) -> Answer {
    let headers = answer.headers().iter();
    let headers = headers
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let (status, headers) = (answer.status().as_u16(), headers.collect());
    let mut bytes = Vec::new();
    answer.body_mut().as_reader().read_to_end(&mut bytes).unwrap();
    Answer { status, headers, bytes }
}

pub fn cookie(who: &str) -> String {
    format!("ky_session={}", token(who))
}

fn token(who: &str) -> String {
    who.bytes().map(|it| format!("{it:02x}")).collect()
}

/// Gives somebody a role of the presets and a session.
pub fn sign_in(desk: &mut Desk, name: &str, role: &str) -> Result<()> {
    let user = desk.catalog().users.values().find(|it| it.user.name == name).unwrap().user.id;
    let preset = desk.catalog().registry.presets.iter().find(|it| it.code == role).unwrap();
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
    tx.save(&mut UserRole { id: Id::NEW, user, role, stamp: Stamp::default() })?;
    let now = tx.now;
    let mut session = Session {
        id: Id::NEW,
        user,
        token: web::visitor::hashed(&token(name)),
        agent: "test".into(),
        address: "127.0.0.1".into(),
        seen: now,
        expires: "2999-01-01T00:00:00Z".parse().unwrap(),
        stamp: Stamp::default(),
    };
    tx.save(&mut session).map(drop)
}
