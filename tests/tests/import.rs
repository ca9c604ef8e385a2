//! Lists come in: what a row means, what it changes, who may, and what happens when somebody pulls the plug.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use model::import::{self, Column, Counts, Duplicates, Plan, Unknown, Verdict};
use model::system::{Attachment, ImportBatch, Job, JobStatus};
use model::{Desk, Entity, Id, Input, Lang, Moment, Stamp, Value};
use tests::databases;
use tests::importing::{Shop, company, counts, importer, lease_ends, seeded, shared, system};

#[test]
fn northwind_comes_in_whole_and_brings_nothing_new_the_second_time() {
    let Some(file) = shared("northwind/csv/Customers.csv") else { return };
    seeded(|db| {
        let shop = Shop::new(db);

        let first = shop.bring_in(&system(), "Customers.csv", &file);
        let second = shop.bring_in(&system(), "Customers.csv", &file);

        assert_eq!(counts(&first), Counts { rows: 91, new: 91, ..Counts::default() });
        assert_eq!(counts(&second), Counts { rows: 91, same: 91, ..Counts::default() });
        assert_eq!(shop.count("SELECT COUNT(*) FROM customer"), 91);
        assert_eq!(shop.count("SELECT COUNT(*) FROM contact WHERE \"primary\" = 1"), 91);
        assert_eq!(shop.value("Around the Horn", "country"), Value::from("GB"));
        assert_eq!(shop.value("Alfreds Futterkiste", "number"), Value::from("ALFKI"));
    });
}

#[test]
fn of_701_stores_exactly_the_two_pairs_of_equal_names_are_flagged() {
    let Some(file) = shared("adventureworks/csv/Sales.Store.csv") else { return };
    seeded(|db| {
        let shop = Shop::new(db);
        let plan = shop.plan(&system(), "customer", "Store.csv", &file);

        let preview = shop.preview(&system(), &plan);
        let first = shop.run(&system(), &plan);
        let second = shop.foretold(&system(), &plan);

        let near = preview.shown.iter().filter(|it| matches!(it.verdict, Verdict::Near { .. }));
        let titles: Vec<_> = near.map(|it| it.title.as_str()).collect();
        assert_eq!(titles, ["Friendly Bike Shop", "Sports Products Store"]);
        assert_eq!(preview.counts, Counts { rows: 701, new: 701, near: 2, ..Counts::default() });
        assert_eq!(counts(&first), Counts { rows: 701, new: 701, ..Counts::default() });
        assert_eq!(counts(&second), Counts { rows: 701, same: 701, ..Counts::default() });
    });
}

#[test]
fn a_list_comes_in_whatever_its_encoding_and_format() {
    let text = "公司名称,电话\r\n北京金泰格散热器有限公司,010-88888888\r\n厦门曾氏贸易行,0592-1234567\r\n";
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("bom.csv", [b"\xEF\xBB\xBF", text.as_bytes()].concat()),
        ("gb.csv", encoding_rs::GB18030.encode(text).0.into_owned()),
        ("list.xlsx", xlsx(folder.path(), text)),
        ("list.ods", ods(text)),
    ];
    company(|world, shop| {
        for (name, bytes) in &files {
            let batch = shop.bring_in(world.person("吴淑芬"), name, bytes);

            let expected = if name == &"bom.csv" { (2, 0) } else { (0, 2) };
            assert_eq!((batch.created_rows, batch.same_rows), expected, "{name}");
        }
    });
}

fn xlsx(folder: &Path, text: &str) -> Vec<u8> {
    use sheet::write::{About, Column, Form, Format, Value, Writer};
    let path = folder.join("made.xlsx");
    let mut lines = text.lines().map(|line| line.split(','));
    let column = |it: &str| Column { title: it.to_owned(), form: Form::Text };
    let columns: Vec<_> = lines.next().unwrap().map(column).collect();
    let file = std::fs::File::create(&path).unwrap();
    let about = About { title: "客户".into(), sheet: "说明".into(), ..About::default() };
    let mut writer = Writer::new(Format::Xlsx, file, folder, &about, &columns).unwrap();
    for line in lines {
        line.for_each(|cell| writer.cell(Value::Text(cell)).unwrap());
        writer.end_row().unwrap();
    }
    writer.finish(&about).unwrap();
    std::fs::read(path).unwrap()
}

