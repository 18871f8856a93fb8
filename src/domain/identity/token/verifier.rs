//! Verifying tokens, and remembering those that were verified.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::Utc;

use crate::domain::identity::cache::Cache;

use super::keys::VerificationKey;
use super::published::{KeySet, PublishedKeys};
use super::{Claims, LEEWAY, TokenError, TokenRules, header};

/// Says whom tokens are about. It believes fixed keys, and those that the issuer publishes.
pub struct Verifier {
    rules: TokenRules,
    fixed: Vec<VerificationKey>,
    published: Option<Arc<PublishedKeys>>,
    /// What was verified, by the hash of the token, with the generation of the keys that did it.
    verified: Cache<Vec<u8>, (u64, Claims)>,
}

impl Verifier {
    /// A verifier that believes no key yet, and so no token.
    #[must_use]
    pub fn new(rules: TokenRules) -> Self {
        Self { rules, fixed: vec![], published: None, verified: Cache::default() }
    }

    /// Also believes the owner of this key, whatever key a token names.
    #[must_use]
    pub fn with_key(mut self, key: VerificationKey) -> Self {
        self.fixed.push(key);
        self
    }

    /// Also believes the owners of the keys that the issuer publishes.
    #[must_use]
    pub fn with_published(mut self, keys: Arc<PublishedKeys>) -> Self {
        self.published = Some(keys);
        self
    }

    /// Checks size, signature, time (leeway 60 s), issuer and audience. A token that names an unknown key makes us ask
    /// the issuer for its keys, at most every 10 s.
    ///
    /// # Errors
    /// `Invalid` with a reason for the log, which never repeats the token; `Unavailable` while the issuer's keys were
    /// never read.
    pub async fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        let header = header(token)?;
        let hash = digest(&SHA256, token.as_bytes()).as_ref().to_vec();
        let mut set = self.set();
        if let Some((generation, claims)) = self.verified.get(&hash)
            && generation == set.generation
        {
            return Ok(claims);
        }
        let id = header.kid.as_deref();
        let mut verdict = self.judge(token, id, &set);
        if let (Err(_), Some(published)) = (&verdict, &self.published)
            && set.lacks(id)
        {
            published.look_again().await;
            set = published.set();
            verdict = if set.generation == 0 { Err(TokenError::Unavailable) } else { self.judge(token, id, &set) };
        }
        let claims = verdict?;
        let ends_at = claims.expires_at.checked_add_signed(LEEWAY).unwrap_or(claims.expires_at);
        let life = (ends_at - Utc::now()).to_std().unwrap_or_default();
        self.verified.put(hash, (set.generation, claims.clone()), life);
        Ok(claims)
    }

    fn set(&self) -> KeySet {
        self.published.as_ref().map(|published| published.set()).unwrap_or_default()
    }

    /// Tries the keys that fit the name.
    fn judge(&self, token: &str, id: Option<&str>, set: &KeySet) -> Result<Claims, TokenError> {
        let fits = |key: &&VerificationKey| key.id.is_none() || id.is_none() || key.id.as_deref() == id;
        let mut verdict = Err(TokenError::invalid("no key of this name"));
        for key in self.fixed.iter().chain(set.keys.iter()).filter(fits) {
            verdict = self.rules.check(token, key);
            if verdict.is_ok() {
                break;
            }
        }
        verdict
    }
}
