//! Lists that leave the house: what is in the file is what was on the screen, for those who may, and it is written down.

use std::fs::File;

use model::system::Access;
use model::{Desk, Error, ExportTarget, Input, Lang, Query, Result};
use sheet::columns::{Target, match_headers};
use sheet::read;
use sheet::write::Format;
use tests::served::House;
use tests::{World, code, databases};

/// Texts that spreadsheet programs like to spoil.
const HOSTILE: [&str; 20] = [
    "=cmd|' /C calc'!A0",
    "'=1+1",
    "''=1+1",
    "'单引号",
    "+86 10 6028 4417",
    "-5",
    "@SUM(A1)",
    "＝1+1",
    "他说\"好\",然后;走了",
    "第一行\n第二行",
    "_x0041_ 甲",
    "0012345",
    "6222021001116245702",
    "91110115MA01C8K47X",
    "2026-01-02",
    "TRUE",
    "<script>alert(1)</script> & ]]>",
    "שלום عربي",
    "😀 emoji",
    "%00 100%",
];

const PEOPLE: &[(&str, &str)] = &[
    ("何振邦", "owner"),
    ("张国栋", "sales_manager"),
    ("王海燕", "salesperson"),
    ("周会计", "finance"),
    ("吴淑芬", "information_clerk"),
];

/// The file's rows as text, the header first.
fn rows(bytes: Vec<u8>, name: &str) -> Vec<Vec<String>> {
    let mut reader = read::open(bytes, name).unwrap();
    let texts = |cells: &[read::Cell]| cells.iter().map(|it| it.text.clone()).collect::<Vec<_>>();
    let mut all = vec![texts(&reader.header().cells)];
    all.extend(reader.rows().unwrap().map(|row| texts(&row.unwrap().cells)));
    all
}

fn exported(desk: &mut Desk, entity: &str, query: &str, format: Format) -> Result<Vec<Vec<String>>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let to = ExportTarget { format, file: File::create(&path).unwrap(), folder: folder.path() };
    let about = desk.about(desk.entity(entity)?, None, query);
    let count = desk.export(entity, &Query::parse(query).unwrap(), to, about)?;
    let rows = rows(std::fs::read(&path).unwrap(), &format!("a.{}", format.ending()));
    assert_eq!(rows.len() as i64, count + 1);
    Ok(rows)
}

#[test]
fn what_goes_out_is_what_was_there_whatever_it_looks_like() {
    databases(|db| {
        let world = World::new(db);
        let long = "长".repeat(10_000);
        let ids: Vec<i64> = HOSTILE.iter().map(|_| world.customer("王海燕", "甲")).collect();
        for (id, text) in ids.into_iter().zip(HOSTILE.iter().copied().chain([long.as_str()])) {
            let input = Input::from([("remark", text), ("short_name", text.split('\n').next().unwrap())]);
            world.act("王海燕", move |desk| desk.update("customer", id, None, &input)).unwrap();
        }
        let id = world.customer("王海燕", "乙");
        let input = Input::from([("remark", long.as_str())]);
        world.act("王海燕", move |desk| desk.update("customer", id, None, &input)).unwrap();

        for format in [Format::Xlsx, Format::Csv] {
            let query = "sort=id&columns=name,remark,short_name";
            let rows = world.look("何振邦", |desk| exported(desk, "customer", query, format)).unwrap();

            assert_eq!(rows[0], ["客户名称", "备注", "简称"]);
            for (row, text) in rows[1..].iter().zip(HOSTILE) {
                assert_eq!(row[1], text, "{format:?}");
                assert_eq!(row[2], text.split('\n').next().unwrap(), "{format:?}");
            }
            assert_eq!(rows.last().unwrap()[1], long);
        }
    });
}

