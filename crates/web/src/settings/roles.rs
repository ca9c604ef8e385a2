//! Roles: who may do what to whose records, as a table and in words.

use std::collections::BTreeSet;

use axum::Router;
use axum::routing::post;
use maud::{Markup, html};
use model::rights::{groups_of, rights_of};
use model::system::Role;
use model::{Access, Entity, EntityDef, Error, Grant, Id, Input, Lang, Registry, Result, Rights, Scope};

use super::{Look, open, saved, verbs};
use crate::Site;
use crate::ui::{alert, icon14, t, table, tag};
use crate::visit::{Answer, At, Sent, Visit};

pub fn routes() -> Router<Site> {
    Router::new().route("/settings/role/{id}", post(save))
}

/// What a role may be given rights to, module by module: not child rows and what hangs on records, which follow theirs.
fn entities(registry: Registry) -> impl Iterator<Item = &'static EntityDef> {
    registry.modules.iter().flat_map(move |module| within(registry, module.code))
}

fn within(registry: Registry, module: &'static str) -> impl Iterator<Item = &'static EntityDef> {
    registry.all().filter(move |def| def.module == module && def.of.is_none() && !def.is_attached())
}

const PLAIN: [&str; 6] = ["read", "create", "update", "delete", "import", "export"];

pub fn roles(look: &mut Look) -> Result<Markup> {
    if !look.part.is_empty() {
        let id = look.part.parse().map_err(|_| Error::missing("role"))?;
        return role(look, id);
    }
    let (lang, catalog) = (look.lang, look.desk.catalog().clone());
    let count =
        |id: i64| catalog.users.values().filter(|it| !it.user.closed && it.roles.contains(&id)).count();
    let rows = catalog.roles.values().map(|(role, rights)| {
        let cells = vec![
            html! { a class="ky-lead" href={ "/settings/roles/" (role.id.0) } { (role.called(lang)) } @if role.closed { (tag("", t(lang, "停用", "Closed"))) } },
            html! { (role.purpose(catalog.registry, lang)) },
            html! { (count(role.id.0)) },
            html! { @match preset(catalog.registry, &role.code) {
                None => { (tag("is-line", t(lang, "自建", "Own"))) }
                Some(preset) if Rights::of_preset(preset) == *rights => { span class="ky-mute" { (t(lang, "相同", "The same")) } }
                Some(_) => { (tag("is-info", t(lang, "已修改", "Changed"))) }
            } },
        ];
        (role.closed, cells)
    });
    Ok(html! {
        @if look.desk.may(Role::DEF, "create").is_ok() {
            div class="ky-row" { span class="ky-grow" {} button class="ky-btn is-primary" type="button" hx-get="/role/new" hx-target="#dialog" data-key="N" { (icon14("plus")) (t(lang, "新建角色", "New role")) } }
        }
        section class="ky-card is-clip" { (table(lang, "角色|说明|#在用人数|与预设", "Role|What for|#People|Preset", rows)) }
    })
}

fn preset(registry: Registry, code: &str) -> Option<&'static model::Preset> {
    registry.presets.iter().find(|it| it.code == code)
}

