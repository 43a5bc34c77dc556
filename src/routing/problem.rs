//! What can be wrong with routes and with what they share, beyond what can be wrong with any field. These are codes with
//! data; their texts are in `i18n`.

use chrono::NaiveDate;

use super::key::Key;

/// What can be wrong with a table of routes, with what routes share, or with a trial of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteProblem {
    /// The text is no valid name of a list or a schedule.
    Name,
    /// The name is not the one in the address; holds that one.
    OtherName(String),
    /// The list does not exist.
    UnknownList(Key),
    /// The schedule does not exist.
    UnknownSchedule(Key),
    /// The entry of a list names another list.
    NestedList,
    /// The entry of a list could never be the number of a call.
    NotNumber,
    /// A day of a closing time is no day.
    NotClosingDay,
    /// The closing time ends before its first day; holds that day.
    EndsBeforeFirstDay(NaiveDate),
    /// The end of the closed switch is no instant.
    NotClosedUntil,
    /// The end of the closed switch is not in the future.
    ClosedUntilPast,
    /// The end of the closed switch is too far away.
    ClosedTooLong,
    /// An earlier route of the table has the same id.
    DuplicateId,
    /// The time of a call that is tried is no instant.
    NotCallTime,
    /// A day of a replay is no day.
    NotReplayDay,
    /// The replay ends before its start.
    ReplayEndsBeforeStart,
    /// The replay ends too long after its start.
    ReplayTooLong,
}
