//! What tests ask of a practice once it stands.

use chrono::{DateTime, TimeDelta, Utc};
use openslot::kernel::actor::Role;
use openslot::kernel::ids::ProviderId;

use super::clinic::{Clinic, Practice, User};
use super::database::TestDb;
use super::monday;

impl Practice {
    /// When slot `n` begins.
    pub fn start(&self, n: i32) -> DateTime<Utc> {
        monday() + TimeDelta::days(1) + TimeDelta::minutes(30) * n
    }
}

impl Clinic {
    /// Somebody who signs in as this provider.
    pub async fn signed_in(&self, db: &TestDb, provider: ProviderId) -> User {
        let user = self.member(Role::Provider, None).await;
        db.run(&format!(
            "UPDATE providers SET user_id = (SELECT user_id FROM memberships WHERE role = 'PROVIDER' AND user_id NOT IN
               (SELECT user_id FROM providers WHERE user_id IS NOT NULL)) WHERE id = '{provider}'"
        ))
        .await;
        user
    }
}
