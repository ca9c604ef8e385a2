//! The seven nouns and their engines. Nothing here knows a business noun's name, a driver or a screen.

// The derive writes `::model::…`, inside this crate too.
extern crate self as model;

mod actor;
mod alike;
mod catalog;
mod clear;
pub mod ddl;
mod def;
mod desk;
mod dialect;
mod export;
mod history;
pub mod import;
mod input;
pub mod job;
mod list;
pub mod message;
mod options;
pub mod pattern;
mod query;
mod rebuild;
mod registry;
pub mod rights;
pub mod schema;
pub mod search;
pub mod seed;
mod sql;
pub mod system;
mod tx;
mod value;
mod verb;
mod views;

pub use actor::{Actor, Door};
pub use alike::{Look, Twin};
pub use base::*;
pub use catalog::{Catalog, GENERATION, Person};
pub use def::*;
pub use derive::{Choice, Entity, Form};
pub use desk::{Card, Desk, Offer, target_of};
pub use dialect::Found;
pub use export::Target as ExportTarget;
pub use history::{Change, Event};
pub use input::{Given, Input, clean, value_of};
pub use list::{COUNTED, Column, Group, List, Neighbours, Totals};
pub use options::{Choice as Suggestion, Find};
pub use query::{Condition, Op, Query, Term, days};
pub use rebuild::{index_custom, rebuild_search};
pub use registry::{Audit, CodeDefault, CodeTable, Module, ParameterDef, Registry};
pub use rights::{Access, Grant, Preset, Rights, Scope};
pub use sql::{Conn, Dialect, Sql};
pub use tx::{Record, Tx, checked};
pub use value::*;
pub use verb::{Outcome, Run, VerbDef, Verbs, apply, ready};
pub use views::Shown;
