//! Opens what people upload as a list: Excel, OpenDocument or delimited text, from a file or from memory.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use calamine::{Data, DataRef, ExcelDateTime, Reader as _, SheetType, SheetVisible, Xls, Xlsx};
use jiff::civil::DateTime;
use zip::ZipArchive;

use super::ods::{self, Ods};
use super::text::{self, Dialect, Records};
use super::{damaged, encrypted, parse, refused, too_large, too_wide, unzip};
use base::Result;

/// Columns beyond this are no list of anything.
pub const MAX_COLUMNS: usize = 1024;
/// The old Excel format cannot be streamed.
pub const MAX_XLS: u64 = 32 << 20;
/// The header is looked for among so many rows.
const HEADER_WITHIN: usize = 30;

/// Where the bytes are; it is opened as often as they are read, and never loaded whole.
#[derive(Debug, Clone)]
pub enum Source {
    Path(PathBuf),
    Bytes(Arc<[u8]>),
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Source {
        Source::Path(path.to_owned())
    }
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Source {
        Source::Bytes(bytes.into())
    }
}

pub(super) trait Bytes: Read + Seek + Send {}
impl<T: Read + Seek + Send> Bytes for T {}
pub(super) type Input = BufReader<Box<dyn Bytes>>;

impl Source {
    fn open(&self) -> Result<Input> {
        let bytes: Box<dyn Bytes> = match self {
            Source::Path(path) => Box::new(File::open(path).map_err(unreadable)?),
            Source::Bytes(bytes) => Box::new(Cursor::new(bytes.clone())),
        };
        Ok(BufReader::with_capacity(64 << 10, bytes))
    }

    fn size(&self) -> Result<u64> {
        match self {
            Source::Path(path) => Ok(path.metadata().map_err(unreadable)?.len()),
            Source::Bytes(bytes) => Ok(bytes.len() as u64),
        }
    }
}

fn unreadable(error: io::Error) -> base::Error {
    base::Error::Internal(format!("uploaded file: {error}"))
}

/// A cell as text, beside what the program that wrote it knew of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    /// What the cell says: numbers in full, dates as `2026-09-07` with a time where there is one.
    pub text: String,
    pub kind: Kind,
    /// The value was computed. With no value the program that wrote the file never computed it.
    pub formula: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Kind {
    #[default]
    Empty,
    Text,
    Number(f64),
    Date(DateTime),
    Bool(bool),
    /// `#N/A`, `#REF!` and their kin.
    Error,
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Cell {
        let text = text.into();
        let kind = if text.is_empty() { Kind::Empty } else { Kind::Text };
        Cell { text, kind, formula: false }
    }

    pub fn number(number: f64) -> Cell {
        Cell { text: parse::plain(number), kind: Kind::Number(number), formula: false }
    }

    pub fn date(moment: DateTime) -> Cell {
        let midnight = moment.time() == jiff::civil::Time::midnight();
        let text = if midnight { moment.date().to_string() } else { moment.strftime("%F %T").to_string() };
        Cell { text, kind: Kind::Date(moment), formula: false }
    }

    pub fn bool(value: bool) -> Cell {
        Cell { text: if value { "TRUE" } else { "FALSE" }.into(), kind: Kind::Bool(value), formula: false }
    }

    pub fn error(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), kind: Kind::Error, formula: false }
    }

    pub fn is_empty(&self) -> bool {
        self.kind == Kind::Empty && !self.formula
    }

    fn excel_date(date: &ExcelDateTime) -> Cell {
        let (year, month, day, hour, minute, second, milli) = date.to_ymd_hms_milli();
        // A time of day without a date counts from day zero.
        if !date.is_datetime() || date.as_f64() < 1.0 {
            return if (0.0..1.0).contains(&date.as_f64()) {
                Cell::text(format!("{hour:02}:{minute:02}:{second:02}"))
            } else {
                Cell::number(date.as_f64())
            };
        }
        let (year, nanos) = (year as i16, milli as i32 * 1_000_000);
        DateTime::new(year, month as i8, day as i8, hour as i8, minute as i8, second as i8, nanos)
            .map_or_else(|_| Cell::number(date.as_f64()), Cell::date)
    }
}

