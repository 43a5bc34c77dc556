//! An adaptive batch size for work that is done step by step: smaller where a transaction took too long.

/// An adaptive batch size: halved each time that it was too much, doubled up to its maximum each time that it was not.
pub(in crate::store) struct Portion {
    most: i64,
    now: i64,
}

impl Portion {
    pub(in crate::store) fn new(most: i64) -> Self {
        Self { most, now: most }
    }

    pub(in crate::store) fn size(&self) -> i64 {
        self.now
    }

    /// Halves the size, because it was too much; returns whether that is less.
    pub(in crate::store) fn halve(&mut self) -> bool {
        let is_less = self.now > 1;
        self.now = (self.now / 2).max(1);
        is_less
    }

    /// Doubles the size up to its maximum, because it was not too much.
    pub(in crate::store) fn grow(&mut self) {
        self.now = self.now.saturating_mul(2).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shrinks_to_one_and_grows_to_what_it_was() {
        let mut portion = Portion::new(5);
        let sizes: Vec<_> = (0..4).map(|_| (portion.size(), portion.halve())).collect();
        assert_eq!(sizes, [(5, true), (2, true), (1, false), (1, false)]);
        let sizes: Vec<_> = (0..4)
            .map(|_| {
                portion.grow();
                portion.size()
            })
            .collect();
        assert_eq!(sizes, [2, 4, 5, 5]);
    }
}
