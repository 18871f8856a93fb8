//! PostgreSQL over TLS, as `sslmode` asks for it.

use std::time::{Duration, Instant};

use openslot::app::{self, Replica};
use openslot::cli::local::SUPERUSER;
use openslot::config::{Config, Environment};
use openslot::kernel::time::Clock;
use serde_json::json;

use crate::live::{book, change, watch};
use crate::support::app::config;
use crate::support::database::API;
use crate::support::tls::Authority;
use crate::support::{Live, TestDb};

/// Whether the database can be asked by this URL.
async fn answers(url: &str, db: &TestDb) -> bool {
    app::create_database(url, &db.name).await.is_ok()
}

#[tokio::test]
async fn replicas_and_workers_speak_tls_on_every_connection() {
    let live = Live::over(TestDb::encrypting().await, &[]).await;
    let practice = live.practice().await;
    let mut stream = watch(&live.b, None, &practice, json!({})).await;
    book(&live.a, &practice, 0).await;
    assert_eq!(change(&mut stream).await["slot"]["status"], "BUSY");
    let connections = format!(
        "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
         WHERE datname = current_database() AND usename <> '{SUPERUSER}' AND ssl"
    );
    assert!(live.db.one::<i64>(&connections, &[]).await >= 3, "two replicas and a worker");
    assert_eq!(live.db.one::<i64>(&connections.replace("AND ssl", "AND NOT ssl"), &[]).await, 0);
    let leader = "SELECT ssl FROM pg_locks JOIN pg_stat_ssl USING (pid) WHERE locktype = 'advisory' AND classid = 3
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let since = Instant::now();
    while live.db.rows(leader, &[]).await.is_empty() {
        assert!(since.elapsed() < Duration::from_secs(10), "nobody leads");
    }
    assert!(live.db.one::<bool>(leader, &[]).await, "leadership is held over TLS");
    live.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_go_by_tls() {
    let db = TestDb::encrypting().await;
    let urls = [db.url(SUPERUSER), db.url(API)];
    let environment = Environment::of(&[("MIGRATION_DATABASE_URL", &urls[0]), ("DATABASE_URL", &urls[1])]);
    let config = Config::from(&environment).expect("a configuration");
    assert_eq!(app::migrate(&config, true).await.expect("it migrates"), Vec::<String>::new());
    db.drop_now().await;
}

#[tokio::test]
async fn modes_decide_whom_to_believe() {
    let (db, stranger) = (TestDb::encrypting().await, Authority::new());
    let verified = db.url(API);
    let (address, root) = verified.split_once("?sslmode=verify-full").expect("a mode");
    let wrong = format!("&sslrootcert={}", stranger.root().display());
    // The certificate is for 127.0.0.1 and for no name.
    let named = format!("{}?hostaddr=127.0.0.1&sslmode=", address.replace("127.0.0.1", "localhost"));
    let addressed = format!("{address}?sslmode=");
    let before = db.state().await;
    for (base, mode, root, wanted) in [
        (&addressed, "verify-full", root, true),
        (&addressed, "verify-full", &wrong, false),
        (&addressed, "verify-full", "", false),
        (&addressed, "verify-ca", root, true),
        (&addressed, "verify-ca", &wrong, false),
        (&addressed, "require", "", true),
        (&addressed, "require", root, true),
        (&addressed, "require", &wrong, false),
        (&addressed, "prefer", "", true),
        (&addressed, "disable", "", false),
        (&named, "verify-full", root, false),
        (&named, "verify-ca", root, true),
        (&named, "require", "", true),
    ] {
        assert_eq!(answers(&format!("{base}{mode}{root}"), &db).await, wanted, "{base}{mode}{root}");
    }
    assert!(answers(address, &db).await, "without a mode it is prefer");
    let distrusting = [("DATABASE_URL", format!("{addressed}verify-full{wrong}"))];
    let distrusting = distrusting.each_ref().map(|(name, url)| (*name, url.as_str()));
    let variables = [&distrusting[..], &[("DB_POOL_WAIT_MS", "500")]].concat();
    assert!(Replica::start(&config(&db, &variables), Clock::System, None).await.is_err());
    assert_eq!(db.state().await, before);
    db.drop_now().await;
}

#[tokio::test]
async fn server_without_tls_is_refused_where_it_is_required() {
    let (db, authority) = (TestDb::new().await, Authority::new());
    let root = format!("&sslrootcert={}", authority.root().display());
    for (mode, root, wanted) in [
        ("disable", "", true),
        ("prefer", "", true),
        ("prefer", &root, true),
        ("require", "", false),
        ("verify-ca", &root, false),
        ("verify-full", &root, false),
    ] {
        let query = format!("?sslmode={mode}{root}");
        assert_eq!(answers(&format!("{}{query}", db.tcp_url(API)), &db).await, wanted, "{query}");
        // A socket of this machine needs no TLS, and has none.
        assert!(answers(&format!("{}{query}", db.url(API)), &db).await, "{query}");
    }
    db.drop_now().await;
}