/// Reads `2026-09-07`, with or without a time after T.
pub(super) fn moment(iso: &str) -> Option<DateTime> {
    let iso = iso.trim_end_matches('Z');
    iso.parse().ok().or_else(|| Some(iso.parse::<jiff::civil::Date>().ok()?.to_datetime(Default::default())))
}

impl From<DataRef<'_>> for Cell {
    fn from(data: DataRef) -> Cell {
        match data {
            DataRef::SharedString(text) => Cell::text(text),
            other => Cell::from(Data::from(other)),
        }
    }
}

impl From<Data> for Cell {
    fn from(data: Data) -> Cell {
        match data {
            Data::Empty => Cell::default(),
            Data::String(text) | Data::DurationIso(text) => Cell::text(text),
            Data::Int(number) => Cell::number(number as f64),
            Data::Float(number) => Cell::number(number),
            Data::Bool(value) => Cell::bool(value),
            Data::DateTime(date) => Cell::excel_date(&date),
            Data::DateTimeIso(iso) => moment(&iso).map_or_else(|| Cell::text(iso), Cell::date),
            Data::Error(error) => Cell::error(error.to_string()),
        }
    }
}

/// A row that has something in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// As the spreadsheet program counts, from 1.
    pub number: u64,
    pub cells: Vec<Cell>,
}

/// What the file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Xlsx,
    Xls,
    Ods,
    Text { encoding: &'static str, delimiter: char },
}

/// An open list.
pub struct Reader {
    source: Source,
    book: Book,
    sheets: Vec<String>,
    sheet: usize,
    header: Row,
    rows: u64,
}

enum Book {
    Xlsx(Box<Xlsx<Input>>),
    Xls(Vec<(String, calamine::Range<Data>)>),
    Ods(Box<ZipArchive<Input>>),
    Text(Dialect),
}

/// Recognises the file by its content, the name decides only where the content cannot, and stands on the first sheet that has rows.
pub fn open(source: impl Into<Source>, name: &str) -> Result<Reader> {
    let source = source.into();
    let mut head = Vec::new();
    source.open()?.take(8 << 10).read_to_end(&mut head).map_err(unreadable)?;
    let size = source.size()?;
    let (book, sheets, rows) = match head.as_slice() {
        [b'P', b'K', 3 | 5 | 7, ..] => zipped(&source, size)?,
        [0xD0, 0xCF, 0x11, 0xE0, ..] => old_excel(&source, size)?,
        head => (Book::Text(delimited(&source, head, name)?), vec![name.to_owned()], 0),
    };
    let header = Row { number: 0, cells: Vec::new() };
    let mut reader = Reader { source, book, sheets, sheet: 0, header, rows };
    for sheet in 0..reader.sheets.len() {
        reader.stand_on(sheet)?;
        if !reader.header.cells.is_empty() {
            reader.count(size)?;
            return Ok(reader);
        }
    }
    Err(empty())
}

fn empty() -> base::Error {
    refused("file_empty", "文件中没有数据。", "There is nothing in this file.")
}

fn wrong_kind() -> base::Error {
    refused(
        "file_wrong_kind",
        "这不是可以导入的表格。请使用 Excel（.xlsx、.xls）、WPS、OpenDocument（.ods）或 CSV 文件。",
        "This is no spreadsheet. Use Excel (.xlsx, .xls), OpenDocument (.ods) or CSV.",
    )
}

