//! Above and below the rows: views, ways in and out, conditions, tools, the bar of a selection.

use maud::{Markup, html};
use model::{Condition, Desk, EntityDef, FieldDef, Kind, Lang, Query, Result, Shown, Term};

use super::ask::Ask;
use super::table::{Sheet, columns, counted, new_label};
use super::words;
use crate::ui::{amount, icon, icon12, icon14, t};

/// Chips in a row beside the time slice; all other fields are behind 更多条件.
const CHIPS: usize = 5;

/// A view's tab with the number of its rows; none where its query no longer fits the entity.
pub fn tabs(desk: &mut Desk, def: &'static EntityDef) -> Result<Vec<(Shown, Option<i64>)>> {
    let views = desk.views(def)?;
    let counts = desk.counts(&views)?;
    Ok(views.into_iter().zip(counts).collect())
}

pub fn action_row(desk: &Desk, ask: &Ask, tabs: &[(Shown, Option<i64>)], rows: i64) -> Markup {
    let lang = desk.actor.lang;
    let code = ask.def.code;
    let may = |right: &str| desk.may(ask.def, right).is_ok();
    let is_open = |view: &Shown| ask.view.as_ref().is_some_and(|it| it.code == view.code);
    let noun = ask.def.label.of(lang);
    let off = |name: &str, label: &str| {
        html! { button class="ky-btn is-small" type="button" disabled title=(t(lang, "没有记录", "There are no rows")) { (icon14(name)) (label) } }
    };
    let (export, print) = (t(lang, "导出", "Export"), t(lang, "打印", "Print"));
    html! {
        div class="ky-actionbar" {
            nav class="ky-tabs" aria-label=(t(lang, "保存的视图", "Saved views")) {
                @if tabs.is_empty() || ask.view.is_none() {
                    a class="ky-tab" href={ "/" (code) "?view=*" } aria-current=[ask.view.is_none().then_some("page")] { (t(lang, "全部", "All")) }
                }
                @for (view, count) in tabs {
                    a class="ky-tab" href={ "/" (code) "?view=" (view.code) } aria-current=[is_open(view).then_some("page")] {
                        (view.label)
                        @if is_open(view) && ask.is_changed() { i class="is-changed" title=(t(lang, "与保存的不同", "Differs from what was saved")) {} }
                        @if let Some(count) = count { span class={ "ky-n" @if view.urgent && *count > 0 { " is-bad" } } { (amount(*count, 0, 0)) } }
                    }
                }
                button class="ky-tab" type="button" hx-get=(ask.address("/view", &[])) hx-target="#dialog" aria-label=(t(lang, "新建视图", "New view")) { (icon14("plus")) }
            }
            div class="ky-actions" {
                div class="ky-group ky-desktop" role="group" aria-label=(t(lang, "数据进出", "Data in and out")) {
                    @if may("import") { a class="ky-btn is-small" href={ "/" (code) "/import" } { (icon14("upload")) (t(lang, "导入", "Import")) } }
                    @if rows == 0 {
                        @if may("export") { (off("download", export)) }
                        (off("printer", print))
                    } @else {
                        @if may("export") {
                            details class="ky-menu" data-menu {
                                summary class="ky-btn is-small" { (icon14("download")) (export) }
                                div class="ky-pop is-menu is-right" {
                                    @for (icon, label, changes) in exports(lang) { a data-here href=(ask.address("/export", changes)) { (icon14(icon)) (label) } }
                                }
                            }
                        }
                        a class="ky-btn is-small" data-here href=(ask.address("/print", &[])) { (icon14("printer")) (print) }
                    }
                }
                @if may("create") {
                    a class="ky-btn is-small is-primary" href={ "/" (code) "/new" } data-key="N" { (icon14("plus")) (new_label(noun, lang)) kbd { "N" } }
                }
            }
        }
    }
}

/// The ways in which rows leave the list: icon, label, what the address says of it.
/// An icon, a label, and what the address says beside the list's own.
type Export = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

fn exports(lang: Lang) -> [Export; 3] {
    [
        ("file-type-xls", t(lang, "Excel（当前列）", "Excel, these columns"), &[("format", "xlsx")]),
        (
            "file-type-xls",
            t(lang, "Excel（全部列）", "Excel, all columns"),
            &[("format", "xlsx"), ("whole", "1")],
        ),
        ("file-text", t(lang, "CSV（当前列）", "CSV, these columns"), &[("format", "csv")]),
    ]
}

