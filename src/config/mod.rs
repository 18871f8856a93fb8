//! The configuration: environment variables, read and checked once at start.

mod auth;
mod env;
mod graphql;
mod origin;
mod postgres_url;
mod proxies;
mod sections;

pub use auth::{Auth, Jwks, Profile};
pub use env::{ConfigError, Environment, Secret};
pub use graphql::{Documents, GraphqlLimits, Introspection, Traffic, Trust};
pub use origin::Origin;
pub use postgres_url::{Encryption, PostgresUrl, PostgresUrlError};
pub use proxies::ProxyNet;
pub use sections::{Database, Http, Live, LogFormat, Logging, Redis, Tls};

/// Everything the program can be told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Listener and sockets.
    pub http: Http,
    /// PostgreSQL.
    pub database: Database,
    /// Redis; `None` means an in-process bus, good for one process only.
    pub redis: Option<Redis>,
    /// Tokens.
    pub auth: Auth,
    /// What a document may ask.
    pub limits: GraphqlLimits,
    /// What documents are taken.
    pub documents: Documents,
    /// How much may be asked.
    pub traffic: Traffic,
    /// Streams.
    pub live: Live,
    /// Logs.
    pub logging: Logging,
    /// `GRAPHQL_FEDERATION`: whether the fields that a router of Apollo Federation asks are served.
    pub federation: bool,
    /// Slug of the organization of requests that name none.
    pub default_organization: Option<String>,
}

