//! No door shows a row or a value outside the actor's rights: random companies, and an oracle that knows all rows and
//! applies the rules one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use domain::crm::customer::Grade;
use domain::{Contact, Customer, Performance, Receivable, Sale, SaleEntry};
use model::import::{self, Column, Plan};
use model::system::{Department, DepartmentKind, Role, Team, User, UserRole};
use model::{
    Actor, Custom, Date, Desk, Door, Entity, Id, Input, Lang, Money, Query, Result, Rights, Stamp, Value,
    seed,
};
use serde_json::json;
use store::Db;
use tests::served::{House, Served, sign_in};
use tests::{Random, cases, databases};

const SCOPES: [&str; 6] = ["none", "own", "department", "below", "company", "all"];
const OWN: usize = 1;
const DEPARTMENT: usize = 2;
const BELOW: usize = 3;
const COMPANY: usize = 4;
const ALL: usize = 5;
const ACCESS: [&str; 4] = ["hide", "mask", "read", "write"];
const READ: usize = 2;

/// What one role may do with one entity, before the program has read it.
#[derive(Debug)]
struct Spec {
    entity: &'static str,
    can: Vec<&'static str>,
    sees: usize,
    pools: bool,
    groups: Vec<(&'static str, usize)>,
}

/// A company as the oracle knows it: every row, and who has which roles.
struct Company {
    departments: Vec<Department>,
    users: Vec<User>,
    roles: Vec<Vec<Spec>>,
    /// Places of roles, by user.
    has: Vec<Vec<usize>>,
    customers: Vec<Customer>,
    contacts: Vec<Contact>,
    deals: Vec<Deal>,
    teams: Vec<Team>,
    today: Date,
}

/// A row of trade, as far as the rules and the reports look at it.
struct Deal {
    entity: &'static str,
    id: i64,
    customer: Id<Customer>,
    /// Whose it is, where the entity knows owners.
    owner: Option<Id<User>>,
    customer_owner: Option<Id<User>>,
    department: Option<Id<Department>>,
    date: Date,
    /// Of a receivable what is open.
    amount: i64,
    margin: Option<i64>,
}

/// What of the house is trade; the last has no owner of its own.
const TRADE: [&str; 4] = ["sale", "sale_entry", "performance", "receivable"];

/// Every value that must not leak is known by a text that stands nowhere else.
fn name_mark(n: usize) -> String {
    format!("z{}q", 10 + n)
}

fn bank_mark(n: usize) -> String {
    format!("6228{}004411", 10 + n)
}

fn limit(n: usize) -> Money {
    Money((900_010 + n as i64) * 100 + 37)
}

fn limit_marks(n: usize) -> [String; 2] {
    [format!("9000{}.37", 10 + n), format!("900,0{}.37", 10 + n)]
}

fn contact_mark(n: usize) -> String {
    format!("y{}k", 10 + n)
}

fn mobile(n: usize) -> String {
    format!("1549000{}77", 10 + n)
}

fn hobby_mark(n: usize) -> String {
    format!("hobby{}w", 10 + n)
}

impl Company {
    /// The rules, as the administrator's guide says them.
    fn specs<'a>(&'a self, user: usize, entity: &'a str) -> impl Iterator<Item = &'a Spec> {
        let roles = self.has[user].iter().flat_map(|role| &self.roles[*role]);
        roles.filter(move |it| it.entity == entity)
    }

    fn may(&self, user: usize, entity: &str, right: &str) -> bool {
        self.specs(user, entity).any(|it| it.can.contains(&right))
    }

    fn access(&self, user: usize, entity: &str, group: &str) -> usize {
        let groups = self.specs(user, entity).flat_map(|it| &it.groups);
        groups.filter(|it| it.0 == group).map(|it| it.1).max().unwrap_or(0)
    }

    fn department(&self, id: Option<Id<Department>>) -> Option<&Department> {
        self.departments.iter().find(|it| Some(it.id) == id)
    }

    fn is_below(&self, it: Option<Id<Department>>, top: Id<Department>) -> bool {
        let mut at = it;
        while let Some(id) = at {
            if id == top {
                return true;
            }
            at = self.department(at).and_then(|it| it.above);
        }
        false
    }

    /// The nearest company at or above a department, else the top.
    fn company(&self, home: Id<Department>) -> Id<Department> {
        let mut at = home;
        while let Some(it) = self.department(Some(at)) {
            match it.above {
                Some(above) if it.kind != DepartmentKind::Company => at = above,
                _ => break,
            }
        }
        at
    }

    /// Whether the scope of an entity's grants takes in a row of this owner or, where it has none, department.
    fn near(
        &self,
        user: usize,
        entity: &str,
        owner: Option<Id<User>>,
        department: Option<Id<Department>>,
    ) -> bool {
        let scope = self.specs(user, entity).map(|it| it.sees).max().unwrap_or(0);
        let pools = self.specs(user, entity).any(|it| it.pools);
        let me = &self.users[user];
        if scope == ALL || scope >= OWN && owner == Some(me.id) {
            return true;
        }
        let home_of =
            |owner: Id<User>| self.users.iter().find(|it| it.id == owner).and_then(|it| it.department);
        // Who looks after it decides; where nobody does, the department.
        let place = owner.map_or(department, home_of);
        if let Some(home) = me.department {
            let near = match scope {
                DEPARTMENT => place == Some(home),
                BELOW => self.is_below(place, home),
                COMPANY => self.is_below(place, self.company(home)),
                _ => false,
            };
            if near {
                return true;
            }
        }
        pools
            && owner.is_none()
            && department.is_none_or(|at| {
                me.department.is_some_and(|home| self.is_below(Some(at), self.company(home)))
            })
    }

