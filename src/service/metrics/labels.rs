//! The labels of metrics.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::placetel::event::Kind;
use crate::service::refusal::RefusalReason;

/// The labels of a metric, names and values fixed at build time, so that no client can add any.
pub(super) type Labels<const N: usize> = [(&'static str, &'static str); N];
pub(super) type Counters<const N: usize> = Family<Labels<N>, Counter>;
pub(super) type Gauges<const N: usize> = Family<Labels<N>, Gauge>;

pub(super) fn delivery(event: &'static str, result: &'static str) -> Labels<2> {
    [("event", event), ("result", result)]
}

pub(super) fn event(kind: Kind) -> &'static str {
    match kind {
        Kind::IncomingCall => "incoming_call",
        Kind::OutgoingCall => "outgoing_call",
        Kind::CallAccepted => "call_accepted",
        Kind::Other => "other",
        Kind::HungUp => "hung_up",
    }
}

pub(super) fn refusal(reason: RefusalReason) -> &'static str {
    match reason {
        RefusalReason::SignatureMissing => "signature_missing",
        RefusalReason::SignatureWrong => "signature_wrong",
        RefusalReason::Basic => "basic",
        RefusalReason::NotLocal => "not_local",
        RefusalReason::ForeignOrigin => "foreign_origin",
        RefusalReason::ContentType => "content_type",
        RefusalReason::TooLarge => "too_large",
        RefusalReason::NoRoom => "no_room",
        RefusalReason::NoEvent => "no_event",
        RefusalReason::Astray => "astray",
    }
}
