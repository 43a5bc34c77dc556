//! Requests to the PBX's endpoint that were turned away.

/// The last request to the PBX's endpoint that was turned away: the first page shows it to whoever connects Placetel.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The time, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The reason.
    pub reason: RefusalReason,
}

/// The reason why a request to the PBX's endpoint was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// The signature is missing.
    SignatureMissing,
    /// The signature does not fit body and secret.
    SignatureWrong,
    /// User and password are missing or wrong.
    Basic,
    /// The request came through a proxy or for another host, in local mode.
    NotLocal,
    /// The request came from a page of another site.
    ForeignOrigin,
    /// The content type was not that of a form.
    ContentType,
    /// The body was too large.
    TooLarge,
    /// The memory budget for bodies was exhausted, as too many large ones came at once.
    NoRoom,
    /// The body was no event.
    NoEvent,
    /// An event came to another url, such as `/` or `/Placetel`.
    Astray,
}
