//! The timeline bar of one call: how long it rang and how long people talked.

use crate::calls::call::{Call, State as Standing};
use crate::calls::outcome::Outcome;
use crate::placetel::event::Direction;
use crate::web::pages::layout::context::PageContext;

/// The minimum width of a segment in percent, before all are scaled to fill the bar.
const LEAST_WIDTH: f64 = 1.5;

/// The timeline bar of a call.
pub struct Lane {
    /// The segments from left to right.
    pub parts: Vec<Part>,
    /// The time at which the call began.
    pub begin: String,
    /// The time at which the call ended, or a text that it still runs.
    pub end: String,
    /// The description in words, for screen readers.
    pub words: String,
    /// The explanation of how to read the bar.
    pub hint: String,
}

/// A segment of the bar.
pub struct Part {
    pub class: &'static str,
    pub name: &'static str,
    pub duration: String,
    /// The left edge, in percent of the bar.
    pub x: f64,
    pub width: f64,
    seconds: i64,
}

/// The activity in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Ringing,
    Talking,
    Voicemail,
    /// Ringing, then talking; the events do not tell when it changed.
    Untold,
}

/// Returns the timeline bar of a call; `None` if no duration is known.
pub fn lane(call: &Call, standing: Standing, now_ms: i64, context: &PageContext) -> Option<Lane> {
    let t = &context.texts.call_log;
    let end_ms = end_ms(call, standing, now_ms)?;
    let stretches = stretches(call, end_ms);
    let mut parts: Vec<Part> = stretches.iter().map(|(doing, ms)| part(*doing, *ms, context)).collect();
    place(&mut parts);
    let mut hint = t.lane_hint.to_owned();
    for (doing, more) in [(Doing::Voicemail, t.voicemail_hint), (Doing::Untold, t.untold_hint)] {
        if stretches.iter().any(|(other, _)| *other == doing) {
            hint = more.to_owned();
        }
    }
    let words = parts.iter().map(|part| (t.lasted)(part.name, &part.duration)).collect::<Vec<_>>().join(", ");
    let is_running = standing != Standing::Ended;
    Some(Lane {
        begin: context.format.precise_time(call.started_ms),
        end: if is_running { t.goes_on.to_owned() } else { context.format.precise_time(end_ms) },
        words,
        hint,
        parts,
    })
    .filter(|lane| !lane.parts.is_empty())
}

fn end_ms(call: &Call, standing: Standing, now_ms: i64) -> Option<i64> {
    if standing == Standing::Ended { call.ended_ms } else { Some(now_ms) }
}

/// Returns the activities of a call in order, each with its duration in milliseconds.
fn stretches(call: &Call, end_ms: i64) -> Vec<(Doing, i64)> {
    let whole = end_ms - call.started_ms;
    let accepted = call.accepted_ms.map(|at_ms| at_ms.clamp(call.started_ms, end_ms.max(call.started_ms)));
    let told = match (call.ending, accepted) {
        (Some(Outcome::Voicemail), _) => vec![(Doing::Voicemail, whole)],
        (Some(Outcome::Accepted) | None, Some(accepted)) => {
            vec![(Doing::Ringing, accepted - call.started_ms), (Doing::Talking, end_ms - accepted)]
        }
        (Some(Outcome::Accepted), None) => vec![(Doing::Untold, whole)],
        // An outbound call without an accepted event may already be a conversation.
        (None, None) if call.direction == Some(Direction::Out) => vec![(Doing::Untold, whole)],
        _ => vec![(Doing::Ringing, whole)],
    };
    told.into_iter().filter(|(_, ms)| *ms > 0).collect()
}

fn part(doing: Doing, ms: i64, context: &PageContext) -> Part {
    let t = &context.texts.call_log;
    let (class, name) = match doing {
        Doing::Ringing => ("ringing", t.ringing),
        Doing::Talking => ("talking", t.talking),
        Doing::Voicemail => ("voicemail", t.voicemail),
        Doing::Untold => ("untold", t.untold),
    };
    let seconds = ms / 1000;
    Part { class, name, duration: context.format.duration(seconds), x: 0.0, width: 0.0, seconds }
}

