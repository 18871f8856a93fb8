//! The one way to run an operation, on every transport: limits, context and loaders are made here.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::{OperationDefinition, OperationType};
use async_graphql::{Request, Response, Value, value};
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio_util::task::TaskTracker;

use crate::config::GraphqlLimits;
use crate::domain::Services;
use crate::domain::identity::session::{Session, Watch};
use crate::kernel::error::Error;
use crate::kernel::ids::RequestId;
use crate::live::Hub;

use super::context::Operation;
use super::documents::{Document, Documents, Unreadable};
use super::inputs::{self, InputTypes};
use super::limits::{self, TypeMap};
use super::response::Asked;
use super::schema::ApiSchema;
use super::{batch, error};

/// Runs operations; cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    schema: ApiSchema,
    documents: Documents,
    types: Arc<TypeMap>,
    inputs: Arc<InputTypes>,
    services: Arc<Services>,
    hub: Hub,
    limits: GraphqlLimits,
    tasks: TaskTracker,
    longest: Duration,
}

/// Ends a task when the one who waits for it goes away.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Where the extensions of a request hold the id of a document that is to be run in the place of a text.
pub const DOCUMENT_ID: &str = "documentId";

/// What a transport knows of a request besides its document.
#[derive(Clone, Debug)]
pub struct Transport {
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
    /// What the request is called.
    pub request_id: RequestId,
    /// Whom it comes from.
    pub address: IpAddr,
}

/// An operation that was checked and may run.
pub struct Checked {
    request: Request,
    transport: Transport,
    asked: Arc<Asked>,
    cost: usize,
    /// Query, mutation or subscription.
    pub kind: OperationType,
}

impl Gateway {
    /// Puts the schema in front of the domain. Operations run on `tasks`, so that closing them at shutdown waits for what
    /// is in flight. `longest` is the time after which a caller is told TIMEOUT; a mutation goes on all the same.
    ///
    /// # Errors
    /// `Internal` when the schema's own SDL cannot be read, which is a defect.
    pub fn new(
        schema: ApiSchema,
        services: Arc<Services>,
        hub: Hub,
        limits: GraphqlLimits,
        tasks: TaskTracker,
        longest: Duration,
    ) -> Result<Self, Error> {
        let sdl = schema.sdl();
        let types = Arc::new(TypeMap::of(&sdl).map_err(Error::internal)?);
        let inputs = Arc::new(InputTypes::of(&sdl).map_err(Error::internal)?);
        let documents = Documents::new(&schema, types.clone(), inputs.clone(), limits);
        Ok(Self { inner: Arc::new(Inner { schema, documents, types, inputs, services, hub, limits, tasks, longest }) })
    }

    /// Listens for changes of rights, for a session that is opened next.
    #[must_use]
    pub fn watch(&self) -> Watch {
        self.inner.services.sessions.watch()
    }

    /// Judges the credential of a request or a socket.
    ///
    /// # Errors
    /// `Unauthenticated` for one that is no good, `Unavailable` while nobody can tell.
    pub async fn open(&self, token: Option<&str>) -> Result<Session, Error> {
        self.inner.services.sessions.open(token).await
    }

    /// When the session's credential ends.
    #[must_use]
    pub fn expires_at(session: &Session) -> Option<DateTime<Utc>> {
        session.expires_at()
    }

    /// Reads a document and holds it, the operation that is meant, and its variables against the limits and types, before
    /// anything runs.
    ///
    /// # Errors
    /// The answer to give instead.
    pub fn check(&self, request: Request, transport: &Transport) -> Result<Checked, Box<Response>> {
        let checked = match self.inner.documents.read(&request.query) {
            Ok(document) => self.inner.checked(request, document, transport).map_err(Unreadable::Refused),
            Err(unreadable) => Err(unreadable),
        };
        checked.map_err(|unreadable| {
            Box::new(match unreadable {
                Unreadable::Refused(error) => error::refusal(&error, transport.request_id),
                Unreadable::Invalid(errors) => {
                    let mut response = Response::from_errors(errors);
                    error::finish(&mut response, transport.request_id);
                    response
                }
            })
        })
    }

