//! Beside and below a record: next steps, people, colleagues, notes; child rows and records within.

use maud::{Markup, html};
use model::system::Team;
use model::{Condition, Desk, EntityDef, Error, FieldDef, Format, Kind, Op, Query, Result, Term, Value};

use super::{ROWS, View, hang, inside_of, part, section};
use crate::list::cell::spaced;
use crate::list::table::new_label;
use crate::ui::{avatar, count, icon, icon14, t};

/// Most people that the rail names.
const PEOPLE: usize = 5;
/// Notes in the rail.
const NOTES: usize = 3;

pub fn rail(desk: &mut Desk, view: &View) -> Result<Markup> {
    let lang = view.cells.lang;
    let mut blocks = vec![steps(desk, view)?];
    for (within, rows) in view.below.iter().filter(|it| it.0.within.is_some() && it.0.feeds) {
        blocks.push(people_block(desk, view, within, *rows)?);
    }
    let add = hang::add(view, "note", "plus", t(lang, "添加备注", "Add a note"));
    let notes: Vec<_> = view.notes.iter().take(NOTES).map(|it| hang::note(desk, view, it)).collect();
    let none = t(lang, "还没有备注", "No notes yet");
    blocks.push(block(&html! { (t(lang, "备注", "Notes")) }, &add, none, &notes));
    Ok(html! {
        @for block in &blocks { (block) }
        (team(desk, view))
    })
}

/// A heading with what can be done there, and what stands below it.
fn block(title: &Markup, add: &Markup, none: &str, rows: &[Markup]) -> Markup {
    html! {
        h3 { (title) span class="ky-grow" {} (add) }
        @if rows.is_empty() { p class="ky-small ky-mute" { (none) } }
        @for row in rows { (row) }
    }
}

/// What the reminders know of this record: each with the verb or the edit that settles it.
fn steps(desk: &mut Desk, view: &View) -> Result<Markup> {
    let lang = view.cells.lang;
    let (def, id) = (view.card.def, view.card.id);
    let mut steps = Vec::new();
    for reminder in def.views.iter().filter(|it| it.remind) {
        let Some(mut query) = Query::parse(reminder.query) else { continue };
        let about = query.terms.iter().find_map(|it| match it {
            Term::One(it) => def.field(&it.field).map(|it| it.1),
            Term::Or(_) => None,
        });
        query.terms.push(Term::One(Condition { field: "id".into(), op: Op::Is, value: id.to_string() }));
        let is_due = match desk.ids(def.code, &query, 0, 1) {
            // A reminder about what this actor may not read is none.
            Err(Error::Invalid(_)) => false,
            found => !found?.is_empty(),
        };
        if !is_due {
            continue;
        }
        let why = about.and_then(|field| {
            let value = view.cells.value(field, view.card.value(field.name)?.cell());
            Some(format!("{}{}{value}", field.label.of(lang), t(lang, "：", ": ")))
        });
        let verb = view.card.verbs.iter().find(|it| it.verb.name == reminder.verb && it.unless.is_none());
        steps.push(html! {
            li class=(if reminder.urgent { "is-bad" } else { "is-warn" }) {
                (icon(if reminder.urgent { "alert-circle" } else { "clock" }))
                div {
                    b { (reminder.label.of(lang)) }
                    @if let Some(why) = &why { p { (why) } }
                    div class="ky-row" {
                        @if let Some(verb) = verb {
                            button class="ky-btn is-small" type="button" hx-get={ (view.base) "/" (verb.verb.name) } hx-target="#dialog" { (verb.verb.label.of(lang)) }
                        } @else if view.card.editable && reminder.verb.is_empty() {
                            a class="ky-btn is-small" href={ (view.base) "/edit" } { (t(lang, "补资料", "Complete it")) }
                        }
                        a class="ky-btn is-small is-text" href={ "/" (def.code) "?view=" (reminder.code) } { (t(lang, "看全部", "See all")) }
                    }
                }
            }
        });
    }
    Ok(html! {
        @if def.views.iter().any(|it| it.remind) {
            h3 { (t(lang, "下一步", "Next steps")) @if !steps.is_empty() { span class="ky-count" { (steps.len()) } } }
            ul class="ky-todo" {
                @for step in &steps { (step) }
                @if steps.is_empty() { li class="is-done" { (icon("circle-check")) div { (t(lang, "没有待办", "Nothing to do")) } } }
            }
        }
    })
}

