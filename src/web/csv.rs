use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use futures_util::stream;

use super::error::{Error, WrongField};
use crate::service::state::AppState;
use crate::store::calls::find::{CallQuery, Cursor, list_calls};
use crate::web::extract::calls_request::CallsRequest;
use crate::web::extract::query::{Parameters, parameter};
use crate::wire::CallJson;

const ROWS_PER_CHUNK: usize = 500;

/// The German column headers of [`CallJson::FIELDS`].
const GERMAN_FIELDS: [&str; CallJson::FIELDS.len()] = [
    "Anruf-ID",
    "Richtung",
    "Von",
    "An",
    "Eigene Nummer",
    "Gegenstelle",
    "Agent",
    "Zustand",
    "Ergebnis",
    "Beginn",
    "Angenommen",
    "Ende",
    "Wartezeit (s)",
    "Gesprächszeit (s)",
    "Ereignisse",
];

/// The CSV dialect of the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// RFC 4180.
    Plain,
    /// The dialect that a German Excel opens without asking: semicolons, a byte order mark and German headers.
    ExcelDe,
}

/// Handler of `GET /calls.csv`: streams all rows, newest first.
pub async fn calls(request: CallsRequest, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let dialect = dialect(&request.parameters)?;
    let query = state.statistics.query(&request.filter(&state)?);
    let start = Progress { state, query, now_ms: request.as_of.now_ms, dialect, next: Next::Header };
    let rows = stream::try_unfold(start, |progress| async move { progress.step().await });
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"calls.csv\""))
        .streaming(rows))
}

fn dialect(parameters: &Parameters) -> Result<Dialect, Error> {
    match parameter(parameters, "dialect") {
        None => Ok(Dialect::Plain),
        Some("excel-de") => Ok(Dialect::ExcelDe),
        Some(_) => {
            let detail = "dialect: expected excel-de or nothing".to_owned();
            Err(Error::Fields(vec![WrongField { field: "dialect".into(), detail }]))
        }
    }
}

struct Progress {
    state: Data<AppState>,
    query: CallQuery,
    /// The moment that all rows are of, however long they take.
    now_ms: i64,
    dialect: Dialect,
    next: Next,
}

enum Next {
    Header,
    Rows(Option<Cursor>),
    End,
}

impl Progress {
    async fn step(mut self) -> Result<Option<(Bytes, Self)>, Error> {
        let chunk = match self.next {
            Next::Header => {
                self.next = Next::Rows(None);
                header(self.dialect)?
            }
            Next::Rows(cursor) => {
                let page = list_calls(&self.state.db, &self.query, cursor, ROWS_PER_CHUNK).await?;
                self.next = page.next.map_or(Next::End, |next| Next::Rows(Some(next)));
                let (now_ms, timeout_ms) = (self.now_ms, self.state.statistics.hangup_timeout_ms());
                rows(self.dialect, page.calls.into_iter().map(|call| CallJson::new(call, now_ms, timeout_ms)))?
            }
            Next::End => return Ok(None),
        };
        Ok(Some((chunk.into(), self)))
    }
}

fn writer(dialect: Dialect) -> csv::Writer<Vec<u8>> {
    let delimiter = if dialect == Dialect::ExcelDe { b';' } else { b',' };
    csv::WriterBuilder::new().delimiter(delimiter).terminator(csv::Terminator::CRLF).from_writer(Vec::new())
}

fn header(dialect: Dialect) -> Result<Vec<u8>, Error> {
    let mut writer = writer(dialect);
    writer
        .write_record(if dialect == Dialect::ExcelDe { GERMAN_FIELDS } else { CallJson::FIELDS })
        .map_err(internal)?;
    let line = writer.into_inner().map_err(internal)?;
    Ok(if dialect == Dialect::ExcelDe { ["\u{feff}".as_bytes(), &line].concat() } else { line })
}

fn rows(dialect: Dialect, calls: impl Iterator<Item = CallJson>) -> Result<Vec<u8>, Error> {
    let mut writer = writer(dialect);
    for call in calls {
        let fields = call.into_texts();
        if dialect == Dialect::ExcelDe {
            writer.write_record(fields.map(defused)).map_err(internal)?;
        } else {
            writer.write_record(fields).map_err(internal)?;
        }
    }
    writer.into_inner().map_err(internal)
}

/// Prevents CSV injection: makes a cell that a spreadsheet would run as a formula a text; telephone numbers stay as
/// they are.
fn defused(text: String) -> String {
    let is_number =
        text.strip_prefix('+').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n') if !is_number => format!("'{text}"),
        _ => text,
    }
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::Internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_defused_and_numbers_stay() {
        for text in ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "+49221=1", "+"] {
            assert_eq!(defused(text.to_owned()), format!("'{text}"));
        }
        for text in ["+4922129191999", "022129191999", "anonymous", "", "a=b"] {
            assert_eq!(defused(text.to_owned()), text);
        }
    }

    #[test]
    fn the_excel_dialect_has_a_mark_and_german_headers() {
        let header = String::from_utf8(header(Dialect::ExcelDe).unwrap()).unwrap();
        assert!(header.starts_with("\u{feff}Anruf-ID;Richtung;"), "{header}");
        assert!(header.ends_with("Ereignisse\r\n"), "{header}");
    }
}
