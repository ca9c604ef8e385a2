//! One record: read, created, changed, deleted, and what happened to it.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::{Desk, EntityDef, Error, Input, Result};
use serde_json::{Map, Value as Json, json};

use super::rows::{record, tag, value};
use super::{Answer, Call, Fail, input, ok};

impl Call {
    /// `GET /customer/17`, as it was at the end of a day with `?as_of=2026-03-31`.
    pub(super) async fn get(self, def: &'static EntityDef, id: i64) -> Answer {
        let query = form_urlencoded::parse(self.query.as_bytes());
        let day = query.into_iter().find(|it| it.0 == "as_of").map(|it| it.1.into_owned());
        let now = day.is_none();
        let found = self.read(def, move |desk| match day {
            None => shown(desk, def, id),
            Some(day) => {
                let day = day.parse().map_err(|_| Error::invalid("as_of", "malformed_date"))?;
                let card = desk.as_of(def.code, id, day)?;
                record(desk, &card, Some(day))
            }
        });
        let found = found.await?;
        if !now {
            return Ok(ok(found.to_string()));
        }
        let tag = format!("\"{}\"", tag(&found));
        if self.header("if-none-match").is_some_and(|it| it.contains(&tag)) {
            return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
        }
        Ok(tagged(StatusCode::OK, &found))
    }

    /// `POST /customer`: 201 with the record. With `Idempotency-Key` the same request makes one record.
    pub(super) async fn create(self, def: &'static EntityDef) -> Answer {
        let input = input(self.json()?)?;
        let once = self.once(def.code);
        let whole = once.is_kept();
        let (status, made) = self
            .write(def, move |desk| {
                once.answer(desk, def, |desk| {
                    let id = desk.create(def.code, &input)?;
                    Ok((201, if whole { shown(desk, def, id)? } else { json!({ "id": id }) }))
                })
            })
            .await?;
        let made = if whole { made } else { self.reread(def, made).await? };
        let place = format!("/api/v1/{}/{}", def.code, made["id"]);
        let mut response = tagged(StatusCode::from_u16(status).unwrap_or(StatusCode::CREATED), &made);
        if let Ok(place) = place.parse() {
            response.headers_mut().insert(header::LOCATION, place);
        }
        Ok(response)
    }

    /// `PATCH /customer/17`: what is named changes; with `If-Match` only what the client has seen.
    pub(super) async fn update(self, def: &'static EntityDef, id: i64) -> Answer {
        let (input, seen) = (input(self.json()?)?, self.if_match());
        let saved = self
            .write(def, move |desk| {
                let version = unchanged(desk, def, id, seen.as_deref())?;
                desk.update(def.code, id, version, &input)?;
                shown(desk, def, id)
            })
            .await?;
        Ok(tagged(StatusCode::OK, &saved))
    }

