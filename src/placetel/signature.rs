//! The signature `X-PLACETEL-SIGNATURE`: the lower-case hex HMAC-SHA256 of the raw body bytes with the shared secret.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The name of the header that carries the signature.
pub const HEADER: &str = "X-PLACETEL-SIGNATURE";

/// Returns the signature of `body`, as the PBX would send it.
pub fn sign(secret: &str, body: &[u8]) -> String {
    hex::encode(mac(secret, body).finalize().into_bytes())
}

/// Returns whether `signature` was made with one of `secrets` (several are valid during key rotation). Compares in
/// constant time; upper-case hex and surrounding blanks are accepted.
pub fn is_valid<'a>(secrets: impl IntoIterator<Item = &'a str>, body: &[u8], signature: &str) -> bool {
    let mut given = [0; 32];
    if hex::decode_to_slice(signature.trim(), &mut given).is_err() {
        return false;
    }
    let mut valid = false;
    for secret in secrets {
        valid |= mac(secret, body).verify_slice(&given).is_ok();
    }
    valid
}

fn mac(secret: &str, body: &[u8]) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = mac.expect("any key length");
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"call_id=4a4cbb39578170aed9a2761a7bec8c7e704a541f52291ef603d6f5f152980c3c&event=CallAccepted&from=0123456789&to=0987654321";
    const SIGNATURE: &str = "c4f823c5b8806432fe2b83b1fc2ee714422e0cdfb4b5129152a7d0bbcd7792d0";

    #[test]
    fn the_vendors_vector_holds() {
        assert_eq!(sign("12345", BODY), SIGNATURE);
        assert!(is_valid(["12345"], BODY, SIGNATURE));
    }

    #[test]
    fn any_of_several_secrets_is_valid() {
        assert!(is_valid(["old", "12345"], BODY, SIGNATURE));
        assert!(is_valid(["12345", "new"], BODY, SIGNATURE));
    }

    #[test]
    fn a_wrong_secret_body_or_signature_is_not() {
        assert!(!is_valid(["1234"], BODY, SIGNATURE));
        assert!(!is_valid(["12345"], &BODY[1..], SIGNATURE));
        assert!(!is_valid([], BODY, SIGNATURE));
        for signature in ["", "c4f8", &SIGNATURE[1..], &"z".repeat(64), &format!("{SIGNATURE}00")] {
            assert!(!is_valid(["12345"], BODY, signature), "{signature}");
        }
    }
}
