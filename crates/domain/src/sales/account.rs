//! The account of sales 销售账: each line that was sold, taken back or reversed, flat, for reports and for the question
//! what this customer paid last time.

use model::{
    Date, Entity, Error, FieldDef, Id, Label, Money, Price, Quantity, Rate, Result, Sql, Stamp, Tx, Value,
    Views, system::Department, system::User, views,
};

use super::performance::{self, Performance};
use super::{Sale, SaleLine, SaleReturn, SaleReturnLine};
use crate::stock::StockEntry;
use crate::{Customer, Product};

#[derive(Debug, Clone, Entity)]
#[entity(zh = "销售账", en = "Sales entry", module = "sales", icon = "list-details", title = product)]
#[entity(within = customer, owner = salesperson, department = department, ledger, views = VIEWS, derived = DERIVED)]
pub struct SaleEntry {
    pub id: Id<SaleEntry>,
    #[field(zh = "客户", en = "Customer", readonly, list, filter)]
    pub customer: Id<Customer>,
    #[field(zh = "日期", en = "Date", readonly, list, filter)]
    pub date: Date,
    #[field(zh = "商品", en = "Product", readonly, list, filter)]
    pub product: Id<Product>,
    /// What came back has a minus.
    #[field(zh = "数量", en = "Quantity", readonly, list, sum)]
    pub quantity: Quantity,
    #[field(zh = "单价", en = "Price", readonly, list)]
    pub price: Price,
    #[field(zh = "金额", en = "Amount", readonly, list, sum)]
    pub amount: Money,
    #[field(zh = "税额", en = "Tax", readonly, sum)]
    pub tax: Money,
    #[field(zh = "成本", en = "Cost", readonly, sum, group = "cost")]
    pub cost: Option<Money>,
    #[field(zh = "业务员", en = "Salesperson", readonly, list, filter)]
    pub salesperson: Option<Id<User>>,
    #[field(zh = "客户业务员", en = "Customer's owner", readonly, filter)]
    pub customer_owner: Option<Id<User>>,
    #[field(zh = "部门", en = "Department", readonly, filter)]
    pub department: Option<Id<Department>>,
    #[field(zh = "销售单", en = "Sale", readonly, list, filter)]
    pub sale: Option<Id<Sale>>,
    #[field(zh = "退货单", en = "Return", readonly, list, filter)]
    pub sale_return: Option<Id<SaleReturn>>,
    /// The line of its document.
    #[field(zh = "明细", en = "Line", readonly, format = Hidden)]
    pub line: i64,
    pub stamp: Stamp,
}

static DERIVED: &[FieldDef] = &[
    FieldDef {
        name: "margin",
        label: Label { zh: "毛利", en: "Margin" },
        kind: model::Kind::Money,
        sum: true,
        group: Some("cost"),
        sql: "{t}.amount - {t}.tax - {t}.cost",
        ..FieldDef::DERIVED
    },
    // What margin is a share of: the net amount of what has a known cost.
    FieldDef {
        name: "net",
        label: Label { zh: "不含税金额", en: "Net amount" },
        kind: model::Kind::Money,
        group: Some("cost"),
        sql: "CASE WHEN {t}.cost IS NOT NULL THEN {t}.amount - {t}.tax END",
        ..FieldDef::DERIVED
    },
    // Somebody bought something, and it was not taken back by a reversal.
    FieldDef {
        name: "effective",
        label: Label { zh: "有效销售", en: "Effective sale" },
        kind: model::Kind::Bool,
        sql: "CASE WHEN {t}.amount > 0 AND EXISTS \
              (SELECT 1 FROM sale s WHERE s.id = {t}.sale AND s.status = 'posted') THEN 1 ELSE 0 END",
        ..FieldDef::DERIVED
    },
];

const VIEWS: Views = views![
    this_month("本月", "This month", "date=this_month"),
    this_year("今年", "This year", "date=this_year"),
    all("全部", "All", ""),
];

