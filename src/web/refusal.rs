//! Requests to the PBX's endpoint that were turned away.

/// The last request to the PBX's endpoint that was turned away: what the first page shows to whoever
/// connects Placetel.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Why.
    pub reason: RefusalReason,
}

/// Why a request to the PBX's endpoint was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// The signature is missing.
    SignatureMissing,
    /// The signature does not fit body and secret.
    SignatureWrong,
    /// User and password are missing or wrong.
    Basic,
    /// It came through a proxy or for another host, in local mode.
    NotLocal,
    /// It came from a page of another site.
    ForeignOrigin,
    /// It was no form.
    ContentType,
    /// It was too large.
    TooLarge,
    /// It was large, and too many such came at once.
    NoRoom,
    /// It was no event.
    NoEvent,
}
