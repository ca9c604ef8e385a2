//! The statement of account (issue 3): frozen when it is issued, sent as a link, confirmed or disputed line by line by
//! somebody without an account; and that a link shows that one record and nothing else.

use std::sync::Arc;

use model::system::{Link, hashed};
use model::{Actor, Door, Error, Input, Lang, Query, Rights, Value};
use tests::served::{Answer, House, Served, agent, answer};
use tests::shop::Shop;
use tests::{code, databases};

fn statement(shop: &Shop, first: &str) -> i64 {
    let input = Input::from([("customer", format!("#{}", shop.customer)), ("first", first.to_owned())]);
    shop.world.act("周会计", move |desk| desk.create("statement", &input)).unwrap()
}

fn issued(shop: &Shop) -> i64 {
    let id = statement(shop, "2020-01-01");
    shop.run("周会计", "statement", id, "issue", Input::default()).unwrap();
    id
}

/// The token of the link that sending makes.
fn sent(shop: &Shop, id: i64, days: &str) -> model::Result<String> {
    let asked = Input::from([("days", days)]);
    let link = shop.world.act("周会计", move |desk| {
        desk.run("statement", id, "send", &asked)?;
        Ok(desk.invitation())
    })?;
    Ok(link.expect("the address is told").trim_start_matches("/s/").to_owned())
}

/// Whoever holds the link.
fn guest(shop: &Shop, token: &str) -> Actor {
    let hash = hashed(token);
    let link: Link = shop
        .world
        .look("何振邦", |desk| desk.trusted().first(&[("token", hash.into())]))
        .unwrap()
        .expect("a link of that token");
    Actor {
        door: Door::Link,
        user: 0,
        department: 0,
        lang: Lang::Zh,
        rights: Arc::new(Rights::of_link(&link)),
    }
}

fn as_guest(
    shop: &Shop,
    guest: &Actor,
    entity: &'static str,
    id: i64,
    verb: &'static str,
    asked: Input,
) -> model::Result<()> {
    shop.world.db.write(guest, move |desk| desk.run(entity, id, verb, &asked))
}

fn figures(shop: &Shop, id: i64) -> [i64; 4] {
    ["opening", "charged", "paid", "closing"].map(|it| shop.value("statement", id, it).int())
}

#[test]
fn a_statement_says_what_passed_in_its_period_with_a_running_balance() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.credit("1000", "3650");
        for (day, count) in [("2026-05-30", 1), ("2026-06-02", 2), ("2026-06-20", 4)] {
            let sale = shop.draft_on(Some(day), count);
            shop.run("王海燕", "sale", sale, "post", Input::default()).unwrap();
        }
        let receipt = [("amount", "30"), ("date", "2026-06-10")];
        let mut receipt: Input = Input::from(receipt);
        receipt.set("customer", format!("#{}", shop.customer));
        let receipt = shop.world.act("周会计", move |desk| desk.create("receipt", &receipt)).unwrap();
        shop.run("周会计", "receipt", receipt, "post", Input::default()).unwrap();
        let id = statement(&shop, "2026-06-01");

        shop.run("周会计", "statement", id, "issue", Input::default()).unwrap();

        assert_eq!(figures(&shop, id), [2_500, 15_000, 3_000, 14_500]);
        let lines = shop.world.look("王海燕", |desk| {
            let (of, line) = (desk.entity("statement")?, desk.entity("statement_line")?);
            desk.rows_of(of, id, line)
        });
        let lines = lines.unwrap();
        let ints =
            |name: &str| lines.iter().map(|it| it.value(name).map_or(0, Value::int)).collect::<Vec<_>>();
        assert_eq!(ints("balance"), [7_500, 4_500, 14_500]);
        assert_eq!((ints("charge"), ints("payment")), (vec![5_000, 0, 10_000], vec![0, 3_000, 0]));
        // The oldest, from before the period, took 25.00 of the receipt.
        assert_eq!(ints("open"), [4_500, 0, 10_000]);
        assert!(lines[0].value("document").unwrap().text().starts_with("XS-"));
        assert_eq!(shop.value("statement", id, "name").text(), "北京金泰格散热器有限公司");
        let parts = shop.world.look("周会计", |desk| {
            desk.trusted().get::<domain::Statement>(model::Id::of(id)).map(|it| it.ages())
        });
        assert_eq!(parts.unwrap().iter().map(|it| it.0).sum::<i64>(), 14_500);
    });
}

