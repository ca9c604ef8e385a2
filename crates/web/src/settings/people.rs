//! Users and departments: who may come in, as whom, and what becomes of their records when they leave.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use model::system::{Department, DepartmentKind, Role, Session, User};
use model::{Desk, Entity, EntityDef, Error, Fault, Id, Input, Kind, Label, Query, Result};

use super::{Look, open, sheet};
use crate::list::part;
use crate::ui::{amount, avatar, icon, icon14, none, t};
use crate::visitor::percent;
use crate::{Site, Visitor, password};

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/settings/user/new", get(new).post(create))
        .route("/settings/user/{id}/password", get(ask_password).post(set_password))
        .route("/settings/user/{id}/roles", post(set_roles))
        .route("/settings/user/{id}/leave", get(ask_leave).post(leave))
        .route("/settings/user/{id}/sessions", post(end_sessions))
        .route("/settings/user/{id}/code", post(reset_code))
}

/// Rows of one page.
const PAGE: usize = 100;

pub fn users(look: &mut Look) -> Result<Markup> {
    if !look.part.is_empty() {
        let id = look.part.parse().map_err(|_| Error::missing("user"))?;
        return user(look, id);
    }
    let (lang, catalog) = (look.lang, look.desk.catalog().clone());
    let query = Query { q: look.given.text("q").to_owned(), ..Query::default() };
    let after = look.given.text("after").parse().unwrap_or(0);
    let mut ids = look.desk.ids("user", &query, after, PAGE + 1)?;
    let more = (ids.len() > PAGE).then(|| ids[PAGE - 1]);
    ids.truncate(PAGE);
    Ok(html! {
        div class="ky-row" {
            form class="ky-box ky-grow" role="search" { (icon14("search")) input name="q" value=(query.q) aria-label=(t(lang, "找用户", "Find a user")) placeholder=(t(lang, "姓名、拼音、登录名、手机", "Name, pinyin, login, mobile")); }
            @if look.desk.may(User::DEF, "create").is_ok() && look.desk.may(User::DEF, "set_password").is_ok() {
                button class="ky-btn is-primary" type="button" hx-get="/settings/user/new" hx-target="#dialog" data-key="N" { (icon14("plus")) (t(lang, "新建用户", "New user")) }
            }
            a class="ky-btn" href="/user" { (t(lang, "列表", "As a list")) }
        }
        section class="ky-card is-clip is-full" {
            div class="ky-scroll" tabindex="0" { table class="ky-table is-inset" {
                thead { tr { th scope="col" { (t(lang, "姓名", "Name")) } th scope="col" { (t(lang, "登录名", "Login")) } th scope="col" { (t(lang, "部门", "Department")) } th scope="col" { (t(lang, "角色", "Roles")) } th scope="col" { (t(lang, "状态", "Status")) } } }
                tbody {
                    @for person in ids.iter().filter_map(|id| catalog.users.get(id)) {
                        @let it = &person.user;
                        tr class=[it.closed.then_some("is-off")] {
                            td { a class="ky-lead ky-who" href={ "/settings/users/" (it.id.0) } { (avatar(&it.name, "")) (it.name) } }
                            td { (login(look.desk, it)) }
                            td { @match it.department.and_then(|it| catalog.department(it.0)) { Some(home) => (home.name), None => (none()) } }
                            td { @for role in person.roles.iter().filter_map(|id| catalog.roles.get(id)) { span class="ky-tag" { (called(&role.0, lang)) } " " } @if person.roles.is_empty() { (none()) } }
                            td { (status(it.closed, lang)) }
                        }
                    }
                    @if ids.is_empty() { tr { td colspan="5" { (t(lang, "没有找到", "Nobody found")) } } }
                }
            } }
        }
        @if let Some(more) = more { p { a class="ky-btn" href={ "/settings/users?q=" (percent(&query.q)) "&after=" (more) } { (t(lang, "下一页", "Next page")) } } }
    })
}

