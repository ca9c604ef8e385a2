//! The lists that ship are whole and hang together.

mod outside;

use std::collections::HashSet;

use domain::code_tables::{TABLES, table};
use domain::regions::short;

#[test]
fn every_entry_has_a_code_of_its_own_two_names_and_a_parent_that_exists() {
    for table in TABLES.iter() {
        let codes: HashSet<_> = table.entries.iter().map(|entry| entry.code).collect();
        assert!(!codes.is_empty(), "{} is empty", table.code);
        assert_eq!(codes.len(), table.entries.len(), "{} has a code twice", table.code);
        for entry in &table.entries {
            assert!(
                !entry.zh.is_empty() && !entry.en.is_empty(),
                "{} {} lacks a name",
                table.code,
                entry.code
            );
            assert!(entry.parent.is_empty() || codes.contains(entry.parent), "{} {}", table.code, entry.code);
            assert!(
                !entry.en.chars().any(|c| c > '\u{2fff}'),
                "{} {} is not English",
                table.code,
                entry.code
            );
        }
    }
}

#[test]
fn the_public_lists_have_the_counts_of_their_sources() {
    let regions = &table("region").unwrap().entries;
    assert!(regions.is_sorted_by_key(|it| it.code));
    assert_eq!(regions.iter().filter(|it| it.parent.is_empty()).count(), 34);
    assert_eq!(
        regions.iter().filter(|it| it.code.ends_with("00") && !it.code.ends_with("0000")).count(),
        333
    );
    assert_eq!(table("country").unwrap().entries.len(), 249);
    assert_eq!(table("country").unwrap().entries[0].zh, "中国");
    assert_eq!(table("ethnic_group").unwrap().entries.len(), 56);
}

#[test]
fn industries_are_those_of_the_standard() {
    let industries = &table("industry").unwrap().entries;
    assert_eq!(industries.iter().filter(|it| it.parent.is_empty()).count(), 20);
    assert_eq!(industries.iter().filter(|it| !it.parent.is_empty()).count(), 97);

    let Some(source) = outside::read("cn-reference/gbt4754-2017-industry.clean.csv") else { return };
    for it in industries {
        assert!(source.contains(&format!("\n{},{},{},", it.code, it.zh, it.parent)), "{} {}", it.code, it.zh);
    }
}

#[test]
fn a_county_of_a_municipality_stands_under_the_municipality() {
    let regions = table("region").unwrap();

    assert_eq!(
        regions.entry("110115").map(|it| (it.zh, it.en, it.parent)),
        Some(("大兴区", "Daxing", "110000"))
    );
    assert_eq!(regions.entry("370112").map(|it| (it.zh, it.parent)), Some(("历城区", "370100")));
    assert_eq!(regions.entry("429004").map(|it| (it.zh, it.parent)), Some(("仙桃市", "420000")));
    assert!(regions.entry("110100").is_none());
}

#[test]
fn short_names_are_those_in_daily_use() {
    for (name, expected) in [
        ("北京市", "北京"),
        ("河北省", "河北"),
        ("内蒙古自治区", "内蒙古"),
        ("新疆维吾尔自治区", "新疆"),
        ("广西壮族自治区", "广西"),
        ("香港特别行政区", "香港"),
        ("大兴区", "大兴"),
        ("滨海新区", "滨海"),
        ("沈北新区", "沈北"),
        ("万柏林区", "万柏林"),
        ("赵县", "赵县"),
        ("沙县区", "沙县"),
        ("津市市", "津市"),
        ("郊区", "郊区"),
        ("矿区", "矿区"),
        ("峰峰矿区", "峰峰矿区"),
        ("神农架林区", "神农架"),
        ("六枝特区", "六枝"),
        ("大兴安岭地区", "大兴安岭"),
        ("锡林郭勒盟", "锡林郭勒"),
        ("土默特左旗", "土默特左旗"),
        ("鄂温克族自治旗", "鄂温克"),
        ("延边朝鲜族自治州", "延边"),
        ("西双版纳傣族自治州", "西双版纳"),
        ("巴音郭楞蒙古自治州", "巴音郭楞"),
        ("克孜勒苏柯尔克孜自治州", "克孜勒苏"),
        ("东乡族自治县", "东乡"),
        ("西盟佤族自治县", "西盟"),
        ("积石山保安族东乡族撒拉族自治县", "积石山"),
        ("双江拉祜族佤族布朗族傣族自治县", "双江"),
        ("龙胜各族自治县", "龙胜"),
        ("管城回族区", "管城"),
        ("大柴旦行政委员会", "大柴旦"),
        ("中沙群岛的岛礁及其海域", "中沙群岛的岛礁及其海域"),
    ] {
        assert_eq!(short(name), expected);
    }
}

#[test]
fn no_short_name_is_empty_or_a_single_character() {
    for region in &table("region").unwrap().entries {
        assert!(short(region.zh).chars().count() >= 2, "{}", region.zh);
    }
}
