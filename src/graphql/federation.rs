//! What a router of Apollo Federation asks beyond the schema: the SDL of the subgraph, and things by their keys.
//!
//! Both fields are our own, not those that async-graphql adds as soon as it knows of an entity: those fail altogether when
//! one representation does, and their errors do not tell which one it was. So the library knows of no keys, and they are
//! put into the SDL here; `schema.federation.graphql` holds the outcome, which is tried by composing a supergraph of it.

use std::sync::LazyLock;

use async_graphql::{
    Context, ID, InputValueError, InputValueResult, Object, Scalar, ScalarType, SimpleObject, Union, Value,
};
use futures_util::future::join_all;

use crate::kernel::error::Error;
use crate::kernel::ids::{BookingId, LocationId, ProviderId, RowId, ServiceId, SlotId};

use super::availability::types::Slot;
use super::bookings::types::Booking;
use super::context::parse_any_id;
use super::cost::AsManyAs;
use super::directory::types::{Location, Provider, Service};
use super::node::{self, Node};
use super::schema::ApiSchema;

/// The types that other subgraphs may refer to and extend, and the letter of their ids.
const ENTITIES: [(&str, u8); 5] = [
    (BookingId::TYPE, BookingId::KIND),
    (LocationId::TYPE, LocationId::KIND),
    (ProviderId::TYPE, ProviderId::KIND),
    (ServiceId::TYPE, ServiceId::KIND),
    (SlotId::TYPE, SlotId::KIND),
];

const LINK: &str = r#"extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])"#;

static SDL: LazyLock<String> = LazyLock::new(|| with_keys(&ApiSchema::standard().sdl()));

/// The SDL of the subgraph, as `schema.federation.graphql` holds it.
#[must_use]
pub fn sdl() -> &'static str {
    &SDL
}

fn with_keys(sdl: &str) -> String {
    let mut text = format!("{LINK}\n\n");
    for line in sdl.lines() {
        let name = line.strip_prefix("type ").and_then(|rest| rest.split(' ').next());
        match line.strip_suffix(" {") {
            Some(head) if name.is_some_and(|name| ENTITIES.iter().any(|(entity, _)| *entity == name)) => {
                text.extend([head, r#" @key(fields: "id") {"#]);
            }
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

/// Names one entity: `{ "__typename": "Provider", "id": "…" }`.
pub struct Representation(Value);

/// Names one entity by its type and key: `{ "__typename": "Provider", "id": "…" }`. Other fields are not looked at.
#[Scalar(name = "_Any")]
impl ScalarType for Representation {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::Object(_) => Ok(Self(value)),
            _ => Err(InputValueError::custom("is no representation: it must be an object")),
        }
    }

    fn to_value(&self) -> Value {
        self.0.clone()
    }
}

impl Representation {
    fn text(&self, name: &str) -> Option<&str> {
        match &self.0 {
            Value::Object(fields) => match fields.get(name)? {
                Value::String(text) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// The same read as that of `node`, so the same rights: what the viewer may not know is nothing.
    async fn find(&self, ctx: &Context<'_>) -> Result<Option<Entity>, Error> {
        let known = |name| ENTITIES.into_iter().find(|(entity, _)| *entity == name);
        let (name, kind) = self
            .text("__typename")
            .and_then(known)
            .ok_or_else(|| Error::invalid("representations", "must have the `__typename` of an entity"))?;
        let id = ID::from(self.text("id").unwrap_or_default());
        let malformed = || Error::invalid("representations", format!("must have the `id` of a {name}"));
        let id = parse_any_id("representations", &id).map_err(|_| malformed())?;
        if id.kind() != kind {
            return Err(malformed());
        }
        Ok(node::find(ctx, id).await?.and_then(Entity::of))
    }
}

/// What has a key.
#[derive(Union)]
#[graphql(name = "_Entity")]
pub enum Entity {
    /// A visit.
    Booking(Booking),
    /// A place.
    Location(Location),
    /// A person who can be booked.
    Provider(Provider),
    /// What is booked.
    Service(Service),
    /// A bookable cell.
    Slot(Slot),
}

impl Entity {
    fn of(node: Node) -> Option<Self> {
        Some(match node {
            Node::Booking(booking) => Self::Booking(booking),
            Node::Location(location) => Self::Location(location),
            Node::Provider(provider) => Self::Provider(provider),
            Node::Service(service) => Self::Service(service),
            Node::Slot(slot) => Self::Slot(slot),
            _ => return None,
        })
    }
}

/// This subgraph.
#[derive(SimpleObject)]
#[graphql(name = "_Service")]
pub struct Subgraph {
    /// Its schema, with keys.
    sdl: &'static str,
}

/// Root fields of a subgraph.
#[derive(Default)]
pub struct EntityQuery;

/// Root fields of a subgraph.
#[Object]
impl EntityQuery {
    /// This subgraph.
    #[graphql(name = "_service")]
    async fn service(&self) -> Subgraph {
        Subgraph { sdl: sdl() }
    }

    /// Things by their keys, in the order of `representations`; null where the viewer may not know one. One that is
    /// malformed is null too, with an error that says which.
    #[graphql(name = "_entities", directive = AsManyAs::apply("representations"))]
    async fn entities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Types and ids.")] representations: Vec<Representation>,
    ) -> Vec<Option<Result<Entity, Error>>> {
        let found = representations.iter().map(|representation| representation.find(ctx));
        join_all(found).await.into_iter().map(Result::transpose).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{ENTITIES, LINK, sdl};
    use crate::graphql::schema::ApiSchema;

    #[test]
    fn each_entity_has_one_key_and_nothing_else_is_added() {
        for (name, _) in ENTITIES {
            assert_eq!(sdl().matches(&format!("\ntype {name} implements Node @key(fields: \"id\") {{\n")).count(), 1);
        }
        let without = sdl().replace(" @key(fields: \"id\")", "").replace(&format!("{LINK}\n\n"), "");
        assert!(without == ApiSchema::standard().sdl());
    }

    #[test]
    fn served_schema_differs_by_the_fields_of_a_subgraph_only() {
        let (standard, federated) = (ApiSchema::standard().sdl(), ApiSchema::federated().sdl());
        let added: Vec<&str> = federated.lines().filter(|line| !standard.contains(*line)).collect();
        let of_a_subgraph = [
            "scalar _Any",
            "union _Entity = Booking | Location | Provider | Service | Slot",
            "type _Service {",
            "\t_service: _Service!",
            "\tsdl: String!",
        ];
        for line in of_a_subgraph {
            assert!(added.contains(&line), "{line}: {added:#?}");
        }
        assert!(federated.contains("): [_Entity]!"));
        for line in standard.lines() {
            assert!(federated.contains(line), "{line}");
        }
    }
}
