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
    page.run("[...document.querySelectorAll('.ky-roles label')].find(it => it.innerText.startsWith('业务员')).click()", &[]);
    page.fill("#password", "Spring-2026");
    page.screenshot("setup-users");
    page.click("下一步");

    page.see("导入现有的数据");
    page.screenshot("setup-import");
    page.click("完成");
    page.wait_for("the workbench is open", "location.pathname === '/'");
    page.screenshot("workbench-new");
}

/// A list as it lies about in a company, with a column that nobody asked for.
const LIST: &str = "\u{feff}公司名称,客户电话,所在地区,等级,老板喜好
北京金泰格散热器有限公司,010-6555 0101,北京市,A,茶
天津津滨暖通设备工程有限公司,022-6555 0102,天津市,B,
唐山瑞丰建材贸易有限公司,0315-555 0103,唐山市,A,
保定万和水暖器材经营部,0312-555 0104,保定市,C,
济南鲁源热力科技有限公司,0531-6555 0105,济南市,B,钓鱼
沈阳北方采暖设备制造有限公司,024-6555 0106,沈阳市,A,
";

/// Brings the company's list in.
fn import(page: &Browser, house: &House) {
    let file = house.path("客户名单.csv");
    std::fs::write(&file, LIST).expect("the file is written");
    page.goto("/customer?view=*");
    page.click("导入客户");
    page.see("选择文件");
    page.screenshot("import-choose");
    page.upload("[data-drop] input[type=file]", &file);

    page.see("列对应");
    page.see("检查结果");
    page.see("已对应 3 列");
    page.run("const it = document.querySelector('[name=\"c1.to\"]'); it.value = 'phone'; it.dispatchEvent(new Event('change', { bubbles: true }))", &[]);
    page.see("已对应 4 列");
    page.screenshot("import-columns");
    page.click("下一步：试导与确认");
    page.see("试导");
    page.screenshot("import-trial");
    page.click("开始导入 6 行");
    page.see("导入结果");
    page.wait_for("all are in", "document.querySelector('.ky-outcomes b')?.innerText === '6'");
    page.screenshot("import-result");
    page.click("去列表");
    page.see("共 6 条");
}

/// Finds one by the first letters of its pinyin, opens it, changes it, and sees that the past is kept.
fn find_and_change(page: &Browser) {
    page.fill("[data-find]", "bjjtg");
    page.see("共 1 条");
    page.screenshot("list-found");
    page.click("北京金泰格散热器有限公司");
    page.wait_for("the card is open", "/^.customer.\\d+$/.test(location.pathname)");
    page.screenshot("card-new");
    page.click("编辑基本信息");
    page.fill("简称", "金泰格");
    page.click_within("form[data-section]", "保存");
    page.wait_for("it is read again", "!document.querySelector('form[data-section]')");
    page.click("变更记录");
    page.see("简称");
    page.see("金泰格");
    page.screenshot("card-history-new");
}

/// Hands three customers over: in one batch at a desk; a phone has no batches, so there one after the other.
fn hand_over(page: &Browser) {
    let ask = |dialog: &str| {
        page.see(dialog);
        page.fill("新业务员", "why");
        page.wait_for(
            "she is offered",
            "document.querySelector('dialog [role=option]')?.innerText.includes('王海燕')",
        );
        page.press("Enter");
        page.fill("原因", "分区调整");
        page.click_within("dialog[open]", "转移");
        page.wait_for("it is done", "!document.querySelector('dialog[open]')");
    };
    page.goto("/customer?view=*&class=A");
    page.see("共 3 条");
    if page.screen == DESKTOP {
        page.click("[data-all]");
        page.see("已选 3 条");
        page.click_within("[data-batch-bar]", "转移");
        ask("转移 3 条客户");
    } else {
        let found = page.run(
            "return [...document.querySelectorAll('tbody .ky-lead')].map(it => it.getAttribute('href'))",
            &[],
        );
        for card in found.as_array().into_iter().flatten().filter_map(|it| it.as_str()) {
            page.goto(card);
            page.click("转移");
            ask("转移 ");
        }
    }
    page.goto("/customer?view=*&class=A");
    page.wait_for("she has them", "document.body.innerText.split('王海燕').length > 3");
    page.screenshot("list-handed-over");
}

/// Prints the list, takes it out as a spreadsheet, and brings it in again: nothing is new.
fn print_and_return(page: &Browser) {
    page.goto("/customer/print?view=*");
    page.see("北京金泰格散热器有限公司");
    page.screenshot("print-list");
    page.goto("/customer?view=*");
    page.run("location.assign('/customer/export?view=*')", &[]);
    let file = page.downloaded();
    page.goto("/customer/import");
    page.upload("[data-drop] input[type=file]", &file);
    page.see("检查结果");
    page.wait_for("all are the same", "[...document.querySelectorAll('main a, main span')].some(it => /没有变化\\s*6|6\\s*没有变化/.test(it.innerText))");
    page.screenshot("import-same");
}

/// The same house in English.
fn in_english(page: &Browser) {
    page.goto("/customer?view=*");
    page.click(".ky-me");
    page.click("English");
    page.goto("/customer?view=*");
    page.see("Customers");
    page.screenshot("list-english");
    page.is_accessible("list, English");
}

#[test]
fn a_company_s_first_day_goes_from_an_empty_house_to_its_customers_in_english() {
    for screen in [DESKTOP, PHONE] {
        let house = House::empty();
        visit(&house, screen, |page| {
            first_steps(page);
            import(page, &house);
            find_and_change(page);
            hand_over(page);
            print_and_return(page);
            in_english(page);
        });
    }
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

/// Three invoices in the format of Online Retail, one of them taken back in part.
const RETAIL: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,WHITE HANGING HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
536365,71053,WHITE METAL LANTERN,2,2010-12-01 08:26:00,3.39,17850.0,United Kingdom
536370,22728,ALARM CLOCK,24,2010-12-01 08:45:00,3.75,,France
C536379,71053,WHITE METAL LANTERN,-1,2010-12-02 09:41:00,3.39,17850.0,United Kingdom
";

#[test]
fn invoices_of_online_retail_come_in_by_the_wizard_as_their_profile_says() {
    let house = House::empty();
    let file = house.path("retail.csv");
    std::fs::write(&file, RETAIL).unwrap();
    visit(&house, DESKTOP, |page| {
        first_steps(page);
        page.goto("/sale/import");
        page.see("选择文件");
        page.upload("[data-drop] input[type=file]", &file);
        page.see("检查结果");
        page.wait_for(
            "its profile is known",
            "document.querySelector('[name=profile]').value === 'online-retail'",
        );
        page.screenshot("import-retail");
        page.click("下一步：试导与确认");
        page.see("开始导入 3 张单据");
        page.click("开始导入 3 张单据");
        page.see("导入结果");
        page.wait_for("all are in", "document.querySelector('.ky-outcomes b')?.innerText === '3'");
        page.screenshot("import-retail-result");
        // Net of what came back, and the customer owes what is not.
        page.goto("/sale_entry?view=all");
        page.see("108.69");
        page.goto("/customer?view=all&q=17850");
        page.see("18.69");
    });
}
