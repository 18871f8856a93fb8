//! Embedded migrations, the roles they need, and the partitions they leave to the running program.

use std::time::Duration;

use diesel::QueryResult;
use diesel::dsl::sql;
use diesel::sql_types::{Array, Bool, Integer, Text};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use postgres_protocol::password::scram_sha_256;

use super::connect::{connect, driver_config};
use super::error::DbError;
use super::pool::set_config;
use super::{Db, SystemConn};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
/// Advisory lock of whoever migrates: class 2 is the program's own, see `ensure_partitions`.
const MIGRATING: &str = "SELECT pg_advisory_lock(2, 1)";
/// How often, and after which pause, the roles are tried again when somebody else changes them too.
const ROLE_ATTEMPTS: usize = 10;
const ROLE_PAUSE: Duration = Duration::from_millis(50);

/// Why the schema could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// No connection with the given URL.
    #[error("cannot connect to the database: {0}")]
    Connect(#[from] diesel::ConnectionError),
    /// A statement failed.
    #[error("a statement failed: {0}")]
    Statement(#[from] diesel::result::Error),
    /// A migration failed; the ones before it stand.
    #[error("a migration failed: {0}")]
    Migration(String),
    /// Two URLs name the same user.
    #[error("{0} must name a user of its own")]
    SharedLogin(&'static str),
    /// Nobody made the roles of the cluster.
    #[error("the cluster has no role openslot_owner: run `openslot migrate --roles` first, as a superuser")]
    NoRoles,
    /// A URL names no user, or none that can be parsed.
    #[error("{0} must name a user")]
    Login(&'static str),
}

/// A login that is to become a member of a group role.
pub struct Login<'a> {
    /// The variable it came from, for errors.
    pub variable: &'static str,
    /// The URL with user and password.
    pub url: &'a str,
    /// The group: `openslot_app` or `openslot_worker`.
    pub group: &'static str,
}

/// Makes the group roles of the cluster, and the logins that join them. Running it again changes nothing but passwords
/// and settings. Needs a superuser, or a login that may create roles.
///
/// # Errors
/// See [`MigrateError`].
pub async fn create_roles(url: &str, logins: &[Login<'_>]) -> Result<(), MigrateError> {
    let mut named: Vec<NamedLogin> = vec![];
    for login in logins {
        let config = driver_config(login.url).map_err(|_| MigrateError::Login(login.variable))?;
        let user = config.get_user().ok_or(MigrateError::Login(login.variable))?;
        // One login in both groups would see every organization while it serves one.
        if named.iter().any(|other| other.user == user) {
            return Err(MigrateError::SharedLogin(login.variable));
        }
        // The password itself stays here: not even the server's log can have it.
        let verifier = config.get_password().map(scram_sha_256).unwrap_or_default();
        named.push(NamedLogin { user: user.to_owned(), verifier, group: login.group });
    }
    let mut conn = connect(url).await?;
    for _ in 1..ROLE_ATTEMPTS {
        match make_roles(&mut conn, &named).await {
            Err(error) if lost_a_race(&error) => tokio::time::sleep(ROLE_PAUSE).await,
            ended => return Ok(ended?),
        }
    }
    Ok(make_roles(&mut conn, &named).await?)
}

/// A login as its URL names it.
struct NamedLogin {
    user: String,
    /// What its password is checked with; empty without one.
    verifier: String,
    group: &'static str,
}

async fn make_roles(conn: &mut AsyncPgConnection, logins: &[NamedLogin]) -> QueryResult<()> {
    conn.batch_execute(include_str!("roles.sql")).await?;
    for login in logins {
        let all = [
            ("openslot.login", login.user.as_str()),
            ("openslot.login_group", login.group),
            ("openslot.login_verifier", &login.verifier),
        ];
        set_config(conn, &all).await?;
        conn.batch_execute(include_str!("login.sql")).await?;
    }
    Ok(())
}

/// Whether somebody else changed the same role at the same moment. Roles belong to the cluster, so no lock of a database
/// keeps two apart.
fn lost_a_race(error: &diesel::result::Error) -> bool {
    let diesel::result::Error::DatabaseError(_, info) = error else { return false };
    let message = info.message();
    let is_catalogue = info.table_name().is_some_and(|table| table.starts_with("pg_"));
    is_catalogue || message == "tuple concurrently updated" || message.ends_with("already exists")
}

/// Makes a database if there is none of this name.
///
/// # Errors
/// See [`MigrateError`].
pub async fn create_database(url: &str, name: &str) -> Result<(), MigrateError> {
    let mut conn = connect(url).await?;
    let exists = sql::<Bool>("EXISTS (SELECT FROM pg_database WHERE datname = ").bind::<Text, _>(name).sql(")");
    let is_there: bool = diesel::select(exists).get_result(&mut conn).await?;
    if !is_there {
        // A statement that takes no parameters: the server quotes the name.
        let create = sql::<Text>("format('CREATE DATABASE %I', ").bind::<Text, _>(name).sql(")");
        let quoted_by_server: String = diesel::select(create).get_result(&mut conn).await?;
        conn.batch_execute(&quoted_by_server).await?;
    }
    Ok(())
}

/// Applies what is pending, one migration at a time, and makes the partitions; answers the names of what was applied.
/// Somebody else who migrates at the same moment is waited for.
///
/// # Errors
/// See [`MigrateError`].
pub async fn run(url: &str) -> Result<Vec<String>, MigrateError> {
    let conn = owner_connection(url).await?;
    let mut harness = AsyncMigrationHarness::new(conn);
    let applied = harness
        .run_pending_migrations(MIGRATIONS)
        .map_err(|error| MigrateError::Migration(error.to_string()))?
        .iter()
        .map(ToString::to_string)
        .collect();
    let mut conn = harness.into_inner();
    conn.batch_execute(AFTER).await?;
    Ok(applied)
}

/// Tells the planner how much there is, after much was added at once: plans made for empty tables read them whole.
///
/// # Errors
/// See [`MigrateError`].
pub async fn analyze(url: &str) -> Result<(), MigrateError> {
    let mut conn = connect(url).await?;
    conn.batch_execute("SET ROLE openslot_owner; SET client_min_messages = error; ANALYZE").await?;
    Ok(())
}

/// Takes the newest migration back; answers its name. For development and tests.
///
/// # Errors
/// See [`MigrateError`].
pub async fn revert_last(url: &str) -> Result<String, MigrateError> {
    let mut harness = AsyncMigrationHarness::new(owner_connection(url).await?);
    let reverted =
        harness.revert_last_migration(MIGRATIONS).map_err(|error| MigrateError::Migration(error.to_string()))?;
    Ok(reverted.to_string())
}

/// A connection that acts as the owner, in a database that has the schema.
async fn owner_connection(url: &str) -> Result<AsyncPgConnection, MigrateError> {
    let mut conn = connect(url).await?;
    conn.batch_execute(MIGRATING).await?;
    let has_roles = sql::<Bool>("to_regrole('openslot_owner') IS NOT NULL");
    if !diesel::select(has_roles).get_result(&mut conn).await? {
        return Err(MigrateError::NoRoles);
    }
    conn.batch_execute(
        "DO $do$ BEGIN
           EXECUTE format('GRANT CREATE ON DATABASE %I TO openslot_owner', current_database());
           IF to_regnamespace('openslot') IS NULL THEN CREATE SCHEMA openslot AUTHORIZATION openslot_owner; END IF;
         END $do$;
         SET ROLE openslot_owner; SET search_path = openslot, public;",
    )
    .await?;
    Ok(conn)
}

/// Names of all migrations, oldest first.
#[must_use]
pub fn known() -> Vec<String> {
    use diesel::migration::MigrationSource;
    let all: Vec<Box<dyn diesel::migration::Migration<diesel::pg::Pg>>> = MIGRATIONS.migrations().unwrap_or_default();
    let mut versions: Vec<String> = all.iter().map(|m| m.name().version().to_string()).collect();
    versions.sort();
    versions
}

/// How many migrations the database lacks.
///
/// # Errors
/// `Unavailable` when it cannot be asked.
pub async fn pending(db: &Db) -> Result<usize, DbError> {
    let known = known();
    let applied = db
        .system::<Vec<String>, DbError, _>("pending migrations", async |conn| {
            // A database that was never migrated has no such table.
            let exists = sql::<Bool>("to_regclass('openslot.__diesel_schema_migrations') IS NOT NULL");
            if !diesel::select(exists).get_result::<bool>(conn).await? {
                return Ok(vec![]);
            }
            let table = sql::<Text>("version FROM openslot.__diesel_schema_migrations");
            Ok(diesel::select(table).load(conn).await?)
        })
        .await?;
    Ok(known.iter().filter(|version| !applied.contains(version)).count())
}

/// Group roles whose members see more than one organization at a time.
const WIDE_ROLES: [&str; 3] = ["openslot_owner", "openslot_resolver", "openslot_worker"];

/// Whether the login has rights that make row-level security worthless: superuser, BYPASSRLS, or a member of a group
/// that sees every organization; `but` is the one such group that it may be in.
///
/// # Errors
/// `Unavailable` when it cannot be asked.
pub async fn has_too_many_rights(db: &Db, but: Option<&str>) -> Result<bool, DbError> {
    let groups: Vec<&str> = WIDE_ROLES.into_iter().filter(|role| but != Some(*role)).collect();
    // Where nobody made the roles yet, there is none to be a member of.
    let has = sql::<Bool>(
        "rolsuper OR rolbypassrls OR EXISTS (
           SELECT FROM pg_roles AS o WHERE pg_has_role(current_user, o.oid, 'MEMBER') AND o.rolname = ANY (",
    )
    .bind::<Array<Text>, _>(groups)
    .sql(")) FROM pg_roles WHERE rolname = current_user");
    db.system::<_, DbError, _>("rights of the login", async |conn| Ok(diesel::select(has).get_result(conn).await?))
        .await
}

/// Makes the partitions that will be needed; answers how many were made. Safe to run at any time by anybody.
///
/// # Errors
/// Those of the connection.
pub async fn ensure_partitions(conn: &mut SystemConn) -> Result<i32, DbError> {
    let made = sql::<Integer>("openslot.ensure_partitions()");
    Ok(diesel::select(made).get_result(conn).await?)
}

/// What follows every run: readiness asks for the applied migrations, and rows need partitions.
const AFTER: &str = "GRANT SELECT ON openslot.__diesel_schema_migrations TO openslot_app, openslot_worker;
  SELECT openslot.ensure_partitions();";

/// How often partitions are looked after.
pub const PARTITIONS_EVERY: Duration = Duration::from_secs(3600);
