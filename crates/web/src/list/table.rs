//! The rows of a list with head, groups, totals and foot, and the states of a list without rows.

use maud::{Markup, PreEscaped, html};
use model::{
    Cell, Column, Desk, Error, FieldDef, Format, Group, Kind, Lang, List, Query, Result, Totals, Value,
};

use super::ask::{Ask, encode, filter};
use super::cell::{Cells, is_grade};
use super::words;
use crate::ui::{amount, icon, icon14, t};

/// Rows that a page may hold.
const SIZES: [usize; 4] = [20, 50, 100, 500];
/// Rows beyond this one are written down as taken.
const FAR: usize = 500;
/// Page numbers lead to this row; a cursor leads on.
const NUMBERED: usize = 10_000;

/// What a list shows, drawn.
pub struct Sheet {
    pub rows: Markup,
    pub foot: Markup,
    pub totals: Totals,
    /// Sums that a selection shows: label of each.
    pub sums: Vec<String>,
    pub pages: (String, Option<String>, Option<String>),
    pub shown: usize,
    /// The page leads far into the list, where nobody reads any more.
    pub is_far: bool,
}

/// A column as it is drawn.
struct Head {
    column: Column,
    width: usize,
    class: &'static str,
    place: &'static str,
}

/// The columns in their order: what was asked or what the entity lists, the title first.
pub fn columns(desk: &Desk, ask: &Ask) -> Vec<String> {
    let title = ask.def.title_field().name;
    let mut names = ask.query.columns.clone();
    if names.is_empty() {
        let catalog = desk.catalog().clone();
        let fields = catalog.fields(ask.def).filter(|it| it.list && desk.may_see(ask.def, it));
        names = fields.map(|it| it.name.to_owned()).collect();
    }
    let is_title = |name: &String| name.split(':').next() == Some(title);
    let at = names.iter().position(is_title);
    let first = at.map_or_else(|| title.to_owned(), |at| names.remove(at));
    names.retain(|it| !is_title(it));
    names.insert(0, first);
    names
}

pub fn read(desk: &mut Desk, ask: &Ask) -> Result<Sheet> {
    let cells = Cells::of(desk);
    let names = columns(desk, ask);
    let mut query = Query { columns: names.clone(), ..ask.query.clone() };
    // The group's value is read with the rows, shown or not.
    let group_at = ask.query.group.as_ref().map(|group| {
        let at = names.iter().position(|it| it.split(':').next() == Some(group));
        at.unwrap_or_else(|| {
            query.columns.push(group.clone());
            names.len()
        })
    });
    let mut list = desk.list(ask.def.code, &query)?;
    let totals = desk.totals(&list)?;
    // A page that is not there any more is the last one.
    let last = (totals.count.max(1) as usize).div_ceil(list.size);
    if list.page > last && !totals.at_least {
        list = desk.list(ask.def.code, &Query { page: Some(last), ..query })?;
    }
    if totals.count == 0 {
        return nothing(desk, ask, &cells, &list, names.len(), totals);
    }
    let groups = desk.groups(&list)?;
    let heads = heads(ask, &list.columns[..names.len()]);
    let sums: Vec<usize> = heads
        .iter()
        .enumerate()
        .filter(|(_, it)| {
            it.column.field.sum && !it.column.masked && matches!(it.column.field.kind, Kind::Money)
        })
        .map(|it| it.0)
        .collect();
    let from = encode(&ask.text());
    let mut body = String::new();
    let (mut shown, mut last, mut runs) = (0, None, false);
    let state = list.columns.iter().find(|it| matches!(it.field.kind, Kind::Choice(_))).map(|it| it.at);
    let next = desk.each(&list, &mut |row| {
        shown += 1;
        runs |= state.is_some_and(|at| matches!(row.cell(at), Cell::Text("queued" | "running")));
        if let Some(column) = group_at.map(|at| &list.columns[at]) {
            let value = Value::from(row.cell(column.at));
            if last.as_ref() != Some(&value) {
                let group = groups.iter().find(|it| it.value == value);
                body.push_str(
                    &group_row(
                        &cells,
                        &heads,
                        column.field.label.of(cells.lang),
                        &cells.text(column, row),
                        group,
                    )
                    .0,
                );
                last = Some(value);
            }
        }
        body.push_str(&line(&cells, ask, &heads, &sums, &from, row).0);
        Ok(())
    })?;
    let lang = cells.lang;
    let table = html! {
        (table_start(ask, &heads, &totals, lang, html! {
            tbody { (PreEscaped(body)) }
            (foot_row(&heads, &totals, lang))
        }))
        // Work that goes on is looked at again and again.
        @if runs { i hidden hx-get=(ask.link(&[])) hx-trigger="every 2s" hx-target="#rows" hx-select="#rows" hx-swap="outerHTML" {} }
    };
    let (foot, pages) = foot(ask, &list, &totals, shown, next, &cells);
    let sums = sums.iter().map(|at| heads[*at].column.field.label.of(lang).to_owned()).collect();
    let is_far = ask.query.after.is_some() || (list.page - 1) * list.size + shown > FAR;
    Ok(Sheet { rows: region(ask, lang, table), foot, totals, sums, pages, shown, is_far })
}

