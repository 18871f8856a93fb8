//! Keys that tokens are verified with, each with the one algorithm that it is for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

use super::TokenError;

/// Most keys that are taken from one set; an issuer has a handful.
const MOST_KEYS: usize = 64;
/// Shortest RSA modulus in bytes (RFC 7518, section 3.3: 2048 bits).
const SHORTEST_RSA: usize = 256;

/// A public key, and the only algorithm it may verify: what a token's header says is never believed.
#[derive(Clone)]
pub struct VerificationKey {
    /// Its name among those of the issuer; one without a name fits tokens of any.
    pub(super) id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

impl VerificationKey {
    /// Reads a public key for Ed25519 (EdDSA), P-256 (ES256) or RSA (RS256).
    ///
    /// # Errors
    /// `Key` when the PEM holds no key of an allowed kind.
    pub fn from_pem(pem: &str) -> Result<Self, TokenError> {
        let bytes = pem.as_bytes();
        let (algorithm, key) = DecodingKey::from_ed_pem(bytes)
            .map(|key| (Algorithm::EdDSA, key))
            .or_else(|_| DecodingKey::from_ec_pem(bytes).map(|key| (Algorithm::ES256, key)))
            .or_else(|_| DecodingKey::from_rsa_pem(bytes).map(|key| (Algorithm::RS256, key)))
            .map_err(|_| TokenError::Key)?;
        Ok(Self { id: None, algorithm, key })
    }

    /// A raw Ed25519 public key.
    pub(super) fn from_ed25519(public: &[u8]) -> Self {
        Self { id: None, algorithm: Algorithm::EdDSA, key: DecodingKey::from_ed_der(public) }
    }

    /// A published key; `None` for one of another kind, size or purpose. Symmetric keys are never taken.
    fn from_jwk(jwk: &Jwk) -> Option<Self> {
        let (algorithm, said) = match &jwk.algorithm {
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                (Algorithm::ES256, KeyAlgorithm::ES256)
            }
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
            }
            AlgorithmParameters::RSA(key) if URL_SAFE_NO_PAD.decode(&key.n).is_ok_and(|n| n.len() >= SHORTEST_RSA) => {
                (Algorithm::RS256, KeyAlgorithm::RS256)
            }
            _ => return None,
        };
        let common = &jwk.common;
        let is_for_signatures = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
        let is_for_this = common.key_algorithm.is_none_or(|named| named == said);
        let key = DecodingKey::from_jwk(jwk).ok()?;
        (is_for_signatures && is_for_this).then(|| Self { id: common.key_id.clone(), algorithm, key })
    }
}

/// Reads a JSON Web Key Set (RFC 7517, section 5). Keys that are not for us are left out, as the standard asks; a set
/// that holds no other is an empty one.
///
/// # Errors
/// `Key` when the text is no set at all.
pub(super) fn from_jwks(text: &str) -> Result<Vec<VerificationKey>, TokenError> {
    #[derive(serde::Deserialize)]
    struct Set {
        keys: Vec<serde_json::Value>,
    }
    let set: Set = serde_json::from_str(text).map_err(|_| TokenError::Key)?;
    let keys = set.keys.into_iter().take(MOST_KEYS);
    let jwks = keys.filter_map(|value| serde_json::from_value::<Jwk>(value).ok());
    Ok(jwks.filter_map(|jwk| VerificationKey::from_jwk(&jwk)).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const EC: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const EC_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
    const ED: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn check(key: serde_json::Value, expected: Option<(Option<&str>, Algorithm)>) {
        let found = from_jwks(&json!({ "keys": [key.clone()] }).to_string())
            .map(|keys| keys.into_iter().next().map(|key| (key.id, key.algorithm)));
        assert_eq!(found, Ok(expected.map(|(id, algorithm)| (id.map(str::to_owned), algorithm))), "{key}");
    }

    #[test]
    fn each_kind_has_one_algorithm() {
        let rsa = URL_SAFE_NO_PAD.encode([0xc5; 256]);
        check(
            json!({ "kty": "EC", "crv": "P-256", "kid": "a", "x": EC, "y": EC_Y }),
            Some((Some("a"), Algorithm::ES256)),
        );
        check(json!({ "kty": "OKP", "crv": "Ed25519", "x": ED, "use": "sig" }), Some((None, Algorithm::EdDSA)));
        check(json!({ "kty": "RSA", "alg": "RS256", "n": rsa, "e": "AQAB" }), Some((None, Algorithm::RS256)));
    }

    #[test]
    fn what_is_not_for_signatures_of_ours_is_left_out() {
        let (long, short) = (URL_SAFE_NO_PAD.encode([0xc5; 256]), URL_SAFE_NO_PAD.encode([0xc5; 128]));
        for key in [
            json!({ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256" }),
            json!({ "kty": "RSA", "n": short, "e": "AQAB" }),
            json!({ "kty": "RSA", "n": long, "e": "AQAB", "alg": "RS512" }),
            json!({ "kty": "RSA", "n": long, "e": "AQAB", "use": "enc" }),
            json!({ "kty": "EC", "crv": "P-384", "x": EC, "y": EC_Y }),
            json!({ "kty": "EC", "crv": "P-256", "x": "!", "y": EC_Y }),
            json!({ "kty": "else" }),
            json!(1),
        ] {
            check(key, None);
        }
    }

    #[test]
    fn text_that_is_no_set_is_refused() {
        for text in ["", "[]", "{}", "{\"keys\":1}", "<html>"] {
            assert_eq!(from_jwks(text).map(|_| ()), Err(TokenError::Key), "{text}");
        }
        assert_eq!(from_jwks("{\"keys\":[]}").map(|keys| keys.len()), Ok(0));
    }
}
