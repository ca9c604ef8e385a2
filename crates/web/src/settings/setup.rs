//! The first steps of a new house: company, numbers, people, import. Each can be skipped; what is done stays done.

use axum::Router;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use maud::{Markup, html};
use model::system::Parameter;
use model::{Desk, Entity, EntityDef, Error, Input, Label, Result, seed};

use super::{Look, can, company, numbers, open, people};
use crate::Site;
use crate::shell::Page;
use crate::ui::{icon, icon14, t};
use crate::visit::{Answer, Sent, Shown, Visit};

pub fn routes() -> Router<Site> {
    Router::new().route("/setup", get(show).post(save))
}

/// The program's own mark: the steps that are behind, or `done`.
const MARK: &str = "setup";

const STEPS: [(&str, Label); 4] = [
    ("company", Label { zh: "公司", en: "Company" }),
    ("numbers", Label { zh: "编号", en: "Numbers" }),
    ("users", Label { zh: "用户", en: "Users" }),
    ("import", Label { zh: "导入", en: "Import" }),
];

/// The steps that are behind; `None` once all is done, or where somebody has set the company up in another way.
fn behind(desk: &Desk) -> Option<Vec<&'static str>> {
    let catalog = desk.catalog();
    match catalog.parameter(MARK) {
        "done" => None,
        "" if !catalog.parameter("company_name").is_empty() => None,
        mark => {
            Some(STEPS.iter().map(|it| it.0).filter(|step| mark.split(',').any(|it| it == *step)).collect())
        }
    }
}

/// Whether somebody who signs in should be led here.
pub async fn is_due(site: &Site, user: i64) -> bool {
    let read = site.db.read_async(&site.system, move |desk| {
        let may = desk.catalog().rights(user).can(Parameter::DEF, "update");
        Ok(may && desk.catalog().parameter(MARK).is_empty() && behind(desk).is_some())
    });
    read.await.unwrap_or(false)
}

/// The steps as a list to tick off, while there are any left and the actor may take them.
pub fn checklist(desk: &Desk) -> Option<Markup> {
    let lang = desk.actor.lang;
    let behind = behind(desk).filter(|_| can(desk, "parameter", "update"))?;
    let left = STEPS.len() - behind.len();
    Some(html! {
        section class="ky-card" id="first-steps" {
            header { h2 { (t(lang, "开始使用", "First steps")) } span class="ky-n" { (t(lang, "还有 ", "")) (left) (t(lang, " 步", " left")) } span class="ky-grow" {} a href="/setup" { (t(lang, "继续", "Go on")) } }
            ul class="ky-rows is-roomy" {
                @for (step, label) in STEPS {
                    @let done = behind.contains(&step);
                    li class=[done.then_some("is-done")] { (icon(if done { "circle-check" } else { "chevron-right" })) a href={ "/setup?step=" (step) } { (label.of(lang)) } @if done { span { (t(lang, "已完成", "Done")) } } }
                }
            }
        }
    })
}

async fn show(visit: Visit) -> Answer {
    draw(&visit, visit.query(), None).await
}

async fn draw(visit: &Visit, given: Input, wrong: Option<Error>) -> Answer {
    let site = visit.site.clone();
    visit.show(move |desk| page(desk, &site, given, wrong)).await
}

fn page(desk: &mut Desk, site: &Site, given: Input, wrong: Option<Error>) -> Result<Shown> {
    open(desk, "company")?;
    let Some(behind) = behind(desk) else { return Ok(Shown::To("/settings".into())) };
    let lang = desk.actor.lang;
    let chosen = STEPS.iter().position(|it| it.0 == given.text("step"));
    let next = STEPS.iter().position(|it| !behind.contains(&it.0)).unwrap_or(STEPS.len() - 1);
    let at = chosen.unwrap_or(next);
    let mut look = Look { site, desk, lang, part: "", given, wrong, title: None };
    let (title, inner) = match STEPS[at].0 {
        "company" => (t(lang, "你的公司", "Your company"), company::own(&mut look)?),
        "numbers" => (t(lang, "怎样编号", "How records are numbered"), numbers_step(&look)),
        "users" => (t(lang, "谁来使用", "Who will use it"), users_step(&mut look)?),
        _ => (t(lang, "导入现有的数据", "Import what you have"), import_step(&look)),
    };
    let body = html! {
        div class="ky-wizard-head" { ol class="ky-stepper" { @for (n, (step, label)) in STEPS.iter().enumerate() {
            li class=[behind.contains(step).then_some("is-done")] aria-current=[(n == at).then_some("step")] { span { @if behind.contains(step) && n != at { (icon14("check")) } @else { (n + 1) } } b { (label.of(lang)) } }
        } } }
        form class="ky-main-form" method="post" action="/setup" autocomplete="off" {
            input type="hidden" name="step" value=(STEPS[at].0);
            div class="ky-wizard is-single" {
                (look.says())
                section class="ky-card" { header { h2 { (title) } } (inner) }
            }
            div class="ky-wizard-foot" {
                @if at > 0 { a class="ky-btn" href={ "/setup?step=" (STEPS[at - 1].0) } { (t(lang, "上一步", "Back")) } }
                span class="ky-grow" {}
                button class="ky-btn" name="skip" value="1" formnovalidate { (t(lang, "跳过", "Skip")) }
                @if STEPS[at].0 == "users" { button class="ky-btn" name="another" value="1" { (t(lang, "保存并再加一位", "Save and add another")) } }
                button class="ky-btn is-primary" { (if at + 1 == STEPS.len() { t(lang, "完成", "Finish") } else { t(lang, "下一步", "Next") }) }
            }
        }
    };
    let mut page = Page::new(t(lang, "开始使用", "First steps"), "settings", body);
    page.class = "ky-main is-flush";
    page.status = look.status();
    Ok(page.into())
}

