//! Limits of request bodies, by url: the one table of them, and the memory budget that all bodies share that are held at
//! the same time, so that neither many nor large ones exhaust it.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::web::error::Error;

/// Maximum length of bodies that take nothing from the budget, in bytes: their number is bounded by that of
/// connections. They are parsed at once; larger ones are parsed off the threads that answer callers.
pub(super) const FREE_BYTES: usize = 4 * 1024;
/// The unit of the budget, in bytes per semaphore permit.
pub(super) const UNIT: usize = 1024;
/// The number of parts of the budget: one for bodies that no [`Bound`] lets grow beyond [`FORM_BYTES`], one for trials,
/// and two for changes, so that nobody with read access only keeps others from changing something.
const QUARTERS: usize = 4;
const FORM_BYTES: usize = 256 * 1024;

/// The limits of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Maximum length, in bytes.
    pub bytes: usize,
    /// Maximum number of fields of a form, or of values of JSON.
    pub values: usize,
    /// Maximum number of objects among the values of JSON.
    pub objects: usize,
}

impl Bound {
    /// The limits of urls that need no login.
    pub const OPEN: Self = Self { bytes: FREE_BYTES, values: 100, objects: 0 };
    /// The limits of changes to one's own account: three passwords fit.
    pub const ACCOUNT: Self = Self { bytes: 2 * FREE_BYTES, values: 100, objects: 0 };
    /// The limits of most forms.
    pub const FORM: Self = Self { bytes: FORM_BYTES, values: 5_000, objects: 0 };
    /// The limits of a file of contacts.
    pub const FILE: Self = Self { bytes: 5 * 1000 * 1000, values: 100, objects: 0 };
    /// The limits of most JSON: a list of 10,000 numbers fits.
    pub const JSON: Self = Self { bytes: FORM_BYTES, values: 25_000, objects: 2_000 };
    /// The limits of one route: one from and to 10,000 numbers each fits.
    pub const ROUTE: Self = Self { bytes: 1024 * 1024, values: 50_000, objects: 2_000 };
    /// The limits of names: 10,000 lines and as many agents fit.
    pub const NAMES: Self = Self { bytes: 4 * 1024 * 1024, values: 100_000, objects: 22_000 };
    /// The limits of a table of routes: 10,000 routes fit.
    pub const ROUTES: Self = Self { bytes: 8 * 1024 * 1024, values: 500_000, objects: 60_000 };
    /// The limits of all contacts: 100,000 fit.
    pub const CONTACTS: Self = Self { bytes: 16 * 1024 * 1024, values: 800_000, objects: 110_000 };
}

/// The memory budget for bodies, and the locks on parsing large ones (semaphores).
#[derive(Debug)]
pub struct Bodies {
    small: Arc<Semaphore>,
    large_trials: Arc<Semaphore>,
    large_changes: Arc<Semaphore>,
    /// A budget of its own for bodies of the PBX, which wait for nobody else.
    pbx: Arc<Semaphore>,
    pub(super) trials: Arc<Semaphore>,
    pub(super) changes: Arc<Semaphore>,
}

impl Bodies {
    /// Creates a budget in bytes, and one of the same size for the PBX.
    pub fn new(budget: usize) -> Self {
        let room = |bytes: usize| Arc::new(Semaphore::new(bytes / UNIT));
        let quarter = budget / QUARTERS;
        let one = || Arc::new(Semaphore::new(1));
        Self {
            small: room(quarter),
            large_trials: room(quarter),
            large_changes: room(2 * quarter),
            pbx: room(budget),
            trials: one(),
            changes: one(),
        }
    }

    /// Returns an empty reservation for a body of the PBX.
    pub fn pbx(&self) -> Held {
        Held { room: self.pbx.clone(), permit: None }
    }

    pub(super) fn held(&self, bound: Bound, is_trial: bool) -> Held {
        let room = match () {
            () if bound.bytes <= FORM_BYTES => &self.small,
            () if is_trial => &self.large_trials,
            () => &self.large_changes,
        };
        Held { room: room.clone(), permit: None }
    }
}

/// A body's reservation in the budget, released on drop.
#[derive(Debug)]
pub struct Held {
    room: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Held {
    /// Grows the reservation to so many bytes altogether.
    ///
    /// # Errors
    /// When the budget is exhausted.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Error> {
        let wanted = bytes.saturating_sub(FREE_BYTES).div_ceil(UNIT);
        let more = wanted.saturating_sub(self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
        if more == 0 {
            return Ok(());
        }
        let more = u32::try_from(more).map_err(|_| Error::Full)?;
        let more = self.room.clone().try_acquire_many_owned(more).map_err(|_| Error::Full)?;
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            permit => *permit = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_a_budget_and_small_ones_need_none() {
        let bodies = Bodies::new(80 * UNIT);
        let grown = |mut held: Held, bytes| held.grow(bytes).map(|()| held);
        let held = |bytes| grown(bodies.held(Bound::JSON, false), bytes);
        // A quarter is theirs, after what is free for each.
        let most = FREE_BYTES + 20 * UNIT;
        assert!(held(most + 1).is_err());
        let first = held(most).unwrap();
        assert!(matches!(held(FREE_BYTES + 1), Err(Error::Full)));
        assert!(held(FREE_BYTES).is_ok(), "small ones always have room");
        assert!(grown(bodies.held(Bound::ROUTES, true), most + 1).is_err());
        let tried = grown(bodies.held(Bound::ROUTES, true), most).unwrap();
        let most_of_changes = FREE_BYTES + 40 * UNIT;
        assert!(grown(bodies.held(Bound::ROUTES, false), most_of_changes + 1).is_err());
        let changed = grown(bodies.held(Bound::ROUTES, false), most_of_changes);
        assert!(changed.is_ok(), "what is tried out leaves room for what changes something");
        drop((tried, changed));
        let most_of_pbx = FREE_BYTES + 80 * UNIT;
        let event = grown(bodies.pbx(), most_of_pbx).unwrap();
        assert!(matches!(grown(bodies.pbx(), FREE_BYTES + 1), Err(Error::Full)), "the PBX has as much of its own");
        drop(event);
        drop(first);
        assert!(held(most).is_ok());
    }
}
