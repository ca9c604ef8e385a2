//! The door that business code comes through: a store, a registry, and somebody at the desk.

use std::sync::{Arc, Mutex};

use model::{Actor, Catalog, Conn, Desk, Registry, Result};

use crate::store::Store;

/// A cheap handle; clones are the same database.
#[derive(Clone)]
pub struct Db {
    store: Store,
    registry: Registry,
    catalog: Arc<Mutex<Option<Arc<Catalog>>>>,
}

impl Db {
    pub fn new(store: Store, registry: Registry) -> Db {
        Db { store, registry, catalog: Arc::default() }
    }

    /// What lies below: for backups, checks, metrics and the end.
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub fn registry(&self) -> Registry {
        self.registry
    }

    /// Runs `work` at the actor's desk on one unchanging state of the database; see [`Store::read`].
    pub fn read<R>(&self, actor: &Actor, work: impl FnOnce(&mut Desk) -> Result<R>) -> Result<R> {
        self.store.read(|conn| work(&mut self.desk(actor, conn, false)?))
    }

    pub async fn read_async<R, F>(&self, actor: &Actor, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: FnOnce(&mut Desk) -> Result<R> + Send + 'static,
    {
        let (db, actor) = (self.clone(), actor.clone());
        self.store.read_async(move |conn| work(&mut db.desk(&actor, conn, false)?)).await
    }

    /// Runs `work` at the actor's desk and waits until what it wrote is safe; see [`Store::write`].
    pub fn write<R, F>(&self, actor: &Actor, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: Fn(&mut Desk) -> Result<R> + Send + 'static,
    {
        let (db, actor) = (self.clone(), actor.clone());
        self.store.write(move |conn| kept(work(&mut db.desk(&actor, conn, true)?)))?
    }

    pub async fn write_async<R, F>(&self, actor: &Actor, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: Fn(&mut Desk) -> Result<R> + Send + 'static,
    {
        let (db, actor) = (self.clone(), actor.clone());
        self.store.write_async(move |conn| kept(work(&mut db.desk(&actor, conn, true)?))).await?
    }

    fn desk<'c>(&self, actor: &'c Actor, conn: &'c mut dyn Conn, writes: bool) -> Result<Desk<'c>> {
        let catalog = Catalog::current(self.registry, conn, &self.catalog)?;
        Ok(Desk::new(actor, catalog, conn, writes))
    }
}

/// A document that a gate stopped stays held: that error ends no transaction.
fn kept<R>(result: Result<R>) -> Result<Result<R>> {
    match result {
        Err(error) if !error.is_hold() => Err(error),
        other => Ok(other),
    }
}