impl Config {
    /// Reads the process environment.
    ///
    /// # Errors
    /// Names the variable and its rule; nothing is started then.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from(&Environment::process())
    }

    /// Reads any environment.
    ///
    /// # Errors
    /// Names the variable and its rule.
    pub fn from(env: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            http: Http::from(env)?,
            database: Database::from(env)?,
            redis: Redis::from(env)?,
            auth: Auth::from(env)?,
            limits: GraphqlLimits::from(env)?,
            documents: Documents::from(env)?,
            traffic: Traffic::from(env)?,
            live: Live::from(env)?,
            logging: Logging::from(env)?,
            federation: env.switch("GRAPHQL_FEDERATION", false)?,
            default_organization: env.text("DEFAULT_ORGANIZATION")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> Result<Config, String> {
        Config::from(&Environment::of(pairs)).map_err(|error| error.to_string())
    }

    const MODES: &str = "DATABASE_URL must have one sslmode: disable, prefer, require, verify-ca or verify-full";
    const PROXIES: &str = "HTTP_TRUSTED_PROXIES must be a list of addresses and blocks like 10.0.0.0/8";
    const ORIGINS: &str =
        "HTTP_ALLOWED_ORIGINS must be a list of origins like https://app.example, without paths and without *";

    #[test]
    fn list_is_taken_apart_at_its_commas() {
        let given = [("HTTP_ALLOWED_ORIGINS", "https://app.example, http://localhost:3000")];
        let wanted = ["https://app.example:443", "http://localhost:3000"].map(str::parse::<Origin>);
        let found = config(&given).map(|config| config.http.allowed_origins.into_iter().map(Ok).collect::<Vec<_>>());
        assert_eq!(found, Ok(wanted.to_vec()));
    }

    #[test]
    fn empty_environment_has_defaults() {
        let config = config(&[]).map(|c| (c.http.addr.to_string(), c.limits.depth, c.database.pool_max));
        assert_eq!(config, Ok(("127.0.0.1:8088".to_owned(), 12, 20)));
    }

    const DEVELOPMENT_KEY: &str = "JWT_DEVELOPMENT_KEY_FILE must be left out unless OPENSLOT_PROFILE is development";
    const JWKS_URL: &str = "JWT_JWKS_URL must be an https:// address; http:// only on this machine";

    #[test]
    fn signing_keys_come_from_one_place() {
        let found = |pairs: &[(&str, &str)]| config(pairs).map(|config| config.auth.jwks.is_some());
        for url in
            ["https://id.example/keys", "http://127.0.0.1:8080/keys", "http://localhost/keys", "http://[::1]/keys"]
        {
            assert_eq!(found(&[("JWT_JWKS_URL", url)]), Ok(true), "{url}");
        }
        assert_eq!(found(&[("JWT_JWKS_FILE", "keys.json")]), Ok(true));
        let both = found(&[("JWT_JWKS_FILE", "keys.json"), ("JWT_JWKS_URL", "https://id.example/keys")]);
        assert_eq!(both, Err("JWT_JWKS_URL must be left out when JWT_JWKS_FILE is given".to_owned()));
    }

    #[test]
    fn malformed_value_is_named_with_its_rule() {
        for (name, value, wanted) in [
            ("HTTP_ADDR", "8088", "HTTP_ADDR must be an address with a port, like 127.0.0.1:8088"),
            ("DB_POOL_MAX", "0", "DB_POOL_MAX must be a whole number from 1 to 1000"),
            ("GRAPHQL_MAX_DEPTH", "deep", "GRAPHQL_MAX_DEPTH must be a whole number from 1 to 100"),
            ("LOG_FORMAT", "xml", "LOG_FORMAT must be json or text"),
            ("DATABASE_URL", "mysql://x", "DATABASE_URL must start with postgres:// or postgresql://"),
            ("REDIS_URL", "localhost", "REDIS_URL must start with redis:// or rediss:// or unix:"),
            ("REDIS_URL", "rediss://h/#insecure", "REDIS_URL must have nothing after a #: servers are always verified"),
            ("DATABASE_URL", "postgres://db/openslot?sslmode=allow", MODES),
            ("GRAPHIQL", "maybe", "GRAPHIQL must be true or false"),
            ("OPENSLOT_PROFILE", "prod", "OPENSLOT_PROFILE must be production or development"),
            ("JWT_DEVELOPMENT_KEY_FILE", "key.pem", DEVELOPMENT_KEY),
            ("JWT_JWKS_URL", "id.example", JWKS_URL),
            ("JWT_JWKS_URL", "http://id.example/keys", JWKS_URL),
            ("HTTP_TRUSTED_PROXIES", "10.0.0.0/8,proxy", PROXIES),
            ("HTTP_TRUSTED_PROXIES", "10.0.0.0/33", PROXIES),
            ("HTTP_ALLOWED_ORIGINS", "*", ORIGINS),
            ("HTTP_ALLOWED_ORIGINS", "https://app.example/", ORIGINS),
            ("HTTP_ALLOWED_ORIGINS", "https://app.example,,https://b.example", ORIGINS),
        ] {
            assert_eq!(config(&[(name, value)]).map(|_| ()), Err(wanted.to_owned()), "{name}={value}");
        }
    }

    #[test]
    fn log_level_is_a_list_that_ends_in_levels() {
        const REFUSED: &str = "LOG_LEVEL must be off, error, warn, info, debug or trace, \
            or a list of these and target=level, such as info,openslot::live=debug";
        for good in ["off", "error", "warn", "info", "debug", "trace", "INFO", "info,openslot::live=debug", "a=off"] {
            assert_eq!(config(&[("LOG_LEVEL", good)]).map(|c| c.logging.filter), Ok(good.to_owned()));
        }
        for bad in ["loud", "openslot", "openslot::live", "info,loud", "openslot=loud", "openslot=", "info,", ",", "3"]
        {
            assert_eq!(config(&[("LOG_LEVEL", bad)]).map(|_| ()), Err(REFUSED.to_owned()), "{bad}");
        }
    }

    #[test]
    fn signing_key_file_is_lines_of_at_least_32_bytes() {
        let file = std::env::temp_dir().join(format!("openslot-signing-keys-{}", std::process::id()));
        let found = |content: &str| {
            std::fs::write(&file, content).map_err(|error| error.to_string())?;
            let config = config(&[("SIGNING_KEY_FILE", &file.display().to_string())])?;
            Ok(config.auth.signing_keys.iter().map(|key| key.expose().to_owned()).collect::<Vec<_>>())
        };
        let (new, old) = ("n".repeat(32), "o".repeat(40));
        assert_eq!(found(&format!("{new}\n\n {old} \n")), Ok(vec![new.clone(), old]));
        let rule = "SIGNING_KEY_FILE must name a file with a secret of at least 32 bytes in each line";
        for bad in ["", "short", &format!("{new}\nshort")] {
            assert_eq!(found(bad), Err(rule.to_owned()), "{bad}");
        }
        let _ = std::fs::remove_file(&file);
    }

    #[test]
    fn secret_is_never_printed() {
        let config = config(&[("DATABASE_URL", "postgres://app:hunter2@db/openslot")]);
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn secret_file_that_cannot_be_read_is_named() {
        let error = config(&[("DATABASE_URL_FILE", "/nonexistent/file")]).map(|_| ());
        assert_eq!(error, Err("DATABASE_URL_FILE must name a readable file".to_owned()));
    }
}
