//! One small document with lines, a gate and a ledger: what sales will stand on, proven on both databases.

use std::sync::Arc;

use model::{
    Actor, Amount, Choice, Date, Desk, Door, Entity, EntityDef, Error, Figure, Id, Input, Label, Lang, Money,
    Refusal, Registry, Result, Rights, Stamp, Tx, Value, Verbs, verbs,
};
use store::{Address, Db, Plan, Settings};
use tests::{code, stores};

/// Whom we sell to; the balance follows from the ledger.
#[derive(Debug, Entity)]
#[entity(zh = "往来", en = "Party", title = name)]
struct Party {
    id: Id<Party>,
    #[field(zh = "名称", en = "Name", required, search, list)]
    name: String,
    #[field(zh = "额度", en = "Limit", list)]
    limit: Money,
    /// Kept beside the entries, so that the gate reads one row.
    #[field(zh = "余额", en = "Owed", readonly, list, sum)]
    owed: Money,
    stamp: Stamp,
}

#[derive(Debug, Entity)]
#[entity(zh = "销售单", en = "Bill", number = "XS-{yymm}-{4}", title = number, lines = BillLine)]
#[entity(verbs = VERBS, edit = |it| it.status == Status::Draft)]
struct Bill {
    id: Id<Bill>,
    /// Given on posting, so that the posted bills count without a gap.
    #[field(zh = "单号", en = "Number", unique, readonly, list)]
    number: Option<String>,
    #[field(zh = "往来", en = "Party", required, list, filter)]
    party: Id<Party>,
    #[field(zh = "日期", en = "Day", required, list, filter)]
    day: Date,
    #[field(zh = "金额", en = "Total", readonly, list, sum)]
    total: Money,
    #[field(zh = "状态", en = "Status", readonly, list, filter)]
    status: Status,
    stamp: Stamp,
}

/// What each party owes: an entry for every bill posted or reversed.
#[derive(Debug, Entity)]
#[entity(zh = "应收", en = "Owed", title = day, ledger)]
struct Owed {
    id: Id<Owed>,
    #[field(zh = "往来", en = "Party", readonly, list, filter)]
    party: Id<Party>,
    #[field(zh = "日期", en = "Day", readonly, list, filter)]
    day: Date,
    #[field(zh = "金额", en = "Amount", readonly, list, sum)]
    amount: Money,
    #[field(zh = "销售单", en = "Bill", readonly, list)]
    bill: Id<Bill>,
    stamp: Stamp,
}

