//! The description of the API: OpenAPI 3.1, each entity and verb with paths of its own.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use model::system::Attachment;
use model::{Condition, Entity, EntityDef, FieldDef, Kind, Registry, ReportDef};
use serde_json::{Map, Value as Json, json};

use crate::Site;

pub async fn show(State(site): State<Site>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document(site.db.registry()).to_string()).into_response()
}

/// The whole description; the same for everybody, since it tells nothing of any company.
pub fn document(registry: Registry) -> Json {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    paths.insert("/api/v1/session".into(), session());
    for def in registry.all().filter(|def| def.code != "session") {
        schemas.insert(def.code.to_owned(), record(registry, def));
        let list = format!("/api/v1/{}", def.code);
        let one = format!("{list}/{{id}}");
        let mut collection = Map::new();
        collection.insert("get".into(), listing(def));
        if !std::ptr::eq(def, Attachment::DEF) {
            collection.insert("post".into(), create(def));
        }
        paths.insert(list.clone(), collection.into());
        paths.insert(one.clone(), single(def));
        paths.insert(format!("{one}/history"), history(def));
        if def.alike.is_some() {
            paths.insert(format!("/api/v1/{}/check_name", def.code), json!({ "get": check_name(def) }));
        }
        for verb in crate::act::offered(def) {
            let label = format!("{} {}: {} {}", verb.label.en, def.label.en, verb.label.zh, def.label.zh);
            let asks = fields(verb.asks.iter(), &|field| field.required, false);
            let (name, input) = (verb.name, json!({ "content": { "application/json": { "schema": asks } } }));
            paths.insert(
                format!("{one}/{name}"),
                json!({ "post": {
                    "operationId": format!("{}_{name}", def.code), "tags": [def.code], "summary": label,
                    "parameters": [id(), if_match(), idempotency()], "requestBody": input,
                    "responses": answers("200", "The record as it is then", Some(of(def))),
                } }),
            );
            if verb.single {
                continue;
            }
            let many = json!({ "type": "object", "additionalProperties": false, "properties": {
                "ids": { "type": "array", "items": { "type": "integer" }, "maxItems": 10_000 },
                "filter": { "type": "string", "description": "A query such as class=A,B&owner=me, instead of ids" },
                "input": asks,
            } });
            paths.insert(
                format!("{list}/{name}"),
                json!({ "post": {
                    "operationId": format!("{}_{name}_many", def.code), "tags": [def.code],
                    "summary": format!("{label} (many)"), "parameters": [idempotency()],
                    "requestBody": { "content": { "application/json": { "schema": many } }, "required": true },
                    "responses": answers("200", "What became of each", Some(json!({ "$ref": "#/components/schemas/Results" }))),
                } }),
            );
        }
    }
    for report in registry.reports {
        paths.insert(format!("/api/v1/report/{}", report.code), json!({ "get": figures(report) }));
    }
    common(&mut schemas);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Keyuan 客源", "version": env!("CARGO_PKG_VERSION"),
            "description": "Every entity and verb of the house, within the rights of whoever asks. What you may not see is not found.",
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }, { "session": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": "__Host-ky_session" },
            },
            "responses": { "Problem": {
                "description": "A refusal (RFC 9457)",
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            } },
        },
    })
}

fn session() -> Json {
    let given = json!({ "type": "object", "required": ["user", "password"], "properties": {
        "user": { "type": "string" }, "password": { "type": "string", "format": "password" },
        "code": { "type": "string", "description": "One-time code, where the user has a second factor" },
    } });
    let none: [Json; 0] = [];
    json!({
        "get": { "operationId": "session_get", "tags": ["session"], "summary": "Who is signed in: 当前登录用户",
            "responses": answers("200", "The user", Some(json!({ "type": "object" }))) },
        "post": { "operationId": "session_post", "tags": ["session"], "summary": "Sign in: 登录", "security": none,
            "requestBody": { "required": true, "content": { "application/json": { "schema": given } } },
            "responses": answers("200", "Signed in; the cookie is set", Some(json!({ "type": "object" }))) },
        "delete": { "operationId": "session_delete", "tags": ["session"], "summary": "Sign out: 退出", "security": none,
            "responses": answers("204", "Signed out", None) },
    })
}

