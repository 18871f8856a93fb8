//! Mutations of members, sessions and API keys.

use std::sync::Arc;

use async_graphql::{Context, ID, MaybeUndefined, Object};

use crate::domain::identity::error::Refused;
use crate::domain::identity::keys::{create, revoke, rotate};
use crate::domain::identity::members::{change, invite, remove};
use crate::domain::identity::revoke_sessions::revoke_sessions;
use crate::domain::identity::secret::KeyText;
use crate::graphql::context::{Scope, scope_of_id, scope_of_slug};
use crate::graphql::mutation::{after, key, same_organization, shown, split};
use crate::graphql::scalars::Instant;
use crate::kernel::error::Error;
use crate::kernel::ids::{ApiKeyId, MemberId, RowId};
use crate::kernel::time::CalendarSpan;

use super::api_keys::ApiKey;
use super::members::{Member, member_role};
use super::payloads::{
    ChangeMemberInput, ChangeMemberPayload, ChangeMemberUserError, CreateApiKeyInput, CreateApiKeyPayload,
    InviteMemberInput, InviteMemberPayload, InviteMemberUserError, RemoveMemberInput, RemoveMemberPayload,
    RemoveMemberUserError, RevokeApiKeyInput, RevokeApiKeyPayload, RevokeSessionsInput, RevokeSessionsPayload,
    RotateApiKeyInput, RotateApiKeyPayload, RotateApiKeyUserError,
};

/// How long an old secret works on when nothing is said.
const USUAL_OVERLAP: CalendarSpan = CalendarSpan { days: 0, seconds: 24 * 3_600 };

/// Mutations of members, sessions and API keys.
#[derive(Default)]
pub struct IdentityMutation;

