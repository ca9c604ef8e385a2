//! Beside and below a record: next steps, people, colleagues, notes; child rows and records within.

use maud::{Markup, html};
use model::system::{Follower, Note, Team};
use model::{
    Condition, Desk, EntityDef, Error, FieldDef, Format, Kind, Lang, Op, Query, Result, Term, Value,
};

use super::{ROWS, View, hang, inside_of, part};
use crate::list::cell::{Cells, spaced};
use crate::list::table::new_label;
use crate::ui::{amount, avatar, icon, icon14, t};

/// Most people that the rail names.
const PEOPLE: usize = 5;

pub fn rail(desk: &mut Desk, view: &View) -> Result<Markup> {
    let steps = steps(desk, view)?;
    let mut people = Vec::new();
    for (within, count) in &view.inside {
        people.push(people_of(desk, view, within, *count)?);
    }
    let notes: Vec<Note> = desk.attached(view.card.def.code, view.card.id)?;
    let lang = view.cells.lang;
    Ok(html! {
        (steps)
        @for people in &people { (people) }
        h3 { (t(lang, "备注", "Notes")) span class="ky-grow" {}
            button class="ky-iconbtn is-small" type="button" hx-get={ (view.base) "/hang/note/new" } hx-target="#dialog" aria-label=(t(lang, "添加备注", "Add a note")) title=(t(lang, "添加备注", "Add a note")) { (icon14("plus")) }
        }
        @let pinned: Vec<&Note> = notes.iter().filter(|it| it.pinned).chain(notes.iter().filter(|it| !it.pinned)).take(3).collect();
        @if pinned.is_empty() { p class="ky-small ky-mute" { (t(lang, "还没有备注", "No notes yet")) } }
        @for note in pinned { (hang::note(desk, view, note)) }
        (team(desk, view)?)
    })
}

