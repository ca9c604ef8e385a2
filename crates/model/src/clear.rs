//! Emptying a house: the records of some kinds, with all that hangs on them.

use crate::desk::target_of;
use crate::system::ENTITIES;
use crate::{Desk, EntityDef, Error, Registry, Result, Sql};

impl Registry {
    /// What goes when `chosen` goes: child rows, and every kind whose records link to it.
    pub fn going_with(self, chosen: &[&'static EntityDef]) -> Vec<&'static EntityDef> {
        let mut going: Vec<&'static EntityDef> = chosen.to_vec();
        let mut at = 0;
        while at < going.len() {
            for (from, _) in self.links_to(going[at]) {
                if !has(&going, from) {
                    going.push(from);
                }
            }
            at += 1;
        }
        going
    }
}

fn has(all: &[&EntityDef], def: &EntityDef) -> bool {
    all.iter().any(|it| std::ptr::eq(*it, def))
}

impl Desk<'_> {
    /// Takes every record of the chosen kinds and of what goes with them out of the database: rows, history, notes,
    /// files' entries, search and counters. Only for somebody from whom nothing is kept. Returns how many went.
    pub fn clear(&mut self, chosen: &[&'static EntityDef]) -> Result<Vec<(&'static EntityDef, i64)>> {
        let registry = self.tx.registry;
        let mut going = registry.going_with(chosen);
        if !self.actor.rights.all || going.iter().any(|it| has(ENTITIES, it)) {
            let entity = chosen.first().map_or("", |it| it.code);
            return Err(Error::Forbidden { entity, right: "clear".into() });
        }
        let mut gone = Vec::new();
        while !going.is_empty() {
            // First what nobody else links to any more.
            let is_free = |def: &&EntityDef| {
                let links = |from: &&&'static EntityDef| {
                    let fields = from.fields.iter().filter_map(target_of);
                    !std::ptr::eq(**from, *def) && fields.into_iter().any(|to| std::ptr::eq(to, *def))
                };
                !going.iter().any(|from| links(&from))
            };
            let at = going.iter().position(is_free).unwrap_or(0);
            let def = going.remove(at);
            gone.push((def, self.empty(def)?));
        }
        Ok(gone)
    }

    fn empty(&mut self, def: &'static EntityDef) -> Result<i64> {
        let registry = self.tx.registry;
        let hanging = registry.all().filter(|it| it.is_attached()).map(|it| it.code);
        for table in hanging.chain(["event"]) {
            let mut sql = Sql::new("DELETE FROM ");
            sql.name(table).push(" WHERE entity = ").bind(def.code);
            self.tx.execute(&sql)?;
        }
        let mut sql = Sql::new("DELETE FROM number WHERE series LIKE ");
        sql.bind(format!("{}:%", def.code));
        self.tx.execute(&sql)?;
        let mut tables = Vec::new();
        if def.is_searched() {
            tables.push(format!("{}_search", def.code));
        }
        tables.push(def.code.to_owned());
        let mut count = 0;
        for table in tables {
            let mut sql = Sql::new("DELETE FROM ");
            sql.name(&table);
            count = self.tx.execute(&sql)? as i64;
        }
        Ok(count)
    }
}
