//! The import wizard from the file to the undoing, as a browser meets it.

use std::io::{Cursor, Write};

use app::jobs;
use model::{Lang, Query};
use sheet::read;
use tests::served::{Answer, House, agent, answer, cookie};

const PEOPLE: &[(&str, &str)] = &[
    ("何振邦", "owner"),
    ("张国栋", "sales_manager"),
    ("王海燕", "salesperson"),
    ("周会计", "finance"),
    ("吴淑芬", "information_clerk"),
];

const LIST: &str = "单位名称,客户类别,等级,电话,业务员,税号,备注\r\n\
    石家庄新华暖通设备有限公司,,重点,0311-6000001,王海燕,,第一家\r\n\
    北京金泰格散热器厂,,一般,010-6000002,,,\r\n\
    邯郸丛台管业有限公司,,重点,0310-6000003,老刘,,\r\n\
    邢台桥东水暖有限公司,,一般,0319-6000004,,9.15E+17,\r\n";

struct Importing(House);

impl std::ops::Deref for Importing {
    type Target = House;

    fn deref(&self) -> &House {
        &self.0
    }
}

impl Importing {
    fn upload(&self, who: &str, entity: &str, name: &str, bytes: &[u8]) -> Answer {
        let edge = "----edge";
        let mut body = format!(
            "--{edge}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(format!("\r\n--{edge}--\r\n").as_bytes());
        let request = agent().post(format!("{}/{entity}/import", self.address)).header("cookie", cookie(who));
        let request = request.header("origin", &self.address).header("hx-request", "true");
        let kind = format!("multipart/form-data; boundary={edge}");
        answer(request.content_type(&kind).send(&body[..]).unwrap())
    }

    /// Uploads a list that is taken; returns the address of its import.
    fn begin(&self, who: &str, bytes: &[u8]) -> String {
        let answer = self.upload(who, "customer", "清单.csv", bytes);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.header("hx-redirect").to_owned()
    }

    fn form(&self, who: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = agent().post(format!("{}{path}", self.address)).header("cookie", cookie(who));
        let request = request.header("origin", &self.address).header("hx-request", "true");
        answer(request.header("hx-target", "main#main").send_form(form.to_vec()).unwrap())
    }

    /// Does what waits in the background.
    fn work(&self) {
        let house = jobs::House { db: self.db.clone(), data: self.folder.path().to_owned(), lang: Lang::Zh };
        while house.run_one(None, &|| false, &|_, _| {}).unwrap() {}
    }

    fn count(&self, query: &str) -> i64 {
        let query = Query::parse(query).unwrap();
        self.system(move |desk| desk.count("customer", &query))
    }
}

/// The counts of the check or of the result, in the page's order.
fn figures(page: &str) -> Vec<i64> {
    let part = page.split("ky-outcomes").nth(1).unwrap().split("</div>").next().unwrap();
    let figures = part.split("<b").skip(1).map(|it| it.split('>').nth(1).unwrap().split('<').next().unwrap());
    figures.map(|it| it.replace(',', "").parse().unwrap()).collect()
}

/// A list with a column that makes the file too large to be checked before its page is drawn.
fn large() -> String {
    let filler = "x".repeat(30_000);
    let rows =
        (0..5).map(|n| format!("廊坊安次暖通有限公司{},{filler}\n", "甲乙丙丁戊".chars().nth(n).unwrap()));
    "名称,说明文字\n".to_owned() + &rows.collect::<String>()
}

#[test]
fn of_a_large_file_nothing_is_drawn_that_its_check_would_move() {
    let house = Importing(House::new(PEOPLE));
    let at = house.begin("吴淑芬", large().as_bytes());
    let asking = |page: &str| {
        page.split("id=\"checking-").nth(1).and_then(|it| it.split('"').next().map(str::to_owned))
    };

    let waiting = house.get("吴淑芬", &at).text();
    let changed = house.form("吴淑芬", &format!("{at}/plan"), &[("c1.to", "short_name")]).text();
    let checked = house.form("吴淑芬", &format!("{at}/check"), &[]).text();
    let moved = house.form("吴淑芬", &format!("{at}/plan"), &[("c1.to", "remark")]).text();

    assert!(waiting.contains("hx-trigger=\"load\"") && asking(&waiting).is_some());
    // Columns that changed during a check are another form, which asks anew.
    assert!(asking(&changed).is_some() && asking(&changed) != asking(&waiting));
    assert!(asking(&checked).is_none());
    let drawn = |page: &str| (page.contains("is-map"), page.contains("廊坊安次暖通有限公司乙"));
    assert_eq!([&waiting, &changed].map(|it| drawn(it)), [(false, false); 2]);
    assert_eq!(drawn(&checked), (true, true));
    // A column that stayed keeps what the last check found in it.
    assert!(asking(&moved).is_some() && drawn(&moved) == (true, true));
}

#[test]
fn a_list_that_is_in_already_says_how_many_rows_stay_as_they_are() {
    let house = Importing(House::new(PEOPLE));
    let list = "名称,电话\n廊坊安次暖通有限公司,0316-6000009\n".as_bytes();
    let trial = || {
        let at = house.begin("吴淑芬", list);
        (house.form("吴淑芬", &format!("{at}/check"), &[("step", "confirm")]).text(), at)
    };

    let (first, at) = trial();
    house.form("吴淑芬", &format!("{at}/run"), &[("rows", "1")]);
    house.work();
    let (second, _) = trial();

    assert!(first.contains("开始导入 1 行") && !first.contains("没有变化 <b>"), "{first}");
    assert!(second.contains("没有变化 <b>1</b>") && second.contains("disabled"), "{second}");
}

#[test]
fn a_list_goes_in_and_comes_out_again() {
    let house = Importing(House::new(PEOPLE));
    let gb = encoding_rs::GB18030.encode(LIST).0.into_owned();

    let at = house.begin("吴淑芬", &gb);
    // So small a file is checked before its columns are drawn: nothing unfolds later.
    let checked = house.get("吴淑芬", &at).text();

    assert!(!checked.contains("id=\"checking-"));
    // Class 重点 and 一般 mean nothing yet, nor does 老刘.
    assert_eq!(figures(&checked), [0, 0, 4], "{checked}");
    assert!(checked.contains("2 个值没有对上") && checked.contains("老刘"));

    let values = [("c2.to", "class"), ("c2.k0", "一般"), ("c2.v0", "B"), ("c2.k1", "重点"), ("c2.v1", "A")];
    let checked = house.form("吴淑芬", &format!("{at}/plan"), &values).text();

    // One new, one like a customer that is there, a name and a number that can't be.
    assert_eq!(figures(&checked), [1, 1, 2], "{checked}");
    assert!(checked.contains("北京金泰格散热器有限公司") && checked.contains("<td class=\"is-kept\">"));

    let decided = house.form("吴淑芬", &format!("{at}/decide"), &[("row", "3"), ("then", "update")]).text();
    assert!(decided.contains("更新 <b>1</b>"), "{decided}");

    let waiting = house.get("吴淑芬", &format!("{at}?step=confirm")).text();
    let trial = house.form("吴淑芬", &format!("{at}/check"), &[("step", "confirm")]).text();
    assert!(waiting.contains("id=\"checking-") && trial.contains("开始导入 2 行"), "{trial}");
    assert!(trial.contains("疑似重复，合并更新") && house.count("name~=石家庄") == 0);

    let started = house.form("吴淑芬", &format!("{at}/run"), &[("rows", "4")]);
    assert_eq!(started.header("hx-redirect"), at);
    assert!(house.get("吴淑芬", &at).text().contains("id=\"progress\""));
    house.work();

    let result = house.get("吴淑芬", &at).text();
    assert!(!result.contains("id=\"progress\""));
    assert_eq!(figures(&result), [1, 1, 0, 0, 2], "{result}");
    assert_eq!((house.count("name~=石家庄&class=A"), house.count("phone~=6000002")), (1, 1));
    let list = result.split("href=\"/customer?view=*&amp;id=").nth(1).unwrap().split('"').next().unwrap();
    let list = house.get("吴淑芬", &format!("/customer?view=*&id={}", list.replace("&amp;", "&"))).text();
    assert!(list.contains("石家庄新华") && !list.contains("唐山瑞丰"));

    let wrong = house.get("吴淑芬", &format!("{at}/wrong.xlsx"));
    let mut reader = read::open(wrong.bytes, "wrong.xlsx").unwrap();
    let last = reader.header().cells.last().unwrap().text.clone();
    let rows: Vec<_> = reader.rows().unwrap().map(|it| it.unwrap()).collect();
    assert_eq!((last.as_str(), rows.len()), ("原因", 2));
    assert_eq!(rows[0].cells[0].text, "邯郸丛台管业有限公司");
    assert!(rows[0].cells.last().unwrap().text.contains("业务员"));

    let dialog = house.get("吴淑芬", &format!("{at}/undo")).text();
    assert!(dialog.contains("新建的 1 条会删除") && dialog.contains("清单.csv"));
    house.form("吴淑芬", &format!("{at}/undo"), &[]);
    house.work();
    let undone = house.get("吴淑芬", &at).text();
    assert!(undone.contains("已撤销") && undone.contains("没有可撤销的") && !undone.contains("/undo\""));
    assert_eq!((house.count("name~=石家庄"), house.count("phone~=6000002")), (0, 0));
}

#[test]
fn documents_go_in_as_the_profile_of_their_headers_says() {
    let house = Importing(House::new(PEOPLE));
    let file = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
        536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n\
        536365,71053,LANTERN,2,2010-12-01 08:26:00,3.39,17850.0,United Kingdom\n\
        C536366,71053,LANTERN,-1,2010-12-02 08:26:00,3.39,17850.0,United Kingdom\n";
    let at = house.upload("何振邦", "sale", "sales.csv", file.as_bytes()).header("hx-redirect").to_owned();

    let proposed = house.get("何振邦", &at).text();
    let without =
        house.form("何振邦", &format!("{at}/plan"), &[("document", "1"), ("create.customer", "1")]).text();
    house.form("何振邦", &format!("{at}/plan"), &[("profile", "")]);
    house.form("何振邦", &format!("{at}/plan"), &[("profile", "online-retail")]);
    let trial = house.form("何振邦", &format!("{at}/check"), &[("step", "confirm")]).text();
    house.form("何振邦", &format!("{at}/run"), &[("rows", "3")]);
    house.work();
    let result = house.get("何振邦", &at).text();

    let checked = |page: &str| {
        page.split("name=\"history\"").nth(1).is_some_and(|it| it.starts_with(" value=\"1\" checked"))
    };
    assert!(checked(&proposed) && !checked(&without), "{proposed}");
    assert!(proposed.contains("2 行明细"), "{proposed}");
    assert!(trial.contains("开始导入 2 张单据") && trial.contains("新建 · 销售退货"), "{trial}");
    assert_eq!(figures(&result)[0], 2);
    assert_eq!(house.count("name=17850&balance=18.69"), 1);
}

#[test]
fn what_went_in_before_is_the_same_the_second_time() {
    let house = Importing(House::new(PEOPLE));
    for ending in ["csv", "xlsx"] {
        let file = house.get("吴淑芬", &format!("/customer/export?view=*&whole=1&format={ending}")).bytes;

        let at = house.begin("吴淑芬", &file);
        house.form("吴淑芬", &format!("{at}/check"), &[]);
        let checked = house.get("吴淑芬", &format!("{at}?fate=same")).text();

        // New, near, the same, refused.
        assert_eq!(figures(&checked), [0, 0, 3, 0], "{ending} {checked}");
    }
}

#[test]
fn an_import_can_be_left_and_taken_up_or_given_up() {
    let house = Importing(House::new(PEOPLE));
    let at = house.begin("吴淑芬", LIST.as_bytes());
    house.form("吴淑芬", &format!("{at}/plan"), &[("c6.to", ""), ("c0.to", "name")]);

    let first = house.get("吴淑芬", "/customer/import").text();
    let again = house.get("吴淑芬", &at).text();
    let uploads = || std::fs::read_dir(house.folder.path().join("imports")).unwrap().count();

    assert!(first.contains("清单.csv") && first.contains("没有做完，继续") && first.contains(&at));
    let target = again.split("id=\"c6\"").nth(1).unwrap().split("</select>").next().unwrap();
    assert!(!target.contains("selected"), "{target}");
    assert_eq!(uploads(), 1);

    let gone = house.form("吴淑芬", &format!("{at}/drop"), &[]);
    assert_eq!(gone.header("hx-redirect"), "/customer/import");
    assert_eq!(uploads(), 0);
    assert_eq!(house.get("吴淑芬", &at).status, 404);
}

#[test]
fn a_file_that_was_cleared_away_is_asked_for_again() {
    let house = Importing(House::new(PEOPLE));
    let at = house.begin("吴淑芬", LIST.as_bytes());
    for entry in std::fs::read_dir(house.folder.path().join("imports")).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }

