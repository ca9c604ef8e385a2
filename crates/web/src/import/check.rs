//! What a check of the file found: at the right of step 2, and the trial of step 3.

use std::collections::BTreeMap;

use maud::{Markup, html};
use model::import::{Assessed, Counts, Duplicates, Near, Place, Plan, Preview, Verdict};
use model::message::{self, fault};
use model::{Desk, Error, Fault, FieldDef, Lang, Result, Value};

use super::{Checked, Import, steps};
use crate::list::cell::Cells;
use crate::print::shown;
use crate::says;
use crate::ui::{alert, count, icon12, icon14, none, t};

/// The page is brought to what it should be, so that the place in a long table and the focus stay.
pub const WHOLE: &str = "outerMorph";
/// Rows of a fate that are drawn.
const DRAWN: usize = 50;
/// Rows of the trial.
const TRIAL: usize = 20;
/// Fields that a comparison shows.
const COMPARED: usize = 8;

fn fate(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::New(_) => "new",
        Verdict::Update(..) => "update",
        Verdict::Near { .. } => "near",
        Verdict::Same(_) => "same",
        Verdict::Passed => "skipped",
        Verdict::Refused(_) => "refused",
    }
}

/// How many of `near` near duplicates a plan treats in one way.
fn treated(plan: &Plan, near: i64, then: Duplicates) -> i64 {
    let decided = plan.decisions.values().filter(|it| **it == then).count() as i64;
    let rest = (near - plan.decisions.len() as i64).max(0);
    decided + if plan.duplicates == then { rest } else { 0 }
}

/// The counts with today's decisions about near duplicates, as far as they can be told without another check.
fn counts(import: &Import) -> Option<Counts> {
    let (before, counts) = (&import.checked.as_ref()?.plan, import.preview()?.counts);
    let more = |then| treated(&import.plan, counts.near, then) - treated(before, counts.near, then);
    Some(Counts {
        new: counts.new + more(Duplicates::New),
        updated: counts.updated + more(Duplicates::Update),
        skipped: counts.skipped + more(Duplicates::Skip),
        ..counts
    })
}

/// Asks for the check and says so meanwhile.
fn pending(import: &Import, step: &str) -> Markup {
    let lang = import.lang;
    // Another plan is another form, which asks anew: a form of the same name would stay as it is and ask no more.
    let id = format!("checking-{}{step}", import.batch.stamp.version);
    html! {
        form class="ky-card-body" id=(id) method="post" action=(import.link("/check"))
            hx-post=(import.link("/check")) hx-trigger="load" hx-target="#main" hx-swap=(WHOLE) hx-select="#main" {
            input type="hidden" name="step" value=(step);
            p class="ky-mute" role="status" { (t(lang, "正在检查整个文件，大文件要等一会儿。", "Looking through the whole file; a large one takes a while.")) }
            progress aria-label=(t(lang, "正在检查", "Checking")) {}
            noscript { button class="ky-btn" { (t(lang, "检查", "Check")) } }
        }
    }
}

/// Step 2 before anything is known of the file: with nothing but what waits, nothing moves when the check arrives.
pub fn first(import: &Import) -> Markup {
    html! {
        (steps(import.lang, 2, &import.batch.file, ""))
        div class="ky-wizard is-single" { section class="ky-card" id="first" { (pending(import, "")) div class="ky-card-body" { (give_up(import)) } } }
    }
}

fn give_up(import: &Import) -> Markup {
    html! { form method="post" action=(import.link("/drop")) { button class="ky-btn is-text" { (t(import.lang, "取消导入", "Give up")) } } }
}

