//! Saving what a list shows under a name: for oneself, the department or all; as the default, pinned, as a reminder.

use axum::http::StatusCode;
use maud::{Markup, html};
use model::system::{SavedView, Sharing};
use model::{Cell, Desk, EntityDef, Error, Id, Input, Kind, Query, Result, Scalar, Stamp, Value};

use super::ask::Ask;
use crate::ui::{icon14, t};
use crate::visit::{Answer, At, Sent, Visit};

/// Most letters of a view's name: it is a tab.
const NAME: usize = 30;

pub async fn show(visit: Visit, At(entity): At<String>) -> Answer {
    let raw = visit.raw.clone();
    let draw = move |desk: &mut Desk| {
        let def = desk.entity(&entity)?;
        let ask = Ask::read(desk, def, &raw)?;
        let mine = ask.view.as_ref().and_then(|it| it.mine);
        let old = mine.map(|id| desk.trusted().get::<SavedView>(Id::of(id))).transpose()?;
        Ok(dialog(desk, def, old.as_ref(), &ask.text(), "", None))
    };
    visit.show(draw).await
}

fn dialog(
    desk: &Desk,
    def: &EntityDef,
    old: Option<&SavedView>,
    query: &str,
    name: &str,
    fault: Option<&str>,
) -> Markup {
    let lang = desk.actor.lang;
    let name = if name.is_empty() { old.map_or("", |it| &it.name) } else { name };
    let sharing = old.map_or(Sharing::Own, |it| it.sharing).value();
    let flags = [
        (
            "is_default",
            t(lang, "打开列表时先看它", "Open the list with it"),
            old.is_some_and(|it| it.is_default),
        ),
        ("pinned", t(lang, "置顶到侧栏", "Pin to the sidebar"), old.is_some_and(|it| it.pinned)),
        ("remind", t(lang, "有记录时提醒", "Remind while it has rows"), old.is_some_and(|it| it.remind)),
        ("urgent", t(lang, "用红色显示数量", "Show its number in red"), old.is_some_and(|it| it.urgent)),
    ];
    html! {
        form hx-post={ "/" (def.code) "/view" } hx-target="#dialog" autocomplete="off" {
            h2 { (t(lang, "存为视图", "Save the view")) }
            p { (t(lang, "条件、排序、分组和列一起保存。", "Conditions, order, groups and columns are kept together.")) }
            input type="hidden" name="query" value=(query);
            div class="ky-field" {
                label class="ky-label is-required" for="name" { (t(lang, "名称", "Name")) }
                input class="ky-input" id="name" name="name" required maxlength=(NAME) value=(name) aria-invalid=[fault.map(|_| "true")] aria-describedby=[fault.map(|_| "name-error")];
                @if let Some(fault) = fault { small class="ky-error" id="name-error" { (fault) } }
            }
            div class="ky-field" {
                label class="ky-label" for="sharing" { (t(lang, "谁能看到", "Who sees it")) }
                select class="ky-select" id="sharing" name="sharing" {
                    @if let Kind::Choice(all) = Sharing::KIND {
                        @for (code, label) in all { option value=(code) selected[*code == sharing.text()] { (label.of(lang)) } }
                    }
                }
            }
            @for (name, label, on) in flags {
                label class="ky-choice" { input class="ky-check" type="checkbox" name=(name) value="1" checked[on]; span { (label) } }
            }
            div class="ky-dialog-foot" {
                @if let Some(old) = old {
                    button class="ky-btn is-text is-danger" type="button" hx-post={ "/" (def.code) "/view/" (old.id.0) "/delete" } hx-target="#dialog" { (icon14("trash")) (t(lang, "删除视图", "Delete")) }
                    span class="ky-grow" {}
                }
                button class="ky-btn" type="button" data-close { (t(lang, "取消", "Cancel")) }
                @if let Some(old) = old {
                    button class="ky-btn" name="new" value="1" { (t(lang, "另存为新视图", "Save as new")) }
                    button class="ky-btn is-primary" name="id" value=(old.id.0) data-until-valid { (t(lang, "更新视图", "Update")) }
                } @else {
                    button class="ky-btn is-primary" data-until-valid { (t(lang, "存为视图", "Save view")) }
                }
            }
        }
    }
}

