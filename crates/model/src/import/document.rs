//! Documents with their lines: all rows of one number, brought in whole or not at all. What they name and nobody knows
//! is made where the plan says so; what happened before is posted past the gates and marked so.

use std::collections::HashMap;

use sheet::parse;
use sheet::read::{Cell, Row};

use super::assess::{Import, Said, at, put, required};
use super::cells::Bound;
use super::lots::MOST;
use super::plan::place;
use super::{Assessed, LINES, NUMBER, Opposite, Place, Plan, Read, Verdict};
use crate::tx::Record;
use crate::{
    Desk, EntityDef, Error, Fault, FieldDef, Given, Label, Result, Sql, Text, Value, target_of, value_of,
};

/// Texts of which it is remembered whose record they name.
const REMEMBERED: usize = 50_000;

/// How rows become documents.
pub(super) struct Paper {
    /// The document and its line; behind it, what some become instead.
    kinds: Vec<(&'static EntityDef, &'static EntityDef)>,
    opposite: Opposite,
    history: bool,
    create: Vec<&'static EntityDef>,
    defaults: Vec<Said>,
    links: Vec<Link>,
    /// In a preview: the document and, for each link, the record that would be made last.
    imagined: Vec<Record>,
}

/// A link that is found by what the file says of its record.
struct Link {
    field: &'static FieldDef,
    to: &'static EntityDef,
    line: bool,
    /// What it names where the file names nothing.
    default: Option<String>,
    known: HashMap<String, i64>,
}

impl Link {
    fn path(&self) -> String {
        format!("{}{}", if self.line { LINES } else { "" }, self.field.name)
    }

    fn is(&self, field: &FieldDef, line: bool) -> bool {
        std::ptr::eq(self.field, field) && self.line == line
    }
}

