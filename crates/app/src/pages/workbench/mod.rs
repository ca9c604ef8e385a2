//! The workbench: the page after signing in (picture 02).

mod figure;
mod holiday;
mod month;
mod recent;
mod tiles;
mod todo;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};
use model::system::Job;
use model::{Desk, Entity, Lang, Query, Result};
use web::shell::{self, Frame, Page};
use web::ui::{icon, t};
use web::{Site, Visitor, problem};

pub fn routes() -> Router<Site> {
    Router::new().route("/", get(show))
}

async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Response {
    let asked = headers.clone();
    let (raw, name) = (raw.unwrap_or_default(), visitor.name.clone());
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let body = body(desk, &asked, &raw, &name)?;
        let page = Page::new(t(desk.actor.lang, "工作台", "Workbench"), "home", body);
        Ok((Frame::read(desk, &asked)?, page))
    });
    match read.await {
        Ok((frame, page)) => shell::page(&visitor, &frame, &headers, page),
        Err(error) => problem::page(&site, &headers, Some(&visitor), &error),
    }
}

fn body(desk: &mut Desk, headers: &HeaderMap, raw: &str, name: &str) -> Result<Markup> {
    let said = |key: &str| {
        form_urlencoded::parse(raw.as_bytes())
            .find(|it| it.0 == key)
            .map(|it| it.1.into_owned())
            .unwrap_or_default()
    };
    let customers = <domain::Customer as Entity>::DEF;
    let may_read = desk.may(customers, "read").is_ok();
    let others = may_read && tiles::sees_others(desk, customers);
    let mine = others && said("who") == "me";
    let base = if mine { "who=me" } else { "" };
    let is_empty = may_read && desk.count(customers.code, &Query::default())? == 0;
    let lang = desk.actor.lang;
    let tiles = if is_empty { Vec::new() } else { tiles::read(desk, mine)? };
    let reach = month::Reach { def: customers, whose: if mine || !others { "owner=me" } else { "" } };
    Ok(html! {
        div class="ky-bench" {
            (greeting(desk, name, others.then_some(mine)))
            @if backup_failed(desk)? {
                div class="ky-alert is-bad" role="alert" {
                    (icon("alert-triangle"))
                    div { b { (t(lang, "最近一次自动备份失败了", "The latest automatic backup failed")) } p { (t(lang, "数据还在，但没有新的备份。请看原因，并现在备份一次。", "The data are there, but no new backup is. See why, and make one now.")) " " a href="/settings/backup" { (t(lang, "去备份", "To the backups")) } } }
                }
            }
            @if let Some(steps) = web::settings::setup::checklist(desk) { (steps) }
            @if is_empty { (recent::nothing(desk, customers)) }
            (tiles::draw(&tiles, lang))
            @if may_read && !is_empty {
                div class="ky-bench-thirds" {
                    (recent::opened(desk, headers, reach.whose)?)
                    (month::figures(desk, &reach)?)
                    (month::chart(desk, &reach)?)
                }
            }
            @if !is_empty {
                div class="ky-bench-main" {
                    (todo::draw(desk, &tiles, &said("todo"), base)?)
                    div class="ky-stack" {
                        @if may_read && !mine { @if let Some(team) = month::team(desk, customers)? { (team) } }
                        (recent::followed(desk)?)
                    }
                }
            }
        }
    })
}

/// Whether the last daily backup that came to an end failed; told to whoever looks after the jobs.
fn backup_failed(desk: &mut Desk) -> Result<bool> {
    if desk.may(Job::DEF, "update").is_err() {
        return Ok(false);
    }
    let asked = Query::parse("kind=daily_backup&status=done,failed&sort=-id&size=1&columns=status");
    let list = desk.list(Job::DEF.code, &asked.unwrap_or_default())?;
    let at = list.columns[0].at;
    Ok(desk.rows(&list)?.0.first().is_some_and(|row| row[at].text() == "failed"))
}

fn greeting(desk: &Desk, name: &str, mine: Option<bool>) -> Markup {
    let lang = desk.actor.lang;
    let now = desk.catalog().zone.to_datetime(desk.now());
    let (zh, en) = match now.hour() {
        ..6 => ("夜深了", "Good evening"),
        6..12 => ("上午好", "Good morning"),
        12..18 => ("下午好", "Good afternoon"),
        _ => ("晚上好", "Good evening"),
    };
    let today = desk.today();
    let day = usize::from(today.weekday().to_monday_zero_offset().unsigned_abs());
    let weekday = match lang {
        Lang::Zh => ["一", "二", "三", "四", "五", "六", "日"][day],
        Lang::En => ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"][day],
    };
    html! {
        header {
            div {
                h2 { (t(lang, zh, en)) (t(lang, "，", ", ")) (name) }
                p class="ky-second" {
                    time { (today.to_string()) } " " (t(lang, "星期", "")) (weekday)
                    @if let Some(holiday) = holiday::next(desk) { span class="ky-mute" { (holiday) } }
                }
            }
            span class="ky-grow" {}
            @if let Some(mine) = mine {
                nav class="ky-seg" aria-label=(t(lang, "范围", "Whose")) {
                    a href="/?who=me" aria-current=[mine.then_some("true")] { (t(lang, "只看我", "Only mine")) }
                    a href="/" aria-current=[(!mine).then_some("true")] { (t(lang, "我的团队", "My team")) }
                }
            }
        }
    }
}
