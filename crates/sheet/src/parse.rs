//! Reads what people write in cells, in the engine's own terms: amounts in fen, quantities and prices in ten-thousandths. What is
//! damaged or can be understood in two ways is an answer with a reason, never a guess. An empty cell is `None`.

use base::Label;
use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization;

use super::read::{Cell, Kind};

/// Why a cell cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrong {
    pub code: &'static str,
    pub says: Label,
}

pub type Parsed<T> = std::result::Result<Option<T>, Wrong>;

const fn wrong(code: &'static str, zh: &'static str, en: &'static str) -> Wrong {
    Wrong { code, says: Label { zh, en } }
}

const CELL_ERROR: Wrong = wrong(
    "cell_error",
    "单元格是公式错误（如 #N/A、#REF!），没有可用的值",
    "The cell holds a formula error such as #N/A and no value.",
);
const NO_RESULT: Wrong = wrong(
    "formula_without_value",
    "公式没有计算结果，请用 Excel 打开并保存一次",
    "The formula was never computed; open the file in Excel and save it.",
);
const BAD_TEXT: Wrong = wrong(
    "damaged_text",
    "文字中有无法识别的字符，编码可能有误",
    "Some characters are unreadable; the encoding of the file is probably wrong.",
);
const BAD_DIGITS: Wrong = wrong(
    "damaged_number",
    "长号码被 Excel 改成了数值（如 9.15E+17），末尾几位已经丢失；请把该列设为文本格式后重新填写",
    "Excel turned a long code into a number such as 9.15E+17 and its last digits are lost; format the column as text and type it again.",
);
const NO_NUMBER: Wrong = wrong("not_a_number", "不是数字", "This is not a number.");
const UNCLEAR_NUMBER: Wrong = wrong(
    "number_unclear",
    "数字的写法不明确：分不清千分位和小数点",
    "The separators can be read in two ways: thousands or decimals.",
);
const DATE_NOT_NUMBER: Wrong = wrong(
    "date_for_number",
    "单元格是日期，不是数字；可能被 Excel 自动改成了日期",
    "The cell is a date where a number is expected; Excel may have changed it.",
);
const PLACES: Wrong = wrong("too_many_places", "小数位数太多", "There are too many decimal places.");
const RANGE: Wrong = wrong("out_of_range", "数字太大", "The number is too large.");
const CURRENCY: Wrong =
    wrong("other_currency", "金额带有其他币种的符号", "The amount carries the sign of another currency.");
const PERCENT: Wrong = wrong(
    "percent_unclear",
    "比例不明确，请写成 13% 或 0.13",
    "The share can be read in two ways; write 13% or 0.13.",
);
const NO_DATE: Wrong = wrong("not_a_date", "不是日期", "This is not a date.");
const NO_SUCH_DATE: Wrong = wrong("no_such_date", "没有这一天", "There is no such day.");
const DATE_ORDER: Wrong = wrong(
    "date_order_unclear",
    "分不清哪个是月、哪个是日，请写成 2026-09-07",
    "Day and month cannot be told apart; write 2026-09-07.",
);
const DATE_YEAR: Wrong = wrong("date_year_unclear", "年份请写四位", "Write the year with four digits.");
const DATE_ZONE: Wrong = wrong(
    "date_has_zone",
    "带时区的时间可能属于前后两天，请只写日期",
    "A time with a zone may belong to either of two days; write the date alone.",
);
const NO_BOOL: Wrong = wrong("not_yes_or_no", "请填写“是”或“否”", "Write yes or no.");

/// How a column writes what can be written in two ways, seen from all its cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Habits {
    /// `7/4/1996` is the fourth of July: `true`, the seventh of April: `false`.
    pub month_first: Option<bool>,
    /// `1.234,50` instead of `1,234.50`.
    pub decimal_comma: bool,
    /// The currency of the company (`CNY`); amounts with another sign are refused. Without it all signs pass.
    pub currency: Option<&'static str>,
}

