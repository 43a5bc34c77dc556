//! The unit of work on one call in a transaction: the call as it was, and as it is to be stored.

use super::batch::KnownCall;
use crate::calls::call::Call;
use crate::calls::forgetting;
use crate::calls::phone::Numbering;
use crate::calls::receipts::{Receipt, Receipts};
use crate::stats::derivation::Derivation;
use crate::store::calls::events::damaged;
use crate::store::calls::rows::EventKey;
use crate::store::calls::rows::StoredCall;
use crate::store::db::error::StoreError;

/// A pending update of a call: as it was, and as it is with what the transaction brings.
pub(in crate::store) struct CallUpdate {
    pub(in crate::store) before: Option<StoredCall>,
    pub(in crate::store) after: StoredCall,
    stored: Receipts,
    /// The events that are folded, as they are to be stored.
    pub(in crate::store) receipts: Receipts,
    stored_surplus: Receipts,
    /// The surplus events, kept beside the folded ones, as far as the transaction brings or moves them.
    surplus: Receipts,
    /// Whether all surplus events are to be deleted.
    surplus_goes: bool,
}

impl CallUpdate {
    /// Returns an update that leaves the call as it is stored.
    pub(in crate::store) fn stored(KnownCall { stored: call, receipts, .. }: KnownCall) -> Self {
        Self {
            before: Some(call.clone()),
            after: call,
            stored: receipts.clone(),
            receipts,
            stored_surplus: Receipts::default(),
            surplus: Receipts::default(),
            surplus_goes: false,
        }
    }

    /// Folds these events, which hold all that is known, into an update; `None` if there are none. A new call has no
    /// key yet.
    pub(in crate::store) fn fold(
        known: Option<KnownCall>,
        mut receipts: Receipts,
        derivation: &Derivation,
    ) -> Option<Self> {
        let surplus = receipts.take_surplus();
        let mut call = Call::fold(&receipts, &derivation.numbering)?;
        let elsewhere = known.as_ref().map_or(0, KnownCall::surplus_not_loaded);
        call.event_count = call.event_count.saturating_add(elsewhere + surplus.len() as u32);
        let (before, stored, stored_surplus) = match known {
            Some(KnownCall { stored, receipts, surplus }) => (Some(stored), receipts, surplus),
            None => Default::default(),
        };
        let same_start = before.as_ref().filter(|before| before.call.started_ms == call.started_ms);
        let after = StoredCall {
            key: before.as_ref().map_or(0, |before| before.key),
            in_hours: same_start.map_or_else(|| derivation.business.is_open(call.started_ms), |b| b.in_hours),
            call,
        };
        Some(Self { before, after, stored, receipts, stored_surplus, surplus, surplus_goes: false })
    }

    pub(super) fn begins_before(&self, at_ms: i64) -> bool {
        self.after.call.started_ms < at_ms
    }

    /// Returns whether the call is not stored yet.
    pub(in crate::store) fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// Returns whether its events are gone and only what they told is left.
    pub(in crate::store) fn is_bare(&self) -> bool {
        self.receipts.is_empty()
    }

    /// Returns the number of its surplus events, beyond those that are folded.
    pub(in crate::store) fn surplus_count(&self) -> u32 {
        self.after.call.events_beyond(&self.receipts)
    }

    pub(in crate::store) fn is_forgotten(&self) -> bool {
        forgetting::are_forgotten(&self.receipts, self.after.call.direction)
    }

    /// Redacts the events: only what is known to be harmless and both numbers stay; surplus events are dropped.
    pub(in crate::store) fn scrub(&mut self) -> Result<(), StoreError> {
        self.receipts = forgetting::scrub(&self.receipts).map_err(damaged)?;
        if !self.is_bare() {
            self.after.call.event_count = self.receipts.len() as u32;
        }
        self.drop_surplus();
        Ok(())
    }

    /// Returns the outside party that a pseudonym is to stand for; `None` if nobody is known.
    pub(in crate::store) fn outsider(&self) -> Option<&str> {
        let call = &self.after.call;
        call.party.as_deref().or_else(|| forgetting::outsiders(&self.receipts, call.direction).next())
    }

    /// Replaces the outside party by a pseudonym; surplus events are dropped.
    pub(in crate::store) fn pseudonymise(&mut self, pseudonym: &str, numbering: &Numbering) -> Result<(), StoreError> {
        let call = &mut self.after.call;
        self.receipts = forgetting::pseudonymise(&self.receipts, call.direction, pseudonym).map_err(damaged)?;
        match Call::fold(&self.receipts, numbering) {
            Some(folded) => *call = folded,
            None => forgetting::pseudonymise_bare(call, pseudonym),
        }
        self.drop_surplus();
        Ok(())
    }

    fn drop_surplus(&mut self) {
        self.surplus = Receipts::default();
        self.surplus_goes = true;
    }

    /// Returns the events that the log did not hold before.
    pub(super) fn new_receipts(&self) -> impl Iterator<Item = &Receipt> {
        let all = self.receipts.iter().chain(self.surplus.iter());
        let is_known = |receipt: &Receipt| self.stored.contains(receipt) || self.stored_surplus.contains(receipt);
        let by_body =
            |receipt: &Receipt| [&self.stored, &self.stored_surplus].iter().any(|r| r.find(&receipt.body).is_some());
        all.filter(move |receipt| !is_known(receipt) && !by_body(receipt))
    }

    /// Returns the keys of folded events that are stored and are no longer among the call's folded events.
    pub(super) fn outdated_receipts(&self) -> impl Iterator<Item = EventKey> {
        outdated(self.after.key, &self.stored, &self.receipts)
    }

    /// Returns the folded events that are not stored like that yet, with the call's key.
    pub(super) fn changed_receipts(&self) -> impl Iterator<Item = (i64, &Receipt)> {
        changed(self.after.key, &self.stored, &self.receipts)
    }

    /// Like [`outdated_receipts`](Self::outdated_receipts), of surplus events.
    pub(in crate::store) fn outdated_surplus(&self) -> impl Iterator<Item = EventKey> {
        outdated(self.after.key, &self.stored_surplus, &self.surplus)
    }

    /// Like [`changed_receipts`](Self::changed_receipts), of surplus events.
    pub(in crate::store) fn changed_surplus(&self) -> impl Iterator<Item = (i64, &Receipt)> {
        changed(self.after.key, &self.stored_surplus, &self.surplus)
    }

    /// Returns the key, if all surplus events are to be deleted and there may be some.
    pub(in crate::store) fn surplus_to_drop(&self) -> Option<i64> {
        let may_have_some = self.before.as_ref().is_some_and(|before| before.call.events_beyond(&self.stored) > 0);
        (self.surplus_goes && may_have_some).then_some(self.after.key)
    }
}

fn outdated(key: i64, stored: &Receipts, now: &Receipts) -> impl Iterator<Item = EventKey> {
    let is_outdated = |receipt: &&Receipt| !now.contains(receipt) && now.find(&receipt.body).is_none();
    stored.iter().filter(is_outdated).map(move |receipt| (key, receipt.digest()))
}

fn changed<'r>(key: i64, stored: &Receipts, now: &'r Receipts) -> impl Iterator<Item = (i64, &'r Receipt)> {
    now.iter().filter(|receipt| !stored.contains(receipt)).map(move |receipt| (key, receipt))
}
