//! The reply that tells the PBX what to do with an incoming call: its types, which are its JSON shape, too.

mod indent;
mod json;
mod limits;
#[cfg(test)]
mod tests;
mod xml;

use serde::Serialize;

pub use indent::indented;
pub use limits::{
    GROUP_RINGTIME, MAX_ID_CHARS, MAX_NUMBER_CHARS, MAX_NUMBERS, MAX_TARGETS, TARGET_RINGTIME, WEIGHT, WITHIN_DAYS,
};

/// Default ringing time of a target, in seconds (Placetel's default).
pub const DEFAULT_TARGET_RINGTIME: u16 = 60;
/// Default ringing time of a group, in seconds (Placetel's default).
pub const DEFAULT_GROUP_RINGTIME: u16 = 40;
/// Default weight of a target.
pub const DEFAULT_WEIGHT: u16 = 1;
/// Default ringing time of the peer who knows the caller, in seconds.
pub const DEFAULT_LAST_PEER_RINGTIME: u16 = 15;
/// Default number of days for which a peer counts as knowing a caller.
pub const DEFAULT_LAST_PEER_DAYS: u16 = 30;
/// The empty response, which gives the PBX no instruction: for every other event, and for a call that no route matches.
pub const EMPTY_RESPONSE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response/>";

/// The one action of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Reply {
    /// Let targets ring, one after the other.
    Forward(Forward),
    /// Turn the call away.
    Reject(Reject),
    /// Hang up.
    Hangup,
    /// Hand the call to a Contact Center queue.
    Queue(Queue),
    /// Play a prompt, then hang up (newer than the 2017 document).
    Prompt(Prompt),
    /// Let a group of the PBX ring (newer than the 2017 document).
    Group(Group),
    /// Hand the call to a routing plan of the PBX (newer than the 2017 document).
    RoutingPlan(RoutingPlan),
}

/// Targets that ring one after the other; none of them = straight to voicemail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Forward {
    /// Music on hold in place of the ringing tone.
    pub music_on_hold: bool,
    /// Whether the call goes to voicemail when no target answered.
    pub voicemail: bool,
    /// Id of the announcement of the mailbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voicemail_announcement: Option<String>,
    /// Whether a voice message is mailed as an MP3.
    pub voicemail_as_attachment: bool,
    /// Id of an announcement to play before the targets ring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward_announcement: Option<String>,
    /// Who rings.
    pub targets: Vec<Target>,
    /// In which order; `in_order` if left out.
    #[serde(skip_serializing_if = "Distribution::is_in_order")]
    #[schema(required = false)]
    pub distribution: Distribution,
    /// Whether the peer who last accepted a call from this caller rings first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_peer: Option<LastPeer>,
}

/// In which order targets ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// As they stand.
    #[default]
    InOrder,
    /// Each call begins with another, then the others in their order.
    Rotate,
    /// Drawn by weight.
    Weighted,
}

impl Distribution {
    fn is_in_order(&self) -> bool {
        *self == Self::InOrder
    }
}

/// The peer who last accepted a call from this caller rings first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LastPeer {
    /// How long this peer rings alone, in seconds.
    #[schema(minimum = 1, maximum = 3600)]
    pub ringtime: u16,
    /// So long ago may that call be.
    #[schema(minimum = 1, maximum = 365)]
    pub within_days: u16,
}

impl Default for Forward {
    fn default() -> Self {
        Self {
            music_on_hold: false,
            voicemail: true,
            voicemail_announcement: None,
            voicemail_as_attachment: false,
            forward_announcement: None,
            targets: Vec::new(),
            distribution: Distribution::default(),
            last_peer: None,
        }
    }
}

/// Numbers that ring together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Target {
    /// How long they ring, in seconds.
    pub ringtime: u16,
    /// SIP users or telephone numbers, at least one.
    pub numbers: Vec<String>,
    /// How often it is first, in comparison with the others, where the order is drawn by weight; 1 if left out.
    #[serde(skip_serializing_if = "is_default_weight")]
    #[schema(required = false, minimum = 1, maximum = 1000)]
    pub weight: u16,
}

impl Default for Target {
    fn default() -> Self {
        Self { ringtime: DEFAULT_TARGET_RINGTIME, numbers: Vec::new(), weight: DEFAULT_WEIGHT }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_default_weight(weight: &u16) -> bool {
    *weight == DEFAULT_WEIGHT
}

/// Turning a call away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Reject {
    /// What the caller hears.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<RejectReason>,
}

/// The reasons that Placetel knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// The line pretends to be busy.
    Busy,
}

/// A Contact Center queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Queue {
    /// Its id in the PBX.
    pub id: String,
}

/// A prompt to play.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Prompt {
    /// Its id in the PBX.
    pub id: String,
}

/// A group of the PBX.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Group {
    /// Its id in the PBX.
    pub id: String,
    /// How long it rings, in seconds.
    pub ringtime: u16,
    /// What happens when nobody answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_behaviour: Option<BackupBehaviour>,
    /// Id of the routing object that takes over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_routing_object: Option<String>,
    /// Id of the announcement of the mailbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voicemail_announcement: Option<String>,
    /// Whether a voice message is mailed as an MP3.
    pub voicemail_as_attachment: bool,
    /// Id of an announcement to play before the group rings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward_announcement: Option<String>,
    /// Music on hold in place of the ringing tone.
    pub music_on_hold: bool,
}

/// What a group does with a call that nobody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackupBehaviour {
    /// The mailbox takes it.
    Mailbox,
    /// Another routing object of the PBX takes it.
    RoutingObject,
}

/// A routing plan of the PBX.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RoutingPlan {
    /// Its id in the PBX.
    pub id: String,
    /// What happens when the plan cannot be run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Forward>,
}
