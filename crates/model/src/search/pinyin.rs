//! How Chinese text is read: the longest known phrase first, then the character by itself.

use super::text::{Glyph, glyphs, is_han};
use pinyin::ToPinyin;
use std::sync::LazyLock;

/// Longer texts are searched and sorted by this much of them.
pub(super) const LONGEST: usize = 2_000;

/// One Han character of a text and how it may be read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Where the character begins, in bytes.
    pub at: usize,
    pub character: char,
    /// Syllables without tones, `v` for ü, the likeliest first, parted by `/`; empty when nobody knows.
    syllables: &'static str,
}

impl Reading {
    pub fn syllables(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.syllables.split('/').filter(|one| !one.is_empty())
    }

    pub fn first(&self) -> &'static str {
        self.syllables.split('/').next().unwrap_or_default()
    }

    pub fn is_doubtful(&self) -> bool {
        self.syllables.contains('/')
    }
}

/// Rows of `phrase reading`, sorted, with an index by first character.
struct Table {
    starts: Vec<u16>,
    rows: Vec<(&'static str, &'static str)>,
}

const FIRST: u32 = 0x4E00;
const LAST: u32 = 0x9FFF;

static PHRASES: LazyLock<Table> = LazyLock::new(|| Table::new(include_str!("phrases.txt")));
static SURNAMES: LazyLock<Table> = LazyLock::new(|| Table::new(include_str!("surnames.txt")));
static SYLLABLES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("syllables.txt").split_whitespace().collect());

impl Table {
    fn new(text: &'static str) -> Table {
        let rows: Vec<_> = text.lines().filter_map(|line| line.split_once(' ')).collect();
        let mut starts = Vec::with_capacity((LAST - FIRST + 2) as usize);
        for (index, (phrase, _)) in rows.iter().enumerate() {
            let first = phrase.chars().next().map_or(0, |ch| u32::from(ch).saturating_sub(FIRST) as usize);
            starts.resize(starts.len().max(first + 1), index as u16);
        }
        starts.resize((LAST - FIRST + 2) as usize, rows.len() as u16);
        Table { starts, rows }
    }

    /// The reading of the longest phrase that `text` begins with.
    fn longest(&self, first: char, text: &str) -> Option<&'static str> {
        let index = u32::from(first).checked_sub(FIRST).filter(|_| u32::from(first) <= LAST)? as usize;
        let rows = &self.rows[usize::from(self.starts[index])..usize::from(self.starts[index + 1])];
        // A phrase sorts after every shorter one that it begins with.
        rows.iter().rev().find(|(phrase, _)| text.starts_with(phrase)).map(|(_, reading)| *reading)
    }
}

/// How each Han character of `text` is read.
pub fn readings(text: &str) -> Vec<Reading> {
    readings_of(text, &glyphs(text, LONGEST, 'u'), false)
}

/// `person`: a text of two to four Han characters begins with a family name.
pub(super) fn readings_of(text: &str, glyphs: &[Glyph], person: bool) -> Vec<Reading> {
    let mut found: Vec<Reading> = Vec::with_capacity(glyphs.len());
    let person = person && (2..=4).contains(&glyphs.iter().filter(|glyph| glyph.is_han()).count());
    let mut known = "".split_ascii_whitespace();
    for glyph in glyphs.iter().filter(|glyph| is_han(glyph.ch)) {
        let mut syllables = known.next();
        if syllables.is_none() {
            let rest = &text[glyph.at..];
            let family = (person && found.is_empty()).then(|| SURNAMES.longest(glyph.ch, rest)).flatten();
            if let Some(reading) = family.or_else(|| PHRASES.longest(glyph.ch, rest)) {
                known = reading.split_ascii_whitespace();
                syllables = known.next();
            }
        }
        let syllables = syllables.unwrap_or_else(|| alone(glyph.ch));
        found.push(Reading { at: glyph.at, character: glyph.ch, syllables });
    }
    found
}

fn alone(ch: char) -> &'static str {
    match ch.to_pinyin().map_or("", |reading| reading.plain()) {
        "lü" => "lv",
        "nü" => "nv",
        "lüe" => "lve",
        "nüe" => "nve",
        plain if plain.is_ascii() => plain,
        _ => "e",
    }
}

/// The first letter of each syllable, other letters and digits as they are: 北京A座 is `bjaz`.
pub fn initials(text: &str) -> String {
    let glyphs = glyphs(text, LONGEST, 'u');
    let mut readings = readings_of(text, &glyphs, false).into_iter();
    let mut letter = |glyph: &Glyph| match glyph.is_han() {
        true => readings.next().and_then(|reading| reading.first().chars().next()),
        false => Some(glyph.ch),
    };
    glyphs.iter().filter_map(&mut letter).collect()
}

/// Sorts as bytes: digits, Latin letters, then Han characters by syllable and, where that is the same, by character.
pub fn sort_key(text: &str) -> String {
    key(text, false)
}

/// As `sort_key` for people: 单雄信 stands under `shan`.
pub fn name_sort_key(text: &str) -> String {
    key(text, true)
}

fn key(text: &str, person: bool) -> String {
    let glyphs = glyphs(text, LONGEST, 'u');
    let mut readings = readings_of(text, &glyphs, person).into_iter();
    let mut key = String::with_capacity(2 * text.len());
    for glyph in &glyphs {
        if glyph.gap && !key.is_empty() && !glyph.is_han() {
            key.push(' ');
        }
        if glyph.is_han() {
            let first = readings.next().map_or("", |reading| reading.first());
            // The syllable's place in the list, as a character of two bytes after ASCII; the unknown come last.
            let place =
                if first.is_empty() { SYLLABLES.len() } else { SYLLABLES.partition_point(|s| *s < first) };
            key.extend(char::from_u32(0x100 + place as u32));
        }
        key.push(glyph.ch);
    }
    key
}

/// The syllable that is spelt so, also in the spellings that keyboards without ü produce.
pub(super) fn syllable(spelt: &str) -> Option<&'static str> {
    let spelt = match spelt {
        "lue" => "lve",
        "nue" => "nve",
        "lyu" => "lv",
        "nyu" => "nv",
        other => other,
    };
    SYLLABLES.binary_search(&spelt).ok().map(|place| SYLLABLES[place])
}

/// All syllables that begin so.
pub(super) fn syllables_from(start: &str) -> &'static [&'static str] {
    let low = SYLLABLES.partition_point(|one| *one < start);
    let many = SYLLABLES[low..].iter().take_while(|one| one.starts_with(start)).count();
    &SYLLABLES[low..low + many]
}