fn region(ask: &Ask, lang: Lang, inner: Markup) -> Markup {
    let label = match lang {
        Lang::Zh => format!("{}列表", ask.def.label.zh),
        Lang::En => ask.def.many(lang),
    };
    html! { div class="ky-scroll" tabindex="0" role="region" aria-label=(label) id="rows" { (inner) } }
}

fn heads(ask: &Ask, columns: &[Column]) -> Vec<Head> {
    let asked = |name: &str| {
        let found = ask.query.columns.iter().find_map(|it| it.strip_prefix(name)?.strip_prefix(':'));
        found.and_then(|it| it.parse::<usize>().ok()).map(|it| it.clamp(44, 900))
    };
    let places = places(ask, columns);
    columns
        .iter()
        .zip(places)
        .map(|(column, place)| Head {
            column: *column,
            width: asked(column.field.name).unwrap_or_else(|| width(column.field, place == "ky-at-title")),
            class: class(column.field),
            place,
        })
        .collect()
}

fn class(field: &FieldDef) -> &'static str {
    match field.kind {
        kind if kind.is_amount() => "is-number",
        Kind::Choice(all) if is_grade(all) => "is-center",
        _ => "",
    }
}

/// Where a column's cell stands in the two lines that a row has on a phone.
fn places(ask: &Ask, columns: &[Column]) -> Vec<&'static str> {
    let mut places = vec![""; columns.len()];
    if let Some(first) = places.first_mut() {
        *first = "ky-at-title";
    }
    let mut take = |place: &'static str, fits: &dyn Fn(&FieldDef) -> bool| {
        let found = (1..columns.len()).find(|&at| places[at].is_empty() && fits(columns[at].field));
        if let Some(at) = found {
            places[at] = place;
        }
    };
    let owner = ask.def.owner.map(|at| ask.def.fields[at].name);
    take("ky-at-badge", &|it| matches!(it.kind, Kind::Choice(_)));
    take("ky-at-amount", &|it| it.sum || matches!(it.kind, Kind::Price | Kind::Money));
    take("ky-at-end", &|it| it.format == Format::Phone || matches!(it.kind, Kind::Date | Kind::Moment));
    take("ky-at-fact", &|it| Some(it.name) == owner || matches!(it.kind, Kind::Link(_)));
    let code =
        columns.iter().rposition(|it| matches!(it.field.kind, Kind::Code)).map(|at| columns[at].field.name);
    take("ky-at-fact", &|it| Some(it.name) == code || matches!(it.kind, Kind::Text) && code.is_none());
    places
}

fn width(field: &FieldDef, is_title: bool) -> usize {
    match (field.kind, field.format) {
        _ if is_title => 210,
        (_, Format::Phone) => 120,
        (_, Format::Email | Format::Url | Format::Long) => 180,
        (Kind::Choice(all), _) if is_grade(all) => 56,
        (Kind::Choice(_) | Kind::Bool, _) => 84,
        (Kind::Link(to), _) if to().code.len() <= 4 => 80,
        (Kind::Link(_), _) => 170,
        (Kind::Code, _) => 100,
        (Kind::Date, _) => 100,
        (Kind::Moment, _) => 140,
        (Kind::Money | Kind::Price, _) => 124,
        (Kind::Int | Kind::Quantity | Kind::Rate, _) => 84,
        _ if field.unique => 96,
        _ => 116,
    }
}

