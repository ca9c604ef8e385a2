//! Telephone numbers as people write them, as we keep them and as we show them.

use unicode_normalization::UnicodeNormalization;

use crate::demo::Lang;

/// What may stand before an extension.
const EXTENSION: [&str; 6] = ["转", "分机", "extension", "ext", "x", "#"];

/// A Chinese number taken apart; the parts are figures.
#[derive(Default)]
struct Phone {
    /// 010, 0315; empty for a mobile, a 400 number and a number without it.
    area: String,
    number: String,
    /// Empty if there is none.
    extension: String,
}

/// The form that is kept and compared: `13810926621`, `010-60284417-806`, `4006106868`. What is not recognised, such as a
/// foreign number or two numbers in one cell, stays as it is, half-width and without blanks around it.
pub fn normalise(text: &str) -> String {
    let Some(phone) = Phone::read(text) else { return text.nfkc().collect::<String>().trim().to_owned() };
    let mut kept = phone.number;
    if !phone.area.is_empty() {
        kept = format!("{}-{kept}", phone.area);
    }
    if !phone.extension.is_empty() {
        kept = format!("{kept}-{}", phone.extension);
    }
    kept
}

/// The form for people: `138 1092 6621`, `010-6028 4417 转 806`, in English `ext. 806`.
pub fn display(text: &str, lang: Lang) -> String {
    match Phone::read(text) {
        Some(phone) => phone.shown(lang, str::to_owned),
        None => normalise(text),
    }
}

/// The form for those who may only see that there is a number: `139 **** 4471`. Of others the last four figures stay.
pub fn masked(text: &str, lang: Lang) -> String {
    let stars = |part: &str| "*".repeat(part.len());
    let Some(phone) = Phone::read(text) else {
        let text = normalise(text);
        let figures = text.chars().filter(char::is_ascii_digit).count();
        let mut left = if figures > 6 { figures - 4 } else { figures };
        let hide = |c: char| match c.is_ascii_digit() && left > 0 {
            true => {
                left -= 1;
                '*'
            }
            false => c,
        };
        return text.chars().map(hide).collect();
    };
    phone.shown(lang, stars)
}

/// Whether this is a mobile number of the mainland, to which a short message can go.
pub fn is_mobile(text: &str) -> bool {
    Phone::read(text).is_some_and(|phone| phone.number.len() == 11)
}

impl Phone {
    fn read(text: &str) -> Option<Phone> {
        let text: String = text.nfkc().flat_map(char::to_lowercase).collect();
        let (main, extension) = match EXTENSION.iter().find_map(|word| text.split_once(word)) {
            Some((main, extension)) => (main, figures(extension.trim_matches([' ', '.', ':', '-']))?),
            None => (text.as_str(), String::new()),
        };
        let parts: Vec<&str> = main.split('-').map(str::trim).collect();
        let (main, extension) = match parts[..] {
            // 010-60284417-806, not 010-6028-4417.
            [area, number, tail] if (7..=8).contains(&number.len()) && extension.is_empty() => {
                (format!("{area}{number}"), figures(tail)?)
            }
            _ => (parts.concat(), extension),
        };
        let main = main.replace(['(', ')', ' ', '\u{a0}', '.', '·'], "");
        let home = ["+86", "0086"].iter().find_map(|code| main.strip_prefix(code));
        let number = figures(home.unwrap_or(&main))?;
        let number = match home {
            Some(_) if !number.starts_with(['0', '1', '4', '8']) || number.starts_with("10") => {
                format!("0{number}")
            }
            None if number.len() == 13 && number.starts_with("861") => number[2..].to_owned(),
            _ => number,
        };
        let length = number.len();
        let (area, number) = match number.as_bytes() {
            _ if extension.len() > 6 => return None,
            [b'1', b'3'..=b'9', ..] if length == 11 => ("", &*number),
            [b'4' | b'8', b'0', b'0', ..] if length == 10 => ("", &*number),
            [b'0', b'1', b'0', ..] | [b'0', b'2', ..] if (10..=11).contains(&length) => number.split_at(3),
            [b'0', b'3'..=b'9', ..] if (11..=12).contains(&length) => number.split_at(4),
            [b'2'..=b'9', ..] if (7..=8).contains(&length) => ("", &*number),
            _ => return None,
        };
        Some(Phone { area: area.to_owned(), number: number.to_owned(), extension })
    }

    /// In groups, the last but one of which goes through `middle`.
    fn shown(&self, lang: Lang, middle: impl Fn(&str) -> String) -> String {
        let number = &self.number;
        let last = number.len() - 4;
        let mut text = match number.len() {
            10 | 11 => format!("{} {} {}", &number[..3], middle(&number[3..last]), &number[last..]),
            _ => format!("{} {}", middle(&number[..last]), &number[last..]),
        };
        if !self.area.is_empty() {
            text = format!("{}-{text}", self.area);
        }
        if !self.extension.is_empty() {
            let word = match lang {
                Lang::Zh => "转",
                Lang::En => "ext.",
            };
            text = format!("{text} {word} {}", self.extension);
        }
        text
    }
}

/// The text, if it is nothing but figures.
fn figures(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text.bytes().all(|c| c.is_ascii_digit())).then(|| text.to_owned())
}
