//! A ledger: entries that only ever grow, and the balance of any day.

use std::marker::PhantomData;

use crate::{Date, Entity, EntityDef, Id, Label, Money, Result, Scalar, Sql, Tx, Value};

pub struct LedgerDef {
    pub code: &'static str,
    pub label: Label,
    pub of: &'static EntityDef,
}

impl LedgerDef {
    /// The table of present balances.
    pub fn now(&self) -> String {
        format!("{}_now", self.code)
    }
}

/// An account for each `T`. It has no update and no delete: what was wrong is entered the other way round.
pub struct Ledger<T: Entity> {
    pub def: LedgerDef,
    of: PhantomData<fn() -> T>,
}

impl<T: Entity> Ledger<T> {
    pub const fn new(code: &'static str, zh: &'static str, en: &'static str) -> Ledger<T> {
        Ledger { def: LedgerDef { code, label: Label { zh, en }, of: T::DEF }, of: PhantomData }
    }

    /// Enters `amount` on `day`, because of the document `source`.
    pub fn enter<S: Entity>(
        &self,
        tx: &mut Tx,
        of: Id<T>,
        day: Date,
        amount: Money,
        source: Id<S>,
    ) -> Result<()> {
        let mut sql = Sql::new("INSERT INTO ");
        sql.name(self.def.code).push(" (\"of\", day, amount, source, source_id, at) VALUES ");
        let source = [Value::from(S::DEF.code), source.value(), tx.now.value()];
        sql.any_of([of.value(), day.value(), amount.value()].into_iter().chain(source));
        tx.execute(&sql)?;
        let mut sql = Sql::new("INSERT INTO ");
        sql.name(&self.def.now()).push(" (\"of\", amount) VALUES ").any_of([of.value(), amount.value()]);
        sql.push(" ON CONFLICT (\"of\") DO UPDATE SET amount = ").name(&self.def.now());
        sql.push(".amount + excluded.amount");
        tx.execute(&sql).map(drop)
    }

    /// What the account holds with everything entered: one row, kept beside the entries.
    pub fn now(&self, tx: &mut Tx, of: Id<T>) -> Result<Money> {
        let mut sql = Sql::new("SELECT COALESCE(MAX(amount), 0) FROM ");
        sql.name(&self.def.now()).push(" WHERE \"of\" = ").bind(of.value());
        tx.one(&sql).map(Money)
    }

    /// What the account held at the end of `day`.
    pub fn balance(&self, tx: &mut Tx, of: Id<T>, day: Date) -> Result<Money> {
        let mut sql = Sql::new("SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM ");
        sql.name(self.def.code)
            .push(" WHERE \"of\" = ")
            .bind(of.value())
            .push(" AND day <= ")
            .bind(day.value());
        tx.one(&sql).map(Money)
    }
}
