//! Who works here, with which rights, and through which door they came.

use crate::{
    Choice, Date, Entity, EntityDef, Error, Form, Id, Label, Lang, Moment, Record, Registry, Result, Rights,
    Stamp, Tx, Verbs, Views, verbs, views,
};

/// A part of the company; one of kind *company* is a legal person of its own in the same house.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "部门", en = "Department", module = "settings", icon = "sitemap", title = name, tree = above)]
#[entity(closed = closed, check = check_department)]
pub struct Department {
    pub id: Id<Department>,
    #[field(zh = "名称", en = "Name", unique, required, search, list)]
    pub name: String,
    #[field(zh = "上级部门", en = "Part of", list, filter)]
    pub above: Option<Id<Department>>,
    #[field(zh = "类型", en = "Kind", list)]
    pub kind: DepartmentKind,
    #[field(zh = "负责人", en = "Head", list)]
    pub head: Option<Id<User>>,
    #[field(zh = "停用", en = "Closed", list)]
    pub closed: bool,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum DepartmentKind {
    #[choice(zh = "部门", en = "Department")]
    Department,
    #[choice(zh = "公司", en = "Company")]
    Company,
}

/// Nobody may stand above themselves.
fn check_department(new: &mut Department, _: Option<&Department>, tx: &mut Tx) -> Result<()> {
    let mut above = new.above;
    for _ in 0..100 {
        match above {
            None => return Ok(()),
            Some(id) if id == new.id => break,
            Some(id) => above = tx.get(id)?.above,
        }
    }
    let says = Label {
        zh: "上级部门不能是本部门或其下级",
        en: "A department can't be part of itself or of one below it",
    };
    Err(Error::fault("above", "cycle", says))
}

/// Rights under a name; the rights themselves are one JSON object, edited as a matrix.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "角色", en = "Role", module = "settings", icon = "shield", title = name, closed = closed)]
#[entity(check = check_role, verbs = ROLE_VERBS)]
pub struct Role {
    pub id: Id<Role>,
    #[field(zh = "编码", en = "Code", unique, auto, list)]
    pub code: String,
    #[field(zh = "名称", en = "Name", unique, required, search, list)]
    pub name: String,
    #[field(zh = "英文名称", en = "English name", list)]
    pub name_en: Option<String>,
    #[field(zh = "说明", en = "Remark", list)]
    pub remark: Option<String>,
    #[field(zh = "权限", en = "Rights", format = Json, default = "{}")]
    pub rights: String,
    #[field(zh = "停用", en = "Closed", list)]
    pub closed: bool,
    pub stamp: Stamp,
}

impl Role {
    pub fn called(&self, lang: Lang) -> &str {
        let english = self.name_en.as_deref().filter(|it| lang == Lang::En && !it.is_empty());
        english.unwrap_or(&self.name)
    }

