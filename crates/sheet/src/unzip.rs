//! Looks into a zip before anybody unpacks it. Workbooks are parsed by libraries that trust sizes and counts; here every part
//! is read once, with the same XML parser and in bounded memory, and whatever could hurt them is refused.

use std::io::{BufRead, BufReader, Read, Seek};

use quick_xml::Reader as Xml;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::{damaged, encrypted, text::Metered, too_large};
use base::Result;

/// All parts of a workbook together, unpacked. The largest sheet Excel can hold, 15 columns filled, is about 1 GB.
pub const MAX_UNPACKED: u64 = 2 << 30;
/// Unpacked bytes for one byte of the file. Real sheets stay under 100; a bomb is near 1,000.
pub const MAX_RATIO: u64 = 250;
/// Below this size the ratio does not matter: a small sheet of equal cells packs as well as a bomb.
pub const RATIO_GRACE: u64 = 32 << 20;
/// Files inside the zip.
pub const MAX_PARTS: usize = 10_000;
/// XML between two cells, or a whole part that has none: what a parser must hold at once.
pub const MAX_PIECE: u64 = 32 << 20;
/// A picture or other binary part.
pub const MAX_BINARY: u64 = 64 << 20;
/// Shared strings are kept in memory: their bytes and their number.
pub const MAX_STRINGS: (u64, u64) = (256 << 20, 4_000_000);
/// Styles, sheets and relations are kept in memory too.
pub const MAX_STYLES: u64 = 200_000;

/// What the look found out.
#[derive(Debug, Default)]
pub struct Contents {
    pub names: Vec<String>,
    /// Rows of the largest sheet.
    pub rows: u64,
    strings: (u64, u64),
    styles: u64,
}

/// Refuses a zip that is a bomb, is encrypted or cannot be read to its end.
pub fn inspect(file: impl Read + Seek, size: u64) -> Result<Contents> {
    let mut zip = ZipArchive::new(file).map_err(|_| damaged())?;
    if zip.len() > MAX_PARTS || zip.decompressed_size().is_some_and(|sum| sum > MAX_UNPACKED as u128) {
        return Err(too_large());
    }
    let allowed = MAX_UNPACKED.min(RATIO_GRACE.max(size.saturating_mul(MAX_RATIO)));
    let mut contents = Contents::default();
    let mut left = allowed;
    for index in 0..zip.len() {
        let part = zip.by_index(index).map_err(|_| damaged())?;
        if part.encrypted() {
            return Err(encrypted());
        }
        let name = part.name().map_err(|_| damaged())?.into_owned();
        left = contents.part(&name, part, left)?;
        contents.names.push(name);
    }
    Ok(contents)
}

impl Contents {
    /// Reads one part to its end; answers how many bytes the rest may still have.
    fn part(&mut self, name: &str, part: impl Read, left: u64) -> Result<u64> {
        let mut from = BufReader::with_capacity(64 << 10, Metered { from: part, left });
        let head = from.fill_buf().map_err(|e| broken(&e))?;
        let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
        let is_xml = head.trim_ascii_start().starts_with(b"<")
            || head.starts_with(b"\xFF\xFE")
            || head.starts_with(b"\xFE\xFF");
        if !is_xml {
            let most = MAX_BINARY.min(left);
            let mut from = from.take(most + 1);
            let read = std::io::copy(&mut from, &mut std::io::sink()).map_err(|e| broken(&e))?;
            return if read > most { Err(too_large()) } else { Ok(left - read) };
        }
        let is_strings = name.to_ascii_lowercase().ends_with("sharedstrings.xml");
        let mut xml = Xml::from_reader(Piece { from, left: MAX_PIECE });
        let config = xml.config_mut();
        (config.check_end_names, config.check_comments) = (false, false);
        config.expand_empty_elements = true;
        let (mut buffer, mut rows, mut kept) = (Vec::new(), 0, false);
        loop {
            buffer.clear();
            match xml.read_event_into(&mut buffer) {
                Ok(Event::Start(element)) => {
                    // What stands before the next cell or string is forgotten, unless the part has something that is kept.
                    let fresh = match element.local_name().as_ref() {
                        "row" | "table-row" => {
                            rows += 1;
                            !is_strings
                        }
                        "c" | "table-cell" => !is_strings,
                        "si" => {
                            self.strings.1 += 1;
                            is_strings
                        }
                        "xf" | "font" | "fill" | "border" | "numFmt" | "sheet" | "definedName"
                        | "Relationship" => {
                            self.styles += 1;
                            kept = true;
                            false
                        }
                        "encryption-data" => return Err(encrypted()),
                        "sst" => {
                            reserve(&element)?;
                            false
                        }
                        _ => false,
                    };
                    if fresh && !kept {
                        xml.get_mut().left = MAX_PIECE;
                    }
                    if self.strings.1 > MAX_STRINGS.1 || self.styles > MAX_STYLES {
                        return Err(too_large());
                    }
                }
                Ok(Event::Eof) => break,
                Ok(_) => (),
                Err(quick_xml::Error::Io(error)) => return Err(broken(&error)),
                // Whoever needs this part will stumble over the same place; nobody may need it.
                Err(_) => break,
            }
        }
        self.rows = self.rows.max(rows);
        let rest = xml.into_inner().from.into_inner().left;
        if is_strings {
            self.strings.0 += left - rest;
        }
        if self.strings.0 > MAX_STRINGS.0 { Err(too_large()) } else { Ok(rest) }
    }
}

/// The library sets memory aside for as many strings as a part claims to have.
fn reserve(element: &BytesStart) -> Result<()> {
    for attribute in element.attributes().with_checks(false).flatten() {
        let claimed = attribute.value.trim().parse::<u64>();
        if attribute.key.as_ref().ends_with("niqueCount") && claimed.is_ok_and(|n| n > MAX_STRINGS.1) {
            return Err(damaged());
        }
    }
    Ok(())
}

fn broken(error: &std::io::Error) -> base::Error {
    match error.kind() {
        std::io::ErrorKind::FileTooLarge => too_large(),
        _ => damaged(),
    }
}

/// Fails when a parser asks for more than one piece may hold.
pub struct Piece<R> {
    pub from: R,
    pub left: u64,
}

impl<R: BufRead> Read for Piece<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let length = self.fill_buf()?.len().min(out.len());
        let length = self.from.read(&mut out[..length])?;
        self.left = self.left.saturating_sub(length as u64);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Piece<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.left == 0 {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.from.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount as u64);
        self.from.consume(amount);
    }
}
