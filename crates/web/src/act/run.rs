//! A batch in pieces: each piece is one write, each record in it stands for itself.

use model::system::Tag;
use model::{Desk, EntityDef, Error, Fault, Format, Input, Label, Outcome, Result};

use super::{Deed, Picked};
use crate::visit::Visit;
use crate::visitor::random_token;
use crate::{Site, password};

/// Records in one write, so that nobody waits long for it.
const PIECE: usize = 200;
/// Most records that one request works through.
const MOST: i64 = 100_000;

pub struct End {
    pub ok: i64,
    pub refused: Vec<(i64, Error)>,
    /// The name under which history keeps what was done.
    pub batch: String,
    /// The address of a link that was made: shown this once.
    pub link: Option<String>,
}

impl End {
    /// What the form got wrong, where that alone is why nothing was done.
    pub fn faults(&self) -> Option<Vec<Fault>> {
        match self.refused.first() {
            Some((_, Error::Invalid(faults))) if self.ok == 0 => {
                let all = self.refused.iter().all(|it| matches!(&it.1, Error::Invalid(_)));
                all.then(|| faults.clone())
            }
            _ => None,
        }
    }
}

/// All records that were picked, piece by piece. It goes on to its end though the browser may have gone meanwhile: who
/// hands everything over leaves nothing behind.
pub async fn run(
    visit: &Visit,
    def: &'static EntityDef,
    deed: Deed,
    picked: &Picked,
    input: &Input,
) -> Result<End> {
    let (visit, picked, input) = (visit.clone(), picked.clone(), input.clone());
    let run = tokio::spawn(async move { run_all(&visit, def, deed, &picked, &input).await });
    run.await.map_err(|error| Error::Internal(error.to_string()))?
}

async fn run_all(
    visit: &Visit,
    def: &'static EntityDef,
    deed: Deed,
    picked: &Picked,
    input: &Input,
) -> Result<End> {
    let (counted, whom) = (picked.clone(), def);
    let count = visit.read(move |desk| counted.count(desk, whom)).await?;
    if count > MOST {
        let says = Label {
            zh: "一次最多 100,000 条，请缩小筛选范围",
            en: "At most 100,000 records at once; narrow the filter",
        };
        return Err(Error::refused("too_many_rows", says));
    }
    let mut end = End { ok: 0, refused: Vec::new(), batch: random_token()?[..16].to_owned(), link: None };
    let input = &match visit.site.sealed(deed, input).await {
        Err(error @ Error::Invalid(_)) => {
            end.refused.push((0, error));
            return Ok(end);
        }
        sealed => sealed?,
    };
    let mut after = 0;
    loop {
        let piece: Vec<i64> = match picked {
            Picked::Ids(ids) => ids.iter().copied().filter(|it| *it > after).take(PIECE).collect(),
            Picked::Filter(filter) => {
                let query = Picked::query(filter)?;
                let ids = move |desk: &mut Desk| desk.ids(def.code, &query, after, PIECE);
                visit.read(ids).await?
            }
        };
        let Some(last) = piece.last().copied() else { return Ok(end) };
        after = last;
        let (batch, input) = (end.batch.clone(), input.clone());
        let work = move |desk: &mut Desk| {
            desk.in_batch(&batch);
            Ok((each(desk, def, deed, &piece, &input)?, desk.invitation()))
        };
        let (outcomes, link) = visit.write(work).await?;
        end.link = link.or(end.link);
        for (id, result) in outcomes {
            match result {
                Ok(()) => end.ok += 1,
                Err(error) => end.refused.push((id, error)),
            }
        }
    }
}

impl Site {
    /// Secrets that a verb asks for are hashed before the transaction begins: it takes long on purpose.
    async fn sealed(&self, deed: Deed, input: &Input) -> Result<Input> {
        let mut input = input.clone();
        let Deed::Verb(verb) = deed else { return Ok(input) };
        for field in verb.asks.iter().filter(|it| it.format == Format::Secret) {
            let given = input.take(field.name).unwrap_or_default();
            password::check(&given, "")?;
            input.set(field.name, self.gate.slowly(move || password::hash(&given)).await??);
        }
        Ok(input)
    }
}

fn each(
    desk: &mut Desk,
    def: &'static EntityDef,
    deed: Deed,
    ids: &[i64],
    input: &Input,
) -> Result<Vec<Outcome>> {
    match deed {
        Deed::Verb(verb) => desk.run_each(def.code, ids, verb.name, input),
        Deed::Edit => desk.update_each(def.code, ids, input),
        Deed::Delete => desk.delete_each(def.code, ids),
        Deed::Tag => {
            let mut outcomes = Vec::new();
            for &id in ids {
                match desk.alone(|desk| tag(desk, def, id, input.text("name").trim())) {
                    Err(error) if error.is_trouble() => return Err(error),
                    result => outcomes.push((id, result)),
                }
            }
            Ok(outcomes)
        }
    }
}

/// A record that has the tag keeps it once.
fn tag(desk: &mut Desk, def: &'static EntityDef, id: i64, name: &str) -> Result<()> {
    let there: Vec<Tag> = desk.attached(def.code, id)?;
    if there.iter().any(|it| it.name == name) {
        return Ok(());
    }
    desk.create("tag", &[("entity", def.code), ("record", &id.to_string()), ("name", name)].into()).map(drop)
}

/// Takes a batch back, the newest change first; returns how many, and why the first of the others was not.
pub async fn undo_batch(visit: &Visit, batch: &str) -> Result<(i64, Option<Error>)> {
    let (mut before, mut done, mut refused) = (i64::MAX, 0, None);
    loop {
        let batch = batch.to_owned();
        let work = move |desk: &mut Desk| {
            let events = desk.batch_events(&batch, before, PIECE)?;
            let mut outcomes: Vec<Outcome> = Vec::new();
            for &event in &events {
                match desk.alone(|desk| desk.undo(event)) {
                    Err(error) if error.is_trouble() => return Err(error),
                    result => outcomes.push((event, result)),
                }
            }
            Ok(outcomes)
        };
        let outcomes = visit.write(work).await?;
        let Some(last) = outcomes.last().map(|it| it.0) else { return Ok((done, refused)) };
        before = last;
        for (_, result) in outcomes {
            match result {
                Ok(()) => done += 1,
                Err(error) => refused = refused.or(Some(error)),
            }
        }
    }
}
