//! Views: the declared ones of an entity and those that people saved, with what each is for.

use crate::system::{SavedView, Sharing};
use crate::{Desk, EntityDef, Result, Value};

/// A view as somebody may use it.
#[derive(Debug, Clone)]
pub struct Shown {
    pub entity: &'static str,
    /// A declared view's code, or `v17` for a saved one.
    pub code: String,
    pub label: String,
    pub query: String,
    pub remind: bool,
    pub urgent: bool,
    pub pinned: bool,
    pub is_default: bool,
    /// The id of a saved view that the actor may change.
    pub mine: Option<i64>,
}

impl Desk<'_> {
    /// The tabs of an entity's list: declared views first, then saved ones, own and shared.
    pub fn views(&mut self, def: &'static EntityDef) -> Result<Vec<Shown>> {
        let saved = self.saved(&[("entity", Value::from(def.code))])?;
        Ok(self.with_saved(def, saved))
    }

    fn with_saved(&self, def: &'static EntityDef, saved: Vec<Shown>) -> Vec<Shown> {
        let lang = self.actor.lang;
        let mut views: Vec<Shown> = def
            .views
            .iter()
            .map(|it| Shown {
                entity: def.code,
                code: it.code.into(),
                label: it.label.of(lang).into(),
                query: self.readable_columns(def, it.query),
                remind: it.remind,
                urgent: it.urgent,
                pinned: it.urgent,
                is_default: false,
                mine: None,
            })
            .collect();
        for saved in saved {
            // A saved view with a declared one's query is the mark by which somebody pinned that one.
            match views.iter_mut().find(|it| saved.pinned && saved.mine.is_some() && it.query == saved.query)
            {
                Some(declared) => declared.pinned = true,
                None => views.push(saved),
            }
        }
        views
    }

    /// A declared view's query without the columns that are not there for whoever looks.
    fn readable_columns(&self, def: &'static EntityDef, query: &str) -> String {
        let Some((before, columns)) = query.split_once("columns=") else { return query.to_owned() };
        let (columns, after) = columns.split_once('&').unwrap_or((columns, ""));
        let is_there = |name: &&str| self.tx.catalog.field(def, name).is_some_and(|it| self.may_see(def, it));
        let columns = columns.split(',').filter(is_there).collect::<Vec<_>>().join(",");
        [format!("{before}columns={columns}").as_str(), after].join(if after.is_empty() { "" } else { "&" })
    }

    /// Views that stand in the frame of every page: the pinned ones and the reminders.
    pub fn views_to_show(&mut self) -> Result<Vec<Shown>> {
        let saved = self.saved(&[])?;
        let entities = self.tx.registry.all().filter(|def| !def.views.is_empty());
        let seen = entities.filter(|def| self.may(def, "read").is_ok());
        let views = seen.flat_map(|def| {
            let saved = saved.iter().filter(|it| it.entity == def.code).cloned();
            self.with_saved(def, saved.collect())
        });
        let mut shown: Vec<Shown> = views.filter(|it| it.pinned || it.remind).collect();
        // Beside one another, views of one name say what they are views of.
        let names: Vec<String> = shown.iter().map(|it| it.label.clone()).collect();
        for it in &mut shown {
            if names.iter().filter(|name| **name == it.label).count() > 1 {
                let lang = self.actor.lang;
                let noun = self.tx.registry.entity(it.entity).map_or(String::new(), |def| def.many(lang));
                it.label = format!("{} · {}", it.label, noun.to_lowercase());
            }
        }
        Ok(shown)
    }

    fn saved(&mut self, fields: &[(&str, Value)]) -> Result<Vec<Shown>> {
        let (user, catalog) = (self.actor.user, self.tx.catalog.clone());
        let mut saved: Vec<SavedView> = self.tx.find(fields)?;
        saved.sort_by_key(|it| (it.position, it.id.0));
        let home = self.actor.department;
        let seen = saved.into_iter().filter(|it| match it.sharing {
            _ if it.user.0 == user => true,
            Sharing::Own => false,
            Sharing::Department => catalog.department_of(it.user.0) == Some(home),
            Sharing::All => true,
        });
        let shown = seen.filter_map(|it| {
            let entity = catalog.registry.entity(&it.entity)?.code;
            let mine = (it.user.0 == user || self.actor.rights.all).then_some(it.id.0);
            Some(Shown {
                entity,
                code: format!("v{}", it.id.0),
                label: it.name,
                query: it.query,
                remind: it.remind,
                urgent: it.urgent,
                pinned: it.pinned,
                is_default: it.is_default && it.user.0 == user,
                mine,
            })
        });
        Ok(shown.collect())
    }
}
