//! A server on a free port with an executor whose operations do what their document says.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use async_graphql::{Request, Response, ServerError, value};
use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::routing::any;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{FutureExt, StreamExt, future, stream};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::protocol::transport_ws::{Payload, Refusal};
use crate::http::server::Place;
use crate::http::ws::{Operation, SocketExecutor, SocketSettings, Sockets, bearer};

use super::soon;

pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) drain: CancellationToken,
    pub(super) script: Script,
    tasks: TaskTracker,
}

impl Server {
    pub(super) async fn start(settings: SocketSettings) -> Self {
        let (drain, tasks, script) = (CancellationToken::new(), TaskTracker::new(), Script::default());
        let sockets = Sockets::new(script.clone(), settings, drain.clone(), tasks.clone());
        let upgrade = move |upgrade: WebSocketUpgrade| async move {
            sockets.upgrade(upgrade, [127, 0, 0, 1].into(), Place::any().expect("a place"))
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(axum::serve(listener, Router::new().route("/", any(upgrade))).into_future());
        Self { address, drain, script, tasks }
    }

    /// Waits until the task of every socket has ended.
    pub(super) async fn is_left_by_all(&self) {
        self.tasks.close();
        soon(self.tasks.wait()).await;
    }
}

/// Says when the token of a session ends.
pub(super) struct Session(Option<DateTime<Utc>>);

/// Feeds operations and sees them dropped.
#[derive(Clone)]
pub(super) struct Script {
    /// Ends the rights of everybody.
    pub(super) revoked: CancellationToken,
    feeds: Arc<Mutex<Vec<mpsc::UnboundedSender<u32>>>>,
    alive: Arc<watch::Sender<usize>>,
}

impl Default for Script {
    fn default() -> Self {
        Self { revoked: CancellationToken::new(), feeds: Arc::default(), alive: Arc::new(watch::Sender::new(0)) }
    }
}

struct Alive(Arc<watch::Sender<usize>>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.send_modify(|alive| *alive -= 1);
    }
}

impl Script {
    /// Waits until so many operations exist.
    pub(super) async fn lives(&self, operations: usize) {
        let mut alive = self.alive.subscribe();
        soon(alive.wait_for(|alive| *alive == operations)).await.expect("the script lives");
    }

    /// Gives a value to the operation that began as the `nth`, from 0; `false` when it is gone.
    pub(super) fn feed(&self, nth: usize, value: u32) -> bool {
        self.feeds.lock().expect("whole")[nth].send(value).is_ok()
    }

    /// Ends the operation that began as the `nth`, after what it was fed.
    pub(super) fn end(&self, nth: usize) {
        let closed = mpsc::unbounded_channel().0;
        self.feeds.lock().expect("whole")[nth] = closed;
    }

    fn fed(&self) -> stream::BoxStream<'static, Response> {
        let (feed, values) = mpsc::unbounded_channel();
        self.feeds.lock().expect("whole").push(feed);
        self.alive.send_modify(|alive| *alive += 1);
        let alive = Alive(self.alive.clone());
        stream::unfold((values, alive), |(mut values, alive)| async move {
            let value = values.recv().await?;
            Some((Response::new(value!({ "value": value })), (values, alive)))
        })
        .boxed()
    }
}

impl SocketExecutor for Script {
    type Session = Session;

    async fn open(&self, payload: Payload, _: IpAddr) -> Result<Session, Refusal> {
        match bearer(&payload)? {
            None => Ok(Session(None)),
            Some("short") => Ok(Session(Some(Utc::now() + TimeDelta::seconds(1)))),
            Some("old") => Ok(Session(Some(Utc::now() - TimeDelta::days(1)))),
            Some("long") => Ok(Session(Some(DateTime::<Utc>::MAX_UTC))),
            Some("slow") => future::pending().await,
            Some("unlucky") => Err(Refusal::Unavailable),
            Some(_) => Err(Refusal::Forbidden),
        }
    }

    fn ended(&self, _: &Session) -> future::BoxFuture<'static, ()> {
        self.revoked.clone().cancelled_owned().boxed()
    }

    fn expires_at(&self, session: &Session) -> Option<DateTime<Utc>> {
        session.0
    }

    fn run(&self, _: &Session, request: Request) -> Operation {
        let errors = || vec![ServerError::new("there is no such field", None)];
        match request.query.as_str() {
            "single" => Operation::Single(self.fed().into_future().map(|(first, _)| first.expect("fed")).boxed()),
            "stream" => Operation::Stream(self.fed()),
            "flood" => {
                let much = Response::new(value!({ "value": "x".repeat(1 << 16) }));
                let much = stream::repeat_with(move || Response::new(much.data.clone()));
                Operation::Stream(stream::select(much, self.fed()).boxed())
            }
            "invalid" => Operation::Stream(stream::iter([Response::from_errors(errors())]).boxed()),
            _ => Operation::Refused(errors()),
        }
    }
}
