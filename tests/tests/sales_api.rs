//! Selling through the API: the names that programs rely on, and the gate in every door.

use serde_json::{Value as Json, json};
use tests::served::{Answer, House, Person, agent, answer, cookie};

const BOSS: &str = "何振邦";

fn ask(house: &House, who: &str, path: &str, body: &Json) -> (u16, Json) {
    let answer = house.send(who, &format!("/api/v1/{path}"), &body.to_string());
    (answer.status, serde_json::from_str(&answer.text()).unwrap_or_default())
}

fn patch(house: &House, who: &str, path: &str, body: &str) -> Answer {
    let request = agent().patch(format!("{}{path}", house.address)).header("cookie", cookie(who));
    answer(request.header("origin", &house.address).content_type("application/json").send(body).unwrap())
}

const PEOPLE: &[Person] = &[(BOSS, "owner"), ("王海燕", "salesperson"), ("周会计", "finance")];

fn shop() -> (House, Json) {
    let house = House::new(PEOPLE);
    let sale = stocked(&house);
    (house, sale)
}

/// A customer of 王海燕 who may owe 1,000.00, a valve at 25.00, and a sale of 44 of them.
fn stocked(house: &House) -> Json {
    let (status, customer) = ask(house, "王海燕", "customer", &json!({ "name": "北京绿暖设备有限公司" }));
    assert_eq!(status, 201, "{customer}");
    let credit = json!({ "credit_limit": "1000.00", "credit_days": 30, "reason": "合作良好" });
    let (status, set) = ask(house, "周会计", &format!("customer/{}/set_credit", customer["id"]), &credit);
    assert_eq!(status, 200, "{set}");
    let (status, valve) = ask(house, BOSS, "product", &json!({ "name": "铜球阀", "price": 25 }));
    assert_eq!(status, 201, "{valve}");
    json!({ "customer": customer["id"], "lines": [{ "product": valve["id"], "quantity": 44 }] })
}

#[test]
fn a_sale_goes_in_with_its_lines_and_comes_back_with_them() {
    let (house, sale) = shop();

    let (status, made) = ask(&house, "王海燕", "sale", &sale);

    assert_eq!(status, 201, "{made}");
    assert_eq!((made["amount"].as_str(), made["status"].as_str()), (Some("1100.00"), Some("draft")));
    let line = &made["lines"][0];
    assert_eq!((line["price"].as_str(), line["amount"].as_str()), (Some("25.00"), Some("1100.00")));
    // What came is sent back as it is: nothing changes.
    let again = patch(&house, "王海燕", &format!("/api/v1/sale/{}", made["id"]), &made.to_string());
    assert_eq!(again.status, 200, "{}", again.text());
    let again: Json = serde_json::from_str(&again.text()).unwrap();
    assert_eq!(again["lines"][0]["id"], line["id"]);
}

#[test]
fn a_refusal_carries_its_code_and_its_figures_and_the_sale_stays_held() {
    let (house, sale) = shop();
    let (_, made) = ask(&house, "王海燕", "sale", &sale);
    let at = format!("sale/{}", made["id"]);

    let (status, problem) = ask(&house, "王海燕", &format!("{at}/post"), &json!({}));

    assert_eq!((status, problem["code"].as_str()), (409, Some("credit_limit_exceeded")));
    assert_eq!((problem["over"].as_str(), problem["limit"].as_str()), (Some("100.00"), Some("1000.00")));
    let held: Json = serde_json::from_str(&house.get(BOSS, &format!("/api/v1/{at}")).text()).unwrap();
    assert_eq!(held["status"].as_str(), Some("held"));
    // The same in a batch, and nobody without the right releases it.
    let (status, batch) = ask(&house, "王海燕", "sale/post", &json!({ "ids": [made["id"]], "input": {} }));
    assert_eq!(
        (status, batch["results"][0]["problem"]["code"].as_str()),
        (200, Some("credit_limit_exceeded"))
    );
    let release = json!({ "reason": "老客户" });
    assert_eq!(ask(&house, "王海燕", &format!("{at}/release_credit"), &release).0, 403);
    assert_eq!(ask(&house, BOSS, &format!("{at}/release_credit"), &release).0, 200);
    let (status, posted) = ask(&house, "王海燕", &format!("{at}/post"), &json!({}));
    assert_eq!((status, posted["status"].as_str()), (200, Some("posted")), "{posted}");
}

#[test]
fn the_customer_tells_balance_exposure_and_what_is_available() {
    let (house, mut sale) = shop();
    sale["lines"][0]["quantity"] = 4.into();
    let (_, made) = ask(&house, "王海燕", "sale", &sale);
    assert_eq!(ask(&house, "王海燕", &format!("sale/{}/post", made["id"]), &json!({})).0, 200);

    let at = format!("/api/v1/customer/{}", made["customer"]["id"]);
    let customer: Json = serde_json::from_str(&house.get("王海燕", &at).text()).unwrap();

    let figures =
        ["balance", "exposure", "available", "overdue"].map(|it| customer[it].as_str().unwrap_or("?"));
    assert_eq!(figures, ["100.00", "100.00", "900.00", "0.00"]);
}

