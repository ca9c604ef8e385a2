//! What the company sets for itself, and what an administrator looks after.

mod backup;
mod codes;
mod company;
mod fields;
mod people;
mod roles;
pub mod setup;
mod sheet;
mod watch;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use model::message::message;
use model::{Desk, Error, Input, Label, Lang, Result};

use crate::shell::{self, Frame, Page};
use crate::ui::{ascii, icon, t};
use crate::{Site, Visitor, problem};

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/settings", get(show))
        .route("/settings/{page}", get(show))
        .route("/settings/{page}/{part}", get(show))
        .merge(company::routes())
        .merge(people::routes())
        .merge(roles::routes())
        .merge(codes::routes())
        .merge(fields::routes())
        .merge(watch::routes())
        .merge(backup::routes())
        .merge(sheet::routes())
        .merge(setup::routes())
}

/// A page of the settings.
struct Leaf {
    code: &'static str,
    icon: &'static str,
    label: Label,
    says: Label,
    /// The right that opens it, and to which entity.
    needs: (&'static str, &'static str),
    draw: fn(&mut Look) -> Result<Markup>,
}

const fn leaf(
    code: &'static str,
    icon: &'static str,
    label: [&'static str; 2],
    says: [&'static str; 2],
    needs: (&'static str, &'static str),
    draw: fn(&mut Look) -> Result<Markup>,
) -> Leaf {
    let [label, says] = [Label { zh: label[0], en: label[1] }, Label { zh: says[0], en: says[1] }];
    Leaf { code, icon, label, says, needs, draw }
}

const ADMINISTERS: (&str, &str) = ("role", "update");

static COMPANY: [Leaf; 3] = [
    leaf(
        "company",
        "building",
        ["公司", "Company"],
        ["名称、本位币、时区、会计年度", "Name, currency, time zone, fiscal year"],
        ("parameter", "update"),
        company::company,
    ),
    leaf(
        "parameters",
        "adjustments-horizontal",
        ["参数", "Parameters"],
        ["公司自己定的规则数值，谁改过", "Rule values that the company decides, and who changed them"],
        ("parameter", "update"),
        company::parameters,
    ),
    leaf(
        "numbers",
        "list-numbers",
        ["编号规则", "Numbers"],
        ["各种档案怎样编号，下一个号是什么", "How records are numbered, and which number is next"],
        ("number_rule", "read"),
        fields::numbers,
    ),
];

static PEOPLE: [Leaf; 4] = [
    leaf(
        "users",
        "users",
        ["用户", "Users"],
        ["开户、角色、重设密码、停用与交接", "Logins, roles, passwords, leaving"],
        ("user", "update"),
        people::users,
    ),
    leaf(
        "departments",
        "sitemap",
        ["部门", "Departments"],
        ["部门树、公司、负责人", "The tree of departments and companies, with their heads"],
        ("department", "update"),
        people::departments,
    ),
    leaf(
        "roles",
        "shield-lock",
        ["角色与权限", "Roles and rights"],
        ["谁能对谁的档案做什么", "Who may do what to whose records"],
        ("role", "read"),
        roles::roles,
    ),
    leaf(
        "tokens",
        "key",
        ["接口令牌", "API tokens"],
        ["所有程序的入口，可以停用", "Every program's way in; any can be revoked"],
        ADMINISTERS,
        watch::tokens,
    ),
];

static DATA: [Leaf; 2] = [
    leaf(
        "codes",
        "list",
        ["代码表", "Code tables"],
        ["行业、地区、等级等下拉选项", "Industries, regions, grades and other choices"],
        ("code_entry", "update"),
        codes::codes,
    ),
    leaf(
        "fields",
        "columns-3",
        ["自定义字段", "Custom fields"],
        ["给档案加公司自己的字段", "The company's own fields on its records"],
        ("custom_field", "read"),
        fields::fields,
    ),
];

static CARE: [Leaf; 5] = [
    leaf(
        "jobs",
        "clock",
        ["后台任务", "Jobs"],
        ["导入、备份等任务的进度与结果", "Progress and results of imports, backups and the like"],
        ("job", "read"),
        watch::jobs,
    ),
    leaf(
        "exports",
        "eye",
        ["外带记录", "Exports seen"],
        ["谁在什么时候带走了多少行", "Who took how many rows, and when"],
        ("access", "read"),
        watch::exports,
    ),
    leaf(
        "backup",
        "database",
        ["备份与清空", "Backup and clear"],
        ["备份、下载、恢复方法、清空", "Backups, downloads, how to restore, clearing"],
        ADMINISTERS,
        backup::backup,
    ),
    leaf(
        "integrity",
        "checks",
        ["数据检查", "Integrity"],
        ["核对数据库、索引和附件", "Checks the database, its indexes and files"],
        ADMINISTERS,
        backup::integrity,
    ),
    leaf(
        "problems",
        "alert-circle",
        ["出错编号", "Problem numbers"],
        ["按页面上的编号查原因", "What happened behind a page's number"],
        ADMINISTERS,
        watch::problems,
    ),
];

static GROUPS: [(Label, &[Leaf]); 4] = [
    (Label { zh: "公司", en: "Company" }, &COMPANY),
    (Label { zh: "人员与权限", en: "People and rights" }, &PEOPLE),
    (Label { zh: "档案", en: "Records" }, &DATA),
    (Label { zh: "运行", en: "Running it" }, &CARE),
];

/// The pages that the actor may open: label, address, icon.
pub fn entries(desk: &Desk) -> Vec<(&'static str, String, &'static str)> {
    let all = GROUPS.iter().flat_map(|it| it.1).filter(|leaf| leaf.is_open(desk));
    all.map(|leaf| (leaf.label.of(desk.actor.lang), format!("/settings/{}", leaf.code), leaf.icon)).collect()
}

impl Leaf {
    fn is_open(&self, desk: &Desk) -> bool {
        can(desk, self.needs.0, self.needs.1)
    }
}

fn can(desk: &Desk, entity: &str, right: &str) -> bool {
    desk.catalog().registry.entity(entity).is_some_and(|def| desk.may(def, right).is_ok())
}

/// The page of that name, for whoever may open it.
fn open(desk: &Desk, code: &str) -> Result<&'static Leaf> {
    let found = GROUPS.iter().flat_map(|it| it.1).find(|leaf| leaf.code == code && leaf.is_open(desk));
    found.ok_or_else(|| Error::missing(format!("settings/{code}")))
}

/// What a page is drawn from.
struct Look<'a, 'c> {
    site: &'a Site,
    desk: &'a mut Desk<'c>,
    lang: Lang,
    /// What stands behind the page's own address.
    part: &'a str,
    /// The address's query, or what a form sent that was refused.
    given: Input,
    wrong: Option<Error>,
    /// Of a page within the page.
    title: Option<String>,
}

impl Look<'_, '_> {
    /// What is wrong with one field of the form.
    fn fault(&self, name: &str) -> Option<String> {
        let Some(Error::Invalid(faults)) = &self.wrong else { return None };
        faults.iter().find(|it| it.field == name).map(|it| model::message::fault(it, self.lang))
    }
}

async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    uri: Uri,
    RawQuery(raw): RawQuery,
) -> Response {
    let given = Input::of_form(raw.unwrap_or_default().as_bytes());
    draw(&site, &visitor, &headers, uri.path(), given, None).await
}

