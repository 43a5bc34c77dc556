use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use futures_util::stream;

use super::dialect::Dialect;
use super::value::Value;
use super::{file, header_line, lines};
use crate::calls::call::State;
use crate::i18n::texts;
use crate::lang::Lang;
use crate::placetel::event::Direction;
use crate::service::directory::names::Names;
use crate::service::state::AppState;
use crate::store::calls::find::{CallQuery, Cursor, StoredCall};
use crate::store::stats::spans::list::list_calls;
use crate::web::error::Error;
use crate::web::extract::calls_request::CallsRequest;
use crate::wire::CallJson;

const ROWS_PER_CHUNK: usize = 500;

/// The German column headers of [`CallJson::FIELDS`], and of the names that follow them.
const GERMAN_FIELDS: [&str; CallJson::FIELDS.len() + 3] = [
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
    "Name der Nummer",
    "Name der Gegenstelle",
    "Name des Agenten",
];

/// Handler of `GET /calls.csv`: streams all rows, newest first.
pub async fn calls(request: CallsRequest, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let dialect = Dialect::of(&request.parameters)?;
    let asked = request.filter(&state)?;
    let query = state.statistics.query(&asked);
    let names = state.directory.names();
    let start = Progress { state, query, names, now_ms: request.as_of.now_ms, dialect, next: Next::Header };
    let rows = stream::try_unfold(start, |progress| async move { progress.step().await });
    Ok(file(&dialect.file_name("calls", "anrufe", asked.filter.days)).streaming(rows))
}

struct Progress {
    state: Data<AppState>,
    query: CallQuery,
    names: Arc<Names>,
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
                let fields = match self.dialect {
                    Dialect::Plain => &CallJson::FIELDS[..],
                    Dialect::ExcelDe => &GERMAN_FIELDS[..],
                };
                header_line(self.dialect, &fields.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())?
            }
            Next::Rows(cursor) => {
                let page = list_calls(&self.state.db, &self.query, cursor, ROWS_PER_CHUNK).await?;
                self.next = page.next.map_or(Next::End, |next| Next::Rows(Some(next)));
                let rows = page.calls.into_iter().map(|call| self.row(call));
                lines(self.dialect, rows, &self.state.derivation.business)?
            }
            Next::End => return Ok(None),
        };
        Ok(Some((chunk, self)))
    }

    fn row(&self, call: StoredCall) -> Vec<Value> {
        let timeout_ms = self.state.statistics.hangup_timeout_ms();
        match self.dialect.language() {
            None => {
                let texts = CallJson::new(call, self.now_ms, timeout_ms).into_texts();
                texts.into_iter().map(Value::Text).collect()
            }
            Some(lang) => self.row_in(lang, call, timeout_ms),
        }
    }

    fn row_in(&self, lang: Lang, StoredCall { call, .. }: StoredCall, timeout_ms: i64) -> Vec<Value> {
        let (state, outcome) = call.standing(self.now_ms, timeout_ms);
        let (t, live) = (&texts(lang).filter, &texts(lang).live);
        let direction = call.direction.map(|direction| match direction {
            Direction::In => t.inbound,
            Direction::Out => t.outbound,
            Direction::Internal => t.internal,
        });
        let state = match state {
            State::Ringing => live.ringing,
            State::Talking => live.talking,
            State::Ended => texts(lang).calls.ended,
        };
        let word = |word: &str| Value::Text(word.to_owned());
        let seconds = |seconds: Option<u32>| Value::of(seconds, |seconds| Value::Count(seconds.into()));
        let name = |name: Option<Arc<str>>| Value::of(name, |name| Value::Text(name.to_string()));
        let names = [
            name(call.number.as_deref().and_then(|number| self.names.line(number))),
            name(call.party.as_deref().and_then(|party| self.names.contact(party))),
            name(call.peer.as_deref().and_then(|peer| self.names.agent(peer))),
        ];
        let (wait, talk) = (seconds(call.wait_seconds()), seconds(call.talk_seconds));
        let row = [
            Value::Text(call.call_id.to_string()),
            Value::of(direction, word),
            Value::of(call.from, Value::Number),
            Value::of(call.to, Value::Number),
            Value::of(call.number, Value::Number),
            Value::of(call.party, Value::Number),
            Value::of(call.peer, Value::Number),
            word(state),
            word((texts(lang).outcome)(outcome)),
            Value::Instant(call.started_ms),
            Value::of(call.accepted_ms, Value::Instant),
            Value::of(call.ended_ms, Value::Instant),
            wait,
            talk,
            Value::Count(call.event_count.into()),
        ];
        row.into_iter().chain(names).collect()
    }
}
