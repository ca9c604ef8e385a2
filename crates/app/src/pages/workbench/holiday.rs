//! The next public holiday, where the company keeps its books in yuan.

use model::{Date, Desk, Label, Lang};
use web::ui::t;

/// Announced spans; each autumn the State Council announces the next year's.
const ANNOUNCED: &str = include_str!("holidays.csv");

/// Days that the law fixes, for the time that nothing is announced for yet: month and day.
const FIXED: [(i8, i8, Label); 3] = [
    (1, 1, Label { zh: "元旦", en: "New Year's Day" }),
    (5, 1, Label { zh: "劳动节", en: "Labour Day" }),
    (10, 1, Label { zh: "国庆节", en: "National Day" }),
];

struct Holiday {
    first: Date,
    last: Date,
    zh: &'static str,
    en: &'static str,
}

/// How far the next one is, in words.
pub fn next(desk: &Desk) -> Option<String> {
    if desk.catalog().parameter("currency") != "CNY" {
        return None;
    }
    Some(says(desk.today(), &after(desk.today())?, desk.actor.lang))
}

fn after(today: Date) -> Option<Holiday> {
    let announced = ANNOUNCED.lines().filter(|it| !it.starts_with('#')).filter_map(|line| {
        let mut cells = line.split(',');
        let mut date = || cells.next()?.parse().ok();
        let (first, last): (Date, Date) = (date()?, date()?);
        Some(Holiday { first, last, zh: cells.next()?, en: cells.next()? })
    });
    let announced: Vec<Holiday> = announced.collect();
    let known = announced.iter().map(|it| it.last).max()?;
    let years = [today.year(), today.year() + 1].into_iter();
    let fixed = years.flat_map(|year| FIXED.iter().map(move |it| (year, it))).filter_map(|(year, it)| {
        let day = Date::new(year, it.0, it.1).ok()?;
        Some(Holiday { first: day, last: day, zh: it.2.zh, en: it.2.en })
    });
    let fixed = fixed.filter(|it| it.first > known);
    announced.into_iter().chain(fixed).filter(|it| it.last >= today).min_by_key(|it| it.first)
}

fn says(today: Date, it: &Holiday, lang: Lang) -> String {
    let name = t(lang, it.zh, it.en);
    let days = today.until(it.first).map_or(0, |span| span.get_days());
    let span = match (it.first == it.last, lang) {
        (true, _) => it.first.to_string(),
        (false, Lang::Zh) => format!("{} 至 {}", it.first, it.last),
        (false, Lang::En) => format!("{} to {}", it.first, it.last),
    };
    match (lang, days) {
        (Lang::Zh, ..=0) => format!("{name}假期（{span}）"),
        (Lang::Zh, days) => format!("距{name}（{span}）还有 {days} 天"),
        (Lang::En, ..=0) => format!("{name} ({span})"),
        (Lang::En, 1) => format!("{name} ({span}) is tomorrow"),
        (Lang::En, days) => format!("{days} days to {name} ({span})"),
    }
}
