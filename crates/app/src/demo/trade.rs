//! The demo's two years of trade, done as people did it: bought, sold, stopped at the gate, released, paid.

use std::collections::HashMap;

use domain::demo::Demo;
use domain::{Customer, Product, Sale, StatementLine};
use model::system::User;
use model::{Date, Desk, Error, Id, Input, Money, Price, Result, Sql, ToSpan};

use super::{link, on};

/// Whom the steps need: records by their place in the demo, and who sells, keeps the books and decides.
pub struct People<'a> {
    pub customers: &'a [Id<Customer>],
    pub products: &'a [Id<Product>],
    pub users: &'a [Option<Id<User>>],
    pub finance: Option<Id<User>>,
    pub boss: Option<Id<User>>,
}

/// What happens on one day, in the order of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Supply(usize),
    Pay(usize),
    Deal(usize),
}

/// The latest orders are still drafts, and what was stopped in the last days still waits.
const DRAFTS: i32 = 1;
const WAITING: i32 = 14;

pub fn trade(desk: &mut Desk, demo: &Demo, people: &People) -> Result<()> {
    let today = desk.today();
    price_lists(desk, demo, people)?;
    let (supplies, deals) = (demo.supplies.iter().enumerate(), demo.deals.iter().enumerate());
    let mut steps: Vec<(Date, Step)> = supplies.map(|(n, it)| (it.date, Step::Supply(n))).collect();
    for (n, deal) in deals {
        steps.push((deal.date, Step::Deal(n)));
        steps.extend(deal.paid.map(|paid| (paid, Step::Pay(n))));
    }
    steps.sort_unstable();
    if let Some((first, _)) = steps.first() {
        on(desk, Some(*first), people.finance)?;
        for (account, amount) in [("bank", "486200"), ("cash", "12650.50")] {
            let opening = [("kind", "opening"), ("account", account), ("amount", amount)];
            let mut opening = Input::from(opening);
            opening.set("date", first.to_string());
            let id = desk.create("cash_move", &opening)?;
            desk.run("cash_move", id, "post", &Input::default())?;
        }
    }
    let mut sold: HashMap<usize, Id<Sale>> = HashMap::new();
    for (date, step) in steps {
        match step {
            Step::Supply(n) => supply(desk, demo, people, n)?,
            Step::Pay(n) => {
                if let Some(sale) = sold.get(&n) {
                    let of = desk.trusted().get(*sale)?;
                    pay(desk, people, &of, date)?;
                }
            }
            Step::Deal(n) => {
                let age = (today - date).get_days();
                sold.extend(sell(desk, demo, people, n, age)?.map(|sale| (n, sale)));
            }
        }
    }
    books(desk, people, today)
}

/// What lies on the bookkeeper's table: statements that customers confirmed, disputed and have not answered, money that
/// somebody paid in advance, and what the bank says came in.
fn books(desk: &mut Desk, people: &People, today: Date) -> Result<()> {
    on(desk, Some(today), people.finance)?;
    let zh = desk.actor.lang == model::Lang::Zh;
    let says = |zh_text: &'static str, en: &'static str| if zh { zh_text } else { en };
    let mut sql =
        Sql::new("SELECT c.id, c.name, MIN(r.open) FROM customer c JOIN receivable r ON r.customer = c.id ");
    sql.push("WHERE r.open > 0 GROUP BY c.id, c.name, c.balance ORDER BY c.balance DESC, c.id LIMIT ")
        .bind(6);
    let owing = desk.trusted().rows(&sql)?;
    let first = today.first_of_month().saturating_sub(2.months()).to_string();
    for (n, row) in owing.iter().take(3).enumerate() {
        let period = [("customer", format!("#{}", row[0].int())), ("first", first.clone())];
        let id = desk.create("statement", &Input::from(period))?;
        desk.run("statement", id, "issue", &Input::default())?;
        desk.run("statement", id, "send", &Input::from([("days", "7")]))?;
        let line = desk.trusted().first::<StatementLine>(&[("statement", id.into())])?;
        match (n, line) {
            (0, _) => {
                let signer = Input::from([("signer", says("邵慧琴", "Shao Huiqin"))]);
                desk.run("statement", id, "confirm", &signer)?;
            }
            (1, Some(line)) => {
                let objection = says("这一单少到 2 件", "Two pieces of this one were missing");
                let objection = Input::from([("objection", objection)]);
                desk.run("statement_line", line.id.0, "dispute", &objection)?;
            }
            _ => {}
        }
    }
    let line = |payer: &str, amount: Money| {
        let text = [("date", today.to_string()), ("payer", payer.to_owned()), ("amount", amount.to_string())];
        Input::from(text)
    };
    for row in owing.iter().skip(3) {
        desk.create("bank_line", &line(row[1].text(), Money(row[2].int())))?;
    }
    desk.create("bank_line", &line(says("李四", "Li Si"), Money(860_000)))?;
    if let Some(row) = owing.last() {
        let paid = [("customer", format!("#{}", row[0].int())), ("amount", "5000".to_owned())];
        let mut paid = Input::from(paid);
        paid.set("by", "document");
        let id = desk.create("receipt", &paid)?;
        desk.run("receipt", id, "post", &Input::default())?;
    }
    Ok(())
}

