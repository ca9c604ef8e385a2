//! What is written reads back the same.

use std::fs::File;

use sheet::read;
use sheet::write::{About, Column, Form, Format, Value, Writer};

#[test]
fn a_written_list_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    for format in [Format::Xlsx, Format::Csv] {
        let path = folder.path().join(format.ending());
        let about = About {
            title: "客户".into(),
            sheet: "说明".into(),
            notes: vec![("a".into(), "b".into())],
            ..Default::default()
        };
        let columns = [
            ("名称", Form::Text),
            ("金额", Form::Number(2, 2)),
            ("日期", Form::Date),
            ("税率", Form::Percent),
        ];
        let columns = columns.map(|(title, form)| Column { title: title.into(), form });
        let mut writer =
            Writer::new(format, File::create(&path).unwrap(), folder.path(), &about, &columns).unwrap();
        let day = jiff::civil::date(2026, 9, 7);
        for value in [Value::Text("=1+1"), Value::Number(-1234567, 2), Value::Date(day), Value::Percent(1300)]
        {
            writer.cell(value).unwrap();
        }
        writer.end_row().unwrap();
        writer.finish(&about).unwrap();

        let mut reader = read::open(std::fs::read(&path).unwrap(), format.ending()).unwrap();
        let row = reader.rows().unwrap().next().unwrap().unwrap();
        let texts: Vec<_> = row.cells.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(texts[..3], ["=1+1", "-12345.67", "2026-09-07"]);
        assert!(["0.13", "13.00%"].contains(&texts[3]));
    }
}
