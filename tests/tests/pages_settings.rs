//! The settings as a browser meets them: closed to who may set nothing, in force at once for who may.

use hmac::{Hmac, KeyInit, Mac};
use model::system::{Access, CodeEntry, Parameter, Role, Session, User, UserRole};
use model::{Desk, Id, Lang, Result};
use tests::served::{Answer, House, agent, answer, cookie};

const PEOPLE: &[(&str, &str)] = &[
    ("何振邦", "owner"),
    ("吴淑芬", "administrator"),
    ("张国栋", "sales_manager"),
    ("王海燕", "salesperson"),
    ("周会计", "hr_head"),
];

const PAGES: [&str; 14] = [
    "/settings/company",
    "/settings/parameters",
    "/settings/numbers",
    "/settings/users",
    "/settings/departments",
    "/settings/roles",
    "/token",
    "/settings/codes",
    "/custom_field",
    "/job",
    "/access",
    "/settings/backup",
    "/settings/integrity",
    "/settings/problems",
];

/// Lists that others read, too, as far as their roles let them.
const LISTS: [(&str, &str); 3] = [
    // Everybody has tokens of their own.
    ("/token", "王海燕"),
    ("/token", "张国栋"),
    // What people below took out is a manager's business.
    ("/access", "张国栋"),
];

/// What a page puts into its dialog.
fn ask(house: &House, who: &str, path: &str) -> Answer {
    let request = agent().get(format!("{}{path}", house.address)).header("cookie", cookie(who));
    answer(request.header("hx-request", "true").header("hx-target", "dialog").call().unwrap())
}

fn user(house: &House, name: &str) -> i64 {
    let name = name.to_owned();
    house.system(move |desk| {
        Ok(desk.catalog().users.values().find(|it| it.user.name == name).unwrap().user.id.0)
    })
}

fn role(house: &House, code: &str) -> i64 {
    let code = code.to_owned();
    house.system(move |desk| Ok(desk.catalog().roles.values().find(|it| it.0.code == code).unwrap().0.id.0))
}

fn parameter(house: &House, name: &'static str) -> String {
    house.system(move |desk| Ok(desk.catalog().parameter(name).to_owned()))
}

/// The answers of a role's matrix as its page would send them.
fn matrix(house: &House, id: i64) -> Vec<(String, String)> {
    let body = house.get("何振邦", &format!("/settings/roles/{id}")).text();
    let mut form = Vec::new();
    for input in body.split("<input").skip(1).filter(|it| it.contains(" checked")) {
        let name = input.split("name=\"").nth(1).unwrap().split('"').next().unwrap();
        form.push((name.to_owned(), "1".to_owned()));
    }
    for select in body.split("<select").skip(1) {
        let name = select.split("name=\"").nth(1).unwrap().split('"').next().unwrap();
        let chosen = select.split("<option").find(|it| it.contains(" selected")).unwrap_or_default();
        let value = chosen.split("value=\"").nth(1).unwrap_or_default().split('"').next().unwrap_or_default();
        form.push((name.to_owned(), value.to_owned()));
    }
    form
}

fn send(house: &House, who: &str, id: i64, form: &[(String, String)]) -> Answer {
    let form: Vec<_> = form.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect();
    house.submit(who, &format!("/settings/role/{id}"), &form)
}

#[test]
fn each_page_opens_for_owner_and_administrator_only() {
    let house = House::new(PEOPLE);

    for page in PAGES {
        let index = house.get("吴淑芬", "/settings").text();
        assert!(index.contains(&format!("href=\"{page}\"")), "{page} is in the index");
        for who in ["何振邦", "吴淑芬"] {
            let answer = house.get(who, &format!("{page}?view=*"));
            assert_eq!(answer.status, 200, "{who} {page}: {}", answer.text());
        }
        for who in ["王海燕", "张国栋"] {
            let status = if LISTS.contains(&(page, who)) { 200 } else { 404 };
            assert_eq!(house.get(who, page).status, status, "{page} {who}");
        }
    }
    for (code, list) in
        [("tokens", "/token"), ("fields", "/custom_field"), ("jobs", "/job"), ("exports", "/access")]
    {
        let page = house.get("吴淑芬", &format!("/settings/{code}")).text();
        assert!(page.contains(&format!("href=\"{list}?view=")), "{code} leads to the list");
        assert_eq!(house.get("王海燕", &format!("/settings/{code}")).status, 404);
    }
    let own = house.get("王海燕", "/settings").text();
    assert!(own.contains("id=\"password\""), "whoever may set nothing gets the own account");
}

