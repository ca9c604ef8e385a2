//! The same work without a mouse.

use browser::{DESKTOP, House, visit};

#[test]
fn a_list_is_worked_with_the_keyboard_alone() {
    visit(&House::demo(), DESKTOP, |page| {
        page.goto("/login?to=/customer%3Fview=all");
        page.type_text("boss");
        page.press("Tab");
        page.type_text("demo");
        page.press("Enter");
        page.see("全部客户");

        page.press("/");
        page.type_text("bjjtg");
        page.see("第 1–1 条");
        assert_eq!(page.text("tbody .ky-lead"), "北京金泰格散热器有限公司");

        page.press("Control+A Backspace");
        page.see("第 1–50 条");
        page.press("Down");
        page.press("J J K X Down X");
        page.see("已选 2 条");
        page.press("Shift+Down");
        page.see("已选 3 条");
        page.screenshot("list-selected");
        page.press("Escape");
        page.wait_for("the batch bar has gone", "document.querySelector('[data-batch-bar]').hidden");
    });
}

#[test]
fn the_palette_finds_and_opens_with_the_keyboard_alone() {
    visit(&House::demo(), DESKTOP, |page| {
        page.sign_in("sales", "demo", "/");

        page.press("Control+K");
        page.wait_for("the palette is open", "document.getElementById('palette').open");
        page.type_text("bjjtg");
        page.wait_for(
            "it is found",
            "document.querySelector('#palette [aria-selected=true]')?.innerText.includes('北京金泰格')",
        );
        page.press("Escape");
        page.wait_for("the palette is closed", "!document.getElementById('palette').open");

        page.press("G C");
        page.wait_for("the customers are open", "location.pathname === '/customer'");
        page.press("G H");
        page.wait_for("the workbench is open", "location.pathname === '/'");
        page.press("?");
        page.wait_for("the keys are listed", "document.querySelector('dialog[open]')");
        page.screenshot("keys");
    });
}

#[test]
fn a_record_is_read_changed_and_left_with_the_keyboard_alone() {
    visit(&House::demo(), DESKTOP, |page| {
        page.sign_in("sales", "demo", "/customer?view=mine");
        page.wait_for("rows", "document.querySelector('[data-row]')");
        page.press("J Enter");
        page.wait_for("the first record is open", "/^.customer.\\d+$/.test(location.pathname)");
        let first = page.text("h1");

        page.press("]");
        page.wait_for(
            "the next record is open",
            &format!("document.querySelector('h1').innerText !== {first:?}"),
        );
        page.press("[");
        page.wait_for(
            "the first one again",
            &format!("document.querySelector('h1').innerText === {first:?}"),
        );

        page.press("E");
        page.wait_for("the form is open", "document.querySelector('form[data-guard] [name=short_name]')");
        page.tab_to("[name=short_name]");
        page.press("Control+A");
        page.type_text("new short");
        page.press("Control+S");
        page.wait_for("it is saved", "/^.customer.\\d+$/.test(location.pathname)");
        page.see("new short");
    });
}

#[test]
fn a_record_is_entered_with_the_keyboard_alone() {
    visit(&House::demo(), DESKTOP, |page| {
        page.sign_in("boss", "demo", "/customer?view=all");
        page.press("N");
        page.wait_for("the form is open", "document.querySelector('form [name=name]')");
        page.wait_for("the name has the focus", "document.activeElement.name === 'name'");
        page.type_text("Harbour Heating Ltd");

        page.tab_to("#industry");
        page.type_text("jzy");
        page.wait_for("it is offered", "[...document.querySelectorAll('[role=listbox]:not([hidden]) [role=option]')].some(it => it.innerText.includes('建筑'))");
        page.press("Enter Tab");
        page.press("Control+S");
        page.wait_for("it is saved", "/^.customer.\\d+$/.test(location.pathname)");
        page.see("Harbour Heating Ltd");
        page.see("建筑");
    });
}

#[test]
fn a_file_is_imported_with_the_keyboard_alone() {
    let house = House::demo();
    let file = house.path("new.csv");
    std::fs::write(&file, "客户名称,联系电话\n湘潭雨湖暖通设备有限公司,0731-5550101\n")
        .expect("the file is written");
    visit(&house, DESKTOP, |page| {
        page.sign_in("boss", "demo", "/customer/import");
        page.tab_to("[data-drop] input[type=file]");
        // The system's own file dialog is no part of the page.
        page.upload("[data-drop] input[type=file]", &file);
        page.see("列对应");
        page.tab_to("[name='c1.to']");
        page.wait_for(
            "it is found by itself",
            "document.querySelector('[name=\"c1.to\"]').value === 'phone'",
        );
        page.tab_to("[value=confirm]");
        page.press("Enter");
        page.see("试导");
        page.tab_to("form[action$='/run'] button");
        page.press("Enter");
        page.see("导入结果");
        page.tab_to("a[href='/customer?view=*'].is-primary");
        page.press("Enter");
        page.see("客户名称");
        page.press("/");
        page.type_text("xtyh");
        page.see("湘潭雨湖暖通设备有限公司");
    });
}

#[test]
fn a_setting_is_changed_with_the_keyboard_alone() {
    visit(&House::demo(), DESKTOP, |page| {
        page.sign_in("boss", "demo", "/");
        page.press("G S");
        page.wait_for("the settings are open", "location.pathname.startsWith('/settings')");
        page.tab_to("a[href='/settings/company']");
        page.press("Enter");
        page.wait_for("the company is open", "document.getElementById('company_short')");
        page.tab_to("#company_short");
        page.press("Control+A");
        page.type_text("Henglian");
        page.press("Enter");
        page.wait_for(
            "the sidebar says it",
            "document.querySelector('.ky-side').innerText.includes('Henglian')",
        );
    });
}

#[test]
fn proposed_bank_lines_are_accepted_by_one_key_and_the_last_is_taken_back_by_another() {
    visit(&House::demo(), DESKTOP, |page| {
        page.sign_in("boss", "demo", "/bank_line?view=proposed");
        let rows = |n: i64| format!("document.querySelectorAll('tbody tr[data-id]').length === {n}");
        page.wait_for("the proposals", &rows(3));
        page.see("等于一张未收单据");

        page.press("J J A");
        page.wait_for("one is booked", &rows(2));
        page.wait_for(
            "the next one stands at its place",
            "[...document.querySelectorAll('tbody tr')].indexOf(document.querySelector('tr.is-current')) === 1",
        );
        page.press("A");
        page.wait_for("another is booked", &rows(1));
        page.screenshot("bank-keys");
        page.press("U");
        page.wait_for("it waits again", &rows(2));
        page.see("撤销入账：完成 1 条");
        page.is_accessible("bank lines");
    });
}