fn zipped(source: &Source, size: u64) -> Result<(Book, Vec<String>, u64)> {
    let contents = unzip::inspect(source.open()?, size)?;
    let has = |wanted: &str| contents.names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
    if has("content.xml") && has("mimetype") {
        let mut zip = ZipArchive::new(source.open()?).map_err(|_| damaged())?;
        let mut kind = String::new();
        zip.by_name("mimetype")
            .map_err(|_| damaged())?
            .take(64)
            .read_to_string(&mut kind)
            .map_err(|_| damaged())?;
        if !kind.starts_with("application/vnd.oasis.opendocument.spreadsheet") {
            return Err(wrong_kind());
        }
        let sheets = ods::sheets(&mut zip)?;
        return Ok((Book::Ods(Box::new(zip)), sheets, contents.rows));
    }
    if !has("[Content_Types].xml") || has("word/document.xml") || has("ppt/presentation.xml") {
        return Err(wrong_kind());
    }
    if has("xl/workbook.bin") {
        return Err(refused(
            "file_wrong_kind",
            "不支持二进制工作簿（.xlsb）。请在 Excel 中另存为 .xlsx。",
            "Binary workbooks (.xlsb) are not read. Save the file as .xlsx in Excel.",
        ));
    }
    let input = source.open()?;
    let xlsx: Xlsx<Input> = tame(|| Xlsx::new(input).map_err(|_| damaged()))?;
    let sheets = visible(xlsx.sheets_metadata());
    Ok((Book::Xlsx(Box::new(xlsx)), sheets, contents.rows))
}

fn old_excel(source: &Source, size: u64) -> Result<(Book, Vec<String>, u64)> {
    let utf16 = |name: &str| name.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    if size > MAX_XLS {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    source.open()?.take(MAX_XLS).read_to_end(&mut bytes).map_err(unreadable)?;
    let has = |name: &str| bytes.windows(2 * name.len()).any(|window| window == utf16(name));
    if has("EncryptedPackage") {
        return Err(encrypted());
    }
    if !has("Workbook") && !has("Book") {
        return Err(wrong_kind());
    }
    let input = source.open()?;
    let mut xls: Xls<Input> = tame(|| {
        Xls::new(input).map_err(|error| match error {
            calamine::XlsError::Password => encrypted(),
            _ => damaged(),
        })
    })?;
    let sheets = visible(xls.sheets_metadata());
    let ranges = xls.worksheets();
    let rows = ranges.iter().map(|(_, range)| range.height() as u64).max().unwrap_or(0);
    Ok((Book::Xls(ranges), sheets, rows))
}

/// Hidden sheets come last: they are seldom what is meant.
fn visible(sheets: &[calamine::Sheet]) -> Vec<String> {
    let mut sheets = sheets.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).collect::<Vec<_>>();
    sheets.sort_by_key(|sheet| sheet.visible != SheetVisible::Visible);
    sheets.into_iter().map(|sheet| sheet.name.clone()).collect()
}

fn delimited(source: &Source, head: &[u8], name: &str) -> Result<Dialect> {
    let start = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    if start.is_empty() {
        return Err(empty());
    }
    if text::is_binary(head) || start.starts_with(b"%PDF") || start.starts_with(b"{\\rtf") {
        return Err(wrong_kind());
    }
    let lower = start[..start.len().min(512)].to_ascii_lowercase();
    if [
        &b"<html"[..],
        b"<!doctype",
        b"<table",
        b"<?xml",
        b"<meta",
        b"<head",
        b"<style",
        b"<div",
        b"mime-version:",
    ]
    .iter()
    .any(|tag| lower.starts_with(tag))
    {
        return Err(refused(
            "file_is_web_page",
            "这个文件名为表格，内容却是网页（HTML 或 XML）。请用 Excel 或 WPS 打开，另存为 .xlsx 后再导入。",
            "The file is named like a spreadsheet but holds a web page (HTML or XML). Open it in Excel, save it as .xlsx and import that.",
        ));
    }
    // Old systems call their text exports .xls; nothing writes text and calls it .xlsx or .ods.
    let name_ends = |end: &str| name.to_ascii_lowercase().ends_with(end);
    if name_ends(".xlsx") || name_ends(".ods") {
        return Err(refused(
            "file_is_text",
            "这个文件名为表格，内容却是纯文本。如果是 CSV，请把文件名结尾改为 .csv；否则请用 Excel 或 WPS 另存为 .xlsx 后再导入。",
            "The file is named like a spreadsheet but holds plain text. If it is CSV, let its name end in .csv; otherwise save it as .xlsx in Excel and import that.",
        ));
    }
    let encoding = text::encoding(source.open()?).map_err(unreadable)?;
    text::dialect(source.open()?, encoding, name).map_err(unreadable)
}

