use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use futures_util::stream;

use super::dialect::Dialect;
use super::value::Value;
use super::{file, header_line, lines};
use crate::service::directory::names::Names;
use crate::service::state::AppState;
use crate::stats::filter::Lines;
use crate::stats::period::DayRange;
use crate::store::callbacks::{Callback, CallbackCursor};
use crate::web::error::Error;
use crate::web::extract::callbacks::within_days;
use crate::web::extract::calls_request::CallsRequest;

const ROWS_PER_CHUNK: usize = 500;
const FIELDS: [&str; 5] = ["party", "missed_calls", "first_missed_at", "last_missed_at", "numbers"];
const GERMAN_FIELDS: [&str; 6] = [
    "Gegenstelle",
    "Verpasste Anrufe",
    "Zuerst verpasst",
    "Zuletzt verpasst",
    "Eigene Nummern",
    "Name der Gegenstelle",
];

/// Handler of `GET /callbacks.csv`: streams everybody who is owed a callback, who has waited longest first.
pub async fn callbacks(request: CallsRequest, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let dialect = Dialect::of(&request.parameters)?;
    let since_ms = request.as_of.days_ago_ms(within_days(&request.parameters)?);
    let days = DayRange { start: state.derivation.business.day(since_ms), end: request.as_of.today };
    let names = state.directory.names();
    let start = Progress { state, lines: request.lines, since_ms, names, dialect, next: Next::Header };
    let rows = stream::try_unfold(start, |progress| async move { progress.step().await });
    Ok(file(&dialect.file_name("callbacks", "rueckrufe", days)).streaming(rows))
}

struct Progress {
    state: Data<AppState>,
    lines: Lines,
    since_ms: i64,
    names: Arc<Names>,
    dialect: Dialect,
    next: Next,
}

enum Next {
    Header,
    Rows(Option<CallbackCursor>),
    End,
}

impl Progress {
    async fn step(mut self) -> Result<Option<(Bytes, Self)>, Error> {
        let chunk = match std::mem::replace(&mut self.next, Next::End) {
            Next::Header => {
                self.next = Next::Rows(None);
                let fields = if self.dialect == Dialect::ExcelDe { &GERMAN_FIELDS[..] } else { &FIELDS };
                header_line(self.dialect, &fields.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())?
            }
            Next::Rows(cursor) => {
                let callbacks = &self.state.callbacks;
                let page = callbacks.page(&self.lines, self.since_ms, cursor, ROWS_PER_CHUNK).await?;
                if let Some(next) = page.next {
                    self.next = Next::Rows(Some(next));
                }
                let rows = page.callbacks.into_iter().map(|callback| self.row(callback));
                lines(self.dialect, rows, &self.state.derivation.business)?
            }
            Next::End => return Ok(None),
        };
        Ok(Some((chunk, self)))
    }

    fn row(&self, callback: Callback) -> Vec<Value> {
        let name = self.names.contact(&callback.party);
        let numbers = match callback.numbers.as_slice() {
            [only] => Value::Number(only.clone()),
            several => Value::Text(several.join(" ")),
        };
        let mut row = vec![
            Value::Number(callback.party),
            Value::Count(callback.missed_calls),
            Value::Instant(callback.first_missed_ms),
            Value::Instant(callback.last_missed_ms),
            numbers,
        ];
        if self.dialect == Dialect::ExcelDe {
            row.push(Value::of(name, |name| Value::Text(name.to_string())));
        }
        row
    }
}
