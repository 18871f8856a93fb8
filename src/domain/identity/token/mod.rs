//! Tokens: they prove issuer and subject, and nothing else. What the subject may do comes from the database.

mod development;
mod keys;
mod published;
mod verifier;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, Validation};

use crate::kernel::text;

pub use development::DevelopmentKey;
pub use keys::VerificationKey;
pub use published::PublishedKeys;
pub use verifier::Verifier;

/// How far the issuer's clock may be from ours.
pub const LEEWAY: TimeDelta = TimeDelta::seconds(60);
/// Longest token in bytes; a longer one is refused unread.
pub const LONGEST: usize = 8 << 10;

/// Whom a verified token is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claims {
    /// Who issued it.
    pub issuer: String,
    /// Whom it names.
    pub subject: String,
    /// When it was issued; revocation goes by it.
    pub issued_at: Option<DateTime<Utc>>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// The address by which the issuer knows the subject, if it has verified it: an invitation is accepted by it.
    pub verified_email: Option<String>,
}

/// A token that is no good, or a key that cannot be read. The reason is for the log.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenError {
    /// The form, the signature, the time, the issuer or the audience is wrong.
    #[error("the token is not valid: {0}")]
    Invalid(String),
    /// The issuer's keys were never read, so nobody can tell.
    #[error("the signing keys are not there yet")]
    Unavailable,
    /// Not a key of an allowed kind.
    #[error("not a key for Ed25519, P-256 or RSA")]
    Key,
}

impl TokenError {
    fn invalid(reason: impl ToString) -> Self {
        Self::Invalid(reason.to_string())
    }
}

/// What tokens must be like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenRules {
    /// The only issuer that is believed.
    pub issuer: String,
    /// What tokens must be for.
    pub audience: String,
}

/// The claims that are read (RFC 7519, section 4.1; OpenID Connect Core 1.0, section 5.1).
#[derive(serde::Serialize, serde::Deserialize)]
struct Wire {
    iss: String,
    sub: String,
    aud: serde_json::Value,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email_verified: Option<serde_json::Value>,
}

impl TokenRules {
    /// Checks signature, time (leeway 60 s), issuer and audience with one key.
    fn check(&self, token: &str, key: &VerificationKey) -> Result<Claims, TokenError> {
        let mut validation = Validation::new(key.algorithm);
        validation.leeway = LEEWAY.num_seconds().unsigned_abs();
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        let data = jsonwebtoken::decode::<Wire>(token, &key.key, &validation).map_err(|error| reason(&error))?;
        claims(data.claims)
    }
}

fn claims(wire: Wire) -> Result<Claims, TokenError> {
    let instant = |seconds| DateTime::from_timestamp(seconds, 0);
    let expires_at = instant(wire.exp).ok_or_else(|| TokenError::invalid("exp is out of range"))?;
    if !text::is_storable(&wire.sub) {
        return Err(TokenError::invalid("sub is no text that anybody is known by"));
    }
    let is_verified = match wire.email_verified {
        Some(serde_json::Value::Bool(is_verified)) => is_verified,
        // Some issuers write it as text.
        Some(serde_json::Value::String(word)) => word == "true",
        _ => false,
    };
    Ok(Claims {
        issuer: wire.iss,
        subject: wire.sub,
        issued_at: wire.iat.and_then(instant),
        expires_at,
        verified_email: wire.email.filter(|_| is_verified),
    })
}

/// Why a token is refused, never with a part of it: what cannot be parsed is quoted by the parser.
fn reason(error: &jsonwebtoken::errors::Error) -> TokenError {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::Json(_) | ErrorKind::Base64(_) | ErrorKind::Utf8(_) => TokenError::invalid("malformed"),
        _ => TokenError::invalid(error),
    }
}

/// The header of a token, before anything of it is believed.
fn header(token: &str) -> Result<Header, TokenError> {
    if token.len() > LONGEST {
        return Err(TokenError::invalid("it is too long"));
    }
    let header = jsonwebtoken::decode_header(token).map_err(|error| reason(&error))?;
    match header.alg {
        Algorithm::ES256 | Algorithm::EdDSA | Algorithm::RS256 => Ok(header),
        _ => Err(TokenError::invalid("its algorithm is not allowed")),
    }
}
