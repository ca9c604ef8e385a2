//! FTS5 and PostgreSQL find what `matches` says, no more and no less.

use std::collections::BTreeSet;

use model::search::Source::{Name, Number, Phone, Text};
use model::search::{Query, Source, Tokens, document, matches, query};
use rusqlite::params;

type Record = Vec<(Source, String)>;

const TITLES: &[&str] = &[
    "北京金泰格散热器有限公司",
    "Alfreds Futterkiste",
    "Blondesddsl père et fils",
    "L'Oréal （中国）有限公司",
    "ＡＢＣ（上海）贸易　有限公司",
    "TCL王牌电器(惠州)有限公司",
    "3M中国有限公司",
    "AT&T Inc.",
    "Große Straße Łódź Ærø",
    "Ботинки и сапоги",
    "Ελλάδα ΟΔΟΣ οδος",
    "カタカナ株式会社",
    "서울상사",
    "ปูนซิเมนต์ไทย",
    "شركة النور",
    "हिन्दी कंपनी",
    "𠀀𠀁金泰龘靐",
    "〇一二三",
    "İstanbul ŞİŞLİ ışık",
    "ﷺ ㈱ ① ½ ﬁ ǅ",
    "a\u{200b}b\u{202e}c\u{0301}d",
    "O'Brien \"quoted\" \\ back'slash :1 & | ! <-> *",
    "ꀀꁀ ꂂ",
    "𝔸𝕓𝕔 😀 emoji",
    "吕记绿色女装",
    "西安先锋长风乐器行",
    "重庆单县曾厝垵解放区",
    "",
    "x",
    "金",
];
const CITIES: &[&str] = &["北京", "上海", "重庆", "长沙", "厦门", "成都", "六安", "乐清", "蚌埠", "西安"];
const BRANDS: &[&str] = &["金泰", "华盛", "长行", "乐家", "曾记", "绿洲", "单解", "阿里", "恩安"];
const TRADES: &[&str] = &["科技", "散热器", "贸易", "银行"];
const PEOPLE: &[&str] =
    &["单雄信", "曾国藩", "仇英", "解缙", "查良镛", "任我行", "区小明", "尉迟恭", "万俟卨"];

const TYPED: &[&str] = &[
    "bjjtg",
    "jt",
    "b",
    "x",
    "z",
    "0",
    "jintai",
    "jin tai",
    "tai jin",
    "jint",
    "xian",
    "xi'an",
    "xia",
    "lv",
    "lü",
    "lyu",
    "zhan",
    "futter",
    "FUTTER",
    "sfu",
    "pere",
    "père fils",
    "abc上海",
    "abcsh",
    "上海贸易",
    "loreal",
    "l'oreal",
    "tcl王牌",
    "wang pai",
    "3m",
    "att",
    "strasse",
    "łódź",
    "lodz",
    "aero",
    "ботин",
    "ΟΔΟΣ",
    "οδος",
    "σ",
    "カタ",
    "ナ株",
    "서울",
    "ไทย",
    "النور",
    "हिन्दी",
    "𠀀",
    "𠀀𠀁",
    "龘",
    "〇",
    "一二",
    "istanbul",
    "işık",
    "şişli",
    "㈱",
    "1",
    "12",
    "fi",
    "dz",
    "bcd",
    "abcd",
    "o'brien",
    "\"quoted\"",
    "back'slash",
    "1 & 2",
    "NEAR(a b)",
    "a OR b",
    "a AND NOT b",
    "*",
    "^a",
    "{a}:b",
    "ꀀ",
    "ꀀꁀ",
    "ꂂ",
    "abc",
    "emoji",
    "😀",
    "金",
    "泰",
    "金泰 kj",
    "金泰keji",
    "公司",
    "gongs",
    "yinhang",
    "yh",
    "cqyh",
    "chongqing",
    "changsha",
    "xiamen",
    "luan",
    "yueqing",
    "shanxiong",
    "danxiong",
    "zengguo",
    "cengguo",
    "ouxiao",
    "yuchi",
    "moqi",
    "zha",
    "rwx",
    "127",
    "kh127",
    "kh-000127",
    "kh-1",
    "6621",
    "138 1092 6621",
    "+8613810926621",
    "10926621",
    "138",
    "n",
    "ng",
    "enan",
    "en an",
];

