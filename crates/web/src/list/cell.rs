//! A value of a row as people read it: as text, and as a mark in a table.

use std::sync::Arc;

use maud::{Markup, html};
use model::message::said;
use model::system::{Department, Role, User};
use model::{Catalog, Cell, Column, Desk, Entity, EntityDef, FieldDef, Format, Kind, Lang, Moment, Row};

use crate::act::ask::unit;
use crate::ui::{amount, none, t};

/// What cells need to know of the house; no question to the database while rows are drawn.
pub struct Cells {
    catalog: Arc<Catalog>,
    pub lang: Lang,
}

/// Words that states of any trade are called by, and how they look.
const STATES: [(&str, &[&str]); 4] = [
    ("is-ok", &["active", "done", "valid", "registered", "familiar", "paid", "posted", "approved", "won"]),
    ("is-info", &["new", "queued", "running", "submitted", "open"]),
    ("is-warn", &["handed_in", "waiting", "held", "old_form"]),
    ("is-bad", &["failed", "wrong", "lost", "refused", "overdue", "disputed"]),
];

impl Cells {
    pub fn of(desk: &Desk) -> Cells {
        Cells { catalog: desk.catalog().clone(), lang: desk.actor.lang }
    }

    /// The value as text; nothing where there is none.
    pub fn text(&self, column: &Column, row: &dyn Row) -> String {
        if column.masked {
            return "***".into();
        }
        match (column.title, row.cell(column.at)) {
            (_, Cell::Null) => String::new(),
            (Some(title), _) => match row.cell(title) {
                Cell::Text(text) => text.to_owned(),
                Cell::Int(int) => int.to_string(),
                Cell::Null => String::new(),
            },
            (None, cell) => self.value(column.field, cell),
        }
    }

    /// The time in the company's zone.
    pub fn clock(&self) -> String {
        self.catalog.zone.to_datetime(Moment::now()).strftime("%H:%M").to_string()
    }

    /// A moment in the company's zone.
    pub fn moment(&self, moment: Moment) -> String {
        self.catalog.minute(moment)
    }

    /// What a person is called; the program's own hand too.
    pub fn person(&self, id: i64) -> String {
        self.called(User::DEF, id)
    }

    /// A value of a field whose links the catalog knows.
    pub fn value(&self, field: &FieldDef, cell: Cell) -> String {
        let lang = self.lang;
        match (field.kind, cell) {
            (_, Cell::Null) => String::new(),
            (Kind::Bool, Cell::Int(yes)) => {
                t(lang, if yes != 0 { "是" } else { "否" }, if yes != 0 { "Yes" } else { "No" }).into()
            }
            (Kind::Rate, Cell::Int(int)) => amount(int, 2, 0) + "%",
            (Kind::Money, Cell::Int(int)) => amount(int, 2, 2),
            (Kind::Price, Cell::Int(int)) => amount(int, 4, 2),
            (Kind::Quantity, Cell::Int(int)) => amount(int, 4, 0),
            (Kind::Int, Cell::Int(int)) => amount(int, 0, 0),
            (Kind::Link(to), Cell::Int(id)) => self.called(to(), id),
            (Kind::Code, Cell::Text(code)) => self.catalog.coded(field, code, lang),
            (Kind::Choice(all), Cell::Text(code)) => {
                all.iter().find(|it| it.0 == code).map_or(code, |it| it.1.of(lang)).to_owned()
            }
            (Kind::Moment, Cell::Text(text)) => {
                text.parse().map_or_else(|_| text.to_owned(), |moment| self.moment(moment))
            }
            (Kind::Text, Cell::Text(text)) if field.format == Format::Phone => spaced(text),
            (_, Cell::Text(text)) if field.format == Format::Said => said(text).of(lang).to_owned(),
            (_, Cell::Text(text)) => {
                self.catalog.registry.word(field.format, text).map_or(text, |it| it.of(lang)).to_owned()
            }
            (_, Cell::Int(int)) => int.to_string(),
        }
    }

    fn called(&self, to: &EntityDef, id: i64) -> String {
        let is = |def: &EntityDef| std::ptr::eq(to, def);
        let name = if is(User::DEF) {
            self.catalog.user_name(id).or((id == 0).then_some(t(self.lang, "系统", "System")))
        } else if is(Department::DEF) {
            self.catalog.department(id).map(|it| it.name.as_str())
        } else if is(Role::DEF) {
            self.catalog.roles.get(&id).map(|it| it.0.called(self.lang))
        } else {
            None
        };
        name.map_or_else(|| format!("#{id}"), str::to_owned)
    }

    /// The value as it stands in a list.
    pub fn mark(&self, column: &Column, row: &dyn Row) -> Markup {
        let text = self.text(column, row);
        if text.is_empty() {
            return none();
        }
        if column.masked {
            return html! { span class="ky-mute" { (text) } };
        }
        match (column.field.kind, row.cell(column.at)) {
            (Kind::Choice(all), Cell::Text(code)) => choice(column.field, all, code, &text, self.lang),
            (_, Cell::Int(late)) if column.field.format == Format::Late => self.late(column.field, late),
            (Kind::Bool, Cell::Int(0)) => html! { span class="ky-mute" { (text) } },
            (Kind::Date | Kind::Moment, _) => html! { time { (text) } },
            (Kind::Link(to), Cell::Int(id)) if column.title.is_some() => {
                html! { a class="ky-fig" href={ "/" (to().code) "/" (id) } lang=[self.foreign(&text)] { (text) } }
            }
            _ => html! { (text) },
        }
    }

    /// How late something is, in red; nothing where it is not.
    pub fn late(&self, field: &FieldDef, late: i64) -> Markup {
        if late <= 0 {
            return none();
        }
        let unit = match field.kind {
            Kind::Money => "",
            _ => unit(field, self.lang),
        };
        // On a phone there is no head to say of what.
        html! { span class="ky-fig is-bad" data-head=(field.label.of(self.lang)) { (self.value(field, Cell::Int(late))) @if !unit.is_empty() { " " (unit) } } }
    }

    /// Names stay as they were entered, and say in which language.
    pub fn foreign(&self, text: &str) -> Option<&'static str> {
        (self.lang == Lang::En && text.chars().any(|it| ('\u{4e00}'..='\u{9fff}').contains(&it)))
            .then_some("zh-CN")
    }
}

/// Choices named by letters are grades, the others states.
pub fn choice(field: &FieldDef, all: &[(&str, model::Label)], code: &str, text: &str, lang: Lang) -> Markup {
    if is_grade(all) {
        let class = format!("ky-grade is-{}", code.to_lowercase());
        return html! { span class=(class) title={ (field.label.of(lang)) " " (text) } { (text) } };
    }
    html! { span class={ "ky-status " (state(code)) } { (text) } }
}

/// Whether a state is good, new, waiting or bad.
pub fn state(code: &str) -> &'static str {
    STATES.iter().find(|it| it.1.contains(&code)).map_or("", |it| it.0)
}

pub fn is_grade(all: &[(&str, model::Label)]) -> bool {
    all.iter().all(|it| matches!(it.0, "A" | "B" | "C" | "D"))
}

/// A telephone number in the groups that people read: `138 1092 6621`.
pub fn spaced(text: &str) -> String {
    let plain = text.len() == 11 && text.starts_with('1') && text.bytes().all(|it| it.is_ascii_digit());
    if plain { format!("{} {} {}", &text[..3], &text[3..7], &text[7..]) } else { text.to_owned() }
}
