//! Lists that leave the house as files, the templates that come back filled in, and the record of who took what.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::Path;

use sheet::template::{self, Field, Words};
use sheet::write::{About, Column as Head, Form, Format, Value as Out, Writer};

use crate::system::{Access, Department, Role, User};
use crate::tx::Record;
use crate::{
    Column, Date, Desk, Entity, EntityDef, Error, FieldDef, Id, Kind, Label, Lang, MOST, Moment, Query,
    ReportDef, Result, Sql, Stamp, Text, Value,
};

/// Rows that are read at once: few enough for memory, so many that an order without an index is sought seldom.
const PIECE: usize = 2_000;
/// Longer lists of choices are no help in a drop-down.
const CHOICES: usize = 300;
/// The parameter that says how many rows one person may take out a day.
const LIMIT: &str = "export_rows";

/// Where an export goes: the file, and the folder for what does not fit into memory meanwhile.
pub struct Target<'a> {
    pub format: Format,
    pub file: File,
    pub folder: &'a Path,
}

/// How the values of a column are written.
enum How {
    Plain,
    /// Codes, choices and what the catalog knows by id, in the user's words.
    Named(HashMap<Value, String>),
    /// A link by its title, or by its number where the title leads to several.
    Linked(&'static EntityDef),
}

impl Desk<'_> {
    /// Writes all rows of a query with its columns in its order, in one unchanging state; returns how many.
    pub fn export(&mut self, entity: &str, query: &Query, to: Target, mut about: About) -> Result<i64> {
        let def = self.entity(entity)?;
        self.may(def, "export")?;
        let mut query = Query { page: None, after: None, size: None, ..query.clone() };
        // What a page groups stands together here too.
        if let Some(group) = query.group.take() {
            query.sort.retain(|it| it.0 != group);
            query.sort.insert(0, (group, false));
        }
        let mut list = self.list(def.code, &query)?;
        list.size = PIECE;
        let count = self.totals(&list)?.count;
        self.allowed(count)?;
        let lang = self.actor.lang;
        let columns: Vec<Column> = list.columns.clone();
        let heads: Vec<Head> = columns
            .iter()
            .map(|it| Head { title: it.field.label.of(lang).to_owned(), form: form(it.field) })
            .collect();
        let how: Vec<How> = columns.iter().map(|it| self.how(it)).collect();
        let masked = columns.iter().filter(|it| it.masked).map(|it| it.field.label.of(lang));
        let masked = masked.collect::<Vec<_>>().join(", ");
        if !masked.is_empty() {
            let label = Label { zh: "遮盖的列", en: "Masked columns" };
            about.notes.push((label.of(lang).to_owned(), masked));
        }
        let mut writer = Writer::new(to.format, to.file, to.folder, &about, &heads)?;
        let mut rows = 0;
        loop {
            let (records, next) = self.rows(&list)?;
            let unclear = self.unclear(&columns, &how, &records)?;
            for record in &records {
                for (column, how) in columns.iter().zip(&how) {
                    self.write_cell(&mut writer, column, how, record, &unclear)?;
                }
                writer.end_row()?;
            }
            rows += records.len() as i64;
            match next {
                Some(next) => list.go_on(next),
                None => break,
            }
        }
        about.notes.push((Label { zh: "行数", en: "Rows" }.of(lang).to_owned(), rows.to_string()));
        writer.finish(&about)?;
        Ok(rows)
    }

    /// Writes what a report answers, all rows and the totals; returns how many rows.
    pub fn export_report(
        &mut self,
        def: &'static ReportDef,
        query: &Query,
        to: Target,
        mut about: About,
    ) -> Result<i64> {
        self.may(def.fact, "export")?;
        let found = self.figures(def, query, Some(MOST))?;
        self.allowed(found.rows.len() as i64)?;
        let lang = self.actor.lang;
        let heads: Vec<Head> = found
            .columns
            .iter()
            .map(|it| Head { title: it.field.label.of(lang).to_owned(), form: form(it.field) })
            .collect();
        let how: Vec<How> = found.columns.iter().map(|it| self.how(it)).collect();
        let mut writer = Writer::new(to.format, to.file, to.folder, &about, &heads)?;
        let unclear = self.unclear(&found.columns, &how, &found.rows)?;
        for row in &found.rows {
            for (column, how) in found.columns.iter().zip(&how) {
                self.write_cell(&mut writer, column, how, row, &unclear)?;
            }
            writer.end_row()?;
        }
        for (n, (column, how)) in found.columns.iter().zip(&how).enumerate() {
            match n < found.axes.len() {
                true if n == 0 => writer.cell(Out::Text(Label { zh: "合计", en: "Total" }.of(lang)))?,
                true => writer.cell(Out::Empty)?,
                false => self.write_cell(&mut writer, column, how, &found.totals, &unclear)?,
            }
        }
        writer.end_row()?;
        let rows = found.rows.len() as i64;
        about.notes.push((Label { zh: "行数", en: "Rows" }.of(lang).to_owned(), rows.to_string()));
        writer.finish(&about)?;
        Ok(rows)
    }

