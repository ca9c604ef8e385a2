//! The workbench: the page after signing in (picture 02).

mod figure;
mod holiday;
mod month;
mod recent;
mod tiles;
mod todo;
mod trade;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;
use maud::{Markup, html};
use model::system::Job;
use model::{Desk, Entity, Input, Lang, Query, Result};
use web::shell::Page;
use web::ui::{alert, t};
use web::{Answer, Site, Visit};

pub fn routes() -> Router<Site> {
    Router::new().route("/", get(show))
}

async fn show(visit: Visit) -> Answer {
    let (asked, headers, name) = (visit.query(), visit.headers.clone(), visit.visitor.name.clone());
    let draw = move |desk: &mut Desk| {
        let body = body(desk, &asked, &headers, &name)?;
        Ok(Page::new(t(desk.actor.lang, "工作台", "Workbench"), "home", body))
    };
    visit.show(draw).await
}

fn body(desk: &mut Desk, asked: &Input, headers: &HeaderMap, name: &str) -> Result<Markup> {
    let customers = <domain::Customer as Entity>::DEF;
    let may_read = desk.may(customers, "read").is_ok();
    let others = may_read && tiles::sees_others(desk, customers);
    let mine = others && asked.text("who") == "me";
    let base = if mine { "who=me" } else { "" };
    let is_empty = may_read && desk.count(customers.code, &Query::default())? == 0;
    let lang = desk.actor.lang;
    let tiles = if is_empty { Vec::new() } else { tiles::read(desk, mine)? };
    let trade = if is_empty { None } else { trade::Trade::read(desk, mine || !others)? };
    let whose = if mine || !others { "owner=me" } else { "" };
    Ok(html! {
        div class="ky-bench" {
            (greeting(desk, name, others.then_some(mine)))
            @if backup_failed(desk)? {
                @let says = html! { (t(lang, "数据还在，但没有新的备份。请看原因，并现在备份一次。", "The data are there, but no new backup is. See why, and make one now.")) " " a href="/settings/backup" { (t(lang, "去备份", "To the backups")) } };
                (alert("bad", t(lang, "最近一次自动备份失败了", "The latest automatic backup failed"), says))
            }
            @if let Some(steps) = web::settings::setup::checklist(desk) { (steps) }
            @if is_empty { (recent::nothing(desk, customers)) }
            (tiles::draw(&tiles, lang))
            @if may_read && !is_empty {
                div class="ky-bench-thirds" {
                    (recent::opened(desk, headers, whose)?)
                    @match &trade {
                        Some(trade) => { (trade.month(desk)) (trade.chart(desk)) }
                        None => { (month::figures(desk, customers, whose)?) (month::chart(desk, customers, whose)?) }
                    }
                }
            }
            @if !is_empty {
                div class="ky-bench-main" {
                    (todo::draw(desk, &tiles, asked.text("todo"), base)?)
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