#[test]
fn what_is_entered_later_changes_no_statement() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.sold(4);
        let id = issued(&shop);

        let ages = || {
            let it = |desk: &mut model::Desk| desk.trusted().get::<domain::Statement>(model::Id::of(id));
            shop.world.look("周会计", it).unwrap().ages().map(|it| it.0)
        };
        shop.sold(2);
        shop.received("30", None);
        let changed = shop.world.act("周会计", move |desk| {
            desk.update("statement", id, None, &Input::from([("first", "2021-01-01")]))
        });

        assert_eq!(figures(&shop, id), [0, 10_000, 0, 10_000]);
        assert_eq!(ages(), [10_000, 0, 0, 0, 0]);
        assert_eq!(code(changed), "wrong_state");
        assert_eq!(code(shop.run("周会计", "statement", id, "issue", Input::default())), "wrong_state");
    });
}

#[test]
fn a_statement_of_nothing_or_of_a_period_that_ends_before_it_begins_is_refused() {
    databases(|db| {
        let shop = Shop::new(db);
        let nothing = statement(&shop, "2026-01-01");
        let mut input = Input::from([("first", "2026-06-02"), ("last", "2026-06-01")]);
        input.set("customer", format!("#{}", shop.customer));

        let backwards = shop.world.act("周会计", move |desk| desk.create("statement", &input));
        // Its lines are the program's to write.
        let mut line = Input::default();
        line.rows.insert("statement_line".into(), vec![Input::default()]);
        let line = shop.world.act("周会计", move |desk| desk.update("statement", nothing, None, &line));

        assert_eq!(code(shop.run("周会计", "statement", nothing, "issue", Input::default())), "no_lines");
        assert_eq!((code(backwards), code(line)), ("out_of_range", "unknown_field"));
    });
}

#[test]
fn the_customer_disputes_a_line_by_the_link_withdraws_that_and_confirms() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.sold(4);
        shop.sold(2);
        let id = issued(&shop);
        let guest = guest(&shop, &sent(&shop, id, "7").unwrap());
        let says = Input::from([("objection", "少到 2 个")]);
        let name = Input::from([("signer", "邵慧琴")]);
        let status = || shop.value("statement", id, "status").text().to_owned();
        assert_eq!(status(), "sent");

        as_guest(&shop, &guest, "statement_line", 2, "dispute", says.clone()).unwrap();
        let early = as_guest(&shop, &guest, "statement", id, "confirm", name.clone());
        assert_eq!((code(early), status().as_str()), ("wrong_state", "disputed"));
        assert_eq!(shop.value("statement", id, "disputed"), Value::Int(5_000));
        // The salesperson who looks after the customer is reminded, nobody else's.
        let seen = |who: &str| {
            let query = Query::parse("status=disputed").unwrap();
            shop.world.look(who, |desk| desk.count("statement", &query)).unwrap()
        };
        assert_eq!(["王海燕", "赵敏", "周会计"].map(seen), [1, 0, 1]);

        as_guest(&shop, &guest, "statement_line", 2, "withdraw", Input::default()).unwrap();
        as_guest(&shop, &guest, "statement_line", 1, "dispute", says.clone()).unwrap();
        shop.run("周会计", "statement", id, "resolve", Input::from([("result", "补发 2 个")])).unwrap();
        let nameless = as_guest(&shop, &guest, "statement", id, "confirm", Input::default());
        as_guest(&shop, &guest, "statement", id, "confirm", name).unwrap();
        let late = as_guest(&shop, &guest, "statement_line", 2, "dispute", says);

        assert_eq!((code(nameless), code(late), status().as_str()), ("required", "wrong_state", "confirmed"));
        // Nothing is left to press.
        let lines = db.read(&guest, |desk| {
            let (of, line) = (desk.entity("statement")?, desk.entity("statement_line")?);
            desk.rows_of(of, id, line)
        });
        assert!(lines.unwrap().iter().flat_map(|it| &it.verbs).all(|it| it.unless.is_some()));
        assert_eq!(shop.value("statement", id, "signer").text(), "邵慧琴");
        let history = shop.world.look("周会计", |desk| desk.history("statement", id)).unwrap();
        assert!(history.iter().any(|it| it.kind == "confirm" && it.door == "link" && it.user == 0));
    });
}

