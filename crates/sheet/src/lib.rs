//! Spreadsheets: reading them (Excel, OpenDocument, delimited text), reading what people write in their cells,
//! and writing them. Pure: no database, no entity.

mod ods;
mod text;
mod unzip;

pub mod columns;
pub mod parse;
pub mod read;
pub mod spool;
pub mod template;
pub mod write;

use base::{Error, Label};

fn refused(code: &'static str, zh: &'static str, en: &'static str) -> Error {
    Error::refused(code, Label { zh, en })
}

fn damaged() -> Error {
    refused(
        "file_damaged",
        "文件已损坏或不完整，无法读取。请用 Excel 或 WPS 打开后另存为 .xlsx，再重新导入。",
        "The file is damaged or incomplete. Open it in Excel, save it as .xlsx and import it again.",
    )
}

fn too_large() -> Error {
    refused(
        "file_too_large",
        "文件解压后过大。请只保留需要的工作表和数据，或另存为 CSV 后导入。",
        "The file unpacks to more than can be read safely. Keep only the sheet with the data, or save it as CSV.",
    )
}

fn encrypted() -> Error {
    refused(
        "file_encrypted",
        "文件设有打开密码。请在 Excel 中去掉密码后再导入。",
        "The file is protected by a password. Remove the password in Excel and import it again.",
    )
}

fn too_wide() -> Error {
    refused(
        "row_too_large",
        "有一行的内容或列数超出限度，常见原因是引号没有成对，或表格右侧有多余内容。",
        "One row is too large or has too many columns; often a quotation mark is not closed, or something stands far to the right of the table.",
    )
}
