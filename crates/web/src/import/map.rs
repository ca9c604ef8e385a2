//! Step 2, at the left: what each column of the file means, by which fields records are found, what new ones hold.

use std::path::Path;

use maud::{Markup, html};
use model::import::{self, Column, Filled, Place, Plan, Unknown};
use model::message::fault;
use model::{Desk, EntityDef, Error, FieldDef, Input, Kind, Lang, Result};

use super::check::{self, WHOLE};
use super::{Checked, Import, Look, steps, value};
use crate::list::cell::{Cells, choice};
use crate::list::table::figure;
use crate::ui::{amount, icon12, icon14, t};

/// Texts of a column that can be given a meaning one by one.
const TEXTS: usize = 24;
/// More choices than these are written instead of chosen.
const CHOICES: usize = 300;
/// The value of a select that leaves the field empty.
const EMPTY: &str = "-";

pub fn page(desk: &mut Desk, import: &Import, checked: Option<&Checked>, look: &Look) -> Result<Markup> {
    let lang = desk.actor.lang;
    let plan = &import.plan;
    let places = desk.places(import.def)?;
    let preview = checked.and_then(|it| it.result.as_ref().ok());
    let columns = plan.columns.len();
    let fact = match (preview, lang) {
        (None, Lang::Zh) => format!("{columns} 列"),
        (None, Lang::En) => format!("{columns} columns"),
        (Some(it), Lang::Zh) => format!("{columns} 列，{} 行", amount(it.counts.rows, 0, 0)),
        (Some(it), Lang::En) => format!("{columns} columns, {} rows", amount(it.counts.rows, 0, 0)),
    };
    let mut rows = Vec::new();
    let (mut mapped, mut open) = (0, 0);
    for (at, column) in plan.columns.iter().enumerate() {
        let place = places.iter().find(|it| !column.to.is_empty() && it.path() == column.to);
        let filled = preview.and_then(|it| it.columns.get(at));
        let (class, says) = state(plan, column, place, filled, lang);
        mapped += usize::from(place.is_some());
        open += usize::from(class == "is-warn");
        rows.push(row(import, &places, (at, column), filled, (class, &says), lang));
        if let (Some(place), Some(filled)) = (place, filled) {
            rows.extend(values(desk, import, (at, column), place, filled)?);
        }
    }
    let says = match lang {
        Lang::Zh => format!(
            "{columns} 列，已对应 {mapped} 列{}",
            if open > 0 { format!("，其中 {open} 列待处理") } else { String::new() }
        ),
        Lang::En => format!(
            "{mapped} of {columns} columns mapped{}",
            if open > 0 { format!(", {open} need a look") } else { String::new() }
        ),
    };
    Ok(html! {
        (steps(lang, 2, &import.batch.file, &fact))
        div class="ky-wizard" {
            form class="ky-card" id="plan" method="post" action=(import.link("/plan")) autocomplete="off"
                hx-post=(import.link("/plan")) hx-trigger="change" hx-target="#main" hx-swap=(WHOLE) hx-select="#main" aria-labelledby="map" {
                input type="hidden" name="fate" value=(look.fate);
                header {
                    h2 id="map" { (t(lang, "列对应", "Columns")) }
                    span class="ky-mute ky-small" { (says) }
                    span class="ky-grow" {}
                    (sheet(import, checked, lang))
                }
                div class="ky-scroll" tabindex="0" role="region" aria-labelledby="map" {
                    table class="ky-table is-map" {
                        colgroup { col width="48"; col width="120"; col; col width="32"; col width="214"; col width="184"; }
                        thead { tr {
                            th scope="col" class="is-center" { (t(lang, "列", "Col.")) }
                            th scope="col" { (t(lang, "表头", "Header")) }
                            th scope="col" { (t(lang, "前几行", "First rows")) }
                            th scope="col" { span class="ky-hidden" { (t(lang, "到", "to")) } }
                            th scope="col" { (t(lang, "导入到", "Goes to")) }
                            th scope="col" { (t(lang, "状态", "State")) }
                        } }
                        tbody { @for row in &rows { (row) } }
                    }
                }
                (settings(desk, import, &places, checked)?)
                noscript { div class="ky-card-body" { button class="ky-btn" { (t(lang, "保存", "Save")) } } }
            }
            (check::pane(desk, import, checked, &places, look)?)
        }
        (check::foot(import, checked, lang))
    })
}

