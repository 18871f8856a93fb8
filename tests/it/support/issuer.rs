//! An issuer of tokens as the world has them: several kinds of keys, published at an address.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::app::ISSUER;

/// A private key with its public half as a JWK.
#[derive(Clone)]
pub struct SigningKey {
    pub id: String,
    pub algorithm: Algorithm,
    pub private: EncodingKey,
    pub jwk: Value,
    /// DER of the public key, which a forger might take for the secret of an HMAC.
    pub public: Vec<u8>,
}

impl SigningKey {
    pub fn ed25519(id: &str) -> Self {
        let der = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).expect("a key");
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.as_ref()).expect("a key");
        let public = pair.public_key().as_ref().to_vec();
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "x": URL_SAFE_NO_PAD.encode(&public) });
        Self {
            id: id.into(),
            algorithm: Algorithm::EdDSA,
            private: EncodingKey::from_ed_der(der.as_ref()),
            jwk,
            public,
        }
    }

    pub fn p256(id: &str) -> Self {
        let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let der = EcdsaKeyPair::generate_pkcs8(kind, &SystemRandom::new()).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(kind, der.as_ref()).expect("a key");
        let public = pair.public_key().as_ref().to_vec();
        let half = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&public[range]);
        let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "x": half(1..33), "y": half(33..65) });
        Self {
            id: id.into(),
            algorithm: Algorithm::ES256,
            private: EncodingKey::from_ec_der(der.as_ref()),
            jwk,
            public,
        }
    }

    pub fn rsa(id: &str) -> Self {
        let pair = RsaPair::generate(KeySize::Rsa2048).expect("a key");
        let der = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).expect("its form");
        let body = STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("its form");
        let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
        let encoded = |number: &[u8]| URL_SAFE_NO_PAD.encode(number);
        let jwk = json!({ "kty": "RSA", "kid": id, "alg": "RS256",
            "n": encoded(n.big_endian_without_leading_zero()), "e": encoded(e.big_endian_without_leading_zero()) });
        let private = EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a key");
        Self { id: id.into(), algorithm: Algorithm::RS256, private, jwk, public: public.as_ref().to_vec() }
    }

    /// A token with these claims that names this key.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(Some(&self.id), claims)
    }

    /// A token that names another key, or none.
    pub fn sign_as(&self, id: Option<&str>, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = id.map(str::to_owned);
        jsonwebtoken::encode(&header, claims, &self.private).expect("a token")
    }
}

/// Claims that are good for ten years, so that they are good by the clock of the tests too.
pub fn claims(subject: &str) -> Value {
    let now = chrono::Utc::now();
    json!({ "iss": ISSUER, "aud": "openslot", "sub": subject, "iat": now.timestamp(),
        "exp": (now + TimeDelta::days(3650)).timestamp() })
}

/// Publishes keys at an address, and counts how often it is asked.
pub struct Issuer {
    pub addr: SocketAddr,
    asked: Arc<AtomicUsize>,
    answer: Arc<Mutex<(StatusCode, String)>>,
}

impl Issuer {
    pub async fn publish(keys: &[&SigningKey]) -> Self {
        let (asked, answer) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new((StatusCode::OK, String::new()))));
        let state = (asked.clone(), answer.clone());
        let handler = move || {
            state.0.fetch_add(1, Ordering::AcqRel);
            let answer = state.1.lock().expect("the answer").clone();
            async move { answer }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let router = Router::new().route("/keys", get(handler));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let issuer = Self { addr, asked, answer };
        issuer.change(keys);
        issuer
    }

    pub fn url(&self) -> String {
        format!("http://{}/keys", self.addr)
    }

    /// Publishes these keys from now on.
    pub fn change(&self, keys: &[&SigningKey]) {
        *self.answer.lock().expect("the answer") = (StatusCode::OK, jwks(keys));
    }

    /// Answers nothing but this status from now on.
    pub fn fail(&self, status: StatusCode) {
        *self.answer.lock().expect("the answer") = (status, String::new());
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Acquire)
    }
}

/// A key set as text.
pub fn jwks(keys: &[&SigningKey]) -> String {
    json!({ "keys": keys.iter().map(|key| &key.jwk).collect::<Vec<_>>() }).to_string()
}