fn records() -> Vec<Record> {
    let mut records: Vec<Record> = TITLES.iter().map(|title| vec![(Text, title.to_string())]).collect();
    for (nth, city) in CITIES.iter().cycle().take(170).enumerate() {
        let (brand, trade) = (BRANDS[nth % BRANDS.len()], TRADES[nth % TRADES.len()]);
        records.push(vec![
            (Text, format!("{city}{brand}{trade}有限公司")),
            (Number, format!("KH-{:06}", 120 + nth)),
            (Phone, format!("138 {:04} {:04}", 1085 + nth / 10, 6614 + nth)),
            (Name, PEOPLE[nth % PEOPLE.len()].to_string()),
        ]);
    }
    records
}

/// The fixed ones, and parts of the records' own texts.
fn queries(records: &[Record]) -> Vec<(String, Query)> {
    let parts = records.iter().enumerate().map(|(nth, record)| {
        let text: Vec<char> = record[nth % record.len()].1.chars().collect();
        text.iter().skip(nth % 5).take(1 + nth % 4).collect::<String>()
    });
    let typed: BTreeSet<String> = TYPED.iter().map(|typed| typed.to_string()).chain(parts).collect();
    typed.into_iter().filter_map(|typed| query(&typed).map(|query| (typed, query))).collect()
}

fn tokens(record: &Record) -> Tokens {
    document(record.iter().map(|(source, text)| (*source, text.as_str())))
}

fn expected(query: &Query, records: &[Record]) -> BTreeSet<i64> {
    let found = |record: &Record| {
        let fields: Vec<_> = record.iter().map(|(source, text)| (*source, text.as_str())).collect();
        matches(query, &fields)
    };
    (0i64..).zip(records).filter(|(_, record)| found(record)).map(|(id, _)| id).collect()
}

#[test]
fn sqlite_finds_what_matches_says() {
    let db = rusqlite::Connection::open_in_memory().unwrap();
    db.execute_batch(
        "CREATE VIRTUAL TABLE found USING fts5(words, content='', contentless_delete=1, \
         tokenize='unicode61 remove_diacritics 0')",
    )
    .unwrap();
    let records = records();
    for (id, record) in (0i64..).zip(&records) {
        let words = tokens(record).fts5();
        db.execute("INSERT INTO found (rowid, words) VALUES (?1, ?2)", params![id, words]).unwrap();
    }

    for (typed, query) in queries(&records) {
        let mut statement = db.prepare_cached("SELECT rowid FROM found WHERE found MATCH ?1").unwrap();
        let found: BTreeSet<i64> =
            statement.query_map([query.fts5()], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(found, expected(&query, &records), "{typed}: {}", query.fts5());
    }
}

/// Every character that a token may hold stays as it is, so that no two tokens become one and none is cut.
#[test]
fn sqlite_leaves_every_token_whole() {
    let db = rusqlite::Connection::open_in_memory().unwrap();
    db.execute_batch(
        "CREATE VIRTUAL TABLE found USING fts5(words, tokenize='unicode61 remove_diacritics 0'); \
         CREATE VIRTUAL TABLE terms USING fts5vocab(found, row);",
    )
    .unwrap();
    let mut wanted = BTreeSet::new();
    for ch in (1..=0x3FFFF).filter_map(char::from_u32) {
        wanted.extend(document([(Text, ch.to_string().as_str())]).fts5().split(' ').map(str::to_string));
    }
    wanted.remove("");

    let all = wanted.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    db.execute("INSERT INTO found (words) VALUES (?1)", [all]).unwrap();

    let mut statement = db.prepare("SELECT term FROM terms").unwrap();
    let kept: BTreeSet<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(wanted.len() > 100_000, "{}", wanted.len());
    let changed: Vec<_> = wanted.symmetric_difference(&kept).take(20).collect();
    assert!(changed.is_empty(), "{changed:?}");
}

#[test]
fn postgresql_finds_what_matches_says() {
    let Some(place) = tests::postgres() else { return };
    let (server, _) = place.url.rsplit_once(['?', '&']).unwrap();
    let mut db = postgres::Client::connect(server, postgres::NoTls).unwrap();
    db.batch_execute("CREATE TEMPORARY TABLE found (id BIGINT, words TSVECTOR)").unwrap();
    let records = records();
    for (id, record) in (0i64..).zip(&records) {
        let words = tokens(record).tsvector();
        db.execute("INSERT INTO found VALUES ($1, $2::TEXT::TSVECTOR)", &[&id, &words]).unwrap();
    }

    for (typed, query) in queries(&records) {
        let text = query.tsquery();
        let rows = db.query("SELECT id FROM found WHERE words @@ $1::TEXT::TSQUERY", &[&text]).unwrap();
        let found: BTreeSet<i64> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(found, expected(&query, &records), "{typed}: {text}");
    }
}
