//! What the company sets for itself, and what an administrator looks after.

mod backup;
mod codes;
mod company;
mod numbers;
mod people;
mod roles;
pub mod setup;

use axum::Router;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use maud::{Markup, html};
use model::message::message;
use model::{Card, Desk, Error, Input, Label, Lang, Result, VerbDef};

use crate::list::verb_icon;
use crate::shell::Page;
use crate::ui::{icon, icon14, notice, t};
use crate::visit::{Answer, Shown, Visit};
use crate::{Site, problem};

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/settings", get(show))
        .route("/settings/{page}", get(show))
        .route("/settings/{page}/{part}", get(show))
        .merge(company::routes())
        .merge(people::routes())
        .merge(roles::routes())
        .merge(codes::routes())
        .merge(numbers::routes())
        .merge(backup::routes())
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
    /// How it is drawn; the list of that entity says it all where there is nothing.
    draw: Option<fn(&mut Look) -> Result<Markup>>,
}

/// `code icon ["名称" "Name"] ["说明" "What for"] (entity right) drawn by;` for each page of a group.
macro_rules! group {
    ($zh:literal $en:literal: $($code:literal $icon:literal [$name:literal $name_en:literal]
        [$says:literal $says_en:literal] ($entity:literal $right:literal) $draw:expr;)*) => {
        (Label { zh: $zh, en: $en }, &[$(Leaf {
            code: $code,
            icon: $icon,
            label: Label { zh: $name, en: $name_en },
            says: Label { zh: $says, en: $says_en },
            needs: ($entity, $right),
            draw: $draw,
        }),*])
    };
}

static GROUPS: [(Label, &[Leaf]); 4] = [
    group! { "公司" "Company":
        "company" "building" ["公司" "Company"]
            ["名称、本位币、时区、会计年度" "Name, currency, time zone, fiscal year"]
            ("parameter" "update") Some(company::company);
        "parameters" "adjustments-horizontal" ["参数" "Parameters"]
            ["公司自己定的规则数值，谁改过" "Rule values that the company decides, and who changed them"]
            ("parameter" "update") Some(company::parameters);
        "numbers" "list-numbers" ["编号规则" "Numbers"]
            ["各种档案怎样编号，下一个号是什么" "How records are numbered, and which number is next"]
            ("number_rule" "read") Some(numbers::numbers);
    },
    group! { "人员与权限" "People and rights":
        "users" "users" ["用户" "Users"]
            ["开户、角色、重设密码、停用与交接" "Logins, roles, passwords, leaving"]
            ("user" "update") Some(people::users);
        "departments" "sitemap" ["部门" "Departments"]
            ["部门树、公司、负责人" "The tree of departments and companies, with their heads"]
            ("department" "update") Some(people::departments);
        "roles" "shield-lock" ["角色与权限" "Roles and rights"]
            ["谁能对谁的档案做什么" "Who may do what to whose records"]
            ("role" "read") Some(roles::roles);
        "tokens" "key" ["接口令牌" "API tokens"]
            ["所有程序的入口，可以停用" "Every program's way in; any can be revoked"]
            ("token" "delete") None;
    },
    group! { "档案" "Records":
        "codes" "list" ["代码表" "Code tables"]
            ["行业、地区、等级等下拉选项" "Industries, regions, grades and other choices"]
            ("code_entry" "update") Some(codes::codes);
        "fields" "columns-3" ["自定义字段" "Custom fields"]
            ["给档案加公司自己的字段" "The company's own fields on its records"]
            ("custom_field" "read") None;
    },
    group! { "运行" "Running it":
        "jobs" "clock" ["后台任务" "Jobs"]
            ["导入、备份等任务的进度与结果" "Progress and results of imports, backups and the like"]
            ("job" "read") None;
        "exports" "eye" ["外带记录" "Exports seen"]
            ["谁在什么时候带走了多少行" "Who took how many rows, and when"]
            ("access" "read") None;
        "backup" "database" ["备份与清空" "Backup and clear"]
            ["备份、下载、恢复方法、清空" "Backups, downloads, how to restore, clearing"]
            ("role" "update") Some(backup::backup);
        "integrity" "checks" ["数据检查" "Integrity"]
            ["核对数据库、索引和附件" "Checks the database, its indexes and files"]
            ("role" "update") Some(backup::integrity);
        "problems" "alert-circle" ["出错编号" "Problem numbers"]
            ["按页面上的编号查原因" "What happened behind a page's number"]
            ("role" "update") Some(backup::problems);
    },
];

/// The pages that the actor may open, in their groups.
fn groups(desk: &Desk) -> impl Iterator<Item = (Label, Vec<&'static Leaf>)> {
    let open = |all: &'static [Leaf]| all.iter().filter(|leaf| leaf.is_open(desk)).collect::<Vec<_>>();
    GROUPS.iter().map(move |it| (it.0, open(it.1))).filter(|it| !it.1.is_empty())
}

/// The same for the palette: label, address, icon.
pub fn entries(desk: &Desk) -> Vec<(&'static str, String, &'static str)> {
    let entry = |leaf: &Leaf| (leaf.label.of(desk.actor.lang), leaf.address(), leaf.icon);
    groups(desk).flat_map(|it| it.1).map(entry).collect()
}

impl Leaf {
    fn is_open(&self, desk: &Desk) -> bool {
        can(desk, self.needs.0, self.needs.1)
    }

