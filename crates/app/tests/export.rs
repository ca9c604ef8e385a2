//! `keyuan export` as a user types it.

use std::process::{Command, Output};

fn keyuan(data: &std::path::Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyuan"));
    command.arg("--data").arg(data).args(["--lang", "en"]).args(arguments);
    command.env("KEYUAN_ADMIN_PASSWORD", "long enough for a test").output().unwrap()
}

#[test]
fn users_are_written_to_a_file_of_the_kind_that_its_name_says() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(keyuan(&data, &["user", "list"]).status.success());
    let (csv, xlsx) = (folder.path().join("users.csv"), folder.path().join("users.xlsx"));
    let columns = ["--query", "login=admin", "--columns", "login,name"];

    let first = keyuan(&data, &[&["export", "user", csv.to_str().unwrap()], &columns[..]].concat());
    let second = keyuan(&data, &["export", "user", xlsx.to_str().unwrap()]);

    assert!(first.status.success() && second.status.success(), "{first:?} {second:?}");
    assert_eq!(std::fs::read_to_string(&csv).unwrap(), "\u{FEFF}Login,Name\r\nadmin,Administrator\r\n");
    assert!(std::fs::read(&xlsx).unwrap().starts_with(b"PK"));
    let refused: [&[&str]; 4] = [
        &["export", "user", "users.pdf"],
        &["export", "nosuch", csv.to_str().unwrap()],
        &["export", "user", csv.to_str().unwrap(), "--columns", "password"],
        &["export", "user", "/nowhere/users.csv"],
    ];
    for arguments in refused {
        let output = keyuan(&data, arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
    // What was there stays, and nothing half-written lies about.
    assert!(std::fs::read_to_string(&csv).unwrap().contains("admin"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}
