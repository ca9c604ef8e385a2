//! The rows of a list with head, groups, totals and foot, and the states of a list without rows.

use maud::{Markup, PreEscaped, html};
use model::{
    Cell, Column, Desk, Error, FieldDef, Format, Group, Kind, Lang, List, Query, Result, Totals, Value,
    VerbDef,
};

use super::ask::{Ask, encode};
use super::cell::{Cells, is_grade};
use super::empty;
use crate::act::ask::unit;
use crate::ui::{amount, icon, icon14, meter, t};

/// Rows that a page may hold.
const SIZES: [usize; 4] = [20, 50, 100, 500];
/// Rows of a first page that are looked at; more, and further pages, are read on and count as taken.
const LOOKED: usize = 100;
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
    /// Rows that were read on, not only looked at.
    pub taken: usize,
}

/// A column as it is drawn.
pub struct Head {
    column: Column,
    width: usize,
    class: &'static str,
    place: &'static str,
    /// Of a meter: the column that says what is left.
    left: Option<Column>,
}

/// The columns in their order: what was asked or what the entity lists, the title first.
pub fn columns(desk: &Desk, ask: &Ask) -> Vec<String> {
    let title = ask.def.title_field().name;
    let mut names = ask.query.columns.clone();
    if names.is_empty() {
        let catalog = desk.catalog().clone();
        let fields = catalog.fields(ask.def).filter(|it| ask.query.shows(it) && desk.may_see(ask.def, it));
        let mut fields: Vec<_> = fields.collect();
        // What is used of a limit stands before the sums, whoever declared it.
        if let (Some(meter), Some(sum)) =
            (fields.iter().position(|it| left_of(it).is_some()), fields.iter().position(|it| it.sum))
            && sum < meter
        {
            fields[sum..=meter].rotate_right(1);
        }
        names = fields.iter().map(|it| it.name.to_owned()).collect();
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
    // So is what a meter measures against.
    for name in &names {
        let field = desk.catalog().field(ask.def, name.split(':').next().unwrap_or_default());
        if let Some(left) = field.and_then(left_of) {
            query.columns.push(left.to_owned());
        }
    }
    let mut list = desk.list(ask.def.code, &query)?;
    let totals = desk.totals(&list)?;
    // A page that is not there any more is the last one.
    let last = (totals.count.max(1) as usize).div_ceil(list.size);
    if list.page > last && !totals.at_least {
        list = desk.list(ask.def.code, &Query { page: Some(last), ..query })?;
    }
    if totals.count == 0 {
        return empty::nothing(desk, ask, &cells, &list, names.len(), totals);
    }
    let groups = desk.groups(&list)?;
    let heads = heads(ask, &list.columns, names.len());
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
    let first = ask.query.after.is_none() && list.page == 1;
    let taken = if first { shown.saturating_sub(LOOKED) } else { shown };
    Ok(Sheet { rows: region(ask, lang, table), foot, totals, sums, pages, shown, taken })
}

pub fn region(ask: &Ask, lang: Lang, inner: Markup) -> Markup {
    let label = match lang {
        Lang::Zh => format!("{}列表", ask.def.label.zh),
        Lang::En => ask.def.many(lang),
    };
    html! { div class="ky-scroll" tabindex="0" role="region" aria-label=(label) id="rows" { (inner) } }
}

/// The first `shown` of the columns that were read, as they are drawn.
pub fn heads(ask: &Ask, read: &[Column], shown: usize) -> Vec<Head> {
    let columns = &read[..shown];
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
            left: left_of(column.field)
                .and_then(|left| read.iter().find(|it| it.field.name == left).copied()),
        })
        .collect()
}

/// The field that says what a meter leaves.
pub fn left_of(field: &FieldDef) -> Option<&'static str> {
    match field.format {
        Format::Meter(left) => Some(left),
        _ => None,
    }
}

