//! Indexes that are made while the program runs: text indexes after a migration or a restore, and those of custom fields.

use crate::tx::select;
use crate::{Actor, Catalog, Conn, Door, Lang, Registry, Result, Sql, Tx};

/// Records that are indexed at one go.
const SOME: i64 = 500;

/// Fills the empty text index of the entity `code`.
pub fn rebuild_search(registry: Registry, conn: &mut dyn Conn, code: &str) -> Result<()> {
    let Some(def) = registry.entity(code) else { return Ok(()) };
    let catalog = Catalog::current(registry, conn, &Default::default())?;
    let actor = Actor::system(Door::System, Lang::Zh);
    let mut tx = Tx::new(conn, catalog, &actor, true);
    let mut last = 0;
    loop {
        let mut sql = select(def);
        sql.push(" WHERE id > ").bind(last).push(" ORDER BY id LIMIT ").bind(SOME);
        let records = tx.rows(&sql)?;
        let Some(end) = records.last().map(|record| record[0].int()) else { return Ok(()) };
        last = end;
        records.iter().try_for_each(|record| tx.index(def, record, false, true))?;
    }
}

/// Gives each custom field that lists show its index, and takes it from the others. For a job: it takes a while on a
/// large table. Migrations and restores leave these indexes out, so it also runs after them.
pub fn index_custom(registry: Registry, conn: &mut dyn Conn) -> Result<()> {
    let (catalog, dialect) = (Catalog::current(registry, conn, &Default::default())?, conn.dialect());
    for def in registry.all() {
        for field in catalog.custom(def) {
            let wanted = field.list || field.filter;
            for (shape, is_text) in [("text", true), ("int", false)] {
                // The colon keeps it apart from the registry's own indexes.
                let name = format!("{}:{}:{shape}", def.code, field.name);
                let mut value = Sql::default();
                dialect.custom(&mut value, "it", field);
                let value = value.text().replace("it.\"custom\"", "\"custom\"");
                let sql = match wanted && field.kind.is_text() == is_text {
                    true => {
                        format!("CREATE INDEX IF NOT EXISTS \"{name}\" ON \"{}\" (({value}), id)", def.code)
                    }
                    false => format!("DROP INDEX IF EXISTS \"{name}\""),
                };
                conn.execute(&sql, &[])?;
            }
        }
    }
    Ok(())
}
