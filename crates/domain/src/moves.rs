//! What a back-dated document moves 补记: said before it is posted, where its day lies before what is there already. How many
//! entries follow, how cost and margin of which months change, whose ageing.

use std::collections::BTreeMap;

use model::{Date, Fact, Id, Kind, Label, Money, Notice, Quantity, Result, Sql, Text, Tone, Tx, Value};

use crate::stock::{Entry, forecast};
use crate::{Customer, Product};

/// Goods about to move, and whose account about to be written, on a day.
pub fn moves(
    tx: &mut Tx,
    date: Date,
    customer: Option<Id<Customer>>,
    goods: Vec<Entry>,
) -> Result<Option<Notice>> {
    let mut notice = Notice {
        tone: Tone::Warn,
        title: Text::new(format!("补记到 {date}"), format!("Back-dated to {date}")),
        figures: Vec::new(),
        group: Some("cost"),
        says: Text::new("", ""),
        ways: Vec::new(),
    };
    stock(tx, date, goods, &mut notice)?;
    if let Some(customer) = customer.filter(|it| *it != Id::NEW) {
        account(tx, date, customer, &mut notice)?;
    }
    Ok(Some(notice).filter(|it| !it.says.zh.is_empty()))
}

fn say(notice: &mut Notice, zh: String, en: String) {
    notice.says.zh += &zh;
    notice.says.en += &en;
}

fn stock(tx: &mut Tx, date: Date, goods: Vec<Entry>, notice: &mut Notice) -> Result<()> {
    let mut own: BTreeMap<i64, Vec<(Quantity, Option<Money>)>> = BTreeMap::new();
    for it in goods.iter().filter(|it| it.product != Id::NEW) {
        own.entry(it.product.0).or_default().push((it.quantity, it.own()));
    }
    let (mut count, mut names, mut put_off) = (0, Vec::new(), Vec::new());
    let mut months: BTreeMap<Date, Money> = BTreeMap::new();
    for (product, own) in own {
        let product = tx.get(Id::<Product>::of(product))?;
        if !product.stocked || product.moved.is_none_or(|it| it <= date) {
            continue;
        }
        let (entries, changes) = forecast(tx, product.id, date, &own)?;
        count += entries;
        names.push(product.name.clone());
        let Some(changes) = changes else {
            put_off.push(product.name);
            continue;
        };
        for it in changes {
            let month = months.entry(it.entry.date.first_of_month()).or_insert(Money(0));
            *month = *month + it.of_sales();
        }
    }
    if count == 0 {
        return Ok(());
    }
    names.dedup();
    say(
        notice,
        format!("这一天之后已有 {count} 笔库存流水（{}），它们的成本会重新推算。", names.join("、")),
        format!("{count} stock movements follow ({}); their cost is reckoned anew. ", names.join(", ")),
    );
    if !put_off.is_empty() {
        say(
            notice,
            format!("{} 的流水多，在后台推算，其间之后各单的毛利显示为 —。", put_off.join("、")),
            format!(
                "Of {} there are many: that is done in the background, and margins show — meanwhile. ",
                put_off.join(", ")
            ),
        );
    }
    for (month, cost) in months.into_iter().filter(|it| it.1 != Money(0)) {
        let month = month.strftime("%Y-%m").to_string();
        let fact = |label, amount: Money| {
            let hint = Text::new(month.clone(), month.clone());
            Fact { hint, ..Fact::new(label, Kind::Money, Value::from(&amount)) }
        };
        notice.figures.push(fact(Label { zh: "销售成本变化", en: "Cost of sales changes by" }, cost));
        notice.figures.push(fact(Label { zh: "毛利变化", en: "Margin changes by" }, -cost));
    }
    Ok(())
}

fn account(tx: &mut Tx, date: Date, customer: Id<Customer>, notice: &mut Notice) -> Result<()> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM receivable WHERE customer = ");
    let count = tx.one(sql.bind(customer.0).push(" AND date > ").bind(date.to_string()))?;
    if count > 0 {
        say(
            notice,
            format!("客户之后已有 {count} 笔往来，从 {date} 起各天的余额和账龄会变。"),
            format!("{count} entries of the customer follow; its balance and ageing change from {date} on."),
        );
    }
    Ok(())
}
