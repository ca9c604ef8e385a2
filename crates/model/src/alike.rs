//! A look at a record before it is saved: who may be the same, and what its checks will say.

use crate::input::value_of;
use crate::system::{Access, User};
use crate::tx::Record;
use crate::{
    Desk, EntityDef, Error, Fault, FieldDef, Id, Input, Kind, Result, Row, Scalar, Sql, Stamp, Value,
    target_of,
};

/// Shortest name by which a record beyond the actor's reach is told of.
const SHORTEST: usize = 4;

/// A record that may be the same one. Beyond the actor's reach only whose it is, is told.
#[derive(Clone)]
pub struct Twin {
    /// The field that says so.
    pub field: &'static FieldDef,
    /// Only of a record within reach.
    pub id: Option<i64>,
    pub title: String,
    pub number: String,
    /// Nobody's: it lies in a pool, where the entity has owners at all.
    pub owner: Option<String>,
    pub department: Option<String>,
}

#[derive(Default)]
pub struct Look {
    pub twins: Vec<Twin>,
    /// The actor has asked too often in this hour: what is beyond reach is not told.
    pub limited: bool,
    pub faults: Vec<Fault>,
    /// What the checks make of fields that only they write: before and after.
    pub made: Vec<(&'static FieldDef, Value, Value)>,
}

impl Desk<'_> {
    /// Looks at what is about to be saved as record `id`, or as a new one with 0. Nothing of it stays, but a question
    /// that reaches beyond the actor's own records is counted and kept.
    pub fn look(&mut self, entity: &str, id: i64, input: &Input) -> Result<Look> {
        let def = self.entity(entity)?;
        let old = match id {
            0 => self.may(def, "create").map(|_| None)?,
            id => Some(self.load(def, id, "update")?),
        };
        let mut draft = old.clone().unwrap_or_else(|| self.fresh(def));
        let mut look = Look::default();
        let catalog = self.tx.catalog.clone();
        for (name, given) in &input.fields {
            let field = catalog.field(def, name).filter(|it| !it.is_custom() && self.may_write(def, it));
            let Some((field, at)) = field.zip(def.at(name)) else { continue };
            // A code that is not there yet is made by saving, not by looking.
            if matches!(field.kind, Kind::Code) {
                continue;
            }
            match self.value(field, given) {
                Ok(value) => draft[at] = value,
                Err(error) => Error::gather(&mut look.faults, Err(error))?,
            }
        }
        self.twins(def, &draft, input, &mut look)?;
        self.tried(def, old.as_ref(), draft, &mut look)?;
        Ok(look)
    }

    fn twins(
        &mut self,
        def: &'static EntityDef,
        draft: &Record,
        input: &Input,
        look: &mut Look,
    ) -> Result<()> {
        let asked: Vec<_> =
            def.fields.iter().filter(|it| it.like && !input.text(it.name).is_empty()).collect();
        let Some(find) = def.alike.filter(|_| !asked.is_empty()) else { return Ok(()) };
        let everything = self.reach(def, "t", false)?.text() == "1 = 1";
        let words: Vec<_> = asked.iter().map(|it| input.text(it.name).trim()).collect();
        let bold = words.iter().any(|it| it.chars().count() >= SHORTEST);
        look.limited = !everything && bold && !self.count_question(def, &words.join(" "))?;
        let record: &dyn Row = draft;
        for alike in find(record, &mut self.tx)? {
            let Some(field) = def.field(alike.field).map(|it| it.1) else { continue };
            let near = match self.load(def, alike.id, "read") {
                Ok(record) => Some(record),
                Err(Error::NotFound { .. }) => None,
                Err(error) => return Err(error),
            };
            let known = near.is_some();
            let long = input.text(field.name).trim().chars().count() >= SHORTEST;
            if !known && (look.limited || !long) {
                continue;
            }
            let record = match near {
                Some(record) => record,
                None => self.tx.record(def, alike.id)?,
            };
            let catalog = self.tx.catalog.clone();
            let link = |at: Option<usize>| at.map(|at| record[at + 1].int()).filter(|it| *it != 0);
            let text =
                |name: &str| def.at(name).filter(|_| known).map_or("", |at| record[at].text()).to_owned();
            look.twins.push(Twin {
                field,
                id: known.then_some(alike.id),
                title: if known { record[def.title + 1].text().to_owned() } else { String::new() },
                number: text("number"),
                owner: link(def.owner).and_then(|it| catalog.user_name(it)).map(str::to_owned),
                department: link(def.department)
                    .and_then(|it| catalog.department(it))
                    .map(|it| it.name.clone()),
            });
        }
        Ok(())
    }

    /// Keeps the question; whether this hour still has room for it.
    fn count_question(&mut self, def: &EntityDef, asked: &str) -> Result<bool> {
        let most = self.tx.catalog.number("check_name_hour");
        let since = self.tx.now - std::time::Duration::from_secs(3600);
        let mut sql = Sql::new("SELECT COUNT(*) FROM access WHERE kind = 'check_name' AND \"user\" = ");
        sql.bind(self.actor.user).push(" AND created >= ").bind(since.value());
        if most > 0 && self.tx.one(&sql)? >= most {
            return Ok(false);
        }
        let user = Some(self.actor.user).filter(|it| *it != 0).map(Id::<User>::of);
        let (kind, entity) = ("check_name".to_owned(), def.code.to_owned());
        let mut access = Access {
            id: Id::NEW,
            user,
            kind,
            entity,
            query: asked.to_owned(),
            rows: 1,
            stamp: Stamp::default(),
        };
        self.tx.save(&mut access).map(|_| true)
    }

    /// Runs the check and takes back whatever it did.
    fn tried(
        &mut self,
        def: &'static EntityDef,
        old: Option<&Record>,
        draft: Record,
        look: &mut Look,
    ) -> Result<()> {
        let Some(check) = def.check else { return Ok(()) };
        let (before, mut after) = (draft.clone(), draft);
        let mut ended = Ok(());
        let undone = self.alone(|desk| {
            ended = check(&mut after, old.map(|it| it as &dyn Row), &mut desk.tx);
            match &ended {
                Err(error @ (Error::Again | Error::Gone | Error::Full)) => Err::<(), _>(error.clone()),
                _ => Err(Error::missing("draft")),
            }
        });
        if let Err(error @ (Error::Again | Error::Gone | Error::Full | Error::Internal(_))) = undone {
            return Err(error);
        }
        if let Err(Error::Invalid(faults)) = ended {
            look.faults.extend(faults);
        }
        for field in def.fields.iter().filter(|it| it.readonly && self.may_read(def, it)) {
            let [was, is] = [&before, &after].map(|record| value_of(def, record, field));
            if was != is && target_of(field).is_none() {
                look.made.push((field, was, is));
            }
        }
        Ok(())
    }
}
