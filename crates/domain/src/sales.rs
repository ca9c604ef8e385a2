//! Sales 销售: what leaves the house, what is owed for it, what comes in, and whom we trust with how much.

mod credit;
mod receipt;
mod receivable;
mod sale;

use model::{Date, Error, Id, Label, Result, Tx, refuse, system::User};

pub use credit::{CreditGrant, CreditRule, DERIVED, Grant, Standing, grant_temporary, seed, standing};
pub use receipt::Receipt;
pub use receivable::{AUDITS, Allocation, Receivable};
pub use sale::{Sale, SaleLine};

/// A document's date is no slip of the hand.
fn check_date(date: Date, tx: &Tx) -> Result<()> {
    if !(2000..=tx.today().year() + 1).contains(&date.year()) {
        let says = Label {
            zh: "日期应在 2000 年到明年之间",
            en: "A date lies between 2000 and the end of next year",
        };
        return Err(Error::fault("date", "out_of_range", says));
    }
    Ok(())
}

/// Refuses what would write into a period that the company has closed.
fn check_open(date: Date, tx: &Tx) -> Result<()> {
    let closed = tx.catalog.parameter("closed_until").parse::<Date>();
    if closed.is_ok_and(|closed| date <= closed) {
        refuse!("period_closed", "这一天所在的期间已经结账，请改用之后的日期" "The period of this date is closed; use a later date");
    }
    Ok(())
}

/// Whoever acts, where that is a person.
fn actor(tx: &Tx) -> Option<Id<User>> {
    Some(tx.user).filter(|user| *user != 0).map(Id::of)
}