fn numbers_step(look: &Look) -> Markup {
    let lang = look.lang;
    html! {
        p class="ky-card-body ky-small ky-mute" { (t(lang, "{6} 是六位计数，{yymm} 是年月。以后可以在设置里改。", "{6} is a counter of six places, {yymm} year and month. Settings change it later.")) }
        ul class="ky-params" { @for (def, kept) in numbers::patterns(look.desk) {
            @let name = format!("pattern.{}", def.code);
            @let value = look.given.fields.get(&name).map_or(kept.as_str(), |it| it.text());
            li { div { label for=(name) { b { (def.label.of(lang)) } } } input class="ky-input" id=(name) name=(name) maxlength="40" value=(value); }
        } }
    }
}

fn users_step(look: &mut Look) -> Result<Markup> {
    let (lang, catalog) = (look.lang, look.desk.catalog().clone());
    let faults = match &look.wrong {
        Some(Error::Invalid(faults)) => faults.as_slice(),
        _ => &[],
    };
    let person = people::person(look.desk, &look.given, faults)?;
    Ok(html! {
        @if catalog.users.len() > 1 { p class="ky-card-body ky-small" { (t(lang, "已有：", "So far: ")) @for (n, it) in catalog.users.values().enumerate() { @if n > 0 { (t(lang, "、", ", ")) } (it.user.name) } } }
        div class="ky-card-body" {
            (person)
            div class="ky-field" { label class="ky-label" for="new_department" { (t(lang, "或新部门", "Or a new department")) } input class="ky-input" id="new_department" name="new_department" maxlength="100" value=(look.given.text("new_department")); }
        }
    })
}

fn import_step(look: &Look) -> Markup {
    let lang = look.lang;
    let business = |it: &&EntityDef| it.of.is_none() && !matches!(it.module, "" | "settings");
    let own = look.desk.catalog().registry.all().filter(business);
    let own = own.filter(|it| can(look.desk, it.code, "import"));
    html! {
        div class="ky-card-body" {
            p { (t(lang, "现有的 Excel 或 CSV 名单可以直接导入：列名自动对应，导入前先预览，导入后可以整批撤销。", "A list in Excel or CSV can be imported as it is: columns are matched by name, you see a preview first, and the whole batch can be undone.")) }
            ul class="ky-rows is-roomy" { @for def in own { li { (icon("upload")) a href={ "/" (def.code) "/import" } { (t(lang, "导入", "Import ")) (def.many(lang)) } } } }
        }
    }
}

async fn save(visit: Visit, Sent(given): Sent) -> Answer {
    match step(&visit, &given).await {
        Err(error @ (Error::Invalid(_) | Error::Refused(_) | Error::Duplicate { .. })) => {
            draw(&visit, given, Some(error)).await
        }
        to => Ok(Redirect::to(to?).into_response()),
    }
}

/// Takes one step; returns where to go on.
async fn step(visit: &Visit, given: &Input) -> Result<&'static str> {
    let name = STEPS.iter().map(|it| it.0).find(|it| *it == given.text("step"));
    let name = name.ok_or_else(|| Error::missing("setup"))?;
    let skips = !given.text("skip").is_empty();
    let mut user = given.clone();
    user.fields.retain(|it, _| !matches!(it.as_str(), "step" | "skip" | "another" | "new_department"));
    let says = |it: &str| !given.text(it).trim().is_empty();
    let adds = name == "users" && !skips && ["name", "login", "password"].into_iter().any(says);
    let sent = given.clone();
    let write = move |desk: &mut Desk| {
        open(desk, "company")?;
        if !skips && name == "company" {
            if sent.text("company_name").trim().is_empty() {
                return Err(Error::invalid("company_name", "required"));
            }
            company::set_all(desk, &sent)?;
        }
        if !skips && name == "numbers" {
            for (def, _) in numbers::patterns(desk) {
                let pattern = sent.text(&format!("pattern.{}", def.code)).trim();
                if !pattern.is_empty() {
                    numbers::set_rule(desk, def, pattern)?;
                }
            }
        }
        match sent.text("new_department").trim() {
            department if adds && !department.is_empty() => {
                let top = desk.catalog().departments().find(|it| it.above.is_none());
                let top = top.map_or(String::new(), |it| format!("#{}", it.id.0));
                desk.create("department", &[("name", department), ("above", &top)].into()).map(Some)
            }
            _ => Ok(None),
        }
    };
    let home = visit.write(write).await?;
    if adds {
        if let Some(home) = home {
            user.set("department", format!("#{home}"));
        }
        people::add(visit, user).await?;
    }
    if !given.text("another").is_empty() {
        return Ok("/setup?step=users");
    }
    let left = visit.write(move |desk| {
        let mut done = behind(desk).unwrap_or_default();
        if !done.contains(&name) {
            done.push(name);
        }
        let mark = if done.len() == STEPS.len() { "done".to_owned() } else { done.join(",") };
        seed::set_parameter(desk, MARK, &mark)?;
        Ok(mark != "done")
    });
    Ok(if left.await? { "/setup" } else { "/" })
}
