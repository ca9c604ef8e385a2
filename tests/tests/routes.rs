//! Every route of the house, read from its source, answers nobody and a user without roles with no more than a way to
//! the sign-in, a refusal or nothing. What is open stands here, with its reason.

use std::collections::BTreeSet;
use std::path::Path;

use expect_test::expect_file;
use model::system::{Role, User};
use model::{Actor, Door, Id, Lang, Rights, Stamp, seed};
use store::Address;
use tests::served::{Served, sign_in};
use tests::{World, open};

/// Open to everybody, signed in or not.
const PUBLIC: [&str; 11] = [
    "GET /api/openapi.json", // the form of all entities, which the source tells, too
    "GET /a/{hash}/{name}",  // style sheet, scripts, icons
    "GET /healthz",          // for whoever watches the machine
    "GET /metrics",          // for this machine alone, from which the test asks
    "GET /login",
    "POST /login",
    "POST /login/code",
    "POST /login/language",
    "POST /logout", // ends what there is
    "DELETE /api/v1/session",
    "POST /api/v1/session",
];

/// Open to everybody who has signed in: about the user alone, or about what everybody may know.
const OWN: [&str; 15] = [
    "GET /",               // a workbench with nothing on it
    "GET /api",            // the entities that the user may read: none
    "GET /api/v1/session", // who is signed in
    "GET /help",           // the user's guide
    "GET /help/{chapter}",
    "GET /help/at/{*at}",
    "GET /help/image/{name}",
    "GET /me",
    "GET /me/password",
    "POST /me/code",
    "POST /me/code/disable",
    "POST /me/language",
    "POST /me/password",
    "POST /me/theme",
    "GET /palette", // finds in what the user may read: nothing
];

/// A token of a user without rights can do nothing, either; of a batch, what the user may undo is undone: nothing.
const HARMLESS: [&str; 2] = ["POST /me/tokens", "POST /undo/batch/{batch}"];

/// Method and path of every `.route(…)` in the source, and of what the registry adds to them.
fn routes() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for name in ["web", "app"] {
        let mut folders =
            vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(name).join("src")];
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|it| it == "rs") {
                    read(&std::fs::read_to_string(&path).unwrap(), &path, &mut found);
                }
            }
        }
    }
    for def in domain::REGISTRY.all().filter(|it| !it.is_attached()) {
        for method in ["GET", "POST"] {
            found.insert((method.to_owned(), format!("/api/v1/{}", def.code)));
            for verb in def.verbs {
                // One that asks for a secret has a page of its own.
                if verb.asks.iter().all(|it| it.format != model::Format::Secret) {
                    found.insert((method.to_owned(), format!("/{}/{}", def.code, verb.name)));
                    found.insert((method.to_owned(), format!("/{}/{{id}}/{}", def.code, verb.name)));
                }
                found.insert(("POST".to_owned(), format!("/api/v1/{}/{}", def.code, verb.name)));
                found.insert(("POST".to_owned(), format!("/api/v1/{}/{{id}}/{}", def.code, verb.name)));
            }
        }
        for method in ["GET", "PATCH", "DELETE"] {
            found.insert((method.to_owned(), format!("/api/v1/{}/{{id}}", def.code)));
        }
        found.insert(("GET".to_owned(), format!("/api/v1/{}/{{id}}/history", def.code)));
    }
    for method in ["GET", "POST", "DELETE"] {
        found.insert((method.to_owned(), "/api/v1/session".to_owned()));
    }
    found
}

