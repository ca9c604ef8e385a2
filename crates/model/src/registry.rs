//! Everything there is, in reading order.

use crate::system::WORDS;
use crate::{EntityDef, Format, Kind, Label, ReportDef, Result, Tx, rights::Preset};

#[derive(Clone, Copy)]
pub struct Registry {
    /// The engine's own nouns first, then the business's.
    pub entities: &'static [&'static [&'static EntityDef]],
    /// The groups of the navigation, in order: code, icon, label.
    pub modules: &'static [Module],
    pub code_tables: fn() -> Vec<CodeTable>,
    /// What people call an entry of a tree for short: 河北 for 河北省.
    pub short: fn(&str) -> &str,
    /// Other words for entries of code tables: table, word in lower case, code.
    pub words: &'static [(&'static str, &'static str, &'static str)],
    pub parameters: &'static [ParameterDef],
    pub reports: &'static [&'static ReportDef],
    /// How files of known kinds are imported: name and TOML ([`crate::import::Profile`]).
    pub profiles: &'static [(&'static str, &'static str)],
    /// Roles that a new database begins with.
    pub presets: &'static [Preset],
    /// What a new database holds beside codes, roles and its first user.
    pub seed: fn(&mut Tx) -> Result<()>,
    /// What must hold over many rows; `keyuan verify` asks.
    pub audits: &'static [&'static [Audit]],
}

/// A query that finds nothing while the books are right; its rows name what is wrong.
pub struct Audit {
    pub says: &'static str,
    pub sql: &'static str,
}

pub struct Module {
    pub code: &'static str,
    pub icon: &'static str,
    pub label: Label,
    /// Pages of the house's own that stand before its entities.
    pub pages: &'static [OwnPage],
}

/// A page of the house's own in the navigation, for whoever may read what it is about.
pub struct OwnPage {
    /// Its address without the slash.
    pub code: &'static str,
    pub label: Label,
    pub of: fn() -> &'static EntityDef,
}

/// A code table and what it holds in a new database.
pub struct CodeTable {
    pub code: &'static str,
    pub label: Label,
    /// Entries stand below one another.
    pub tree: bool,
    pub entries: Vec<CodeDefault>,
}

pub struct CodeDefault {
    pub code: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
    pub above: Option<&'static str>,
    pub mark: bool,
}

/// A rule value that the company may set.
pub struct ParameterDef {
    pub name: &'static str,
    pub label: Label,
    pub kind: Kind,
    /// As a person would write it.
    pub default: &'static str,
    pub unit: Option<Label>,
    pub section: Label,
}

impl Registry {
    pub fn all(self) -> impl Iterator<Item = &'static EntityDef> {
        self.entities.iter().flat_map(|part| part.iter()).copied()
    }

    pub fn entity(self, code: &str) -> Option<&'static EntityDef> {
        self.all().find(|def| def.code == code)
    }

    /// What a text of this format may name, with what people call it.
    pub fn words(self, format: Format) -> Vec<(&'static str, Label)> {
        match format {
            // What a company shapes: fields of its own, numbers.
            Format::Entity => {
                let shaped = |it: &&EntityDef| it.number.is_some() || it.at("custom").is_some();
                self.all().filter(shaped).map(|it| (it.code, it.label)).collect()
            }
            Format::Table => (self.code_tables)().iter().map(|it| (it.code, it.label)).collect(),
            Format::Word => WORDS.iter().map(|it| (it.0, Label { zh: it.1, en: it.2 })).collect(),
            _ => Vec::new(),
        }
    }

    /// What people call a text that names something; any other text is what it says.
    pub fn word(self, format: Format, text: &str) -> Option<Label> {
        match format {
            Format::Entity => self.entity(text).map(|it| it.label),
            _ => self.words(format).into_iter().find(|it| it.0 == text).map(|it| it.1),
        }
    }

    /// Child rows and lines of `def`: entities that say `of = …` of it.
    pub fn children(self, def: &'static EntityDef) -> impl Iterator<Item = &'static EntityDef> {
        let is_child =
            move |it: &&EntityDef| it.of.is_some() && it.parent().is_some_and(|to| std::ptr::eq(to.1, def));
        self.all().filter(is_child)
    }

    /// Records with rights of their own that stand within a record of `def`.
    pub fn inside(self, def: &'static EntityDef) -> impl Iterator<Item = &'static EntityDef> {
        let is_inside = move |it: &&EntityDef| {
            it.within.is_some() && it.parent().is_some_and(|to| std::ptr::eq(to.1, def))
        };
        self.all().filter(is_inside)
    }

    /// Every link to `def`: the entity that links and the place of its field.
    pub fn links_to(self, def: &'static EntityDef) -> impl Iterator<Item = (&'static EntityDef, usize)> {
        self.all().flat_map(move |from| {
            let fields = from.fields.iter().enumerate();
            fields.filter_map(move |(at, field)| match field.kind {
                Kind::Link(to)
                    if std::ptr::eq(to(), def) && !crate::STAMP.iter().any(|it| it.name == field.name) =>
                {
                    Some((from, at))
                }
                _ => None,
            })
        })
    }

    /// Records whose searched fields also find the record of `def`.
    pub fn feeders(self, def: &'static EntityDef) -> impl Iterator<Item = &'static EntityDef> {
        self.all().filter(move |it| it.feeds && it.parent().is_some_and(|to| std::ptr::eq(to.1, def)))
    }

    /// The columns of an entity's search index: the open fields, each guarded group, each feeder, since who may read the
    /// one may not read the other. None for what is not searched.
    pub fn search_groups(self, def: &'static EntityDef) -> Vec<&'static str> {
        if !def.is_searched() {
            return Vec::new();
        }
        let mut groups = vec!["open"];
        let own = def.searched().filter_map(|it| it.1.group);
        for group in own.chain(self.feeders(def).map(|it| it.code)) {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups
    }

    /// The condition under which a record has an entry in its search index; none where every record has.
    pub fn found(self, entity: &str) -> Option<String> {
        let def = self.entity(entity).filter(|def| self.feeders(def).next().is_none())?;
        let says = def.searched().map(|(_, it)| format!("COALESCE(\"{}\", '') <> ''", it.name));
        Some(says.collect::<Vec<_>>().join(" OR "))
    }

    pub fn parameter(self, name: &str) -> Option<&'static ParameterDef> {
        self.parameters.iter().find(|it| it.name == name)
    }
}
