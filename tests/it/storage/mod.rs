//! What the database promises: nobody is taken twice, nobody sees another's rows, nothing is half done, nothing is
//! missed in the change log, and reading does not cost more for more rows.

mod arena;
mod cancel;
mod constraint;
mod invariants;
mod races;
mod races_http;
mod roles;
mod seed;
mod statements;
mod storm;
mod tenancy;
mod visits;
mod watermark;

use std::sync::Arc;
use std::time::Duration;

use openslot::db::Db;
use openslot::db::pool::{Pool, PoolSettings};
use openslot::kernel::ids::{PatientId, RowId};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::support::{Clinic, TestDb};

/// Longest wait for anything that must come.
const DEADLINE: Duration = Duration::from_secs(10);

/// A way to a test's database with `size` connections of a login; commits and clean-up run on `tasks`.
fn database(db: &TestDb, login: &str, size: u32, tasks: &TaskTracker) -> Db {
    let settings = PoolSettings {
        size,
        wait: Duration::from_secs(30),
        statement_timeout: Duration::from_secs(30),
        application_name: "storage",
        role: None,
    };
    Db::new(Pool::new(&db.url(login), &settings).expect("a URL"), tasks.clone(), Arc::new(|| {}))
}

/// `count` new patients, made in one statement.
async fn patients(db: &TestDb, clinic: &Clinic, count: usize) -> Vec<PatientId> {
    let ids: Vec<Uuid> = (0..count).map(|_| PatientId::random().uuid()).collect();
    let sql = "INSERT INTO patients (id, organization_id) SELECT id, $1 FROM unnest($2::uuid[]) AS id RETURNING id";
    let rows = db.rows(sql, &[&clinic.id.uuid(), &ids]).await;
    rows.iter().map(|row| PatientId::from_uuid(row.get(0))).collect()
}
