//! Root fields of the directory.

use async_graphql::{Context, ID, Object};

use crate::domain::directory::{organizations, providers};
use crate::graphql::availability::queries::watermark_if_asked;
use crate::graphql::connection::page_request;
use crate::graphql::context::{scope_of_id, scope_of_slug};
use crate::graphql::cost::Page;
use crate::graphql::scalars::Cursor;
use crate::kernel::error::Error;
use crate::kernel::ids::{LocationId, ProviderId, ServiceId};

use super::inputs::ProviderFilterInput;
use super::types::{Location, Organization, Provider, ProviderConnection, Service};

/// Root fields of the directory.
#[derive(Default)]
pub struct DirectoryQuery;

/// Root fields of the directory.
#[Object]
impl DirectoryQuery {
    /// The organization and its public settings.
    async fn organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Slug, for example `demo`; left out: the token's organization, else the server's default one."
        )]
        slug: Option<String>,
    ) -> Result<Option<Organization>, Error> {
        let scope = scope_of_slug(ctx, slug.as_deref()).await?;
        let row = organizations::get(&scope.ctx, &scope.services).await?;
        Ok(Some(Organization { scope, row }))
    }

    /// Finds providers, by family name. Ask for `slots(first: 5)` inside to list each with the first free times in one
    /// request.
    #[graphql(directive = Page::apply())]
    async fn providers(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Organization by slug, for example `demo`. Guests and members of several organizations name it; left \
                    out: the token's organization, else the server's default one."
        )]
        organization_slug: Option<String>,
        #[graphql(desc = "Which ones; all active ones without it.")] filter: Option<ProviderFilterInput>,
        #[graphql(desc = "Page size from the start, 1 to 100. Without it: 20.")] first: Option<i32>,
        #[graphql(desc = "Items after this cursor of an earlier page with the same filter.")] after: Option<Cursor>,
    ) -> Result<Option<ProviderConnection>, Error> {
        let scope = scope_of_slug(ctx, organization_slug.as_deref()).await?;
        let filter = filter.unwrap_or_default().parse()?;
        let page = page_request(first, after.as_ref())?;
        let stream_cursor = watermark_if_asked(ctx, &scope).await?;
        let page = providers::list(&scope.ctx, &scope.services, &filter, &page).await?;
        let key = |row: &crate::domain::directory::Provider| (row.family_name.clone(), row.given_name.clone(), row.id);
        let wrap = |row| Provider { scope: scope.clone(), row: std::sync::Arc::new(row) };
        Ok(Some(ProviderConnection::new(page, stream_cursor, key, wrap)))
    }

    /// One provider.
    async fn provider(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global id.")] id: ID,
    ) -> Result<Option<Provider>, Error> {
        let (scope, id) = scope_of_id::<ProviderId>(ctx, "id", &id)?;
        let row = scope.loaders.providers.one(id).await?.ok_or(Error::NotFound)?;
        Ok(Some(Provider { scope, row }))
    }

    /// One location.
    async fn location(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global id.")] id: ID,
    ) -> Result<Option<Location>, Error> {
        let (scope, id) = scope_of_id::<LocationId>(ctx, "id", &id)?;
        let row = scope.loaders.locations.one(id).await?.ok_or(Error::NotFound)?;
        Ok(Some(Location { scope, row }))
    }

    /// One service.
    async fn service(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global id.")] id: ID,
    ) -> Result<Option<Service>, Error> {
        let (scope, id) = scope_of_id::<ServiceId>(ctx, "id", &id)?;
        let row = scope.loaders.services.one(id).await?.ok_or(Error::NotFound)?;
        Ok(Some(Service { scope, row }))
    }
}