    let page = house.get("吴淑芬", &at);

    assert_eq!(page.status, 200);
    assert!(page.text().contains("这个文件已经清除"));
}

#[test]
fn a_mapping_is_remembered_for_the_next_list_with_these_headers() {
    let house = Importing(House::new(PEOPLE));
    let list = "谁,几级\n沧州运河五金有限公司,乙\n";
    let form = [("c0.to", "name"), ("c1.to", "class")];
    let values = [("c1.to", "class"), ("c1.k0", "乙"), ("c1.v0", "B")];

    let at = house.begin("吴淑芬", list.as_bytes());
    house.form("吴淑芬", &format!("{at}/plan"), &form);
    house.form("吴淑芬", &format!("{at}/plan"), &values);
    house.form("吴淑芬", &format!("{at}/run"), &[]);
    house.work();
    let next = house.begin("吴淑芬", list.replace("沧州", "衡水").as_bytes());
    let checked = house.form("吴淑芬", &format!("{next}/check"), &[]).text();

    assert_eq!(house.count("name~=沧州&class=B"), 1);
    assert_eq!(figures(&checked)[0] + figures(&checked)[1], 1, "{checked}");
}

#[test]
fn what_new_records_hold_and_how_they_are_found_is_said_once() {
    let house = Importing(House::new(PEOPLE));
    let list = "编号,名称\nKH-000001,北京金泰格散热器集团\n,廊坊安次暖通有限公司\n";
    let at = house.begin("吴淑芬", list.as_bytes());

    house.form("吴淑芬", &format!("{at}/plan"), &[("keys", "1"), ("key.number", "1"), ("add", "stage")]);
    let wrong = house.form("吴淑芬", &format!("{at}/plan"), &[("d.stage", "没有这个")]);
    let wrong = (wrong.status, house.form("吴淑芬", &format!("{at}/check"), &[]).text());
    house.form("吴淑芬", &format!("{at}/plan"), &[("d.stage", "familiar")]);
    let checked = house.form("吴淑芬", &format!("{at}/check"), &[]).text();

    assert!(wrong.0 == 200 && wrong.1.contains("还不能检查") && wrong.1.contains("不在可选范围内"));
    // New, changed, near, refused.
    assert_eq!(figures(&checked), [1, 1, 0, 0], "{checked}");
    house.form("吴淑芬", &format!("{at}/run"), &[]);
    house.work();
    assert_eq!((house.count("name~=廊坊&stage=familiar"), house.count("name~=散热器集团")), (1, 1));
}

