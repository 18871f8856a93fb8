//! Redis over TLS.

use std::process::Stdio;
use std::time::{Duration, Instant};

use openslot::cli::local::Redis;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::program::{Serving, program};
use crate::live::{until_pushed, watch};
use crate::support::app::{ISSUER, key_file};
use crate::support::database::{API, JOBS};
use crate::support::tls::{Authority, Issued};
use crate::support::{Client, Practice, TestDb};

/// Takes a Redis from plain text to TLS, on the same port; what it is reached by, without the scheme.
async fn encrypt(redis: &Redis, issued: &Issued, authority: &Authority) -> String {
    let url = redis.url();
    let address = url.strip_prefix("redis://").expect("a URL").to_owned();
    let (_, port) = address.trim_end_matches('/').split_once(':').expect("a port");
    let stream = TcpStream::connect(address.trim_end_matches('/')).await.expect("Redis listens");
    let mut stream = BufReader::new(stream);
    for setting in [
        format!("tls-cert-file {}", issued.certificate.display()),
        format!("tls-key-file {}", issued.key.display()),
        format!("tls-ca-cert-file {}", authority.root().display()),
        "tls-auth-clients no".to_owned(),
        "port 0".to_owned(),
        format!("tls-port {port}"),
    ] {
        stream.write_all(format!("CONFIG SET {setting}\r\n").as_bytes()).await.expect("it is sent");
        let mut answer = String::new();
        stream.read_line(&mut answer).await.expect("an answer");
        assert_eq!(answer, "+OK\r\n", "{setting}");
    }
    address
}

/// The environment of a program that believes a root.
fn environment<'a>(url: &'a str, jobs: &'a str, redis: &'a str, root: &'a str) -> [(&'static str, &'a str); 8] {
    [
        ("DATABASE_URL", url),
        ("WORKER_DATABASE_URL", jobs),
        ("HTTP_ADDR", "127.0.0.1:0"),
        ("JWT_ISSUER", ISSUER),
        ("OPENSLOT_PROFILE", "development"),
        ("JWT_DEVELOPMENT_KEY_FILE", key_file()),
        ("REDIS_URL", redis),
        ("SSL_CERT_FILE", root),
    ]
}

async fn condition(client: &Client) -> Value {
    let answer = client.http.get(client.url("/readyz")).send().await.expect("an answer");
    answer.json::<Value>().await.expect("JSON")["checks"]["redis"].clone()
}

#[tokio::test]
async fn changes_are_pushed_through_a_redis_with_tls() {
    let (db, authority) = (TestDb::new().await, Authority::new());
    let redis = Redis::start().await.expect("a Redis of its own");
    let address = encrypt(&redis, &authority.issue(&["127.0.0.1"]), &authority).await;
    let (api, jobs, root) = (db.url(API), db.url(JOBS), authority.root());
    let url = format!("rediss://{address}");
    let variables = environment(&api, &jobs, &url, root.to_str().expect("text"));
    let practice = Practice::new(&db).await;
    let server = Serving::start(&variables);
    let mut worker = program(&["worker"], &variables);
    let mut worker = worker.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let client = Client::new(server.addr);
    let since = Instant::now();
    while condition(&client).await != json!("up") {
        assert!(since.elapsed() < Duration::from_secs(10), "Redis is never up");
    }
    let mut stream = watch(&client, None, &practice, json!({})).await;
    until_pushed(&client, &practice, 0, &mut stream).await;
    drop(stream);
    worker.kill().expect("it ends");
    worker.wait().expect("it ends");
    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(0));
    assert!(log.contains("line to the bus is up"), "{log}");
    db.drop_now().await;
}

#[tokio::test]
async fn redis_that_is_not_the_one_is_not_spoken_to() {
    let (db, authority, stranger) = (TestDb::new().await, Authority::new(), Authority::new());
    let (encrypted, misnamed) = (Redis::start().await.expect("a Redis"), Redis::start().await.expect("a Redis"));
    let plain = Redis::start().await.expect("a Redis");
    let plain_address = plain.url().replace("redis://", "");
    let address = encrypt(&encrypted, &authority.issue(&["127.0.0.1"]), &authority).await;
    let misnamed_address = encrypt(&misnamed, &authority.issue(&["redis.example"]), &authority).await;
    let (api, jobs) = (db.url(API), db.url(JOBS));
    for (what, url, root) in [
        ("another root", format!("rediss://{address}"), stranger.root()),
        ("another name", format!("rediss://{misnamed_address}"), authority.root()),
        ("no TLS there", format!("rediss://{plain_address}"), authority.root()),
        ("no TLS here", format!("redis://{address}"), authority.root()),
    ] {
        let server = Serving::start(&environment(&api, &jobs, &url, root.to_str().expect("text")));
        assert_eq!(condition(&Client::new(server.addr)).await, "down", "{what}");
        let (code, log) = server.end("-TERM");
        assert_eq!(code, Some(0));
        assert!(!log.contains("line to the bus is up"), "{what}: {log}");
    }
    db.drop_now().await;
}
