//! Writes lists for spreadsheet programs: Excel with constant memory, or delimited text that Excel opens as UTF-8.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use jiff::civil::{Date, DateTime};
use rust_xlsxwriter::{Color, DocProperties, ExcelDateTime, Format as Look, Workbook, Worksheet, XlsxError};

use super::refused;
use base::{Error, Result};

/// What a spreadsheet program may take for the beginning of a formula.
const STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
/// Rows of a sheet and letters of a cell that Excel opens.
const MOST_ROWS: u32 = 1_048_576;
const MOST_LETTERS: usize = 32_767;
/// Excel keeps so many digits of a number.
const DIGITS: u64 = 1_000_000_000_000_000;

/// Puts an apostrophe before a text of a delimited file that a spreadsheet program would compute.
pub fn guarded(text: &str) -> std::borrow::Cow<'_, str> {
    match text.trim_start_matches('\'').starts_with(STARTS) {
        true => format!("'{text}").into(),
        false => text.into(),
    }
}

/// Takes away the apostrophe that `guarded` put before a text that looks like a formula.
pub fn bare(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(STARTS) => rest,
        _ => text,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Xlsx,
    Csv,
}

impl Format {
    /// Of a name or its ending: `xlsx`, `customers.csv`.
    pub fn of(name: &str) -> Option<Format> {
        match name.rsplit('.').next()?.to_ascii_lowercase().as_str() {
            "xlsx" => Some(Format::Xlsx),
            "csv" => Some(Format::Csv),
            _ => None,
        }
    }

    pub fn ending(self) -> &'static str {
        match self {
            Format::Xlsx => "xlsx",
            Format::Csv => "csv",
        }
    }

    pub fn mime(self) -> &'static str {
        match self {
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Format::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// What the cells of a column hold; it decides how Excel shows them and what it makes of what is typed there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Text,
    /// Several lines.
    Long,
    /// So many decimal places at least and at most.
    Number(u32, u32),
    Percent,
    Date,
    Moment,
}

#[derive(Debug, Clone)]
pub struct Column {
    pub title: String,
    pub form: Form,
}

/// One cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    Empty,
    Text(&'a str),
    /// Digits, and how many of them stand behind the point.
    Number(i64, u32),
    /// A share in ten-thousandths.
    Percent(i64),
    Date(Date),
    Moment(DateTime),
}

/// What stands beside the list: who took it, when, by which conditions.
#[derive(Debug, Clone, Default)]
pub struct About {
    pub title: String,
    pub author: String,
    /// One line, at the foot of each printed page.
    pub stamp: String,
    /// Label and text, a sheet of their own.
    pub sheet: String,
    pub notes: Vec<(String, String)>,
}

pub struct Writer(Kind);

enum Kind {
    Csv { out: csv::Writer<BufWriter<File>>, text: String },
    Xlsx { book: Box<Workbook>, sheet: Box<Worksheet>, out: File, row: u32, column: u16, typed: Look },
}

impl Writer {
    /// Begins a list with its header; `folder` holds what does not fit into memory until the end.
    pub fn new(
        format: Format,
        mut out: File,
        folder: &Path,
        about: &About,
        columns: &[Column],
    ) -> Result<Writer> {
        if format == Format::Csv {
            out.write_all("\u{FEFF}".as_bytes()).map_err(broken)?;
            let mut settings = csv::WriterBuilder::new();
            let mut out =
                settings.terminator(csv::Terminator::CRLF).flexible(true).from_writer(BufWriter::new(out));
            for column in columns {
                out.write_field(guarded(&column.title).as_bytes()).map_err(unwritten)?;
            }
            out.write_record(None::<&[u8]>).map_err(unwritten)?;
            return Ok(Writer(Kind::Csv { out, text: String::new() }));
        }
        let mut book = Workbook::new();
        let begin = |book: &mut Workbook| {
            book.set_tempdir(folder)?;
            book.set_properties(&DocProperties::new().set_title(&about.title).set_author(&about.author));
            let mut sheet = book.new_worksheet_with_constant_memory()?;
            sheet.set_name(sheet_name(&about.title))?;
            header(&mut sheet, columns)?;
            sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
            sheet.set_footer(format!("&L&8{}&R&8&P / &N", about.stamp.replace('&', "&&")));
            Ok(sheet)
        };
        let sheet = Box::new(begin(&mut book).map_err(failed)?);
        // The mark that Excel itself sets where somebody types an apostrophe first.
        let typed = Look::new().set_num_format("@").set_quote_prefix();
        Ok(Writer(Kind::Xlsx { book: Box::new(book), sheet, out, row: 1, column: 0, typed }))
    }