/// Somebody within a record: what they are called, do, and answer at.
pub struct Person {
    pub id: i64,
    pub name: String,
    pub role: String,
    pub phone: String,
}

/// Who stands within the record, the first ones to ask on top.
pub fn people_of(desk: &mut Desk, within: &'static EntityDef, id: i64, most: usize) -> Result<Vec<Person>> {
    let flag = within.fields.iter().find(|it| matches!(it.kind, Kind::Bool) && it.list);
    let sort = flag.filter(|it| desk.may_read(within, it)).map(|it| (it.name.to_owned(), true));
    let query = Query { size: Some(most), sort: sort.into_iter().collect(), ..inside_of(within, id) };
    let list = desk.list(within.code, &query)?;
    let title = within.title_field().name;
    let plain = |it: &FieldDef| matches!(it.kind, Kind::Text) && it.format == Format::Plain;
    let role = list.columns.iter().map(|it| it.field).find(|it| it.name != title && plain(it));
    let text = |row: &Vec<Value>, fits: &dyn Fn(&FieldDef) -> bool| {
        let open = list.columns.iter().filter(|it| !it.masked && fits(it.field));
        open.map(|it| row[it.at].text()).find(|it| !it.is_empty()).unwrap_or_default().to_owned()
    };
    let person = |row: &Vec<Value>| Person {
        id: row[0].int(),
        name: text(row, &|it| it.name == title),
        role: text(row, &|it| role.is_some_and(|role| role.name == it.name)),
        phone: text(row, &|it| it.format == Format::Phone),
    };
    Ok(desk.rows(&list)?.0.iter().map(person).collect())
}

/// The people of one kind with their numbers.
fn people_block(desk: &mut Desk, view: &View, within: &'static EntityDef, all: i64) -> Result<Markup> {
    let lang = view.cells.lang;
    let line = |Person { id, name, role, phone }: Person| {
        let about = html! {
            a class="ky-lead" href={ "/" (within.code) "/" (id) } { (name) }
            @if !role.is_empty() { " " span class="ky-mute" { (role) } }
            @if !phone.is_empty() { p { (spaced(&phone)) } }
        };
        let ways = html! {
            @if !phone.is_empty() {
                a class="ky-iconbtn" href={ "tel:" (phone) } aria-label={ (t(lang, "打电话给 ", "Call ")) (name) } { (icon("phone")) }
                button class="ky-iconbtn" type="button" data-copy=(phone) aria-label={ (t(lang, "复制号码 ", "Copy the number of ")) (name) } { (icon("copy")) }
            }
        };
        (name, about, ways)
    };
    let rows: Vec<_> = people_of(desk, within, view.card.id, PEOPLE)?.into_iter().map(line).collect();
    let label = new_label(within.label.of(lang), lang);
    let add = html! {
        @if desk.may(within, "create").is_ok() { a class="ky-iconbtn is-small" href=(new_inside(view, within)) aria-label=(label) title=(label) { (icon14("plus")) } }
    };
    let title = html! { (within.many(lang)) @if all > 0 { a class="ky-count" href=(view.to(within.code)) { (count(all)) } } };
    Ok(block(&title, &add, t(lang, "还没有", "None yet"), &people(&rows)))
}

/// People as a list: each with a name, what is said of them, and the ways to them.
fn people(all: &[(String, Markup, Markup)]) -> Vec<Markup> {
    let list = html! {
        ul class="ky-people" { @for (name, about, ways) in all { li { (avatar(name, "is-large")) div { (about) } (ways) } } }
    };
    if all.is_empty() { Vec::new() } else { vec![list] }
}