impl Habits {
    /// Looks at the cells of one column; contradicting cells decide nothing.
    pub fn of<'a>(cells: impl IntoIterator<Item = &'a Cell>) -> Habits {
        let (mut day_first, mut month_first, mut commas, mut points) = (false, false, false, false);
        for cell in cells {
            if !matches!(cell.kind, Kind::Text) {
                continue;
            }
            let text = folded(&cell.text);
            if let Some([a, b, _]) = slashed(&text) {
                day_first |= a > 12;
                month_first |= b > 12;
            }
            let digits = text.trim_matches(|c: char| !c.is_ascii_digit());
            match (digits.rfind(','), digits.rfind('.')) {
                (Some(comma), Some(point)) => {
                    commas |= comma > point;
                    points |= point > comma;
                }
                (Some(comma), None) => commas |= digits.len() - comma - 1 < 3,
                (None, Some(point)) => {
                    points |= digits.len() - point - 1 != 3 && digits.matches('.').count() == 1
                }
                (None, None) => (),
            }
        }
        let month_first = (day_first != month_first).then_some(month_first);
        Habits { month_first, decimal_comma: commas && !points, currency: None }
    }
}

/// Takes out control, zero-width and direction characters, makes every blank a plain one and trims.
pub fn clean(text: &str) -> String {
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept = unified.chars().filter_map(|c| match c {
        '\n' => Some('\n'),
        '\t'
        | '\u{A0}'
        | '\u{2000}'..='\u{200A}'
        | '\u{202F}'
        | '\u{205F}'
        | '\u{3000}'
        | '\u{2028}'
        | '\u{2029}' => Some(' '),
        '\u{AD}'
        | '\u{61C}'
        | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFC}'
        | '\u{E0000}'..='\u{E007F}' => None,
        c if c.is_control() => None,
        c => Some(c),
    });
    kept.collect::<String>().trim().to_owned()
}

/// Prose: names, addresses, remarks.
pub fn text(cell: &Cell) -> Parsed<String> {
    let Some(clean) = visible(cell)? else { return Ok(None) };
    let lost = match cell.kind {
        Kind::Number(number) => number.abs() >= 1e15,
        _ => is_scientific(&clean),
    };
    if lost {
        return Err(BAD_DIGITS);
    }
    Ok(Some(clean))
}

/// What is written with digits and letters and is no amount: phones, tax numbers, bank accounts, item codes. Full-width forms
/// become plain; a code that a spreadsheet program stored as a number is refused when digits are lost.
pub fn code(cell: &Cell) -> Parsed<String> {
    let Some(clean) = text(cell)? else { return Ok(None) };
    let plain = clean.nfkc().collect::<String>();
    // Fifteen digits are kept and the rest becomes zeros, also in a CSV that a spreadsheet program saved.
    if plain.len() >= 18
        && plain.bytes().all(|b| b.is_ascii_digit())
        && plain[15..].bytes().all(|b| b == b'0')
    {
        return Err(BAD_DIGITS);
    }
    Ok(Some(plain))
}

/// The digits of a number and where its point stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    pub digits: i128,
    pub places: u32,
}

impl Decimal {
    /// As a whole number of units of 10^-places; more places than that are refused unless they are zeros.
    fn scaled(self, places: u32) -> std::result::Result<i64, Wrong> {
        let digits = if self.places <= places {
            self.digits.checked_mul(10_i128.pow(places - self.places)).ok_or(RANGE)?
        } else {
            let unit = 10_i128.checked_pow(self.places - places).ok_or(PLACES)?;
            if self.digits % unit != 0 {
                return Err(PLACES);
            }
            self.digits / unit
        };
        digits.try_into().map_err(|_| RANGE)
    }
}

/// An amount in fen.
pub fn money(cell: &Cell, habits: Habits) -> Parsed<i64> {
    decimal(cell, habits)?.map(|n| n.scaled(2)).transpose()
}

/// A quantity or price in ten-thousandths.
pub fn quantity(cell: &Cell, habits: Habits) -> Parsed<i64> {
    decimal(cell, habits)?.map(|n| n.scaled(4)).transpose()
}

