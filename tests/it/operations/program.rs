//! The binary as a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use serde_json::Value;

use crate::support::app::{ISSUER, key_file};

/// The program with nothing in its environment but this.
pub fn program(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openslot"));
    command.args(arguments).env_clear().envs(variables.iter().copied()).stdin(Stdio::null());
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// What `openslot serve` needs to believe the tokens of the tests; with the database's address, and more.
pub fn serving<'a>(url: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![
        ("DATABASE_URL", url),
        ("HTTP_ADDR", "127.0.0.1:0"),
        ("OPENSLOT_PROFILE", "development"),
        ("JWT_ISSUER", ISSUER),
        ("JWT_DEVELOPMENT_KEY_FILE", key_file()),
    ];
    all.extend_from_slice(more);
    all
}

/// A running `openslot serve`.
pub struct Serving {
    pub addr: SocketAddr,
    server: Child,
    log: Option<JoinHandle<String>>,
}

/// A test that fails leaves nothing running.
impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Serving {
    /// Starts it, and returns once it serves.
    pub fn start(variables: &[(&str, &str)]) -> Self {
        let mut command = program(&["serve"], variables);
        let mut server = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(server.stderr.take().expect("a pipe"));
        let mut log = String::new();
        let addr = loop {
            let mut line = String::new();
            assert_ne!(lines.read_line(&mut line).expect("a line"), 0, "it ended: {log}");
            log.push_str(&line);
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("it did not start: {log}"));
            if event["message"] == "serving" {
                break event["http.addr"].as_str().expect("an address").parse().expect("an address");
            }
        };
        // Somebody has to read on: the server waits when the pipe is full.
        let log = Some(std::thread::spawn(move || {
            lines.read_to_string(&mut log).expect("text");
            log
        }));
        Self { addr, server, log }
    }

    /// Most memory that it has had at a time, in KiB.
    pub fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Sends a signal such as `-TERM`; the exit code, and everything that was logged.
    pub fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let pid = self.server.id().to_string();
        // A minimal system has no program of this name, but every shell has.
        let kill = ["-c", "kill \"$@\"", "sh", signal, &pid];
        assert!(Command::new("sh").args(kill).status().expect("sh runs").success());
        let code = self.server.wait().expect("it ends").code();
        let log = self.log.take().expect("a log");
        (code, log.join().expect("the log"))
    }
}
