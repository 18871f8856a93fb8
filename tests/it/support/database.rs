//! A database per test, cloned from a template that was migrated once.

use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Utc};
use openslot::app;
use openslot::config::{Config, Environment};
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Client, NoTls, Row};

use super::monday;
use super::servers::{Servers, encrypting_servers, servers};

const TEMPLATE: &str = "openslot_template";
/// Login of replicas and of workers.
pub const API: &str = "openslot_api";
pub const JOBS: &str = "openslot_jobs";

/// The clock of a test database stands where the test puts it, for every connection at once.
const TEST_CLOCK: &str = "
    SET ROLE openslot_owner;
    CREATE TABLE openslot.test_clock (now timestamptz NOT NULL);
    GRANT SELECT ON openslot.test_clock TO openslot_app, openslot_worker, openslot_readonly, openslot_resolver;
    CREATE OR REPLACE FUNCTION openslot.present() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
      RETURN coalesce((SELECT now FROM openslot.test_clock), statement_timestamp());
    RESET ROLE;";

pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

/// Migrates the template; made once per run, in a cluster of its own.
pub async fn make_template(servers: &Servers) {
    let admin = connect(&servers.admin_url("postgres")).await;
    admin.batch_execute(&format!("CREATE DATABASE {TEMPLATE}")).await.expect("the template is new");
    let url = servers.admin_url(TEMPLATE);
    let config = Config::from(&Environment::of(&[
        ("MIGRATION_DATABASE_URL", &url),
        ("DATABASE_URL", &servers.postgres.url(API, TEMPLATE)),
        ("WORKER_DATABASE_URL", &servers.postgres.url(JOBS, TEMPLATE)),
    ]));
    app::migrate(&config.expect("a configuration"), true).await.expect("the template migrates");
    let template = connect(&url).await;
    template.batch_execute(TEST_CLOCK).await.expect("the test clock is made");
    template.execute("INSERT INTO openslot.test_clock VALUES ($1)", &[&monday()]).await.expect("the clock is set");
    template.batch_execute("SELECT openslot.ensure_partitions()").await.expect("partitions are made");
}

/// A database that nobody else uses.
pub struct TestDb {
    pub name: String,
    admin: Client,
    servers: &'static Servers,
}

impl TestDb {
    pub async fn new() -> Self {
        Self::on(servers()).await
    }

    /// In a cluster that takes encrypted connections only, except from the superuser.
    pub async fn encrypting() -> Self {
        Self::on(encrypting_servers()).await
    }

    async fn on(servers: &'static Servers) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let root = connect(&servers.admin_url("postgres")).await;
        let create = format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}");
        root.batch_execute(&create).await.expect("the template is cloned");
        let admin = connect(&servers.admin_url(&name)).await;
        admin.batch_execute("SET search_path = openslot, public").await.expect("a search path");
        Self { name, admin, servers }
    }

    /// Connection string of a login: over the socket, or with `sslmode=verify-full` where everything is encrypted.
    pub fn url(&self, login: &str) -> String {
        match &self.servers.authority {
            None => self.servers.postgres.url(login, &self.name),
            Some(authority) => {
                let root = authority.root();
                format!("{}?sslmode=verify-full&sslrootcert={}", self.tcp_url(login), root.display())
            }
        }
    }

    /// Connection string of a login over TCP.
    pub fn tcp_url(&self, login: &str) -> String {
        self.servers.postgres.tcp_url(login, &self.name).expect("the server listens")
    }

    /// Statements as the superuser, past row-level security.
    pub async fn run(&self, sql: &str) {
        self.admin.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// One value as the superuser.
    pub async fn one<T: for<'a> FromSql<'a>>(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> T {
        let row = self.admin.query_one(sql, parameters).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        row.get(0)
    }

    /// Rows as the superuser.
    pub async fn rows(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Vec<Row> {
        self.admin.query(sql, parameters).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Rows of a table.
    pub async fn count(&self, table: &str) -> i64 {
        self.one(&format!("SELECT count(*) FROM openslot.{table}"), &[]).await
    }

    /// Moves the clock of the database.
    pub async fn set_clock(&self, now: DateTime<Utc>) {
        self.admin.execute("UPDATE openslot.test_clock SET now = $1", &[&now]).await.expect("the clock is set");
    }

    /// A digest of everything that a mutation can change, but for when somebody was last seen: equal before and after what must change nothing.
    pub async fn state(&self) -> String {
        let tables = [
            "bookings",
            "booking_participants",
            "occupancies",
            "slots",
            "changes",
            "audit_events",
            "idempotency_keys",
            "holds",
            "organizations",
            "users",
            "members",
            "member_locations",
            "api_keys",
            "access_changes",
            "patients",
        ];
        let digests = tables.map(|table| {
            format!(
                "SELECT '{table}' AS name, count(*) AS rows, md5(string_agg(row, '' ORDER BY row)) AS digest
                 FROM (SELECT (to_jsonb(t) - 'last_seen_at' - 'last_used_at')::text AS row FROM openslot.{table} AS t) AS t"
            )
        });
        let sql = format!(
            "SELECT string_agg(format('%s %s %s', name, rows, digest), ' ' ORDER BY name) FROM ({}) AS all_of_it",
            digests.join(" UNION ALL ")
        );
        self.one(&sql, &[]).await
    }

    /// Drops it; what a failing test leaves goes with the cluster.
    pub async fn drop_now(self) {
        let Self { name, admin, servers } = self;
        drop(admin);
        let root = connect(&servers.admin_url("postgres")).await;
        root.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("the database is dropped");
    }
}
