//! What changes of access take and answer, and why they can be refused.

use async_graphql::{ID, InputObject, MaybeUndefined, SimpleObject};

use crate::domain::identity::error::Refusal;
use crate::graphql::scalars::{Duration, EmailAddress, Instant};
use crate::graphql::user_error::user_errors;

use super::api_keys::{ApiKey, Scope};
use super::members::Member;
use super::types::Role;

/// What `inviteMember` takes.
#[derive(InputObject)]
pub struct InviteMemberInput {
    /// Sign-in address.
    pub email: EmailAddress,
    /// Name shown to colleagues, 1 to 120 characters.
    pub display_name: String,
    /// STAFF, PROVIDER or ADMIN.
    pub role: Role,
    /// Limits STAFF to these locations, at most 200.
    pub location_ids: Option<Vec<ID>>,
    /// The provider that this person is; needed for PROVIDER.
    pub provider_id: Option<ID>,
    /// Needed with several memberships.
    pub organization_slug: Option<String>,
    /// Idempotency key, 1 to 200 characters, kept 24 hours: same key and input replay the stored outcome, another input is
    /// CONFLICT. Same as the `Idempotency-Key` header.
    pub client_mutation_id: Option<String>,
}

/// What `changeMember` takes. What is left out stays.
#[derive(InputObject)]
pub struct ChangeMemberInput {
    /// The member, by global id.
    pub member_id: ID,
    /// New role: STAFF, PROVIDER or ADMIN.
    pub role: Option<Role>,
    /// New limit to locations, at most 200; empty list: all.
    pub location_ids: Option<Vec<ID>>,
    /// The provider that this person is; null: none.
    pub provider_id: MaybeUndefined<ID>,
    /// The member's `version` that the change is based on; another current version refuses with STALE_VERSION.
    pub expected_version: i32,
    /// Idempotency key, 1 to 200 characters, kept 24 hours: same key and input replay the stored outcome, another input is
    /// CONFLICT. Same as the `Idempotency-Key` header.
    pub client_mutation_id: Option<String>,
}

/// What `removeMember` takes.
#[derive(InputObject)]
pub struct RemoveMemberInput {
    /// The member, by global id.
    pub member_id: ID,
    /// The member's `version` that the change is based on; another current version refuses with STALE_VERSION.
    pub expected_version: i32,
    /// Idempotency key, 1 to 200 characters, kept 24 hours: same key and input replay the stored outcome, another input is
    /// CONFLICT. Same as the `Idempotency-Key` header.
    pub client_mutation_id: Option<String>,
}

/// What `revokeSessions` takes.
#[derive(InputObject)]
pub struct RevokeSessionsInput {
    /// Whose, by the global id of the member; oneself when left out.
    pub member_id: Option<ID>,
    /// Organization of the caller when `memberId` is left out, by slug; needed with several memberships.
    pub organization_slug: Option<String>,
    /// Echoed in the payload. Asking again ends what was opened in between.
    pub client_mutation_id: Option<String>,
}

/// What `createApiKey` takes.
#[derive(InputObject)]
pub struct CreateApiKeyInput {
    /// What it is for, 1 to 120 characters.
    pub display_name: String,
    /// What it may do, at least one.
    pub scopes: Vec<Scope>,
    /// When it ends, at most 2 years ahead; one year ahead when left out.
    pub expires_at: Option<Instant>,
    /// Needed with several memberships.
    pub organization_slug: Option<String>,
    /// Idempotency key, 1 to 200 characters, kept 24 hours: same key and input replay the stored outcome without the
    /// secret, another input is CONFLICT. Same as the `Idempotency-Key` header.
    pub client_mutation_id: Option<String>,
}

/// What `rotateApiKey` takes.
#[derive(InputObject)]
pub struct RotateApiKeyInput {
    /// The key, by global id.
    pub api_key_id: ID,
    /// How long the old secret still works, PT0S to P7D; a day has 24 hours here. PT24H when left out.
    pub overlap: Option<Duration>,
    /// The key's `version` that the change is based on; another current version refuses with STALE_VERSION.
    pub expected_version: i32,
    /// Idempotency key, 1 to 200 characters, kept 24 hours: same key and input replay the stored outcome without the
    /// secret, another input is CONFLICT. Same as the `Idempotency-Key` header.
    pub client_mutation_id: Option<String>,
}