    /// Runs a query or a mutation on its own task: a client that goes away cannot stop it half-way.
    pub async fn execute(&self, session: &Session, checked: Checked) -> Response {
        let (inner, session, request_id) = (self.inner.clone(), session.clone(), checked.transport.request_id);
        let is_query = checked.kind == OperationType::Query;
        let run = async move {
            let operation = match inner.operation(session, checked.transport, request_id).await {
                Ok(operation) => operation,
                Err(error) => return error::refusal(&error, request_id),
            };
            let mut response = batch::scope(inner.schema.execute(checked.request.data(operation.clone()))).await;
            inner.tasks.spawn(async move { operation.saw_caller().await });
            checked.asked.shape(&inner.types, &mut response);
            error::finish(&mut response, request_id);
            response.extension("cost", inner.told(checked.cost))
        };
        let task = self.inner.tasks.spawn(run);
        // Nobody needs the answer of a query that nobody waits for; a mutation goes on.
        let guard = is_query.then(|| AbortOnDrop(task.abort_handle()));
        let ended = tokio::time::timeout(self.inner.longest, task).await;
        drop(guard);
        match ended {
            Err(_) => error::refusal(&Error::Timeout, request_id),
            Ok(Ok(response)) => response,
            Ok(Err(failed)) => error::refusal(&Error::internal(failed), request_id),
        }
    }

    /// Runs a subscription; dropping the stream ends it.
    pub fn execute_stream(&self, session: &Session, checked: Checked) -> BoxStream<'static, Response> {
        let (inner, session, request_id) = (self.inner.clone(), session.clone(), checked.transport.request_id);
        let (asked, gateway) = (checked.asked.clone(), self.inner.clone());
        let start = async move {
            match inner.operation(session, checked.transport, request_id).await {
                Ok(operation) => {
                    let stream = inner.schema.execute_stream(checked.request.data(operation));
                    stream.left_stream()
                }
                Err(error) => {
                    let refusal = error::refusal(&error, request_id);
                    futures_util::stream::once(async move { refusal }).right_stream()
                }
            }
        };
        futures_util::stream::once(start)
            .flatten()
            .map(move |mut response| {
                asked.shape(&gateway.types, &mut response);
                error::finish(&mut response, request_id);
                response
            })
            .boxed()
    }
}

impl Inner {
    fn checked(&self, mut request: Request, document: Arc<Document>, transport: &Transport) -> Result<Checked, Error> {
        let operation = limits::operation(&document.parsed, request.operation_name.as_deref())?;
        fill_defaults(&mut request, operation);
        let given = &request.variables;
        let found = limits::operation_within(&document.parsed, operation, given, &self.types, &self.limits)?;
        inputs::variables(operation, given, &self.inputs, self.limits.list)?;
        inputs::late(&document.late, given, &self.inputs, self.limits.list)?;
        let kind = operation.ty;
        if transport.idempotency_key.is_some() && kind == OperationType::Mutation && found.data_fields > 1 {
            return Err(Error::invalid("Idempotency-Key", "cannot stand for more than one mutation field"));
        }
        request.set_parsed_query(document.parsed.clone());
        let asked = Arc::new(Asked::of(&request, document));
        Ok(Checked { request, transport: transport.clone(), asked, kind, cost: found.cost })
    }

    /// `extensions.cost`.
    fn told(&self, cost: usize) -> Value {
        value!({ "requested": cost, "limit": self.limits.cost })
    }

    async fn operation(
        &self,
        session: Session,
        transport: Transport,
        request_id: RequestId,
    ) -> Result<Arc<Operation>, Error> {
        let caller = self.services.sessions.caller(&session, request_id).await?;
        let (services, hub) = (self.services.clone(), self.hub.clone());
        Ok(Arc::new(Operation::new(caller, session, services, hub, transport.idempotency_key)))
    }
}

/// Gives variables that were left out their defaults: the executor would take them as null in `@skip` and `@include`.
fn fill_defaults(request: &mut Request, operation: &OperationDefinition) {
    for definition in operation.variable_definitions.iter().map(|definition| &definition.node) {
        if let Some(default) = &definition.default_value {
            request.variables.entry(definition.name.node.clone()).or_insert_with(|| default.node.clone());
        }
    }
}
