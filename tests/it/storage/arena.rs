//! One database with 60 warm connections that all races share: planning the booking statement anew for each of them on
//! each connection would take most of the time. Races take turns, about a second each; every one has an
//! organization of its own.

use std::sync::{Mutex, OnceLock, PoisonError};

use openslot::db::Db;
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::TaskTracker;

use crate::support::TestDb;
use crate::support::database::API;

use super::{database, invariants};

/// Connections of the races.
pub const CONNECTIONS: u32 = 60;
/// Requests of one race.
pub const REQUESTS: usize = 300;

/// Where races take place.
pub struct Arena {
    pub db: TestDb,
    pub racers: Db,
}

/// Runs one race and checks afterwards that the database is sound.
pub fn race(body: impl AsyncFnOnce(&Arena)) {
    static TURN: Mutex<()> = Mutex::new(());
    static ARENA: OnceLock<(Runtime, Arena)> = OnceLock::new();
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (runtime, arena) = ARENA.get_or_init(|| {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let arena = runtime.block_on(async {
            let db = TestDb::new().await;
            Arena { racers: database(&db, API, CONNECTIONS, &TaskTracker::new()), db }
        });
        (runtime, arena)
    });
    runtime.block_on(async {
        body(arena).await;
        assert_eq!(invariants::broken(&arena.db).await, Vec::<String>::new());
    });
}
