//! Where the columns of a file may go, and the first guess.

use sheet::columns::{self, Target};
use sheet::parse::Habits;
use sheet::read::{Reader, Row};

use super::places::{Answer, Names};
use super::{Column, LINES, NUMBER, Plan, Profile, headers, signature};
use crate::system::ImportBatch;
use crate::{Desk, Entity, EntityDef, Error, FieldDef, Kind, Label, Lang, Result, Sql, target_of};

/// Rows that are looked at for the way a column writes dates and numbers.
const SAMPLE: usize = 5_000;

/// A field that a column may go to.
#[derive(Clone, Copy)]
pub struct Place {
    pub field: &'static FieldDef,
    /// What the field belongs to, where that is not the record itself: the child row or the record within, one for each
    /// row of the file, as the contact of a customer; a document's line; the record that a link names.
    pub of: Option<&'static EntityDef>,
    /// It belongs to a line, or to what a line names.
    pub line: bool,
    /// The link whose record it tells of: by its number that one is found, by the rest it is made.
    pub link: Option<&'static FieldDef>,
    /// Only a check: the row is refused where its value would change something.
    pub fixed: bool,
}

impl Place {
    /// How a plan names it: `name`, `contact.mobile`, `lines.quantity`, `lines.product.number`.
    pub fn path(&self) -> String {
        let name = self.field.name;
        match (self.line, self.link, self.of) {
            (true, Some(link), _) => format!("{LINES}{}.{name}", link.name),
            (true, None, _) => format!("{LINES}{name}"),
            (false, Some(link), _) => format!("{}.{name}", link.name),
            (false, None, Some(of)) => format!("{}.{name}", of.code),
            (false, None, None) => name.to_owned(),
        }
    }

    pub(super) fn is(&self, other: &Place) -> bool {
        let same = |one: Option<&FieldDef>, other: Option<&FieldDef>| {
            one.map(|it| it.name) == other.map(|it| it.name)
        };
        std::ptr::eq(self.field, other.field) && self.line == other.line && same(self.link, other.link)
    }

    pub fn label(&self, lang: Lang) -> String {
        let own = self.field.label.of(lang);
        match (self.link, self.of) {
            (Some(link), _) => format!("{} › {own}", link.label.of(lang)),
            (None, Some(_)) if self.line => format!("{} › {own}", LINE.of(lang)),
            (None, Some(of)) => format!("{} › {own}", of.label.of(lang)),
            (None, None) => own.to_owned(),
        }
    }
}

const LINE: Label = Label { zh: "明细", en: "Line" };

