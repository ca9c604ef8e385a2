//! The only place that knows rusqlite or postgres.

pub mod archive;
mod db;
pub mod files;
mod meter;
mod migrate;
mod postgres;
mod sqlite;
mod store;
mod verify;
mod writer;

pub use archive::go_back;
pub use db::Db;
pub use meter::Meter;
pub use migrate::{Plan, clear, open, snapshot, write_migration};
pub use store::{Address, Settings, Store};
pub use verify::{Finding, schema, verify};
