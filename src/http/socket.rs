//! Sockets over the gateway: the same session, limits and executor as over HTTP.

use async_graphql::Request;
use chrono::{DateTime, Utc};

use crate::domain::identity::session::Session;
use crate::domain::identity::token::LEEWAY;
use crate::graphql::Gateway;
use crate::graphql::executor::{Sort, Transport};
use crate::kernel::error::Error;

use super::protocol::transport_ws::{Payload, Refusal};
use super::ws::{Operation, SocketExecutor, bearer};

/// Runs what sockets ask for through the gateway.
#[derive(Clone)]
pub struct GatewaySockets(pub Gateway);

impl SocketExecutor for GatewaySockets {
    type Session = Session;

    async fn open(&self, payload: Payload) -> Result<Session, Refusal> {
        let token = bearer(&payload)?;
        self.0.open(token).await.map_err(|error| match error {
            Error::Unavailable => Refusal::Unavailable,
            _ => Refusal::Forbidden,
        })
    }

    fn expires_at(&self, session: &Session) -> Option<DateTime<Utc>> {
        let ends_at = session.expires_at()?;
        // One that was taken only thanks to the leeway has that long.
        if ends_at > Utc::now() { Some(ends_at) } else { ends_at.checked_add_signed(LEEWAY) }
    }

    fn run(&self, session: &Session, request: Request) -> Operation {
        let checked = match self.0.check(request, Transport::default()) {
            Ok(checked) => checked,
            Err(refusal) => return Operation::Refused(refusal.errors),
        };
        match checked.sort {
            Sort::Stream => Operation::Stream(self.0.execute_stream(session, checked)),
            Sort::Single => {
                let (gateway, session) = (self.0.clone(), session.clone());
                Operation::Single(Box::pin(async move { gateway.execute(&session, checked).await }))
            }
        }
    }
}
