//! A small company for stories: two sales departments, a few people, code tables, and the words to act in it.

use std::sync::Arc;

use model::{Actor, Desk, Door, Error, Input, Lang, Result, Rights};
use store::Db;

/// The company of the stories. People are called by their first names.
pub struct World<'a> {
    pub db: &'a Db,
    pub system: Actor,
    people: Vec<(&'static str, Actor)>,
}

/// Name, role, department.
const PEOPLE: [(&str, &str, &str); 7] = [
    ("何振邦", "owner", "恒联暖通"),
    ("张国栋", "sales_manager", "华北销售部"),
    ("王海燕", "salesperson", "华北销售部"),
    ("赵敏", "salesperson", "华北销售部"),
    ("李建军", "salesperson", "华东销售部"),
    ("吴淑芬", "information_clerk", "恒联暖通"),
    ("周会计", "finance", "恒联暖通"),
];

const CODES: [(&str, &str, &str, &str); 6] = [
    ("pool", "shared", "公司共享", ""),
    ("close_reason", "duplicate", "重复", ""),
    ("region", "110000", "北京", ""),
    ("region", "110115", "大兴区", "110000"),
    ("region", "310000", "上海", ""),
    ("country", "CN", "中国", ""),
];

impl<'a> World<'a> {
    pub fn new(db: &'a Db) -> World<'a> {
        let system = Actor::system(Door::System, Lang::Zh);
        let ids = db.write(&system, build).expect("the company can be built");
        let actor = |((name, role, _), (user, department)): (&(&'static str, &str, &str), (i64, i64))| {
            let preset =
                db.registry().presets.iter().find(|it| it.code == *role).expect("a preset of that name");
            let rights = Arc::new(Rights::of_preset(preset));
            (*name, Actor { door: Door::Browser, user, department, lang: Lang::Zh, rights })
        };
        let people = PEOPLE.iter().zip(ids).map(actor).collect();
        World { db, system, people }
    }

    pub fn person(&self, name: &str) -> &Actor {
        &self.people.iter().find(|it| it.0 == name).expect("a person of that name").1
    }

    /// Somebody does something.
    pub fn act<R: Send + 'static>(
        &self,
        who: &str,
        work: impl Fn(&mut Desk) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        self.db.write(self.person(who), work)
    }

    /// Somebody looks at something.
    pub fn look<R>(&self, who: &str, work: impl FnOnce(&mut Desk) -> Result<R>) -> Result<R> {
        self.db.read(self.person(who), work)
    }

    /// A customer in somebody's hands.
    pub fn customer(&self, owner: &str, name: &str) -> i64 {
        let name = name.to_owned();
        let made =
            self.act(owner, move |desk| desk.create("customer", &Input::from([("name", name.as_str())])));
        made.expect("the customer is created")
    }

    pub fn titles(&self, who: &str, query: &str) -> Vec<String> {
        let query = model::Query::parse(query).expect("a query of human length");
        let found = self.look(who, |desk| {
            let list = desk.list("customer", &query)?;
            Ok((desk.rows(&list)?.0, list.columns.iter().find(|it| it.field.name == "name").map(|it| it.at)))
        });
        let (rows, at) = found.expect("the list opens");
        let at = at.expect("the name is a column");
        rows.iter().map(|row| row[at].text().to_owned()).collect()
    }
}

/// The code of a refusal.
pub fn code<R: std::fmt::Debug>(result: Result<R>) -> &'static str {
    result.expect_err("a refusal").code()
}

/// The user and the department of each of the people.
fn build(desk: &mut Desk) -> Result<Vec<(i64, i64)>> {
    let mut departments = Vec::new();
    for (name, above) in [("恒联暖通", ""), ("华北销售部", "恒联暖通"), ("华东销售部", "恒联暖通")]
    {
        departments
            .push((name, desk.create("department", &Input::from([("name", name), ("above", above)]))?));
    }
    for (list, code, name, above) in CODES {
        let input = [("list", list), ("code", code), ("name", name), ("above", above)];
        desk.create("code_entry", &Input::from(input))?;
    }
    let mut people = Vec::new();
    for (n, (name, _, department)) in PEOPLE.iter().enumerate() {
        let home = departments.iter().find(|it| it.0 == *department).ok_or(Error::missing("department"))?.1;
        let (login, department) = (format!("user{n}"), format!("#{home}"));
        let input = [("login", login.as_str()), ("name", name), ("department", department.as_str())];
        people.push((desk.create("user", &Input::from(input))?, home));
    }
    Ok(people)
}
