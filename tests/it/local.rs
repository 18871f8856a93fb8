//! The private servers of `openslot dev` and of these tests: they answer, they stop, and they never outlive us.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use openslot::cli::local::{Postgres, PostgresOptions, Redis, SUPERUSER};
use tokio::net::TcpStream;
use tokio_postgres::NoTls;

const HOLDER: &str = "OPENSLOT_TEST_HOLDS_SERVERS";

#[tokio::test]
async fn throw_away_postgres_has_its_settings_and_leaves_nothing() {
    let mut options = PostgresOptions::throw_away();
    options.settings.push(("work_mem".to_owned(), "5MB".to_owned()));
    let postgres = Postgres::start(options).await.unwrap();
    let url = postgres.url(SUPERUSER, "postgres");
    assert_eq!(show(&url, "work_mem").await, "5MB");
    assert_eq!(show(&url, "fsync").await, "off");
    assert_eq!(show(&url, "server_encoding").await, "UTF8");
    let directory = show(&url, "data_directory").await;
    postgres.stop().await.unwrap();
    assert!(!Path::new(&directory).exists());
    assert!(tokio_postgres::connect(&url, NoTls).await.is_err());
}

#[tokio::test]
async fn refused_start_says_what_the_server_said() {
    let mut options = PostgresOptions::throw_away();
    options.settings.push(("no_such_setting".to_owned(), "1".to_owned()));
    let error = Postgres::start(options).await.err().unwrap().to_string();
    assert!(error.contains("unrecognized configuration parameter \"no_such_setting\""), "{error}");
}

#[tokio::test]
async fn superuser_is_refused_over_tcp_and_other_roles_are_not() {
    let postgres = Postgres::start(PostgresOptions::throw_away()).await.unwrap();
    let superuser = connect(&postgres.url(SUPERUSER, "postgres")).await;
    superuser.batch_execute("CREATE ROLE \"a role\" LOGIN").await.unwrap();
    let tcp = postgres.tcp_url("a role", "postgres").unwrap();
    assert_eq!(show(&tcp, "session_authorization").await, "a role");
    assert!(tokio_postgres::connect(&postgres.tcp_url(SUPERUSER, "postgres").unwrap(), NoTls).await.is_err());
}

#[tokio::test]
async fn kept_postgres_starts_again_with_its_data_also_at_once_and_in_a_deep_directory() {
    let root = env::temp_dir().join(format!("openslot-kept-{}", std::process::id()));
    let data_dir = root.join("a-folder-with-quite-a-long-name/".repeat(4));
    let options = PostgresOptions::kept(&data_dir);
    let postgres = Postgres::start(options.clone()).await.unwrap();
    let superuser = connect(&postgres.url(SUPERUSER, "postgres")).await;
    superuser.batch_execute("CREATE DATABASE stays").await.unwrap();
    assert_eq!(postgres.tcp_url(SUPERUSER, "postgres"), None);
    drop(postgres); // Not waited for: the next start meets a server that still stops.
    let postgres = Postgres::start(options).await.unwrap();
    let url = postgres.url(SUPERUSER, "stays");
    assert_eq!(show(&url, "fsync").await, "on");
    postgres.stop().await.unwrap();
    fs::remove_dir_all(root).unwrap();
}

#[tokio::test]
async fn redis_comes_back_on_its_port() {
    let mut redis = Redis::start().await.unwrap();
    let url = redis.url();
    assert!(is_open(&url).await);
    redis.stop().await.unwrap();
    assert!(!is_open(&url).await);
    redis.restart().await.unwrap();
    assert_eq!(redis.url(), url);
    assert!(is_open(&url).await);
}

#[tokio::test]
async fn servers_end_when_the_program_is_killed() {
    if env::var_os(HOLDER).is_some() {
        return hold_servers().await;
    }
    // This test again, as the program that gets killed.
    let test = ["local::servers_end_when_the_program_is_killed", "--exact", "--nocapture"];
    let mut program = Command::new(env::current_exe().unwrap());
    let mut program = program.args(test).env(HOLDER, "1").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut told = |what: &str| lines.find_map(|line| Some(line.split_once(what)?.1.to_owned())).unwrap();
    let (directory, postgres, redis) = (told("directory="), told("postgres="), told("redis="));
    assert!(is_open(&redis).await);
    assert_eq!(show(&postgres, "fsync").await, "off");
    program.kill().unwrap(); // SIGKILL
    program.wait().unwrap();
    let gone = async {
        while Path::new(&directory).exists() || is_open(&redis).await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
    assert!(tokio_postgres::connect(&postgres, NoTls).await.is_err());
}

/// What the killed program does: says where its servers are, and stays.
async fn hold_servers() {
    let postgres = Postgres::start(PostgresOptions::throw_away()).await.unwrap();
    let redis = Redis::start().await.unwrap();
    let url = postgres.url(SUPERUSER, "postgres");
    println!("\ndirectory={}\npostgres={url}\nredis={}", show(&url, "data_directory").await, redis.url());
    std::future::pending::<()>().await;
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn show(url: &str, setting: &str) -> String {
    connect(url).await.query_one(&format!("SHOW {setting}"), &[]).await.unwrap().get(0)
}

async fn is_open(url: &str) -> bool {
    let address = url.trim_start_matches("redis://").trim_end_matches('/');
    TcpStream::connect(address).await.is_ok()
}
