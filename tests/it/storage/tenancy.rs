//! Row-level security by itself: the application's login, with no filter in the statement.

use openslot::kernel::ids::{OrganizationId, ProviderId, RowId};
use serde_json::json;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::bookings::BOOK;
use crate::support::database::{API, JOBS, connect};
use crate::support::{Practice, TestApp, TestDb};

/// Tables of which both organizations have rows.
const FILLED: &[&str] = &[
    "audit_events",
    "bookings",
    "changes",
    "idempotency_keys",
    "locations",
    "members",
    "occupancies",
    "organizations",
    "patients",
    "provider_traits",
    "providers",
    "schedule_services",
    "schedules",
    "services",
    "slots",
    "specialties",
];

/// Two organizations that have everything in [`FILLED`], and a session of the application's login.
struct Walls {
    app: TestApp,
    ours: Practice,
    theirs: Practice,
    api: Client,
}

impl Walls {
    async fn build() -> Self {
        let app = TestApp::start().await;
        let (ours, theirs) = (app.practice().await, app.practice().await);
        for practice in [&ours, &theirs] {
            practice.clinic.specialty(practice.provider, "394579002", "Cardiology").await;
            let input = json!({ "slot": { "id": practice.slot(0) }, "clientMutationId": "one" });
            let answer = app.client.by(&practice.patient, BOOK, json!({ "input": input })).await.ok();
            assert_eq!(answer.text("/bookSlot/booking/status"), "BOOKED");
        }
        let api = connect(&app.db.url(API)).await;
        Self { app, ours, theirs, api }
    }

    async fn enter(&self, organization: OrganizationId) {
        self.api.batch_execute("BEGIN").await.expect("a transaction");
        self.api.execute("SELECT enter($1, '{}')", &[&organization.uuid()]).await.expect("entered");
    }

