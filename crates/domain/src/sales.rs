//! Sales 销售: what leaves the house, what is owed for it, what comes in, and whom we trust with how much.

mod account;
mod bank;
mod credit;
mod file;
mod opening;
mod panel;
mod performance;
mod receipt;
pub mod receivable;
mod refund;
mod sale;
mod sale_order;
mod sale_return;
mod settle;
mod statement;

use model::{Id, Tx, system::User};

pub use account::SaleEntry;
pub use bank::BankLine;
pub use credit::{CreditGrant, CreditRule, DERIVED, Grant, Standing, grant_temporary, seed, standing};
pub use file::file;
pub use opening::ReceivableOpening;
pub use performance::Performance;
pub use receipt::Receipt;
pub use receivable::{AUDITS, Allocation, Kind, Receivable};
pub use refund::Refund;
pub use sale::{Sale, SaleLine};
pub use sale_order::{RESERVED, SaleOrder, SaleOrderLine};
pub use sale_return::{SaleReturn, SaleReturnLine};
pub use settle::{Aim, By, charges};
pub use statement::{Statement, StatementLine, ageing};

/// Whoever acts, where that is a person.
fn actor(tx: &Tx) -> Option<Id<User>> {
    Some(tx.user).filter(|user| *user != 0).map(Id::of)
}