fn ods(text: &str) -> Vec<u8> {
    use std::io::Write;
    let cell = |it: &str| {
        format!("<table:table-cell office:value-type=\"string\"><text:p>{it}</text:p></table:table-cell>")
    };
    let row = |line: &str| {
        format!("<table:table-row>{}</table:table-row>", line.split(',').map(cell).collect::<String>())
    };
    let rows: String = text.lines().map(row).collect();
    let content = format!(
        "<?xml version=\"1.0\"?><office:document-content \
         xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
         xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\"><office:body><office:spreadsheet>\
         <table:table table:name=\"客户\">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    );
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let parts = [("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", &content)];
    for (name, part) in parts {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(part.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_row_finds_its_record_by_key_changes_what_it_says_and_leaves_the_rest() {
    company(|world, shop| {
        let clerk = world.person("吴淑芬");
        shop.bring_in(
            clerk,
            "one.csv",
            "编号,公司名称,电话,备注\nK1,甲公司,010-1111111,老客户\nK2,乙公司,,\n",
        );

        let batch =
            shop.bring_in(clerk, "two.csv", "编号,公司名称,电话,备注\nK1,甲公司,010-2222222,\nK2,乙公司,,\n");

        assert_eq!((batch.updated_rows, batch.same_rows, batch.created_rows), (1, 1, 0));
        assert_eq!(shop.value("甲公司", "phone"), Value::from("010-2222222"));
        assert_eq!(shop.value("甲公司", "remark"), Value::from("老客户"));
        let history = world.look("吴淑芬", |desk| desk.history("customer", 1)).unwrap();
        assert_eq!(history[0].kind, "import");
        assert_eq!(history[0].changes[0].old, Value::from("010-1111111"));
    });
}

#[test]
fn a_key_is_compared_as_it_is_kept_not_as_it_is_written() {
    company(|world, shop| {
        let clerk = world.person("吴淑芬");
        shop.bring_in(clerk, "one.csv", "公司名称,税号\n甲公司,91350100M000100Y43\n");
        let mut plan = shop.plan(
            clerk,
            "customer",
            "two.csv",
            "公司名称,税号,电话\n甲公司（新）,91350100m000100y43,010-1\n",
        );
        plan.keys = vec!["tax_number".into()];

        let batch = shop.foretold(clerk, &plan);

        assert_eq!((batch.updated_rows, batch.created_rows), (1, 0));
    });
}

#[test]
fn near_duplicates_become_new_are_skipped_or_change_what_they_resemble() {
    company(|world, shop| {
        let clerk = world.person("吴淑芬");
        shop.bring_in(clerk, "old.csv", "公司名称\n北京金泰格散热器有限公司\n北京朗润装饰有限公司\n");
        let file = "公司名称,备注\n金泰格散热器厂,一\n朗润装饰,二\n唐山瑞丰建材,三\n";
        let mut plan = shop.plan(clerk, "customer", "new.csv", file);

        let asked = shop.preview(clerk, &plan);
        plan.duplicates = Duplicates::Update;
        plan.decisions.insert(3, Duplicates::Skip);
        let batch = shop.foretold(clerk, &plan);

        assert_eq!(asked.counts, Counts { rows: 3, new: 3, near: 2, ..Counts::default() });
        let Verdict::Near { alike, .. } = &asked.shown[0].verdict else { panic!("a near duplicate") };
        assert_eq!(
            (alike[0].id, alike[0].title.as_str(), alike[0].field),
            (1, "北京金泰格散热器有限公司", "name")
        );
        assert_eq!((batch.created_rows, batch.updated_rows, batch.skipped_rows), (1, 1, 1));
        assert_eq!(shop.value("金泰格散热器厂", "remark"), Value::from("一"));
        assert_eq!(shop.value("北京朗润装饰有限公司", "remark"), Value::Null);
    });
}

#[test]
fn the_same_key_twice_in_a_file_is_refused_the_second_time() {
    company(|world, shop| {
        let clerk = world.person("吴淑芬");

        let batch = shop.bring_in(clerk, "twice.csv", "编号,公司名称\nK1,甲公司\nK2,乙公司\nk1,丙公司\n");

        assert_eq!((batch.created_rows, batch.refused_rows), (2, 1));
        assert_eq!(shop.wrong(batch.id.0), [(4, "编号：第 2 行已有相同的值".to_owned())]);
    });
}

#[test]
fn a_salesperson_can_neither_change_nor_learn_of_foreign_customers() {
    company(|world, shop| {
        world.customer("赵敏", "北京金泰格散热器有限公司");
        let secret = world.customer("赵敏", "唐山瑞丰建材有限公司");
        world
            .act("吴淑芬", move |desk| {
                desk.update("customer", secret, None, &Input::from([("tax_number", "91350100M000100Y43")]))
            })
            .unwrap();
        let actor = importer(world, "王海燕");
        let file = "公司名称,税号,备注\n金泰格散热器厂,,一\n别的公司,91350100M000100Y43,二\n";
        let mut plan = shop.plan(&actor, "customer", "list.csv", file);
        plan.keys = vec!["tax_number".into(), "name".into()];
        plan.duplicates = Duplicates::Update;

        let preview = shop.preview(&actor, &plan);
        let batch = shop.run(&actor, &plan);

        assert!(preview.shown.iter().all(|it| matches!(it.verdict, Verdict::New(_))));
        assert_eq!(counts(&batch), Counts { rows: 2, new: 2, ..Counts::default() });
        assert_eq!(shop.value("唐山瑞丰建材有限公司", "remark"), Value::Null);
        assert_eq!(world.titles("赵敏", "owner=me").len(), 2);
    });
}

#[test]
fn a_row_may_not_be_planted_in_anothers_hands() {
    company(|world, shop| {
        let actor = importer(world, "王海燕");

        let batch = shop.run(
            &actor,
            &shop.plan(&actor, "customer", "list.csv", "公司名称,业务员\n甲公司,李建军\n乙公司,王海燕\n"),
        );

        assert_eq!((batch.created_rows, batch.refused_rows), (1, 1));
        assert_eq!(shop.count("SELECT COUNT(*) FROM customer"), 1);
    });
}

#[test]
fn who_may_not_import_imports_nothing() {
    company(|world, shop| {
        let path = shop.house.uploads().join("list.csv");
        std::fs::write(&path, "公司名称\n甲公司\n").unwrap();
        let plan = Plan { entity: "customer".into(), source: "list.csv".into(), ..Plan::default() };
        let mut reader = import::open(path.as_path(), "list.csv", &plan).unwrap();

        let proposed =
            world.look("赵敏", |desk| desk.plan_for(desk.entity("customer")?, &mut reader).map(drop));
        let previewed =
            world.look("赵敏", |desk| desk.preview(&plan, &mut reader, &shop.house.data, 1).map(drop));
        let started = shop.start(world.person("赵敏"), &plan).map(drop);

        for result in [proposed, previewed, started] {
            assert_eq!(tests::code(result), "forbidden");
        }
    });
}

#[test]
fn a_right_that_was_taken_away_meanwhile_stops_the_job() {
    company(|world, shop| {
        let clerk = world.person("吴淑芬");
        let plan = shop.plan(clerk, "customer", "list.csv", "公司名称\n甲公司\n");
        let (_, job) = shop.start(clerk, &plan).unwrap();
        let user = clerk.user;
        let take = move |desk: &mut Desk| {
            let given = desk.trusted().find::<model::system::UserRole>(&[("user", user.into())])?;
            given.into_iter().try_for_each(|it| desk.trusted().delete(it))
        };
        world.db.write(&system(), take).unwrap();

        shop.house.run_one(Some(job), &|| false, &|_, _| {}).unwrap();

        assert_eq!(shop.job(job).status, JobStatus::Failed);
        assert_eq!(shop.count("SELECT COUNT(*) FROM customer"), 0);
    });
}

#[test]
fn what_only_a_verb_may_write_is_refused_where_it_would_change_something() {
    company(|world, shop| {
        let clerk = world.person("吴淑芬");
        let mut plan =
            shop.plan(clerk, "customer", "list.csv", "公司名称,放账额度(万)\n甲公司,50\n乙公司,0\n丙公司,\n");
        assert_eq!((plan.columns[1].to.as_str(), plan.columns[1].factor), ("credit_limit", 10_000));

        let batch = shop.foretold(clerk, &plan);
        plan.columns[1].to = "credit_days".into();

        assert_eq!((batch.created_rows, batch.refused_rows), (2, 1));
        assert_eq!(shop.wrong(batch.id.0), [(2, "放账额度：这个字段不能在这里改".to_owned())]);
    });
}

#[test]
fn what_the_importer_may_not_read_can_not_be_guessed_through_a_file() {
    company(|world, shop| {
        let actor = importer(world, "王海燕");
        world.customer("王海燕", "甲公司");
        let places = world.db.read(&actor, |desk| desk.places(desk.entity("customer")?)).unwrap();
        let hidden: Vec<_> = places
            .iter()
            .filter(|it| {
                it.field.group.is_some_and(|group| {
                    let grant = &actor.rights.grants["customer"];
                    grant.groups.get(group).copied().unwrap_or_default() <= model::Access::Mask
                })
            })
            .collect();

        for place in hidden {
            let mut plan = shop.plan(&actor, "customer", "list.csv", "公司名称,值\n甲公司,0\n");
            plan.columns[1].to = place.path();
            plan.keys = vec!["name".into()];
            let counts = shop.preview(&actor, &plan).counts;
            assert_eq!(counts.refused, 1, "{}", place.path());
        }
    });
}

#[test]
fn damaged_numbers_are_refused_and_come_back_with_the_reason_in_the_last_column() {
    company(|world, shop| {
        let clerk = world.person("吴淑芬");

        let batch = shop.bring_in(
            clerk,
            "list.csv",
            "公司名称,税号\n甲公司,9.15E+17\n乙公司,91350100M000100Y43\n,\"=1+1\"\n",
        );

        assert_eq!((batch.created_rows, batch.refused_rows), (1, 2));
        let path = shop.house.data.join("wrong.csv");
        let file = std::fs::File::create(&path).unwrap();
        let folder = shop.house.data.clone();
        world
            .look("吴淑芬", |desk| desk.wrong_file(batch.id.0, sheet::write::Format::Csv, file, &folder))
            .unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<_> = text.trim_start_matches('\u{FEFF}').lines().collect();
        assert_eq!(lines[0], "公司名称,税号,原因");
        assert!(lines[1].starts_with("甲公司,9.15E+17,税号：长号码被 Excel 改成了数值"), "{}", lines[1]);
        assert!(lines[2].contains("必须填写"), "{}", lines[2]);
        assert!(lines[2].contains("'=1+1"), "{}", lines[2]);
    });
}

#[test]
fn regions_are_known_as_people_write_them() {
    seeded(|db| {
        let shop = Shop::new(db);
        let known = [
            ("北京大兴", "110115"),
            ("天津市滨海新区", "120116"),
            ("河北省石家庄市长安区", "130102"),
            ("河北 长安区", "130102"),
            ("江苏-苏州-昆山", "320583"),
            ("济南历城", "370112"),
            ("上海市市辖区浦东新区", "310115"),
            ("吉林", "220000"),
            ("吉林市", "220200"),
            ("130100", "130100"),
            ("Kunshan", "320583"),
            ("延边", "222400"),
        ];
        let rows: String = known.iter().map(|it| format!("{}公司,{}\n", it.0, it.0)).collect();
        let file = format!("公司名称,地区\n{rows}朝阳公司,朝阳区\n火星公司,火星\n");

        let preview = shop.preview(&system(), &shop.plan(&system(), "customer", "list.csv", file));

        for (row, (text, code)) in preview.shown.iter().zip(known) {
            let region = row.values.iter().find(|it| it.0.field.name == "region");
            assert_eq!(region.map(|it| it.1.text()), Some(code), "{text}");
        }
        let codes: Vec<_> = preview
            .shown
            .iter()
            .filter_map(|it| match &it.verdict {
                Verdict::Refused(faults) => Some(faults[0].code),
                _ => None,
            })
            .collect();
        assert_eq!(codes, ["code_unclear", "unknown_code"]);
    });
}

#[test]
fn columns_go_to_contacts_and_custom_fields_and_texts_stand_for_codes() {
    company(|world, shop| {
        let input = [("entity", "customer"), ("field", "floor"), ("name", "楼层"), ("kind", "int")];
        world.db.write(&system(), move |desk| desk.create("custom_field", &Input::from(input))).unwrap();
        let clerk = world.person("吴淑芬");
        let file = "公司名称,联系人,手机,座机,楼层,客户等级,业务员\n\
                    甲公司,刘建平,13810926621,010-60284417,3,重点,王海燕\n\
                    乙公司,郭振海,,,,零散,\n\
                    丙公司,,,,,空白,老刘\n";
        let mut plan = shop.plan(clerk, "customer", "list.csv", file);
        let to: Vec<_> = plan.columns.iter().map(|it| it.to.as_str()).collect();
        assert_eq!(to, ["name", "contact.name", "phone", "contact.phone", "x_floor", "class", "owner"]);
        plan.columns[2].to = "contact.mobile".into();
        plan.columns[3].to = "phone".into();
        plan.columns[5].values =
            [("重点", "A"), ("零散", "C"), ("空白", "")].map(|it| (it.0.into(), it.1.into())).into();
        plan.columns[6].unknown = Unknown::Empty;
        plan.defaults.insert("remark".into(), "2026年秋".into());

        let batch = shop.foretold(clerk, &plan);
        let again = shop.foretold(clerk, &plan);

        assert_eq!((batch.created_rows, again.same_rows), (3, 3));
        assert_eq!(shop.value("甲公司", "class"), Value::from("A"));
        assert_eq!(shop.value("丙公司", "class"), Value::from("C"));
        assert_eq!(shop.value("甲公司", "custom"), Value::from("{\"x_floor\":3}"));
        assert_eq!(shop.value("甲公司", "owner"), Value::Int(world.person("王海燕").user));
        assert_eq!(shop.value("乙公司", "remark"), Value::from("2026年秋"));
        assert_eq!(
            shop.count("SELECT COUNT(*) FROM contact WHERE mobile = '13810926621' AND \"primary\" = 1"),
            1
        );
        assert_eq!(shop.count("SELECT COUNT(*) FROM contact"), 2);
    });
}

#[test]
fn unknown_codes_are_created_where_the_plan_says_so() {
    company(|world, shop| {
        let boss = world.person("何振邦");
        let mut plan =
            shop.plan(boss, "customer", "list.csv", "公司名称,来源\n甲公司,展会\n乙公司,展会\n丙公司,网络\n");

        let refused = shop.preview(boss, &plan).counts.refused;
        plan.columns[1].unknown = Unknown::Create;
        let batch = shop.foretold(boss, &plan);

        assert_eq!((refused, batch.created_rows), (3, 3));
        assert_eq!(shop.count("SELECT COUNT(*) FROM code_entry WHERE list = 'source'"), 2);
        assert_eq!(shop.value("乙公司", "source"), shop.value("甲公司", "source"));
    });
}

#[test]
fn headers_are_remembered_with_where_they_went() {
    company(|world, shop| {
        let clerk = world.person("吴淑芬");
        let file = "单位,说辞\n甲公司,好\n";
        let mut plan = shop.plan(clerk, "customer", "list.csv", file);
        assert_eq!(plan.columns.iter().map(|it| it.to.as_str()).collect::<Vec<_>>(), ["", ""]);
        plan.columns[0].to = "name".into();
        plan.columns[1].to = "remark".into();
        shop.run(clerk, &plan);

        let again = shop.plan(clerk, "customer", "list2.csv", file);

        let column = |it: &Column| it.to.clone();
        assert_eq!(again.columns.iter().map(column).collect::<Vec<_>>(), ["name", "remark"]);
    });
}

#[test]
fn of_a_colleagues_import_only_the_columns_are_proposed() {
    company(|world, shop| {
        let (clerk, file) = (world.person("吴淑芬"), "谁,几级,银行\n甲公司,乙,某行\n");
        let mut plan = shop.plan(clerk, "customer", "list.csv", file);
        for (column, to) in plan.columns.iter_mut().zip(["name", "class", "bank_name"]) {
            column.to = to.into();
        }
        plan.columns[1].values.insert("乙".into(), "B".into());
        plan.defaults.insert("bank_account".into(), "6222020200".into());
        shop.run(clerk, &plan);

        let own = shop.plan(clerk, "customer", "list2.csv", file);
        let other = shop.plan(&importer(world, "王海燕"), "customer", "list3.csv", file);

        assert_eq!((own.defaults.len(), own.columns[1].values.len()), (1, 1));
        assert_eq!((other.columns[0].to.as_str(), other.columns[1].to.as_str()), ("name", "class"));
        assert!(
            other.defaults.is_empty() && other.columns.iter().all(|it| it.values.is_empty()),
            "{other:?}"
        );
    });
}

#[test]
fn a_colleagues_import_is_taken_back_only_by_who_may_delete() {
    company(|world, shop| {
        let file = "公司名称\n甲公司\n乙公司\n";
        let mine = importer(world, "王海燕");
        let plan = shop.plan(&mine, "customer", "list.csv", file);
        let batch = shop.run(&mine, &plan);
        let (id, name) = (batch.id.0, import::Run::name(batch.id.0));
        let made = shop.value("甲公司", "id").int();
        let event = world.look("张国栋", move |desk| desk.history("customer", made)).unwrap()[0].id;

        // The manager sees these customers and may import, but not delete.
        let one = world.act("张国栋", move |desk| desk.undo(event));
        let all = world.act("张国栋", move |desk| desk.undo_import(id));
        let (done, _, refused) = world
            .act("张国栋", move |desk| desk.undo_some(&name, i64::MAX, 10, Duration::from_secs(9)))
            .unwrap();

        assert_eq!((tests::code(one), tests::code(all)), ("forbidden", "not_found"));
        assert_eq!((done, refused.len()), (0, 2));
        assert!(refused.iter().all(|it| it.code() == "forbidden"));
        let job = world.db.write(&mine, move |desk| desk.undo_import(id)).unwrap();
        shop.house.run_one(Some(job), &|| false, &|_, _| {}).unwrap();
        assert_eq!(shop.count("SELECT COUNT(*) FROM customer"), 0);
    });
}

#[test]
fn a_preview_writes_nothing() {
    company(|world, shop| {
        let boss = world.person("何振邦");
        let mut plan = shop.plan(boss, "customer", "list.csv", "公司名称,来源,联系人\n甲公司,展会,刘建平\n");
        plan.columns[1].unknown = Unknown::Create;

        let before = shop.count("SELECT COUNT(*) FROM event");
        let preview = shop.preview(boss, &plan);

        assert_eq!(preview.counts.new, 1);
        assert_eq!(shop.count("SELECT COUNT(*) FROM event"), before);
        assert_eq!(shop.count("SELECT COUNT(*) FROM customer"), 0);
        assert_eq!(shop.count("SELECT COUNT(*) FROM code_entry WHERE list = 'source'"), 0);
    });
}

#[test]
fn an_import_is_undone_whole_but_for_what_was_built_on_it() {
    company(|world, shop| {
        let clerk = world.person("张国栋");
        world.customer("王海燕", "旧公司");
        let mut plan = shop.plan(
            clerk,
            "customer",
            "list.csv",
            "公司名称,备注,联系人\n旧公司,新备注,\n甲公司,,刘建平\n乙公司,,郭振海\n",
        );
        plan.keys = vec!["name".into()];
        let batch = shop.foretold(clerk, &plan);
        let built = shop.value("乙公司", "id").int();
        world
            .act("张国栋", move |desk| {
                desk.update("customer", built, None, &Input::from([("remark", "改过")]))
            })
            .unwrap();

        let job = world.db.write(clerk, move |desk| desk.undo_import(batch.id.0)).unwrap();
        shop.house.run_one(Some(job), &|| false, &|_, _| {}).unwrap();

        let job = shop.job(job);
        assert_eq!(job.status, JobStatus::Done, "{}", job.result);
        assert!(job.says(Lang::Zh).contains("1 项不能撤销"), "{}", job.result);
        // Whoever reads it in another language finds it in that.
        let said = job.says(Lang::En);
        assert!(said.contains("1 could not be: ") && said.is_ascii(), "{said}");
        assert!(shop.batch(batch.id.0).undone);
        assert_eq!(shop.value("旧公司", "remark"), Value::Null);
        let mut left = world.titles("何振邦", "");
        left.sort();
        assert_eq!(left, ["乙公司", "旧公司"]);
    });
}

/// So many customers, none like another.
fn long_list(rows: usize) -> String {
    let rows: String = (0..rows).map(|n| format!("K{n:05},客户{n:05}号,1380000{n:04}\n")).collect();
    format!("编号,公司名称,电话\n{rows}")
}

#[test]
fn an_import_counts_the_rows_that_were_checked_and_says_so_in_groups_of_three() {
    company(|world, shop| {
        let clerk = world.person("吴淑芬");
        let plan = shop.plan(clerk, "customer", "list.csv", long_list(1_200).replace('\n', "\n,,\n"));
        let rows = shop.preview(clerk, &plan).counts.rows;

        let run = |rows: i64| {
            let (_, job) = shop.start_of(clerk, &plan, rows).unwrap();
            shop.house.run_one(Some(job), &|| false, &|_, _| {}).unwrap();
            shop.job(job)
        };
        let (told, guessed) = (run(rows), run(0));

        assert_eq!((rows, told.total, told.done), (1_200, 1_200, 1_200));
        assert!(guessed.total > 1_200, "{}", guessed.total);
        assert!(told.result.contains("新建 1,200，更新 0"), "{}", told.result);
    });
}

#[test]
fn a_cancelled_import_ends_between_two_pieces() {
    company(|world, shop| {
        let clerk = world.person("吴淑芬");
        let plan = shop.plan(clerk, "customer", "list.csv", long_list(2_500));
        let (batch, job) = shop.start(clerk, &plan).unwrap();

        let cancel = |_: &Job, _: &import::Piece| {
            world.db.write(clerk, move |desk| desk.cancel_job(job)).unwrap();
        };
        shop.house.run_one(Some(job), &|| false, &cancel).unwrap();

        let (batch, job) = (shop.batch(batch), shop.job(job));
        assert_eq!(job.status, JobStatus::Cancelled);
        assert!(batch.created_rows > 0 && batch.created_rows < 2_500, "{}", batch.created_rows);
        assert_eq!(batch.created_rows, job.done);
        assert_eq!(shop.count("SELECT COUNT(*) FROM customer"), job.done);
    });
}

#[test]
fn an_import_cut_off_goes_on_from_its_last_piece() {
    company(|world, shop| {
        let clerk = world.person("吴淑芬");
        let mut list = long_list(1_500);
        list.push_str("K00003,又来一次,\n");
        let plan = shop.plan(clerk, "customer", "list.csv", list);
        let (batch, job) = shop.start(clerk, &plan).unwrap();

        // The runner dies after its second piece, with the job in its hands.
        let pieces = AtomicUsize::new(0);
        let die = |_: &Job, _: &import::Piece| {
            assert!(pieces.fetch_add(1, Ordering::Relaxed) < 1, "the plug was pulled");
        };
        let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            shop.house.run_one(Some(job), &|| false, &die)
        }));
        assert!(died.is_err());
        let held = shop.house.run_one(None, &|| false, &|_, _| {}).unwrap();
        assert!(!held, "the job is still the dead runner's");
        let so_far = shop.job(job).done;
        lease_ends(world.db, job);
        assert!(shop.house.run_one(None, &|| false, &|_, _| {}).unwrap());

        assert!(so_far > 0 && so_far < 1_501, "{so_far}");
        let (batch, job) = (shop.batch(batch), shop.job(job));
        assert_eq!((job.status, job.done), (JobStatus::Done, 1_501));
        assert_eq!((batch.created_rows, batch.refused_rows), (1_500, 1));
        assert_eq!(shop.count("SELECT COUNT(*) FROM customer"), 1_500);
        assert_eq!(
            shop.count("SELECT COUNT(*) FROM event WHERE entity = 'customer' AND kind = 'import'"),
            1_500
        );
        assert_eq!(shop.wrong(batch.id.0), [(1_502, "编号：第 5 行已有相同的值".to_owned())]);
    });
}

#[test]
fn two_runners_never_do_the_same_job() {
    company(|world, shop| {
        let clerk = world.person("吴淑芬");
        for n in 0..6 {
            let name = format!("list{n}.csv");
            let plan = shop.plan(clerk, "customer", &name, format!("编号,公司名称\nK{n},第{n}家公司\n"));
            shop.start(clerk, &plan).unwrap();
        }

        let done: usize = std::thread::scope(|scope| {
            let run = || {
                // A rival may have taken the one that was looked at; then there is another look.
                let mut done = 0;
                while world.db.read(&system(), |desk| desk.any_job(&["import"])).unwrap() {
                    done += usize::from(shop.house.run_one(None, &|| false, &|_, _| {}).unwrap());
                }
                done
            };
            let hands: Vec<_> = (0..3).map(|_| scope.spawn(run)).collect();
            hands.into_iter().map(|it| it.join().unwrap()).sum()
        });

        assert_eq!(done, 6);
        assert_eq!(shop.count("SELECT COUNT(*) FROM customer"), 6);
        assert_eq!(shop.count("SELECT COUNT(*) FROM job WHERE status = 'done'"), 6);
    });
}

#[test]
fn the_same_request_makes_one_job() {
    databases(|db| {
        let queue = |desk: &mut Desk| desk.queue("housekeeping", &serde_json::json!({}), 0, Some("today"));

        let (one, two) = (db.write(&system(), queue).unwrap(), db.write(&system(), queue).unwrap());

        assert_eq!(one, two);
    });
}

#[test]
fn a_job_that_only_ever_dies_is_given_up() {
    databases(|db| {
        let shop = Shop::new(db);
        let queue = |desk: &mut Desk| desk.queue("housekeeping", &serde_json::json!({}), 0, None);
        let job = db.write(&system(), queue).unwrap();
        for _ in 0..model::job::TRIES {
            let claim = move |desk: &mut Desk| desk.claim_job(Some(job), &["housekeeping"], Moment::now());
            assert!(db.write(&system(), claim).unwrap().is_some());
            lease_ends(db, job);
        }

        shop.house.run_one(None, &|| false, &|_, _| {}).unwrap();

        assert_eq!(shop.job(job).status, JobStatus::Failed);
    });
}

#[test]
fn a_backup_that_fails_is_told_to_administrators_until_one_succeeds() {
    databases(|db| {
        let shop = Shop::new(db);
        let backup = || {
            let queue = |desk: &mut Desk| desk.queue("daily_backup", &serde_json::json!({}), 0, None);
            let job = db.write(&system(), queue).unwrap();
            shop.house.run_one(Some(job), &|| false, &|_, _| {}).unwrap();
            db.read(&system(), |desk| desk.backups()).unwrap()
        };
        let folder = shop.house.data.join("backups");

        std::fs::write(&folder, "in the way").unwrap();
        let failed = backup();
        std::fs::remove_file(&folder).unwrap();
        let made = backup();

        assert!(failed.last.is_none() && failed.failed.is_some());
        let (_, file) = made.last.unwrap();
        assert!(made.failed.is_none() && folder.join(file).exists());
    });
}

/// Lets a file seem to have been written a month ago.
fn age(path: &Path) {
    let month = std::time::SystemTime::now() - Duration::from_secs(30 * 24 * 3600);
    std::fs::File::options().write(true).open(path).unwrap().set_modified(month).unwrap();
}

#[test]
fn a_file_goes_when_the_last_attachment_that_names_it_is_gone() {
    company(|world, shop| {
        let folder = shop.house.data.join("files");
        let keep = |text: &str| store::files::put(&folder, &mut text.as_bytes()).unwrap().0;
        let (shared, left, fresh) = (keep("合同"), keep("草稿"), keep("刚刚上传"));
        let at = |hash: &str| store::files::path(&folder, hash);
        let part = folder.join("1_2.part");
        std::fs::write(&part, "x").unwrap();
        for path in [&at(&shared), &at(&left), &part] {
            age(path);
        }
        let customer = world.customer("王海燕", "甲公司");
        let hang = |hash: &str| {
            let hash = hash.to_owned();
            let hung = world.act("王海燕", move |desk| {
                let mut file = Attachment {
                    id: Id::NEW,
                    entity: "customer".into(),
                    record: customer,
                    name: "a.pdf".into(),
                    hash: hash.clone(),
                    size: 6,
                    mime: "application/pdf".into(),
                    stamp: Stamp::default(),
                };
                desk.trusted().save(&mut file)
            });
            hung.unwrap().0
        };
        let both = [hang(&shared), hang(&shared)];
        let there = || [&shared, &left, &fresh].map(|it| at(it).exists());
        let clear = || {
            let queue = |desk: &mut Desk| desk.queue("housekeeping", &serde_json::json!({}), 0, None);
            let job = world.db.write(&system(), queue).unwrap();
            shop.house.run_one(Some(job), &|| false, &|_, _| {}).unwrap();
            assert_eq!(shop.job(job).status, JobStatus::Done, "{}", shop.job(job).result);
        };

        clear();
        assert_eq!(there(), [true, false, true]);
        assert!(!part.exists());
        world.act("王海燕", move |desk| desk.delete("attachment", both[0], None)).unwrap();
        clear();
        assert_eq!(there(), [true, false, true]);
        world.act("王海燕", move |desk| desk.delete("attachment", both[1], None)).unwrap();
        // Somebody keeps the same content in the very moment in which it goes.
        let again = || Ok(keep("合同") == shared);
        assert_eq!(store::files::remove(&folder, &shared, Duration::from_secs(60), again), Ok(true));
        assert_eq!(there(), [true, false, true]);
        age(&at(&shared));
        clear();
        assert_eq!(there(), [false, false, true]);
    });
}

#[test]
fn an_answer_kept_for_a_repeated_request_is_forgotten_after_a_week() {
    company(|world, shop| {
        let ids = world
            .act("王海燕", |desk| {
                let mut ids = Vec::new();
                for (kind, n) in [("request", 0), ("request", 1), ("backup", 2)] {
                    let id = desk.queue(kind, &serde_json::json!({}), 0, Some(&format!("api:{n}")))?;
                    let days = if n == 1 { 6 } else { 8 };
                    let then = desk.now() - Duration::from_secs(days * 24 * 3600);
                    let done = Value::from("done");
                    desk.trusted().touch::<Job>(Id::of(id), "status", done)?;
                    desk.trusted().touch::<Job>(Id::of(id), "created", Value::from(&then))?;
                    ids.push(id);
                }
                Ok(ids)
            })
            .unwrap();
        let queue = |desk: &mut Desk| desk.queue("housekeeping", &serde_json::json!({}), 0, None);
        let job = world.db.write(&system(), queue).unwrap();

        shop.house.run_one(Some(job), &|| false, &|_, _| {}).unwrap();

        let there = |id: i64| shop.count(&format!("SELECT COUNT(*) FROM job WHERE id = {id}"));
        assert_eq!(ids.iter().map(|id| there(*id)).collect::<Vec<_>>(), [0, 1, 1]);
    });
}

#[test]
fn an_undoing_that_was_cancelled_or_failed_goes_on_from_where_it_stood() {
    company(|world, shop| {
        let clerk = world.person("吴淑芬");
        let plan = shop.plan(clerk, "customer", "list.csv", long_list(1_200));
        let batch = shop.run(clerk, &plan).id.0;
        let undo = || world.db.write(clerk, move |desk| desk.undo_import(batch)).unwrap();
        let steps = AtomicUsize::new(0);
        let after_one = || steps.fetch_add(1, Ordering::Relaxed) > 0;

        let first = undo();
        assert_eq!(undo(), first, "it is under way");
        shop.house.run_one(Some(first), &after_one, &|_, _| {}).unwrap();
        let done = shop.job(first).done;
        world.db.write(clerk, move |desk| desk.cancel_job(first)).unwrap();
        let second = undo();
        let job = shop.job(second);
        let failed = model::Text::new("磁盘满", "Disk full");
        world.db.write(&system(), move |desk| desk.end_job(&job, JobStatus::Failed, &failed)).unwrap();
        let third = undo();
        while shop.house.run_one(Some(third), &|| false, &|_, _| {}).unwrap() {}

        assert!(done > 0 && done < 1_200 && second != first && third != second, "{done}");
        let job = shop.job(third);
        assert_eq!((job.status, job.done), (JobStatus::Done, 1_200), "{}", job.result);
        assert_eq!(job.says(Lang::Zh), "已撤销 1,200 项", "nothing was tried twice");
        assert_eq!(shop.count("SELECT COUNT(*) FROM customer"), 0);
        assert!(shop.batch(batch).undone);
        assert_eq!(undo(), third, "what is undone is undone once");
    });
}

#[test]
fn old_uploads_and_sessions_are_cleared_away() {
    databases(|db| {
        let shop = Shop::new(db);
        let (old, new) = (shop.house.uploads().join("old.csv"), shop.house.uploads().join("new.csv"));
        for path in [&old, &new] {
            std::fs::write(path, "x").unwrap();
        }
        age(&old);
        let queue = |desk: &mut Desk| desk.queue("housekeeping", &serde_json::json!({}), 0, None);
        let job = db.write(&system(), queue).unwrap();

        shop.house.run_one(Some(job), &|| false, &|_, _| {}).unwrap();

        assert_eq!(shop.job(job).status, JobStatus::Done);
        assert!(!old.exists() && new.exists());
    });
}

#[test]
fn hostile_files_are_answered_clearly() {
    company(|world, shop| {
        let clerk = world.person("吴淑芬");
        let long = "长".repeat(10_000);
        let wide: String = (0..200).map(|n| format!("列{n},")).collect();
        let file = format!(
            "公司名称,备注\n{long},\n甲\u{202E}公\u{200B}司,'=HYPERLINK(\"http://x\")\n乙公司,#N/A\n"
        );
        let batch = shop.bring_in(clerk, "hostile.csv", file);
        let plan = shop.plan(
            clerk,
            "customer",
            "wide.csv",
            format!("公司名称,{wide}\n丙公司,{}\n", "x,".repeat(200)),
        );
        let wide = shop.foretold(clerk, &plan);

        assert_eq!((batch.created_rows, batch.refused_rows), (2, 1));
        assert!(shop.wrong(batch.id.0)[0].1.contains("最多 500 个字"));
        assert_eq!(shop.value("甲公司", "remark"), Value::from("=HYPERLINK(\"http://x\")"));
        assert_eq!((plan.columns.len(), wide.created_rows), (201, 1));
    });
}

#[test]
fn a_zip_bomb_and_a_file_of_another_kind_are_refused() {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for part in ["[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"] {
        zip.start_file(part, options).unwrap();
        let zeros = vec![b' '; 1 << 20];
        (0..if part.contains("sheet1") { 64 } else { 0 }).for_each(|_| zip.write_all(&zeros).unwrap());
    }
    let bomb = zip.finish().unwrap().into_inner();

    let plan = Plan::default();
    let code = |bytes: Vec<u8>| import::open(bytes, "x.xlsx", &plan).err().map(|it| it.code());

    assert!(bomb.len() < 1 << 20);
    assert_eq!(code(bomb), Some("file_too_large"));
    assert_eq!(code(b"%PDF-1.7 not a list".to_vec()), Some("file_wrong_kind"));
}

#[test]
fn an_import_that_began_keeps_its_plan() {
    company(|world, shop| {
        let clerk = world.person("吴淑芬");
        let plan = shop.plan(clerk, "customer", "list.csv", "公司名称\n甲公司\n");
        let (batch, _) = shop.start(clerk, &plan).unwrap();

        let result = world.db.write(clerk, move |desk| desk.save_plan(batch, &plan));

        assert_eq!(tests::code(result), "wrong_state");
        let foreign = world.look("赵敏", |desk| desk.import_batch(batch).map(drop));
        assert_eq!(tests::code(foreign), "not_found");
        assert_eq!(ImportBatch::DEF.code, "import_batch");
    });
}