    async fn run(&self, sql: &str) {
        self.api.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

/// Tables with rows of organizations, and the column that tells whose they are.
pub(super) async fn owned(db: &TestDb) -> Vec<(String, &'static str)> {
    let sql = "SELECT c.relname::text FROM pg_class AS c
               JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped
               WHERE c.relnamespace = 'openslot'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition";
    let mut tables: Vec<_> = db.rows(sql, &[]).await.iter().map(|row| (row.get(0), "organization_id")).collect();
    tables.push(("organizations".to_owned(), "id"));
    tables
}

/// Rows of an organization that a session sees without asking for it.
async fn seen(client: &Client, table: &str, column: &str, of: OrganizationId) -> i64 {
    let sql = format!("SELECT count(*) FILTER (WHERE {column} = $1) FROM openslot.{table}");
    client.query_one(&sql, &[&of.uuid()]).await.unwrap_or_else(|error| panic!("{sql}: {error}")).get(0)
}

#[tokio::test]
async fn statement_without_a_filter_sees_one_organization() {
    let walls = Walls::build().await;
    let tables = owned(&walls.app.db).await;
    let mut filled = Vec::new();
    walls.enter(walls.ours.clinic.id).await;
    for (table, column) in &tables {
        assert_eq!(seen(&walls.api, table, column, walls.theirs.clinic.id).await, 0, "{table} of the others");
        if seen(&walls.api, table, column, walls.ours.clinic.id).await > 0 {
            filled.push(table.as_str());
        }
    }
    walls.run("COMMIT").await;
    filled.sort_unstable();
    assert_eq!(filled, FILLED);
    // The others have rows in the same tables: the worker, who may, sees them.
    let jobs = connect(&walls.app.db.url(JOBS)).await;
    for (table, column) in tables.iter().filter(|(table, _)| FILLED.contains(&table.as_str())) {
        assert!(seen(&jobs, table, column, walls.theirs.clinic.id).await > 0, "{table}");
    }
    walls.app.stop().await;
}

#[tokio::test]
async fn session_without_an_organization_sees_nothing() {
    let walls = Walls::build().await;
    for (table, column) in owned(&walls.app.db).await {
        assert_eq!(seen(&walls.api, &table, column, walls.ours.clinic.id).await, 0, "{table} before");
    }
    for end in ["COMMIT", "ROLLBACK"] {
        walls.enter(walls.ours.clinic.id).await;
        assert_eq!(seen(&walls.api, "providers", "organization_id", walls.ours.clinic.id).await, 1);
        walls.run(end).await;
        for (table, column) in owned(&walls.app.db).await {
            assert_eq!(seen(&walls.api, &table, column, walls.ours.clinic.id).await, 0, "{table} after {end}");
        }
    }
    walls.app.stop().await;
}

#[tokio::test]
async fn rows_of_another_organization_cannot_be_written() {
    let walls = Walls::build().await;
    let (ours, theirs) = (walls.ours.clinic.id.uuid(), walls.theirs.clinic.id.uuid());
    let before = walls.app.db.state().await;
    let insert = "INSERT INTO providers (id, organization_id, display_name, given_name, family_name)
                  VALUES ($1, $2, 'Dr. No', 'Julius', 'No')";
    walls.enter(walls.ours.clinic.id).await;
    let refused = walls.api.execute(insert, &[&ProviderId::random().uuid(), &theirs]).await;
    assert_eq!(refused.expect_err("a row of theirs").code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    walls.run("ROLLBACK").await;

    walls.enter(walls.ours.clinic.id).await;
    let sql = "UPDATE providers SET organization_id = $1 WHERE organization_id = $2";
    let given = walls.api.execute(sql, &[&theirs, &ours]).await.expect_err("a row given away");
    assert_eq!(given.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    walls.run("ROLLBACK").await;

    walls.enter(walls.ours.clinic.id).await;
    for sql in [
        "UPDATE slots SET status = 'BUSY' WHERE organization_id = $1",
        "DELETE FROM occupancies WHERE organization_id = $1",
    ] {
        assert_eq!(walls.api.execute(sql, &[&theirs]).await.expect("nothing found"), 0, "{sql}");
    }
    walls.run("COMMIT").await;

    walls.enter(walls.ours.clinic.id).await;
    let sql = "UPDATE schedules SET location_id = $1";
    let crossed = walls.api.execute(sql, &[&walls.theirs.location.uuid()]).await.expect_err("a row that points across");
    assert_eq!(crossed.code(), Some(&SqlState::FOREIGN_KEY_VIOLATION));
    walls.run("ROLLBACK").await;
    assert_eq!(walls.app.db.state().await, before);
    walls.app.stop().await;
}

#[tokio::test]
async fn partitions_are_reached_through_their_parents_only() {
    let walls = Walls::build().await;
    let sql = "SELECT i.inhrelid::regclass::text FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
               WHERE c.relkind = 'r' ORDER BY 1";
    let partitions = walls.app.db.rows(sql, &[]).await;
    assert!(partitions.len() > 20, "{} partitions", partitions.len());
    for row in partitions {
        let name: String = row.get(0);
        walls.enter(walls.ours.clinic.id).await;
        let refused = walls.api.query(&format!("SELECT FROM openslot.{name}"), &[]).await;
        assert_eq!(refused.expect_err("a partition").code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{name}");
        walls.run("ROLLBACK").await;
    }
    walls.app.stop().await;
}

#[tokio::test]
async fn resolver_functions_are_the_only_reads_without_an_organization() {
    let walls = Walls::build().await;
    let db = &walls.app.db;
    let names =
        async |sql: &'static str| -> Vec<String> { db.rows(sql, &[]).await.iter().map(|row| row.get(0)).collect() };
    let past_the_walls = "SELECT DISTINCT proname::text FROM pg_proc
                          WHERE prosecdef AND has_function_privilege('openslot_app', oid, 'EXECUTE') ORDER BY 1";
    assert_eq!(
        names(past_the_walls).await,
        [
            "accept_invitations",
            "ensure_partitions",
            "resolve_api_key",
            "resolve_guest",
            "resolve_members",
            "resolve_organization",
            "resolve_patients",
            "revoke_sessions",
            "touch_api_key",
        ]
    );
    // Tables without walls hold nothing of an organization.
    let open = "SELECT c.relname::text FROM pg_class AS c
                WHERE c.relnamespace = 'openslot'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
                  AND NOT c.relrowsecurity AND has_any_column_privilege('openslot_app', c.oid, 'SELECT') ORDER BY 1";
    assert_eq!(
        names(open).await,
        [
            "__diesel_schema_migrations",
            "access_changes",
            "booking_status_transitions",
            "change_log",
            "holidays",
            "test_clock"
        ]
    );
    // They answer what was asked for, and no more.
    let found =
        walls.api.query("SELECT id FROM resolve_organization($1)", &[&walls.theirs.clinic.slug]).await.expect("a row");
    assert_eq!(found.iter().map(|row| row.get(0)).collect::<Vec<uuid::Uuid>>(), [walls.theirs.clinic.id.uuid()]);
    let none = walls.api.query("SELECT id FROM resolve_organization('nobody-has-this')", &[]).await.expect("no row");
    assert!(none.is_empty());
    walls.app.stop().await;
}