#[derive(Debug, Entity)]
#[entity(zh = "明细", en = "Line", of = bill, title = item)]
struct BillLine {
    id: Id<BillLine>,
    #[field(zh = "销售单", en = "Bill", required)]
    bill: Id<Bill>,
    #[field(zh = "商品", en = "Item", required, list)]
    item: String,
    #[field(zh = "金额", en = "Amount", required, list)]
    amount: Money,
    stamp: Stamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
enum Status {
    #[choice(zh = "草稿", en = "Draft")]
    Draft,
    #[choice(zh = "已过账", en = "Posted")]
    Posted,
    #[choice(zh = "已红冲", en = "Reversed")]
    Reversed,
}

const VERBS: Verbs<Bill> = verbs![
    post("过账", "Post", when |it| it.status == Status::Draft, else "已经过账" "Posted already"),
    reverse("红冲", "Reverse", when |it| it.status == Status::Posted, else "没有过账" "Not posted", is danger),
];

fn enter(tx: &mut Tx, bill: &Bill, day: Date, amount: Money) -> Result<()> {
    let (party, bill) = (bill.party, bill.id);
    tx.save(&mut Owed { id: Id::NEW, party, day, amount, bill, stamp: Stamp::default() })?;
    tx.add(party, "owed", amount)
}

fn post(bill: &mut Bill, tx: &mut Tx) -> Result<()> {
    // The limit is a rule over many rows: it hangs on the party's row, which is locked from here on.
    let party = tx.get(bill.party)?;
    bill.total = tx.lines(bill)?.iter().map(|line| line.amount).sum();
    let owed = party.owed;
    if owed + bill.total > party.limit {
        let says = Label { zh: "超过额度", en: "Beyond the limit" };
        let figure = |name, zh, en, amount| Figure {
            name,
            label: Label { zh, en },
            amount: Amount::Money(amount),
            group: None,
        };
        let figures = vec![
            figure("limit", "额度", "Limit", party.limit),
            figure("owed", "已欠", "Owed", owed),
            figure("asked", "本单", "Asked", bill.total),
        ];
        let refusal = Refusal {
            code: "credit_limit_exceeded",
            says: says.into(),
            figures,
            reasons: Vec::new(),
            held: false,
        };
        return Err(Error::Refused(Box::new(refusal)));
    }
    enter(tx, bill, bill.day, bill.total)?;
    bill.status = Status::Posted;
    bill.number = Some(tx.next_number::<Bill>()?);
    Ok(())
}

fn reverse(bill: &mut Bill, tx: &mut Tx) -> Result<()> {
    tx.get(bill.party)?;
    enter(tx, bill, tx.today(), -bill.total)?;
    bill.status = Status::Reversed;
    Ok(())
}

static ENTITIES: &[&EntityDef] = &[Party::DEF, Bill::DEF, BillLine::DEF, Owed::DEF];
static REGISTRY: Registry = Registry {
    reports: &[],
    profiles: &[],
    entities: &[model::system::ENTITIES, ENTITIES],
    modules: &[],
    short: |name| name,
    words: &[],
    code_tables: Vec::new,
    parameters: &[],
    presets: &[],
    seed: |_| Ok(()),
    audits: &[],
};

fn databases(test: impl Fn(&Db, &Actor)) {
    stores(|address: &Address| {
        let data = tempfile::tempdir().unwrap();
        let schema = model::schema::schema(REGISTRY).unwrap();
        let plan = Plan::of(&schema, |conn, table| model::rebuild_search(REGISTRY, conn, table));
        let store = store::open(address, Settings::of(address.dialect()), &plan, data.path()).unwrap();
        let rights = Arc::new(Rights::EVERYTHING);
        test(
            &Db::new(store, REGISTRY),
            &Actor { door: Door::System, user: 0, department: 0, lang: Lang::Zh, rights },
        );
    });
}

fn party(db: &Db, actor: &Actor, limit: &'static str) -> i64 {
    db.write(actor, move |desk| desk.create("party", &Input::from([("name", "金泰格"), ("limit", limit)])))
        .unwrap()
}

fn owed(db: &Db, actor: &Actor, party: i64) -> Money {
    let entries = |desk: &mut Desk| desk.trusted().sum::<Owed>("amount", &[("party", party.into())], None);
    let kept = db.read(actor, move |desk| desk.trusted().get(Id::<Party>::of(party))).unwrap().owed;
    assert_eq!(kept, Money(db.read(actor, entries).unwrap()), "the figure kept beside the entries");
    kept
}

fn bill(desk: &mut Desk, party: i64, amounts: &[&str]) -> Result<i64> {
    let mut input = Input::from([("party", format!("#{party}")), ("day", "2026-09-17".to_owned())]);
    let line = |amount: &&str| Input::from([("item", "球阀"), ("amount", *amount)]);
    input.rows.insert("bill_line".into(), amounts.iter().map(line).collect());
    desk.create("bill", &input)
}

#[test]
fn posting_charges_what_the_lines_sum_to_and_gives_the_number() {
    databases(|db, actor| {
        let party = party(db, actor, "1000");
        let id = db.write(actor, move |desk| bill(desk, party, &["100.50", "200"])).unwrap();

        db.write(actor, move |desk| desk.run("bill", id, "post", &Input::default())).unwrap();

        let owed = |day: &str| {
            let day: Date = day.parse().unwrap();
            let sum = move |desk: &mut Desk| {
                desk.trusted().sum::<Owed>("amount", &[("party", party.into())], Some(("day", day)))
            };
            Money(db.read(actor, sum).unwrap())
        };
        assert_eq!((owed("2026-09-16"), owed("2026-09-17")), (Money(0), Money(30_050)));
        let card = db.read(actor, |desk| desk.get("bill", id)).unwrap();
        assert_eq!(card.value("total"), Some(&Value::Int(30_050)));
        assert!(
            card.value("number").is_some_and(|it| it.text().ends_with("-0001")),
            "{:?}",
            card.value("number")
        );
        assert!(!card.editable && !card.deletable);
    });
}

#[test]
fn what_is_posted_is_not_edited_and_only_reversed() {
    databases(|db, actor| {
        let party = party(db, actor, "1000");
        let id = db.write(actor, move |desk| bill(desk, party, &["100"])).unwrap();
        db.write(actor, move |desk| desk.run("bill", id, "post", &Input::default())).unwrap();

        let again = db.write(actor, move |desk| desk.run("bill", id, "post", &Input::default()));
        let edit =
            db.write(actor, move |desk| desk.update("bill", id, None, &Input::from([("day", "2026-09-18")])));
        let delete = db.write(actor, move |desk| desk.delete("bill", id, None));
        db.write(actor, move |desk| desk.run("bill", id, "reverse", &Input::default())).unwrap();

        assert_eq!((code(again), code(edit), code(delete)), ("wrong_state", "wrong_state", "wrong_state"));
        assert_eq!(owed(db, actor, party), Money(0));
    });
}

#[test]
fn sixteen_at_once_do_not_slip_past_one_limit_and_numbers_have_no_gap() {
    databases(|db, actor| {
        let party = party(db, actor, "1000");
        let ids: Vec<i64> =
            (0..16).map(|_| db.write(actor, move |desk| bill(desk, party, &["100"])).unwrap()).collect();

        let results: Vec<Result<()>> = std::thread::scope(|scope| {
            let post = |id: i64| {
                scope.spawn(move || {
                    db.write(actor, move |desk| desk.run("bill", id, "post", &Input::default()))
                })
            };
            let threads: Vec<_> = ids.iter().map(|id| post(*id)).collect();
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        });

        let refused: Vec<_> = results.iter().filter_map(|it| it.as_ref().err()).map(Error::code).collect();
        assert_eq!(refused, ["credit_limit_exceeded"; 6]);
        assert_eq!(owed(db, actor, party), Money(100_000));
        let query = model::Query::parse("number=any&sort=number&columns=number").unwrap();
        let rows = db
            .read(actor, move |desk| desk.list("bill", &query).and_then(|list| desk.rows(&list)))
            .unwrap()
            .0;
        let ends: Vec<_> = rows.iter().map(|row| row[2].text()[8..].parse::<i64>().unwrap()).collect();
        assert_eq!(ends, (1..=10).collect::<Vec<_>>());
    });
}