/// The form of a new record within this one.
fn new_inside(view: &View, within: &EntityDef) -> String {
    format!("/{}/new?{}={}", within.code, parent_of(within), view.card.id)
}

fn parent_of(within: &EntityDef) -> &'static str {
    within.parent().map_or("", |it| within.fields[it.0].name)
}

/// Colleagues who share the record, and who follows it.
fn team(desk: &Desk, view: &View) -> Markup {
    let lang = view.cells.lang;
    let (today, editable) = (desk.today(), view.card.editable);
    let colleague = |it: &Team| {
        let name = view.cells.person(it.user.0);
        let about = html! {
            (name)
            p class="ky-small" {
                (if it.edit { t(lang, "可编辑", "May edit") } else { t(lang, "只看", "Reads") })
                @if let Some(until) = it.until { " · " span class=[(until < today).then_some("is-bad")] { (t(lang, "至 ", "until ")) (until) } }
            }
        };
        let change = html! {
            @if editable { button class="ky-iconbtn" type="button" hx-get={ (view.base) "/hang/team/" (it.id.0) } hx-target="#dialog" aria-label={ (t(lang, "修改 ", "Change ")) (name) } { (icon14("pencil")) } }
        };
        (name, about, change)
    };
    let rows: Vec<_> = view.team.iter().map(colleague).collect();
    let add = html! { @if editable { (hang::add(view, "team", "users-plus", t(lang, "添加协作人", "Add a colleague"))) } };
    let followers: Vec<_> = view.followers.iter().map(|it| view.cells.person(it.user.0)).collect();
    html! {
        @if view.card.def.owner.is_some() && (editable || !rows.is_empty()) {
            (block(&html! { (t(lang, "协作人", "Team")) }, &add, t(lang, "还没有", "None yet"), &people(&rows)))
        }
        @if !followers.is_empty() {
            h3 { (t(lang, "关注人", "Followers")) }
            p class="ky-small" { (followers.join(t(lang, "、", ", "))) }
        }
    }
}

/// What stands below the record as a table: records within, or child rows.
pub fn panel(desk: &mut Desk, view: &View, below: &'static EntityDef, brief: bool) -> Result<Markup> {
    match below.within {
        Some(_) => inside_panel(desk, view, below),
        None => child_panel(desk, view, below, brief),
    }
}

fn child_panel(desk: &mut Desk, view: &View, child: &'static EntityDef, brief: bool) -> Result<Markup> {
    let lang = view.cells.lang;
    let fields: Vec<_> = child.fields.iter().filter(|it| it.list && desk.may_see(child, it)).collect();
    let rows = desk.rows_at(view.card.def, view.card.id, child, view.past)?;
    let mut lines = Vec::new();
    for row in rows.iter().take(ROWS) {
        let mut line = Vec::new();
        for field in &fields {
            let value = row.fields.iter().find(|it| it.0.name == field.name).and_then(|it| it.1.as_ref());
            let shown = part::shown(desk, &view.cells, field, value)?;
            // A sentence stands below what it is said of: the field before it.
            let said = child.at(field.name).and_then(|at| child.fields.get(at));
            let said = said.filter(|it| it.format == Format::Said && !it.list && desk.may_see(child, it));
            let said = said.and_then(|it| row.value(it.name)).map(|it| model::message::said(it.text()));
            let said = said.map(|it| it.of(lang).to_owned()).filter(|it| !it.is_empty());
            line.push(html! { (shown) @if let Some(said) = &said { p class="ky-small ky-mute" { (said) } } });
        }
        lines.push(line);
    }
    let open = view.card.editable && desk.may(child, "update").is_ok();
    let tools = html! { @if open { (part::edit(view, child.code, child.label.of(lang), brief)) } };
    let body = table(view, &fields, &lines);
    Ok(section(Some(child.code), "ky-card is-clip", &child.many(lang), Some(rows.len()), &tools, &body))
}