fn listing(def: &'static EntityDef) -> Json {
    let text = |name: &str, says: &str| json!({ "name": name, "in": "query", "schema": { "type": "string" }, "description": says });
    let mut parameters = vec![
        text("q", "Any part of a name, pinyin or its initials, a number, a telephone's last digits"),
        text("sort", "Fields, each downwards with a minus before it: -created,name"),
        json!({ "name": "size", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 500 } }),
        json!({ "name": "page", "in": "query", "schema": { "type": "integer", "minimum": 1 } }),
        text("after", "Where the page before ended: its `next`"),
        json!({ "name": "count", "in": "query", "schema": { "enum": ["0", "1"] }, "description": "0 leaves out the total" }),
        text("columns", "The fields to read; those of the list when there is none"),
    ];
    let filtered = def.fields.iter().filter(|it| it.is_shown() && (it.filter || it.list));
    parameters.extend(
        filtered.map(|it| text(&Condition::key(it.name), &format!("{} {}", it.label.en, it.label.zh))),
    );
    let rows = json!({ "type": "object", "required": ["rows", "next"], "properties": {
        "rows": { "type": "array", "items": of(def) },
        "total": { "type": "integer" }, "at_least": { "type": "boolean" },
        "next": { "type": ["string", "null"] }, "masked": { "type": "array", "items": { "type": "string" } },
    } });
    json!({
        "operationId": format!("{}_list", def.code), "tags": [def.code],
        "summary": format!("List: {} {}", def.many(base::Lang::En), def.label.zh), "parameters": parameters,
        "responses": answers("200", "A page of rows", Some(rows)),
    })
}

fn figures(report: &'static ReportDef) -> Json {
    let dimensions =
        report.dimensions.iter().map(|it| it.name).chain(report.slices().iter().map(|it| it.name));
    let dimensions = dimensions.collect::<Vec<_>>().join(", ");
    let measures = report.measures.iter().map(|it| it.field.name).collect::<Vec<_>>().join(", ");
    let text = |name: &str, says: String| json!({ "name": name, "in": "query", "schema": { "type": "string" }, "description": says });
    let time = match report.date {
        "" => text("as_of", "The day at whose end things stand; today when there is none".into()),
        _ => text(
            "period",
            format!(
                "Such as 2026, 2026-03, 2026-01..2026-06, last_month, all; {} when there is none",
                report.period
            ),
        ),
    };
    let ages = report.ages.iter().map(|it| it.name).collect::<Vec<_>>().join(" or ");
    let ages = [
        text("buckets", "Ages are told apart after so many days: 30,60,90".into()),
        text("aged", format!("From which day ages are counted: {ages}")),
    ];
    let parameters = [
        text("group", format!("Up to four of: {dimensions}; {} when there is none", report.group)),
        text("measure", format!("Any of: {measures}; {} when there is none", report.shown)),
        time,
        text("sort", "A dimension or measure, downwards with a minus before it".into()),
        json!({ "name": "size", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 500 }, "description": "Rows of a page; all of them when there is none" }),
        json!({ "name": "page", "in": "query", "schema": { "type": "integer", "minimum": 1 } }),
    ];
    let ages = ages.into_iter().filter(|_| !report.ages.is_empty());
    let parameters: Vec<Json> = parameters.into_iter().chain(ages).collect();
    let rows = json!({ "type": "array", "items": { "type": "array" }, "description": "Values in the order of the columns" });
    let answer = json!({ "type": "object", "required": ["columns", "rows", "totals"], "properties": {
        "columns": { "type": "array", "items": { "type": "object", "properties": {
            "name": { "type": "string" }, "label": { "type": "string" }, "kind": { "enum": ["dimension", "measure"] },
        } } },
        "rows": rows, "totals": { "type": "array", "description": "In the order of the columns, null for dimensions" },
        "next": { "type": ["integer", "null"], "description": "The next page" },
    } });
    json!({
        "operationId": format!("report_{}", report.code), "tags": ["report"],
        "summary": format!("Report: {} {}", report.label.en, report.label.zh), "parameters": parameters,
        "description": format!("Any field of {} is a condition too, as in its list.", report.fact.code),
        "responses": answers("200", "Rows by the dimensions, and the totals", Some(answer)),
    })
}

