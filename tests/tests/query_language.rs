//! Whatever is asked gets a list or a refusal with a name; what was read can be written and read again; what is typed
//! finds.

use model::search::{initials, readings};
use model::{Input, Query};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tests::served::{Served, sign_in};
use tests::{Random, World, cases, databases};

/// Texts near the language and far from it.
fn texts() -> impl Strategy<Value = String> {
    let names = [
        "name",
        "owner",
        "class",
        "created",
        "credit_limit",
        "parent.name",
        "customer.class",
        "q",
        "sort",
        "size",
        "page",
        "after",
        "group",
        "columns",
        "or",
        "count",
        "view",
        "x_y",
        "id",
        "tag",
        "follower",
        "version",
        "",
    ];
    let signs = ["=", "!=", ">", "<", "~=", ">=", "==", "", "%3E", "=!"];
    let values = [
        "",
        "me",
        "none",
        "any",
        "A,B",
        "1..9",
        "..",
        "today",
        "this_month..",
        "last_99999_days",
        "(a=1&b=2)",
        "(a%3D1%26b=2)",
        "-name,id",
        "name,name:999999",
        "9223372036854775807",
        "-1",
        "0",
        "2026-02-31",
        "9999-12-31",
        "-9999-01-01..",
        "%",
        "%00",
        "%FF%FE",
        "1.t",
        "17.tAAAA.n.i9",
        "\u{202e}",
        "'; DROP TABLE customer; --",
        "\"",
        "*",
        "a:b*^(NEAR)",
        "𠀀",
        "ﷺ",
        "#1",
        "\\",
        "%5C%25_",
    ];
    let term = (
        prop::sample::select(names.to_vec()),
        prop::sample::select(signs.to_vec()),
        prop_oneof![prop::sample::select(values.to_vec()).prop_map(str::to_owned), "\\PC{0,12}",],
    );
    let term = term.prop_map(|(name, sign, value)| format!("{name}{sign}{value}"));
    prop_oneof![
        4 => prop::collection::vec(term, 0..6).prop_map(|it| it.join("&")),
        1 => "\\PC{0,80}",
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(|it| it.iter().map(|byte| format!("%{byte:02X}")).collect()),
    ]
}

#[test]
fn what_was_read_is_written_and_read_again() {
    let mut runner =
        TestRunner::new(ProptestConfig { cases: cases(4000) as u32, ..ProptestConfig::default() });

    runner
        .run(&texts(), |text| {
            let Some(query) = Query::parse(&text) else { return Ok(()) };
            let again = Query::parse(&query.text());
            let kept = Query { page: None, after: None, count: true, ..query };
            prop_assert_eq!(again, Some(kept));
            Ok(())
        })
        .unwrap();
}

#[test]
fn any_address_gets_a_list_or_a_refusal_that_has_a_name() {
    databases(|db| {
        let world = World::new(db);
        world.customer("王海燕", "北京金泰格散热器有限公司");
        world.customer("李建军", "上海乙");
        let role = db.write(&world.system, {
            let user = world.person("王海燕").user;
            move |desk| {
                let preset =
                    desk.catalog().registry.presets.iter().find(|it| it.code == "salesperson").unwrap();
                let rights = model::Rights::of_preset(preset).json();
                let stamp = model::Stamp::default;
                let mut role = model::system::Role {
                    id: model::Id::NEW,
                    code: "salesperson".into(),
                    name: "业务员".into(),
                    name_en: None,
                    remark: None,
                    rights,
                    closed: false,
                    stamp: stamp(),
                };
                let role = desk.trusted().save(&mut role)?;
                let mut link = model::system::UserRole {
                    id: model::Id::NEW,
                    user: model::Id::of(user),
                    role,
                    stamp: stamp(),
                };
                desk.trusted().save(&mut link).map(drop)
            }
        });
        role.unwrap();
        sign_in(db, world.person("王海燕").user, "wang");
        let data = tempfile::tempdir().unwrap();
        let served = Served::new(db, data.path());
        let mut runner =
            TestRunner::new(ProptestConfig { cases: cases(250) as u32, ..ProptestConfig::default() });
        let doors = [
            "/api/v1/customer",
            "/api/v1/contact",
            "/api/v1/user",
            "/customer",
            "/customer/print",
            "/customer/filter/class",
            "/api/v1/customer/1",
        ];

        runner
            .run(&(texts(), prop::sample::select(doors.to_vec())), |(text, door)| {
                // What a client can put on the line at all.
                let safe = |byte: u8| match byte {
                    b'%' | b'&' | b'=' | b'!' | b'~' | b',' | b'.' | b'(' | b')' | b':' | b'*' | b'-'
                    | b'_' => (byte as char).to_string(),
                    byte if byte.is_ascii_alphanumeric() => (byte as char).to_string(),
                    byte => format!("%{byte:02X}"),
                };
                let query: String = text.bytes().map(safe).collect();
                let (status, body) = served.read("wang", &format!("{door}?{query}"));
                prop_assert!(
                    matches!(status, 200 | 302 | 303 | 404 | 422),
                    "{door}?{query}: {status} {body}"
                );
                prop_assert!(!body.contains("上海乙"), "{door}?{query}");
                if status == 422 && door.starts_with("/api/") {
                    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
                    prop_assert!(json["code"].as_str().is_some_and(|it| !it.is_empty()), "{body}");
                    prop_assert!(!json["detail"].as_str().unwrap_or_default().is_empty(), "{body}");
                }
                Ok(())
            })
            .unwrap();
    });
}