/// Records within as a table; each opens its own card.
fn inside_panel(desk: &mut Desk, view: &View, within: &'static EntityDef) -> Result<Markup> {
    let lang = view.cells.lang;
    let link = parent_of(within);
    let query = Query { size: Some(ROWS), ..inside_of(within, view.card.id) };
    let listed = listed(desk, view, within, &query, link)?;
    let label = new_label(within.label.of(lang), lang);
    let tools = html! {
        @if listed.more { a href={ "/" (within.code) "?" (link) "=" (view.card.id) } { (t(lang, "看全部", "See all")) } }
        @if desk.may(within, "create").is_ok() { a class="ky-btn is-small" href=(new_inside(view, within)) { (icon14("plus")) (label) } }
    };
    Ok(section(None, "ky-card is-clip", &within.many(lang), None, &tools, &listed.table))
}

/// Records of another kind that name this one, where there are any.
pub fn related(
    desk: &mut Desk,
    view: &View,
    from: &'static EntityDef,
    query: &Query,
) -> Result<Option<Markup>> {
    let link = query.terms.iter().find_map(|it| if let Term::One(it) = it { Some(&*it.field) } else { None });
    let link = link.unwrap_or_default();
    let listed = listed(desk, view, from, query, link)?;
    if listed.rows == 0 {
        return Ok(None);
    }
    let lang = view.cells.lang;
    let tools =
        html! { a href={ "/" (from.code) "?" (link) "=" (view.card.id) } { (t(lang, "看全部", "See all")) } };
    let title = from.many(lang);
    Ok(Some(section(None, "ky-card is-clip", &title, Some(listed.rows), &tools, &listed.table)))
}

/// Records as a table, without the column that says of what they are.
struct Listed {
    table: Markup,
    rows: usize,
    more: bool,
}

fn listed(
    desk: &mut Desk,
    view: &View,
    within: &'static EntityDef,
    query: &Query,
    link: &str,
) -> Result<Listed> {
    let list = desk.list(within.code, query)?;
    let (rows, more) = desk.rows(&list)?;
    let columns: Vec<_> = list.columns.iter().filter(|it| it.field.name != link).collect();
    let title = within.title_field().name;
    let cells = &view.cells;
    let mut lines = Vec::new();
    for row in &rows {
        let mut line = Vec::new();
        for column in &columns {
            line.push(match column.field {
                field if field.name == title => html! { a class="ky-lead" href={ "/" (within.code) "/" (row[0].int()) } { (cells.text(column, row)) } },
                field if field.format == Format::Phone || field.format == Format::Email => {
                    part::shown(desk, cells, field, (!column.masked).then_some(&row[column.at]))?
                }
                _ => cells.mark(column, row),
            });
        }
        lines.push(line);
    }
    let fields: Vec<_> = columns.iter().map(|it| it.field).collect();
    Ok(Listed { table: table(view, &fields, &lines), rows: rows.len(), more: more.is_some() })
}

fn table(view: &View, fields: &[&FieldDef], lines: &[Vec<Markup>]) -> Markup {
    let lang = view.cells.lang;
    if lines.is_empty() {
        return html! { p class="ky-card-body ky-mute" { (t(lang, "还没有", "None yet")) } };
    }
    let class = |field: &FieldDef| field.kind.is_amount().then_some("is-number");
    // On a phone the first cell is the row's title, the others its facts.
    let place = |n: usize| match n {
        0 => "ky-at-title",
        1 => "ky-at-end",
        _ => "ky-at-fact",
    };
    html! {
        table class="ky-table is-inset is-rows" {
            thead { tr { @for field in fields { th scope="col" class=[class(field)] { (field.label.of(lang)) } } } }
            tbody { @for line in lines { tr { @for (n, (field, cell)) in fields.iter().zip(line).enumerate() { td class={ (place(n)) " " (class(field).unwrap_or_default()) } { (cell) } } } } }
        }
    }
}
