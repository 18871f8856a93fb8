//! Where the servers' programs are, which account they run as, and which port is free.

use std::collections::hash_map::RandomState;
use std::env;
use std::hash::{BuildHasher, Hasher};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::LocalError;

/// The versions of PostgreSQL that openslot works with.
const MAJORS: std::ops::RangeInclusive<u32> = 15..=18;

/// An installed PostgreSQL.
pub(super) struct PostgresPrograms {
    /// The folder of `postgres` and `initdb`.
    folder: PathBuf,
    /// The major version.
    pub(super) major: u32,
}

impl PostgresPrograms {
    /// The path of one of its programs.
    pub(super) fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }

    /// Finds an installed PostgreSQL: in `PATH`, where `pg_config` says, then the newest in the places where
    /// distributions keep it. With `wanted`, only one of that major version.
    pub(super) fn find(wanted: Option<u32>) -> Option<Self> {
        folders()
            .into_iter()
            .filter(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
            .filter_map(|folder| Some(Self { major: major_of(&folder.join("postgres"))?, folder }))
            .find(|found| MAJORS.contains(&found.major) && wanted.is_none_or(|major| major == found.major))
    }
}

/// The folders that may hold PostgreSQL, best first.
fn folders() -> Vec<PathBuf> {
    let mut folders = path_folders();
    folders.extend(first_line(Command::new("pg_config").arg("--bindir")).map(PathBuf::from));
    for major in MAJORS.rev() {
        folders.push(format!("/usr/lib/postgresql/{major}/bin").into());
        folders.push(format!("/usr/pgsql-{major}/bin").into());
        folders.push(format!("/opt/homebrew/opt/postgresql@{major}/bin").into());
    }
    folders
}

fn path_folders() -> Vec<PathBuf> {
    env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

/// `postgres (PostgreSQL) 15.13 (Debian 15.13-1)` is 15.
fn major_of(postgres: &Path) -> Option<u32> {
    let version = first_line(Command::new(postgres).arg("--version"))?;
    version.split_whitespace().nth(2)?.split('.').next()?.parse().ok()
}

/// What a program prints first, if it succeeds.
fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next()?.trim().to_owned())
}

/// The Redis or Valkey server that is installed.
pub(super) fn find_redis() -> Option<PathBuf> {
    let mut folders = path_folders();
    folders.extend(["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from));
    ["redis-server", "valkey-server"]
        .iter()
        .find_map(|program| folders.iter().map(|folder| folder.join(program)).find(|path| path.is_file()))
}

/// The account a server runs as when the program itself is run by root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// `postgres`, else `nobody`; `None` when the program is not run by root and needs no other account.
    pub(super) fn for_servers() -> Result<Option<Self>, LocalError> {
        if number(Command::new("id").arg("-u")) != Some(0) {
            return Ok(None);
        }
        ["postgres", "nobody"].iter().find_map(|name| Self::named(name)).map(Some).ok_or(LocalError::NoUser)
    }

    fn named(name: &str) -> Option<Self> {
        let uid = number(Command::new("id").args(["-u", name]))?;
        let gid = number(Command::new("id").args(["-g", name]))?;
        Some(Self { uid, gid })
    }
}

fn number(command: &mut Command) -> Option<u32> {
    first_line(command)?.parse().ok()
}

/// A port nobody listens on. It lies below the range from which systems take the ports of outgoing connections, so
/// that none of those can take it before the server does.
pub(super) fn free_port() -> Result<u16, LocalError> {
    let seed = RandomState::new().build_hasher().finish();
    (0..200_u64)
        .filter_map(|step| u16::try_from(20_000 + seed.wrapping_add(step * 61) % 12_000).ok())
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .ok_or(LocalError::NoPort)
}
