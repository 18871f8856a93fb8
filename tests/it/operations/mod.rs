//! What a document may ask, how transports answer, and how the program starts, stops and fails.

mod addresses;
mod batches;
mod commands;
mod drain;
mod errors;
mod gate;
mod headers;
mod health;
mod hostile;
mod introspection;
mod limits;
mod logs;
mod origins;
mod persisted;
mod postgres_tls;
mod program;
mod quotas;
mod redis_tls;
mod refusals;
mod slow;
mod tls;
mod transport;

use openslot::app::Replica;
use openslot::kernel::time::Clock;

use crate::support::app::config;
use crate::support::{Client, TestDb};

use gate::Gate;

/// A replica whose way to PostgreSQL can be shut.
pub struct Gated {
    pub db: TestDb,
    pub gate: Gate,
    pub client: Client,
    pub replica: Replica,
}

impl Gated {
    pub async fn start() -> Self {
        let db = TestDb::new().await;
        let url = db.tcp_url(crate::support::database::API);
        let (before, rest) = url.split_once("127.0.0.1:").expect("an address");
        let (port, after) = rest.split_once('/').expect("a database");
        let gate = Gate::before(port.parse().expect("a port")).await;
        let through = format!("{before}127.0.0.1:{}/{after}", gate.port);
        let variables = [("DATABASE_URL", through.as_str()), ("DB_POOL_WAIT_MS", "500")];
        let replica = Replica::start(&config(&db, &variables), Clock::System, None).await.expect("a replica");
        Self { client: Client::new(replica.addr), db, gate, replica }
    }

    pub async fn stop(self) {
        self.replica.stop().await;
        self.db.drop_now().await;
    }
}
