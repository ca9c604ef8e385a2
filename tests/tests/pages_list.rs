//! Lists as a browser meets them: they open for everybody who may read, and show no row, count or action beyond that.

use model::system::{Access, Session};
use model::{Desk, Id, Input, Lang, Result, Rights, Stamp};
use store::{Address, Db};
use tests::{World, open};

/// A served house with the people of the stories signed in; a name is its own session's token.
struct House {
    db: Db,
    address: String,
    _folder: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

/// What came back: status and body.
type Page = (u16, String);

impl House {
    fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&Address::of(folder.path(), None), folder.path());
        {
            let world = World::new(&db);
            for (owner, name, class) in [
                ("王海燕", "北京金泰格散热器有限公司", "A"),
                ("王海燕", "唐山瑞丰建材贸易有限公司", "B"),
                ("赵敏", "太原晋能环保设备有限公司", "B"),
            ] {
                let id = world.customer(owner, name);
                let class = Input::from([("class", class)]);
                world.act(owner, move |desk| desk.update("customer", id, None, &class)).unwrap();
            }
            db.write(&world.system, |desk| {
                let people = [("何振邦", "owner"), ("王海燕", "salesperson"), ("赵敏", "salesperson")];
                people.iter().try_for_each(|(name, role)| sign_in(desk, name, role))
            })
            .unwrap();
        }
        let site = web::Site::new(db.clone(), folder.path().to_owned(), true);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let service = web::router(site).into_make_service_with_connect_info::<std::net::SocketAddr>();
        runtime.spawn(async move { axum::serve(listener, service).await });
        House { db, address, _folder: folder, _runtime: runtime }
    }

    fn get(&self, who: &str, path: &str) -> Page {
        let agent = agent();
        let request = agent.get(format!("{}{path}", self.address)).header("cookie", cookie(who));
        let mut answer = request.call().unwrap();
        // A bare address leads to the view that the user begins with.
        if let Some(to) = answer.headers().get("location") {
            return self.get(who, to.to_str().unwrap());
        }
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }

    /// Sends a form; also returns what the answer triggers.
    fn post(&self, who: &str, path: &str, form: &[(&str, &str)]) -> (Page, String) {
        let agent = agent();
        let request = agent.post(format!("{}{path}", self.address)).header("cookie", cookie(who));
        let mut answer = request
            .header("origin", &self.address)
            .header("hx-request", "true")
            .send_form(form.to_vec())
            .unwrap();
        let header = |name: &str| {
            answer.headers().get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned()
        };
        let said = header("hx-trigger") + &header("hx-redirect");
        ((answer.status().as_u16(), answer.body_mut().read_to_string().unwrap()), said)
    }

    fn system<R: Send + 'static>(&self, work: impl FnOnce(&mut Desk) -> Result<R>) -> R {
        let system = model::Actor::system(model::Door::System, Lang::Zh);
        self.db.read(&system, work).unwrap()
    }

    fn id(&self, name: &str) -> i64 {
        let query = model::Query { q: name.into(), ..Default::default() };
        self.system(|desk| desk.ids("customer", &query, 0, 2))[0]
    }

    fn owner_of(&self, id: i64) -> i64 {
        self.system(|desk| Ok(desk.get("customer", id)?.value("owner").map_or(0, |it| it.int())))
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into()
}

fn cookie(who: &str) -> String {
    format!("ky_session={}", data(who))
}

fn data(who: &str) -> String {
    who.bytes().map(|it| format!("{it:02x}")).collect()
}

