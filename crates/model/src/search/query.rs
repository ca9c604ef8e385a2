//! What somebody typed, as phrases of tokens.

use super::pinyin::{LONGEST, readings_of, syllable, syllables_from};
use super::text::{Glyph, glyphs};
use super::tokens::{Source, document, letters, parted, token, ways, without_zeros};
use std::ops::Range;

/// Words that must all be found, in any order, each by any of its phrases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    words: Vec<Vec<Phrase>>,
    /// Only among records of these.
    owners: Vec<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phrase {
    Han(Vec<char>),
    /// Latin letters and digits as they are, Han characters by their initials.
    Letters(Vec<char>),
    Syllables(Vec<&'static str>),
}

/// Nobody types more; what is longer is cut.
const TYPED: usize = 64;
const WORDS: usize = 8;
const PHRASES: usize = 40;
const LONGEST_SYLLABLE: usize = 6;

/// What to look for; none when nothing typed is a letter, a digit or a Han character.
pub fn query(text: &str) -> Option<Query> {
    let plain = glyphs(text, TYPED, 'u');
    let pinyin = glyphs(text, TYPED, 'v');
    let mut words = Vec::new();
    let mut start = 0;
    for end in 1..=plain.len() {
        let last = end == plain.len();
        if last || plain[end].gap || plain[end].is_han() != plain[end - 1].is_han() {
            let complete = !last && plain[end].gap;
            words.push(word(&plain[start..end], &pinyin[start..end], complete));
            start = end;
        }
    }
    words.dedup();
    words.truncate(WORDS);
    (!words.is_empty()).then_some(Query { words, owners: Vec::new() })
}

fn word(plain: &[Glyph], pinyin: &[Glyph], complete: bool) -> Vec<Phrase> {
    let letters: Vec<char> = plain.iter().map(|glyph| glyph.ch).collect();
    if plain[0].is_han() {
        return vec![Phrase::Han(letters)];
    }
    let mut phrases = Vec::new();
    // The country's prefix before a mobile number: typed, and perhaps not stored.
    let national =
        letters.strip_prefix(&['8', '6', '1']).filter(|rest| rest.len() == 10).map(|_| &letters[2..]);
    phrases.extend(national.map(|national| Phrase::Letters(national.to_vec())));
    if letters.len() > 1 && pinyin.iter().all(|glyph| glyph.ch.is_ascii_lowercase()) {
        phrases.extend(spellings(pinyin, complete).into_iter().map(Phrase::Syllables));
    }
    phrases.insert(0, Phrase::Letters(letters));
    phrases
}

/// The ways to read letters as syllables. The last one may be unfinished, unless more words follow a whole one.
/// `xi'an` is parted where the apostrophe stands, `xian` may be one syllable or two.
fn spellings(typed: &[Glyph], complete: bool) -> Vec<Vec<&'static str>> {
    let text: String = typed.iter().map(|glyph| glyph.ch).collect();
    let together = |from: usize, to: usize| typed[from..to].windows(2).all(|pair| pair[0].end == pair[1].at);
    let at = |from, to| together(from, to).then(|| syllable(&text[from..to])).flatten();
    let whole = |from: usize| at(from, text.len()).is_some();
    let begun = |from: usize| together(from, text.len()) && !syllables_from(&text[from..]).is_empty();
    // From which places on syllables lead to an end that is allowed.
    let leads = |ends: &dyn Fn(usize) -> bool| {
        let mut leads = vec![false; text.len()];
        for from in (0..text.len()).rev() {
            leads[from] = ends(from)
                || (from + 1..text.len().min(from + LONGEST_SYLLABLE + 1))
                    .any(|to| leads[to] && at(from, to).is_some());
        }
        leads
    };
    let finished = leads(&whole);
    let leads = if finished[0] { finished.clone() } else { leads(&begun) };
    let mut found = Vec::new();
    let mut open = vec![(0, Vec::new())];
    while let Some((from, before)) = open.pop().filter(|(from, _)| leads[*from] && found.len() < PHRASES) {
        let with = |last: &'static str| [&before[..], &[last]].concat();
        match at(from, text.len()) {
            Some(last) if complete => found.push(with(last)),
            Some(last) => found.extend(syllables_from(last).iter().map(|last| with(last))),
            None if !finished[0] && begun(from) => {
                found.extend(syllables_from(&text[from..]).iter().map(|last| with(last)))
            }
            None => {}
        }
        for to in (from + 1..text.len().min(from + LONGEST_SYLLABLE + 1)).filter(|to| leads[*to]) {
            open.extend(at(from, to).map(|one| (to, with(one))));
        }
    }
    found.truncate(PHRASES);
    found
}

