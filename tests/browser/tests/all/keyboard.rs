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
