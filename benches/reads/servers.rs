//! What is measured, as processes of their own that end with this one.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::floor;

use super::world::World;

/// A running program.
pub struct Server {
    pub addr: SocketAddr,
    child: Child,
}

impl Server {
    /// The gateway as it is served, with log and pool as they are by default.
    pub fn gateway(world: &World) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_openslot"));
        command.arg("serve").env_clear().envs([
            ("DATABASE_URL", world.api.as_str()),
            ("HTTP_ADDR", "127.0.0.1:0"),
            ("RATE_LIMIT_MAX_REQUESTS", "0"),
        ]);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the gateway starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let addr = lines.by_ref().find_map(|line| {
            let event: Value = serde_json::from_str(&line.expect("a line")).unwrap_or_default();
            let is_it = event["message"] == "serving";
            is_it.then(|| event["http.addr"].as_str().expect("an address").parse().expect("an address"))
        });
        // Somebody has to read on: the server waits when the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        Self { addr: addr.expect("the gateway serves"), child }
    }

    /// The floor.
    pub fn floor(world: &World) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        let organization = world.organization.to_string();
        command.arg(floor::ARGUMENT).envs([(floor::URL, &world.superuser), (floor::ORGANIZATION, &organization)]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the floor starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        Self { addr: line.trim().parse().expect("an address"), child }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