fn role(look: &mut Look, id: i64) -> Result<Markup> {
    let card = look.desk.get("role", id)?;
    let (lang, catalog) = (look.lang, look.desk.catalog().clone());
    let role = &catalog.roles.get(&id).ok_or_else(|| Error::missing("role"))?.0;
    let kept = Rights::of_json(&role.rights);
    let rights = match look.wrong {
        Some(_) => read(catalog.registry, &look.given, &kept),
        None => kept,
    };
    look.title = Some(role.called(lang).to_owned());
    let edits = card.editable && (!rights.all || look.desk.actor.rights.all);
    let preset = preset(catalog.registry, &role.code).map(|it| (it, Rights::of_preset(it)));
    let differs = preset.as_ref().map(|it| differences(catalog.registry, &it.1, &rights, lang));
    let mine = catalog.users.values().filter(|it| !it.user.closed && it.roles.contains(&id));
    let modules = catalog.registry.modules.iter();
    let modules = modules.map(|it| (it, within(catalog.registry, it.code).collect::<Vec<_>>()));
    let modules: Vec<_> = modules.filter(|it| !it.1.is_empty()).collect();
    Ok(html! {
        section class="ky-card" {
            header { h2 { (role.called(lang)) } span class="ky-small ky-mute" { (role.purpose(catalog.registry, lang)) } span class="ky-grow" {}
                @if edits {
                    button class="ky-btn is-small" type="button" hx-get={ "/role/" (id) "/edit" } hx-target="#dialog" { (icon14("pencil")) (t(lang, "名称", "Name")) }
                    (verbs(&card, lang, |it| it.name != "restore" || differs.as_ref().is_some_and(|it| !it.is_empty())))
                }
            }
            div class="ky-card-body" {
                p class="ky-small ky-mute" { (t(lang, "使用者：", "Held by: "))
                    @for (n, person) in mine.clone().take(20).enumerate() { @if n > 0 { (t(lang, "、", ", ")) } a href={ "/settings/users/" (person.user.id.0) } { (person.user.name) } }
                    @if mine.clone().next().is_none() { (t(lang, "没有人", "nobody")) }
                }
            }
        }
        details class="ky-card ky-fold" open {
            summary { h2 { (t(lang, "用话说", "In words")) } }
            ul class="ky-card-body ky-words" { @for line in words(catalog.registry, &rights, lang) { li { (line) } } }
        }
        @if let Some(differs) = differs.filter(|it| !it.is_empty()) {
            details class="ky-card ky-fold" {
                summary { h2 { (t(lang, "与预设不同", "Different from the preset")) } span class="ky-n" { (differs.len()) } }
                ul class="ky-card-body ky-words" { @for (label, was, now) in &differs { li { b { (label) } " " del { (was) } " → " ins { (now) } } } }
            }
        }
        @if rights.all {
            (alert("info", t(lang, "这个角色拥有全部权限", "This role has every right"), t(lang, "它不按档案分别设置。需要受限的角色时，请新建一个或复制其他角色。", "It is not set by entity. For a limited role make a new one or copy another.")))
        } @else {
            form class="is-full" method="post" action={ "/settings/role/" (id) } data-guard {
                input type="hidden" name="version" value=(card.version);
                section class="ky-card is-clip" { div class="ky-scroll" tabindex="0" { table class="ky-matrix" {
                    thead { tr {
                        th scope="col" { (t(lang, "档案", "Entity")) }
                        th scope="col" { (t(lang, "全部", "All")) }
                        @for right in PLAIN { th scope="col" { (label_of(right, lang)) } }
                        th scope="col" { (t(lang, "看谁的", "Sees")) } th scope="col" { (t(lang, "改谁的", "Changes")) } th scope="col" { (t(lang, "更多", "More")) }
                    } }
                    @for (module, defs) in &modules {
                        tbody {
                            tr class="is-group" { th scope="rowgroup" colspan="11" { (module.label.of(lang)) } }
                            @for def in defs { (line(def, rights.grants.get(def.code), edits, lang)) }
                        }
                    }
                } } }
                @if edits { p class="ky-row" { button class="ky-btn is-primary" { (t(lang, "保存权限", "Save rights")) } span class="ky-small ky-mute" { (t(lang, "从下一次点击起生效", "In force from the next click on")) } } }
            }
        }
    })
}

fn label_of(right: &str, lang: Lang) -> &'static str {
    rights_of(Role::DEF).into_iter().find(|it| it.0 == right).map_or("", |it| it.1.of(lang))
}

