//! What each released version has left comes into the present program, and goes back to that version.
//!
//! `make fixture` writes what this version leaves, `tests/fixtures/<version>/company.tar.gz`: the backup of a company
//! with at least one row in every table. Before a release it is written anew, afterwards never.

use std::path::{Path, PathBuf};

use app::house;
use model::schema::parse;
use model::system::{Access, Attachment, ImportBatch, ImportProfile, Token};
use model::{Actor, Desk, Door, Id, Input, Lang, Query, Result, Stamp};
use store::archive::{self, backup, restore};
use store::{Address, Db, Plan, Settings, Store, files, verify};
use tests::stores;

const ATTACHED: Option<&str> = Some("SELECT DISTINCT hash FROM attachment");

/// One of everything that a person enters, in the order in which it can be.
const RECORDS: &[(&str, &[(&str, &str)])] = &[
    ("department", &[("name", "恒联暖通"), ("kind", "company")]),
    ("department", &[("name", "华北销售部"), ("above", "恒联暖通")]),
    ("role", &[("code", "salesperson"), ("name", "业务员"), ("name_en", "Salesperson")]),
    ("user", &[("login", "haiyan"), ("name", "王海燕"), ("department", "华北销售部")]),
    ("user_role", &[("user", "haiyan"), ("role", "业务员")]),
    ("session", &[("user", "haiyan")]),
    ("code_entry", &[("list", "industry"), ("code", "F"), ("name", "批发"), ("name_en", "Wholesale")]),
    ("code_entry", &[("list", "industry"), ("code", "F51"), ("name", "暖通批发"), ("above", "F")]),
    ("code_entry", &[("list", "country"), ("code", "CN"), ("name", "中国")]),
    ("code_entry", &[("list", "relation_type"), ("code", "sister"), ("name", "兄弟公司")]),
    ("code_entry", &[("list", "money_account"), ("code", "bank"), ("name", "工行")]),
    ("parameter", &[("name", "company_name"), ("value", "恒联暖通器材有限公司")]),
    ("number_rule", &[("entity", "customer"), ("pattern", "KH-{4}")]),
    ("custom_field", &[("entity", "customer"), ("field", "x_tea"), ("name", "茶"), ("in_list", "true")]),
    (
        "customer",
        &[("name", "北京金泰格散热器有限公司"), ("owner", "haiyan"), ("industry", "F51"), ("x_tea", "龙井")],
    ),
    ("customer", &[("name", "Harbour \"Heating\" Ltd"), ("parent", "#1"), ("remark", "a\nb\t\\ 😀")]),
    ("contact", &[("customer", "#1"), ("name", "单雄信"), ("mobile", "139 1000 4417")]),
    ("address", &[("customer", "#1"), ("address", "大兴区工业路 1 号")]),
    ("relation", &[("customer", "#1"), ("other", "#2"), ("relation", "sister")]),
    ("product", &[("name", "钢制板式散热器"), ("price", "128.5")]),
    ("note", &[("entity", "customer"), ("record", "1"), ("text", "只收现金")]),
    ("tag", &[("entity", "customer"), ("record", "1"), ("name", "展会")]),
    ("follower", &[("entity", "customer"), ("record", "1"), ("user", "haiyan")]),
    ("team", &[("entity", "customer"), ("record", "2"), ("user", "haiyan")]),
    ("saved_view", &[("entity", "customer"), ("name", "批发"), ("query", "industry=F"), ("user", "haiyan")]),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn connect(address: &Address, plan: &Plan, data: &Path) -> Store {
    store::open(address, Settings::of(address.dialect()), plan, data).expect("the database opens")
}

/// What is done in a trade: entity, fields, the lines' entity with one line, verbs with what they ask.
type Deal = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
    Line,
    &'static [(&'static str, Line)],
);
type Line = &'static [(&'static str, &'static str)];

