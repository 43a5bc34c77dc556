//! Stubs that describe endpoints outside this module, mostly outside `/api/v1`, for OpenAPI. Nothing here runs.
#![allow(dead_code, reason = "only says what there is")]

use crate::web::extract::query::FilterParams;

/// What the PBX sends. Unknown events and fields are stored, too.
#[derive(utoipa::ToSchema)]
struct PlacetelEvent {
    /// `IncomingCall`, `CallAccepted`, `HungUp`, `OutgoingCall`, or a name that nobody knows yet.
    event: String,
    #[schema(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9_.:-]+$")]
    call_id: String,
    /// Calling number.
    from: Option<String>,
    /// Called number.
    to: Option<String>,
    /// Which way.
    #[schema(pattern = "^(in|out)$")]
    direction: Option<String>,
    /// The SIP user.
    peer: Option<String>,
    /// Of a HungUp: what became of the call.
    r#type: Option<String>,
    /// Of a HungUp: talk time in seconds.
    duration: Option<u32>,
}

/// How the file is written.
#[derive(utoipa::ToSchema)]
enum Dialect {
    /// What a German Excel opens without asking.
    #[schema(rename = "excel-de")]
    ExcelDe,
}

/// All calls as CSV, newest first
#[utoipa::path(
    get, path = "/calls.csv", tag = "Calls",
    params(FilterParams, ("dialect" = inline(Option<Dialect>), Query, description = "RFC 4180 if nothing is said")),
    responses(
        (status = 200, description = "A line per call under one of names", body = String, content_type = "text/csv"),
        (status = 403, description = "Asks for figures by agent, which are switched off (`--agent-figures off`)", body = crate::web::error::Problem, content_type = "application/problem+json")
    )
)]
fn calls_csv() {}

/// Figures as CSV: a line per group, or one for all calls
///
/// The names are those of the JSON, joined by `_`: `talk_seconds_median`.
#[utoipa::path(
    get, path = "/stats.csv", tag = "Statistics",
    params(
        FilterParams,
        ("group_by" = Option<crate::stats::report::GroupBy>, Query, description = "A line for each of these"),
        ("limit" = Option<usize>, Query, description = "At most so many groups; 1,000", minimum = 1, maximum = 10_000),
        ("within_seconds" = Option<u32>, Query, description = "Threshold of the service level for this question", maximum = 86_400),
        ("dialect" = inline(Option<Dialect>), Query, description = "RFC 4180 if nothing is said")
    ),
    responses(
        (status = 200, description = "Lines under one of names", body = String, content_type = "text/csv"),
        (status = 403, description = "Asks for figures by agent, which are switched off (`--agent-figures off`)", body = crate::web::error::Problem, content_type = "application/problem+json")
    )
)]
fn stats_csv() {}

/// Everybody who is owed a callback as CSV, who has waited longest first
#[utoipa::path(
    get, path = "/callbacks.csv", tag = "Callbacks",
    params(
        ("within_days" = Option<i64>, Query, description = "Missed within so many days; 30", minimum = 1, maximum = 3_660),
        ("dialect" = inline(Option<Dialect>), Query, description = "RFC 4180 if nothing is said")
    ),
    responses((status = 200, description = "A line per caller under one of names", body = String, content_type = "text/csv"))
)]
fn callbacks_csv() {}

/// All contacts as CSV
///
/// In the order of the address book; what the import takes again without loss.
#[utoipa::path(
    get, path = "/contacts.csv", tag = "Contacts",
    params(("dialect" = inline(Option<Dialect>), Query, description = "RFC 4180 if nothing is said")),
    responses((status = 200, description = "A line per number under one of names", body = String, content_type = "text/csv"))
)]
fn contacts_csv() {}

/// All contacts as vCards
///
/// Numbers of one name and company are one card.
#[utoipa::path(
    get, path = "/contacts.vcf", tag = "Contacts",
    responses((status = 200, description = "vCard 3.0", body = String, content_type = "text/vcard"))
)]
fn contacts_vcf() {}

/// Calls and figures as they change
///
/// Server-sent events: `call` (a Call that changed), `stats` (the figures of today, every two seconds at most),
/// `reset` (something was missed: ask again).
#[utoipa::path(
    get, path = "/events", tag = "Live",
    params(
        ("Last-Event-ID" = Option<String>, Header, description = "The last event that was seen: what came after it is sent first"),
        ("since" = Option<String>, Query, description = "The same for clients that cannot set the header at first")
    ),
    responses(
        (status = 200, description = "A stream without end", body = String, content_type = "text/event-stream"),
        (status = 503, description = "As many as may be read it already", body = crate::web::error::Problem, content_type = "application/problem+json")
    )
)]
fn events() {}

/// Takes an event of the PBX and tells it what to do
///
/// Acknowledged once it is stored. Guarded by signature or HTTP Basic, whichever are set.
#[utoipa::path(
    post, path = "/placetel", tag = "Telephone system",
    params(("X-PLACETEL-SIGNATURE" = Option<String>, Header, description = "HMAC-SHA256 of the body with the shared secret, hexadecimal")),
    request_body(content = PlacetelEvent, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "What to do with an incoming call; else an empty response", body = String, content_type = "application/xml"))
)]
fn placetel() {}

/// Whether the process runs
#[utoipa::path(
    get, path = "/healthz", tag = "Operations",
    responses((status = 200, description = "It runs", body = String, content_type = "text/plain"))
)]
fn healthz() {}

/// Whether the database answers
#[utoipa::path(
    get, path = "/readyz", tag = "Operations",
    responses((status = 200, description = "It does", body = String, content_type = "text/plain"))
)]
fn readyz() {}

/// Figures for Prometheus
#[utoipa::path(
    get, path = "/metrics", tag = "Operations",
    responses((status = 200, description = "OpenMetrics", body = String, content_type = "application/openmetrics-text"))
)]
fn metrics() {}

/// This document
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "Operations",
    responses((status = 200, description = "OpenAPI", body = Object))
)]
fn openapi() {}
