//! Which column of a list is which field.

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

/// A field that a column may be meant for, with what people call it.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub name: &'a str,
    pub zh: &'a str,
    pub en: &'a str,
    pub aliases: &'a [&'a str],
}

/// A column's field and how sure it is: 100 the field's own name, 90 its name but for marks, 80 another word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    pub target: usize,
    pub score: u8,
}

/// Finds the field of each column; surer matches choose first, and a field is given to one column only.
pub fn match_headers<H: AsRef<str>>(headers: &[H], targets: &[Target]) -> Vec<Option<Match>> {
    let mut found = vec![None; headers.len()];
    let mut pairs = Vec::new();
    for (column, header) in headers.iter().enumerate() {
        let (header, plain) = (header.as_ref().trim(), normalised(header.as_ref()));
        if plain.is_empty() {
            continue;
        }
        for (target, field) in targets.iter().enumerate() {
            let own = [field.zh, field.en, field.name];
            let score = if own.contains(&header) {
                100
            } else if own.iter().any(|name| normalised(name) == plain) {
                90
            } else if field.aliases.iter().any(|alias| normalised(alias) == plain) {
                80
            } else {
                continue;
            };
            pairs.push((score, column, target));
        }
    }
    pairs.sort_by_key(|(score, column, target)| (u8::MAX - score, *column, *target));
    for (score, column, target) in pairs {
        let taken = found.iter().flatten().any(|m: &Match| m.target == target);
        if found[column].is_none() && !taken {
            found[column] = Some(Match { target, score });
        }
    }
    found
}

/// A header without what is said about it: brackets, stars, colons, units, blanks, case and width. `公司名称（必填）*` is `公司名称`,
/// `Company_Name:` is `companyname`, `金额/元` is `金额`.
pub fn normalised(header: &str) -> String {
    let folded = header.nfkc().collect::<String>().to_lowercase();
    let mut depth = 0_u32;
    let outside = folded.chars().filter(|c| match c {
        '(' | '[' | '{' | '【' | '<' | '〔' | '「' => {
            depth += 1;
            false
        }
        ')' | ']' | '}' | '】' | '>' | '〕' | '」' => {
            depth = depth.saturating_sub(1);
            false
        }
        _ => depth == 0,
    });
    let outside = outside.collect::<String>();
    let named = if outside.trim().is_empty() { folded.as_str() } else { outside.as_str() };
    let named = match named.rsplit_once(['/', ',']) {
        Some((name, "元" | "万元" | "天" | "个" | "%" | "rmb" | "cny" | "usd" | "kg")) => name,
        _ => named,
    };
    named.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The same for lists with the same columns in the same order, so that a mapping can be remembered.
pub fn signature<H: AsRef<str>>(headers: &[H]) -> String {
    let mut hash = Sha256::new();
    for header in headers {
        hash.update(normalised(header.as_ref()));
        hash.update([0x1F]);
    }
    data_encoding::HEXLOWER.encode(&hash.finalize()[..16])
}
