//! When two names may mean the same company.

use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use crate::code_tables::table;
use crate::regions::short;

/// Legal forms at the end of a Chinese name, the longer first.
const FORMS: &[&str] = &[
    "农民专业合作社",
    "个人独资企业",
    "有限责任公司",
    "股份有限公司",
    "个体工商户",
    "有限公司",
    "股份公司",
    "有限合伙",
    "普通合伙",
    "合伙企业",
    "经营部",
    "经销部",
    "门市部",
    "总公司",
    "总厂",
    "公司",
    "集团",
    "股份",
    "商行",
    "商店",
    "厂",
];

/// Legal forms at the end of a name in Latin script, without dots.
const LATIN_FORMS: &[&str] = &[
    "ab",
    "ag",
    "and",
    "aps",
    "as",
    "bv",
    "co",
    "company",
    "corp",
    "corporation",
    "eurl",
    "gmbh",
    "group",
    "inc",
    "incorporated",
    "kg",
    "kgaa",
    "kk",
    "limited",
    "llc",
    "llp",
    "lp",
    "ltd",
    "ltda",
    "mbh",
    "nv",
    "ohg",
    "oy",
    "plc",
    "pte",
    "pty",
    "sa",
    "sarl",
    "sas",
    "sl",
    "spa",
    "srl",
    "ug",
];

/// Words that name a trade and tell no company from another: 安康医药 keeps 安康, for 医药 alone is no name.
const TRADES: &[&str] = &[
    "百货",
    "餐饮",
    "仓储",
    "采暖",
    "材料",
    "超市",
    "传媒",
    "电力",
    "电器",
    "电气",
    "电子",
    "地产",
    "阀门",
    "房地产",
    "纺织",
    "服务",
    "服装",
    "钢材",
    "钢铁",
    "工程",
    "工贸",
    "工业",
    "供暖",
    "供热",
    "供应链",
    "管材",
    "管道",
    "管件",
    "管理",
    "管业",
    "广告",
    "国际",
    "化工",
    "环保",
    "机电",
    "机械",
    "家居",
    "家具",
    "建材",
    "建设",
    "建筑",
    "教育",
    "节能",
    "洁具",
    "金属",
    "进出口",
    "经销",
    "净化",
    "净水",
    "酒店",
    "开发",
    "控股",
    "空调",
    "科技",
    "零售",
    "贸易",
    "暖气片",
    "暖通",
    "农业",
    "能源",
    "培训",
    "配件",
    "批发",
    "汽车",
    "器材",
    "燃气",
    "热力",
    "软件",
    "散热器",
    "商贸",
    "设备",
    "设计",
    "食品",
    "实业",
    "水泵",
    "水暖",
    "塑料",
    "投资",
    "网络",
    "卫浴",
    "文化",
    "五金",
    "物流",
    "物业",
    "系统",
    "橡胶",
    "消防",
    "销售",
    "新能源",
    "信息",
    "药业",
    "医药",
    "仪表",
    "运输",
    "制冷",
    "制品",
    "制造",
    "智能",
    "置业",
    "中心",
    "装饰",
    "装修",
    "咨询",
    "自动化",
    "发展",
    "技术",
    "集成",
    "检测",
    "锅炉",
    "泵业",
    "安装",
    "商务",
];

/// Provinces and cities by both names, counties by the full one: too many companies are called 长安 or 和平.
static REGIONS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let regions = table("region").map_or(&[][..], |table| &table.entries);
    let full = regions.iter().map(|region| region.zh);
    full.chain(regions.iter().filter(|it| it.code.ends_with("00")).map(|region| short(region.zh))).collect()
});

/// What is left of a name without legal form, region, blanks, punctuation, width and case: names with one core may be
/// one company. Never empty for a name that shows anything.
pub fn core_name(name: &str) -> String {
    let name: String = name.nfkc().flat_map(char::to_lowercase).collect();
    let core = if name.chars().any(is_han) { chinese(&name) } else { latin(&name) };
    if !core.is_empty() {
        return core;
    }
    let letters = letters(&name);
    if letters.is_empty() { name.trim().to_owned() } else { letters }
}

/// Whether two names may mean one company: an equal core, or one is the other's short name, 瑞丰 and 瑞丰建材.
pub fn similar(a: &str, b: &str) -> bool {
    let (a, b) = (core_name(a), core_name(b));
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    short.chars().nth(1).is_some() && long.strip_prefix(short.as_str()).is_some_and(is_trade)
}

fn chinese(name: &str) -> String {
    let name = letters(&without_brackets(name));
    without_region(without_form(&name)).to_owned()
}

/// 联想（北京）有限公司 and 海尔(集团)公司 without what is in brackets, if that is a region or a form; else without the brackets.
fn without_brackets(name: &str) -> String {
    let mut kept = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('(') {
        let Some((inside, after)) = after.split_once(')') else { break };
        kept.push_str(before);
        let inside = inside.trim();
        if inside != "中国" && !REGIONS.contains(inside) && !FORMS.contains(&inside) {
            kept.push_str(inside);
        }
        rest = after;
    }
    kept + rest
}

fn without_form(name: &str) -> &str {
    if name.ends_with("分公司") {
        return name;
    }
    let shorter = FORMS.iter().find_map(|form| name.strip_suffix(form)).filter(|rest| at_least_two(rest));
    shorter.map_or(name, without_form)
}

fn without_region(name: &str) -> &str {
    let ends = name.char_indices().map(|(at, _)| at).skip(2).take(14);
    let rest = ends.filter(|at| REGIONS.contains(&name[..*at])).last().map(|at| &name[at..]);
    match rest.filter(|rest| at_least_two(rest) && !is_trade(rest)) {
        Some(rest) => without_region(rest),
        None => name,
    }
}

/// Whether a text is nothing but names of trades.
fn is_trade(text: &str) -> bool {
    text.is_empty() || TRADES.iter().any(|trade| text.strip_prefix(trade).is_some_and(is_trade))
}

fn latin(name: &str) -> String {
    let name = name.replace(['.', '\'', '’'], "");
    let mut words: Vec<&str> =
        name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    while words.len() > 1 && words.last().is_some_and(|word| LATIN_FORMS.contains(word)) {
        words.pop();
    }
    words.concat()
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn at_least_two(text: &str) -> bool {
    text.chars().nth(1).is_some()
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}
