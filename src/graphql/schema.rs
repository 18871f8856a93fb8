//! The roots, merged of their areas, and the SDL that is kept in the repository.

use async_graphql::extensions::ExtensionFactory;
use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions, Schema, SchemaBuilder, ValidationMode};

use super::availability::queries::AvailabilityQuery;
use super::availability::stream_types::StreamItem;
use super::availability::subscriptions::AvailabilitySubscription;
use super::bookings::mutations::BookingMutation;
use super::bookings::queries::BookingQuery;
use super::directory::mutations::DirectoryMutation;
use super::directory::queries::DirectoryQuery;
use super::identity::mutations::IdentityMutation;
use super::identity::queries::IdentityQuery;
use super::node::{Node, NodeQuery};
use super::user_error::UserError;

/// Everything that can be read. Root fields are nullable on purpose: one that fails does not take the others with it.
#[derive(MergedObject, Default)]
pub struct Query(NodeQuery, IdentityQuery, DirectoryQuery, AvailabilityQuery, BookingQuery);

/// Everything that can be changed. A business refusal is data in `userErrors`; nothing was changed then.
#[derive(MergedObject, Default)]
pub struct Mutation(BookingMutation, IdentityMutation, DirectoryMutation);

/// Everything that can be followed live.
#[derive(MergedSubscription, Default)]
pub struct Subscription(AvailabilitySubscription);

/// The schema that is served.
pub type ApiSchema = Schema<Query, Mutation, Subscription>;

/// Builds the schema that runs documents. They are held against limits and validated before, once each, so that it only
/// repeats what costs nothing.
#[must_use]
pub fn build() -> ApiSchema {
    builder().validation_mode(ValidationMode::Fast).finish()
}

/// Builds one that validates documents; what they would do is for `extension`.
#[must_use]
pub fn validating(extension: impl ExtensionFactory) -> ApiSchema {
    builder().extension(extension).finish()
}

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .register_output_type::<Node>()
        .register_output_type::<StreamItem>()
        .register_output_type::<UserError>()
        .disable_suggestions()
}

/// The SDL of the schema, types sorted by name, as `schema.graphql` holds it.
#[must_use]
pub fn sdl() -> String {
    let options = SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items().include_specified_by();
    format!("{}\n", build().sdl_with_options(options).trim())
}
