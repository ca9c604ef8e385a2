//! Prices 价格: which one a line takes when nobody wrote one, why, and which is too low to be given without a release.

use model::{
    Code, Date, Document, Entity, Error, Id, Label, Lang, Money, Price, Quantity, Rate, Result, Sql, Stamp,
    Text, Tx, Value, Views, message, views,
};

use super::account::reckon;
use super::{SaleLine, SaleOrderLine};
use crate::crm::customer::Grade;
use crate::{Customer, Product};

/// Prices for one customer, for customers of a class or a type, or for everybody, as long as it is in force.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "价格表", en = "Price list", module = "sales", icon = "tag", title = name, closed = closed)]
#[entity(within = customer, lines = PriceListLine, views = VIEWS, check = check)]
pub struct PriceList {
    pub id: Id<PriceList>,
    #[field(zh = "名称", en = "Name", required, unique, search, list)]
    pub name: String,
    #[field(zh = "客户", en = "Customer", list, filter)]
    pub customer: Option<Id<Customer>>,
    #[field(zh = "客户等级", en = "Class", list, filter)]
    pub class: Option<Grade>,
    #[field(zh = "客户类型", en = "Type of customer", code = "customer_type", list, filter)]
    pub r#type: Option<Code>,
    #[field(zh = "从", en = "From", list, filter)]
    pub first: Option<Date>,
    #[field(zh = "到", en = "To", list, filter)]
    pub last: Option<Date>,
    #[field(zh = "已停用", en = "Disabled", list, filter)]
    pub closed: bool,
    #[field(zh = "备注", en = "Remark", format = Long)]
    pub remark: Option<String>,
    pub stamp: Stamp,
}

/// The price of a product from a quantity on: itself, or so much off the list price.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "价格明细", en = "Price", of = price_list, title = product, check = check_line)]
pub struct PriceListLine {
    pub id: Id<PriceListLine>,
    #[field(zh = "价格表", en = "Price list", required)]
    pub price_list: Id<PriceList>,
    #[field(zh = "商品", en = "Product", required, list, filter, only = "active=true")]
    pub product: Id<Product>,
    #[field(zh = "起订数量", en = "From quantity", list)]
    pub quantity: Quantity,
    /// Of one unit, tax included.
    #[field(zh = "单价", en = "Price", list)]
    pub price: Option<Price>,
    #[field(zh = "标价折扣", en = "Off the list price", list)]
    pub discount: Option<Rate>,
    #[field(zh = "备注", en = "Remark")]
    pub remark: Option<String>,
    pub stamp: Stamp,
}

const VIEWS: Views = views![
    in_force("有效", "In force", "closed=false&or=(last=none%26last=today..)"),
    of_customers("客户专用", "For one customer", "customer=any&closed=false"),
    past("已过期", "Past", "last<today"),
    all("全部", "All", ""),
];

fn check(new: &mut PriceList, _: Option<&PriceList>, _: &mut Tx) -> Result<()> {
    if new.customer.is_some() && (new.class.is_some() || new.r#type.is_some()) {
        let says = Label {
            zh: "选了客户，就不再按等级或类型",
            en: "A list for one customer is for no class or type",
        };
        return Err(Error::fault("customer", "ambiguous", says));
    }
    if new.first.zip(new.last).is_some_and(|(first, last)| last < first) {
        let says = Label { zh: "结束日期应在开始日期之后", en: "It ends after it begins" };
        return Err(Error::fault("last", "out_of_range", says));
    }
    Ok(())
}

fn check_line(new: &mut PriceListLine, _: Option<&PriceListLine>, _: &mut Tx) -> Result<()> {
    if new.price.is_some() == new.discount.is_some() {
        let says = Label {
            zh: "填单价，或填标价折扣，二者之一",
            en: "Give either a price or what goes off the list price",
        };
        return Err(Error::fault("price", "ambiguous", says));
    }
    if new.price.is_some_and(|it| it < Price(0)) {
        return Err(Error::invalid("price", "negative"));
    }
    if new.discount.is_some_and(|it| !(Rate(0)..=Rate(10_000)).contains(&it)) {
        let says = Label { zh: "折扣应在 0 到 100% 之间", en: "A discount is between 0 and 100 %" };
        return Err(Error::fault("discount", "out_of_range", says));
    }
    if new.quantity < Quantity(0) {
        return Err(Error::invalid("quantity", "negative"));
    }
    Ok(())
}

/// What a product costs a customer by rule.
pub struct Ruled {
    pub price: Price,
    pub why: Text,
}

