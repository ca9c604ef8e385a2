//! Reports: the index, a page each, its file, its sheet.

mod bar;
mod chart;
mod table;

pub use chart::{round, short};
pub use table::percent;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use maud::{Markup, html};
use model::message::message;
use model::{Desk, Error, ExportTarget, Figures, Query, ReportDef, Result};

use crate::export::{self, Written, copy, hand_over, temporary};
use crate::list::ask::Ask;
use crate::list::cell::Cells;
use crate::list::{filter, readable, table::is_asked, words};
use crate::print::{self, Sheet, paper};
use crate::shell::Page;
use crate::ui::{alert, icon, t};
use crate::visit::{Answer, At, Shown, Visit};
use crate::visitor::cookie;
use crate::{Site, problem};

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/report", get(index))
        .route("/report/{code}", get(show))
        .route("/report/{code}/filter", get(more))
        .route("/report/{code}/filter/{field}", get(popover))
        .route("/report/{code}/export", get(file))
        .route("/report/{code}/print", get(sheet))
}

/// Most slices of time in one drawing.
const SLICES: usize = 60;
/// Most rows of one sheet.
const PRINTED: usize = 2_000;

/// What a report's address asks for, with the conditions over its facts.
struct Asked {
    def: &'static ReportDef,
    ask: Ask,
    /// Of time, in the drawing.
    slice: String,
}

impl Asked {
    fn read(desk: &mut Desk, code: &str, raw: &str) -> Result<Asked> {
        let def = desk.report(code)?;
        let mut ask = Ask::read(desk, def.fact, raw)?;
        ask.at = format!("report/{code}");
        let slice =
            form_urlencoded::parse(raw.as_bytes()).find(|it| it.0 == "slice").map(|it| it.1.into_owned());
        let known = slice.filter(|it| def.slices().iter().any(|slice| slice.name == it));
        Ok(Asked { def, ask, slice: known.unwrap_or_else(|| "month".to_owned()) })
    }

    fn query(&self) -> &Query {
        &self.ask.query
    }

    /// The names that the rows are grouped by.
    fn groups(&self) -> Vec<&str> {
        self.query()
            .group
            .as_deref()
            .unwrap_or(self.def.group)
            .split(',')
            .filter(|it| !it.is_empty())
            .collect()
    }

    /// The span of time, or the day, in words.
    fn time(&self, desk: &mut Desk) -> Result<String> {
        if self.def.date.is_empty() {
            return Ok(desk.report_day(self.query())?.to_string());
        }
        let value = self.query().period.clone().unwrap_or_else(|| self.def.period.to_owned());
        if value == "all" {
            return Ok(t(desk.actor.lang, "全部时间", "All time").to_owned());
        }
        let field = self.def.date.to_owned();
        words::value(desk, self.def.fact, &model::Condition { field, op: model::Op::Is, value })
    }

    /// Time and conditions in words, for paper and file.
    fn said(&self, desk: &mut Desk) -> Result<String> {
        let lang = desk.actor.lang;
        let time = self.time(desk)?;
        let mut parts = vec![format!(
            "{} {time}",
            t(
                lang,
                if self.def.date.is_empty() { "截至" } else { "期间" },
                if self.def.date.is_empty() { "As of" } else { "Period" }
            )
        )];
        for term in &self.query().terms {
            let (label, value) = words::term(desk, self.def.fact, term)?;
            parts.push(format!("{label} {value}"));
        }
        Ok(parts.join(t(lang, "；", "; ")))
    }
}

async fn index(visit: Visit) -> Answer {
    let draw = |desk: &mut Desk| {
        let lang = desk.actor.lang;
        let reports = desk.reports();
        // Who may see none has no such page.
        if reports.is_empty() {
            return Err(Error::missing("report"));
        }
        let modules = desk.catalog().registry.modules;
        let body = html! {
            div class="ky-reports" {
                @for module in modules {
                    @let of: Vec<_> = reports.iter().filter(|it| it.module == module.code).collect();
                    @if !of.is_empty() {
                        section class="ky-card" {
                            header { (icon(module.icon)) h2 { (module.label.of(lang)) } }
                            ul { @for it in of {
                                li {
                                    a class="ky-lead" href={ "/report/" (it.code) } { (it.label.of(lang)) }
                                    small class="ky-mute" { @for (n, by) in desk.dimensions(it).iter().take(8).enumerate() { @if n > 0 { (t(lang, "、", ", ")) } (by.1.of(lang)) } }
                                }
                            } }
                        }
                    }
                }
            }
        };
        Ok(Page::new(t(lang, "报表", "Reports"), "report", body))
    };
    visit.show(draw).await
}

async fn show(visit: Visit, At(code): At<String>) -> Answer {
    let (raw, headers) = (visit.raw.clone(), visit.headers.clone());
    visit.show(move |desk| page(desk, &code, &raw, &headers)).await
}

