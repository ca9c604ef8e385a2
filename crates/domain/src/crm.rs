//! Customers, the people there, and how they hang together.

pub mod contact;
pub mod customer;
pub mod name;
pub mod phone;
pub mod tax_number;

pub use contact::{Address, Contact, Relation};
pub use customer::{Customer, Term};
