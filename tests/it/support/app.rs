//! The program under test: real replicas, real workers, a real database and bus.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use openslot::app::{Replica, SharedBus, Worker};
use openslot::config::{Config, Environment};
use openslot::domain::identity::token::{DevelopmentKey, TokenRules};
use openslot::kernel::time::Clock;

use super::client::Client;
use super::clinic::{Clinic, Practice};
use super::database::{API, JOBS, TestDb};
use super::monday;
use super::servers::servers;

pub const ISSUER: &str = "https://id.test";
pub const SIGNING_KEY: &str = "what-the-tests-sign-the-tokens-of-guests-with";

/// One replica on a database of its own, with an in-process bus and no worker.
pub struct TestApp {
    pub db: TestDb,
    pub client: Client,
    clock: Arc<AtomicI64>,
    replica: Replica,
}

/// Two replicas and a worker over Redis, each with its own connections.
pub struct Live {
    pub db: TestDb,
    pub a: Client,
    pub b: Client,
    clock: Arc<AtomicI64>,
    config: Config,
    replicas: Vec<Replica>,
    worker: Option<Worker>,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With further variables in its environment.
    pub async fn with(variables: &[(&str, &str)]) -> Self {
        Self::over(TestDb::new().await, variables).await
    }

    /// On a database that was made before.
    pub async fn over(db: TestDb, variables: &[(&str, &str)]) -> Self {
        let clock = clock();
        let config = config(&db, variables);
        let bus = SharedBus::of(&config, &tokio_util::task::TaskTracker::new()).expect("a bus");
        let replica = Replica::start(&config, Clock::Fixed(clock.clone()), Some(bus)).await.expect("a replica");
        Self { client: Client::new(replica.addr), db, clock, replica }
    }

    /// An organization without anything in it.
    pub async fn clinic(&self) -> Clinic {
        Clinic::new(&self.db).await
    }

    /// A provider with a service, free slots, patients and staff.
    pub async fn practice(&self) -> Practice {
        Practice::new(&self.db).await
    }

    /// Moves the clock of program and database.
    pub async fn set_clock(&self, now: DateTime<Utc>) {
        self.clock.store(now.timestamp_micros(), Ordering::Release);
        self.db.set_clock(now).await;
    }

    /// Ends the program, after what is in flight; the database stays.
    pub async fn drain(self) -> TestDb {
        self.replica.stop().await;
        self.db
    }

    /// Ends everything; a test that does not call it leaves that to the end of the process.
    pub async fn stop(self) {
        self.drain().await.drop_now().await;
    }
}

impl Live {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With further variables in everybody's environment; REDIS_URL among them takes another Redis.
    pub async fn with(variables: &[(&str, &str)]) -> Self {
        Self::over(TestDb::new().await, variables).await
    }

    /// On a database that was made before.
    pub async fn over(db: TestDb, variables: &[(&str, &str)]) -> Self {
        let (redis, prefix) = (servers().redis.url(), format!("{}:", db.name));
        let mut all = vec![("REDIS_URL", redis.as_str()), ("REDIS_PREFIX", prefix.as_str())];
        all.retain(|(name, _)| variables.iter().all(|(given, _)| given != name));
        all.extend_from_slice(variables);
        let (config, clock) = (config(&db, &all), clock());
        let mut replicas = Vec::new();
        for _ in 0..2 {
            replicas.push(Replica::start(&config, Clock::Fixed(clock.clone()), None).await.expect("a replica"));
        }
        let worker = Some(Worker::start(&config, None).await.expect("a worker"));
        let (a, b) = (Client::new(replicas[0].addr), Client::new(replicas[1].addr));
        Self { db, a, b, clock, config, replicas, worker }
    }

    pub async fn practice(&self) -> Practice {
        Practice::new(&self.db).await
    }

    pub async fn set_clock(&self, now: DateTime<Utc>) {
        self.clock.store(now.timestamp_micros(), Ordering::Release);
        self.db.set_clock(now).await;
    }

    /// Ends the worker; nobody relays until `start_worker`.
    pub async fn stop_worker(&mut self) {
        if let Some(worker) = self.worker.take() {
            worker.stop().await;
        }
    }

    pub async fn start_worker(&mut self) {
        self.worker = Some(Worker::start(&self.config, None).await.expect("a worker"));
    }

    /// Drains a replica, 0 or 1 as they are now.
    pub async fn stop_replica(&mut self, index: usize) {
        self.replicas.remove(index).stop().await;
    }

    /// Drops the database. Replicas and worker end with the runtime of the test: a drain would wait for its sockets.
    pub async fn stop(self) {
        self.db.drop_now().await;
    }
}

fn clock() -> Arc<AtomicI64> {
    Arc::new(AtomicI64::new(monday().timestamp_micros()))
}

/// The configuration of a test's program: free port, small pool, the test key.
pub fn config(db: &TestDb, variables: &[(&str, &str)]) -> Config {
    let (api, jobs) = (db.url(API), db.url(JOBS));
    let mut all = vec![
        ("HTTP_ADDR", "127.0.0.1:0"),
        ("DATABASE_URL", api.as_str()),
        ("WORKER_DATABASE_URL", jobs.as_str()),
        ("DB_POOL_MAX", "6"),
        ("OPENSLOT_PROFILE", "development"),
        ("JWT_ISSUER", ISSUER),
        ("JWT_DEVELOPMENT_KEY_FILE", key_file()),
        ("SIGNING_KEY_FILE", signing_key_file()),
        ("HTTP_DRAIN_MS", "5000"),
        ("LOG_LEVEL", "warn"),
        ("RATE_LIMIT_MAX_REQUESTS", "0"),
    ];
    all.retain(|(name, _)| variables.iter().all(|(given, _)| given != name));
    all.extend_from_slice(variables);
    Config::from(&Environment::of(&all)).expect("a configuration")
}

/// The file with the key that signs the tests' tokens.
pub fn key_file() -> &'static str {
    static FILE: OnceLock<String> = OnceLock::new();
    FILE.get_or_init(|| temporary("key.pem", pem()))
}

/// The file with the key that signs the tokens of guests.
pub fn signing_key_file() -> &'static str {
    static FILE: OnceLock<String> = OnceLock::new();
    FILE.get_or_init(|| temporary("signing-key", SIGNING_KEY))
}

/// A file of this process with this content.
pub fn temporary(name: &str, content: &str) -> String {
    let file = std::env::temp_dir().join(format!("openslot-test-{}-{name}", std::process::id()));
    std::fs::write(&file, content).expect("the file is written");
    file.display().to_string()
}

fn pem() -> &'static str {
    static PEM: OnceLock<String> = OnceLock::new();
    PEM.get_or_init(|| DevelopmentKey::generate_pem().expect("a key"))
}

/// A token of a subject, good from the machine's now for `life`.
pub fn token(subject: &str, life: TimeDelta) -> String {
    let key = DevelopmentKey::from_pem(pem()).expect("the key");
    let rules = TokenRules { issuer: ISSUER.to_owned(), audience: "openslot".to_owned() };
    key.mint(&rules, subject, Utc::now(), life).expect("a token")
}
