//! Profiles: how files of one kind are read, written down once. Those under `profiles/` are in the program; others are
//! files beside.

use std::collections::BTreeMap;

use serde::Deserialize;
use sheet::columns::normalised;

use super::{Column, Duplicates, Opposite, Plan};
use crate::{Error, Lang, Registry, Result, Text};

#[derive(Debug, Clone, Deserialize)]
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

#[derive(Debug, Clone, Deserialize)]
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
