//! Profiles: how files of one kind are read, written down once. Those under `profiles/` are in the program; others are
//! files beside, or were mapped in the wizard and given a name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sheet::columns::normalised;

use super::{Column, Duplicates, Opposite, Plan};
use crate::system::ImportProfile;
use crate::{Desk, EntityDef, Error, Id, Label, Lang, Registry, Result, Stamp, Text};

/// A profile that may be chosen.
pub struct Known {
    /// By which it is called, on the command line too.
    pub name: String,
    pub profile: Profile,
    /// It was saved in the wizard, and the actor may take it away.
    pub mine: Option<i64>,
}

/// Most letters of a profile's name.
const NAME: usize = 40;

impl Desk<'_> {
    /// The profiles for an entity: those of the program, then what people saved.
    pub fn profiles(&mut self, def: &EntityDef) -> Result<Vec<Known>> {
        let own = Profile::all(self.catalog().registry, def.code)?.into_iter();
        let mut all: Vec<Known> =
            own.map(|(name, profile)| Known { name: name.to_owned(), profile, mine: None }).collect();
        let (me, everything) = (self.actor.user, self.actor.rights.all);
        let mut saved: Vec<ImportProfile> = self.trusted().find(&[("entity", def.code.into())])?;
        saved.sort_by(|a, b| a.name.cmp(&b.name));
        for it in saved {
            let profile = serde_json::from_str(&it.profile).map_err(|_| crate::unreadable("profile"))?;
            let mine = (everything || it.user == Some(Id::of(me))).then_some(it.id.0);
            all.push(Known { name: it.name, profile, mine });
        }
        Ok(all)
    }

    pub fn profile(&mut self, def: &EntityDef, name: &str) -> Result<Profile> {
        let found = self.profiles(def)?.into_iter().find(|it| it.name == name);
        found.map(|it| it.profile).ok_or_else(|| Error::invalid("profile", "unknown_record"))
    }

    /// Keeps what a plan says of its columns under a name, for everybody who imports this. One's own of that name is
    /// written anew.
    pub fn keep_profile(&mut self, def: &'static EntityDef, plan: &mut Plan, name: &str) -> Result<()> {
        self.may(def, "import")?;
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME {
            return Err(Error::invalid(
                "profile_name",
                if name.is_empty() { "required" } else { "too_long" },
            ));
        }
        let known = match self.profiles(def)?.iter().find(|it| it.name == name).map(|it| it.mine) {
            None => None,
            Some(Some(id)) => Some(self.trusted().get::<ImportProfile>(Id::of(id))?),
            Some(None) => {
                let says = Label {
                    zh: "已有同名的配置，不是您存的，请换一个名字",
                    en: "Somebody else's profile has this name; choose another",
                };
                return Err(Error::fault("profile_name", "duplicate", says));
            }
        };
        let profile = serde_json::to_string(&Profile::of(plan, name))
            .map_err(|error| Error::Internal(error.to_string()))?;
        let mut kept = known.unwrap_or(ImportProfile {
            id: Id::NEW,
            entity: def.code.to_owned(),
            name: name.to_owned(),
            profile: String::new(),
            user: Some(Id::of(self.actor.user)),
            stamp: Stamp::default(),
        });
        kept.profile = profile;
        self.trusted().save(&mut kept)?;
        plan.profile = name.to_owned();
        Ok(())
    }

    /// Takes away a profile that one saved.
    pub fn forget_profile(&mut self, def: &'static EntityDef, id: i64) -> Result<()> {
        if !self.profiles(def)?.iter().any(|it| it.mine == Some(id)) {
            return Err(Error::missing(format!("import_profile/{id}")));
        }
        let profile: ImportProfile = self.trusted().get(Id::of(id))?;
        self.trusted().delete(profile)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What people call it.
    zh: String,
    en: String,
    pub entity: String,
    /// Headers and where their columns go.
    columns: BTreeMap<String, Said>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    defaults: BTreeMap<String, String>,
    #[serde(default)]
    duplicates: Duplicates,
    #[serde(default)]
    history: bool,
    #[serde(default)]
    create: Vec<String>,
    #[serde(default)]
    opposite: Option<Opposite>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Said {
    To(String),
    Column(Column),
}

impl Profile {
    pub fn read(text: &str) -> Result<Profile> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let line = error.span().map_or(0, |it| text[..it.start].lines().count().max(1));
            let says = Text::new(
                format!("导入配置的第 {line} 行读不懂：{}", error.message()),
                format!("Line {line} of the profile can't be read: {}", error.message()),
            );
            Error::refused("malformed_profile", says)
        })
    }

    /// What a plan says, for other files of its kind.
    fn of(plan: &Plan, name: &str) -> Profile {
        let mapped = plan.columns.iter().filter(|it| !it.to.is_empty());
        Profile {
            zh: name.to_owned(),
            en: name.to_owned(),
            entity: plan.entity.clone(),
            columns: mapped.map(|it| (it.header.trim().to_owned(), Said::Column(it.clone()))).collect(),
            keys: plan.keys.clone(),
            defaults: plan.defaults.clone(),
            duplicates: plan.duplicates,
            history: plan.history,
            create: plan.create.clone(),
            opposite: plan.opposite.clone(),
        }
    }

    /// The one of this name that is in the program.
    pub fn named(registry: Registry, name: &str) -> Result<Profile> {
        let found = registry.profiles.iter().find(|it| it.0 == name);
        Profile::read(found.ok_or_else(|| Error::missing(name))?.1)
    }

    /// Those for an entity that are in the program, with their names.
    pub fn all(registry: Registry, entity: &str) -> Result<Vec<(&'static str, Profile)>> {
        let read = |it: &(&'static str, &str)| Ok((it.0, Profile::read(it.1)?));
        let all: Result<Vec<_>> = registry.profiles.iter().map(read).collect();
        Ok(all?.into_iter().filter(|it| it.1.entity == entity).collect())
    }

    pub fn label(&self, lang: Lang) -> &str {
        if lang == Lang::Zh { &self.zh } else { &self.en }
    }

    /// Whether a file has all of its columns.
    pub(super) fn has_all(&self, plan: &Plan) -> bool {
        self.columns.keys().all(|header| plan.columns.iter().any(|it| is(header, it)))
    }

    /// Puts what it says into the plan for a file, which must have all of its columns.
    pub fn fit(&self, plan: &mut Plan) -> Result<()> {
        if self.entity != plan.entity {
            let says = Text::new(
                format!("这份配置用来导入 {}", self.entity),
                format!("This profile is for {}", self.entity),
            );
            return Err(Error::refused("wrong_profile", says));
        }
        plan.columns.iter_mut().for_each(|it| it.to.clear());
        for (header, said) in &self.columns {
            let column =
                plan.columns.iter_mut().find(|it| is(header, it)).ok_or_else(|| no_column(header))?;
            let kept = Column {
                header: column.header.clone(),
                month_first: column.month_first,
                ..Column::default()
            };
            *column = match said {
                Said::To(to) => Column { to: to.clone(), decimal_comma: column.decimal_comma, ..kept },
                Said::Column(said) => Column {
                    header: kept.header,
                    month_first: said.month_first.or(kept.month_first),
                    decimal_comma: said.decimal_comma || column.decimal_comma,
                    ..said.clone()
                },
            };
        }
        plan.keys.clone_from(&self.keys);
        plan.defaults.clone_from(&self.defaults);
        plan.duplicates = self.duplicates;
        plan.history = self.history;
        plan.create.clone_from(&self.create);
        plan.opposite.clone_from(&self.opposite);
        Ok(())
    }
}

fn is(header: &str, column: &Column) -> bool {
    column.header.trim() == header || normalised(&column.header) == normalised(header)
}

pub fn no_column(header: &str) -> Error {
    let says = Text::new(format!("文件里没有“{header}”这一列"), format!("The file has no column {header}"));
    Error::refused("unknown_column", says)
}
