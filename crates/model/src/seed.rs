//! What a new database begins with.

use crate::system::{CodeEntry, Department, DepartmentKind, Parameter, Role, Theme, Tongue, User, UserRole};
use crate::{Desk, Id, Lang, Result, Rights, Stamp};

/// Code tables, roles, the top department and the user `admin`, unless there is somebody already.
pub fn seed(desk: &mut Desk, password: &str, must_change: bool) -> Result<bool> {
    if !desk.catalog().users.is_empty() {
        return Ok(false);
    }
    let (lang, registry) = (desk.actor.lang, desk.catalog().registry);
    for table in (registry.code_tables)() {
        for (entry, position) in table.entries.iter().zip(1..) {
            let mut entry = CodeEntry {
                id: Id::NEW,
                list: table.code.to_owned(),
                code: entry.code.to_owned(),
                name: entry.zh.to_owned(),
                name_en: Some(entry.en.to_owned()),
                above: entry.above.map(str::to_owned),
                position: position * 10,
                mark: entry.mark,
                closed: false,
                key: String::new(),
                stamp: Stamp::default(),
            };
            desk.trusted().save(&mut entry)?;
        }
    }
    let mut admin = Vec::new();
    for preset in registry.presets {
        let mut role = Role {
            id: Id::NEW,
            code: preset.code.to_owned(),
            name: preset.label.zh.to_owned(),
            name_en: Some(preset.label.en.to_owned()),
            remark: Some(preset.remark.of(lang).to_owned()),
            rights: Rights::of_preset(preset).json(),
            closed: false,
            stamp: Stamp::default(),
        };
        let id = desk.trusted().save(&mut role)?;
        if matches!(preset.code, "owner" | "administrator") {
            admin.push(id);
        }
    }
    let mut top = Department {
        id: Id::NEW,
        name: if lang == Lang::Zh { "总部" } else { "Head office" }.to_owned(),
        above: None,
        kind: DepartmentKind::Company,
        head: None,
        closed: false,
        stamp: Stamp::default(),
    };
    let top = desk.trusted().save(&mut top)?;
    let name = if lang == Lang::Zh { "管理员" } else { "Administrator" };
    let mut user = User { must_change, ..new_user("admin", name, Some(top), password, lang) };
    let user = desk.trusted().save(&mut user)?;
    admin.into_iter().try_for_each(|role| give_role(desk, user, role))?;
    (registry.seed)(desk.trusted())?;
    Ok(true)
}

/// Somebody who has a login and nothing else yet; `password` is already hashed.
pub fn new_user(
    login: &str,
    name: &str,
    department: Option<Id<Department>>,
    password: &str,
    lang: Lang,
) -> User {
    User {
        id: Id::NEW,
        login: login.to_owned(),
        name: name.to_owned(),
        department,
        position: None,
        phone: None,
        email: None,
        language: if lang == Lang::Zh { Tongue::Zh } else { Tongue::En },
        theme: Theme::System,
        closed: false,
        left: None,
        password: password.to_owned(),
        totp: None,
        must_change: false,
        stamp: Stamp::default(),
    }
}

pub fn give_role(desk: &mut Desk, user: Id<User>, role: Id<Role>) -> Result<()> {
    let mut given = UserRole { id: Id::NEW, user, role, stamp: Stamp::default() };
    desk.trusted().save(&mut given).map(drop)
}

/// Sets a parameter, be it declared or the program's own mark.
pub fn set_parameter(desk: &mut Desk, name: &str, value: &str) -> Result<()> {
    let tx = desk.trusted();
    let found = tx.first::<Parameter>(&[("name", name.into())])?;
    let mut parameter = found.unwrap_or_else(|| Parameter {
        id: Id::NEW,
        name: name.to_owned(),
        value: String::new(),
        stamp: Stamp::default(),
    });
    parameter.value = value.to_owned();
    tx.save(&mut parameter).map(drop)
}