/// The page at an address, with what was wrong with its form.
async fn draw(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    path: &str,
    given: Input,
    wrong: Option<Error>,
) -> Response {
    let status = wrong.as_ref().map(problem::status);
    let (house, asked, path) = (site.clone(), headers.clone(), path.to_owned());
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let mut parts = path.trim_start_matches("/settings").trim_start_matches('/').splitn(2, '/');
        let (code, part) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let lang = desk.actor.lang;
        let says = wrong.as_ref().map(|error| message(error, desk.catalog().registry, "", lang));
        let toast = given.text("done").to_owned();
        let index = Label { zh: "设置", en: "Settings" };
        let leaf = if code.is_empty() { None } else { Some(open(desk, code)?) };
        if leaf.is_none() && entries(desk).is_empty() {
            return Ok(None);
        }
        let mut look = Look { site: &house, desk, lang, part, given, wrong, title: None };
        let body = match leaf {
            Some(leaf) => (leaf.draw)(&mut look)?,
            None => overview(&look),
        };
        let title = look.title.take();
        let label = leaf.map_or(index, |it| it.label).of(lang);
        let body = html! {
            div class="ky-settings" {
                (index_of(desk, code))
                div class="ky-settings-body" {
                    @if let Some(says) = &says { div class="ky-alert is-bad" role="alert" { (icon("circle-x")) div { p { (says) } } } }
                    (body)
                }
            }
        };
        let mut page = Page::new(title.clone().unwrap_or_else(|| label.to_owned()), "settings", body);
        if leaf.is_some() {
            page.crumbs.push((index.of(lang).to_owned(), "/settings".to_owned()));
        }
        if title.is_some() {
            page.crumbs.push((label.to_owned(), format!("/settings/{code}")));
        }
        page.class = "ky-main is-flush";
        if !toast.is_empty() {
            let title = t(lang, "已保存", "Saved");
            page.toast = Some(serde_json::json!({ "kind": "ok", "title": title }).to_string());
        }
        Ok(Some((Frame::read(desk, &asked)?, page)))
    });
    match read.await {
        // Whoever may set nothing for the company still has an account.
        Ok(None) => Redirect::to("/me").into_response(),
        Ok(Some((frame, page))) => {
            let mut response = shell::page(visitor, &frame, headers, page);
            if let Some(status) = status {
                *response.status_mut() = status;
            }
            response
        }
        Err(error) => problem::page(site, headers, Some(visitor), &error),
    }
}

