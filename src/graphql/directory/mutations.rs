//! Mutations of the directory.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::domain::directory::change_organization::{self, ChangeOrganization};
use crate::domain::directory::organizations;
use crate::domain::identity::error::Refusal;
use crate::graphql::context::scope_of_slug;
use crate::graphql::mutation::{after, key, shown, split};
use crate::graphql::scalars::{LanguageTag, TimeZone};
use crate::graphql::user_error::user_errors;
use crate::kernel::error::Error;

use super::types::{BookingPolicyInput, Organization};

/// What `changeOrganization` takes. What is left out stays.
#[derive(InputObject)]
pub struct ChangeOrganizationInput {
    /// Needed with several memberships.
    organization_slug: Option<String>,
    /// New name, 1 to 120 characters.
    display_name: Option<String>,
    /// New zone; instants stay.
    time_zone: Option<TimeZone>,
    /// Languages of messages, 1 to 10, the default one first.
    languages: Option<Vec<LanguageTag>>,
    /// Rules of booking.
    booking_policy: Option<BookingPolicyInput>,
    /// The organization's `version` that the change is based on; another current version refuses with STALE_VERSION.
    expected_version: i32,
    /// Idempotency key, 1 to 200 characters, kept 24 hours: same key and input replay the stored outcome, another input is
    /// CONFLICT. Same as the `Idempotency-Key` header.
    client_mutation_id: Option<String>,
}

user_errors! {
    /// One reason why `changeOrganization` was refused.
    ChangeOrganizationUserError,
    /// Reasons why `changeOrganization` can be refused.
    ChangeOrganizationErrorCode of Refusal {
        /// Somebody changed it since `expectedVersion`; the payload has the current state.
        StaleVersion at Some("input.expectedVersion"),
    }
}

/// What `changeOrganization` answers.
#[derive(SimpleObject)]
pub struct ChangeOrganizationPayload {
    /// The organization, as it is now.
    organization: Option<Organization>,
    /// The key that was sent.
    client_mutation_id: Option<String>,
    /// Why nothing was changed; empty on success.
    user_errors: Vec<ChangeOrganizationUserError>,
}

/// Mutations of the directory.
#[derive(Default)]
pub struct DirectoryMutation;

/// Mutations of the directory.
#[Object]
impl DirectoryMutation {
    /// Changes settings and policy. Existing bookings keep the policy they were made under. ADMIN.
    async fn change_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: ChangeOrganizationInput,
    ) -> Result<Option<ChangeOrganizationPayload>, Error> {
        let scope = scope_of_slug(ctx, input.organization_slug.as_deref()).await?;
        let parsed = ChangeOrganization {
            display_name: input.display_name,
            time_zone: input.time_zone.map(|zone| zone.0),
            languages: input.languages.map(|tags| tags.into_iter().map(|tag| tag.0).collect()),
            policy: input.booking_policy.map(Into::into).unwrap_or_default(),
            expected_version: input.expected_version,
            key: key(ctx, input.client_mutation_id.as_deref())?,
        };
        let outcome = change_organization::change(&scope.ctx, &scope.services, &parsed).await;
        let (_, user_errors) = split::<_, ChangeOrganizationUserError>(outcome)?;
        let scope = after(ctx, scope.ctx.organization)?;
        let row = organizations::get(&scope.ctx, &scope.services).await.map(Some);
        let organization = shown(ctx, row).map(|row| Organization { scope, row });
        Ok(Some(ChangeOrganizationPayload { organization, client_mutation_id: input.client_mutation_id, user_errors }))
    }
}