const VALVE: Line = &[("product", "#1"), ("quantity", "4")];
const TRADE: &[Deal] = &[
    ("warehouse", &[("name", "主仓")], "", &[], &[]),
    ("credit_rule", &[("moment", "sale.post")], "", &[], &[]),
    (
        "stock_in",
        &[],
        "stock_in_line",
        &[("product", "#1"), ("quantity", "20"), ("cost", "70")],
        &[("post", &[])],
    ),
    ("price_list", &[("name", "经销价")], "price_list_line", &[("product", "#1"), ("price", "120")], &[]),
    ("sale_order", &[("customer", "#1")], "sale_order_line", VALVE, &[("check", &[])]),
    ("sale", &[("customer", "#1")], "sale_line", VALVE, &[("post", &[])]),
    (
        "sale_return",
        &[("customer", "#1")],
        "sale_return_line",
        &[("product", "#1"), ("quantity", "1")],
        &[("post", &[])],
    ),
    ("receipt", &[("customer", "#1"), ("amount", "1000")], "", &[], &[("post", &[])]),
    ("refund", &[("customer", "#1"), ("amount", "10")], "", &[], &[("post", &[])]),
    ("receivable_opening", &[("customer", "#2"), ("amount", "88")], "", &[], &[("post", &[])]),
    ("cash_move", &[("kind", "opening"), ("account", "bank"), ("amount", "5000")], "", &[], &[("post", &[])]),
    ("stock_count", &[], "stock_count_line", &[("product", "#1"), ("quantity", "16")], &[("post", &[])]),
    (
        "statement",
        &[("customer", "#1"), ("first", "2026-01-01")],
        "",
        &[],
        &[("issue", &[]), ("send", &[("days", "7")])],
    ),
    ("bank_line", &[("payer", "北京金泰格"), ("amount", "50"), ("date", "2026-11-20")], "", &[], &[]),
];

/// Buys, sells, is paid, and says what is owed.
fn trade(desk: &mut Desk) -> Result<()> {
    let input = |fields: Line| fields.iter().copied().collect::<Input>();
    let credit = [("credit_limit", "5000"), ("credit_days", "30"), ("reason", "老客户")];
    desk.run("customer", 1, "set_credit", &Input::from(credit))?;
    let more = [("amount", "100"), ("to", "2099-12-31"), ("reason", "旺季")];
    desk.run("customer", 1, "grant_temporary", &Input::from(more))?;
    for (entity, fields, of, line, verbs) in TRADE {
        let mut head = input(fields);
        if !of.is_empty() {
            head.rows.insert((*of).to_owned(), vec![input(line)]);
        }
        let id = desk.create(entity, &head)?;
        for (verb, asked) in *verbs {
            desk.run(entity, id, verb, &input(asked))?;
        }
    }
    Ok(())
}

/// What the program writes by itself.
fn works(desk: &mut Desk, hash: &str, size: i64) -> Result<()> {
    let (user, text, stamp) = (Id::of(1), str::to_owned, Stamp::default);
    desk.queue("backup", &serde_json::json!({}), 0, None)?;
    let tx = desk.trusted();
    tx.save(&mut Token {
        id: Id::NEW,
        name: text("官网"),
        user,
        token: text("hash"),
        expires: None,
        seen: None,
        closed: true,
        stamp: stamp(),
    })?;
    tx.save(&mut Attachment {
        id: Id::NEW,
        entity: text("customer"),
        record: 1,
        name: text("合同.txt"),
        hash: text(hash),
        size,
        mime: text("text/plain"),
        stamp: stamp(),
    })?;
    tx.save(&mut ImportBatch {
        id: Id::NEW,
        file: text("客户.csv"),
        entity: text("customer"),
        user: Some(user),
        plan: text("{}"),
        headers: text("[]"),
        created_rows: 1,
        updated_rows: 0,
        same_rows: 0,
        skipped_rows: 0,
        refused_rows: 0,
        undone: false,
        stamp: stamp(),
    })?;
    tx.save(&mut ImportProfile {
        id: Id::NEW,
        entity: text("customer"),
        name: text("展会名单"),
        profile: text(
            r#"{"zh":"展会名单","en":"展会名单","entity":"customer","columns":{"公司":{"to":"name"}},"keys":[],"defaults":{},"duplicates":"new","history":false,"create":[],"opposite":null}"#,
        ),
        user: Some(user),
        stamp: stamp(),
    })?;
    tx.save(&mut Access {
        id: Id::NEW,
        user: Some(user),
        kind: text("export"),
        entity: text("customer"),
        query: text("industry=F"),
        rows: 1,
        stamp: stamp(),
    })?;
    Ok(())
}

