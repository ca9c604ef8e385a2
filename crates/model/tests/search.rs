//! What people type finds what they mean.

use model::search::Source::{Name, Number, Phone, Text};
use model::search::{
    Source, document, highlight, initials, matches, name_sort_key, query, rank, readings, sort_key,
};
use proptest::prelude::*;

fn finds(typed: &str, source: Source, text: &str) -> bool {
    query(typed).is_some_and(|query| matches(&query, &[(source, text)]))
}

#[track_caller]
fn all_find(source: Source, text: &str, typed: &[&str]) {
    for one in typed {
        assert!(finds(one, source, text), "{one} does not find {text}");
    }
}

#[track_caller]
fn none_finds(source: Source, text: &str, typed: &[&str]) {
    for one in typed {
        assert!(!finds(one, source, text), "{one} finds {text}");
    }
}

fn pinyin(text: &str) -> String {
    readings(text).iter().map(|one| one.first()).collect::<Vec<_>>().join(" ")
}

const COMPANY: &str = "北京金泰格散热器有限公司";

#[test]
fn a_company_is_found_by_characters_initials_and_pinyin() {
    all_find(
        Text,
        COMPANY,
        &["北京金泰格散热器有限公司", "金泰格", "金泰", "金", "司", "散热器 金泰", "北京，金泰"],
    );
    all_find(Text, COMPANY, &["bjjtg", "BJJTG", "jtgsrq", "jt", "b", "ｂｊｊｔ"]);
    all_find(
        Text,
        COMPANY,
        &["jintai", "jin tai", "tai jin", "jint", "jintaig", "beijing", "jīntài", "san're", "金泰 sanre"],
    );
    all_find(Text, COMPANY, &["金泰sanre", "gongsi", "youxiangongs"]);

    none_finds(Text, COMPANY, &["金格", "bjtg", "jintaik", "taijin", "shanghai", "金泰 shanghai", "x9"]);
}

#[test]
fn punctuation_width_and_accents_do_not_matter() {
    all_find(
        Text,
        "ＡＢＣ（上海）贸易 有限公司",
        &["abc上海", "上海贸易", "ABC(上海)", "shmy", "abcsh", "贸易有限"],
    );
    all_find(Text, "Blondesddsl père et fils", &["blondes pere", "PÈRE", "fils père"]);
    all_find(Text, "Alfreds Futterkiste", &["futter", "FUTTER", "tterk", "alf kiste", "f"]);
    all_find(Text, "L'Oréal", &["loreal", "l'oreal", "oréal"]);
    all_find(Text, "Große Straße Nr. 5", &["grosse", "straße", "strasse", "nr 5"]);
    all_find(Text, "Ботинки", &["ботин", "инки", "Б"]);

    none_finds(Text, "Alfreds Futterkiste", &["sfu", "futterx", "kistea"]);
}

#[test]
fn polyphones_are_read_as_people_read_them() {
    for (text, wanted) in [
        ("重庆", "chong qing"),
        ("长沙", "chang sha"),
        ("厦门", "xia men"),
        ("成都", "cheng du"),
        ("长春", "chang chun"),
        ("六安", "lu an"),
        ("乐清", "yue qing"),
        ("蚌埠", "beng bu"),
        ("亳州", "bo zhou"),
        ("台州", "tai zhou"),
        ("番禺", "pan yu"),
        ("东莞", "dong guan"),
        ("单县", "shan xian"),
        ("东阿", "dong e"),
        ("浚县", "xun xian"),
        ("西藏", "xi zang"),
        ("银行", "yin hang"),
        ("会计", "kuai ji"),
        ("行业", "hang ye"),
        ("绿色", "lv se"),
        ("女装", "nv zhuang"),
        ("调味品", "tiao wei pin"),
        ("音乐", "yin yue"),
        ("给排水", "ji pai shui"),
        ("大厦", "da sha"),
        ("重庆长寿模具", "chong qing chang shou mu ju"),
    ] {
        assert_eq!(pinyin(text), wanted, "{text}");
    }

    all_find(Text, "重庆银行", &["cqyh", "chongqingyinhang", "chongq"]);
    all_find(Text, "吕记绿色", &["lv", "lü", "lyu", "lvji", "LÜSE", "ljls"]);
    all_find(Text, "战略", &["zhanlve", "zhanlue", "zl"]);
    all_find(Text, "西安先锋", &["xian", "xi'an", "xianxian", "xaxf"]);
    none_finds(Text, "先锋", &["xi'an"]);
    all_find(Text, "长风乐器", &["cfyq", "zfyq", "changfeng", "zhangfeng"]);
}

