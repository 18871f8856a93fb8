//! What may be asked, and how much of it, decided before any SQL.

use std::str::FromStr;
use std::time::Duration;

use super::env::{ConfigError, Environment, Secret};

/// Who may ask what the schema is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Introspection {
    /// Everybody.
    Open,
    /// Who has a credential.
    SignedIn,
    /// Nobody.
    Closed,
}

impl FromStr for Introspection {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "true" => Ok(Self::Open),
            "signed-in" => Ok(Self::SignedIn),
            "false" => Ok(Self::Closed),
            _ => Err(()),
        }
    }
}

/// Which documents run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trust {
    /// All.
    Off,
    /// All; those that are not in the manifest are logged.
    Prefer,
    /// Those of the manifest.
    Only,
}

impl FromStr for Trust {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "off" => Ok(Self::Off),
            "prefer" => Ok(Self::Prefer),
            "only" => Ok(Self::Only),
            _ => Err(()),
        }
    }
}

/// What documents are taken, and from where.
#[derive(Clone, Debug)]
pub struct Documents {
    /// `GRAPHQL_INTROSPECTION`: who may ask what the schema is.
    pub introspection: Introspection,
    /// `GRAPHQL_APQ`: whether clients may name documents by hashes that they gave them.
    pub takes_hashes: bool,
    /// `GRAPHQL_TRUSTED_DOCUMENTS`: what the manifest means.
    pub trust: Trust,
    /// `GRAPHQL_TRUSTED_DOCUMENTS_FILE`: the manifest.
    pub manifest: Option<Secret>,
}

impl Documents {
    pub(super) fn from(env: &Environment) -> Result<Self, ConfigError> {
        let [trusted, file] = ["GRAPHQL_TRUSTED_DOCUMENTS", "GRAPHQL_TRUSTED_DOCUMENTS_FILE"];
        let trust = env.parsed(trusted, Trust::Off, "be off, prefer or only")?;
        let manifest = env.file(file)?;
        match (trust, &manifest) {
            (Trust::Off, Some(_)) => Err(ConfigError::new(trusted, format!("be prefer or only where {file} is set"))),
            (Trust::Prefer | Trust::Only, None) => {
                Err(ConfigError::new(file, format!("be set where {trusted} is prefer or only")))
            }
            _ => Ok(Self {
                introspection: env.parsed(
                    "GRAPHQL_INTROSPECTION",
                    Introspection::Open,
                    "be true, signed-in or false",
                )?,
                takes_hashes: env.switch("GRAPHQL_APQ", true)?,
                trust,
                manifest,
            }),
        }
    }
}

/// How much may be asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Traffic {
    /// `MAX_IN_FLIGHT`: queries and mutations under way at a time.
    pub in_flight: usize,
    /// `RATE_LIMIT_MAX_REQUESTS`: requests of each caller in a window, counted by their cost; 0 counts nothing.
    pub requests: u64,
    /// `RATE_LIMIT_WINDOW_MS`: the window.
    pub window: Duration,
}

impl Traffic {
    pub(super) fn from(env: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            in_flight: env.number("MAX_IN_FLIGHT", 200, 1..=100_000)?,
            requests: env.number("RATE_LIMIT_MAX_REQUESTS", 1_000, 0..=1_000_000_000)?,
            window: env.millis("RATE_LIMIT_WINDOW_MS", 900_000, 1_000..=86_400_000)?,
        })
    }
}