    /// Writes the next cell of the row.
    pub fn cell(&mut self, value: Value) -> Result<()> {
        match &mut self.0 {
            Kind::Csv { out, text } => {
                use std::fmt::Write;
                text.clear();
                let field = match value {
                    Value::Empty => "".into(),
                    Value::Text(text) => guarded(text),
                    other => {
                        // Writing into memory can't fail.
                        let _ = match other {
                            Value::Number(digits, places) => write!(text, "{}", Plain(digits, places)),
                            Value::Percent(share) => write!(text, "{}%", Plain(share, 2)),
                            Value::Date(date) => write!(text, "{date}"),
                            Value::Moment(moment) => write!(text, "{}", moment.strftime("%F %T")),
                            Value::Empty | Value::Text(_) => Ok(()),
                        };
                        text.as_str().into()
                    }
                };
                out.write_field(field.as_bytes()).map_err(unwritten)
            }
            Kind::Xlsx { sheet, row, column, typed, .. } => {
                let at = (*row, *column);
                *column += 1;
                place(sheet, at, value, typed)
            }
        }
    }

    pub fn end_row(&mut self) -> Result<()> {
        match &mut self.0 {
            Kind::Csv { out, .. } => out.write_record(None::<&[u8]>).map_err(unwritten),
            Kind::Xlsx { row, column, .. } => {
                (*row, *column) = (*row + 1, 0);
                Ok(())
            }
        }
    }

    /// Writes what remains; the notes get a sheet of their own where there can be one.
    pub fn finish(self, about: &About) -> Result<()> {
        match self.0 {
            Kind::Csv { out, .. } => {
                let inner = out.into_inner().map_err(|error| broken(error.into_error()))?;
                inner.into_inner().map(drop).map_err(|error| broken(error.into_error()))
            }
            Kind::Xlsx { mut book, sheet, out, .. } => {
                book.push_worksheet(*sheet);
                notes(&mut book, &about.sheet, &about.notes).map_err(failed)?;
                book.save_to_writer(out).map_err(failed)
            }
        }
    }
}

fn place(sheet: &mut Worksheet, (row, column): (u32, u16), value: Value, typed: &Look) -> Result<()> {
    if row >= MOST_ROWS {
        return Err(refused(
            "too_many_rows",
            "Excel 一张表最多 1,048,575 行，请缩小筛选范围，或导出 CSV。",
            "An Excel sheet holds at most 1,048,575 rows; narrow the filter or export CSV.",
        ));
    }
    let done = match value {
        Value::Empty => return Ok(()),
        Value::Text("") => return Ok(()),
        Value::Text(text) if text.len() > MOST_LETTERS && text.encode_utf16().count() > MOST_LETTERS => {
            return Err(refused(
                "cell_too_long",
                "有一格的内容超过 Excel 的 32,767 个字，请导出 CSV。",
                "One cell is longer than the 32,767 characters of Excel; export CSV.",
            ));
        }
        Value::Text(text) if text.starts_with(STARTS) => {
            sheet.write_string_with_format(row, column, text, typed)
        }
        Value::Text(text) => sheet.write_string(row, column, text),
        Value::Number(digits, places) if digits.unsigned_abs() < DIGITS => {
            sheet.write_number(row, column, digits as f64 / 10_f64.powi(places as i32))
        }
        // More digits than Excel keeps, and a share that people would take for its hundredfold, stay as they are written.
        Value::Number(digits, places) => sheet.write_string(row, column, Plain(digits, places).to_string()),
        Value::Percent(share) if share.abs() < 10_000 => {
            sheet.write_number(row, column, share as f64 / 10_000.0)
        }
        Value::Percent(share) => sheet.write_string(row, column, format!("{}%", Plain(share, 2))),
        Value::Date(date) => {
            match ExcelDateTime::from_ymd(date.year().unsigned_abs(), date.month() as u8, date.day() as u8) {
                Ok(day) if date.year() >= 1900 => sheet.write_datetime(row, column, &day),
                _ => sheet.write_string(row, column, date.to_string()),
            }
        }
        Value::Moment(at) => {
            let day = ExcelDateTime::from_ymd(at.year().unsigned_abs(), at.month() as u8, at.day() as u8)
                .and_then(|it| it.and_hms(at.hour() as u16, at.minute() as u8, at.second() as u8));
            match day {
                Ok(day) if at.year() >= 1900 => sheet.write_datetime(row, column, &day),
                _ => sheet.write_string(row, column, at.strftime("%F %T").to_string()),
            }
        }
    };
    done.map(drop).map_err(failed)
}