    fn reaches(&self, user: usize, it: &Customer) -> bool {
        let mut teams =
            self.teams.iter().filter(|team| team.user == self.users[user].id && team.record == it.id.0);
        self.near(user, "customer", it.owner, it.department)
            || teams.any(|team| team.until.is_none_or(|day| day >= self.today))
    }

    fn customer(&self, id: Id<Customer>) -> &Customer {
        self.customers.iter().find(|it| it.id == id).unwrap()
    }

    /// What stands within a customer is seen by whoever sees that one, and by its own owner.
    fn sees_within(&self, user: usize, entity: &str, customer: Id<Customer>) -> bool {
        self.may(user, entity, "read")
            && self.specs(user, "customer").next().is_some()
            && self.reaches(user, self.customer(customer))
    }

    fn sees_deal(&self, user: usize, it: &Deal) -> bool {
        self.sees_within(user, it.entity, it.customer)
            || it.entity != "receivable"
                && self.may(user, it.entity, "read")
                && self.near(user, it.entity, it.owner, it.department)
    }

    fn sees(&self, user: usize, it: &Customer) -> bool {
        self.may(user, "customer", "read") && self.reaches(user, it)
    }

    fn sees_contact(&self, user: usize, it: &Contact) -> bool {
        self.sees_within(user, "contact", it.customer)
    }

    fn mine(&self, user: usize) -> BTreeSet<i64> {
        self.customers.iter().filter(|it| self.sees(user, it)).map(|it| it.id.0).collect()
    }

