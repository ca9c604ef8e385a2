//! Users and departments: who may come in, as whom, and what becomes of their records when they leave.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use maud::{Markup, html};
use model::system::{Department, DepartmentKind, Role, Session, User, UserRole};
use model::{Catalog, Desk, Entity, EntityDef, Error, Fault, Input, Kind, Label, Lang, Query, Result};

use super::{Look, open, saved, verbs};
use crate::form::{self, Draft};
use crate::ui::{self, alert, amount, avatar, icon14, none, t, table, tag};
use crate::visit::{Answer, At, Sent, Visit};
use crate::{Site, password};

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/settings/user/new", get(new).post(create))
        .route("/settings/user/{id}/roles", post(set_roles))
        .route("/settings/user/{id}/leave", get(leave))
}

/// Rows of the page; the list beside it has pages.
const MOST: usize = 500;

pub fn users(look: &mut Look) -> Result<Markup> {
    if !look.part.is_empty() {
        let id = look.part.parse().map_err(|_| Error::missing("user"))?;
        return user(look, id);
    }
    let (lang, catalog) = (look.lang, look.desk.catalog().clone());
    let query = Query { q: look.given.text("q").to_owned(), ..Query::default() };
    let ids = look.desk.ids("user", &query, 0, MOST)?;
    let mut rows = Vec::new();
    for person in ids.iter().filter_map(|id| catalog.users.get(id)) {
        let it = &person.user;
        let home = it.department.and_then(|it| catalog.department(it.0));
        let cells = vec![
            html! { a class="ky-lead ky-who" href={ "/settings/users/" (it.id.0) } { (avatar(&it.name, "")) (it.name) } },
            html! { (login(look.desk, it)) },
            html! { @match home { Some(home) => (home.name), None => (none()) } },
            html! { @for role in person.roles.iter().filter_map(|id| catalog.roles.get(id)) { (tag("", role.0.called(lang))) } @if person.roles.is_empty() { (none()) } },
            html! { (status(it.closed, lang)) },
        ];
        rows.push((it.closed, cells));
    }
    Ok(html! {
        div class="ky-row" {
            form class="ky-box ky-grow" role="search" { (icon14("search")) input name="q" value=(query.q) aria-label=(t(lang, "找用户", "Find a user")) placeholder=(t(lang, "姓名、拼音、登录名、手机", "Name, pinyin, login, mobile")); }
            @if look.desk.may(User::DEF, "create").is_ok() && look.desk.may(User::DEF, "set_password").is_ok() {
                button class="ky-btn is-primary" type="button" hx-get="/settings/user/new" hx-target="#dialog" data-key="N" { (icon14("plus")) (t(lang, "新建用户", "New user")) }
            }
            a class="ky-btn" href="/user" { (t(lang, "列表", "As a list")) }
        }
        section class="ky-card is-clip is-full" {
            (table(lang, "姓名|登录名|部门|角色|状态", "Name|Login|Department|Roles|Status", rows))
            @if ids.len() == MOST { p class="ky-card-body" { a href={ "/user?" (query.text()) } { (t(lang, "还有更多用户：在列表里看全部", "There may be more: see all as a list")) } } }
            @if ids.is_empty() { p class="ky-card-body ky-mute" { (t(lang, "没有找到", "Nobody found")) } }
        }
    })
}

fn status(closed: bool, lang: Lang) -> Markup {
    let (class, says) = match closed {
        true => ("is-hollow", t(lang, "已停用", "Disabled")),
        false => ("is-ok", t(lang, "在用", "Active")),
    };
    html! { span class={ "ky-status " (class) } { (says) } }
}

