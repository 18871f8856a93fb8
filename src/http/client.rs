//! Whom a request comes from, and to which host it was sent: what the connection says, or what proxies in front say if
//! they are trusted. A header of anybody else changes nothing.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use crate::config::ProxyNet;
use crate::kernel::ids::{RequestId, RowId};

use super::forwarded::{hops, nearest};
use super::state::HttpState;

/// Most hops that are looked at; a longer way ends at the last of them.
const MOST_HOPS: usize = 16;
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Who asks, as far as the transport knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Client {
    /// The address of the client: of the peer, or of whom the proxies took the request from.
    pub(super) address: IpAddr,
    /// The host that was asked for, with its port where that was named.
    pub(super) host: Option<String>,
    /// The scheme by which it was asked for, if a proxy tells.
    pub(super) scheme: Option<String>,
}

impl Client {
    /// The client behind a peer. Starting there, each trusted proxy is asked whom it had the request from, until one that
    /// is none, one that tells nothing, or [`MOST_HOPS`].
    pub(super) fn of(peer: IpAddr, headers: &HeaderMap, proxies: &[ProxyNet]) -> Self {
        let is_proxy = |address: IpAddr| proxies.iter().any(|net| net.contains(address));
        let mut address = peer.to_canonical();
        let (mut host, mut scheme) = (only_host(headers), None);
        if is_proxy(address) {
            let older = nearest(headers);
            (host, scheme) = (older.host.or(host), older.scheme);
            for hop in hops(headers).take(MOST_HOPS) {
                (host, scheme) = (hop.host.or(host), hop.scheme.or(scheme));
                let Some(sender) = hop.sender else { break };
                address = sender;
                if !is_proxy(sender) {
                    break;
                }
            }
        }
        Self { address, host: host.map(str::to_owned), scheme: scheme.map(str::to_ascii_lowercase) }
    }
}

/// The `Host` of a request that has one.
fn only_host(headers: &HeaderMap) -> Option<&str> {
    let mut named = headers.get_all(header::HOST).iter();
    let first = named.next().filter(|_| named.next().is_none());
    first.and_then(|value| value.to_str().ok())
}

/// Tells handlers the client, and log lines its address as `client.address` and the request's name as `request.id`, to the end
/// of the request or its socket. The answer carries the name as `X-Request-Id`.
pub(super) async fn identify(
    State(state): State<HttpState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request_id(request.headers());
    let client = Client::of(peer.ip(), request.headers(), &state.settings.trusted_proxies);
    let span = tracing::info_span!("request", client.address = %client.address, request.id = %id);
    request.extensions_mut().insert(client);
    request.extensions_mut().insert(id);
    let mut response = next.run(request).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

/// The id that the client chose, if it is a UUID and the only one; else a fresh one.
fn request_id(headers: &HeaderMap) -> RequestId {
    let mut given = headers.get_all(X_REQUEST_ID).iter();
    let only = given.next().filter(|_| given.next().is_none());
    let id = only.and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    id.map_or_else(RequestId::random, RequestId::from_uuid)
}

#[cfg(test)]
mod tests;
