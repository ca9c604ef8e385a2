//! What every transaction needs to know and seldom changes: people, departments, roles, codes, parameters, custom
//! fields. It is loaded once and kept until the database says that it changed, by this process or another.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::system::{
    CodeEntry, CustomField, CustomKind, Department, DepartmentKind, NumberRule, Parameter, Role, User,
    UserRole,
};
use crate::{
    Conn, Entity, EntityDef, Error, FieldDef, Format, Kind, Label, Lang, Record, Registry, Result, Rights,
    Row, Scope, TimeZone, Value,
};

#[derive(Clone)]
pub struct Catalog {
    pub registry: Registry,
    generation: i64,
    pub users: BTreeMap<i64, Person>,
    departments: BTreeMap<i64, Department>,
    pub roles: BTreeMap<i64, (Role, Rights)>,
    codes: HashMap<String, Table>,
    parameters: HashMap<String, String>,
    custom: HashMap<String, Vec<&'static FieldDef>>,
    numbers: HashMap<String, String>,
    pub zone: TimeZone,
    pub(crate) counts: Arc<Counts>,
}

/// Counts that took long, each with the last event that it knows of.
#[derive(Default)]
pub(crate) struct Counts(Mutex<HashMap<Asked, Counted>>);

struct Counted {
    last: i64,
    until: Instant,
    rows: Vec<Record>,
}

/// A statement with its values.
type Asked = (String, Vec<Value>);

/// How many are kept.
const KEPT: usize = 500;

impl Counts {
    pub fn get(&self, key: &Asked, last: i64) -> Option<Vec<Record>> {
        let kept = self.0.lock().unwrap_or_else(|lock| lock.into_inner());
        let found = kept.get(key).filter(|it| it.last == last && Instant::now() < it.until);
        found.map(|it| it.rows.clone())
    }

    pub fn keep(&self, key: Asked, last: i64, long: Duration, rows: &[Record]) {
        let mut kept = self.0.lock().unwrap_or_else(|lock| lock.into_inner());
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, Counted { last, until: Instant::now() + long, rows: rows.to_vec() });
    }
}

/// A user as the rest of the house needs to know them.
#[derive(Debug, Clone)]
pub struct Person {
    pub user: User,
    pub roles: Vec<i64>,
}

/// A code table in the order that the company gave it.
#[derive(Default, Clone)]
struct Table {
    entries: Vec<CodeEntry>,
    by_code: HashMap<String, usize>,
}

/// How the database tells that a catalog is no longer true.
pub const GENERATION: &str = "SELECT CAST(value AS BIGINT) FROM meta WHERE name = 'generation' LIMIT 1";

