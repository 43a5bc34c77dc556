use std::fmt;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// Minimum length of a password, in characters.
pub const MIN_CHARS: usize = 10;
/// Maximum length of a password, in characters: bounds the time that hashing takes.
pub const MAX_CHARS: usize = 200;
const SALT_BYTES: usize = 16;
/// A dummy hash that no password fits; comparing with it takes as long as with any other (prevents a timing attack).
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

/// Error of a password whose length is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password has {MIN_CHARS} to {MAX_CHARS} characters")]
pub struct PasswordLength;

/// Checks the length of a password.
///
/// # Errors
/// When it is too short or too long.
pub fn check(password: &str) -> Result<(), PasswordLength> {
    (MIN_CHARS..=MAX_CHARS).contains(&password.chars().count()).then_some(()).ok_or(PasswordLength)
}

impl PasswordHash {
    /// Hashes a password with a random salt; slow on purpose.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new(password: &str) -> Result<Self, argon2::password_hash::Error> {
        let salt: [u8; SALT_BYTES] = rand::random();
        let hash: Phc = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt)?;
        Ok(Self(hash.to_string()))
    }

    /// Wraps a hash as it was stored (PHC string).
    pub fn stored(phc: String) -> Self {
        Self(phc)
    }

    /// Returns a dummy hash for unknown names, so that the response time does not tell whether a name exists.
    pub fn nobody() -> Self {
        Self(NOBODY.to_owned())
    }

    /// Returns the hash as it is stored (PHC string).
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the password fits; slow on purpose.
    pub fn fits(&self, password: &str) -> bool {
        // No valid password is longer, and hashing a long text takes longer.
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