impl Desk<'_> {
    pub(super) fn paper(&mut self, def: &'static EntityDef, plan: &Plan, places: &[Place]) -> Result<Paper> {
        let mut kinds = Vec::new();
        let opposite = plan.opposite.clone().unwrap_or_default();
        for code in [def.code, &opposite.entity].into_iter().filter(|it| !it.is_empty()) {
            let def = self.entity(code)?;
            let line = def.lines.ok_or_else(|| Error::missing(code))?();
            self.may(def, "import")?;
            self.may(def, "create")?;
            if plan.history {
                let posts = def.verb("post").map(|it| it.1).ok().filter(|_| def.at("imported").is_some());
                let posts = posts.ok_or_else(|| Error::refused("no_history", NO_HISTORY))?;
                self.may(def, posts.right)?;
            }
            kinds.push((def, line));
        }
        let mut create = Vec::new();
        for code in &plan.create {
            let def = self.entity(code)?;
            self.may(def, "create")?;
            create.push(def);
        }
        let mut links: Vec<Link> = Vec::new();
        let mut link = |field: &'static FieldDef, line, default| {
            let known = links.iter().position(|it| it.is(field, line));
            let Some(to) = target_of(field) else { return };
            let at = known.unwrap_or(links.len());
            if known.is_none() {
                links.push(Link { field, to, line, default: None, known: HashMap::new() });
            }
            links[at].default = links[at].default.take().or(default);
        };
        let mut defaults = Vec::new();
        for (path, text) in &plan.defaults {
            let it = place(places, path)?;
            if it.fixed {
                return Err(Error::invalid(path, "forbidden_field"));
            }
            match target_of(it.field).filter(|_| it.link.is_none() && !text.is_empty()) {
                Some(_) => link(it.field, it.line, Some(text.clone())),
                None => {
                    let value = self.value(it.field, &Given::Text(text.clone()));
                    defaults.push((it, value.map_err(|error| at(path, error))?));
                }
            }
        }
        for column in plan.columns.iter().filter(|it| !it.to.is_empty()) {
            let it = place(places, &column.to)?;
            let makes = |to: &'static EntityDef| create.iter().any(|it| std::ptr::eq(*it, to));
            match it.link {
                Some(field) => link(field, it.line, None),
                None if target_of(it.field).is_some_and(makes) => link(it.field, it.line, None),
                None => {}
            }
        }
        let imagined = vec![Record::new(); links.len() + 1];
        Ok(Paper { kinds, opposite, history: plan.history, create, defaults, links, imagined })
    }

    /// Brings a document in, or finds out what would become of it. One that is refused leaves no trace.
    pub(super) fn bring_document(&mut self, import: &mut Import, rows: &[Row]) -> Result<Assessed> {
        let Some(mut paper) = import.paper.take() else { return Err(Error::missing(import.def.code)) };
        let (catalog, number) = (self.tx.catalog.clone(), rows[0].number);
        let mut told = Assessed {
            number,
            title: String::new(),
            turned: None,
            values: Vec::new(),
            rows: Vec::new(),
            verdict: Verdict::Refused(Vec::new()),
        };
        self.tx.history = paper.history;
        std::mem::swap(&mut self.tx.imagined, &mut paper.imagined);
        let result = match self.tx.dry {
            true => self.document(import, &mut paper, rows, &mut told),
            false => self.alone(|desk| desk.document(import, &mut paper, rows, &mut told)),
        };
        std::mem::swap(&mut self.tx.imagined, &mut paper.imagined);
        (self.tx.history, self.tx.quiet) = (false, None);
        if result.is_err() && !self.tx.dry {
            // What was made for it is gone with it.
            paper.links.iter_mut().for_each(|it| it.known.clear());
            import.bound.iter_mut().for_each(|it| it.known.clear());
            self.tx.catalog = catalog;
        }
        import.paper = Some(paper);
        match result {
            Ok(verdict) => told.verdict = verdict,
            Err(error) if error.is_trouble() => return Err(error),
            Err(error) => self.refuse(import.def, rows, error, &mut told),
        }
        Ok(told)
    }

    /// Says of each row why it stays out: its own faults, the document's, or another row's.
    fn refuse(&mut self, def: &'static EntityDef, rows: &[Row], error: Error, told: &mut Assessed) {
        let faults = self.faults(def, error);
        for row in &rows[told.rows.len()..] {
            told.rows.push(Read { number: row.number, line: Vec::new(), faults: Vec::new() });
        }
        let wrong = told.rows.iter().find(|it| !it.faults.is_empty()).map(|it| it.number);
        for read in told.rows.iter_mut().filter(|it| it.faults.is_empty()) {
            read.faults = match wrong {
                None => faults.clone(),
                Some(wrong) => {
                    let says = Text::new(
                        format!("第 {wrong} 行有错，整张单据没有导入"),
                        format!("Row {wrong} is wrong, so the whole document stays out"),
                    );
                    vec![Fault { field: String::new(), code: "document_refused", says: Some(says) }]
                }
            };
        }
        let wrong = told.rows.iter().find(|it| Some(it.number) == wrong);
        told.verdict = Verdict::Refused(wrong.map_or(faults, |it| it.faults.clone()));
    }

    fn document(
        &mut self,
        import: &mut Import,
        paper: &mut Paper,
        rows: &[Row],
        told: &mut Assessed,
    ) -> Result<Verdict> {
        self.read_rows(import, paper, rows, told)?;
        let number = told.title.clone();
        if number.is_empty() {
            return Err(Error::invalid(NUMBER, "required"));
        }
        if rows.len() > MOST {
            let says =
                Text::new(format!("一张单据最多 {MOST} 行"), format!("A document has at most {MOST} lines"));
            return Err(Error::fault(NUMBER, "too_many_rows", says));
        }
        let turned = paper.turned(told)?;
        let (def, line) = paper.kinds[usize::from(turned)];
        told.turned = Some(def).filter(|_| turned);
        if let Some(there) = self.there(paper, (def, line), &number, told)? {
            return Ok(there);
        }
        // What lines name is made before the document, so that an undoing meets the document first.
        let mut lines = Vec::new();
        for read in &mut told.rows {
            let mut record = line.blank(self.tx.now);
            paper.fill(line, Some(line), &read.line, &mut record);
            match self.link_all(paper, true, line, &read.line, &mut record) {
                Err(Error::Invalid(faults)) => read.faults = faults,
                other => other?,
            }
            lines.push(record);
        }
        refused_row(told)?;
        let mut head = self.fresh(def);
        if paper.history {
            // Who brings old papers in did not write them.
            [def.owner, def.department].into_iter().flatten().for_each(|it| head[it + 1] = Value::Null);
            if let Some(at) = def.at("imported") {
                head[at] = Value::Int(1);
            }
            let dated = |it: &Said| it.0.field.name == "date";
            if def.at("date").is_some() && !told.values.iter().any(dated) {
                return Err(Error::invalid("date", "required"));
            }
        }
        paper.fill(def, None, &told.values, &mut head);
        self.link_all(paper, false, def, &told.values, &mut head)?;
        let mut faults = Vec::new();
        required(def, &head, "", &mut faults);
        if self.tx.dry {
            self.unique(def, &head, 0, &mut faults)?;
        }
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        self.tx.event = "import".into();
        let mut head = self.tx.store(def, None, head)?;
        if self.tx.dry {
            head[0] = Value::Int(-1);
            self.tx.imagined[0] = head.clone();
        }
        let id = head[0].int();
        self.tx.quiet = Some(def);
        for (record, read) in lines.into_iter().zip(&mut told.rows) {
            match self.line_of(line, id, record, paper.negative(line).filter(|_| turned)) {
                Err(Error::Invalid(faults)) => read.faults = faults,
                other => other?,
            }
        }
        refused_row(told)?;
        if self.tx.dry {
            return Ok(Verdict::New(0));
        }
        self.tx.tally(def, id)?;
        if paper.history {
            let (n, _) = def.verb("post")?;
            let draft = self.tx.record(def, id)?;
            self.run_on(def, n, draft, Vec::new())?;
        }
        if !self.tx.has_everything() {
            let forbidden = |_| Error::Forbidden { entity: def.code, right: "create".into() };
            self.load(def, id, "read").map_err(forbidden)?;
        }
        Ok(Verdict::New(id))
    }

    /// What the rows say; of the document all must say the same, where they say anything.
    fn read_rows(
        &mut self,
        import: &mut Import,
        paper: &Paper,
        rows: &[Row],
        told: &mut Assessed,
    ) -> Result<()> {
        let mut from = Vec::new();
        for row in rows {
            let mut read = Read { number: row.number, line: Vec::new(), faults: Vec::new() };
            for bound in import.bound.iter_mut().filter(|it| !it.place.fixed) {
                let (Some(cell), it) = (row.cells.get(bound.at), bound.place) else { continue };
                let named = paper.links.iter().any(|link| link.is(it.field, it.line));
                let value = match if named { bound.text(cell) } else { self.meaning(bound, cell)? } {
                    Ok(None) => continue,
                    Ok(Some(value)) => value,
                    Err(fault) => {
                        read.faults.push(fault);
                        continue;
                    }
                };
                if it.line {
                    read.line.push((it, value));
                    continue;
                }
                match told.values.iter().position(|other| other.0.is(&it)) {
                    None => {
                        told.values.push((it, value));
                        from.push(row.number);
                    }
                    Some(at) if told.values[at].1 != value => {
                        let earlier = from[at];
                        let says = Text::new(
                            format!("同一单号的行是一张单据，这里却和第 {earlier} 行不同"),
                            format!(
                                "Rows of one number are one document, and this differs from row {earlier}"
                            ),
                        );
                        read.faults.push(Fault {
                            field: bound.path.clone(),
                            code: "mixed",
                            says: Some(says),
                        });
                    }
                    Some(_) => {}
                }
            }
            told.rows.push(read);
        }
        let number = told.values.iter().find(|it| it.0.of.is_none() && it.0.field.name == NUMBER);
        told.title = number.map_or(String::new(), |it| it.1.text().to_owned());
        refused_row(told)
    }

    /// A document of this number that is there already. It is the same as far as its head and the count of its lines go.
    fn there(
        &mut self,
        paper: &mut Paper,
        (def, line): (&'static EntityDef, &'static EntityDef),
        number: &str,
        told: &Assessed,
    ) -> Result<Option<Verdict>> {
        let mut sql = Sql::new("SELECT t.id FROM ");
        sql.name(def.code).push(" t WHERE t.").name(NUMBER).push(" = ").bind(number);
        sql.push(" AND ").append(&self.reach(def, "t", false)?);
        let Some(row) = self.tx.rows(&sql)?.pop() else { return Ok(None) };
        let old = self.tx.record(def, row[0].int())?;
        if def.at("status").is_some_and(|at| old[at].text() == "reversed") {
            return Err(Error::fault(NUMBER, "duplicate", REVERSED));
        }
        let own = told.values.iter().filter(|it| it.0.of.is_none() && target_of(it.0.field).is_none());
        let mut differs = own
            .map(|it| (it.0.field, &it.1))
            .any(|(field, value)| def.field(field.name).is_some() && value_of(def, &old, field) != *value);
        for at in paper.links_of(false) {
            let Some(field) = def.at(paper.links[at].field.name) else { continue };
            let named = self.named_record(paper, at, &told.values, false)?;
            differs |= named.is_some_and(|id| Value::Int(id) != old[field]);
        }
        let of = line.of.map_or("", |at| line.fields[at].name);
        let mut sql = Sql::new("SELECT COUNT(*) FROM ");
        sql.name(line.code).push(" WHERE ").name(of).push(" = ").bind(row[0].clone());
        differs |= self.tx.one(&sql)? != told.rows.len() as i64;
        if differs {
            return Err(Error::fault(NUMBER, "duplicate", OTHER));
        }
        Ok(Some(Verdict::Same(row[0].int())))
    }

    fn line_of(
        &mut self,
        line: &'static EntityDef,
        document: i64,
        mut record: Record,
        negative: Option<usize>,
    ) -> Result<()> {
        if let Some(of) = line.of {
            record[of + 1] = Value::Int(document);
        }
        if let Some(at) = negative {
            record[at] = Value::Int(record[at].int().saturating_abs());
        }
        let mut faults = Vec::new();
        required(line, &record, "lines", &mut faults);
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        self.tx.store(line, None, record).map(drop).map_err(|error| within(LINES, error))
    }

    /// Writes the links that are found by what the file says.
    fn link_all(
        &mut self,
        paper: &mut Paper,
        line: bool,
        def: &'static EntityDef,
        values: &[Said],
        record: &mut Record,
    ) -> Result<()> {
        for at in paper.links_of(line) {
            let Some(field) = def.at(paper.links[at].field.name) else { continue };
            if let Some(id) = self.named_record(paper, at, values, true)? {
                record[field] = Value::Int(id);
            }
        }
        Ok(())
    }

    /// The record that the values of a document or a line name by a link; where there is none it is made, or the
    /// values are refused; without `make` it is 0.
    fn named_record(
        &mut self,
        paper: &mut Paper,
        at: usize,
        values: &[Said],
        make: bool,
    ) -> Result<Option<i64>> {
        let (link, default) = (&paper.links[at], paper.links[at].default.clone());
        let (to, path) = (link.to, link.path());
        let tells =
            |it: &&Said| it.0.line == link.line && it.0.link.is_some_and(|it| std::ptr::eq(it, link.field));
        let mut told: Vec<(&'static FieldDef, &Value)> =
            values.iter().filter(tells).map(|it| (it.0.field, &it.1)).collect();
        let own = values.iter().find(|it| link.is(it.0.field, it.0.line)).map(|it| it.1.text());
        let number = told.iter().find(|it| it.0.name == NUMBER).map(|it| it.1.text());
        let title = told.iter().find(|it| it.0.name == to.title_field().name).map(|it| it.1.text());
        let (by, text) = match (number, own.or(title), &default) {
            (Some(number), ..) => (Some(NUMBER), number),
            (None, Some(text), _) => (None, text),
            (None, None, Some(text)) => {
                told.clear();
                (None, text.as_str())
            }
            (None, None, None) => return Ok(None),
        };
        if let Some(id) = link.known.get(text) {
            return Ok(Some(*id));
        }
        let found = match by {
            Some(number) => {
                let mut sql = Sql::new("SELECT t.id FROM ");
                sql.name(to.code).push(" t WHERE t.").name(number).push(" = ").bind(text);
                sql.push(" AND ").append(&self.reach(to, "t", false)?);
                self.tx.rows(&sql)?.pop().map(|row| row[0].int())
            }
            None => match self.value(link.field, &Given::Text(text.to_owned())) {
                Ok(value) => Some(value.int()),
                Err(error) if error.code() == "unknown_record" => None,
                Err(error) => return Err(super::assess::at(&path, error)),
            },
        };
        let id = match found {
            Some(id) => id,
            None if !make => return Ok(Some(0)),
            None if !paper.create.iter().any(|it| std::ptr::eq(*it, to)) => {
                let (zh, en) = (to.label.zh, to.label.en.to_lowercase());
                let says = Text::new(
                    format!("没有“{text}”这个{zh}，请先建立，或设定导入时新建"),
                    format!("There is no {en} {text}: make it first, or let the import make it"),
                );
                let field = by.map_or(path.clone(), |by| format!("{path}.{by}"));
                return Err(Error::fault(field, "unknown_record", says));
            }
            None => {
                let mut record = self.fresh(to);
                let defaults = paper.defaults.iter().filter(tells).map(|it| (it.0.field, &it.1));
                for (field, value) in defaults.chain(told) {
                    put(to, &mut record, field, value);
                }
                if record[to.title + 1].text().is_empty() {
                    record[to.title + 1] = Value::Text(text.to_owned());
                }
                self.new_record(to, at, record).map_err(|error| within(&format!("{path}."), error))?
            }
        };
        let known = &mut paper.links[at].known;
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let text = text.to_owned();
        known.insert(text, id);
        Ok(Some(id))
    }

    fn new_record(&mut self, to: &'static EntityDef, link: usize, record: Record) -> Result<i64> {
        let mut faults = Vec::new();
        required(to, &record, "", &mut faults);
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        self.tx.event = "import".into();
        let mut made = self.tx.store(to, None, record)?;
        if self.tx.dry {
            made[0] = Value::Int(-2 - link as i64);
            self.tx.imagined[1 + link] = made;
            return Ok(-2 - link as i64);
        }
        let id = made[0].int();
        if !self.tx.has_everything() {
            let forbidden = |_| Error::Forbidden { entity: to.code, right: "create".into() };
            self.load(to, id, "read").map_err(forbidden)?;
        }
        Ok(id)
    }
}