impl Desk<'_> {
    /// The fields that a column of an import may go to, for this actor: its own first, then those of child rows.
    pub fn places(&mut self, def: &'static EntityDef) -> Result<Vec<Place>> {
        self.may(def, "import")?;
        let mut places = Vec::new();
        let registry = self.tx.registry;
        let parts = registry.inside(def).chain(registry.children(def));
        for of in std::iter::once(None).chain(parts.map(Some)) {
            let its = of.unwrap_or(def);
            let may = ["create", "update"].iter().any(|right| self.may(its, right).is_ok());
            let link = of.and_then(|of| of.parent()).map(|it| its.fields[it.0].name);
            // What tells one child row from another must be a text; lines of a document come in with files of their own.
            let plain = |of: &EntityDef| matches!(of.title_field().kind, Kind::Text);
            let is_line = |of: &EntityDef| def.lines.is_some_and(|lines| std::ptr::eq(lines(), of));
            if !may || of.is_some_and(|of| !plain(of) || is_line(of)) {
                continue;
            }
            let catalog = self.tx.catalog.clone();
            for field in catalog.fields(its) {
                let stamp = crate::STAMP.iter().any(|it| it.name == field.name);
                if !stamp && field.sql.is_empty() && link != Some(field.name) && self.may_see(its, field) {
                    // A document keeps the number that it came with.
                    let own = of.is_none() && def.lines.is_some() && field.name == NUMBER;
                    let fixed = !own && !self.may_write(its, field);
                    places.push(Place { field, of, line: false, link: None, fixed });
                }
            }
        }
        if let Some(line) = def.lines.map(|lines| lines()).filter(|it| self.may(it, "create").is_ok()) {
            self.named_places(def, false, &mut places);
            let catalog = self.tx.catalog.clone();
            let fields = catalog.fields(line).filter(|it| self.may_write(line, it));
            let of = line.of.map(|at| line.fields[at].name);
            places.extend(fields.filter(|it| Some(it.name) != of).map(|field| Place {
                field,
                of: Some(line),
                line: true,
                link: None,
                fixed: false,
            }));
            self.named_places(line, true, &mut places);
        }
        Ok(places)
    }

    /// The fields of the records that a document or its lines can't be without: the customer, the product.
    fn named_places(&mut self, def: &'static EntityDef, line: bool, places: &mut Vec<Place>) {
        let catalog = self.tx.catalog.clone();
        let needed = def.fields.iter().enumerate().filter(|it| it.1.required && def.of != Some(it.0));
        for (_, link) in needed {
            let Some(to) = target_of(link) else { continue };
            let fields = catalog.fields(to).filter(|it| it.sql.is_empty() && self.may_write(to, it));
            places.extend(fields.map(|field| Place {
                field,
                of: Some(to),
                line,
                link: Some(link),
                fixed: false,
            }));
        }
    }

    /// What a file of this entity is likely to mean: as its headers were mapped last time, else by their names.
    pub fn plan_for(&mut self, def: &'static EntityDef, reader: &mut Reader) -> Result<Plan> {
        let places = self.places(def)?;
        let headers = headers(reader);
        let mut plan = match self.remembered(def, &signature(reader))? {
            Some(plan) if plan.columns.len() == headers.len() => plan,
            _ => {
                let mut plan = guessed(def, &places, &headers);
                plan.entity = def.code.to_owned();
                // A file that has all columns of a profile is probably of its kind.
                let profiles = Profile::all(self.catalog().registry, def.code)?;
                if let Some((name, profile)) = profiles.iter().find(|it| it.1.has_all(&plan)) {
                    profile.fit(&mut plan)?;
                    plan.profile = (*name).to_owned();
                }
                plan
            }
        };
        plan.entity = def.code.to_owned();
        plan.sheet = reader.sheet().to_owned();
        plan.header = reader.header().number;
        let sample = reader.rows()?.take(SAMPLE).collect::<Result<Vec<Row>>>()?;
        for (at, column) in plan.columns.iter_mut().enumerate() {
            let habits = Habits::of(sample.iter().filter_map(|row| row.cells.get(at)));
            column.month_first = habits.month_first.or(column.month_first);
            column.decimal_comma = habits.decimal_comma;
        }
        for (at, column) in plan.columns.iter_mut().enumerate() {
            let texts = sample.iter().filter_map(|row| row.cells.get(at)).map(|cell| cell.text.trim());
            if !self.may_mean(&places, column, texts.filter(|it| !it.is_empty())) {
                column.to.clear();
            }
        }
        plan.columns
            .iter_mut()
            .filter(|it| !places.iter().any(|place| place.path() == it.to))
            .for_each(|it| it.to.clear());
        // Rights change: what was decided then may be what this actor may not write now.
        plan.defaults.retain(|path, _| place(&places, path).is_ok_and(|it| !it.fixed));
        plan.keys.retain(|key| self.catalog().field(def, key).is_some_and(|it| self.may_read(def, it)));
        Ok(plan)
    }

    /// A column of which a tree of codes knows nothing at all is not what its header says: `Region` with `BC` and `WA`.
    fn may_mean<'a>(&self, places: &[Place], column: &Column, texts: impl Iterator<Item = &'a str>) -> bool {
        let Some(table) = place(places, &column.to).ok().and_then(|it| it.field.code) else { return true };
        let names = Names::new(self.catalog().clone(), table);
        let mut some = texts.take(200).filter(|it| !column.values.contains_key(*it)).peekable();
        !names.is_tree()
            || some.peek().is_none()
            || some.any(|text| !matches!(names.find(text), Answer::Unknown))
    }

    /// The plan of the last import with these headers: the actor's own, else a colleague's. Of a colleague's only where
    /// the columns went: which values stand for what is theirs.
    fn remembered(&mut self, def: &'static EntityDef, signature: &str) -> Result<Option<Plan>> {
        let mut sql = Sql::new("SELECT plan, \"user\" FROM ");
        sql.name(ImportBatch::DEF.code)
            .push(" WHERE entity = ")
            .bind(def.code)
            .push(" AND headers = ")
            .bind(signature);
        sql.push(" AND created_rows + updated_rows + same_rows > 0 ORDER BY CASE WHEN \"user\" = ");
        sql.bind(self.actor.user).push(" THEN 0 ELSE 1 END, id DESC LIMIT 1");
        let Some(row) = self.tx.rows(&sql)?.pop() else { return Ok(None) };
        let mut plan: Plan = read(row[0].text())?;
        plan.source.clear();
        plan.decisions.clear();
        if row[1].int() != self.actor.user {
            plan.defaults.clear();
            plan.columns.iter_mut().for_each(|it| it.values.clear());
        }
        Ok(Some(plan))
    }
}

