use std::fmt;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// The shortest password.
pub const MIN_CHARS: usize = 10;
/// The longest password: hashing takes its time.
pub const MAX_CHARS: usize = 200;
const SALT_BYTES: usize = 16;
/// Takes as long to compare with as any other, and fits no password.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password, hashed with argon2id.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Why a password is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password has {MIN_CHARS} to {MAX_CHARS} characters")]
pub struct PasswordLength;

/// Whether a password can be taken.
///
/// # Errors
/// When it is too short or too long.
pub fn check(password: &str) -> Result<(), PasswordLength> {
    (MIN_CHARS..=MAX_CHARS).contains(&password.chars().count()).then_some(()).ok_or(PasswordLength)
}

impl PasswordHash {
    /// Hashes; that takes a while on purpose.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new(password: &str) -> Result<Self, argon2::password_hash::Error> {
        let salt: [u8; SALT_BYTES] = rand::random();
        let hash: Phc = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt)?;
        Ok(Self(hash.to_string()))
    }

    /// As it was stored.
    pub fn stored(phc: String) -> Self {
        Self(phc)
    }

    /// For names that nobody has: they must not be told by how long an answer takes.
    pub fn nobody() -> Self {
        Self(NOBODY.to_owned())
    }

    /// As it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the password; that takes a while on purpose.
    pub fn fits(&self, password: &str) -> bool {
        // No password is longer, and long texts take longer.
        let password = if password.chars().count() > MAX_CHARS { "" } else { password };
        let hash = Phc::new(&self.0);
        hash.is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_fits_and_no_two_hashes_are_alike() {
        let [one, other] = [(); 2].map(|()| PasswordHash::new("correct horse").unwrap());
        assert_ne!(one, other);
        assert!(one.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.as_str());
        assert!(one.fits("correct horse") && other.fits("correct horse"));
        assert!(!one.fits("correct horsf") && !one.fits("") && !one.fits("Correct horse"));
        assert_eq!(format!("{one:?}"), "…");
    }

    #[test]
    fn nobody_takes_as_much_work_as_anybody() {
        let parameters = |hash: &PasswordHash| {
            let phc = Phc::new(hash.as_str()).unwrap();
            let (salt, hash) = (phc.salt.unwrap().len(), phc.hash.unwrap().len());
            (phc.algorithm.to_string(), phc.version, phc.params.to_string(), salt, hash)
        };
        assert_eq!(parameters(&PasswordHash::nobody()), parameters(&PasswordHash::new("whatever it is").unwrap()));
        assert!(!PasswordHash::nobody().fits("") && !PasswordHash::nobody().fits("nobody"));
    }

    #[test]
    fn passwords_are_long_enough_to_be_worth_it() {
        assert_eq!(check("ääääääääää"), Ok(()));
        assert_eq!(check("123456789"), Err(PasswordLength));
        assert_eq!(check(&"ä".repeat(200)), Ok(()));
        assert_eq!(check(&"x".repeat(201)), Err(PasswordLength));
    }
}