/// Writes what this version leaves.
fn leave(to: &Path) {
    let (data, plan) = (tempfile::tempdir().unwrap(), house::plan().unwrap());
    let (hash, size) = files::put(&data.path().join("files"), &mut "一份合同".as_bytes()).unwrap();
    let address = Address::of(data.path(), None);
    let db = Db::new(connect(&address, &plan, data.path()), domain::REGISTRY);
    let system = Actor::system(Door::System, Lang::Zh);
    for (entity, fields) in RECORDS {
        let input = fields.iter().copied().collect::<Input>();
        let made = db.write(&system, move |desk| desk.create(entity, &input));
        made.unwrap_or_else(|error| panic!("{entity}: {error:?}"));
    }
    db.write(&system, trade).unwrap();
    db.write(&system, move |desk| works(desk, &hash, size as i64)).unwrap();

    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    let left = backup(db.store(), &plan, Some(&data.path().join("files")), to).unwrap();

    let empty: Vec<_> = left.tables.iter().filter(|it| it.1.rows == 0).map(|it| it.0).collect();
    assert!(empty.is_empty(), "tables without a row: {empty:?}");
}

/// The version after the program's, so that what the present one left is upgraded too: a new table, and every text index
/// made anew, as an old program's index is in no archive.
fn tomorrow(present: &Plan) -> Plan {
    let mut plan = present.clone();
    let schema = plan.schema(plan.version()).unwrap();
    let mut text = String::from("create table tomorrow\n  id id\n");
    for table in schema.tables.iter().filter(|it| !it.search.is_empty()) {
        text.push_str(&format!("search {} {}\n", table.name, table.search.join(" ")));
    }
    plan.versions.push(parse(&text).unwrap());
    plan
}

#[test]
fn what_each_released_version_left_is_upgraded_and_goes_back() {
    let own = folder().join(env!("CARGO_PKG_VERSION")).join("company.tar.gz");
    if std::env::var_os("KEYUAN_FIXTURE").is_some() {
        leave(&own);
    }
    assert!(own.exists(), "this version has left nothing: run make fixture");
    let present = house::plan().unwrap();
    let tomorrow = tomorrow(&present);

    for version in std::fs::read_dir(folder()).unwrap() {
        let left = version.unwrap().path().join("company.tar.gz");
        let version = archive::check(&left, &present).unwrap_or_else(|it| panic!("{left:?}: {it:?}")).version;
        let then = Plan { versions: present.versions[..version].to_vec(), index: |_, _| Ok(()) };
        stores(|address| {
            let data = tempfile::tempdir().unwrap();
            let kept = data.path().join("files");
            let copy = |name: &str, plan: &Plan| {
                let db = connect(address, plan, data.path());
                let copy = backup(&db, plan, Some(&kept), &data.path().join(name)).unwrap();
                db.close();
                copy
            };

            // A backup of that time comes into the present program.
            restore(&left, address, &present, Some(&kept), false).unwrap();
            let db = Db::new(connect(address, &present, data.path()), domain::REGISTRY);
            assert_eq!(
                verify(db.store(), &present, Some(domain::REGISTRY), Some(&kept), ATTACHED).unwrap(),
                []
            );
            let query = Query { q: "bjjtg".into(), ..Query::default() };
            let system = Actor::system(Door::System, Lang::Zh);
            assert_eq!(db.read(&system, |desk| desk.count("customer", &query)), Ok(1));
            db.store().close();

            // A database of that time is upgraded where it lies, after a snapshot, and goes back to it.
            restore(&left, address, &then, Some(&kept), true).unwrap();
            let before = copy("before.tar.gz", &then);
            let db = connect(address, &tomorrow, data.path());
            assert_eq!(verify(&db, &tomorrow, Some(domain::REGISTRY), Some(&kept), ATTACHED).unwrap(), []);
            db.close();
            let mut snapshots = std::fs::read_dir(data.path().join("snapshots")).unwrap();
            store::go_back(&snapshots.next().unwrap().unwrap().path(), address, &then).unwrap();
            assert!(before.same_content(&copy("after.tar.gz", &then)), "{left:?}");
        });
    }
}
