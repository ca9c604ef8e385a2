//! The demo company in a database: who works there, customers, contacts, products.

use domain::demo::{self, Demo};
use domain::{Address, Contact, Customer, Product};
use model::system::{CodeEntry, Department, DepartmentKind, Note, Role, Tag, User};
use model::{
    Actor, Code, Custom, Date, Desk, Door, Entity, Error, Id, Input, Label, Lang, Money, Price, Quantity,
    Rate, Result, Stamp, Value, seed,
};
use store::Db;

use crate::house::Place;

mod trade;

/// Whom a visitor may be: what `make run` and the sign-in page offer. Everybody's password is `demo`.
pub const LOGINS: [(&str, Label); 4] = [
    ("boss", Label { zh: "老板", en: "Owner" }),
    ("manager", Label { zh: "销售经理", en: "Sales manager" }),
    ("sales", Label { zh: "业务员", en: "Salesperson" }),
    ("finance", Label { zh: "财务", en: "Finance" }),
];

/// A half-loaded demo says `loading`, a whole one `true`.
const MARK: &str = "demo";

/// Opens the demo, loading it first where it is not there; with `reset` anew.
pub fn open(place: &Place, reset: bool) -> Result<Db> {
    let mut db = place.connect()?;
    let actor = Actor::system(Door::System, place.lang());
    let (mark, empty) = db.read(&actor, |desk| {
        Ok((desk.catalog().parameter(MARK).to_owned(), desk.catalog().users.is_empty()))
    })?;
    if mark == "true" && !reset {
        return Ok(db);
    }
    if mark.is_empty() && !empty {
        let says = Label {
            zh: "这里已有公司的数据，不会用演示数据覆盖；请用 --data 另选文件夹",
            en: "A company's data are here, which the demo does not replace: choose another folder with --data",
        };
        return Err(Error::refused("not_empty", says));
    }
    if !empty {
        db.store().close();
        drop(db);
        store::clear(&place.address())?;
        db = place.connect()?;
    }
    load(&db, place.lang())?;
    Ok(db)
}

/// Loads the demo into an empty house, in steps of which each knows what the one before has written.
pub fn load(db: &Db, lang: Lang) -> Result<()> {
    let actor = Actor::system(Door::System, lang);
    // The slow part is done once: everybody has the same password anyway.
    let password = web::password::hash("demo")?;
    let tongue = if lang == Lang::Zh { demo::Lang::Zh } else { demo::Lang::En };
    let company = move |desk: &Desk| demo::company(tongue, desk.today());
    let hash = password.clone();
    db.write(&actor, move |desk| {
        seed::seed(desk, &hash, false)?;
        seed::set_parameter(desk, MARK, "loading")
    })?;
    db.write(&actor, move |desk| people(desk, &company(desk), &password))?;
    db.write(&actor, move |desk| {
        let demo = company(desk);
        let products = products(desk, &demo)?;
        let customers = customers(desk, &demo)?;
        trades(desk, &demo, &customers, &products)?;
        seed::set_parameter(desk, MARK, "true")
    })
}

fn people(desk: &mut Desk, demo: &Demo, password: &str) -> Result<()> {
    let lang = desk.actor.lang;
    seed::set_parameter(desk, "company_name", &demo.company)?;
    seed::set_parameter(desk, "company_short", &demo.company)?;
    let mut departments: Vec<Id<Department>> = Vec::new();
    for it in &demo.departments {
        let top = desk.trusted().first::<Department>(&[("above", Value::Null)])?;
        let mut department = match (it.above, top) {
            // The demo's first department takes the place of the one that every new house has.
            (None, Some(top)) => Department { name: it.name.clone(), ..top },
            (above, _) => Department {
                id: Id::NEW,
                name: it.name.clone(),
                above: above.and_then(|it| departments.get(it).copied()),
                kind: DepartmentKind::Department,
                head: None,
                closed: false,
                stamp: Stamp::default(),
            },
        };
        departments.push(desk.trusted().save(&mut department)?);
    }
    for it in &demo.users {
        let home = departments.get(it.department).copied();
        let mut user = User {
            phone: some(&it.mobile),
            email: some(&it.email),
            ..seed::new_user(&it.login, &it.name, home, password, lang)
        };
        let id = desk.trusted().save(&mut user)?;
        for code in &it.roles {
            if let Some(role) = desk.trusted().first::<Role>(&[("code", (*code).into())])? {
                seed::give_role(desk, id, role.id)?;
            }
        }
    }
    for it in &demo.industries {
        let mut entry = CodeEntry {
            id: Id::NEW,
            list: "industry".to_owned(),
            code: it.code.to_owned(),
            name: it.zh.to_owned(),
            name_en: some(it.en),
            above: some(it.parent),
            position: 100_000,
            mark: it.mark,
            closed: false,
            key: String::new(),
            stamp: Stamp::default(),
        };
        desk.trusted().save(&mut entry)?;
    }
    Ok(())
}

