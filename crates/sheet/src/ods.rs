//! OpenDocument sheets, one row at a time. A cell or row says how often it repeats, up to the edge of the sheet, which is why
//! a reader that keeps whole sheets cannot be used on files from outside.

use std::io::BufReader;

use quick_xml::Reader as Xml;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;
use zip::read::ZipFile;

use super::read::{Cell, Input, Kind, MAX_COLUMNS, Row, moment};
use super::unzip::{MAX_PIECE, Piece};
use super::{damaged, too_wide};
use base::Result;

pub struct Ods<'a> {
    xml: Xml<Piece<BufReader<ZipFile<'a, Input>>>>,
    buffer: Vec<u8>,
    number: u64,
    row: Vec<Cell>,
    again: u64,
}

/// The names of the sheets.
pub fn sheets(zip: &mut ZipArchive<Input>) -> Result<Vec<String>> {
    let mut ods = Ods::open(zip)?;
    let mut names = Vec::new();
    while let Some(name) = ods.table()? {
        names.push(name);
    }
    Ok(names)
}

impl<'a> Ods<'a> {
    fn open(zip: &'a mut ZipArchive<Input>) -> Result<Ods<'a>> {
        let part = zip.by_name("content.xml").map_err(|_| damaged())?;
        let mut xml = Xml::from_reader(Piece { from: BufReader::new(part), left: MAX_PIECE });
        xml.config_mut().expand_empty_elements = true;
        Ok(Ods { xml, buffer: Vec::new(), number: 0, row: Vec::new(), again: 0 })
    }

    /// The rows of the sheet with this index.
    pub fn rows(zip: &'a mut ZipArchive<Input>, sheet: usize) -> Result<Ods<'a>> {
        let mut ods = Ods::open(zip)?;
        for _ in 0..=sheet {
            ods.table()?.ok_or_else(damaged)?;
        }
        Ok(ods)
    }

    fn event(&mut self) -> Result<Event<'_>> {
        self.buffer.clear();
        self.xml.get_mut().left = MAX_PIECE;
        self.xml.read_event_into(&mut self.buffer).map_err(|_| damaged())
    }

    fn table(&mut self) -> Result<Option<String>> {
        loop {
            match self.event()? {
                Event::Start(e) if e.name().as_ref() == "table:table" => {
                    return Ok(Some(attribute(&e, "table:name").unwrap_or_default()));
                }
                Event::Eof => return Ok(None),
                _ => (),
            }
        }
    }

    pub fn next(&mut self) -> Result<Option<Row>> {
        while self.again == 0 {
            match self.event()? {
                Event::Start(e) if e.name().as_ref() == "table:table-row" => {
                    let times = repeated(&e, "table:number-rows-repeated");
                    self.cells()?;
                    match self.row.is_empty() {
                        true => self.number = self.number.saturating_add(times),
                        false => self.again = times,
                    }
                }
                Event::End(e) if e.name().as_ref() == "table:table" => return Ok(None),
                Event::Eof => return Err(damaged()),
                _ => (),
            }
        }
        self.again -= 1;
        self.number += 1;
        Ok(Some(Row { number: self.number, cells: self.row.clone() }))
    }

    fn cells(&mut self) -> Result<()> {
        self.row.clear();
        let mut column = 0_u64;
        loop {
            match self.event()? {
                Event::Start(e) if e.name().as_ref().ends_with("table-cell") => {
                    let times = repeated(&e, "table:number-columns-repeated");
                    let kind = attribute(&e, "calcext:value-type").filter(|kind| kind == "error");
                    let kind = kind.or_else(|| attribute(&e, "office:value-type")).unwrap_or_default();
                    let value =
                        ["office:value", "office:date-value", "office:boolean-value", "office:string-value"];
                    let value = value.iter().find_map(|name| attribute(&e, name));
                    let formula = attribute(&e, "table:formula").is_some();
                    let text = self.text()?;
                    let cell = Cell { formula, ..cell(&kind, value, text) };
                    let end = column.saturating_add(times);
                    if cell.kind != Kind::Empty || formula {
                        if end > MAX_COLUMNS as u64 {
                            return Err(too_wide());
                        }
                        self.row.resize(column as usize, Cell::default());
                        self.row.resize(end as usize, cell);
                    }
                    column = end;
                }
                Event::End(e) if e.name().as_ref() == "table:table-row" => return Ok(()),
                Event::Eof => return Err(damaged()),
                _ => (),
            }
        }
    }

    /// What the cell shows, up to its end; notes on the cell are left out.
    fn text(&mut self) -> Result<String> {
        let (mut text, mut note, mut paragraphs) = (String::new(), 0, 0);
        loop {
            if text.len() as u64 > MAX_PIECE {
                return Err(too_wide());
            }
            match self.event()? {
                Event::Start(e) if e.name().as_ref() == "office:annotation" => note += 1,
                Event::End(e) if e.name().as_ref() == "office:annotation" => note -= 1,
                Event::End(e) if e.name().as_ref().ends_with("table-cell") => return Ok(text),
                Event::Eof => return Err(damaged()),
                _ if note > 0 => (),
                Event::Start(e) => match e.name().as_ref() {
                    "text:p" => {
                        paragraphs += 1;
                        if paragraphs > 1 {
                            text.push('\n');
                        }
                    }
                    "text:s" => {
                        text.extend(std::iter::repeat_n(' ', repeated(&e, "text:c").min(1000) as usize))
                    }
                    "text:tab" => text.push('\t'),
                    "text:line-break" => text.push('\n'),
                    _ => (),
                },
                Event::Text(t) => text.push_str(&t.xml10_content()),
                Event::CData(t) => text.push_str(&t.xml10_content()),
                Event::GeneralRef(r) => match r.resolve_char_ref() {
                    Ok(Some(c)) => text.push(c),
                    _ => text.push_str(
                        quick_xml::escape::resolve_xml_entity(&r.xml10_content()).unwrap_or("\u{FFFD}"),
                    ),
                },
                _ => (),
            }
        }
    }
}

fn cell(kind: &str, value: Option<String>, text: String) -> Cell {
    let number = || value.as_deref().and_then(|v| v.parse().ok()).map(Cell::number);
    match kind {
        "float" | "currency" | "percentage" => number().unwrap_or_else(|| Cell::error(text)),
        "date" => value.as_deref().and_then(moment).map_or_else(|| Cell::text(text), Cell::date),
        "boolean" => Cell::bool(value.as_deref() == Some("true")),
        "error" => Cell::error(text),
        "string" => Cell::text(value.unwrap_or(text)),
        _ => Cell::text(text),
    }
}

fn attribute(element: &BytesStart, name: &str) -> Option<String> {
    let found = element.attributes().with_checks(false).flatten().find(|a| a.key.as_ref() == name)?;
    Some(
        found
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_or_else(|_| found.value.to_string(), |value| value.into_owned()),
    )
}

fn repeated(element: &BytesStart, name: &str) -> u64 {
    attribute(element, name).and_then(|times| times.parse().ok()).unwrap_or(1)
}
