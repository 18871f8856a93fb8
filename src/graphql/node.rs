//! Anything by its id.

use async_graphql::{Context, ID, Interface, Object};

use crate::domain::directory::organizations;
use crate::kernel::error::Error;
use crate::kernel::ids::{
    AnyId, ApiKeyId, BookingId, LocationId, MemberId, OrganizationId, PatientId, ProviderId, RowId, ServiceId, SlotId,
    UserId,
};

use super::availability::stream_types::SlotChange;
use super::availability::types::Slot;
use super::bookings::types::Booking;
use super::context::{operation, parse_any_id};
use super::cost::AsManyAs;
use super::directory::types::{Location, Organization, Provider, Service};
use super::identity::api_keys::ApiKey;
use super::identity::members::Member;
use super::identity::types::{Patient, Viewer};

/// Anything with a global id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Global id: opaque, stable for life, the same on every transport."))]
pub enum Node {
    /// An organization.
    Organization(Organization),
    /// A provider.
    Provider(Provider),
    /// A location.
    Location(Location),
    /// A service.
    Service(Service),
    /// A slot.
    Slot(Slot),
    /// A booking.
    Booking(Booking),
    /// A patient.
    Patient(Patient),
    /// A principal.
    Viewer(Viewer),
    /// A member.
    Member(Member),
    /// An API key.
    ApiKey(ApiKey),
    /// A change.
    SlotChange(SlotChange),
}

/// Root fields that find anything.
#[derive(Default)]
pub struct NodeQuery;

/// Root fields that find anything.
#[Object]
impl NodeQuery {
    /// Anything by its id. Null when it does not exist or the viewer may not know it.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "Global id.")] id: ID) -> Option<Result<Node, Error>> {
        async { find(ctx, parse_any_id("id", &id)?).await }.await.transpose()
    }

    /// Many things by id, in the order of `ids`; null where the viewer may not know one.
    #[graphql(directive = AsManyAs::apply("ids"))]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 100 global ids.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>, Error> {
        if ids.len() > 100 {
            return Err(Error::invalid("ids", "must have at most 100 ids"));
        }
        let ids = ids.iter().map(|id| parse_any_id("ids", id)).collect::<Result<Vec<_>, _>>()?;
        futures_util::future::try_join_all(ids.into_iter().map(|id| find(ctx, id))).await
    }
}

/// Finds a row of any kind. What the viewer may not know is nothing, whatever the reason.
pub(super) async fn find(ctx: &Context<'_>, id: AnyId) -> Result<Option<Node>, Error> {
    match load(ctx, id).await {
        Err(Error::NotFound | Error::Forbidden | Error::Unauthenticated) => Ok(None),
        found => found,
    }
}

/// Ids of kinds that cannot be looked up name nothing.
async fn load(ctx: &Context<'_>, id: AnyId) -> Result<Option<Node>, Error> {
    let scope = operation(ctx)?.within(id.organization)?;
    let loaders = &scope.loaders;
    let scope = scope.clone();
    Ok(match id.kind() {
        OrganizationId::KIND if id.row::<OrganizationId>() == id.organization => {
            let row = organizations::get(&scope.ctx, &scope.services).await?;
            Some(Node::Organization(Organization { scope, row }))
        }
        // Nobody finds anybody but themselves.
        UserId::KIND if id.row::<UserId>() == Viewer::user(&scope) => {
            organizations::get(&scope.ctx, &scope.services).await?;
            Some(Node::Viewer(Viewer { scope }))
        }
        ProviderId::KIND => loaders.providers.one(id.row()).await?.map(|row| Node::Provider(Provider { scope, row })),
        LocationId::KIND => loaders.locations.one(id.row()).await?.map(|row| Node::Location(Location { scope, row })),
        ServiceId::KIND => loaders.services.one(id.row()).await?.map(|row| Node::Service(Service { scope, row })),
        SlotId::KIND => loaders.slots.one(id.row()).await?.map(|slot| Node::Slot(Slot { scope, slot })),
        BookingId::KIND => loaders.bookings.one(id.row()).await?.map(|row| Node::Booking(Booking { scope, row })),
        PatientId::KIND => loaders.patients.one(id.row()).await?.map(|row| Node::Patient(Patient { scope, row })),
        MemberId::KIND => loaders.members.one(id.row()).await?.map(|row| Node::Member(Member { scope, row })),
        ApiKeyId::KIND => loaders.api_keys.one(id.row()).await?.map(|row| Node::ApiKey(ApiKey { scope, row })),
        _ => None,
    })
}