    /// What it is for; a preset's own words are known in both languages.
    pub fn purpose(&self, registry: Registry, lang: Lang) -> &str {
        let kept = self.remark.as_deref().unwrap_or_default();
        let preset = registry.presets.iter().find(|it| it.code == self.code).map(|it| it.remark);
        preset.filter(|it| it.zh == kept || it.en == kept).map_or(kept, |it| it.of(lang))
    }
}

fn check_role(new: &mut Role, _: Option<&Role>, tx: &mut Tx) -> Result<()> {
    if new.code.trim().is_empty() {
        new.code = format!("role_{}", tx.catalog.roles.keys().max().unwrap_or(&0) + 1);
    }
    Ok(())
}

const ROLE_VERBS: Verbs<Role> = verbs![
    copy("复制", "Copy", needs "create"),
    restore("恢复预设", "Restore the preset", needs "update"),
];

/// A new role with the same rights.
fn copy(role: &mut Role, tx: &mut Tx) -> Result<()> {
    let last = tx.catalog.roles.keys().max().unwrap_or(&0) + 1;
    let more = |name: &String| format!("{name} {last}");
    let (name, name_en) = (more(&role.name), role.name_en.as_ref().map(more));
    let stamp = Stamp::default();
    tx.save(&mut Role { id: Id::NEW, code: String::new(), name, name_en, stamp, ..role.clone() }).map(drop)
}

fn restore(role: &mut Role, tx: &mut Tx) -> Result<()> {
    let preset = tx.registry.presets.iter().find(|it| it.code == role.code);
    let says = Label { zh: "自建的角色没有预设", en: "A role of your own has no preset" };
    let preset = preset.ok_or_else(|| Error::refused("wrong_state", says))?;
    role.rights = Rights::of_preset(preset).json();
    Ok(())
}

/// A person who may sign in.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "用户", en = "User", module = "settings", icon = "users", title = name, department = department)]
#[entity(closed = closed, verbs = USER_VERBS, views = USER_VIEWS, check = check_user)]
pub struct User {
    pub id: Id<User>,
    #[field(zh = "登录名", en = "Login", unique, required, search, list, group = "account")]
    pub login: String,
    #[field(zh = "姓名", en = "Name", required, search, list, format = Person)]
    pub name: String,
    #[field(zh = "部门", en = "Department", list, filter)]
    pub department: Option<Id<Department>>,
    #[field(zh = "职务", en = "Position", list, again)]
    pub position: Option<String>,
    #[field(zh = "手机", en = "Mobile", search, list, format = Phone)]
    pub phone: Option<String>,
    #[field(zh = "邮箱", en = "E-mail", format = Email)]
    pub email: Option<String>,
    #[field(zh = "语言", en = "Language", group = "account")]
    pub language: Tongue,
    #[field(zh = "外观", en = "Theme", group = "account")]
    pub theme: Theme,
    #[field(zh = "停用", en = "Closed", list, filter)]
    pub closed: bool,
    #[field(zh = "离职日期", en = "Left on", list)]
    pub left: Option<Date>,
    #[field(zh = "密码", en = "Password", format = Secret, readonly)]
    pub password: String,
    #[field(zh = "动态口令密钥", en = "One-time code secret", format = Secret, readonly)]
    pub totp: Option<String>,
    /// Set until the first change of a password that somebody else chose.
    #[field(zh = "须改密码", en = "Must change password", readonly, group = "account")]
    pub must_change: bool,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Tongue {
    #[choice(zh = "中文", en = "Chinese")]
    Zh,
    #[choice(zh = "英文", en = "English")]
    En,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Theme {
    #[choice(zh = "跟随系统", en = "As the system")]
    System,
    #[choice(zh = "浅色", en = "Light")]
    Light,
    #[choice(zh = "深色", en = "Dark")]
    Dark,
}

const USER_VERBS: Verbs<User> = verbs![
    set_password("重设密码", "Reset password", asks Password, is danger),
    disable("停用", "Disable", asks Leave, when |it| !it.closed, else "用户已停用" "Disabled already"),
    enable("启用", "Enable", when |it| it.closed, else "用户未停用" "Not disabled"),
    end_sessions("结束所有登录", "End all sessions", needs "set_password", is danger),
    drop_code("取消两步验证", "Remove two-step sign-in",
        when |it| it.totp.as_deref().is_some_and(|it| !it.is_empty()), else "没有两步验证" "There is none",
        needs "set_password", is danger),
];

const USER_VIEWS: Views =
    views![active("在用", "Active", "closed=false"), closed("已停用", "Disabled", "closed=true"),];

#[derive(Form)]
struct Password {
    /// Already hashed when it gets here: hashing takes too long for a transaction.
    #[field(
        zh = "新密码（至少 8 个字符，登录后要改）",
        en = "New password (at least 8 characters; to be changed)"
    )]
    #[field(required, format = Secret)]
    password: String,
}

#[derive(Form)]
struct Leave {
    #[field(zh = "离职日期", en = "Left on")]
    left: Option<Date>,
}

fn set_password(user: &mut User, tx: &mut Tx, asked: Password) -> Result<()> {
    user.password = asked.password;
    user.must_change = true;
    shut(user, tx)
}

fn disable(user: &mut User, tx: &mut Tx, asked: Leave) -> Result<()> {
    user.closed = true;
    user.left = asked.left.or(user.left);
    shut(user, tx)
}

fn drop_code(user: &mut User, _: &mut Tx) -> Result<()> {
    user.totp = None;
    Ok(())
}

fn enable(user: &mut User, _: &mut Tx) -> Result<()> {
    user.closed = false;
    Ok(())
}

fn end_sessions(user: &mut User, tx: &mut Tx) -> Result<()> {
    for session in tx.find::<Session>(&[("user", (&user.id).into())])? {
        tx.delete(session)?;
    }
    Ok(())
}

/// Closes every way in.
fn shut(user: &mut User, tx: &mut Tx) -> Result<()> {
    end_sessions(user, tx)?;
    // A token is a way in like a session.
    for mut token in tx.find::<Token>(&[("user", (&user.id).into()), ("closed", 0.into())])? {
        token.closed = true;
        tx.save(&mut token)?;
    }
    Ok(())
}

fn check_user(new: &mut User, _: Option<&User>, _: &mut Tx) -> Result<()> {
    new.login = new.login.trim().to_lowercase();
    let plain = |it: char| it.is_alphanumeric() || matches!(it, '.' | '_' | '-' | '@');
    if !new.login.chars().all(plain) || new.login.chars().count() > 60 {
        let says = Label {
            zh: "登录名只能用字母、数字和 . _ - @",
            en: "A login has letters, digits and . _ - @ only",
        };
        return Err(Error::fault("login", "malformed", says));
    }
    Ok(())
}

#[derive(Debug, Clone, Entity)]
#[entity(zh = "用户角色", en = "User role", of = user, title = role)]
pub struct UserRole {
    pub id: Id<UserRole>,
    #[field(zh = "用户", en = "User", required, list)]
    pub user: Id<User>,
    #[field(zh = "角色", en = "Role", required, list)]
    pub role: Id<Role>,
    pub stamp: Stamp,
}

/// Roles are given by whoever may edit roles; what has every right is touched only by somebody who has them too, be it
/// a role, its giving, or the password of a person who has it.
pub(crate) fn may_grant(tx: &Tx, def: &EntityDef, old: Option<&Record>, new: Option<&Record>) -> Result<()> {
    let is = |it: &EntityDef| std::ptr::eq(def, it);
    let sides = || old.into_iter().chain(new);
    let forbidden = |entity| Err(Error::Forbidden { entity, right: "update".into() });
    let mut whole = false;
    if is(Role::DEF) {
        for record in sides() {
            whole |= Rights::of_json(&Role::read(record)?.rights).all;
        }
    } else if is(UserRole::DEF) {
        if !tx.actor_can(Role::DEF, "update") {
            return forbidden("role");
        }
        for record in sides() {
            let role = UserRole::read(record)?.role.0;
            whole |= tx.catalog.roles.get(&role).is_some_and(|it| it.1.all);
        }
    } else if is(User::DEF)
        && let Some(old) = old
    {
        let old = User::read(old)?;
        let new = new.map(|it| User::read(it)).transpose()?;
        let key = new.is_none_or(|it| it.password != old.password || it.totp != old.totp);
        whole = key && old.id.0 != tx.user && tx.catalog.rights(old.id.0).all;
    }
    if whole && !tx.has_everything() { forbidden("role") } else { Ok(()) }
}

/// Somebody who can let people in always remains, unless there was nobody before.
pub(crate) fn keeper_remains(tx: &mut Tx, def: &EntityDef, old: &Record, new: Option<&Record>) -> Result<()> {
    let changed = |field: &str| {
        let at = def.at(field).unwrap_or(0);
        new.is_none_or(|new| new[at] != old[at])
    };
    let concerns = match def.code {
        "user" => changed("closed"),
        "role" => changed("closed") || changed("rights"),
        "user_role" => true,
        _ => false,
    };
    let keeps = |rights: &Rights| rights.can(Role::DEF, "update") && rights.can(User::DEF, "update");
    let catalog = tx.catalog.clone();
    let open = catalog.users.values().filter(|it| !it.user.closed);
    if !concerns || !open.map(|it| catalog.rights(it.user.id.0)).any(|it| keeps(&it)) {
        return Ok(());
    }
    let users: Vec<User> = tx.find(&[("closed", 0.into())])?;
    let roles: Vec<Role> = tx.find(&[("closed", 0.into())])?;
    let given: Vec<UserRole> = tx.find(&[])?;
    let remains = users.iter().any(|user| {
        let mut rights = Rights::default();
        for link in given.iter().filter(|it| it.user.0 == user.id.0) {
            let role = roles.iter().find(|it| it.id.0 == link.role.0);
            role.into_iter().for_each(|it| rights.join(&Rights::of_json(&it.rights)));
        }
        keeps(&rights)
    });
    if remains {
        return Ok(());
    }
    let says = Label {
        zh: "这样就没有人能管理用户和角色了；请先让另一位在用的用户担任管理员",
        en: "Nobody would be left to manage users and roles; first make another active user an administrator",
    };
    Err(Error::refused("last_administrator", says))
}

/// A signed-in browser. Only the hash of its token is kept.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "登录会话", en = "Session", title = agent)]
pub struct Session {
    pub id: Id<Session>,
    #[field(zh = "用户", en = "User", required, list, filter)]
    pub user: Id<User>,
    #[field(zh = "令牌", en = "Token", unique, format = Secret)]
    pub token: String,
    #[field(zh = "浏览器", en = "Browser", list)]
    pub agent: String,
    #[field(zh = "地址", en = "Address", list)]
    pub address: String,
    #[field(zh = "最近使用", en = "Last seen", list)]
    pub seen: Moment,
    #[field(zh = "有效至", en = "Expires", list)]
    pub expires: Moment,
    pub stamp: Stamp,
}

/// A program's way in, with the rights of the user who made it.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "接口令牌", en = "API token", module = "settings", icon = "key", title = name, owner = user, closed = closed)]
#[entity(verbs = TOKEN_VERBS, views = TOKEN_VIEWS)]
pub struct Token {
    pub id: Id<Token>,
    #[field(zh = "名称", en = "Name", required, list)]
    pub name: String,
    #[field(zh = "用户", en = "User", required, readonly, list)]
    pub user: Id<User>,
    #[field(zh = "令牌", en = "Token", unique, readonly, format = Secret)]
    pub token: String,
    #[field(zh = "有效至", en = "Expires", list)]
    pub expires: Option<Date>,
    #[field(zh = "最近使用", en = "Last used", readonly, list)]
    pub seen: Option<Moment>,
    #[field(zh = "停用", en = "Closed", list)]
    pub closed: bool,
    pub stamp: Stamp,
}

const TOKEN_VERBS: Verbs<Token> = verbs![revoke("停用", "Revoke", when |it| !it.closed,
    else "令牌已停用" "Revoked already", needs "create", is danger)];

const TOKEN_VIEWS: Views =
    views![active("在用", "Active", "closed=false"), closed("已停用", "Revoked", "closed=true")];

fn revoke(token: &mut Token, _: &mut Tx) -> Result<()> {
    token.closed = true;
    Ok(())
}
