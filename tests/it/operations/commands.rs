//! The binary: what it says, and how it ends.

use std::process::Output;

use super::program::{Serving, program};
use crate::support::TestDb;
use crate::support::database::API;

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    program(arguments, variables).output().expect("the program runs")
}

/// Exit code and the one line on standard error.
fn complaint(arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let output = run(arguments, variables);
    let text = String::from_utf8(output.stderr).expect("text");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(output.stdout.is_empty());
    (output.status.code().expect("a code"), text.trim_end().to_owned())
}

const PROXIES: &str = "HTTP_TRUSTED_PROXIES must be a list of addresses and blocks like 10.0.0.0/8";
const MODES: &str = "DATABASE_URL must have one sslmode: disable, prefer, require, verify-ca or verify-full";
const ROOTS: &str = "WORKER_DATABASE_URL must name a readable PEM of certificates as its only sslrootcert";
const INSECURE: &str = "REDIS_URL must have nothing after a #: servers are always verified";
const CERTIFICATE: &str =
    "HTTP_TLS_CERT_FILE must name a PEM of a certificate, followed by those between it and its root";

#[test]
fn wrong_configuration_is_2_with_one_line_that_names_the_variable() {
    for (command, variables, wanted) in [
        ("serve", &[("HTTP_ADDR", "8088")][..], "HTTP_ADDR must be an address with a port, like 127.0.0.1:8088"),
        ("serve", &[("DB_POOL_MAX", "0")], "DB_POOL_MAX must be a whole number from 1 to 1000"),
        ("serve", &[("DATABASE_URL_FILE", "/nonexistent")], "DATABASE_URL_FILE must name a readable file"),
        ("serve", &[("REDIS_URL", "localhost")], "REDIS_URL must start with redis:// or rediss:// or unix:"),
        ("worker", &[("REDIS_URL", "rediss://a:b@h/#insecure")], INSECURE),
        (
            "serve",
            &[("HTTP_ALLOWED_ORIGINS", "*")],
            "HTTP_ALLOWED_ORIGINS must be a list of origins like https://app.example, without paths and without *",
        ),
        ("serve", &[("HTTP_TRUSTED_PROXIES", "10.0.0.0/8,")], PROXIES),
        ("serve", &[("DATABASE_URL", "postgres://a:b@db/o?sslmode=allow")], MODES),
        ("worker", &[("WORKER_DATABASE_URL", "postgres://a:b@db/o?sslrootcert=/nonexistent")], ROOTS),
        ("serve", &[("HTTP_TLS_CERT_FILE", "/nonexistent")], "HTTP_TLS_CERT_FILE must name a readable file"),
        ("serve", &[("HTTP_TLS_CERT_FILE", "Cargo.toml")], "HTTP_TLS_KEY_FILE must be set where HTTP_TLS_CERT_FILE is"),
        ("serve", &[("HTTP_TLS_KEY_FILE", "Cargo.toml")], "HTTP_TLS_CERT_FILE must be set where HTTP_TLS_KEY_FILE is"),
        ("serve", &[("HTTP_TLS_CERT_FILE", "Cargo.toml"), ("HTTP_TLS_KEY_FILE", "Cargo.toml")], CERTIFICATE),
        ("serve", &[], "DATABASE_URL must be set"),
        ("worker", &[], "WORKER_DATABASE_URL must be set"),
        ("migrate", &[], "MIGRATION_DATABASE_URL must be set"),
        ("seed", &[], "DATABASE_URL must be set"),
    ] {
        let mut all = vec![("LOG_LEVEL", "error")];
        all.extend_from_slice(variables);
        assert_eq!(complaint(&[command], &all), (2, format!("openslot: {wanted}")), "{command}");
    }
}

#[test]
fn token_needs_a_key_and_a_role() {
    let quiet = [("LOG_LEVEL", "error")];
    let (code, line) = complaint(&["token", "--role", "STAFF"], &quiet);
    assert_eq!((code, line.as_str()), (2, "openslot: JWT_DEVELOPMENT_KEY_FILE must be set"));
    let output = run(&["token"], &quiet);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--role"));
}

