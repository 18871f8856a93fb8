//! Secrets of API keys: 256 random bits behind a prefix that may be shown.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::db::identity::api_keys::StoredSecret;
use crate::kernel::error::Error;

/// What every key begins with: it tells a key from a token, and lets scanners find one that leaked.
const MARK: &str = "osk_";
/// Characters of the prefix.
const PREFIX: usize = 8;
/// Characters of the secret part: 256 bits as base64url.
const SECRET: usize = 43;

/// A key as its holder has it, `osk_<prefix>_<secret>`. Never stored, never printed.
pub struct KeyText(String);

/// What of a presented key is compared with the stored one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Presented {
    pub(super) prefix: String,
    hash: Vec<u8>,
}

impl KeyText {
    /// A new key.
    ///
    /// # Errors
    /// `Internal` when the machine has no randomness.
    pub fn generate() -> Result<Self, Error> {
        let mut random = [0; 37];
        SystemRandom::new().fill(&mut random).map_err(|_| Error::internal("no randomness"))?;
        let (prefix, secret) = random.split_at(5);
        let prefix: String = prefix.iter().map(|byte| format!("{byte:02x}")).collect();
        let prefix = prefix.get(..PREFIX).unwrap_or_default();
        Ok(Self(format!("{MARK}{prefix}_{}", URL_SAFE_NO_PAD.encode(secret))))
    }

    /// The key, for the one who made it, once.
    #[must_use]
    pub fn reveal(self) -> String {
        self.0
    }

    /// What is stored of it.
    #[must_use]
    pub fn stored(&self) -> StoredSecret {
        let prefix = self.0.chars().skip(MARK.len()).take(PREFIX).collect();
        StoredSecret { prefix, hash: hash(&self.0) }
    }
}

impl Presented {
    /// What a credential presents: `None` for one that is no key, `Some(None)` for a malformed one, whose form is no
    /// secret, so that it need not be looked up.
    pub(super) fn of(credential: &str) -> Option<Option<Self>> {
        credential.starts_with(MARK).then(|| {
            let is_whole = credential.is_ascii() && credential.len() == MARK.len() + PREFIX + 1 + SECRET;
            let prefix = credential.get(MARK.len()..MARK.len() + PREFIX).filter(|_| is_whole)?;
            Some(Self { prefix: prefix.to_owned(), hash: hash(credential) })
        })
    }

    /// Whether it is the key with this hash. Takes the same time wherever they differ.
    pub(super) fn is(&self, stored: &[u8]) -> bool {
        verify_slices_are_equal(&self.hash, stored).is_ok()
    }
}

/// Plain SHA-256: a slow hash protects secrets that people choose, and this one is random.
fn hash(text: &str) -> Vec<u8> {
    digest(&SHA256, text.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_found_by_its_prefix_and_proven_by_its_whole() -> Result<(), Error> {
        let (key, other) = (KeyText::generate()?, KeyText::generate()?);
        let (stored, text) = (key.stored(), key.reveal());
        assert_eq!(text.len(), 56);
        let presented = Presented::of(&text).flatten().ok_or(Error::NotFound)?;
        assert_eq!(presented.prefix, stored.prefix);
        assert!(presented.is(&stored.hash) && !presented.is(&other.stored().hash));
        Ok(())
    }

    #[test]
    fn what_looks_like_a_key_is_never_taken_for_a_token() {
        assert!(Presented::of("eyJhbGciOiJFUzI1NiJ9.e30.x").is_none());
        for wrong in ["osk_", "osk_12345678", "osk_12345678_short", "osk_ääääääää_x"] {
            assert_eq!(Presented::of(wrong), Some(None), "{wrong}");
        }
    }
}
