//! A private PostgreSQL cluster: made when its directory is empty, reached through a socket in a private directory.
//!
//! Whoever may enter the directory is trusted, nobody else reaches the server; over TCP, which is off unless asked
//! for, everybody on this machine is trusted as any role except the superuser.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tokio_postgres::NoTls;

use super::LocalError;
use super::process::{Server, ServerCommand, clean_environment, private_directory, temporary_directory};
use super::programs::{Account, PostgresPrograms, free_port};

/// The superuser of a private cluster.
pub const SUPERUSER: &str = "postgres";

/// How long a start may take; recovery after a crash is part of it.
const READY_SECONDS: u64 = 60;
/// What systems allow for the path of a socket is 104 to 108 bytes; its name takes 16 of them.
const LONGEST_SOCKET_FOLDER: usize = 84;
const ATTEMPTS: u32 = 5;

/// How to run a private PostgreSQL.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Where the cluster lives; it is made when nothing is there. `None`: in a new temporary directory, removed when
    /// the server has stopped.
    pub data_dir: Option<PathBuf>,
    /// Whether an acknowledged commit survives a crash of the machine. Tests go without, for speed.
    pub durable: bool,
    /// Whether to listen on a free port of 127.0.0.1 as well. The superuser is refused there.
    pub tcp: bool,
    /// The most connections at a time.
    pub max_connections: u16,
    /// Further settings, as in `postgresql.conf`.
    pub settings: Vec<(String, String)>,
}

impl PostgresOptions {
    /// A durable cluster that stays in its directory; reached by socket only.
    pub fn kept(data_dir: impl Into<PathBuf>) -> Self {
        let data_dir = Some(data_dir.into());
        Self { data_dir, durable: true, tcp: false, max_connections: 100, settings: Vec::new() }
    }

    /// A fast cluster for tests, gone without a trace once it has stopped; listens on TCP too.
    pub fn throw_away() -> Self {
        Self { data_dir: None, durable: false, tcp: true, max_connections: 300, settings: Vec::new() }
    }
}

/// A running private PostgreSQL. Dropping it stops the server without waiting for its end.
pub struct Postgres {
    server: Server,
    address: Address,
}

