//! Unified social credit codes 统一社会信用代码, GB 32100-2015, and the older numbers that still turn up.

use base::Label;
use unicode_normalization::UnicodeNormalization;

/// Values are positions; I, O, S, V and Z are left out, for they look like figures.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Valid,
    /// A registration or tax number from before 2015, of 15, 17 or 20 characters: right in its time.
    Old,
    /// The reason, for the user.
    Wrong(Label),
    /// A spreadsheet made a number of it and lost its last digits: 9.15E+17.
    Damaged,
}

/// Half-width, upper case, without blanks and hyphens.
pub fn normalise(text: &str) -> String {
    text.nfkc()
        .filter(|c| {
            !c.is_whitespace() && !c.is_control() && !matches!(c, '-' | '\u{200b}'..='\u{200f}' | '\u{feff}')
        })
        .flat_map(char::to_uppercase)
        .collect()
}

pub fn check(text: &str) -> Verdict {
    let number = normalise(text);
    let code = number.as_bytes();
    if is_damaged(&number) {
        return Verdict::Damaged;
    }
    if matches!(code.len(), 15 | 17 | 20) && code.iter().all(u8::is_ascii_alphanumeric) {
        return Verdict::Old;
    }
    if code.len() != 18 {
        return wrong("应为 18 位", "It should have 18 characters");
    }
    if !code.iter().all(|c| ALPHABET.contains(c)) {
        return wrong(
            "只能是数字和大写字母，没有 I、O、S、V、Z",
            "It has figures and letters other than I, O, S, V, Z",
        );
    }
    if !code[2..8].iter().all(u8::is_ascii_digit) {
        return wrong("第 3 至 8 位应为地区数字", "Characters 3 to 8 should be the digits of a region");
    }
    if check_character(&number[..17]) == Some(char::from(code[17])) {
        return Verdict::Valid;
    }
    // No code of ours ends in three zeros by chance and fails; a spreadsheet keeps fifteen digits.
    match number.ends_with("000") && code.iter().all(u8::is_ascii_digit) {
        true => Verdict::Damaged,
        false => wrong("校验码不符，请核对", "The check character does not fit: compare it with the licence"),
    }
}

/// The eighteenth character for the first seventeen; `None` unless these are seventeen of the alphabet.
pub fn check_character(body: &str) -> Option<char> {
    if body.len() != WEIGHTS.len() {
        return None;
    }
    let value = |c: u8| ALPHABET.iter().position(|it| *it == c);
    let mut sum = 0;
    for (c, weight) in body.bytes().zip(WEIGHTS) {
        sum += value(c)? * weight;
    }
    Some(char::from(ALPHABET[(31 - sum % 31) % 31]))
}

/// `9.15E+17`, also with more places.
fn is_damaged(number: &str) -> bool {
    let Some((mantissa, exponent)) = number.split_once("E+") else { return false };
    let figures = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit() || c == b'.');
    figures(mantissa) && figures(exponent)
}

fn wrong(zh: &'static str, en: &'static str) -> Verdict {
    Verdict::Wrong(Label { zh, en })
}
