use browser::{DESKTOP, House, PHONE, visit};

#[test]
fn a_wrong_password_is_said_and_the_name_is_kept() {
    let house = House::demo();

    for screen in [DESKTOP, PHONE] {
        visit(&house, screen, |page| {
            page.expect_status(401);
            page.goto("/login");
            page.fill("用户名或手机号", "boss");
            page.fill("密码", "no");
            page.press("Enter");

            page.see("用户名或密码不正确");
            page.screenshot("login-refused");
            assert_eq!(page.run("return document.getElementById('u').value", &[]), "boss");
        });
    }
}

#[test]
fn the_demo_s_accounts_are_one_click_away() {
    visit(&House::demo(), DESKTOP, |page| {
        page.goto("/login?to=/customer");
        page.click("sales");

        page.see("全部客户");
        page.screenshot("list-after-login");
    });
}

#[test]
fn a_new_house_shows_no_demo_accounts() {
    visit(&House::empty(), DESKTOP, |page| {
        page.goto("/login");

        assert_eq!(page.count(".ky-demo"), 0);
    });
}
