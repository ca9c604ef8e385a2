//! `keyuan import` as a shell sees it: what it says, what it leaves, how it ends.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn keyuan(data: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyuan"));
    command
        .arg("--data")
        .arg(data)
        .args(words)
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