    fn how(&self, column: &Column) -> How {
        let (lang, catalog) = (self.actor.lang, &self.tx.catalog);
        // A name that several share goes with what tells them apart.
        let told = |all: Vec<(Value, String, String)>| {
            let mut seen: HashMap<String, usize> = HashMap::new();
            all.iter().for_each(|it| *seen.entry(it.1.clone()).or_default() += 1);
            let name = |(value, name, else_): (Value, String, String)| {
                let name = if seen[&name] > 1 { else_ } else { name };
                (value, name)
            };
            How::Named(all.into_iter().map(name).collect())
        };
        match column.field.kind {
            Kind::Choice(all) => {
                How::Named(all.iter().map(|it| (Value::from(it.0), it.1.of(lang).to_owned())).collect())
            }
            Kind::Bool => {
                How::Named((0..2).map(|it| (Value::Int(it), yes(it == 1, lang).to_owned())).collect())
            }
            Kind::Code => {
                let codes = catalog.codes(column.field.code.unwrap_or_default());
                let entry = |it: &crate::system::CodeEntry| {
                    let name = it.called(lang).to_owned();
                    let both = format!("{name} ({})", it.code);
                    (Value::from(it.code.as_str()), name, both)
                };
                told(codes.iter().map(entry).collect())
            }
            Kind::Link(to) if std::ptr::eq(to(), User::DEF) => {
                let logins = self.named_by(to()).contains(&"login");
                let person = |it: &crate::Person| {
                    let (id, user) = (it.user.id.0, &it.user);
                    let told = if logins { user.login.clone() } else { format!("#{id}") };
                    (Value::Int(id), user.name.clone(), told)
                };
                told(catalog.users.values().map(person).collect())
            }
            Kind::Link(to) if std::ptr::eq(to(), Department::DEF) => {
                let one = |it: &Department| (Value::Int(it.id.0), it.name.clone(), format!("#{}", it.id.0));
                told(catalog.departments().map(one).collect())
            }
            Kind::Link(to) if std::ptr::eq(to(), Role::DEF) => {
                let one =
                    |(role, _): &(Role, _)| (Value::Int(role.id.0), role.name.clone(), role.code.clone());
                told(catalog.roles.values().map(one).collect())
            }
            Kind::Link(to) => How::Linked(to()),
            _ => How::Plain,
        }
    }

    /// The titles of linked records in these rows that would not lead back to one record alone.
    fn unclear(&mut self, columns: &[Column], how: &[How], rows: &[Record]) -> Result<HashSet<String>> {
        let mut found = HashSet::new();
        for (column, how) in columns.iter().zip(how) {
            let (How::Linked(to), Some(at)) = (how, column.title) else { continue };
            let titles: HashSet<&str> =
                rows.iter().map(|row| row[at].text()).filter(|it| !it.is_empty()).collect();
            if titles.is_empty() {
                continue;
            }
            let title = to.title_field().name;
            for name in self.named_by(to) {
                let mut sql = Sql::new("SELECT t.");
                sql.name(name).push(" FROM ").name(to.code).push(" t WHERE t.").name(name).push(" IN ");
                sql.any_of(titles.iter().copied());
                sql.push(" AND ").append(&self.reach(to, "t", false)?);
                if name == title {
                    sql.push(" GROUP BY t.").name(name).push(" HAVING COUNT(*) > 1");
                } else {
                    sql.push(" AND t.").name(name).push(" <> t.").name(title);
                }
                found.extend(self.tx.rows(&sql)?.iter().map(|row| row[0].text().to_owned()));
            }
        }
        Ok(found)
    }