#[test]
fn through_whatever_door_many_post_at_once_exactly_as_many_pass_as_the_limit_allows() {
    House::on_both(PEOPLE, |house| {
        let mut sale = stocked(house);
        sale["lines"][0]["quantity"] = 4.into();
        let made = |_| ask(house, "王海燕", "sale", &sale).1["id"].as_i64().unwrap();
        let sales: Vec<i64> = (0..32).map(made).collect();

        // 100.00 each against 1,000.00: one and many, by programs and by people.
        let post = |n: usize, id: i64| match n % 4 {
            0 => {
                let (status, told) = ask(house, "王海燕", &format!("sale/{id}/post"), &json!({}));
                let held = status == 409 && told["code"] == "credit_limit_exceeded";
                assert!(status == 200 || held, "{status} {told}");
            }
            1 => {
                let many = json!({ "ids": [id], "input": {} });
                let (status, told) = ask(house, "王海燕", "sale/post", &many);
                let result = &told["results"][0];
                let held = result["problem"]["code"] == "credit_limit_exceeded";
                assert!(status == 200 && (result["ok"] == true || held), "{status} {told}");
            }
            2 => {
                let answer = house.post("王海燕", &format!("/sale/{id}/post"), &[]);
                assert!(
                    matches!(answer.status, 200 | 204 | 409 | 422),
                    "{} {}",
                    answer.status,
                    answer.text()
                );
            }
            _ => {
                let ids = id.to_string();
                let answer = house.post("王海燕", "/sale/post", &[("_ids", &ids)]);
                assert_eq!(answer.status, 200, "{}", answer.text());
            }
        };
        std::thread::scope(|scope| {
            let post = &post;
            let all: Vec<_> =
                sales.iter().enumerate().map(|(n, id)| scope.spawn(move || post(n, *id))).collect();
            all.into_iter().for_each(|it| it.join().unwrap());
        });

        let state = |id: &i64| house.get(BOSS, &format!("/api/v1/sale/{id}")).text();
        let states: Vec<Json> = sales.iter().map(|it| serde_json::from_str(&state(it)).unwrap()).collect();
        let count = |state: &str| states.iter().filter(|it| it["status"] == state).count();
        // Nobody was refused for a lock: what did not pass was held by the gate.
        assert_eq!((count("posted"), count("held")), (10, 22));
        let customer = sale["customer"].as_i64().unwrap();
        let customer: Json =
            serde_json::from_str(&house.get(BOSS, &format!("/api/v1/customer/{customer}")).text()).unwrap();
        assert_eq!(
            (customer["balance"].as_str(), customer["available"].as_str()),
            (Some("1000.00"), Some("0.00"))
        );
    });
}

#[test]
fn of_many_who_run_a_verb_on_what_all_have_read_one_does() {
    House::on_both(PEOPLE, |house| {
        let id = house.id("金泰格");
        for round in 1..=3 {
            let tag = house.get("周会计", &format!("/api/v1/customer/{id}")).header("etag").to_owned();
            let set = |n: usize| {
                let credit = json!({ "credit_limit": 100 * round + n, "reason": "合作良好" });
                let path = format!("/api/v1/customer/{id}/set_credit");
                let request = house.posts("周会计", &path).header("if-match", &tag);
                answer(request.content_type("application/json").send(credit.to_string()).unwrap()).status
            };
            let mut told: Vec<u16> = std::thread::scope(|scope| {
                let set = &set;
                let all: Vec<_> = (0..12).map(|n| scope.spawn(move || set(n))).collect();
                all.into_iter().map(|it| it.join().unwrap()).collect()
            });

            told.sort_unstable();
            assert_eq!((told[0], &told[1..]), (200, &[412; 11][..]));
        }
    });
}