/// Limits, with their variable each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GraphqlLimits {
    /// `GRAPHQL_MAX_TOKENS`: tokens of a text.
    pub tokens: usize,
    /// `GRAPHQL_MAX_BRACKETS`: brackets that are open at once in a text.
    pub brackets: usize,
    /// `GRAPHQL_MAX_FRAGMENTS`: fragments of a document.
    pub fragments: usize,
    /// `GRAPHQL_MAX_DIRECTIVES`: directives of a document.
    pub directives: usize,
    /// `GRAPHQL_MAX_SELECTIONS`: selections of a document with its fragments in their places.
    pub selections: usize,
    /// `GRAPHQL_MAX_LEVELS`: fields and fragments within each other, introspection included.
    pub levels: usize,
    /// `GRAPHQL_MAX_DEPTH`: fields within each other; introspection is exempt.
    pub depth: usize,
    /// `GRAPHQL_MAX_ALIASES`: aliases of an operation.
    pub aliases: usize,
    /// `GRAPHQL_MAX_ROOT_FIELDS`: root fields of an operation.
    pub root_fields: usize,
    /// `GRAPHQL_MAX_COST`: points of an operation.
    pub cost: usize,
    /// `GRAPHQL_MAX_VALUES`: values in an answer, at most: leaves times the page sizes above them.
    pub values: usize,
    /// `GRAPHQL_MAX_INTROSPECTION_LISTS`: lists within lists of introspection; each level may hold every type again.
    pub introspection_lists: usize,
    /// `GRAPHQL_MAX_VARIABLES`: variables of an operation, and values sent for them.
    pub variables: usize,
    /// `GRAPHQL_MAX_LIST`: items of a list in an argument or a variable.
    pub list: usize,
    /// `GRAPHQL_MAX_STRING`: bytes of a text in an argument or a variable.
    pub string: usize,
    /// `GRAPHQL_MAX_SUBSCRIPTIONS`: streams on one connection.
    pub subscriptions: usize,
}

impl Default for GraphqlLimits {
    fn default() -> Self {
        Self {
            tokens: 15_000,
            brackets: 128,
            fragments: 100,
            directives: 50,
            selections: 20_000,
            levels: 64,
            depth: 12,
            aliases: 15,
            root_fields: 20,
            cost: 5_000,
            values: 100_000,
            introspection_lists: 3,
            variables: 100,
            list: 500,
            string: 10_000,
            subscriptions: 100,
        }
    }
}

impl GraphqlLimits {
    pub(super) fn from(env: &Environment) -> Result<Self, ConfigError> {
        let default = Self::default();
        Ok(Self {
            tokens: env.number("GRAPHQL_MAX_TOKENS", default.tokens, 1..=1_000_000)?,
            // What reads a document calls itself for each bracket and level: more would not fit on its stack.
            brackets: env.number("GRAPHQL_MAX_BRACKETS", default.brackets, 1..=256)?,
            fragments: env.number("GRAPHQL_MAX_FRAGMENTS", default.fragments, 0..=10_000)?,
            directives: env.number("GRAPHQL_MAX_DIRECTIVES", default.directives, 0..=10_000)?,
            selections: env.number("GRAPHQL_MAX_SELECTIONS", default.selections, 1..=1_000_000)?,
            levels: env.number("GRAPHQL_MAX_LEVELS", default.levels, 1..=128)?,
            depth: env.number("GRAPHQL_MAX_DEPTH", default.depth, 1..=100)?,
            aliases: env.number("GRAPHQL_MAX_ALIASES", default.aliases, 0..=1_000)?,
            root_fields: env.number("GRAPHQL_MAX_ROOT_FIELDS", default.root_fields, 1..=1_000)?,
            cost: env.number("GRAPHQL_MAX_COST", default.cost, 1..=1_000_000)?,
            values: env.number("GRAPHQL_MAX_VALUES", default.values, 1..=10_000_000)?,
            introspection_lists: env.number("GRAPHQL_MAX_INTROSPECTION_LISTS", default.introspection_lists, 0..=10)?,
            variables: env.number("GRAPHQL_MAX_VARIABLES", default.variables, 0..=10_000)?,
            list: env.number("GRAPHQL_MAX_LIST", default.list, 1..=100_000)?,
            string: env.number("GRAPHQL_MAX_STRING", default.string, 100..=1 << 20)?,
            subscriptions: env.number("GRAPHQL_MAX_SUBSCRIPTIONS", default.subscriptions, 1..=10_000)?,
        })
    }
}