/// The routes of one file. One that is not written out must be known to `routes`.
fn read(text: &str, file: &Path, found: &mut BTreeSet<(String, String)>) {
    for part in text.split(".route(").skip(1) {
        let part = part.trim_start();
        let Some((path, rest)) = part.strip_prefix('"').and_then(|it| it.split_once('"')) else {
            let known = ["&method", "&many", "&one"].iter().any(|it| part.starts_with(it));
            assert!(known, "{}: .route({}", file.display(), part.lines().next().unwrap_or_default());
            continue;
        };
        // Up to the parenthesis that closes `.route(`.
        let mut depth = 0;
        let end = rest.find(|it| {
            depth += match it {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth < 0
        });
        let handlers = &rest[..end.unwrap_or(rest.len())];
        for (word, method) in [("get(", "GET"), ("post(", "POST"), ("delete(", "DELETE"), ("patch(", "PATCH")]
        {
            if handlers.contains(word) {
                found.insert((method.to_owned(), path.to_owned()));
            }
        }
        assert!(
            handlers.contains('(') && (!handlers.contains("any(") || path.starts_with("/api/")),
            "{path}: {handlers}"
        );
    }
}

/// The addresses that a route stands for, with records that are there.
fn addresses(path: &str) -> Vec<String> {
    let mut found = vec![path.to_owned()];
    // What hangs on records is listed for one record alone; the walk through the doors asks for it.
    let entities: Vec<&str> =
        domain::REGISTRY.all().filter(|it| !it.is_attached()).map(|it| it.code).collect();
    let pages = [
        "company",
        "parameters",
        "numbers",
        "users",
        "departments",
        "roles",
        "tokens",
        "codes",
        "fields",
        "jobs",
        "exports",
        "backup",
        "integrity",
    ];
    let words: [(&str, &[&str]); 17] = [
        ("{entity}", &entities),
        ("{page}", &pages),
        ("{id}", &["1"]),
        ("{event}", &["1"]),
        ("{batch}", &["api-1"]),
        ("{field}", &["name", "owner"]),
        ("{what}", &["edit", "delete", "tag", "transfer"]),
        ("{kind}", &["note", "tag", "follower", "team"]),
        ("{table}", &["region"]),
        ("{part}", &["1", "unit"]),
        ("{file}", &["1"]),
        ("{hung}", &["1", "new"]),
        ("{n}", &["0"]),
        ("{name}", &["x"]),
        ("{hash}", &["x"]),
        ("{chapter}", &["lists"]),
        ("{*at}", &["customer"]),
    ];
    for (word, values) in words {
        found = found.iter().flat_map(|it| values.iter().map(move |value| it.replace(word, value))).collect();
        found.dedup();
    }
    found.retain(|it| !it.contains("{*rest}"));
    found
}

/// What who must change the password may do: that, say in which language, read the guide.
const FORCED: [&str; 9] = [
    "GET /help",
    "GET /help/{chapter}",
    "GET /help/at/{*at}",
    "GET /help/image/{name}",
    "GET /me",
    "GET /me/password",
    "POST /me/language",
    "POST /me/password",
    "POST /me/theme",
];

#[test]
fn who_must_change_the_password_gets_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&Address::of(folder.path(), None), folder.path());
    let world = World::new(&db);
    world.customer("王海燕", "北京甲");
    let forced = db.write(&world.system, |desk| {
        let mut role = Role {
            id: Id::NEW,
            code: "owner".into(),
            name: "老板".into(),
            name_en: None,
            remark: None,
            rights: Rights::of_preset(&domain::REGISTRY.presets[0]).json(),
            closed: false,
            stamp: Stamp::default(),
        };
        let role = desk.trusted().save(&mut role)?;
        let anybody = seed::new_user("forced", "新老板", None, "", Lang::Zh);
        let mut user = User { must_change: true, ..anybody };
        let user = desk.trusted().save(&mut user)?;
        seed::give_role(desk, user, role)?;
        Ok(user.0)
    });
    let served = Served::new(&db, folder.path());
    sign_in(&db, forced.unwrap(), "forced");

    let mut open = BTreeSet::new();
    for (method, path) in routes() {
        let route = format!("{method} {path}");
        if PUBLIC.contains(&route.as_str()) || FORCED.contains(&route.as_str()) {
            continue;
        }
        for address in addresses(&path) {
            let answer = served.ask("forced", &method, &address);
            let (status, to) = (answer.status, answer.header("location"));
            let sent = status == 303 && to.starts_with("/me/password?");
            // The description of the API has no visitor, other addresses lead nowhere at all.
            if !sent && !matches!(status, 403..=405) {
                open.insert(format!("{method} {address}: {status} {to}"));
            }
        }
    }

    assert!(open.is_empty(), "{open:#?}");
}

#[test]
fn no_route_answers_who_has_no_business_there() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&Address::of(folder.path(), None), folder.path());
    let world = World::new(&db);
    world.customer("王海燕", "北京甲");
    let system = Actor::system(Door::System, Lang::Zh);
    let stranger = db.write(&system, |desk| {
        let mut user = seed::new_user("stranger", "陌生人", None, "", Lang::Zh);
        desk.trusted().save(&mut user)
    });
    let served = Served::new(&db, folder.path());

    let (mut open, mut asked) = (BTreeSet::new(), 0);
    for (who, allowed) in [("", &PUBLIC[..]), ("stranger", &[&PUBLIC[..], &OWN, &HARMLESS].concat())] {
        for (method, path) in routes() {
            let route = format!("{method} {path}");
            if allowed.contains(&route.as_str()) {
                continue;
            }
            for address in addresses(&path) {
                // Each time anew, since some of these end sessions.
                asked += 1;
                let token = if who.is_empty() { String::new() } else { format!("{who}{asked}") };
                if !who.is_empty() {
                    sign_in(&db, stranger.as_ref().unwrap().0, &token);
                }
                let status = served.ask(&token, &method, &address).status;
                if !matches!(status, 302 | 303 | 401 | 403 | 404 | 405) {
                    let name = if who.is_empty() { "nobody" } else { who };
                    open.insert(format!("{name} {method} {address}: {status}"));
                }
            }
        }
    }

    let open: String = open.iter().map(|it| format!("{it}\n")).collect();
    expect_file!["../golden/open_routes.txt"].assert_eq(&open);
}