/// Places the segments side by side, each as wide as its duration but never too narrow to be seen.
fn place(parts: &mut [Part]) {
    let whole: i64 = parts.iter().map(|part| part.seconds).sum();
    let share = |seconds: i64| if whole > 0 { seconds as f64 / whole as f64 * 100.0 } else { 0.0 };
    let least: f64 = parts.iter().map(|part| share(part.seconds).max(LEAST_WIDTH)).sum();
    let mut x = 0.0;
    for part in parts {
        part.x = x;
        part.width = (share(part.seconds).max(LEAST_WIDTH) / least * 10_000.0).round() / 100.0;
        x = ((x + part.width) * 100.0).round() / 100.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placetel::event::CallId;

    const BEGIN: i64 = 1_795_334_400_000;

    fn call(direction: Direction, ending: Option<Outcome>, accepted_after: Option<i64>, lasted: i64) -> Call {
        Call {
            call_id: CallId::parse("c1").unwrap(),
            direction: Some(direction),
            from: None,
            to: None,
            number: None,
            party: None,
            peer: None,
            has_incoming: direction == Direction::In,
            started_ms: BEGIN,
            accepted_ms: accepted_after.map(|seconds| BEGIN + seconds * 1000),
            ended_ms: ending.map(|_| BEGIN + lasted * 1000),
            ending,
            talk_seconds: None,
            event_count: 1,
        }
    }

    fn course(direction: Direction, ending: Option<Outcome>, accepted_after: Option<i64>) -> Vec<(Doing, i64)> {
        stretches(&call(direction, ending, accepted_after, 60), BEGIN + 60_000)
    }

    #[test]
    fn a_call_rings_then_people_talk() {
        use {Direction::*, Doing::*};
        let accepted = Some(Outcome::Accepted);
        assert_eq!(course(In, accepted, Some(12)), [(Ringing, 12_000), (Talking, 48_000)]);
        assert_eq!(course(In, accepted, Some(0)), [(Talking, 60_000)]);
        assert_eq!(course(In, Some(Outcome::Missed), None), [(Ringing, 60_000)]);
        assert_eq!(course(In, Some(Outcome::Voicemail), None), [(Voicemail, 60_000)]);
        assert_eq!(course(Out, accepted, None), [(Untold, 60_000)]);
        assert_eq!(course(Out, Some(Outcome::Busy), None), [(Ringing, 60_000)]);
        assert_eq!(course(In, None, Some(12)), [(Ringing, 12_000), (Talking, 48_000)]);
        assert_eq!(course(Out, None, None), [(Untold, 60_000)]);
        // A hangup that precedes all other events.
        assert_eq!(stretches(&call(In, accepted, Some(70), 60), BEGIN - 5_000), []);
    }

    #[test]
    fn parts_fill_the_lane_and_are_all_to_be_seen() {
        let part = |seconds| Part { class: "", name: "", duration: String::new(), x: 0.0, width: 0.0, seconds };
        for seconds in [vec![12, 48], vec![1, 7_200], vec![7_200, 0], vec![0]] {
            let mut parts: Vec<Part> = seconds.iter().map(|seconds| part(*seconds)).collect();
            place(&mut parts);
            assert!(parts.iter().all(|part| part.width > 1.4), "{seconds:?}");
            assert!((parts.iter().map(|part| part.width).sum::<f64>() - 100.0).abs() < 0.1, "{seconds:?}");
        }
        let mut parts = [part(12), part(48)];
        place(&mut parts);
        assert_eq!((parts[0].x, parts[0].width, parts[1].x, parts[1].width), (0.0, 20.0, 20.0, 80.0));
    }
}
