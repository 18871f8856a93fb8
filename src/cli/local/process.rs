//! A server process that ends with this program, however this program ends.
//!
//! Rust cannot tie a child's life to its parent's without `unsafe`, so a shell stands between: it holds the read end
//! of a pipe whose write end only this program holds. When the pipe closes, the shell stops the server.

use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::{BuildHasher, Hasher};
use std::io::Read;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use tokio::time::{sleep, timeout};

use super::LocalError;
use super::programs::Account;

/// How long to wait between two looks at a process.
pub(super) const POLL: Duration = Duration::from_millis(20);

const GUARD: &str = include_str!("guard.sh");
const STOP_SECONDS: u64 = 30;

/// What to run, and how to end it.
pub(super) struct ServerCommand {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    /// The signal on which it stops, without `SIG`.
    pub(super) signal: &'static str,
    pub(super) account: Option<Account>,
    /// Receives everything it writes; emptied at the start.
    pub(super) log: PathBuf,
    /// A directory to remove once it has stopped.
    pub(super) throwaway: Option<PathBuf>,
}

/// A running server. Dropping it stops the server without waiting for its end.
pub(super) struct Server {
    name: String,
    /// Stays readable when the file is removed.
    log: File,
    guard: Child,
    pipe: Option<ChildStdin>,
}

impl Server {
    /// Starts a server under its guard. It may not be ready yet.
    pub(super) fn start(command: ServerCommand) -> Result<Self, LocalError> {
        let name = command.program.display().to_string();
        let written = File::create(&command.log).map_err(LocalError::directory(&command.log))?;
        let also_written = written.try_clone().map_err(LocalError::directory(&command.log))?;
        let log = File::open(&command.log).map_err(LocalError::directory(&command.log))?;
        let mut shell = Command::new("sh");
        shell.args(["-c", GUARD, "openslot-guard", command.signal]);
        shell.arg(command.throwaway.unwrap_or_default());
        shell.arg(&command.program).args(&command.arguments);
        // A group of its own: Ctrl-C at the terminal reaches this program only, which then stops things in order.
        shell.current_dir("/").process_group(0).stdin(Stdio::piped()).stdout(written).stderr(also_written);
        clean_environment(&mut shell);
        if let Some(account) = command.account {
            shell.uid(account.uid).gid(account.gid);
        }
        let mut guard = shell.spawn().map_err(LocalError::spawn("sh"))?;
        let pipe = guard.stdin.take();
        Ok(Self { name, log, guard, pipe })
    }

    /// Waits until `answers` says that the server does. Fails when the server ends or the time is up.
    pub(super) async fn until_ready<F>(&mut self, seconds: u64, answers: impl Fn() -> F) -> Result<(), LocalError>
    where
        F: Future<Output = bool>,
    {
        let ready = async {
            while !answers().await {
                if self.has_ended() {
                    return Err(LocalError::Failed { program: self.name.clone(), output: self.last_lines() });
                }
                sleep(POLL).await;
            }
            Ok(())
        };
        match timeout(Duration::from_secs(seconds), ready).await {
            Ok(outcome) => outcome,
            Err(_) => Err(LocalError::NoAnswer { program: self.name.clone(), seconds, output: self.last_lines() }),
        }
    }

    /// Stops the server and waits until it has ended.
    pub(super) async fn stop(mut self) -> Result<(), LocalError> {
        self.pipe = None;
        let ended = async {
            while !self.has_ended() {
                sleep(POLL).await;
            }
        };
        timeout(Duration::from_secs(STOP_SECONDS), ended)
            .await
            .map_err(|_| LocalError::NotStopped { program: self.name.clone(), seconds: STOP_SECONDS })
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.guard.try_wait(), Ok(None))
    }

    fn last_lines(&mut self) -> String {
        let mut text = String::new();
        // Without its log the error still names the program.
        let _ = self.log.read_to_string(&mut text);
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(10)..).unwrap_or_default().join("\n")
    }
}

/// Takes away what would change the servers' behaviour or the language of their messages.
pub(super) fn clean_environment(command: &mut Command) {
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C");
}

/// Makes a directory that only `account` (or the user who runs this program) may enter.
pub(super) fn private_directory(path: &Path, account: Option<Account>) -> Result<(), LocalError> {
    fs::create_dir_all(path).map_err(LocalError::directory(path))?;
    let only_owner = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(path, only_owner).map_err(LocalError::directory(path))?;
    let Some(account) = account else { return Ok(()) };
    chown(path, Some(account.uid), Some(account.gid)).map_err(LocalError::directory(path))?;
    let mut test = Command::new("test");
    test.arg("-w").arg(path).current_dir("/").uid(account.uid).gid(account.gid);
    match test.status().map_err(LocalError::spawn("test"))?.success() {
        true => Ok(()),
        false => Err(LocalError::NotReachable { path: path.to_owned(), uid: account.uid }),
    }
}

/// A new private directory with a short path, which the sockets of PostgreSQL need.
pub(super) fn temporary_directory(account: Option<Account>) -> Result<PathBuf, LocalError> {
    // Not to be guessed, and an error when it exists: temporary directories are shared with other users.
    let path = env::temp_dir().join(format!("openslot-{:x}", RandomState::new().build_hasher().finish()));
    fs::create_dir(&path).map_err(LocalError::directory(&path))?;
    private_directory(&path, account)?;
    Ok(path)
}
