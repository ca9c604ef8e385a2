//! Lists as people have them: read, understood, written.

use std::io::Cursor;

use base::{Error, Result};
use sheet::read::{self, Format, Row};

fn rows(bytes: impl Into<Vec<u8>>, name: &str) -> Result<Vec<Row>> {
    read::open(bytes.into(), name)?.rows()?.collect()
}

fn texts(row: &Row) -> Vec<&str> {
    row.cells.iter().map(|cell| cell.text.as_str()).collect()
}

/// A file of the shared data, which not every machine has.
fn shared(path: &str) -> Option<std::path::PathBuf> {
    let root = std::env::var("KEYUAN_DATA").unwrap_or("/work/shared/data".into());
    let path = std::path::Path::new(&root).join(path);
    if !path.exists() {
        eprintln!("skipped: {} is absent", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn northwind_and_adventureworks_come_in_whole() {
    for (file, count, columns) in
        [("northwind/csv/Customers.csv", 91, 11), ("adventureworks/csv/Sales.Store.csv", 701, 6)]
    {
        let Some(path) = shared(file) else { continue };

        let mut reader = read::open(path.as_path(), file).unwrap();

        assert_eq!(reader.format(), Format::Text { encoding: "UTF-8", delimiter: ',' });
        assert_eq!(reader.header().cells.len(), columns);
        assert_eq!(reader.rows().unwrap().collect::<Result<Vec<_>>>().unwrap().len(), count);
        assert_eq!(reader.estimate(), count as u64);
    }
}

#[test]
fn a_text_file_is_read_whatever_its_encoding() {
    let text = "名称,电话\r\n北京金泰格散热器有限公司,010-88888888\r\n厦门曾氏贸易行,0592-1234567\r\n";
    let utf16 = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let files = [
        (text.as_bytes().to_vec(), "UTF-8"),
        ([b"\xEF\xBB\xBF", text.as_bytes()].concat(), "UTF-8"),
        ([b"\xFF\xFE".to_vec(), utf16(u16::to_le_bytes)].concat(), "UTF-16LE"),
        ([b"\xFE\xFF".to_vec(), utf16(u16::to_be_bytes)].concat(), "UTF-16BE"),
        (encoding_rs::GB18030.encode(text).0.into_owned(), "gb18030"),
    ];
    for (bytes, encoding) in files {
        let mut reader = read::open(bytes, "a.csv").unwrap();

        assert_eq!(reader.format(), Format::Text { encoding, delimiter: ',' });
        assert_eq!(texts(reader.header()), ["名称", "电话"]);
        let rows = reader.rows().unwrap().collect::<Result<Vec<_>>>().unwrap();
        assert_eq!(texts(&rows[0]), ["北京金泰格散热器有限公司", "010-88888888"]);
        assert_eq!(texts(&rows[1])[0], "厦门曾氏贸易行");
    }
}

#[test]
fn a_late_chinese_character_decides_about_the_encoding() {
    let text = format!("name,city\n{}", "Alfreds Futterkiste,Berlin\n".repeat(20_000)) + "金泰格,北京\n";

    let rows = rows(encoding_rs::GB18030.encode(&text).0, "a.csv").unwrap();

    assert_eq!(texts(rows.last().unwrap()), ["金泰格", "北京"]);
}

#[test]
fn western_text_is_not_taken_for_chinese() {
    let bytes = encoding_rs::WINDOWS_1252.encode("name,city\nJosé Müller,México\nBólido Café,Köln\n").0;

    assert_eq!(texts(&rows(bytes, "a.csv").unwrap()[0]), ["José Müller", "México"]);
}

#[test]
fn separators_and_line_breaks_are_recognised() {
    for (text, delimiter) in [
        ("a,b\n1,2\n", ','),
        ("a;b\r\n1;2\r\n", ';'),
        ("a\tb\r1\t2\r", '\t'),
        ("a|b\n1|2", '|'),
        ("sep=;\na;b\n1;2\n", ';'),
        ("a;b\n\"1\";2\n", ';'),
    ] {
        let mut reader = read::open(text.as_bytes().to_vec(), "a.csv").unwrap();

        assert_eq!(reader.format(), Format::Text { encoding: "UTF-8", delimiter }, "{text:?}");
        let rows = reader.rows().unwrap().collect::<Result<Vec<_>>>().unwrap();
        assert_eq!(rows.len(), 1, "{text:?}");
        assert_eq!(texts(&rows[0]), ["1", "2"], "{text:?}");
    }
}

#[test]
fn rows_are_numbered_as_excel_shows_them() {
    for end in ["\r\n", "\n"] {
        let text = "名称,备注|甲,\"第一行|第二行\"||,|乙,\"他说\"\"好\"\"\"|丙,|".replace('|', end);

        let rows = rows(text, "a.csv").unwrap();

        assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 5, 6], "{end:?}");
        assert_eq!(texts(&rows[0])[1], format!("第一行{end}第二行"));
        assert_eq!(texts(&rows[1])[1], "他说\"好\"");
    }
}

#[test]
fn a_lone_header_is_a_list_without_rows() {
    let mut reader = read::open(b"name,phone".to_vec(), "a.csv").unwrap();

    assert_eq!(texts(reader.header()), ["name", "phone"]);
    assert_eq!(reader.rows().unwrap().count(), 0);
}

#[test]
fn titles_above_the_header_are_passed_over() {
    let text = "2026年客户名单,,,\n制表人：张三,,,\n\n客户名称,电话,额度,日期\n甲公司,010-1,5000,2026-09-07\n乙公司,010-2,3000,2026-09-08\n";

    let mut reader = read::open(text.as_bytes().to_vec(), "a.csv").unwrap();

    assert_eq!(reader.header().number, 4);
    assert_eq!(texts(reader.header())[0], "客户名称");
    assert_eq!(reader.rows().unwrap().count(), 2);
}

#[test]
fn wrong_files_are_refused_with_a_reason() {
    let ole = |name: &str| {
        let mut bytes = vec![0_u8; 2048];
        bytes[..8].copy_from_slice(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]);
        let name = name.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        bytes[1024..][..name.len()].copy_from_slice(&name);
        bytes
    };
    let zip = |names: &[&str]| {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for name in names {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    let files = [
        (Vec::new(), "file_empty"),
        (b"\xEF\xBB\xBF\r\n \r\n".to_vec(), "file_empty"),
        (b",,,\n,,\n".to_vec(), "file_empty"),
        (b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec(), "file_wrong_kind"),
        (b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR".to_vec(), "file_wrong_kind"),
        (b"<html><body><table><tr><td>a</td></tr></table>".to_vec(), "file_is_web_page"),
        (b"\xEF\xBB\xBF<?xml version=\"1.0\"?><Workbook>".to_vec(), "file_is_web_page"),
        (ole("EncryptedPackage"), "file_encrypted"),
        (ole("WordDocument"), "file_wrong_kind"),
        (ole("Workbook"), "file_damaged"),
        (b"PK\x03\x04 and then nothing".to_vec(), "file_damaged"),
        (zip(&["[Content_Types].xml", "word/document.xml"]), "file_wrong_kind"),
        (zip(&["[Content_Types].xml", "xl/workbook.bin"]), "file_wrong_kind"),
        (zip(&["[Content_Types].xml", "xl/workbook.xml"]), "file_damaged"),
        (zip(&["photo.jpg"]), "file_wrong_kind"),
    ];
    for (bytes, expected) in files {
        let start = bytes[..bytes.len().min(20)].to_vec();
        let error = rows(bytes, "客户.xls").unwrap_err();
        assert_eq!(error.code(), expected, "{start:?}");
        let Error::Refused(refusal) = error else { panic!("{error:?}") };
        assert!(refusal.says.zh.ends_with('。') && refusal.says.en.ends_with('.'));
    }
}

#[test]
fn text_that_is_named_like_a_workbook_is_refused_and_old_exports_are_read() {
    let open = |name: &str| rows("名称,电话\n金泰格,010-88888888\n", name);

    for name in ["客户.xlsx", "LIST.XLSX", "客户.ods"] {
        assert_eq!(open(name).unwrap_err().code(), "file_is_text", "{name}");
    }
    for name in ["客户.xls", "客户.csv", "客户.txt", "客户"] {
        assert_eq!(open(name).unwrap().len(), 1, "{name}");
    }
}
