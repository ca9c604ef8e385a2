//! The demo company is believable, whole and the same at each run.

use std::collections::HashSet;

use base::Date;
use domain::code_tables::table;
use domain::crm::name::similar;
use domain::crm::phone;
use domain::crm::tax_number::{Verdict, check};
use domain::demo::{Demo, Lang, company};

fn demo(lang: Lang) -> Demo {
    company(lang, Date::constant(2026, 9, 17))
}

#[test]
fn it_has_the_size_that_the_tour_needs() {
    let demo = demo(Lang::Zh);

    assert_eq!(demo.departments.len(), 4);
    assert_eq!(demo.users.len(), 12);
    assert_eq!(demo.customers.len(), 300);
    assert_eq!(demo.contacts.len(), 600);
    assert_eq!(demo.products.len(), 150);
    assert_eq!(demo.customers.iter().filter(|it| it.kind == "person").count(), 12);
    assert_eq!(demo.customers.iter().filter(|it| it.owner.is_none()).count(), 46);
    assert_eq!(demo.customers.iter().filter(|it| it.closed.is_some()).count(), 5);
    assert_eq!(demo.customers.iter().filter(|it| it.parent.is_some()).count(), 3);
    assert_eq!(demo.customers.iter().filter(|it| it.handed_in && it.closed.is_none()).count(), 4);
    assert!(demo.customers.iter().filter(|it| it.key).count() >= 10);
    assert!(demo.customers.iter().filter(|it| it.address.is_empty()).count() >= 10);
}

#[test]
fn its_first_customer_is_the_one_of_the_pictures() {
    let demo = demo(Lang::Zh);
    let first = &demo.customers[0];

    assert_eq!(first.name, "北京金泰格散热器有限公司");
    assert_eq!(demo.users[first.owner.unwrap()].name, "王海燕");
    assert_eq!((first.class, first.credit_limit.to_string()), ('A', "500000.00".to_owned()));
    assert_eq!(demo.contacts[0].name, "刘建平");
    assert_eq!(phone::display(&demo.contacts[1].phone, Lang::Zh), "010-5550 4417 转 806");
    assert_eq!(first.created, Some(Date::constant(2019, 3, 12)));
}

#[test]
fn all_that_it_names_exists() {
    let demo = demo(Lang::Zh);
    let own: HashSet<_> = demo.industries.iter().map(|entry| entry.code).collect();
    let has = |code: &str, value: &str| value.is_empty() || table(code).unwrap().entry(value).is_some();

    for it in &demo.customers {
        let codes = [
            ("customer_type", &it.r#type),
            ("channel", &it.channel),
            ("customer_status", &it.status),
            ("region", &it.region),
            ("country", &it.country),
            ("size", &it.size),
            ("payment_method", &it.payment_method),
            ("source", &it.source),
            ("pool", &it.pool),
            ("close_reason", &it.close_reason),
        ];
        for (code, value) in codes {
            assert!(has(code, value), "{} {code} {value}", it.name);
        }
        assert!(own.contains(&*it.industry) || has("industry", &it.industry), "{} {}", it.name, it.industry);
    }
    assert!(demo.industries.iter().all(|it| has("industry", it.parent)));
    assert!(demo.contacts.iter().all(|it| has("position", &it.position)));
    assert!(demo.products.iter().all(|it| has("product_category", &it.category) && has("unit", &it.unit)));
}

#[test]
fn its_numbers_are_well_formed_but_for_those_that_are_to_be_found() {
    let demo = demo(Lang::Zh);
    let count = |wanted: fn(&Verdict) -> bool| {
        let numbers = demo.customers.iter().map(|it| &it.tax_number).filter(|it| !it.is_empty());
        numbers.filter(|number| wanted(&check(number))).count()
    };

    assert_eq!(count(|it| matches!(it, Verdict::Wrong(_) | Verdict::Damaged)), 3);
    assert_eq!(count(|it| *it == Verdict::Old), 2);
    assert!(count(|it| *it == Verdict::Valid) > 240);
    let phones = demo.customers.iter().map(|it| &it.phone).chain(demo.contacts.iter().map(|it| &it.mobile));
    for number in phones.filter(|it| !it.is_empty()) {
        assert_ne!(phone::display(number, Lang::Zh), *number, "{number} is no telephone number");
        assert_eq!(phone::normalise(number), *number);
    }
    let barcodes: HashSet<_> = demo.products.iter().map(|it| &it.barcode).collect();
    assert_eq!(barcodes.len(), 150);
}

#[test]
fn names_are_unique_and_two_pairs_look_alike() {
    for lang in [Lang::Zh, Lang::En] {
        let demo = demo(lang);
        let names: HashSet<_> = demo.customers.iter().map(|it| &it.name).collect();
        assert_eq!(names.len(), 300);
    }
    let demo = demo(Lang::Zh);
    let names: Vec<&str> = demo.customers.iter().map(|it| it.name.as_str()).collect();
    assert!(similar(names[0], names[21]) && similar(names[3], names[22]));
}

#[test]
fn it_is_the_same_at_each_run_and_its_dates_count_from_today() {
    let (one, two) = (demo(Lang::Zh), demo(Lang::Zh));
    let later = company(Lang::Zh, Date::constant(2026, 9, 18));

    assert_eq!(format!("{one:?}"), format!("{two:?}"));
    assert_eq!(one.customers[100].name, later.customers[100].name);
    assert_eq!(one.notes[7].date.tomorrow().unwrap(), later.notes[7].date);
    let today = Date::constant(2026, 9, 17);
    assert!(one.customers.iter().filter_map(|it| it.created).all(|date| date < today));
}

#[test]
fn in_english_it_is_english() {
    let demo = demo(Lang::En);

    assert_eq!(demo.customers[0].name, "Beijing Jintaige Radiator Co., Ltd.");
    let text = format!("{:?}", Demo { industries: Vec::new(), ..demo });
    let chinese: String =
        text.chars().filter(|c| matches!(c, '\u{3000}'..='\u{9fff}' | '\u{ff00}'..)).collect();
    assert_eq!(chinese, "");
}