/// The sheet and the row of its header, where there is a choice.
fn sheet(import: &Import, checked: Option<&Checked>, lang: Lang) -> Markup {
    let sheets = checked.map_or(&[][..], |it| &it.sheets);
    html! {
        @if sheets.len() > 1 {
            label class="ky-small" { (t(lang, "工作表 ", "Sheet "))
                select class="ky-select is-small" name="sheet" id="sheet" { @for it in sheets { option selected[*it == import.plan.sheet] { (it) } } }
            }
        }
        label class="ky-small" { (t(lang, "表头在第 ", "Header in row "))
            input class="ky-input is-small is-row" type="number" min="1" max="1000" name="header" id="header" value=(import.plan.header);
            (t(lang, " 行", ""))
        }
    }
}

fn row(
    import: &Import,
    places: &[Place],
    (at, column): (usize, &Column),
    filled: Option<&Filled>,
    (class, says): (&str, &str),
    lang: Lang,
) -> Markup {
    let place = places.iter().find(|it| !column.to.is_empty() && it.path() == column.to);
    let samples = filled.map_or(String::new(), |it| it.samples.join(t(lang, "；", "; ")));
    let option = |it: &Place| {
        let path = it.path();
        let is_needed = it.field.required && it.of.is_none();
        html! {
            option value=(path) selected[path == column.to] {
                (it.label(lang)) @if is_needed { " *" } @if it.fixed { (t(lang, "（只核对）", " (check only)")) }
            }
        }
    };
    let parts: Vec<&'static EntityDef> = places.iter().filter_map(|it| it.of).collect();
    let mut groups: Vec<&'static EntityDef> = Vec::new();
    parts.into_iter().for_each(|it| {
        if !groups.iter().any(|known| std::ptr::eq(*known, it)) {
            groups.push(it);
        }
    });
    let label = match lang {
        Lang::Zh => format!("“{}”导入到", column.header),
        Lang::En => format!("“{}” goes to", column.header),
    };
    html! {
        tr {
            td class="is-center" { span class="ky-letter" { (letter(at)) } }
            th scope="row" class="ky-clip" title=(column.header) { (column.header) }
            td class="ky-clip ky-mute ky-small" title=(samples) { (samples) }
            td class="is-center ky-mute" { (icon14("arrow-right")) }
            td {
                div class="ky-row" {
                    select class="ky-select" id={ "c" (at) } name={ "c" (at) ".to" } aria-label=(label) {
                        option value="" { (t(lang, "不导入此列", "Not imported")) }
                        optgroup label=(import.def.label.of(lang)) { @for it in places.iter().filter(|it| it.of.is_none()) { (option(it)) } }
                        @for group in groups {
                            optgroup label=(group.label.of(lang)) { @for it in places.iter().filter(|it| it.of.is_some_and(|of| std::ptr::eq(of, group))) { (option(it)) } }
                        }
                    }
                    @if place.is_some_and(|it| it.field.kind.is_amount() && !matches!(it.field.kind, Kind::Int | Kind::Rate)) {
                        select class="ky-select is-small" id={ "f" (at) } name={ "c" (at) ".factor" } aria-label=(t(lang, "单位", "Unit")) {
                            @for (factor, name) in [(1, "× 1"), (1_000, "× 1,000"), (10_000, "× 10,000")] { option value=(factor) selected[column.factor.max(1) == factor] { (name) } }
                        }
                    }
                    @if place.is_some_and(|it| matches!(it.field.kind, Kind::Date)) {
                        select class="ky-select is-small" id={ "m" (at) } name={ "c" (at) ".month" } aria-label=(t(lang, "日期写法", "How dates are written")) {
                            @for (value, now, name) in [("", None, t(lang, "年月日", "Y-M-D")), ("1", Some(true), t(lang, "月/日/年", "M/D/Y")), ("0", Some(false), t(lang, "日/月/年", "D/M/Y"))] {
                                option value=(value) selected[column.month_first == now] { (name) }
                            }
                        }
                    }
                }
            }
            td class="ky-clip" title=(says) { span class={ "ky-status " (class) } {} " " (says) }
        }
    }
}

/// `A` for the first column, `AA` for the 27th.
fn letter(at: usize) -> String {
    let last = char::from(b'A' + (at % 26) as u8);
    if at < 26 { last.to_string() } else { letter(at / 26 - 1) + &last.to_string() }
}