#[test]
fn a_statement_of_which_every_line_is_right_is_confirmed() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.sold(4);
        shop.sold(2);
        shop.received("30", None);
        let id = issued(&shop);
        let guest = guest(&shop, &sent(&shop, id, "7").unwrap());
        let say = |line: i64, verb: &'static str| {
            let asked = Input::from([("objection", "少到 2 个")]);
            let asked = if verb == "dispute" { asked } else { Input::default() };
            as_guest(&shop, &guest, "statement_line", line, verb, asked)
        };
        let status = || shop.value("statement", id, "status").text().to_owned();

        say(1, "agree").unwrap();
        say(2, "dispute").unwrap();
        say(3, "agree").unwrap();
        let twice = say(3, "agree");
        assert_eq!((code(twice), status().as_str()), ("wrong_state", "disputed"));
        // What was pressed by mistake is taken back.
        say(3, "withdraw").unwrap();
        say(2, "agree").unwrap();
        assert_eq!(status(), "issued");
        assert_eq!(shop.value("statement", id, "disputed"), Value::Null);

        say(3, "agree").unwrap();

        assert_eq!(status(), "confirmed");
        let late = ["agree", "dispute", "withdraw"].map(|verb| code(say(2, verb)));
        assert_eq!(late, ["wrong_state"; 3]);
        let again = as_guest(&shop, &guest, "statement", id, "confirm", Input::from([("signer", "邵慧琴")]));
        assert_eq!(code(again), "wrong_state");
    });
}

#[test]
fn a_link_shows_its_record_and_does_what_it_says_and_nothing_else() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.sold(4);
        let (id, other) = (issued(&shop), issued(&shop));
        let guest = guest(&shop, &sent(&shop, id, "7").unwrap());
        let look =
            |entity: &'static str, id: i64| db.read(&guest, move |desk| desk.get(entity, id).map(drop));
        let count = |entity: &'static str| db.read(&guest, move |desk| desk.count(entity, &Query::default()));
        let run = |entity, id, verb| as_guest(&shop, &guest, entity, id, verb, Input::default());

        look("statement", id).unwrap();
        assert_eq!(count("statement").unwrap(), 1);
        let all: Vec<&str> = domain::REGISTRY.all().map(|it| it.code).collect();
        for entity in all.into_iter().filter(|it| !matches!(*it, "statement" | "statement_line")) {
            assert!(matches!(count(entity), Err(Error::NotFound { .. })), "{entity}");
            assert_eq!(code(look(entity, 1)), "not_found", "{entity}");
        }
        assert_eq!(code(look("statement", other)), "not_found");
        let not_theirs = ["issue", "send", "resolve"].map(|verb| code(run("statement", id, verb)));
        assert_eq!(not_theirs, ["forbidden"; 3]);
        let lines = db.read(&shop.world.system, |desk| desk.ids("statement_line", &Query::default(), 0, 9));
        let foreign = lines.unwrap().into_iter().last().unwrap();
        let objection = Input::from([("objection", "不对")]);
        let theirs = as_guest(&shop, &guest, "statement_line", foreign, "dispute", objection);
        assert_eq!(code(theirs), "not_found");
        let write =
            db.write(&guest, move |desk| desk.update("statement", id, None, &Input::from([("remark", "x")])));
        let note = [("entity", "statement".to_owned()), ("record", id.to_string()), ("text", "x".into())];
        let note = db.write(&guest, move |desk| desk.create("note", &Input::from(note.clone())));
        assert_eq!((code(write), code(note)), ("forbidden", "not_found"));
    });
}

