//! Figures as a file for another program: who took it out stands on top; nothing in it is a formula.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use rust_xlsxwriter::Workbook;

use super::fault::Fault;
use super::visitor::Visitor;

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Csv,
    Xlsx,
}

impl Form {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Csv, Self::Xlsx]
            .into_iter()
            .find(|form| form.as_str() == text)
    }

    const fn media(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// Rows of one file, its head with them: every function, channel, outcome and region of a span has room.
pub const ROWS_MAX: usize = 20_000;
/// What a spreadsheet takes in one cell.
pub const CELL_CHARS_MAX: usize = 32_767;

/// Rows of text and numbers.
#[derive(Debug)]
pub struct Sheet {
    rows: Vec<Vec<String>>,
}

impl Sheet {
    /// An empty sheet that says on top who took it out, when, and what was asked.
    #[must_use]
    pub fn of(visitor: &Visitor, filters: &str) -> Self {
        let staff = &visitor.acting.staff;
        let mark = format!(
            "{} · {} · {}",
            staff.login.as_str(),
            visitor.operators.now().rfc3339(),
            visitor.acting.trace_id
        );
        Self {
            rows: vec![vec![mark], vec![filters.to_owned()]],
        }
    }

    pub fn row(&mut self, cells: &[String]) {
        self.rows.push(cells.to_vec());
    }

    fn fits(&self) -> bool {
        let mut cells = self.rows.iter().flatten();
        self.rows.len() <= ROWS_MAX
            && cells.all(|cell| plain(cell).chars().count() <= CELL_CHARS_MAX)
    }

    /// The file.
    ///
    /// # Errors
    /// [`Fault::TooLarge`], or [`Fault::Internal`] when it cannot be written.
    pub fn answer(&self, form: Form, name: &str) -> Result<HttpResponse, Fault> {
        if !self.fits() {
            return Err(Fault::TooLarge);
        }
        let bytes = match form {
            Form::Csv => self.csv().into_bytes(),
            Form::Xlsx => self.xlsx()?,
        };
        let file = format!("attachment; filename=\"{name}.{}\"", form.as_str());
        Ok(HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, form.media()))
            .insert_header((CONTENT_DISPOSITION, file))
            .body(bytes))
    }

    /// RFC 4180 with the mark by which spreadsheets know UTF-8.
    fn csv(&self) -> String {
        let mut text = "\u{feff}".to_owned();
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        }
        text
    }

    fn xlsx(&self) -> Result<Vec<u8>, Fault> {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        for (at, row) in self.rows.iter().enumerate() {
            let at = u32::try_from(at).map_err(|_| Fault::TooLarge)?;
            for (column, cell) in row.iter().enumerate() {
                let column = u16::try_from(column).map_err(|_| Fault::TooLarge)?;
                // Numbers are numbers; all else is text, and text is never a formula.
                let written = match cell.parse::<i32>() {
                    Ok(number) => sheet.write_number(at, column, number),
                    Err(_) => sheet.write_string(at, column, plain(cell)),
                };
                written.map_err(|_| Fault::Internal)?;
            }
        }
        book.save_to_buffer().map_err(|_| Fault::Internal)
    }
}

