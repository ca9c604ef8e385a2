//! A verb on many records, and requests that may be sent twice.

use model::system::{Job, JobStatus};
use model::{Desk, EntityDef, Error, Id, Label, Query, Result, Stamp, VerbDef};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::{Answer, Call, Fail, ok};
use crate::problem;

/// Records in one transaction, so that nobody waits long for the writer.
const CHUNK: usize = 200;
/// Records in one request; more is a job's work.
const MOST: usize = 10_000;

impl Call {
    /// `POST /customer/transfer` with `{ids | filter, input}`: each record by itself, every refusal listed.
    pub(super) async fn run_many(self, def: &'static EntityDef, verb: &str) -> Answer {
        let verb = open(def, verb)?;
        let right = verb.right;
        self.read(def, move |desk| desk.may(def, right).map(drop)).await?;
        if verb.single {
            let says = Label {
                zh: "这个操作一次只做一条：请按单条记录的地址发送",
                en: "This is done to one record at a time; send it to the address of the one record",
            };
            return Err(Fail::House(def.code, Error::refused("one_at_a_time", says)));
        }
        let verb = verb.name;
        let body = self.json()?;
        let input = super::input(body.get("input").cloned().unwrap_or_else(|| json!({})))?;
        let once = self.once(&format!("{}/{verb}", def.code));
        let before = once.clone();
        if let Some((_, answer)) = self.read(def, move |desk| before.answered(desk)).await? {
            return Ok(ok(answer.to_string()));
        }
        let ids = self.ids(def, &body).await?;
        let batch = format!("api-{}", crate::visitor::random_token()?);
        let mut results = Vec::with_capacity(ids.len());
        for some in ids.chunks(CHUNK) {
            let (some, input, batch) = (some.to_vec(), input.clone(), batch.clone());
            let done = self
                .write(def, move |desk| {
                    desk.in_batch(&batch);
                    desk.run_each(def.code, &some, verb, &input)
                })
                .await?;
            for (id, result) in done {
                results.push(match result {
                    Ok(()) => json!({ "id": id, "ok": true }),
                    Err(error) => {
                        let says = problem::body(&self.site, self.visitor.lang(), def.code, &error);
                        json!({ "id": id, "ok": false, "problem": says })
                    }
                });
            }
        }
        let answer = json!({ "batch": batch, "results": results });
        let kept = answer.clone();
        self.write(def, move |desk| once.keep(desk, 200, &kept)).await?;
        Ok(ok(answer.to_string()))
    }

    async fn ids(&self, def: &'static EntityDef, body: &Json) -> std::result::Result<Vec<i64>, Fail> {
        let fault = |field: &str, code| Fail::House(def.code, Error::invalid(field, code));
        let known = |key: &&String| !matches!(key.as_str(), "ids" | "filter" | "input");
        if let Some(unknown) = body.as_object().and_then(|it| it.keys().find(known)) {
            return Err(fault(unknown, "unknown_field"));
        }
        let ids = match (&body["ids"], &body["filter"]) {
            (Json::Array(ids), Json::Null) => {
                ids.iter().map(Json::as_i64).collect::<Option<Vec<_>>>().ok_or(fault("ids", "malformed"))?
            }
            (Json::Null, Json::String(filter)) => {
                let query = Query::parse(filter).ok_or(fault("filter", "query_too_long"))?;
                self.read(def, move |desk| desk.ids(def.code, &query, 0, MOST + 1)).await?
            }
            _ => return Err(fault("ids", "required")),
        };
        if ids.len() > MOST { Err(fault("ids", "too_many_rows")) } else { Ok(ids) }
    }

    /// What a request with `Idempotency-Key` is known by: what is done, and with which body.
    pub(super) fn once(&self, what: &str) -> Once {
        let key = self.header("idempotency-key").filter(|it| !it.is_empty() && it.len() <= 200);
        let whole = Sha256::new_with_prefix(what).chain_update([0]).chain_update(&self.body);
        let hash = data_encoding::HEXLOWER.encode(&whole.finalize());
        Once { key: key.map(|it| format!("api:{}:{it}", self.actor().user)), hash }
    }
}

/// The same key with the same request gets the same answer; it is kept among the jobs, which have such a key.
#[derive(Clone)]
pub(super) struct Once {
    key: Option<String>,
    hash: String,
}

/// A verb that programs may call: not one that asks for a secret, which is hashed behind its dialog.
pub fn open(def: &'static EntityDef, name: &str) -> Result<&'static VerbDef> {
    let found = crate::act::offered(def).find(|it| it.name == name);
    found.ok_or_else(|| Error::missing(format!("{}/{name}", def.code)))
}

impl Once {
    /// The answer is kept for the next request with the same key.
    pub fn is_kept(&self) -> bool {
        self.key.is_some()
    }

    /// The answer that the request got before.
    pub fn answered(&self, desk: &mut Desk) -> Result<Option<(u16, Json)>> {
        let Some(key) = &self.key else { return Ok(None) };
        let Some(job) = desk.trusted().first::<Job>(&[("request", key.as_str().into())])? else {
            return Ok(None);
        };
        if job.input != self.hash {
            let says = Label {
                zh: "这个 Idempotency-Key 已用于另一个请求",
                en: "This Idempotency-Key belongs to another request",
            };
            return Err(Error::refused("idempotency_key_reused", says));
        }
        let kept: Json = serde_json::from_str(&job.result).map_err(|_| model::unreadable("result"))?;
        Ok(Some((job.done as u16, kept)))
    }

    /// Does the work on a record, unless it is done already; the work and its answer commit together. Kept is which
    /// record it was, not what it held: that is shown anew, to whom may see it now.
    pub fn answer(
        &self,
        desk: &mut Desk,
        def: &'static EntityDef,
        work: impl Fn(&mut Desk) -> Result<(u16, Json)>,
    ) -> Result<(u16, Json)> {
        if let Some((status, kept)) = self.answered(desk)? {
            let now = match kept["id"].as_i64() {
                Some(id) => super::record::shown(desk, def, id),
                None => Ok(kept.clone()),
            };
            return match now {
                Err(Error::NotFound { .. }) => Ok((status, kept)),
                now => Ok((status, now?)),
            };
        }
        let (status, answer) = work(desk)?;
        self.keep(desk, status, &json!({ "id": answer["id"] }))?;
        Ok((status, answer))
    }

    pub fn keep(&self, desk: &mut Desk, status: u16, answer: &Json) -> Result<()> {
        let Some(key) = &self.key else { return Ok(()) };
        let user = desk.actor.user;
        let mut job = Job {
            id: Id::NEW,
            kind: "request".to_owned(),
            status: JobStatus::Done,
            user: Some(Id::of(user)).filter(|_| user != 0),
            input: self.hash.clone(),
            state: String::new(),
            done: i64::from(status),
            total: 0,
            result: answer.to_string(),
            lease: None,
            finished: Some(desk.now()),
            request: Some(key.clone()),
            stamp: Stamp::default(),
        };
        match desk.trusted().save(&mut job) {
            // Its twin was quicker: once more, and this time the answer is there.
            Err(Error::Duplicate { .. }) => Err(Error::Again),
            saved => saved.map(drop),
        }
    }
}
