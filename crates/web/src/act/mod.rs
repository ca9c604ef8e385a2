//! Verbs and batches: their dialogs and what comes of them.

pub mod ask;
mod merge;
mod run;

use axum::Router;
use axum::http::{StatusCode, Uri, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use maud::{Markup, html};
use model::message::message;
use model::{
    Desk, EntityDef, Error, Fault, FieldDef, Format, Input, Kind, Lang, Query, Registry, Result, Value,
    VerbDef,
};

use crate::card::{DONE, told};
use crate::form::text_of;
use crate::list::cell::Cells;
use crate::ui::{amount, ascii, icon, notice, t};
use crate::visit::{Answer, At, Sent, Visit};
use crate::{Site, problem};

/// Each verb has addresses of its own: `/customer/transfer` for many, `/customer/17/transfer` for one.
pub fn routes(registry: Registry) -> Router<Site> {
    let mut router = Router::new()
        .route("/{entity}/batch/{what}", get(show).post(act))
        .route("/{entity}/asks/{what}/{field}", get(options))
        .route("/undo/batch/{batch}", post(undo_batch))
        .route("/undo/{event}", post(undo));
    for def in registry.all() {
        for verb in def.verbs {
            let one = format!("/{}/{{id}}/{}", def.code, verb.name);
            router = router.route(&one, get(show).post(act));
        }
        for verb in for_many(def) {
            let many = format!("/{}/{}", def.code, verb.name);
            router = router.route(&many, get(show).post(act));
        }
    }
    router
}

/// The verbs for programs: a secret is one person's, asked for in a dialog.
pub fn offered(def: &'static EntityDef) -> impl Iterator<Item = &'static VerbDef> {
    def.verbs.iter().filter(|it| it.asks.iter().all(|field| field.format != Format::Secret))
}

/// The verbs for many records at once.
pub fn for_many(def: &'static EntityDef) -> impl Iterator<Item = &'static VerbDef> {
    offered(def).filter(|it| !it.single)
}

/// What is to be done.
#[derive(Clone, Copy)]
pub enum Deed {
    Verb(&'static VerbDef),
    Edit,
    Tag,
    Delete,
}

/// To which records.
#[derive(Clone)]
pub enum Picked {
    Ids(Vec<i64>),
    /// All that match.
    Filter(String),
}

/// What an address says: entity, deed and, where it names one, the record.
struct Target {
    def: &'static EntityDef,
    deed: Deed,
    one: Option<i64>,
}

impl Target {
    fn of(desk: &Desk, uri: &Uri) -> Result<Target> {
        let missing = || Error::missing(uri.path());
        let parts: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
        let (entity, last) = (parts[0], parts[parts.len() - 1]);
        let def = desk.entity(entity)?;
        let is_batch = parts.len() == 3 && parts[1] == "batch";
        let one = match parts.len() {
            3 if !is_batch => Some(parts[1].parse().map_err(|_| missing())?),
            _ => None,
        };
        let deed = match (is_batch, last) {
            (true, "edit") => Deed::Edit,
            (true, "tag") => Deed::Tag,
            (true, "delete") => Deed::Delete,
            (true, _) => return Err(missing()),
            (false, verb) => Deed::Verb(def.verb(verb)?.1),
        };
        desk.may(def, deed.right())?;
        Ok(Target { def, deed, one })
    }
}

impl Deed {
    fn right(self) -> &'static str {
        match self {
            Deed::Verb(verb) => verb.right,
            Deed::Edit | Deed::Tag => "update",
            Deed::Delete => "delete",
        }
    }

    pub fn label(self, lang: Lang) -> &'static str {
        match self {
            Deed::Verb(verb) => verb.label.of(lang),
            Deed::Edit => t(lang, "改一个字段", "Edit a field"),
            Deed::Tag => t(lang, "打标签", "Tag"),
            Deed::Delete => t(lang, "删除", "Delete"),
        }
    }

    fn is_danger(self) -> bool {
        match self {
            Deed::Verb(verb) => verb.danger,
            Deed::Delete => true,
            Deed::Edit | Deed::Tag => false,
        }
    }

    /// Changes of fields can be taken back; what is gone, or hangs beside the record, can't.
    fn can_undo(self, def: &EntityDef) -> bool {
        match self {
            Deed::Verb(verb) => !verb.danger && def.can_undo(),
            Deed::Edit => true,
            Deed::Tag | Deed::Delete => false,
        }
    }
}

impl Picked {
    fn of_query(raw: &str, one: Option<i64>) -> Result<Picked> {
        if let Some(id) = one {
            return Ok(Picked::Ids(vec![id]));
        }
        let value = |key: &str| {
            form_urlencoded::parse(raw.as_bytes()).find(|it| it.0 == key).map(|it| it.1.into_owned())
        };
        if value("all").is_some() {
            let rest = form_urlencoded::parse(raw.as_bytes()).filter(|it| !matches!(&*it.0, "all" | "field"));
            return Ok(Picked::Filter(
                form_urlencoded::Serializer::new(String::new()).extend_pairs(rest).finish(),
            ));
        }
        Picked::of_ids(&value("ids").unwrap_or_default())
    }

    fn of_ids(text: &str) -> Result<Picked> {
        let ids: std::result::Result<Vec<i64>, _> =
            text.split(',').filter(|it| !it.is_empty()).map(str::parse).collect();
        let mut ids = ids.map_err(|_| Error::invalid("ids", "malformed"))?;
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() { Err(Error::invalid("ids", "required")) } else { Ok(Picked::Ids(ids)) }
    }

    /// The hidden fields of a dialog, taken out of what it sent.
    fn of_input(input: &mut Input, one: Option<i64>) -> Result<Picked> {
        let (ids, filter) = (input.take("_ids").unwrap_or_default(), input.take("_filter"));
        match (one, filter) {
            (Some(id), _) => Ok(Picked::Ids(vec![id])),
            (None, Some(filter)) => Ok(Picked::Filter(filter)),
            (None, None) => Picked::of_ids(&ids),
        }
    }

    fn query(filter: &str) -> Result<Query> {
        Query::parse(filter).ok_or_else(|| Error::invalid("query", "query_too_long"))
    }

    fn count(&self, desk: &mut Desk, def: &EntityDef) -> Result<i64> {
        match self {
            Picked::Ids(ids) => Ok(ids.len() as i64),
            Picked::Filter(filter) => {
                let query = Picked::query(filter)?;
                // A search counts no further than it shows; what is to be done wants the true number.
                desk.count(def.code, &query)
            }
        }
    }
}

async fn show(visit: Visit, uri: Uri) -> Answer {
    let draw = move |desk: &mut Desk, visit: &Visit| {
        let target = Target::of(desk, &uri)?;
        let picked = Picked::of_query(&visit.raw, target.one)?;
        // A dialog that is drawn again keeps what was chosen in it.
        let mut input = match (target.deed, target.one) {
            (Deed::Verb(verb), _) if merge::choice(verb).is_some() => visit.query(),
            (Deed::Verb(verb), Some(id)) => begun(desk, target.def, verb, id, &visit.query())?,
            _ => Input::default(),
        };
        if let Some(field) = visit.value("field") {
            input.set("_field", field);
        }
        dialog(desk, &target, &picked, &input, &[], None, uri.path())
    };
    let asked = visit.clone();
    visit.show(move |desk| draw(desk, &asked)).await
}

/// What a dialog holds before anybody typed: what its address says, else what the declaration begins it with.
fn begun(
    desk: &mut Desk,
    def: &'static EntityDef,
    verb: &'static VerbDef,
    id: i64,
    given: &Input,
) -> Result<Input> {
    let (cells, mut input) = (Cells::of(desk), desk.begun(def, id, verb)?);
    let today = Value::from(&desk.today());
    let is_same = |it: &FieldDef| it.default == Some("same");
    let own = if verb.asks.iter().any(is_same) { Some(desk.get(def.code, id)?) } else { None };
    for field in verb.asks {
        let value = match field.default {
            Some("today") => Some(today.clone()),
            Some("same") => own.as_ref().and_then(|it| it.value(field.name)).cloned(),
            Some(_) => Some(field.blank()),
            None => None,
        };
        let value = value.map(|it| text_of(&cells, field, &it));
        if let Some(text) = given.fields.get(field.name).map(|it| it.text().to_owned()).or(value) {
            input.set(field.name, text);
        }
    }
    Ok(input)
}

/// Runs a verb that asks nothing on one record; what kept it from being done.
pub async fn run_one(
    visit: &Visit,
    def: &'static EntityDef,
    verb: &'static VerbDef,
    id: i64,
) -> Result<Option<Error>> {
    let end = run::run(visit, def, Deed::Verb(verb), &Picked::Ids(vec![id]), &Input::default()).await?;
    Ok(end.refused.into_iter().next().map(|it| it.1))
}

/// What happens, to how many, and what it takes.
fn dialog(
    desk: &mut Desk,
    target: &Target,
    picked: &Picked,
    input: &Input,
    faults: &[Fault],
    refusal: Option<&Error>,
    path: &str,
) -> Result<Markup> {
    let lang = desk.actor.lang;
    let Target { def, deed, .. } = *target;
    let count = picked.count(desk, def)?;
    let noun = def.label.of(lang);
    let label = deed.label(lang);
    let whom = match picked {
        Picked::Ids(ids) if ids.len() == 1 => desk.called(def, ids[0])?.1,
        _ if lang == Lang::Zh => format!("{} 条{noun}", amount(count, 0, 0)),
        _ => format!(
            "{} {}",
            amount(count, 0, 0),
            if count == 1 { noun.to_lowercase() } else { def.many(lang).to_lowercase() }
        ),
    };
    let choice = match deed {
        Deed::Verb(verb) => merge::choice(verb),
        Deed::Edit | Deed::Tag | Deed::Delete => None,
    };
    let is_one = matches!(picked, Picked::Ids(ids) if ids.len() == 1);
    let asked =
        |it: &&FieldDef| it.format != Format::Fields && (choice.is_none() || is_one || it.name != "into");
    let fields: Vec<&'static FieldDef> = match deed {
        Deed::Verb(verb) => verb.asks.iter().filter(asked).collect(),
        Deed::Edit => chosen(desk, def, input).into_iter().collect(),
        Deed::Tag | Deed::Delete => Vec::new(),
    };
    let source = match deed {
        Deed::Verb(verb) => format!("/{}/asks/{}", def.code, verb.name),
        _ => format!("/{}/asks/edit", def.code),
    };
    let of_none =
        faults.iter().filter(|it| !fields.iter().any(|field| field.name == it.field) && it.field != "name");
    let of_none: Vec<_> = of_none.map(|it| model::message::fault(it, lang)).collect();
    let is_danger = deed.is_danger();
    Ok(html! {
        form hx-post=(path) hx-target="#dialog" autocomplete="off" {
            h2 {
                @match (lang, deed) {
                    (Lang::Zh, Deed::Edit) => { "修改" (whom) "的一个字段" }
                    (Lang::Zh, Deed::Tag) => { "给" (whom) "打标签" }
                    (Lang::Zh, _) => { (label) " " (whom) "？" }
                    (Lang::En, _) => { (label) ": " (whom) "?" }
                }
            }
            @match picked {
                Picked::Ids(ids) => { input type="hidden" name="_ids" value=(ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",")); }
                Picked::Filter(filter) => { input type="hidden" name="_filter" value=(filter); }
            }
            p {
                @if count > 1 { (t(lang, "每条单独检查：做不了的会列出原因，不影响其他。", "Each is checked on its own: what can't be done is listed with its reason and leaves the others alone.")) " " }
                @if deed.can_undo(def) { (t(lang, "做完可以撤销。", "It can be undone afterwards.")) }
                @else if is_danger { b { (t(lang, "做过之后不能撤销。", "It can't be undone.")) } }
            }
            @if let Some(error) = refusal {
                @let registry = desk.catalog().registry;
                (notice("bad", html! { p { (message(error, registry, def.code, lang)) @if let Picked::Ids(ids) = picked { (referring(desk, ids[0], error)) } } }))
            }
            @if !of_none.is_empty() { div class="ky-alert is-bad" role="alert" { (icon("circle-x")) div { @for says in &of_none { p { (says) } } } } }
            @if matches!(deed, Deed::Edit) { (field_choice(desk, def, picked, path, fields.first().copied())) }
            @if matches!(deed, Deed::Tag) {
                div class="ky-field" {
                    label class="ky-label is-required" for="name" { (t(lang, "标签", "Tag")) }
                    input class="ky-input" id="name" name="name" required maxlength="40" value=(input.text("name"));
                }
            }
            @for field in &fields {
                @if let Kind::Rows(of) = field.kind { @if is_one { (rows(desk, field, of, input, faults, &source)?) } }
                @else {
                @let again = (choice.is_some() && field.name == "into").then_some(path);
                @let fault = faults.iter().find(|it| it.field == field.name).map(|it| model::message::fault(it, lang));
                div hx-get=[again] hx-trigger="change" hx-target="#dialog" hx-include="closest form" {
                    (ask::control(desk, field, input.text(field.name), fault.as_deref(), &source)?)
                }
                }
            }
            @if let Some(choice) = choice { (merge::table(desk, def, choice, picked, input)?) }
            div class="ky-dialog-foot" {
                button class="ky-btn" type="button" data-close { (t(lang, "取消", "Cancel")) }
                @if !matches!(deed, Deed::Edit) || !fields.is_empty() {
                    button class={ "ky-btn " (if is_danger { "is-danger is-filled" } else { "is-primary" }) } data-until-valid {
                        (if matches!(deed, Deed::Edit) { t(lang, "保存", "Save") } else { label })
                    }
                }
            }
        }
    })
}