impl Catalog {
    /// A moment as people read it, to the minute of the company's clock.
    pub fn minute(&self, moment: crate::Moment) -> String {
        self.zone.to_datetime(moment).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// The catalog of this moment of the transaction: from `cache` while it is true, else loaded anew.
    pub fn current(
        registry: Registry,
        conn: &mut dyn Conn,
        cache: &Mutex<Option<Arc<Catalog>>>,
    ) -> Result<Arc<Catalog>> {
        let mut generation = 0;
        conn.query(GENERATION, &[], &mut |row| {
            generation = Value::from(row.cell(0)).int();
            Ok(())
        })?;
        let kept = cache.lock().unwrap_or_else(|lock| lock.into_inner()).clone();
        if let Some(catalog) = kept.filter(|it| it.generation == generation) {
            return Ok(catalog);
        }
        let catalog = Arc::new(Catalog::load(registry, conn, generation)?);
        *cache.lock().unwrap_or_else(|lock| lock.into_inner()) = Some(catalog.clone());
        Ok(catalog)
    }

    fn load(registry: Registry, conn: &mut dyn Conn, generation: i64) -> Result<Catalog> {
        let mut users = BTreeMap::new();
        for user in all::<User>(conn, "id")? {
            users.insert(user.id.0, Person { user, roles: Vec::new() });
        }
        for link in all::<UserRole>(conn, "id")? {
            if let Some(person) = users.get_mut(&link.user.0) {
                person.roles.push(link.role.0);
            }
        }
        let mut codes: HashMap<String, Table> = HashMap::new();
        for entry in all::<CodeEntry>(conn, "\"position\", code")? {
            let table = codes.entry(entry.list.clone()).or_default();
            table.by_code.insert(entry.code.clone(), table.entries.len());
            table.entries.push(entry);
        }
        let mut custom: HashMap<String, Vec<&'static FieldDef>> = HashMap::new();
        for field in all::<CustomField>(conn, "\"position\", id")?.into_iter().filter(|it| !it.closed) {
            custom.entry(field.entity.clone()).or_default().push(intern(&field));
        }
        let parameters = all::<Parameter>(conn, "id")?.into_iter().map(|it| (it.name, it.value));
        let parameters: HashMap<_, _> = parameters.collect();
        let zone = parameters.get("zone").map_or("Asia/Shanghai", String::as_str);
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let role = |role: Role| {
            (role.id.0, if role.closed { Rights::default() } else { Rights::of_json(&role.rights) }, role)
        };
        Ok(Catalog {
            registry,
            generation,
            users,
            departments: all::<Department>(conn, "id")?.into_iter().map(|it| (it.id.0, it)).collect(),
            roles: all::<Role>(conn, "id")?.into_iter().map(role).map(|it| (it.0, (it.2, it.1))).collect(),
            codes,
            parameters,
            custom,
            numbers: all::<NumberRule>(conn, "id")?.into_iter().map(|it| (it.entity, it.pattern)).collect(),
            zone,
            counts: Arc::default(),
        })
    }

    /// What a user may do: the union of the user's roles.
    pub fn rights(&self, user: i64) -> Rights {
        let mut rights = Rights::default();
        for role in self.users.get(&user).iter().flat_map(|it| &it.roles) {
            if let Some((_, more)) = self.roles.get(role) {
                rights.join(more);
            }
        }
        rights
    }

    pub fn user_name(&self, user: i64) -> Option<&str> {
        self.users.get(&user).map(|it| it.user.name.as_str())
    }

    pub fn department(&self, id: i64) -> Option<&Department> {
        self.departments.get(&id)
    }

    pub fn departments(&self) -> impl Iterator<Item = &Department> {
        self.departments.values()
    }

    pub fn department_of(&self, user: i64) -> Option<i64> {
        self.users.get(&user)?.user.department.map(|it| it.0)
    }

    /// The departments that a scope reaches from `home`; `None` for a scope that is not about departments.
    pub fn reach(&self, scope: Scope, home: i64) -> Option<HashSet<i64>> {
        match scope {
            Scope::None | Scope::Own | Scope::All => None,
            Scope::Department => Some(HashSet::from([home])),
            Scope::Below => Some(self.below(home)),
            Scope::Company => Some(self.below(self.company(home))),
        }
    }

    /// A department and all below it.
    pub fn below(&self, top: i64) -> HashSet<i64> {
        let mut found = HashSet::from([top]);
        loop {
            let is_new = |it: &&Department| {
                !found.contains(&it.id.0) && it.above.is_some_and(|above| found.contains(&above.0))
            };
            let new: Vec<i64> = self.departments.values().filter(is_new).map(|it| it.id.0).collect();
            if new.is_empty() {
                return found;
            }
            found.extend(new);
        }
    }

    /// The nearest department of kind *company* at or above `home`, else the top.
    fn company(&self, home: i64) -> i64 {
        let mut at = home;
        for _ in 0..100 {
            let Some(department) = self.departments.get(&at) else { break };
            match department.above {
                Some(above) if department.kind != DepartmentKind::Company => at = above.0,
                _ => break,
            }
        }
        at
    }

    pub fn users_in<'a>(&'a self, departments: &'a HashSet<i64>) -> impl Iterator<Item = i64> + 'a {
        let within = |it: &&Person| it.user.department.is_some_and(|home| departments.contains(&home.0));
        self.users.values().filter(within).map(|it| it.user.id.0)
    }

    /// The entries of a code table in the company's order.
    pub fn codes(&self, table: &str) -> &[CodeEntry] {
        self.codes.get(table).map_or(&[], |it| &it.entries)
    }

    pub fn code(&self, table: &str, code: &str) -> Option<&CodeEntry> {
        let table = self.codes.get(table)?;
        table.by_code.get(code).map(|&at| &table.entries[at])
    }

    /// What an entry is called; a code that is no longer there stands for itself.
    pub fn code_name<'a>(&'a self, table: &str, code: &'a str, lang: Lang) -> &'a str {
        self.code(table, code).map_or(code, |entry| entry.called(lang))
    }

    /// A field's code as people read it.
    pub fn coded(&self, field: &FieldDef, code: &str, lang: Lang) -> String {
        let table = field.code.unwrap_or_default();
        let name = self.code_name(table, code, lang);
        let above = match field.format {
            Format::Path => self.code(table, code).and_then(|it| it.above.as_deref()),
            _ => None,
        };
        let above = above.filter(|it| !it.is_empty()).map(|it| self.code_name(table, it, lang));
        match (above, lang) {
            (None, _) => name.to_owned(),
            (Some(above), Lang::Zh) => {
                let short = self.registry.short;
                format!("{} {}", short(above), short(name))
            }
            (Some(above), Lang::En) => format!("{name}, {above}"),
        }
    }

    /// A code and all below it: what a filter on the code means.
    pub fn codes_below(&self, table: &str, code: &str) -> Vec<String> {
        let mut found = vec![code.to_owned()];
        let Some(table) =
            self.codes.get(table).filter(|it| it.entries.iter().any(|entry| entry.above.is_some()))
        else {
            return found;
        };
        let mut at = 0;
        while at < found.len() {
            let above = found[at].clone();
            let below = table.entries.iter().filter(|it| it.above.as_deref() == Some(&above));
            found.extend(below.map(|it| it.code.clone()));
            at += 1;
        }
        found
    }

    pub(crate) fn add_code(&mut self, entry: CodeEntry) {
        let table = self.codes.entry(entry.list.clone()).or_default();
        table.by_code.insert(entry.code.clone(), table.entries.len());
        table.entries.push(entry);
    }

    /// A parameter as the company set it, else its default.
    pub fn parameter(&self, name: &str) -> &str {
        let default = || self.registry.parameter(name).map_or("", |it| it.default);
        self.parameters.get(name).map_or_else(default, String::as_str)
    }

    /// A parameter that is a whole number.
    pub fn number(&self, name: &str) -> i64 {
        self.parameter(name).parse().unwrap_or(0)
    }

    pub fn pattern(&self, def: &EntityDef) -> Option<&str> {
        self.numbers.get(def.code).map(String::as_str).or(def.number.map(|it| it.0))
    }

    /// The fields that an administrator added, in their order.
    pub fn custom(&self, def: &EntityDef) -> &[&'static FieldDef] {
        self.custom.get(def.code).map_or(&[], Vec::as_slice)
    }

    pub fn field(&self, def: &EntityDef, name: &str) -> Option<&'static FieldDef> {
        let more = def.derived.iter().chain(self.custom(def).iter().copied());
        def.field(name).map(|it| it.1).or_else(|| more.into_iter().find(|it| it.name == name))
    }