/// The libraries are written for honest files; what a dishonest one breaks in them must not reach the server.
fn tame<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(damaged()))
}

impl Reader {
    pub fn format(&self) -> Format {
        match &self.book {
            Book::Xlsx(_) => Format::Xlsx,
            Book::Xls(_) => Format::Xls,
            Book::Ods(_) => Format::Ods,
            Book::Text(dialect) => {
                Format::Text { encoding: dialect.encoding.name(), delimiter: dialect.delimiter as char }
            }
        }
    }

    pub fn sheets(&self) -> &[String] {
        &self.sheets
    }

    pub fn sheet(&self) -> &str {
        &self.sheets[self.sheet]
    }

    /// Goes to the sheet of this name.
    pub fn select(&mut self, name: &str) -> Result<()> {
        let sheet = self.sheets.iter().position(|sheet| sheet == name);
        let sheet = sheet.ok_or_else(|| base::Error::missing(format!("sheet {name}")))?;
        self.stand_on(sheet)
    }

    /// The row that names the columns; titles above it are passed over.
    pub fn header(&self) -> &Row {
        &self.header
    }

    /// Says which row names the columns where it was guessed wrong.
    pub fn set_header(&mut self, number: u64) -> Result<()> {
        let row = self.all_rows()?.find(|row| row.as_ref().map_or(true, |row| row.number >= number));
        self.header = row.unwrap_or_else(|| Err(empty()))?;
        Ok(())
    }

    /// About how many rows follow: counted in workbooks, estimated from the size in long text files.
    pub fn estimate(&self) -> u64 {
        self.rows.saturating_sub(self.header.number)
    }