    /// Everything that this user must not find anywhere.
    fn secrets(&self, user: usize) -> Vec<String> {
        let mut secrets = Vec::new();
        for (n, it) in self.customers.iter().enumerate() {
            let sees = self.sees(user, it);
            if !sees {
                secrets.push(name_mark(n));
            }
            if !sees || self.access(user, "customer", "bank") < READ {
                secrets.push(bank_mark(n));
            }
            if !sees || self.access(user, "customer", "credit") < READ {
                secrets.extend(limit_marks(n));
            }
        }
        for (n, it) in self.contacts.iter().enumerate() {
            let sees = self.sees_contact(user, it);
            if !sees {
                secrets.extend([contact_mark(n), mobile(n)]);
            }
            if !sees || self.access(user, "contact", "private") < READ {
                secrets.push(hobby_mark(n));
            }
        }
        secrets
    }
}

fn spec(random: &mut Random, entity: &'static str, rights: &[&'static str], groups: &[&'static str]) -> Spec {
    let mut can = random.some(rights);
    if !random.once_in(6) {
        can.push("read");
    }
    let groups = random.some(groups).into_iter().map(|it| (it, random.below(4))).collect();
    Spec { entity, can, sees: random.below(6), pools: random.once_in(3), groups }
}

fn text(specs: &[Spec]) -> String {
    let grant = |it: &Spec| {
        let groups: serde_json::Map<_, _> =
            it.groups.iter().map(|(group, access)| ((*group).to_owned(), ACCESS[*access].into())).collect();
        let sees = SCOPES[it.sees];
        (
            it.entity.to_owned(),
            json!({"can": it.can, "sees": sees, "acts": sees, "pools": it.pools, "groups": groups}),
        )
    };
    let grants: serde_json::Map<_, _> = specs.iter().map(grant).collect();
    json!({"all": false, "grants": grants}).to_string()
}

fn build(db: &Db, seed: u64) -> Company {
    let system = Actor::system(Door::System, Lang::Zh);
    let mut company = db.write(&system, move |desk| fill(desk, &mut Random::new(seed))).unwrap();
    company.deals = db.read(&system, deals).unwrap();
    company
}

fn fill(desk: &mut Desk, random: &mut Random) -> Result<Company> {
    let stamp = Stamp::default;
    let mut departments: Vec<Department> = Vec::new();
    for n in 0..6 {
        let above = (n > 0).then(|| random.one(&departments).id);
        let kind = if random.once_in(3) { DepartmentKind::Company } else { DepartmentKind::Department };
        let mut it = Department {
            id: Id::NEW,
            name: format!("部门{n}"),
            above,
            kind,
            head: None,
            closed: false,
            stamp: stamp(),
        };
        desk.trusted().save(&mut it)?;
        departments.push(it);
    }
    let mut roles = Vec::new();
    for n in 0..4 {
        let mut specs = vec![spec(
            random,
            "customer",
            &["create", "update", "export", "import", "transfer"],
            &["credit", "bank"],
        )];
        if !random.once_in(3) {
            specs.push(spec(random, "contact", &["create", "update"], &["private"]));
        }
        for entity in TRADE {
            if !random.once_in(4) {
                specs.push(spec(random, entity, &["export"], &["cost"]));
            }
        }
        for entity in ["user", "department", "product"] {
            if random.once_in(2) {
                specs.push(spec(random, entity, &[], &["account"]));
            }
        }
        let mut role = Role {
            id: Id::NEW,
            code: format!("role{n}"),
            name: format!("角色{n}"),
            name_en: None,
            remark: None,
            rights: text(&specs),
            closed: false,
            stamp: stamp(),
        };
        desk.trusted().save(&mut role)?;
        roles.push((role.id, specs));
    }
    let (mut users, mut has) = (Vec::new(), Vec::new());
    for n in 0..6 {
        let home = (!random.once_in(6)).then(|| random.one(&departments).id);
        let mut user = seed::new_user(&format!("user{n}"), &format!("同事{n}"), home, "", Lang::Zh);
        desk.trusted().save(&mut user)?;
        let mine = random.some(&[0, 1, 2, 3]);
        for role in &mine {
            let mut link = UserRole { id: Id::NEW, user: user.id, role: roles[*role].0, stamp: stamp() };
            desk.trusted().save(&mut link)?;
        }
        users.push(user);
        has.push(mine);
    }
    let mut customers: Vec<Customer> = Vec::new();
    let (mut contacts, mut teams) = (Vec::new(), Vec::new());
    for n in 0..14 {
        let name = format!("{}公司{}", random.one(&["北京", "上海", "重庆"]), name_mark(n));
        let id = Id::of(desk.create("customer", &Input::from([("name", name.as_str()), ("country", "")]))?);
        let parent = customers.get(random.below(20)).map(|it| it.id);
        let owner = (!random.once_in(4)).then(|| random.one(&users).id);
        let department = (!random.once_in(4)).then(|| random.one(&departments).id);
        let (bank, class) = (bank_mark(n), *random.one(&[Grade::A, Grade::B, Grade::D]));
        let it: Customer = desk.trusted().get(id)?;
        let mut it = Customer { parent, owner, department, bank_account: Some(bank), class, ..it };
        it.credit_limit = limit(n);
        desk.trusted().save(&mut it)?;
        if random.once_in(3) {
            let until = [None, Some(desk.today()), desk.today().yesterday().ok()][random.below(3)];
            let (entity, user) = ("customer".to_owned(), random.one(&users).id);
            let mut team = Team {
                id: Id::NEW,
                entity,
                record: id.0,
                user,
                edit: random.once_in(2),
                until,
                stamp: stamp(),
            };
            desk.trusted().save(&mut team)?;
            teams.push(team);
        }
        customers.push(it);
        if random.once_in(2) {
            let k = contacts.len();
            let mut contact = Contact {
                id: Id::NEW,
                customer: id,
                name: format!("单{}", contact_mark(k)),
                position: None,
                mobile: Some(mobile(k)),
                phone: None,
                email: None,
                wechat: None,
                birthday: None,
                hobbies: Some(hobby_mark(k)),
                primary: false,
                remark: None,
                custom: Custom("{}".into()),
                stamp: stamp(),
            };
            desk.trusted().save(&mut contact)?;
            contacts.push(contact);
        }
    }
    trade(desk, random, &users, &customers)?;
    let roles = roles.into_iter().map(|it| it.1).collect();
    let today = desk.today();
    Ok(Company { departments, users, roles, has, customers, contacts, deals: Vec::new(), teams, today })
}

/// Customers buy from whoever serves them, this year and the last, of goods whose cost is known and of others.
fn trade(desk: &mut Desk, random: &mut Random, users: &[User], customers: &[Customer]) -> Result<()> {
    for moment in ["sale.check", "sale.post"] {
        let allow = [("moment", moment), ("over_limit", "allow"), ("overdue", "allow")];
        desk.create("credit_rule", &allow.into())?;
    }
    for name in ["球阀", "闸阀"] {
        desk.create("product", &[("name", name), ("tax_rate", "0.13")].into())?;
    }
    let with = |mut head: Input, entity: &str, line: Input| {
        head.rows.insert(entity.into(), vec![line]);
        head
    };
    let line = Input::from([("product", "#1"), ("quantity", "1000"), ("cost", "3.17")]);
    let came = desk.create("stock_in", &with([("date", "2020-01-01")].into(), "stock_in_line", line))?;
    desk.run("stock_in", came, "post", &Input::default())?;
    let year = desk.today().year();
    let days = [desk.today().to_string(), format!("{year}-01-01"), format!("{}-07-09", year - 1)];
    for (n, customer) in customers.iter().enumerate() {
        for _ in 0..random.below(3) {
            let mut head = Input::from([("customer", format!("#{}", customer.id.0))]);
            head.set("date", random.one(&days).as_str());
            head.set("salesperson", format!("#{}", random.one(users).id.0));
            let product = *random.one(&["#1", "#2"]);
            let line = [("product", product), ("quantity", "1"), ("price", &format!("{}.07", 300 + n))];
            let sale = desk.create("sale", &with(head, "sale_line", line.into()))?;
            desk.run("sale", sale, "post", &Input::default())?;
        }
    }
    Ok(())
}

/// Every row of trade that there is.
fn deals(desk: &mut Desk) -> Result<Vec<Deal>> {
    let tx = desk.trusted();
    let mut deals = Vec::new();
    for it in tx.find::<Sale>(&[])? {
        deals.push(Deal {
            entity: "sale",
            id: it.id.0,
            customer: it.customer,
            owner: it.salesperson,
            customer_owner: it.customer_owner,
            department: it.department,
            date: it.date,
            amount: it.amount.0,
            margin: None,
        });
    }
    for it in tx.find::<SaleEntry>(&[])? {
        deals.push(Deal {
            entity: "sale_entry",
            id: it.id.0,
            customer: it.customer,
            owner: it.salesperson,
            customer_owner: it.customer_owner,
            department: it.department,
            date: it.date,
            amount: it.amount.0,
            margin: it.cost.map(|cost| (it.amount - it.tax - cost).0),
        });
    }
    for it in tx.find::<Performance>(&[])? {
        deals.push(Deal {
            entity: "performance",
            id: it.id.0,
            customer: it.customer,
            owner: it.user,
            customer_owner: None,
            department: it.department,
            date: it.date,
            amount: it.amount.0,
            margin: it.cost.map(|cost| (it.amount - it.tax - cost).0),
        });
    }
    for it in tx.find::<Receivable>(&[])? {
        deals.push(Deal {
            entity: "receivable",
            id: it.id.0,
            customer: it.customer,
            owner: it.salesperson,
            customer_owner: None,
            department: None,
            date: it.date,
            amount: it.open.0,
            margin: None,
        });
    }
    Ok(deals)
}

/// What a report sums up of a row, and by what.
type Figure = fn(&Deal) -> Option<i64>;
type Group = fn(&Deal) -> i64;
/// Its figures by row, and their total.
type Told = (BTreeMap<i64, Option<i64>>, Option<i64>);

/// One user's walk through every door.
struct Walk<'a> {
    db: &'a Db,
    company: &'a Company,
    served: &'a Served,
    user: usize,
    actor: Actor,
    seed: u64,
}

