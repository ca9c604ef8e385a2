//! A record: looked at, changed in place, with its past.

use browser::{DESKTOP, House, PHONE, visit};

#[test]
fn a_section_is_changed_in_place_and_the_past_keeps_the_old_value() {
    let house = House::demo();

    for (screen, name) in [(DESKTOP, "金泰格"), (PHONE, "京泰格")] {
        visit(&house, screen, |page| {
            page.sign_in("sales", "demo", "/customer/1");
            page.click("编辑基本信息");
            page.wait_for("the section is a form", "document.querySelector('form[data-section]')");
            page.fill("简称", name);
            page.screenshot("card-edit");
            page.click_within("form[data-section]", "保存");
            page.wait_for("it is read again", "!document.querySelector('form[data-section]')");
            page.see(name);

            page.goto("/customer/1?at=history");
            page.see("简称");
            page.see(name);
            page.screenshot("card-history");
        });
    }
}

#[test]
fn two_people_who_save_the_same_field_decide_which_value_stays() {
    visit(&House::demo(), DESKTOP, |page| {
        page.expect_status(409);
        page.expect_status(412);
        page.sign_in("boss", "demo", "/customer/1/edit");
        page.fill("简称", "金泰");
        let script = "const r = new XMLHttpRequest(); r.open('PATCH', '/api/v1/customer/1', false);
            r.setRequestHeader('Content-Type', 'application/json'); r.send(JSON.stringify({ short_name: '泰格' })); return r.status";
        assert_eq!(page.run(script, &[]), 200);
        page.press("Control+S");

        page.see("没有保存");
        page.see("泰格");
        page.screenshot("form-conflict");
    });
}

#[test]
fn a_wrong_field_is_marked_and_what_was_typed_is_kept() {
    visit(&House::demo(), DESKTOP, |page| {
        page.expect_status(422);
        page.sign_in("boss", "demo", "/customer/new");
        page.fill("客户名称", "天津新河暖通有限公司");
        page.fill("邮箱", "not a mail");
        page.press("Control+S");

        page.see("没有保存");
        assert_eq!(
            page.run("return document.querySelector('[name=name]').value", &[]),
            "天津新河暖通有限公司"
        );
        assert_eq!(
            page.run("return document.querySelector('[name=email]').getAttribute('aria-invalid')", &[]),
            "true"
        );
        page.screenshot("form-refused");
    });
}

#[test]
fn a_similar_name_is_shown_while_it_is_typed() {
    visit(&House::demo(), DESKTOP, |page| {
        page.sign_in("boss", "demo", "/customer/new");
        page.fill("客户名称", "北京市金泰格散热器公司");
        page.press("Tab");

        page.see("北京金泰格散热器有限公司");
        page.screenshot("form-alike");
    });
}