    fn write_cell(
        &self,
        writer: &mut Writer,
        column: &Column,
        how: &How,
        row: &Record,
        unclear: &HashSet<String>,
    ) -> Result<()> {
        if column.masked {
            return writer.cell(Out::Text("***"));
        }
        let (value, field) = (&row[column.at], column.field);
        let (id, says);
        writer.cell(match (how, value) {
            _ if field.is_empty(value) => Out::Empty,
            (How::Named(names), value) => Out::Text(names.get(value).map_or(value.text(), String::as_str)),
            (How::Linked(_), _) => {
                let title = column.title.map_or("", |at| row[at].text());
                match column.number.map(|at| row[at].text()).filter(|it| !it.is_empty()) {
                    _ if !unclear.contains(title) => Out::Text(title),
                    Some(number) => Out::Text(number),
                    None => {
                        id = format!("#{}", value.int());
                        Out::Text(&id)
                    }
                }
            }
            (How::Plain, Value::Int(int)) => match field.kind {
                Kind::Money => Out::Number(*int, 2),
                Kind::Price | Kind::Quantity => Out::Number(*int, 4),
                Kind::Rate => Out::Percent(*int),
                _ => Out::Number(*int, 0),
            },
            (How::Plain, Value::Text(text)) => match field.kind {
                Kind::Date => text.parse::<Date>().map_or(Out::Text(text), Out::Date),
                Kind::Moment => match text.parse::<Moment>() {
                    Ok(moment) => Out::Moment(self.tx.catalog.zone.to_datetime(moment)),
                    Err(_) => Out::Text(text),
                },
                _ if field.format == crate::Format::Said => {
                    says = crate::message::said(text);
                    Out::Text(says.of(self.actor.lang))
                }
                _ => Out::Text(text),
            },
            (How::Plain, Value::Null) => Out::Empty,
        })
    }

    /// What stands on an export beside its rows: by which conditions, who, when.
    pub fn about(&self, def: &EntityDef, view: Option<&str>, conditions: &str) -> About {
        let (lang, catalog) = (self.actor.lang, &self.tx.catalog);
        let says = |zh, en| Label { zh, en }.of(lang).to_owned();
        let who = catalog.user_name(self.actor.user).map(str::to_owned);
        let who = who.unwrap_or_else(|| says("命令行", "Command line"));
        let now = catalog.zone.to_datetime(self.tx.now).strftime("%Y-%m-%d %H:%M").to_string();
        let company = catalog.parameter("company_name");
        let stamp = match lang {
            Lang::Zh => format!("{company}　{who} 导出于 {now}"),
            Lang::En => format!("{company} · exported by {who} on {now}"),
        };
        let mut notes = vec![(says("档案", "Records"), def.many(lang))];
        notes.extend(view.map(|it| (says("视图", "View"), it.to_owned())));
        notes.push((says("条件", "Conditions"), conditions.to_owned()));
        notes.push((says("导出人", "Exported by"), who.clone()));
        notes.push((says("导出时间", "Exported on"), now));
        notes.push((says("公司", "Company"), company.to_owned()));
        About { title: def.many(lang), author: who, stamp, sheet: says("导出说明", "About"), notes }
    }

    /// Writes down that rows leave the house, as an `export`, by `print`, or by reading on in a `list` or the `api`;
    /// beyond what one person may take a day it refuses.
    pub fn take(&mut self, kind: &str, entity: &str, query: &str, rows: i64) -> Result<()> {
        // Two at once would each see room for itself: the second waits for the first at its person.
        if self.actor.user != 0 && self.tx.catalog.number(LIMIT) > 0 {
            self.tx.get::<User>(Id::of(self.actor.user))?;
        }
        self.allowed(rows)?;
        let mut taken = Access {
            id: Id::NEW,
            user: Some(Id::of(self.actor.user)).filter(|_| self.actor.user != 0),
            kind: kind.to_owned(),
            entity: entity.to_owned(),
            query: query.chars().take(500).collect(),
            rows,
            stamp: Stamp::default(),
        };
        self.tx.save(&mut taken).map(drop)
    }

    /// Whether the actor may take so many more rows today. Whoever may do everything sets the limit, and has none.
    fn allowed(&mut self, rows: i64) -> Result<()> {
        let most = self.tx.catalog.number(LIMIT);
        if most <= 0 || self.actor.rights.all {
            return Ok(());
        }
        let mut sql = Sql::new("SELECT CAST(COALESCE(SUM(rows), 0) AS BIGINT) FROM access WHERE \"user\" = ");
        sql.bind(self.actor.user).push(" AND kind IN ('export', 'print', 'list', 'api') AND created >= ");
        sql.bind(&self.tx.day_start());
        let taken = self.tx.one(&sql)?;
        if taken + rows <= most {
            return Ok(());
        }
        let says = Text::new(
            format!(
                "每人每天最多带出 {most} 行，导出、打印和一页页往下翻都算；今天已有 {taken} 行，这次是 {rows} 行。请缩小范围，或请管理员调整上限。"
            ),
            format!(
                "One person may take {most} rows a day, by export, print or reading on page by page; {taken} were taken today and these are {rows}. Narrow the filter, or ask the administrator for more."
            ),
        );
        Err(Error::refused("export_limit", says))
    }