impl Phrase {
    fn tokens(&self) -> Vec<String> {
        let of =
            |kind: &str, run: &[char], size: usize| run.windows(size).map(|it| token(kind, it)).collect();
        match self {
            Phrase::Han(run) => of("", run, run.len().min(2)),
            Phrase::Letters(run) if run.len() > 2 => of("t", run, 3),
            Phrase::Letters(run) => of("l", run, run.len()),
            Phrase::Syllables(run) if run.len() > 1 => {
                run.windows(2).map(|it| format!("s{}0{}", it[0], it[1])).collect()
            }
            Phrase::Syllables(run) => run.iter().map(|one| format!("p{one}")).collect(),
        }
    }

    /// One character is the beginning of a bigram.
    fn is_start(&self) -> bool {
        matches!(self, Phrase::Han(run) | Phrase::Letters(run) if run.len() == 1)
    }

    fn is_in(&self, tokens: &[&str]) -> bool {
        let wanted = self.tokens();
        match self.is_start() {
            true => tokens.iter().any(|token| token.starts_with(&wanted[0])),
            false => tokens
                .windows(wanted.len())
                .any(|part| part.iter().zip(&wanted).all(|(one, other)| one == other)),
        }
    }
}

impl Query {
    /// The same among the records of these owners alone; a record says by [`super::Tokens::owned`] whose it is.
    pub fn among(self, owners: Vec<i64>) -> Query {
        Query { owners, ..self }
    }

    pub fn is_owned(&self) -> bool {
        !self.owners.is_empty()
    }

    /// The expression for `MATCH`. Tokens hold letters and digits only, so nothing typed can become syntax.
    pub fn fts5(&self) -> String {
        self.written(" AND ", " OR ", |phrase| {
            format!("\"{}\"{}", phrase.tokens().join(" "), if phrase.is_start() { "*" } else { "" })
        })
    }

    /// The text to cast to `tsquery`.
    pub fn tsquery(&self) -> String {
        self.written(" & ", " | ", |phrase| match phrase.is_start() {
            true => format!("'{}':*", phrase.tokens()[0]),
            false => phrase.tokens().iter().map(|token| format!("'{token}'")).collect::<Vec<_>>().join("<->"),
        })
    }

    /// The same for each word by itself.
    pub fn tsqueries(&self) -> Vec<String> {
        let one =
            |word: &Vec<Phrase>| Query { words: vec![word.clone()], owners: self.owners.clone() }.tsquery();
        self.words.iter().map(one).collect()
    }

    fn written(&self, and: &str, or: &str, phrase: impl Fn(&Phrase) -> String) -> String {
        let owners: Vec<_> = self.owners.iter().map(|owner| format!("o{owner}")).collect();
        let words = self.words.iter().map(|word| word.iter().map(&phrase).collect::<Vec<_>>().join(or));
        let words = (!owners.is_empty()).then(|| owners.join(or)).into_iter().chain(words);
        words.map(|word| format!("({word})")).collect::<Vec<_>>().join(and)
    }
}

