use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt;
use sha2::{Digest, Sha256};

/// The alphabet of codes, without letters and digits that look alike.
const CODE_LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE_GROUPS: usize = 4;
const CODE_GROUP_CHARS: usize = 4;

/// The SHA-256 hash by which a secret is recognised. A secret has enough entropy that no slow hash is needed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; 32]);

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl SecretHash {
    /// Hashes a secret as it was presented.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Reads a hash as it was stored; `None` if the length is wrong.
    pub fn stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Returns the hash as it is stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Creates a session secret of 256 random bits, for a cookie.
pub fn new_session() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// Creates an API token; its prefix tells whoever finds it what it is.
pub fn new_token() -> String {
    format!("fernamt_{}", new_session())
}

/// Creates a code of 80 random bits that people can type: `ABCD-EFGH-JKLM-NPQR`.
pub fn new_code() -> String {
    let mut random = rand::rng();
    let mut group = || -> String {
        (0..CODE_GROUP_CHARS).map(|_| char::from(CODE_LETTERS[random.random_range(0..CODE_LETTERS.len())])).collect()
    };
    (0..CODE_GROUPS).map(|_| group()).collect::<Vec<_>>().join("-")
}

/// Normalises a code as people type it: capitals and dashes do not matter.
pub fn typed_code(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_are_recognised() {
        let (one, other) = (new_token(), new_token());
        assert_ne!(one, other);
        assert_eq!((one.len(), SecretHash::of(&one)), (8 + 43, SecretHash::of(&one)));
        assert_ne!(SecretHash::of(&one), SecretHash::of(&other));
        let stored = SecretHash::stored(SecretHash::of(&one).as_bytes());
        assert_eq!(stored, Some(SecretHash::of(&one)));
        assert_eq!(SecretHash::stored(b"short"), None);
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        let code = new_code();
        assert_eq!(code.len(), 19, "{code}");
        assert_eq!(typed_code(&code.to_lowercase().replace('-', " ")), typed_code(&code));
    }
}