pub fn pane(desk: &mut Desk, import: &Import, fate: &str) -> Result<Markup> {
    let lang = import.lang;
    let checked = import.checked.as_deref();
    let found = checked.map_or(String::new(), |it| {
        let (at, took) = (&it.at, it.took.as_secs_f64());
        says!(lang, "{at} 检查完成，用时 {took:.1} 秒", "Checked at {at}, took {took:.1} s")
    });
    let inside = match checked.map(|it| (it, &it.result)) {
        None => pending(import, ""),
        Some((_, Err(error))) => html! { div class="ky-card-body" { (broken(desk, import, error)) } },
        Some((checked, Ok(preview))) => outcomes(desk, import, checked, preview, fate)?,
    };
    Ok(html! {
        section class="ky-card" aria-labelledby="checked" {
            header {
                h2 id="checked" { (t(lang, "检查结果", "What will happen")) }
                span class="ky-mute ky-small" { (found) }
                span class="ky-grow" {}
                @if checked.is_some() {
                    form method="post" action=(import.link("/check")) hx-post=(import.link("/check")) hx-target="#main" hx-swap=(WHOLE) hx-select="#main" {
                        button class="ky-btn is-small is-text" { (icon14("refresh")) (t(lang, "重新检查", "Check again")) }
                    }
                }
            }
            (inside)
        }
    })
}

fn broken(desk: &Desk, import: &Import, error: &Error) -> Markup {
    let lang = desk.actor.lang;
    let says = message::message(error, desk.catalog().registry, import.def.code, lang);
    alert("bad", t(lang, "还不能检查", "Can't be checked yet"), says)
}

fn outcomes(
    desk: &mut Desk,
    import: &Import,
    checked: &Checked,
    preview: &Preview,
    asked: &str,
) -> Result<Markup> {
    let lang = import.lang;
    let counts = preview.counts;
    let treated = |then| treated(&checked.plan, counts.near, then);
    // Near duplicates stand by themselves here, whatever becomes of them.
    let fates = [
        ("new", t(lang, "可以新建", "New"), "is-ok", counts.new - treated(Duplicates::New)),
        ("update", t(lang, "更新", "Updated"), "", counts.updated - treated(Duplicates::Update)),
        ("near", t(lang, "疑似重复", "Near duplicates"), "is-warn", counts.near),
        ("same", t(lang, "没有变化", "The same"), "", counts.same),
        ("skipped", t(lang, "跳过", "Passed over"), "", counts.skipped - treated(Duplicates::Skip)),
        ("refused", t(lang, "有错误，不会导入", "Refused"), "is-bad", counts.refused),
    ];
    let usual = match (counts.near, counts.refused) {
        (1.., _) => "near",
        (_, 1..) => "refused",
        _ => "new",
    };
    let find = |code: &str| fates.iter().find(|it| it.0 == code);
    let (open, .., rows) = *find(asked).or(find(usual)).unwrap_or(&fates[0]);
    let missing = import.places.iter().filter(|it| {
        // What a link names may be told instead of the link.
        let (path, below) = (it.path(), it.path() + ".");
        let has = import.plan.columns.iter().any(|column| column.to == path || column.to.starts_with(&below))
            || import.plan.defaults.get(&path).is_some_and(|it| !it.is_empty());
        let own = it.of.is_none() || (it.line && it.link.is_none() && import.plan.has_lines());
        own && it.field.required && !it.fixed && it.field.default.is_none() && !has
    });
    let missing: Vec<_> = missing.map(|it| it.label(lang)).collect();
    let shown: Vec<&Assessed> = preview.shown.iter().filter(|it| fate(&it.verdict) == open).collect();
    let mut items = Vec::new();
    for row in shown.iter().take(DRAWN) {
        items.push(item(desk, import, row)?);
    }
    let more = rows - items.len() as i64;
    Ok(html! {
        @if !missing.is_empty() {
            @let which = missing.join(t(lang, "、", ", "));
            div class="ky-card-body" { (alert("warn", &says!(lang, "必填的列还没有对应：{which}", "Required and not mapped: {which}"), "")) }
        }
        div class="ky-outcomes" {
            @for (code, label, mark, rows) in fates {
                @if matches!(code, "new" | "near" | "refused") || rows > 0 {
                    @let link = import.link(&format!("?fate={code}"));
                    a href=(link) aria-current=[(code == open).then_some("true")] hx-get=(link) hx-target="#main" hx-swap=(WHOLE) hx-select="#main" {
                        b class=[(!mark.is_empty() && rows > 0).then_some(mark)] { (count(rows)) } (label)
                    }
                }
            }
        }
        @if open == "near" && counts.near > 0 {
            div class="ky-subbar" {
                span { (t(lang, "名称或号码相近的行", "Rows that resemble others")) }
                span class="ky-grow" {}
                span { (t(lang, "全部设为", "All")) }
                (decision(import, None, Some(import.plan.duplicates).filter(|_| import.plan.decisions.is_empty())))
            }
        }
        ul class="ky-duplicates" {
            @for item in &items { (item) }
            @if more > 0 {
                @let (first, more) = (items.len(), count(more));
                li class="ky-mute ky-small" { (says!(lang, "只列出前 {first}，另有 {more}", "The first {first} are listed, and {more} more")) }
            }
            @if items.is_empty() { li class="ky-mute" { (t(lang, "没有", "None")) } }
        }
    })
}