#[test]
fn no_button_works_for_who_may_not_open_its_page() {
    let house = House::new(PEOPLE);
    let (boss, sales) = (user(&house, "何振邦"), role(&house, "salesperson"));
    let paths = [
        "/settings/company".to_owned(),
        "/settings/parameters".to_owned(),
        "/settings/told".to_owned(),
        "/settings/number/customer".to_owned(),
        "/settings/user/new".to_owned(),
        format!("/settings/user/{boss}/roles"),
        format!("/user/{boss}/set_password"),
        format!("/user/{boss}/disable"),
        format!("/user/{boss}/end_sessions"),
        format!("/user/{boss}/drop_code"),
        format!("/settings/role/{sales}"),
        format!("/role/{sales}/copy"),
        format!("/role/{sales}/restore"),
        "/department".to_owned(),
        "/role".to_owned(),
        "/code_entry/1".to_owned(),
        "/custom_field".to_owned(),
        "/settings/code/region/order".to_owned(),
        "/job/1/cancel".to_owned(),
        "/settings/backup".to_owned(),
        "/settings/clear".to_owned(),
        "/settings/integrity".to_owned(),
        "/setup".to_owned(),
    ];
    let form = [
        ("password", "long enough"),
        ("login", "x"),
        ("name", "x"),
        ("confirm", "Keyuan"),
        ("part.customers", "1"),
        ("step", "company"),
        ("company_name", "x"),
    ];

    for path in paths {
        for who in ["王海燕", "张国栋"] {
            let status = house.submit(who, &path, &form).status;
            assert!(matches!(status, 403 | 404), "{who} {path}: {status}");
        }
    }
    assert!(!house.folder.path().join("backups").exists());
    assert_eq!(house.submit("吴淑芬", "/settings/clear", &form).status, 404, "only the owner clears");
}

#[test]
fn a_role_as_it_is_saved_counts_at_the_next_click() {
    let house = House::new(PEOPLE);
    let id = role(&house, "salesperson");
    assert_eq!(house.get("王海燕", "/customer").status, 200);
    let before = matrix(&house, id);

    assert_eq!(send(&house, "吴淑芬", id, &before).status, 303);
    let rights = house.system(move |desk| Ok(desk.catalog().roles[&id].1.clone()));
    let preset = domain::REGISTRY.presets.iter().find(|it| it.code == "salesperson").unwrap();
    assert_eq!(rights, model::Rights::of_preset(preset), "what a page shows is what it saves");

    let without: Vec<_> = before.iter().filter(|it| !it.0.starts_with("can.customer")).cloned().collect();
    assert_eq!(send(&house, "吴淑芬", id, &without).status, 303);
    assert_eq!(house.get("王海燕", "/customer").status, 404);
    let page = house.get("吴淑芬", &format!("/settings/roles/{id}")).text();
    assert!(page.contains("与预设不同"), "{page}");

    assert_eq!(house.post("吴淑芬", &format!("/role/{id}/restore"), &[]).status, 200);
    assert_eq!(house.get("王海燕", "/customer").status, 200);
}

#[test]
fn two_who_edit_a_role_do_not_overwrite_each_other() {
    let house = House::new(PEOPLE);
    let id = role(&house, "salesperson");
    let mut form = matrix(&house, id);
    let version = house.system(move |desk| Ok(desk.catalog().roles[&id].0.stamp.version));
    form.push(("version".into(), version.to_string()));
    let changed: Vec<_> = form.iter().filter(|it| it.0 != "can.customer.create").cloned().collect();

    assert_eq!(send(&house, "吴淑芬", id, &changed).status, 303);

    assert_eq!(send(&house, "何振邦", id, &form).status, 412);
}

#[test]
fn only_the_owner_gives_everything_away() {
    let house = House::new(PEOPLE);
    let (boss, admin) = (user(&house, "何振邦"), user(&house, "吴淑芬"));
    let (owner, administrator) = (role(&house, "owner"), role(&house, "administrator"));
    let roles = format!("/settings/user/{admin}/roles");
    let (whole, own) = (format!("role.{owner}"), format!("role.{administrator}"));

    assert_eq!(house.submit("吴淑芬", &roles, &[(&whole, "1"), (&own, "1")]).status, 403);
    let edit = format!("/role/{owner}");
    assert_eq!(house.post("吴淑芬", &edit, &[("closed", "true")]).status, 403);
    let request = agent().post(format!("{}/api/v1/role", house.address)).header("cookie", cookie("吴淑芬"));
    let request = request.header("origin", &house.address).header("content-type", "application/json");
    let made = "{\"code\": \"x\", \"name\": \"x\", \"rights\": \"{\\\"all\\\":true}\"}";
    assert_eq!(answer(request.send(made).unwrap()).status, 403);
    let password = [("password", "mine from now on")];
    let refused = house.post("吴淑芬", &format!("/user/{boss}/set_password"), &password).text();
    assert!(refused.contains("权限"), "{refused}");
    let kept: User = house.system(move |desk| desk.trusted().get(Id::of(boss)));
    assert!(!kept.must_change, "nobody set the password");
    let body = format!("{{\"user_role\": [{{\"role\": {owner}}}]}}");
    let hr = user(&house, "周会计");
    let request =
        agent().patch(format!("{}/api/v1/user/{hr}", house.address)).header("cookie", cookie("周会计"));
    let request = request.header("origin", &house.address).header("content-type", "application/json");
    assert_eq!(answer(request.send(body).unwrap()).status, 403, "whoever edits people gives no roles");

    assert_eq!(house.submit("何振邦", &roles, &[(&whole, "1"), (&own, "1")]).status, 303);
}

