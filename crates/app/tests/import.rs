//! `keyuan import` as a shell sees it: what it says, what it leaves, how it ends.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use model::{Actor, Door, Lang, Sql};
use store::Address;

fn keyuan(data: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyuan"));
    command
        .arg("--data")
        .arg(data)
        .args(words)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .env("KEYUAN_LANG", "zh")
        .env("KEYUAN_ADMIN_PASSWORD", "a-password-1");
    command.output().expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn an_import_ends_with_0_for_all_3_for_some_and_1_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (data, list, errors) =
        (folder.path().join("data"), folder.path().join("list.csv"), folder.path().join("errors.csv"));
    let (file, wrong) = (list.to_str().unwrap(), errors.to_str().unwrap());
    fs::write(&list, "单位,税号\n北京金泰格散热器有限公司,91350100M000100Y43\n唐山瑞丰建材,9.15E+17\n")
        .unwrap();

    let unmapped = keyuan(&data, &["import", "customer", file, "--map", "name=没有这一列"]);
    let dry = keyuan(&data, &["import", "customer", file, "--map", "name=单位", "--dry-run"]);
    let some = keyuan(&data, &["import", "customer", file, "--map", "name=单位", "--errors", wrong]);
    let twice =
        keyuan(&data, &["import", "customer", file, "--map", "name=单位,tax_number=", "--key", "name"]);
    fs::write(&list, "名称\n金泰格散热器厂\n").unwrap();
    let near = keyuan(&data, &["import", "customer", file, "--duplicates", "skip", "--default", "remark=秋"]);
    let absent = keyuan(&data, &["import", "customer", "absent.csv"]);

    assert_eq!(unmapped.status.code(), Some(1));
    assert_eq!(dry.status.code(), Some(3));
    assert!(said(&dry).contains("共 2 行：新建 1，更新 0，相同 0，跳过 0，错误 1"), "{}", said(&dry));
    assert_eq!(some.status.code(), Some(3));
    assert!(said(&some).contains("第 3 行：税号：长号码被 Excel 改成了数值"), "{}", said(&some));
    assert!(fs::read_to_string(&errors).unwrap().contains("唐山瑞丰建材,9.15E+17,税号"));
    assert_eq!(twice.status.code(), Some(0));
    assert!(said(&twice).contains("新建 1，更新 0，相同 1"), "{}", said(&twice));
    assert_eq!(near.status.code(), Some(0));
    assert!(
        said(&near).contains("第 2 行 金泰格散热器厂：疑似重复 #1 北京金泰格散热器有限公司"),
        "{}",
        said(&near)
    );
    assert!(said(&near).contains("跳过 1"), "{}", said(&near));
    assert_eq!(absent.status.code(), Some(1));
}

/// What a statement says of the data, once the program has ended.
fn figure(data: &Path, sql: &str) -> i64 {
    let db = tests::open(&Address::of(data, None), data);
    let system = Actor::system(Door::System, Lang::Zh);
    db.read(&system, |desk| desk.trusted().one(&Sql::new(sql))).unwrap()
}

const NET: &str = "SELECT CAST(SUM(amount) AS BIGINT) FROM sale_entry";

/// A file in the format of Online Retail: an invoice of two lines, one of nobody known, one taken back in part.
const RETAIL: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,WHITE HANGING HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
536365,71053,WHITE METAL LANTERN,2,2010-12-01 08:26:00,3.39,17850.0,United Kingdom
536370,22728,ALARM CLOCK,24,2010-12-01 08:45:00,3.75,,France
C536379,71053,WHITE METAL LANTERN,-1,2010-12-02 09:41:00,3.39,17850.0,United Kingdom
";

#[test]
fn online_retail_comes_in_by_its_profile_net_of_what_came_back() {
    let folder = tempfile::tempdir().unwrap();
    let (data, list) = (folder.path().join("data"), folder.path().join("retail.csv"));
    fs::write(&list, RETAIL).unwrap();
    let words = ["import", "sale", list.to_str().unwrap(), "--profile", "profiles/online-retail.toml"];

    let first = keyuan(&data, &words);
    let net = figure(&data, NET);
    let again = keyuan(&data, &words);

    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    assert!(said(&first).contains("新建 3"), "{}", said(&first));
    // 15.30 + 6.78 + 90.00 - 3.39.
    assert_eq!(net, 10_869);
    assert!(again.status.code() == Some(0) && said(&again).contains("相同 3"), "{}", said(&again));
    assert_eq!(figure(&data, NET), net);
    let known = "SELECT balance FROM customer WHERE number = '17850'";
    assert_eq!((figure(&data, known), figure(&data, "SELECT COUNT(*) FROM sale_return")), (1_869, 1));
    assert_eq!(keyuan(&data, &["verify"]).status.code(), Some(0));
}

#[test]
fn december_of_online_retail_comes_in_by_the_command_to_the_penny() {
    let Some(file) = tests::importing::shared("online-retail/online-retail-2010-12.csv") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (data, list) = (folder.path().join("data"), folder.path().join("december.csv"));
    fs::write(&list, file).unwrap();

    let words = ["import", "sale", list.to_str().unwrap(), "--profile", "profiles/online-retail.toml"];
    let output = keyuan(&data, &words);

    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(figure(&data, NET), 74_895_702);
    assert_eq!(keyuan(&data, &["verify"]).status.code(), Some(0));
}