/// Three ways with a near duplicate.
fn decision(import: &Import, row: Option<u64>, now: Option<Duplicates>) -> Markup {
    let lang = import.lang;
    let ways = [
        ("update", Duplicates::Update, t(lang, "合并更新", "Update")),
        ("skip", Duplicates::Skip, t(lang, "跳过", "Skip")),
        ("new", Duplicates::New, t(lang, "仍新建", "New")),
    ];
    let label = match row {
        None => t(lang, "所有疑似重复怎么处理", "What happens to all near duplicates").to_owned(),
        Some(row) => says!(lang, "第 {row} 行怎么处理", "What happens to row {row}"),
    };
    html! {
        form class="ky-seg is-small" role="group" aria-label=(label) method="post" action=(import.link("/decide"))
            hx-post=(import.link("/decide")) hx-target="#main" hx-swap=(WHOLE) hx-select="#main" {
            @if let Some(row) = row { input type="hidden" name="row" value=(row); }
            @for (value, way, name) in ways {
                button name="then" value=(value) id={ "d" (row.unwrap_or(0)) (value) } aria-pressed=(if now == Some(way) { "true" } else { "false" }) { (name) }
            }
        }
    }
}

fn item(desk: &mut Desk, import: &Import, row: &Assessed) -> Result<Markup> {
    let lang = import.lang;
    let cells = Cells::of(desk);
    let code = import.def.code;
    let number = row.number;
    let title = html! { p { span class="ky-mute" { (says!(lang, "第 {number} 行", "Row {number}")) } b lang=[cells.foreign(&row.title)] { @if row.title.is_empty() { (none()) } @else { (row.title) } } } };
    Ok(match &row.verdict {
        Verdict::New(_) | Verdict::Same(_) | Verdict::Passed => {
            html! { li { (title) @if let Some(lines) = lines(import, row) { p { span class="ky-mute" {} (lines) } } } }
        }
        Verdict::Refused(_) if row.rows.len() > 1 => html! {
            li {
                (title)
                @for read in row.rows.iter().filter(|it| it.faults.iter().any(|it| it.code != "document_refused")).take(COMPARED) {
                    @let number = read.number;
                    p { span class="ky-mute" { (says!(lang, "第 {number} 行", "Row {number}")) } span class="is-bad ky-wrap" { (reasons(import, &read.faults)) } }
                }
            }
        },
        Verdict::Refused(faults) => html! {
            li { (title) @for it in faults { p { span class="ky-mute" {} span class="is-bad ky-wrap" { (reason(import, it)) } } } }
        },
        Verdict::Update(id, changes) => {
            let mut lines = Vec::new();
            for it in changes.iter().take(COMPARED) {
                let pair = (shown(desk, &cells, it.field, &it.old)?, shown(desk, &cells, it.field, &it.new)?);
                lines.push((it.field, pair));
            }
            html! {
                li {
                    (title)
                    p { span class="ky-mute" { (t(lang, "已有", "There is")) } a href={ "/" (code) "/" (id) } { (desk.called(import.def, *id)?.1) } }
                    (comparison(&lines, true, lang))
                }
            }
        }
        Verdict::Near { alike, .. } => near(desk, import, row, alike, &title)?,
    })
}

/// How many lines a document has.
fn lines(import: &Import, row: &Assessed) -> Option<String> {
    let n = count(row.rows.len() as i64);
    import.plan.has_lines().then(|| says!(import.lang, "{n} 行明细", "{n} lines"))
}

