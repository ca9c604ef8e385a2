//! A record as a line of tokens.
//!
//! `金泰` is a bigram of Han characters, `ljt` one of letters, `pjin` a syllable. The last character of a run stands
//! alone as well, so that one character is found as the beginning of a token, and ends the run: no phrase passes it.
//! `tjtg` are three letters and `sjin0tai` two syllables: what is typed at length is looked up by these, since pairs of
//! letters and single syllables are in almost every record. `o17` says whose record it is.

use super::pinyin::{LONGEST, Reading, readings_of};
use super::text::{Glyph, glyphs, is_han};

/// What kind of text a field holds; it decides what else finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Text,
    /// KH-000127 is found as `kh127` too.
    Number,
    /// Only digits count.
    Phone,
    /// A person's name: the family name in its own reading and in the ordinary one.
    Name,
}

/// The tokens of one record, made by `document`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    line: String,
    count: usize,
}

/// PostgreSQL knows positions up to 16383.
const MOST: usize = 16_000;
/// Texts with more Han characters than this are remarks, read in one way only.
const NAME: usize = 32;
/// A name is indexed in at most so many ways of reading it.
const WAYS: usize = 8;
/// Stands between runs of syllables; no query asks for it.
const GAP: &str = "0";

/// The tokens of one record's searchable fields.
pub fn document<'a>(fields: impl IntoIterator<Item = (Source, &'a str)>) -> Tokens {
    let mut tokens = Tokens::default();
    for (source, text) in fields {
        tokens.field(source, text);
    }
    tokens
}

impl Tokens {
    /// The text to insert into the contentless FTS5 table.
    pub fn fts5(&self) -> String {
        self.line.clone()
    }

    /// The text to cast to `tsvector`.
    pub fn tsvector(&self) -> String {
        use std::fmt::Write;
        let mut text = String::with_capacity(self.line.len() * 2);
        for (place, token) in self.all().enumerate().filter(|(_, token)| *token != GAP) {
            let blank = if text.is_empty() { "" } else { " " };
            write!(text, "{blank}'{token}':{}", place + 1).expect("a string takes all");
        }
        text
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.line.split_ascii_whitespace()
    }

    fn field(&mut self, source: Source, text: &str) {
        let mut glyphs = glyphs(text, LONGEST, 'u');
        if source == Source::Phone {
            glyphs.retain(|glyph| glyph.ch.is_ascii_digit());
        }
        let readings = readings_of(text, &glyphs, source == Source::Name);
        let han: Vec<char> = readings.iter().map(|reading| reading.character).collect();
        self.run("", &han);
        let mut seen: Vec<Vec<char>> = Vec::new();
        for way in ways(&readings) {
            let letters = letters(&glyphs, &way);
            if seen.contains(&letters) {
                self.push(&[GAP]);
            } else {
                self.words(&letters);
                seen.push(letters);
            }
            let way: Vec<_> = way.into_iter().filter(|syllable| !syllable.is_empty()).collect();
            way.iter().for_each(|syllable| self.push(&["p", syllable]));
            way.windows(2).for_each(|pair| self.push(&["s", pair[0], "0", pair[1]]));
        }
        if source == Source::Number {
            let full = letters(&glyphs, &[]);
            let kept = without_zeros(&full);
            if kept.len() < full.len() {
                self.words(&kept.iter().map(|&at| full[at]).collect::<Vec<_>>());
            }
        }
    }

    fn words(&mut self, letters: &[char]) {
        for word in letters.split(|&ch| ch == ' ') {
            self.run("l", word);
            word.windows(3).for_each(|three| self.push(&[&token("t", three)]));
        }
    }

    /// Lets a search look among the records of some owners; 0 is nobody. However long the record is, this has room.
    pub fn owned(&mut self, owner: i64) {
        self.count = self.count.min(MOST - 1);
        self.push(&[&format!("o{owner}")]);
    }

    fn run(&mut self, kind: &str, run: &[char]) {
        for start in 0..run.len() {
            let pair = &run[start..run.len().min(start + 2)];
            self.push(&[&token(kind, pair)]);
        }
    }

    fn push(&mut self, parts: &[&str]) {
        if self.count == MOST {
            return;
        }
        if self.count > 0 {
            self.line.push(' ');
        }
        parts.iter().for_each(|part| self.line.push_str(part));
        self.count += 1;
    }
}

/// One token, such that neither database's tokeniser would part or change it.
pub(super) fn token(kind: &str, characters: &[char]) -> String {
    let mut token = String::from(kind);
    for &ch in characters {
        match ch {
            'a'..='z' | '0'..='9' | '\u{4E00}'..='\u{9FA5}' => token.push(ch),
            // SQLite's idea of a letter is older than Unicode's. Two Yi syllables stand for any other character.
            other => token.extend([other as u32 / 1024, other as u32 % 1024].map(yi)),
        }
    }
    token
}

fn yi(number: u32) -> char {
    char::from_u32(0xA000 + number)
        .expect("a code point over 1024 is at most 1087, and Yi has 1165 syllables")
}

/// The ways to read a name, one syllable a character; the first is the likeliest.
pub(super) fn ways(readings: &[Reading]) -> Vec<Vec<&'static str>> {
    let mut ways = vec![readings.iter().map(Reading::first).collect::<Vec<_>>()];
    if readings.len() > NAME {
        return ways;
    }
    let doubtful: Vec<_> = readings.iter().enumerate().filter(|(_, reading)| reading.is_doubtful()).collect();
    // Each way changes an earlier one further on, so that those with one change come first.
    let mut from = vec![0];
    let mut at = 0;
    while at < ways.len() {
        for (next, (place, reading)) in doubtful.iter().enumerate().skip(from[at]) {
            for other in reading.syllables().skip(1).take(WAYS - ways.len()) {
                let mut way = ways[at].clone();
                way[*place] = other;
                ways.push(way);
                from.push(next + 1);
            }
        }
        at += 1;
    }
    ways
}

/// The letters of a text, an initial for each Han character, words parted by a blank.
pub(super) fn letters(glyphs: &[Glyph], way: &[&str]) -> Vec<char> {
    let mut letters = Vec::with_capacity(glyphs.len());
    let mut way = way.iter();
    for (at, glyph) in glyphs.iter().enumerate() {
        if at > 0 && parted(&glyphs[at - 1], glyph) {
            letters.push(' ');
        }
        if glyph.is_han() {
            letters.extend(way.next().and_then(|syllable| syllable.chars().next()));
        } else {
            letters.push(glyph.ch);
        }
    }
    letters
}

/// A blank parts two words, but not a word from Han characters nor the groups of a phone number.
pub(super) fn parted(left: &Glyph, right: &Glyph) -> bool {
    let digits = left.ch.is_ascii_digit() && right.ch.is_ascii_digit();
    right.gap && !is_han(left.ch) && !is_han(right.ch) && !digits
}

/// The places of the characters that stay when numbers lose the zeros before them.
pub(super) fn without_zeros(letters: &[char]) -> Vec<usize> {
    let digit = |at: usize| letters.get(at).is_some_and(char::is_ascii_digit);
    let mut kept: Vec<usize> = Vec::with_capacity(letters.len());
    for (at, &ch) in letters.iter().enumerate() {
        let inside = at > 0 && digit(at - 1) && kept.last() == Some(&(at - 1));
        if ch != '0' || inside || !digit(at + 1) {
            kept.push(at);
        }
    }
    kept
}
