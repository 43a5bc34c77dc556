//! The limits of replies: how long, how many and how much of each.

use std::ops::RangeInclusive;

/// Bounds of the ringing time of a target, in seconds.
pub const TARGET_RINGTIME: RangeInclusive<i64> = 1..=3600;
/// Bounds of the weight of a target.
pub const WEIGHT: RangeInclusive<i64> = 1..=1000;
/// Bounds of the time for which a peer counts as knowing a caller, in days.
pub const WITHIN_DAYS: RangeInclusive<i64> = 1..=365;
/// Bounds of the ringing time of a group, in seconds (Placetel's bounds).
pub const GROUP_RINGTIME: RangeInclusive<i64> = 10..=60;
/// Maximum length of the id of a queue, an announcement and so on, in characters.
pub const MAX_ID_CHARS: usize = 64;
/// Maximum length of a telephone number or SIP id, in characters.
pub const MAX_NUMBER_CHARS: usize = 128;
/// Maximum number of targets of one forward.
pub const MAX_TARGETS: usize = 100;
/// Maximum number of numbers of one target.
pub const MAX_NUMBERS: usize = 100;
