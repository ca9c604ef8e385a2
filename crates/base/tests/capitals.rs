//! Amounts in the capitals of banking.

use base::Money;

#[track_caller]
fn reads(amount: &str, capitals: &str) {
    let money = Money::parse(amount).expect("an amount");
    assert_eq!(money.capitals(), capitals, "{amount}");
}

#[test]
fn the_examples_of_the_measures_read_as_they_are_printed() {
    reads("1409.50", "壹仟肆佰零玖元伍角整");
    reads("6007.14", "陆仟零柒元壹角肆分");
    reads("1680.32", "壹仟陆佰捌拾元叁角贰分");
    reads("107000.53", "壹拾万柒仟元伍角叁分");
    reads("16409.02", "壹万陆仟肆佰零玖元零贰分");
    reads("325.04", "叁佰贰拾伍元零肆分");
}

#[test]
fn noughts_between_figures_read_as_one_and_noughts_at_the_end_as_none() {
    reads("426300", "肆拾贰万陆仟叁佰元整");
    reads("47026.40", "肆万柒仟零贰拾陆元肆角整");
    reads("10000", "壹万元整");
    reads("10001", "壹万零壹元整");
    reads("100000001", "壹亿零壹元整");
    reads("100010000", "壹亿零壹万元整");
    reads("110000000", "壹亿壹仟万元整");
    reads("105000", "壹拾万伍仟元整");
    reads("100500", "壹拾万零伍佰元整");
    reads("1000000000000", "壹万亿元整");
    reads("10", "壹拾元整");
    reads("1010.10", "壹仟零壹拾元壹角整");
}

#[test]
fn less_than_a_yuan_nothing_and_less_than_nothing_have_their_words() {
    reads("0", "零元整");
    reads("0.50", "伍角整");
    reads("0.05", "伍分");
    reads("0.35", "叁角伍分");
    reads("1.05", "壹元零伍分");
    reads("-23.40", "负贰拾叁元肆角整");
    assert!(Money(i64::MIN).capitals().starts_with("负玖亿贰仟贰佰叁拾叁万柒仟贰佰零叁亿"));
}

#[test]
fn money_is_grouped_by_thousands() {
    let grouped = |amount: i64| base::Money(amount).grouped();
    assert_eq!(grouped(0), "0.00");
    assert_eq!(grouped(99_999), "999.99");
    assert_eq!(grouped(100_000), "1,000.00");
    assert_eq!(grouped(-123_456_780), "-1,234,567.80");
    assert_eq!(grouped(-99_950), "-999.50");
}
