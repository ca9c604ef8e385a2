//! The verb engine: guard, run, record.
//!
//! Load through the row scope → may the actor → does `when` hold → run → check → save what changed
//! → record the event. The writer that called us commits and replies.

use crate::{
    Access, Desk, Entity, EntityDef, Error, FieldDef, Form, Input, Label, Refusal, Result, Row, Tx, Value,
};

/// What the world may know of a verb.
pub struct VerbDef {
    pub name: &'static str,
    pub label: Label,
    pub asks: &'static [FieldDef],
    /// The right it takes; its own name unless `needs` says otherwise.
    pub right: &'static str,
    /// Runs on what the actor sees, not only on what the actor may act on: claiming from a pool.
    pub sight: bool,
    /// What it does can't be taken back: asked for twice, drawn in red.
    pub danger: bool,
    /// For one record at a time: it answers with what is told once, such as the address of a link.
    pub single: bool,
    /// The verb that takes it back, for whoever thinks better of it at once; empty where history or nothing does.
    pub back: &'static str,
    /// The reason when `when` does not hold.
    pub unless: Label,
    /// What its dialog begins with, of the one record that it is asked for.
    pub begins: Option<Begins>,
}

pub type Begins = fn(&dyn Row, &mut Tx) -> Result<Input>;

/// What the engine runs: a guard and a function, both plain.
pub struct Run<T: 'static> {
    pub when: fn(&T) -> bool,
    pub run: fn(&mut T, &mut Tx, &dyn Row) -> Result<()>,
}

/// The verbs of `T`: the same order in both lists.
pub struct Verbs<T: 'static> {
    pub defs: &'static [VerbDef],
    pub runs: &'static [Run<T>],
}

impl<T> Verbs<T> {
    pub const NONE: Verbs<T> = Verbs { defs: &[], runs: &[] };
}

/// The typed half of the contract, once for each entity: old values in, new values out.
pub fn apply<T: Entity>(
    verbs: &Verbs<T>,
    verb: usize,
    row: &dyn Row,
    tx: &mut Tx,
    input: &dyn Row,
) -> Result<Vec<Value>> {
    let mut record = T::read(row)?;
    if !(verbs.runs[verb].when)(&record) {
        return Err(Error::refused("wrong_state", verbs.defs[verb].unless));
    }
    (verbs.runs[verb].run)(&mut record, tx, input)?;
    Ok(record.write())
}

pub fn ready<T: Entity>(verbs: &Verbs<T>, verb: usize, row: &dyn Row) -> Result<bool> {
    Ok((verbs.runs[verb].when)(&T::read(row)?))
}

/// What a batch did to one record.
pub type Outcome = (i64, Result<()>);

