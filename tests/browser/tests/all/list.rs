//! A list as somebody uses it who has it open all day.

use browser::{Browser, DESKTOP, House, PHONE, visit};
use serde_json::json;

fn at_list(page: &Browser, login: &str, path: &str) {
    page.sign_in(login, "demo", path);
    page.wait_for("rows", "document.querySelector('table[data-list]')");
}

/// The names on the page, from the top.
fn names(page: &Browser) -> Vec<String> {
    let found =
        page.run("return [...document.querySelectorAll('tbody .ky-lead')].map(it => it.textContent)", &[]);
    found.as_array().into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

#[test]
fn a_condition_is_set_by_pinyin_and_taken_back() {
    visit(&House::demo(), DESKTOP, |page| {
        at_list(page, "boss", "/customer?view=all");

        page.click_within(".ky-filters", "业务员");
        page.wait_for("the popover is there", "document.querySelector('details[open] [data-filter-find]')");
        page.type_text("zm");
        page.wait_for(
            "one name is left",
            "[...document.querySelectorAll('details[open] [role=option]:not([hidden])')].map(it => it.innerText).join().includes('赵敏')",
        );
        page.screenshot("list-filter-pinyin");
        page.press("Enter Enter");

        page.wait_for(
            "the chip says who",
            "document.querySelector('.ky-filters .is-on + .is-on b')?.textContent === '赵敏'",
        );
        page.see("共 24 条");
        page.click("清除条件 业务员");
        page.see("共 295 条");
    });
}

#[test]
fn a_slice_of_time_is_one_click() {
    visit(&House::demo(), DESKTOP, |page| {
        at_list(page, "boss", "/customer?view=all");

        page.click_within(".ky-filters", "建档时间");
        page.wait_for(
            "the months are drawn",
            "document.querySelectorAll('details[open] .ky-month').length === 2",
        );
        page.screenshot("list-filter-date");
        page.click("今年");

        page.wait_for(
            "the chip says when",
            "document.querySelector('.ky-chip.is-on b')?.closest('.ky-filters').innerText.includes('今年')",
        );
        assert!(page.path().contains("created=this_year"), "{}", page.path());
    });
}

#[test]
fn a_field_whose_name_is_also_a_key_can_be_a_condition() {
    visit(&House::demo(), DESKTOP, |page| {
        at_list(page, "boss", "/customer?view=all");

        page.click_within(".ky-filters", "更多条件");
        page.wait_for("the fields are there", "document.querySelector('details[open] [data-options-find]')");
        page.type_text("规模");
        page.click("规模");
        page.wait_for(
            "its values are there",
            "document.querySelector('details[open] [data-filter] [role=option]')",
        );
        page.run("document.querySelector('details[open] [data-filter] [role=option]').click()", &[]);
        page.click("确定");

        page.wait_for(
            "the chip is on",
            "[...document.querySelectorAll('.ky-chip.is-on')].some(it => it.innerText.startsWith('规模'))",
        );
        assert!(page.path().contains(".size="), "{}", page.path());
        page.run("const it = document.querySelector('[data-param=size]'); it.value = '20'; it.dispatchEvent(new Event('change', { bubbles: true }))", &[]);
        page.wait_for("the page is smaller", "location.search.includes('&size=20')");
        assert!(page.path().contains(".size="), "{}", page.path());
    });
}

#[test]
fn columns_are_chosen_ordered_and_drawn_wider_and_a_view_keeps_them() {
    visit(&House::demo(), DESKTOP, |page| {
        at_list(page, "boss", "/customer?view=all");
        let heads =
            "[...document.querySelectorAll('thead th')].map(it => it.innerText.trim()).filter(it => it)";

        page.press("Control+Shift+L");
        page.wait_for("the columns are there", "document.querySelector('details[open] .ky-sortable')");
        page.click_within("details[open]", "编号");
        page.run("document.querySelector('[aria-label=\"移动 等级\"]').focus()", &[]);
        page.press("Up");
        page.click_within("details[open]", "应用");
        page.wait_for("the order is new", &format!("{heads}.slice(0, 3).join() === '客户名称,等级,简称'"));

        page.drag("th:nth-child(3) .ky-resize", 60);
        page.wait_for(
            "the address keeps the width",
            "/columns=.*class:\\d+/.test(decodeURIComponent(location.search))",
        );

        page.click("存为视图");
        page.fill("名称", "等级在前");
        page.click("打开列表时先看它");
        page.click("置顶到侧栏");
        page.screenshot("list-save-view");
        page.click("存为视图");
        page.see("等级在前");
        page.goto("/customer");
        page.wait_for(
            "it opens with the view",
            &format!("{heads}.slice(0, 3).join() === '客户名称,等级,简称'"),
        );
        assert_eq!(page.count(".ky-side a[href*='view=v']"), 1);

        page.click("存为视图");
        page.click("删除视图");
        page.wait_for("the view has gone", "!document.body.innerText.includes('等级在前')");
    });
}

#[test]
fn a_shared_view_is_everybody_s_and_a_private_one_nobody_else_s() {
    let house = House::demo();
    visit(&house, DESKTOP, |page| {
        at_list(page, "boss", "/customer?view=all&class=A");
        for (name, sharing) in [("只我看", "own"), ("大家看", "all")] {
            page.goto("/customer?view=all&class=A");
            page.click("存为视图");
            page.wait_for("its name is asked", "document.querySelector('dialog[open] [name=name]')");
            page.fill("名称", name);
            page.run(&format!("document.getElementById('sharing').value = '{sharing}'"), &[]);
            page.click("存为视图");
            page.see(name);
        }
    });

    visit(&house, DESKTOP, |page| {
        at_list(page, "sales", "/customer");

        page.see("大家看");
        page.see_no("只我看");
    });
}

#[test]
fn rows_are_sorted_by_two_columns_and_grouped() {
    visit(&House::demo(), DESKTOP, |page| {
        at_list(page, "boss", "/customer?view=all");

        page.click_within("thead", "等级");
        page.wait_for(
            "by class",
            "document.querySelector('th[aria-sort=ascending]')?.innerText.trim() === '等级'",
        );
        let script = "[...document.querySelectorAll('thead a')].find(it => it.innerText.startsWith('余额')).dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, shiftKey: true }))";
        page.run(script, &[]);
        page.wait_for("by both", "document.querySelectorAll('th[aria-sort]').length === 2");
        assert!(page.path().contains("sort=class,-balance"), "{}", page.path());

        page.click("分组");
        page.click_within("details[open]", "阶段");
        page.wait_for("groups with sums", "document.querySelectorAll('tr.is-group').length > 0");
        page.screenshot("list-grouped-sorted");
    });
}

#[test]
fn three_customers_change_hands_in_a_batch_and_come_back() {
    visit(&House::demo(), DESKTOP, |page| {
        at_list(page, "boss", "/customer?view=all&owner=none");
        let taken: Vec<String> = names(page).into_iter().take(3).collect();

        for n in 1..=3 {
            page.click(&format!("[data-list] tbody tr:nth-child({n}) [data-row]"));
        }
        page.see("已选 3 条");
        page.click_within("[data-batch-bar]", "转移");
        page.see("转移 3 条客户");
        page.fill("[role=combobox]", "zm");
        page.wait_for(
            "赵敏 is offered",
            "document.querySelector('dialog [role=option]')?.innerText.includes('赵敏')",
        );
        page.press("Enter");
        page.fill("原因", "分区调整");
        page.screenshot("list-transfer");
        page.click_within("dialog[open]", "转移");
        page.wait_for("it is done", "!document.querySelector('dialog[open]')");
        page.see("撤销");
        let left = format!(
            "{taken:?}.filter(name => document.querySelector('main').innerText.includes(name)).length"
        );
        page.wait_for("all three have left the pool", &format!("{left} === 0"));

        page.click("撤销");
        page.see("已撤销 3 条");
        page.wait_for("all three are in the pool again", &format!("{left} === 3"));
        page.goto("/customer?view=all&owner=none");
        assert_eq!(names(page)[..3], taken);
    });
}

#[test]
fn what_a_batch_can_t_do_is_listed_with_its_reason() {
    visit(&House::demo(), DESKTOP, |page| {
        at_list(page, "boss", "/customer?view=all&sort=number");

        page.click("[data-list] tbody tr:nth-child(1) [data-row]");
        page.click("[data-list] tbody tr:nth-child(2) [data-row]");
        page.click_within("[data-batch-bar]", "更多");
        page.click_within("[data-batch-bar]", "删除");
        page.see("做过之后不能撤销");
        page.click_within("dialog[open]", "删除");
        page.see("联系人");
        page.screenshot("list-refused");
        page.click("关闭");
        assert_eq!(page.count("dialog[open]"), 0);
    });
}

#[test]
fn all_that_match_can_be_taken_at_once() {
    visit(&House::demo(), DESKTOP, |page| {
        at_list(page, "boss", "/customer?view=all&class=A&size=20");

        page.click("[data-all]");
        page.see("已选 20 条");
        page.click("[data-pick-all]");
        page.click_within("[data-batch-bar]", "打标签");
        page.fill("标签", "年会");
        page.click_within("dialog[open]", "打标签");
        page.wait_for("it is done", "document.querySelectorAll('dialog[open]').length === 0");
        page.goto("/customer?view=*&tag=年会");
        let all = page.text("tfoot td:nth-child(2)");
        page.goto("/customer?view=all&class=A");
        assert_eq!(page.text("tfoot td:nth-child(2)"), all, "closed customers are no part of the view");
    });
}

#[test]
fn one_field_of_many_is_changed_at_once() {
    visit(&House::demo(), DESKTOP, |page| {
        at_list(page, "boss", "/customer?view=all&class=D");

        page.click("[data-all]");
        page.click_within("[data-batch-bar]", "更多");
        page.click_within("[data-batch-bar]", "改一个字段");
        page.wait_for("the fields are offered", "document.querySelector('dialog [name=field]')");
        page.run("const it = document.querySelector('dialog [name=field]'); it.value = 'class'; it.dispatchEvent(new Event('change', { bubbles: true }))", &[]);
        page.wait_for("the field is there", "document.querySelector('dialog select[name=class]')");
        page.run("const it = document.querySelector('dialog select[name=class]'); it.value = 'C'; it.dispatchEvent(new Event('change', { bubbles: true }))", &[]);
        page.click_within("dialog[open]", "保存");
        page.see("没有符合条件的客户");
    });
}

#[test]
fn hostile_names_are_shown_as_they_are_and_break_nothing() {
    visit(&House::demo(), DESKTOP, |page| {
        at_list(page, "boss", "/customer?view=all");
        let long = "长".repeat(200);
        let all = [
            "<script>alert(1)</script>有限公司",
            "\"><img src=x onerror=alert(2)>",
            "شركة الأمل\u{202e}gnp.exe",
            &long,
        ];
        for name in all {
            let made = page.run(
                "const r = new XMLHttpRequest(); r.open('POST', '/api/v1/customer', false); r.setRequestHeader('Content-Type', 'application/json');
                 r.send(JSON.stringify({ name: arguments[0] })); return r.status",
                &[json!(name)],
            );
            assert_eq!(made, 201, "{name}");
        }
        page.expect_status(422);
        let refused = page.run(
            "const r = new XMLHttpRequest(); r.open('POST', '/api/v1/customer', false); r.setRequestHeader('Content-Type', 'application/json');
             r.send(JSON.stringify({ name: 'x'.repeat(10000) })); return r.status",
            &[],
        );
        assert_eq!(refused, 422);

        page.goto("/customer?view=all&sort=-created&size=20");
        page.screenshot("list-hostile");
        assert_eq!(page.count("main img, main script"), 0);
        assert_eq!(page.run("return document.documentElement.scrollWidth <= innerWidth", &[]), true);
        page.goto("/customer?view=all&q=%3Cscript%3E");
        page.see("<script>alert(1)</script>有限公司");
    });
}

#[test]
fn a_wrong_address_says_what_is_wrong_with_it() {
    visit(&House::demo(), DESKTOP, |page| {
        page.sign_in("boss", "demo", "/customer?view=all");
        page.expect_status(422);
        page.expect_status(404);

        for wrong in [
            "nothing=1",
            "class=Z",
            "created=yesterdayish",
            "sort=nothing",
            "view=nobody",
            "credit_limit=a..b",
            "group=nothing",
        ] {
            page.goto(&format!("/customer?{wrong}"));
            page.see("没有打开");
        }
        page.goto("/customer?view=all&page=99");
        page.see("第 251–295 条");
        page.goto("/nothing");
        page.see("没有");
        for strange in [
            "page=0",
            "page=99999999",
            "size=0",
            "size=-5",
            "size=100000",
            "after=xyz",
            "q=%00%ff",
            "or=(",
            "columns=nothing,name:99999",
        ] {
            page.goto(&format!("/customer?view=all&{strange}"));
            page.wait_for(strange, "document.querySelector('.ky-actionbar')");
        }
    });
}

#[test]
fn a_phone_filters_in_a_sheet() {
    visit(&House::demo(), PHONE, |page| {
        at_list(page, "boss", "/customer?view=all");

        page.click("[data-sheet=filters]");
        page.click_within("#filters", "等级");
        page.wait_for("the values are there", "document.querySelector('details[open] [role=option]')");
        page.screenshot("list-filter");
        page.run("document.querySelector('details[open] [role=option]').click()", &[]);
        page.click("确定");
        page.wait_for("the list is narrowed", "location.search.includes('class=A')");
        assert_eq!(page.run("return document.documentElement.scrollWidth <= innerWidth", &[]), true);
    });
}

#[test]
fn nothing_of_a_list_or_a_small_table_stands_beyond_the_edge_of_its_screen() {
    let wide = "return [document.documentElement, ...document.querySelectorAll('main, .ky-scroll')]
        .filter(it => it.scrollWidth > it.clientWidth + 1).map(it => it.className + ' ' + it.scrollWidth)";
    let house = House::demo();
    visit(&house, DESKTOP, |page| {
        at_list(page, "boss", "/customer?view=overdue");
        assert_eq!(page.run(wide, &[]), serde_json::json!([]), "the customers");
        page.see("额度使用");
    });
    visit(&house, PHONE, |page| {
        page.sign_in("boss", "demo", "/");
        for path in [
            "/",
            "/customer?view=overdue",
            "/settings/codes",
            "/settings/users",
            "/settings/roles",
            "/settings/departments",
            "/me",
        ] {
            page.goto(path);
            assert_eq!(page.run(wide, &[]), serde_json::json!([]), "{path}");
        }
        // A cell says what it is there, where no head does.
        page.goto("/settings/codes");
        let cell = "document.querySelector('.is-facts td:nth-child(2)')";
        let said = page.run(&format!("return getComputedStyle({cell}, '::before').content"), &[]);
        assert_eq!(said, "\"可选\"");
    });
}
