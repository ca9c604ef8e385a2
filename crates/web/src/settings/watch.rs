//! What an administrator looks at: jobs, tokens, what people took out, what went wrong.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use maud::{Markup, html};
use model::system::{Job, JobStatus, Token};
use model::{Entity, Error, Id, Label, Lang, Moment, Query, Result, Value};

use super::{Look, can, open};
use crate::list::cell::Cells;
use crate::ui::{amount, icon, icon14, none, t};
use crate::{Site, Visitor};

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/settings/job/{id}/cancel", post(cancel))
        .route("/settings/token/{id}/revoke", post(revoke))
}

fn at(look: &Look, moment: Moment) -> String {
    look.desk.catalog().zone.to_datetime(moment).strftime("%Y-%m-%d %H:%M").to_string()
}

/// What a kind of job is called.
fn named(kind: &str, lang: Lang) -> String {
    let known = [
        ("import", "导入", "Import"),
        ("undo_import", "撤销导入", "Undo an import"),
        ("export", "导出", "Export"),
        ("backup", "备份", "Backup"),
        ("daily_backup", "每日备份", "Daily backup"),
        ("index_custom", "自定义字段索引", "Index of custom fields"),
        ("housekeeping", "清理", "Housekeeping"),
    ];
    let found = known.iter().find(|it| it.0 == kind);
    found.map_or(kind, |it| t(lang, it.1, it.2)).to_owned()
}

pub fn jobs(look: &mut Look) -> Result<Markup> {
    let lang = look.lang;
    let query = Query::parse("sort=-id&size=100").unwrap_or_default();
    let list = look.desk.list("job", &query)?;
    let (rows, _) = look.desk.rows(&list)?;
    let mut jobs = Vec::new();
    for row in rows {
        jobs.push(look.desk.trusted().get::<Job>(Id::of(row[0].int()))?);
    }
    let runs = |it: &Job| matches!(it.status, JobStatus::Queued | JobStatus::Running);
    let busy = jobs.iter().any(runs);
    let edits = can(look.desk, "job", "update");
    let cells = Cells::of(look.desk);
    let who = |user: Option<Id<model::system::User>>| {
        look.desk
            .catalog()
            .user_name(user.map_or(0, |it| it.0))
            .unwrap_or(t(lang, "系统", "System"))
            .to_owned()
    };
    let status = |job: &Job| {
        let field = Job::DEF.field("status").map(|it| it.1)?;
        let value = model::Scalar::value(&job.status);
        let model::Kind::Choice(all) = field.kind else { return None };
        Some(crate::list::cell::choice(field, all, value.text(), &cells.value(field, value.cell()), lang))
    };
    Ok(html! {
        section class="ky-card is-clip is-full" id="jobs" hx-get=[busy.then_some("/settings/jobs")] hx-trigger=[busy.then_some("every 2s")] hx-select=[busy.then_some("#jobs")] hx-target=[busy.then_some("#jobs")] hx-swap=[busy.then_some("outerHTML")] {
            @if jobs.is_empty() { p class="ky-card-body ky-mute" { (t(lang, "还没有后台任务。导入、导出和自动备份会出现在这里。", "No jobs yet. Imports, exports and automatic backups appear here.")) } }
            @else { div class="ky-scroll" tabindex="0" { table class="ky-table is-inset" {
                colgroup { @for width in ["150", "110", "140", "100", "190"] { col width=(width); } col; col width="90"; }
                thead { tr { th scope="col" { (t(lang, "任务", "Job")) } th scope="col" { (t(lang, "谁", "Who")) } th scope="col" { (t(lang, "开始", "Started")) } th scope="col" { (t(lang, "状态", "Status")) } th scope="col" { (t(lang, "进度", "Progress")) } th scope="col" { (t(lang, "结果", "Result")) } th scope="col" {} } }
                tbody { @for job in &jobs {
                    tr {
                        td { a class="ky-lead" href={ "/job/" (job.id.0) } { (named(&job.kind, lang)) } }
                        td { (who(job.user)) }
                        td { time { (at(look, job.stamp.created)) } }
                        td { @if let Some(status) = status(job) { (status) } }
                        td { @if job.total > 0 { progress max=(job.total) value=(job.done.min(job.total)) aria-label=(t(lang, "进度", "Progress")) {} " " (amount(job.done, 0, 0)) " / " (amount(job.total, 0, 0)) } @else { (none()) } }
                        @let says = job.says(lang);
                        td class="ky-clip" title=(says) { (says) }
                        td class="is-number" { @if edits && runs(job) { button class="ky-btn is-small is-text" type="button" hx-post={ "/settings/job/" (job.id.0) "/cancel" } hx-swap="none" { (t(lang, "取消", "Cancel")) } } }
                    }
                } }
            } } }
        }
    })
}