/// What a spreadsheet would take for a formula gets an apostrophe in front.
fn plain(cell: &str) -> String {
    let number = cell.parse::<i64>().is_ok();
    // Some programs take the space in front away when they open a file.
    let begins = cell.trim_start();
    let formula = cell.starts_with(['\t', '\r', '\n'])
        || begins.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if formula && !number {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

fn quoted(cell: &str) -> String {
    let cell = plain(cell);
    if cell.contains(['"', ',', '\n', '\r', '\'']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::{Cursor, Read as _};

    use actix_web::http::StatusCode;

    use super::*;

    #[test]
    fn m3_12_a_formula_is_text() {
        for bad in [
            "=1+1",
            "+cmd|' /C calc'!A0",
            "-2+3",
            "@SUM(A1)",
            "\t=1",
            "＝1",
            " =1+1",
            "\u{3000}＝1",
        ] {
            assert!(plain(bad).starts_with('\''), "{bad}");
        }
        assert_eq!(plain("-12"), "-12", "a number stays one");
        assert_eq!(plain(" bill"), " bill");
        assert_eq!(quoted("a\"b,c"), "\"a\"\"b,c\"");
        assert_eq!(quoted("bill"), "bill");
    }

    #[test]
    fn ln_31_a_file_holds_so_many_rows_and_a_cell_so_many_characters_and_not_one_more() {
        let rows = |n: usize| Sheet {
            rows: vec![vec!["1".to_owned()]; n],
        };
        let cell = |text: String| Sheet {
            rows: vec![vec![text]],
        };
        let long = |n: usize| cell("电".repeat(n));
        for form in [Form::Csv, Form::Xlsx] {
            let said = |sheet: &Sheet| sheet.answer(form, "x").map(|answer| answer.status());
            assert_eq!(said(&rows(ROWS_MAX)), Ok(StatusCode::OK));
            assert_eq!(said(&rows(ROWS_MAX + 1)), Err(Fault::TooLarge));
            assert_eq!(said(&long(CELL_CHARS_MAX)), Ok(StatusCode::OK));
            assert_eq!(said(&long(CELL_CHARS_MAX + 1)), Err(Fault::TooLarge));
            // The apostrophe in front of a formula counts too.
            let formula = format!("={}", "1".repeat(CELL_CHARS_MAX - 1));
            assert_eq!(said(&cell(formula)), Err(Fault::TooLarge));
        }
        assert_eq!(Fault::TooLarge.code(), "too_large");
    }

    /// What a spreadsheet opens, part by part.
    fn parts(file: Vec<u8>) -> BTreeMap<String, String> {
        let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
        let mut all = BTreeMap::new();
        for at in 0..archive.len() {
            let mut part = archive.by_index(at).unwrap();
            let name = String::from_utf8_lossy(part.name_raw()).into_owned();
            let mut text = String::new();
            part.read_to_string(&mut text).unwrap();
            all.insert(name, text);
        }
        all
    }

    #[test]
    fn ln_31_a_spreadsheet_finds_text_where_somebody_wrote_a_formula() {
        let bad = [
            "=1+1",
            "+cmd|' /C calc'!A0",
            "-2+3",
            "@SUM(A1)",
            "\t=1",
            "＝1",
            " =1+1",
            "=HYPERLINK(\"https://example.org\",\"x\")",
        ];
        let sheet = Sheet {
            rows: vec![
                bad.map(str::to_owned).to_vec(),
                vec!["12".to_owned(), "-7".to_owned()],
            ],
        };
        let parts = parts(sheet.xlsx().unwrap());
        for (name, text) in &parts {
            assert!(
                !text.contains("<f>") && !text.contains("<f "),
                "{name}: {text}"
            );
        }
        let strings = &parts["xl/sharedStrings.xml"];
        for text in bad {
            assert!(
                strings.contains(&format!(">'{text}</t>")),
                "{text}: {strings}"
            );
        }
        let cells = &parts["xl/worksheets/sheet1.xml"];
        assert_eq!(cells.matches(" t=\"s\"").count(), bad.len(), "{cells}");
        assert!(cells.contains("<v>12</v>") && cells.contains("<v>-7</v>"));
        assert!(!parts.keys().any(|name| name.contains("external")));
    }

    #[test]
    fn ln_31_both_forms_hold_the_rows() {
        let sheet = Sheet {
            rows: vec![vec!["=1".into(), "12".into()]],
        };
        assert_eq!(sheet.csv(), "\u{feff}\"'=1\",12\r\n");
        assert!(sheet.xlsx().unwrap().starts_with(b"PK"));
    }
}
