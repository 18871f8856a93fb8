//! The gateway, put together from the configuration.

use std::sync::Arc;

use tokio_util::task::TaskTracker;

use crate::config::{Config, Secret};
use crate::domain::Services;
use crate::graphql::Gateway;
use crate::graphql::documents::{Documents, Sources};
use crate::graphql::executor::{Parts, Traffic};
use crate::graphql::inputs::InputTypes;
use crate::graphql::limits::TypeMap;
use crate::graphql::schema::ApiSchema;
use crate::kernel::error::Error;
use crate::kernel::time::Clock;
use crate::kv::{DocumentStore, Line, Quota, RateLimit};
use crate::live::Hub;

use super::AppError;

/// A gateway whose operations run on `tasks`; what replicas share goes over `line`.
pub(super) fn gateway(
    config: &Config,
    services: Arc<Services>,
    hub: Hub,
    line: Option<&Arc<Line>>,
    tasks: TaskTracker,
) -> Result<Gateway, AppError> {
    let schema = if config.federation { ApiSchema::federated() } else { ApiSchema::standard() };
    let sdl = schema.sdl();
    let types = Arc::new(TypeMap::of(&sdl).map_err(Error::internal)?);
    let inputs = Arc::new(InputTypes::of(&sdl).map_err(Error::internal)?);
    let clock = services.clock.clone();
    let sources = Sources {
        takes_hashes: config.documents.takes_hashes,
        store: line.cloned().map(DocumentStore::new),
        clock: clock.clone(),
        trust: config.documents.trust,
    };
    let mut documents = Documents::new(&schema, types.clone(), inputs.clone(), config.limits, sources);
    if let Some(manifest) = config.documents.manifest.as_ref().map(Secret::expose) {
        documents = documents.trusting(manifest).map_err(AppError::Manifest)?;
    }
    Ok(Gateway::new(Parts {
        schema,
        documents,
        types,
        inputs,
        introspection: config.documents.introspection,
        services,
        hub,
        limits: config.limits,
        traffic: traffic(config, line, clock),
        tasks,
        longest: config.http.request_timeout,
    }))
}

fn traffic(config: &Config, line: Option<&Arc<Line>>, clock: Clock) -> Traffic {
    let quota = Quota { points: config.traffic.requests, window: config.traffic.window };
    let rate = (quota.points > 0).then(|| match line {
        Some(line) => RateLimit::shared(quota, line.clone()),
        None => RateLimit::local(quota),
    });
    Traffic::new(config.traffic.in_flight, rate, clock)
}