/// Whether a record with these fields answers the query; the databases decide the same.
pub fn matches(query: &Query, fields: &[(Source, &str)]) -> bool {
    let tokens = document(fields.iter().copied());
    let tokens: Vec<&str> = tokens.all().collect();
    query.words.iter().all(|word| word.iter().any(|phrase| phrase.is_in(&tokens)))
}

/// The bytes of `text` to show in bold, in order and apart.
pub fn highlight(query: &Query, text: &str) -> Vec<Range<usize>> {
    let glyphs = glyphs(text, LONGEST, 'u');
    let mut readings = readings_of(text, &glyphs, true).into_iter();
    let read: Vec<_> = glyphs.iter().map(|one| one.is_han().then(|| readings.next()).flatten()).collect();
    let han: Vec<usize> = (0..glyphs.len()).filter(|&at| glyphs[at].is_han()).collect();
    let said = |at: usize, fits: &dyn Fn(&str) -> bool| read[at].is_some_and(|one| one.syllables().any(fits));
    let letter = |at: usize, ch: char| match read[at] {
        Some(_) => said(at, &|syllable| syllable.starts_with(ch)),
        None => glyphs[at].ch == ch,
    };
    let mut runs: Vec<Vec<usize>> = vec![Vec::new()];
    for at in 0..glyphs.len() {
        if at > 0 && parted(&glyphs[at - 1], &glyphs[at]) {
            runs.push(Vec::new());
        }
        runs.last_mut().expect("there is one from the start").push(at);
    }
    let plain: Vec<char> = glyphs.iter().map(|glyph| glyph.ch).collect();
    runs.push(without_zeros(&plain));

    let mut bold = vec![false; glyphs.len()];
    let mut mark = |run: &[usize], length: usize, fits: &dyn Fn(usize, usize) -> bool| {
        for part in run.windows(length).filter(|part| part.iter().enumerate().all(|(nth, &at)| fits(nth, at)))
        {
            part.iter().for_each(|&at| bold[at] = true);
        }
    };
    for phrase in query.words.iter().flatten() {
        match phrase {
            Phrase::Han(wanted) => mark(&han, wanted.len(), &|nth, at| glyphs[at].ch == wanted[nth]),
            Phrase::Syllables(wanted) => {
                mark(&han, wanted.len(), &|nth, at| said(at, &|syllable| syllable == wanted[nth]))
            }
            Phrase::Letters(wanted) => {
                runs.iter().for_each(|run| mark(run, wanted.len(), &|nth, at| letter(at, wanted[nth])))
            }
        }
    }
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for glyph in glyphs.iter().zip(bold).filter_map(|(glyph, bold)| bold.then_some(glyph)) {
        match ranges.last_mut().filter(|last| last.end >= glyph.at) {
            Some(last) => last.end = glyph.end,
            None => ranges.push(glyph.at..glyph.end),
        }
    }
    ranges
}

/// How well a title that was found fits: 0 is the very text, 1 begins with it (or its initials or pinyin do), 2 the rest.
pub fn rank(typed: &str, title: &str) -> u8 {
    let typed: String = glyphs(typed, TYPED, 'u').iter().map(|glyph| glyph.ch).collect();
    let glyphs = glyphs(title, LONGEST, 'u');
    let plain: String = glyphs.iter().map(|glyph| glyph.ch).collect();
    if typed.is_empty() {
        return 2;
    }
    if typed == plain {
        return 0;
    }
    let begins = ways(&readings_of(title, &glyphs, true)).iter().any(|way| {
        let initials = letters(&glyphs, way).into_iter().filter(|&ch| ch != ' ');
        let mut way = way.iter();
        let spelt: String = glyphs
            .iter()
            .map(|glyph| {
                if glyph.is_han() {
                    way.next().map_or(String::new(), |s| s.to_string())
                } else {
                    glyph.ch.into()
                }
            })
            .collect();
        initials.collect::<String>().starts_with(&typed) || spelt.starts_with(&typed)
    });
    if begins || plain.starts_with(&typed) { 1 } else { 2 }
}