/// Mutations of members, sessions and API keys.
#[Object]
impl IdentityMutation {
    /// Invites a person: they are a member once they sign in with the address, verified by the issuer. No message is sent.
    /// ADMIN.
    async fn invite_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom to invite.")] input: InviteMemberInput,
    ) -> Result<Option<InviteMemberPayload>, Error> {
        let scope = scope_of_slug(ctx, input.organization_slug.as_deref()).await?;
        let parsed = invite::InviteMember {
            email: input.email.0,
            display_name: input.display_name,
            role: member_role(input.role)?,
            locations: ids(&scope, "input.locationIds", input.location_ids.as_deref().unwrap_or_default())?,
            provider: input.provider_id.map(|id| same_organization(&scope, "input.providerId", &id)).transpose()?,
            key: key(ctx, input.client_mutation_id.as_deref())?,
        };
        let outcome = invite::invite(&scope.ctx, &scope.services, &parsed).await;
        let (done, user_errors) = split::<_, InviteMemberUserError>(outcome)?;
        let member = match done {
            Some(done) => shown(ctx, member(&after(ctx, scope.ctx.organization)?, done.member).await),
            None => None,
        };
        Ok(Some(InviteMemberPayload { member, client_mutation_id: input.client_mutation_id, user_errors }))
    }

    /// Changes role, locations or provider; takes effect on open connections within 5 seconds. ADMIN.
    async fn change_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: ChangeMemberInput,
    ) -> Result<Option<ChangeMemberPayload>, Error> {
        let (scope, id) = scope_of_id::<MemberId>(ctx, "input.memberId", &input.member_id)?;
        let provider = match &input.provider_id {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(id) => Some(Some(same_organization(&scope, "input.providerId", id)?)),
        };
        let parsed = change::ChangeMember {
            member: id,
            role: input.role.map(member_role).transpose()?,
            locations: input.location_ids.map(|all| ids(&scope, "input.locationIds", &all)).transpose()?,
            provider,
            expected_version: input.expected_version,
            key: key(ctx, input.client_mutation_id.as_deref())?,
        };
        let outcome = change::change(&scope.ctx, &scope.services, &parsed).await;
        let (_, user_errors) = split::<_, ChangeMemberUserError>(outcome)?;
        let member = shown(ctx, member(&after(ctx, scope.ctx.organization)?, id).await);
        Ok(Some(ChangeMemberPayload { member, client_mutation_id: input.client_mutation_id, user_errors }))
    }

    /// Ends a person's access everywhere within 5 seconds. API keys that they made go on: revoke them apart. Removing twice
    /// succeeds and changes nothing. ADMIN.
    async fn remove_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom to remove.")] input: RemoveMemberInput,
    ) -> Result<Option<RemoveMemberPayload>, Error> {
        let (scope, id) = scope_of_id::<MemberId>(ctx, "input.memberId", &input.member_id)?;
        let parsed = remove::RemoveMember {
            member: id,
            expected_version: input.expected_version,
            key: key(ctx, input.client_mutation_id.as_deref())?,
        };
        let outcome = remove::remove(&scope.ctx, &scope.services, &parsed).await;
        let (_, user_errors) = split::<_, RemoveMemberUserError>(outcome)?;
        let member = shown(ctx, member(&after(ctx, scope.ctx.organization)?, id).await);
        Ok(Some(RemoveMemberPayload { member, client_mutation_id: input.client_mutation_id, user_errors }))
    }

    /// Ends tokens issued until now and closes the user's sockets within 5 seconds. Without `memberId` all tokens of the
    /// caller, everywhere; with it those of a member for this organization. Oneself, or ADMIN for members.
    async fn revoke_sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose sessions.")] input: RevokeSessionsInput,
    ) -> Result<Option<RevokeSessionsPayload>, Error> {
        let (scope, member) = match &input.member_id {
            Some(id) => {
                let (scope, id) = scope_of_id::<MemberId>(ctx, "input.memberId", id)?;
                (scope, Some(id))
            }
            None => (scope_of_slug(ctx, input.organization_slug.as_deref()).await?, None),
        };
        let from = revoke_sessions(&scope.ctx, &scope.services, member).await?;
        let client_mutation_id = input.client_mutation_id;
        Ok(Some(RevokeSessionsPayload { revoked_at: Some(Instant(from)), client_mutation_id }))
    }

    /// Makes an API key. ADMIN.
    async fn create_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key to make.")] input: CreateApiKeyInput,
    ) -> Result<Option<CreateApiKeyPayload>, Error> {
        let scope = scope_of_slug(ctx, input.organization_slug.as_deref()).await?;
        let parsed = create::CreateApiKey {
            display_name: input.display_name,
            scopes: input.scopes.into_iter().map(Into::into).collect(),
            expires_at: input.expires_at.map(|at| at.0),
            key: key(ctx, input.client_mutation_id.as_deref())?,
        };
        let (done, secret) = create::create(&scope.ctx, &scope.services, &parsed).await.map_err(failed)?;
        let api_key = shown(ctx, api_key(&after(ctx, scope.ctx.organization)?, done.key).await);
        let secret = secret.map(KeyText::reveal);
        Ok(Some(CreateApiKeyPayload { api_key, secret, client_mutation_id: input.client_mutation_id }))
    }

    /// Makes a new secret; the old one works on for the overlap, the one before it no more. ADMIN.
    async fn rotate_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key.")] input: RotateApiKeyInput,
    ) -> Result<Option<RotateApiKeyPayload>, Error> {
        let (scope, id) = scope_of_id::<ApiKeyId>(ctx, "input.apiKeyId", &input.api_key_id)?;
        let parsed = rotate::RotateApiKey {
            id,
            overlap: input.overlap.map_or(USUAL_OVERLAP, |span| span.0),
            expected_version: input.expected_version,
            key: key(ctx, input.client_mutation_id.as_deref())?,
        };
        let outcome = rotate::rotate(&scope.ctx, &scope.services, &parsed).await;
        let (done, user_errors) = split::<_, RotateApiKeyUserError>(outcome)?;
        let api_key = shown(ctx, api_key(&after(ctx, scope.ctx.organization)?, id).await);
        let secret = done.and_then(|(_, secret)| secret).map(KeyText::reveal);
        let client_mutation_id = input.client_mutation_id;
        Ok(Some(RotateApiKeyPayload { api_key, secret, client_mutation_id, user_errors }))
    }

    /// Ends an API key within 5 seconds. Revoking twice succeeds and changes nothing. ADMIN.
    async fn revoke_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key.")] input: RevokeApiKeyInput,
    ) -> Result<Option<RevokeApiKeyPayload>, Error> {
        let (scope, id) = scope_of_id::<ApiKeyId>(ctx, "input.apiKeyId", &input.api_key_id)?;
        revoke::revoke(&scope.ctx, &scope.services, id).await.map_err(failed)?;
        let api_key = shown(ctx, api_key(&after(ctx, scope.ctx.organization)?, id).await);
        Ok(Some(RevokeApiKeyPayload { api_key, client_mutation_id: input.client_mutation_id }))
    }
}

/// For mutations that are never refused as data.
fn failed(refused: Refused) -> Error {
    match refused {
        Refused::Failed(error) => error,
        Refused::Business(refusal) => Error::internal(format!("{refusal:?} refused a mutation that cannot have it")),
    }
}

fn ids<T: RowId>(scope: &Scope, path: &str, ids: &[ID]) -> Result<Vec<T>, Error> {
    ids.iter().map(|id| same_organization(scope, path, id)).collect()
}

async fn member(scope: &Arc<Scope>, id: MemberId) -> Result<Option<Member>, Error> {
    let row = scope.loaders.members.one(id).await?;
    Ok(row.map(|row| Member { scope: scope.clone(), row }))
}

async fn api_key(scope: &Arc<Scope>, id: ApiKeyId) -> Result<Option<ApiKey>, Error> {
    let row = scope.loaders.api_keys.one(id).await?;
    Ok(row.map(|row| ApiKey { scope: scope.clone(), row }))
}
