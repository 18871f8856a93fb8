//! The one way to run an operation, on every transport: limits, quotas, context and loaders are made here.

mod request;
mod traffic;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response, Value, value};
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio_util::task::TaskTracker;

use crate::config::{GraphqlLimits, Introspection};
use crate::domain::Services;
use crate::domain::identity::session::{Session, Watch};
use crate::kernel::error::Error;
use crate::kernel::ids::RequestId;
use crate::live::Hub;

use super::context::Operation;
use super::documents::Documents;
use super::inputs::InputTypes;
use super::limits::TypeMap;
use super::schema::ApiSchema;
use super::{batch, error};

pub use request::{Checked, Transport};
pub use traffic::{Admission, Answer, Entered, Rate, Traffic};

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
    introspection: Introspection,
    services: Arc<Services>,
    hub: Hub,
    limits: GraphqlLimits,
    traffic: Traffic,
    tasks: TaskTracker,
    longest: Duration,
}

/// What a gateway is made of.
pub struct Parts {
    /// What can be asked.
    pub schema: ApiSchema,
    /// What documents are read by.
    pub documents: Documents,
    /// Types of the schema.
    pub types: Arc<TypeMap>,
    /// Its inputs.
    pub inputs: Arc<InputTypes>,
    /// Who may ask what it is.
    pub introspection: Introspection,
    /// The domain.
    pub services: Arc<Services>,
    /// Live changes.
    pub hub: Hub,
    /// What a document may ask.
    pub limits: GraphqlLimits,
    /// How much may run.
    pub traffic: Traffic,
    /// What operations run on, so that closing it at shutdown waits for what is in flight.
    pub tasks: TaskTracker,
    /// The time after which a caller is told TIMEOUT; a mutation goes on all the same.
    pub longest: Duration,
}

/// Ends a task when the one who waits for it goes away.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Gateway {
    /// Puts the schema in front of the domain.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { schema, documents, types, inputs, introspection, services, hub, limits, traffic, tasks, longest } =
            parts;
        let inner =
            Inner { schema, documents, types, inputs, introspection, services, hub, limits, traffic, tasks, longest };
        Self { inner: Arc::new(inner) }
    }

    /// Listens for changes of rights, for a session that is opened next.
    #[must_use]
    pub fn watch(&self) -> Watch {
        self.inner.services.sessions.watch()
    }

    /// Judges the credential of a request or a socket that comes from an address.
    ///
    /// # Errors
    /// `Unauthenticated` for one that is no good, `RateLimited` for too many of them from one address, `Unavailable` while
    /// nobody can tell.
    pub async fn open(&self, token: Option<&str>, address: IpAddr) -> Result<Session, Error> {
        match self.inner.services.sessions.open(token).await {
            Err(Error::Unauthenticated) => {
                self.inner.traffic.charge_address(address).await?;
                Err(Error::Unauthenticated)
            }
            opened => opened,
        }
    }

    /// When the session's credential ends.
    #[must_use]
    pub fn expires_at(session: &Session) -> Option<DateTime<Utc>> {
        session.expires_at()
    }

    /// A place among the operations under way.
    ///
    /// # Errors
    /// `Busy` when all are taken.
    pub fn admit(&self) -> Result<Admission, Error> {
        self.inner.traffic.admit()
    }

    /// Counts a request before anything of it is looked at: reading it is work too.
    ///
    /// # Errors
    /// The answer to give when the caller's quota is used up.
    pub async fn enter(&self, session: &Session, transport: &Transport) -> Result<Entered, Box<Answer>> {
        let entered = self.inner.traffic.enter(session, transport.address).await;
        entered.map_err(|verdict| Box::new(too_many(verdict, transport.request_id)))
    }

    /// The answer to a request that does not run.
    #[must_use]
    pub fn refuse(&self, entered: Entered, response: Response) -> Answer {
        Answer { response: with_rate(response, entered.rate.as_ref()), rate: entered.rate, refused: None }
    }

    /// Runs a query or a mutation on its own task, if the caller's quota allows it: a client that goes away cannot stop it
    /// half-way.
    pub async fn execute(
        &self,
        session: &Session,
        mut checked: Checked,
        entered: Entered,
        admission: Admission,
    ) -> Answer {
        let (inner, request_id) = (self.inner.clone(), checked.transport.request_id);
        let rate = match inner.traffic.charge(entered, checked.cost).await {
            Ok(rate) => rate,
            Err(verdict) => return too_many(verdict, request_id),
        };
        if let Some((hash, text)) = checked.new.take() {
            inner.documents.keep(hash, text).await;
        }
        let (session, is_query) = (session.clone(), checked.kind == OperationType::Query);
        let run = async move {
            let response = inner.run(session, checked).await;
            drop(admission);
            response
        };
        let task = self.inner.tasks.spawn(run);
        // Nobody needs the answer of a query that nobody waits for; a mutation goes on.
        let guard = is_query.then(|| AbortOnDrop(task.abort_handle()));
        let ended = tokio::time::timeout(self.inner.longest, task).await;
        drop(guard);
        let answer = match ended {
            Err(_) => Answer::refused(Error::Timeout, request_id),
            Ok(Ok(Ok(response))) => Answer { response, rate: None, refused: None },
            Ok(Ok(Err(error))) => Answer::refused(error, request_id),
            Ok(Err(failed)) => Answer::refused(Error::internal(failed), request_id),
        };
        Answer { response: with_rate(answer.response, rate.as_ref()), rate, refused: answer.refused }
    }

    /// Runs a subscription, if the caller's quota allows it; dropping the stream ends it.
    pub fn execute_stream(&self, session: &Session, checked: Checked) -> BoxStream<'static, Response> {
        let (inner, session, request_id) = (self.inner.clone(), session.clone(), checked.transport.request_id);
        let (asked, gateway) = (checked.asked.clone(), self.inner.clone());
        let start = async move {
            let charged = async {
                let entered = inner.traffic.enter(&session, checked.transport.address).await?;
                inner.traffic.charge(entered, checked.cost).await
            };
            let refused = match charged.await {
                Err(verdict) => too_many(verdict, request_id).response,
                Ok(_) => match inner.operation(session, checked.transport, request_id).await {
                    Ok(operation) => return inner.schema.execute_stream(checked.request.data(operation)),
                    Err(error) => error::refusal(&error, request_id),
                },
            };
            futures_util::stream::once(async move { refused }).boxed()
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
    /// What was run; an error is for the whole of it, before anything has happened.
    async fn run(&self, session: Session, checked: Checked) -> Result<Response, Error> {
        let request_id = checked.transport.request_id;
        let operation = self.operation(session, checked.transport, request_id).await?;
        let mut response = batch::scope(self.schema.execute(checked.request.data(operation.clone()))).await;
        self.tasks.spawn(async move { operation.saw_caller().await });
        checked.asked.shape(&self.types, &mut response);
        error::finish(&mut response, request_id);
        Ok(response.extension("cost", self.told(checked.cost)))
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

fn with_rate(response: Response, rate: Option<&Rate>) -> Response {
    match rate {
        Some(rate) => response.extension("rateLimit", traffic::told(rate)),
        None => response,
    }
}

fn too_many(verdict: Rate, request_id: RequestId) -> Answer {
    let refused = Answer::refused(Error::RateLimited(verdict.retry_after), request_id);
    let response = with_rate(refused.response, Some(&verdict));
    Answer { response, rate: Some(verdict), ..refused }
}