#[test]
fn no_cell_of_a_text_file_begins_like_a_formula() {
    databases(|db| {
        let world = World::new(db);
        for text in HOSTILE {
            let input = Input::from([("name", text.split('\n').next().unwrap())]);
            world.act("王海燕", move |desk| desk.create("customer", &input)).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let to = || ExportTarget {
            format: Format::Csv,
            file: File::create(&path).unwrap(),
            folder: folder.path(),
        };

        world
            .look("何振邦", |desk| {
                let about = desk.about(desk.entity("customer")?, None, "");
                desk.export("customer", &Query::parse("columns=name").unwrap(), to(), about)
            })
            .unwrap();

        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with('\u{FEFF}'));
        for line in text.lines() {
            let cell = line.trim_start_matches(['\u{FEFF}', '"']);
            assert!(!cell.starts_with(['=', '+', '-', '@', '＝', '\t', '\r']), "{line}");
        }
    });
}

#[test]
fn an_export_written_back_changes_nothing() {
    databases(|db| {
        let world = World::new(db);
        let parent = world.customer("王海燕", "京华集团");
        world.customer("赵敏", "同名公司");
        let twin = world.customer("王海燕", "同名公司");
        world
            .act("何振邦", |desk| {
                for (code, name, above) in
                    [("320000", "江苏", ""), ("320106", "鼓楼区", "320000"), ("410204", "鼓楼区", "")]
                {
                    let input = [("list", "region"), ("code", code), ("name", name), ("above", above)];
                    desk.create("code_entry", &Input::from(input))?;
                }
                Ok(())
            })
            .unwrap();
        for (name, region, parent) in [("甲", "320106", parent), ("乙", "410204", twin), ("丙", "110115", 0)]
        {
            let id = world.customer("王海燕", name);
            let parent = if parent == 0 { String::new() } else { format!("#{parent}") };
            let input = Input::from([
                ("region", region),
                ("parent", parent.as_str()),
                ("class", "B"),
                ("key", "true"),
                ("tax_number", "91110115MA01C8K47X"),
                ("phone", "010-60284417"),
            ]);
            world.act("王海燕", move |desk| desk.update("customer", id, None, &input)).unwrap();
        }
        world
            .act("何振邦", |desk| {
                let input = Input::from([
                    ("name", "铜球阀"),
                    ("price", "1234567.1234"),
                    ("tax_rate", "13%"),
                    ("unit", "个"),
                ]);
                desk.create("product", &input).map(drop)
            })
            .unwrap();

        for (entity, format, lang) in [
            ("customer", Format::Xlsx, Lang::Zh),
            ("customer", Format::Csv, Lang::En),
            ("product", Format::Xlsx, Lang::Zh),
            ("product", Format::Csv, Lang::Zh),
        ] {
            let mut actor = world.person("何振邦").clone();
            actor.lang = lang;
            let (names, rows, ids) = db
                .read(&actor, |desk| {
                    let def = desk.entity(entity)?;
                    let catalog = desk.catalog().clone();
                    let fields = catalog.fields(def).filter(|it| desk.may_write(def, it));
                    let names: Vec<_> = fields.map(|it| it.name).collect();
                    let query = format!("sort=id&columns={}", names.join(","));
                    let ids = desk.ids(entity, &Query::default(), 0, 100)?;
                    Ok((names, exported(desk, entity, &query, format)?, ids))
                })
                .unwrap();
            assert_eq!(rows.len(), ids.len() + 1);
            for (id, row) in ids.into_iter().zip(&rows[1..]) {
                let input: Input = names.iter().copied().zip(row.iter().map(String::as_str)).collect();
                let before = db.read(&actor, |desk| Ok(desk.get(entity, id)?.record)).unwrap();
                db.write(&actor, move |desk| desk.update(entity, id, None, &input)).unwrap();
                let after = db.read(&actor, |desk| Ok(desk.get(entity, id)?.record)).unwrap();
                assert_eq!(before, after, "{entity} {row:?}");
            }
        }
    });
}