/// What `revokeApiKey` takes.
#[derive(InputObject)]
pub struct RevokeApiKeyInput {
    /// The key, by global id.
    pub api_key_id: ID,
    /// Echoed in the payload. Revoking twice succeeds and changes nothing.
    pub client_mutation_id: Option<String>,
}

user_errors! {
    /// One reason why `inviteMember` was refused.
    InviteMemberUserError,
    /// Reasons why `inviteMember` can be refused.
    InviteMemberErrorCode of Refusal {
        /// Another member has the address, or is the provider.
        Duplicate at None,
    }
}

user_errors! {
    /// One reason why `changeMember` was refused.
    ChangeMemberUserError,
    /// Reasons why `changeMember` can be refused.
    ChangeMemberErrorCode of Refusal {
        /// Somebody changed it since `expectedVersion`; the payload has the current state.
        StaleVersion at Some("input.expectedVersion"),
        /// Another member is the provider.
        Duplicate at Some("input.providerId"),
        /// An organization keeps at least one admin who can sign in.
        LastAdmin at Some("input.role"),
        /// The member was removed: invite them anew.
        Ended at Some("input.memberId"),
    }
}

user_errors! {
    /// One reason why `removeMember` was refused.
    RemoveMemberUserError,
    /// Reasons why `removeMember` can be refused.
    RemoveMemberErrorCode of Refusal {
        /// Somebody changed it since `expectedVersion`; the payload has the current state.
        StaleVersion at Some("input.expectedVersion"),
        /// An organization keeps at least one admin who can sign in.
        LastAdmin at Some("input.memberId"),
    }
}

user_errors! {
    /// One reason why `rotateApiKey` was refused.
    RotateApiKeyUserError,
    /// Reasons why `rotateApiKey` can be refused.
    RotateApiKeyErrorCode of Refusal {
        /// Somebody changed it since `expectedVersion`; the payload has the current state.
        StaleVersion at Some("input.expectedVersion"),
        /// The key was revoked or has ended: make another one.
        Ended at Some("input.apiKeyId"),
    }
}

/// What `inviteMember` answers.
#[derive(SimpleObject)]
pub struct InviteMemberPayload {
    /// The invited member.
    pub member: Option<Member>,
    /// The key that was sent.
    pub client_mutation_id: Option<String>,
    /// Why nothing was changed; empty on success.
    pub user_errors: Vec<InviteMemberUserError>,
}

/// What `changeMember` answers.
#[derive(SimpleObject)]
pub struct ChangeMemberPayload {
    /// The member, as they are now.
    pub member: Option<Member>,
    /// The key that was sent.
    pub client_mutation_id: Option<String>,
    /// Why nothing was changed; empty on success.
    pub user_errors: Vec<ChangeMemberUserError>,
}

/// What `removeMember` answers.
#[derive(SimpleObject)]
pub struct RemoveMemberPayload {
    /// The member, as they are now.
    pub member: Option<Member>,
    /// The key that was sent.
    pub client_mutation_id: Option<String>,
    /// Why nothing was changed; empty on success.
    pub user_errors: Vec<RemoveMemberUserError>,
}

/// What `revokeSessions` answers.
#[derive(SimpleObject)]
pub struct RevokeSessionsPayload {
    /// Tokens issued before are worthless.
    pub revoked_at: Option<Instant>,
    /// The key that was sent.
    pub client_mutation_id: Option<String>,
}

/// What `createApiKey` answers.
#[derive(SimpleObject)]
pub struct CreateApiKeyPayload {
    /// The key's record.
    pub api_key: Option<ApiKey>,
    /// The key itself, `osk_…`, to be sent as `Authorization: Bearer osk_…`. Shown here and never again, not on replay
    /// either.
    pub secret: Option<String>,
    /// The key that was sent.
    pub client_mutation_id: Option<String>,
}

/// What `rotateApiKey` answers.
#[derive(SimpleObject)]
pub struct RotateApiKeyPayload {
    /// The key's record, as it is now.
    pub api_key: Option<ApiKey>,
    /// The new key. Shown here and never again, not on replay either.
    pub secret: Option<String>,
    /// The key that was sent.
    pub client_mutation_id: Option<String>,
    /// Why nothing was changed; empty on success.
    pub user_errors: Vec<RotateApiKeyUserError>,
}

/// What `revokeApiKey` answers.
#[derive(SimpleObject)]
pub struct RevokeApiKeyPayload {
    /// The revoked key.
    pub api_key: Option<ApiKey>,
    /// The key that was sent.
    pub client_mutation_id: Option<String>,
}