fn create(def: &'static EntityDef) -> Json {
    json!({
        "operationId": format!("{}_create", def.code), "tags": [def.code],
        "summary": format!("New {}: 新建{}", def.label.en, def.label.zh), "parameters": [idempotency()],
        "requestBody": { "required": true, "content": { "application/json": { "schema": of(def) } } },
        "responses": answers("201", "The new record", Some(of(def))),
    })
}

fn single(def: &'static EntityDef) -> Json {
    let (code, en, zh) = (def.code, def.label.en, def.label.zh);
    let day = json!({ "name": "as_of", "in": "query", "schema": { "type": "string", "format": "date" },
        "description": "The record as it was at the end of this day" });
    json!({
        "parameters": [id()],
        "get": { "operationId": format!("{code}_get"), "tags": [code], "summary": format!("One {en}: {zh}"),
            "parameters": [day], "responses": answers("200", "The record", Some(of(def))) },
        "patch": { "operationId": format!("{code}_update"), "tags": [code], "summary": format!("Edit {en}: 修改{zh}"),
            "parameters": [if_match()],
            "requestBody": { "required": true, "content": { "application/json": { "schema": of(def) } } },
            "responses": answers("200", "The record as it is then", Some(of(def))) },
        "delete": { "operationId": format!("{code}_delete"), "tags": [code], "summary": format!("Delete {en}: 删除{zh}"),
            "parameters": [if_match()], "responses": answers("204", "It is gone", None) },
    })
}

fn check_name(def: &'static EntityDef) -> Json {
    let text = |it: &model::FieldDef| json!({ "name": it.name, "in": "query", "schema": { "type": "string" }, "description": it.label.en });
    let parameters: Vec<_> = def.fields.iter().filter(|it| it.like).map(text).collect();
    json!({
        "operationId": format!("{}_check_name", def.code), "tags": [def.code],
        "summary": format!("Whether one like it is there, and whose: 查重 {}", def.label.zh),
        "description": "Beyond your own records it answers as often an hour as the house allows, and every question is kept.",
        "parameters": parameters,
        "responses": answers("200", "free, pool or taken, with what was found", Some(json!({ "type": "object" }))),
    })
}

fn history(def: &'static EntityDef) -> Json {
    let rows = json!({ "type": "object", "properties": { "rows": { "type": "array", "items": { "type": "object" } } } });
    json!({ "get": {
        "operationId": format!("{}_history", def.code), "tags": [def.code],
        "summary": format!("History of a {}: {}变更记录", def.label.en, def.label.zh), "parameters": [id()],
        "responses": answers("200", "What happened, newest first", Some(rows)),
    } })
}

fn of(def: &EntityDef) -> Json {
    json!({ "$ref": format!("#/components/schemas/{}", def.code) })
}

fn id() -> Json {
    json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "integer", "format": "int64", "minimum": 1 } })
}

fn if_match() -> Json {
    json!({ "name": "If-Match", "in": "header", "schema": { "type": "string" }, "description": "The ETag that was read; 412 when someone else saved first" })
}

fn idempotency() -> Json {
    json!({ "name": "Idempotency-Key", "in": "header", "schema": { "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$" },
        "description": "The same key with the same body gets the same answer" })
}

fn answers(status: &str, says: &str, schema: Option<Json>) -> Json {
    let mut found = json!({ "description": says });
    if let Some(schema) = schema {
        found["content"] = json!({ "application/json": { "schema": schema } });
    }
    json!({ status: found, "default": { "$ref": "#/components/responses/Problem" } })
}