fn state(
    plan: &Plan,
    column: &Column,
    place: Option<&Place>,
    filled: Option<&Filled>,
    lang: Lang,
) -> (&'static str, String) {
    let says = |zh, en| t(lang, zh, en).to_owned();
    let Some(place) = place else { return ("is-hollow", says("不导入", "Not imported")) };
    let Some(filled) = filled else { return ("", says("等待检查", "To be checked")) };
    let unclear = unclear(column, filled).count();
    let rows = |rows: i64| amount(rows, 0, 0);
    if unclear > 0 {
        let zh = format!("{unclear} 个值没有对上");
        return (
            "is-warn",
            if lang == Lang::Zh {
                zh
            } else {
                format!("{unclear} unknown {}", if unclear == 1 { "value" } else { "values" })
            },
        );
    }
    if filled.wrong > 0 {
        let reason = filled.reason.as_ref().map_or(String::new(), |it| fault(it, lang));
        let n = rows(filled.wrong);
        return (
            "is-warn",
            if lang == Lang::Zh { format!("{n} 行：{reason}") } else { format!("{n}: {reason}") },
        );
    }
    if filled.filled == 0 {
        return ("is-hollow", says("全是空的", "Nothing in it"));
    }
    if place.fixed {
        return ("is-info", says("只核对，不写入", "Checked, not written"));
    }
    let key = plan.keys.contains(&column.to);
    match place.field.kind {
        kind if kind.is_amount() && !matches!(kind, Kind::Rate | Kind::Int) => {
            ("is-ok", says("合计 ", "Total ") + &figure(kind, filled.sum))
        }
        Kind::Code | Kind::Link(_) => {
            let n = rows(filled.filled);
            ("is-ok", if lang == Lang::Zh { format!("识别 {n} 行") } else { format!("{n} rows recognised") })
        }
        Kind::Choice(_) if !column.values.is_empty() => ("is-ok", says("按下面的取值换算", "As said below")),
        _ if key => ("is-ok", says("已对应，用于查找", "Mapped, finds records")),
        _ => ("is-ok", says("已对应", "Mapped")),
    }
}

fn unclear<'a>(column: &'a Column, filled: &'a Filled) -> impl Iterator<Item = &'a import::Meant> {
    filled
        .values
        .iter()
        .filter(|it| it.value.is_none() && !it.text.is_empty() && !column.values.contains_key(&it.text))
}

/// What the texts of a column stand for, where that is not clear or was said.
fn values(
    desk: &mut Desk,
    import: &Import,
    (at, column): (usize, &Column),
    place: &Place,
    filled: &Filled,
) -> Result<Option<Markup>> {
    let lang = desk.actor.lang;
    let open: Vec<_> = unclear(column, filled).cloned().collect();
    if open.is_empty() && column.values.is_empty() {
        return Ok(None);
    }
    let said = filled.values.iter().filter(|it| column.values.contains_key(&it.text)).cloned();
    let asked: Vec<_> = open.into_iter().chain(said).take(TEXTS).collect();
    let cells = Cells::of(desk);
    let known: Vec<_> = filled.values.iter().filter(|it| !column.values.contains_key(&it.text)).collect();
    let mut others = Vec::new();
    for meant in known {
        if let Some(value) = meant.value.as_ref().filter(|_| !meant.text.is_empty() && others.len() < 4) {
            let text = crate::print::shown(desk, &cells, place.field, value)?;
            if text != meant.text || matches!(place.field.kind, Kind::Choice(_)) {
                others.push((meant, value, text));
            }
        }
    }
    let mut chips = Vec::new();
    for (n, meant) in asked.iter().enumerate() {
        let now = column.values.get(&meant.text).map(|it| if it.is_empty() { EMPTY } else { it });
        let label = match lang {
            Lang::Zh => format!("“{}”是", meant.text),
            Lang::En => format!("“{}” means", meant.text),
        };
        let owner = place.of.unwrap_or(import.def);
        let chooser =
            chooser(desk, owner, place.field, &format!("c{at}.v{n}"), now.unwrap_or(""), &label, true)?;
        chips.push(html! {
            span class="ky-value-map" {
                "“" (meant.text) "” " span class="ky-mute" { (amount(meant.rows, 0, 0)) (t(lang, " 行", if meant.rows == 1 { " row" } else { " rows" })) } (icon12("arrow-right"))
                input type="hidden" name={ "c" (at) ".k" (n) } value=(meant.text);
                (chooser)
            }
        });
    }
    let may_create = matches!(place.field.kind, Kind::Code)
        && desk.entity("code_entry").is_ok_and(|def| desk.may(def, "create").is_ok());
    Ok(Some(html! {
        tr class="is-values" { td {} td colspan="5" { div {
            @for chip in &chips { (chip) }
            @for (meant, value, text) in &others {
                span class="ky-value-map" {
                    "“" (meant.text) "” " span class="ky-mute" { (amount(meant.rows, 0, 0)) (t(lang, " 行", if meant.rows == 1 { " row" } else { " rows" })) } (icon12("arrow-right"))
                    @match (place.field.kind, value) {
                        (Kind::Choice(all), model::Value::Text(code)) => { (choice(place.field, all, code, text, lang)) }
                        _ => { b { (text) } }
                    }
                }
            }
            label class="ky-value-map" { (t(lang, "其余没有对上的", "Other unknown texts"))
                select class="ky-select is-small" id={ "u" (at) } name={ "c" (at) ".unknown" } {
                    option value="refuse" selected[column.unknown == Unknown::Refuse] { (t(lang, "这一行不导入", "refuse the row")) }
                    option value="empty" selected[column.unknown == Unknown::Empty] { (t(lang, "留空", "leave empty")) }
                    @if may_create { option value="create" selected[column.unknown == Unknown::Create] { (t(lang, "加入代码表", "add to the table")) } }
                }
            }
        } } }
    }))
}