/// The fields that may be conditions: those with values that the actor may read.
pub fn filterable(desk: &Desk, def: &'static EntityDef) -> Vec<&'static FieldDef> {
    let catalog = desk.catalog().clone();
    catalog.fields(def).filter(|it| desk.may_read(def, it)).collect()
}

/// The fields whose chips always stand there: short lists first, and one time slice.
pub fn usual(desk: &Desk, def: &'static EntityDef) -> Vec<&'static FieldDef> {
    let all = filterable(desk, def);
    let short = |it: &&&FieldDef| it.filter && !matches!(it.kind, Kind::Text | Kind::Int | Kind::Moment);
    let mut chips: Vec<_> = all.iter().filter(short).filter(|it| it.list).take(CHIPS).copied().collect();
    for field in all.iter().filter(short) {
        if chips.len() < CHIPS && !chips.iter().any(|it| std::ptr::eq(*it, *field)) {
            chips.push(field);
        }
    }
    let is_day = |it: &&&FieldDef| matches!(it.kind, Kind::Date | Kind::Moment);
    if !chips.iter().any(|it| matches!(it.kind, Kind::Date | Kind::Moment)) {
        let slice =
            all.iter().filter(is_day).find(|it| it.filter).or(all.iter().find(|it| it.name == "created"));
        chips.extend(slice.copied());
    }
    chips
}

/// The conditions there are, then the usual ones, the one asked for with its popover open.
pub fn chips(desk: &mut Desk, ask: &Ask, but: &str) -> Result<Vec<Markup>> {
    let lang = desk.actor.lang;
    let mut chips: Vec<Markup> = Vec::new();
    let mut shown: Vec<String> = Vec::new();
    for term in &ask.query.terms {
        let path = match term {
            Term::One(it) => it.field.clone(),
            Term::Or(_) => "or".into(),
        };
        let (label, value) = words::term(desk, ask.def, term)?;
        let field = desk.catalog().field(ask.def, &path);
        chips.push(chip(ask, field, &path, &label, Some(&value), None, lang));
        shown.push(path);
    }
    let extra = ask.chip.as_deref().and_then(|it| desk.catalog().field(ask.def, it));
    for field in usual(desk, ask.def).into_iter().chain(extra.filter(|it| desk.may_read(ask.def, it))) {
        let is_asked = ask.chip.as_deref() == Some(field.name);
        let fits = chips.len() < CHIPS || is_asked || matches!(field.kind, Kind::Date | Kind::Moment);
        if fits && field.name != but && !shown.iter().any(|it| it == field.name) {
            let open = match is_asked {
                true => Some(super::filter::popover(desk, ask, field, None)?),
                false => None,
            };
            chips.push(chip(ask, Some(field), field.name, field.label.of(lang), None, open.as_ref(), lang));
            shown.push(field.name.to_owned());
        }
    }
    Ok(chips)
}

pub fn filter_row(desk: &mut Desk, ask: &Ask, sheet: Option<&Sheet>) -> Result<Markup> {
    let lang = desk.actor.lang;
    let chips = chips(desk, ask, "")?;
    let used = ask.query.terms.len() + usize::from(!ask.query.q.is_empty());
    let total = sheet.map_or(String::new(), |it| counted(&it.totals, lang));
    Ok(html! {
        div class="ky-filters" role="search" {
            label class="ky-find" {
                (icon14("search"))
                input type="search" name="q" data-find value=(ask.query.q) aria-label=(t(lang, "在当前视图中查找", "Find in this view"))
                    placeholder=(t(lang, "名称 / 拼音首字母 / 电话", "Name, pinyin initials, phone"));
                kbd { "/" }
            }
            button class="ky-iconbtn is-line ky-phone" type="button" data-sheet="filters" aria-label={ (t(lang, "筛选，已用 ", "Filter, in use: ")) (used) } {
                svg class="ky-icon is-20" aria-hidden="true" { use href={ (crate::assets::path("icons.svg")) "#adjustments-horizontal" } {} }
                @if used > 0 { span class="ky-dot is-info" { (used) } }
            }
            div class="ky-filters-set" id="filters" {
                div class="ky-filters-head" { (t(lang, "筛选", "Filter")) button class="ky-iconbtn" type="button" data-sheet-close aria-label=(t(lang, "关闭", "Close")) { (icon("x")) } }
                @for chip in &chips { (chip) }
                (more(ask, lang))
                a class="ky-btn is-small is-text" href=(ask.reset()) { (t(lang, "重置", "Reset")) }
                button class="ky-btn is-small is-text" type="button" hx-get=(ask.address("/view", &[])) hx-target="#dialog" { (icon14("device-floppy")) (t(lang, "存为视图", "Save view")) }
                div class="ky-filters-foot" { button class="ky-btn is-primary" type="button" data-sheet-close { (t(lang, "看 ", "Show ")) (total) } }
            }
            span class="ky-grow" {}
            div class="ky-row ky-desktop" { (tools(desk, ask)) }
        }
    })
}

pub fn more(ask: &Ask, lang: Lang) -> Markup {
    html! {
        span class="ky-chip is-dashed" {
            details data-menu data-src=(ask.address("/filter", &[])) {
                summary { (icon14("filter-plus")) (t(lang, "更多条件", "Add filter")) }
                div class="ky-pop is-filter" { p class="ky-mute" { (t(lang, "正在查找", "Looking")) } }
            }
        }
    }
}

fn chip(
    ask: &Ask,
    field: Option<&'static FieldDef>,
    path: &str,
    label: &str,
    value: Option<&str>,
    open: Option<&Markup>,
    lang: Lang,
) -> Markup {
    let key = Condition::key(path);
    let is_range = field.is_some_and(|it| matches!(it.kind, Kind::Date | Kind::Moment));
    let is_text = field.is_some_and(|it| matches!(it.kind, Kind::Text) && !it.again);
    let source = open.is_none().then(|| ask.address(&format!("/filter/{path}"), &[]));
    let summary = html! {
        (label)
        @match value { Some(value) => { " " b class="ky-clip" { (value) } } None => { (icon12("chevron-down")) } }
    };
    html! {
        span class={ "ky-chip" @if value.is_some() { " is-on" } } {
            @match field {
                Some(_) => {
                    details data-menu data-src=[source] open[open.is_some()] {
                        summary { (summary) }
                        div class={ "ky-pop " (if is_range { "is-range" } else { "is-filter" }) } data-filter=[(!is_text).then_some(&key)]
                            data-in-view[ask.is_in_view(&key)] {
                            @match open { Some(open) => { (open) } None => { p class="ky-mute" { (t(lang, "正在查找", "Looking")) } } }
                        }
                    }
                }
                None => { button type="button" { (summary) } }
            }
            @if value.is_some() {
                a class="ky-chip-clear" href=(ask.link(&[(&key, "")])) aria-label={ (t(lang, "清除条件 ", "Clear ")) (label) } { (icon12("x")) }
            }
        }
    }
}

/// Group, columns, row height, refresh.
fn tools(desk: &Desk, ask: &Ask) -> Markup {
    let lang = desk.actor.lang;
    let group = ask.query.group.as_deref();
    let few = |it: &&&FieldDef| {
        matches!(it.kind, Kind::Choice(_) | Kind::Code | Kind::Link(_) | Kind::Bool) && (it.filter || it.list)
    };
    let fields = filterable(desk, ask.def);
    let (next, says) = match ask.density.as_str() {
        "compact" => ("roomy", t(lang, "行高：紧凑", "Rows: compact")),
        "roomy" => ("", t(lang, "行高：宽松", "Rows: roomy")),
        _ => ("compact", t(lang, "行高：标准", "Rows: normal")),
    };
    html! {
        details class="ky-menu ky-desktop" data-menu {
            summary class="ky-btn is-small is-text" aria-pressed=(group.is_some()) { (icon14("layout-list")) (t(lang, "分组", "Group")) }
            div class="ky-pop is-menu is-right" {
                @if group.is_some() { a href=(ask.link(&[("group", "")])) { (icon14("x")) (t(lang, "不分组", "No groups")) } hr; }
                @for field in fields.iter().filter(few) {
                    a href=(ask.link(&[("group", field.name)])) aria-current=[(group == Some(field.name)).then_some("true")] {
                        (icon14(if group == Some(field.name) { "check" } else { "list" })) (field.label.of(lang))
                    }
                }
            }
        }
        (column_settings(desk, ask))
        a class="ky-btn is-small is-text is-square ky-desktop" href=(ask.link(&[("density", next)])) aria-label=(says) title=(says) { (icon14("line-height")) }
        button class="ky-btn is-small is-text is-square ky-desktop" type="button" data-go=(ask.link(&[])) aria-label=(t(lang, "刷新", "Refresh")) title=(t(lang, "刷新", "Refresh")) { (icon14("refresh")) }
    }
}

fn column_settings(desk: &Desk, ask: &Ask) -> Markup {
    let lang = desk.actor.lang;
    let chosen = columns(desk, ask);
    let catalog = desk.catalog().clone();
    let bare = |it: &String| it.split(':').next().unwrap_or_default().to_owned();
    let names: Vec<String> = chosen.iter().map(bare).collect();
    let shown = chosen.iter().filter_map(|it| Some((it.clone(), catalog.field(ask.def, &bare(it))?)));
    let others = catalog
        .fields(ask.def)
        .filter(|it| desk.may_see(ask.def, it) && !names.iter().any(|name| name == it.name));
    let others = others.map(|it| (it.name.to_owned(), it));
    let title = ask.def.title_field().name;
    let all: Vec<(String, &FieldDef)> = shown.chain(others).collect();
    let part = |zh, en, n: usize| html! { li class="is-divider" { (t(lang, zh, en)) " " (n) } };
    html! {
        details class="ky-menu ky-desktop" data-menu {
            summary class="ky-btn is-small is-text" data-key="Ctrl+Shift+L" { (icon14("columns-3")) (t(lang, "列设置", "Columns")) }
            form class="ky-pop is-right is-columns" method="get" action={ "/" (ask.def.code) "/columns" } {
                header {
                    h3 { (t(lang, "列设置", "Columns")) }
                    span class="ky-mute ky-small" { (t(lang, "只改这个页面；存为视图后长期有效", "Changes this page; save the view to keep it")) }
                }
                label class="ky-find" { (icon14("search")) input type="search" data-options-find aria-label=(t(lang, "查找列", "Find a column")) placeholder=(t(lang, "列名 / 拼音首字母", "Column")); }
                @for (key, value) in ask.pairs("columns") { input type="hidden" name=(key) value=(value); }
                div class="ky-pop-body" {
                    ul class="ky-sortable" data-sortable {
                        @for (n, (value, field)) in all.iter().enumerate() {
                            @let label = field.label.of(lang);
                            @if n == 1 { (part("显示", "Shown", names.len() - 1)) }
                            @if n == names.len() { (part("可添加", "To add", all.len() - n)) }
                            @if field.name == title {
                                li { (icon14("lock")) label { input class="ky-check" type="checkbox" checked disabled; " " (label) } input type="hidden" name="column" value=(value); span class="ky-small" { (t(lang, "固定", "Fixed")) } }
                            } @else {
                                li data-pinyin=(model::search::initials(label).to_lowercase()) {
                                    button class="ky-grip" type="button" data-grip aria-label={ (t(lang, "移动 ", "Move ")) (label) } { (icon14("grip-vertical")) }
                                    label { input class="ky-check" type="checkbox" name="column" value=(value) checked[n < names.len()]; " " (label) }
                                    @if field.sum { span class="ky-small" { (t(lang, "合计", "Total")) } }
                                }
                            }
                        }
                    }
                }
                footer {
                    a class="ky-btn is-small is-text" href=(ask.link(&[("columns", "")])) { (t(lang, "恢复默认", "Default")) }
                    span class="ky-grow" {}
                    button class="ky-btn is-small is-primary" { (t(lang, "应用", "Apply")) }
                }
            }
        }
    }
}

/// What may be done with a selection.
pub fn batch_bar(desk: &Desk, ask: &Ask, sheet: &Sheet) -> Markup {
    let lang = desk.actor.lang;
    let code = ask.def.code;
    let may = |right: &str| desk.may(ask.def, right).is_ok();
    let verbs: Vec<_> = crate::act::for_many(ask.def).filter(|it| may(it.right)).collect();
    let (first, more) = verbs.split_at(verbs.len().min(3));
    let (says, before, after) = &sheet.pages;
    // A selection goes out with the columns and in the order that it was made in.
    let own = Query { columns: columns(desk, ask), sort: ask.query.sort.clone(), ..Query::default() }.text();
    let step = |name: &str, label: &str, href: &Option<String>| {
        html! {
            @match href {
                Some(href) => { a class="ky-btn is-square" href=(href) aria-label=(label) { (icon14(name)) } }
                None => { button class="ky-btn is-square" type="button" disabled aria-label=(label) { (icon14(name)) } }
            }
        }
    };
    html! {
        div class="ky-batch" role="toolbar" aria-label=(t(lang, "批量操作", "Selection")) data-batch-bar hidden {
            span { (t(lang, "已选 ", "Selected ")) b data-picked { "0" } (t(lang, " 条", "")) }
            @for (n, label) in sheet.sums.iter().enumerate() { span class="ky-batch-note" { (label) " ¥" b data-sum=(n) { "0.00" } } }
            button class="ky-batch-link" type="button" data-pick-all { (t(lang, "选择全部 ", "Select all ")) span data-of { "0" } (t(lang, " 条", "")) }
            span class="ky-sep" {}
            @for verb in first { button class="ky-btn" type="button" data-batch={ "/" (code) "/" (verb.name) } { (icon(verb_icon(verb.name))) (verb.label.of(lang)) } }
            @if may("update") { button class="ky-btn" type="button" data-batch={ "/" (code) "/batch/tag" } { (icon("tag")) (t(lang, "打标签", "Tag")) } }
            @if may("export") {
                details class="ky-menu" data-menu {
                    summary class="ky-btn" { (icon("download")) (t(lang, "导出", "Export")) }
                    div class="ky-pop is-menu" {
                        @for (icon, label, changes) in exports(lang) { button type="button" data-batch-go={ "/" (code) "/export?" (own) (changes.iter().map(|it| format!("&{}={}", it.0, it.1)).collect::<String>()) } { (icon14(icon)) (label) } }
                    }
                }
            }
            details class="ky-menu" data-menu {
                summary class="ky-btn" { (icon("dots")) (t(lang, "更多", "More")) }
                div class="ky-pop is-menu" {
                    @for verb in more {
                        button type="button" class=[verb.danger.then_some("is-danger")] data-batch={ "/" (code) "/" (verb.name) } { (icon(verb_icon(verb.name))) (verb.label.of(lang)) }
                    }
                    @if may("update") { button type="button" data-batch={ "/" (code) "/batch/edit" } { (icon("pencil")) (t(lang, "改一个字段", "Edit a field")) } }
                    button type="button" data-batch-go={ "/" (code) "/print?" (own) } { (icon("printer")) (t(lang, "打印", "Print")) }
                    @if may("delete") { hr; button type="button" class="is-danger" data-batch={ "/" (code) "/batch/delete" } { (icon("trash")) (t(lang, "删除", "Delete")) } }
                }
            }
            span class="ky-grow" {}
            @if before.is_some() || after.is_some() {
                span class="ky-batch-note" { (says) }
                (step("chevron-left", t(lang, "上一页", "Previous page"), before))
                (step("chevron-right", t(lang, "下一页", "Next page"), after))
                span class="ky-sep" {}
            }
            button class="ky-btn" type="button" data-unpick data-key="Esc" { (t(lang, "取消选择", "Clear")) kbd { "Esc" } }
        }
    }
}

/// Verbs that many trades share have a sign of their own.
pub fn verb_icon(verb: &str) -> &'static str {
    match verb {
        "transfer" | "assign" => "transfer",
        "claim" => "user-check",
        "release" => "ripple",
        "register" | "approve" => "checks",
        "merge" => "git-merge",
        "close" | "disable" | "void" | "revoke" | "cancel" => "circle-x",
        "reopen" | "enable" | "restore" => "arrow-back-up",
        "blacklist" | "unblacklist" => "flag",
        "set_password" => "key",
        "end_sessions" => "logout",
        "drop_code" => "shield-lock",
        "copy" => "copy",
        _ => "chevron-right",
    }
}