    /// The rows below the header, without empty ones. A later error ends them.
    pub fn rows(&mut self) -> Result<impl Iterator<Item = Result<Row>> + '_> {
        let header = self.header.number;
        Ok(self.all_rows()?.filter(move |row| row.as_ref().map_or(true, |row| row.number > header)))
    }

    fn stand_on(&mut self, sheet: usize) -> Result<()> {
        self.sheet = sheet;
        let sample = self.all_rows()?.take(HEADER_WITHIN).collect::<Result<Vec<_>>>()?;
        self.header = header(sample);
        Ok(())
    }

    fn count(&mut self, size: u64) -> Result<()> {
        let Book::Text(dialect) = self.book else { return Ok(()) };
        const SAMPLE: u64 = 1 << 20;
        let sample = self.source.open()?.take(SAMPLE);
        let input: Box<dyn Bytes> =
            Box::new(Cursor::new(sample.bytes().collect::<io::Result<Vec<_>>>().map_err(unreadable)?));
        let mut records = Records::new(BufReader::new(input), dialect);
        let mut last = 0;
        while let Ok(Some((number, _))) = records.next() {
            last = number;
        }
        self.rows = if size <= SAMPLE { last } else { (last as u128 * size as u128 / SAMPLE as u128) as u64 };
        Ok(())
    }

    fn all_rows(&mut self) -> Result<Rows<'_>> {
        let name = &self.sheets[self.sheet];
        let mut next: Box<dyn FnMut() -> Result<Option<Row>> + '_> = match &mut self.book {
            Book::Xlsx(xlsx) => {
                let mut cells = tame(|| xlsx.worksheet_cells_reader(name).map_err(|_| damaged()))?;
                let (mut ahead, mut ended) = (None, false);
                Box::new(move || {
                    tame(|| {
                        let mut row: Option<Row> = None;
                        loop {
                            // Asked again behind the last cell, the library takes the end for a broken file.
                            if ended {
                                return Ok(row);
                            }
                            let (number, column, cell) = match ahead.take() {
                                Some(cell) => cell,
                                None => {
                                    match cells.next_cell_with_formula_metadata().map_err(|_| damaged())? {
                                        Some(found) => {
                                            let formula = found.formula.is_some();
                                            let cell = Cell { formula, ..Cell::from(found.value) };
                                            (found.pos.0 as u64 + 1, found.pos.1 as usize, cell)
                                        }
                                        None => {
                                            ended = true;
                                            return Ok(row);
                                        }
                                    }
                                }
                            };
                            if cell.is_empty() {
                                continue;
                            }
                            if column >= MAX_COLUMNS {
                                return Err(too_wide());
                            }
                            let row = row.get_or_insert_with(|| Row { number, cells: Vec::new() });
                            if row.number != number {
                                ahead = Some((number, column, cell));
                                break;
                            }
                            if row.cells.len() <= column {
                                row.cells.resize(column + 1, Cell::default());
                            }
                            row.cells[column] = cell;
                        }
                        Ok(row)
                    })
                })
            }
            Book::Xls(ranges) => {
                let range = ranges
                    .iter()
                    .find(|(sheet, _)| sheet == name)
                    .map(|(_, range)| range)
                    .ok_or_else(damaged)?;
                let (row, column) = range.start().unwrap_or_default();
                let mut rows = range.rows().zip(row as u64 + 1..);
                Box::new(move || {
                    Ok(rows.next().map(|(data, number)| {
                        let before = std::iter::repeat_n(Cell::default(), column as usize);
                        Row { number, cells: before.chain(data.iter().cloned().map(Cell::from)).collect() }
                    }))
                })
            }
            Book::Ods(zip) => {
                let mut rows = Ods::rows(zip, self.sheet)?;
                Box::new(move || rows.next())
            }
            Book::Text(dialect) => {
                let mut records = Records::new(self.source.open()?, *dialect);
                Box::new(move || {
                    let Some((number, record)) = records.next()? else { return Ok(None) };
                    if record.len() > MAX_COLUMNS {
                        return Err(too_wide());
                    }
                    Ok(Some(Row {
                        number,
                        cells: record.iter().map(|text| Cell::text(super::write::bare(text))).collect(),
                    }))
                })
            }
        };
        let mut done = false;
        Ok(Rows(Box::new(move || {
            while !done {
                match next() {
                    Ok(Some(mut row)) => {
                        while row.cells.last().is_some_and(Cell::is_blank) {
                            row.cells.pop();
                        }
                        if !row.cells.is_empty() {
                            return Some(Ok(row));
                        }
                    }
                    Ok(None) => done = true,
                    Err(error) => {
                        done = true;
                        return Some(Err(error));
                    }
                }
            }
            None
        })))
    }
}

struct Rows<'a>(Box<dyn FnMut() -> Option<Result<Row>> + 'a>);

impl Iterator for Rows<'_> {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        (self.0)()
    }
}

impl Cell {
    fn is_blank(&self) -> bool {
        self.is_empty() || self.kind == Kind::Text && self.text.trim().is_empty()
    }
}

/// The first row that is about as wide as the table and mostly distinct texts; titles and remarks above it are narrow.
fn header(sample: Vec<Row>) -> Row {
    let filled = |row: &Row| row.cells.iter().filter(|cell| !cell.is_blank()).count();
    let width = sample.iter().map(filled).max().unwrap_or(0);
    let names = |row: &&Row| {
        let cells = filled(row);
        let mut texts = row
            .cells
            .iter()
            .filter(|cell| !cell.is_blank() && parse::is_name(cell))
            .map(|cell| cell.text.trim());
        let mut seen = std::collections::HashSet::new();
        let texts = texts.by_ref().filter(|text| seen.insert(*text)).count();
        cells * 2 >= width && texts * 10 >= cells * 8
    };
    let found = sample.iter().find(names).or(sample.first());
    found.cloned().unwrap_or(Row { number: 0, cells: Vec::new() })
}