#[test]
fn of_many_checks_the_oldest_check_is_forgotten_not_the_oldest_import() {
    let house = Importing(House::new(PEOPLE));
    let list = large();
    let imports: Vec<String> = (0..17).map(|_| house.begin("吴淑芬", list.as_bytes())).collect();
    let check = |at: &String| house.form("吴淑芬", &format!("{at}/check"), &[]).status;
    let is_known = |at: &String| !house.get("吴淑芬", at).text().contains("id=\"checking-");

    for at in imports.iter().skip(1).chain([&imports[0]]) {
        assert_eq!(check(at), 200);
    }

    // Sixteen are kept: the first import was checked last, the second first.
    assert_eq!([0, 1, 2, 16].map(|n| is_known(&imports[n])), [true, false, true, true]);
    assert_eq!(check(&imports[2]), 200);
    check(&imports[1]);
    assert_eq!([0, 1, 2, 3].map(|n| is_known(&imports[n])), [true, true, true, false]);
}

#[test]
fn files_that_are_being_read_keep_nobody_from_the_database() {
    let house = Importing(House::new(PEOPLE));
    let readers = store::Settings::of(model::Dialect::Sqlite).readers;
    let list = "名称\n廊坊安次暖通有限公司\n";
    let imports: Vec<String> = (0..readers).map(|_| house.begin("吴淑芬", list.as_bytes())).collect();
    // Pipes in place of the files: whoever opens one waits for what comes through it.
    let folder = house.folder.path().join("imports");
    let pipes: Vec<_> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    for pipe in &pipes {
        std::fs::remove_file(pipe).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    }

    let house = &house;
    std::thread::scope(|scope| {
        for at in &imports {
            scope.spawn(move || house.form("吴淑芬", &format!("{at}/check"), &[]));
        }
        // Opening a pipe for writing ends when somebody has opened it for reading.
        let open = |path| std::fs::File::options().write(true).open(path).unwrap();
        let writers: Vec<_> = pipes.iter().map(open).collect();

        let answer = house.get("王海燕", "/customer?view=*").status;

        for pipe in &pipes {
            std::fs::remove_file(pipe).unwrap();
            std::fs::write(pipe, list).unwrap();
        }
        drop(writers);
        assert_eq!(answer, 200);
    });
    let again = house.form("吴淑芬", &format!("{}/check", imports[0]), &[]).text();
    assert_eq!(figures(&again), [1, 0, 0], "{again}");
}

