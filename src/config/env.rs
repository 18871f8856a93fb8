//! Reading single variables.

use std::collections::HashMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::postgres_url::PostgresUrl;

/// A variable that is missing or malformed, with its rule; never with its value, which may be a secret.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{name} must {rule}")]
pub struct ConfigError {
    /// The variable.
    pub name: String,
    /// What it must be.
    pub rule: String,
}

impl ConfigError {
    pub(super) fn new(name: &str, rule: impl Into<String>) -> Self {
        Self { name: name.to_owned(), rule: rule.into() }
    }
}

/// A value that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one who needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// Where variables come from: the process, or a test's list.
#[derive(Clone, Debug, Default)]
pub struct Environment(HashMap<String, Secret>);

impl Environment {
    /// The variables of this process.
    #[must_use]
    pub fn process() -> Self {
        Self(std::env::vars().map(|(name, value)| (name, Secret(value))).collect())
    }

    /// These variables and no others.
    #[must_use]
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect())
    }

    /// Sets a variable that was not given, or is empty.
    pub fn set_default(&mut self, name: &str, value: impl Into<String>) {
        if self.given(name).is_none() {
            self.set(name, value);
        }
    }

    /// Sets a variable, whatever was given.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), Secret(value.into()));
    }

    /// Whether the variable, or its `_FILE` form, is given.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.given(name).is_some() || self.given(&format!("{name}_FILE")).is_some()
    }

    /// The value of a variable; `None` when it is missing or empty.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.expose().trim()).filter(|value| !value.is_empty())
    }

    /// A text; `None` when it is not given.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, ConfigError> {
        Ok(self.given(name).map(str::to_owned))
    }

    /// A secret, from the variable or from the file that `<name>_FILE` names.
    pub(super) fn secret(&self, name: &str) -> Result<Option<Secret>, ConfigError> {
        if let Some(value) = self.given(name) {
            return Ok(Some(Secret::new(value)));
        }
        self.file(&format!("{name}_FILE"))
    }

    /// The content of the file that a variable names.
    pub(super) fn file(&self, name: &str) -> Result<Option<Secret>, ConfigError> {
        let Some(path) = self.given(name) else { return Ok(None) };
        let content = std::fs::read_to_string(path).map_err(|_| ConfigError::new(name, "name a readable file"))?;
        Ok(Some(Secret::new(content.trim())))
    }

    /// A value of a type that parses; `rule` completes "must …".
    pub(super) fn parsed<T: std::str::FromStr>(&self, name: &str, default: T, rule: &str) -> Result<T, ConfigError> {
        match self.given(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| ConfigError::new(name, rule)),
        }
    }

    /// Values of a type that parses, separated by commas; none when it is not given. `rule` completes "must …".
    pub(super) fn list<T: std::str::FromStr>(&self, name: &str, rule: &str) -> Result<Vec<T>, ConfigError> {
        let parse = |part: &str| part.trim().parse().map_err(|_| ConfigError::new(name, rule));
        self.given(name).map_or_else(|| Ok(vec![]), |text| text.split(',').map(parse).collect())
    }

    /// A whole number inside a range.
    pub(super) fn number<T>(&self, name: &str, default: T, range: RangeInclusive<T>) -> Result<T, ConfigError>
    where
        T: std::str::FromStr + PartialOrd + fmt::Display,
    {
        let rule = format!("be a whole number from {} to {}", range.start(), range.end());
        let value = self.parsed(name, default, &rule)?;
        if range.contains(&value) { Ok(value) } else { Err(ConfigError::new(name, rule)) }
    }

    /// A span in whole milliseconds.
    pub(super) fn millis(&self, name: &str, default: u64, range: RangeInclusive<u64>) -> Result<Duration, ConfigError> {
        self.number(name, default, range).map(Duration::from_millis)
    }

    /// A switch.
    pub(super) fn switch(&self, name: &str, default: bool) -> Result<bool, ConfigError> {
        self.parsed(name, default, "be true or false")
    }

    /// A URL with one of these beginnings.
    pub(super) fn url(&self, name: &str, beginnings: &[&str]) -> Result<Option<Secret>, ConfigError> {
        let url = self.secret(name)?;
        let fits = |url: &Secret| beginnings.iter().any(|start| url.expose().starts_with(start));
        match url {
            Some(url) if !fits(&url) => Err(ConfigError::new(name, format!("start with {}", beginnings.join(" or ")))),
            other => Ok(other),
        }
    }

    /// A URL of PostgreSQL whose `sslmode` and `sslrootcert` can be used.
    pub(super) fn postgres_url(&self, name: &str) -> Result<Option<Secret>, ConfigError> {
        let url = self.url(name, &["postgres://", "postgresql://"])?;
        if let Some(url) = &url {
            let checked = url.expose().parse::<PostgresUrl>();
            checked.map_err(|error| ConfigError::new(name, error.to_string()))?;
        }
        Ok(url)
    }
}