#[test]
fn a_new_link_ends_the_one_before_and_its_days_have_a_bound() {
    databases(|db| {
        let shop = Shop::new(db);
        shop.sold(4);
        let id = issued(&shop);
        let first = sent(&shop, id, "7").unwrap();

        let second = sent(&shop, id, "30").unwrap();
        let [forever, never] = ["91", "0"].map(|days| code(sent(&shop, id, days)));

        assert_eq!((forever, never), ("out_of_range", "out_of_range"));
        assert_eq!((first.len(), second.len()), (32, 32));
        let closed = |token: &str| {
            let hash = hashed(token);
            let found: Option<Link> =
                shop.world.look("何振邦", |desk| desk.trusted().first(&[("token", hash.into())])).unwrap();
            found.map(|it| it.closed)
        };
        assert_eq!((closed(&first), closed(&second)), (Some(true), Some(false)));
        shop.run("周会计", "statement", id, "revoke", Input::default()).unwrap();
        assert_eq!(closed(&second), Some(true));
        assert_eq!(code(shop.run("周会计", "statement", id, "revoke", Input::default())), "wrong_state");
        assert_eq!(code(shop.run("王海燕", "statement", id, "resolve", Input::default())), "forbidden");
    });
}

/// A served house with a statement of two sales that is issued.
fn house() -> House {
    let people =
        [("周会计", "finance"), ("王海燕", "salesperson"), ("赵敏", "salesperson"), ("何振邦", "owner")];
    let house = House::new(Box::leak(Box::new(people)));
    house.change(|desk| {
        desk.create("product", &Input::from([("name", "铜球阀"), ("price", "25"), ("tax_rate", "0.13")]))?;
        let query = Query { q: "金泰格".into(), ..Default::default() };
        let customer = desk.ids("customer", &query, 0, 1)?[0];
        let credit = [("credit_limit", "1000"), ("credit_days", "30"), ("reason", "老客户")];
        desk.run("customer", customer, "set_credit", &Input::from(credit))?;
        for count in ["4", "2"] {
            let mut sale = Input::from([("customer", format!("#{customer}"))]);
            sale.rows
                .insert("sale_line".into(), vec![Input::from([("product", "铜球阀"), ("quantity", count)])]);
            let id = desk.create("sale", &sale)?;
            desk.run("sale", id, "post", &Input::default())?;
        }
        let period = [("customer", format!("#{customer}")), ("first", "2020-01-01".to_owned())];
        let id = desk.create("statement", &Input::from(period))?;
        desk.run("statement", id, "issue", &Input::default())
    });
    house
}

/// Sends it as its page does; the address that the dialog tells.
fn send(house: &House) -> String {
    let dialog = house.post("周会计", "/statement/1/send", &[("days", "7")]).text();
    let at = dialog.find("/s/").expect("the dialog tells the address");
    dialog[at..at + 35].to_owned()
}