/// A whole number; `30.00` is one, `30.5` is not.
pub fn integer(cell: &Cell, habits: Habits) -> Parsed<i64> {
    decimal(cell, habits)?.map(|n| n.scaled(0)).transpose()
}

/// A share in ten-thousandths: `13%` and `0.13` are 1300; `13` may be either and is refused.
pub fn percent(cell: &Cell, habits: Habits) -> Parsed<i64> {
    let Some(clean) = visible(cell)? else { return Ok(None) };
    let text = folded(&clean);
    if let Some(share) = text.strip_suffix('%') {
        let Some(share) = decimal(&Cell::text(share.trim_end()), habits)? else { return Err(NO_NUMBER) };
        return Decimal { places: share.places + 2, ..share }.scaled(4).map(Some);
    }
    match decimal(cell, habits)?.map(|n| n.scaled(4)).transpose()? {
        Some(share) if share.abs() >= 10_000 => Err(PERCENT),
        share => Ok(share),
    }
}

/// Any number as written: `1,234.50`, `¥1,234.5`, `(1,234.00)`, `12万`, `１２３`, `−5`, `1 234,50` where the column writes so.
pub fn decimal(cell: &Cell, habits: Habits) -> Parsed<Decimal> {
    let Some(clean) = visible(cell)? else { return Ok(None) };
    match cell.kind {
        Kind::Date(_) => return Err(DATE_NOT_NUMBER),
        Kind::Bool(_) => return Err(NO_NUMBER),
        Kind::Number(number) if !number.is_finite() => return Err(NO_NUMBER),
        Kind::Number(number) if number.abs() >= 1e15 => return Err(BAD_DIGITS),
        Kind::Number(_) => return ungrouped(&clean, false, 0).map(Some),
        Kind::Empty | Kind::Text | Kind::Error => (),
    }
    let mut text = folded(&clean);
    let mut negative = false;
    if let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        negative = true;
        text = inner.trim().to_owned();
    }
    let mut text = text.as_str();
    let mut sign = |text: &mut &str| {
        let (rest, minus) = match text.strip_prefix('-').or_else(|| text.strip_suffix('-')) {
            Some(rest) => (rest, true),
            None => (text.strip_prefix('+').unwrap_or(text), false),
        };
        *text = rest.trim();
        let twice = minus && negative;
        negative |= minus;
        if twice { Err(NO_NUMBER) } else { Ok(()) }
    };
    sign(&mut text)?;
    text = currency(text, habits)?;
    sign(&mut text)?;
    let (text, zeros) = match text.char_indices().next_back() {
        Some((at, '千')) => (&text[..at], 3),
        Some((at, '万')) => (&text[..at], 4),
        Some((at, '亿')) => (&text[..at], 8),
        _ => (text, 0),
    };
    if is_scientific(text) {
        return Err(BAD_DIGITS);
    }
    let text = text.trim_end();
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | ' ' | '\'')) {
        return Err(NO_NUMBER);
    }
    ungrouped(&point_only(text, habits.decimal_comma)?, negative, zeros).map(Some)
}

/// Yes or no in the ways that lists have it.
pub fn boolean(cell: &Cell) -> Parsed<bool> {
    let Some(clean) = visible(cell)? else { return Ok(None) };
    if let Kind::Bool(value) = cell.kind {
        return Ok(Some(value));
    }
    match folded(&clean).to_lowercase().as_str() {
        "是" | "有" | "对" | "真" | "y" | "yes" | "true" | "t" | "√" | "✓" | "✔" | "1" | "on" => {
            Ok(Some(true))
        }
        "否" | "无" | "错" | "假" | "n" | "no" | "false" | "f" | "×" | "✗" | "✘" | "0" | "off" | "没有"
        | "不是" => Ok(Some(false)),
        _ => Err(NO_BOOL),
    }
}