fn table_start(ask: &Ask, heads: &[Head], totals: &Totals, lang: Lang, inner: Markup) -> Markup {
    let density = match ask.density.as_str() {
        "compact" => " is-compact",
        "roomy" => " is-roomy",
        _ => "",
    };
    html! {
        table class={ "ky-table is-list" (density) } data-list=(ask.def.code) data-filter=(ask.filter()) data-total=(totals.count) {
            colgroup { col width="40"; @for head in heads { col width=(head.width); } }
            thead { tr {
                th scope="col" class="is-center" { input class="ky-check" type="checkbox" data-all aria-label=(t(lang, "选择本页", "Select the page")); }
                @for head in heads { (head_cell(ask, head, lang)) }
            } }
            (inner)
        }
    }
}

fn head_cell(ask: &Ask, head: &Head, lang: Lang) -> Markup {
    let field = head.column.field;
    let name = field.name;
    let sorted = ask.query.sort.iter().find(|it| it.0 == name).map(|it| it.1);
    // Figures are wanted from the top, words from the start.
    let down = sorted.map_or(field.kind.is_amount(), |down| !down);
    let key = format!("{}{name}", if down { "-" } else { "" });
    let (aria, arrow) = match sorted {
        Some(true) => (Some("descending"), "arrow-down"),
        Some(false) => (Some("ascending"), "arrow-up"),
        None => (None, "arrows-sort"),
    };
    let unit = match field.kind {
        Kind::Money | Kind::Price => " ¥".to_owned(),
        _ => field.unit.map_or(String::new(), |it| format!(" {}", unit(it, lang))),
    };
    html! {
        th scope="col" class=[Some(head.class).filter(|it| !it.is_empty())] aria-sort=[aria] {
            @if head.column.masked { (field.label.of(lang)) (unit) } @else {
                a class="ky-sort" href=(ask.link(&[("sort", &key)])) data-sort=(key) { (field.label.of(lang)) (unit) (icon(arrow)) }
            }
            span class="ky-resize" data-col=(name) {}
        }
    }
}