/// What the reminders know of this record: each with the verb or the edit that settles it.
fn steps(desk: &mut Desk, view: &View) -> Result<Markup> {
    let lang = view.cells.lang;
    let (def, id) = (view.card.def, view.card.id);
    let mut steps = Vec::new();
    for reminder in def.views.iter().filter(|it| it.remind) {
        let Some(mut query) = Query::parse(reminder.query) else { continue };
        let about = query
            .terms
            .iter()
            .find_map(|it| if let Term::One(it) = it { Some(it.field.clone()) } else { None });
        query.terms.push(Term::One(Condition { field: "id".into(), op: Op::Is, value: id.to_string() }));
        match desk.ids(def.code, &query, 0, 1) {
            Ok(found) if found.is_empty() => continue,
            // A reminder about what this actor may not read is none.
            Err(Error::Invalid(_)) => continue,
            found => found?,
        };
        let field = about.as_deref().and_then(|it| def.field(it)).map(|it| it.1);
        let value = field.and_then(|field| Some((field, view.card.value(field.name)?)));
        let why = value.map(|(field, value)| {
            let colon = t(lang, "：", ": ");
            format!("{}{colon}{}", field.label.of(lang), view.cells.value(field, value.cell()))
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
        @if !def.views.iter().any(|it| it.remind) {}
        @else {
            h3 { (t(lang, "下一步", "Next steps")) @if !steps.is_empty() { span class="ky-count" { (steps.len()) } } }
            @if steps.is_empty() { ul class="ky-todo" { li class="is-done" { (icon("circle-check")) div { (t(lang, "没有待办", "Nothing to do")) } } } }
            @else { ul class="ky-todo" { @for step in &steps { (step) } } }
        }
    })
}

/// Who stands within the record, the first ones to ask on top, with their numbers.
fn people_of(desk: &mut Desk, view: &View, within: &'static EntityDef, count: i64) -> Result<Markup> {
    let lang = view.cells.lang;
    let flag =
        within.fields.iter().find(|it| matches!(it.kind, Kind::Bool) && it.list && desk.may_read(within, it));
    let mut query = Query { size: Some(PEOPLE), ..inside_of(within, view.card.id) };
    query.sort = flag.map(|it| (it.name.to_owned(), true)).into_iter().collect();
    let list = desk.list(within.code, &query)?;
    let (rows, _) = desk.rows(&list)?;
    let title = within.title_field().name;
    let text = |row: &Vec<Value>, field: &FieldDef| {
        let column = list.columns.iter().find(|it| it.field.name == field.name && !it.masked);
        column.map_or(String::new(), |it| row[it.at].text().to_owned())
    };
    let fields: Vec<_> = list.columns.iter().map(|it| it.field).collect();
    let role = fields
        .iter()
        .find(|it| it.name != title && matches!(it.kind, Kind::Text) && it.format == Format::Plain);
    let phones: Vec<_> = fields.iter().filter(|it| it.format == Format::Phone).collect();
    Ok(html! {
        h3 { (within.many(lang)) @if count > 0 { a class="ky-count" href=(view.to(within.code)) { (amount(count, 0, 0)) } } span class="ky-grow" {}
            @if desk.may(within, "create").is_ok() { (add(view, within)) }
        }
        @if rows.is_empty() { p class="ky-small ky-mute" { (t(lang, "还没有", "None yet")) } }
        ul class="ky-people" {
            @for row in &rows {
                @let name = text(row, within.title_field());
                @let phone = phones.iter().map(|it| text(row, it)).find(|it| !it.is_empty());
                li {
                    (avatar(&name, "is-large"))
                    div {
                        a class="ky-lead" href={ "/" (within.code) "/" (row[0].int()) } { (name) }
                        @if let Some(role) = role { " " span class="ky-mute" { (text(row, role)) } }
                        @if let Some(phone) = &phone { p { (spaced(phone)) } }
                    }
                    @if let Some(phone) = &phone {
                        a class="ky-iconbtn" href={ "tel:" (phone) } aria-label={ (t(lang, "打电话给 ", "Call ")) (name) } { (icon("phone")) }
                        button class="ky-iconbtn" type="button" data-copy=(phone) aria-label={ (t(lang, "复制号码 ", "Copy the number of ")) (name) } { (icon("copy")) }
                    }
                }
            }
        }
    })
}

fn add(view: &View, within: &EntityDef) -> Markup {
    let lang = view.cells.lang;
    let field = within.parent().map_or("", |it| within.fields[it.0].name);
    let label = new_label(within.label.of(lang), lang);
    html! { a class="ky-iconbtn is-small" href={ "/" (within.code) "/new?" (field) "=" (view.card.id) } aria-label=(label) title=(label) { (icon14("plus")) } }
}

/// Colleagues who share the record, and who follows it.
fn team(desk: &mut Desk, view: &View) -> Result<Markup> {
    let lang = view.cells.lang;
    let (code, id) = (view.card.def.code, view.card.id);
    let team: Vec<Team> = desk.attached(code, id)?;
    let followers: Vec<Follower> = desk.attached(code, id)?;
    let catalog = desk.catalog().clone();
    let name = |user: i64| catalog.user_name(user).unwrap_or("—").to_owned();
    let today = desk.today();
    Ok(html! {
        @if view.card.def.owner.is_some() && (view.card.editable || !team.is_empty()) {
            h3 { (t(lang, "协作人", "Team")) span class="ky-grow" {}
                @if view.card.editable { button class="ky-iconbtn is-small" type="button" hx-get={ (view.base) "/hang/team/new" } hx-target="#dialog" aria-label=(t(lang, "添加协作人", "Add a colleague")) title=(t(lang, "添加协作人", "Add a colleague")) { (icon14("users-plus")) } }
            }
            @if team.is_empty() { p class="ky-small ky-mute" { (t(lang, "还没有", "None yet")) } }
            ul class="ky-people" {
                @for it in &team {
                    @let name = name(it.user.0);
                    li {
                        (avatar(&name, "is-large"))
                        div {
                            (name)
                            p class="ky-small" {
                                (if it.edit { t(lang, "可编辑", "May edit") } else { t(lang, "只看", "Reads") })
                                @if let Some(until) = it.until { " · " span class=[(until < today).then_some("is-bad")] { (t(lang, "至 ", "until ")) (until) } }
                            }
                        }
                        @if view.card.editable { button class="ky-iconbtn" type="button" hx-get={ (view.base) "/hang/team/" (it.id.0) } hx-target="#dialog" aria-label={ (t(lang, "修改 ", "Change ")) (name) } { (icon14("pencil")) } }
                    }
                }
            }
        }
        @if !followers.is_empty() {
            h3 { (t(lang, "关注人", "Followers")) }
            p class="ky-small" { @for (n, it) in followers.iter().enumerate() { @if n > 0 { (t(lang, "、", ", ")) } (name(it.user.0)) } }
        }
    })
}

/// Child rows as a table.
pub fn child_panel(desk: &mut Desk, view: &View, child: &'static EntityDef, brief: bool) -> Result<Markup> {
    let lang = view.cells.lang;
    let fields: Vec<_> = child.fields.iter().filter(|it| it.list && desk.may_see(child, it)).collect();
    let rows = desk.rows_at(view.card.def, view.card.id, child, view.past)?;
    let mut lines = Vec::new();
    for row in rows.iter().take(ROWS) {
        let mut line = Vec::new();
        for field in &fields {
            let value = row.fields.iter().find(|it| it.0.name == field.name).and_then(|it| it.1.as_ref());
            line.push(part::shown(desk, &view.cells, field, value)?);
        }
        lines.push(line);
    }
    let open = view.card.editable && desk.may(child, "update").is_ok();
    let target = format!("part-{}", child.code);
    Ok(html! {
        section class="ky-card is-clip" id=(target) {
            header {
                h2 { (child.many(lang)) } span class="ky-count" { (rows.len()) } span class="ky-grow" {}
                @if open {
                    button class="ky-iconbtn" type="button" hx-get={ (view.base) "/part/" (child.code) "?brief=" (u8::from(brief)) } hx-target={ "#" (target) } hx-swap="outerHTML" data-key=[(!brief).then_some("E")]
                        aria-label={ (t(lang, "编辑", "Edit ")) (child.label.of(lang)) } title=(t(lang, "编辑", "Edit")) { (icon14("pencil")) }
                }
            }
            @if lines.is_empty() { p class="ky-card-body ky-mute" { (t(lang, "还没有", "None yet")) } }
            @else { (table(&fields, &lines, lang)) }
        }
    })
}

/// Records within as a table; each opens its own card.
pub fn inside_panel(desk: &mut Desk, view: &View, within: &'static EntityDef) -> Result<Markup> {
    let lang = view.cells.lang;
    let link = within.parent().map_or("", |it| within.fields[it.0].name);
    let list = desk.list(within.code, &Query { size: Some(ROWS), ..inside_of(within, view.card.id) })?;
    let (rows, more) = desk.rows(&list)?;
    let columns: Vec<_> = list.columns.iter().filter(|it| it.field.name != link).collect();
    let title = within.title_field().name;
    let cells = Cells::of(desk);
    let mut lines = Vec::new();
    for row in &rows {
        let mut line = Vec::new();
        for column in &columns {
            line.push(match column.field {
                field if field.name == title => html! { a class="ky-lead" href={ "/" (within.code) "/" (row[0].int()) } { (cells.text(column, row)) } },
                field if field.format == Format::Phone || field.format == Format::Email => {
                    part::shown(desk, &cells, field, (!column.masked).then_some(&row[column.at]))?
                }
                _ => cells.mark(column, row),
            });
        }
        lines.push(line);
    }
    let fields: Vec<_> = columns.iter().map(|it| it.field).collect();
    let label = new_label(within.label.of(lang), lang);
    Ok(html! {
        section class="ky-card is-clip" {
            header {
                h2 { (within.many(lang)) } span class="ky-grow" {}
                @if more.is_some() { a href={ "/" (within.code) "?" (link) "=" (view.card.id) } { (t(lang, "看全部", "See all")) } }
                @if desk.may(within, "create").is_ok() { a class="ky-btn is-small" href={ "/" (within.code) "/new?" (link) "=" (view.card.id) } { (icon14("plus")) (label) } }
            }
            @if lines.is_empty() { p class="ky-card-body ky-mute" { (t(lang, "还没有", "None yet")) } }
            @else { (table(&fields, &lines, lang)) }
        }
    })
}

fn table(fields: &[&FieldDef], lines: &[Vec<Markup>], lang: Lang) -> Markup {
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