impl Paper {
    fn links_of(&self, line: bool) -> Vec<usize> {
        (0..self.links.len()).filter(|at| self.links[*at].line == line).collect()
    }

    /// Whether a document is the opposite of what the list is of.
    fn turned(&self, told: &mut Assessed) -> Result<bool> {
        let Opposite { prefix, negative, .. } = &self.opposite;
        if self.kinds.len() < 2 {
            return Ok(false);
        }
        let amount = |it: &Read| {
            let found = it.line.iter().find(|it| it.0.path() == *negative);
            found.map_or(0, |it| it.1.int().signum())
        };
        let below = told.rows.iter().any(|it| amount(it) < 0);
        if let Some(other) = told.rows.iter_mut().find(|it| below && amount(it) > 0) {
            let fault = Fault { field: negative.clone(), code: "mixed_signs", says: Some(MIXED.into()) };
            other.faults.push(fault.clone());
            return Err(Error::Invalid(vec![fault]));
        }
        Ok(below || (!prefix.is_empty() && told.title.starts_with(prefix.as_str())))
    }

    /// Where a line holds what is below zero in opposites.
    fn negative(&self, line: &EntityDef) -> Option<usize> {
        line.at(self.opposite.negative.strip_prefix(LINES)?)
    }

    /// Writes defaults and values into a document, or into a line.
    fn fill(&self, def: &'static EntityDef, of: Option<&EntityDef>, values: &[Said], record: &mut Record) {
        let own = |it: &&Said| it.0.link.is_none() && it.0.line == of.is_some();
        for (place, value) in self.defaults.iter().chain(values).filter(own) {
            let linked = self.links.iter().any(|link| link.is(place.field, place.line));
            if !linked && (place.field.is_custom() || def.at(place.field.name).is_some()) {
                put(def, record, place.field, value);
            }
        }
    }
}