#[test]
fn the_link_opens_without_an_account_takes_an_objection_and_a_confirmation() {
    let house = house();
    let at = send(&house);

    let page = house.look("", &at);
    let (text, robots) = (page.text(), page.header("x-robots-tag").to_owned());
    let objected = house.submit("", &format!("{at}/statement_line/1/dispute"), &[("objection", "没收到货")]);
    let early = house.submit("", &format!("{at}/statement/1/confirm"), &[("signer", "邵慧琴")]);
    let withdrawn = house.submit("", &format!("{at}/statement_line/1/withdraw"), &[]);
    let confirmed = house.submit("", &format!("{at}/statement/1/confirm"), &[("signer", "邵慧琴")]);

    assert_eq!((page.status, robots.as_str()), (200, "noindex"));
    for says in ["北京金泰格散热器有限公司", "XS-", "150.00", "核对相符", "有异议"] {
        assert!(text.contains(says), "{says}");
    }
    // Nothing leads from it into the house.
    assert!(!text.contains("href=\"/customer") && !text.contains("ky-side"));
    assert_eq!([&objected, &early, &withdrawn, &confirmed].map(|it| it.status), [303, 409, 303, 303]);
    assert!(house.look("", &at).text().contains("邵慧琴"));
    // Neither its verbs nor its pages open by the link's address.
    let others = ["/statement/1/send", "/statement/1/issue", "/sale/1/reverse"];
    let answers = others.map(|it| house.submit("", &format!("{at}{it}"), &[]).status);
    assert_eq!(answers, [403, 403, 404]);
}

/// What a visitor can tell two answers apart by.
fn told(answer: &Answer) -> (u16, String) {
    (answer.status, answer.text())
}

#[test]
fn a_guessed_an_expired_and_a_revoked_link_get_the_same_plain_answer() {
    let house = house();
    let revoked = send(&house);
    assert_eq!(house.post("周会计", "/statement/1/revoke", &[]).status, 200);
    let expired = send(&house);
    house.change(|desk| {
        let tx = desk.trusted();
        let link: Link = tx.first(&[("closed", 0.into())])?.expect("the second link");
        tx.touch(link.id, "expires", "2020-01-01T00:00:00.000Z".into())
    });

    let guessed = told(&house.look("", "/s/00000000000000000000000000000000"));

    assert_eq!(guessed.0, 404);
    assert!(guessed.1.contains("链接无效") && guessed.1.contains("新的"));
    assert_eq!(told(&house.look("", &revoked)), guessed);
    assert_eq!(told(&house.look("", &expired)), guessed);
    let written = house.submit("", &format!("{expired}/statement/1/confirm"), &[("signer", "我")]);
    assert_eq!(told(&written), guessed);
}

#[test]
fn who_guesses_links_is_made_to_wait() {
    let house = house();
    let at = send(&house);
    assert_eq!(house.look("", &at).status, 200);

    for n in 0..20 {
        house.look("", &format!("/s/{n:032}"));
    }

    assert_eq!(house.look("", &at).status, 404);
}

#[test]
fn who_holds_a_link_and_says_too_much_is_made_to_wait() {
    let house = house();
    let at = send(&house);
    let says = |verb: &str, form: &[(&str, &str)]| {
        house.submit("", &format!("{at}/statement_line/1/{verb}"), form).status
    };

    for _ in 0..120 {
        assert_eq!((says("dispute", &[("objection", "没收到货")]), says("withdraw", &[])), (303, 303));
    }

    assert_eq!(says("dispute", &[("objection", "没收到货")]), 429);
    // To look at it is free, and another link is another's.
    assert_eq!(house.look("", &at).status, 200);
    let other = send(&house);
    assert_eq!(
        house.submit("", &format!("{other}/statement/1/confirm"), &[("signer", "邵慧琴")]).status,
        303
    );
}

#[test]
fn links_that_do_not_hold_are_counted() {
    let house = house();

    for n in 0..3 {
        house.look("", &format!("/s/{n:032}"));
    }

    let figures = house.look("", "/metrics").text();
    assert!(figures.contains("keyuan_missed_links_total 3\n"), "{figures}");
}