#[test]
fn unknown_command_and_none_at_all_are_2() {
    for arguments in [&["dance"][..], &[], &["serve", "--fast"], &["seed", "--size", "huge"]] {
        assert_eq!(run(arguments, &[]).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn help_of_every_command_has_an_example() {
    let help = |arguments: &[&str]| {
        let output = run(arguments, &[]);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let all = help(&["--help"]);
    let (_, commands) = all.split_once("Commands:\n").expect("commands");
    let names = commands.lines().map_while(|line| line.strip_prefix("  ")?.split_whitespace().next());
    let names: Vec<&str> = names.filter(|name| *name != "help").collect();
    assert_eq!(names, ["serve", "worker", "migrate", "schema", "seed", "token", "health", "dev"]);
    for name in names {
        let text = help(&[name, "--help"]);
        assert!(text.contains("Example:\n") && text.contains(&format!("openslot {name}")), "{text}");
    }
    assert_eq!(help(&["--version"]), format!("openslot {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn schema_is_printed_and_compared() {
    let output = run(&["schema"], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stdout).expect("text"), openslot::app::schema::sdl());
    assert_eq!(run(&["schema", "--check"], &[]).status.code(), Some(0));
    assert_eq!(run(&["schema", "--federation", "--check"], &[]).status.code(), Some(0));
    assert_eq!(run(&["schema", "--federation", "--check", "--file", "schema.graphql"], &[]).status.code(), Some(1));
    let (code, line) = complaint(&["schema", "--check", "--file", "Cargo.toml"], &[("LOG_LEVEL", "error")]);
    assert_eq!((code, line.as_str()), (1, "openslot: Cargo.toml is not current: run `make schema`"));
    assert_eq!(complaint(&["schema", "--check", "--file", "nothing"], &[("LOG_LEVEL", "error")]).0, 1);
}

#[test]
fn health_of_nobody_is_1() {
    let (code, line) = complaint(&["health"], &[("HTTP_ADDR", "127.0.0.1:9"), ("LOG_LEVEL", "error")]);
    assert_eq!((code, line.as_str()), (1, "openslot: 127.0.0.1:9 is not ready"));
}

#[tokio::test]
async fn server_ends_with_0_on_sigterm_and_130_on_sigint() {
    let db = TestDb::new().await;
    for (signal, wanted) in [("-TERM", 0), ("-INT", 130)] {
        let url = db.url(API);
        let variables = [("DATABASE_URL", url.as_str()), ("HTTP_ADDR", "127.0.0.1:0"), ("LOG_LEVEL", "info")];
        let (code, log) = Serving::start(&variables).end(signal);
        assert_eq!(code, Some(wanted), "{signal}: {log}");
    }
    db.drop_now().await;
}

#[tokio::test]
async fn refusal_of_the_database_is_quoted_without_the_url() {
    let db = TestDb::new().await;
    let url = |login: &str, name: &str| db.tcp_url(login).replace(&db.name, name).replace('@', ":hunter2@");
    for (command, variable) in [("serve", "DATABASE_URL"), ("worker", "WORKER_DATABASE_URL"), ("seed", "DATABASE_URL")]
    {
        for (url, reason) in [
            (url(API, "nowhere"), "database \"nowhere\" does not exist"),
            (url("nobody_here", &db.name), "role \"nobody_here\" does not exist"),
        ] {
            let line = format!("openslot: the database refuses the login of {variable}: {reason}");
            assert_eq!(complaint(&[command], &[(variable, &url), ("LOG_LEVEL", "error")]), (1, line), "{command}");
        }
    }
    db.drop_now().await;
}

#[test]
fn log_in_a_file_has_no_colours() {
    let nowhere = ("DATABASE_URL", "postgres://app@127.0.0.1:9/openslot");
    let variables = [nowhere, ("LOG_FORMAT", "text"), ("LOG_LEVEL", "warn"), ("DB_POOL_WAIT_MS", "10")];
    let log = String::from_utf8(run(&["serve"], &variables).stderr).expect("text");
    assert!(log.contains("WARN") && !log.contains('\u{1b}'), "{log}");
}

#[tokio::test]
async fn server_refuses_a_login_that_could_see_everything() {
    let db = TestDb::new().await;
    let url = db.url(openslot::cli::local::SUPERUSER);
    let output = run(&["serve"], &[("DATABASE_URL", &url), ("LOG_LEVEL", "error"), ("HTTP_ADDR", "127.0.0.1:0")]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("DATABASE_URL must be a login without rights of a superuser"), "{text}");
    db.drop_now().await;
}