fn unit(unit: &'static str, lang: Lang) -> &'static str {
    match unit {
        "day" => t(lang, "天", "days"),
        other => other,
    }
}

fn line(
    cells: &Cells,
    ask: &Ask,
    heads: &[Head],
    sums: &[usize],
    from: &str,
    row: &dyn model::Row,
) -> Markup {
    let id = Value::from(row.cell(0)).int();
    let title = cells.text(&heads[0].column, row);
    let amounts = sums.iter().map(|at| match row.cell(heads[*at].column.at) {
        Cell::Int(int) => int.to_string(),
        _ => "0".into(),
    });
    let amounts = (!sums.is_empty()).then(|| amounts.collect::<Vec<_>>().join(","));
    html! {
        tr data-id=(id) data-amounts=[amounts] {
            td class="is-center" { input class="ky-check" type="checkbox" data-row aria-label={ (t(cells.lang, "选择 ", "Select ")) (title) }; }
            td class="ky-at-title" {
                a class="ky-lead" href={ "/" (ask.def.code) "/" (id) "?from=" (from) } lang=[cells.foreign(&title)] title=(title) {
                    @if title.is_empty() { "#" (id) } @else { (title) }
                }
            }
            @for head in &heads[1..] {
                @let class = match (head.place, head.class) { ("", class) => class.to_owned(), (place, "") => place.to_owned(), (place, class) => format!("{place} {class}") };
                td class=[Some(class).filter(|it| !it.is_empty())] { (cells.mark(&head.column, row)) }
            }
        }
    }
}

fn group_row(cells: &Cells, heads: &[Head], label: &str, value: &str, group: Option<&Group>) -> Markup {
    let empty = Totals::default();
    let totals = group.map_or(&empty, |it| &it.totals);
    let value = if value.is_empty() { t(cells.lang, "（空）", "(empty)") } else { value };
    html! {
        tr class="is-group" {
            td {}
            (summed(heads, totals, html! { span class="ky-mute" { (label) } " " (value) " " span class="ky-mute" { (counted(totals, cells.lang)) } }))
        }
    }
}

fn foot_row(heads: &[Head], totals: &Totals, lang: Lang) -> Markup {
    html! {
        tfoot { tr {
            td {}
            (summed(heads, totals, html! { (t(lang, "合计", "Total")) " " span class="ky-mute" { (t(lang, "全部 ", "all ")) (counted(totals, lang)) } }))
        } }
    }
}

/// The cells of a row of sums: words over all columns before the first sum.
fn summed(heads: &[Head], totals: &Totals, words: Markup) -> Markup {
    let sum = |head: &Head| totals.sums.iter().find(|it| it.0 == head.column.field.name).map(|it| it.1);
    let first = heads.iter().position(|head| sum(head).is_some()).unwrap_or(heads.len()).max(1);
    html! {
        td colspan=[(first > 1).then_some(first)] { (words) }
        @for head in &heads[first..] {
            @match sum(head).flatten() {
                Some(sum) => { td class="is-number" { (figure(head.column.field.kind, sum)) } }
                None => { td {} }
            }
        }
    }
}

pub fn figure(kind: Kind, value: i64) -> String {
    match kind {
        Kind::Money => amount(value, 2, 2),
        Kind::Int => amount(value, 0, 0),
        kind => amount(value, kind.places(), 0),
    }
}

/// `128 条`, or that counting stopped.
pub fn counted(totals: &Totals, lang: Lang) -> String {
    match (totals.at_least, lang) {
        (true, Lang::Zh) => "1 万+ 条".into(),
        (true, Lang::En) => "10,000+".into(),
        (false, Lang::Zh) => format!("{} 条", amount(totals.count, 0, 0)),
        (false, Lang::En) => amount(totals.count, 0, 0),
    }
}

type Pages = (String, Option<String>, Option<String>);

fn foot(
    ask: &Ask,
    list: &List,
    totals: &Totals,
    shown: usize,
    next: Option<String>,
    cells: &Cells,
) -> (Markup, Pages) {
    let lang = cells.lang;
    let now = cells.clock();
    let size = list.size;
    let page = ask.beyond.unwrap_or(list.page);
    let pages = (totals.count.max(1) as usize).div_ceil(size);
    let to = |page: usize| ask.link(&[("page", &page.to_string())]);
    let is_numbered = |page: usize| (page - 1) * size <= NUMBERED;
    let before = (page > 1).then(|| to(if is_numbered(page - 1) { page - 1 } else { NUMBERED / size + 1 }));
    let after = next.map(|next| match is_numbered(page + 1) {
        true => to(page + 1),
        false => ask.link(&[("after", &next), ("page", &(page + 1).to_string())]),
    });
    let first = (page - 1) * size + 1;
    let range = (amount(first as i64, 0, 0), amount((first + shown).saturating_sub(1) as i64, 0, 0));
    let mut numbers: Vec<usize> = [1, 2, page.saturating_sub(1), page, page + 1, pages]
        .into_iter()
        .filter(|&it| it >= 1 && it <= pages)
        .collect();
    numbers.retain(|&it| it == page || is_numbered(it));
    numbers.sort_unstable();
    numbers.dedup();
    let arrow = |name: &'static str, label: &'static str, key: &'static str, href: &Option<String>| {
        html! {
            @match href {
                Some(href) => { a href=(href) aria-label=(label) data-key=(key) { (icon14(name)) } }
                None => { a role="link" aria-disabled="true" aria-label=(label) { (icon14(name)) } }
            }
        }
    };
    let markup = html! {
        div class="ky-foot" id="foot" data-foot {
            span {
                @match lang {
                    Lang::Zh => { "第 " (range.0) "–" (range.1) " 条，共 " b { (counted(totals, lang)) } }
                    Lang::En => { (range.0) "–" (range.1) " of " b { (counted(totals, lang)) } }
                }
            }
            span class="ky-sep ky-desktop" {}
            label class="ky-row ky-desktop" {
                (t(lang, "每页", "Rows")) " "
                select class="ky-select is-small" data-param="size" aria-label=(t(lang, "每页条数", "Rows a page")) {
                    @for size in SIZES { option selected[size == list.size] { (size) } }
                    @if !SIZES.contains(&size) { option selected { (size) } }
                }
            }
            span class="ky-desktop" { (t(lang, "更新于 ", "Updated ")) time { (now) } }
            nav class="ky-pager" aria-label=(t(lang, "分页", "Pages")) {
                (arrow("chevron-left", t(lang, "上一页", "Previous page"), "[", &before))
                @for (n, number) in numbers.iter().enumerate() {
                    @if n > 0 && numbers[n - 1] + 1 < *number { span { "…" } }
                    a href=(to(*number)) aria-current=[(*number == page).then_some("page")] { (amount(*number as i64, 0, 0)) }
                }
                (arrow("chevron-right", t(lang, "下一页", "Next page"), "]", &after))
            }
        }
    };
    let says = match lang {
        Lang::Zh => format!("第 {page} / {pages} 页"),
        Lang::En => format!("Page {page} of {pages}"),
    };
    (markup, (says, before, after))
}