/// What is asked for each of several: a row each, of which what it is about is said and the rest is written.
fn rows(
    desk: &mut Desk,
    field: &'static FieldDef,
    of: &'static [FieldDef],
    input: &Input,
    faults: &[Fault],
    source: &str,
) -> Result<Markup> {
    let lang = desk.actor.lang;
    let mut drawn = Vec::new();
    for (n, row) in input.rows.get(field.name).into_iter().flatten().enumerate() {
        let mut cells = Vec::new();
        for it in of {
            let (name, text) = (format!("{}.{n}.{}", field.name, it.name), row.text(it.name));
            let fault =
                faults.iter().find(|fault| fault.field == name).map(|it| model::message::fault(it, lang));
            let value = it.kind.parse(text).filter(|_| matches!(it.kind, Kind::Link(_)));
            cells.push(match value {
                Some(value) => {
                    let about = crate::document::about(desk, it, value.int())?;
                    html! { td { (desk.shown(it, &value)?) " " small class="ky-mute" { (about) } input type="hidden" name=(name) value=(text); } }
                }
                None => {
                    let slot = ask::Slot { field: it, name: &name, text, fault: fault.as_deref(), source, in_cell: true };
                    html! { td { (ask::input(desk, &slot)?) @if let Some(fault) = &fault { small class="ky-error" { (fault) } } } }
                }
            });
        }
        drawn.push(cells);
    }
    Ok(html! {
        table class="ky-minitable is-asked" {
            thead { tr { @for it in of { th scope="col" class=[it.kind.is_amount().then_some("is-number")] { (it.label.of(lang)) } } } }
            tbody { @for cells in &drawn { tr { @for cell in cells { (cell) } } } }
        }
    })
}

