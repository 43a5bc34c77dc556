//! The events of a simulated call, encoded as the PBX encodes them.

use form_urlencoded::Serializer;

/// The direction of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// From outside to an own line.
    In,
    /// From an own line to the outside.
    Out,
}

impl Way {
    fn word(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// The outcome of a call: HungUp's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// Somebody talked.
    Accepted,
    /// The caller gave up.
    Missed,
    /// Sent to voicemail.
    Voicemail,
    /// Turned away by the PBX.
    Blocked,
    /// Outbound: the line was engaged.
    Busy,
    /// Outbound: given up.
    Canceled,
    /// Outbound: not reachable.
    Unavailable,
    /// Outbound: no way through.
    Congestion,
}

impl Ending {
    fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Missed => "missed",
            Self::Voicemail => "voicemail",
            Self::Blocked => "blocked",
            Self::Busy => "busy",
            Self::Canceled => "canceled",
            Self::Unavailable => "unavailable",
            Self::Congestion => "congestion",
        }
    }
}

/// The content of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The event IncomingCall.
    Incoming,
    /// The event OutgoingCall.
    Outgoing,
    /// The event CallAccepted.
    Accepted,
    /// The event HungUp.
    HungUp {
        /// The field `type`.
        ending: Ending,
        /// The field `duration`, whole seconds; 0 for an outgoing accepted call means that the PBX does not tell.
        duration_seconds: u32,
    },
}

/// One event of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Milliseconds after the call's first event.
    pub offset_ms: u64,
    /// What the event says.
    pub happening: Happening,
    /// The form body, keys sorted as in real ones.
    pub body: String,
}

/// One call from its first event to its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptedCall {
    /// The call id, 64 hex digits.
    pub call_id: String,
    /// The direction of the call.
    pub way: Way,
    /// The outcome of the call.
    pub ending: Ending,
    /// The events in the order in which they happen.
    pub steps: Vec<Step>,
}

/// Builds the events of one call.
pub(super) struct Writer {
    pub(super) done: ScriptedCall,
    from: String,
    to: String,
}

impl Writer {
    pub(super) fn new(call_id: String, way: Way, ending: Ending, from: String, to: String) -> Self {
        Self { done: ScriptedCall { call_id, way, ending, steps: Vec::with_capacity(3) }, from, to }
    }

    pub(super) fn push(&mut self, offset_ms: u64, happening: Happening, peer: Option<&str>) {
        let (event, hangup) = match happening {
            Happening::Incoming => ("IncomingCall", None),
            Happening::Outgoing => ("OutgoingCall", None),
            Happening::Accepted => ("CallAccepted", None),
            Happening::HungUp { ending, duration_seconds } => ("HungUp", Some((ending, duration_seconds))),
        };
        let mut form = Serializer::new(String::new());
        form.append_pair("call_id", &self.done.call_id).append_pair("direction", self.done.way.word());
        if let Some((_, seconds)) = hangup {
            form.append_pair("duration", &seconds.to_string());
        }
        form.append_pair("event", event).append_pair("from", &self.from);
        if let Some(peer) = peer {
            form.append_pair("peer", peer);
        }
        form.append_pair("to", &self.to);
        if let Some((ending, _)) = hangup {
            form.append_pair("type", ending.word());
        }
        self.done.steps.push(Step { offset_ms, happening, body: form.finish() });
    }

    pub(super) fn hang_up(&mut self, offset_ms: u64, duration_seconds: u32) {
        self.push(offset_ms, Happening::HungUp { ending: self.done.ending, duration_seconds }, None);
    }
}
