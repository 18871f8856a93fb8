//! Sockets over the gateway: the same session, limits and executor as over HTTP.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use async_graphql::Request;
use async_graphql::parser::types::OperationType;
use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::domain::identity::session::{Session, Watch};
use crate::domain::identity::token::LEEWAY;
use crate::graphql::Gateway;
use crate::graphql::error::refusal;
use crate::graphql::executor::Transport;
use crate::kernel::error::Error;
use crate::kernel::ids::RequestId;

use super::protocol::transport_ws::{Payload, Refusal};
use super::ws::{Operation, SocketExecutor, bearer};

/// Runs what sockets ask for through the gateway.
#[derive(Clone)]
pub struct GatewaySockets(pub Gateway);

/// Who asks on a socket.
pub struct SocketSession {
    session: Session,
    address: IpAddr,
    watch: Mutex<Option<Watch>>,
}

impl SocketExecutor for GatewaySockets {
    type Session = SocketSession;

    async fn open(&self, payload: Payload, address: IpAddr) -> Result<SocketSession, Refusal> {
        let token = bearer(&payload)?;
        let watch = self.0.watch();
        match self.0.open(token, address).await {
            Ok(session) => Ok(SocketSession { session, address, watch: Mutex::new(Some(watch)) }),
            Err(Error::Unauthenticated) => Err(Refusal::Forbidden),
            // The credential may be good: nobody could tell.
            Err(_) => Err(Refusal::Unavailable),
        }
    }

    fn ended(&self, session: &SocketSession) -> BoxFuture<'static, ()> {
        let watch = session.watch.lock().unwrap_or_else(PoisonError::into_inner).take();
        let session = session.session.clone();
        async move {
            match watch {
                Some(watch) => watch.ended(&session).await,
                None => std::future::pending().await,
            }
        }
        .boxed()
    }

    fn expires_at(&self, session: &SocketSession) -> Option<DateTime<Utc>> {
        let ends_at = session.session.expires_at()?;
        // One that was taken only thanks to the leeway has that long.
        if ends_at > Utc::now() { Some(ends_at) } else { ends_at.checked_add_signed(LEEWAY) }
    }

    fn run(&self, session: &SocketSession, request: Request) -> Operation {
        let request_id = RequestId::random();
        let transport = Transport { idempotency_key: None, request_id, address: session.address };
        let (gateway, session) = (self.0.clone(), session.session.clone());
        let admission = match gateway.admit() {
            Ok(admission) => admission,
            Err(error) => return Operation::Refused(refusal(&error, request_id).errors),
        };
        let checked = match gateway.check(&session, request, &transport) {
            Ok(checked) if checked.kind == OperationType::Subscription => {
                return Operation::Stream(gateway.execute_stream(&session, checked));
            }
            checked => checked,
        };
        let answering = async move {
            let entered = match gateway.enter(&session, &transport).await {
                Ok(entered) => entered,
                Err(answer) => return answer.response,
            };
            match checked {
                Ok(checked) => gateway.execute(&session, checked, entered, admission).await.response,
                Err(refusal) => gateway.refuse(entered, *refusal).response,
            }
        };
        Operation::Single(answering.boxed())
    }
}
