//! Lists as a browser meets them: they open for everybody who may read, and show no row, count or action beyond that.

use model::system::Access;
use model::{Input, Query};
use tests::served::House;

/// The served house with the three whom lists differ for.
struct Listed(House);

/// What came back: status and body.
type Page = (u16, String);

impl Listed {
    fn new() -> Listed {
        Listed(House::new(&[("何振邦", "owner"), ("王海燕", "salesperson"), ("赵敏", "salesperson")]))
    }

    fn get(&self, who: &str, path: &str) -> Page {
        let answer = self.0.get(who, path);
        (answer.status, answer.text())
    }

    /// Sends a form; also returns what the answer triggers.
    fn post(&self, who: &str, path: &str, form: &[(&str, &str)]) -> (Page, String) {
        let answer = self.0.post(who, path, form);
        let said = answer.header("hx-trigger").to_owned() + answer.header("hx-redirect");
        ((answer.status, answer.text()), said)
    }

    fn owner_of(&self, id: i64) -> i64 {
        self.system(|desk| Ok(desk.get("customer", id)?.value("owner").map_or(0, |it| it.int())))
    }
}

impl std::ops::Deref for Listed {
    type Target = House;

    fn deref(&self) -> &House {
        &self.0
    }
}

#[test]
fn every_list_opens_for_owner_and_salesperson_as_far_as_each_may_read() {
    let house = Listed::new();

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
    let house = Listed::new();

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
    let house = Listed::new();
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
    let house = Listed::new();
    let id = house.id("北京金泰格").to_string();

    let (_, list) = house.get("王海燕", "/customer?view=*");
    let (show, _) = house.get("王海燕", &format!("/customer/transfer?ids={id}"));
    let ((run, _), _) = house.post(
        "王海燕",
        "/customer/set_credit",
        &[("_ids", &id), ("credit_limit", "1"), ("credit_days", "1"), ("reason", "x")],
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
    let house = Listed::new();
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
    let house = Listed::new();

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
    let house = Listed::new();
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
    let house = Listed::new();

    house.get("王海燕", "/customer/print?class=A");

    let seen = house.system(|desk| desk.trusted().find::<Access>(&[]));
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].kind.as_str(), seen[0].query.as_str(), seen[0].rows), ("print", "class=A", 1));
}

#[test]
fn a_hostile_address_is_told_off_in_place() {
    let house = Listed::new();
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

#[test]
fn who_leaves_hands_over_everything_at_once() {
    let house = Listed::new();
    let person = |name: &'static str| {
        house.system(move |desk| {
            Ok(desk.catalog().users.values().find(|it| it.user.name == name).unwrap().user.id.0)
        })
    };
    let (from, to) = (person("王海燕"), person("赵敏"));
    house.change(move |desk| {
        (0..2_300).try_for_each(|n| {
            let (name, owner) = (format!("客户{n:04}"), format!("#{from}"));
            let input = Input::from([("name", name.as_str()), ("owner", owner.as_str())]);
            desk.create("customer", &input).map(drop)
        })
    });
    let held = |user: i64| {
        house.system(move |desk| desk.count("customer", &Query::parse(&format!("owner=%23{user}")).unwrap()))
    };
    let before = (held(from), held(to));

    let form = [("_filter", &*format!("owner=%23{from}")), ("to", &*format!("#{to}")), ("reason", "离职")];
    let ((status, text), said) = house.post("何振邦", "/customer/transfer", &form);

    assert_eq!(status, 200, "{text}");
    assert!(said.contains("2,302"), "{said}");
    assert_eq!((before.0, held(from), held(to)), (2_302, 0, before.1 + 2_302));
}

#[test]
fn the_use_of_a_limit_is_a_meter_that_warns_from_85_percent_and_is_red_above_it() {
    let used = [("半满公司", 50_000), ("将满公司", 85_000), ("正满公司", 100_000), ("超出公司", 108_600)];
    let customers = used.map(|it| ("王海燕", it.0, "B"));
    let house = House::with(&[("何振邦", "owner")], &customers);
    for (name, balance) in used {
        let (cents, id) = (balance * 100, house.id(name));
        let sql = format!("UPDATE customer SET credit_limit = 10000000, balance = {cents} WHERE id = {id}");
        house.db.store().write(move |conn| conn.execute(&sql, &[])).unwrap();
    }
    let row = |name: &str, page: &str| {
        let row = page.split("<tr ").find(|it| it.contains(&format!(">{name}</a>"))).unwrap().to_owned();
        row.split("<td").find(|it| it.contains("ky-usage")).unwrap().to_owned()
    };

    let page = house.get("何振邦", "/customer?view=all").text();
    let alone = house.get("何振邦", "/customer?view=all&columns=name,exposure").text();
    let brief = house.get("何振邦", &format!("/palette/customer/{}", house.id("超出公司"))).text();

    let states = used.map(|it| ["is-warn", "is-bad"].map(|state| row(it.0, &page).contains(state)));
    assert_eq!(states, [[false, false], [true, false], [true, false], [false, true]]);
    assert!(row("将满公司", &page).contains("8.5") && row("将满公司", &page).contains("10.0万"), "{page}");
    assert!(row("超出公司", &page).contains("109%") && row("超出公司", &page).contains("is-tick"));
    // What is left need not be a column.
    assert!(row("超出公司", &alone).contains("109%"));
    assert!(brief.contains("ky-usage is-bad") && brief.contains("108,600.00 / 100,000.00"), "{brief}");
}

#[test]
fn a_list_with_a_wrong_address_keeps_its_filters_and_its_head() {
    let house = Listed::new();

    let (status, page) = house.get("何振邦", "/customer?nothing=1");

    assert_eq!(status, 422);
    for part in ["没有打开", "ky-filters", "data-sort=\"-exposure\"", "id=\"foot\"", "data-copy=\""] {
        assert!(page.contains(part), "{part}");
    }
}
