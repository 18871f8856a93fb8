//! A request before it runs.

use std::net::IpAddr;
use std::sync::Arc;

use async_graphql::parser::types::{OperationDefinition, OperationType};
use async_graphql::{Request, Response};

use crate::config::Introspection;
use crate::domain::identity::session::Session;
use crate::graphql::documents::{Document, Hash, Unreadable};
use crate::graphql::response::Asked;
use crate::graphql::{error, inputs, limits};
use crate::kernel::actor::Principal;
use crate::kernel::error::Error;
use crate::kernel::ids::RequestId;

use super::{Gateway, Inner};

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
    pub(super) request: Request,
    pub(super) transport: Transport,
    pub(super) asked: Arc<Asked>,
    pub(super) cost: usize,
    /// A text to be kept for all replicas, once it is paid for.
    pub(super) new: Option<(Hash, String)>,
    /// Query, mutation or subscription.
    pub kind: OperationType,
}

fn is_open(introspection: Introspection, session: &Session) -> bool {
    match introspection {
        Introspection::Open => true,
        Introspection::SignedIn => session.principal() != Principal::Anonymous,
        Introspection::Closed => false,
    }
}

impl Gateway {
    /// As [`check`](Self::check), after a document that is named only by its hash was looked up where all replicas keep
    /// them; one that comes with its hash is kept there when it runs.
    ///
    /// # Errors
    /// The answer to give instead.
    pub async fn check_shared(
        &self,
        session: &Session,
        mut request: Request,
        transport: &Transport,
    ) -> Result<Checked, Box<Response>> {
        let new = self.inner.documents.look_up(&mut request).await;
        Ok(Checked { new, ..self.check(session, request, transport)? })
    }

    /// Reads a document and holds it, the operation that is meant, and its variables against the limits and types, before
    /// anything runs.
    ///
    /// # Errors
    /// The answer to give instead.
    pub fn check(&self, session: &Session, request: Request, transport: &Transport) -> Result<Checked, Box<Response>> {
        let is_open = is_open(self.inner.introspection, session);
        let checked = match self.inner.documents.of(&request) {
            Ok(document) => self.inner.checked(request, document, transport, is_open).map_err(Unreadable::Refused),
            // What is wrong with a document tells what would be right.
            Err(Unreadable::Invalid(_) | Unreadable::Values(_)) if !is_open => {
                Err(Error::invalid("query", "must be valid: the rules are not told while introspection is closed")
                    .into())
            }
            Err(unreadable) => Err(unreadable),
        };
        checked.map_err(|unreadable| {
            Box::new(match unreadable {
                Unreadable::Refused(error) | Unreadable::Values(error) => error::refusal(&error, transport.request_id),
                Unreadable::Invalid(errors) => {
                    let mut response = Response::from_errors(errors);
                    error::finish(&mut response, transport.request_id);
                    response
                }
            })
        })
    }
}

impl Inner {
    fn checked(
        &self,
        mut request: Request,
        document: Arc<Document>,
        transport: &Transport,
        is_open: bool,
    ) -> Result<Checked, Error> {
        let operation = limits::operation(&document.parsed, request.operation_name.as_deref())?;
        let name = limits::name_of(&document.parsed, operation);
        fill_defaults(&mut request, operation);
        let given = &request.variables;
        let found = limits::operation_within(&document.parsed, operation, given, &self.types, &self.limits)?;
        if found.asks_schema && !is_open {
            return Err(Error::invalid("query", "must not ask for the schema: introspection is closed"));
        }
        let sizes = inputs::Sizes { list: self.limits.list, string: self.limits.string };
        // Variable and argument are named in the document; what they are made of is the schema's to tell.
        let told = |steps| move |error| if is_open { error } else { untold(error, steps) };
        inputs::variables(operation, given, &self.inputs, sizes).map_err(told(2))?;
        inputs::late(&document.late, name.as_ref(), operation, given, &self.inputs, sizes).map_err(told(1))?;
        let kind = operation.ty;
        if transport.idempotency_key.is_some() && kind == OperationType::Mutation && found.data_fields > 1 {
            return Err(Error::invalid("Idempotency-Key", "cannot stand for more than one mutation field"));
        }
        request.set_parsed_query(inputs::without_missing(document.parsed.clone(), &request.variables));
        let asked = Arc::new(Asked::of(&request, document));
        Ok(Checked { request, transport: transport.clone(), asked, kind, cost: found.cost, new: None })
    }
}

/// What is wrong with a value, without the names of what it is made of: those beyond so many steps of its path.
fn untold(error: Error, steps: usize) -> Error {
    let Error::Invalid(faults) = error else { return error };
    let fault = faults.into_iter().next().map(|mut fault| {
        if fault.field.len() > steps {
            fault.field.truncate(steps);
            fault.rule = "must be valid for its type".to_owned();
        }
        fault
    });
    Error::Invalid(fault.into_iter().collect())
}

/// Gives variables that were left out their defaults: the executor would take them as null in `@skip` and `@include`.
fn fill_defaults(request: &mut Request, operation: &OperationDefinition) {
    for definition in operation.variable_definitions.iter().map(|definition| &definition.node) {
        if let Some(default) = &definition.default_value {
            request.variables.entry(definition.name.node.clone()).or_insert_with(|| default.node.clone());
        }
    }
}