    /// Writes an empty list of an entity for people to fill in and import.
    pub fn template(&mut self, entity: &str, file: File) -> Result<()> {
        let def = self.entity(entity)?;
        self.may(def, "import")?;
        let lang = self.actor.lang;
        let says = |zh, en| Label { zh, en }.of(lang).to_owned();
        let catalog = self.tx.catalog.clone();
        // A document is filled in line by line, each with its number.
        let line = def.lines.map(|lines| lines());
        let own = |it: &&FieldDef| self.may_write(def, it) || (line.is_some() && it.name == "number");
        let mut fields: Vec<Field> =
            catalog.fields(def).filter(own).map(|it| self.to_fill(def, it)).collect();
        if let Some(line) = line {
            let document = line.of.map(|at| line.fields[at].name);
            let own = |it: &&FieldDef| self.may_write(line, it) && Some(it.name) != document;
            fields.extend(catalog.fields(line).filter(own).map(|it| self.to_fill(line, it)));
        }
        let words = Words {
            sheets: [def.many(lang), says("填写说明", "How to fill in"), says("选项", "Choices")],
            heads: [
                says("列", "Column"),
                says("必填", "Required"),
                says("怎样填", "How to fill in"),
                says("示例", "Example"),
            ],
            yes: says("必填", "yes"),
            intro: match line.is_some() {
                true => says(
                    "一行一条明细，填在第一张表的表头下面，单号相同的行是一张单据。带 * 的列必填；不需要的列可以删除，列的顺序可以改。",
                    "One line a row, below the header of the first sheet; rows of one number are one document. Columns with * are required; others may be removed or moved.",
                ),
                false => says(
                    "一行一条，填在第一张表的表头下面。带 * 的列必填；不需要的列可以删除，列的顺序可以改。",
                    "One record a row, below the header of the first sheet. Columns with * are required; others may be removed or moved.",
                ),
            },
            wrong: says("请从下拉列表中选择", "Choose from the list"),
        };
        template::write(file, &fields, &words)
    }

    fn to_fill(&self, def: &EntityDef, field: &FieldDef) -> Field {
        let lang = self.actor.lang;
        let says = |zh, en| Label { zh, en }.of(lang).to_owned();
        let catalog = &self.tx.catalog;
        let mut choices: Vec<String> = match field.kind {
            Kind::Choice(all) => all.iter().map(|it| it.1.of(lang).to_owned()).collect(),
            Kind::Bool => [true, false].map(|it| yes(it, lang).to_owned()).into(),
            Kind::Code => {
                let open = catalog.codes(field.code.unwrap_or_default()).iter().filter(|it| !it.closed);
                open.map(|it| it.called(lang).to_owned()).collect()
            }
            Kind::Link(to) if std::ptr::eq(to(), User::DEF) => {
                catalog.users.values().filter(|it| !it.user.closed).map(|it| it.user.name.clone()).collect()
            }
            Kind::Link(to) if std::ptr::eq(to(), Department::DEF) => {
                catalog.departments().map(|it| it.name.clone()).collect()
            }
            _ => Vec::new(),
        };
        let first = choices.first().cloned().unwrap_or_default();
        if choices.len() > CHOICES {
            choices.clear();
        }
        let logins = self.named_by(User::DEF).contains(&"login");
        let mut hint = hint(field, !choices.is_empty(), logins).of(lang).to_owned();
        if let Some(default) = field.default {
            let default = match field.kind {
                Kind::Code => catalog.code_name(field.code.unwrap_or_default(), default, lang),
                Kind::Choice(all) => {
                    all.iter().find(|it| it.0 == default).map_or(default, |it| it.1.of(lang))
                }
                _ => default,
            };
            hint.push_str(&match lang {
                Lang::Zh => format!("；留空为 {default}"),
                Lang::En => format!("; empty means {default}"),
            });
        }
        let is_number = field.name == "number" && def.number.is_some();
        if is_number {
            hint.push_str(&says("；留空自动编号", "; numbered by the program when empty"));
        } else if field.unique {
            hint.push_str(&says("；不能重复", "; must not occur twice"));
        }
        let example = match field.kind {
            Kind::Link(_) | Kind::Code | Kind::Choice(_) | Kind::Bool => first,
            _ if is_number => String::new(),
            Kind::Text if std::ptr::eq(field, def.title_field()) => {
                says("示例", "Example ") + field.label.of(lang)
            }
            kind => example(kind, field.format).to_owned(),
        };
        Field {
            column: Head { title: field.label.of(lang).to_owned(), form: form(field) },
            required: field.required,
            closed: matches!(field.kind, Kind::Choice(_) | Kind::Bool),
            choices,
            says: hint,
            example,
        }
    }
}

