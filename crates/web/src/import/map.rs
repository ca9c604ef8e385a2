//! Step 2, at the left: what each column of the file means, by which fields records are found, what new ones hold.

use maud::{Markup, html};
use model::import::{self, Column, Filled, Meant, Place, Plan, Unknown};
use model::message::fault;
use model::{Desk, EntityDef, Error, Given, Input, Kind, Result, Value};

use super::check::{self, WHOLE};
use super::{Import, steps};
use crate::list::cell::{Cells, choice};
use crate::list::table::figure;
use crate::ui::{count, icon12, icon14, t};
use crate::{Site, says};

/// Texts of a column that can be given a meaning one by one.
const TEXTS: usize = 24;
/// Texts whose meaning is clear that are told beside them.
const KNOWN: usize = 4;
/// More choices than these are written instead of chosen.
const CHOICES: usize = 300;
/// What amounts of a file may be counted in.
const FACTORS: [(&str, &str); 3] = [("1", "× 1"), ("1000", "× 1,000"), ("10000", "× 10,000")];
/// The value of a select that leaves the field empty.
const EMPTY: &str = "-";

pub fn page(desk: &mut Desk, import: &Import, fate: &str) -> Result<Markup> {
    let lang = import.lang;
    let plan = &import.plan;
    let columns = plan.columns.len();
    let fact = match import.preview().map(|it| count(it.rows)) {
        None => says!(lang, "{columns} 列", "{columns} columns"),
        Some(rows) => says!(lang, "{columns} 列，{rows} 行", "{columns} columns, {rows} rows"),
    };
    let mut rows = Vec::new();
    let (mut mapped, mut open) = (0, 0);
    for (at, column) in plan.columns.iter().enumerate() {
        let state = state(import, at);
        mapped += usize::from(import.place(&column.to).is_some());
        open += usize::from(state.0 == "is-warn");
        rows.push(row(import, at, &state));
        rows.extend(values(desk, import, at)?);
    }
    let says = match open {
        0 => says!(lang, "{columns} 列，已对应 {mapped} 列", "{mapped} of {columns} columns mapped"),
        _ => says!(
            lang,
            "{columns} 列，已对应 {mapped} 列，其中 {open} 列待处理",
            "{mapped} of {columns} columns mapped, {open} need a look"
        ),
    };
    Ok(html! {
        (steps(lang, 2, &import.batch.file, &fact))
        div class="ky-wizard" {
            form class="ky-card" id="plan" method="post" action=(import.link("/plan")) autocomplete="off"
                hx-post=(import.link("/plan")) hx-trigger="change" hx-target="#main" hx-swap=(WHOLE) hx-select="#main" aria-labelledby="map" {
                input type="hidden" name="fate" value=(fate);
                header {
                    h2 id="map" { (t(lang, "列对应", "Columns")) }
                    span class="ky-mute ky-small" { (says) }
                    span class="ky-grow" {}
                    (sheet(import))
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
                (settings(desk, import)?)
                noscript { div class="ky-card-body" { button class="ky-btn" { (t(lang, "保存", "Save")) } } }
            }
            (check::pane(desk, import, fate)?)
        }
        (check::ahead(import))
    })
}

/// The sheet and the row of its header, where there is a choice.
fn sheet(import: &Import) -> Markup {
    let lang = import.lang;
    let sheets = import.checked.as_ref().map_or(&[][..], |it| &it.sheets);
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

fn row(import: &Import, at: usize, (class, says): &(&str, String)) -> Markup {
    let (lang, column) = (import.lang, &import.plan.columns[at]);
    let header = &column.header;
    let kind = import.place(&column.to).map(|it| it.field.kind);
    let samples = import.filled(at).map_or(String::new(), |it| it.samples.join(t(lang, "；", "; ")));
    let of = |it: &Place| (it.of.unwrap_or(import.def).code, it.line, it.link.map(|it| it.name));
    let group = |it: &Place| {
        let of = it.of.unwrap_or(import.def).label.of(lang);
        if it.line && it.link.is_some() {
            says!(lang, "明细的{of}", "{of} of the line")
        } else {
            of.to_owned()
        }
    };
    let (key, factor) = (|what| format!("c{at}.{what}"), column.factor.max(1).to_string());
    let month = column.month_first.map_or("", |it| if it { "1" } else { "0" });
    let months = [
        ("", t(lang, "年月日", "Y-M-D")),
        ("1", t(lang, "月/日/年", "M/D/Y")),
        ("0", t(lang, "日/月/年", "D/M/Y")),
    ];
    let option = |it: &Place| {
        let path = it.path();
        let is_needed = it.field.required && it.of.is_none();
        html! {
            option value=(path) selected[path == column.to] {
                (it.label(lang)) @if is_needed { " *" } @if it.fixed { (t(lang, "（只核对）", " (check only)")) }
            }
        }
    };
    html! {
        tr {
            td class="is-center" { span class="ky-letter" { (letter(at)) } }
            th scope="row" class="ky-clip" title=(column.header) { (column.header) }
            td class="ky-clip ky-mute ky-small" title=(samples) { (samples) }
            td class="is-center ky-mute" { (icon14("arrow-right")) }
            td {
                div class="ky-row" {
                    select class="ky-select" id={ "c" (at) } name={ "c" (at) ".to" } aria-label=(says!(lang, "“{header}”导入到", "“{header}” goes to")) {
                        option value="" { (t(lang, "不导入此列", "Not imported")) }
                        @for some in import.places.chunk_by(|one, next| of(one) == of(next)) {
                            optgroup label=(group(&some[0])) { @for it in some { (option(it)) } }
                        }
                    }
                    @if kind.is_some_and(is_scaled) { (select(&key("factor"), t(lang, "单位", "Unit"), &factor, &FACTORS)) }
                    @if matches!(kind, Some(Kind::Date)) { (select(&key("month"), t(lang, "日期写法", "How dates are written"), month, &months)) }
                }
            }
            td class="ky-clip" title=(says) { span class={ "ky-status " (class) } {} " " (says) }
        }
    }
}

/// A choice among few: value and label.
fn select(name: &str, label: &str, now: &str, all: &[(&str, &str)]) -> Markup {
    html! {
        select class="ky-select is-small" id=(name) name=(name) aria-label=(label) {
            @for (value, title) in all { option value=(value) selected[*value == now] { (title) } }
        }
    }
}

/// `A` for the first column, `AA` for the 27th.
fn letter(at: usize) -> String {
    let last = char::from(b'A' + (at % 26) as u8);
    if at < 26 { last.to_string() } else { letter(at / 26 - 1) + &last.to_string() }
}

/// Whether a file may count it in thousands.
fn is_scaled(kind: Kind) -> bool {
    kind.is_amount() && !matches!(kind, Kind::Int | Kind::Rate)
}

/// How a column stands: its mark and its word.
fn state(import: &Import, at: usize) -> (&'static str, String) {
    let (lang, column) = (import.lang, &import.plan.columns[at]);
    let says = |zh, en| t(lang, zh, en).to_owned();
    let Some(place) = import.place(&column.to) else {
        return ("is-hollow", says("不导入", "Not imported"));
    };
    let Some(filled) = import.filled(at) else { return ("", says("等待检查", "To be checked")) };
    match (place.field.kind, unclear(column, filled).count()) {
        (_, 1) => ("is-warn", says("1 个值没有对上", "1 unknown value")),
        (_, n @ 2..) => ("is-warn", says!(lang, "{n} 个值没有对上", "{n} unknown values")),
        _ if filled.wrong > 0 => {
            let reason = filled.reason.as_ref().map_or(String::new(), |it| fault(it, lang));
            let n = count(filled.wrong);
            ("is-warn", says!(lang, "{n} 行：{reason}", "{n}: {reason}"))
        }
        _ if filled.filled == 0 => ("is-hollow", says("全是空的", "Nothing in it")),
        _ if place.fixed => ("is-info", says("只核对，不写入", "Checked, not written")),
        (kind, _) if is_scaled(kind) => ("is-ok", says("合计 ", "Total ") + &figure(kind, filled.sum)),
        (Kind::Code | Kind::Link(_), _) => {
            let n = count(filled.filled);
            ("is-ok", says!(lang, "识别 {n} 行", "{n} rows recognised"))
        }
        (Kind::Choice(_), _) if !column.values.is_empty() => {
            ("is-ok", says("按下面的取值换算", "As said below"))
        }
        _ if import.plan.keys.contains(&column.to) => {
            ("is-ok", says("已对应，用于查找", "Mapped, finds records"))
        }
        _ => ("is-ok", says("已对应", "Mapped")),
    }
}

fn unclear<'a>(column: &'a Column, filled: &'a Filled) -> impl Iterator<Item = &'a Meant> {
    let is_said = |it: &&Meant| column.values.contains_key(&it.text);
    filled.values.iter().filter(move |it| it.value.is_none() && !it.text.is_empty() && !is_said(it))
}

/// What the texts of a column stand for, where that is not clear or was said.
fn values(desk: &mut Desk, import: &Import, at: usize) -> Result<Option<Markup>> {
    let (lang, cells) = (import.lang, Cells::of(desk));
    let column = &import.plan.columns[at];
    let (Some(place), Some(filled)) = (import.place(&column.to), import.filled(at)) else { return Ok(None) };
    let (said, known): (Vec<&Meant>, Vec<&Meant>) =
        filled.values.iter().partition(|it| column.values.contains_key(&it.text));
    let asked: Vec<&Meant> = unclear(column, filled).chain(said).take(TEXTS).collect();
    if asked.is_empty() && column.values.is_empty() {
        return Ok(None);
    }
    let chip = |meant: &Meant, what: &Markup| {
        let (text, rows, s) = (&meant.text, count(meant.rows), if meant.rows == 1 { "" } else { "s" });
        html! { span class="ky-value-map" { "“" (text) "” " span class="ky-mute" { (says!(lang, "{rows} 行", "{rows} row{s}")) } (icon12("arrow-right")) (what) } }
    };
    let mut chips = Vec::new();
    for (n, meant) in asked.into_iter().enumerate() {
        let text = &meant.text;
        let now = column.values.get(text).map_or("", |it| if it.is_empty() { EMPTY } else { it });
        let label = says!(lang, "“{text}”是", "“{text}” means");
        let chooser = chooser(desk, import, place, &format!("c{at}.v{n}"), now, &label, true)?;
        chips.push(chip(
            meant,
            &html! { input type="hidden" name={ "c" (at) ".k" (n) } value=(text); (chooser) },
        ));
    }
    let least = chips.len();
    for meant in known.into_iter().filter(|it| !it.text.is_empty()) {
        let Some(value) = meant.value.as_ref().filter(|_| chips.len() < least + KNOWN) else { continue };
        let text = crate::print::shown(desk, &cells, place.field, value)?;
        match (place.field.kind, value) {
            (Kind::Choice(all), Value::Text(code)) => {
                chips.push(chip(meant, &choice(place.field, all, code, &text, lang)));
            }
            _ if text != meant.text => chips.push(chip(meant, &html! { b { (text) } })),
            _ => {}
        }
    }
    let may_create = matches!(place.field.kind, Kind::Code)
        && desk.entity("code_entry").is_ok_and(|def| desk.may(def, "create").is_ok());
    let mut ways = vec![
        ("refuse", t(lang, "这一行不导入", "refuse the row")),
        ("empty", t(lang, "留空", "leave empty")),
    ];
    if may_create {
        ways.push(("create", t(lang, "加入代码表", "add to the table")));
    }
    let unknown = match column.unknown {
        Unknown::Refuse => "refuse",
        Unknown::Empty => "empty",
        Unknown::Create => "create",
    };
    let rest = t(lang, "其余没有对上的", "Other unknown texts");
    Ok(Some(html! {
        tr class="is-values" { td {} td colspan="5" { div {
            @for chip in &chips { (chip) }
            span class="ky-value-map" { (rest) (select(&format!("c{at}.unknown"), rest, unknown, &ways)) }
        } } }
    }))
}

/// A select of what a field may hold, or a box where that is no short list.
fn chooser(
    desk: &mut Desk,
    import: &Import,
    place: &Place,
    name: &str,
    now: &str,
    label: &str,
    may_be_empty: bool,
) -> Result<Markup> {
    let lang = desk.actor.lang;
    let def = place.of.unwrap_or(import.def);
    let found = desk.options(def, place.field, "", &Input::default(), CHOICES + 1)?;
    let mut all = vec![("", t(lang, "请选择", "Choose"))];
    if may_be_empty {
        all.push((EMPTY, t(lang, "（留空）", "(leave empty)")));
    }
    match place.field.kind {
        Kind::Bool => all.extend([("true", t(lang, "是", "Yes")), ("false", t(lang, "否", "No"))]),
        _ if found.is_empty() || found.len() > CHOICES => {
            return Ok(html! {
                input class="ky-input is-small" id=(name) name=(name) value=(now) aria-label=(label) placeholder=(t(lang, "名称或编码", "Name or code"));
            });
        }
        _ => all.extend(found.iter().map(|it| (it.value.as_str(), it.title.as_str()))),
    }
    if !all.iter().any(|it| it.0 == now) {
        all.push((now, now));
    }
    Ok(select(name, label, now, &all))
}

/// By which fields records are found, and what new ones hold where the file says nothing.
fn settings(desk: &mut Desk, import: &Import) -> Result<Markup> {
    let (lang, plan) = (import.lang, &import.plan);
    let maps = |path: &str| plan.columns.iter().any(|column| column.to == path);
    let finds = |it: &&Place| {
        let is_own = it.of.is_none() && !it.field.is_custom() && matches!(it.field.kind, Kind::Text);
        is_own && (it.field.unique || it.field.search) && maps(it.field.name)
    };
    // A document is found by its number.
    let is_document = plan.has_lines();
    let keys: Vec<&Place> = import.places.iter().filter(|it| !is_document && finds(it)).collect();
    let profiles = desk.profiles(import.def)?;
    let mut makes: Vec<&EntityDef> =
        import.places.iter().filter(|it| it.link.is_some()).filter_map(|it| it.of).collect();
    makes.dedup_by_key(|it| it.code);
    makes.retain(|it| desk.may(it, "create").is_ok());
    let is_made = |it: &EntityDef| plan.create.iter().any(|code| code == it.code);
    let faults = match import.checked.as_ref().map(|it| &it.result) {
        Some(Err(Error::Invalid(faults))) => faults.as_slice(),
        _ => &[],
    };
    let mut defaults = Vec::new();
    for (path, text) in &plan.defaults {
        let Some(place) = import.place(path) else { continue };
        let label = place.label(lang);
        let control = chooser(desk, import, place, &format!("d.{path}"), text, &label, false)?;
        let wrong = faults.iter().find(|it| it.field == *path).map(|it| fault(it, lang));
        defaults.push((path, label, control, wrong));
    }
    let free = |it: &&Place| !it.fixed && !maps(&it.path()) && !plan.defaults.contains_key(&it.path());
    Ok(html! {
        div class="ky-card-body ky-import-settings" {
            div class="ky-row" {
                @if !profiles.is_empty() {
                    label class="ky-mute ky-small" for="profile" { (t(lang, "按已有的配置", "By a profile")) }
                    select class="ky-select is-small" name="profile" id="profile" {
                        option value="" { (t(lang, "选一个导入配置", "Choose a profile")) }
                        @for it in &profiles { option value=(it.name) selected[it.name == plan.profile] { (it.profile.label(lang)) } }
                    }
                    @if let Some(it) = profiles.iter().find(|it| it.name == plan.profile && it.mine.is_some()) {
                        button class="ky-iconbtn is-small" name="forget" value=[it.mine] hx-post=(import.link("/plan")) hx-target="#main" hx-swap=(WHOLE) hx-select="#main" aria-label={ (t(lang, "删除配置 ", "Delete the profile ")) (it.name) } { (icon12("trash")) }
                    }
                }
                label class="ky-mute ky-small" for="profile_name" { (t(lang, "把上面的对应存为配置", "Save this mapping as a profile")) }
                input class="ky-input is-small" name="profile_name" id="profile_name" maxlength="40" placeholder=(t(lang, "名称", "Name"));
                button class="ky-btn is-small" name="keep" value="1" hx-post=(import.link("/plan")) hx-target="#main" hx-swap=(WHOLE) hx-select="#main" { (t(lang, "存为配置", "Save profile")) }
            }
            @if is_document {
                fieldset class="ky-row" {
                    legend class="ky-mute ky-small" { (t(lang, "单号相同的行是一张单据", "Rows of one number are one document")) }
                    input type="hidden" name="document" value="1";
                    label { input class="ky-check" type="checkbox" name="history" value="1" checked[plan.history]; " " (t(lang, "历史单据：按日期过账，不经过信用、库存和退货检查", "History: posted by date, past the gates of credit, stock and returns")) }
                    @for it in &makes { label { input class="ky-check" type="checkbox" name={ "create." (it.code) } value="1" checked[is_made(it)]; " " (t(lang, "新建没有的", "Make missing ")) (it.many(lang).to_lowercase()) } }
                    @if let Some(opposite) = plan.opposite.as_ref().and_then(|it| desk.entity(&it.entity).ok()) {
                        span class="ky-mute ky-small" { (t(lang, "负数的成为", "Those below zero become ")) (opposite.many(lang).to_lowercase()) }
                    }
                }
            }
            @if !keys.is_empty() {
                fieldset class="ky-row" {
                    legend class="ky-mute ky-small" { (t(lang, "按这些字段找已有的记录，找到就更新", "Records are found by these fields, and updated")) }
                    input type="hidden" name="keys" value="1";
                    @for key in keys { label { input class="ky-check" type="checkbox" name={ "key." (key.field.name) } value="1" checked[plan.keys.iter().any(|it| it == key.field.name)]; " " (key.field.label.of(lang)) } }
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
                    @for it in import.places.iter().filter(free) { option value=(it.path()) { (it.label(lang)) } }
                }
            }
        }
    })
}

/// The plan as a form changes it. Another sheet or header means another plan.
pub fn changed(desk: &mut Desk, import: &Import, site: &Site, form: &Input) -> Result<Plan> {
    let said = |key: String| form.fields.get(&key).map(Given::text);
    let mut plan = import.plan.clone();
    let sheet = said("sheet".into()).unwrap_or(&plan.sheet).to_owned();
    let header = form.text("header").parse().unwrap_or(plan.header);
    if sheet != plan.sheet || header != plan.header {
        plan.header = if sheet == plan.sheet { header } else { 0 };
        plan.sheet = sheet;
        let mut reader = import::open(import.file(site).as_path(), &import.batch.file, &plan)?;
        return desk.plan_for(import.def, &mut reader);
    }
    if let Some(profile) = said("profile".into()).filter(|it| *it != plan.profile) {
        plan.profile = profile.to_owned();
        if !profile.is_empty() {
            desk.profile(import.def, profile)?.fit(&mut plan)?;
            return Ok(plan);
        }
    }
    if said("document".into()).is_some() {
        plan.history = said("history".into()).is_some();
        plan.create =
            form.fields.keys().filter_map(|it| it.strip_prefix("create.")).map(str::to_owned).collect();
    }
    let mut moved = Vec::new();
    for (at, column) in plan.columns.iter_mut().enumerate() {
        let said = |what: &str| said(format!("c{at}.{what}"));
        let Some(to) = said("to") else { continue };
        if to != column.to {
            let factor = if column.header.contains('万') { 10_000 } else { 1 };
            let Column { header, month_first, decimal_comma, .. } = std::mem::take(column);
            let to = to.to_owned();
            *column = Column { header, to, factor, month_first, decimal_comma, ..Column::default() };
            moved.push(at);
            continue;
        }
        if let Some(factor) = said("factor") {
            column.factor = factor.parse().unwrap_or(1);
        }
        if let Some(month) = said("month") {
            column.month_first = ["0", "1"].contains(&month).then_some(month == "1");
        }
        if let Ok(unknown) = serde_json::from_value(said("unknown").into()) {
            column.unknown = unknown;
        }
        for n in 0..TEXTS {
            let Some(text) = said(&format!("k{n}")) else { break };
            match said(&format!("v{n}")).unwrap_or_default().trim() {
                "" => drop(column.values.remove(text)),
                EMPTY => drop(column.values.insert(text.to_owned(), String::new())),
                meant => drop(column.values.insert(text.to_owned(), meant.to_owned())),
            }
        }
    }
    // A field is given to one column: to the one that it was just chosen for.
    for at in moved {
        let to = plan.columns[at].to.clone();
        let others = plan.columns.iter_mut().enumerate().filter(|it| it.0 != at && it.1.to == to);
        others.for_each(|it| it.1.to.clear());
    }
    if said("keys".into()).is_some() {
        let chosen = import.places.iter().map(Place::path).filter(|it| said(format!("key.{it}")).is_some());
        plan.keys = chosen.collect();
    }
    plan.keys.retain(|key| plan.columns.iter().any(|it| it.to == *key));
    for (path, text) in &mut plan.defaults {
        if let Some(said) = said(format!("d.{path}")) {
            *text = said.trim().to_owned();
        }
    }
    plan.defaults.remove(form.text("remove"));
    let add = form.text("add");
    if !add.is_empty() {
        plan.defaults.insert(add.to_owned(), String::new());
    }
    Ok(plan)
}