/// Names the columns, gives each its look and its width, and keeps the header in sight.
pub(super) fn header(sheet: &mut Worksheet, columns: &[Column]) -> std::result::Result<(), XlsxError> {
    let bold = Look::new().set_bold().set_background_color(Color::RGB(0xEE_F2_FD)).set_text_wrap();
    for (at, column) in (0..).zip(columns) {
        let (code, width) = match column.form {
            Form::Text => ("@", 18.0),
            Form::Long => ("@", 40.0),
            Form::Number(0, 0) => ("0", 10.0),
            Form::Number(2, 2) => ("#,##0.00", 14.0),
            Form::Number(2, _) => ("#,##0.00##", 14.0),
            Form::Number(..) => ("General", 12.0),
            Form::Percent => ("0.##%", 10.0),
            Form::Date => ("yyyy-mm-dd", 12.0),
            Form::Moment => ("yyyy-mm-dd hh:mm:ss", 20.0),
        };
        let letters: f64 = column.title.chars().map(|it| if it.is_ascii() { 1.0 } else { 2.0 }).sum();
        sheet.set_column_format(at, &Look::new().set_num_format(code))?;
        sheet.set_column_width(at, f64::max(width, letters + 3.0).min(60.0))?;
        sheet.write_string_with_format(0, at, &column.title, &bold)?;
    }
    sheet.set_freeze_panes(1, 0).map(drop)
}

/// A sheet of labels and texts.
pub(super) fn notes(
    book: &mut Workbook,
    name: &str,
    notes: &[(String, String)],
) -> std::result::Result<(), XlsxError> {
    if notes.is_empty() {
        return Ok(());
    }
    let sheet = book.add_worksheet();
    sheet.set_name(sheet_name(name))?.set_column_width(0, 18)?.set_column_width(1, 80)?;
    let (bold, plain) =
        (Look::new().set_bold().set_num_format("@"), Look::new().set_text_wrap().set_num_format("@"));
    for (row, (label, text)) in (0..).zip(notes) {
        sheet.write_string_with_format(row, 0, label, &bold)?;
        sheet.write_string_with_format(row, 1, text, &plain)?;
    }
    Ok(())
}

/// A name that Excel takes for a sheet.
pub(super) fn sheet_name(title: &str) -> String {
    let plain = title.chars().filter(|it| !matches!(it, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\''));
    let name: String = plain.take(31).collect();
    if name.trim().is_empty() { "Sheet".into() } else { name }
}

/// Digits with a point among them and nothing else.
struct Plain(i64, u32);

impl std::fmt::Display for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Plain(digits, places) = *self;
        let sign = if digits < 0 { "-" } else { "" };
        let (digits, unit) = (digits.unsigned_abs(), 10_u64.pow(places));
        match places {
            0 => write!(f, "{sign}{digits}"),
            _ => write!(f, "{sign}{}.{:0width$}", digits / unit, digits % unit, width = places as usize),
        }
    }
}

pub(super) fn broken(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Error::Full
        }
        _ => Error::Internal(format!("list being written: {error}")),
    }
}

fn unwritten(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => broken(error),
        other => Error::Internal(format!("list being written: {other:?}")),
    }
}

pub(super) fn failed(error: XlsxError) -> Error {
    match error {
        XlsxError::IoError(error) => broken(error),
        other => Error::Internal(format!("list being written: {other}")),
    }
}
