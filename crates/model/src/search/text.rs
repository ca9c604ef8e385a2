//! What of a text counts in a search: letters, digits and Han characters, without case, width and accents.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// One folded character and the bytes of the text that it stands for.
#[derive(Clone, Copy, Debug)]
pub struct Glyph {
    pub at: usize,
    pub end: usize,
    pub ch: char,
    /// A blank stands before it.
    pub gap: bool,
}

impl Glyph {
    pub fn is_han(&self) -> bool {
        is_han(self.ch)
    }
}

pub fn is_han(ch: char) -> bool {
    matches!(ch, '〇' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{20000}'..='\u{323AF}')
}

/// The first `longest` characters that count. `umlaut` stands for ü: `u` in words, `v` in pinyin.
pub fn glyphs(text: &str, longest: usize, umlaut: char) -> Vec<Glyph> {
    let mut found: Vec<Glyph> = Vec::with_capacity((text.len() / 2).min(longest));
    let mut gap = false;
    for (at, ch) in text.char_indices() {
        if found.len() >= longest {
            break;
        }
        let end = at + ch.len_utf8();
        let push = |found: &mut Vec<Glyph>, gap: &mut bool, ch| {
            found.push(Glyph { at, end, ch, gap: std::mem::take(gap) })
        };
        if ch.is_ascii_alphanumeric() {
            push(&mut found, &mut gap, ch.to_ascii_lowercase());
        } else if is_han(ch) {
            push(&mut found, &mut gap, ch);
        } else if ch.is_ascii() {
            gap |= ch.is_ascii_whitespace();
        } else {
            decompose_compatible(ch, |part| {
                if part == '\u{308}' {
                    if let Some(last) = found.last_mut().filter(|last| last.ch == 'u') {
                        last.ch = umlaut;
                    }
                } else if part.is_whitespace() {
                    gap = true;
                } else if part.is_alphanumeric() && !is_combining_mark(part) {
                    for lower in part.to_lowercase().filter(|&lower| !is_combining_mark(lower)) {
                        let (first, second) = spelt(lower);
                        push(&mut found, &mut gap, first);
                        second.into_iter().for_each(|second| push(&mut found, &mut gap, second));
                    }
                }
            });
        }
    }
    found
}

/// Letters that no decomposition takes apart, as people without the key type them.
fn spelt(letter: char) -> (char, Option<char>) {
    match letter {
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        'ø' => ('o', None),
        'ł' => ('l', None),
        'đ' | 'ð' => ('d', None),
        'ı' => ('i', None),
        other => (other, None),
    }
}
