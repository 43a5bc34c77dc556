//! Call distribution: the order in which targets ring, drawn deterministically by the call's id alone. A repeated
//! question gets the same answer, on any node, after any restart.
//!
//! The id's bytes go through FNV-1a (64 bits), which seeds SplitMix64; each draw is its next number, brought into
//! range by the upper half of a multiplication. This must never change: calls are asked about again across updates.

use crate::placetel::reply::{Distribution, Target};

/// Pseudorandom number generator (SplitMix64), seeded by a call id.
struct Draws(u64);

impl Draws {
    fn of(call_id: &str) -> Self {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        Self(call_id.bytes().fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME)))
    }

    /// Draws a uniformly distributed number below `bound`; 0 if there is none.
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        u32::try_from((u128::from(mixed) * u128::from(bound)) >> 64).unwrap_or_default()
    }
}

/// Returns the targets in the order in which they ring for this call.
///
/// `rotate`: each target is as often the first as any other, the others follow in their order, from the beginning
/// again after the last. `weighted`: the first is drawn by weight, then the second from the others, and so on.
pub fn in_order_for<'a>(call_id: &str, distribution: Distribution, targets: &'a [Target]) -> Vec<&'a Target> {
    let mut targets: Vec<&Target> = targets.iter().collect();
    let mut draws = Draws::of(call_id);
    match distribution {
        Distribution::InOrder => {}
        Distribution::Rotate => {
            let first = draws.below(u32::try_from(targets.len()).unwrap_or_default());
            targets.rotate_left(usize::try_from(first).unwrap_or_default());
        }
        Distribution::Weighted => {
            for place in 0..targets.len() {
                let left = &mut targets[place..];
                let total = left.iter().map(|target| u32::from(target.weight)).sum();
                let mut drawn = draws.below(total);
                let hit = left.iter().position(|target| match drawn.checked_sub(target.weight.into()) {
                    Some(rest) => {
                        drawn = rest;
                        false
                    }
                    None => true,
                });
                // The others keep their order.
                left[..=hit.unwrap_or_default()].rotate_right(1);
            }
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(weights: &[u16]) -> Vec<Target> {
        let target =
            |(place, weight): (usize, &u16)| Target { ringtime: 20, numbers: vec![place.to_string()], weight: *weight };
        weights.iter().enumerate().map(target).collect()
    }

    fn order(call_id: &str, distribution: Distribution, weights: &[u16]) -> String {
        let targets = targets(weights);
        in_order_for(call_id, distribution, &targets).iter().map(|target| target.numbers[0].as_str()).collect()
    }

    fn firsts(distribution: Distribution, weights: &[u16], calls: usize) -> Vec<usize> {
        let mut firsts = vec![0; weights.len()];
        for call in 0..calls {
            // Ids that differ in their last characters only.
            let first = order(&format!("1234567890-{call}"), distribution, weights);
            firsts[first[..1].parse::<usize>().unwrap()] += 1;
        }
        firsts
    }

    #[test]
    fn every_target_is_first_as_often_as_the_others() {
        for count in 1..=9 {
            let fair = 9_000 / count;
            let firsts = firsts(Distribution::Rotate, &vec![1; count], 9_000);
            assert!(firsts.iter().all(|first| first.abs_diff(fair) < 6 * fair.isqrt()), "{firsts:?}");
        }
    }

    /// The expected orders were computed by another program from the description above.
    #[test]
    fn what_is_drawn_stays_drawn() {
        let vendors = "4a4cbb39578170aed9a2761a7bec8c7e704a541f52291ef603d6f5f152980c3c";
        for (call_id, rotated, weighted) in [
            (vendors, "3012", "2013"),
            ("1234567890-1", "2301", "2103"),
            ("call-1", "3012", "3201"),
            ("a", "1230", "0321"),
        ] {
            assert_eq!(order(call_id, Distribution::Rotate, &[1; 4]), rotated, "{call_id}");
            assert_eq!(order(call_id, Distribution::Weighted, &[5, 1, 3, 1]), weighted, "{call_id}");
        }
    }

    #[test]
    fn who_weighs_more_is_first_more_often() {
        let firsts = firsts(Distribution::Weighted, &[700, 200, 100], 10_000);
        for (first, expected) in firsts.iter().zip([7_000_usize, 2_000, 1_000]) {
            assert!(first.abs_diff(expected) < 200, "{firsts:?}");
        }
    }

    #[test]
    fn all_targets_ring_whatever_is_drawn() {
        for call in 0..200 {
            let call_id = call.to_string();
            let rotated = order(&call_id, Distribution::Rotate, &[1; 5]);
            assert!("0123401234".contains(&rotated), "{rotated}");
            let mut weighted: Vec<char> =
                order(&call_id, Distribution::Weighted, &[1000, 1, 500, 1, 1]).chars().collect();
            weighted.sort_unstable();
            assert_eq!(weighted, ['0', '1', '2', '3', '4']);
            assert_eq!(order(&call_id, Distribution::InOrder, &[1, 2, 3]), "012");
        }
        assert_eq!(order("x", Distribution::Weighted, &[]), "");
        assert_eq!(order("x", Distribution::Rotate, &[]), "");
    }
}