fn price_lists(desk: &mut Desk, demo: &Demo, people: &People) -> Result<()> {
    for list in &demo.price_lists {
        let customer = list.customer.and_then(|it| people.customers.get(it).copied());
        let (first, last) = (list.first.to_string(), list.last.to_string());
        let head = [("name", list.name.as_str()), ("type", list.r#type), ("first", &first), ("last", &last)];
        let mut input = Input::from(head);
        input.set("customer", link(customer));
        let line = |&(product, units, off): &(usize, i64, i64)| {
            let product = link(people.products.get(product).copied());
            let discount = format!("{off}%");
            Input::from([("product", product), ("quantity", units.to_string()), ("discount", discount)])
        };
        input.rows.insert("lines".into(), list.lines.iter().map(line).collect());
        on(desk, Some(list.first), people.boss)?;
        desk.create("price_list", &input)?;
    }
    Ok(())
}

fn supply(desk: &mut Desk, demo: &Demo, people: &People, n: usize) -> Result<()> {
    let supply = &demo.supplies[n];
    on(desk, Some(supply.date), people.finance)?;
    let mut input = Input::from([("date", supply.date.to_string()), ("kind", "purchase".to_owned())]);
    let line = |&(product, units, share): &(usize, i64, i64)| {
        // The list price holds 13 % of tax, what goods cost does not.
        let cost = Price(demo.products[product].price.0 * 100 * share / 113);
        let product = link(people.products.get(product).copied());
        Input::from([("product", product), ("quantity", units.to_string()), ("cost", cost.to_string())])
    };
    input.rows.insert("lines".into(), supply.lines.iter().map(line).collect());
    let id = desk.create("stock_in", &input)?;
    desk.run("stock_in", id, "post", &Input::default())
}

/// Makes a sale and posts it; what the gate stopped long ago was released, what it stopped lately still waits.
fn sell(desk: &mut Desk, demo: &Demo, people: &People, n: usize, age: i32) -> Result<Option<Id<Sale>>> {
    let deal = &demo.deals[n];
    let owner = demo.customers[deal.customer].owner.and_then(|at| people.users.get(at).copied().flatten());
    on(desk, Some(deal.date), owner)?;
    let customer = link(people.customers.get(deal.customer).copied());
    let mut input =
        Input::from([("customer", customer), ("date", deal.date.to_string()), ("salesperson", link(owner))]);
    let line = |&(product, units): &(usize, i64)| {
        let product = link(people.products.get(product).copied());
        let discount = format!("{}%", deal.discount);
        Input::from([("product", product), ("quantity", units.to_string()), ("discount", discount)])
    };
    input.rows.insert("lines".into(), deal.lines.iter().map(line).collect());
    let id = desk.create("sale", &input)?;
    if age <= DRAFTS {
        return Ok(None);
    }
    if deal.prepaid {
        let sale: Sale = desk.trusted().get(Id::of(id))?;
        pay(desk, people, &sale, deal.date)?;
        on(desk, Some(deal.date), owner)?;
    }
    match desk.run("sale", id, "post", &Input::default()) {
        Err(error) if error.is_hold() && error.code() == "blacklisted" => {
            desk.delete("sale", id, None)?;
            return Ok(None);
        }
        Err(error) if error.is_hold() && age <= WAITING => return Ok(None),
        Err(error) if error.is_hold() => {
            on(desk, Some(deal.date), people.boss)?;
            let reason = if desk.actor.lang == model::Lang::Zh {
                "已承诺本周付款"
            } else {
                "Has promised to pay this week"
            };
            desk.run("sale", id, "release_credit", &Input::from([("reason", reason)]))?;
            desk.run("sale", id, "post", &Input::default())?;
        }
        other => other?,
    }
    Ok(Some(Id::of(id)))
}

/// Books what a customer paid for a sale.
fn pay(desk: &mut Desk, people: &People, sale: &Sale, date: Date) -> Result<()> {
    if sale.amount <= Money(0) {
        return Err(Error::Internal(format!("sale/{} of the demo is worth nothing", sale.id.0)));
    }
    on(desk, Some(date), people.finance)?;
    let input = Input::from([
        ("customer", link(Some(sale.customer))),
        ("date", date.to_string()),
        ("amount", sale.amount.to_string()),
        ("sale", link(Some(sale.id))),
        ("account", "bank".to_owned()),
        ("method", "transfer".to_owned()),
    ]);
    let id = desk.create("receipt", &input)?;
    desk.run("receipt", id, "post", &Input::default())
}