impl Walk<'_> {
    fn look<R>(&self, work: impl FnOnce(&mut Desk) -> Result<R>) -> Result<R> {
        self.db.read(&self.actor, work)
    }

    fn about(&self, door: &str) -> String {
        let specs: Vec<_> = self.company.has[self.user].iter().map(|it| &self.company.roles[*it]).collect();
        format!("{:?} {door}, seed {}, user {}: {specs:?}", self.db.store().dialect(), self.seed, self.user)
    }

    fn same<T: PartialEq + Debug>(&self, door: &str, found: T, expected: T) {
        assert_eq!(found, expected, "{}", self.about(door));
    }

    /// Nothing of this leaks.
    fn keeps(&self, door: &str, text: &str) {
        for secret in self.company.secrets(self.user) {
            assert!(!text.contains(&secret), "{}: {secret} in {text}", self.about(door));
        }
    }

    fn query(&self, text: &str) -> Query {
        Query::parse(text).unwrap()
    }

    fn ids(&self, entity: &str, query: &str) -> std::result::Result<BTreeSet<i64>, &'static str> {
        let query = self.query(query);
        let rows = self.look(|desk| {
            let list = desk.list(entity, &query)?;
            desk.rows(&list)
        });
        rows.map(|it| it.0.iter().map(|row| row[0].int()).collect()).map_err(|error| error.code())
    }

    fn lists(&self) {
        let (company, user) = (self.company, self.user);
        let (may, mine) = (company.may(user, "customer", "read"), company.mine(user));
        let expected = if may { Ok(mine.clone()) } else { Err("not_found") };
        self.same("list", self.ids("customer", "size=500"), expected.clone());
        let contacts = company.contacts.iter().filter(|it| company.sees_contact(user, it)).map(|it| it.id.0);
        let reads_contacts = company.may(user, "contact", "read");
        let contacts = if reads_contacts { Ok(contacts.collect()) } else { Err("not_found") };
        self.same("contacts", self.ids("contact", "size=500"), contacts.clone());
        if !may {
            return;
        }
        self.same("search", self.ids("customer", "q=公司&size=500"), expected.clone());
        for query in [
            "",
            "class=A",
            "owner=none",
            "owner=me",
            "owner=mydept",
            "parent.class=B",
            "or=(class=A%26owner=none)",
        ] {
            let rows = self.ids("customer", &format!("{query}&size=500")).unwrap();
            assert!(rows.is_subset(&mine), "{}", self.about(query));
            let asked = self.query(query);
            let counted = self
                .look(|desk| Ok((desk.count("customer", &asked)?, desk.ids("customer", &asked, 0, 500)?)));
            self.same(query, counted.unwrap(), (rows.len() as i64, rows.into_iter().collect()));
        }
        // One step along a link sees no further than the link's own list would.
        let by_parent = |it: &&Customer| {
            let parent = company.customers.iter().find(|parent| Some(parent.id) == it.parent);
            company.sees(user, it)
                && parent.is_some_and(|parent| parent.class == Grade::B && company.sees(user, parent))
        };
        let by_parent: BTreeSet<_> = company.customers.iter().filter(by_parent).map(|it| it.id.0).collect();
        self.same("along a link", self.ids("customer", "parent.class=B&size=500"), Ok(by_parent));
        for (n, it) in company.customers.iter().enumerate() {
            let found = self.ids("customer", &format!("q={}", name_mark(n))).unwrap();
            let sees = company.sees(user, it);
            self.same("search by name", found, sees.then_some(it.id.0).into_iter().collect());
            let named = self.ids("customer", &format!("parent.name~={}", name_mark(n))).unwrap();
            assert!(sees || named.is_empty(), "{}", self.about("a hidden parent's name"));
        }
        for (n, it) in company.contacts.iter().enumerate() {
            let found = self.ids("customer", &format!("q={}", mobile(n))).unwrap();
            let sees = company.sees_contact(user, it);
            self.same(
                "search by a contact's mobile",
                found,
                sees.then_some(it.customer.0).into_iter().collect(),
            );
        }
    }

    fn totals(&self) {
        let (company, user) = (self.company, self.user);
        if !company.may(user, "customer", "read") {
            return;
        }
        let mine: Vec<_> = company.customers.iter().filter(|it| company.sees(user, it)).collect();
        let open = company.access(user, "customer", "credit") >= READ;
        let query = self.query(if open { "group=class&columns=credit_limit" } else { "group=class" });
        let (totals, groups) = self
            .look(|desk| {
                let list = desk.list("customer", &query)?;
                Ok((desk.totals(&list)?, desk.groups(&list)?))
            })
            .unwrap();
        let sum: i64 = mine.iter().map(|it| it.credit_limit.0).sum();
        let expected =
            if open { vec![("credit_limit", Some(sum).filter(|_| !mine.is_empty()))] } else { vec![] };
        self.same("total", (totals.count, totals.sums), (mine.len() as i64, expected));
        let mut groups: Vec<_> =
            groups.iter().map(|it| (it.value.text().to_owned(), it.totals.count)).collect();
        groups.sort();
        let count = |grade: Grade| mine.iter().filter(|it| it.class == grade).count() as i64;
        let expected = [("A", Grade::A), ("B", Grade::B), ("D", Grade::D)];
        let expected = expected.map(|(code, grade)| (code.to_owned(), count(grade)));
        self.same("groups", groups, expected.into_iter().filter(|it| it.1 > 0).collect());
    }

    /// What may not be read is unknown in every place where a name may stand.
    fn names(&self) {
        let (company, user) = (self.company, self.user);
        if !company.may(user, "customer", "read") {
            return;
        }
        for (field, group) in
            [("credit_limit", "credit"), ("bank_account", "bank"), ("blacklisted", "credit")]
        {
            let open = company.access(user, "customer", group);
            for place in [
                "sort={}",
                "sort=-{}",
                "group={}",
                "{}=any",
                "{}!=none",
                "or=({}=any%26class=A)",
                "parent.{}=any",
            ] {
                let query = place.replace("{}", field);
                let found = self.ids("customer", &query).map(drop);
                let expected = if open >= READ { Ok(()) } else { Err("unknown_field") };
                self.same(&query, found, expected);
            }
            let shown = self.ids("customer", &format!("columns=name,{field}")).map(drop);
            self.same("columns", shown, if open > 0 { Ok(()) } else { Err("unknown_field") });
            // Nor is a record found by it, though a file may name it.
            if company.may(user, "customer", "import") && company.may(user, "customer", "create") {
                let column = Column { header: "k".into(), to: "name".into(), ..Column::default() };
                let plan = Plan {
                    entity: "customer".into(),
                    columns: vec![column],
                    keys: vec![field.to_owned()],
                    ..Plan::default()
                };
                let mut file = import::open(b"k\nx\n".to_vec(), "x.csv", &plan).unwrap();
                let folder = std::env::temp_dir();
                let found = self.look(|desk| desk.preview(&plan, &mut file, &folder, 1)).map(drop);
                let expected = if open >= READ { Ok(()) } else { Err("unknown_field") };
                self.same("import key", found.map_err(|error| error.code()), expected);
            }
        }
    }

    fn records(&self) {
        let (company, user) = (self.company, self.user);
        let [credit, bank] = ["credit", "bank"].map(|group| company.access(user, "customer", group));
        for it in &company.customers {
            let (id, sees) = (it.id.0, company.sees(user, it));
            let expected = if sees { Ok(()) } else { Err("not_found") };
            let card = self.look(|desk| desk.get("customer", id));
            self.same("card", card.as_ref().map(drop).map_err(|it| it.code()), expected);
            let past = self.look(|desk| desk.as_of("customer", id, desk.today()));
            self.same("as of", past.as_ref().map(drop).map_err(|it| it.code()), expected);
            let history = self.look(|desk| desk.history("customer", id));
            self.same("history", history.as_ref().map(drop).map_err(|it| it.code()), expected);
            for card in [card, past].into_iter().flatten() {
                for (field, group, value) in [
                    ("credit_limit", credit, Value::Int(it.credit_limit.0)),
                    ("bank_account", bank, Value::from(it.bank_account.as_deref().unwrap())),
                ] {
                    let found = card.fields.iter().find(|it| it.0.name == field).map(|it| it.1.clone());
                    let expected = match group {
                        0 => None,
                        1 => Some(None),
                        _ => Some(Some(value)),
                    };
                    self.same(field, found, expected);
                }
            }
            for change in history.iter().flatten().flat_map(|it| &it.changes) {
                let guarded = match change.field.group {
                    Some("credit") => credit,
                    Some("bank") => bank,
                    _ => READ,
                };
                assert!(guarded >= READ, "{}: {}", self.about("history"), change.field.name);
            }
        }
    }

    fn finders(&self) {
        let (company, user) = (self.company, self.user);
        for (n, it) in company.customers.iter().enumerate() {
            let found = self.look(|desk| desk.find_all(&name_mark(n), 20)).unwrap();
            let ids: Vec<_> = found.iter().filter(|it| it.def.code == "customer").map(|it| it.id).collect();
            self.same("palette", ids, company.sees(user, it).then_some(it.id.0).into_iter().collect());
            if company.may(user, "contact", "read") {
                let field = Contact::DEF.field("customer").unwrap().1;
                let mark = name_mark(n);
                let offered =
                    self.look(|desk| desk.options(Contact::DEF, field, &mark, &Input::default(), 20));
                let offered: Vec<_> = offered.unwrap().into_iter().map(|it| it.value).collect();
                let expected = company.sees(user, it).then(|| format!("#{}", it.id.0));
                self.same("drop-down", offered, expected.into_iter().collect());
            }
        }
        for (n, it) in company.contacts.iter().enumerate() {
            let found = self.look(|desk| desk.find_all(&contact_mark(n), 20)).unwrap();
            let ids: Vec<_> = found.iter().filter(|it| it.def.code == "contact").map(|it| it.id).collect();
            self.same(
                "palette",
                ids,
                company.sees_contact(user, it).then_some(it.id.0).into_iter().collect(),
            );
        }
    }

    /// A report counts the rows that its reader's list shows, and no others, by whatever it is grouped.
    fn reports(&self) {
        let (company, user) = (self.company, self.user);
        for entity in TRADE {
            let all = company.deals.iter().filter(|it| it.entity == entity);
            let mine: BTreeSet<_> = all.filter(|it| company.sees_deal(user, it)).map(|it| it.id).collect();
            let expected = if company.may(user, entity, "read") { Ok(mine) } else { Err("not_found") };
            self.same(entity, self.ids(entity, "size=500"), expected);
        }
        let amount: Figure = |it| Some(it.amount);
        let margin: Figure = |it| it.margin;
        let customer: Group = |it| it.customer.0;
        let owner: Group = |it| it.owner.map_or(0, |it| it.0);
        let department: Group = |it| it.department.map_or(0, |it| it.0);
        let whose: Group = |it| it.customer_owner.map_or(0, |it| it.0);
        let sales = [
            ("customer", customer),
            ("salesperson", owner),
            ("department", department),
            ("customer_owner", whose),
        ];
        self.report("sales", "sale_entry", "period=all&", "amount", amount, &sales);
        self.report("margin", "sale_entry", "period=all&", "margin", margin, &sales);
        self.report("performance", "performance", "period=all&", "amount", amount, &sales[..3]);
        self.report("ageing", "receivable", "", "balance", amount, &sales[..2]);
        self.activity();
    }

    fn report(
        &self,
        code: &str,
        entity: &str,
        period: &str,
        measure: &str,
        figure: Figure,
        by: &[(&str, Group)],
    ) {
        let (company, user) = (self.company, self.user);
        let knows_cost = company.access(user, entity, "cost") >= READ;
        let may = company.may(user, entity, "read") && (code != "margin" || knows_cost);
        let mine: Vec<_> =
            company.deals.iter().filter(|it| it.entity == entity && company.sees_deal(user, it)).collect();
        for (group, of) in by {
            let query = format!("{period}group={group}&measure={measure}");
            let mut sums: BTreeMap<i64, Option<i64>> = BTreeMap::new();
            for it in &mine {
                let sum = sums.entry(of(it)).or_default();
                *sum = figure(it).map(|it| it + sum.unwrap_or(0)).or(*sum);
            }
            let total = sums.values().copied().flatten().reduce(|a, b| a + b);
            let expected = if may { Ok((sums, total)) } else { Err("not_found") };
            self.same(&format!("{code}?{query}"), self.figures(code, &query), expected);
        }
        if !may {
            return;
        }
        // Neither group, measure, sort nor condition tells what a list would not.
        let reads = company.may(user, "customer", "read");
        let known = |is: bool| if is { Ok(()) } else { Err("unknown_field") };
        let class = self.figures(code, &format!("{period}group=class&measure={measure}")).map(drop);
        self.same("group by class", class, known(reads && code != "performance"));
        for it in &company.customers {
            // Who does not see a customer cannot ask for it by its number either.
            let rows = mine.iter().filter(|deal| deal.customer == it.id && company.sees(user, it));
            let total = rows.filter_map(|it| figure(it)).reduce(|a, b| a + b);
            let found = self.figures(code, &format!("{period}customer={}&measure={measure}", it.id.0));
            self.same("of one customer", found.map(|it| it.1), Ok(total));
        }
        for place in ["measure=cost", "sort=-margin&measure=margin", "cost>0", "margin=any", "group=cost"] {
            let found = self.figures(code, &format!("{period}{place}")).map(drop);
            let has = matches!(code, "sales" | "performance") && !knows_cost || code == "ageing";
            if has || place == "group=cost" {
                self.same(place, found, Err("unknown_field"));
            }
        }
    }

    /// Whose customers bought something this year, and how many each has: of the customers and sales within sight.
    fn activity(&self) {
        let (company, user) = (self.company, self.user);
        let may = company.may(user, "sale_entry", "read");
        let counts = may && company.may(user, "customer", "read");
        let mine = company.deals.iter().filter(|it| {
            it.entity == "sale_entry" && it.date.year() == company.today.year() && company.sees_deal(user, it)
        });
        let bought: BTreeSet<_> = mine.map(|it| it.customer.0).collect();
        // Of customers only those within sight count.
        let bought: BTreeSet<_> = bought.intersection(&company.mine(user)).copied().collect();
        let active = Some(bought.len() as i64).filter(|_| may);
        let has = company.mine(user).len() as i64;
        let all = |measure: &str| {
            let query = format!("period=this_year&group=&measure={measure}");
            self.figures("activity", &query).map(|it| it.1.unwrap_or(0))
        };
        // What the rate is made of, the report is about.
        self.same("active", all("active").ok(), active.filter(|_| counts));
        self.same("customers", all("customers").ok(), counts.then_some(has));
    }

    /// The figures of a report with one dimension and one measure: by row, and the total.
    fn figures(&self, code: &str, query: &str) -> std::result::Result<Told, &'static str> {
        let query = self.query(query);
        let found = self.look(|desk| {
            let def = desk.report(code)?;
            desk.figures(def, &query, None)
        });
        let found = found.map_err(|error| error.code())?;
        let int = |value: &Value| Some(value).filter(|it| **it != Value::Null).map(Value::int);
        let at = found.axes.len();
        let rows = found.rows.iter().map(|row| (int(&row[0]).unwrap_or(0), int(&row[at])));
        Ok((rows.collect(), int(&found.totals[at])))
    }

    /// What is sent holds no text that the user may not read, not even in a cursor.
    fn served(&self) {
        let (company, who) = (self.company, format!("token{}", self.user));
        let columns = |entity: &str| {
            let def = self.db.registry().entity(entity).unwrap();
            let shown = self.look(|desk| {
                Ok(desk
                    .catalog()
                    .fields(def)
                    .filter(|it| desk.may_see(def, it))
                    .map(|it| it.name)
                    .collect::<Vec<_>>())
            });
            shown.unwrap().join(",")
        };
        for entity in ["customer", "contact"].into_iter().chain(TRADE) {
            let columns = columns(entity);
            for door in [
                "/{e}?view=*",
                "/{e}?view=*&columns={c}",
                "/{e}/print?view=*&columns={c}",
                "/{e}/export?view=*&format=csv&columns={c}",
                "/api/v1/{e}?size=500&columns={c}",
                "/{e}/filter/owner",
                "/{e}/filter/customer",
                "/{e}/columns?view=*",
                "/api/v1/{e}?q=公司",
                "/customer?view=*&group=parent",
                "/customer?view=*&sort=parent",
                "/",
                "/?who=me",
                "/palette?q=公司",
            ] {
                let path = door.replace("{e}", entity).replace("{c}", &columns);
                let (status, body) = self.served.read(&who, &path);
                assert!(status < 500, "{}: {status} {body}", self.about(&path));
                self.keeps(&path, &body);
            }
        }
        for report in self.db.registry().reports {
            let query = "period=all&as_of=2999-01-01&group=customer";
            for door in ["/report/{r}", "/report/{r}/print", "/report/{r}/export", "/api/v1/report/{r}"] {
                let path = format!("{}?{query}&format=csv", door.replace("{r}", report.code));
                let (status, body) = self.served.read(&who, &path);
                assert!(status < 500, "{}: {status} {body}", self.about(&path));
                self.keeps(&path, &body);
            }
        }
        let mut next = String::new();
        for _ in 0..20 {
            let (status, body) =
                self.served.read(&who, &format!("/api/v1/customer?sort=parent&size=1&after={next}"));
            if status != 200 {
                break;
            }
            let json: serde_json::Value = serde_json::from_str(&body).unwrap();
            let Some(cursor) = json["next"].as_str() else { break };
            next = cursor.to_owned();
            for part in cursor.split('.').filter_map(|it| it.strip_prefix('t')) {
                let key = data_encoding::BASE64URL_NOPAD.decode(part.as_bytes()).unwrap();
                self.keeps("cursor", &String::from_utf8_lossy(&key));
            }
        }
        for it in &company.customers {
            let sees = company.sees(self.user, it);
            for door in [
                "/customer/{}/print",
                "/api/v1/customer/{}",
                "/api/v1/customer/{}/history",
                "/api/v1/customer/{}?as_of=2999-01-01",
                "/api/v1/note?entity=customer&record={}",
                "/customer/{}",
                "/palette/customer/{}",
            ] {
                let path = door.replace("{}", &it.id.0.to_string());
                let (status, body) = self.served.read(&who, &path);
                assert!(status < 500, "{}: {status} {body}", self.about(&path));
                assert!(sees || status == 404, "{}: {status}", self.about(&path));
                self.keeps(&path, &body);
            }
        }
    }
}

