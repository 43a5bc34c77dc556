//! The switch that closes the company until a given time, on `/routes` and next to its notice.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{NaiveDateTime, NaiveTime};

use super::list;
use super::words::capitalised;
use crate::i18n::problems;
use crate::routing::named::closed_until;
use crate::service::state::AppState;
use crate::stats::business::{BusinessTime, next_day};
use crate::web::access::principal::author;
use crate::web::error::Error;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::language::own_path;
use crate::web::pages::{form_body, form_value, see_other};

/// The accepted formats of a local time: what browsers send, and what people type where there is no date picker.
const FORMATS: [&str; 5] =
    ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%d.%m.%Y, %H:%M"];

/// Handles `POST /routes/closed`: closes the company.
pub async fn close(
    request: HttpRequest,
    payload: Payload,
    mut context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let form = form_body(&request, payload).await?;
    let business = &state.derivation.business;
    let entered = form_value(&form, "until");
    let until_ms = match form_value(&form, "when") {
        "tomorrow" => Some(tomorrow_at_eight(business, context.now_ms)),
        _ => read(entered, business),
    };
    let not_a_time = || context.texts.shared.closed.not_a_time.to_owned();
    let wrong = |problem: crate::fields::Problem| capitalised(&problems::text(&problem, context.lang));
    let closed = until_ms.ok_or_else(not_a_time).and_then(|until| closed_until(until, context.now_ms).map_err(wrong));
    match closed {
        Ok(closed) => {
            state.routing.close(closed, &author(&request)).await?;
            Ok(see_other("/routes"))
        }
        Err(error) => {
            context.here = "/routes".into();
            list::list_with(context, &state, StatusCode::BAD_REQUEST, entered, Some(error)).await
        }
    }
}

/// Handles `POST /routes/open`: opens the company again.
pub async fn open(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let form = form_body(&request, payload).await?;
    state.routing.open(&author(&request)).await?;
    Ok(see_other(own_path(form_value(&form, "back"))))
}

fn tomorrow_at_eight(business: &BusinessTime, now_ms: i64) -> i64 {
    let eight = NaiveTime::from_hms_opt(8, 0, 0).unwrap_or_default();
    business.instant_ms(next_day(business.day(now_ms)).and_time(eight))
}

fn read(text: &str, business: &BusinessTime) -> Option<i64> {
    let local = FORMATS.iter().find_map(|format| NaiveDateTime::parse_from_str(text.trim(), format).ok())?;
    Some(business.instant_ms(local))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
    }

    #[test]
    fn tomorrow_at_eight_is_by_the_wall_clock() {
        let business = BusinessTime::new(chrono_tz::Europe::Berlin, None);
        for (now, tomorrow) in [
            ("2026-11-24T22:59:00Z", "2026-11-25T07:00:00Z"),
            // The time is past midnight in Berlin.
            ("2026-11-24T23:00:00Z", "2026-11-26T07:00:00Z"),
            // Daylight saving time ends, then begins.
            ("2026-10-24T10:00:00Z", "2026-10-25T07:00:00Z"),
            ("2027-03-27T10:00:00Z", "2027-03-28T06:00:00Z"),
        ] {
            assert_eq!(tomorrow_at_eight(&business, ms(now)), ms(tomorrow), "{now}");
        }
    }

    #[test]
    fn times_are_read_as_browsers_and_people_write_them() {
        let business = BusinessTime::new(chrono_tz::Europe::Berlin, None);
        for text in ["2026-12-24T08:00", "2026-12-24 08:00", " 24.12.2026 8:00 ", "24.12.2026, 08:00"] {
            assert_eq!(read(text, &business), Some(ms("2026-12-24T07:00:00Z")), "{text}");
        }
        for text in ["", "tomorrow", "2026-12-24", "2026-02-30T08:00", "25:00"] {
            assert_eq!(read(text, &business), None, "{text}");
        }
    }
}
