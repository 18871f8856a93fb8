//! The roots, merged of their areas, and the SDL that is kept in the repository.

use async_graphql::extensions::ExtensionFactory;
use async_graphql::{
    MergedObject, MergedSubscription, ObjectType, Request, Response, SDLExportOptions, Schema, SchemaBuilder,
    ValidationMode,
};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::availability::queries::AvailabilityQuery;
use super::availability::stream_types::StreamItem;
use super::availability::subscriptions::AvailabilitySubscription;
use super::bookings::mutations::BookingMutation;
use super::bookings::queries::BookingQuery;
use super::directory::mutations::DirectoryMutation;
use super::directory::queries::DirectoryQuery;
use super::federation::EntityQuery;
use super::identity::mutations::IdentityMutation;
use super::identity::queries::IdentityQuery;
use super::node::{Node, NodeQuery};
use super::user_error::UserError;

/// What every root of queries has.
#[derive(MergedObject, Default)]
pub struct CommonQuery(NodeQuery, IdentityQuery, DirectoryQuery, AvailabilityQuery, BookingQuery);

/// Everything that can be read. Root fields are nullable on purpose: one that fails does not take the others with it.
#[derive(MergedObject, Default)]
pub struct Query(CommonQuery);

/// Everything that can be read. Root fields are nullable on purpose: one that fails does not take the others with it.
#[derive(MergedObject, Default)]
#[graphql(name = "Query")]
pub struct FederatedQuery(CommonQuery, EntityQuery);

/// Everything that can be changed. A business refusal is data in `userErrors`; nothing was changed then.
#[derive(MergedObject, Default)]
pub struct Mutation(BookingMutation, IdentityMutation, DirectoryMutation);

/// Everything that can be followed live.
#[derive(MergedSubscription, Default)]
pub struct Subscription(AvailabilitySubscription);

/// Levels that the executor would go down.
const RECURSION: usize = 256;

/// The schema that is served. Limits are kept by the executor, so that they hold on every transport and before anything
/// runs.
pub enum ApiSchema {
    /// What `schema.graphql` holds.
    Standard(Schema<Query, Mutation, Subscription>),
    /// The same, and what a router of Apollo Federation asks.
    Federated(Schema<FederatedQuery, Mutation, Subscription>),
}

impl ApiSchema {
    /// Builds what `schema.graphql` holds. Documents are validated before, once each, so that it only repeats what costs
    /// nothing.
    #[must_use]
    pub fn standard() -> Self {
        Self::Standard(builder(Query::default()).validation_mode(ValidationMode::Fast).finish())
    }

    /// Builds the same with `_service` and `_entities`.
    #[must_use]
    pub fn federated() -> Self {
        Self::Federated(builder(FederatedQuery::default()).validation_mode(ValidationMode::Fast).finish())
    }

    /// Builds one of the same roots that validates documents; what they would do is for `extension`.
    #[must_use]
    pub fn validating(&self, extension: impl ExtensionFactory) -> Self {
        match self {
            Self::Standard(_) => Self::Standard(builder(Query::default()).extension(extension).finish()),
            Self::Federated(_) => Self::Federated(builder(FederatedQuery::default()).extension(extension).finish()),
        }
    }

    /// Runs a query or a mutation.
    pub async fn execute(&self, request: Request) -> Response {
        match self {
            Self::Standard(schema) => schema.execute(request).await,
            Self::Federated(schema) => schema.execute(request).await,
        }
    }

    /// Runs a subscription.
    pub fn execute_stream(&self, request: Request) -> BoxStream<'static, Response> {
        match self {
            Self::Standard(schema) => schema.execute_stream(request).boxed(),
            Self::Federated(schema) => schema.execute_stream(request).boxed(),
        }
    }

    /// The SDL, types sorted by name, as `schema.graphql` holds it.
    #[must_use]
    pub fn sdl(&self) -> String {
        let options =
            SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items().include_specified_by();
        let text = match self {
            Self::Standard(schema) => schema.sdl_with_options(options),
            Self::Federated(schema) => schema.sdl_with_options(options),
        };
        format!("{}\n", text.trim())
    }
}

fn builder<Q: ObjectType + 'static>(query: Q) -> SchemaBuilder<Q, Mutation, Subscription> {
    Schema::build(query, Mutation::default(), Subscription::default())
        .register_output_type::<Node>()
        .register_output_type::<StreamItem>()
        .register_output_type::<UserError>()
        .disable_suggestions()
        // The limit of levels is ours, and below it.
        .limit_recursive_depth(RECURSION)
}
