//! Fictional telephone numbers: the ranges which the regulators keep free for films and books.
//!
//! Germany: Bundesnetzagentur, Mitteilung 148/2021 ("Drama Numbers"). United Kingdom: Ofcom, numbers for drama use.
//! North America: 555-0100 to 555-0199. France: Arcep, 01 99 00 and its siblings.

use rand::{Rng, RngExt};

/// The simulated company's own lines, in national form as the PBX sends them (Cologne).
pub const OWN_LINES: [&str; 5] = ["02214710100", "02214710110", "02214710120", "02214710150", "02214710199"];

/// Landline blocks of Berlin, Frankfurt, Hamburg, Cologne, Munich; three more digits make a number.
const LANDLINES: [&str; 5] = ["03023125", "06990009", "04066969", "02214710", "08999998"];
/// Mobile blocks; two more digits make a number.
const MOBILE_BLOCKS: [&str; 2] = ["017139200", "0176040690"];
const MOBILES: [&str; 9] = [
    "015228817386",
    "015228895456",
    "015254599371",
    "01729925904",
    "01729968532",
    "01729973185",
    "01729980752",
    "01749091317",
    "01749464308",
];
/// Foreign blocks in the notations that occur; two more digits make a number.
const FOREIGN_BLOCKS: [&str; 4] = ["0044207946 00", "+442079460 1", "00121255501", "+331990012"];

/// Draws a German landline number outside the company's own range.
pub fn landline(rng: &mut impl Rng) -> String {
    let area = LANDLINES[rng.random_range(0..LANDLINES.len())];
    // The company's own lines are the 1xx of Cologne.
    format!("{area}{:03}", rng.random_range(200..1000))
}

/// Draws a German mobile number.
pub fn mobile(rng: &mut impl Rng) -> String {
    if rng.random_bool(0.1) {
        return MOBILES[rng.random_range(0..MOBILES.len())].to_owned();
    }
    let block = MOBILE_BLOCKS[rng.random_range(0..MOBILE_BLOCKS.len())];
    format!("{block}{:02}", rng.random_range(0..100))
}

/// Draws a foreign number, written with `00` or `+`.
pub fn foreign(rng: &mut impl Rng) -> String {
    let block = FOREIGN_BLOCKS[rng.random_range(0..FOREIGN_BLOCKS.len())].replace(' ', "");
    format!("{block}{:02}", rng.random_range(0..100))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::phone::Numbering;
    use rand::{SeedableRng, rngs::StdRng};

    fn e164(raw: &str) -> Option<String> {
        Numbering::new("DE").unwrap().e164(raw)
    }

    #[test]
    fn every_number_is_a_valid_number() {
        let mut rng = StdRng::seed_from_u64(1);
        for line in OWN_LINES.iter().chain(&MOBILES) {
            assert!(e164(line).is_some(), "{line}");
        }
        for _ in 0..300 {
            for number in [landline(&mut rng), mobile(&mut rng), foreign(&mut rng)] {
                assert!(e164(&number).is_some(), "{number}");
            }
        }
    }

    #[test]
    fn nobody_outside_has_a_line_of_the_company() {
        let mut rng = StdRng::seed_from_u64(2);
        assert!((0..5000).all(|_| !OWN_LINES.contains(&landline(&mut rng).as_str())));
    }
}