impl Postgres {
    /// Makes the cluster if there is none, starts it, and returns once it answers.
    ///
    /// When this program is run by root, the server runs as `postgres` or `nobody`, who then own the directory.
    /// A server that is still stopping in that directory is waited for, up to a few seconds.
    pub async fn start(options: PostgresOptions) -> Result<Self, LocalError> {
        let mut attempt = 1;
        loop {
            // Between finding a port free and taking it, another program may be faster.
            match Self::try_start(&options).await {
                Err(LocalError::Failed { output, .. }) if attempt < ATTEMPTS && passes_by_itself(&output) => {
                    attempt += 1;
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// The address for `role` and `database`, by socket.
    pub fn url(&self, role: &str, database: &str) -> String {
        self.address.url(role, database)
    }

    /// The address for `role` and `database` over TCP; `None` when it listens on the socket only.
    pub fn tcp_url(&self, role: &str, database: &str) -> Option<String> {
        self.address
            .tcp
            .then(|| format!("postgresql://{}@127.0.0.1:{}/{}", escape(role), self.address.port, escape(database)))
    }

    /// Ends all connections, stops the server and waits for its end.
    pub async fn stop(self) -> Result<(), LocalError> {
        self.server.stop().await
    }

    async fn try_start(options: &PostgresOptions) -> Result<Self, LocalError> {
        let folder = Folder::prepare(options.data_dir.as_deref())?;
        let started = Self::start_in(&folder, options).await;
        if started.is_err() && folder.throwaway {
            // The guard may be faster.
            let _ = fs::remove_dir_all(&folder.root);
        }
        started
    }

    async fn start_in(folder: &Folder, options: &PostgresOptions) -> Result<Self, LocalError> {
        let programs = folder.programs()?;
        make_cluster(folder, &programs, options.durable).await?;
        write_access_rules(folder, options.tcp)?;
        let address = Address { sockets: folder.sockets()?, port: free_port()?, tcp: options.tcp };
        let mut server = Server::start(ServerCommand {
            program: programs.path("postgres"),
            arguments: arguments(folder, &address, options),
            // A fast shutdown writes a checkpoint; what is thrown away needs none.
            signal: if folder.throwaway { "QUIT" } else { "INT" },
            account: folder.account,
            log: folder.root.join("postgres.log"),
            throwaway: match folder.throwaway {
                true => Some(folder.root.clone()),
                false => (address.sockets != folder.root).then(|| address.sockets.clone()),
            },
        })?;
        server.until_ready(READY_SECONDS, || address.answers()).await?;
        Ok(Self { server, address })
    }
}

/// Where a server listens.
struct Address {
    sockets: PathBuf,
    port: u16,
    tcp: bool,
}

impl Address {
    fn url(&self, role: &str, database: &str) -> String {
        let folder = escape(&self.sockets.to_string_lossy());
        format!("postgresql://{}@{folder}:{}/{}", escape(role), self.port, escape(database))
    }

    async fn answers(&self) -> bool {
        tokio_postgres::connect(&self.url(SUPERUSER, "postgres"), NoTls).await.is_ok()
    }
}

/// The directory of a cluster.
struct Folder {
    root: PathBuf,
    throwaway: bool,
    account: Option<Account>,
}

impl Folder {
    fn prepare(root: Option<&Path>) -> Result<Self, LocalError> {
        let account = Account::for_servers()?;
        let Some(root) = root else {
            return Ok(Self { root: temporary_directory(account)?, throwaway: true, account });
        };
        let root = std::path::absolute(root).map_err(LocalError::directory(root))?;
        // Whoever made the cluster goes on to own it, also when a user `postgres` was added since.
        let owner = fs::metadata(root.join("data")).ok().map(|data| Account { uid: data.uid(), gid: data.gid() });
        let account = account.map(|account| owner.filter(|owner| owner.uid != 0).unwrap_or(account));
        private_directory(&root, account)?;
        Ok(Self { root, throwaway: false, account })
    }

    fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// Where the socket goes: into the directory, or where its path would be too long, into a temporary one.
    fn sockets(&self) -> Result<PathBuf, LocalError> {
        match self.root.as_os_str().len() <= LONGEST_SOCKET_FOLDER {
            true => Ok(self.root.clone()),
            false => temporary_directory(self.account),
        }
    }

    /// The programs that can serve what the directory holds.
    fn programs(&self) -> Result<PostgresPrograms, LocalError> {
        let version = fs::read_to_string(self.data().join("PG_VERSION")).ok();
        let wanted = version.and_then(|version| version.trim().parse().ok());
        PostgresPrograms::find(wanted).ok_or_else(|| match wanted {
            Some(major) if PostgresPrograms::find(None).is_some() => {
                LocalError::OtherVersion { directory: self.data(), major }
            }
            _ => LocalError::NoPostgres,
        })
    }
}

/// Makes the cluster under another name first: a directory named `data` is always a whole one.
async fn make_cluster(folder: &Folder, programs: &PostgresPrograms, durable: bool) -> Result<(), LocalError> {
    if folder.data().exists() {
        return Ok(());
    }
    let unfinished = folder.root.join("data.new");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(LocalError::directory(&unfinished))?;
    }
    private_directory(&unfinished, folder.account)?;
    let program = programs.path("initdb");
    let mut command = Command::new(&program);
    command.arg("--pgdata").arg(&unfinished).args(["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8"]);
    command.arg(if cfg!(target_os = "linux") { "--locale=C.UTF-8" } else { "--locale=C" });
    command.args((!durable).then_some("--no-sync")).current_dir("/");
    clean_environment(&mut command);
    let mut command = tokio::process::Command::from(command);
    if let Some(account) = folder.account {
        command.uid(account.uid).gid(account.gid);
    }
    let program = program.display().to_string();
    let output = command.kill_on_drop(true).output().await.map_err(LocalError::spawn(&program))?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(LocalError::Failed { program, output });
    }
    fs::rename(&unfinished, folder.data()).map_err(LocalError::directory(folder.data()))
}

/// Writes who may connect from where; see the head of this file.
fn write_access_rules(folder: &Folder, tcp: bool) -> Result<(), LocalError> {
    let mut rules = "local all all trust\n".to_owned();
    if tcp {
        rules.push_str("host all postgres 127.0.0.1/32 reject\nhost all all 127.0.0.1/32 trust\n");
    }
    let path = folder.data().join("pg_hba.conf");
    fs::write(&path, rules).map_err(LocalError::directory(&path))
}

fn arguments(folder: &Folder, address: &Address, options: &PostgresOptions) -> Vec<String> {
    let mut settings = vec![
        ("listen_addresses".to_owned(), if options.tcp { "127.0.0.1" } else { "" }.to_owned()),
        ("port".to_owned(), address.port.to_string()),
        ("unix_socket_directories".to_owned(), address.sockets.display().to_string()),
        ("max_connections".to_owned(), options.max_connections.to_string()),
        ("timezone".to_owned(), "UTC".to_owned()),
        ("log_timezone".to_owned(), "UTC".to_owned()),
    ];
    if !options.durable {
        let unsafe_but_fast = ["fsync", "synchronous_commit", "full_page_writes"];
        settings.extend(unsafe_but_fast.map(|name| (name.to_owned(), "off".to_owned())));
    }
    settings.extend(options.settings.iter().cloned());
    let mut arguments = vec!["-D".to_owned(), folder.data().display().to_string()];
    arguments.extend(settings.iter().flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]));
    arguments
}

/// Whether a start failed for a reason that goes away: a port taken meanwhile, or a predecessor still stopping.
fn passes_by_itself(output: &str) -> bool {
    ["could not bind", "could not create any TCP/IP sockets", "lock file"].iter().any(|words| output.contains(words))
}

/// Escapes what has a meaning in an address.
fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
