//! The large organization in a PostgreSQL of its own. Loading takes minutes, so it is kept where `BENCH_DATA_DIR` says, until
//! what makes it changes or its slots are two weeks old.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use openslot::app;
use openslot::app::seed::{self, LargeSize};
use openslot::cli::local::{Postgres, PostgresOptions, SUPERUSER};
use openslot::config::{Config, Environment};
use openslot::kernel::time::Clock;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::database::{API, JOBS, connect};

const DATABASE: &str = "openslot_bench";
/// What the rows come from.
const SOURCES: [&str; 3] = ["migrations", "src/db/demo", "src/domain/demo"];
/// For a quick look: `BENCH_SIZE=small`.
const SMALL: LargeSize = LargeSize { locations: 20, providers: 200, weeks: 10 };

/// The data, and ways to it.
pub struct World {
    pub api: String,
    pub superuser: String,
    pub organization: Uuid,
    /// Start of the first slot.
    pub first: DateTime<Utc>,
    pub slots: i64,
    /// Process of PostgreSQL from which all others come.
    pub postmaster: u32,
    _postgres: Postgres,
}

impl World {
    pub async fn open() -> Self {
        let is_small = std::env::var("BENCH_SIZE").is_ok_and(|size| size == "small");
        let (name, size) = if is_small { ("small", SMALL) } else { ("large", LargeSize::FULL) };
        let postgres = Postgres::start(options(name)).await.expect("PostgreSQL starts");
        let superuser = postgres.url(SUPERUSER, DATABASE);
        app::create_database(&postgres.url(SUPERUSER, "postgres"), DATABASE).await.expect("a database");
        let (api, jobs) = (postgres.url(API, DATABASE), postgres.url(JOBS, DATABASE));
        let variables =
            [("MIGRATION_DATABASE_URL", superuser.as_str()), ("DATABASE_URL", &api), ("WORKER_DATABASE_URL", &jobs)];
        let config = Config::from(&Environment::of(&variables)).expect("a configuration");
        if !is_fresh(&connect(&superuser).await).await {
            let root = connect(&postgres.url(SUPERUSER, "postgres")).await;
            root.batch_execute(&format!("DROP DATABASE {DATABASE} WITH (FORCE)")).await.expect("it is dropped");
            root.batch_execute(&format!("CREATE DATABASE {DATABASE}")).await.expect("it is made");
            app::migrate(&config, true).await.expect("it is migrated");
            let began = Instant::now();
            let seeded = seed::large(&config, &Clock::System, size).await.expect("it is loaded");
            let seconds = began.elapsed().as_secs();
            println!("loaded {} slots and {} bookings in {seconds} s", seeded.slots, seeded.bookings);
        }
        let admin = connect(&superuser).await;
        admin.batch_execute("VACUUM ANALYZE").await.expect("it is tidied");
        admin.batch_execute("CHECKPOINT").await.expect("it is written");
        let sql = "SELECT (SELECT id FROM openslot.organizations), min(starts_at), count(*), pg_backend_pid(),
                     pg_database_size(current_database()) / 1000000 FROM openslot.slots";
        let row = admin.query_one(sql, &[]).await.expect("a row");
        println!("{} slots, {} MB on disk", row.get::<_, i64>(2), row.get::<_, i64>(4));
        let postmaster = parent(row.get(3));
        Self {
            api,
            superuser,
            organization: row.get(0),
            first: row.get(1),
            slots: row.get(2),
            postmaster,
            _postgres: postgres,
        }
    }
}

/// Whether it was loaded whole, and so lately that there are slots to find for weeks.
async fn is_fresh(admin: &Client) -> bool {
    let there = "SELECT to_regclass('openslot.slots') IS NOT NULL";
    if !admin.query_one(there, &[]).await.expect("a row").get::<_, bool>(0) {
        return false;
    }
    let first = admin.query_one("SELECT min(starts_at) FROM openslot.slots", &[]).await.expect("a row");
    first.get::<_, Option<DateTime<Utc>>>(0).is_some_and(|first| Utc::now() < first + TimeDelta::weeks(2))
}

/// A cluster that gives durability up, and does nothing on its own while something is measured.
fn options(name: &str) -> PostgresOptions {
    let mut options = PostgresOptions::throw_away();
    options.tcp = false;
    options.data_dir = std::env::var("BENCH_DATA_DIR").ok().map(|kept| kept_in(Path::new(&kept), name));
    options.settings = [("autovacuum", "off"), ("checkpoint_timeout", "1h")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    options
}

/// The directory for what is made now; those of what was made otherwise are removed.
fn kept_in(kept: &Path, name: &str) -> PathBuf {
    let mut hash = DefaultHasher::new();
    SOURCES.iter().for_each(|source| hash_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join(source), &mut hash));
    let wanted = format!("{name}-{:016x}", hash.finish());
    for entry in fs::read_dir(kept).into_iter().flatten().flatten() {
        let found = entry.file_name().to_string_lossy().into_owned();
        if found.starts_with(&format!("{name}-")) && found != wanted {
            fs::remove_dir_all(entry.path()).expect("what is old is removed");
        }
    }
    fs::create_dir_all(kept).expect("a directory");
    kept.join(wanted)
}

fn hash_below(folder: &Path, hash: &mut DefaultHasher) {
    let entries = fs::read_dir(folder).expect("a directory").map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> = entries.collect();
    paths.sort();
    for path in paths {
        match path.is_dir() {
            true => hash_below(&path, hash),
            false => fs::read(&path).expect("a file").hash(hash),
        }
    }
}

/// The process that a process was started by.
fn parent(pid: i32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process of this machine");
    let (_, fields) = stat.rsplit_once(") ").expect("a name in brackets");
    fields.split(' ').nth(1).and_then(|parent| parent.parse().ok()).expect("a parent")
}