/// What a role is for; a preset's own words are known in both languages.
pub fn remark(role: &Role, registry: model::Registry, lang: model::Lang) -> &str {
    let kept = role.remark.as_deref().unwrap_or_default();
    let preset = registry.presets.iter().find(|it| it.code == role.code).map(|it| it.remark);
    preset.filter(|it| it.zh == kept || it.en == kept).map_or(kept, |it| it.of(lang))
}

pub fn called(role: &Role, lang: model::Lang) -> &str {
    match (lang, role.name_en.as_deref()) {
        (model::Lang::En, Some(name)) if !name.is_empty() => name,
        _ => &role.name,
    }
}

fn status(closed: bool, lang: model::Lang) -> Markup {
    let (class, says) = if closed {
        ("is-hollow", t(lang, "已停用", "Disabled"))
    } else {
        ("is-ok", t(lang, "在用", "Active"))
    };
    html! { span class={ "ky-status " (class) } { (says) } }
}

/// Records in somebody's hands, and where they are handed over: every entity with such an owner and a verb of that name.
fn holds(desk: &mut Desk, id: i64) -> Result<Vec<(&'static EntityDef, i64, bool)>> {
    let registry = desk.catalog().registry;
    let is_owned = |def: &&'static EntityDef| {
        let owner = def.owner.map(|at| def.fields[at].kind);
        let by_user = matches!(owner, Some(Kind::Link(to)) if std::ptr::eq(to(), User::DEF));
        by_user && def.verbs.iter().any(|it| it.name == "transfer")
    };
    let mut held = Vec::new();
    for def in registry.all().filter(is_owned) {
        let owner = def.owner.map_or("", |at| def.fields[at].name);
        let query = Query::parse(&format!("{owner}=%23{id}")).unwrap_or_default();
        match desk.count(def.code, &query) {
            Ok(count) if count > 0 => held.push((def, count, desk.may(def, "transfer").is_ok())),
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
    let may = |desk: &Desk, right: &str| desk.may(User::DEF, right).is_ok();
    let keys = may(look.desk, "set_password");
    let gives = look.desk.may(Role::DEF, "update").is_ok() && card.editable;
    let now = look.desk.now();
    let mut sessions: Vec<Session> = match keys {
        true => look.desk.trusted().find(&[("user", id.into())])?,
        false => Vec::new(),
    };
    sessions.retain(|it| it.expires > now);
    let held = holds(look.desk, id)?;
    look.title = Some(card.title.clone());
    let path = format!("/settings/user/{id}");
    let it = &person.user;
    let has_code = it.totp.as_deref().is_some_and(|it| !it.is_empty());
    let department = it.department.and_then(|it| catalog.department(it.0)).map(|it| it.name.as_str());
    Ok(html! {
        section class="ky-card" {
            div class="ky-people" { div class="ky-row ky-card-body" {
                (avatar(&it.name, "is-large"))
                div class="ky-grow" { b { (it.name) } " " (status(it.closed, lang)) div class="ky-mute ky-small" { (login(look.desk, it)) @if let Some(name) = department { " · " (name) } @if let Some(post) = &it.position { " · " (post) } } }
            } }
            footer {
                @if card.editable { button class="ky-btn is-small" type="button" hx-get={ "/settings/record/user/" (id) } hx-target="#dialog" { (icon14("pencil")) (t(lang, "修改", "Edit")) } }
                @if keys { button class="ky-btn is-small" type="button" hx-get={ (path) "/password" } hx-target="#dialog" { (icon14("key")) (t(lang, "重设密码", "Reset password")) } }
                @if keys && has_code { form hx-post={ (path) "/code" } hx-swap="none" { button class="ky-btn is-small" { (icon14("shield-lock")) (t(lang, "取消两步验证", "Remove two-step sign-in")) } } }
                span class="ky-grow" {}
                @if it.closed { @if may(look.desk, "enable") { button class="ky-btn is-small" type="button" hx-get={ "/user/" (id) "/enable" } hx-target="#dialog" { (t(lang, "启用", "Enable")) } } }
                @else if may(look.desk, "disable") { button class="ky-btn is-small is-danger" type="button" hx-get={ (path) "/leave" } hx-target="#dialog" { (t(lang, "停用…", "Disable…")) } }
                a class="ky-btn is-small is-text" href={ "/user/" (id) } { (t(lang, "档案与历史", "Record and history")) }
            }
        }
        section class="ky-card" {
            header { h2 { (t(lang, "角色", "Roles")) } span class="ky-small ky-mute" { (t(lang, "权限是各角色之和", "Rights are the sum of the roles")) } }
            form class="ky-card-body" method="post" action={ (path) "/roles" } {
                div class="ky-roles" {
                    @for (role, _) in catalog.roles.values().filter(|it| !it.0.closed || person.roles.contains(&it.0.id.0)) {
                        label class="ky-choice" {
                            input class="ky-check" type="checkbox" name={ "role." (role.id.0) } value="1" checked[person.roles.contains(&role.id.0)] disabled[!gives];
                            span { (called(role, lang)) small { (remark(role, catalog.registry, lang)) } }
                        }
                    }
                }
                @if gives { p { button class="ky-btn is-primary" { (t(lang, "保存角色", "Save roles")) } } }
            }
        }
        @if !held.is_empty() { (handover(lang, id, &held)) }
        @if keys {
            section class="ky-card is-clip" {
                header { h2 { (t(lang, "已登录的设备", "Signed in")) } span class="ky-n" { (sessions.len()) } span class="ky-grow" {}
                    @if !sessions.is_empty() { form hx-post={ (path) "/sessions" } hx-swap="none" { button class="ky-btn is-small is-text" { (t(lang, "全部结束", "End all")) } } }
                }
                ul class="ky-rows" {
                    @for session in &sessions { li { span title=(session.agent) { (crate::login::browser(&session.agent)) } span { (session.address) } time { (catalog.zone.to_datetime(session.seen).strftime("%Y-%m-%d %H:%M").to_string()) } } }
                    @if sessions.is_empty() { li { span class="ky-mute" { (t(lang, "现在没有登录", "Not signed in anywhere")) } } }
                }
            }
        }
    })
}

/// What is still in somebody's hands, with the way to hand over all of it.
fn handover(lang: model::Lang, id: i64, held: &[(&'static EntityDef, i64, bool)]) -> Markup {
    html! {
        section class="ky-card" {
            header { h2 { (t(lang, "名下的档案", "Records in hand")) } }
            ul class="ky-rows is-roomy" {
                @for (def, count, may) in held {
                    @let owner = def.owner.map_or("", |at| def.fields[at].name);
                    li {
                        a href={ "/" (def.code) "?" (owner) "=%23" (id) } { (def.many(lang)) } b { (amount(*count, 0, 0)) }
                        @if *may { button class="ky-btn is-small" type="button" hx-get={ "/" (def.code) "/transfer?all=1&" (owner) "=%23" (id) } hx-target="#dialog" { (icon14("transfer")) (t(lang, "全部交接…", "Hand all over…")) } }
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
    let there: Vec<model::system::UserRole> = desk.trusted().find(&[("user", id.into())])?;
    for row in &mut rows {
        if let Some(same) = there.iter().find(|it| format!("#{}", it.role.0) == row.text("role")) {
            row.set("id", same.id.0.to_string());
        }
    }
    let input = Input { rows: [("user_role".to_owned(), rows)].into(), ..Input::default() };
    desk.update("user", id, None, &input)
}

async fn set_roles(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<i64>,
    body: Bytes,
) -> Response {
    let given = Input::of_form(&body);
    let sent = given.clone();
    let write = site.db.write_async(&visitor.actor, move |desk| {
        open(desk, "users")?;
        desk.may(Role::DEF, "update")?;
        give(desk, id, &sent)
    });
    super::saved(&site, &visitor, &headers, &format!("/settings/users/{id}"), given, write.await).await
}

fn password_field(lang: model::Lang, wrong: Option<String>) -> Markup {
    html! {
        div class="ky-field" {
            label class="ky-label is-required" for="password" { (t(lang, "初始密码（至少 8 个字符，第一次登录时要改）", "First password (at least 8 characters; changed at the first sign-in)")) }
            div class={ "ky-box" @if wrong.is_some() { " is-bad" } } { (icon14("lock"))
                input id="password" name="password" type="password" autocomplete="new-password" required maxlength="200" aria-invalid=[wrong.as_ref().map(|_| "true")];
                button class="ky-iconbtn is-small" type="button" data-reveal="password" aria-label=(t(lang, "显示密码", "Show the password")) { (icon("eye")) }
            }
            @if let Some(wrong) = wrong { small class="ky-error" { (wrong) } }
        }
    }
}

fn new_form(desk: &mut Desk, given: &Input, faults: &[Fault]) -> Result<Markup> {
    open(desk, "users")?;
    desk.may(User::DEF, "create")?;
    desk.may(User::DEF, "set_password")?;
    let (lang, catalog) = (desk.actor.lang, desk.catalog().clone());
    let names = sheet::asks("user", true)?;
    let says =
        |name: &str| faults.iter().find(|it| it.field == name).map(|it| model::message::fault(it, lang));
    let fields = sheet::fields(desk, User::DEF, names, given, faults)?;
    let gives = desk.may(Role::DEF, "update").is_ok();
    let fields = html! {
        div class="ky-form-grid is-2" { (fields) }
        (password_field(lang, says("password")))
        @if gives {
            fieldset class="ky-roles" { legend class="ky-label" { (t(lang, "角色", "Roles")) }
                @for (role, _) in catalog.roles.values().filter(|it| !it.0.closed) {
                    @let name = format!("role.{}", role.id.0);
                    label class="ky-choice" { input class="ky-check" type="checkbox" name=(name) value="1" checked[given.fields.contains_key(&name)]; span { (called(role, lang)) } }
                }
            }
        }
    };
    let title = t(lang, "新建用户", "New user");
    Ok(sheet::dialog(lang, "/settings/user/new", title, html! {}, fields, t(lang, "建立", "Create")))
}

async fn new(State(site): State<Site>, visitor: Visitor, headers: HeaderMap) -> Response {
    let read = site.db.read_async(&visitor.actor, |desk| {
        let given = Input::from([("language", desk.actor.lang.tag().get(..2).unwrap_or_default())]);
        let given = sheet::written(desk, User::DEF, None, &given)?;
        new_form(desk, &given, &[])
    });
    part(&site, &visitor, &headers, read.await)
}

async fn create(State(site): State<Site>, visitor: Visitor, headers: HeaderMap, body: Bytes) -> Response {
    let given = Input::of_form(&body);
    match add(&site, &visitor, given.clone()).await.map_err(sheet::at_its_field) {
        Err(Error::Invalid(faults)) => {
            sheet::again(&site, &visitor, &headers, move |desk| new_form(desk, &given, &faults)).await
        }
        result => {
            let says = Label { zh: "用户已建立", en: "User created" };
            super::ended(&site, &visitor, &headers, "/settings/users", says, result)
        }
    }
}

/// Makes a user with a first password and roles. The password is hashed before the transaction begins.
pub async fn add(site: &Site, visitor: &Visitor, mut given: Input) -> Result<()> {
    let first = given.take("password").unwrap_or_default();
    password::check(&first, given.text("login").trim())?;
    let hash = site.gate.slowly(move || password::hash(&first)).await??;
    site.db
        .write_async(&visitor.actor, move |desk| {
            open(desk, "users")?;
            let roles: Vec<Input> = ticked(&given);
            let mut user = given.clone();
            user.fields.retain(|name, _| !name.starts_with("role."));
            let id = desk.create("user", &user)?;
            desk.run("user", id, "set_password", &[("password", hash.as_str())].into())?;
            if roles.is_empty() { Ok(()) } else { give(desk, id, &given) }
        })
        .await
}

fn password_form(desk: &mut Desk, id: i64, faults: &[Fault]) -> Result<Markup> {
    let lang = desk.actor.lang;
    desk.may(User::DEF, "set_password")?;
    let name = desk.get("user", id)?.title;
    let wrong = faults.iter().find(|it| it.field == "password").map(|it| model::message::fault(it, lang));
    let says = html! { p { (t(lang, "所有设备上的登录会结束；用新密码登录后要再改成自己的。", "All sessions end; after signing in with the new password it must be changed.")) } };
    let title = format!("{} · {name}", t(lang, "重设密码", "Reset password"));
    let path = format!("/settings/user/{id}/password");
    Ok(sheet::dialog(lang, &path, &title, says, password_field(lang, wrong), t(lang, "重设", "Reset")))
}

async fn ask_password(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<i64>,
) -> Response {
    let read = site.db.read_async(&visitor.actor, move |desk| password_form(desk, id, &[]));
    part(&site, &visitor, &headers, read.await)
}

async fn set_password(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<i64>,
    body: Bytes,
) -> Response {
    let given = Input::of_form(&body).take("password").unwrap_or_default();
    let set = async {
        password::check(&given, "")?;
        let hash = site.gate.slowly(move || password::hash(&given)).await??;
        let input: Input = [("password", hash)].into();
        site.db.write_async(&visitor.actor, move |desk| desk.run("user", id, "set_password", &input)).await
    };
    match set.await {
        Err(Error::Invalid(faults)) => {
            sheet::again(&site, &visitor, &headers, move |desk| password_form(desk, id, &faults)).await
        }
        result => {
            let says = Label { zh: "密码已重设", en: "Password reset" };
            super::ended(&site, &visitor, &headers, &format!("/settings/users/{id}"), says, result)
        }
    }
}

async fn ask_leave(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<i64>,
) -> Response {
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let lang = desk.actor.lang;
        desk.may(User::DEF, "disable")?;
        let name = desk.get("user", id)?.title;
        let held = holds(desk, id)?;
        let says = html! {
            p { (t(lang, "停用后不能再登录，所有设备上的登录立即结束；档案和历史都保留，可以再启用。", "A disabled user can't sign in and all sessions end at once. Records and history stay; the user can be enabled again.")) }
            @if !held.is_empty() {
                div class="ky-alert is-warn" { (icon("alert-triangle")) div { b { (t(lang, "名下还有档案，请先交给别人", "Records are still in hand; hand them over first")) } } }
                (handover(lang, id, &held))
            }
        };
        let left = User::DEF.field("left").map(|it| it.1);
        let fields = match left.filter(|it| desk.may_write(User::DEF, it)) {
            Some(field) => crate::act::ask::control(desk, field, "", None, "")?,
            None => html! {},
        };
        let title = format!("{} · {name}", t(lang, "停用", "Disable"));
        Ok(sheet::dialog(lang, &format!("/settings/user/{id}/leave"), &title, says, fields, t(lang, "停用", "Disable")))
    });
    part(&site, &visitor, &headers, read.await)
}

async fn leave(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<i64>,
    body: Bytes,
) -> Response {
    let mut given = Input::of_form(&body);
    given.fields.retain(|name, value| name == "left" && !value.text().trim().is_empty());
    let write = site.db.write_async(&visitor.actor, move |desk| {
        if !given.fields.is_empty() {
            desk.update("user", id, None, &given)?;
        }
        desk.run("user", id, "disable", &Input::default())
    });
    let says = Label { zh: "已停用", en: "Disabled" };
    super::ended(&site, &visitor, &headers, &format!("/settings/users/{id}"), says, write.await)
}

/// Who may set a password may also end what it opened.
fn holder(desk: &mut Desk, id: i64) -> Result<User> {
    open(desk, "users")?;
    desk.may(User::DEF, "set_password")?;
    desk.get("user", id)?;
    desk.trusted().get(Id::of(id))
}

async fn end_sessions(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<i64>,
) -> Response {
    let write = site.db.write_async(&visitor.actor, move |desk| {
        holder(desk, id)?;
        for session in desk.trusted().find::<Session>(&[("user", id.into())])? {
            desk.trusted().delete(session)?;
        }
        Ok(())
    });
    let says = Label { zh: "登录已结束", en: "Sessions ended" };
    super::ended(&site, &visitor, &headers, &format!("/settings/users/{id}"), says, write.await)
}

async fn reset_code(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<i64>,
) -> Response {
    let write = site.db.write_async(&visitor.actor, move |desk| {
        let mut user = holder(desk, id)?;
        user.totp = None;
        desk.trusted().save(&mut user).map(drop)
    });
    let says = Label { zh: "两步验证已取消", en: "Two-step sign-in removed" };
    super::ended(&site, &visitor, &headers, &format!("/settings/users/{id}"), says, write.await)
}

/// The tree of departments, each with its head and how many work there.
pub fn departments(look: &mut Look) -> Result<Markup> {
    let (lang, catalog) = (look.lang, look.desk.catalog().clone());
    let all: Vec<&Department> = catalog.departments().collect();
    let mut rows = Vec::new();
    let is_top = |it: &&&Department| it.above.is_none_or(|above| catalog.department(above.0).is_none());
    all.iter().filter(is_top).for_each(|it| below(&all, it, 0, &mut rows));
    let adds = look.desk.may(Department::DEF, "create").is_ok();
    let members = |id: i64| {
        catalog
            .users
            .values()
            .filter(|it| !it.user.closed && it.user.department.is_some_and(|home| home.0 == id))
            .count()
    };
    Ok(html! {
        @if adds { div class="ky-row" { span class="ky-grow" {} button class="ky-btn is-primary" type="button" hx-get="/settings/record/department/new" hx-target="#dialog" data-key="N" { (icon14("plus")) (t(lang, "新建部门", "New department")) } } }
        section class="ky-card is-clip" {
            div class="ky-scroll" tabindex="0" { table class="ky-table is-inset" {
                thead { tr { th scope="col" { (t(lang, "部门", "Department")) } th scope="col" { (t(lang, "类型", "Kind")) } th scope="col" { (t(lang, "负责人", "Head")) } th scope="col" class="is-number" { (t(lang, "在用人数", "People")) } th scope="col" {} } }
                tbody { @for (it, depth) in &rows {
                    tr class=[it.closed.then_some("is-off")] {
                        td { span class={ "ky-depth-" (depth) } { (it.name) } @if it.closed { " " span class="ky-tag" { (t(lang, "停用", "Closed")) } } }
                        td { @if it.kind == DepartmentKind::Company { span class="ky-tag is-info" { (t(lang, "公司", "Company")) } } @else { (t(lang, "部门", "Department")) } }
                        td { @match it.head.and_then(|it| catalog.user_name(it.0)) { Some(name) => (name), None => (none()) } }
                        td class="is-number" { a class="ky-fig" href={ "/user?department=%23" (it.id.0) } { (members(it.id.0)) } }
                        td class="is-number" {
                            @if adds { button class="ky-iconbtn is-small" type="button" hx-get={ "/settings/record/department/new?above=%23" (it.id.0) } hx-target="#dialog" aria-label={ (t(lang, "在下面新建：", "New below ")) (it.name) } { (icon14("plus")) } }
                            button class="ky-iconbtn is-small" type="button" hx-get={ "/settings/record/department/" (it.id.0) } hx-target="#dialog" aria-label={ (t(lang, "修改：", "Edit ")) (it.name) } { (icon14("pencil")) }
                        }
                    }
                } }
            } }
        }
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