/// A plan as it is kept.
pub(super) fn read(json: &str) -> Result<Plan> {
    serde_json::from_str(json).map_err(|_| crate::unreadable("plan"))
}

pub(super) fn written(plan: &Plan) -> Result<String> {
    serde_json::to_string(plan).map_err(|error| Error::Internal(error.to_string()))
}

fn guessed(def: &'static EntityDef, places: &[Place], headers: &[String]) -> Plan {
    // A child's own words come after the record's, and with its label before them: 联系人姓名, 联系人手机.
    let aliases: Vec<Vec<String>> = places.iter().map(aliases).collect();
    let borrowed: Vec<Vec<&str>> = aliases.iter().map(|it| it.iter().map(String::as_str).collect()).collect();
    let paths: Vec<String> = places.iter().map(Place::path).collect();
    let targets: Vec<Target> = places
        .iter()
        .zip(&borrowed)
        .zip(&paths)
        .map(|((place, aliases), path)| match place.of {
            Some(_) if !place.line || place.link.is_some() => {
                Target { name: path, zh: path, en: path, aliases }
            }
            _ => Target { name: path, zh: place.field.label.zh, en: place.field.label.en, aliases },
        })
        .collect();
    let matched = columns::match_headers(headers, &targets);
    let column = |(header, found): (&String, Option<columns::Match>)| Column {
        header: header.clone(),
        to: found.map_or(String::new(), |it| paths[it.target].clone()),
        factor: if header.contains('万') { 10_000 } else { 1 },
        ..Column::default()
    };
    let columns: Vec<Column> = headers.iter().zip(matched).map(column).collect();
    let key = |field: &&FieldDef| field.unique && columns.iter().any(|it| it.to == field.name);
    let keys = def.fields.iter().filter(key).map(|it| it.name.to_owned()).collect();
    Plan { columns, keys, ..Plan::default() }
}

fn aliases(place: &Place) -> Vec<String> {
    let field = place.field;
    let own = field.alias.split('|').filter(|it| !it.is_empty());
    // What a link names is described only where somebody says so.
    if place.link.is_some() {
        return Vec::new();
    }
    let Some(of) = place.of.filter(|_| !place.line) else { return own.map(str::to_owned).collect() };
    let label = [of.label.zh, of.label.en, of.code];
    let names: Vec<&str> = [field.label.zh, field.label.en, field.name].into_iter().chain(own).collect();
    let mut aliases: Vec<String> =
        label.iter().flat_map(|it| names.iter().map(move |name| format!("{it}{name}"))).collect();
    if of.title_field().name == field.name {
        aliases.extend(label.map(str::to_owned));
    }
    aliases.extend(names.into_iter().map(str::to_owned));
    aliases
}

/// The field that a path means, for this actor.
pub(super) fn place(places: &[Place], path: &str) -> Result<Place> {
    places.iter().find(|it| it.path() == path).copied().ok_or_else(|| Error::invalid(path, "unknown_field"))
}