    fn address(&self) -> String {
        match self.draw {
            Some(_) => format!("/settings/{}", self.code),
            None => format!("/{}", self.needs.0),
        }
    }
}

fn can(desk: &Desk, entity: &str, right: &str) -> bool {
    desk.catalog().registry.entity(entity).is_some_and(|def| desk.may(def, right).is_ok())
}

/// The page of that name, for whoever may open it.
fn open(desk: &Desk, code: &str) -> Result<&'static Leaf> {
    let found = groups(desk).flat_map(|it| it.1).find(|leaf| leaf.code == code);
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

    /// What is wrong with the form as a whole.
    fn says(&self) -> Markup {
        let registry = self.desk.catalog().registry;
        let says = self.wrong.as_ref().map(|error| message(error, registry, "user", self.lang));
        html! { @if let Some(says) = says { (notice("bad", html! { p { (says) } })) } }
    }

    fn status(&self) -> axum::http::StatusCode {
        self.wrong.as_ref().map_or(axum::http::StatusCode::OK, problem::status)
    }
}

/// What may be done with a record now, as buttons.
fn verbs(card: &Card, lang: Lang, fits: impl Fn(&VerbDef) -> bool) -> Markup {
    let offers = card.verbs.iter().filter(|it| it.unless.is_none() && fits(it.verb)).map(|it| it.verb);
    html! {
        @for verb in offers { button class="ky-btn is-small" type="button" hx-get={ "/" (card.def.code) "/" (card.id) "/" (verb.name) } hx-target="#dialog" { (icon14(verb_icon(verb.name))) (verb.label.of(lang)) } }
    }
}

async fn show(visit: Visit) -> Answer {
    draw(&visit, &visit.path, visit.query(), None).await
}

/// The page at an address, with what was wrong with its form.
async fn draw(visit: &Visit, path: &str, given: Input, wrong: Option<Error>) -> Answer {
    let (site, path) = (visit.site.clone(), path.to_owned());
    visit.show(move |desk| page(desk, &site, &path, given, wrong)).await
}

fn page(desk: &mut Desk, site: &Site, path: &str, given: Input, wrong: Option<Error>) -> Result<Shown> {
    let lang = desk.actor.lang;
    let mut parts = path.trim_start_matches("/settings").trim_start_matches('/').splitn(2, '/');
    let (code, part) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let leaf = if code.is_empty() { None } else { Some(open(desk, code)?) };
    if leaf.is_none() && entries(desk).is_empty() {
        // Whoever may set nothing for the company still has an account.
        return Ok(Shown::To("/me".into()));
    }
    let is_done = !given.text("done").is_empty();
    let mut look = Look { site, desk, lang, part, given, wrong, title: None };
    let body = match leaf.map(|it| (it, it.draw)) {
        Some((_, Some(draw))) => draw(&mut look)?,
        Some((leaf, None)) => return Ok(Shown::To(leaf.address())),
        None => overview(&look),
    };
    let index = Label { zh: "设置", en: "Settings" };
    let label = leaf.map_or(index, |it| it.label).of(lang);
    let body = html! {
        div class="ky-settings" {
            (index_of(look.desk, code))
            div class="ky-settings-body" { (look.says()) (body) }
        }
    };
    let mut page = Page::new(look.title.clone().unwrap_or_else(|| label.to_owned()), "settings", body);
    if leaf.is_some() {
        page.crumbs.push((index.of(lang).to_owned(), "/settings".to_owned()));
    }
    if look.title.is_some() {
        page.crumbs.push((label.to_owned(), format!("/settings/{code}")));
    }
    page.class = "ky-main is-flush";
    page.status = look.status();
    if is_done {
        let title = t(lang, "已保存", "Saved");
        page.toast = Some(serde_json::json!({ "kind": "ok", "title": title }).to_string());
    }
    Ok(page.into())
}

/// A page's form that was saved leads back to the page; one that was refused is shown as it was sent.
async fn saved(visit: &Visit, path: &str, given: Input, result: Result<()>) -> Answer {
    match result {
        Ok(()) => Ok(Redirect::to(&format!("{path}?done=1")).into_response()),
        Err(error @ (Error::Invalid(_) | Error::Refused(_))) => draw(visit, path, given, Some(error)).await,
        Err(error) => Err(error.into()),
    }
}

fn index_of(desk: &Desk, at: &str) -> Markup {
    let lang = desk.actor.lang;
    html! {
        nav aria-label=(t(lang, "设置", "Settings")) {
            @for (label, open) in groups(desk) {
                h2 { (label.of(lang)) }
                @for leaf in open { a href=(leaf.address()) aria-current=[(leaf.code == at).then_some("page")] { (icon(leaf.icon)) (leaf.label.of(lang)) } }
            }
        }
    }
}

fn overview(look: &Look) -> Markup {
    let (lang, desk) = (look.lang, &look.desk);
    let told = desk.catalog().parameter("insecure_told") == "true";
    html! {
        @if look.site.insecure && !look.site.trust_proxy && !told && can(desk, "role", "update") {
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
        @for (label, open) in groups(desk) {
            section class="ky-card" {
                header { h2 { (label.of(lang)) } }
                ul class="ky-settings-list" {
                    @for leaf in open { li { a href=(leaf.address()) { (icon(leaf.icon)) b { (leaf.label.of(lang)) } span { (leaf.says.of(lang)) } (icon("chevron-right")) } } }
                }
            }
        }
    }
}