fn class(field: &FieldDef) -> &'static str {
    match field.kind {
        _ if left_of(field).is_some() => "",
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
    take("ky-at-meter", &|it| left_of(it).is_some());
    take("ky-at-amount", &|it| it.sum || matches!(it.kind, Kind::Price | Kind::Money));
    take("ky-at-end", &|it| matches!(it.format, Format::Late));
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
        (_, Format::Meter(_)) => 150,
        (_, Format::Phone) => 120,
        (_, Format::Said) => 300,
        (_, Format::Email | Format::Url | Format::Long) => 180,
        (Kind::Choice(all), _) if is_grade(all) => 56,
        (Kind::Choice(_) | Kind::Bool, _) => 84,
        (Kind::Link(to), _) if to().title_field().name == "number" => 124,
        (Kind::Link(to), _) if to().code.len() <= 4 => 80,
        (Kind::Link(_), _) => 170,
        (Kind::Code, Format::Path) => 140,
        (Kind::Code, _) => 100,
        (Kind::Date, _) => 100,
        (Kind::Moment, _) => 140,
        (Kind::Money | Kind::Price, _) => 124,
        (Kind::Int | Kind::Quantity | Kind::Rate, _) => 84,
        _ if field.unique => 96,
        _ => 116,
    }
}

pub fn table_start(ask: &Ask, heads: &[Head], totals: &Totals, lang: Lang, inner: Markup) -> Markup {
    let density = match ask.density.as_str() {
        "compact" => " is-compact",
        "roomy" => " is-roomy",
        _ => "",
    };
    html! {
        table class={ "ky-table is-list" (density) } data-list=(ask.def.code) data-filter=(ask.filter()) data-total=(totals.count) data-verb=[ask.verb.map(|it| it.name)] data-asks=[ask.verb.filter(|it| asks(ask, it)).map(|_| "")] {
            colgroup { col width="40"; @for head in heads { col width=(head.width); } }
            thead { tr {
                th scope="col" class="is-center" { input class="ky-check" type="checkbox" data-all aria-label=(t(lang, "选择本页", "Select the page")); }
                @for head in heads { (head_cell(ask, head, lang)) }
            } }
            (inner)
        }
    }
}

/// Whether a verb is asked for in its dialog: it wants to know something, or nothing takes it back.
fn asks(ask: &Ask, verb: &VerbDef) -> bool {
    !verb.asks.is_empty() || verb.danger || verb.back.is_empty() && !ask.def.can_undo()
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
        // A meter has its unit in the cell, and so has what is late.
        _ if matches!(field.format, Format::Meter(_) | Format::Late) => String::new(),
        _ => Some(unit(field, lang)).filter(|it| !it.is_empty()).map_or(String::new(), |it| format!(" {it}")),
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
                    @if title.is_empty() { @if ask.def.edit.is_some() { (t(cells.lang, "草稿 ", "Draft ")) } "#" (id) } @else { (title) }
                }
            }
            @for head in &heads[1..] {
                @let class = match (head.place, head.class) { ("", class) => class.to_owned(), (place, "") => place.to_owned(), (place, class) => format!("{place} {class}") };
                td class=[Some(class).filter(|it| !it.is_empty())] { @if let Some(share) = share(head, heads, row) { (share) } (shown(cells, head, row)) }
            }
        }
    }
}

/// The value in its cell: a meter where what is left may be read too.
fn shown(cells: &Cells, head: &Head, row: &dyn model::Row) -> Markup {
    let left = head.left.as_ref().filter(|it| !it.masked && !head.column.masked);
    match (row.cell(head.column.at), left.map(|it| row.cell(it.at))) {
        (Cell::Int(used), Some(Cell::Int(left))) => meter(cells.lang, used, used.saturating_add(left)),
        _ => cells.mark(&head.column, row),
    }
}

/// How far something is that is not at its end, where the whole stands in the row too.
fn share(head: &Head, heads: &[Head], row: &dyn model::Row) -> Option<Markup> {
    let whole = heads.iter().skip_while(|it| !std::ptr::eq(*it, head)).nth(1);
    let whole = whole.filter(|_| head.column.field.format == Format::Share)?;
    let (done, whole) = match (row.cell(head.column.at), row.cell(whole.column.at)) {
        (Cell::Int(done), Cell::Int(whole)) if done < whole => (done, whole),
        _ => return None,
    };
    Some(html! { progress max=(whole) value=(done) aria-label=(format!("{done} / {whole}")) {} })
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
            @if let Some(verb) = ask.verb { span class="ky-desktop" { kbd { "J" } " " kbd { "K" } " " (t(lang, "换行", "move")) "　" kbd { "A" } " " (verb.label.of(lang)) } }
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

pub fn new_label(noun: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("新建{noun}"),
        Lang::En => format!("New {}", noun.to_lowercase()),
    }
}

/// Whether an error is about what was asked, so that the page can say it in place.
pub fn is_asked(error: &Error) -> bool {
    matches!(error, Error::Invalid(_))
}