fn near(desk: &mut Desk, import: &Import, row: &Assessed, alike: &[Near], title: &Markup) -> Result<Markup> {
    let lang = desk.actor.lang;
    let cells = Cells::of(desk);
    let plan = &import.plan;
    let then = plan.decisions.get(&row.number).copied().unwrap_or(plan.duplicates);
    let mut lines = Vec::new();
    if let Some(first) = alike.iter().find(|it| it.id != 0) {
        let card = desk.get(import.def.code, first.id)?;
        for (Place { field, .. }, value) in row.values.iter().filter(|it| it.0.of.is_none()) {
            let Some(there) = card.value(field.name) else { continue };
            let pair = (shown(desk, &cells, field, there)?, shown(desk, &cells, field, value)?);
            if pair.0 != pair.1 || field.like {
                lines.push((*field, pair));
            }
        }
        lines.truncate(COMPARED);
    }
    let mut why: Vec<String> = Vec::new();
    for it in alike {
        let label = desk.catalog().field(import.def, it.field).map_or(it.field, |it| it.label.of(lang));
        let says = says!(lang, "{label}相同或相近", "{label} alike");
        if !why.contains(&says) {
            why.push(says);
        }
    }
    Ok(html! {
        li {
            (title)
            @for it in alike.iter().take(3) {
                p {
                    @if it.id != 0 { span class="ky-mute" { (t(lang, "已有", "There is")) } a href={ "/" (import.def.code) "/" (it.id) } lang=[cells.foreign(&it.title)] { (it.title) } }
                    @else { span class="ky-mute" { (t(lang, "文件中", "In the file")) } span { (it.title) } span class="ky-mute ky-small" { (t(lang, "第 ", "row ")) (it.row) (t(lang, " 行", "")) } }
                }
            }
            div class="ky-row" {
                @for says in &why { span class="ky-tag is-warn" { (says) } }
                span class="ky-grow" {}
                (decision(import, Some(row.number), Some(then)))
            }
            (comparison(&lines, then == Duplicates::Update, lang))
        }
    })
}