/// Nothing to show: the house is still empty, or no row fits.
fn nothing(
    desk: &mut Desk,
    ask: &Ask,
    cells: &Cells,
    list: &List,
    width: usize,
    totals: Totals,
) -> Result<Sheet> {
    let lang = cells.lang;
    let noun = ask.def.label.of(lang);
    let code = ask.def.code;
    let all = desk.count(code, &Query::default())?;
    let may_create = desk.may(ask.def, "create").is_ok();
    let new = html! {
        @if may_create { a class="ky-btn" href={ "/" (code) "/new" } { (icon("plus")) (new_label(noun, lang)) } }
    };
    let inside = match all {
        0 => html! {
            div class="ky-empty" {
                (art("first"))
                h2 { @if lang == Lang::Zh { "还没有" (noun) } @else { "No " (ask.def.many(lang).to_lowercase()) " yet" } }
                @if may_create {
                    p { (t(lang, "从旧系统或 Excel 导入最快，列名不一样也能对上；也可以先新建一条试试。", "Importing from another system or from Excel is quickest, whatever the columns are called. Or enter one first.")) }
                }
                div class="ky-row" {
                    @if desk.may(ask.def, "import").is_ok() {
                        a class="ky-btn is-primary" href={ "/" (code) "/import" } { (icon("upload")) (t(lang, "导入", "Import ")) (noun) }
                    }
                    (new)
                }
                @if desk.may(ask.def, "import").is_ok() { p class="ky-small" { a href={ "/" (code) "/template.xlsx" } { (t(lang, "下载导入模板", "Download the import template")) } } }
            }
        },
        all => no_match(desk, ask, all, new)?,
    };
    let heads = heads(ask, &list.columns[..width]);
    let rows = region(ask, lang, html! { (table_start(ask, &heads, &totals, lang, html! {})) (inside) });
    let foot = html! { div class="ky-foot" id="foot" data-foot { span { (t(lang, "共 ", "Total ")) b { "0" } (t(lang, " 条", "")) } } };
    let pages = (String::new(), None, None);
    Ok(Sheet { rows, foot, totals, sums: Vec::new(), pages, shown: 0, is_far: false })
}

