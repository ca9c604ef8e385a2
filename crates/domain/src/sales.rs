//! Sales 销售: what leaves the house, what is owed for it, what comes in, and whom we trust with how much.

mod account;
mod bank;
mod cash;
mod credit;
mod file;
mod opening;
mod panel;
mod performance;
mod price;
mod receipt;
pub mod receivable;
mod refund;
mod sale;
mod sale_order;
mod sale_return;
mod settle;
mod statement;

use model::{Date, Id, Result, Text, Tx, system::Department, system::User};

use crate::Customer;

pub use account::{SaleEntry, amount_of, retell, unknown};
pub use bank::BankLine;
pub use cash::{AUDITS as CASH_AUDITS, CashEntry, CashMove};
pub use credit::{
    CreditGrant, CreditRule, DERIVED, Ending, Grant, LEVELS, Standing, end_temporary, grant_temporary,
    groups, seed, standing,
};
pub use file::file;
pub use opening::ReceivableOpening;
pub use performance::Performance;
pub use price::{PriceList, PriceListLine};
pub use receipt::Receipt;
pub use receivable::{AUDITS, Allocation, Kind, Receivable};
pub use refund::Refund;
pub use sale::{Sale, SaleLine};
pub use sale_order::{AVAILABLE, RESERVED, SaleOrder, SaleOrderLine};
pub use sale_return::{SaleReturn, SaleReturnLine};
pub use settle::{Aim, By, charges};
pub use statement::{Statement, StatementLine};

/// A document is its maker's, else whoever acts; its department follows the maker when that is somebody else than it was.
fn made_by(
    maker: &mut Option<Id<User>>,
    department: &mut Option<Id<Department>>,
    was: Option<Id<User>>,
    tx: &Tx,
) {
    *maker = maker.or_else(|| actor(tx));
    if let Some(maker) = maker.filter(|it| was != Some(*it)) {
        *department = tx.catalog.department_of(maker.0).map(Id::of).or(*department);
    }
}

/// Who looked after a customer on a day.
fn owner_on(customer: &Customer, day: Date, tx: &mut Tx) -> Result<Option<Id<User>>> {
    if day >= tx.today() {
        return Ok(customer.owner);
    }
    Ok(tx.then(customer.id, day)?.owner)
}

/// Whoever acts, where that is a person.
fn actor(tx: &Tx) -> Option<Id<User>> {
    Some(tx.user).filter(|user| *user != 0).map(Id::of)
}

/// The goods of a document in a few words: the first, and how many lines there are.
fn goods_in_words(first: &str, lines: i64) -> Option<Text> {
    match lines {
        0 => None,
        1 => Some(Text::new(first, first)),
        _ => Some(Text::new(format!("{first} 等 {lines} 项"), format!("{first} and {} more", lines - 1))),
    }
}
