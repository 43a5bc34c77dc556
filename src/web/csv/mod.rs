//! Files for spreadsheets and scripts: calls, figures and callbacks as CSV.

/// The open callbacks.
pub mod callbacks;
/// The call log.
pub mod calls;
/// The figures.
pub mod stats;

mod dialect;
mod value;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};

use self::dialect::Dialect;
use self::value::Value;
use super::error::Error;
use crate::stats::business::BusinessTime;

/// Begins the answer that holds a file of this name, which a browser saves.
fn file(name: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")));
    response
}

/// Writes the line of headers.
fn header_line(dialect: Dialect, names: &[String]) -> Result<Bytes, Error> {
    let mut writer = dialect.writer();
    writer.write_record(names).map_err(internal)?;
    let line = writer.into_inner().map_err(internal)?;
    Ok(Bytes::from([dialect.mark().as_bytes(), &line].concat()))
}

/// Writes one line for each row.
fn lines(dialect: Dialect, rows: impl Iterator<Item = Vec<Value>>, business: &BusinessTime) -> Result<Bytes, Error> {
    let mut writer = dialect.writer();
    for row in rows {
        let fields = row.into_iter().map(|value| dialect.text(value, business));
        writer.write_record(fields.collect::<Vec<_>>()).map_err(internal)?;
    }
    writer.into_inner().map(Bytes::from).map_err(internal)
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::Internal(error.to_string())
}
