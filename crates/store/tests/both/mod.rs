//! Both databases, for the store's own tests.

#[path = "../../../../tests/src/postgres.rs"]
#[allow(dead_code)]
pub mod postgres;

use store::Address;

#[allow(dead_code)]
pub fn stores(test: impl Fn(&Address)) {
    let folder = tempfile::tempdir().unwrap();
    test(&Address::of(folder.path(), None));
    if let Some(place) = postgres::postgres() {
        test(&Address::Server(place.url.clone()));
    }
}
