//! How records are numbered: `KH-{6}` counts `KH-000001`, `XS-{yymm}-{4}` begins anew each month.

use crate::{Date, Error, Label, Result};

/// A pattern as it is declared or as the company changed it. Parts in braces: `{6}` the counter with so many places,
/// `{yy}`, `{yyyy}`, `{mm}`, `{dd}` or joined as `{yymm}` the day's date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern(pub &'static str);

impl Pattern {
    /// A pattern that is none stops the compiler, not the program.
    pub const fn new(pattern: &'static str) -> Pattern {
        assert!(counters(pattern) == 1, "a number has one counter, as in KH-{{6}}");
        Pattern(pattern)
    }
}

const fn counters(pattern: &str) -> usize {
    let (bytes, mut n, mut found) = (pattern.as_bytes(), 0, 0);
    while n + 2 < bytes.len() {
        if bytes[n] == b'{' && bytes[n + 1].is_ascii_digit() && bytes[n + 2] == b'}' {
            found += 1;
        }
        n += 1;
    }
    found
}

/// The series that a pattern counts on `day`, and the number that it makes of a count.
pub fn number(pattern: &str, day: Date, count: i64) -> (String, String) {
    let (mut series, mut number) = (String::new(), String::new());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (part, after) = after.split_once('}').unwrap_or((after, ""));
        series.push_str(before);
        number.push_str(before);
        match part.parse::<usize>() {
            Ok(width) => {
                series.push_str("{}");
                number.push_str(&format!("{count:0width$}"));
            }
            Err(_) => {
                let date = part.replace("yyyy", &format!("{:04}", day.year()));
                let date = date.replace("yy", &format!("{:02}", day.year() % 100));
                let date = date.replace("mm", &format!("{:02}", day.month()));
                let date = date.replace("dd", &format!("{:02}", day.day()));
                series.push_str(&date);
                number.push_str(&date);
            }
        }
        rest = after;
    }
    series.push_str(rest);
    number.push_str(rest);
    (series, number)
}

/// Checks a pattern that an administrator wrote.
pub fn checked(pattern: &str) -> Result<()> {
    let dates = ["{yy}", "{yyyy}", "{mm}", "{dd}", "{yymm}", "{yyyymm}", "{yymmdd}", "{yyyymmdd}"];
    let plain = dates.iter().fold(pattern.to_owned(), |text, date| text.replace(date, ""));
    let braces = plain.matches(['{', '}']).count();
    if counters(pattern) == 1 && braces == 2 && pattern.len() <= 40 && !pattern.contains(char::is_control) {
        return Ok(());
    }
    let says = Label {
        zh: "编号规则要有一个计数，例如 KH-{6} 或 XS-{yymm}-{4}",
        en: "A number rule has one counter, as in KH-{6} or XS-{yymm}-{4}",
    };
    Err(Error::fault("pattern", "malformed", says))
}
