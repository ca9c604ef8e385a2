//! Rows set aside on disk, to be read again in another order than the file's: only their places stay in memory.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use base::{Error, Result};

use crate::read::{Cell, Kind, MAX_COLUMNS, Row};

/// The file has no name and goes with the program, however that ends.
pub struct Spool {
    file: BufWriter<File>,
    end: u64,
}

/// The rows that were set aside.
pub struct Rows {
    file: BufReader<File>,
    at: u64,
}

impl Spool {
    pub fn new(folder: &Path) -> Result<Spool> {
        let file = tempfile::tempfile_in(folder).map_err(failed)?;
        Ok(Spool { file: BufWriter::new(file), end: 0 })
    }

    /// Sets a row aside; returns its place.
    pub fn keep(&mut self, row: &Row) -> Result<u64> {
        let mut bytes = Vec::new();
        bytes.extend(row.number.to_le_bytes());
        bytes.extend((row.cells.len() as u32).to_le_bytes());
        for cell in &row.cells {
            let (tag, number) = match cell.kind {
                Kind::Empty => (0, 0.0),
                Kind::Text => (1, 0.0),
                Kind::Number(number) => (2, number),
                Kind::Date(_) => (3, 0.0),
                Kind::Bool(yes) => (4, f64::from(u8::from(yes))),
                Kind::Error => (5, 0.0),
            };
            bytes.extend([tag, u8::from(cell.formula)]);
            bytes.extend(number.to_bits().to_le_bytes());
            bytes.extend((cell.text.len() as u32).to_le_bytes());
            bytes.extend(cell.text.as_bytes());
        }
        let place = self.end;
        self.file.write_all(&bytes).map_err(failed)?;
        self.end += bytes.len() as u64;
        Ok(place)
    }

    pub fn rows(self) -> Result<Rows> {
        let file = self.file.into_inner().map_err(|error| failed(error.into_error()))?;
        Ok(Rows { file: BufReader::new(file), at: u64::MAX })
    }
}

impl Rows {
    /// The row of a place.
    pub fn read(&mut self, place: u64) -> Result<Row> {
        if self.at != place {
            self.file.seek(SeekFrom::Start(place)).map_err(failed)?;
            self.at = place;
        }
        let number = u64::from_le_bytes(self.bytes()?);
        let count = u32::from_le_bytes(self.bytes()?);
        let mut cells = Vec::with_capacity((count as usize).min(MAX_COLUMNS));
        for _ in 0..count {
            let [tag, formula] = self.bytes()?;
            let number = f64::from_bits(u64::from_le_bytes(self.bytes()?));
            let mut text = vec![0; u32::from_le_bytes(self.bytes()?) as usize];
            self.file.read_exact(&mut text).map_err(failed)?;
            self.at += text.len() as u64;
            let text = String::from_utf8(text).map_err(|_| lost())?;
            let kind = match tag {
                0 => Kind::Empty,
                1 => Kind::Text,
                2 => Kind::Number(number),
                3 => Kind::Date(crate::read::moment(&text).ok_or_else(lost)?),
                4 => Kind::Bool(number != 0.0),
                _ => Kind::Error,
            };
            cells.push(Cell { text, kind, formula: formula != 0 });
        }
        Ok(Row { number, cells })
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes).map_err(failed)?;
        self.at += N as u64;
        Ok(bytes)
    }
}

fn failed(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull => Error::Full,
        _ => Error::Internal(format!("rows set aside: {error}")),
    }
}

fn lost() -> Error {
    Error::Internal("rows set aside came back as others".to_owned())
}