#[test]
fn an_export_shows_no_row_and_no_value_beyond_the_actors_rights() {
    databases(|db| {
        let world = World::new(db);
        world.customer("王海燕", "华北的客户");
        world.customer("李建军", "华东的客户");
        let account = Input::from([("bank_account", "6222021001116245702"), ("bank_name", "工行")]);
        let id = world.customer("赵敏", "有账号的客户");
        world.act("何振邦", move |desk| desk.update("customer", id, None, &account)).unwrap();
        let mut masked = world.person("张国栋").clone();
        let mut rights = (*masked.rights).clone();
        rights.grants.get_mut("customer").unwrap().groups.insert("bank".into(), model::Access::Mask);
        masked.rights = rights.into();
        let mut hidden = masked.clone();
        let mut rights = (*hidden.rights).clone();
        rights.grants.get_mut("customer").unwrap().groups.insert("bank".into(), model::Access::Hide);
        hidden.rights = rights.into();

        let query = "columns=name,bank_account";
        let seen = db.read(&masked, |desk| exported(desk, "customer", query, Format::Xlsx)).unwrap();
        let unseen = db.read(&hidden, |desk| exported(desk, "customer", query, Format::Csv));
        let nobody = world.look("王海燕", |desk| exported(desk, "customer", "", Format::Csv));
        let unknown = world.look("周会计", |desk| exported(desk, "code_entry", "", Format::Csv));

        assert!(!seen.concat().contains(&"华东的客户".to_owned()));
        assert!(!seen.concat().iter().any(|it| it.contains("6222")));
        assert!(seen[1..].iter().all(|row| row[1] == "***"), "{seen:?}");
        assert_eq!(code(unseen), "unknown_field");
        assert_eq!(code(nobody), "forbidden");
        assert_eq!(code(unknown), "not_found");
    });
}

#[test]
fn rows_beyond_one_page_of_reading_come_out_once_and_in_order() {
    databases(|db| {
        let world = World::new(db);
        world
            .act("何振邦", |desk| {
                for n in 0..4_500 {
                    let name = format!("客户{:04}", n % 900);
                    desk.create("customer", &Input::from([("name", name.as_str())]))?;
                }
                Ok(())
            })
            .unwrap();

        let query = "columns=name,number&sort=-name&group=class";
        let rows = world.look("何振邦", |desk| exported(desk, "customer", query, Format::Csv)).unwrap();

        let names: Vec<_> = rows[1..].iter().map(|it| it[0].clone()).collect();
        let numbers: std::collections::BTreeSet<_> = rows[1..].iter().map(|it| &it[1]).collect();
        assert_eq!((rows.len(), numbers.len()), (4_501, 4_500));
        assert!(names.is_sorted_by(|a, b| a >= b));
    });
}

#[test]
fn one_person_takes_no_more_than_the_days_limit_and_is_told_why() {
    databases(|db| {
        let world = World::new(db);
        for n in 0..3 {
            world.customer("王海燕", &format!("客户{n}"));
        }
        db.write(&world.system, |desk| {
            desk.create("parameter", &Input::from([("name", "export_rows"), ("value", "4")])).map(drop)
        })
        .unwrap();
        let export =
            |who: &str| world.look(who, |desk| exported(desk, "customer", "", Format::Csv).map(drop));
        let take = |who: &str| world.act(who, |desk| desk.take("export", "customer", "", 3));

        export("张国栋").unwrap();
        take("张国栋").unwrap();
        let refused = export("张国栋");
        let late = take("张国栋");

        let Err(Error::Refused(refusal)) = refused else { panic!("{refused:?}") };
        assert_eq!(refusal.code, "export_limit");
        assert!(
            refusal.says.of(Lang::Zh).contains("4 行") && refusal.says.of(Lang::Zh).contains("已有 3 行")
        );
        assert_eq!(code(late), "export_limit");
        export("周会计").unwrap();
        (0..3).for_each(|_| take("何振邦").unwrap());
    });
}

