//! Reports as JSON.

use model::{Desk, MOST, Query, ReportDef, Result};
use serde_json::json;

use super::rows::cell;
use super::{Answer, Call, Fail, ok};

impl Call {
    /// `GET /report/sales?group=customer,month&measure=amount&period=2026`
    pub(super) async fn report(self, code: &str) -> Answer {
        let (code, text) = (code.to_owned(), self.query.clone());
        let found = self.site.db.registry().reports.iter().find(|it| it.code == code);
        let entity = found.map_or("", |it| it.fact.code);
        let read = move |desk: &mut Desk| {
            let def = desk.report(&code)?;
            let query =
                Query::parse(&text).ok_or_else(|| model::Error::invalid("query", "query_too_long"))?;
            answer(desk, def, &query)
        };
        let answered = self.site.db.read_async(&self.visitor.actor, read).await;
        let (body, rows) = answered.map_err(|error| Fail::House(entity, error))?;
        let counted = self.site.read_on(&self.visitor, "api", entity, self.query.clone(), rows).await;
        counted.map_err(|error| Fail::House(entity, error))?;
        Ok(ok(body))
    }
}

fn answer(desk: &mut Desk, def: &'static ReportDef, query: &Query) -> Result<(Vec<u8>, usize)> {
    let found = desk.figures(def, query, query.size.is_none().then_some(MOST))?;
    let (catalog, lang) = (desk.catalog().clone(), desk.actor.lang);
    let columns: Vec<_> = found
        .columns
        .iter()
        .enumerate()
        .map(|(n, it)| match found.axes.get(n) {
            Some((name, _)) => json!({ "name": name, "label": it.field.label.of(lang), "kind": "dimension" }),
            None => json!({ "name": it.field.name, "label": it.field.label.of(lang), "kind": "measure" }),
        })
        .collect();
    let mut out = format!("{{\"columns\":{},\"rows\":[", json!(columns)).into_bytes();
    for (n, row) in found.rows.iter().chain([&found.totals]).enumerate() {
        // The totals stand behind the rows.
        let is_totals = n == found.rows.len();
        out.extend_from_slice(if is_totals {
            b"],\"totals\":"
        } else if n > 0 {
            b","
        } else {
            b""
        });
        out.push(b'[');
        for (n, column) in found.columns.iter().enumerate() {
            out.extend_from_slice(if n > 0 { b"," } else { b"" });
            cell(&mut out, &catalog, column, row);
        }
        out.push(b']');
    }
    let next = found.more.then(|| found.page + 1);
    out.extend_from_slice(format!(",\"next\":{}}}", json!(next)).as_bytes());
    Ok((out, found.rows.len()))
}
