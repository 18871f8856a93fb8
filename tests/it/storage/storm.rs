//! A storm of writers with pauses and rollbacks, among long transactions of others, while the log is read.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use openslot::db::{DbError, Locks, OrgConn};
use openslot::kernel::ids::ProviderId;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::database::connect;
use crate::support::servers::servers;

use super::DEADLINE;
use super::watermark::{Log, NaiveReader, Reader, insert};

const WRITERS: usize = 24;
const TRANSACTIONS: usize = 25;
const ENTITIES: usize = 10;
const FOREIGNERS: usize = 8;

/// Writers, foreigners and readers at once.
struct Storm {
    log: Log,
    entities: Vec<ProviderId>,
    versions: Mutex<HashMap<usize, i32>>,
    random: AtomicU64,
    is_over: AtomicBool,
}

impl Storm {
    /// A number below `below`.
    fn random(&self, below: u64) -> u64 {
        let mut x = self.random.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x ^ (x >> 31)) % below
    }

    fn pause(&self) -> String {
        format!("SELECT pg_sleep({})", self.random(4000) as f64 / 1e6)
    }

    /// One transaction of one to three rows about one entity; one in seven is rolled back.
    async fn transaction(&self) {
        let number = usize::try_from(self.random(ENTITIES as u64)).expect("small");
        let entity = self.entities[number];
        let (organization, locks) = (self.log.organization, Locks::none().subject(entity));
        let ended =
            self.log.writers.write::<(), Option<DbError>, _>(organization, locks, async |conn: &mut OrgConn| {
                let execute =
                    async |conn: &mut OrgConn, sql: String| conn.batch_execute(&sql).await.map_err(|e| Some(e.into()));
                execute(conn, self.pause()).await?;
                let last = self.versions.lock().expect("whole").get(&number).copied().unwrap_or_default();
                let rows = i32::try_from(self.random(3)).expect("small") + 1;
                for version in last + 1..=last + rows {
                    execute(conn, insert(organization, entity, version)).await?;
                    execute(conn, self.pause()).await?;
                }
                if self.random(7) == 0 {
                    return Err(None);
                }
                self.versions.lock().expect("whole").insert(number, last + rows);
                Ok(())
            });
        if let Err(Some(error)) = ended.await {
            panic!("{error:?}");
        }
    }

    /// Long transactions that have an id and write nothing of ours.
    async fn foreigner(&self) {
        let client = connect(&servers().admin_url(&self.log.db.name)).await;
        while !self.is_over.load(Ordering::Relaxed) {
            let long = format!(
                "BEGIN; SELECT pg_current_xact_id(); SELECT pg_sleep({}); ROLLBACK",
                self.random(300) as f64 / 1e3
            );
            client.batch_execute(&long).await.expect("a transaction");
        }
    }
}

/// About two seconds: 24 connections, and pauses between their statements.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storm_of_writers_loses_and_repeats_nothing() {
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let entities = (0..ENTITIES).map(|_| ProviderId::random()).collect();
    let (versions, random, is_over) = (Mutex::default(), AtomicU64::new(seed), AtomicBool::new(false));
    let storm = Arc::new(Storm { log: Log::new(WRITERS).await, entities, versions, random, is_over });
    let (mut writers, mut foreigners) = (JoinSet::new(), JoinSet::new());
    for _ in 0..WRITERS {
        let storm = storm.clone();
        writers.spawn(async move {
            for _ in 0..TRANSACTIONS {
                storm.transaction().await;
            }
        });
    }
    for _ in 0..FOREIGNERS {
        let storm = storm.clone();
        foreigners.spawn(async move { storm.foreigner().await });
    }
    let (mut reader, mut naive, mut live) = (Reader::default(), NaiveReader::default(), 0);
    while !writers.is_empty() {
        reader.poll(&storm.log).await;
        naive.poll(&storm.log).await;
        if writers.len() == WRITERS {
            live = reader.got.len();
        }
        if let Ok(Some(ended)) = timeout(Duration::from_millis(2), writers.join_next()).await {
            ended.expect("a writer");
        }
    }
    storm.is_over.store(true, Ordering::Relaxed);
    foreigners.join_all().await;
    let all = storm.log.all_positions().await;
    let whole = async {
        while reader.got.len() < all.len() {
            reader.poll(&storm.log).await;
        }
    };
    let in_time = timeout(DEADLINE, whole).await;
    println!("{} rows, {live} read while all wrote, {} seen by position alone", all.len(), naive.got.len());
    assert!(in_time.is_ok(), "{} of {} rows came", reader.got.len(), all.len());
    assert_eq!(reader.positions(), all, "each once");
    reader.assert_versions_grow();
    assert!(live > all.len() / 4, "{live} of {} were read while all wrote", all.len());
    assert!(naive.got.len() < all.len(), "the storm was none: a reader by position alone lost nothing");
}
