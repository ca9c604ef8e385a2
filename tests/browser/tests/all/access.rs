//! Pages that everybody can use: no finding of axe under WCAG A and AA, in light and in dark.

use browser::{Browser, DESKTOP, House, PHONE, visit};

const THEMES: [&str; 2] = ["light", "dark"];

fn in_both(page: &Browser, what: &str, path: &str, ready: &str) {
    in_themes(page, &THEMES, what, path, ready);
}

fn in_themes(page: &Browser, themes: &[&str], what: &str, path: &str, ready: &str) {
    for theme in themes {
        page.cookie("ky_theme", theme);
        page.goto(path);
        page.see(ready);
        page.is_accessible(&format!("{what}, {theme}"));
        page.screenshot(&format!("{what}-{theme}"));
    }
}

#[test]
fn the_sign_in_page_is_accessible() {
    let house = House::demo();

    for screen in [DESKTOP, PHONE] {
        visit(&house, screen, |page| {
            page.goto("/login");
            in_both(page, "login", "/login", "登录");
        });
    }
}

#[test]
fn the_workbench_and_the_palette_are_accessible() {
    let house = House::demo();

    for screen in [DESKTOP, PHONE] {
        visit(&house, screen, |page| {
            page.sign_in("sales", "demo", "/");
            in_both(page, "workbench", "/", "今天要处理");
            for theme in THEMES {
                page.cookie("ky_theme", theme);
                page.goto("/customer?view=all");
                page.click("[data-palette]");
                page.fill("#palette [role=combobox]", "jtg");
                page.see("北京金泰格散热器有限公司");
                page.wait_for(
                    "the preview is there",
                    "document.querySelector('#palette [aria-selected=true]')",
                );
                page.is_accessible(&format!("palette, {theme}"));
                page.screenshot(&format!("palette-{theme}"));
            }
        });
    }
}

#[test]
fn a_list_and_its_states_are_accessible() {
    let house = House::demo();

    for screen in [DESKTOP, PHONE] {
        visit(&house, screen, |page| {
            page.sign_in("boss", "demo", "/customer");
            in_both(page, "list", "/customer?view=all", "保定");
            in_both(page, "list-grouped", "/customer?view=all&group=class&size=20", "保定");
            in_both(page, "list-no-match", "/customer?q=没有这样的客户&class=A", "没有符合条件的客户");
            in_both(page, "print", "/customer/print?view=all&class=A", "客户");
            page.expect_status(422);
            in_both(page, "list-wrong", "/customer?nothing=1", "客户列表没有打开");
        });
    }
}

#[test]
fn the_settings_are_accessible() {
    let house = House::demo();

    for screen in [DESKTOP, PHONE] {
        visit(&house, screen, |page| {
            page.sign_in("boss", "demo", "/settings");
            let script = "return [...new Set([...document.querySelectorAll('main a')].map(it => it.getAttribute('href')).filter(it => /^\\/(settings\\/.*|me|token|custom_field|job|access)$/.test(it)))]";
            let found = page.run(script, &[]);
            let paths: Vec<&str> =
                found.as_array().into_iter().flatten().filter_map(|it| it.as_str()).collect();
            assert!(paths.len() > 12, "{paths:?}");
            for path in paths {
                // Colours are the same at every width.
                let themes = if screen == PHONE { &THEMES[..1] } else { &THEMES };
                in_themes(page, themes, &path[1..].replace('/', "-"), path, "");
            }
        });
    }
}

#[test]
fn the_first_steps_are_accessible() {
    let house = House::empty();

    for screen in [DESKTOP, PHONE] {
        visit(&house, screen, |page| {
            page.sign_in("admin", "Keyuan-2026", "/setup");
            for step in ["company", "numbers", "users", "import"] {
                in_both(page, &format!("setup-{step}"), &format!("/setup?step={step}"), "跳过");
            }
        });
    }
}

#[test]
fn a_card_and_its_form_are_accessible() {
    let house = House::demo();

    for screen in [DESKTOP, PHONE] {
        visit(&house, screen, |page| {
            page.sign_in("boss", "demo", "/customer/1");
            in_both(page, "card", "/customer/1", "北京金泰格散热器有限公司");
            in_both(page, "card-history", "/customer/1?at=history", "变更记录");
            in_both(page, "card-files", "/customer/1?at=files", "文档");
            in_both(page, "form", "/customer/1/edit", "保存");
            in_both(page, "form-new", "/customer/new", "保存");
        });
    }
}

#[test]
fn the_import_is_accessible() {
    let house = House::demo();
    let file = house.path("list.csv");
    std::fs::write(
        &file,
        "客户名称,电话,等级\n北京金泰格散热器有限公司,010-55504417,Z\n湘潭雨湖暖通有限公司,0731-5550101,B\n",
    )
    .expect("the file is written");

    for screen in [DESKTOP, PHONE] {
        visit(&house, screen, |page| {
            page.sign_in("boss", "demo", "/customer/import");
            in_both(page, "import", "/customer/import", "选择文件");
            page.upload("[data-drop] input[type=file]", &file);
            page.see("检查结果");
            let path = page.path();
            in_both(page, "import-columns", &path, "检查结果");
            page.click("下一步：试导与确认");
            page.see("试导");
            let path = page.path();
            in_both(page, "import-trial", &path, "试导");
        });
    }
}
