//! Who may do what to whose records: a matrix of roles, compiled into what one actor holds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use crate::system::Link;
use crate::{EntityDef, FieldDef, Label, Registry};

/// Whose records a right reaches, each more than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Scope {
    #[default]
    None,
    Own,
    /// The actor's department.
    Department,
    /// The department and those below it.
    Below,
    /// The nearest department above that is a company, and all below it.
    Company,
    All,
}

/// How far a guarded group of fields is open, each more than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Access {
    /// The fields are not there.
    Hide,
    /// The fields are there, their values are not.
    #[default]
    Mask,
    Read,
    Write,
}

/// What a role may do with one entity.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Grant {
    /// `read`, `create`, `update`, `delete`, `import`, `export`, and verbs by their right.
    pub can: BTreeSet<String>,
    pub sees: Scope,
    /// Whose records every right but `read` and `export` reaches: what is seen may be taken out, by whoever may at all.
    pub acts: Scope,
    /// Sight of the records without an owner in the pools of the actor's company.
    pub pools: bool,
    pub groups: BTreeMap<String, Access>,
}

/// Everything that one actor may do.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rights {
    /// Nothing is kept from this actor: the owner, the command line, the program itself.
    pub all: bool,
    pub grants: BTreeMap<String, Grant>,
    /// The one record that they are about: of whoever came by a link.
    pub only: Option<(String, i64)>,
}

/// A role as it comes with the house: its grants in short, `entity: rights @sees/acts +pools group=access`.
pub struct Preset {
    pub code: &'static str,
    pub label: Label,
    pub remark: Label,
    pub grants: &'static [&'static str],
}

const SCOPES: [(&str, Scope, Label); 6] = [
    ("none", Scope::None, Label { zh: "无", en: "None" }),
    ("own", Scope::Own, Label { zh: "本人", en: "Own" }),
    ("department", Scope::Department, Label { zh: "本部门", en: "Department" }),
    ("below", Scope::Below, Label { zh: "本部门及下级", en: "Department and below" }),
    ("company", Scope::Company, Label { zh: "本公司", en: "Company" }),
    ("all", Scope::All, Label { zh: "全部", en: "All" }),
];

const ACCESSES: [(&str, Access, Label); 4] = [
    ("hide", Access::Hide, Label { zh: "隐藏", en: "Hidden" }),
    ("mask", Access::Mask, Label { zh: "遮盖", en: "Masked" }),
    ("read", Access::Read, Label { zh: "只读", en: "Read" }),
    ("write", Access::Write, Label { zh: "读写", en: "Write" }),
];

impl Scope {
    pub fn all() -> impl Iterator<Item = (&'static str, Label)> {
        SCOPES.iter().map(|it| (it.0, it.2))
    }

    pub fn code(self) -> &'static str {
        SCOPES[self as usize].0
    }

    fn of(code: &str) -> Scope {
        SCOPES.iter().find(|it| it.0 == code).map_or(Scope::None, |it| it.1)
    }
}

impl Access {
    pub fn all() -> impl Iterator<Item = (&'static str, Label)> {
        ACCESSES.iter().map(|it| (it.0, it.2))
    }

    pub fn code(self) -> &'static str {
        ACCESSES[self as usize].0
    }

    fn of(code: &str) -> Access {
        ACCESSES.iter().find(|it| it.0 == code).map_or(Access::Hide, |it| it.1)
    }
}

impl Grant {
    /// Everything on every record.
    fn whole() -> Grant {
        Grant { sees: Scope::All, acts: Scope::All, pools: true, ..Grant::default() }
    }

    /// Reads `read create transfer @below/own +pools credit=mask`; `*` is every right.
    pub fn parse(text: &str) -> Grant {
        let mut grant = Grant::default();
        for word in text.split_whitespace() {
            if let Some(scopes) = word.strip_prefix('@') {
                let (sees, acts) = scopes.split_once('/').unwrap_or((scopes, scopes));
                (grant.sees, grant.acts) = (Scope::of(sees), Scope::of(acts));
            } else if word == "+pools" {
                grant.pools = true;
            } else if let Some((group, access)) = word.split_once('=') {
                grant.open(group, access);
            } else {
                grant.can.insert(word.to_owned());
            }
        }
        grant
    }

    /// What is not said of a group is that it is hidden.
    fn open(&mut self, group: &str, access: &str) {
        let access = Access::of(access);
        if access > Access::Hide {
            self.groups.insert(group.to_owned(), access);
        }
    }

    fn json(&self) -> Json {
        let groups: serde_json::Map<_, _> =
            self.groups.iter().map(|(group, access)| (group.clone(), access.code().into())).collect();
        json!({
            "can": self.can, "sees": self.sees.code(), "acts": self.acts.code(), "pools": self.pools, "groups": groups,
        })
    }

    fn of_json(json: &Json) -> Grant {
        let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
        let empty = serde_json::Map::new();
        let groups = json["groups"].as_object().unwrap_or(&empty).iter();
        let mut grant = Grant {
            can: json["can"].as_array().into_iter().flatten().map(text).collect(),
            sees: Scope::of(&text(&json["sees"])),
            acts: Scope::of(&text(&json["acts"])),
            pools: json["pools"].as_bool().unwrap_or(false),
            groups: BTreeMap::new(),
        };
        groups.for_each(|(group, access)| grant.open(group, &text(access)));
        grant
    }