#[test]
fn a_family_name_is_found_in_both_readings() {
    for (name, own, ordinary) in [
        ("单雄信", "shanxiong", "danxiong"),
        ("曾国藩", "zengguo", "cengguo"),
        ("仇英", "qiuying", "chouying"),
        ("解缙", "xiejin", "jiejin"),
        ("查良镛", "zhaliang", "chaliang"),
        ("任正非", "renzheng", "rzf"),
        ("区小明", "ouxiao", "quxiao"),
        ("朴志成", "piaozhi", "puzhi"),
        ("翟志刚", "zhaizhi", "dizhi"),
        ("尉迟恭", "yuchi", "weichi"),
        ("万俟卨", "moqi", "wanqi"),
        ("盖文", "gewen", "gaiwen"),
        ("缪瑞林", "miaorui", "mourui"),
        ("乐毅", "yueyi", "leyi"),
    ] {
        all_find(Name, name, &[name, own, ordinary]);
    }
    assert!(name_sort_key("单雄信") > name_sort_key("沙和尚"));
    assert!(sort_key("单雄信") < sort_key("沙和尚"));
}

#[test]
fn a_number_is_found_with_and_without_its_zeros() {
    all_find(Number, "KH-000127", &["127", "kh-000127", "kh127", "KH000127", "000127", "27", "kh-127", "kh"]);
    all_find(Number, "100200", &["100200", "200", "1002"]);
    none_finds(Number, "KH-000127", &["kh27", "128"]);
}

#[test]
fn a_phone_is_found_by_any_of_its_digits() {
    let typed = [
        "6621",
        "10926621",
        "13810926621",
        "138 1092 6621",
        "138-1092-6621",
        "+86 13810926621",
        "+8613810926621",
    ];
    all_find(Phone, "138 1092 6621", &typed[..5]);
    all_find(Phone, "138 1092 6621", &typed[6..]);
    all_find(Phone, "+86 (138) 1092-6621", &typed);
    all_find(Phone, "１３８１０９２６６２１", &typed[..5]);
    none_finds(Phone, "138 1092 6621", &["6622", "13810926622"]);
}

#[test]
fn words_are_looked_for_in_all_fields_but_never_across_two() {
    let fields = [(Text, "北京金泰"), (Text, "科技公司"), (Number, "KH-000127"), (Phone, "13810926621")];
    let finds = |typed| matches(&query(typed).unwrap(), &fields);

    assert!(finds("金泰 科技") && finds("金泰 127") && finds("jintai 6621 kj"));
    assert!(!finds("泰科") && !finds("jintaike") && !finds("tk") && !finds("127138"));
}

#[test]
fn hostile_input_is_harmless() {
    for typed in ["", " ", "\"", "*", "'", "\0", "!!!", "😀", "()", "\u{200b}\u{202e}"] {
        assert_eq!(query(typed), None, "{typed:?}");
    }
    let query = query("a\" OR b NEAR(c, 3) *:d' & !e \\ \0 金\"泰").unwrap();
    let allowed = |text: &str, marks: &str| text.chars().all(|ch| ch.is_alphanumeric() || marks.contains(ch));
    assert!(allowed(&query.fts5(), "\"* ()"), "{}", query.fts5());
    assert!(allowed(&query.tsquery(), "'<->:*|& ()"), "{}", query.tsquery());
    assert!(
        document([(Text, "a'b\\c:1 'd'")])
            .tsvector()
            .chars()
            .all(|ch| ch.is_alphanumeric() || "': ".contains(ch))
    );
}