#[test]
fn an_import_is_its_users_own() {
    let house = Importing(House::new(PEOPLE));
    let at = house.begin("吴淑芬", LIST.as_bytes());
    let doors = ["plan", "check", "decide", "run", "cancel", "drop", "undo"];

    for (who, upload, see) in [("王海燕", 403, 403), ("周会计", 403, 403), ("张国栋", 200, 404)] {
        assert_eq!(house.upload(who, "customer", "a.csv", b"name\nx\n").status, upload, "{who}");
        assert_eq!(house.get(who, "/customer/import").status, upload, "{who}");
        assert_eq!(house.get(who, &at).status, see, "{who}");
        assert_eq!(house.get(who, &format!("{at}/wrong.xlsx")).status, see, "{who}");
        assert_eq!(house.get(who, &format!("{at}/undo")).status, see, "{who}");
        for door in doors {
            let answer = house.form(who, &format!("{at}/{door}"), &[("then", "new"), ("row", "3")]);
            assert_eq!(answer.status, see, "{who} {door}");
        }
    }
    // Another entity's address is no way to it, and nothing of all this changed it.
    assert_eq!(house.get("吴淑芬", &at.replace("customer", "product")).status, 404);
    assert_eq!(house.get("吴淑芬", &at).status, 200);
    assert!(!house.get("王海燕", "/customer?view=*").text().contains("/customer/import"));
    assert_eq!(house.upload("王海燕", "code_entry", "a.csv", b"name\nx\n").status, 404);
    assert!(house.system(|desk| desk.job_of("import-1")).is_none());
}

