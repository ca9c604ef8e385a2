//! A document tried out: filled in, checked and tallied as saving would, and nothing of it kept. It is what the page
//! shows after every key.

use crate::input::few;
use crate::tx::Record;
use crate::{
    Access, Card, Desk, EntityDef, Error, Fault, FieldDef, Input, Notice, Panel, Result, Row, Value, value_of,
};

/// What came of it.
pub struct Trial {
    pub head: Card,
    /// As many as were given, in their order.
    pub lines: Vec<Card>,
    /// What is wrong; of a line under `code.2.field`. What is only missing yet is not wrong.
    pub faults: Vec<Fault>,
    /// A rule's no.
    pub refused: Option<Error>,
    pub panel: Panel,
    /// What posting it would change of what comes after its day.
    pub moves: Option<Notice>,
}

impl Desk<'_> {
    /// Tries `input` as record `id` of a document, or as a new one with 0; `at` is the place of the line at work.
    pub fn try_out(&mut self, entity: &str, id: i64, input: &Input, at: Option<usize>) -> Result<Trial> {
        let def = self.entity(entity)?;
        let line = def.lines.ok_or_else(|| Error::missing(entity))?();
        let old = match id {
            0 => self.may(def, "create").map(|_| None)?,
            id => Some(self.load(def, id, "update")?),
        };
        let dry = std::mem::replace(&mut self.tx.dry, true);
        let tried = self.tried_out(def, line, old, input, at);
        (self.tx.trial, self.tx.head, self.tx.before) = (None, None, None);
        self.tx.dry = dry;
        tried
    }

    fn tried_out(
        &mut self,
        def: &'static EntityDef,
        line: &'static EntityDef,
        old: Option<Record>,
        input: &Input,
        at: Option<usize>,
    ) -> Result<Trial> {
        let (mut faults, mut refused) = (Vec::new(), None);
        let new = old.clone().unwrap_or_else(|| self.fresh(def));
        let mut head = self.completed(def, old.as_ref(), new, input, "", &mut faults, &mut refused)?;
        self.tx.head = Some((def, head.clone()));
        self.tx.before = old.clone().map(|it| (def, it));
        let of = line.of.map_or(1, |it| it + 1);
        let known = match &old {
            Some(old) => self.rows_of(def, old[0].int(), line)?,
            None => Vec::new(),
        };
        let rows = input.rows.get(line.code).map_or(&[][..], Vec::as_slice);
        few(line.code, rows)?;
        let mut lines = Vec::new();
        for (n, row) in rows.iter().enumerate() {
            let mut row = row.clone();
            row.fields.remove(line.fields[of - 1].name);
            let id = row.take("id").and_then(|it| it.trim_start_matches('#').parse::<i64>().ok());
            let before = known.iter().find(|it| Some(it.id) == id).map(|it| it.record.clone());
            let mut new = before.clone().unwrap_or_else(|| line.blank(self.tx.now));
            new[of] = head[0].clone();
            let place = format!("{}.{n}.", line.code);
            lines.push(self.completed(
                line,
                before.as_ref(),
                new,
                &row,
                &place,
                &mut faults,
                &mut refused,
            )?);
        }
        self.tx.trial = Some((line, lines.clone()));
        if let Some(tally) = def.tally {
            head = tally(&head, &mut self.tx)?;
        }
        let panel = match def.panel {
            Some(panel) => panel(&head, at, &mut self.tx)?,
            None => Panel::default(),
        };
        let moves = self.moved(def, &head)?;
        (self.tx.trial, self.tx.head) = (None, None);
        let panel = self.open_to_actor(def, panel);
        let head = self.tried_card(def, head)?;
        let lines = lines.into_iter().map(|it| self.tried_card(line, it)).collect::<Result<_>>()?;
        Ok(Trial { head, lines, faults, refused, panel, moves })
    }

    /// A record as its check would leave it, or as far as it got.
    #[expect(clippy::too_many_arguments, reason = "what was, what is given, and where to say what is wrong")]
    fn completed(
        &mut self,
        def: &'static EntityDef,
        old: Option<&Record>,
        mut new: Record,
        input: &Input,
        place: &str,
        faults: &mut Vec<Fault>,
        refused: &mut Option<Error>,
    ) -> Result<Record> {
        let mut own = Vec::new();
        Error::gather(&mut own, self.fill(def, input, &mut new, old.is_none()))?;
        let is_missing = |field: &FieldDef| field.required && field.is_empty(&value_of(def, &new, field));
        let parent = if place.is_empty() { None } else { def.of };
        let missing = def.fields.iter().enumerate().any(|(n, field)| Some(n) != parent && is_missing(field));
        own.retain(|it| it.code != "required");
        if own.is_empty() && !missing {
            match self.tx.checked(def, old, new.clone()) {
                Ok(checked) => new = checked,
                Err(Error::Invalid(more)) => own.extend(more),
                Err(error @ Error::Refused(_)) => {
                    refused.get_or_insert(error);
                }
                // A line's check may look for its document, which is not there yet.
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        faults.extend(own.into_iter().map(|it| Fault { field: format!("{place}{}", it.field), ..it }));
        Ok(new)
    }

    /// A record that is not saved as the actor may see it.
    fn tried_card(&mut self, def: &'static EntityDef, record: Record) -> Result<Card> {
        let mut card = self.unsaved(def, record);
        card.title = self.title(def, &card.record)?;
        Ok(card)
    }

    /// A document's panel as it stands, for the page that shows it.
    pub fn panel(&mut self, card: &Card) -> Result<Panel> {
        let Some(panel) = card.def.panel else { return Ok(Panel::default()) };
        let record: &dyn Row = &card.record;
        let panel = panel(record, None, &mut self.tx)?;
        Ok(self.open_to_actor(card.def, panel))
    }

    /// What posting a document as it stands would change of what comes after its day.
    pub fn moves(&mut self, card: &Card) -> Result<Option<Notice>> {
        self.moved(card.def, &card.record)
    }

    fn moved(&mut self, def: &'static EntityDef, record: &Record) -> Result<Option<Notice>> {
        let Some(moves) = def.moves else { return Ok(None) };
        let mut notice = moves(record, &mut self.tx)?;
        if let Some(it) = &mut notice
            && it.group.is_some_and(|group| self.actor.rights.group(def, group) <= Access::Mask)
        {
            it.figures.clear();
        }
        Ok(notice)
    }

    /// What of a panel the actor may see.
    fn open_to_actor(&self, def: &'static EntityDef, mut panel: Panel) -> Panel {
        let rights = &self.actor.rights;
        let opens =
            |of: &EntityDef, group: Option<&str>| group.is_none_or(|it| rights.group(of, it) > Access::Mask);
        let is_open = |group: Option<&str>| opens(def, group);
        let registry = self.tx.registry;
        let may =
            |it: &crate::Way| registry.entity(it.entity).is_some_and(|to| self.may(to, it.right).is_ok());
        let leads = |to: &str| {
            let code = to.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default();
            registry.entity(code).is_none_or(|to| self.may(to, "read").is_ok())
        };
        panel.strip.retain(|it| is_open(it.group));
        panel.sections.retain_mut(|it| {
            let of = it.of.map_or(Some(def), |of| self.tx.registry.entity(of));
            let Some(of) = of.filter(|of| self.may(of, "read").is_ok() && opens(of, it.group)) else {
                return false;
            };
            it.more.retain(|it| leads(&it.1));
            for part in &mut it.parts {
                match part {
                    crate::Part::Figures(facts) => facts.retain(|fact| opens(of, fact.group)),
                    crate::Part::Ways(ways) => ways.retain(may),
                    crate::Part::Rows { rows, .. } => rows.retain(|it| it.1.as_deref().is_none_or(leads)),
                    _ => {}
                }
            }
            true
        });
        if let Some(notice) = &mut panel.notice {
            if !is_open(notice.group) {
                notice.figures.clear();
            }
            notice.ways.retain(may);
        }
        panel
    }

    /// What to begin a document with: another one's fields and lines, as far as a person writes them, from today on.
    pub fn copy(&mut self, entity: &str, id: i64) -> Result<Input> {
        let def = self.entity(entity)?;
        let record = self.load(def, id, "read")?;
        let line = def.lines.ok_or_else(|| Error::missing(entity))?();
        let lines = self.rows_of(def, id, line)?;
        let is_copied = |it: &FieldDef| it.default != Some("today");
        let mut input = self.written(def, &record, &is_copied);
        let of = line.of.map_or("", |at| line.fields[at].name);
        let is_own = |it: &FieldDef| it.name != of;
        let rows = lines.iter().map(|it| self.written(line, &it.record, &is_own)).collect();
        input.rows.insert(line.code.to_owned(), rows);
        Ok(input)
    }

    fn written(&self, def: &'static EntityDef, record: &Record, fits: &dyn Fn(&FieldDef) -> bool) -> Input {
        let catalog = self.catalog().clone();
        let fields = catalog.fields(def).filter(|it| fits(it) && !it.unique && self.may_write(def, it));
        let text = |field: &FieldDef| match (field.kind, value_of(def, record, field)) {
            (_, Value::Null) => String::new(),
            (crate::Kind::Link(_), Value::Int(0)) => String::new(),
            (crate::Kind::Link(_), Value::Int(id)) => format!("#{id}"),
            (kind, value) => kind.plain(value.cell()),
        };
        fields.map(|it| (it.name.to_owned(), text(it))).collect()
    }

    /// The lines that a document with this head begins with.
    pub fn brought(&mut self, entity: &str, head: &Card) -> Result<Input> {
        let (def, mut input) = (self.entity(entity)?, Input::default());
        let (Some(brings), Some(line)) = (def.brings, def.lines.map(|it| it())) else { return Ok(input) };
        let of = line.of.map_or("", |at| line.fields[at].name);
        let rows = brings(&head.record, &mut self.tx)?;
        let rows = rows.iter().map(|it| self.written(line, it, &|it| it.name != of)).collect();
        input.rows.insert(line.code.to_owned(), rows);
        Ok(input)
    }

    /// The last document within the same record, where the actor sees one.
    pub fn last_within(&mut self, entity: &str, within: i64) -> Result<Option<i64>> {
        let def = self.entity(entity)?;
        let Some((at, _)) = def.parent() else { return Ok(None) };
        let mut sql = crate::Sql::new("SELECT MAX(t.id) FROM ");
        sql.name(def.code).push(" t WHERE t.").name(def.fields[at].name).push(" = ").bind(within);
        if let Some((_, reverses)) = def.field("reverses") {
            sql.push(" AND t.").name(reverses.name).push(" IS NULL");
        }
        sql.push(" AND ").append(&self.reach(def, "t", false)?);
        Ok(self.tx.rows(&sql)?.pop().map(|it| it[0].int()).filter(|it| *it != 0))
    }
}
