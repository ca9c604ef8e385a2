//! The demo company 恒联暖通: who works there, whom it sells to and what. The same at each call, dates count from today.

mod build;
mod customers;
mod trade;
mod words;

use base::{Date, Money};

use crate::code_tables::Entry;

pub use trade::{Deal, PriceList, Supply, trade_ends};

/// The language in which the demo is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    Zh,
    En,
}

/// The demo in one of the languages; only dates depend on `today`.
pub fn company(lang: Lang, today: Date) -> Demo {
    build::build(lang, today)
}

/// Everything the demo holds. A `usize` is a place in another of these lists.
#[derive(Debug, Default)]
pub struct Demo {
    pub company: String,
    pub departments: Vec<Department>,
    pub users: Vec<User>,
    /// The company's own entries of the code table `industry`, below the divisions of the standard.
    pub industries: Vec<Entry>,
    pub products: Vec<Product>,
    pub customers: Vec<Customer>,
    pub contacts: Vec<Contact>,
    pub addresses: Vec<Address>,
    pub tags: Vec<Tag>,
    pub notes: Vec<Note>,
    /// In the order of their days.
    pub deals: Vec<Deal>,
    pub supplies: Vec<Supply>,
    pub price_lists: Vec<PriceList>,
}

#[derive(Debug)]
pub struct Department {
    pub name: String,
    pub above: Option<usize>,
}

#[derive(Debug)]
pub struct User {
    pub login: String,
    pub name: String,
    pub department: usize,
    pub roles: Vec<&'static str>,
    pub mobile: String,
    pub email: String,
}

#[derive(Debug)]
pub struct Product {
    pub number: String,
    pub name: String,
    pub category: String,
    pub spec: String,
    pub unit: String,
    pub price: Money,
    pub floor_price: Option<Money>,
    /// Per cent.
    pub tax_rate: i64,
    pub barcode: String,
    pub active: bool,
}

/// The fields bear the names of the entity's; codes are those of the code tables, an empty text is none.
#[derive(Debug, Default)]
pub struct Customer {
    pub number: String,
    pub name: String,
    pub short_name: String,
    /// `company` or `person`.
    pub kind: &'static str,
    pub r#type: String,
    pub channel: String,
    pub industry: String,
    pub region: String,
    pub country: String,
    pub address: String,
    pub phone: String,
    pub email: String,
    pub website: String,
    pub tax_number: String,
    pub bank_name: String,
    pub bank_account: String,
    pub business_scope: String,
    pub size: String,
    pub payment_method: String,
    pub source: String,
    /// `potential`, `new`, `familiar`, `old` or `lost`.
    pub stage: &'static str,
    pub status: String,
    pub class: char,
    pub credit_grade: char,
    pub credit_days: i64,
    pub credit_limit: Money,
    pub blacklisted: bool,
    pub key: bool,
    pub needs: String,
    pub parent: Option<usize>,
    pub owner: Option<usize>,
    pub pool: String,
    pub department: usize,
    /// Not yet taken into the register.
    pub handed_in: bool,
    pub closed: Option<Date>,
    pub close_reason: String,
    pub remark: String,
    /// When the file was opened.
    pub created: Option<Date>,
}

#[derive(Debug)]
pub struct Contact {
    pub customer: usize,
    pub name: String,
    pub position: String,
    pub phone: String,
    pub mobile: String,
    pub email: String,
    pub wechat: String,
    pub birthday: Option<Date>,
    pub hobbies: String,
    pub primary: bool,
    pub remark: String,
}

/// A place of delivery beside the main address.
#[derive(Debug)]
pub struct Address {
    pub customer: usize,
    pub name: String,
    pub region: String,
    pub address: String,
    pub contact: String,
    pub phone: String,
}

#[derive(Debug)]
pub struct Tag {
    pub customer: usize,
    pub name: String,
}

#[derive(Debug)]
pub struct Note {
    pub customer: usize,
    pub author: usize,
    pub date: Date,
    pub text: String,
}
