//! What each version of the database changed, oldest first. After a change of the registry,
//! `KEYUAN_MIGRATION=what_changed cargo test -p tests --test schema` writes the next file; it then belongs here.
//! Before the first release there is one: delete `migrations/schema.txt` and write `initial` anew.

pub const MIGRATIONS: &[&str] = &[include_str!("../../../migrations/0001_initial.txt")];