/// Says which condition to drop and what that would give.
fn no_match(desk: &mut Desk, ask: &Ask, all: i64, new: Markup) -> Result<Markup> {
    let lang = desk.actor.lang;
    let mut said: Vec<(String, String)> = Vec::new();
    let mut drops: Vec<(String, String, i64)> = Vec::new();
    let query = filter(&ask.query);
    let quoted = |text: &str| format!("“{text}”");
    if !query.q.is_empty() {
        said.push((t(lang, "查找", "Find").into(), query.q.clone()));
        let without = Query { q: String::new(), ..query.clone() };
        drops.push((quoted(&query.q), ask.link(&[("q", "")]), desk.count(ask.def.code, &without)?));
    }
    for (n, term) in query.terms.iter().enumerate().take(8) {
        let (label, value) = words::term(desk, ask.def, term)?;
        let mut without = query.clone();
        without.terms.remove(n);
        let field = match term {
            model::Term::One(it) => model::Condition::key(&it.field),
            model::Term::Or(_) => "or".into(),
        };
        let count = desk.count(ask.def.code, &without)?;
        drops.push((quoted(&format!("{label} {value}")), ask.link(&[(&field, "")]), count));
        said.push((label, value));
    }
    drops.retain(|it| it.2 > 0);
    drops.sort_by_key(|it| it.2);
    let noun = ask.def.label.of(lang);
    Ok(html! {
        div class="ky-empty" {
            (art("none"))
            h2 { @if lang == Lang::Zh { "没有符合条件的" (noun) } @else { "No " (ask.def.many(lang).to_lowercase()) " fit the filter" } }
            p {
                (t(lang, "当前条件：", "Filter: "))
                @for (n, (label, value)) in said.iter().enumerate() {
                    @if n > 0 { (t(lang, "、", ", ")) }
                    b { (label) " " (value) }
                }
                @match lang {
                    Lang::Zh => { "，在 " (amount(all, 0, 0)) " 条" (noun) "中找到 0 条。" }
                    Lang::En => { ", none of " (amount(all, 0, 0)) "." }
                }
            }
            @if !drops.is_empty() {
                p class="ky-mute" {
                    @for (n, (label, _, count)) in drops.iter().take(3).enumerate() {
                        @if n > 0 { (t(lang, "；", "; ")) }
                        @match lang {
                            Lang::Zh => { "去掉" (label) "有 " (amount(*count, 0, 0)) " 条" }
                            Lang::En => { "without " (label) " there are " (amount(*count, 0, 0)) }
                        }
                    }
                    (t(lang, "。", "."))
                }
            }
            div class="ky-row" {
                a class="ky-btn is-primary" href={ "/" (ask.def.code) "?view=*" } { (t(lang, "清除全部条件", "Clear the filter")) }
                @if let Some((label, href, _)) = drops.first() { a class="ky-btn" href=(href) { (t(lang, "去掉", "Drop ")) (label) } }
                (new)
            }
        }
    })
}

/// The list did not open: why, what is safe, the way on (14c).
pub fn broken(ask: &Ask, desk: &Desk, says: &str, number: &str) -> Markup {
    let lang = desk.actor.lang;
    region(
        ask,
        lang,
        html! {
            div class="ky-empty" role="alert" {
                (art("bad"))
                h2 { @if lang == Lang::Zh { (ask.def.label.zh) "列表没有打开" } @else { "The list of " (ask.def.many(lang).to_lowercase()) " did not open" } }
                p { (says) }
                p class="ky-mute" { (t(lang, "网址里有看不懂的条件，数据没有受影响。", "The address holds a condition that can't be read. The data is untouched.")) }
                div class="ky-row" {
                    a class="ky-btn is-primary" href={ "/" (ask.def.code) } { (t(lang, "清除条件", "Clear the filter")) }
                }
                @if !number.is_empty() { p class="ky-small ky-mute" { (t(lang, "编号 ", "Number ")) span class="ky-mono" { (number) } } }
            }
        },
    )
}

pub fn new_label(noun: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("新建{noun}"),
        Lang::En => format!("New {}", noun.to_lowercase()),
    }
}

/// The drawing of an empty list: nothing yet, nothing found, or trouble.
fn art(kind: &str) -> Markup {
    html! {
        svg class="ky-art" viewBox="0 0 160 96" aria-hidden="true" {
            rect class="is-paper" x="18" y="20" width="124" height="62" rx="6" {}
            path class="is-lines" d="M18 36h124M34 50h44M34 62h30M34 28h20" {}
            path class="is-lines" d="M98 50h30M98 62h30" {}
            @match kind {
                "first" => { circle class="is-blob" cx="118" cy="58" r="17" {} path class="is-white" d="M118 50v16M110 58h16" {} }
                "none" => { circle class="is-glass" cx="118" cy="58" r="17" {} path d="M130 71l12 12" {} path d="M112 52l12 12M124 52l-12 12" {} }
                _ => { path class="is-warn" d="M118 38l20 36H98z" {} path d="M118 50v11M118 67v.5" {} }
            }
        }
    }
}

/// Whether an error is about what was asked, so that the page can say it in place.
pub fn is_asked(error: &Error) -> bool {
    matches!(error, Error::Invalid(_))
}
