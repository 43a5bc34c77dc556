//! The outcome of a call.

use std::fmt;

/// What became of a call. The order is the order in which people and the API list them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
#[repr(u8)]
pub enum Outcome {
    /// Somebody picked up.
    Accepted = 0,
    /// Nobody picked up.
    Missed = 1,
    /// Sent to voicemail; whether anybody spoke is not told.
    Voicemail = 2,
    /// Blocked by the PBX.
    Blocked = 3,
    /// Outbound: the other side was busy.
    Busy = 4,
    /// Outbound: the caller gave up.
    Canceled = 5,
    /// Outbound: the other side could not be reached.
    Unavailable = 6,
    /// Outbound: no way through the network.
    Congestion = 7,
    /// A HungUp whose type nobody knows.
    Other = 8,
    /// Never accepted and never hung up in time: nobody can say.
    Unknown = 9,
    /// Still running.
    Open = 10,
}

impl Outcome {
    /// Every outcome, in order.
    pub const ALL: [Self; 11] = [
        Self::Accepted,
        Self::Missed,
        Self::Voicemail,
        Self::Blocked,
        Self::Busy,
        Self::Canceled,
        Self::Unavailable,
        Self::Congestion,
        Self::Other,
        Self::Unknown,
        Self::Open,
    ];

    /// Returns the outcome that a HungUp's `type` tells.
    pub fn from_hangup_type(hangup_type: Option<&str>) -> Self {
        match hangup_type {
            Some("accepted") => Self::Accepted,
            Some("missed") => Self::Missed,
            Some("voicemail") => Self::Voicemail,
            Some("blocked") => Self::Blocked,
            Some("busy") => Self::Busy,
            Some("canceled") => Self::Canceled,
            Some("unavailable") => Self::Unavailable,
            Some("congestion") => Self::Congestion,
            _ => Self::Other,
        }
    }

    /// Returns whether only outgoing calls end like this (Placetel's four newer types).
    pub fn is_outbound_only(self) -> bool {
        matches!(self, Self::Busy | Self::Canceled | Self::Unavailable | Self::Congestion)
    }

    /// Returns whether nobody here decided how the call ended: the PBX blocked it, or its end is not known (yet). Rates
    /// leave such calls out.
    pub fn is_undecided(self) -> bool {
        matches!(self, Self::Blocked | Self::Unknown | Self::Open)
    }

    /// Returns whether an inbound call with this outcome could have been answered: the basis of the service level.
    pub fn is_answerable(self) -> bool {
        matches!(self, Self::Accepted | Self::Missed | Self::Voicemail)
    }

    /// Returns the API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Missed => "missed",
            Self::Voicemail => "voicemail",
            Self::Blocked => "blocked",
            Self::Busy => "busy",
            Self::Canceled => "canceled",
            Self::Unavailable => "unavailable",
            Self::Congestion => "congestion",
            Self::Other => "other",
            Self::Unknown => "unknown",
            Self::Open => "open",
        }
    }

    /// Returns the outcome with this API word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// Returns the number under which it is stored; never reused for another outcome.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Returns the outcome stored under this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_codes_lead_back() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(outcome));
            assert_eq!(Outcome::from_code(outcome.code()), Some(outcome));
        }
        assert_eq!(Outcome::from_code(11), None);
        assert_eq!(Outcome::parse("Accepted"), None);
    }

    #[test]
    fn a_type_that_nobody_knows_is_other() {
        assert_eq!(Outcome::from_hangup_type(Some("teleported")), Outcome::Other);
        assert_eq!(Outcome::from_hangup_type(None), Outcome::Other);
        // These two are not types of the PBX but fernamt's own.
        assert_eq!(Outcome::from_hangup_type(Some("open")), Outcome::Other);
        assert_eq!(Outcome::from_hangup_type(Some("unknown")), Outcome::Other);
    }
}
