//! A day of trade, from the order that must not go out to the report that leads back to its sale; the customer answers on a
//! phone.

use browser::{Browser, DESKTOP, House, PHONE, visit};

use crate::document::line;

/// The first row of a report or list that says this, opened.
fn open(page: &Browser, text: &str) {
    let script = "const it = [...document.querySelectorAll('main tbody a')].find(it => it.innerText.trim() === arguments[0]); it?.click(); return !!it";
    let found = page.run(script, &[text.into()]);
    assert_eq!(found, true, "{text} is a link of a row");
}

#[test]
fn a_day_of_trade_goes_from_the_order_to_the_money_and_back() {
    let house = House::demo();
    let (mut order, mut sale, mut link) = (String::new(), String::new(), String::new());

    // An order beyond the limit: the panel says so while it is written, the gate holds it.
    visit(&house, DESKTOP, |page| {
        page.sign_in("sales", "demo", "/sale_order/new?customer=1");
        page.see("账款明细");
        page.tab_to("td.is-goods [role=combobox]");
        line(page, "SP-0110", "15");
        page.see("超出额度");
        page.press("Control+Enter");
        page.see("单据已暂扣");
        order = page.path();
    });

    // It waits in the queue of whoever may release it; then the goods go out.
    visit(&house, DESKTOP, |page| {
        page.sign_in("manager", "demo", "/sale_order?view=held");
        page.see("共 1 条");
        page.screenshot("day-held");
        page.goto(&order);
        page.see("单据已暂扣");
        page.click_within(".ky-doc-notice", "放行");
        page.wait_for("the reason is asked", "document.querySelector('dialog[open] [name=reason]')");
        page.fill("#reason", "老客户，已电话确认付款");
        page.click_within("dialog[open]", "放行");
        page.see("已审核");
        page.click("发货");
        page.wait_for(
            "all that is open is offered",
            "document.querySelector('dialog[open] [name=\"lines.0.quantity\"]')?.value === '15'",
        );
        page.screenshot("day-deliver");
        page.is_accessible("delivery");
        page.click_within("dialog[open]", "发货");
        page.see("已发完");
        page.goto("/sale?view=*&sort=-id");
        sale = page
            .run("return document.querySelector('tbody .ky-lead').getAttribute('href')", &[])
            .as_str()
            .unwrap()
            .to_owned();
        page.goto(&sale);
        page.see("已过账");
    });

    // The money comes, finds its sale, and the customer is told what is left.
    visit(&house, DESKTOP, |page| {
        page.sign_in("finance", "demo", "/settle");
        page.fill("[name=q]", "bjjtg");
        page.press("Enter");
        page.see("未收单据");
        page.screenshot("day-settle");
        page.is_accessible("settling");
        page.fill("[name=amount]", "20000");
        page.press("Control+Enter");
        page.see("20,000.00");
        page.screenshot("day-settled");
        page.goto("/statement/new?customer=1&first=2026-01-01");
        page.click("保存");
        page.see("出具");
        page.click("出具");
        page.click_within("dialog[open]", "出具");
        page.see("已出具");
        page.screenshot("day-statement");
        page.click("发链接");
        page.click_within("dialog[open]", "发链接");
        page.wait_for(
            "its address is told",
            "[...document.querySelectorAll('dialog[open] input')].some(it => it.value.includes('/s/'))",
        );
        let address = "return [...document.querySelectorAll('dialog[open] input')].find(it => it.value.includes('/s/')).value";
        link = page.run(address, &[]).as_str().unwrap().split("/s/").nth(1).unwrap().to_owned();
    });

    // The customer has no account, and a phone.
    visit(&house, PHONE, |page| {
        page.goto("/s/guessed");
        page.see("链接无效");
        page.expect_status(404);
        page.goto(&format!("/s/{link}"));
        page.see("期末余额");
        page.screenshot("day-link");
        page.is_accessible("statement by link");
        // Line by line, or all at once.
        let lines = page.count("main ol > li");
        assert!(lines > 1);
        page.run("document.querySelector('main ol > li form[action$=\"/agree\"] button').click()", &[]);
        page.wait_for(
            "the first line is right",
            "document.querySelector('main ol > li').innerText.includes('收回') && location.hash",
        );
        page.screenshot("day-link-line");
        page.click("核对相符");
        page.fill("[name=signer]", "刘建平");
        page.press("Enter");
        page.see("确认人");
        page.screenshot("day-confirmed");
    });

    // It was a mistake: the sale is taken back by its opposite, and the report shows both, each with its document.
    visit(&house, DESKTOP, |page| {
        page.sign_in("manager", "demo", &sale);
        page.run("[...document.querySelectorAll('[hx-get$=\"/reverse\"]')][0].click()", &[]);
        page.wait_for("the reason is asked", "document.querySelector('dialog[open] [name=reason]')");
        page.fill("#reason", "发错货");
        page.click_within("dialog[open]", "红冲");
        page.see("已红冲");
        page.goto("/report/sales?group=customer&period=today");
        page.see("北京金泰格散热器有限公司");
        page.screenshot("day-report");
        // The customer's own figure, not the name and nobody else's: it leads to its rows.
        let figure = "const row = [...document.querySelectorAll('main tbody tr')].find(it => it.innerText.includes('北京金泰格散热器有限公司')); \
                      const it = row.querySelector('a[href^=\"/sale_entry\"]'); const to = it.getAttribute('href'); it.click(); return to";
        let rows = page.run(figure, &[]);
        assert!(rows.as_str().unwrap().contains("customer=1"), "{rows}");
        page.wait_for("the rows behind the figure", "location.pathname === '/sale_entry'");
        page.see("共 2 条");
        open(page, "商用冷凝锅炉");
        page.wait_for("an entry is open", "/^.sale_entry.\\d+$/.test(location.pathname)");
        page.see("北京金泰格散热器有限公司");
        page.run("document.querySelector('main a[href^=\"/sale/\"]').click()", &[]);
        page.wait_for("the document is open", "/^.sale.\\d+$/.test(location.pathname)");
        page.see("商用冷凝锅炉");
        page.see("北京金泰格散热器有限公司");
        // It is the sale of this day or what took it back.
        let document = page.path();
        page.goto(&sale);
        let opposite = page.count(&format!("main a[href='{document}']")) > 0;
        let sale = sale.split('?').next().unwrap();
        assert!(document == sale || opposite, "{document} is neither {sale} nor its reversal");
    });
}