/// An entity, the query of what somebody has in hand, how many, and whether it may be handed over.
type Held = (&'static EntityDef, String, i64, bool);

/// Records in somebody's hands, and where they are handed over: every entity with such an owner and a verb of that name.
fn holds(desk: &mut Desk, id: i64) -> Result<Vec<Held>> {
    let registry = desk.catalog().registry;
    let is_owned = |def: &&'static EntityDef| {
        let owner = def.owner.map(|at| def.fields[at].kind);
        let by_user = matches!(owner, Some(Kind::Link(to)) if std::ptr::eq(to(), User::DEF));
        by_user && def.verbs.iter().any(|it| it.name == "transfer")
    };
    let mut held = Vec::new();
    for def in registry.all().filter(is_owned) {
        let owner = def.owner.map_or("", |at| def.fields[at].name);
        let filter = format!("{owner}=%23{id}");
        match desk.count(def.code, &Query::parse(&filter).unwrap_or_default()) {
            Ok(count) if count > 0 => held.push((def, filter, count, desk.may(def, "transfer").is_ok())),
            Ok(_) | Err(Error::NotFound { .. } | Error::Forbidden { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(held)
}

/// A login, for who may read it.
fn login<'a>(desk: &Desk, user: &'a User) -> &'a str {
    let seen = User::DEF.field("login").is_some_and(|it| desk.may_read(User::DEF, it.1));
    if seen { &user.login } else { "" }
}

fn user(look: &mut Look, id: i64) -> Result<Markup> {
    let card = look.desk.get("user", id)?;
    let (lang, catalog) = (look.lang, look.desk.catalog().clone());
    let person = catalog.users.get(&id).ok_or_else(|| Error::missing("user"))?;
    let gives = look.desk.may(Role::DEF, "update").is_ok() && card.editable;
    let held = holds(look.desk, id)?;
    // Whoever may set a password sees what it opened.
    let mut sessions = match look.desk.may(User::DEF, "set_password") {
        Ok(_) => Some(look.desk.trusted().find::<Session>(&[("user", id.into())])?),
        Err(_) => None,
    };
    sessions.iter_mut().for_each(|all| all.retain(|it| it.expires > look.desk.now()));
    look.title = Some(card.title.clone());
    let it = &person.user;
    let department = it.department.and_then(|it| catalog.department(it.0)).map(|it| it.name.as_str());
    let worn = |role: &Role| person.roles.contains(&role.id.0);
    Ok(html! {
        section class="ky-card" {
            div class="ky-people" { div class="ky-row ky-card-body" {
                (avatar(&it.name, "is-large"))
                div class="ky-grow" { b { (it.name) } " " (status(it.closed, lang)) div class="ky-mute ky-small" { (login(look.desk, it)) @if let Some(name) = department { " · " (name) } @if let Some(post) = &it.position { " · " (post) } } }
            } }
            footer {
                @if card.editable { button class="ky-btn is-small" type="button" hx-get={ "/user/" (id) "/edit" } hx-target="#dialog" { (icon14("pencil")) (t(lang, "修改", "Edit")) } }
                (verbs(&card, lang, |it| it.name != "disable"))
                @if card.verbs.iter().any(|it| it.verb.name == "disable" && it.unless.is_none()) { button class="ky-btn is-small is-danger" type="button" hx-get={ "/settings/user/" (id) "/leave" } hx-target="#dialog" { (t(lang, "停用…", "Disable…")) } }
                span class="ky-grow" {}
                a class="ky-btn is-small is-text" href={ "/user/" (id) } { (t(lang, "档案与历史", "Record and history")) }
            }
        }
        section class="ky-card" {
            header { h2 { (t(lang, "角色", "Roles")) } span class="ky-small ky-mute" { (t(lang, "权限是各角色之和", "Rights are the sum of the roles")) } }
            form class="ky-card-body" method="post" action={ "/settings/user/" (id) "/roles" } {
                (role_choice(&catalog, lang, gives, &worn))
                @if gives { p { button class="ky-btn is-primary" { (t(lang, "保存角色", "Save roles")) } } }
            }
        }
        @if !held.is_empty() { (handover(lang, &held)) }
        @if let Some(sessions) = &sessions {
            section class="ky-card is-clip" {
                header { h2 { (t(lang, "已登录的设备", "Signed in")) } span class="ky-n" { (sessions.len()) } }
                ul class="ky-rows" {
                    @for session in sessions { li { span title=(session.agent) { (crate::login::browser(&session.agent)) } span { (session.address) } time { (catalog.minute(session.seen)) } } }
                    @if sessions.is_empty() { li { span class="ky-mute" { (t(lang, "现在没有登录", "Not signed in anywhere")) } } }
                }
            }
        }
    })
}

/// The roles to tick: those in use, and those that are worn.
fn role_choice(catalog: &Catalog, lang: Lang, opens: bool, worn: &dyn Fn(&Role) -> bool) -> Markup {
    html! {
        div class="ky-roles" {
            @for role in catalog.roles.values().map(|it| &it.0).filter(|it| !it.closed || worn(it)) {
                label class="ky-choice" {
                    input class="ky-check" type="checkbox" name={ "role." (role.id.0) } value="1" checked[worn(role)] disabled[!opens];
                    span { (role.called(lang)) small { (role.purpose(catalog.registry, lang)) } }
                }
            }
        }
    }
}

/// What is still in somebody's hands, with the way to hand over all of it.
fn handover(lang: Lang, held: &[Held]) -> Markup {
    html! {
        section class="ky-card" {
            header { h2 { (t(lang, "名下的档案", "Records in hand")) } }
            ul class="ky-rows is-roomy" {
                @for (def, filter, count, may) in held {
                    li {
                        a href={ "/" (def.code) "?" (filter) } { (def.many(lang)) } b { (amount(*count, 0, 0)) }
                        @if *may { button class="ky-btn is-small" type="button" hx-get={ "/" (def.code) "/transfer?all=1&" (filter) } hx-target="#dialog" { (icon14("transfer")) (t(lang, "全部交接…", "Hand all over…")) } }
                    }
                }
            }
        }
    }
}

/// The roles that a form ticked, as child rows.
fn ticked(given: &Input) -> Vec<Input> {
    let ids = given.fields.keys().filter_map(|it| it.strip_prefix("role."));
    ids.map(|id| Input::from([("role", format!("#{id}"))])).collect()
}

/// The roles a user shall have, keeping those that are there.
fn give(desk: &mut Desk, id: i64, given: &Input) -> Result<()> {
    let mut rows = ticked(given);
    let there: Vec<UserRole> = desk.trusted().find(&[("user", id.into())])?;
    for row in &mut rows {
        if let Some(same) = there.iter().find(|it| format!("#{}", it.role.0) == row.text("role")) {
            row.set("id", same.id.0.to_string());
        }
    }
    let input = Input { rows: [("user_role".to_owned(), rows)].into(), ..Input::default() };
    desk.update("user", id, None, &input)
}

async fn set_roles(visit: Visit, At(id): At<i64>, Sent(given): Sent) -> Answer {
    let sent = given.clone();
    let write = visit.write(move |desk| {
        open(desk, "users")?;
        desk.may(Role::DEF, "update")?;
        give(desk, id, &sent)
    });
    saved(&visit, &format!("/settings/users/{id}"), given, write.await).await
}

/// What a new user is made of: the record, the first password, the roles.
pub fn person(desk: &mut Desk, given: &Input, faults: &[Fault]) -> Result<Markup> {
    let (lang, catalog) = (desk.actor.lang, desk.catalog().clone());
    let card = desk.blank("user", &[("language", &lang.tag()[..2])].into())?;
    let draft = Draft { input: given.clone(), given: true, faults: faults.to_vec(), ..Draft::default() };
    let names = ["name", "login", "department", "position", "phone", "email", "language"];
    let fields = form::some(desk, &card, &names, &draft)?;
    let wrong = faults.iter().find(|it| it.field == "password").map(|it| model::message::fault(it, lang));
    let label = t(
        lang,
        "初始密码（至少 8 个字符，第一次登录时要改）",
        "First password (at least 8 characters; changed at the first sign-in)",
    );
    let ticked = |role: &Role| given.fields.contains_key(&format!("role.{}", role.id.0));
    Ok(html! {
        div class="ky-form-grid is-2" { @for field in &fields { (field) } }
        (ui::password(lang, "password", "password", label, "new-password", wrong.as_deref()))
        @if desk.may(Role::DEF, "update").is_ok() {
            fieldset { legend class="ky-label" { (t(lang, "角色", "Roles")) } (role_choice(&catalog, lang, true, &ticked)) }
        }
    })
}

fn new_form(desk: &mut Desk, given: &Input, faults: &[Fault]) -> Result<Markup> {
    open(desk, "users")?;
    desk.may(User::DEF, "set_password")?;
    let (lang, body) = (desk.actor.lang, person(desk, given, faults)?);
    let title = t(lang, "新建用户", "New user");
    Ok(ui::dialog(lang, "/settings/user/new", title, body, t(lang, "建立", "Create")))
}

async fn new(visit: Visit) -> Answer {
    visit.show(|desk| new_form(desk, &Input::default(), &[])).await
}

async fn create(visit: Visit, Sent(given): Sent) -> Answer {
    let faults = match add(&visit, given.clone()).await {
        Err(Error::Invalid(faults)) => faults,
        made => {
            made?;
            return Ok(visit.done("/settings/users", Label { zh: "用户已建立", en: "User created" }));
        }
    };
    let again =
        move |desk: &mut Desk| Ok((StatusCode::UNPROCESSABLE_ENTITY, new_form(desk, &given, &faults)?));
    visit.show(again).await
}

/// Makes a user with a first password and roles. The password is hashed before the transaction begins.
pub async fn add(visit: &Visit, mut given: Input) -> Result<()> {
    let first = given.take("password").unwrap_or_default();
    password::check(&first, given.text("login").trim())?;
    let hash = visit.site.gate.slowly(move || password::hash(&first)).await??;
    let write = visit.write(move |desk| {
        open(desk, "users")?;
        let mut user = given.clone();
        user.fields.retain(|name, _| !name.starts_with("role."));
        let id = desk.create("user", &user)?;
        desk.run("user", id, "set_password", &[("password", hash.as_str())].into())?;
        if ticked(&given).is_empty() { Ok(()) } else { give(desk, id, &given) }
    });
    // The login alone is one of a kind.
    write.await.map_err(|error| match error {
        Error::Duplicate { .. } => Error::invalid("login", "duplicate"),
        error => error,
    })
}

/// Whoever leaves is disabled; what is still in hand is handed over first.
async fn leave(visit: Visit, At(id): At<i64>) -> Answer {
    let ask = move |desk: &mut Desk| {
        let lang = desk.actor.lang;
        let verb = User::DEF.verb("disable")?.1;
        desk.may(User::DEF, verb.right)?;
        let title = format!("{} · {}", verb.label.of(lang), desk.get("user", id)?.title);
        let held = holds(desk, id)?;
        let body = html! {
            p { (t(lang, "停用后不能再登录，所有设备上的登录立即结束；档案和历史都保留，可以再启用。", "A disabled user can't sign in and all sessions end at once. Records and history stay; the user can be enabled again.")) }
            @if !held.is_empty() {
                (alert("warn", t(lang, "名下还有档案，请先交给别人", "Records are still in hand; hand them over first"), ""))
                (handover(lang, &held))
            }
            @for field in verb.asks { (crate::act::ask::control(desk, field, "", None, "")?) }
        };
        Ok(ui::dialog(lang, &format!("/user/{id}/disable"), &title, body, verb.label.of(lang)))
    };
    visit.show(ask).await
}

/// The tree of departments, each with its head and how many work there.
pub fn departments(look: &mut Look) -> Result<Markup> {
    let (lang, catalog) = (look.lang, look.desk.catalog().clone());
    let all: Vec<&Department> = catalog.departments().collect();
    let mut rows = Vec::new();
    let is_top = |it: &&&Department| it.above.is_none_or(|above| catalog.department(above.0).is_none());
    all.iter().filter(is_top).for_each(|it| below(&all, it, 0, &mut rows));
    let adds = look.desk.may(Department::DEF, "create").is_ok();
    let active = || catalog.users.values().map(|it| &it.user).filter(|it| !it.closed);
    let members = |id: i64| active().filter(|it| it.department.is_some_and(|home| home.0 == id)).count();
    let edit = |to: String, sign: &str, says: &str, name: &str| html! { button class="ky-iconbtn is-small" type="button" hx-get=(to) hx-target="#dialog" aria-label={ (says) (name) } { (icon14(sign)) } };
    let rows = rows.iter().map(|(it, depth)| {
        let cells = vec![
            html! { span class={ "ky-depth-" (depth) } { (it.name) } @if it.closed { (tag("", t(lang, "停用", "Closed"))) } },
            html! { @if it.kind == DepartmentKind::Company { (tag("is-info", t(lang, "公司", "Company"))) } @else { (t(lang, "部门", "Department")) } },
            html! { @match it.head.and_then(|it| catalog.user_name(it.0)) { Some(name) => (name), None => (none()) } },
            html! { a class="ky-fig" href={ "/user?department=%23" (it.id.0) } { (members(it.id.0)) } },
            html! {
                @if adds { (edit(format!("/department/new?above={}", it.id.0), "plus", t(lang, "在下面新建：", "New below "), &it.name)) }
                (edit(format!("/department/{}/edit", it.id.0), "pencil", t(lang, "修改：", "Edit "), &it.name))
            },
        ];
        (it.closed, cells)
    });
    Ok(html! {
        @if adds { div class="ky-row" { span class="ky-grow" {} button class="ky-btn is-primary" type="button" hx-get="/department/new" hx-target="#dialog" data-key="N" { (icon14("plus")) (t(lang, "新建部门", "New department")) } } }
        section class="ky-card is-clip" { (table(lang, "部门|类型|负责人|#在用人数|#", "Department|Kind|Head|#People|#", rows)) }
        p class="ky-small ky-mute" { (t(lang, "类型为“公司”的部门是同一系统里的另一家企业：没有负责人的档案只在本公司内可见，除非角色另有规定。", "A department of kind company is an enterprise of its own in the same house: records without an owner are seen within it, unless a role says otherwise.")) }
    })
}

fn below<'a>(
    all: &[&'a Department],
    it: &'a Department,
    depth: usize,
    rows: &mut Vec<(&'a Department, usize)>,
) {
    rows.push((it, depth.min(6)));
    let inner = all.iter().filter(|other| other.above.is_some_and(|above| above.0 == it.id.0));
    if depth < 20 {
        inner.for_each(|other| below(all, other, depth + 1, rows));
    }
}