pub async fn save(visit: Visit, At(entity): At<String>, Sent(input): Sent) -> Answer {
    let (code, asked) = (entity.clone(), input.clone());
    match visit.write(move |desk| keep(desk, &code, &asked)).await {
        Ok(id) => Ok(visit.lead(&format!("/{entity}?view=v{id}"))),
        Err(Error::Invalid(faults)) => {
            let says = faults.first().map_or(String::new(), |it| model::message::fault(it, visit.lang()));
            let draw = move |desk: &mut Desk| {
                let def = desk.entity(&entity)?;
                let again = dialog(desk, def, None, input.text("query"), input.text("name"), Some(&says));
                Ok((StatusCode::UNPROCESSABLE_ENTITY, again))
            };
            visit.show(draw).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Views are everybody's own to make; who made one may change it.
fn keep(desk: &mut Desk, entity: &str, input: &Input) -> Result<i64> {
    let def = desk.entity(entity)?;
    let name = input.text("name").trim().to_owned();
    if name.is_empty() {
        return Err(Error::invalid("name", "required"));
    }
    if name.chars().count() > NAME {
        return Err(Error::invalid("name", "too_long"));
    }
    let text = input.text("query").to_owned();
    let query = Query::parse(&text).ok_or_else(|| Error::invalid("query", "query_too_long"))?;
    // A view that its maker could not open is none.
    desk.list(entity, &query)?;
    let user = desk.actor.user;
    let on = |name: &str| input.text(name) == "1";
    let mut view = match input.text("id").parse() {
        Ok(id) => mine(desk, entity, id)?,
        Err(_) => fresh(def, user),
    };
    (view.name, view.query, view.sharing) =
        (name, text, Sharing::load(Cell::Text(input.text("sharing"))).unwrap_or(Sharing::Own));
    (view.is_default, view.pinned) = (on("is_default"), on("pinned"));
    (view.remind, view.urgent) = (on("remind"), on("urgent"));
    if view.is_default {
        let others: Vec<SavedView> =
            desk.trusted().find(&[("entity", Value::from(def.code)), ("user", Value::Int(view.user.0))])?;
        for mut other in others.into_iter().filter(|it| it.is_default && it.id != view.id) {
            other.is_default = false;
            desk.trusted().save(&mut other)?;
        }
    }
    desk.trusted().save(&mut view).map(|id| id.0)
}

fn fresh(def: &EntityDef, user: i64) -> SavedView {
    SavedView {
        id: Id::NEW,
        entity: def.code.into(),
        name: String::new(),
        query: String::new(),
        user: Id::of(user),
        sharing: Sharing::Own,
        is_default: false,
        pinned: false,
        remind: false,
        urgent: false,
        position: 0,
        stamp: Stamp::default(),
    }
}

/// Pins a view to the sidebar, or takes it away. A declared view is pinned by a saved one with its query.
pub async fn pin(visit: Visit, At((entity, code)): At<(String, String)>) -> Answer {
    let (asked, view) = (entity.clone(), code.clone());
    let turn = move |desk: &mut Desk| {
        let def = desk.entity(&asked)?;
        if let Some(id) = view.strip_prefix('v').and_then(|it| it.parse().ok()) {
            let mut saved = mine(desk, &asked, id)?;
            saved.pinned = !saved.pinned;
            return desk.trusted().save(&mut saved).map(drop);
        }
        let declared = def.views.iter().find(|it| it.code == view);
        let declared = declared.ok_or_else(|| Error::missing(format!("saved_view/{view}")))?;
        let user = desk.actor.user;
        let own =
            [("entity", Value::from(def.code)), ("user", Value::Int(user)), ("query", declared.query.into())];
        if let Some(old) = desk.trusted().first::<SavedView>(&own)? {
            return desk.trusted().delete(old);
        }
        let mut saved = fresh(def, user);
        (saved.name, saved.query, saved.pinned) =
            (declared.label.of(desk.actor.lang).into(), declared.query.into(), true);
        desk.trusted().save(&mut saved).map(drop)
    };
    visit.write(turn).await?;
    Ok(visit.lead(&format!("/{entity}?view={code}")))
}

fn mine(desk: &mut Desk, entity: &str, id: i64) -> Result<SavedView> {
    let missing = || Error::missing(format!("saved_view/{id}"));
    let view: SavedView = desk.trusted().get(Id::of(id)).map_err(|_| missing())?;
    let may = view.entity == entity && (view.user.0 == desk.actor.user || desk.actor.rights.all);
    if may { Ok(view) } else { Err(missing()) }
}

pub async fn delete(visit: Visit, At((entity, id)): At<(String, i64)>) -> Answer {
    let code = entity.clone();
    let forget = move |desk: &mut Desk| {
        desk.entity(&code)?;
        let view = mine(desk, &code, id)?;
        desk.trusted().delete(view)
    };
    visit.write(forget).await?;
    Ok(visit.lead(&format!("/{entity}")))
}
