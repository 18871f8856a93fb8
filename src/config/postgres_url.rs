//! URLs of PostgreSQL, with what `sslmode` and `sslrootcert` mean to libpq; the driver knows only some of it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rustls::RootCertStore;

use crate::kernel::tls::{Trust, native_roots, roots_of};

/// Whether a connection is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encryption {
    /// Never.
    Off,
    /// Where the server can.
    IfOffered,
    /// Always; a server that cannot is refused.
    Required,
}

/// A URL whose rules hold; it may hold a password and is never printed.
#[derive(Clone)]
pub struct PostgresUrl {
    rest: String,
    encryption: Encryption,
    trust: Trust,
}

/// Which rule a URL breaks; completes "must …".
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PostgresUrlError {
    /// Another word, or two of them.
    #[error("have one sslmode: disable, prefer, require, verify-ca or verify-full")]
    Mode,
    /// No file, or one without certificates.
    #[error("name a readable PEM of certificates as its only sslrootcert")]
    Roots,
    /// Certificates shall be verified, and there is nothing to verify them with.
    #[error("have an sslrootcert, since this machine has no root certificates")]
    NoRoots,
}

impl PostgresUrl {
    /// The URL as the driver takes it: everything but `sslmode` and `sslrootcert`.
    #[must_use]
    pub fn driver_url(&self) -> &str {
        &self.rest
    }

    /// Whether connections over the network are encrypted. Sockets of this machine never are.
    #[must_use]
    pub fn encryption(&self) -> Encryption {
        self.encryption
    }

    /// What the server's certificate must be.
    #[must_use]
    pub fn trust(&self) -> Trust {
        self.trust.clone()
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresUrl").field("encryption", &self.encryption).finish_non_exhaustive()
    }
}

impl FromStr for PostgresUrl {
    type Err = PostgresUrlError;

    /// Reads the file that `sslrootcert` names. Without `sslmode` it is `prefer`. As in libpq, roots that are named are
    /// used with `prefer` and `require` too; unlike there, a handshake that fails is never followed by a try without TLS.
    fn from_str(text: &str) -> Result<Self, PostgresUrlError> {
        let Split { rest, mode, root } = split(text)?;
        let named = match root.filter(|_| mode != Some("disable")) {
            Some(file) => Some(roots_of(&file).ok_or(PostgresUrlError::Roots)?),
            None => None,
        };
        let (encryption, trust) = match mode {
            Some("disable") => (Encryption::Off, Trust::Anybody),
            None | Some("prefer") => (Encryption::IfOffered, named.map_or(Trust::Anybody, Trust::Signed)),
            Some("require") => (Encryption::Required, named.map_or(Trust::Anybody, Trust::Signed)),
            Some("verify-ca") => (Encryption::Required, Trust::Signed(some_roots(named)?)),
            Some("verify-full") => (Encryption::Required, Trust::SignedForName(some_roots(named)?)),
            Some(_) => return Err(PostgresUrlError::Mode),
        };
        Ok(Self { rest, encryption, trust })
    }
}

fn some_roots(named: Option<Arc<RootCertStore>>) -> Result<Arc<RootCertStore>, PostgresUrlError> {
    let roots = named.unwrap_or_else(native_roots);
    if roots.is_empty() { Err(PostgresUrlError::NoRoots) } else { Ok(roots) }
}

struct Split<'u> {
    rest: String,
    mode: Option<&'u str>,
    root: Option<PathBuf>,
}

/// Takes the two parameters out. A question mark before the first `@` belongs to the password, as the driver has it.
fn split(text: &str) -> Result<Split<'_>, PostgresUrlError> {
    let behind_login = text.find('@').unwrap_or_default();
    let Some(question) = text[behind_login..].find('?').map(|at| behind_login + at) else {
        return Ok(Split { rest: text.to_owned(), mode: None, root: None });
    };
    let (mut mode, mut root, mut others) = (None, None, Vec::new());
    for parameter in text[question + 1..].split('&') {
        match parameter.split_once('=') {
            Some(("sslmode", value)) => {
                if mode.replace(value).is_some() {
                    return Err(PostgresUrlError::Mode);
                }
            }
            Some(("sslrootcert", file)) => {
                let file = percent_decode_str(file).decode_utf8().map_err(|_| PostgresUrlError::Roots)?;
                if root.replace(PathBuf::from(&*file)).is_some() {
                    return Err(PostgresUrlError::Roots);
                }
            }
            _ => others.push(parameter),
        }
    }
    let mut rest = text[..question].to_owned();
    if !others.is_empty() {
        rest.push('?');
        rest.push_str(&others.join("&"));
    }
    Ok(Split { rest, mode, root })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, rest: &str, encryption: Encryption, trust: &str) {
        let found = text.parse::<PostgresUrl>().map(|url| {
            let trust = match url.trust {
                Trust::Anybody => "anybody",
                Trust::Signed(_) => "signed",
                Trust::SignedForName(_) => "signed for name",
            };
            (url.rest, url.encryption, trust)
        });
        assert_eq!(found, Ok((rest.to_owned(), encryption, trust)), "{text}");
    }

    #[test]
    fn modes_mean_what_libpq_means() {
        let plain = "postgres://app:secret@db:5432/openslot";
        check(plain, plain, Encryption::IfOffered, "anybody");
        for (mode, encryption) in
            [("disable", Encryption::Off), ("prefer", Encryption::IfOffered), ("require", Encryption::Required)]
        {
            check(&format!("{plain}?sslmode={mode}"), plain, encryption, "anybody");
        }
        check("postgres://db?sslmode=disable&sslrootcert=/nonexistent", "postgres://db", Encryption::Off, "anybody");
    }

    #[test]
    fn other_parameters_and_odd_passwords_stay() {
        let (off, rest) = (Encryption::Off, "postgres://a:b?sslmode=x@db/o?application_name=a%26b&connect_timeout=3");
        check(
            "postgres://a:b?sslmode=x@db/o?application_name=a%26b&sslmode=disable&connect_timeout=3",
            rest,
            off,
            "anybody",
        );
        check("postgres://a@db?sslmode=disable", "postgres://a@db", off, "anybody");
        check("postgres://db?", "postgres://db?", Encryption::IfOffered, "anybody");
    }

    #[test]
    fn broken_rules_are_named() {
        use PostgresUrlError::{Mode, Roots};
        for (query, wanted) in [
            ("sslmode=", Mode),
            ("sslmode=allow", Mode),
            ("sslmode=Require", Mode),
            ("sslmode=verify_full", Mode),
            ("sslmode=require&sslmode=require", Mode),
            ("sslmode=require&sslrootcert=/nonexistent", Roots),
            ("sslmode=verify-full&sslrootcert=Cargo.toml", Roots),
            ("sslmode=verify-full&sslrootcert=/a&sslrootcert=/b", Roots),
            ("sslrootcert=%FF", Roots),
        ] {
            let found = format!("postgres://db/openslot?{query}").parse::<PostgresUrl>().map(|_| ());
            assert_eq!(found, Err(wanted), "{query}");
        }
    }
}
