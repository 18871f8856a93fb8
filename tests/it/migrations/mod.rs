//! The schema as the migrations make it: up, down, twice, and what the catalogue says afterwards.

mod catalog;
mod logins;
mod program;
mod rows;
mod up_down;
mod words;

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use openslot::cli::local::SUPERUSER;
use openslot::config::{Config, Environment};

use crate::support::database::{API, JOBS, connect};
use crate::support::servers::servers;

/// A database in which nothing was made yet.
struct Blank {
    name: String,
}

impl Blank {
    async fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("blank_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let root = connect(&servers().admin_url("postgres")).await;
        root.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database");
        Self { name }
    }

    fn url(&self) -> String {
        servers().admin_url(&self.name)
    }

    async fn admin(&self) -> tokio_postgres::Client {
        connect(&self.url()).await
    }

    /// What `migrate` is told.
    fn config(&self) -> Config {
        let (api, jobs) = (servers().postgres.url(API, &self.name), servers().postgres.url(JOBS, &self.name));
        let variables = [("MIGRATION_DATABASE_URL", self.url()), ("DATABASE_URL", api), ("WORKER_DATABASE_URL", jobs)];
        let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
        Config::from(&Environment::of(&variables)).expect("a configuration")
    }

    /// Every definition in it, as text that is equal for equal schemas.
    async fn dump(&self) -> String {
        let folder: String = {
            let admin = self.admin().await;
            let row = admin.query_one("SELECT setting FROM pg_config WHERE name = 'BINDIR'", &[]).await;
            row.expect("the folder of the server's programs").get(0)
        };
        let mut command = Command::new(format!("{folder}/pg_dump"));
        command.args(["--schema-only", "--username", SUPERUSER, "--dbname", &self.url()]);
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread");
        let output = output.expect("pg_dump runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        // Later releases guard the dump with a random word.
        let is_random = |line: &&str| line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ");
        text.lines().filter(|line| !is_random(line)).collect::<Vec<_>>().join("\n")
    }

    async fn drop_now(self) {
        let root = connect(&servers().admin_url("postgres")).await;
        root.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name))
            .await
            .expect("the database is dropped");
    }
}
