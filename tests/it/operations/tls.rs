//! The main address with TLS.

use std::sync::Arc;
use std::time::Duration;

use openslot::app::Replica;
use openslot::kernel::time::Clock;
use openslot::kernel::tls::{Trust, client, provider, roots_of};
use reqwest::Certificate;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::program::program;
use crate::bookings::{BOOK, wish};
use crate::support::app::config;
use crate::support::tls::{Authority, Issued};
use crate::support::{Subscription, TestApp, TestDb};

fn variables(issued: &Issued) -> [(&'static str, &str); 2] {
    [
        ("HTTP_TLS_CERT_FILE", issued.certificate.to_str().expect("text")),
        ("HTTP_TLS_KEY_FILE", issued.key.to_str().expect("text")),
    ]
}

fn trusting(authority: &Authority) -> Arc<ClientConfig> {
    let roots = roots_of(&authority.root()).expect("roots");
    Arc::new(client(Trust::SignedForName(roots)).expect("a client"))
}

fn https(authority: &Authority) -> reqwest::Client {
    let root = Certificate::from_pem(authority.pem.as_bytes()).expect("a root");
    let client = reqwest::Client::builder().tls_certs_only([root]).no_proxy().timeout(Duration::from_secs(5));
    client.build().expect("a client")
}

#[tokio::test]
async fn requests_and_sockets_work_over_tls_and_nothing_works_without() {
    let authority = Authority::new();
    let app = TestApp::with(&variables(&authority.issue(&["127.0.0.1"]))).await;
    let practice = app.practice().await;
    let (addr, http) = (app.client.addr, https(&authority));
    let mut stream = Subscription::over_tls(addr, trusting(&authority)).await.expect("a socket");
    stream.send(json!({ "type": "connection_init" })).await;
    assert_eq!(stream.frame().await["type"], "connection_ack");
    let viewer = json!({ "query": "{ __typename }" });
    stream.send(json!({ "id": "1", "type": "subscribe", "payload": viewer })).await;
    assert_eq!(stream.frame().await["payload"]["data"]["__typename"], "Query");

    let body = json!({ "query": BOOK, "variables": { "input": wish(&practice.slot(0), json!({})) } });
    let url = format!("https://{addr}/graphql");
    let answer = http.post(&url).bearer_auth(&practice.patient.token).json(&body).send().await.expect("an answer");
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    let answer: Value = answer.json().await.expect("JSON");
    assert_eq!(answer["data"]["bookSlot"]["booking"]["status"], "BOOKED", "{answer}");

    let before = app.db.state().await;
    let plain = app.client.http.post(app.client.url("/graphql")).bearer_auth(&practice.patient.token).json(&body);
    assert!(plain.send().await.is_err(), "it speaks TLS alone");
    let stranger = https(&Authority::new());
    assert!(stranger.post(&url).json(&body).send().await.is_err(), "the root is another");
    assert!(Subscription::over_tls(addr, trusting(&Authority::new())).await.is_err(), "the root is another");
    let mistaken = http.post(format!("https://localhost:{}/graphql", addr.port())).json(&body);
    assert!(mistaken.send().await.is_err(), "the name is another");
    assert_eq!(app.db.state().await, before);

    let (db, code) = tokio::join!(app.drain(), stream.close_code());
    assert_eq!(code, 1001, "a drain closes sockets as without TLS");
    assert!(TcpStream::connect(addr).await.is_err(), "nobody listens any more");
    db.drop_now().await;
}

#[tokio::test]
async fn versions_are_1_2_and_1_3_and_the_protocols_http_2_and_http_1_1() {
    let authority = Authority::new();
    let app = TestApp::with(&variables(&authority.issue(&["127.0.0.1"]))).await;
    let shake = async |version: &'static rustls::SupportedProtocolVersion, protocol: &[u8]| {
        let builder = ClientConfig::builder_with_provider(provider()).with_protocol_versions(&[version]);
        let roots = roots_of(&authority.root()).expect("roots");
        let mut config = builder.expect("a version").with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = TcpStream::connect(app.client.addr).await.expect("a connection");
        let name = ServerName::from(app.client.addr.ip());
        let shaken = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
        let (_, session) = shaken.get_ref();
        Some((session.protocol_version()?, session.alpn_protocol()?.to_vec()))
    };
    for version in [&TLS12, &TLS13] {
        assert_eq!(shake(version, b"http/1.1").await, Some((version.version, b"http/1.1".to_vec())));
        assert_eq!(shake(version, b"h2").await, Some((version.version, b"h2".to_vec())));
        assert_eq!(shake(version, b"h3").await, None);
    }
    app.stop().await;
}

#[tokio::test]
async fn clients_that_do_not_shake_hands_keep_nobody_waiting() {
    let authority = Authority::new();
    let app = TestApp::with(&variables(&authority.issue(&["127.0.0.1"]))).await;
    let mut silent = Vec::new();
    // More than there may be handshakes under way.
    for _ in 0..300 {
        silent.push(TcpStream::connect(app.client.addr).await.expect("a connection"));
    }
    let answer = https(&authority).get(format!("https://{}/livez", app.client.addr)).send();
    let answer = timeout(Duration::from_secs(5), answer).await.expect("in time").expect("an answer");
    assert_eq!(answer.status(), 200);
    // Nor do they keep a drain waiting.
    let db = timeout(Duration::from_secs(3), app.drain()).await.expect("it stops");
    drop(silent);
    db.drop_now().await;
}

#[tokio::test]
async fn key_of_another_certificate_is_refused_at_the_start() {
    let db = TestDb::new().await;
    let (authority, other) = (Authority::new(), Authority::new());
    let (issued, strange) = (authority.issue(&["127.0.0.1"]), other.issue(&["127.0.0.1"]));
    let mixed = Issued { certificate: issued.certificate, key: strange.key };
    let refused = Replica::start(&config(&db, &variables(&mixed)), Clock::System, None).await.err();
    let wanted = "HTTP_TLS_KEY_FILE must name a PEM of the private key of the certificate in HTTP_TLS_CERT_FILE";
    assert_eq!(refused.map(|error| (error.is_configuration(), error.to_string())), Some((true, wanted.to_owned())));
    db.drop_now().await;
}

#[tokio::test]
async fn health_asks_over_tls_where_that_is_spoken() {
    let authority = Authority::new();
    let issued = authority.issue(&["api.example"]);
    let app = TestApp::with(&variables(&issued)).await;
    let addr = app.client.addr.to_string();
    let ask = async |variables: &[(&str, &str)]| {
        let mut command = program(&["health"], &[&[("HTTP_ADDR", addr.as_str())], variables].concat());
        let output = tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("it ends");
        output.status.code()
    };
    assert_eq!(ask(&variables(&issued)).await, Some(0));
    assert_eq!(ask(&[]).await, Some(1));
    app.stop().await;
}