#[test]
fn an_import_that_began_keeps_its_settings() {
    let house = Importing(House::new(PEOPLE));
    let at = house.begin("吴淑芬", "名称\n廊坊安次暖通有限公司\n".as_bytes());

    house.form("吴淑芬", &format!("{at}/run"), &[("rows", "1")]);
    let plan = house.form("吴淑芬", &format!("{at}/plan"), &[("c0.to", "")]);
    let drop = house.form("吴淑芬", &format!("{at}/drop"), &[]);
    let stop = house.form("吴淑芬", &format!("{at}/cancel"), &[]);
    house.work();
    let page = house.get("吴淑芬", &at).text();

    assert_eq!((plan.status, drop.status, stop.status), (409, 409, 200));
    assert!(page.contains("导入已停止"), "{page}");
    assert_eq!(house.count("name~=廊坊"), 0);
}

#[test]
fn a_file_that_is_no_list_is_refused_with_a_sentence() {
    let house = Importing(House::new(PEOPLE));
    house.change(|desk| {
        let one = [("name", "import_mb"), ("value", "1")];
        desk.create("parameter", &model::Input::from(one)).map(drop)
    });
    let zip = |parts: &[(&str, &[u8])]| {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in parts {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    let bomb = zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.xml", b"<workbook/>"),
        ("xl/worksheets/sheet1.xml", &vec![b' '; 600 << 20]),
    ]);
    let mut encrypted = vec![0_u8; 2048];
    encrypted[..8].copy_from_slice(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]);
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    encrypted[1024..][..name.len()].copy_from_slice(&name);
    let large = vec![b'x'; 2 << 20];

    for (name, bytes, says) in [
        ("a.pdf", b"%PDF-1.7".as_slice(), "不是可以导入的表格"),
        ("a.csv", b"", "没有数据"),
        ("a.xlsx", &bomb, "过大"),
        ("a.xlsx", b"PK\x03\x04 and then nothing", "损坏"),
        ("a.xls", &encrypted, "密码"),
        ("a.csv", &large, "超过 1 MB"),
        ("../../etc/a.html", b"<html><script>", "网页"),
    ] {
        let answer = house.upload("吴淑芬", "customer", name, bytes);

        let status = if bytes.len() == large.len() { 413 } else { 409 };
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert!(answer.text().contains(says), "{name}: {}", answer.text());
    }
    let plain = agent().post(format!("{}/customer/import", house.address)).header("cookie", cookie("吴淑芬"));
    let plain = answer(plain.header("hx-request", "true").send_form([("a", "b")]).unwrap());
    assert_eq!(plain.status, 409);
    // Nothing of them stays.
    assert_eq!(std::fs::read_dir(house.folder.path().join("imports")).unwrap().count(), 0);
    assert!(house.system(|desk| desk.trusted().find::<model::system::ImportBatch>(&[])).is_empty());
}

