//! Outcomes grouped as charts and lists show them.

use crate::calls::outcome::Outcome;

/// A series of a stacked bar chart: the outcomes that share a colour, bottom to top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    /// Somebody picked up.
    Accepted,
    /// Sent to voicemail.
    Voicemail,
    /// Nobody picked up.
    Missed,
    /// Outbound calls that found nobody.
    Unreached,
    /// Blocked, unknown, still running and unheard of.
    Other,
}

impl Series {
    /// All series, bottom to top.
    pub const ALL: [Self; 5] = [Self::Accepted, Self::Voicemail, Self::Missed, Self::Unreached, Self::Other];

    /// Returns the series that an outcome counts in.
    pub fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Accepted => Self::Accepted,
            Outcome::Missed => Self::Missed,
            Outcome::Voicemail => Self::Voicemail,
            Outcome::Busy | Outcome::Canceled | Outcome::Unavailable | Outcome::Congestion => Self::Unreached,
            Outcome::Blocked | Outcome::Other | Outcome::Unknown | Outcome::Open => Self::Other,
        }
    }

    /// Returns its name, which style sheets know it by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Voicemail => "voicemail",
            Self::Missed => "missed",
            Self::Unreached => "unreached",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_place() {
        for outcome in Outcome::ALL {
            assert!(Series::ALL.contains(&Series::of(outcome)));
        }
    }
}
