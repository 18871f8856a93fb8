//! A program starts only with a login that row-level security binds, on a schema that is new enough.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use openslot::app::{self, AppError, Replica, Worker};
use openslot::cli::local::{Postgres, PostgresOptions, SUPERUSER};
use openslot::config::{Config, Environment};
use openslot::db::migrations;
use openslot::kernel::time::Clock;

use crate::support::TestDb;
use crate::support::app::config;
use crate::support::database::{API, JOBS, connect};
use crate::support::servers::servers;

use super::Blank;

async fn start(config: &Config) -> Result<Replica, AppError> {
    Replica::start(config, Clock::Fixed(Arc::new(AtomicI64::new(0))), None).await
}

async fn refusal(config: &Config) -> AppError {
    match start(config).await {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn login_with_too_many_rights_is_refused() {
    let db = TestDb::new().await;
    db.run("CREATE ROLE strong_owner LOGIN IN ROLE openslot_owner; CREATE ROLE strong_bypass LOGIN BYPASSRLS IN ROLE openslot_app").await;
    for login in [SUPERUSER, "strong_owner", "strong_bypass"] {
        let url = db.url(login);
        let error = refusal(&config(&db, &[("DATABASE_URL", &url)])).await;
        assert!(matches!(error, AppError::TooManyRights("DATABASE_URL")), "{login}: {error}");
        match Worker::start(&config(&db, &[("WORKER_DATABASE_URL", &url)]), None).await {
            Ok(_) => panic!("it started as {login}"),
            Err(error) => assert!(matches!(error, AppError::TooManyRights("WORKER_DATABASE_URL")), "{login}: {error}"),
        }
    }
    start(&config(&db, &[])).await.expect("its own login is good").stop().await;
    db.run("DROP ROLE strong_owner; DROP ROLE strong_bypass").await;
    db.drop_now().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database_that_lacks_migrations_is_refused() {
    let db = TestDb::new().await;
    db.run("DELETE FROM openslot.__diesel_schema_migrations WHERE version = (SELECT max(version) FROM openslot.__diesel_schema_migrations)").await;
    let error = refusal(&config(&db, &[])).await;
    assert!(matches!(error, AppError::Pending(1)), "{error}");
    db.drop_now().await;
}

#[tokio::test]
async fn database_that_was_never_migrated_is_refused_with_all_that_it_lacks() {
    let (blank, db) = (Blank::new().await, TestDb::new().await);
    let (api, jobs) = (servers().postgres.url(API, &blank.name), servers().postgres.url(JOBS, &blank.name));
    let error = refusal(&config(&db, &[("DATABASE_URL", &api), ("WORKER_DATABASE_URL", &jobs)])).await;
    let all = migrations::known().len();
    assert!(matches!(error, AppError::Pending(pending) if pending == all), "{error}");
    blank.drop_now().await;
    db.drop_now().await;
}

/// A cluster that has never heard of the program, and two databases in it. It takes two seconds to make one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_of_a_new_cluster_are_made_by_two_at_once() {
    let postgres = Postgres::start(PostgresOptions::throw_away()).await.expect("PostgreSQL starts");
    let admin = connect(&postgres.url(SUPERUSER, "postgres")).await;
    for sql in ["CREATE DATABASE one", "CREATE DATABASE other", "CREATE ROLE plain LOGIN"] {
        admin.batch_execute(sql).await.expect("it is made");
    }
    let db = TestDb::new().await;
    let by = |login: &str| postgres.url(login, "one");
    let strong = refusal(&config(&db, &[("DATABASE_URL", &by(SUPERUSER))])).await;
    assert!(matches!(strong, AppError::TooManyRights("DATABASE_URL")), "{strong}");
    let early = refusal(&config(&db, &[("DATABASE_URL", &by("plain"))])).await;
    assert!(matches!(early, AppError::Pending(_)), "{early}");
    let alone = [("MIGRATION_DATABASE_URL", by(SUPERUSER))];
    let alone = Config::from(&Environment::of(&alone.each_ref().map(|(name, url)| (*name, url.as_str()))));
    let without_roles = app::migrate(&alone.expect("a configuration"), false).await.expect_err("there are no roles");
    assert_eq!(
        without_roles.to_string(),
        "the cluster has no role openslot_owner: run `openslot migrate --roles` first, as a superuser"
    );
    let migrate = |name: &str| {
        let urls = [SUPERUSER, API, JOBS].map(|login| postgres.url(login, name));
        let names = ["MIGRATION_DATABASE_URL", "DATABASE_URL", "WORKER_DATABASE_URL"];
        let variables: Vec<_> = names.into_iter().zip(urls.iter().map(String::as_str)).collect();
        let config = Config::from(&Environment::of(&variables)).expect("a configuration");
        tokio::spawn(async move { app::migrate(&config, true).await })
    };
    let (one, other) = tokio::join!(migrate("one"), migrate("other"));
    for applied in [one, other] {
        assert_eq!(applied.expect("a task").expect("it migrates").len(), migrations::known().len());
    }
    start(&config(&db, &[("DATABASE_URL", &by(API))])).await.expect("the login was made").stop().await;
    postgres.stop().await.expect("it stops");
    db.drop_now().await;
}
