//! Receivables 应收: what each document made a customer owe or paid back, and which payment met which debt.

use model::{
    Choice, Date, Entity, Error, FieldDef, Id, Label, Money, Result, Sql, Stamp, Tx, Value, Views,
    system::User, views,
};

use super::{Receipt, ReceivableOpening, Refund, Sale, SaleReturn};
use crate::Customer;
use crate::document::first_open;

/// An open item: a sale and what else is owed stands with a plus, a receipt with a minus. It never changes but for what
/// of it is still open, which allocations take away.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "应收明细", en = "Receivable", module = "money", icon = "file-dollar", title = customer, within = customer)]
#[entity(ledger, index(customer, settled, due, open, date, amount, met), index(open, customer), views = VIEWS, derived = DERIVED)]
pub struct Receivable {
    pub id: Id<Receivable>,
    #[field(zh = "客户", en = "Customer", readonly, list, filter)]
    pub customer: Id<Customer>,
    #[field(zh = "日期", en = "Date", readonly, list, filter)]
    pub date: Date,
    #[field(zh = "种类", en = "Kind", readonly, list, filter)]
    pub kind: Kind,
    #[field(zh = "销售单", en = "Sale", readonly, list, filter)]
    pub sale: Option<Id<Sale>>,
    #[field(zh = "收款单", en = "Receipt", readonly, list, filter)]
    pub receipt: Option<Id<Receipt>>,
    #[field(zh = "退货单", en = "Return", readonly, filter)]
    pub sale_return: Option<Id<SaleReturn>>,
    #[field(zh = "退款单", en = "Refund", readonly, filter)]
    pub refund: Option<Id<Refund>>,
    #[field(zh = "期初单", en = "Opening", readonly, filter)]
    pub opening: Option<Id<ReceivableOpening>>,
    /// The last day on which it may be paid without being overdue; a credit has none.
    #[field(zh = "到期日", en = "Due", readonly, list, filter)]
    pub due: Option<Date>,
    #[field(zh = "金额", en = "Amount", readonly, list, sum)]
    pub amount: Money,
    /// What is not yet allocated, with the amount's own sign.
    #[field(zh = "未结", en = "Open", readonly, list, sum, filter)]
    pub open: Money,
    /// The first day on which some of it was allocated, be it taken back since.
    #[field(zh = "首次核销", en = "First allocated", readonly)]
    pub met: Option<Date>,
    /// The day on which nothing of it was open any more.
    #[field(zh = "结清日", en = "Settled", readonly, filter)]
    pub settled: Option<Date>,
    #[field(zh = "业务员", en = "Salesperson", readonly, filter)]
    pub salesperson: Option<Id<User>>,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Kind {
    #[choice(zh = "销售", en = "Sale")]
    Sale,
    #[choice(zh = "收款", en = "Receipt")]
    Receipt,
    #[choice(zh = "退货", en = "Return")]
    Return,
    #[choice(zh = "退款", en = "Refund")]
    Refund,
    #[choice(zh = "期初", en = "Opening")]
    Opening,
    #[choice(zh = "红冲", en = "Reversal")]
    Reversal,
}

/// What was open at the end of a day: what is open now, and what later allocations took away.
pub const REST: &str = "{t}.open \
    + COALESCE((SELECT CAST(SUM(a.amount) AS BIGINT) FROM allocation a WHERE a.charge = {t}.id AND a.date > {today}), 0) \
    - COALESCE((SELECT CAST(SUM(a.amount) AS BIGINT) FROM allocation a WHERE a.credit = {t}.id AND a.date > {today}), 0)";

/// The number of an item's document, and where items stand with their documents.
pub const NUMBER: &str = "COALESCE(s.number, c.number, t.number, f.number, o.reference, o.number)";
pub const DOCUMENTS: &str = "receivable r LEFT JOIN sale s ON s.id = r.sale LEFT JOIN receipt c ON c.id = r.receipt \
    LEFT JOIN sale_return t ON t.id = r.sale_return LEFT JOIN refund f ON f.id = r.refund \
    LEFT JOIN receivable_opening o ON o.id = r.opening";

static DERIVED: &[FieldDef] = &[
    FieldDef {
        name: "balance",
        label: Label { zh: "余额", en: "Balance after" },
        kind: model::Kind::Money,
        list: true,
        running: Some(("customer", "amount")),
        sql: "SELECT CAST(SUM(e.amount) AS BIGINT) FROM receivable e WHERE e.customer = {t}.customer \
              AND e.date <= {t}.date AND (e.date < {t}.date OR e.id <= {t}.id)",
        ..FieldDef::DERIVED
    },
    FieldDef {
        name: "late",
        label: Label { zh: "超期天数", en: "Days late" },
        kind: model::Kind::Int,
        format: model::Format::Late,
        unit: Some("day"),
        list: true,
        // How long the term was passed: until it was settled, or until today.
        sql: "CASE WHEN COALESCE({t}.settled, {today}) > {t}.due \
              THEN {days}COALESCE({t}.settled, {today}){since}{t}.due{end} END",
        ..FieldDef::DERIVED
    },
    FieldDef {
        name: "rest",
        label: Label { zh: "当日未结", en: "Open that day" },
        kind: model::Kind::Money,
        sum: true,
        sql: REST,
        ..FieldDef::DERIVED
    },
    FieldDef {
        name: "payable",
        label: Label { zh: "应付日", en: "Payable" },
        kind: model::Kind::Date,
        sql: "COALESCE({t}.due, {t}.date)",
        ..FieldDef::DERIVED
    },
];

const VIEWS: Views = views![
    open("未结清", "Open", "open!=0"),
    overdue("已过期", "Overdue", "open>0&due<today", remind, urgent),
    soon("七天内到期", "Due within a week", "open>0&due=next_7_days", remind),
    late("超期记录", "Paid late", "late>0"),
    all("全部", "All", ""),
];

/// A payment that met a debt, or the undoing of that: then the amount has a minus.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "核销", en = "Allocation", module = "money", icon = "link", title = customer, within = customer, ledger)]
pub struct Allocation {
    pub id: Id<Allocation>,
    #[field(zh = "客户", en = "Customer", readonly, list, filter)]
    pub customer: Id<Customer>,
    #[field(zh = "日期", en = "Date", readonly, list, filter)]
    pub date: Date,
    #[field(zh = "应收", en = "Owed", readonly, list)]
    pub charge: Id<Receivable>,
    #[field(zh = "付款", en = "Paid by", readonly, list)]
    pub credit: Id<Receivable>,
    #[field(zh = "金额", en = "Amount", readonly, list, sum)]
    pub amount: Money,
    #[field(zh = "撤销", en = "Undoes", readonly)]
    pub undoes: Option<Id<Allocation>>,
    pub stamp: Stamp,
}

/// What a document makes owed, or pays.
pub struct Item {
    pub kind: Kind,
    pub date: Date,
    pub due: Option<Date>,
    pub amount: Money,
    pub sale: Option<Id<Sale>>,
    pub receipt: Option<Id<Receipt>>,
    pub sale_return: Option<Id<SaleReturn>>,
    pub refund: Option<Id<Refund>>,
    pub opening: Option<Id<ReceivableOpening>>,
    pub salesperson: Option<Id<User>>,
}

impl Item {
    pub fn of(kind: Kind, date: Date, amount: Money) -> Item {
        Item {
            kind,
            date,
            due: None,
            amount,
            sale: None,
            receipt: None,
            sale_return: None,
            refund: None,
            opening: None,
            salesperson: None,
        }
    }
}

/// Enters an item to the account of a customer, which the caller has locked.
pub fn enter(tx: &mut Tx, customer: Id<Customer>, item: Item) -> Result<Receivable> {
    let Item { kind, date, due, amount, sale, receipt, sale_return, refund, opening, salesperson } = item;
    let settled = (amount == Money(0)).then_some(date);
    let due = due.filter(|_| amount > Money(0));
    let stamp = Stamp::default();
    let mut entry = Receivable {
        id: Id::NEW,
        customer,
        date,
        kind,
        sale,
        receipt,
        sale_return,
        refund,
        opening,
        due,
        amount,
        open: amount,
        met: None,
        settled,
        salesperson,
        stamp,
    };
    tx.save(&mut entry)?;
    tx.add(customer, "balance", amount)?;
    Ok(entry)
}

/// Lets a credit pay a charge, as far as both are open. Returns how much that was.
pub fn allocate(tx: &mut Tx, charge: &mut Receivable, credit: &mut Receivable, most: Money) -> Result<Money> {
    let amount = Money(charge.open.0.min(-credit.open.0).min(most.0));
    if amount.0 <= 0 {
        return Ok(Money(0));
    }
    // No earlier than either was there and free: what was taken back later paid something else until then.
    let mut date = charge.date.max(credit.date);
    for (field, item) in [("charge", charge.id), ("credit", credit.id)] {
        date = date.max(last_allocation(tx, item, field, true)?.unwrap_or(date));
    }
    let date = first_open(tx, date);
    write(tx, charge, credit, date, amount, None)?;
    Ok(amount)
}

/// Takes an allocation back as of today: what it paid is owed again, what paid it is free again.
pub fn release(tx: &mut Tx, of: &Allocation) -> Result<()> {
    let (mut charge, mut credit) = (tx.get(of.charge)?, tx.get(of.credit)?);
    let date = first_open(tx, tx.today().max(of.date));
    write(tx, &mut charge, &mut credit, date, -of.amount, Some(of.id))
}

fn write(
    tx: &mut Tx,
    charge: &mut Receivable,
    credit: &mut Receivable,
    date: Date,
    amount: Money,
    undoes: Option<Id<Allocation>>,
) -> Result<()> {
    let stamp = Stamp::default();
    let (customer, charge_id, credit_id) = (charge.customer, charge.id, credit.id);
    tx.save(&mut Allocation {
        id: Id::NEW,
        customer,
        date,
        charge: charge_id,
        credit: credit_id,
        amount,
        undoes,
        stamp,
    })?;
    for (field, item, change) in [("charge", charge, -amount), ("credit", credit, amount)] {
        item.open = item.open + change;
        item.settled = if item.open == Money(0) { last_allocation(tx, item.id, field, false)? } else { None };
        item.met = Some(item.met.map_or(date, |met| met.min(date)));
        let days = [("settled", Value::from(&item.settled)), ("met", Value::from(&item.met))];
        tx.amend(item.id, &[("open", Value::from(&change))], &days)?;
    }
    Ok(())
}

/// The latest day on which something was allocated to an item, or taken back from it.
fn last_allocation(tx: &mut Tx, item: Id<Receivable>, field: &str, undone: bool) -> Result<Option<Date>> {
    let mut sql = Sql::new("SELECT MAX(date) FROM allocation WHERE ");
    sql.name(field).push(" = ").bind(item.0).push(if undone { " AND undoes IS NOT NULL" } else { "" });
    Ok(tx.rows(&sql)?.first().and_then(|row| row[0].text().parse().ok()))
}

/// What is still open of a customer's charges, the oldest first, or of the credits.
pub(super) fn open_items(tx: &mut Tx, customer: Id<Customer>, charges: bool) -> Result<Vec<Receivable>> {
    let mut sql = Sql::new("customer = ");
    sql.bind(customer.0).push(" AND settled IS NULL");
    sql.push(if charges { " AND open > 0" } else { " AND due IS NULL AND open < 0" });
    tx.find_where(sql.push(" ORDER BY COALESCE(due, date), id"))
}

/// What a customer has to its credit that paid nothing yet.
pub fn unused(tx: &mut Tx, customer: Id<Customer>) -> Result<Money> {
    Ok(open_items(tx, customer, false)?.iter().map(|it| -it.open).sum())
}

/// Pays a new charge with what the customer has paid in advance, the oldest first.
pub fn use_advances(tx: &mut Tx, charge: &mut Receivable) -> Result<()> {
    for mut credit in open_items(tx, charge.customer, false)? {
        let all = charge.open;
        allocate(tx, charge, &mut credit, all)?;
        if charge.open == Money(0) {
            break;
        }
    }
    Ok(())
}

/// Takes back every allocation of an item that still holds.
pub fn release_all(tx: &mut Tx, item: &Receivable) -> Result<()> {
    for field in ["charge", "credit"] {
        let all: Vec<Allocation> = tx.find(&[(field, (&item.id).into())])?;
        let undone: Vec<_> = all.iter().filter_map(|it| it.undoes).collect();
        for one in all.iter().filter(|it| it.undoes.is_none() && !undone.contains(&it.id)) {
            release(tx, one)?;
        }
    }
    Ok(())
}

/// Sets the item of a document against its opposite, so that nothing of either is open.
pub fn reverse(tx: &mut Tx, item: &Receivable, opposite: Item) -> Result<()> {
    release_all(tx, item)?;
    let mut item = tx.get(item.id)?;
    let mut opposite = enter(tx, item.customer, opposite)?;
    let amount = Money(item.open.0.abs());
    let (charge, credit) =
        if item.amount.0 > 0 { (&mut item, &mut opposite) } else { (&mut opposite, &mut item) };
    allocate(tx, charge, credit, amount).map(drop)
}

/// The item that a document entered when it was posted.
pub fn item_of(tx: &mut Tx, field: &str, document: Value) -> Result<Option<Receivable>> {
    Ok(tx.find::<Receivable>(&[(field, document)])?.into_iter().find(|it| it.kind != Kind::Reversal))
}

/// The same of a document that is known to be posted.
pub fn entry_of(tx: &mut Tx, field: &str, document: Value) -> Result<Receivable> {
    let entry = item_of(tx, field, document)?;
    entry.ok_or_else(|| Error::Internal(format!("a {field} has no entry")))
}

/// What the audits of the account ask; each finds nothing while all is well.
pub static AUDITS: &[model::Audit] = &[
    super::performance::AUDIT,
    model::Audit {
        says: "the balance is not the sum of its entries",
        sql: "SELECT c.number FROM customer c WHERE c.balance <> \
              COALESCE((SELECT SUM(r.amount) FROM receivable r WHERE r.customer = c.id), 0) LIMIT 20",
    },
    model::Audit {
        says: "what is open is not the amount without its allocations",
        sql: "SELECT CAST(r.id AS TEXT) FROM receivable r WHERE r.open <> r.amount \
              - COALESCE((SELECT SUM(a.amount) FROM allocation a WHERE a.charge = r.id), 0) \
              + COALESCE((SELECT SUM(a.amount) FROM allocation a WHERE a.credit = r.id), 0) LIMIT 20",
    },
    model::Audit {
        says: "more was allocated than there was",
        sql: "SELECT CAST(r.id AS TEXT) FROM receivable r WHERE (r.amount > 0 AND (r.open < 0 OR r.open > r.amount)) \
              OR (r.amount < 0 AND (r.open > 0 OR r.open < r.amount)) LIMIT 20",
    },
    model::Audit {
        says: "the day of the first allocation is not that of the first one",
        sql: "SELECT CAST(r.id AS TEXT) FROM receivable r LEFT JOIN (SELECT i, MIN(date) AS first FROM \
              (SELECT charge AS i, date FROM allocation UNION ALL SELECT credit, date FROM allocation) a GROUP BY i) f \
              ON f.i = r.id WHERE COALESCE(r.met, '') <> COALESCE(f.first, '') LIMIT 20",
    },
    model::Audit {
        says: "on some day more of a debt was paid than there was",
        sql: "SELECT CAST(r.id AS TEXT) FROM allocation d JOIN receivable r ON r.id = d.charge WHERE \
              (SELECT SUM(a.amount) FROM allocation a WHERE a.charge = r.id AND a.date <= d.date) \
              NOT BETWEEN 0 AND r.amount LIMIT 20",
    },
    model::Audit {
        says: "on some day more of a payment was used than there was",
        sql: "SELECT CAST(r.id AS TEXT) FROM allocation d JOIN receivable r ON r.id = d.credit WHERE \
              (SELECT SUM(a.amount) FROM allocation a WHERE a.credit = r.id AND a.date <= d.date) \
              NOT BETWEEN 0 AND -r.amount LIMIT 20",
    },
    model::Audit {
        says: "what is promised and not delivered is not the sum of its sales and orders",
        sql: "SELECT c.number FROM customer c WHERE c.pending <> \
              COALESCE((SELECT SUM(s.amount) FROM sale s WHERE s.customer = c.id AND s.status = 'checked' \
              AND s.\"order\" IS NULL), 0) \
              + COALESCE((SELECT SUM(o.rest) FROM sale_order o WHERE o.customer = c.id AND o.status = 'checked'), 0) LIMIT 20",
    },
];
