//! What happens on time or later: the relay of the change log, and partitions made ahead.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::db::leader::Leadership;
use crate::db::migrations::{PARTITIONS_EVERY, ensure_partitions};
use crate::db::{Db, DbError};
use crate::domain::idempotency;
use crate::domain::identity::changes;
use crate::kv::Bus;
use crate::live::{DatabaseLog, Doorbell, Relay, RelaySettings};

/// The relay's duty among those one can lead.
const RELAY: i32 = 1;
/// How soon partitions that could not be made are tried again.
const PARTITIONS_RETRY: Duration = Duration::from_secs(10);
/// How often what is old is taken away.
const TIDY_EVERY: Duration = Duration::from_secs(3_600);
/// How long one who does not lead waits before trying again, and how often one who leads makes sure.
const LOOK: Duration = Duration::from_secs(1);

/// Leads the relay whenever nobody else does, until `shutdown`.
pub async fn relay(db: Db, bus: Arc<dyn Bus>, doorbell: Doorbell, leader_url: String, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        match Leadership::try_take(&leader_url, RELAY).await {
            Ok(Some(leadership)) => lead(&db, &bus, &doorbell, leadership, &shutdown).await,
            Ok(None) => {}
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "leadership cannot be asked for"),
        }
        let _ = shutdown.run_until_cancelled(tokio::time::sleep(LOOK)).await;
    }
}

async fn lead(
    db: &Db,
    bus: &Arc<dyn Bus>,
    doorbell: &Doorbell,
    mut leadership: Leadership,
    shutdown: &CancellationToken,
) {
    tracing::info!("leading the relay");
    let term = shutdown.child_token();
    let relay = Relay::new(DatabaseLog::new(db.clone()), bus.clone(), RelaySettings::default());
    let watch = async {
        while leadership.is_held().await {
            tokio::time::sleep(LOOK).await;
        }
        // Two relays would publish the same rows twice; replicas drop what they have, so an overlap does no harm.
        term.cancel();
    };
    tokio::select! {
        () = relay.run(doorbell.clone(), term.clone()) => {}
        () = watch => tracing::warn!("leadership was lost"),
    }
}

/// Takes away what nobody needs any more, now and every hour until `shutdown`.
pub async fn tidy(db: Db, shutdown: CancellationToken) {
    loop {
        match changes::purge(&db).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "old access changes deleted"),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "old access changes stay for now");
            }
        }
        match idempotency::purge(&db).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "old idempotency keys deleted"),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "old idempotency keys stay for now");
            }
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(TIDY_EVERY)).await.is_none() {
            return;
        }
    }
}

/// Makes the partitions that will be needed.
///
/// # Errors
/// Those of the connection.
pub async fn make_partitions(db: &Db) -> Result<(), DbError> {
    let made = db.system::<_, DbError, _>("partitions", async |conn| ensure_partitions(conn).await).await?;
    if made > 0 {
        tracing::info!(partitions = made, "partitions made");
    }
    Ok(())
}

/// Makes partitions ahead every hour until `shutdown`; each process does so, for it is safe and cheap.
pub async fn partitions(db: Db, shutdown: CancellationToken) {
    let mut pause = PARTITIONS_EVERY;
    while shutdown.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        pause = match make_partitions(&db).await {
            Ok(()) => PARTITIONS_EVERY,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "partitions could not be made");
                PARTITIONS_RETRY
            }
        };
    }
}
