//! What all documents have in common.

use model::{Choice, Date, Document, Error, Form, Id, Label, Result, ToSpan, Tx, refuse};

use crate::Product;

/// The way of a document that needs no second look: a draft is posted, and what is posted is only reversed.
#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Status {
    #[choice(zh = "草稿", en = "Draft")]
    Draft,
    #[choice(zh = "已过账", en = "Posted")]
    Posted,
    #[choice(zh = "已红冲", en = "Reversed")]
    Reversed,
}

#[derive(Form)]
pub struct Reason {
    #[field(zh = "原因", en = "Reason", required, again)]
    pub reason: String,
}

/// A document's date, where it `was` another one, is no slip of the hand. What happened before may be older, and lies in
/// no closed period either.
pub fn check_date(date: Date, was: Option<Date>, tx: &Tx) -> Result<()> {
    if was == Some(date) {
        return Ok(());
    }
    if tx.history {
        if !(1950..=tx.today().year()).contains(&date.year()) || date > tx.today() {
            let says = Label {
                zh: "历史单据的日期应在 1950 年到今天之间",
                en: "A document of the past is dated between 1950 and today",
            };
            return Err(Error::fault("date", "out_of_range", says));
        }
        return check_open(date, tx);
    }
    if !(2000..=tx.today().year() + 1).contains(&date.year()) {
        let says = Label {
            zh: "日期应在 2000 年到明年之间",
            en: "A date lies between 2000 and the end of next year",
        };
        return Err(Error::fault("date", "out_of_range", says));
    }
    Ok(())
}

/// The last day of the periods that the company has closed.
fn closed_until(tx: &Tx) -> Option<Date> {
    tx.catalog.parameter("closed_until").parse().ok()
}

/// Refuses what would write into a period that the company has closed, or that is to come: that can be drafted only.
pub fn check_open(date: Date, tx: &Tx) -> Result<()> {
    if date > tx.today() {
        refuse!("future_date", "日期还没到，先存为草稿，到那天再过账；或改成今天" "Its date is still to come: keep it as a draft and post it then, or date it today");
    }
    match closed_until(tx) {
        Some(closed) if date <= closed => {
            let says = Label {
                zh: "这一天所在的期间已经结账，请改用之后的日期",
                en: "The period of this date is closed; use a later date",
            };
            Err(Error::refused("period_closed", says).with(&[("closed_until", &closed)]))
        }
        _ => Ok(()),
    }
}

/// The lines of a document about to move goods, in one order for everybody, so that two documents never wait for each other.
pub fn goods_of<D: Document>(
    it: &D,
    product: fn(&D::Line) -> Id<Product>,
    tx: &mut Tx,
) -> Result<Vec<D::Line>> {
    let mut lines = tx.lines(it)?;
    lines.sort_by_key(|line| product(line).0);
    if lines.is_empty() { Err(no_lines()) } else { Ok(lines) }
}

/// That day, or the first one after it whose period is open: what is closed stays as it was.
pub fn first_open(tx: &Tx, date: Date) -> Date {
    closed_until(tx).map_or(date, |closed| date.max(closed.saturating_add(1.days())))
}

pub fn no_lines() -> Error {
    let says = Label {
        zh: "单据没有明细，先加上商品", en: "The document has no lines; add products first"
    };
    Error::refused("no_lines", says)
}
