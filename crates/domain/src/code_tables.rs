//! What the code tables hold on the first day; the company changes them as it likes.

use std::sync::LazyLock;

/// A code table 代码表 with its first entries, in their order.
#[derive(Debug)]
pub struct Table {
    pub code: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
    pub tree: bool,
    pub entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub code: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
    /// The code of the entry above, empty at the top.
    pub parent: &'static str,
    /// What the entry says yes to: a customer type with it trades with us and counts in the activity rate.
    pub mark: bool,
}

static CODES: &str = include_str!("../data/codes.csv");

/// Tables with a file of their own: public lists.
const PUBLIC: [(&str, &str, &str, &str); 3] = [
    ("region", "地区", "Region", include_str!("../data/regions.csv")),
    ("industry", "行业", "Industry", include_str!("../data/industries.csv")),
    ("country", "国家和地区", "Country or region", include_str!("../data/countries.csv")),
];

/// Tables that share `codes.csv`.
const OWN: [(&str, &str, &str); 22] = [
    ("customer_type", "客户类型", "Customer type"),
    ("channel", "渠道", "Channel"),
    ("customer_status", "客户状态", "Customer status"),
    ("source", "客户来源", "Source"),
    ("size", "规模", "Size"),
    ("payment_method", "支付方式", "Payment method"),
    ("settlement_method", "结算方式", "Settlement method"),
    ("money_account", "资金账户", "Money account"),
    ("relation_type", "关系类型", "Relation type"),
    ("pool", "客户归属", "Pool"),
    ("close_reason", "关闭原因", "Reason for closing"),
    ("position", "职位", "Position"),
    ("contact_mode", "维护方式", "Contact mode"),
    ("product_category", "商品类别", "Product category"),
    ("unit", "计量单位", "Unit"),
    ("ethnic_group", "民族", "Ethnic group"),
    ("education", "学历", "Education"),
    ("major", "专业", "Major"),
    ("professional_title", "职称", "Professional title"),
    ("appraisal_content", "考核内容", "Appraisal content"),
    ("appraisal_result", "考核结果", "Appraisal result"),
    ("reward_reason", "奖惩原因", "Reason for reward or penalty"),
];

/// What lists call entries by, beside their names: table, word, code.
pub const WORDS: &[(&str, &str, &str)] = &[
    ("country", "usa", "US"),
    ("country", "u.s.a.", "US"),
    ("country", "united states of america", "US"),
    ("country", "america", "US"),
    ("country", "美利坚合众国", "US"),
    ("country", "uk", "GB"),
    ("country", "u.k.", "GB"),
    ("country", "great britain", "GB"),
    ("country", "england", "GB"),
    ("country", "中华人民共和国", "CN"),
    ("country", "prc", "CN"),
    ("country", "p.r. china", "CN"),
    ("country", "korea", "KR"),
    ("country", "south korea", "KR"),
    ("country", "uae", "AE"),
    ("country", "holland", "NL"),
    ("country", "taiwan", "TW"),
    ("country", "hong kong", "HK"),
    ("country", "macau", "MO"),
];

/// The tables, in the order in which the settings show them.
pub static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    let public = PUBLIC.map(|(code, zh, en, file)| Table::new(code, zh, en, file.lines().skip(1)));
    let own = OWN.map(|(code, zh, en)| {
        let of_table = |line: &'static str| line.strip_prefix(code)?.strip_prefix(',');
        Table::new(code, zh, en, CODES.lines().filter_map(of_table))
    });
    public.into_iter().chain(own).collect()
});

/// The table of this code, e.g. `region`.
pub fn table(code: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.code == code)
}

/// Entries from lines `code,name_zh,name_en,parent,mark`, the last one or two cells of which may be missing.
pub(crate) fn entries(lines: impl Iterator<Item = &'static str>) -> Vec<Entry> {
    let entry = |line| {
        let mut cells = Cells(line);
        let mut next = || cells.next().unwrap_or_default();
        Entry { code: next(), zh: next(), en: next(), parent: next(), mark: next() == "1" }
    };
    lines.map(entry).collect()
}

impl Table {
    fn new(
        code: &'static str,
        zh: &'static str,
        en: &'static str,
        lines: impl Iterator<Item = &'static str>,
    ) -> Table {
        let entries = entries(lines);
        Table { code, zh, en, tree: entries.iter().any(|entry| !entry.parent.is_empty()), entries }
    }

    pub fn entry(&self, code: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.code == code)
    }
}

/// The cells of a line of CSV; a cell in quotes may hold commas, none of ours holds a quote.
pub(crate) struct Cells(pub &'static str);

impl Iterator for Cells {
    type Item = &'static str;

    fn next(&mut self) -> Option<&'static str> {
        if self.0.is_empty() {
            return None;
        }
        let (cell, rest) = match self.0.strip_prefix('"') {
            Some(quoted) => {
                quoted.split_once('"').map(|(cell, rest)| (cell, rest.strip_prefix(',').unwrap_or(rest)))?
            }
            None => self.0.split_once(',').unwrap_or((self.0, "")),
        };
        self.0 = rest;
        Some(cell)
    }
}