    /// What either of two roles gives.
    fn join(&mut self, other: &Grant) {
        self.can.extend(other.can.iter().cloned());
        self.sees = self.sees.max(other.sees);
        self.acts = self.acts.max(other.acts);
        self.pools |= other.pools;
        for (group, access) in &other.groups {
            let mine = self.groups.entry(group.clone()).or_insert(Access::Hide);
            *mine = (*mine).max(*access);
        }
    }
}

impl Rights {
    pub const EVERYTHING: Rights = Rights { all: true, grants: BTreeMap::new(), only: None };

    pub fn of_json(text: &str) -> Rights {
        let json: Json = serde_json::from_str(text).unwrap_or_default();
        let empty = serde_json::Map::new();
        let grants = json["grants"].as_object().unwrap_or(&empty).iter();
        Rights {
            all: json["all"].as_bool().unwrap_or(false),
            grants: grants.map(|(entity, grant)| (entity.clone(), Grant::of_json(grant))).collect(),
            only: None,
        }
    }

    /// Sight of one record and what a link to it gives besides; fields in a group stay hidden.
    pub fn of_link(link: &Link) -> Rights {
        let grant = Grant::parse(&format!("read {} @all", link.verbs));
        let only = Some((link.entity.clone(), link.record));
        Rights { all: false, grants: BTreeMap::from([(link.entity.clone(), grant)]), only }
    }

    pub fn json(&self) -> String {
        let grants: serde_json::Map<_, _> =
            self.grants.iter().map(|(entity, grant)| (entity.clone(), grant.json())).collect();
        json!({ "all": self.all, "grants": grants }).to_string()
    }

    pub fn of_preset(preset: &Preset) -> Rights {
        let mut rights = Rights::default();
        for line in preset.grants.iter().flat_map(|it| it.split(';')) {
            match line.split_once(':') {
                None => rights.all = line.trim() == "*",
                Some((entities, grant)) => {
                    for entity in entities.split(',') {
                        rights.grants.insert(entity.trim().to_owned(), Grant::parse(grant));
                    }
                }
            }
        }
        rights
    }

    pub fn join(&mut self, other: &Rights) {
        self.all |= other.all;
        for (entity, grant) in &other.grants {
            self.grants.entry(entity.clone()).or_default().join(grant);
        }
    }

    /// The grant for an entity; child rows have their record's.
    pub fn grant(&self, def: &EntityDef) -> Option<std::borrow::Cow<'_, Grant>> {
        if self.all {
            return Some(std::borrow::Cow::Owned(Grant::whole()));
        }
        match def.parent().filter(|_| def.of.is_some()) {
            Some((_, record)) => self.grant(record),
            None => self.grants.get(def.code).map(std::borrow::Cow::Borrowed),
        }
    }

    pub fn can(&self, def: &EntityDef, right: &str) -> bool {
        self.all || self.grant(def).is_some_and(|grant| grant.can.contains("*") || grant.can.contains(right))
    }

    pub fn access(&self, def: &EntityDef, field: &FieldDef) -> Access {
        field.group.map_or(Access::Write, |group| self.group(def, group))
    }

    /// How far a guarded group of an entity is open.
    pub fn group(&self, def: &EntityDef, group: &str) -> Access {
        if self.all {
            return Access::Write;
        }
        self.grant(def).and_then(|grant| grant.groups.get(group).copied()).unwrap_or(Access::Hide)
    }
}

/// Every right that a grant of `def` may name: the five of all, the verbs', and those that it says itself.
pub fn rights_of(def: &EntityDef) -> Vec<(&'static str, Label)> {
    let mut rights = vec![
        ("read", Label { zh: "查看", en: "Read" }),
        ("create", Label { zh: "新建", en: "Create" }),
        ("update", Label { zh: "修改", en: "Edit" }),
        ("delete", Label { zh: "删除", en: "Delete" }),
        ("import", Label { zh: "导入", en: "Import" }),
        ("export", Label { zh: "导出", en: "Export" }),
    ];
    for verb in def.verbs {
        if !rights.iter().any(|it| it.0 == verb.right) {
            rights.push((verb.right, verb.label));
        }
    }
    rights.extend(def.rights);
    rights
}

/// The guarded groups of an entity's fields and of its lines'.
pub fn groups_of(def: &EntityDef) -> Vec<&'static str> {
    let lines = def.lines.map_or(&[][..], |lines| lines().fields);
    let mut groups: Vec<_> = def.fields.iter().chain(lines).filter_map(|field| field.group).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// The matrix of a set of roles as text, one line for each role and entity: the golden file.
pub fn matrix(registry: Registry) -> String {
    let mut lines = Vec::new();
    for preset in registry.presets {
        let rights = Rights::of_preset(preset);
        for def in registry.all().filter(|def| def.of.is_none()) {
            let can = rights_of(def).into_iter().filter(|it| rights.can(def, it.0)).map(|it| it.0);
            let can = can.collect::<Vec<_>>().join(" ");
            if can.is_empty() {
                continue;
            }
            let grant = rights.grant(def).map(std::borrow::Cow::into_owned).unwrap_or_default();
            let access = |group: &&str| match rights.all {
                true => Access::Write,
                false => grant.groups.get(*group).copied().unwrap_or(Access::Hide),
            };
            let groups = groups_of(def);
            let groups: Vec<_> = groups.iter().map(|it| format!(" {it}={}", access(it).code())).collect();
            let pools = if grant.pools { " +pools" } else { "" };
            let (sees, acts) = (grant.sees.code(), grant.acts.code());
            lines.push(format!(
                "{} {}: {can} @{sees}/{acts}{pools}{}",
                preset.code,
                def.code,
                groups.concat()
            ));
        }
    }
    lines.join("\n") + "\n"
}