/// The field that a batch edit is about.
fn chosen(desk: &Desk, def: &'static EntityDef, input: &Input) -> Option<&'static FieldDef> {
    let name = input.text("_field");
    desk.catalog().field(def, name).filter(|it| desk.may_write(def, it) && !it.unique)
}

fn field_choice(
    desk: &Desk,
    def: &'static EntityDef,
    picked: &Picked,
    path: &str,
    now: Option<&FieldDef>,
) -> Markup {
    let lang = desk.actor.lang;
    let catalog = desk.catalog().clone();
    let again = match picked {
        Picked::Ids(ids) => {
            format!("{path}?ids={}", ids.iter().map(i64::to_string).collect::<Vec<_>>().join(","))
        }
        Picked::Filter(filter) => format!("{path}?all=1&{filter}"),
    };
    html! {
        div class="ky-field" {
            label class="ky-label is-required" for="_field" { (t(lang, "字段", "Field")) }
            select class="ky-select" id="_field" name="field" required hx-get=(again) hx-trigger="change" hx-target="#dialog" hx-include="this" {
                option value="" { (t(lang, "选一个字段", "Choose a field")) }
                @for field in catalog.fields(def).filter(|it| desk.may_write(def, it) && !it.unique) {
                    option value=(field.name) selected[now.is_some_and(|it| it.name == field.name)] { (field.label.of(lang)) }
                }
            }
            @if let Some(now) = now { input type="hidden" name="_field" value=(now.name); }
        }
    }
}

/// The options of what a verb asks, or of a field of the entity itself.
async fn options(visit: Visit, At((entity, what, field)): At<(String, String, String)>) -> Answer {
    let given = visit.query();
    let draw = move |desk: &mut Desk| {
        let def = desk.entity(&entity)?;
        let missing = || Error::missing(format!("{entity}/{what}/{field}"));
        let found = match what.as_str() {
            "edit" => desk.catalog().field(def, &field).filter(|it| desk.may_write(def, it)),
            verb => {
                let verb = def.verb(verb)?.1;
                desk.may(def, verb.right)?;
                let of_rows = |it: &'static FieldDef| if let Kind::Rows(of) = it.kind { of } else { &[] };
                verb.asks.iter().chain(verb.asks.iter().flat_map(of_rows)).find(|it| it.name == field)
            }
        };
        ask::options(desk, def, found.ok_or_else(missing)?, &given)
    };
    visit.show(draw).await
}

async fn act(visit: Visit, uri: Uri, Sent(mut input): Sent) -> Answer {
    let lang = visit.lang();
    let path = uri.clone();
    let asked = input.clone();
    let prepare = move |desk: &mut Desk| {
        let target = Target::of(desk, &path)?;
        let field = chosen(desk, target.def, &asked);
        Ok((target, field))
    };
    let (target, field) = visit.read(prepare).await?;
    let Target { def, deed, one } = target;
    let picked = Picked::of_input(&mut input, one)?;
    let asked = input.clone();
    let mut merged = picked.clone();
    if let Deed::Verb(verb) = deed
        && let Some(choice) = merge::choice(verb)
    {
        merge::chosen(&mut input, choice, &mut merged);
    }
    input.take("field");
    input.take("_field");
    if let (Deed::Edit, None) = (deed, field) {
        return Err(Error::invalid("field", "required").into());
    }
    // An empty text of a batch edit empties the field; the key must be there for it.
    if let (Deed::Edit, Some(field)) = (deed, field) {
        let text = input.take(field.name).unwrap_or_default();
        input = Input::from([(field.name, text)]);
    }
    let end = run::run(&visit, def, deed, &merged, &input).await?;
    let faults = end.faults();
    let is_one = matches!(&merged, Picked::Ids(ids) if ids.len() == 1);
    let refusal = match &*end.refused {
        [(_, error)] if is_one && faults.is_none() => Some(error.clone()),
        _ => None,
    };
    // What a gate has stopped says so on its own page, with the ways on.
    if let (Some(error), Picked::Ids(ids)) = (&refusal, &merged)
        && error.is_hold()
    {
        return Ok([("hx-redirect", format!("/{}/{}", def.code, ids[0]))].into_response());
    }
    if faults.is_some() || refusal.is_some() {
        // What was asked was not understood, or can't be: the dialog stays as it was filled in, and says so.
        let path = uri.path().to_owned();
        let draw = move |desk: &mut Desk| {
            let status = refusal.as_ref().map_or(StatusCode::UNPROCESSABLE_ENTITY, problem::status);
            let faults = faults.unwrap_or_default();
            let again = dialog(desk, &target, &picked, &asked, &faults, refusal.as_ref(), &path)?;
            Ok((status, again))
        };
        return visit.show(draw).await;
    }
    // A document's page changes as a whole: another title, other ways on.
    if let (Some(id), Deed::Verb(verb), true) = (one, deed, def.lines.is_some() && end.refused.is_empty()) {
        let done = format!("{DONE}={}.0; Path=/; Max-Age=20; HttpOnly; SameSite=Lax", verb.name);
        let to = format!("/{}/{id}", def.code);
        return Ok(([(header::SET_COOKIE, done)], visit.lead(&to)).into_response());
    }
    let undo = if end.ok == 0 { None } else { way_back(def, deed, &merged, &end, lang) };
    let label = deed.label(lang);
    let title = match lang {
        Lang::Zh => format!("{label}：完成 {} 条", amount(end.ok, 0, 0)),
        Lang::En => format!("{label}: {} done", amount(end.ok, 0, 0)),
    };
    let toast = |kind: &str, text: &str| {
        let mut toast = serde_json::json!({ "kind": kind, "title": title, "text": text });
        if let Some((undo, with)) = &undo {
            toast["undo"] = undo.as_str().into();
            toast["with"] = with.clone();
        }
        toast
    };
    if let (Some(link), true) = (&end.link, is_one) {
        // The page itself knows by which name it is reached.
        let origin = visit.headers.get(header::ORIGIN).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let events = [("hx-trigger", ascii(&serde_json::json!({ "ky:refresh": {} }).to_string()))];
        return Ok((events, told_link(&format!("{origin}{link}"), label, lang)).into_response());
    }
    if end.refused.is_empty() {
        let events = serde_json::json!({ "ky:close": {}, "ky:unpick": {}, "ky:refresh": {}, "ky:toast": toast("ok", "") });
        return Ok(told(&events));
    }
    let refused = end.refused;
    let registry = visit.site.db.registry();
    let count = refused.len();
    let ok = end.ok;
    let draw = move |desk: &mut Desk| {
        let mut lines = Vec::new();
        for (id, error) in refused.iter().take(100) {
            let name = desk.called(def, *id)?.1;
            let name = if name.is_empty() { format!("#{id}") } else { name };
            lines.push((*id, name, message(error, registry, def.code, lang), referring(desk, *id, error)));
        }
        Ok(refusals(def, label, ok, count, &lines, lang))
    };
    let dialog = visit.show(draw).await?;
    let says = match lang {
        Lang::Zh => format!("{count} 条没有做，原因在对话框里"),
        Lang::En => format!("{count} were refused; the dialog says why"),
    };
    let events = if ok > 0 {
        serde_json::json!({ "ky:unpick": {}, "ky:refresh": {}, "ky:toast": toast("warn", &says) })
    } else {
        serde_json::json!({})
    };
    Ok(([("hx-trigger", ascii(&events.to_string()))], dialog).into_response())
}

/// The way back from what was done: an address, and what to send there.
fn way_back(
    def: &EntityDef,
    deed: Deed,
    picked: &Picked,
    end: &run::End,
    lang: Lang,
) -> Option<(String, serde_json::Value)> {
    if deed.can_undo(def) {
        return Some((format!("/undo/batch/{}", end.batch), serde_json::Value::Null));
    }
    // What a verb did to an account, another verb takes back, with a reason on record.
    let (Deed::Verb(verb), Picked::Ids(ids)) = (deed, picked) else { return None };
    let done = ids.iter().filter(|id| !end.refused.iter().any(|it| it.0 == **id)).map(i64::to_string);
    let with = serde_json::json!({ "_ids": done.collect::<Vec<_>>().join(","), "reason": t(lang, "撤销", "Undone") });
    (!verb.back.is_empty()).then(|| (format!("/{}/{}", def.code, verb.back), with))
}

/// The address of a link, to be passed on.
fn told_link(address: &str, title: &str, lang: Lang) -> Markup {
    html! {
        div class="ky-dialog-body" {
            h2 { (title) }
            p { (t(lang, "把这个地址发给对方。打开不用登录，只看得到这一张；它只显示这一次。", "Send this address. It opens without signing in and shows this record alone; it is shown only now.")) }
            input class="ky-input ky-mono" readonly value=(address) aria-label=(t(lang, "链接", "Link"));
            div class="ky-dialog-foot" {
                button class="ky-btn" type="button" data-close { (t(lang, "关闭", "Close")) }
                button class="ky-btn is-primary" type="button" data-copy=(address) { (icon("link")) (t(lang, "复制链接", "Copy the link")) }
            }
        }
    }
}

/// The way to the records for whose sake one stays, as far as the actor may go it.
fn referring(desk: &Desk, id: i64, error: &Error) -> Markup {
    let Error::InUse(by) = error else { return html! {} };
    let registry = desk.catalog().registry;
    let open = by.iter().filter_map(|it| Some((it, registry.entity(it.entity)?)));
    html! {
        @for (it, from) in open.filter(|it| desk.may(it.1, "read").is_ok()) {
            " " a href={ "/" (it.entity) "?" (it.field) "=" (id) } { (from.label.of(desk.actor.lang)) " " (it.count) }
        }
    }
}

/// What could not be done, record by record.
fn refusals(
    def: &EntityDef,
    label: &str,
    ok: i64,
    count: usize,
    lines: &[(i64, String, String, Markup)],
    lang: Lang,
) -> Markup {
    html! {
        div class="ky-dialog-body" {
            h2 {
                @match lang {
                    Lang::Zh => { (label) "：完成 " (amount(ok, 0, 0)) " 条，没有做 " (count) " 条" }
                    Lang::En => { (label) ": " (amount(ok, 0, 0)) " done, " (count) " refused" }
                }
            }
            ul class="ky-rows" {
                @for (id, name, says, links) in lines { li { a href={ "/" (def.code) "/" (id) } { (name) } " " span class="is-bad" { (says) } (links) } }
            }
            @if count > lines.len() { p class="ky-mute" { (t(lang, "只列出前 100 条。", "The first 100 are listed.")) } }
            div class="ky-dialog-foot" { button class="ky-btn is-primary" type="button" data-close { (t(lang, "关闭", "Close")) } }
        }
    }
}

async fn undo_batch(visit: Visit, At(batch): At<String>) -> Answer {
    let (count, first) = run::undo_batch(&visit, &batch).await?;
    undone(&visit, count, first)
}

async fn undo(visit: Visit, At(event): At<i64>) -> Answer {
    visit.write(move |desk| desk.undo(event)).await?;
    undone(&visit, 1, None)
}

/// So many were undone, and why the first of the others was not.
fn undone(visit: &Visit, count: i64, first: Option<Error>) -> Answer {
    let (kind, text) = match first {
        Some(error) if count == 0 => return Err(error.into()),
        Some(error) => ("warn", message(&error, visit.site.db.registry(), "", visit.lang())),
        None => ("ok", String::new()),
    };
    let title = match visit.lang() {
        Lang::Zh => format!("已撤销 {} 条", amount(count, 0, 0)),
        Lang::En => format!("{} undone", amount(count, 0, 0)),
    };
    let toast = serde_json::json!({ "kind": kind, "title": title, "text": text });
    Ok(told(&serde_json::json!({ "ky:refresh": {}, "ky:toast": toast })))
}
