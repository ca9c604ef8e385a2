//! What the desk does: money is received, a payment is set against debts, and that is taken back; each by the verbs of
//! the documents, all of one form in one transaction.

use axum::response::{IntoResponse, Redirect};
use model::{Desk, Entity, Error, Input, Kind, Label, Money, Result};
use web::visit::{Sent, Shown};
use web::{Answer, At, Visit, problem};

use super::{AIM, MONEY, account};

pub async fn pay(visit: Visit, At(customer): At<i64>, Sent(given): Sent) -> Answer {
    let asked = given.clone();
    match visit.write(move |desk| settled(desk, customer, &asked)).await {
        Ok(done) => Ok(Redirect::to(&format!("/settle/{customer}?done={done}")).into_response()),
        Err(error) if matches!(error, Error::Invalid(_) | Error::Refused(_)) => {
            let status = problem::status(&error);
            let draw = move |desk: &mut Desk| {
                let page = account::page(desk, customer, given, Some(error))?;
                Ok(Shown::Page(web::shell::Page { status, ..page }.into()))
            };
            visit.show(draw).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Settles what a form says, and names the document that paid.
fn settled(desk: &mut Desk, customer: i64, given: &Input) -> Result<String> {
    // Whose account it is must be within sight.
    desk.get(domain::Customer::DEF.code, customer)?;
    let typed = typed(given)?;
    let mut aim: Input = AIM.iter().map(|it| (it.to_string(), given.text(it).to_owned())).collect();
    let (entity, id) = match given.text("credit").split_once(':') {
        Some((entity, id)) => {
            let id = id.parse().map_err(|_| Error::invalid("credit", "unknown_link"))?;
            if typed.is_empty() {
                aim.set("amount", given.text("amount"));
                desk.run(entity, id, "allocate", &aim)?;
            }
            (entity.to_owned(), id)
        }
        None => {
            if !typed.is_empty() {
                aim = Input::from([("by", "document")]);
            }
            for name in MONEY.into_iter().filter(|it| !given.text(it).is_empty()) {
                aim.set(name, given.text(name));
            }
            if given.text("amount").is_empty() && !typed.is_empty() {
                aim.set("amount", typed.iter().map(|it| it.1).sum::<Money>().to_string());
            }
            aim.set("customer", format!("#{customer}"));
            let entity = domain::Receipt::DEF.code;
            let id = desk.create(entity, &aim)?;
            desk.run(entity, id, "post", &Input::default())?;
            (entity.to_owned(), id)
        }
    };
    for (charge, amount) in typed {
        let one = [("charge", format!("#{charge}")), ("amount", amount.to_string())];
        desk.run(&entity, id, "allocate", &Input::from(one))?;
    }
    Ok(format!("{entity}:{id}"))
}

/// The debts that amounts were typed for.
fn typed(given: &Input) -> Result<Vec<(i64, Money)>> {
    let mut typed = Vec::new();
    for (name, text) in &given.fields {
        let charge = name.strip_prefix("pay-").and_then(|it| it.parse().ok());
        let Some(charge) = charge.filter(|_| !text.text().trim().is_empty()) else { continue };
        let amount = Kind::Money.parse(text.text().trim()).map(|it| Money(it.int()));
        typed.push((charge, amount.ok_or_else(|| Error::invalid("amount", "malformed"))?));
    }
    typed.sort_by_key(|it| it.0);
    Ok(typed)
}

/// Takes an allocation back through the document that paid.
pub async fn undo(visit: Visit, At(customer): At<i64>, Sent(given): Sent) -> Answer {
    let undo = move |desk: &mut Desk| {
        let id =
            given.text("allocation").parse().map_err(|_| Error::invalid("allocation", "unknown_link"))?;
        let allocation = desk.get(domain::Allocation::DEF.code, id)?;
        let credit = allocation.value("credit").map_or(0, |it| it.int());
        let entry = desk.get(domain::Receivable::DEF.code, credit)?;
        let of = [("receipt", "receipt"), ("sale_return", "sale_return"), ("opening", "receivable_opening")];
        let of = of.iter().find_map(|it| Some((it.1, entry.value(it.0).filter(|it| it.int() > 0)?.int())));
        let Some((entity, document)) = of else {
            let says = Label {
                zh: "红冲的核销不能单独撤销",
                en: "What a reversal settled can't be taken back alone",
            };
            return Err(Error::refused("wrong_state", says));
        };
        desk.run(entity, document, "unallocate", &Input::from([("allocation", format!("#{id}"))]))
    };
    visit.write(undo).await?;
    Ok(Redirect::to(&format!("/settle/{customer}")).into_response())
}