/// Two years of trade; afterwards it is today again.
fn trades(desk: &mut Desk, demo: &Demo, customers: &[Id<Customer>], products: &[Id<Product>]) -> Result<()> {
    let (now, catalog) = (desk.now(), desk.catalog().clone());
    let user = |login: &str| catalog.users.values().find(|it| it.user.login == login).map(|it| it.user.id);
    let users: Vec<_> = demo.users.iter().map(|it| user(&it.login)).collect();
    let (finance, boss) = (user("finance"), user("boss"));
    trade::trade(desk, demo, &trade::People { customers, products, users: &users, finance, boss })?;
    let blacklisted = demo.customers.iter().zip(customers).filter(|it| it.0.blacklisted);
    for (_, id) in blacklisted {
        on(desk, Some(demo::trade_ends(desk.today())), boss)?;
        let reason = if desk.actor.lang == Lang::Zh {
            "多次拖欠，已停止供货"
        } else {
            "Never paid in time; no more goods"
        };
        desk.run("customer", id.0, "blacklist", &Input::from([("reason", reason)]))?;
        desk.trusted().now = now;
    }
    let tx = desk.trusted();
    (tx.now, tx.user) = (now, 0);
    Ok(())
}

fn products(desk: &mut Desk, demo: &Demo) -> Result<Vec<Id<Product>>> {
    let mut ids = Vec::new();
    for it in &demo.products {
        let mut product = Product {
            id: Id::NEW,
            number: it.number.clone(),
            name: it.name.clone(),
            category: code(&it.category),
            spec: some(&it.spec),
            unit: code(&it.unit),
            price: Price(it.price.0 * 100),
            floor_price: it.floor_price.map(|it| Price(it.0 * 100)),
            tax_rate: Rate(it.tax_rate * 100),
            barcode: some(&it.barcode),
            active: it.active,
            stocked: true,
            stock: Quantity(0),
            stock_value: Money(0),
            moved: None,
            recalculating: None,
            remark: None,
            custom: Custom("{}".to_owned()),
            stamp: Stamp::default(),
        };
        ids.push(desk.trusted().save(&mut product)?);
    }
    Ok(ids)
}