#[test]
fn the_last_administrator_stays() {
    let house = House::new(&[("吴淑芬", "administrator"), ("王海燕", "salesperson")]);
    let (admin, id) = (user(&house, "吴淑芬"), role(&house, "administrator"));
    let rest: Vec<(String, String)> =
        matrix_of(&house, id).into_iter().filter(|it| !it.0.starts_with("can.role")).collect();

    let left = house.post("吴淑芬", &format!("/user/{admin}/disable"), &[]);
    let bare = house.submit("吴淑芬", &format!("/settings/user/{admin}/roles"), &[]);
    let less = send(&house, "吴淑芬", id, &rest);
    let batch = house.post(
        "吴淑芬",
        "/user/batch/edit",
        &[("_ids", &admin.to_string()), ("_field", "closed"), ("closed", "true")],
    );

    assert_eq!((bare.status, less.status), (409, 409));
    assert!(left.text().contains("没有人能管理") && batch.text().contains("没有人能管理"));
    assert!(house.system(move |desk| Ok(!desk.catalog().users[&admin].user.closed)));
    assert_eq!(house.get("吴淑芬", "/settings/roles").status, 200);
}

fn matrix_of(house: &House, id: i64) -> Vec<(String, String)> {
    let rights = house.system(move |desk| Ok(desk.catalog().roles[&id].1.clone()));
    let grants = rights.grants.into_iter();
    grants
        .flat_map(|(code, _)| {
            [
                (format!("can.{code}.*"), "1".to_owned()),
                (format!("sees.{code}"), "all".into()),
                (format!("acts.{code}"), "all".into()),
            ]
        })
        .collect()
}

#[test]
fn a_new_user_signs_in_with_the_first_password_and_must_change_it() {
    let house = House::new(PEOPLE);
    let sales = format!("role.{}", role(&house, "salesperson"));
    let form = [("login", "Liu.Yang"), ("name", "刘洋"), ("password", "first-Pass1"), (sales.as_str(), "1")];

    let short =
        house.post("吴淑芬", "/settings/user/new", &[("login", "x"), ("name", "x"), ("password", "short")]);
    let made = house.post("吴淑芬", "/settings/user/new", &form);
    let twice = house.post("吴淑芬", "/settings/user/new", &form);

    assert_eq!((short.status, made.status, twice.status), (422, 200, 422));
    assert!(short.text().contains("密码至少 8 个字符"));
    let entered = agent().post(format!("{}/login", house.address)).header("origin", &house.address);
    let entered = answer(entered.send_form([("u", "liu.yang"), ("p", "first-Pass1")]).unwrap());
    assert_eq!(entered.status, 303);
    let person = house.system(|desk| {
        Ok(desk.catalog().users.values().find(|it| it.user.login == "liu.yang").unwrap().clone())
    });
    assert!(person.user.must_change && person.user.password.starts_with("$argon2id$"));
    assert_eq!(person.roles, [role(&house, "salesperson")]);
}

#[test]
fn a_reset_password_ends_sessions_and_no_secret_is_ever_shown() {
    let house = House::new(PEOPLE);
    let id = user(&house, "王海燕");
    house.change(move |desk| {
        let mut user: User = desk.trusted().get(Id::of(id))?;
        user.totp = Some("JBSWY3DPEHPK3PXP".into());
        desk.trusted().save(&mut user).map(drop)
    });

    let reset = house.post("吴淑芬", &format!("/user/{id}/set_password"), &[("password", "second-Pass2")]);
    let code = house.post("吴淑芬", &format!("/user/{id}/drop_code"), &[]);

    assert_eq!((reset.status, code.status), (200, 200));
    assert!(house.system(move |desk| Ok(desk.trusted().find::<Session>(&[("user", id.into())])?.is_empty())));
    let kept: User = house.system(move |desk| desk.trusted().get(Id::of(id)));
    assert!(kept.totp.is_none());
    let history = house.system(move |desk| {
        let mut sql = model::Sql::new("SELECT changes FROM event WHERE entity = 'user' AND record = ");
        sql.bind(id);
        Ok(desk.trusted().rows(&sql)?.iter().map(|row| row[0].text().to_owned()).collect::<String>())
    });
    let page = house.get("吴淑芬", &format!("/settings/users/{id}")).text();
    let api = house.get("吴淑芬", &format!("/api/v1/user/{id}")).text();
    for text in [history, page, api] {
        assert!(!text.contains("$argon2id") && !text.contains("JBSWY3DPEHPK3PXP"), "{text}");
    }
}

