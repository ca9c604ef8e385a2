//! Drop-downs and the palette: what fits the letters typed so far.

use crate::desk::target_of;
use crate::search::{self, Source};
use crate::system::{CodeEntry, User};
use crate::tx::Record;
use crate::{
    Condition, Desk, Entity, EntityDef, Error, FieldDef, Given, Input, Kind, Label, Op, Query, Result, Sql,
    Term, Value,
};

/// One entry of a drop-down.
#[derive(Clone)]
pub struct Choice {
    /// What a form sends: a code, or `#17` for a record.
    pub value: String,
    pub title: String,
    /// A number, a parent, a department: what tells namesakes apart.
    pub hint: String,
    pub depth: usize,
    /// Of what a line is about: what its list shows besides.
    pub facts: Vec<(&'static FieldDef, Value)>,
}

/// One find of the palette.
pub struct Find {
    pub def: &'static EntityDef,
    pub id: i64,
    pub number: Option<String>,
    pub title: String,
    /// Of a document: the record that it stands within.
    pub about: String,
    pub rank: u8,
    pub owner: Option<i64>,
    pub own: bool,
}

impl Desk<'_> {
    /// What a field may be set to, as far as it fits `typed`; `given` holds the other fields of the form.
    pub fn options(
        &mut self,
        def: &'static EntityDef,
        field: &'static FieldDef,
        typed: &str,
        given: &Input,
        most: usize,
    ) -> Result<Vec<Choice>> {
        let lang = self.actor.lang;
        let catalog = self.tx.catalog.clone();
        let wanted = search::query(typed.trim());
        let fits = |texts: &[(Source, &str)]| {
            typed.trim().is_empty() || wanted.as_ref().is_some_and(|it| search::matches(it, texts))
        };
        match field.kind {
            Kind::Choice(all) => {
                let choice = |it: &(&str, crate::Label)| Choice {
                    value: it.0.into(),
                    title: it.1.of(lang).into(),
                    hint: String::new(),
                    depth: 0,
                    facts: Vec::new(),
                };
                let found = all.iter().filter(|it| {
                    fits(&[(Source::Text, it.1.zh), (Source::Text, it.1.en), (Source::Number, it.0)])
                });
                Ok(found.map(choice).take(most).collect())
            }
            Kind::Code => {
                let table = field.code.unwrap_or_default();
                let above = field.depends.map(|name| given.text(name)).filter(|it| !it.is_empty());
                // A tree that nothing is typed into opens step by step: the way to what is held, and what is below.
                let entry = |code: &str| catalog.code(table, code);
                let way = |code: &str| {
                    std::iter::successors(entry(code), |it| entry(it.above.as_deref()?))
                        .take(9)
                        .collect::<Vec<_>>()
                };
                let held = way(given.text("value"));
                let is_near = |it: &CodeEntry| {
                    let above = it.above.as_deref();
                    above.is_none() && held.is_empty()
                        || held.iter().any(|held| held.code == it.code || above == Some(&held.code))
                };
                let is_tree = catalog.codes(table).iter().any(|it| it.above.is_some());
                let steps = typed.trim().is_empty() && is_tree && above.is_none();
                let mut found = Vec::new();
                for entry in catalog.codes(table).iter().filter(|it| !it.closed) {
                    let english = entry.name_en.as_deref().unwrap_or_default();
                    let texts = [
                        (Source::Text, entry.name.as_str()),
                        (Source::Text, english),
                        (Source::Number, entry.code.as_str()),
                    ];
                    let depends = |above: &str| entry.above.as_deref() != Some(above) && entry.code != above;
                    if !fits(&texts) || above.is_some_and(depends) || (steps && !is_near(entry)) {
                        continue;
                    }
                    let way = way(&entry.code);
                    let hint =
                        way.iter().skip(1).rev().map(|it| it.called(lang)).collect::<Vec<_>>().join(" ");
                    found.push(Choice {
                        value: entry.code.clone(),
                        title: entry.called(lang).into(),
                        hint: if steps { String::new() } else { hint },
                        depth: if steps { way.len() - 1 } else { 0 },
                        facts: Vec::new(),
                    });
                    if found.len() >= most {
                        break;
                    }
                }
                Ok(found)
            }
            Kind::Link(to) if std::ptr::eq(to(), User::DEF) => {
                // What may not be read is not found either, letter by letter.
                let known = if self.named_by(to()).contains(&"login") { 2 } else { 1 };
                let fit = |it: &&crate::Person| {
                    let texts =
                        [(Source::Name, it.user.name.as_str()), (Source::Number, it.user.login.as_str())];
                    !it.user.closed && fits(&texts[..known])
                };
                let choice = |it: &crate::Person| Choice {
                    value: format!("#{}", it.user.id.0),
                    title: it.user.name.clone(),
                    hint: it
                        .user
                        .department
                        .and_then(|it| catalog.department(it.0))
                        .map_or(String::new(), |it| it.name.clone()),
                    depth: 0,
                    facts: Vec::new(),
                };
                Ok(catalog.users.values().filter(fit).map(choice).take(most).collect())
            }
            Kind::Link(_) => {
                let to = target_of(field).ok_or_else(|| Error::missing(field.name))?;
                let wide = def.of.is_some() && def.title_field().name == field.name;
                let mut terms = field.only.and_then(Query::parse).unwrap_or_default().terms;
                let depends = field.depends.filter(|name| to.at(name).is_some());
                if let Some(value) = depends.map(|name| given.text(name)).filter(|it| !it.is_empty()) {
                    let field = depends.unwrap_or_default().to_owned();
                    let value = value.trim_start_matches('#').to_owned();
                    terms.push(Term::One(Condition { field, op: Op::Is, value }));
                }
                self.records(to, typed, terms, most, wide)
            }
            // What a verb asks is no column of its entity.
            Kind::Text
                if field.again
                    && def.at(field.name).is_some_and(|at| std::ptr::eq(&def.fields[at], field)) =>
            {
                self.again(def, field, typed, most)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Records that may be linked to; closed ones are left out.
    fn records(
        &mut self,
        to: &'static EntityDef,
        typed: &str,
        terms: Vec<Term>,
        most: usize,
        wide: bool,
    ) -> Result<Vec<Choice>> {
        let has_number = to.at("number").is_some_and(|at| at != to.title + 1);
        let mut columns = vec![to.title_field().name.to_owned()];
        if has_number {
            columns.push("number".into());
        }
        let told = |it: &&FieldDef| {
            let is_told =
                matches!(it.kind, Kind::Text) || it.kind.is_amount() && !matches!(it.kind, Kind::Rate);
            wide && it.list && is_told && !columns.iter().any(|name| name == it.name)
        };
        let facts: Vec<_> =
            to.fields.iter().chain(to.derived).filter(told).filter(|it| self.may_read(to, it)).collect();
        columns.extend(facts.iter().map(|it| it.name.to_owned()));
        let mut query = Query {
            q: if to.is_searched() { typed.trim().into() } else { String::new() },
            columns,
            terms,
            size: Some(most),
            ..Query::default()
        };
        if let Some(closed) = to.closed {
            let field = to.fields[closed].name.to_owned();
            query.terms.push(Term::One(Condition { field, op: Op::Is, value: "false".into() }));
        }
        // Roles and departments are named to everybody who may edit what links to them.
        if self.may(to, "read").is_err() && !crate::system::is_cached(to) {
            return Ok(Vec::new());
        }
        if self.may(to, "read").is_err() {
            let mut sql = Sql::new("SELECT id, ");
            sql.name(to.title_field().name).push(" FROM ").name(to.code).push(" ORDER BY id");
            let rows = self.tx.rows(&sql)?;
            let choice = |row: &Vec<Value>| Choice {
                value: format!("#{}", row[0].int()),
                title: row[1].text().into(),
                hint: String::new(),
                depth: 0,
                facts: Vec::new(),
            };
            return Ok(rows.iter().map(choice).take(most).collect());
        }
        let list = self.list(to.code, &query)?;
        let (rows, _) = self.rows(&list)?;
        let hint = |row: &Vec<Value>| if has_number { row[3].text().to_owned() } else { String::new() };
        let at =
            |field: &FieldDef| list.columns.iter().find(|it| it.field.name == field.name).map(|it| it.at);
        let facts: Vec<_> = facts.into_iter().filter_map(|it| Some((it, at(it)?))).collect();
        let mut found: Vec<Choice> = rows
            .iter()
            .map(|row| Choice {
                value: format!("#{}", row[0].int()),
                title: row[2].text().into(),
                hint: hint(row),
                depth: 0,
                facts: facts.iter().map(|(field, at)| (*field, row[*at].clone())).collect(),
            })
            .collect();
        found.sort_by_key(|it| search::rank(typed.trim(), &it.title));
        Ok(found)
    }

    /// Values that were entered before, the most used first.
    fn again(
        &mut self,
        def: &'static EntityDef,
        field: &'static FieldDef,
        typed: &str,
        most: usize,
    ) -> Result<Vec<Choice>> {
        let nobody = self.actor.rights.grants.is_empty() && !self.actor.rights.all;
        if !self.may_read(def, field) || nobody {
            return Ok(Vec::new());
        }
        let mut sql = Sql::new("SELECT t.");
        sql.name(field.name)
            .push(" FROM ")
            .name(def.code)
            .push(" t WHERE t.")
            .name(field.name)
            .push(" <> '' AND ");
        sql.append(&self.reach(def, "t", false)?)
            .push(" GROUP BY t.")
            .name(field.name)
            .push(" ORDER BY COUNT(*) DESC LIMIT 500");
        let rows = self.tx.rows(&sql)?;
        let wanted = search::query(typed.trim());
        let fits = |text: &str| {
            typed.trim().is_empty()
                || wanted.as_ref().is_some_and(|it| search::matches(it, &[(Source::Text, text)]))
        };
        let choice = |text: &str| Choice {
            value: text.into(),
            title: text.into(),
            hint: String::new(),
            depth: 0,
            facts: Vec::new(),
        };
        Ok(rows.iter().map(|row| row[0].text()).filter(|it| fits(it)).map(choice).take(most).collect())
    }

    /// Finds in every entity that the actor may read: exact names first, then the actor's own, then the rest.
    pub fn find_all(&mut self, typed: &str, most: usize) -> Result<Vec<Find>> {
        let mut found = Vec::new();
        // An entry of a code table is a value of records, nothing that one opens.
        let is_record = |def: &EntityDef| !def.module.is_empty() && def.code != CodeEntry::DEF.code;
        let entities: Vec<_> =
            self.tx.registry.all().filter(|def| def.is_searched() && is_record(def)).collect();
        for def in &entities {
            let query = Query { q: typed.trim().into(), size: Some(most * 3), ..Query::default() };
            let mut some = self.finds(def, query, typed)?;
            some.sort_by_key(|it| (it.rank, !it.own));
            some.truncate(most);
            found.extend(some);
        }
        // Documents are looked for by whom they are about, too: the newest of those found first.
        for def in entities.into_iter().filter(|it| is_document(it)) {
            let Some((at, of)) = def.parent() else { continue };
            let mut whose: Vec<&Find> = found.iter().filter(|it| std::ptr::eq(it.def, of)).collect();
            whose.sort_by_key(|it| (it.rank, !it.own));
            let ids: Vec<String> = whose.iter().take(WHOSE).map(|it| it.id.to_string()).collect();
            if ids.is_empty() {
                continue;
            }
            let whose = Condition { field: def.fields[at].name.to_owned(), op: Op::Is, value: ids.join(",") };
            let sort = vec![("created".to_owned(), true)];
            let query = Query { terms: vec![Term::One(whose)], sort, size: Some(most), ..Query::default() };
            let there = found.iter().filter(|it| std::ptr::eq(it.def, def)).count();
            let mut some = self.finds(def, query, typed)?;
            some.retain(|it| !found.iter().any(|old| std::ptr::eq(old.def, def) && old.id == it.id));
            some.truncate(WHOSE.min(most.saturating_sub(there)));
            found.extend(some);
        }
        Ok(found)
    }

    /// The rows of an entity as finds; none where the actor may not look there.
    fn finds(&mut self, def: &'static EntityDef, query: Query, typed: &str) -> Result<Vec<Find>> {
        if self.may(def, "read").is_err() {
            return Ok(Vec::new());
        }
        let number = def.at("number").filter(|&at| at != def.title + 1).map(|_| "number");
        let owner = def.owner.map(|at| def.fields[at].name);
        let about = def.parent().filter(|_| is_document(def)).map(|it| def.fields[it.0].name);
        let columns = [Some(def.title_field().name), number, owner, about];
        let columns = columns.into_iter().flatten().map(str::to_owned).collect();
        let list = match self.list(def.code, &Query { columns, ..query }) {
            Ok(list) => list,
            Err(Error::NotFound { .. } | Error::Invalid(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let column = |name: Option<&str>| list.columns.iter().find(|it| Some(it.field.name) == name).copied();
        let (number, owner, about) = (column(number), column(owner), column(about).and_then(|it| it.title));
        let draft = Label { zh: "草稿", en: "Draft" }.of(self.actor.lang);
        let (rows, _) = self.rows(&list)?;
        let find = |row: Record| {
            let title = match row[list.columns[0].at].text() {
                "" if is_document(def) => draft,
                title => title,
            };
            let number = number.map(|it| row[it.at].text().to_owned());
            let owner = owner.map(|it| row[it.at].int()).filter(|it| *it != 0);
            let rank = search::rank(typed.trim(), title)
                .min(number.as_deref().map_or(9, |it| search::rank(typed.trim(), it)));
            Find {
                def,
                id: row[0].int(),
                title: title.to_owned(),
                about: about.map_or(String::new(), |at| row[at].text().to_owned()),
                number,
                rank,
                owner,
                own: owner == Some(self.actor.user),
            }
        };
        Ok(rows.into_iter().map(find).collect())
    }
}

/// Whose newest documents are found with them, and how many of each kind.
const WHOSE: usize = 3;

/// What is called by its number, and what it is about by the record that it stands within.
fn is_document(def: &EntityDef) -> bool {
    def.title_field().name == "number"
}

impl Given {
    /// Whether anything was given at all.
    pub fn is_blank(&self) -> bool {
        self.text().trim().is_empty()
    }
}