pub fn enter(tx: &mut Tx, mut entry: SaleEntry) -> Result<()> {
    tx.save(&mut entry).map(drop)
}

/// `round(quantity × price × (1 − discount))`, as far as that is no slip of the hand.
pub fn amount_of(quantity: Quantity, price: Price, discount: Rate, field: &str) -> Result<Money> {
    price.times(quantity, discount).filter(|it| it.0.abs() < MOST).ok_or_else(|| {
        let says = Label {
            zh: "这一行的金额太大：请核对数量和单价",
            en: "This line's amount is too large: check quantity and price",
        };
        Error::fault(field, "out_of_range", says)
    })
}

/// Says what the goods of a line cost by now: in its document, in this account, and for whom it counts.
pub fn retell(tx: &mut Tx, it: &StockEntry, cost: Option<Money>) -> Result<()> {
    let sold = Value::from(&cost.map(|it| -it));
    let (field, id) = match (it.sale, it.sale_return) {
        (Some(sale), _) => {
            tx.touch(Id::<SaleLine>::of(it.line), "cost", sold.clone())?;
            ("sale", sale.0)
        }
        (None, Some(back)) => {
            tx.touch(Id::<SaleReturnLine>::of(it.line), "cost", Value::from(&cost))?;
            ("sale_return", back.0)
        }
        (None, None) => return Ok(()),
    };
    let of = [(field, id.into())];
    for entry in tx.find::<SaleEntry>(&of)?.iter().filter(|entry| entry.line == it.line) {
        tx.touch(entry.id, "cost", sold.clone())?;
    }
    let entries = tx.find::<SaleEntry>(&of)?;
    let total = entries.iter().try_fold(Money(0), |sum, it| Some(sum + it.cost?));
    if let Some(sale) = it.sale {
        tx.touch(sale, "cost", Value::from(&total))?;
    }
    performance::retell(tx, of, total)
}

/// Nobody knows what the goods of these movements cost: `moved` gives a column of them.
pub fn unknown(tx: &mut Tx, moved: &dyn Fn(&str, &str) -> Sql) -> Result<()> {
    let among = |field: &str, what: &str, more: &str| {
        let mut sql = Sql::new(field);
        sql.push(" IN (").append(&moved(what, more)).push(")");
        sql
    };
    let (sold, back) = (" AND sale IS NOT NULL", " AND sale_return IS NOT NULL");
    tx.touch_all::<SaleLine>("cost", Value::Null, &among("id", "line", sold))?;
    tx.touch_all::<SaleReturnLine>("cost", Value::Null, &among("id", "line", back))?;
    tx.touch_all::<Sale>("cost", Value::Null, &among("id", "sale", sold))?;
    for (field, more) in [("sale", sold), ("sale_return", back)] {
        let mut lines = among(field, field, more);
        tx.touch_all::<Performance>("cost", Value::Null, &lines)?;
        lines.push(" AND ").append(&among("line", "line", more));
        tx.touch_all::<SaleEntry>("cost", Value::Null, &lines)?;
    }
    Ok(())
}

/// The amount of a line and the tax within it.
pub fn reckon(quantity: Quantity, price: Price, discount: Rate, rate: Rate) -> Result<(Money, Money)> {
    if !(Rate(0)..=Rate(10_000)).contains(&discount) {
        let says = Label { zh: "折扣应在 0 到 100% 之间", en: "A discount is between 0 and 100 %" };
        return Err(Error::fault("discount", "out_of_range", says));
    }
    if price < Price(0) {
        return Err(Error::invalid("price", "negative"));
    }
    let amount = amount_of(quantity, price, discount, "price")?;
    Ok((amount, amount.tax_within(rate).unwrap_or(Money(0))))
}

/// Ten thousand million of the currency: a line beyond is a slip of the hand.
const MOST: i64 = 1_000_000_000_000;