#[test]
fn no_door_shows_a_row_or_a_value_outside_the_rights() {
    let rounds = cases(3);
    for seed in 1..=rounds as u64 {
        databases(|db| {
            let company = build(db, seed);
            let data = tempfile::tempdir().unwrap();
            let served = Served::new(db, data.path());
            for (user, it) in company.users.iter().enumerate() {
                sign_in(db, it.id.0, &format!("token{user}"));
                let system = Actor::system(Door::System, Lang::Zh);
                let rights = db.read(&system, |desk| Ok(desk.catalog().rights(it.id.0))).unwrap();
                let department = it.department.map_or(0, |it| it.0);
                let rights: std::sync::Arc<Rights> = std::sync::Arc::new(rights);
                let actor = Actor { door: Door::Browser, user: it.id.0, department, lang: Lang::Zh, rights };
                let walk = Walk { db, company: &company, served: &served, user, actor, seed };
                walk.lists();
                walk.totals();
                walk.names();
                walk.records();
                walk.finders();
                walk.reports();
                walk.served();
            }
        });
    }
}

/// What goods cost and how low they may go, in figures that stand nowhere else, as every door might write them.
const COST: [&str; 7] = ["47.11", "471100", "188.44", "18844", "35206.25", "35,206.25", "3520625"];
const FLOOR: [&str; 3] = ["7777.77", "7,777.77", "77777700"];