#[test]
fn hostile_words_of_a_file_and_of_a_form_do_no_harm() {
    let house = Importing(House::new(PEOPLE));
    let list = "名称,<script>alert(1)</script>,\"=cmd|' /C calc'!A0\"\n<img src=x onerror=alert(1)>,\"\"\"><svg/onload=1>\",1\n";
    let at = house.upload("吴淑芬", "customer", "<b>'\"&.csv", list.as_bytes());
    let at = at.header("hx-redirect").to_owned();

    let checked = house.form("吴淑芬", &format!("{at}/check"), &[]).text();
    let first = house.get("吴淑芬", "/customer/import").text();

    for page in [&checked, &first] {
        assert!(!page.contains("<script>alert") && !page.contains("<img src=x") && !page.contains("<svg/"));
        assert!(!page.contains("<b>'"));
    }
    for form in [
        vec![("c0.to", "password")],
        vec![("c0.to", "name"), ("c0.factor", "-1")],
        vec![("c1.to", "credit_limit"), ("c1.factor", "99999999999999999999")],
        vec![("keys", "1"), ("key.core", "1")],
        vec![("add", "nosuch")],
        vec![("sheet", "nosuch")],
        vec![("header", "999999999999")],
        vec![("c999.to", "name")],
    ] {
        let saved = house.form("吴淑芬", &format!("{at}/plan"), &form);
        assert!(matches!(saved.status, 200 | 404 | 409 | 422), "{form:?} {}", saved.status);
        let checked = house.form("吴淑芬", &format!("{at}/check"), &[]);
        assert!(matches!(checked.status, 200 | 409 | 422), "{form:?} {}", checked.status);
    }
    for (path, form) in
        [("decide", [("then", "x"), ("row", "1")]), ("decide", [("then", "new"), ("row", "x")])]
    {
        assert_eq!(house.form("吴淑芬", &format!("{at}/{path}"), &form).status, 422);
    }
    assert_eq!(house.get("吴淑芬", "/customer/import/999").status, 404);
    assert_eq!(house.count("name~=img"), 0);
}

