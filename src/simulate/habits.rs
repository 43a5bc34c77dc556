//! The calling behaviour of a company: the probabilities and times that a script draws from.

use super::events::Ending;

/// The calling behaviour of a company. Shares are from 0 to 1; weights count relative to each other.
#[derive(Clone, Debug)]
pub struct Habits {
    /// Share of inbound calls.
    pub inbound: f64,
    /// The outcomes of inbound calls, with weights.
    pub inbound_endings: Vec<(Ending, f64)>,
    /// The outcomes of outgoing calls, with weights.
    pub outgoing_endings: Vec<(Ending, f64)>,
    /// Share of inbound calls that hide their number.
    pub anonymous: f64,
    /// Share of outgoing calls that ring a missed caller back.
    pub call_back: f64,
    /// Share of accepted outgoing calls whose HungUp says `duration=0`.
    pub talk_untold: f64,
    /// Minimum and maximum ringing time, in seconds.
    pub ring_seconds: (f64, f64),
    /// Mean talk time, in seconds; talk times are distributed exponentially.
    pub talk_mean_seconds: f64,
    /// Maximum talk time, in seconds.
    pub talk_max_seconds: f64,
    /// The number of outside numbers.
    pub outsiders: usize,
    /// Share of mobile numbers among them.
    pub mobile: f64,
    /// Share of foreign numbers among them.
    pub foreign: f64,
}

impl Default for Habits {
    /// Returns the behaviour of a small company, with talks so short that five minutes hold many finished calls.
    fn default() -> Self {
        use Ending::*;
        Self {
            inbound: 0.7,
            inbound_endings: vec![(Accepted, 0.68), (Missed, 0.17), (Voicemail, 0.12), (Blocked, 0.03)],
            outgoing_endings: vec![
                (Accepted, 0.72),
                (Canceled, 0.12),
                (Busy, 0.08),
                (Unavailable, 0.06),
                (Congestion, 0.02),
            ],
            anonymous: 0.06,
            call_back: 0.4,
            talk_untold: 0.02,
            ring_seconds: (1.0, 15.0),
            talk_mean_seconds: 20.0,
            talk_max_seconds: 60.0,
            outsiders: 300,
            mobile: 0.35,
            foreign: 0.04,
        }
    }
}
