//! Where signing keys are published.

use std::sync::Arc;

use futures_util::future::BoxFuture;

/// Why a document of keys could not be had. The cause is for the log.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the signing keys cannot be read")]
pub struct KeySourceError(#[source] pub Arc<dyn std::error::Error + Send + Sync>);

impl KeySourceError {
    /// With its cause.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(Arc::from(cause.into()))
    }
}

/// Somebody who publishes signing keys and may change them at any time.
pub trait KeySource: Send + Sync + 'static {
    /// The published JSON Web Key Set (RFC 7517, section 5) as it is now. It ends within a few seconds.
    fn fetch(&self) -> BoxFuture<'_, Result<String, KeySourceError>>;
}