/// The price of a product for a customer, on a day, in a quantity. Of the lists in force on that day which name the
/// product and fit the customer, the most specific gives it: one for this customer, then one for class and type
/// together, for the class, for the type, for everybody. Among equals, the highest quantity reached, then the list that
/// begins last, then the newest. Where there is none it is the list price.
pub fn ruled(
    tx: &mut Tx,
    customer: Id<Customer>,
    product: &Product,
    quantity: Quantity,
    date: Date,
) -> Result<Ruled> {
    let day = date.to_string();
    let mut sql = Sql::new(
        "SELECT p.name, p.customer, p.class, p.type, p.first, p.last, l.quantity, l.price, l.discount \
         FROM price_list_line l JOIN price_list p ON p.id = l.price_list JOIN customer c ON c.id = ",
    );
    sql.bind(customer.0).push(" WHERE l.product = ").bind(product.id.0);
    sql.push(" AND p.closed = 0 AND l.quantity <= ").bind(quantity.0);
    sql.push(" AND (p.first IS NULL OR p.first <= ").bind(day.clone());
    sql.push(") AND (p.last IS NULL OR p.last >= ").bind(day);
    sql.push(
        ") AND (p.customer IS NULL OR p.customer = c.id) AND (p.class IS NULL OR p.class = c.class) \
         AND (p.type IS NULL OR p.type = c.type) \
         ORDER BY CASE WHEN p.customer IS NOT NULL THEN 4 ELSE 0 END + CASE WHEN p.class IS NOT NULL THEN 2 ELSE 0 END \
         + CASE WHEN p.type IS NOT NULL THEN 1 ELSE 0 END DESC, l.quantity DESC, COALESCE(p.first, '') DESC, \
         p.id DESC, l.id DESC LIMIT 1",
    );
    let Some(row) = tx.rows(&sql)?.pop() else {
        return Ok(Ruled {
            price: product.price,
            why: Text::new("标价：没有适用的价格表", "List price: no price list applies"),
        });
    };
    let discount = Rate(row[8].int());
    let price = match row[7] {
        Value::Int(price) => Price(price),
        _ => product.price.less(discount).unwrap_or(product.price),
    };
    let of_type = |lang| tx.catalog.code_name("customer_type", row[3].text(), lang).to_owned();
    let (zh, en) = match (&row[1], row[2].text(), row[3].text()) {
        (Value::Int(_), ..) => ("本客户".to_owned(), "this customer".to_owned()),
        (_, "", "") => ("全部客户".to_owned(), "everybody".to_owned()),
        (_, class, "") => (format!("{class} 级客户"), format!("class {class}")),
        (_, "", _) => (of_type(Lang::Zh), of_type(Lang::En)),
        (_, class, _) => {
            (format!("{class} 级{}", of_type(Lang::Zh)), format!("class {class}, {}", of_type(Lang::En)))
        }
    };
    let (mut all_zh, mut all_en) = (vec![zh], vec![en]);
    let mut say = |zh: String, en: String| {
        all_zh.push(zh);
        all_en.push(en);
    };
    match (row[4].text(), row[5].text()) {
        ("", "") => {}
        (first, "") => say(format!("{first} 起"), format!("from {first}")),
        ("", last) => say(format!("{last} 止"), format!("until {last}")),
        (first, last) => say(format!("{first} 至 {last}"), format!("{first} to {last}")),
    }
    if row[6].int() > 0 {
        let from = Quantity(row[6].int());
        say(format!("满 {from}"), format!("from {from} on"));
    }
    if row[7] == Value::Null {
        let percent = Quantity(discount.0 * 100);
        say(format!("标价减 {percent}%"), format!("{percent}% off the list price"));
    }
    let name = row[0].text();
    let why = Text::new(
        format!("价格表“{name}”：{}", all_zh.join("，")),
        format!("Price list “{name}”: {}", all_en.join(", ")),
    );
    Ok(Ruled { price, why })
}

/// What the lines of a sale, an order and a return have in common.
pub struct Line<'a> {
    pub product: Id<Product>,
    /// The product, the quantity and the price that it had before.
    pub was: Option<(Id<Product>, Quantity, Option<Price>)>,
    pub quantity: Quantity,
    /// The price that a rule gave changes with what the rule looks at.
    pub follows: bool,
    pub discount: Rate,
    pub unit: &'a mut Option<Code>,
    pub price: &'a mut Option<Price>,
    pub why: &'a mut Option<String>,
    pub tax_rate: &'a mut Option<Rate>,
}

/// A line with what the rule needs of it; `$was` is as it was before: product, quantity, price; `$follows` says whether a
/// price that a rule gave changes with what the rule looks at.
macro_rules! line {
    ($new:expr, $was:expr, $follows:expr) => {{
        let (product, quantity, discount) = ($new.product, $new.quantity, $new.discount);
        let (was, follows) = ($was, $follows);
        let (unit, price, why, tax_rate) =
            (&mut $new.unit, &mut $new.price, &mut $new.why, &mut $new.tax_rate);
        $crate::sales::price::Line { product, was, quantity, follows, discount, unit, price, why, tax_rate }
    }};
}
pub(super) use line;

