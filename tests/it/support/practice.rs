//! What tests ask of a practice once it stands.

use chrono::{DateTime, TimeDelta, Utc};

use super::clinic::Practice;
use super::monday;

impl Practice {
    /// When slot `n` begins.
    pub fn start(&self, n: i32) -> DateTime<Utc> {
        monday() + TimeDelta::days(1) + TimeDelta::minutes(30) * n
    }
}
