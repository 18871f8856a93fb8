//! Tokens for people who try the program out.

use chrono::{TimeDelta, Utc};

use crate::config::Config;
use crate::domain::demo;
use crate::domain::identity::guest_token;
use crate::domain::identity::token::DevelopmentKey;
use crate::kernel::actor::Role;

use super::{AppError, parts};

/// The PEM of a new development key.
///
/// # Errors
/// `Key` when the machine has no randomness.
pub fn new_key() -> Result<String, AppError> {
    DevelopmentKey::generate_pem().map_err(|_| AppError::Key("JWT_DEVELOPMENT_KEY_FILE"))
}

/// A new key for `SIGNING_KEY_FILE`: 256 random bits.
///
/// # Errors
/// `Key` when the machine has no randomness.
pub fn new_signing_key() -> Result<String, AppError> {
    guest_token::new_secret().map_err(|_| AppError::Key("SIGNING_KEY_FILE"))
}

/// A token, good for 12 hours, of the seeded user of a role; patients are numbered from 1.
///
/// # Errors
/// `Missing` where no development key is configured, `Role` for a role that has no seeded user.
pub fn mint(config: &Config, organization: &str, role: &str, number: u16) -> Result<String, AppError> {
    let key = parts::development_key(&config.auth)?.ok_or(AppError::Missing("JWT_DEVELOPMENT_KEY_FILE"))?;
    let role = Role::from_word(&role.to_ascii_uppercase()).ok_or(AppError::Role)?;
    let subject = demo::subject(organization, role, number).ok_or(AppError::Role)?;
    key.mint(&parts::rules(&config.auth), &subject, Utc::now(), TimeDelta::hours(12))
        .map_err(|_| AppError::Key("JWT_DEVELOPMENT_KEY_FILE"))
}
