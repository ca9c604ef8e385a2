//! Amounts as whole numbers: fen for money, ten-thousandths for prices, quantities and rates. No float anywhere.

use std::fmt;

/// Reads a decimal such as `-1,234.50` into a whole number of its last place; `None` if it is none, has more
/// significant places than `places`, or does not fit. Thousands may be set apart by commas, three digits each.
pub fn decimal(text: &str, places: u32) -> Option<i64> {
    let text = text.trim();
    let (negative, text) = match text.strip_prefix(['-', '−']) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let mut groups = whole.split(',');
    let first = groups.next().filter(|it| !it.is_empty() || !part.is_empty())?;
    let mut digits = first.to_owned();
    for group in groups {
        if group.len() != 3 || first.is_empty() || first.len() > 3 {
            return None;
        }
        digits.push_str(group);
    }
    let part = part.trim_end_matches('0');
    if part.len() > places as usize || !digits.bytes().chain(part.bytes()).all(|it| it.is_ascii_digit()) {
        return None;
    }
    digits.push_str(part);
    digits.extend(std::iter::repeat_n('0', places as usize - part.len()));
    let value: i64 = digits.parse().ok()?;
    Some(if negative { -value } else { value })
}

fn write(f: &mut fmt::Formatter, value: i64, places: usize, least: usize) -> fmt::Result {
    let sign = if value < 0 { "-" } else { "" };
    let unit = 10u64.pow(places as u32);
    let (whole, part) = (value.unsigned_abs() / unit, format!("{:0places$}", value.unsigned_abs() % unit));
    let kept = part.trim_end_matches('0').len().max(least);
    match kept {
        0 => write!(f, "{sign}{whole}"),
        _ => write!(f, "{sign}{whole}.{}", &part[..kept]),
    }
}

/// One line for each: how many places are kept, how many are always shown.
macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident: $places:literal, $least:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub i64);

        impl $name {
            pub const PLACES: u32 = $places;

            /// Reads a decimal; see [`decimal`].
            pub fn parse(text: &str) -> Option<$name> {
                decimal(text, $places).map($name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
                write(f, self.0, $places, $least)
            }
        }

        impl std::ops::Add for $name {
            type Output = $name;
            fn add(self, other: $name) -> $name {
                $name(self.0 + other.0)
            }
        }

        impl std::ops::Sub for $name {
            type Output = $name;
            fn sub(self, other: $name) -> $name {
                $name(self.0 - other.0)
            }
        }

        impl std::ops::Neg for $name {
            type Output = $name;
            fn neg(self) -> $name {
                $name(-self.0)
            }
        }

        impl std::iter::Sum for $name {
            fn sum<I: Iterator<Item = $name>>(all: I) -> $name {
                all.fold($name(0), |sum, it| sum + it)
            }
        }
    )*};
}

numbers! {
    /// An amount in the minor unit of the company's currency (fen).
    Money: 2, 2;
    /// A quantity in ten-thousandths of its unit.
    Quantity: 4, 0;
    /// A price of one unit in ten-thousandths of the currency's unit, tax included.
    Price: 4, 2;
    /// A share in ten-thousandths: 13 % is 1300 and reads `0.13`.
    Rate: 4, 0;
}

impl Price {
    /// What is left of it: `round(price × (1 − discount))`; `None` when it does not fit.
    pub fn less(self, discount: Rate) -> Option<Price> {
        half_up(i128::from(self.0) * i128::from(10_000 - discount.0), 10_000).map(Price)
    }

    /// `round(quantity × price × (1 − discount))`, half up and away from zero.
    ///
    /// `None` when it does not fit.
    pub fn times(self, quantity: Quantity, discount: Rate) -> Option<Money> {
        let exact = i128::from(self.0) * i128::from(quantity.0) * i128::from(10_000 - discount.0);
        // Places: 4 + 4 + 4, of which money keeps 2.
        half_up(exact, 10_000_000_000).map(Money)
    }
}

impl Money {
    /// The tax inside an amount: `round(amount × rate / (1 + rate))`.
    pub fn tax_within(self, rate: Rate) -> Option<Money> {
        half_up(i128::from(self.0) * i128::from(rate.0), i128::from(10_000 + rate.0)).map(Money)
    }
}

impl Money {
    /// As people read it: `1,234,567.80`.
    pub fn grouped(self) -> String {
        let text = self.to_string();
        let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
        let first = whole.bytes().position(|it| it.is_ascii_digit()).unwrap_or(0);
        let mut grouped = String::new();
        for (n, digit) in whole.char_indices() {
            if n > first && (whole.len() - n) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        format!("{grouped}.{rest}")
    }

    /// `amount × part / whole`, half up; nothing of a whole of nothing.
    pub fn share(self, part: i64, whole: i64) -> Money {
        if whole == 0 {
            return Money(0);
        }
        let (part, whole) = if whole < 0 { (-part, -whole) } else { (part, whole) };
        Money(half_up(i128::from(self.0) * i128::from(part), i128::from(whole)).unwrap_or(0))
    }
}

fn half_up(value: i128, unit: i128) -> Option<i64> {
    let half = if value < 0 { -unit / 2 } else { unit / 2 };
    i64::try_from((value + half) / unit).ok()
}