fn page(desk: &mut Desk, code: &str, raw: &str, headers: &HeaderMap) -> Result<Shown> {
    let lang = desk.actor.lang;
    let def = desk.report(code)?;
    let drawn = Asked::read(desk, code, raw).and_then(|asked| whole(desk, &asked, headers));
    let (body, status) = match drawn {
        Ok(body) => (body, StatusCode::OK),
        Err(error) if is_asked(&error) => {
            let says = message(&error, desk.catalog().registry, def.fact.code, lang);
            let back = html! { a href={ "/report/" (code) } { (t(lang, "从头开始", "Start over")) } };
            (html! { div class="ky-report" { (alert("bad", &says, back)) } }, problem::status(&error))
        }
        Err(error) => return Err(error),
    };
    let mut page = Page::new(def.label.of(lang), format!("report/{code}"), body);
    page.crumbs.push((t(lang, "报表", "Reports").to_owned(), "/report".to_owned()));
    page.class = "ky-main is-flush";
    page.status = status;
    Ok(page.into())
}

fn whole(desk: &mut Desk, asked: &Asked, headers: &HeaderMap) -> Result<Markup> {
    let found = desk.figures(asked.def, asked.query(), None)?;
    let chart = chart::draw(desk, asked, &found)?;
    let cells = Cells::of(desk);
    let lang = cells.lang;
    let shown = cookie(headers, "ky_chart") != Some("0");
    Ok(html! {
        (bar::action_row(desk, asked)?)
        (bar::query_row(desk, asked, &found)?)
        div class="ky-report" tabindex="0" role="region" aria-label=(asked.def.label.of(lang)) {
            (kpis(&found, &cells))
            @if let Some((title, chart)) = chart {
                details class="ky-card ky-chart" open[shown] data-remember="ky_chart" {
                    summary { div { h2 { (title) } span class="ky-grow" {} span class="ky-mute ky-small" { (t(lang, "隐藏 / 显示图表", "Hide or show the chart")) } (icon("eye")) } }
                    (chart)
                }
            }
            section class="ky-card" { (table::draw(asked, &found, &cells)) }
        }
    })
}

/// The totals, each a door to all rows.
fn kpis(found: &Figures, cells: &Cells) -> Markup {
    html! {
        div class="ky-kpis" {
            @for (n, column) in found.columns.iter().enumerate().skip(found.axes.len()).take(7) {
                div { span { (column.field.label.of(cells.lang)) (table::unit(column.field)) } b { (table::figure(found, cells, None, n)) } }
            }
        }
    }
}

async fn more(visit: Visit, At(code): At<String>) -> Answer {
    let raw = visit.raw.clone();
    visit
        .show(move |desk| {
            let asked = Asked::read(desk, &code, &raw)?;
            Ok(filter::fields(desk, &asked.ask))
        })
        .await
}

async fn popover(visit: Visit, At((code, field)): At<(String, String)>) -> Answer {
    let (raw, typed) = (visit.raw.clone(), visit.value("typed"));
    visit
        .show(move |desk| {
            let asked = Asked::read(desk, &code, &crate::list::without(&raw, "typed"))?;
            let field = readable(desk, asked.def.fact, &field)?;
            filter::popover(desk, &asked.ask, field, typed.as_deref())
        })
        .await
}

async fn file(visit: Visit, At(code): At<String>) -> Answer {
    let (raw, data) = (visit.raw.clone(), visit.site.data.clone());
    let write = move |desk: &mut Desk| {
        let asked = Asked::read(desk, &code, &raw)?;
        let format = export::format(&raw)?;
        let said = asked.said(desk)?;
        let mut about = desk.about(asked.def.fact, None, &said);
        about.title = asked.def.label.of(desk.actor.lang).to_owned();
        let name = export::name(desk, &about, format);
        let file = temporary(&data)?;
        let to = ExportTarget { format, file: copy(&file)?, folder: &data };
        let rows = desk.export_report(asked.def, asked.query(), to, about)?;
        Ok(Written {
            file,
            format,
            name,
            entity: asked.def.fact.code,
            query: format!("report/{code}?{raw}"),
            rows,
        })
    };
    let written = visit.read(write).await?;
    hand_over(&visit, written).await
}

async fn sheet(visit: Visit, At(code): At<String>) -> Answer {
    let (raw, name) = (visit.raw.clone(), visit.visitor.name.clone());
    let draw = move |desk: &mut Desk| {
        let asked = Asked::read(desk, &code, &raw)?;
        let found = desk.figures(asked.def, asked.query(), Some(PRINTED))?;
        let cells = Cells::of(desk);
        let title = asked.def.label.of(cells.lang).to_owned();
        let body = html! {
            article class="ky-sheet" {
                header { div { h1 { (title) } p { (asked.said(desk)?) } } small { (print::stamp(desk, &name)) } }
                (table::paper(&found, &cells))
            }
        };
        Ok(Sheet {
            title,
            body,
            entity: asked.def.fact.code,
            query: format!("report/{code}?{raw}"),
            rows: found.rows.len() as i64,
            back: asked.ask.link(&[]),
            papers: html! {},
        })
    };
    paper(&visit, visit.read(draw).await?).await
}