#[test]
fn no_door_tells_cost_or_floor_to_who_may_not_know() {
    let people =
        &[("何振邦", "owner"), ("王海燕", "salesperson"), ("张国栋", "sales_manager"), ("周会计", "finance")];
    let house = House::new(people);
    let customer = house.id("北京金泰格");
    house.change(move |desk| {
        let goods = [("name", "铜球阀"), ("price", "9999"), ("floor_price", "7777.77")];
        let product = desk.create("product", &goods.into())?;
        let with = |head: Input, line: &[(&str, &str)]| {
            let mut line: Input = line.iter().copied().collect();
            line.set("product", format!("#{product}"));
            let mut input = head;
            input.rows.insert("lines".into(), vec![line]);
            input
        };
        let came =
            desk.create("stock_in", &with(Input::default(), &[("quantity", "10"), ("cost", "47.11")]))?;
        desk.run("stock_in", came, "post", &Input::default())?;
        let credit = [("credit_limit", "9000000"), ("credit_days", "30"), ("reason", "合作良好")];
        desk.run("customer", customer, "set_credit", &credit.into())?;
        let head = Input::from([("customer", format!("#{customer}"))]);
        let sale = desk.create("sale", &with(head.clone(), &[("quantity", "4")]))?;
        desk.run("sale", sale, "post", &Input::default())?;
        let back = desk.create("sale_return", &with(head.clone(), &[("quantity", "4")]))?;
        desk.run("sale_return", back, "post", &Input::default())?;
        let count = desk.create("stock_count", &with(Input::default(), &[("quantity", "6")]))?;
        desk.run("stock_count", count, "post", &Input::default())?;
        let order = desk.create("sale_order", &with(head.clone(), &[("quantity", "1"), ("price", "1")]))?;
        desk.create("sale", &with(head, &[("quantity", "1"), ("price", "1")]))?;
        drop(desk.run_each("sale_order", &[order], "check", &Input::default())?);
        let head = Input::from([("customer", format!("#{customer}"))]);
        let sale = desk.create("sale", &with(head.clone(), &[("quantity", "4")]))?;
        desk.run("sale", sale, "post", &Input::default())?;
        let mut period = head;
        period.set("first", "2020-01-01");
        let statement = desk.create("statement", &period)?;
        desk.run("statement", statement, "issue", &Input::default())?;
        desk.update("product", product, None, &Input::from([("floor_price", "7777.7700")]))
    });
    let dialog = house.post("周会计", "/statement/1/send", &[("days", "7")]).text();
    let at = dialog.find("/s/").expect("the dialog tells the address");
    let link = dialog[at..at + 35].to_owned();
    let line = [("customer", format!("#{customer}")), ("sale_line.0.product", "#1".to_owned())];
    let line: Vec<_> = line.iter().map(|it| (it.0, &*it.1)).chain([("sale_line.0.price", "1")]).collect();
    let said = |who: &str| {
        let mut said = Vec::new();
        let mut doors =
            vec!["/".to_owned(), "/palette?q=铜球阀".into(), "/sale_line/options/product?q=".into()];
        for entity in [
            "product",
            "sale",
            "sale_order",
            "sale_return",
            "sale_entry",
            "stock_entry",
            "stock_in",
            "stock_count",
            "performance",
            "receivable",
            "statement",
            "customer",
        ] {
            for door in
                ["/{}?view=*", "/{}/print?view=*", "/{}/export?view=*&format=csv", "/api/v1/{}?size=500"]
            {
                doors.push(door.replace("{}", entity));
            }
            for id in 1..=3 {
                for door in [
                    "/{}/{id}",
                    "/{}/{id}/print",
                    "/{}/{id}?at=history",
                    "/api/v1/{}/{id}",
                    "/api/v1/{}/{id}/history",
                ] {
                    doors.push(door.replace("{}", entity).replace("{id}", &id.to_string()));
                }
            }
        }
        for report in domain::REGISTRY.reports {
            for door in ["/report/{}", "/report/{}/print", "/report/{}/export", "/api/v1/report/{}"] {
                doors.push(door.replace("{}", report.code) + "?period=all&format=csv");
            }
        }
        doors.extend([format!("/settle/{customer}"), link.clone()]);
        for door in &doors {
            let (status, text) = house.read(who, door);
            assert!(status < 500, "{who} {door}: {status} {text}");
            said.push((door.clone(), text));
        }
        said.push(("reckon".into(), house.post(who, "/sale/reckon", &line).text()));
        said.push(("check".into(), house.send(who, "/api/v1/sale/2/check", "{}").text()));
        said.push(("held".into(), house.get(who, "/sale/2").text()));
        said
    };
    let tells = |who: &str, marks: &[&str]| {
        said(who)
            .into_iter()
            .filter(|it| marks.iter().any(|mark| it.1.contains(mark)))
            .map(|it| it.0)
            .collect::<Vec<_>>()
    };
    let none: Vec<String> = Vec::new();

    assert_eq!(tells("王海燕", &COST), none);
    assert_eq!(tells("王海燕", &FLOOR), none);
    // Nor may what is not told be asked for in another way.
    for entity in ["sale", "sale_entry", "performance"] {
        let doors = ["/{}?", "/{}/print?", "/{}/export?format=csv&", "/api/v1/{}?", "/{}/filter/cost?"];
        for (door, ask) in doors.into_iter().zip(["sort=cost", "cost=1..", "group=cost", "columns=cost", ""])
        {
            for ask in [ask, "cost=any", "columns=cost", "or=(cost=1..%26date=any)"] {
                let path = format!("{}{ask}", door.replace("{}", entity));
                let (status, _) = house.read("王海燕", &path);
                assert!(status >= 400, "{path}: {status}");
                let (status, text) = house.read("周会计", &path);
                assert_eq!(status, 200, "{path}: {text}");
            }
        }
    }
    // The oracle has eyes: who may know is told, each as far as the role goes.
    let (boss, manager) = (tells("何振邦", &FLOOR), tells("张国栋", &FLOOR));
    for door in ["/product/1", "/api/v1/product/1", "reckon"] {
        assert!(
            boss.iter().any(|it| it == door) && manager.iter().any(|it| it == door),
            "{door}: {boss:?} {manager:?}"
        );
    }
    let (books, manager) = (tells("周会计", &COST), tells("张国栋", &COST));
    assert!(
        ["/stock_count/1", "/report/margin?period=all&format=csv", "/sale/3"]
            .iter()
            .all(|door| books.iter().any(|it| it == door))
            && books.iter().any(|it| it == "/sale/1"),
        "{books:?}"
    );
    assert!(
        manager.iter().any(|it| it == "/sale/1") && !manager.iter().any(|it| it.contains("stock")),
        "{manager:?}"
    );
}