/// A select of what a field may hold, or a box where that is no short list.
fn chooser(
    desk: &mut Desk,
    def: &'static EntityDef,
    field: &'static FieldDef,
    name: &str,
    now: &str,
    label: &str,
    may_be_empty: bool,
) -> Result<Markup> {
    let lang = desk.actor.lang;
    let mut found: Vec<(String, String)> = match field.kind {
        Kind::Bool => {
            vec![("true".into(), t(lang, "是", "Yes").into()), ("false".into(), t(lang, "否", "No").into())]
        }
        _ => {
            let all = desk.options(def, field, "", &Input::default(), CHOICES + 1)?;
            all.into_iter().map(|it| (it.value, it.title)).collect()
        }
    };
    if found.is_empty() || found.len() > CHOICES {
        return Ok(html! {
            input class="ky-input is-small" id=(name) name=(name) value=(now) aria-label=(label) placeholder=(t(lang, "名称或编码", "Name or code"));
        });
    }
    if !now.is_empty() && now != EMPTY && !found.iter().any(|it| it.0 == now) {
        found.insert(0, (now.to_owned(), now.to_owned()));
    }
    Ok(html! {
        select class="ky-select is-small" id=(name) name=(name) aria-label=(label) {
            option value="" { (t(lang, "请选择", "Choose")) }
            @if may_be_empty { option value=(EMPTY) selected[now == EMPTY] { (t(lang, "（留空）", "(leave empty)")) } }
            @for (value, title) in &found { option value=(value) selected[value == now] { (title) } }
        }
    })
}

/// By which fields records are found, and what new ones hold where the file says nothing.
fn settings(desk: &mut Desk, import: &Import, places: &[Place], checked: Option<&Checked>) -> Result<Markup> {
    let (lang, plan) = (desk.actor.lang, &import.plan);
    let keys = places.iter().filter(|it| {
        let is_own = it.of.is_none() && !it.field.is_custom() && matches!(it.field.kind, Kind::Text);
        is_own
            && (it.field.unique || it.field.search)
            && plan.columns.iter().any(|column| column.to == it.field.name)
    });
    let keys: Vec<&Place> = keys.collect();
    let faults = match checked.map(|it| &it.result) {
        Some(Err(Error::Invalid(faults))) => faults.as_slice(),
        _ => &[],
    };
    let mut defaults = Vec::new();
    for (path, text) in &plan.defaults {
        let Some(place) = places.iter().find(|it| it.path() == *path) else { continue };
        let label = place.label(lang);
        let control = chooser(
            desk,
            place.of.unwrap_or(import.def),
            place.field,
            &format!("d.{path}"),
            text,
            &label,
            false,
        )?;
        let wrong = faults.iter().find(|it| it.field == *path).map(|it| fault(it, lang));
        defaults.push((path, label, control, wrong));
    }
    let free = |it: &&Place| {
        !it.fixed
            && !plan.columns.iter().any(|column| column.to == it.path())
            && !plan.defaults.contains_key(&it.path())
    };
    Ok(html! {
        div class="ky-card-body ky-import-settings" {
            @if !keys.is_empty() {
                fieldset class="ky-row" {
                    legend class="ky-mute ky-small" { (t(lang, "按这些字段找已有的记录，找到就更新", "Records are found by these fields, and updated")) }
                    input type="hidden" name="keys" value="1";
                    @for key in keys { label { input class="ky-check" type="checkbox" name="key" value=(key.field.name) checked[plan.keys.iter().any(|it| it == key.field.name)]; " " (key.field.label.of(lang)) } }
                }
            }
            div class="ky-row" {
                span class="ky-mute ky-small" { (t(lang, "新建时另填", "New records also get")) }
                @for (path, label, control, wrong) in &defaults {
                    span class="ky-value-map" {
                        (label) (icon12("arrow-right")) (control)
                        @if let Some(wrong) = wrong { small class="ky-error" { (wrong) } }
                        button class="ky-iconbtn is-small" name="remove" value=(path) aria-label={ (t(lang, "去掉 ", "Remove ")) (label) } { (icon12("x")) }
                    }
                }
                select class="ky-select is-small" name="add" id="add" aria-label=(t(lang, "加一个默认值", "Add a default")) {
                    option value="" { (t(lang, "加一个默认值", "Add a default")) }
                    @for it in places.iter().filter(free) { option value=(it.path()) { (it.label(lang)) } }
                }
            }
        }
    })
}

