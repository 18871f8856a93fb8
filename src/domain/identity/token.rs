//! Tokens: they prove issuer and subject, and nothing else. What the subject may do comes from the database.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};

/// How far the issuer's clock may be from ours.
pub const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// Who a verified token is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claims {
    /// Who issued it.
    pub issuer: String,
    /// Whom it names.
    pub subject: String,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// A token that is no good, or a key that cannot be read. The reason is for the log.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenError {
    /// The signature, the time, the issuer or the audience is wrong.
    #[error("the token is not valid: {0}")]
    Invalid(String),
    /// Not a PEM of an Ed25519, P-256 or RSA key.
    #[error("the key is not a PEM of an Ed25519, P-256 or RSA key")]
    Key,
}

/// What tokens must be like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenRules {
    /// The only issuer that is believed.
    pub issuer: String,
    /// What tokens must be for.
    pub audience: String,
}

/// Verifies tokens with one algorithm per key: what a token's header says of its algorithm is never believed.
#[derive(Clone)]
pub struct Verifier {
    keys: Vec<(Algorithm, DecodingKey)>,
    rules: TokenRules,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Wire {
    iss: String,
    sub: String,
    aud: serde_json::Value,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
}

impl Verifier {
    /// A verifier that believes no key yet, and so no token.
    #[must_use]
    pub fn new(rules: TokenRules) -> Self {
        Self { keys: vec![], rules }
    }

    /// Also believes the owner of this public key.
    ///
    /// # Errors
    /// `Key` when the PEM holds no key of an allowed kind.
    pub fn with_public_key(mut self, pem: &str) -> Result<Self, TokenError> {
        let bytes = pem.as_bytes();
        let key = DecodingKey::from_ed_pem(bytes)
            .map(|key| (Algorithm::EdDSA, key))
            .or_else(|_| DecodingKey::from_ec_pem(bytes).map(|key| (Algorithm::ES256, key)))
            .or_else(|_| DecodingKey::from_rsa_pem(bytes).map(|key| (Algorithm::RS256, key)))
            .map_err(|_| TokenError::Key)?;
        self.keys.push(key);
        Ok(self)
    }

    /// Also believes the development key.
    #[must_use]
    pub fn with_development_key(mut self, key: &DevelopmentKey) -> Self {
        self.keys.push((Algorithm::EdDSA, DecodingKey::from_ed_der(&key.public)));
        self
    }

    /// Checks signature, time (leeway 60 s), issuer and audience.
    ///
    /// # Errors
    /// `Invalid` with a reason for the log; it never repeats the token.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        let mut reason = "no key is configured".to_owned();
        for (algorithm, key) in &self.keys {
            let mut validation = Validation::new(*algorithm);
            validation.leeway = LEEWAY.num_seconds().unsigned_abs();
            validation.set_issuer(&[&self.rules.issuer]);
            validation.set_audience(&[&self.rules.audience]);
            validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
            validation.validate_nbf = true;
            match jsonwebtoken::decode::<Wire>(token, key, &validation) {
                Ok(data) => return claims(data.claims),
                Err(error) => reason = error.to_string(),
            }
        }
        Err(TokenError::Invalid(reason))
    }
}

fn claims(wire: Wire) -> Result<Claims, TokenError> {
    let expires_at =
        DateTime::from_timestamp(wire.exp, 0).ok_or_else(|| TokenError::Invalid("exp is out of range".into()))?;
    Ok(Claims { issuer: wire.iss, subject: wire.sub, expires_at })
}

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
        use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
        use base64::Engine as _;
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
        let der = base64::engine::general_purpose::STANDARD.decode(body).map_err(|_| TokenError::Key)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(|_| TokenError::Key)?;
        Ok(Self { signing: EncodingKey::from_ed_der(&der), public: pair.public_key().as_ref().to_vec() })
    }

    /// A new key, as the PEM that `from_pem` reads.
    ///
    /// # Errors
    /// `Key` when the machine has no randomness.
    pub fn generate_pem() -> Result<String, TokenError> {
        use base64::Engine as _;
        let random = aws_lc_rs::rand::SystemRandom::new();
        let der = aws_lc_rs::signature::Ed25519KeyPair::generate_pkcs8v1(&random).map_err(|_| TokenError::Key)?;
        let body = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        Ok(format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"))
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
        };
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &wire, &self.signing).map_err(|_| TokenError::Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> TokenRules {
        TokenRules { issuer: "https://id.example".into(), audience: "openslot".into() }
    }

    fn key() -> Result<DevelopmentKey, TokenError> {
        DevelopmentKey::from_pem(&DevelopmentKey::generate_pem()?)
    }

    #[test]
    fn token_of_the_key_names_its_subject() -> Result<(), TokenError> {
        let key = key()?;
        let token = key.mint(&rules(), "staff", Utc::now(), TimeDelta::hours(1))?;
        let claims = Verifier::new(rules()).with_development_key(&key).verify(&token)?;
        assert_eq!((claims.issuer.as_str(), claims.subject.as_str()), ("https://id.example", "staff"));
        Ok(())
    }

    #[test]
    fn expired_foreign_and_misdirected_tokens_are_refused() -> Result<(), TokenError> {
        let (ours, theirs) = (key()?, key()?);
        let verifier = Verifier::new(rules()).with_development_key(&ours);
        let now = Utc::now();
        let hour = TimeDelta::hours(1);
        let other = |issuer: &str, audience: &str| TokenRules { issuer: issuer.into(), audience: audience.into() };
        for (what, token) in [
            ("expired", ours.mint(&rules(), "a", now - hour - hour, hour)?),
            ("other key", theirs.mint(&rules(), "a", now, hour)?),
            ("other issuer", ours.mint(&other("https://evil.example", "openslot"), "a", now, hour)?),
            ("other audience", ours.mint(&other("https://id.example", "else"), "a", now, hour)?),
            ("unsigned", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.".to_owned()),
            ("empty", String::new()),
        ] {
            assert!(matches!(verifier.verify(&token), Err(TokenError::Invalid(_))), "{what}");
        }
        assert!(Verifier::new(rules()).verify(&ours.mint(&rules(), "a", now, hour)?).is_err(), "no key");
        Ok(())
    }

    #[test]
    fn public_key_of_no_allowed_kind_is_refused() {
        assert_eq!(Verifier::new(rules()).with_public_key("-----BEGIN X-----").map(|_| ()), Err(TokenError::Key));
    }
}