fn customers(desk: &mut Desk, demo: &Demo) -> Result<Vec<Id<Customer>>> {
    let lang = desk.actor.lang;
    let catalog = desk.catalog().clone();
    let user = |at: Option<usize>| {
        let login = &demo.users.get(at?)?.login;
        catalog.users.values().find(|it| it.user.login == *login).map(|it| it.user.id)
    };
    let department = |at: usize| {
        let name = &demo.departments.get(at)?.name;
        catalog.departments().find(|it| it.name == *name).map(|it| it.id)
    };
    let now = desk.now();
    let mut ids: Vec<Id<Customer>> = Vec::new();
    for it in &demo.customers {
        let owner = user(it.owner);
        on(desk, it.created, owner)?;
        let text: [(&str, &str); 30] = [
            ("number", &it.number),
            ("name", &it.name),
            ("short_name", &it.short_name),
            ("kind", it.kind),
            ("type", &it.r#type),
            ("channel", &it.channel),
            ("industry", &it.industry),
            ("region", &it.region),
            ("country", &it.country),
            ("address", &it.address),
            ("phone", &it.phone),
            ("email", &it.email),
            ("website", &it.website),
            ("tax_number", &it.tax_number),
            ("bank_name", &it.bank_name),
            ("bank_account", &it.bank_account),
            ("business_scope", &it.business_scope),
            ("size", &it.size),
            ("payment_method", &it.payment_method),
            ("source", &it.source),
            ("stage", it.stage),
            ("status", &it.status),
            ("class", &it.class.to_string()),
            ("key", if it.key { "true" } else { "false" }),
            ("needs", &it.needs),
            ("pool", &it.pool),
            ("remark", &it.remark),
            ("owner", &link(owner)),
            ("department", &link(department(it.department))),
            ("parent", &link(it.parent.and_then(|at| ids.get(at).copied()))),
        ];
        let id = Id::of(desk.create("customer", &text.into_iter().collect())?);
        ids.push(id);
        let mut customer: Customer = desk.trusted().get(id)?;
        customer.credit_grade = grade(it.credit_grade);
        customer.credit_days = it.credit_days;
        customer.credit_limit = Money(it.credit_limit.0);
        if it.handed_in {
            customer.registration = domain::crm::customer::Registration::HandedIn;
        }
        desk.trusted().save(&mut customer)?;
        if it.closed.is_some() {
            on(desk, it.closed, owner)?;
            desk.run("customer", id.0, "close", &Input::from([("reason", it.close_reason.as_str())]))?;
        }
    }
    let opened = |at: usize| demo.customers.get(at).and_then(|it| it.created);
    for it in &demo.contacts {
        on(desk, opened(it.customer), user(demo.customers[it.customer].owner))?;
        let position = catalog.code_name("position", &it.position, lang);
        let mut contact = Contact {
            id: Id::NEW,
            customer: ids[it.customer],
            name: it.name.clone(),
            position: some(position),
            mobile: some(&it.mobile),
            phone: some(&it.phone),
            email: some(&it.email),
            wechat: some(&it.wechat),
            birthday: it.birthday,
            hobbies: some(&it.hobbies),
            primary: it.primary,
            remark: some(&it.remark),
            custom: Custom("{}".to_owned()),
            stamp: Stamp::default(),
        };
        desk.trusted().save(&mut contact)?;
    }
    for it in &demo.addresses {
        on(desk, opened(it.customer), user(demo.customers[it.customer].owner))?;
        let mut address = Address {
            id: Id::NEW,
            customer: ids[it.customer],
            purpose: some(&it.name),
            region: code(&it.region),
            address: it.address.clone(),
            recipient: some(&it.contact),
            phone: some(&it.phone),
            stamp: Stamp::default(),
        };
        desk.trusted().save(&mut address)?;
    }
    for it in &demo.tags {
        on(desk, opened(it.customer), user(demo.customers[it.customer].owner))?;
        let (entity, record) = (Customer::DEF.code.to_owned(), ids[it.customer].0);
        let mut tag = Tag { id: Id::NEW, entity, record, name: it.name.clone(), stamp: Stamp::default() };
        desk.trusted().save(&mut tag)?;
    }
    for it in demo.notes.iter().rev() {
        on(desk, Some(it.date), user(Some(it.author)))?;
        let (entity, record) = (Customer::DEF.code.to_owned(), ids[it.customer].0);
        let (text, pinned) = (it.text.clone(), false);
        let mut note = Note { id: Id::NEW, entity, record, text, pinned, stamp: Stamp::default() };
        desk.trusted().save(&mut note)?;
    }
    let tx = desk.trusted();
    (tx.now, tx.user) = (now, 0);
    Ok(ids)
}

/// What follows was done on that day, by that person.
fn on(desk: &mut Desk, day: Option<Date>, user: Option<Id<User>>) -> Result<()> {
    let zone = desk.catalog().zone.clone();
    let tx = desk.trusted();
    if let Some(day) = day {
        let moment = zone.to_timestamp(day.at(9, 30, 0, 0));
        tx.now = moment.map_err(|error| Error::Internal(error.to_string()))?;
    }
    tx.user = user.map_or(0, |it| it.0);
    Ok(())
}

fn some(text: &str) -> Option<String> {
    Some(text).filter(|it| !it.is_empty()).map(str::to_owned)
}

fn code(text: &str) -> Option<Code> {
    some(text).map(Code)
}

fn link<T>(id: Option<Id<T>>) -> String {
    id.map_or(String::new(), |it| format!("#{}", it.0))
}

fn grade(letter: char) -> domain::crm::customer::Grade {
    use domain::crm::customer::Grade;
    match letter {
        'A' => Grade::A,
        'B' => Grade::B,
        'D' => Grade::D,
        _ => Grade::C,
    }
}
