//! Who is believed.

use std::time::Duration;

use super::env::{ConfigError, Environment, Secret};

/// What a process is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    /// Serves real people: what is only safe on a developer's machine is refused.
    Production,
    /// A developer's machine, or tests.
    Development,
}

impl std::str::FromStr for Profile {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "production" => Ok(Self::Production),
            "development" => Ok(Self::Development),
            _ => Err(()),
        }
    }
}

/// Where the issuer's signing keys are published.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Jwks {
    /// `JWT_JWKS_URL`.
    Url(url::Url),
    /// `JWT_JWKS_FILE`: read anew each time, so that a rotated file is noticed.
    File(std::path::PathBuf),
}

/// Tokens.
#[derive(Clone, Debug)]
pub struct Auth {
    /// The published signing keys.
    pub jwks: Option<Jwks>,
    /// `JWT_JWKS_REFRESH_MS`: how often they are read anew.
    pub jwks_refresh: Duration,
    /// `JWT_ISSUER`: the only issuer that is believed.
    pub issuer: String,
    /// `JWT_AUDIENCE`: what tokens must be for.
    pub audience: String,
    /// `JWT_PUBLIC_KEY_FILE`: PEM of the key that tokens are verified with: Ed25519, P-256 or RSA.
    pub public_key: Option<Secret>,
    /// `JWT_DEVELOPMENT_KEY_FILE`: PEM of an Ed25519 private key; `openslot token` signs with it and the server believes
    /// it. Refused unless `OPENSLOT_PROFILE` is `development`.
    pub development_key: Option<Secret>,
    /// `SIGNING_KEY_FILE`: what guest tokens are signed with, one secret in each line. The first one signs, all are
    /// believed; none means that guests cannot book.
    pub signing_keys: Vec<Secret>,
}

/// Least bytes of a signing key: 256 bits, however they are written.
const MIN_SIGNING_KEY: usize = 32;

impl Auth {
    pub(super) fn from(env: &Environment) -> Result<Self, ConfigError> {
        let or = |name: &str, default: &str| Ok(env.text(name)?.unwrap_or_else(|| default.to_owned()));
        let profile = env.parsed("OPENSLOT_PROFILE", Profile::Production, "be production or development")?;
        if profile == Profile::Production && env.given("JWT_DEVELOPMENT_KEY_FILE").is_some() {
            let rule = "be left out unless OPENSLOT_PROFILE is development";
            return Err(ConfigError::new("JWT_DEVELOPMENT_KEY_FILE", rule));
        }
        Ok(Self {
            jwks: jwks(env)?,
            jwks_refresh: env.millis("JWT_JWKS_REFRESH_MS", 600_000, 1_000..=86_400_000)?,
            issuer: or("JWT_ISSUER", "https://openslot.invalid")?,
            audience: or("JWT_AUDIENCE", "openslot")?,
            public_key: env.file("JWT_PUBLIC_KEY_FILE")?,
            development_key: env.file("JWT_DEVELOPMENT_KEY_FILE")?,
            signing_keys: signing_keys(env)?,
        })
    }
}

fn signing_keys(env: &Environment) -> Result<Vec<Secret>, ConfigError> {
    let Some(file) = env.file("SIGNING_KEY_FILE")? else { return Ok(vec![]) };
    let keys: Vec<&str> = file.expose().lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if keys.is_empty() || keys.iter().any(|key| key.len() < MIN_SIGNING_KEY) {
        let rule = format!("name a file with a secret of at least {MIN_SIGNING_KEY} bytes in each line");
        return Err(ConfigError::new("SIGNING_KEY_FILE", rule));
    }
    Ok(keys.into_iter().map(Secret::new).collect())
}

fn jwks(env: &Environment) -> Result<Option<Jwks>, ConfigError> {
    let file = env.given("JWT_JWKS_FILE").map(|path| Jwks::File(path.into()));
    let Some(text) = env.given("JWT_JWKS_URL") else { return Ok(file) };
    if file.is_some() {
        return Err(ConfigError::new("JWT_JWKS_URL", "be left out when JWT_JWKS_FILE is given"));
    }
    match url::Url::parse(text) {
        Ok(url) if url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url) => Ok(Some(Jwks::Url(url))),
        // Whoever can change the answer on its way can sign in as anybody.
        _ => Err(ConfigError::new("JWT_JWKS_URL", "be an https:// address; http:// only on this machine")),
    }
}

fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
