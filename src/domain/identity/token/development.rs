//! The key that signs tokens on a developer's machine and in tests.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};

use super::{TokenError, TokenRules, VerificationKey, Wire};

/// An Ed25519 key that signs tokens on a developer's machine and in tests.
#[derive(Clone)]
pub struct DevelopmentKey {
    signing: EncodingKey,
    public: Vec<u8>,
}

impl DevelopmentKey {
    /// Reads the PEM (PKCS 8) of an Ed25519 private key.
    ///
    /// # Errors
    /// `Key` when it holds none.
    pub fn from_pem(pem: &str) -> Result<Self, TokenError> {
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
        let der = STANDARD.decode(body).map_err(|_| TokenError::Key)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(|_| TokenError::Key)?;
        Ok(Self { signing: EncodingKey::from_ed_der(&der), public: pair.public_key().as_ref().to_vec() })
    }

    /// A new key, as the PEM that `from_pem` reads.
    ///
    /// # Errors
    /// `Key` when the machine has no randomness.
    pub fn generate_pem() -> Result<String, TokenError> {
        let random = aws_lc_rs::rand::SystemRandom::new();
        let der = Ed25519KeyPair::generate_pkcs8v1(&random).map_err(|_| TokenError::Key)?;
        let body = STANDARD.encode(der.as_ref());
        Ok(format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"))
    }

    /// What verifies its tokens.
    #[must_use]
    pub fn verification(&self) -> VerificationKey {
        VerificationKey::from_ed25519(&self.public)
    }

    /// A token for `subject`, good from `now` for `life`.
    ///
    /// # Errors
    /// `Key` when signing fails.
    pub fn mint(
        &self,
        rules: &TokenRules,
        subject: &str,
        now: DateTime<Utc>,
        life: TimeDelta,
    ) -> Result<String, TokenError> {
        let wire = Wire {
            iss: rules.issuer.clone(),
            sub: subject.to_owned(),
            aud: serde_json::Value::String(rules.audience.clone()),
            exp: (now + life).timestamp(),
            iat: Some(now.timestamp()),
            email: None,
            email_verified: None,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &wire, &self.signing).map_err(|_| TokenError::Key)
    }
}