fn index_of(desk: &Desk, at: &str) -> Markup {
    let lang = desk.actor.lang;
    html! {
        nav aria-label=(t(lang, "设置", "Settings")) {
            @for (label, leaves) in &GROUPS {
                @let open = leaves.iter().filter(|it| it.is_open(desk));
                @if open.clone().next().is_some() {
                    h2 { (label.of(lang)) }
                    @for leaf in open {
                        a href={ "/settings/" (leaf.code) } aria-current=[(leaf.code == at).then_some("page")] { (icon(leaf.icon)) (leaf.label.of(lang)) }
                    }
                }
            }
        }
    }
}

fn overview(look: &Look) -> Markup {
    let (lang, desk) = (look.lang, &look.desk);
    let told = desk.catalog().parameter("insecure_told") == "true";
    html! {
        @if look.site.insecure && !look.site.trust_proxy && !told && can(desk, ADMINISTERS.0, ADMINISTERS.1) {
            div class="ky-alert is-warn" { (icon("lock"))
                div {
                    b { (t(lang, "现在没有加密", "This connection is not encrypted")) }
                    p { (t(lang,
                        "程序用 http 提供页面，登录凭据没有 Secure 标记。只在本机使用没有关系；给别人用之前，请用 --tls-cert 和 --tls-key 启动，或放在带 --trust-proxy 的 https 代理后面。",
                        "Pages are served over http, so sign-in cookies are not marked Secure. That is fine on this machine alone; before others use it, start it with --tls-cert and --tls-key, or behind an https proxy with --trust-proxy.")) }
                }
                form method="post" action="/settings/told" { button class="ky-btn is-small" { (t(lang, "知道了", "Understood")) } }
            }
        }
        @if let Some(list) = setup::checklist(desk) { (list) }
        @for (label, leaves) in &GROUPS {
            @let open = leaves.iter().filter(|it| it.is_open(desk));
            @if open.clone().next().is_some() {
                section class="ky-card" {
                    header { h2 { (label.of(lang)) } }
                    ul class="ky-settings-list" {
                        @for leaf in open {
                            li { a href={ "/settings/" (leaf.code) } { (icon(leaf.icon)) b { (leaf.label.of(lang)) } span { (leaf.says.of(lang)) } (icon("chevron-right")) } }
                        }
                    }
                }
            }
        }
    }
}

/// What comes of a button or a dialog: the page anew and a word, or a toast that says why not.
fn ended(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    to: &str,
    says: Label,
    result: Result<()>,
) -> Response {
    if let Err(error) = result {
        return problem::page(site, headers, Some(visitor), &error);
    }
    if !headers.contains_key("hx-request") {
        return Redirect::to(&format!("{to}?done=1")).into_response();
    }
    let toast = serde_json::json!({ "kind": "ok", "title": says.of(visitor.lang()) });
    let events = serde_json::json!({ "ky:close": {}, "ky:refresh": {}, "ky:toast": toast });
    [("hx-trigger", ascii(&events.to_string())), ("hx-reswap", "none".into())].into_response()
}

/// A page's form that was saved leads back to the page; one that was refused is shown as it was sent.
async fn saved(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    path: &str,
    given: Input,
    result: Result<()>,
) -> Response {
    match result {
        Ok(()) => Redirect::to(&format!("{path}?done=1")).into_response(),
        Err(error @ (Error::Invalid(_) | Error::Refused(_))) => {
            draw(site, visitor, headers, path, given, Some(error)).await
        }
        Err(error) => problem::page(site, headers, Some(visitor), &error),
    }
}