/// A field with what is there and what the file says.
type Pair = (&'static FieldDef, (String, String));

/// Field by field: what is there, what the file says, which of both stays.
fn comparison(lines: &[Pair], updates: bool, lang: Lang) -> Markup {
    let text = |text: &str| match text {
        "" => none(),
        text => html! { (text) },
    };
    html! {
        @if !lines.is_empty() {
            table class="ky-minitable is-diff" {
                thead { tr { th scope="col" { (t(lang, "字段", "Field")) } th scope="col" { (t(lang, "系统中", "Now")) } th scope="col" { (t(lang, "文件中", "In the file")) } th scope="col" { (t(lang, "保留", "Stays")) } } }
                tbody {
                    @for (field, (old, new)) in lines {
                        // An empty cell of the file leaves a field as it is.
                        @let file = updates && !new.is_empty();
                        tr {
                            td { (field.label.of(lang)) }
                            td class=[(old != new && !file).then_some("is-kept")] { (text(old)) }
                            td class=[(old != new && file).then_some("is-kept")] { (text(new)) }
                            td { @if old == new { span class="ky-mute" { (t(lang, "相同", "the same")) } } @else if file { (t(lang, "文件中", "the file's")) } @else { (t(lang, "系统中", "what is there")) } }
                        }
                    }
                }
            }
        }
    }
}

/// A fault with the label of the field that it is about.
fn reason(import: &Import, it: &Fault) -> String {
    let says = fault(it, import.lang);
    match import.place(&it.field) {
        Some(place) => format!("{}{}{says}", place.label(import.lang), t(import.lang, "：", ": ")),
        None => says,
    }
}

fn reasons(import: &Import, faults: &[Fault]) -> String {
    let reasons: Vec<_> = faults.iter().map(|it| reason(import, it)).collect();
    reasons.join(t(import.lang, "；", "; "))
}

/// Back, away, what will happen in one line, and on.
fn foot(import: &Import, back: &str, counts: Option<Counts>, on: &Markup) -> Markup {
    let lang = import.lang;
    let n = |rows: i64| html! { b { (count(rows)) } };
    let unit = import.unit();
    html! {
        div class="ky-wizard-foot" {
            a class="ky-btn" href=(back) { (icon14("chevron-left")) (t(lang, "上一步", "Back")) }
            (give_up(import))
            span class="ky-grow" {}
            @if let Some(Counts { new, updated, same, skipped, refused, .. }) = counts {
                span class="ky-wizard-sum" {
                    (t(lang, "将新建 ", "")) (n(new)) (t(lang, " 条，更新 ", " new, ")) (n(updated)) (t(lang, " 条", " updated"))
                    @if same > 0 { (t(lang, "，没有变化 ", ", ")) (n(same)) (t(lang, " 条", " same")) }
                    @if skipped > 0 { (t(lang, "，跳过 ", ", ")) (n(skipped)) (t(lang, " 条", " skipped")) }
                    @if refused > 0 { (t(lang, "，", ", ")) span class="is-bad" { (count(refused)) " " @if lang == Lang::Zh { (unit) } (t(lang, "不导入", "refused")) } }
                }
            }
            (on)
        }
    }
}

/// The foot of step 2.
pub fn ahead(import: &Import) -> Markup {
    let (lang, counts) = (import.lang, counts(import));
    let on = html! {
        @if counts.is_some_and(|it| it.refused > 0) { a class="ky-btn is-text" href=(import.link("/wrong.xlsx")) { (icon14("download")) (t(lang, "下载错误行", "Refused rows")) } }
        button class="ky-btn is-primary" form="plan" name="step" value="confirm" disabled[counts.is_none()] { (t(lang, "下一步：试导与确认", "Next: trial")) (icon12("chevron-right")) }
    };
    foot(import, &format!("/{}/import", import.def.code), counts, &on)
}

/// Step 3: what becomes of the first rows, and the word that starts it.
pub fn confirm(desk: &mut Desk, import: &Import) -> Result<Markup> {
    let lang = import.lang;
    // Only a check of exactly this plan is a promise.
    let exact = import.checked.as_ref().filter(|it| it.plan == import.plan).map(|it| &it.result);
    let (body, counts) = match exact {
        None => (html! { section class="ky-card" { (pending(import, "confirm")) } }, None),
        Some(Err(error)) => (broken(desk, import, error), None),
        Some(Ok(preview)) => (trial(desk, import, preview)?, Some(preview.counts)),
    };
    let rows = counts.map_or(0, |it| it.new + it.updated);
    let (shown, unit) = (count(rows), import.unit());
    let go = match (rows, import.plan.has_lines()) {
        (1, false) => t(lang, "开始导入 1 行", "Import 1 row").to_owned(),
        (1, true) => t(lang, "开始导入 1 张单据", "Import 1 document").to_owned(),
        _ => says!(lang, "开始导入 {shown} {unit}", "Import {shown} {unit}"),
    };
    let on = html! {
        form method="post" action=(import.link("/run")) {
            input type="hidden" name="rows" value=(import.preview().map_or(0, |it| it.rows));
            button class="ky-btn is-primary" disabled[rows == 0] { (go) }
        }
    };
    Ok(html! {
        (steps(lang, 3, &import.batch.file, ""))
        div class="ky-wizard is-single is-wide" { (body) }
        (foot(import, &import.link(""), counts, &on))
    })
}

fn trial(desk: &mut Desk, import: &Import, preview: &Preview) -> Result<Markup> {
    let lang = desk.actor.lang;
    let cells = Cells::of(desk);
    let mut first: Vec<&Assessed> = preview.shown.iter().collect();
    first.sort_by_key(|it| it.number);
    first.truncate(TRIAL);
    let mut lines = Vec::new();
    for row in first {
        let own = row.values.iter().filter(|it| it.1.text() != row.title || !import.plan.has_lines());
        let values = |desk: &mut Desk| told(desk, own.map(|it| (it.0.label(lang), it.0.field, None, &it.1)));
        let (class, word, says) = match &row.verdict {
            Verdict::New(_) => ("is-ok", t(lang, "新建", "New"), values(desk)?),
            Verdict::Update(_, changes) => {
                let label = |field: &FieldDef| field.label.of(lang).to_owned();
                let changes = changes.iter().map(|it| (label(it.field), it.field, Some(&it.old), &it.new));
                let changed = told(desk, changes);
                ("is-info", t(lang, "更新", "Update"), changed?)
            }
            Verdict::Same(_) => ("", t(lang, "没有变化", "Same"), values(desk)?),
            Verdict::Passed => ("", t(lang, "跳过", "Passed over"), values(desk)?),
            Verdict::Near { then, .. } => {
                let word = match then {
                    Duplicates::New => t(lang, "疑似重复，仍新建", "Alike: new"),
                    Duplicates::Update => t(lang, "疑似重复，合并更新", "Alike: update"),
                    Duplicates::Skip => t(lang, "疑似重复，跳过", "Alike: skip"),
                };
                ("is-warn", word, values(desk)?)
            }
            Verdict::Refused(faults) => ("is-bad", t(lang, "不导入", "Refused"), reasons(import, faults)),
        };
        let word = match row.turned {
            Some(to) => format!("{word} · {}", to.label.of(lang)),
            None => word.to_owned(),
        };
        let says = [self::lines(import, row), Some(says)].into_iter().flatten().filter(|it| !it.is_empty());
        lines.push((row, class, word, says.collect::<Vec<_>>().join(t(lang, "；", "; "))));
    }
    let (unit, first) = (import.unit(), lines.len());
    Ok(html! {
        section class="ky-card" aria-labelledby="trial" {
            header { h2 id="trial" { (t(lang, "试导", "Trial")) } span class="ky-mute ky-small" { (says!(lang, "前 {first} {unit}会变成这样，还没有写入", "What becomes of the first {first} {unit}; nothing is written yet")) } }
            div class="ky-scroll" tabindex="0" role="region" aria-labelledby="trial" {
                table class="ky-table is-trial" {
                    colgroup { col width="56"; col width="240"; col width="150"; col; }
                    thead { tr { th scope="col" { (t(lang, "行", "Row")) } th scope="col" { (import.def.title_field().label.of(lang)) } th scope="col" { (t(lang, "结果", "Result")) } th scope="col" { (t(lang, "内容", "Values")) } } }
                    tbody { @for (row, class, word, says) in &lines {
                        tr { td { (row.number) } td class="ky-clip" title=(row.title) lang=[cells.foreign(&row.title)] { @if row.title.is_empty() { (none()) } @else { (row.title) } } td { span class={ "ky-status " (class) } { (word) } } td class="ky-clip ky-mute ky-small" title=(says) { (says) } }
                    } }
                }
            }
        }
        (alert("info", t(lang, "确认后在后台导入，可以离开这个页面", "The import runs in the background; you may leave this page"), t(lang, "有错误的行不导入，可以下载，改好后再导入；整批可以撤销。", "Refused rows stay out and can be downloaded, corrected and imported again; the whole batch can be undone.")))
    })
}

/// A field's label, the field, its value before, where that is told, and the new one.
type Told<'a> = (String, &'static FieldDef, Option<&'a Value>, &'a Value);

/// Values, or changes of values, in one line.
fn told<'a>(desk: &mut Desk, values: impl Iterator<Item = Told<'a>>) -> Result<String> {
    let cells = Cells::of(desk);
    let mut parts = Vec::new();
    for (label, field, old, new) in values.take(COMPARED) {
        let new = shown(desk, &cells, field, new)?;
        let old = match old {
            Some(old) => shown(desk, &cells, field, old)? + " → ",
            None => String::new(),
        };
        parts.push(format!("{label} {old}{new}"));
    }
    Ok(parts.join(t(cells.lang, "；", "; ")))
}

/// The refused rows of a check, for their file: number and reason.
pub fn refused(import: &Import) -> Result<BTreeMap<u64, String>> {
    let missing = || Error::missing(format!("import_batch/{}", import.batch.id.0));
    let checked = import.checked.as_ref().ok_or_else(missing)?;
    let preview = checked.result.as_ref().map_err(Error::clone)?;
    let rows = preview.shown.iter().flat_map(|it| &it.rows).filter(|it| !it.faults.is_empty());
    Ok(rows.map(|it| (it.number, reasons(import, &it.faults))).collect())
}
