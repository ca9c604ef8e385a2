//! Writes an empty list for people to fill in: the header, what may be chosen, and a sheet that explains each column.

use std::fs::File;

use base::Result;
use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, Format as Look, Formula, Note, Workbook, XlsxError,
};

use super::write::{Column, failed, header, sheet_name};

/// Rows that offer the choices.
const ROWS: u32 = 10_000;

/// A column to fill in.
#[derive(Debug, Clone)]
pub struct Field {
    pub column: Column,
    pub required: bool,
    /// What may stand in it, where that is a short list.
    pub choices: Vec<String>,
    /// Nothing but the choices is taken.
    pub closed: bool,
    /// How it is to be filled in.
    pub says: String,
    pub example: String,
}

/// The words of the sheets.
pub struct Words {
    /// Names of the three sheets: the list, the explanations, the choices.
    pub sheets: [String; 3],
    /// Heads of the explanations: column, required, how to fill it in, example.
    pub heads: [String; 4],
    pub yes: String,
    /// What stands above the explanations.
    pub intro: String,
    /// What is said when something else is typed where only the choices are taken.
    pub wrong: String,
}

pub fn write(out: File, fields: &[Field], words: &Words) -> Result<()> {
    book(fields, words).and_then(|mut book| book.save_to_writer(out)).map_err(failed)
}

fn book(fields: &[Field], words: &Words) -> std::result::Result<Workbook, XlsxError> {
    let mut book = Workbook::new();
    let columns: Vec<Column> = fields.iter().map(titled).collect();
    let choices = sheet_name(&words.sheets[2]);
    let needed = Look::new()
        .set_bold()
        .set_background_color(Color::RGB(0xFD_F0_EE))
        .set_font_color(Color::RGB(0xC5_30_2A));
    let sheet = book.add_worksheet();
    sheet.set_name(sheet_name(&words.sheets[0]))?;
    header(sheet, &columns)?;
    for (at, field) in (0..).zip(fields) {
        if field.required {
            sheet.write_string_with_format(0, at, &columns[usize::from(at)].title, &needed)?;
        }
        sheet.insert_note(0, at, &Note::new(&field.says).set_author("").add_author_prefix(false))?;
        if field.choices.is_empty() {
            continue;
        }
        let column = rust_xlsxwriter::utility::column_number_to_name(at);
        let range = format!("='{choices}'!${column}$2:${column}${}", field.choices.len() + 1);
        // What the table does not have yet may still be typed: the import asks what to make of it.
        let style =
            if field.closed { DataValidationErrorStyle::Stop } else { DataValidationErrorStyle::Information };
        let rule = DataValidation::new()
            .allow_list_formula(Formula::new(range))
            .set_error_message(&words.wrong)?
            .set_error_style(style);
        sheet.add_data_validation(1, at, ROWS, at, &rule)?;
    }
    explanations(&mut book, fields, words)?;
    let sheet = book.add_worksheet();
    sheet.set_name(&choices)?.set_hidden(true);
    for (at, field) in (0..).zip(fields) {
        sheet.write_string(0, at, &field.column.title)?;
        for (row, choice) in (1..).zip(&field.choices) {
            sheet.write_string(row, at, choice)?;
        }
    }
    Ok(book)
}

/// What must be filled in has a star, which the reader of headers passes over.
fn titled(field: &Field) -> Column {
    let star = if field.required { " *" } else { "" };
    Column { title: format!("{}{star}", field.column.title), ..field.column }
}

fn explanations(book: &mut Workbook, fields: &[Field], words: &Words) -> std::result::Result<(), XlsxError> {
    let (bold, grey) =
        (Look::new().set_bold(), Look::new().set_font_color(Color::RGB(0x5F_6A_78)).set_num_format("@"));
    let plain = Look::new().set_text_wrap().set_num_format("@");
    let sheet = book.add_worksheet();
    sheet.set_name(sheet_name(&words.sheets[1]))?;
    for (at, width) in (0..).zip([20, 8, 70, 30]) {
        sheet.set_column_width(at, width)?;
    }
    sheet.write_string(0, 0, &words.intro)?;
    for (at, head) in (0..).zip(&words.heads) {
        sheet.write_string_with_format(2, at, head, &bold)?;
    }
    for (row, field) in (3..).zip(fields) {
        sheet.write_string_with_format(row, 0, &field.column.title, &plain)?;
        sheet.write_string(row, 1, if field.required { words.yes.as_str() } else { "" })?;
        sheet.write_string_with_format(row, 2, &field.says, &plain)?;
        sheet.write_string_with_format(row, 3, &field.example, &grey)?;
    }
    Ok(())
}