#[test]
fn long_texts_stay_within_the_limits_of_postgresql() {
    let long = "金泰格散热器 abc 长".repeat(10_000);

    let tokens = document([
        (Text, long.as_str()),
        (Text, long.as_str()),
        (Name, long.as_str()),
        (Text, long.as_str()),
    ]);

    let vector = tokens.tsvector();
    let last: u32 = vector.rsplit(':').next().unwrap().parse().unwrap();
    assert!(last <= 16_383 && vector.len() < 1 << 20, "{last}");
    assert!(query(&"xian".repeat(1000)).unwrap().fts5().len() < 20_000);
    assert!(query(&"ananan".repeat(10)).is_some() && query(&format!("{}q", "xian".repeat(15))).is_some());
}

#[test]
fn what_was_typed_is_shown_in_bold() {
    let bold = |typed: &str, text: &str| -> Vec<String> {
        highlight(&query(typed).unwrap(), text).into_iter().map(|range| text[range].to_string()).collect()
    };

    assert_eq!(bold("金泰", COMPANY), ["金泰"]);
    assert_eq!(bold("bjjtg", COMPANY), ["北京金泰格"]);
    assert_eq!(bold("jintai 公司", COMPANY), ["金泰", "公司"]);
    assert_eq!(bold("futter", "Alfreds Futterkiste"), ["Futter"]);
    assert_eq!(bold("pere", "Blondesddsl père et fils"), ["père"]);
    assert_eq!(bold("kh127", "KH-000127"), ["KH", "127"]);
    assert_eq!(bold("10926621", "138 1092 6621"), ["1092", "6621"]);
    assert_eq!(bold("shanx", "单雄信"), ["单雄"]);
    assert_eq!(bold("xyz", COMPANY), [""; 0]);
}

#[test]
fn an_exact_title_ranks_before_one_that_begins_so() {
    assert_eq!(rank("金泰", "金泰"), 0);
    assert_eq!(rank("ABC", "abc"), 0);
    assert_eq!(rank("金泰", "金泰格散热器"), 1);
    assert_eq!(rank("jint", "金泰格散热器"), 1);
    assert_eq!(rank("jtg", "金泰格散热器"), 1);
    assert_eq!(rank("金泰", COMPANY), 2);
    assert_eq!(rank("", COMPANY), 2);
}

#[test]
fn names_sort_by_digits_then_latin_then_pinyin() {
    let mut names = vec![
        "张三", "阿里", "Zebra", "3M", "北京", "安徽", "西安", "先锋", "abc", "吕梁", "路桥", "", "重庆",
        "长沙",
    ];

    names.sort_by_key(|name| sort_key(name));

    assert_eq!(
        names,
        [
            "", "3M", "abc", "Zebra", "阿里", "安徽", "北京", "长沙", "重庆", "路桥", "吕梁", "西安", "先锋",
            "张三"
        ]
    );
    assert_eq!(initials("北京A座3层"), "bjaz3c");
}

const CHARACTERS: &str = "北京上海重庆长沙金泰格散热器有限公司科技贸易乐行都会单曾解查厦调藏𠀀龘吕绿西安女〇";

fn chinese() -> impl Strategy<Value = String> {
    let characters: Vec<char> = CHARACTERS.chars().collect();
    prop::collection::vec(prop::sample::select(characters), 1..16).prop_map(|all| all.into_iter().collect())
}