async fn cancel(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<i64>,
) -> Response {
    let write = site.db.write_async(&visitor.actor, move |desk| {
        open(desk, "jobs")?;
        desk.cancel_job(id)
    });
    let says = Label { zh: "任务已取消", en: "Job cancelled" };
    super::ended(&site, &visitor, &headers, "/settings/jobs", says, write.await)
}

pub fn tokens(look: &mut Look) -> Result<Markup> {
    let lang = look.lang;
    let mut all: Vec<Token> = Vec::new();
    for id in look.desk.ids("token", &Query::default(), 0, 1000)? {
        all.push(look.desk.trusted().get(Id::of(id))?);
    }
    all.sort_by_key(|it| (it.closed, std::cmp::Reverse(it.id.0)));
    let today = look.desk.today();
    Ok(html! {
        div class="ky-row" { p class="ky-small ky-mute ky-grow" { (t(lang, "令牌带着建立它的人的权限。每个人在“我的账户”里建立自己的令牌，只显示一次。", "A token has the rights of the person who made it. Everybody makes their own under My account, where it is shown once.")) }
            a class="ky-btn" href="/me#tokens" { (icon14("plus")) (t(lang, "新建令牌", "New token")) }
        }
        section class="ky-card is-clip" {
            @if all.is_empty() { p class="ky-card-body ky-mute" { (t(lang, "还没有令牌", "No tokens yet")) } }
            @else { div class="ky-scroll" tabindex="0" { table class="ky-table is-inset" {
                thead { tr { th scope="col" { (t(lang, "用途", "What for")) } th scope="col" { (t(lang, "谁", "Who")) } th scope="col" { (t(lang, "建立", "Made")) } th scope="col" { (t(lang, "最近使用", "Last used")) } th scope="col" { (t(lang, "有效至", "Expires")) } th scope="col" {} } }
                tbody { @for token in &all {
                    @let over = token.closed || token.expires.is_some_and(|day| day < today);
                    tr class=[over.then_some("is-off")] {
                        td { (token.name) }
                        td { a class="ky-fig" href={ "/settings/users/" (token.user.0) } { (look.desk.catalog().user_name(token.user.0).unwrap_or_default()) } }
                        td { time { (at(look, token.stamp.created)) } }
                        td { @match token.seen { Some(seen) => time { (at(look, seen)) }, None => (none()) } }
                        td { @match token.expires { Some(day) => (day), None => (none()) } }
                        td class="is-number" { @if token.closed { span class="ky-tag" { (t(lang, "已停用", "Revoked")) } } @else { button class="ky-btn is-small is-text" type="button" hx-post={ "/settings/token/" (token.id.0) "/revoke" } hx-swap="none" { (t(lang, "停用", "Revoke")) } } }
                    }
                } }
            } } }
        }
    })
}

async fn revoke(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<i64>,
) -> Response {
    let write = site.db.write_async(&visitor.actor, move |desk| {
        open(desk, "tokens")?;
        desk.update("token", id, None, &[("closed", "true")].into())
    });
    let says = Label { zh: "令牌已停用", en: "Token revoked" };
    super::ended(&site, &visitor, &headers, "/settings/tokens", says, write.await)
}

