//! Root fields about who asks.

use std::sync::Arc;

use async_graphql::{Context, Object};

use crate::domain::identity::{Action, Authorize, keys, members};
use crate::graphql::connection::page_request;
use crate::graphql::context::scope_of_slug;
use crate::graphql::cost::Page;
use crate::graphql::scalars::Cursor;
use crate::kernel::error::Error;

use super::api_keys::{ApiKey, ApiKeyConnection};
use super::members::{Member, MemberConnection, MemberFilterInput};
use super::types::Viewer;

/// Root fields about who asks.
#[derive(Default)]
pub struct IdentityQuery;

/// Root fields about who asks.
#[Object]
impl IdentityQuery {
    /// Who is asking. Guests get one too, with the role GUEST.
    async fn viewer(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Organization by slug, for example `demo`. Guests and members of several organizations name it; left \
                    out: the token's organization, else the server's default one."
        )]
        organization_slug: Option<String>,
    ) -> Result<Option<Viewer>, Error> {
        let scope = scope_of_slug(ctx, organization_slug.as_deref()).await?;
        scope.ctx.require(Action::ReadViewer)?;
        Ok(Some(Viewer { scope }))
    }

    /// People with a role in the organization, by name. ADMIN.
    #[graphql(directive = Page::apply())]
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Organization by slug, for example `demo`; left out: the token's organization, else the server's default \
                    one."
        )]
        organization_slug: Option<String>,
        #[graphql(desc = "Which ones; those who are invited or can sign in without it.")] filter: Option<
            MemberFilterInput,
        >,
        #[graphql(desc = "Page size from the start, 1 to 100. Without it: 20.")] first: Option<i32>,
        #[graphql(desc = "Items after this cursor of an earlier page with the same filter.")] after: Option<Cursor>,
    ) -> Result<Option<MemberConnection>, Error> {
        let scope = scope_of_slug(ctx, organization_slug.as_deref()).await?;
        let page = page_request(first, after.as_ref())?;
        let filter = filter.unwrap_or_default().parse();
        let page = members::list(&scope.ctx, &scope.services, &filter, &page).await?;
        let key = |row: &members::Member| (row.display_name.clone(), row.id);
        let wrap = |row| Member { scope: scope.clone(), row: Arc::new(row) };
        Ok(Some(MemberConnection::new(page, key, wrap)))
    }

    /// API keys, newest first, revoked ones for 90 days. ADMIN.
    #[graphql(directive = Page::apply())]
    async fn api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Organization by slug, for example `demo`; left out: the token's organization, else the server's default \
                    one."
        )]
        organization_slug: Option<String>,
        #[graphql(desc = "Page size from the start, 1 to 100. Without it: 20.")] first: Option<i32>,
        #[graphql(desc = "Items after this cursor of an earlier page.")] after: Option<Cursor>,
    ) -> Result<Option<ApiKeyConnection>, Error> {
        let scope = scope_of_slug(ctx, organization_slug.as_deref()).await?;
        let page = page_request(first, after.as_ref())?;
        let page = keys::list(&scope.ctx, &scope.services, &page).await?;
        let wrap = |row| ApiKey { scope: scope.clone(), row: Arc::new(row) };
        Ok(Some(ApiKeyConnection::new(page, |row| row.id, wrap)))
    }
}