#[test]
fn a_verb_that_asks_for_a_secret_is_no_programs_and_its_dialog_seals_it() {
    let house = House::new(PEOPLE);
    let id = user(&house, "王海燕");
    let password = move |desk: &mut Desk| Ok(desk.trusted().get::<User>(Id::of(id))?.password);
    let before = house.system(password);

    let one =
        house.send("吴淑芬", &format!("/api/v1/user/{id}/set_password"), r#"{"password":"plain-Text1"}"#);
    let many = format!(r#"{{"ids":[{id}],"input":{{"password":"plain-Text1"}}}}"#);
    let many = house.send("吴淑芬", "/api/v1/user/set_password", &many);
    let ids = id.to_string();
    let form = [("_ids", ids.as_str()), ("password", "plain-Text1")];
    let batch = house.post("吴淑芬", "/user/set_password", &form).status;
    let untouched = house.system(password);
    let dialog = house.post("吴淑芬", &format!("/user/{id}/set_password"), &form).status;

    assert_eq!((one.status, many.status), (404, 404), "{} {}", one.text(), many.text());
    assert!(matches!(batch, 404 | 405), "{batch}");
    assert_eq!(untouched, before, "a password that was never hashed");
    assert_eq!(dialog, 200);
    assert!(house.system(password).starts_with("$argon2id$"));
}

#[test]
fn a_reset_password_closes_the_tokens_of_its_user() {
    let house = House::new(PEOPLE);
    let id = user(&house, "王海燕");
    let token = |who: &str| {
        let page = house.post(who, "/me/tokens", &[("name", "报表")]).text();
        let at = page.find("ky_").unwrap();
        page[at..].split(['<', '"']).next().unwrap().to_owned()
    };
    let (hers, others) = (token("王海燕"), token("张国栋"));
    let seen = |token: &str| {
        let request = agent().get(format!("{}/api/v1/customer", house.address));
        answer(request.header("authorization", format!("Bearer {token}")).call().unwrap()).status
    };
    assert_eq!((seen(&hers), seen(&others)), (200, 200));

    house.post("吴淑芬", &format!("/user/{id}/set_password"), &[("password", "second-Pass2")]);

    assert_eq!((seen(&hers), seen(&others)), (401, 200));
    assert!(house.get("王海燕", "/customer").text().contains("/login"), "the sessions are over");
}

/// The one-time code of a secret at this moment.
fn one_time_code(secret: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let key = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(&key).unwrap();
    mac.update(&(now / 30).to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let word: [u8; 4] = digest[usize::from(digest[19] & 15)..][..4].try_into().unwrap();
    format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000)
}

#[test]
fn a_second_factor_in_use_is_not_overwritten_by_another() {
    let house = House::new(PEOPLE);
    let id = user(&house, "王海燕");
    let set = |secret: &str| {
        let form = [("secret", secret), ("code", &one_time_code(secret))];
        house.post("王海燕", "/me/code", &form)
    };
    let kept = || house.system(move |desk| Ok(desk.trusted().get::<User>(Id::of(id))?.totp));

    let first = set("JBSWY3DPEHPK3PXP");
    let second = set("GEZDGNBVGY3TQOJQ");

    assert_eq!((first.status, second.status), (303, 409), "{}", second.text());
    assert_eq!(kept().as_deref(), Some("JBSWY3DPEHPK3PXP"));
    // Nor is it taken away without the password.
    assert_eq!(house.post("王海燕", "/me/code/disable", &[("old", "guessed")]).status, 422);
    assert!(kept().is_some());
}

#[test]
fn a_repeated_request_is_answered_with_what_may_be_seen_now() {
    let house = House::new(PEOPLE);
    let make = |key: &str| {
        let made = house.send_once(
            "王海燕",
            "/api/v1/customer",
            r#"{"name":"保定运河暖通有限公司","remark":"原话"}"#,
            key,
        );
        (made.status, serde_json::from_slice::<serde_json::Value>(&made.bytes).unwrap())
    };
    let kept = || {
        house.system(|desk| {
            let jobs: Vec<model::system::Job> = desk.trusted().find(&[("kind", "request".into())])?;
            Ok(jobs.into_iter().map(|it| it.result).collect::<Vec<_>>())
        })
    };

    let (status, made) = make("one");
    let id = made["id"].as_i64().unwrap();
    assert_eq!((status, kept()), (201, vec![format!("{{\"id\":{id}}}")]));

    house.change(move |desk| desk.update("customer", id, None, &[("remark", "改过")].into()));
    let (_, again) = make("one");
    assert_eq!((&again["id"], &again["remark"]), (&made["id"], &"改过".into()));
    let owner = format!("#{}", user(&house, "周会计"));
    house.change(move |desk| desk.update("customer", id, None, &[("owner", owner.as_str())].into()));
    let (status, away) = make("one");

    // It is out of her sight by now, and made only once.
    assert_eq!((status, away), (201, serde_json::json!({ "id": id })));
    assert_eq!(house.system(|desk| desk.count("customer", &model::Query::parse("name~=保定").unwrap())), 1);
    // The key belongs to that request, whatever the body of another says.
    let elsewhere = house.send_once(
        "王海燕",
        "/api/v1/contact",
        r#"{"name":"保定运河暖通有限公司","remark":"原话"}"#,
        "one",
    );
    assert_eq!(elsewhere.status, 409, "{}", elsewhere.text());
}

#[test]
fn whoever_leaves_is_disabled_and_what_is_in_hand_is_named() {
    let house = House::new(PEOPLE);
    let id = user(&house, "王海燕");

    let asked = house.get("何振邦", &format!("/settings/user/{id}/leave")).text();
    let blind = house.get("吴淑芬", &format!("/settings/user/{id}/leave")).text();
    let left = house.post("何振邦", &format!("/user/{id}/disable"), &[("left", "2026-09-30")]);

    assert!(asked.contains(&format!("/customer/transfer?all=1&amp;owner=%23{id}")), "{asked}");
    assert!(!blind.contains("/customer/"), "no count of what may not be seen");
    assert_eq!(left.status, 200);
    let kept: User = house.system(move |desk| desk.trusted().get(Id::of(id)));
    assert!(kept.closed && kept.left.is_some());
    assert!(house.get("王海燕", "/customer").text().contains("/login"), "the sessions are over");
}

#[test]
fn a_parameter_is_held_to_what_it_can_be() {
    let house = House::new(PEOPLE);

    let bad = house.submit(
        "吴淑芬",
        "/settings/company",
        &[
            ("company_name", "恒联"),
            ("zone", "Mars/Olympus"),
            ("currency", "yuan"),
            ("fiscal_start", "13-01"),
        ],
    );
    assert_eq!(bad.status, 422);
    for says in ["没有这个时区", "三个大写字母", "月-日", "Mars/Olympus"] {
        assert!(bad.text().contains(says), "{says}");
    }
    assert_eq!(parameter(&house, "company_name"), "", "all or nothing");
    assert_eq!(house.submit("吴淑芬", "/settings/parameters", &[("login_tries", "-3")]).status, 422);

    assert_eq!(house.submit("吴淑芬", "/settings/parameters", &[("login_tries", "7")]).status, 303);
    assert_eq!(parameter(&house, "login_tries"), "7");
    let page = house.get("吴淑芬", "/settings/parameters").text();
    assert!(page.contains("改动记录") && page.contains("吴淑芬"));
    house.submit("吴淑芬", "/settings/parameters", &[("reset", "login_tries"), ("login_tries", "9")]);
    assert_eq!(parameter(&house, "login_tries"), "5");
}

#[test]
fn a_code_table_keeps_its_order_and_what_is_in_use() {
    let house = House::new(PEOPLE);
    for (code, name) in [("a", "甲"), ("b", "乙"), ("c", "丙")] {
        let form = [("list", "channel"), ("code", code), ("name", name), ("_part", "dialog")];
        assert_eq!(house.post("吴淑芬", "/code_entry", &form).status, 200);
    }
    let codes = |house: &House| -> Vec<(i64, String)> {
        house.system(|desk| {
            Ok(desk.catalog().codes("channel").iter().map(|it| (it.id.0, it.code.clone())).collect())
        })
    };
    let form = [("list", "channel"), ("code", "a"), ("name", "又一个"), ("_part", "dialog")];
    let twice = house.post("吴淑芬", "/code_entry", &form);
    assert!(twice.status == 422 && twice.text().contains("code-error"), "{}", twice.text());
    let before = codes(&house);
    assert_eq!(before.iter().map(|it| it.1.as_str()).collect::<String>(), "abc");

    let ids: Vec<String> = [2, 0, 1].iter().map(|at| before[*at].0.to_string()).collect();
    let form: Vec<_> = ids.iter().map(|id| ("order.1.id", id.as_str())).collect();
    assert_eq!(house.post("吴淑芬", "/settings/code/channel/order", &form).status, 200);
    assert_eq!(codes(&house).iter().map(|it| it.1.as_str()).collect::<String>(), "cab");

    let id = house.system(|desk| Ok(desk.ids("customer", &Default::default(), 0, 1)?[0]));
    house.change(move |desk| desk.update("customer", id, None, &[("channel", "a")].into()));
    let used = before[0].0.to_string();
    let gone = house.post("吴淑芬", "/code_entry/batch/delete", &[("_ids", &used)]);
    assert!(gone.text().contains("编码已被使用"), "{}", gone.text());
    assert_eq!(
        house
            .post("吴淑芬", &format!("/code_entry/{used}"), &[("closed", "true"), ("_part", "dialog")])
            .status,
        200
    );
    let entry: CodeEntry = house.system(move |desk| desk.trusted().get(Id::of(used.parse().unwrap())));
    assert!(entry.closed);
    let found = house.get("吴淑芬", "/settings/codes/channel?q=bing").text();
    assert!(found.contains("丙") && !found.contains("乙"));
}

#[test]
fn a_tree_of_codes_is_walked_level_by_level_and_never_becomes_a_ring() {
    let house = House::new(PEOPLE);

    let top = house.get("吴淑芬", "/settings/codes/region").text();
    let below = house.get("吴淑芬", "/settings/codes/region?above=110000").text();
    assert!(top.contains("北京") && !top.contains("大兴区") && below.contains("大兴区"));

    let id = house.system(|desk| Ok(desk.catalog().code("region", "110000").unwrap().id.0));
    let ring =
        house.post("吴淑芬", &format!("/code_entry/{id}"), &[("above", "110115"), ("_part", "dialog")]);
    assert_eq!(ring.status, 422);
    assert!(ring.text().contains("自己的下级"));
}

#[test]
fn a_field_of_ones_own_is_there_at_once() {
    let house = House::new(PEOPLE);
    let form = [
        ("entity", "customer"),
        ("name", "暖气片品牌"),
        ("kind", "text"),
        ("in_list", "true"),
        ("required", "false"),
        ("_part", "dialog"),
    ];

    let made = house.post("吴淑芬", "/custom_field", &form);
    assert_eq!(made.status, 200, "{}", made.text());

    let list = house.get("何振邦", "/customer?view=*").text();
    let filter = house.get("何振邦", "/customer/filter?view=*").text();
    let dialog = ask(&house, "吴淑芬", "/custom_field/new?entity=customer").text();
    assert!(dialog.contains("name=\"entity\" value=\"customer\"") && !dialog.contains("name=\"field\""));
    let again = house.post("吴淑芬", "/custom_field", &form);
    assert_eq!(again.status, 200, "a name for programs is found: {}", again.text());
    assert!(list.contains("暖气片品牌") && filter.contains("暖气片品牌"));
    let bad =
        house.post("吴淑芬", "/custom_field", &[("entity", "customer"), ("name", "x"), ("kind", "code")]);
    assert_eq!(bad.status, 422);
}

#[test]
fn a_number_rule_shows_the_next_number_and_refuses_nonsense() {
    let house = House::new(PEOPLE);

    let next = house.get("吴淑芬", "/settings/number/customer/next?pattern=C-%7B4%7D").text();
    assert!(next.contains("C-0001"), "{next}");
    assert_eq!(
        house
            .submit("吴淑芬", "/settings/number/customer", &[("entity", "customer"), ("pattern", "C-")])
            .status,
        422
    );
    assert_eq!(
        house
            .submit("吴淑芬", "/settings/number/customer", &[("entity", "customer"), ("pattern", "C-{4}")])
            .status,
        303
    );

    let id = house.system(|desk| Ok(desk.catalog().pattern(desk.entity("customer")?).map(str::to_owned)));
    assert_eq!(id.as_deref(), Some("C-{4}"));
}

#[test]
fn a_backup_is_made_listed_and_its_download_leaves_a_trace() {
    let house = House::new(PEOPLE);
    assert!(house.get("吴淑芬", "/settings/backup").text().contains("还没有任何备份"));

    assert_eq!(house.submit("吴淑芬", "/settings/backup", &[]).header("location"), "/job?done=1");
    assert!(house.get("吴淑芬", "/job/1").text().contains("/job/1/cancel"));
    let runner =
        app::jobs::House { db: house.db.clone(), data: house.folder.path().to_owned(), lang: Lang::Zh };
    assert!(runner.run_one(None, &|| false, &|_, _| {}).unwrap());

    let hers = house.get("吴淑芬", "/settings/backup").text();
    assert!(hers.contains("keyuan_") && !hers.contains("/settings/backup/"));
    let page = house.get("何振邦", "/settings/backup").text();
    let name = page.split("/settings/backup/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(!page.contains("还没有任何备份"));
    let file = house.get("何振邦", &format!("/settings/backup/{name}"));
    assert_eq!((file.status, &file.bytes[..2]), (200, &[0x1f, 0x8b][..]));
    assert_eq!(house.get("吴淑芬", &format!("/settings/backup/{name}")).status, 403);
    assert_eq!(house.get("王海燕", &format!("/settings/backup/{name}")).status, 404);
    assert_eq!(house.get("何振邦", "/settings/backup/..%2Fkeyuan.db").status, 404);
    let seen = house.system(|desk| desk.trusted().find::<Access>(&[("kind", "backup".into())]));
    assert_eq!(seen.len(), 1);
    let exports = house.get("何振邦", "/access?view=lately").text();
    assert!(exports.contains("备份") && exports.contains("何振邦"));
}

#[test]
fn the_check_says_what_it_found() {
    let house = House::new(PEOPLE);
    assert_eq!(house.submit("吴淑芬", "/settings/integrity", &[]).status, 303);
    assert!(house.get("吴淑芬", "/settings/integrity").text().contains("没有发现问题"));

    house.change(|desk| {
        let id = desk.ids("customer", &Default::default(), 0, 1)?[0].to_string();
        let mut file = model::system::Attachment {
            id: Id::NEW,
            entity: "customer".into(),
            record: id.parse().unwrap(),
            name: "lost.pdf".into(),
            hash: "a".repeat(64),
            size: 1,
            mime: "application/pdf".into(),
            stamp: Default::default(),
        };
        desk.trusted().save(&mut file).map(drop)
    });
    house.submit("吴淑芬", "/settings/integrity", &[]);
    let page = house.get("吴淑芬", "/settings/integrity").text();
    assert!(page.contains("is missing"), "{page}");
}

#[test]
fn clearing_needs_the_typed_name_and_leaves_a_backup() {
    let house = House::new(PEOPLE);
    house.submit("何振邦", "/settings/company", &[("company_name", "恒联暖通")]);
    let count = |house: &House| house.system(|desk| desk.count("customer", &Default::default()));

    let wrong = house.submit("何振邦", "/settings/clear", &[("part.customers", "1"), ("confirm", "恒联")]);
    let none = house.submit("何振邦", "/settings/clear", &[("confirm", "恒联暖通")]);
    assert_eq!((wrong.status, none.status, count(&house)), (422, 422, 3));
    assert!(!house.folder.path().join("backups").exists());

    let done = house.submit("何振邦", "/settings/clear", &[("part.customers", "1"), ("confirm", "恒联暖通")]);

    assert_eq!(done.status, 200, "{}", done.text());
    assert!(
        done.text().contains("客户 3") && done.text().contains("before-clear_keyuan_"),
        "{}",
        done.text()
    );
    assert_eq!(count(&house), 0);
    let (events, searched) = house.system(|desk| {
        let events =
            desk.trusted().one(&model::Sql::new("SELECT COUNT(*) FROM event WHERE entity = 'customer'"))?;
        let query = model::Query { q: "金泰格".into(), ..Default::default() };
        Ok((events, desk.ids("customer", &query, 0, 5)?.len()))
    });
    assert_eq!((events, searched), (0, 0));
    let kept = std::fs::read_dir(house.folder.path().join("backups")).unwrap().count();
    assert_eq!(kept, 1);
    let mark: Vec<Parameter> = house.system(|desk| desk.trusted().find(&[("name", "cleared_at".into())]));
    assert_eq!(mark.len(), 1);
    let id = house.system(|desk| Ok(desk.catalog().users.len()));
    assert!(id >= 7, "people stay");
    house.submit("何振邦", "/settings/integrity", &[]);
    assert!(house.get("何振邦", "/settings/integrity").text().contains("没有发现问题"));
}

#[test]
fn a_problem_is_found_by_the_number_on_its_page() {
    let house = House::new(PEOPLE);

    let page = house.get("王海燕", "/settings/roles");
    let number = page.header("x-request-number").to_owned();
    assert!(page.text().contains(&number));

    let found = house.get("吴淑芬", &format!("/settings/problems?q={number}")).text();
    assert!(
        found.contains("/settings/roles") && found.contains("王海燕") && found.contains("404"),
        "{found}"
    );
    assert!(house.get("吴淑芬", "/settings/problems?q=ZZZZ").text().contains("没有这样的记录"));
}

#[test]
fn the_first_steps_lead_through_and_can_be_left_and_taken_up() {
    let house = House::new(PEOPLE);
    let list = |house: &House| house.get("吴淑芬", "/settings").text().contains("first-steps");
    assert!(list(&house));
    assert!(!house.get("王海燕", "/settings").text().contains("first-steps"));

    let empty = house.submit("吴淑芬", "/setup", &[("step", "company"), ("company_name", "")]);
    assert_eq!(empty.status, 422);
    let form = [
        ("step", "company"),
        ("company_name", "恒联暖通"),
        ("company_short", "恒联"),
        ("currency", "CNY"),
        ("zone", "Asia/Shanghai"),
        ("fiscal_start", "01-01"),
    ];
    assert_eq!(house.submit("吴淑芬", "/setup", &form).header("location"), "/setup");
    assert!(list(&house), "the rest is still to do");
    assert!(house.get("吴淑芬", "/setup").text().contains("pattern.customer"));
    house.submit("吴淑芬", "/setup", &[("step", "numbers"), ("skip", "1")]);
    let sales = format!("role.{}", role(&house, "salesperson"));
    let person = [
        ("step", "users"),
        ("name", "刘洋"),
        ("login", "liuyang"),
        ("password", "first-Pass1"),
        ("new_department", "华南销售部"),
        (&sales, "1"),
        ("another", "1"),
    ];
    assert_eq!(house.submit("吴淑芬", "/setup", &person).header("location"), "/setup?step=users");
    house.submit("吴淑芬", "/setup", &[("step", "users")]);
    assert!(
        house.get("吴淑芬", "/setup").text().contains("/customer/import")
            || house.get("何振邦", "/setup").text().contains("/customer/import")
    );
    assert_eq!(house.submit("吴淑芬", "/setup", &[("step", "import")]).header("location"), "/");

    assert!(!list(&house));
    assert_eq!(parameter(&house, "company_name"), "恒联暖通");
    let made = house.system(|desk: &mut Desk| -> Result<_> {
        let catalog = desk.catalog();
        let person = catalog.users.values().find(|it| it.user.login == "liuyang").unwrap().clone();
        let home = person.user.department.and_then(|it| catalog.department(it.0)).map(|it| it.name.clone());
        Ok((home, person.roles.len()))
    });
    assert_eq!(made, (Some("华南销售部".to_owned()), 1));
}

#[test]
fn whoever_signs_in_to_an_empty_house_is_led_to_the_first_steps() {
    let house = House::new(&[("吴淑芬", "administrator")]);
    let id = user(&house, "吴淑芬");
    let hash = web::password::hash("admin-Pass1").unwrap();
    house.change(move |desk| {
        let mut user: User = desk.trusted().get(Id::of(id))?;
        user.password.clone_from(&hash);
        desk.trusted().save(&mut user).map(drop)
    });
    let enter = |house: &House| {
        let login = house.system(move |desk| Ok(desk.catalog().users[&id].user.login.clone()));
        let request = agent().post(format!("{}/login", house.address)).header("origin", &house.address);
        answer(request.send_form([("u", login.as_str()), ("p", "admin-Pass1")]).unwrap())
            .header("location")
            .to_owned()
    };

    assert_eq!(enter(&house), "/setup");

    house.submit("吴淑芬", "/setup", &[("step", "company"), ("skip", "1")]);
    assert_eq!(enter(&house), "/", "once begun it waits on the workbench");
}

#[test]
fn roles_are_copied_and_their_names_kept_apart() {
    let house = House::new(PEOPLE);
    let id = role(&house, "salesperson");

    let made = house.post("吴淑芬", &format!("/role/{id}/copy"), &[]);
    assert_eq!(made.status, 200);

    let roles: Vec<Role> = house.system(|desk| desk.trusted().find(&[]));
    let (old, new) = (roles.iter().find(|it| it.id.0 == id).unwrap(), roles.last().unwrap());
    assert_eq!(old.rights, new.rights);
    assert_ne!(old.name, new.name);
    assert!(
        house.system(move |desk| desk.trusted().find::<UserRole>(&[])).iter().all(|it| it.role != new.id)
    );
}

#[test]
fn clearing_takes_what_refers_to_it_and_leaves_the_rest_on_both_databases() {
    tests::databases(|db| {
        let world = tests::World::new(db);
        let id = world.customer("王海燕", "北京金泰格散热器有限公司");
        let form = [("customer", format!("#{id}")), ("name", "刘建国".to_owned())];
        world.act("王海燕", move |desk| desk.create("contact", &form.clone().into())).unwrap();
        let product = [("name", "散热器")];
        world.act("何振邦", move |desk| desk.create("product", &product.into())).unwrap();
        let customers = domain::REGISTRY.entity("customer").unwrap();

        let refused = world.act("吴淑芬", move |desk| desk.clear(&[customers]));
        let gone = world.act("何振邦", move |desk| desk.clear(&[customers])).unwrap();

        assert_eq!(tests::code(refused.map(|it| it.len())), "forbidden");
        let gone = |code: &str| gone.iter().find(|it| it.0.code == code).map(|it| it.1);
        assert_eq!((gone("customer"), gone("contact"), gone("product")), (Some(1), Some(1), None));
        let left = world.look("何振邦", |desk| {
            Ok((desk.count("customer", &Default::default())?, desk.count("product", &Default::default())?))
        });
        assert_eq!(left.unwrap(), (0, 1));
        let id = world.customer("王海燕", "唐山瑞丰建材贸易有限公司");
        let number = world.look("何振邦", |desk| {
            Ok(desk.get("customer", id)?.value("number").map(|it| it.text().to_owned()))
        });
        assert_eq!(number.unwrap().as_deref(), Some("KH-000001"), "numbers begin anew");
    });
}

#[test]
fn the_codes_of_the_second_step_are_those_of_the_standard() {
    // RFC 6238, appendix B: twenty bytes of ASCII digits, in the letters of base 32.
    let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    assert_eq!(web::totp::at(secret, 59 / 30).as_deref(), Some("287082"));
    assert_eq!(web::totp::at(secret, 1_111_111_109 / 30).as_deref(), Some("081804"));
    assert_eq!(web::totp::step_of(secret, "287 082", 89), Some(1));
    assert_eq!(web::totp::step_of(secret, "287082", 120), None);
}

#[test]
fn an_empty_list_of_the_settings_offers_no_import() {
    let house = House::with(PEOPLE, &[]);

    let fields = house.get("吴淑芬", "/custom_field?view=*").text();
    let customers = house.get("何振邦", "/customer?view=*").text();

    assert!(fields.contains("还没有自定义字段") && fields.contains("/custom_field/new"));
    assert!(!fields.contains("Excel 导入最快"));
    assert!(customers.contains("Excel 导入最快"));
}