fn record(registry: Registry, def: &'static EntityDef) -> Json {
    let shown = def.fields.iter().chain(def.derived).filter(|it| it.is_shown());
    // What must be there when a record is made may be left out when it is changed.
    let mut schema = fields(shown, &|_| false, true);
    schema["title"] = format!("{} {}", def.label.en, def.label.zh).into();
    schema["properties"]["id"] = json!({ "type": "integer", "format": "int64", "readOnly": true });
    schema["properties"]["version"] = json!({ "type": "integer", "readOnly": true });
    let array = |of_child: &EntityDef| json!({ "type": "array", "items": of(of_child) });
    let is_line = |it: &EntityDef| def.lines.is_some_and(|lines| std::ptr::eq(lines(), it));
    if let Some(lines) = def.lines {
        schema["properties"]["lines"] = array(lines());
    }
    let rows = registry.children(def).filter(|it| !is_line(it));
    let rows: Map<String, Json> = rows.map(|it| (it.code.to_owned(), array(it))).collect();
    if !rows.is_empty() {
        schema["properties"]["rows"] = json!({ "type": "object", "properties": rows });
    }
    schema["patternProperties"] = json!({ "^x_": {} });
    schema
}

/// The fields of a record, or of what a verb asks, as properties.
fn fields<'a>(
    fields: impl Iterator<Item = &'a FieldDef>,
    required: &dyn Fn(&FieldDef) -> bool,
    whole: bool,
) -> Json {
    let (mut properties, mut needed) = (Map::new(), Vec::new());
    for field in fields {
        let mut schema = kind(field);
        schema["title"] = format!("{} {}", field.label.en, field.label.zh).into();
        if whole && field.readonly {
            schema["readOnly"] = true.into();
        }
        if required(field) {
            needed.push(Json::from(field.name));
        }
        properties.insert(field.name.to_owned(), schema);
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if !needed.is_empty() {
        schema["required"] = needed.into();
    }
    schema
}

fn kind(field: &FieldDef) -> Json {
    let decimal = |places: u32| json!({ "type": ["string", "number", "null"], "pattern": format!("^-?[0-9]+(\\.[0-9]{{1,{places}}})?$") });
    match field.kind {
        Kind::Text | Kind::Json => json!({ "type": ["string", "null"] }),
        Kind::Rows(of) => {
            json!({ "type": "array", "items": fields(of.iter(), &|field| field.required, false) })
        }
        Kind::Int => json!({ "type": ["integer", "string", "null"] }),
        Kind::Bool => json!({ "type": ["boolean", "null"] }),
        Kind::Money => decimal(2),
        Kind::Quantity | Kind::Price | Kind::Rate => decimal(4),
        Kind::Date => json!({ "type": ["string", "null"], "format": "date" }),
        Kind::Moment => json!({ "type": ["string", "null"], "format": "date-time" }),
        Kind::Code => {
            json!({ "type": ["string", "null"], "description": format!("A code of the table {}", field.code.unwrap_or_default()) })
        }
        Kind::Choice(all) => {
            let choices: Vec<Json> = all.iter().map(|it| it.0.into()).chain([Json::Null]).collect();
            json!({ "enum": choices })
        }
        Kind::Link(to) => json!({
            "description": format!("A {}: reads as id, number and title; writes as id, number or title", to().code),
            "anyOf": [
                { "type": ["integer", "string", "null"] },
                { "type": "object", "required": ["id"], "properties": {
                    "id": { "type": "integer" }, "number": { "type": ["string", "null"] }, "title": { "type": ["string", "null"] },
                } },
            ],
        }),
    }
}

fn common(schemas: &mut Map<String, Json>) {
    schemas.insert(
        "Problem".into(),
        json!({
            "type": "object", "required": ["type", "title", "status", "code", "detail"],
            "properties": {
                "type": { "type": "string" }, "title": { "type": "string" }, "status": { "type": "integer" },
                "code": { "type": "string", "description": "Stable; programs decide by it" },
                "detail": { "type": "string", "description": "A sentence in the user's language" },
                "fields": { "type": "object", "additionalProperties": { "type": "object" } },
                "reasons": { "type": "array", "items": { "type": "object" } },
            },
        }),
    );
    schemas.insert("Results".into(), json!({
        "type": "object", "required": ["results"],
        "properties": { "batch": { "type": "string" }, "results": { "type": "array", "items": {
            "type": "object", "required": ["id", "ok"],
            "properties": { "id": { "type": "integer" }, "ok": { "type": "boolean" }, "problem": { "$ref": "#/components/schemas/Problem" } },
        } } },
    }));
}
