//! An amount in the capitals of banking 人民币大写, as the annex to the Payment and Settlement Measures (支付结算办法
//! 附一《正确填写票据和结算凭证的基本规定》) asks: 零 stands once for noughts between figures, and before 角 or 分 where
//! the figure before is nought; 整 ends what has no 分.

use crate::Money;

const DIGITS: [char; 10] = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'];
const PLACES: [&str; 4] = ["", "拾", "佰", "仟"];

impl Money {
    /// `47,026.40` as `肆万柒仟零贰拾陆元肆角整`.
    pub fn capitals(self) -> String {
        let fen = self.0.unsigned_abs();
        let (yuan, jiao, fen) = (fen / 100, (fen / 10 % 10) as usize, (fen % 10) as usize);
        let mut text = String::from(if self.0 < 0 { "负" } else { "" });
        if yuan > 0 || (jiao, fen) == (0, 0) {
            text.push_str(&whole(yuan));
            text.push('元');
        }
        match (jiao, fen) {
            (0, 0) => text.push('整'),
            (0, _) if yuan > 0 => text.push('零'),
            (0, _) => {}
            _ => {
                text.push(DIGITS[jiao]);
                text.push('角');
                if fen == 0 {
                    text.push('整');
                }
            }
        }
        if fen > 0 {
            text.push(DIGITS[fen]);
            text.push('分');
        }
        text
    }
}

/// A whole number, in parts of 亿 and 万.
fn whole(n: u64) -> String {
    const UNITS: [(u64, char); 2] = [(100_000_000, '亿'), (10_000, '万')];
    for (unit, name) in UNITS {
        if n >= unit {
            let (above, below) = (n / unit, n % unit);
            let rest = if below == 0 { String::new() } else { whole(below) };
            let gap = if below > 0 && below < unit / 10 { "零" } else { "" };
            return format!("{}{name}{gap}{rest}", whole(above));
        }
    }
    if n == 0 {
        return "零".to_owned();
    }
    let mut text = String::new();
    let mut gap = false;
    for place in (0..4).rev() {
        let digit = (n / 10u64.pow(place) % 10) as usize;
        if digit == 0 {
            gap = !text.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            text.push('零');
        }
        text.push(DIGITS[digit]);
        text.push_str(PLACES[place as usize]);
    }
    text
}