/// A day: `2026-9-7`, `2026/09/07`, `2026.9.7`, `2026年9月7日`, `20260907`, `31.12.2026`, `4 Jul 1996`, a serial of Excel, and
/// any of them with a time after it. `7/4/1996` is read as the column's habits say, and refused when they say nothing.
pub fn date(cell: &Cell, habits: Habits) -> Parsed<Date> {
    let Some(clean) = visible(cell)? else { return Ok(None) };
    match cell.kind {
        Kind::Date(moment) => return Ok(Some(moment.date())),
        Kind::Number(number) if number.fract() != 0.0 => return serial(number.trunc() as i64).map(Some),
        Kind::Bool(_) => return Err(NO_DATE),
        Kind::Number(_) | Kind::Empty | Kind::Text | Kind::Error => (),
    }
    let text = folded(&clean);
    let text = without_time(without_weekday(&text))?;
    if text.bytes().all(|b| b.is_ascii_digit()) {
        let number: i64 = text.parse().map_err(|_| NO_DATE)?;
        return match text.len() {
            8 => day(number / 10_000, number / 100 % 100, number % 100),
            5 => serial(number),
            _ => Err(NO_DATE),
        }
        .map(Some);
    }
    if let Some(found) = named_month(text) {
        return found.map(Some);
    }
    let parts = text
        .trim_end_matches(['日', '号'])
        .split(['-', '/', '.', '年', '月'])
        .map(|part| part.trim().parse::<i64>().ok().filter(|_| part.trim().len() <= 4))
        .collect::<Option<Vec<_>>>();
    let Some([a, b, c]) = parts.as_deref().and_then(|parts| <[i64; 3]>::try_from(parts).ok()) else {
        return Err(NO_DATE);
    };
    let day = match (a, c) {
        (1000.., _) => day(a, b, c),
        (_, 1000..) if text.contains('.') => day(c, b, a),
        (_, 1000..) => match (a, b, habits.month_first) {
            (13.., ..) => day(c, b, a),
            (_, 13.., _) => day(c, a, b),
            _ if a == b => day(c, a, b),
            (_, _, Some(true)) => day(c, a, b),
            (_, _, Some(false)) => day(c, b, a),
            (_, _, None) => Err(DATE_ORDER),
        },
        _ => Err(DATE_YEAR),
    };
    day.map(Some)
}

/// A number in full, without exponent, with the 15 digits that spreadsheet programs keep.
pub fn plain(number: f64) -> String {
    if !number.is_finite() {
        return number.to_string();
    }
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    // Zero has no sign here.
    (rounded + 0.0).to_string()
}

/// Whether a cell may be the name of a column: a text that is neither number nor date.
pub(super) fn is_name(cell: &Cell) -> bool {
    let habits = Habits { month_first: Some(true), ..Habits::default() };
    cell.kind == Kind::Text
        && decimal(cell, habits).is_err()
        && percent(cell, habits).is_err()
        && date(cell, habits).is_err()
}

/// The text of a cell that has a usable one.
fn visible(cell: &Cell) -> Parsed<String> {
    match cell.kind {
        Kind::Error => return Err(CELL_ERROR),
        Kind::Empty if cell.formula => return Err(NO_RESULT),
        Kind::Empty => return Ok(None),
        Kind::Text | Kind::Number(_) | Kind::Date(_) | Kind::Bool(_) => (),
    }
    let clean = clean(&cell.text);
    if clean.contains('\u{FFFD}') {
        return Err(BAD_TEXT);
    }
    Ok(Some(clean).filter(|clean| !clean.is_empty()))
}

/// Full-width forms become plain, and the many minus signs one.
fn folded(text: &str) -> String {
    let plain = text.nfkc().map(|c| match c {
        '\u{2212}' | '\u{2010}'..='\u{2015}' | '\u{FE63}' => '-',
        '。' => '.',
        '、' => ',',
        c if c.is_whitespace() => ' ',
        c => c,
    });
    plain.collect::<String>().trim().to_owned()
}

