//! The first day of a company with Keyuan, from an empty house to its customers in it, on a desk and on a phone.

use browser::{Browser, DESKTOP, House, PHONE, visit};

/// The first steps: the company, its numbers, one colleague, and the way to import.
fn first_steps(page: &Browser) {
    page.sign_in("admin", "Keyuan-2026", "/");
    page.wait_for("the first steps open by themselves", "location.pathname === '/setup'");
    page.screenshot("setup-company");
    page.fill("#company_name", "恒联暖通器材有限公司");
    page.click("下一步");

    page.see("怎样编号");
    page.screenshot("setup-numbers");
    page.click("下一步");

    page.see("谁来使用");
    page.fill("姓名", "王海燕");
    page.fill("登录名", "haiyan");
    page.fill("或新部门", "华北销售部");
    page.run("document.getElementById('role').selectedIndex = [...document.getElementById('role').options].findIndex(it => it.text === '业务员')", &[]);
    page.fill("#password", "Spring-2026");
    page.screenshot("setup-users");
    page.click("下一步");

    page.see("导入现有的数据");
    page.screenshot("setup-import");
    page.click("完成");
    page.wait_for("the workbench is open", "location.pathname === '/'");
    page.screenshot("workbench-new");
}

#[test]
fn a_new_company_takes_its_first_steps() {
    for screen in [DESKTOP, PHONE] {
        let house = House::empty();
        visit(&house, screen, first_steps);

        visit(&house, screen, |page| {
            page.sign_in("haiyan", "Spring-2026", "/customer");
            page.see("请先修改密码");
            page.fill("现在的密码", "Spring-2026");
            page.fill("新密码（至少 8 个字符）", "Autumn-2026");
            page.fill("再输一次新密码", "Autumn-2026");
            page.screenshot("own-password");
            page.press("Enter");
            page.see("还没有客户");
            page.screenshot("list-empty");
        });
    }
}
