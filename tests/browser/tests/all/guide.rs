//! The pictures of the user's guide: each is what the program shows. `UPDATE_EXPECT=1` takes them anew.

use std::path::{Path, PathBuf};

use browser::{Browser, GUIDE, House, PHONE, visit};

/// The guide's folder of pictures in one language.
fn folder(lang: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/pictures").join(lang)
}

/// Waits until the page is what the picture is to show, and takes it.
fn take(page: &Browser, lang: &str, name: &str, ready: &str) {
    page.wait_for(&format!("{name} is there"), ready);
    let file = folder(lang).join(format!("{name}.webp"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        page.run("document.activeElement.matches('[role=combobox]') || document.activeElement.blur()", &[]);
        std::fs::create_dir_all(folder(lang)).expect("a folder can be made");
        std::fs::write(file, page.picture()).expect("the picture is written");
    }
}

/// A spreadsheet of customers, of whom one has a class that there is not.
fn list(lang: &str) -> &'static str {
    match lang {
        "en" => {
            "Company,Telephone,Likes,Class\n\
             Harbour Heating Ltd,010-65550199,tea,B\n\
             North Lake Stores,024-6555 0106,,Z\n\
             West Gate Trading,0315-555 0103,golf,A\n"
        }
        _ => {
            "公司名称,电话,老板喜好,等级\n\
             湘潭雨湖暖通设备有限公司,0731-5550101,茶,B\n\
             沈阳北方采暖设备制造有限公司,024-6555 0106,,Z\n\
             唐山瑞丰建材贸易有限公司,0315-555 0103,钓鱼,A\n"
        }
    }
}

fn at_desk(page: &Browser, house: &House, lang: &str) {
    let take = |name: &str, ready: &str| take(page, lang, name, ready);
    page.sign_in("boss", "demo", "/");
    take("workbench", "document.querySelectorAll('main a').length > 30");

    page.goto("/customer?view=all&class=A,B");
    take("list", "document.querySelectorAll('[data-row]').length > 10");
    page.click("[data-palette]");
    page.fill("#palette [role=combobox]", if lang == "en" { "heat" } else { "bj" });
    take(
        "palette",
        "document.querySelector('#palette [aria-selected=true]') && document.querySelectorAll('#palette [role=option]').length > 3",
    );

    page.goto("/customer/1");
    take("card", "document.querySelector('main section')");
    let name = page.text("h1");
    page.goto("/customer/new");
    page.fill("[name=name]", &name);
    page.press("Tab");
    take("new", "document.querySelector('#alike li')");

    page.goto("/customer?view=all&owner=none");
    for n in 1..=3 {
        page.click(&format!("[data-list] tbody tr:nth-child({n}) [data-row]"));
    }
    take("batch", "document.querySelector('[data-batch-bar] [data-picked]').innerText === '3'");
    page.click("[data-batch='/customer/transfer']");
    page.wait_for("the dialog is there", "document.querySelector('dialog[open] [name=reason]')");
    page.fill(if lang == "en" { "New owner" } else { "新业务员" }, if lang == "en" { "zhao" } else { "zm" });
    page.wait_for("one is offered", "document.querySelectorAll('dialog [role=option]').length === 1");
    page.press("Enter");
    page.fill(
        if lang == "en" { "Reason" } else { "原因" },
        if lang == "en" { "New regions" } else { "分区调整" },
    );
    take("transfer", "document.querySelector('dialog [name=reason]').value");

    let file = house.path("list.csv");
    std::fs::write(&file, list(lang)).expect("the file is written");
    page.goto("/customer/import");
    page.upload("[data-drop] input[type=file]", &file);
    take("import", "document.querySelector('.ky-outcomes')");
    page.goto("/customer/print?view=all&class=A");
    take("print", "document.querySelectorAll('tbody tr').length > 10");

    page.goto("/settings/roles");
    let script = "return [...document.querySelectorAll('main td a')].find(it => ['业务员', 'Salesperson'].includes(it.innerText)).getAttribute('href')";
    page.goto(page.run(script, &[]).as_str().expect("there are salespeople"));
    take("role", "document.querySelectorAll('main input[type=checkbox]').length > 20");
}

fn on_phone(page: &Browser, lang: &str) {
    page.sign_in("sales", "demo", "/customer?view=mine");
    take(page, lang, "phone", "document.querySelectorAll('.ky-lead').length > 5");
}

#[test]
fn the_guide_s_pictures_show_what_the_program_shows() {
    for lang in ["zh", "en"] {
        let house = House::demo_in(lang);
        visit(&house, GUIDE, |page| at_desk(page, &house, lang));
        visit(&house, PHONE, |page| on_phone(page, lang));
    }
}

#[test]
fn the_guide_shows_its_pictures_in_both_languages() {
    for lang in ["zh", "en"] {
        let house = House::demo_in(lang);
        for screen in [GUIDE, PHONE] {
            visit(&house, screen, |page| {
                page.sign_in("sales", "demo", "/help/start");
                let mut seen = 0;
                loop {
                    page.run(
                        "document.querySelectorAll('.ky-guide-text img').forEach(it => it.scrollIntoView())",
                        &[],
                    );
                    page.wait_for(
                        "the pictures are there",
                        "[...document.querySelectorAll('.ky-guide-text img')].every(it => it.alt && it.naturalWidth === Number(it.getAttribute('width')))",
                    );
                    seen += page.count(".ky-guide-text img");
                    if page.count(".ky-guide-near a:last-child .ky-icon:last-child") == 0 {
                        break;
                    }
                    let next = page.run(
                        "return document.querySelector('.ky-guide-near a:last-child').getAttribute('href')",
                        &[],
                    );
                    page.goto(next.as_str().expect("an address"));
                }
                let there = std::fs::read_dir(folder(lang)).expect("there are pictures").count();
                assert_eq!(seen, there, "each picture stands in one chapter");
            });
        }
    }
}