impl Line<'_> {
    /// Completes a line from its product and from the rule for its head's customer and date; its amount and the tax
    /// within it.
    pub fn reckon<D: Document>(
        self,
        tx: &mut Tx,
        head: Id<D>,
        of: fn(&D) -> (Id<Customer>, Date),
    ) -> Result<(Money, Money)> {
        let product = tx.get(self.product)?;
        if self.was.is_none_or(|was| was.0 != self.product) {
            self.unit.clone_from(&product.unit);
        }
        let same = self.was.filter(|was| (was.0, was.2) == (self.product, *self.price));
        // Written by hand, it has no rule behind it.
        if self.was.is_some() && same.is_none() {
            *self.why = None;
        }
        // The rule's price is one for a quantity, a customer and a day.
        let before = if self.follows { tx.before(head)?.map(|it| of(&it)) } else { None };
        let moved = before.is_some() && before != Some(of(&tx.get(head)?));
        let stale =
            self.why.is_some() && self.follows && same.is_some_and(|was| moved || was.1 != self.quantity);
        let price = match self.price.filter(|_| !stale) {
            Some(price) => price,
            None => {
                let (customer, date) = of(&tx.get(head)?);
                let ruled = ruled(tx, customer, &product, self.quantity, date)?;
                *self.why = Some(message::kept(&ruled.why));
                *self.price.insert(ruled.price)
            }
        };
        let rate = *self.tax_rate.get_or_insert(product.tax_rate);
        reckon(self.quantity, price, self.discount, rate)
    }
}

/// So much of a product, at what one unit of it brings after the discount, in 10⁻⁸ of the currency.
#[derive(Debug, Clone, Copy)]
pub struct Offer {
    pub product: Id<Product>,
    pub net: i128,
    pub quantity: Quantity,
}

/// What is agreed on in a line, whichever document it stands in.
pub struct Terms {
    pub product: Id<Product>,
    pub quantity: Quantity,
    pub price: Option<Price>,
    pub discount: Rate,
    pub why: Option<String>,
}

macro_rules! terms {
    ($($line:ty),*) => {$(
        impl From<&$line> for Terms {
            fn from(it: &$line) -> Terms {
                let (product, quantity, price, discount) = (it.product, it.quantity, it.price, it.discount);
                Terms { product, quantity, price, discount, why: it.why.clone() }
            }
        }
    )*};
}
terms!(SaleLine, SaleOrderLine);

impl Terms {
    pub fn offer(&self) -> Offer {
        let net = i128::from(self.price.unwrap_or(Price(0)).0) * i128::from(10_000 - self.discount.0);
        Offer { product: self.product, net, quantity: self.quantity }
    }
}

pub fn offers<'a, T>(lines: &'a [T]) -> Vec<Offer>
where
    Terms: From<&'a T>,
{
    lines.iter().map(|it| Terms::from(it).offer()).collect()
}

/// The offers below the floor of their product: their places, and its name; the floor is the one of now.
fn below(tx: &mut Tx, offers: &[Offer]) -> Result<Vec<(usize, String)>> {
    let mut sql =
        Sql::new("SELECT id, name, floor_price FROM product WHERE floor_price IS NOT NULL AND id IN ");
    sql.any_of(offers.iter().map(|it| it.product.0)).push(" ORDER BY id");
    let mut found = Vec::new();
    for row in tx.rows(&sql)? {
        let floor = i128::from(row[2].int()) * 10_000;
        let low = offers.iter().enumerate().filter(|(_, it)| it.product.0 == row[0].int() && it.net < floor);
        found.extend(low.map(|(n, _)| (n, row[1].text().to_owned())));
    }
    Ok(found)
}

/// What a release keeps of the lines that it lets pass: others have not passed.
pub fn kept(offers: &[Offer]) -> String {
    let all = offers.iter().map(|it| format!("{}={}={}", it.product.0, it.net, it.quantity));
    all.collect::<Vec<_>>().join(" ")
}

/// What is offered below its floor, and lower than it was released: its place and its name.
pub fn too_low(tx: &mut Tx, offers: &[Offer], released: &str) -> Result<Vec<(usize, String)>> {
    let is_released = |offer: &Offer| {
        released.split(' ').any(|it| {
            let mut it = it.split('=');
            it.next().and_then(|it| it.parse().ok()) == Some(offer.product.0)
                && it.next().and_then(|it| it.parse().ok()).is_some_and(|net: i128| offer.net >= net)
        })
    };
    let mut found = below(tx, offers)?;
    found.retain(|it| !is_released(&offers[it.0]));
    Ok(found)
}
