//! TLS towards others: whom to believe that they are who they say, by one provider of cryptography.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

/// What is asked of a server's certificate.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Nothing: nobody can listen, but anybody can answer.
    Anybody,
    /// One of the roots signed it, for whatever name.
    Signed(Arc<RootCertStore>),
    /// One of the roots signed it, for the name or address that was asked for.
    SignedForName(Arc<RootCertStore>),
}

/// The cryptography of every connection.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider())).clone()
}

/// Makes it the provider of libraries that ask for none. The first call of a process counts.
pub fn install_provider() {
    // Whoever came first installed one, too.
    let _ = CryptoProvider::install_default((*provider()).clone());
}

/// A client that speaks TLS 1.2 or 1.3.
///
/// # Errors
/// When roots are asked for and there are none.
pub fn client(trust: Trust) -> Result<ClientConfig, Error> {
    let judge = |roots| {
        let judge = WebPkiServerVerifier::builder_with_provider(roots, provider()).build();
        judge.map_err(|error| Error::Other(OtherError(Arc::new(error))))
    };
    let algorithms = provider().signature_verification_algorithms;
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        Trust::Anybody => Arc::new(Lenient { chain: None, algorithms }),
        Trust::Signed(roots) => Arc::new(Lenient { chain: Some(judge(roots)?), algorithms }),
        Trust::SignedForName(roots) => judge(roots)?,
    };
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// The roots in a file of PEM certificates; `None` when it cannot be read, or holds none.
#[must_use]
pub fn roots_of(file: &Path) -> Option<Arc<RootCertStore>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).ok()? {
        roots.add(certificate.ok()?).ok()?;
    }
    (!roots.is_empty()).then(|| Arc::new(roots))
}

/// The roots of this machine, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name; read once. There may be none.
#[must_use]
pub fn native_roots() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let load = || {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    };
    ROOTS.get_or_init(load).clone()
}

/// Takes any name; without a judge of chains, any certificate. The server must own its key all the same.
#[derive(Debug)]
struct Lenient {
    chain: Option<Arc<WebPkiServerVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(judge) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        // The chain is judged before the name.
        match judge.verify_server_cert(certificate, between, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