#[test]
fn who_guesses_links_behind_a_proxy_is_known_by_the_line_that_the_proxy_added() {
    let house = house();
    let at = send(&house);
    let served = Served::behind_proxy(&house.db, house.folder.path());
    let look = |path: &str, says: &str| {
        let request = agent().get(format!("{}{path}", served.address)).header("x-forwarded-for", says);
        answer(request.header("x-forwarded-for", "10.0.0.1, 203.0.113.7").call().unwrap()).status
    };
    assert_eq!(look(&at, "198.51.100.1"), 200);

    for n in 0..20 {
        look(&format!("/s/{n:032}"), &format!("198.51.100.{n}"));
    }

    assert_eq!(look(&at, "198.51.100.99"), 404);
}

#[test]
fn no_token_of_a_link_stands_among_the_problems() {
    let house = house();
    let at = send(&house);
    let paths = ["/sale/1/reverse", "/statement/x/confirm", "/nowhere"];
    assert_eq!(paths.map(|it| house.submit("", &format!("{at}{it}"), &[]).status), [404; 3]);

    let page = house.get("何振邦", "/settings/problems").text();

    for path in paths {
        assert!(page.contains(&format!("/s/…{path}")), "{path}: {page}");
    }
    assert!(!page.contains(at.trim_start_matches("/s/")));
}

#[test]
fn a_link_is_made_for_one_statement_at_a_time() {
    let house = house();
    let many = r#"{ "ids": [1], "input": { "days": 7 } }"#;

    let refused = house.send("周会计", "/api/v1/statement/send", many);
    let one = house.send("周会计", "/api/v1/statement/1/send", r#"{ "days": 7 }"#);

    assert!(refused.status == 409 && refused.text().contains("one_at_a_time"), "{}", refused.text());
    assert!(one.status == 200 && one.text().contains("/s/"), "{}", one.text());
    let list = house.get("周会计", "/statement").text();
    assert!(list.contains("/statement/issue") && !list.contains("/statement/send"));
    assert_eq!(house.post("周会计", "/statement/send", &[("_ids", "1"), ("days", "7")]).status, 404);
}

#[test]
fn a_statement_is_printed_with_its_balance_in_capitals() {
    let house = house();

    let (status, page) = house.read("王海燕", "/statement/1/print");

    assert_eq!(status, 200);
    for says in ["客户对账单", "期初余额", "壹佰伍拾元整", "逾期 1–30 天", "客户回执", "150.00"]
    {
        assert!(page.contains(says), "{says}");
    }
    assert_eq!(house.read("赵敏", "/statement/1/print").0, 404);
}

#[test]
fn what_is_printed_of_a_statement_is_chosen_beside_it() {
    let house = house();
    let at = "/statement/1/print";
    let page = |query: &str| house.read("周会计", &format!("{at}?{query}")).1;
    let sheets = |page: &str| page.matches("<article").count();
    house.change(|desk| {
        let input = Input::from([("customer", "北京金泰格散热器有限公司"), ("amount", "100")]);
        let receipt = desk.create("receipt", &input)?;
        desk.run("receipt", receipt, "post", &Input::default())
    });

    let usual = page("");
    let bare = page("copies=1");
    let goods = page("copies=2&goods=1&due=1");
    let open = page("copies=1&only=open");

    for says in ["账龄", "客户回执", "到期日", "期初余额"] {
        assert!(usual.contains(&format!(">{says}<")), "{says}");
    }
    assert!(!bare.contains(">账龄<") && !bare.contains(">客户回执<") && !bare.contains(">到期日<"));
    assert_eq!([&usual, &bare, &goods].map(|it| sheets(it)), [1, 1, 4]);
    assert!(goods.contains("送货单明细") && goods.contains("铜球阀"));
    // A statement stands as it was issued: both sales were unpaid then.
    assert!(!open.contains("期初余额") && open.contains("150.00"));
    assert!(usual.contains("另存为 PDF"));
}