/// Gives somebody a role of the presets and a session.
fn sign_in(desk: &mut Desk, name: &str, role: &str) -> Result<()> {
    let user = desk.catalog().users.values().find(|it| it.user.name == name).unwrap().user.id;
    let preset = desk.catalog().registry.presets.iter().find(|it| it.code == role).unwrap();
    let tx = desk.trusted();
    let known: Option<model::system::Role> = tx.first(&[("code", role.into())])?;
    let role = match known {
        Some(role) => role.id,
        None => tx.save(&mut model::system::Role {
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
    tx.save(&mut model::system::UserRole { id: Id::NEW, user, role, stamp: Stamp::default() })?;
    let now = tx.now;
    let mut session = Session {
        id: Id::NEW,
        user,
        token: web::visitor::hashed(&data(name)),
        agent: "test".into(),
        address: "127.0.0.1".into(),
        seen: now,
        expires: "2999-01-01T00:00:00Z".parse().unwrap(),
        stamp: Stamp::default(),
    };
    tx.save(&mut session).map(drop)
}

#[test]
fn every_list_opens_for_owner_and_salesperson_as_far_as_each_may_read() {
    let house = House::new();

    for def in domain::REGISTRY.all() {
        let (status, body) = house.get("何振邦", &format!("/{}", def.code));
        assert_eq!(status, 200, "{}: {body}", def.code);
        assert!(body.contains("id=\"rows\""), "{}", def.code);
    }

    for (entity, status) in
        [("customer", 200), ("contact", 200), ("product", 200), ("role", 404), ("job", 404)]
    {
        assert_eq!(house.get("王海燕", &format!("/{entity}")).0, status, "{entity}");
    }
}

#[test]
fn every_column_sorts_groups_and_filters() {
    let house = House::new();

    for def in domain::REGISTRY.all().filter(|it| !it.module.is_empty()) {
        for field in def.fields.iter().filter(|it| it.is_shown()) {
            for query in ["sort=-", "group=", "columns="] {
                let (status, _) = house.get("何振邦", &format!("/{}?{query}{}", def.code, field.name));
                assert_eq!(status, 200, "{}?{query}{}", def.code, field.name);
            }
            let (status, _) = house.get("何振邦", &format!("/{}/filter/{}", def.code, field.name));
            assert_eq!(status, 200, "{}/filter/{}", def.code, field.name);
        }
    }
}

#[test]
fn what_is_out_of_scope_is_in_no_list_count_print_or_batch() {
    let house = House::new();
    let hidden = house.id("太原晋能");

    let (_, list) = house.get("王海燕", "/customer?view=*");
    let (_, print) = house.get("王海燕", "/customer/print?view=*");
    let (_, chosen) = house.get("王海燕", &format!("/customer/print?ids={hidden}"));
    let (card, _) = house.get("王海燕", &format!("/customer/{hidden}/print"));
    let (_, classes) = house.get("王海燕", "/customer/filter/class?view=*");
    let (_, all) = house.get("何振邦", "/customer/filter/class?view=*");

    assert!(list.contains("北京金泰格") && !list.contains("太原晋能"));
    assert!(print.contains("北京金泰格") && !print.contains("太原晋能"));
    assert!(!chosen.contains("太原晋能"));
    assert_eq!(card, 404);
    let count = |body: &str, value: &str| {
        let option =
            body.split("<li").find(|it| it.contains(&format!("data-value=\"{value}\""))).unwrap().to_owned();
        option.split("ky-n\">").nth(1).unwrap().split('<').next().unwrap().to_owned()
    };
    assert_eq!((count(&classes, "B"), count(&all, "B")), ("1".into(), "2".into()));

    let before = house.owner_of(hidden);
    let ((_, refused), _) = house.post("王海燕", "/customer/release", &[("_ids", &hidden.to_string())]);
    assert!(refused.contains("没有找到") && !refused.contains("太原晋能"), "{refused}");
    house.post("王海燕", "/customer/release", &[("_filter", ""), ("reason", "test")]);
    assert_eq!(house.owner_of(hidden), before);
    assert_eq!(house.owner_of(house.id("北京金泰格")), 0);
}

#[test]
fn a_verb_without_the_right_is_neither_offered_nor_run() {
    let house = House::new();
    let id = house.id("北京金泰格").to_string();

    let (_, list) = house.get("王海燕", "/customer?view=*");
    let (show, _) = house.get("王海燕", &format!("/customer/transfer?ids={id}"));
    let ((run, _), _) = house.post(
        "王海燕",
        "/customer/set_credit",
        &[("_ids", &id), ("limit", "1"), ("days", "1"), ("reason", "x")],
    );
    let ((gone, _), _) = house.post("王海燕", "/customer/batch/delete", &[("_ids", &id)]);

    assert!(
        list.contains("/customer/release")
            && !list.contains("/customer/transfer")
            && !list.contains("batch/delete")
    );
    assert_eq!((show, run, gone), (403, 403, 403));
}

#[test]
fn a_batch_is_reported_and_taken_back() {
    let house = House::new();
    let (first, second) = (house.id("北京金泰格"), house.id("太原晋能"));
    let zhao = house.owner_of(second);
    let ids = format!("{first},{second}");
    let form = [("_ids", ids.as_str()), ("to", &format!("#{zhao}")), ("reason", "调整")];

    let ((_, bad), _) =
        house.post("何振邦", "/customer/transfer", &[("_ids", ids.as_str()), ("to", ""), ("reason", "")]);
    let ((status, body), said) = house.post("何振邦", "/customer/transfer", &form);

    assert!(bad.contains("to-error"), "{bad}");
    assert_eq!(status, 200);
    assert!(body.contains("太原晋能") && body.contains("客户已经在这位同事名下"), "{body}");
    assert_eq!(house.owner_of(first), zhao);

    let undo = said.split("\"undo\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    house.post("何振邦", &undo, &[]);
    assert_ne!(house.owner_of(first), zhao);
}

#[test]
fn one_field_and_a_tag_reach_all_that_match() {
    let house = House::new();

    house.post(
        "何振邦",
        "/customer/batch/edit",
        &[("_filter", "class=B"), ("_field", "stage"), ("stage", "old")],
    );
    house.post("何振邦", "/customer/batch/tag", &[("_filter", "class=B"), ("name", "华北")]);

    let count = |query: &str| {
        let query = model::Query::parse(query).unwrap();
        house.system(|desk| desk.count("customer", &query))
    };
    assert_eq!((count("stage=old"), count("tag=华北"), count("stage=old&class=B")), (2, 2, 2));
}

#[test]
fn a_view_is_its_makers_own() {
    let house = House::new();
    let form =
        [("name", "我的甲类"), ("query", "class=A&sort=-created"), ("sharing", "own"), ("is_default", "1")];

    let (_, to) = house.post("王海燕", "/customer/view", &form);
    let view = to.split("view=").nth(1).unwrap().to_owned();
    let (_, first) = house.get("王海燕", "/customer");
    let (other, _) = house.get("赵敏", &format!("/customer?view={view}"));
    let id = view.trim_start_matches('v');
    let ((gone, _), _) = house.post("赵敏", &format!("/customer/view/{id}/delete"), &[]);
    let ((bad, _), _) = house.post("王海燕", "/customer/view", &[("name", "x"), ("query", "nosuch=1")]);

    assert!(first.contains("北京金泰格") && !first.contains("唐山瑞丰"));
    assert_eq!((other, gone, bad), (422, 404, 422));
}

#[test]
fn a_print_is_recorded() {
    let house = House::new();

    house.get("王海燕", "/customer/print?class=A");

    let seen = house.system(|desk| desk.trusted().find::<Access>(&[]));
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].kind.as_str(), seen[0].query.as_str(), seen[0].rows), ("print", "class=A", 1));
}

#[test]
fn a_hostile_address_is_told_off_in_place() {
    let house = House::new();
    let long = format!("q={}", "x".repeat(17_000));
    let many = "class=A&".repeat(100);
    for query in [
        "sort=nosuch",
        "sort=id;DROP TABLE customer",
        "nosuch=1",
        "class=Z",
        "created=tomorrowish",
        "created=1..",
        "columns=password",
        "columns=core",
        "group=core",
        "after=%00",
        "after=1.t%ff",
        "page=18446744073709551615",
        "view=zzz",
        "view=v999999",
        "owner.password=x",
        "owner.owner.name=x",
        "credit_limit=1e9",
        "or=(a=1",
        &long,
        &many,
    ] {
        let query = query.replace(' ', "%20").replace('>', "%3E");
        let (status, body) = house.get("何振邦", &format!("/customer?{query}"));
        assert_eq!(status, 422, "{}", &query[..query.len().min(40)]);
        assert!(body.contains("role=\"alert\""));
    }
    for query in [
        "q=%27%22%3Cscript%3E",
        "q=%00",
        "q=*",
        "q=%22",
        "name~=%25_",
        "size=0",
        "size=99999999",
        "page=0",
        "density=%22%3E",
    ] {
        let (status, body) = house.get("何振邦", &format!("/customer?{query}"));
        assert_eq!(status, 200, "{query}");
        assert!(!body.contains("<script>"), "{query}");
    }
    for path in [
        "/nosuch",
        "/customer/filter/nosuch",
        "/customer/transfer",
        "/customer/transfer?ids=x",
        "/customer/batch/nosuch?ids=1",
    ] {
        let (status, _) = house.get("何振邦", path);
        assert!(matches!(status, 404 | 422), "{path}: {status}");
    }
}