#[test]
fn an_order_is_delivered_in_part_by_naming_its_lines() {
    let (house, order) = shop();
    let (_, made) = ask(&house, BOSS, "sale_order", &order);
    let at = format!("sale_order/{}", made["id"]);
    ask(
        &house,
        "周会计",
        &format!("customer/{}/set_credit", order["customer"]),
        &json!({ "credit_limit": 5000, "reason": "旺季" }),
    );
    let (status, checked) = ask(&house, BOSS, &format!("{at}/check"), &json!({}));
    assert_eq!(status, 200, "{checked}");
    let line = &made["lines"][0]["id"];
    let deliver = |lines: Json| ask(&house, BOSS, &format!("{at}/deliver"), &json!({ "lines": lines }));

    let (status, left) = deliver(json!([{ "line": line, "quantity": 40 }]));
    let (beyond, problem) = deliver(json!([{ "line": line, "quantity": "4.5" }]));
    let (wrong, fault) = deliver(json!([{ "line": line, "quantity": "viel" }, { "colour": "red" }]));

    assert_eq!((status, left["rest"].as_str()), (200, Some("100.00")), "{left}");
    assert_eq!((beyond, problem["code"].as_str()), (409, Some("over_delivery")), "{problem}");
    let faults = fault["fields"].as_object().unwrap();
    let places = ["lines.0.quantity", "lines.1.colour", "lines.1.line"];
    assert!(wrong == 422 && places.iter().all(|it| faults.contains_key(*it)), "{fault}");
    let unknown = ask(&house, BOSS, &format!("{at}/deliver"), &json!({ "rows": { "goods": [] } }));
    assert_eq!(unknown.0, 422, "{}", unknown.1);
    // In the dialog, what is open stands ready to be changed.
    let dialog = house.get(BOSS, &format!("/{at}/deliver")).text();
    for part in ["铜球阀", "name=\"lines.0.quantity\"", "value=\"4\""] {
        assert!(dialog.contains(part), "{part}: {dialog}");
    }
    let id = line.to_string();
    let (of, many) = (format!("#{id}"), "3".to_owned());
    let sent =
        house.post(BOSS, &format!("/{at}/deliver"), &[("lines.0.line", &*of), ("lines.0.quantity", &*many)]);
    assert_eq!(sent.status, 200, "{}", sent.text());
    let more =
        house.post(BOSS, &format!("/{at}/deliver"), &[("lines.0.line", &*of), ("lines.0.quantity", "9")]);
    assert!(more.status == 409 && more.text().contains("value=\"9\""), "{}", more.text());
    // Lines that come as plain text are none.
    let plain = house.post(BOSS, &format!("/{at}/deliver"), &[("lines", "[[]]")]);
    assert_eq!(plain.status, 422, "{}", plain.text());
    let (_, done) = ask(&house, BOSS, &format!("{at}/deliver"), &json!({}));
    assert_eq!(done["status"].as_str(), Some("done"), "{done}");
}

#[test]
fn an_entry_that_is_called_by_a_link_is_not_found_by_a_text() {
    House::on_both(PEOPLE, |house| {
        let sale = stocked(house);
        let receipt = json!({ "customer": sale["customer"], "amount": "10" });
        let (_, receipt) = ask(house, "周会计", "receipt", &receipt);
        let at = format!("receipt/{}", receipt["id"]);
        assert_eq!(ask(house, "周会计", &format!("{at}/post"), &json!({})).0, 200);

        let asked = json!({ "allocation": "a text", "reason": "记错" });
        let (status, problem) = ask(house, "周会计", &format!("{at}/unallocate"), &asked);

        assert_eq!(
            (status, problem["fields"]["allocation"]["code"].as_str()),
            (422, Some("unknown_record")),
            "{problem}"
        );
    });
}

#[test]
fn an_order_of_whoever_is_overdue_or_blacklisted_is_held_by_programs_and_pages_alike() {
    House::on_both(PEOPLE, |house| {
        let mut order = stocked(house);
        order["lines"][0]["quantity"] = 4.into();
        let customer = format!("customer/{}", order["customer"]);
        let opening = json!({ "customer": order["customer"], "date": "2026-01-01", "due": "2026-01-02", "amount": 5000 });
        let (_, opening) = ask(house, "周会计", "receivable_opening", &opening);
        assert_eq!(
            ask(house, "周会计", &format!("receivable_opening/{}/post", opening["id"]), &json!({})).0,
            200
        );

        for gravest in ["overdue", "blacklisted"] {
            let made = || ask(house, "王海燕", "sale_order", &order).1["id"].as_i64().unwrap();
            let [program, page, many] = [(); 3].map(|()| made());
            let (status, told) = ask(house, "王海燕", &format!("sale_order/{program}/check"), &json!({}));
            assert_eq!((status, told["code"].as_str()), (409, Some(gravest)), "{told}");
            // Every rule that refuses is named, and the figures stand beside them.
            let reasons: Vec<_> = told["reasons"].as_array().unwrap().iter().map(|it| &it["code"]).collect();
            assert_eq!(reasons.len(), if gravest == "overdue" { 2 } else { 3 }, "{told}");
            assert!(reasons.iter().any(|it| **it == "credit_limit_exceeded"), "{told}");
            assert_eq!(told["overdue"].as_str(), Some("5000.00"));
            let answer = house.post("王海燕", &format!("/sale_order/{page}/check"), &[]);
            assert!(matches!(answer.status, 200 | 409), "{} {}", answer.status, answer.text());
            let (_, told) = ask(house, "王海燕", "sale_order/check", &json!({ "ids": [many], "input": {} }));
            assert_eq!(told["results"][0]["problem"]["code"].as_str(), Some(gravest), "{told}");
            for id in [program, page, many] {
                let state = house.get(BOSS, &format!("/api/v1/sale_order/{id}")).text();
                assert!(state.contains("\"status\":\"held\""), "{state}");
            }
            ask(house, "周会计", &format!("{customer}/blacklist"), &json!({ "reason": "支票退票" }));
        }
    });
}