/// Who took rows out of the house: sums for each person, then what was taken lately.
pub fn exports(look: &mut Look) -> Result<Markup> {
    let (lang, catalog) = (look.lang, look.desk.catalog().clone());
    let slices = [
        ("today", t(lang, "今天", "Today")),
        ("last_7_days", t(lang, "近 7 天", "7 days")),
        ("last_30_days", t(lang, "近 30 天", "30 days")),
        ("this_year", t(lang, "今年", "This year")),
    ];
    let asked = look.given.text("created");
    let slice = slices.iter().find(|it| it.0 == asked).map_or("last_30_days", |it| it.0);
    let query = Query::parse(&format!("created={slice}&group=user&columns=rows")).unwrap_or_default();
    let list = look.desk.list("access", &query)?;
    let mut people = look.desk.groups(&list)?;
    let sum = |group: &model::Group| group.totals.sums.first().and_then(|it| it.1).unwrap_or(0);
    people.sort_by_key(|it| std::cmp::Reverse(sum(it)));
    let recent = Query::parse(&format!(
        "created={slice}&sort=-id&size=100&columns=created,user,kind,entity,query,rows"
    ));
    let list = look.desk.list("access", &recent.unwrap_or_default())?;
    let (rows, _) = look.desk.rows(&list)?;
    let cells = Cells::of(look.desk);
    let who = |value: &Value| catalog.user_name(value.int()).unwrap_or(t(lang, "系统", "System")).to_owned();
    let kind = |kind: &str| match kind {
        "export" => t(lang, "导出", "Export").to_owned(),
        "print" => t(lang, "打印", "Print").to_owned(),
        "list" => t(lang, "长列表", "Long list").to_owned(),
        "api" => t(lang, "接口", "API").to_owned(),
        "backup" => t(lang, "下载备份", "Backup download").to_owned(),
        other => other.to_owned(),
    };
    let shown = |row: &Vec<Value>, name: &str| {
        let column = list.columns.iter().find(|it| it.field.name == name);
        let text = column.map_or_else(String::new, |it| cells.text(it, row));
        match name {
            "kind" => kind(&text),
            "entity" => catalog.registry.entity(&text).map_or(text, |it| it.label.of(lang).to_owned()),
            _ => text,
        }
    };
    Ok(html! {
        div class="ky-row" {
            div class="ky-seg" { @for (code, label) in slices { a href={ "/settings/exports?created=" (code) } aria-current=[(code == slice).then_some("page")] { (label) } } }
            span class="ky-grow" {}
            a class="ky-btn" href={ "/access?created=" (slice) "&sort=-created" } { (t(lang, "筛选、分组、导出", "Filter, group, export")) }
        }
        section class="ky-card is-clip" {
            header { h2 { (t(lang, "每人合计", "By person")) } }
            @if people.is_empty() { p class="ky-card-body ky-mute" { (t(lang, "这段时间没有人导出、打印或打开很长的列表。", "Nobody exported, printed or opened a long list in this time.")) } }
            @else { div class="ky-scroll" tabindex="0" { table class="ky-table is-inset" {
                thead { tr { th scope="col" { (t(lang, "谁", "Who")) } th scope="col" class="is-number" { (t(lang, "次数", "Times")) } th scope="col" class="is-number" { (t(lang, "行数", "Rows")) } } }
                tbody { @for group in &people {
                    tr { td { a class="ky-lead" href={ "/access?created=" (slice) "&user=%23" (group.value.int()) } { (who(&group.value)) } } td class="is-number" { (group.totals.count) } td class="is-number" { (amount(sum(group), 0, 0)) } }
                } }
            } } }
        }
        @if !rows.is_empty() {
            section class="ky-card is-clip is-full" {
                header { h2 { (t(lang, "最近", "Lately")) } }
                div class="ky-scroll" tabindex="0" { table class="ky-table is-inset" {
                    thead { tr { th scope="col" { (t(lang, "时间", "When")) } th scope="col" { (t(lang, "谁", "Who")) } th scope="col" { (t(lang, "方式", "How")) } th scope="col" { (t(lang, "档案", "What")) } th scope="col" { (t(lang, "条件", "Filter")) } th scope="col" class="is-number" { (t(lang, "行数", "Rows")) } } }
                    tbody { @for row in &rows {
                        tr { td { time { (shown(row, "created")) } } td { (shown(row, "user")) } td { (shown(row, "kind")) } td { (shown(row, "entity")) } td class="ky-clip" title=(shown(row, "query")) { (shown(row, "query")) } td class="is-number" { (shown(row, "rows")) } }
                    } }
                } }
            }
        }
    })
}

/// What went wrong lately, by the number that the page showed.
pub fn problems(look: &mut Look) -> Result<Markup> {
    let lang = look.lang;
    let wanted = look.given.text("q").trim().to_uppercase();
    let found: Vec<_> = look.site.problems().into_iter().filter(|it| it.number.contains(&wanted)).collect();
    let catalog = look.desk.catalog();
    let says = |error: &Error| match error {
        Error::Internal(says) => says.clone(),
        error => model::message::message(error, catalog.registry, "", lang),
    };
    Ok(html! {
        form class="ky-box" role="search" { (icon14("search")) input name="q" value=(wanted) maxlength="20" aria-label=(t(lang, "出错编号", "Problem number")) placeholder=(t(lang, "页面上的编号，例如 4F0A91C2", "The page's number, such as 4F0A91C2")); }
        section class="ky-card is-clip is-full" {
            @if found.is_empty() { div class="ky-card-body ky-row ky-mute" { (icon("circle-check")) (t(lang, "没有这样的记录。这里保留自启动以来最近 500 个，更早的在日志里。", "Nothing found. The latest 500 since the start are kept here; older ones are in the log.")) } }
            @else { div class="ky-scroll" tabindex="0" { table class="ky-table is-inset" {
                thead { tr { th scope="col" { (t(lang, "编号", "Number")) } th scope="col" { (t(lang, "时间", "When")) } th scope="col" { (t(lang, "谁", "Who")) } th scope="col" { (t(lang, "地址", "Address")) } th scope="col" class="is-number" { (t(lang, "状态", "Status")) } th scope="col" { (t(lang, "原因", "What happened")) } } }
                tbody { @for it in found.iter().rev() {
                    tr { td { code { (it.number) } } td { time { (at(look, it.at)) } } td { @match it.user.and_then(|id| catalog.user_name(id)) { Some(name) => (name), None => (none()) } }
                        td class="ky-clip" title=(it.path) { (it.method) " " (it.path) } td class="is-number" { (it.status) } td class="ky-clip" title=(says(&it.error)) { (says(&it.error)) } }
                } }
            } } }
        }
    })
}