fn yes(yes: bool, lang: Lang) -> &'static str {
    if yes { Label { zh: "是", en: "Yes" } } else { Label { zh: "否", en: "No" } }.of(lang)
}

fn form(field: &FieldDef) -> Form {
    match field.kind {
        Kind::Text if field.format == crate::Format::Long => Form::Long,
        Kind::Int => Form::Number(0, 0),
        Kind::Money => Form::Number(2, 2),
        Kind::Price => Form::Number(2, 4),
        Kind::Quantity => Form::Number(0, 4),
        Kind::Rate => Form::Percent,
        Kind::Date => Form::Date,
        Kind::Moment => Form::Moment,
        Kind::Text
        | Kind::Code
        | Kind::Choice(_)
        | Kind::Bool
        | Kind::Link(_)
        | Kind::Json
        | Kind::Rows(_) => Form::Text,
    }
}

fn hint(field: &FieldDef, short: bool, logins: bool) -> Label {
    match (field.kind, field.format) {
        (Kind::Choice(_) | Kind::Bool, _) => {
            Label { zh: "从下拉列表中选", en: "Choose from the list" }
        }
        (Kind::Code, _) if short => Label {
            zh: "从下拉列表中选，或填编码",
            en: "Choose from the list, or write the code",
        },
        (Kind::Code, _) => Label { zh: "填名称或编码", en: "Name or code" },
        (Kind::Link(to), _) if std::ptr::eq(to(), User::DEF) && logins => {
            Label { zh: "填姓名或登录名", en: "Name or login" }
        }
        (Kind::Link(to), _) if std::ptr::eq(to(), User::DEF) => Label { zh: "填姓名", en: "Name" },
        (Kind::Link(_), _) => Label { zh: "填编号或名称", en: "Number or name" },
        (Kind::Int, _) => Label { zh: "整数", en: "A whole number" },
        (Kind::Money, _) => Label { zh: "金额，例如 25000.00", en: "An amount, such as 25000.00" },
        (Kind::Price | Kind::Quantity, _) => {
            Label { zh: "数字，最多四位小数", en: "A number with up to four decimals" }
        }
        (Kind::Rate, _) => Label { zh: "比例，例如 13%", en: "A share, such as 13%" },
        (Kind::Date, _) => Label { zh: "日期，例如 2026-09-17", en: "A date, such as 2026-09-17" },
        (Kind::Moment, _) => {
            Label { zh: "时间，例如 2026-09-17 10:20", en: "A time, such as 2026-09-17 10:20" }
        }
        (_, crate::Format::Long) => Label {
            zh: "文字，可以换行，最多 20,000 字",
            en: "Text of several lines, up to 20,000 characters",
        },
        (_, crate::Format::Phone) => Label {
            zh: "电话号码，按文本填写，以免丢失前面的 0",
            en: "A phone number, as text so that no leading zero is lost",
        },
        (_, crate::Format::Email) => Label { zh: "邮箱地址", en: "An e-mail address" },
        (_, crate::Format::Url) => Label { zh: "网址", en: "An address on the web" },
        _ => Label { zh: "文字，最多 500 字", en: "Text, up to 500 characters" },
    }
}

fn example(kind: Kind, format: crate::Format) -> &'static str {
    match (kind, format) {
        (Kind::Int, _) => "30",
        (Kind::Money, _) => "25000.00",
        (Kind::Price | Kind::Quantity, _) => "12.5",
        (Kind::Rate, _) => "13%",
        (Kind::Date, _) => "2026-09-17",
        (Kind::Moment, _) => "2026-09-17 10:20",
        (Kind::Text, crate::Format::Phone) => "010-60284417",
        (Kind::Text, crate::Format::Email) => "wang@example.com",
        (Kind::Text, crate::Format::Url) => "https://www.example.com",
        _ => "",
    }
}