#[test]
fn a_list_is_downloaded_as_it_stands() {
    let house = House::new(PEOPLE);

    let path = "/customer/export?class=B&columns=class,name&sort=name&format=csv";
    let csv = house.get("何振邦", path);
    let xlsx = house.get("何振邦", &path.replace("csv", "xlsx"));
    let whole = house.get("何振邦", "/customer/export?view=*&format=csv&whole=1");

    assert_eq!((csv.status, xlsx.status, whole.status), (200, 200, 200));
    let disposition = csv.header("content-disposition");
    assert!(disposition.starts_with("attachment; filename=") && disposition.contains("filename*=UTF-8''%E5"));
    assert_eq!(csv.header("content-length"), csv.bytes.len().to_string());
    assert_eq!(csv.header("cache-control"), "no-store");
    let both = [rows(csv.bytes, "a.csv"), rows(xlsx.bytes.clone(), "a.xlsx")];
    assert_eq!(both[0], both[1]);
    // The name leads, as on the screen; by pinyin, Taiyuan stands before Tangshan.
    assert_eq!(
        both[0].concat(),
        ["客户名称", "等级", "太原晋能环保设备有限公司", "B", "唐山瑞丰建材贸易有限公司", "B"]
    );
    assert!(rows(whole.bytes, "a.csv")[0].len() > 30);
    let mut reader = read::open(xlsx.bytes, "a.xlsx").unwrap();
    reader.select("导出说明").unwrap();
    let mut about = reader.header().cells.iter().map(|it| it.text.clone()).collect::<Vec<_>>();
    about.extend(reader.rows().unwrap().flat_map(|row| row.unwrap().cells).map(|it| it.text));
    let about = about.join(" ");
    for part in ["等级 B", "何振邦", "行数 2", "按客户名称"] {
        assert!(about.contains(part), "{part} {about}");
    }
    let left: Vec<_> =
        std::fs::read_dir(house.folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(left.iter().all(|it| it.to_string_lossy().starts_with("keyuan")), "{left:?}");
}

#[test]
fn a_selection_is_downloaded_alone() {
    let house = House::new(PEOPLE);
    let id = house.system(|desk| Ok(desk.ids("customer", &Query::parse("class=A").unwrap(), 0, 1)?[0]));

    let one = house.get("何振邦", &format!("/customer/export?format=csv&columns=name&ids={id}"));
    let all = house.get("何振邦", "/customer/export?format=csv&columns=name&all=1&class=B");
    let odd = house.get("何振邦", "/customer/export?format=csv&ids=x");
    let list = house.get("何振邦", "/customer?class=B&sort=-name").text();

    assert_eq!(rows(one.bytes, "a.csv").concat(), ["客户名称", "北京金泰格散热器有限公司"]);
    assert_eq!(rows(all.bytes, "a.csv").len(), 3);
    assert_eq!(odd.status, 422);
    assert!(list.contains("/customer/export?class=B&amp;sort=-name&amp;format=xlsx"));
    assert!(list.contains("data-batch-go=\"/customer/export?sort=-name&amp;columns="), "{list}");
}

#[test]
fn whoever_may_not_export_finds_no_way_out() {
    let house = House::new(PEOPLE);

    let list = house.get("王海燕", "/customer?view=*").text();
    let direct = house.get("王海燕", "/customer/export?format=csv");
    let unseen = house.get("周会计", "/code_entry/export?format=csv");
    let unknown = house.get("何振邦", "/nosuch/export");
    let odd = house.get("何振邦", "/customer/export?format=exe");
    let template = house.get("周会计", "/customer/template.xlsx");

    assert!(!list.contains("/customer/export"));
    assert_eq!((direct.status, unseen.status, unknown.status, odd.status), (403, 404, 404, 422));
    assert_eq!(template.status, 403);
    assert!(house.system(|desk| desk.trusted().find::<Access>(&[])).is_empty());
}

#[test]
fn an_export_is_written_down_before_it_is_sent() {
    let house = House::new(PEOPLE);

    house.get("张国栋", "/customer/export?class=B&format=xlsx");

    let seen = house.system(|desk| desk.trusted().find::<Access>(&[]));
    let user = house.system(|desk| {
        Ok(desk.catalog().users.values().find(|it| it.user.name == "张国栋").unwrap().user.id)
    });
    assert_eq!(seen.len(), 1);
    let it = &seen[0];
    assert_eq!(
        (it.kind.as_str(), it.entity.as_str(), it.query.as_str(), it.rows),
        ("export", "customer", "class=B", 2)
    );
    assert_eq!(it.user, Some(user));
}

#[test]
fn reading_far_down_a_list_is_written_down() {
    let house = House::new(PEOPLE);
    house.change(|desk| {
        (0..600).try_for_each(|n| {
            let name = format!("客户{n:04}");
            desk.create("customer", &Input::from([("name", name.as_str())])).map(drop)
        })
    });

    house.get("何振邦", "/customer?view=*&size=500");
    let near = house.system(|desk| desk.trusted().find::<Access>(&[])).len();
    house.get("何振邦", "/customer?view=*&size=500&page=2");
    let far = house.system(|desk| desk.trusted().find::<Access>(&[]));

    assert_eq!((near, far.len()), (0, 1));
    assert_eq!((far[0].kind.as_str(), far[0].rows), ("list", 103));
}

#[test]
fn a_template_has_every_field_that_may_be_imported() {
    let house = House::new(PEOPLE);
    for lang in [Lang::Zh, Lang::En] {
        for entity in ["customer", "contact", "product"] {
            let mut actor = model::Actor::system(model::Door::System, lang);
            actor.lang = lang;
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("t.xlsx");
            let file = File::create(&path).unwrap();

            house.db.read(&actor, |desk| desk.template(entity, file)).unwrap();

            let reader = read::open(std::fs::read(&path).unwrap(), "t.xlsx").unwrap();
            let headers: Vec<_> = reader.header().cells.iter().map(|it| it.text.clone()).collect();
            let fields = house.system(|desk| {
                let def = desk.entity(entity)?;
                let catalog = desk.catalog().clone();
                Ok(catalog.fields(def).filter(|it| desk.may_write(def, it)).collect::<Vec<_>>())
            });
            let aliases: Vec<Vec<&str>> = fields.iter().map(|it| it.alias.split('|').collect()).collect();
            let targets: Vec<Target> = fields
                .iter()
                .zip(&aliases)
                .map(|(it, aliases)| Target { name: it.name, zh: it.label.zh, en: it.label.en, aliases })
                .collect();
            let found = match_headers(&headers, &targets);
            assert_eq!(headers.len(), fields.len());
            for (n, found) in found.iter().enumerate() {
                assert_eq!(found.map(|it| it.target), Some(n), "{} {entity}", headers[n]);
            }
        }
    }
}

#[test]
fn a_template_offers_choices_and_explains_itself() {
    let house = House::new(PEOPLE);

    let template = house.get("吴淑芬", "/customer/template.xlsx");

    assert_eq!(template.status, 200);
    let mut reader = read::open(template.bytes.clone(), "t.xlsx").unwrap();
    assert!(reader.header().cells.iter().any(|it| it.text == "客户名称 *"));
    assert_eq!(reader.rows().unwrap().count(), 0);
    reader.select("填写说明").unwrap();
    let says: String =
        reader.rows().unwrap().flat_map(|row| row.unwrap().cells).map(|it| it.text + "|").collect();
    assert!(says.contains("客户名称|必填|") && says.contains("从下拉列表中选"), "{says}");
    // Credit is set by its own verb only.
    assert!(!says.contains("放账额度"));
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(template.bytes)).unwrap();
    let mut sheet = String::new();
    std::io::Read::read_to_string(&mut zip.by_name("xl/worksheets/sheet1.xml").unwrap(), &mut sheet).unwrap();
    assert!(sheet.contains("dataValidation type=\"list\"") && sheet.contains("'选项'!"), "{sheet}");
}