/// The plan as a form changes it. Another sheet or header means another plan.
pub fn changed(desk: &mut Desk, import: &Import, file: &Path, form: &[(String, String)]) -> Result<Plan> {
    let before = &import.plan;
    let mut plan = before.clone();
    let has = |key: &str| form.iter().any(|it| it.0 == key);
    let sheet = if has("sheet") { value(form, "sheet").to_owned() } else { plan.sheet.clone() };
    let header: u64 = value(form, "header").parse().unwrap_or(plan.header);
    if sheet != plan.sheet || header != plan.header {
        plan.header = if sheet == plan.sheet { header } else { 0 };
        plan.sheet = sheet;
        let mut reader = import::open(file, &import.batch.file, &plan)?;
        return desk.plan_for(import.def, &mut reader);
    }
    for at in 0..plan.columns.len() {
        let key = |what: &str| format!("c{at}.{what}");
        if !has(&key("to")) {
            continue;
        }
        let (column, to) = (&mut plan.columns[at], value(form, &key("to")));
        if to != before.columns[at].to {
            let header = column.header.clone();
            let factor = if header.contains('万') { 10_000 } else { 1 };
            *column = Column {
                header,
                to: to.to_owned(),
                factor,
                month_first: column.month_first,
                decimal_comma: column.decimal_comma,
                ..Column::default()
            };
            continue;
        }
        if has(&key("factor")) {
            column.factor = value(form, &key("factor")).parse().unwrap_or(1);
        }
        if has(&key("month")) {
            column.month_first = match value(form, &key("month")) {
                "1" => Some(true),
                "0" => Some(false),
                _ => None,
            };
        }
        match value(form, &key("unknown")) {
            "refuse" => column.unknown = Unknown::Refuse,
            "empty" => column.unknown = Unknown::Empty,
            "create" => column.unknown = Unknown::Create,
            _ => {}
        }
        for n in (0..TEXTS).take_while(|n| has(&key(&format!("k{n}")))) {
            let text = value(form, &key(&format!("k{n}"))).to_owned();
            match value(form, &key(&format!("v{n}"))).trim() {
                "" => drop(column.values.remove(&text)),
                EMPTY => drop(column.values.insert(text, String::new())),
                meant => drop(column.values.insert(text, meant.to_owned())),
            }
        }
    }
    // A field is given to one column: to the one that it was just chosen for.
    for at in 0..plan.columns.len() {
        let to = plan.columns[at].to.clone();
        if !to.is_empty() && to != before.columns[at].to {
            let others = plan.columns.iter_mut().enumerate().filter(|it| it.0 != at && it.1.to == to);
            others.for_each(|it| it.1.to.clear());
        }
    }
    if has("keys") {
        plan.keys = form.iter().filter(|it| it.0 == "key").map(|it| it.1.clone()).collect();
    }
    plan.keys.retain(|key| plan.columns.iter().any(|it| it.to == *key));
    for (key, text) in form {
        if let Some(path) = key.strip_prefix("d.")
            && plan.defaults.contains_key(path)
        {
            plan.defaults.insert(path.to_owned(), text.trim().to_owned());
        }
    }
    plan.defaults.remove(value(form, "remove"));
    let add = value(form, "add");
    if !add.is_empty() {
        plan.defaults.insert(add.to_owned(), String::new());
    }
    Ok(plan)
}
