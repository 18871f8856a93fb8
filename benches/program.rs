//! Programs to measure, and what happens around them.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use openslot::app::{Replica, SharedBus};
use openslot::kernel::time::Clock;
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::TaskTracker;

use crate::cpu;
use crate::support::app::config;
use crate::support::database::API;
use crate::support::proxy::StatementProxy;
use crate::support::{TestApp, TestDb, monday};

/// Name of the threads on which programs run.
const THREADS: &str = "program";

/// The threads of the programs. Clients block threads of their own, so that what they need is not counted.
pub struct Program(Runtime);

/// Processor time in nanoseconds: of the program, and of PostgreSQL for it.
#[derive(Clone, Copy, Default)]
pub struct Used {
    pub program: u64,
    pub postgres: u64,
}

/// A program on the same database that counts its statements on the wire, with one connection.
pub struct Counted {
    pub addr: SocketAddr,
    pub proxy: StatementProxy,
    _replica: Replica,
}

/// A database whose clock stands still and costs no more than the real one: the clock of tests reads a table, which keeps
/// `present()` from becoming part of the statements that call it.
pub async fn database() -> TestDb {
    let db = TestDb::new().await;
    let sql = "CREATE OR REPLACE FUNCTION openslot.present() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
               RETURN timestamptz";
    db.run(&format!("{sql} '{}'", monday().to_rfc3339())).await;
    db
}

impl Program {
    pub fn new() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).thread_name(THREADS).enable_all().build();
        Self(runtime.expect("a runtime"))
    }

    /// Runs what must be done before and after measuring.
    pub fn wait<F: Future>(&self, work: F) -> F::Output {
        self.0.block_on(work)
    }

    /// Does something, and tells what it used; nobody else may use the program meanwhile.
    pub fn used(&self, app: &TestApp, work: impl FnOnce()) -> Used {
        let sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = $1";
        let rows = self.wait(app.db.rows(sql, &[&API]));
        let backends: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
        let now = || Used { program: cpu::of_threads(THREADS), postgres: cpu::of_processes(&backends) };
        let before = now();
        work();
        let after = now();
        Used { program: after.program - before.program, postgres: after.postgres - before.postgres }
    }

    pub fn counted(&self, app: &TestApp, variables: &[(&str, &str)]) -> Counted {
        self.wait(async {
            let (proxy, through) = StatementProxy::before(&app.db, API).await;
            let mut all = vec![("DATABASE_URL", through.as_str()), ("DB_POOL_MAX", "1")];
            all.extend_from_slice(variables);
            let config = config(&app.db, &all);
            let bus = SharedBus::of(&config, &TaskTracker::new()).expect("a bus");
            let clock = Clock::Fixed(Arc::new(AtomicI64::new(monday().timestamp_micros())));
            let replica = Replica::start(&config, clock, Some(bus)).await.expect("a replica");
            Counted { addr: replica.addr, proxy, _replica: replica }
        })
    }
}

impl std::ops::AddAssign for Used {
    fn add_assign(&mut self, other: Self) {
        self.program += other.program;
        self.postgres += other.postgres;
    }
}