#[test]
fn a_mapping_is_saved_under_a_name_used_again_and_taken_away() {
    let house = Importing(House::new(PEOPLE));
    let sheet = |numbers: [&str; 2]| {
        let rows = numbers.map(|it| format!("{it},2026-03-02,金泰格,铜球阀,2,25\n"));
        format!("单据,哪天,谁,什么,几个,多少钱\n{}", rows.concat())
    };
    let begin = |numbers: [&str; 2]| {
        let answer = house.upload("何振邦", "sale", "销售.csv", sheet(numbers).as_bytes());
        answer.header("hx-redirect").to_owned()
    };
    let columns = [
        ("c0.to", "number"),
        ("c1.to", "date"),
        ("c2.to", "customer.name"),
        ("c3.to", "lines.product.name"),
        ("c4.to", "lines.quantity"),
        ("c5.to", "lines.price"),
        ("document", "1"),
        ("history", "1"),
        ("create.customer", "1"),
        ("create.product", "1"),
    ];
    let goes_to = |page: &str, path: &str| page.contains(&format!("<option value=\"{path}\" selected>"));

    let first = begin(["X1", "X2"]);
    let plan = |form: &[(&str, &str)]| house.form("何振邦", &format!("{first}/plan"), form);
    plan(&columns);
    let nameless = plan(&[("keep", "1"), ("profile_name", " ")]);
    let taken = plan(&[("keep", "1"), ("profile_name", "online-retail")]);
    let kept = plan(&[("keep", "1"), ("profile_name", "老系统销售")]).text();
    let second = begin(["X3", "X4"]);
    let chosen = house.form("何振邦", &format!("{second}/plan"), &[("profile", "老系统销售")]).text();

    assert_eq!((nameless.status, taken.status), (422, 422));
    assert!(goes_to(&kept, "老系统销售"), "{kept}");
    for path in columns[..6].iter().map(|it| it.1) {
        assert!(goes_to(&chosen, path), "{path}");
    }
    assert!(chosen.contains("name=\"create.product\" value=\"1\" checked"));
    house.form("何振邦", &format!("{second}/run"), &[("rows", "2")]);
    house.work();
    assert_eq!(house.system(|desk| desk.count("sale", &Query::parse("imported=true").unwrap())), 2);

    // A file without these columns is told so; a colleague may use it, but not take it away.
    let other = house.upload("何振邦", "sale", "别的.csv", "单据,谁\nX9,金泰格\n".as_bytes());
    let other = format!("{}/plan", other.header("hx-redirect"));
    let unfit = house.form("何振邦", &other, &[("profile", "老系统销售")]);
    assert_eq!(unfit.status, 409);
    let customers = house.begin("吴淑芬", LIST.as_bytes());
    let foreign = house.form("吴淑芬", &format!("{customers}/plan"), &[("forget", "1")]);
    assert_eq!(foreign.status, 404);
    let gone = plan(&[("forget", "1")]).text();
    assert!(!gone.contains("value=\"老系统销售\""));
}
