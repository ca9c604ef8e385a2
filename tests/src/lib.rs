//! What tests share: a fresh place for each on both databases, and the whole house in it.

pub mod importing;
mod postgres;
mod random;
pub mod served;
pub mod shop;
mod world;

use std::path::Path;

pub use postgres::{Cluster, Place, postgres};
pub use random::{Random, cases};
use store::{Address, Db, Plan, Settings};
pub use world::{World, code};

/// Runs a test on SQLite, then on PostgreSQL where there is one, each time in an empty place of its own.
pub fn stores(test: impl Fn(&Address)) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    test(&Address::of(folder.path(), None));
    if let Some(place) = postgres() {
        test(&Address::Server(place.url.clone()));
    }
}

/// Runs a test on an empty database of the whole house, on both.
pub fn databases(test: impl Fn(&Db)) {
    stores(|address| {
        let data = tempfile::tempdir().expect("a temporary folder can be made");
        test(&open(address, data.path()));
    });
}

/// Opens a database of the whole house as the program does.
pub fn open(address: &Address, data: &Path) -> Db {
    let store =
        store::open(address, Settings::of(address.dialect()), &plan(), data).expect("the database opens");
    Db::new(store, domain::REGISTRY)
}

/// The registry's tables in one step: so a test runs before its migration is written.
pub fn plan() -> Plan {
    let schema = model::schema::schema(domain::REGISTRY).expect("the registry has a schema");
    Plan::of(&schema, |conn, table| model::rebuild_search(domain::REGISTRY, conn, table))
}