    /// All fields that people see, the derived and the added ones last.
    pub fn fields(&self, def: &'static EntityDef) -> impl Iterator<Item = &'static FieldDef> {
        let more = def.derived.iter().chain(self.custom(def).iter().copied());
        def.fields.iter().chain(more).filter(|field| field.is_shown())
    }
}

impl CodeEntry {
    pub fn called(&self, lang: Lang) -> &str {
        match (lang, &self.name_en) {
            (Lang::En, Some(name)) if !name.is_empty() => name,
            _ => &self.name,
        }
    }
}

/// A stored definition in the shape of a declared one. Descriptors live as long as the program; each distinct
/// definition is kept once, however often the catalog is loaded.
fn intern(field: &CustomField) -> &'static FieldDef {
    static KNOWN: OnceLock<Mutex<HashMap<String, &'static FieldDef>>> = OnceLock::new();
    let (name, english, table) = (&field.name, &field.name_en, &field.table);
    let key = format!(
        "{}|{name}|{english:?}|{:?}|{table:?}|{}|{}",
        field.field, field.kind, field.required, field.in_list
    );
    let known = KNOWN.get_or_init(Mutex::default);
    let mut known = known.lock().unwrap_or_else(|lock| lock.into_inner());
    known.entry(key).or_insert_with(|| {
        let keep = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
        let (kind, format) = match field.kind {
            CustomKind::Text => (Kind::Text, Format::Plain),
            CustomKind::Long => (Kind::Text, Format::Long),
            CustomKind::Int => (Kind::Int, Format::Plain),
            CustomKind::Money => (Kind::Money, Format::Plain),
            CustomKind::Date => (Kind::Date, Format::Plain),
            CustomKind::Bool => (Kind::Bool, Format::Plain),
            CustomKind::Code => (Kind::Code, Format::Plain),
        };
        let english = field.name_en.as_deref().filter(|it| !it.is_empty()).unwrap_or(&field.name);
        Box::leak(Box::new(FieldDef {
            name: keep(&field.field),
            label: Label { zh: keep(&field.name), en: keep(english) },
            kind,
            format,
            optional: true,
            required: field.required,
            list: field.in_list,
            code: field.table.as_deref().map(keep),
            section: Label { zh: "其他", en: "Other" },
            ..FieldDef::PLAIN
        }))
    })
}

fn all<T: Entity>(conn: &mut dyn Conn, order: &str) -> Result<Vec<T>> {
    let mut sql = crate::Sql::new("SELECT ");
    sql.names(T::DEF.columns()).push(" FROM ").name(T::DEF.code).push(" ORDER BY ").push(order);
    let mut found = Vec::new();
    conn.query(&sql.text(), &[], &mut |row: &dyn Row| {
        found.push(T::read(row)?);
        Ok::<(), Error>(())
    })?;
    Ok(found)
}