const CITIES: [&str; 10] =
    ["北京", "重庆", "长沙", "厦门", "西安", "乌鲁木齐", "六安", "蚌埠", "Shanghai ", "（中国）"];
const BRANDS: [&str; 12] =
    ["金泰格", "曾记", "单氏", "绿源", "长行", "恒联", "Futter", "3M", "TCL王牌", "吕", "欧洋", "解放"];
const TRADES: [&str; 8] = ["散热器", "暖通设备", "贸易", "银行", "音乐器材", "科技", "Trading", "建材"];

#[test]
fn any_part_initials_or_pinyin_of_a_stored_name_finds_it() {
    databases(|db| {
        let (world, mut random) = (World::new(db), Random::new(3));
        let mut stored = Vec::new();
        for n in 0..60 {
            let name =
                format!("{}{}{}有限公司", random.one(&CITIES), random.one(&BRANDS), random.one(&TRADES));
            let phone = format!("1549{:07}", 1_234_567 + n * 7919);
            let input =
                Input::from([("name", name.clone()), ("phone", phone.clone()), ("country", String::new())]);
            let id = world.act("王海燕", move |desk| desk.create("customer", &input)).unwrap();
            stored.push((id, name, phone));
        }

        for _ in 0..cases(300) {
            let (id, name, phone) = random.one(&stored);
            let chars: Vec<char> = name.chars().filter(|it| it.is_alphanumeric()).collect();
            let from = random.below(chars.len() - 1);
            let to = from + 2 + random.below(chars.len() - from - 1);
            let part: String = chars[from..to.min(chars.len())].iter().collect();
            let letters: Vec<char> = initials(name).chars().collect();
            let at = random.below(letters.len() - 1);
            let some = &letters[at..(at + 2 + random.below(6)).min(letters.len())];
            let read = readings(name);
            let begin = random.below(read.len() - 1);
            let end = (begin + 2 + random.below(4)).min(read.len());
            // Syllables that stand side by side in the text.
            let spelt: Vec<&str> = read[begin..end]
                .windows(2)
                .take_while(|it| it[0].at + it[0].character.len_utf8() == it[1].at)
                .map(|it| it[1].first())
                .collect();
            let spelt = [&[read[begin].first()], &spelt[..]].concat();
            let typed = match random.below(6) {
                0 if chars[from..to.min(chars.len())].iter().all(|it| !it.is_ascii()) => part,
                0 => name.clone(),
                1 => some.iter().collect(),
                2 => spelt.concat(),
                3 => spelt.join(" "),
                4 => phone[phone.len() - 4..].to_owned(),
                _ => some.iter().collect::<String>().to_uppercase(),
            };

            let query = Query { q: typed.clone(), size: Some(500), ..Query::default() };
            let found = world.look("王海燕", |desk| desk.ids("customer", &query, 0, 500)).unwrap();

            assert!(found.contains(id), "{:?}: {typed} does not find {name}", db.store().dialect());
        }
    });
}