/// One entity's row: plain rights as check boxes, scopes as choices, verbs, pools and field groups behind *more*.
fn line(def: &'static EntityDef, grant: Option<&Grant>, edits: bool, lang: Lang) -> Markup {
    let none = Grant::default();
    let grant = grant.unwrap_or(&none);
    let code = def.code;
    let whole = grant.can.contains("*");
    let tick = |right: &str, says: &str| {
        let label = format!("{} {says}", def.label.of(lang));
        html! { input class="ky-check" type="checkbox" name={ "can." (code) "." (right) } value="1" checked[whole || grant.can.contains(right)] disabled[!edits] aria-label=(label); }
    };
    let scope = |name: &str, says: &str, now: Scope| {
        html! {
            select class="ky-select is-small" name={ (name) "." (code) } disabled[!edits] aria-label={ (def.label.of(lang)) " " (says) } {
                @for (value, label) in Scope::all() { option value=(value) selected[value == now.code()] { (label.of(lang)) } }
            }
        }
    };
    let verbs: Vec<_> = rights_of(def).into_iter().filter(|it| !PLAIN.contains(&it.0)).collect();
    let groups = groups_of(def);
    let given =
        verbs.iter().filter(|it| whole || grant.can.contains(it.0)).count() + usize::from(grant.pools);
    html! {
        tr {
            th scope="row" { (def.label.of(lang)) }
            td { (tick("*", t(lang, "全部", "all"))) }
            @for right in PLAIN { td { (tick(right, label_of(right, lang))) } }
            td { (scope("sees", t(lang, "看谁的", "sees"), grant.sees)) }
            td { (scope("acts", t(lang, "改谁的", "changes"), grant.acts)) }
            td {
                @if !verbs.is_empty() || !groups.is_empty() || def.owner.is_some() {
                    details class="ky-menu" data-menu {
                        summary class="ky-btn is-small" aria-label={ (def.label.of(lang)) " " (t(lang, "更多", "more")) } { (t(lang, "动作与字段", "Verbs, fields")) @if given > 0 { " " span class="ky-n" { (given) } } }
                        div class="ky-pop is-right ky-more" {
                            @if !verbs.is_empty() { b { (t(lang, "动作", "Verbs")) } }
                            @for (right, label) in &verbs { label class="ky-choice" { (tick(right, label.of(lang))) span { (label.of(lang)) } } }
                            @if def.owner.is_some() { label class="ky-choice" {
                                input class="ky-check" type="checkbox" name={ "pools." (code) } value="1" checked[grant.pools] disabled[!edits];
                                span { (t(lang, "能看公海（无负责人的）", "Sees the pools (no owner)")) }
                            } }
                            @if !groups.is_empty() { b { (t(lang, "字段组", "Field groups")) } }
                            @for group in &groups {
                                label { span { (group_label(def, group, lang)) }
                                    select class="ky-select is-small" name={ "group." (code) "." (group) } disabled[!edits] {
                                        @let now = grant.groups.get(*group).copied().unwrap_or(Access::Hide);
                                        @for (value, label) in Access::all() { option value=(value) selected[value == now.code()] { (label.of(lang)) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A group is called by the fields in it.
fn group_label(def: &EntityDef, group: &str, lang: Lang) -> String {
    let names = def.fields.iter().filter(|it| it.group == Some(group)).map(|it| it.label.of(lang));
    let names: Vec<_> = names.collect();
    let sep = t(lang, "、", ", ");
    if names.len() > 3 { names[..3].join(sep) + "…" } else { names.join(sep) }
}

/// What the form says; entities that it does not show keep what they had.
fn read(registry: Registry, given: &Input, before: &Rights) -> Rights {
    let mut rights = before.clone();
    for def in entities(registry) {
        let said = |what: &str| given.text(&format!("{what}.{}", def.code)).to_owned();
        let can = |right: &&str| !said_of(given, "can", def, right).is_empty();
        let can = match can(&"*") {
            true => "*".to_owned(),
            false => rights_of(def).iter().map(|it| it.0).filter(can).collect::<Vec<_>>().join(" "),
        };
        let pools = if said("pools").is_empty() { "" } else { "+pools" };
        let group = |it: &&str| format!("{it}={}", said_of(given, "group", def, it));
        let groups = groups_of(def).iter().map(group).collect::<Vec<_>>().join(" ");
        let grant = format!("{can} @{}/{} {pools} {groups}", said("sees"), said("acts"));
        match can.is_empty() {
            true => rights.grants.remove(def.code),
            false => rights.grants.insert(def.code.to_owned(), Grant::parse(&grant)),
        };
    }
    rights
}

fn said_of<'a>(given: &'a Input, what: &str, def: &EntityDef, of: &str) -> &'a str {
    given.text(&format!("{what}.{}.{of}", def.code))
}

/// One entity's grant as a sentence.
fn sentence(def: &EntityDef, grant: &Grant, lang: Lang) -> String {
    let sep = t(lang, "、", ", ");
    let can: BTreeSet<_> = rights_of(def)
        .into_iter()
        .filter(|it| grant.can.contains("*") || grant.can.contains(it.0))
        .map(|it| it.1.of(lang))
        .collect();
    let order = rights_of(def).into_iter().map(|it| it.1.of(lang)).filter(|it| can.contains(it));
    let scope = |scope: Scope| Scope::all().nth(scope as usize).map_or("", |it| it.1.of(lang));
    let mut says = match grant.can.contains("*") {
        true => t(lang, "一切操作", "everything").to_owned(),
        false => order.collect::<Vec<_>>().join(sep),
    };
    says += &match (lang, grant.acts) {
        (Lang::Zh, Scope::None) => format!("；看{}的，不改", scope(grant.sees)),
        (Lang::Zh, acts) => format!("；看{}的，改{}的", scope(grant.sees), scope(acts)),
        (Lang::En, acts) => {
            format!("; sees: {}, changes: {}", scope(grant.sees).to_lowercase(), scope(acts).to_lowercase())
        }
    };
    if grant.pools {
        says += t(lang, "；能看公海", "; sees the pools");
    }
    for group in groups_of(def) {
        let access = grant.groups.get(group).copied().unwrap_or(Access::Hide);
        let label = Access::all().nth(access as usize).map_or("", |it| it.1.of(lang));
        says += &format!("{}{} {}", t(lang, "；", "; "), group_label(def, group, lang), label.to_lowercase());
    }
    says
}

/// Every entity with its grant as a sentence, where there is one.
fn sentences(
    registry: Registry,
    rights: &Rights,
    lang: Lang,
) -> impl Iterator<Item = (&'static str, Option<String>)> {
    let grant = |def: &EntityDef| rights.grants.get(def.code).filter(|it| !it.can.is_empty());
    entities(registry).map(move |def| (def.label.of(lang), grant(def).map(|it| sentence(def, it, lang))))
}

fn words(registry: Registry, rights: &Rights, lang: Lang) -> Vec<Markup> {
    if rights.all {
        return vec![html! { (t(lang, "看见并能做一切。", "Sees and may do everything.")) }];
    }
    let line = |(label, says): (&str, Option<String>)| says.map(|it| html! { b { (label) } " " (it) });
    let lines: Vec<_> = sentences(registry, rights, lang).filter_map(line).collect();
    match lines.is_empty() {
        true => vec![html! { (t(lang, "什么都不能看。", "May see nothing.")) }],
        false => lines,
    }
}

/// Where two sets of rights differ: entity, before, after.
fn differences(
    registry: Registry,
    old: &Rights,
    new: &Rights,
    lang: Lang,
) -> Vec<(&'static str, String, String)> {
    let reach = |it: &Rights| match it.all {
        true => t(lang, "一切", "everything").to_owned(),
        false => t(lang, "按档案", "by entity").to_owned(),
    };
    let whole = (old.all != new.all).then(|| (t(lang, "范围", "Reach"), Some(reach(old)), Some(reach(new))));
    let pairs = sentences(registry, old, lang).zip(sentences(registry, new, lang));
    let changed = pairs.filter(|it| it.0.1 != it.1.1).map(|(old, new)| (old.0, old.1, new.1));
    let says = |it: Option<String>| it.unwrap_or_else(|| t(lang, "没有权限", "no rights").to_owned());
    whole.into_iter().chain(changed).map(|(label, old, new)| (label, says(old), says(new))).collect()
}

async fn save(visit: Visit, At(id): At<i64>, Sent(given): Sent) -> Answer {
    let sent = given.clone();
    let result = visit.write(move |desk| {
        open(desk, "roles")?;
        desk.get("role", id)?;
        let role: Role = desk.trusted().get(Id::of(id))?;
        let rights = read(desk.catalog().registry, &sent, &Rights::of_json(&role.rights));
        let version = sent.text("version").parse().ok();
        desk.update("role", id, version, &[("rights", rights.json())].into())
    });
    saved(&visit, &format!("/settings/roles/{id}"), given, result.await).await
}
