//! Regions of China down to the county, and the names people use for them: 北京 大兴, 济南 历城.

use crate::code_tables::table;

/// The endings that say what kind of division it is, the longer first.
const KINDS: [&str; 14] = [
    "特别行政区",
    "行政委员会",
    "自治区",
    "自治州",
    "自治县",
    "自治旗",
    "地区",
    "新区",
    "特区",
    "省",
    "市",
    "盟",
    "区",
    "县",
];

/// The name in daily use: 河北 for 河北省, 延边 for 延边朝鲜族自治州; 赵县 stays 赵县, for one character is no name.
pub fn short(name: &str) -> &str {
    match name {
        "神农架林区" => return "神农架",
        _ if name.ends_with("矿区") => return name,
        _ => {}
    }
    let Some((kind, mut short)) = KINDS.iter().find_map(|kind| Some((kind, stem(name, kind)?))) else {
        return name;
    };
    let autonomous = kind.starts_with("自治");
    if autonomous || short.ends_with('族') {
        while let Some(shorter) = without_people(short) {
            short = shorter;
        }
    }
    if autonomous { stem(short, "族").unwrap_or(short) } else { short }
}

/// The name without this ending, if two characters are left.
fn stem<'a>(name: &'a str, ending: &str) -> Option<&'a str> {
    name.strip_suffix(ending).filter(|stem| stem.chars().nth(1).is_some())
}

/// 博尔塔拉 for 博尔塔拉蒙古, 恩施土家族 for 恩施土家族苗族.
fn without_people(name: &str) -> Option<&str> {
    let peoples = table("ethnic_group")?.entries.iter().map(|people| people.zh).chain(["各族"]);
    let bare = |people: &'static str| stem(people, "族").unwrap_or(people);
    peoples.into_iter().find_map(|people| stem(name, people).or_else(|| stem(name, bare(people))))
}
