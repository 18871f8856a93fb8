//! The operations of one socket, polled in the socket's own task.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_graphql::Response;
use futures_util::future::{AbortHandle, BoxFuture};
use futures_util::stream::{BoxStream, SelectAll, StreamExt, abortable, once};

use super::gate::{Gate, gated};
use crate::http::protocol::transport_ws::Ticket;

/// What an operation brings.
pub(super) enum Output {
    Produced(Ticket, Box<Response>),
    Completed(Ticket),
}

impl Output {
    fn ticket(&self) -> &Ticket {
        match self {
            Self::Produced(ticket, _) | Self::Completed(ticket) => ticket,
        }
    }
}

/// Operations under way. Dropping it drops them all.
#[derive(Default)]
pub(super) struct Operations {
    running: SelectAll<BoxStream<'static, Output>>,
    stops: HashMap<Ticket, AbortHandle>,
    /// Those that bring one answer, until it was taken.
    singles: HashSet<Ticket>,
    /// What has come while nothing could be sent.
    held: Vec<Output>,
    gate: Arc<Gate>,
}

impl Operations {
    pub(super) fn single(&mut self, ticket: Ticket, result: BoxFuture<'static, Response>) {
        self.singles.insert(ticket.clone());
        self.stream(ticket, once(result).boxed());
    }

    pub(super) fn stream(&mut self, ticket: Ticket, results: BoxStream<'static, Response>) {
        let (produced, completed) = (ticket.clone(), ticket.clone());
        let outputs = gated(results, self.gate.clone())
            .map(move |response| Output::Produced(produced.clone(), Box::new(response)))
            .chain(once(async move { Output::Completed(completed) }));
        let (outputs, stop) = abortable(outputs);
        self.stops.insert(ticket, stop);
        self.running.push(outputs.boxed());
    }

    /// Has the operation dropped when the operations are polled next; it brings nothing more.
    pub(super) fn stop(&mut self, ticket: &Ticket) {
        self.singles.remove(ticket);
        if let Some(stop) = self.stops.remove(ticket) {
            stop.abort();
        }
    }

    /// Stops everything that may bring more than one answer; what it has brought and nobody took is dropped with it.
    pub(super) fn stop_streams(&mut self) {
        let singles = &self.singles;
        self.stops.retain(|ticket, stop| {
            let stays = singles.contains(ticket);
            if !stays {
                stop.abort();
            }
            stays
        });
        self.held.retain(|output| singles.contains(output.ticket()));
    }

    /// Whether an operation with one answer is under way.
    pub(super) fn has_singles(&self) -> bool {
        !self.singles.is_empty()
    }

    /// Waits until something has come, and takes what has come with it, at most `most`. Never ready while nothing
    /// runs. Nothing is lost when it is dropped.
    pub(super) async fn next(&mut self, most: usize) -> Vec<Output> {
        poll_fn(|cx| {
            let held = self.held.len().min(most);
            let mut ready: Vec<Output> = self.held.drain(..held).collect();
            while ready.len() < most
                && let Poll::Ready(output) = self.poll(cx)
            {
                ready.push(output);
            }
            for output in &ready {
                if let Output::Completed(ticket) = output {
                    self.singles.remove(ticket);
                }
            }
            if ready.is_empty() { Poll::Pending } else { Poll::Ready(ready) }
        })
        .await
    }

    /// Lets every operation go on to its next result, which is kept for `next`, and no further; never ready. It is for
    /// the time while the socket is being written: what an operation waits for in the middle of a result, such as a
    /// connection of the database, must not wait for the peer to read.
    pub(super) async fn go_on(&mut self) -> Infallible {
        let _shut = self.gate.shut();
        poll_fn(|cx| {
            while let Poll::Ready(output) = self.poll(cx) {
                self.held.push(output);
            }
            Poll::Pending
        })
        .await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Output> {
        let Poll::Ready(Some(output)) = self.running.poll_next_unpin(cx) else { return Poll::Pending };
        if let Output::Completed(ticket) = &output {
            self.stops.remove(ticket);
        }
        Poll::Ready(output)
    }
}