/// `9.15E+17`: what a spreadsheet program shows, and writes to CSV, for a number that does not fit its column.
fn is_scientific(text: &str) -> bool {
    let Some((digits, exponent)) = text.split_once(['E', 'e']) else { return false };
    let exponent = exponent.strip_prefix('+').unwrap_or_default();
    (2..=3).contains(&exponent.len())
        && exponent.bytes().all(|b| b.is_ascii_digit())
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').is_empty()
}

/// Takes the sign of the currency away, before or behind.
fn currency(text: &str, habits: Habits) -> std::result::Result<&str, Wrong> {
    const SIGNS: [(&str, &[&str]); 16] = [
        ("RMB", &["CNY"]),
        ("CNY", &["CNY"]),
        ("人民币", &["CNY"]),
        ("US$", &["USD"]),
        ("HK$", &["HKD"]),
        ("USD", &["USD"]),
        ("EUR", &["EUR"]),
        ("GBP", &["GBP"]),
        ("JPY", &["JPY"]),
        ("HKD", &["HKD"]),
        ("¥", &["CNY", "JPY"]),
        ("€", &["EUR"]),
        ("£", &["GBP"]),
        ("$", &["USD", "HKD", "AUD", "CAD", "SGD"]),
        ("美元", &["USD"]),
        ("元", &["CNY", "USD", "HKD"]),
    ];
    let mut text = text.trim_end_matches("整");
    for (sign, currencies) in SIGNS {
        let Some(rest) = text.strip_prefix(sign).or_else(|| text.strip_suffix(sign)) else { continue };
        if habits.currency.is_some_and(|own| !currencies.contains(&own)) {
            return Err(CURRENCY);
        }
        text = rest.trim();
    }
    Ok(text)
}

/// Takes out separators of thousands and leaves a decimal point, when that can be done in one way only.
fn point_only(text: &str, decimal_comma: bool) -> std::result::Result<String, Wrong> {
    let last = text.rfind(['.', ',']);
    let decimal = match last {
        None => None,
        Some(at) => {
            let mark = text.as_bytes()[at];
            let once = text.bytes().filter(|b| *b == mark).count() == 1;
            let mixed = text[..at].contains(|c: char| !c.is_ascii_digit());
            let thousands = text.len() - at - 1 == 3;
            match mark {
                b'.' if decimal_comma => (once && !thousands).then_some(at),
                b'.' => once.then_some(at),
                _ if decimal_comma => once.then_some(at),
                // With blanks or points before it, a comma that no three digits follow can only be the decimal one.
                _ => (once && mixed && !thousands).then_some(at),
            }
        }
    };
    let (whole, part) = decimal.map_or((text, ""), |at| (&text[..at], &text[at + 1..]));
    let mut groups = whole.split(['.', ',', ' ', '\'']);
    let first = groups.next().unwrap_or_default();
    let marks = whole.chars().filter(|c| !c.is_ascii_digit()).collect::<Vec<_>>();
    let grouped = marks.windows(2).all(|pair| pair[0] == pair[1])
        && groups.all(|group| group.len() == 3)
        && (marks.is_empty() || (1..=3).contains(&first.len()));
    let same = decimal.is_some_and(|at| marks.first() == text[at..].chars().next().as_ref());
    if !grouped || same || !part.bytes().all(|b| b.is_ascii_digit()) {
        return Err(UNCLEAR_NUMBER);
    }
    let whole = whole.chars().filter(char::is_ascii_digit);
    Ok(whole.chain(std::iter::once('.')).chain(part.chars()).collect())
}

/// Reads digits with at most one point, times ten to the `zeros`.
fn ungrouped(text: &str, negative: bool, zeros: u32) -> std::result::Result<Decimal, Wrong> {
    let (negative, text) = text.strip_prefix('-').map_or((negative, text), |rest| (true, rest));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = part.trim_end_matches('0');
    if whole.is_empty() && part.is_empty() && !text.contains('0') {
        return Err(NO_NUMBER);
    }
    let mut digits: i128 = 0;
    for digit in whole.bytes().chain(part.bytes()) {
        if !digit.is_ascii_digit() {
            return Err(NO_NUMBER);
        }
        digits = digits.checked_mul(10).and_then(|d| d.checked_add((digit - b'0') as i128)).ok_or(RANGE)?;
    }
    let places = part.len() as u32;
    let digits = if negative { -digits } else { digits };
    Ok(if places >= zeros {
        Decimal { digits, places: places - zeros }
    } else {
        Decimal { digits: digits.checked_mul(10_i128.pow(zeros - places)).ok_or(RANGE)?, places: 0 }
    })
}