impl Desk<'_> {
    /// What the dialog of a verb on one record begins with.
    pub fn begun(&mut self, def: &'static EntityDef, id: i64, verb: &'static VerbDef) -> Result<Input> {
        let Some(begins) = verb.begins else { return Ok(Input::default()) };
        let record = self.load(def, id, if verb.sight { "read" } else { verb.right })?;
        begins(&record, &mut self.tx)
    }

    /// The untyped half of the contract, once for all.
    pub fn run(&mut self, entity: &str, id: i64, verb: &str, input: &Input) -> Result<()> {
        self.run_at(entity, id, verb, None, input)
    }

    /// The same on version `version` of the record; without one, on whatever is there.
    pub fn run_at(
        &mut self,
        entity: &str,
        id: i64,
        verb: &str,
        version: Option<i64>,
        input: &Input,
    ) -> Result<()> {
        let def = self.entity(entity)?;
        let (n, verb) = def.verb(verb)?;
        let old = if verb.sight {
            self.may(def, verb.right)?;
            let mut old = self.load(def, id, "read")?;
            // Read again under a lock, as the other way of loading does.
            old = self.tx.record(def, old[0].int())?;
            old
        } else {
            self.load(def, id, verb.right)?
        };
        if version.is_some_and(|version| version != old[def.stamp()[0]].int()) {
            return Err(Error::Conflict { entity: def.code, id });
        }
        let asked = self.asked(verb.asks, input)?;
        // A merge writes the record that it goes into: that one, too, must be within reach for the verb.
        let merges = verb.asks.iter().any(|it| it.format == crate::Format::Fields);
        if let Some(at) = verb.asks.iter().position(|it| merges && it.name == "into") {
            self.load(def, asked[at].int(), verb.right)?;
        }
        self.run_on(def, n, old, asked)
    }

    pub(crate) fn run_on(
        &mut self,
        def: &'static EntityDef,
        n: usize,
        old: Vec<Value>,
        asked: Vec<Value>,
    ) -> Result<()> {
        self.tx.event = def.verbs[n].name.into();
        let wrote = self.tx.wrote;
        let new = match (def.apply)(n, &old, &mut self.tx, &asked) {
            Err(Error::Refused(mut refusal)) => {
                let rights = &self.actor.rights;
                refusal
                    .figures
                    .retain(|it| it.group.is_none_or(|group| rights.group(def, group) > Access::Mask));
                return if refusal.held {
                    self.held(def, old, refusal, wrote)
                } else {
                    Err(Error::Refused(refusal))
                };
            }
            other => other?,
        };
        // A verb may have given its own record to another verb's care, as a merge does.
        self.tx.event = def.verbs[n].name.into();
        self.tx.store(def, Some(old), new)?;
        Ok(())
    }

    /// Writes that a gate stopped a document, and says so: the hold stays though the verb was refused.
    fn held(
        &mut self,
        def: &'static EntityDef,
        old: Vec<Value>,
        refusal: Box<Refusal>,
        wrote: u64,
    ) -> Result<()> {
        let Some(hold) = def.hold.filter(|_| self.tx.wrote == wrote) else {
            return Err(Error::Internal(format!("a gate of {} stands behind a write", def.code)));
        };
        self.tx.event = "hold".into();
        let new = hold(&old, &refusal, &mut self.tx)?;
        self.tx.store(def, Some(old), new)?;
        Err(Error::Refused(refusal))
    }

    /// Runs a verb on many: each record through the same contract, every refusal reported, none in the others' way.
    pub fn run_each(&mut self, entity: &str, ids: &[i64], verb: &str, input: &Input) -> Result<Vec<Outcome>> {
        self.each_alone(ids, |desk, id| desk.run(entity, id, verb, input))
    }

    /// The same for an edit of fields.
    pub fn update_each(&mut self, entity: &str, ids: &[i64], input: &Input) -> Result<Vec<Outcome>> {
        self.each_alone(ids, |desk, id| desk.update(entity, id, None, input))
    }

    pub fn delete_each(&mut self, entity: &str, ids: &[i64]) -> Result<Vec<Outcome>> {
        self.each_alone(ids, |desk, id| desk.delete(entity, id, None))
    }

    fn each_alone(
        &mut self,
        ids: &[i64],
        mut work: impl FnMut(&mut Self, i64) -> Result<()>,
    ) -> Result<Vec<Outcome>> {
        ids.iter()
            .map(|&id| match self.alone(|desk| work(desk, id)) {
                Err(error) if error.is_trouble() => Err(error),
                result => Ok((id, result)),
            })
            .collect()
    }
}

impl Form for () {
    const FIELDS: &'static [FieldDef] = &[];
    fn read(_: &dyn Row) -> Result<()> {
        Ok(())
    }
}

impl VerbDef {
    pub const PLAIN: VerbDef = VerbDef {
        name: "",
        label: Label::NONE,
        asks: &[],
        right: "",
        sight: false,
        danger: false,
        single: false,
        back: "",
        unless: Label::NONE,
        begins: None,
    };
}

/// A table of plain functions:
/// `post("过账", "Post", asks Form begins function, when |it| …, else "为何" "why not", needs "right", back undoing, is danger)`.
#[macro_export]
macro_rules! verbs {
    ($($name:ident($zh:literal, $en:literal
        $(, asks $form:ident $(begins $begins:ident)?)?
        $(, when $when:expr, else $why_zh:literal $why_en:literal)?
        $(, needs $needs:literal)?
        $(, back $back:ident)?
        $(, is $($flag:ident)+)?
    )),* $(,)?) => {
        $crate::Verbs {
            defs: &[$($crate::VerbDef {
                name: stringify!($name),
                label: $crate::Label { zh: $zh, en: $en },
                asks: $crate::verbs!(@asks $($form)?),
                right: $crate::verbs!(@first $($needs,)? stringify!($name)),
                begins: $crate::verbs!(@begins $($($begins)?)?),
                unless: $crate::verbs!(@first $($crate::Label { zh: $why_zh, en: $why_en },)? $crate::Label::NONE),
                $(back: stringify!($back),)?
                $($($flag: true,)+)?
                ..$crate::VerbDef::PLAIN
            }),*],
            runs: &[$($crate::Run {
                when: $crate::verbs!(@first $($when,)? |_| true),
                run: $crate::verbs!(@run $name $($form)?),
            }),*],
        }
    };
    (@asks) => { &[] };
    (@asks $form:ident) => { <$form as $crate::Form>::FIELDS };
    (@run $name:ident) => { |record, tx, _| $name(record, tx) };
    (@run $name:ident $form:ident) => { |record, tx, input| $name(record, tx, <$form as $crate::Form>::read(input)?) };
    (@begins) => { None };
    (@begins $begins:ident) => { Some(|row, tx| $begins(&$crate::Entity::read(row)?, tx)) };
    (@first $first:expr $(, $rest:expr)?) => { $first };
}