fn part(text: &str, from: prop::sample::Index, to: prop::sample::Index, least: usize) -> Option<String> {
    let all: Vec<char> = text.chars().collect();
    let (from, to) = (from.index(all.len() + 1), to.index(all.len() + 1));
    let (from, to) = (from.min(to), from.max(to));
    (to - from >= least).then(|| all[from..to].iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_part_of_a_chinese_name_finds_it(name in chinese(), from: prop::sample::Index, to: prop::sample::Index) {
        if let Some(typed) = part(&name, from, to, 1) {
            prop_assert!(finds(&typed, Text, &name), "{typed} {name}");
            prop_assert!(finds(&typed, Name, &name), "{typed} {name}");
        }
    }

    #[test]
    fn any_part_of_the_initials_finds_it(name in chinese(), from: prop::sample::Index, to: prop::sample::Index) {
        if let Some(typed) = part(&initials(&name), from, to, 2) {
            prop_assert!(finds(&typed, Text, &name), "{typed} {name}");
        }
    }

    #[test]
    fn the_whole_pinyin_finds_it(name in chinese()) {
        let read: Vec<_> = readings(&name).iter().map(|one| one.first()).filter(|one| !one.is_empty()).collect();
        if !read.is_empty() {
            prop_assert!(finds(&read.join("'"), Text, &name) || read.join("'").len() > 60);
            prop_assert!(finds(&read[..read.len().min(8)].join(" "), Text, &name));
        }
    }

    #[test]
    fn any_part_of_a_latin_word_finds_it(words in "[A-Za-z0-9]{2,12}( [a-z]{2,9}){0,2}", from: prop::sample::Index, to: prop::sample::Index) {
        for word in words.split(' ') {
            if let Some(typed) = part(word, from, to, 2) {
                prop_assert!(finds(&typed, Text, &words), "{typed} {words}");
            }
        }
    }

    #[test]
    fn nothing_typed_or_stored_panics(typed in ".{0,80}", text in ".{0,80}", han in chinese()) {
        let text = format!("{text}{han}");
        let fields = [(Text, text.as_str()), (Number, text.as_str()), (Phone, text.as_str()), (Name, text.as_str())];
        let tokens = document(fields);
        prop_assert!(tokens.fts5().split(' ').all(|token| token.chars().all(char::is_alphanumeric)));
        tokens.tsvector();
        sort_key(&text);
        rank(&typed, &text);
        if let Some(query) = query(&typed) {
            matches(&query, &fields);
            query.fts5();
            query.tsquery();
            for range in highlight(&query, &text) {
                prop_assert!(text.get(range).is_some());
            }
        }
    }

    #[test]
    fn what_is_found_is_shown(name in chinese(), from: prop::sample::Index, to: prop::sample::Index) {
        if let Some(typed) = part(&name, from, to, 1) {
            let query = query(&typed).unwrap();
            let bold = highlight(&query, &name);
            prop_assert!(bold.iter().any(|range| name[range.clone()].contains(&typed)), "{typed} {name} {bold:?}");
        }
    }
}

/// Prints what a name costs: `cargo test --release -p model --test search -- --ignored --nocapture`.
#[test]
#[ignore = "measures"]
fn a_name_costs_few_microseconds() {
    let before = std::time::Instant::now();
    readings("金");
    println!("tables loaded in {:?}", before.elapsed());
    let cities = ["北京", "重庆", "长沙", "厦门", "成都", "乐清"];
    let names: Vec<String> = (0..10_000)
        .map(|n| {
            let brand: String = CHARACTERS.chars().cycle().skip(n * 7 % 41).take(2 + n % 2).collect();
            format!("{}{brand}科技贸易有限公司", cities[n % cities.len()])
        })
        .collect();
    let before = std::time::Instant::now();
    let bytes: usize = names.iter().map(|name| document([(Text, name.as_str())]).fts5().len()).sum();
    let each = before.elapsed() / names.len() as u32;
    println!("document: {each:?} a name, {} bytes of tokens", bytes / names.len());
    let before = std::time::Instant::now();
    names.iter().for_each(|name| drop(std::hint::black_box(sort_key(name))));
    println!("sort_key: {:?} a name", before.elapsed() / names.len() as u32);
    let before = std::time::Instant::now();
    (0..1000).for_each(|_| drop(std::hint::black_box(query("jintaikeji").map(|query| query.fts5()))));
    println!("query: {:?}", before.elapsed() / 1000);
}
