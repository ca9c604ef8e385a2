//! Names, tax numbers and telephones as they come in lists.

mod outside;

use domain::crm::name::{core_name, similar};
use domain::crm::phone;
use domain::crm::tax_number::{self, Verdict, check, check_character};
use domain::demo::Lang;

#[test]
fn a_core_name_has_neither_region_nor_legal_form() {
    for (name, core) in [
        ("北京金泰格散热器有限公司", "金泰格散热器"),
        ("金泰格散热器（北京）有限责任公司", "金泰格散热器"),
        ("北京市大兴区金泰格散热器厂", "金泰格散热器"),
        ("山东鲁源热力科技有限公司", "鲁源热力科技"),
        ("山东省济南市鲁源热力科技股份有限公司", "鲁源热力科技"),
        ("唐山瑞丰建材贸易有限公司", "瑞丰建材贸易"),
        ("保定万和水暖器材经营部", "万和水暖器材"),
        ("保定万和水暖器材经营部（个体工商户）", "万和水暖器材"),
        ("大同宏远供热有限责任公司", "宏远供热"),
        ("呼和浩特蒙新能源服务有限公司", "蒙新能源服务"),
        ("海尔(集团)公司", "海尔"),
        ("首钢集团有限公司", "首钢"),
        ("西门子（中国）有限公司", "西门子"),
        ("联想（北京）有限公司", "联想"),
        ("北京联想有限公司", "联想"),
        ("内蒙古自治区包头市恒信暖通工程有限公司", "恒信暖通工程"),
        ("天津滨海新区津滨暖通设备工程有限公司", "津滨暖通设备工程"),
        ("天河股权投资（有限合伙）", "天河股权投资"),
        ("３Ｍ 中国 有限公司", "3m中国"),
        ("Jintaige Radiator Co., Ltd.", "jintaigeradiator"),
        ("Müller & Söhne GmbH & Co. KG", "müllersöhne"),
        ("Comércio Mineiro S.A.", "comérciomineiro"),
        ("Bólido Comidas preparadas", "bólidocomidaspreparadas"),
        ("Friendly Bike Shop, Inc.", "friendlybikeshop"),
    ] {
        assert_eq!(core_name(name), core, "{name}");
    }
}

#[test]
fn a_core_name_keeps_what_would_leave_no_name() {
    for (name, core) in [
        ("安康医药有限公司", "安康医药"),
        ("北京供热集团有限公司", "北京供热"),
        ("朝阳有限公司", "朝阳"),
        ("长安汽车股份有限公司", "长安汽车"),
        ("和平里建材商店", "和平里建材"),
        ("北京市", "北京市"),
        ("公司", "公司"),
        ("Company", "company"),
        ("Co., Ltd.", "co"),
        ("恒信暖通有限公司天津分公司", "恒信暖通有限公司天津分公司"),
        ("王海燕", "王海燕"),
        ("---", "---"),
    ] {
        assert_eq!(core_name(name), core, "{name}");
    }
}

#[test]
fn similar_names_may_mean_one_company() {
    for (a, b) in [
        ("北京金泰格散热器有限公司", "金泰格散热器（北京）有限责任公司"),
        ("唐山瑞丰建材贸易有限公司", "瑞丰建材"),
        ("唐山瑞丰建材贸易有限公司", "瑞丰"),
        ("Friendly Bike Shop", "FRIENDLY BIKE SHOP, INC."),
        ("ＡＢＣ阀门有限公司", "abc阀门"),
    ] {
        assert!(similar(a, b) && similar(b, a), "{a} {b}");
    }
    for (a, b) in [
        ("唐山瑞丰建材贸易有限公司", "唐山瑞丰物业服务有限公司"),
        ("瑞丰有限公司", "瑞丰泰有限公司"),
        ("北京朗润建筑装饰工程有限公司", "北京朗泰建筑装饰工程有限公司"),
        ("恒信暖通有限公司", "恒信暖通有限公司天津分公司"),
    ] {
        assert!(!similar(a, b) && !similar(b, a), "{a} {b}");
    }
}

/// City, short name, trade and form are composed; all ways to write them have one core.
#[test]
fn every_way_to_write_a_name_has_one_core() {
    let Some(list) = outside::read("cn-company-names/Company-Shorter-Form（28W）.txt") else { return };
    let names: Vec<&str> = list.lines().skip(3).collect();
    let trades = ["暖通设备", "阀门", "建材贸易", "热力科技", "水暖器材"];
    let cities =
        [("北京市", "北京"), ("河北省唐山市", "唐山"), ("江苏省", "江苏"), ("延边朝鲜族自治州", "延边")];

    let (mut same, mut empty) = (0, 0);
    for (n, name) in names.iter().enumerate().step_by(5) {
        let (trade, (full, city)) = (trades[n % 5], cities[n % 4]);
        let ways = [
            format!("{city}{name}{trade}有限公司"),
            format!("{full}{name}{trade}有限责任公司"),
            format!("{name}{trade}（{city}）股份有限公司"),
            format!("{city} {name}{trade}(集团)公司"),
        ];
        let cores = ways.map(|way| core_name(&way));
        empty += cores.iter().filter(|core| core.is_empty()).count();
        same += usize::from(cores.iter().all(|core| *core == cores[0]));
    }

    assert_eq!(names.len(), 267_397);
    assert_eq!(empty, 0);
    assert!(same * 1000 >= names.len() / 5 * 995, "{same} of {}", names.len());
}