    pub(super) async fn delete(self, def: &'static EntityDef, id: i64) -> Answer {
        let seen = self.if_match();
        self.write(def, move |desk| {
            let version = unchanged(desk, def, id, seen.as_deref())?;
            desk.delete(def.code, id, version)
        })
        .await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    /// `POST /sale/81/post`: a verb on one record; answers the record as it is then.
    pub(super) async fn run(self, def: &'static EntityDef, id: i64, verb: &str) -> Answer {
        let verb = super::verb::open(def, verb)?.name;
        let once = self.once(&format!("{}/{id}/{verb}", def.code));
        let (input, seen, whole) = (input(self.json()?)?, self.if_match(), once.is_kept());
        let ((_, left), link) = self
            .write(def, move |desk| {
                let answer = once.answer(desk, def, |desk| {
                    let version = unchanged(desk, def, id, seen.as_deref())?;
                    desk.run_at(def.code, id, verb, version, &input)?;
                    let bare = json!({ "id": id });
                    match whole.then(|| shown(desk, def, id)) {
                        // What was handed over may be out of sight now.
                        None | Some(Err(Error::NotFound { .. })) => Ok((200, bare)),
                        Some(left) => Ok((200, left?)),
                    }
                })?;
                Ok((answer, desk.invitation()))
            })
            .await?;
        let mut left = if whole { left } else { self.reread(def, left).await? };
        if let Some(link) = link {
            left["link"] = link.into();
        }
        Ok(tagged(StatusCode::OK, &left))
    }

    /// A record just written, as a reader sees it: the writer has others to serve. An answer that is kept for a second
    /// request is made within its transaction instead.
    async fn reread(&self, def: &'static EntityDef, bare: Json) -> std::result::Result<Json, Fail> {
        let id = bare["id"].as_i64().unwrap_or(0);
        let found = move |desk: &mut Desk| match shown(desk, def, id) {
            Err(Error::NotFound { .. }) => Ok(None),
            found => found.map(Some),
        };
        Ok(self.read(def, found).await?.unwrap_or(bare))
    }

    /// `GET /customer/check_name?name=…`: whether the name, the tax number or the telephone is taken, and by whom.
    pub(super) async fn check_name(self, def: &'static EntityDef) -> Answer {
        let given = Input::of_form(self.query.as_bytes());
        let like = |it: &(String, model::Given)| def.field(&it.0).is_some_and(|it| it.1.like);
        let fields = given.fields.into_iter().filter(like).collect();
        let input = Input { fields, ..Input::default() };
        let look = self.write(def, move |desk| desk.look(def.code, 0, &input)).await?;
        let one = |it: &model::Twin| {
            let pooled = def.owner.is_some() && it.owner.is_none();
            json!({
                "field": it.field.name, "state": if pooled { "pool" } else { "taken" }, "id": it.id,
                "number": it.id.map(|_| &it.number), "title": it.id.map(|_| &it.title),
                "owner": it.owner, "department": it.department,
            })
        };
        let found: Vec<_> = look.twins.iter().map(one).collect();
        let state = found.first().map_or(json!("free"), |it| it["state"].clone());
        Ok(ok(json!({ "state": state, "found": found, "limited": look.limited }).to_string()))
    }

    pub(super) async fn history(self, def: &'static EntityDef, id: i64) -> Answer {
        let rows = self
            .read(def, move |desk| {
                let mut rows = Vec::new();
                for event in desk.history(def.code, id)? {
                    let mut changes = Map::new();
                    for it in &event.changes {
                        let pair = [value(desk, it.field, &it.old)?, value(desk, it.field, &it.new)?];
                        changes.insert(it.field.name.to_owned(), json!({ "old": pair[0], "new": pair[1] }));
                    }
                    let name = desk.catalog().user_name(event.user);
                    rows.push(json!({
                        "id": event.id, "at": format!("{:.3}", event.at), "kind": event.kind, "door": event.door,
                        "user": name.map(|name| json!({ "id": event.user, "title": name })),
                        "part": event.part, "batch": event.batch, "reason": event.reason,
                        "changes": changes, "hidden": event.hidden,
                    }));
                }
                Ok(rows)
            })
            .await?;
        Ok(ok(json!({ "rows": rows }).to_string()))
    }
}

pub fn shown(desk: &mut Desk, def: &'static EntityDef, id: i64) -> Result<Json> {
    let card = desk.get(def.code, id)?;
    record(desk, &card, None)
}

/// The version to write over, once it is sure that the client has seen the record as it is.
pub fn unchanged(
    desk: &mut Desk,
    def: &'static EntityDef,
    id: i64,
    seen: Option<&str>,
) -> Result<Option<i64>> {
    let Some(seen) = seen else { return Ok(None) };
    let found = shown(desk, def, id)?;
    match tag(&found) == seen {
        true => Ok(found["version"].as_i64()),
        false => Err(Error::Conflict { entity: def.code, id }),
    }
}

fn tagged(status: StatusCode, record: &Json) -> Response {
    let mut response = ok(record.to_string());
    *response.status_mut() = status;
    if let Ok(tag) = format!("\"{}\"", tag(record)).parse() {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