impl Bound {
    /// A text that names a record, as it stands.
    fn text(&self, cell: &Cell) -> std::result::Result<Option<Value>, Fault> {
        let read = parse::code(&self.column.trimmed(cell)).map_err(|wrong| Fault {
            field: self.path.clone(),
            code: wrong.code,
            says: Some(wrong.says.into()),
        })?;
        let meant = read.map(|text| self.column.values.get(&text).cloned().unwrap_or(text));
        Ok(meant.filter(|it| !it.is_empty()).map(Value::Text))
    }
}

/// The first row that is wrong, if any is.
fn refused_row(told: &Assessed) -> Result<()> {
    match told.rows.iter().find(|it| !it.faults.is_empty()) {
        Some(wrong) => Err(Error::Invalid(wrong.faults.clone())),
        None => Ok(()),
    }
}

/// Faults under the path that they have in a plan.
fn within(path: &str, error: Error) -> Error {
    match error {
        Error::Invalid(faults) => {
            let named = |it: Fault| Fault { field: format!("{path}{}", it.field), ..it };
            Error::Invalid(faults.into_iter().map(named).collect())
        }
        other => other,
    }
}

const NO_HISTORY: Label = Label {
    zh: "这种单据不能作为历史单据过账，请导入为草稿",
    en: "Documents of this kind can't be posted as history; bring them in as drafts",
};
const MIXED: Label = Label {
    zh: "同一张单据里数量有正有负，请分成两张",
    en: "One document has quantities above and below zero; make two of it",
};
const REVERSED: Label = Label {
    zh: "这个单号导入过，已经红冲；要再次导入，请换单号",
    en: "This number came in before and was reversed; to bring it in again, give it another number",
};
const OTHER: Label = Label {
    zh: "系统里已有这个单号的单据，内容不同",
    en: "There is a document of this number with other contents",
};