/// Days since the last day of 1899 as spreadsheet programs count them; only five digits, 1927 to 2173, are taken for one.
fn serial(days: i64) -> std::result::Result<Date, Wrong> {
    let days = i32::try_from(days).ok().filter(|days| (10_000..100_000).contains(days)).ok_or(NO_DATE)?;
    jiff::civil::date(1899, 12, 30).checked_add(jiff::Span::new().days(days)).map_err(|_| NO_DATE)
}

fn day(year: i64, month: i64, day: i64) -> std::result::Result<Date, Wrong> {
    if !(1800..=2200).contains(&year) {
        return Err(NO_DATE);
    }
    Date::new(year as i16, month.try_into().unwrap_or(0), day.try_into().unwrap_or(0))
        .map_err(|_| NO_SUCH_DATE)
}

/// `7/4/1996` or `7-4-1996`, the forms whose order only the column tells.
fn slashed(text: &str) -> Option<[i64; 3]> {
    let text = without_time(text).ok()?;
    let parts = text.split(['/', '-']).map(|part| part.trim().parse().ok()).collect::<Option<Vec<i64>>>()?;
    <[i64; 3]>::try_from(parts).ok().filter(|[_, _, year]| (1000..=9999).contains(year))
}

fn without_weekday(text: &str) -> &str {
    let at = text.find("星期").or_else(|| text.find('周')).filter(|at| *at > 0);
    at.map_or(text, |at| text[..at].trim_end_matches(['(', ' ']))
}

/// Cuts a time of day off; with a zone it may mean the day before or after.
fn without_time(text: &str) -> std::result::Result<&str, Wrong> {
    let Some(colon) = text.find(':') else { return Ok(text) };
    let at = text[..colon].rfind(['T', ' ', '日', '午']).ok_or(NO_DATE)?;
    let behind = &text[at..];
    if behind.ends_with('Z') || behind.contains(['+', '-']) {
        return Err(DATE_ZONE);
    }
    let known = |c: char| {
        c.is_ascii_digit()
            || matches!(c, ':' | '.' | ' ' | 'T' | 'A' | 'P' | 'M' | 'a' | 'p' | 'm' | '日' | '午')
    };
    if !behind.chars().all(known) {
        return Err(NO_DATE);
    }
    let kept = if behind.starts_with('日') { &text[..at + '日'.len_utf8()] } else { &text[..at] };
    Ok(kept.trim_end_matches(['上', '下', '中', ' ']))
}

/// `4 Jul 1996`, `Jul 4, 1996`, `4-July-1996`.
fn named_month(text: &str) -> Option<std::result::Result<Date, Wrong>> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let words = text.split(['-', ' ', ',', '.', '/']).filter(|word| !word.is_empty()).collect::<Vec<_>>();
    let [a, b, c] = words[..] else { return None };
    let month = |word: &str| {
        let word = word.to_ascii_lowercase();
        (word.len() >= 3)
            .then(|| MONTHS.iter().position(|month| month.starts_with(&word)))
            .flatten()
            .map(|m| m as i64 + 1)
    };
    let number = |word: &str| word.parse::<i64>().ok();
    let (month, number) = match (month(a), month(b)) {
        (Some(month), None) => (month, number(b)?),
        (None, Some(month)) => (month, number(a)?),
        _ => return None,
    };
    match c.parse::<i64>() {
        Ok(year) if c.len() == 4 => Some(day(year, month, number)),
        Ok(_) => Some(Err(DATE_YEAR)),
        Err(_) => None,
    }
}