#[test]
fn a_credit_code_is_checked_by_its_last_character() {
    let right = [
        "91350100M000100Y43",
        "91110000600037341L",
        "9144030071526726XG",
        "92340621MA2PBKRXXG",
        "91620105L015101280",
        " 91350100-m000100y43 ",
        "９１３５０１００Ｍ０００１００Ｙ４３",
    ];
    for code in right {
        assert_eq!(check(code), Verdict::Valid, "{code}");
    }
    let wrong = [
        "91350100M000100Y4Z",
        "9111000060003734OL",
        "A1110000600037341L",
        "91310115MA1K3BTP28",
        "12345",
        "",
        "9135O100M000100Y43",
    ];
    for code in wrong {
        assert!(matches!(check(code), Verdict::Wrong(_)), "{code}");
    }
    assert_eq!(check_character("91350100M000100Y4"), Some('3'));
    assert_eq!(check_character("91350100m000100Y4"), None);
    assert_eq!(check_character("税"), None);
}

#[test]
fn older_numbers_pass_and_numbers_that_a_spreadsheet_has_eaten_do_not() {
    for old in ["110108004567891", "11010871526726X", "37010219800101123", "44030119750101123400"] {
        assert_eq!(check(old), Verdict::Old, "{old}");
    }
    for damaged in ["9.15E+17", "9.15101E+17", "9.1e+17", "911101150000000000"] {
        assert_eq!(check(damaged), Verdict::Damaged, "{damaged}");
    }
    assert_eq!(tax_number::normalise(" ９1350100-m000100y43\u{200b}"), "91350100M000100Y43");
}

#[test]
fn telephones_are_kept_in_one_form_and_shown_in_another() {
    for (text, kept, shown, masked) in [
        ("13810926621", "13810926621", "138 1092 6621", "138 **** 6621"),
        ("+86 138-1092-6621", "13810926621", "138 1092 6621", "138 **** 6621"),
        ("8613810926621", "13810926621", "138 1092 6621", "138 **** 6621"),
        ("１３８００１３８０００", "13800138000", "138 0013 8000", "138 **** 8000"),
        ("010-60284417转806", "010-60284417-806", "010-6028 4417 转 806", "010-**** 4417 转 806"),
        ("010-6028 4417 转 806", "010-60284417-806", "010-6028 4417 转 806", "010-**** 4417 转 806"),
        ("(010) 6028-4417 ext. 806", "010-60284417-806", "010-6028 4417 转 806", "010-**** 4417 转 806"),
        ("010-60284417-806", "010-60284417-806", "010-6028 4417 转 806", "010-**** 4417 转 806"),
        ("010-6028-4417", "010-60284417", "010-6028 4417", "010-**** 4417"),
        ("+86 10 6028 4417", "010-60284417", "010-6028 4417", "010-**** 4417"),
        ("+86-315-2821166", "0315-2821166", "0315-282 1166", "0315-*** 1166"),
        ("0315-2821166", "0315-2821166", "0315-282 1166", "0315-*** 1166"),
        ("053188886666", "0531-88886666", "0531-8888 6666", "0531-**** 6666"),
        ("60284417", "60284417", "6028 4417", "**** 4417"),
        ("400-610-6868", "4006106868", "400 610 6868", "400 *** 6868"),
        (" +49 30 1234567 ", "+49 30 1234567", "+49 30 1234567", "+** ** ***4567"),
        (
            "13810926621 / 13910926621",
            "13810926621 / 13910926621",
            "13810926621 / 13910926621",
            "*********** / *******6621",
        ),
        ("12345678901", "12345678901", "12345678901", "*******8901"),
        ("1380013800", "1380013800", "1380013800", "******3800"),
        ("见名片", "见名片", "见名片", "见名片"),
        ("95588", "95588", "95588", "*****"),
        ("", "", "", ""),
    ] {
        assert_eq!(phone::normalise(text), kept, "kept {text}");
        assert_eq!(phone::display(text, Lang::Zh), shown, "shown {text}");
        assert_eq!(phone::masked(text, Lang::Zh), masked, "masked {text}");
        assert_eq!(phone::normalise(kept), kept, "twice {text}");
    }
    assert_eq!(phone::display("010-60284417-806", Lang::En), "010-6028 4417 ext. 806");
    assert!(phone::is_mobile("+86 138-1092-6621"));
    assert!(!phone::is_mobile("010-60284417"));
}
