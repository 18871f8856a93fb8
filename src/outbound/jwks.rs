//! Signing keys of the token issuer, from its address or from a file.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};

use crate::kernel::keys::{KeySource, KeySourceError};

/// How long an issuer may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Largest document that is read. Real ones have a few thousand bytes.
const MOST_BYTES: usize = 256 << 10;

/// A key set at an address, such as an issuer's `jwks_uri` (OpenID Connect Discovery 1.0, section 3).
pub struct JwksUrl {
    url: reqwest::Url,
    client: reqwest::Client,
}

impl JwksUrl {
    /// Asks this address. Redirections are not followed: the address decides whose tokens are believed.
    ///
    /// # Errors
    /// When no TLS client can be made, for lack of root certificates.
    pub fn new(url: reqwest::Url) -> Result<Self, KeySourceError> {
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(KeySourceError::new)?;
        Ok(Self { url, client })
    }

    async fn read(&self) -> Result<String, KeySourceError> {
        let answer = self.client.get(self.url.clone()).header("accept", "application/json").send().await;
        let mut answer = answer.and_then(reqwest::Response::error_for_status).map_err(KeySourceError::new)?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(KeySourceError::new("the issuer did not answer 200"));
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(KeySourceError::new)? {
            if body.len() + part.len() > MOST_BYTES {
                return Err(KeySourceError::new("the document is too long"));
            }
            body.extend_from_slice(&part);
        }
        String::from_utf8(body).map_err(KeySourceError::new)
    }
}

impl KeySource for JwksUrl {
    fn fetch(&self) -> BoxFuture<'_, Result<String, KeySourceError>> {
        self.read().boxed()
    }
}

/// A key set in a file, read anew each time, so that a rotated secret or a mounted ConfigMap is noticed.
pub struct JwksFile(pub PathBuf);

impl KeySource for JwksFile {
    fn fetch(&self) -> BoxFuture<'_, Result<String, KeySourceError>> {
        async { tokio::fs::read_to_string(&self.0).await.map_err(KeySourceError::new) }.boxed()
    }
}
