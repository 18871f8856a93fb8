//! Tokens of guests: who has booked without an account shows one to see the booking again.
//!
//! `osg_` and base64url of the organization, the patient and an HMAC-SHA256 of both. Nothing of it is stored: the same
//! guest has the same token, so that a repeated request is answered with it too.

use std::sync::Arc;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::kernel::error::Error;
use crate::kernel::ids::{OrganizationId, PatientId, RowId};

/// What every guest token begins with: it tells it from other credentials, and lets scanners find one that leaked.
const MARK: &str = "osg_";
/// Bytes of the two ids.
const IDS: usize = 32;
/// What the signature is for, so that it can never stand for another one of the same key.
const PURPOSE: &[u8] = b"openslot guest token 1";

/// Signs and verifies guest tokens.
#[derive(Clone)]
pub struct GuestTokens(Arc<[Key]>);

impl GuestTokens {
    /// The first secret signs, all are believed; without one no guest has a token.
    #[must_use]
    pub fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        Self(secrets.map(|secret| Key::new(HMAC_SHA256, secret.as_bytes())).collect())
    }

    /// The token of a guest; `None` without a key.
    #[must_use]
    pub fn token(&self, organization: OrganizationId, patient: PatientId) -> Option<String> {
        let ids = [organization.uuid().into_bytes(), patient.uuid().into_bytes()].concat();
        let signature = sign(self.0.first()?, &signed(&ids));
        Some(format!("{MARK}{}", URL_SAFE_NO_PAD.encode([&ids, signature.as_ref()].concat())))
    }

    /// What a credential presents: `None` for one that is no guest token, `Some(None)` for one that nobody here signed.
    pub(super) fn presented(&self, credential: &str) -> Option<Option<(OrganizationId, PatientId)>> {
        let encoded = credential.strip_prefix(MARK)?;
        Some(self.verified(encoded))
    }

    fn verified(&self, encoded: &str) -> Option<(OrganizationId, PatientId)> {
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let (ids, signature) = bytes.split_at_checked(IDS)?;
        let is_ours = self.0.iter().any(|key| verify(key, &signed(ids), signature).is_ok());
        let (organization, patient) = ids.split_at_checked(IDS / 2).filter(|_| is_ours)?;
        let id = |half: &[u8]| Uuid::from_slice(half).ok();
        Some((OrganizationId::from_uuid(id(organization)?), PatientId::from_uuid(id(patient)?)))
    }
}

/// A secret to sign with: 256 random bits.
///
/// # Errors
/// `Internal` when the machine has no randomness.
pub fn new_secret() -> Result<String, Error> {
    let mut random = [0; 32];
    aws_lc_rs::rand::fill(&mut random).map_err(Error::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

fn signed(ids: &[u8]) -> Vec<u8> {
    [PURPOSE, ids].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "an old secret of 32 characters, no less";
    const NEW: &str = "a new secret of 32 characters, no less";

    fn ids() -> (OrganizationId, PatientId) {
        (OrganizationId::random(), PatientId::random())
    }

    #[test]
    fn token_says_whose_it_is_and_is_always_the_same() {
        let (tokens, (organization, patient)) = (GuestTokens::new([NEW].into_iter()), ids());
        let token = tokens.token(organization, patient).unwrap_or_default();
        assert_eq!(tokens.token(organization, patient), Some(token.clone()));
        assert_eq!(tokens.presented(&token), Some(Some((organization, patient))));
    }

    #[test]
    fn older_key_is_believed_while_it_is_listed() {
        let (organization, patient) = ids();
        let token = GuestTokens::new([OLD].into_iter()).token(organization, patient).unwrap_or_default();
        let rotated = GuestTokens::new([NEW, OLD].into_iter());
        assert_eq!(rotated.presented(&token), Some(Some((organization, patient))));
        assert_ne!(rotated.token(organization, patient), Some(token.clone()));
        assert_eq!(GuestTokens::new([NEW].into_iter()).presented(&token), Some(None));
    }

    #[test]
    fn every_altered_byte_is_noticed() {
        let (tokens, (organization, patient)) = (GuestTokens::new([NEW].into_iter()), ids());
        let token = tokens.token(organization, patient).unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(token.trim_start_matches(MARK)).unwrap_or_default();
        assert_eq!(bytes.len(), 64);
        for n in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[n] ^= 1;
            assert_eq!(tokens.presented(&format!("{MARK}{}", URL_SAFE_NO_PAD.encode(altered))), Some(None), "byte {n}");
        }
        for length in 0..bytes.len() {
            let short = URL_SAFE_NO_PAD.encode(&bytes[..length]);
            assert_eq!(tokens.presented(&format!("{MARK}{short}")), Some(None), "{length} bytes");
        }
        assert_eq!(tokens.presented("osg_not base64"), Some(None));
        assert_eq!(tokens.presented("eyJhbGciOiJFUzI1NiJ9.e30.x"), None);
        assert_eq!(GuestTokens::new([].into_iter()).token(organization, patient), None);
    }
}
