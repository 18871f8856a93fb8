//! The one way to run an operation, on every transport: limits, context and loaders are made here.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{Request, Response};
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
use super::limits::{self, TypeMap};
use super::response::Asked;
use super::schema::{self, ApiSchema};
use super::{batch, error};

/// Runs operations; cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    schema: ApiSchema,
    types: TypeMap,
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

/// What a transport knows of a request besides its document.
#[derive(Clone, Debug, Default)]
pub struct Transport {
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
    /// A GET request, which may carry queries only.
    pub is_get: bool,
}

/// Which sort of operation a document asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sort {
    /// One answer.
    Single,
    /// A stream of answers.
    Stream,
}

/// An operation that was checked and may run.
pub struct Checked {
    request: Request,
    transport: Transport,
    asked: Arc<Asked>,
    is_query: bool,
    /// One answer or many.
    pub sort: Sort,
}

impl Gateway {
    /// Puts the schema in front of the domain. Operations run on `tasks`, so that closing them at shutdown waits for what
    /// is in flight. `longest` is the time after which a caller is told TIMEOUT; a mutation goes on all the same.
    ///
    /// # Errors
    /// `Internal` when the schema's own SDL cannot be read, which is a defect.
    pub fn new(
        services: Arc<Services>,
        hub: Hub,
        limits: GraphqlLimits,
        tasks: TaskTracker,
        longest: Duration,
    ) -> Result<Self, Error> {
        let types = TypeMap::of(&schema::sdl()).map_err(Error::internal)?;
        Ok(Self { inner: Arc::new(Inner { schema: schema::build(), types, services, hub, limits, tasks, longest }) })
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

    /// Parses a document and holds it against the limits, before anything runs.
    ///
    /// # Errors
    /// The answer to give instead.
    pub fn check(&self, mut request: Request, transport: Transport) -> Result<Checked, Box<Response>> {
        limits::nesting(&request.query).map_err(|error| Box::new(error::refusal(&error, RequestId::random())))?;
        let (kind, asked) = {
            let document = request.parsed_query().map_err(|error| {
                let mut response = Response::from_errors(vec![error]);
                error::finish(&mut response, RequestId::random());
                Box::new(response)
            })?;
            let document: ExecutableDocument = document.clone();
            let kind = self
                .measure(&request, &document, &transport)
                .map_err(|error| Box::new(error::refusal(&error, RequestId::random())))?;
            fill_defaults(&mut request, &document);
            (kind, Arc::new(Asked::of(&request, document)))
        };
        let sort = if kind == OperationType::Subscription { Sort::Stream } else { Sort::Single };
        Ok(Checked { request, transport, asked, is_query: kind == OperationType::Query, sort })
    }

    fn measure(
        &self,
        request: &Request,
        document: &ExecutableDocument,
        by: &Transport,
    ) -> Result<OperationType, Error> {
        let operation = limits::operation(document, request.operation_name.as_deref())?;
        let found = limits::check(document, operation, &request.variables, &self.inner.types, &self.inner.limits)?;
        if by.is_get && operation.ty != OperationType::Query {
            return Err(Error::invalid("query", "must be a query when it is sent by GET"));
        }
        if by.idempotency_key.is_some() && operation.ty == OperationType::Mutation && found.data_fields > 1 {
            return Err(Error::invalid("Idempotency-Key", "cannot stand for more than one mutation field"));
        }
        Ok(operation.ty)
    }

    /// Runs a query or a mutation on its own task: a client that goes away cannot stop it half-way.
    pub async fn execute(&self, session: &Session, checked: Checked) -> Response {
        let (inner, session, request_id) = (self.inner.clone(), session.clone(), RequestId::random());
        let is_query = checked.is_query;
        let run = async move {
            let operation = match inner.operation(session, checked.transport, request_id).await {
                Ok(operation) => operation,
                Err(error) => return error::refusal(&error, request_id),
            };
            let mut response = batch::scope(inner.schema.execute(checked.request.data(operation.clone()))).await;
            inner.tasks.spawn(async move { operation.saw_caller().await });
            checked.asked.shape(&inner.types, &mut response);
            error::finish(&mut response, request_id);
            response
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
        let (inner, session, request_id) = (self.inner.clone(), session.clone(), RequestId::random());
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

/// Gives variables that were left out their defaults: the executor would take them as null in `@skip` and `@include`.
fn fill_defaults(request: &mut Request, document: &ExecutableDocument) {
    let Ok(operation) = limits::operation(document, request.operation_name.as_deref()) else { return };
    for definition in operation.variable_definitions.iter().map(|definition| &definition.node) {
        if let Some(default) = &definition.default_value {
            request.variables.entry(definition.name.node.clone()).or_insert_with(|| default.node.clone());
        }
    }
}

impl Inner {
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
