//! Root fields about who asks.

use async_graphql::{Context, Object};

use crate::domain::identity::{Action, Authorize};
use crate::graphql::context::scope_of_slug;
use crate::kernel::error::Error;

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
}
