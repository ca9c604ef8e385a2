//! Delimited text: which encoding, which separator, and rows in bounded memory.

use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{read::Input, too_wide};
use base::Result;

/// One row of delimited text may have this many bytes; an unclosed quotation mark would swallow the file.
pub const MAX_ROW: u64 = 8 << 20;

/// So much of the beginning decides about the separator.
const SAMPLE: usize = 64 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    pub encoding: &'static Encoding,
    pub delimiter: u8,
    /// The first line is Excel's `sep=;` and no row.
    pub directive: bool,
    /// Lines end with LF alone.
    pub breaks_short: bool,
}

/// Reads the whole file once, so that a late character cannot be misread: UTF-8 when it is UTF-8, else GB18030 when
/// its high bytes come in pairs as Chinese text has them, else Western.
pub fn encoding(mut file: impl BufRead) -> io::Result<&'static Encoding> {
    let head = file.fill_buf()?;
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Ok(encoding);
    }
    let (mut utf8, mut chinese) = (Tally::of(UTF_8), Tally::of(GB18030));
    let (mut pairs, mut high, mut odd) = (0_u64, 0_u64, false);
    loop {
        let chunk = file.fill_buf()?;
        let last = chunk.is_empty();
        utf8.take(chunk, last);
        chinese.take(chunk, last);
        for &byte in chunk {
            high += (byte >= 0x80) as u64;
            pairs += (odd && byte >= 0xA1) as u64;
            odd = !odd && byte >= 0xA1;
        }
        if last {
            break;
        }
        let length = chunk.len();
        file.consume(length);
    }
    // A stray bad byte among thousands of good characters spoils its cell, not the file.
    let fits = |errors: u64| errors == 0 || errors * 200 < high;
    Ok(if fits(utf8.errors) {
        UTF_8
    } else if fits(chinese.errors) && pairs * 3 > high {
        GB18030
    } else {
        WINDOWS_1252
    })
}

/// Counts the malformed sequences of one encoding.
struct Tally {
    decoder: Decoder,
    scratch: Vec<u8>,
    errors: u64,
}

impl Tally {
    fn of(encoding: &'static Encoding) -> Tally {
        Tally { decoder: encoding.new_decoder_without_bom_handling(), scratch: vec![0; 16 << 10], errors: 0 }
    }

    fn take(&mut self, mut chunk: &[u8], last: bool) {
        loop {
            let (result, read, _) =
                self.decoder.decode_to_utf8_without_replacement(chunk, &mut self.scratch, last);
            chunk = &chunk[read..];
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => (),
                DecoderResult::Malformed(..) => self.errors += 1,
            }
        }
    }
}

/// Chooses the separator that cuts the most of the first rows into the same number of cells.
pub fn dialect(file: Input, encoding: &'static Encoding, name: &str) -> io::Result<Dialect> {
    let mut sample = Vec::with_capacity(SAMPLE);
    Decoded::new(file, encoding).take(SAMPLE as u64).read_to_end(&mut sample)?;
    let breaks_short =
        sample.iter().position(|b| *b == b'\n').is_some_and(|at| at == 0 || sample[at - 1] != b'\r');
    let first = sample.split(|b| matches!(b, b'\n' | b'\r')).next().unwrap_or_default();
    if let [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter] = *first
        && delimiter.is_ascii()
    {
        return Ok(Dialect { encoding, delimiter, directive: true, breaks_short });
    }
    let tabs = name.rsplit('.').next().is_some_and(|ext| ext.eq_ignore_ascii_case("tsv"));
    let preferred = if tabs { b'\t' } else { b',' };
    let mut best = ((0, 0), preferred);
    for delimiter in [preferred, b',', b'\t', b';', b'|'] {
        let mut rows = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(sample.as_slice())
            .into_byte_records()
            .flatten()
            .take(50)
            .map(|row| row.len())
            .collect::<Vec<_>>();
        // The sample may end amid a row.
        if sample.len() == SAMPLE && rows.len() > 1 && rows.len() < 50 {
            rows.pop();
        }
        let Some(&cells) = rows.iter().max_by_key(|n| rows.iter().filter(|m| m == n).count()) else {
            continue;
        };
        let score = if cells < 2 { (0, 0) } else { (rows.iter().filter(|n| **n == cells).count(), cells) };
        if score > best.0 {
            best = (score, delimiter);
        }
    }
    Ok(Dialect { encoding, delimiter: best.1, directive: false, breaks_short })
}

/// The rows with their numbers as a spreadsheet program would show them.
pub struct Records {
    csv: csv::Reader<Metered<Decoded<Input>>>,
    row: csv::StringRecord,
    number: u64,
    /// Line breaks inside cells so far: they are lines of the file and not rows.
    breaks: u64,
    /// Lines the parser has passed when it hands a row over: with CR LF it still stands before the LF.
    passed: u64,
}

impl Records {
    pub fn new(file: Input, dialect: Dialect) -> Records {
        let text = Metered { from: Decoded::new(file, dialect.encoding), left: MAX_ROW };
        let csv = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(dialect.delimiter)
            .from_reader(text);
        let mut records = Records {
            csv,
            row: csv::StringRecord::new(),
            number: 0,
            breaks: 0,
            passed: dialect.breaks_short as u64,
        };
        if dialect.directive {
            // What cannot be read here is reported by the next read.
            let _ = records.next();
        }
        records
    }

    pub fn next(&mut self) -> Result<Option<(u64, &csv::StringRecord)>> {
        self.csv.get_mut().left = MAX_ROW;
        if !self.csv.read_record(&mut self.row).map_err(|_| too_wide())? {
            return Ok(None);
        }
        self.breaks += self.row.as_slice().bytes().filter(|b| *b == b'\n').count() as u64;
        let line = self.csv.position().line().saturating_sub(self.breaks + self.passed);
        self.number = line.max(self.number + 1);
        Ok(Some((self.number, &self.row)))
    }
}

/// Fails when more is read than is left.
pub struct Metered<R> {
    pub from: R,
    pub left: u64,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(out)?;
        self.left = self.left.checked_sub(read as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(read)
    }
}

/// Turns any encoding into UTF-8; what cannot be read becomes U+FFFD.
struct Decoded<R> {
    from: R,
    decoder: Decoder,
    ready: Vec<u8>,
    at: usize,
    done: bool,
}

impl<R: BufRead> Decoded<R> {
    fn new(from: R, encoding: &'static Encoding) -> Decoded<R> {
        let decoder = encoding.new_decoder_with_bom_removal();
        Decoded { from, decoder, ready: Vec::new(), at: 0, done: false }
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() && !self.done {
            let chunk = self.from.fill_buf()?;
            self.done = chunk.is_empty();
            self.ready.resize(16 << 10, 0);
            let (result, read, written, _) = self.decoder.decode_to_utf8(chunk, &mut self.ready, self.done);
            self.from.consume(read);
            self.done &= result == encoding_rs::CoderResult::InputEmpty;
            self.ready.truncate(written);
            self.at = 0;
        }
        let rest = &self.ready[self.at..];
        let length = rest.len().min(out.len());
        out[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        Ok(length)
    }
}

/// Whether the bytes cannot be text in any encoding known here.
pub fn is_binary(head: &[u8]) -> bool {
    let wide = Encoding::for_bom(head).is_some_and(|(e, _)| e == UTF_16LE || e == UTF_16BE);
    !wide && head.contains(&0)
}
