//! Holds the streams of a socket back while it is being written, each after the result that it was at.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::stream::{Stream, StreamExt, poll_fn};

/// Open, or shut for a turn.
#[derive(Default)]
pub(super) struct Gate(Mutex<State>);

#[derive(Default)]
struct State {
    /// How often it was shut.
    turn: u64,
    is_shut: bool,
    waiting: Vec<Waker>,
}

/// Keeps the gate shut until it is dropped.
pub(super) struct Shut(Arc<Gate>);

impl Gate {
    pub(super) fn shut(self: &Arc<Self>) -> Shut {
        let mut state = self.state();
        state.turn += 1;
        state.is_shut = true;
        drop(state);
        Shut(self.clone())
    }

    /// The turn for which it is shut.
    fn turn(&self) -> Option<u64> {
        let state = self.state();
        state.is_shut.then_some(state.turn)
    }

    /// Whether one who had a result in turn `last` waits; it is woken when the gate opens.
    fn holds_back(&self, last: Option<u64>, cx: &Context<'_>) -> bool {
        let mut state = self.state();
        let is_held = state.is_shut && last == Some(state.turn);
        if is_held {
            state.waiting.push(cx.waker().clone());
        }
        is_held
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shut {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_shut = false;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// The stream, which brings one result at most while the gate is shut.
pub(super) fn gated<T>(mut results: impl Stream<Item = T> + Unpin, gate: Arc<Gate>) -> impl Stream<Item = T> {
    let mut last = None;
    poll_fn(move |cx| {
        if gate.holds_back(last, cx) {
            return Poll::Pending;
        }
        let next = results.poll_next_unpin(cx);
        if next.is_ready() {
            last = gate.turn();
        }
        next
    })
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use futures_util::stream::iter;

    use super::*;

    #[test]
    fn a_shut_gate_lets_one_result_through_and_an_open_one_all() {
        let gate = Arc::new(Gate::default());
        let mut results = gated(iter(1..), gate.clone());
        let mut next = || results.next().now_or_never().flatten();
        assert_eq!((next(), next()), (Some(1), Some(2)));
        for from in [3, 5] {
            let shut = gate.shut();
            assert_eq!((next(), next(), next()), (Some(from), None, None));
            drop(shut);
            assert_eq!(next(), Some(from + 1));
        }
    }
}
