# shellcheck shell=bash
# What the scripts beside this one share: where things lie, and how what is missing gets installed. To be sourced.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$project" || exit

# A name for this checkout that no other on this machine has.
checkout_name() {
  local name=${project##*/}
  printf '%.40s-%08x\n' "${name//[^A-Za-z0-9._-]/_}" "$(printf '%s' "$project" | cksum | cut -d ' ' -f 1)"
}

# Where `make start` keeps its data, log, address and process number. PostgreSQL does not run as root, hence not in
# root's home.
if [ -n "${OPENSLOT_DATA_DIR:-}" ]; then
  case $OPENSLOT_DATA_DIR in
    /*) data_dir=$OPENSLOT_DATA_DIR ;;
    *) data_dir=$project/$OPENSLOT_DATA_DIR ;;
  esac
elif [ "$(id -u)" = 0 ]; then
  data_dir=/var/lib/openslot-dev/$(checkout_name)
else
  data_dir=$project/.openslot
fi
pid_file=$data_dir/openslot.pid
address_file=$data_dir/openslot.addr
log_file=$data_dir/openslot.log
address=${HTTP_ADDR:-127.0.0.1:8088}
binary=${CARGO_TARGET_DIR:-$project/target}/dev-fast/openslot
export pid_file address_file log_file address binary

if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi

say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif has sudo; then
    sudo "$@"
  else
    fail "root rights are needed to install packages, and there is no sudo: run as root: $*"
  fi
}

has_postgres() {
  local folder
  for folder in "$(pg_config --bindir 2>/dev/null)" /usr/lib/postgresql/1[5-8]/bin /usr/pgsql-1[5-8]/bin \
    /opt/homebrew/opt/postgresql@1[5-8]/bin; do
    [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && return
  done
  has initdb && has postgres
}

# Forgets the servers that the environment names, and says so: what runs here fills private ones only.
use_private_servers() {
  local name variable named=()
  for name in DATABASE_URL MIGRATION_DATABASE_URL WORKER_DATABASE_URL DIRECT_DATABASE_URL REDIS_URL; do
    for variable in "$name" "${name}_FILE"; do
      [ -z "${!variable:-}" ] || named+=("$variable")
      unset "$variable"
    done
  done
  [ ${#named[@]} = 0 ] || say "using private servers; not used: ${named[*]}"
}

# The Debian packages of which something is missing.
missing_packages() {
  has cc && has make || echo build-essential
  has curl || echo curl
  [ -s /etc/ssl/certs/ca-certificates.crt ] || [ ! -d /etc/apt ] || echo ca-certificates
  has_postgres || echo postgresql
  has redis-server || has valkey-server || echo redis-server
}

# Installs the packages named, if any.
install_packages() {
  local log
  [ $# -gt 0 ] || return 0
  has apt-get || fail "please install what these Debian packages hold (there is no apt-get to do it with): $*"
  say "installing $*"
  log=$(mktemp)
  # Debian makes and starts a cluster of its own for a new PostgreSQL; nobody asked for it here.
  if [ ! -d /etc/postgresql-common ]; then
    as_root mkdir -p /etc/postgresql-common/createcluster.d
    echo "create_main_cluster = false" | as_root tee /etc/postgresql-common/createcluster.d/openslot.conf >/dev/null
  fi
  # Runlevel 1 keeps servers from being started where there is no init system to stop them again.
  if ! { as_root apt-get update && as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install --yes --no-install-recommends "$@"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "apt-get could not install $* (the whole log: $log)"
  fi
  as_root rm -f /etc/postgresql-common/createcluster.d/openslot.conf "$log"
}

# Whether the cargo at hand is as new as Cargo.toml asks.
cargo_is_new_enough() {
  local have
  have=$(cargo --version 2>/dev/null | cut -d ' ' -f 2) || return 1
  [ -n "$have" ] && printf '%s\n' "$rust_version" "$have" | sort --check=quiet --version-sort
}

install_rust() {
  rust_version=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  # shellcheck source=/dev/null
  has cargo || { [ ! -f "$HOME/.cargo/env" ] || . "$HOME/.cargo/env"; }
  cargo_is_new_enough && return
  if ! has rustup; then
    say "installing Rust by rustup into ${CARGO_HOME:-$HOME/.cargo}"
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
      sh -s -- -y --quiet --profile minimal --component clippy,rustfmt --default-toolchain stable
    export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
  else
    say "installing Rust $rust_version beside the older one"
    rustup toolchain install "$rust_version" --profile minimal --component clippy,rustfmt
    export RUSTUP_TOOLCHAIN=$rust_version
  fi
  cargo_is_new_enough || fail "Rust $rust_version or newer is needed; cargo says: $(cargo --version 2>&1)"
}

# Makes sure that openslot can be built and run.
prepare() {
  local missing
  mapfile -t missing < <(missing_packages)
  install_packages "${missing[@]}"
  install_rust
}

# The number of this checkout's running `openslot dev`; fails when there is none.
running_pid() {
  local pid name
  pid=$(cat "$pid_file" 2>/dev/null) || return 1
  # The number may have gone to another program since, or to the openslot of another checkout.
  name=$(cat "/proc/$pid/comm" 2>/dev/null || ps -o comm= -p "$pid" 2>/dev/null) || return 1
  [ "${name##*/}" = openslot ] && arguments_of "$pid" | grep -Fq -- "--data-dir $data_dir " && echo "$pid"
}

# The arguments of a process, each with a space behind it.
arguments_of() {
  if [ -r "/proc/$1/cmdline" ]; then tr '\0' ' ' <"/proc/$1/cmdline"; else echo "$(ps -o args= -p "$1") "; fi
}

# Runs openslot with what `openslot dev` wrote down for other commands to find its database and key by.
dev_command() (
  [ -r "$data_dir/env" ] && [ -x "$binary" ] || fail "openslot was not started here yet: make start"
  set -a
  # shellcheck source=/dev/null
  . "$data_dir/env"
  exec "$binary" "$@"
)
