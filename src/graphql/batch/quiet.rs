//! Finds the moment at which an operation can do nothing more without an answer from outside.
//!
//! The engine polls a list above 30 items two items at a time and wakes itself in between, so neither a yield nor a pass
//! without a new key tells that all siblings have asked. What tells is that the operation is pending and was not woken.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;
use tokio::sync::oneshot;

use super::lock;

tokio::task_local! {
    static CURRENT: Arc<Scope>;
}

/// How often an operation that wakes itself is polled before other tasks get their turn. A bound is needed: what has
/// used up tokio's budget for a task wakes itself until the task yields.
const POLLS_IN_A_ROW: usize = 32;

/// Runs an operation and closes the open batches of its loaders whenever nothing else of it can go on.
/// It works on every executor and inside other futures: only what is within `operation` counts.
pub async fn scope<F: Future>(operation: F) -> F::Output {
    let scope = Arc::new(Scope::default());
    let _end = End(&scope);
    let waker = Waker::from(Arc::clone(&scope));
    let mut operation = pin!(operation);
    std::future::poll_fn(|cx| scope.poll(operation.as_mut(), &waker, cx)).await
}

/// Waits until nothing else of the surrounding operation can go on; does not wait outside of a [`scope`].
pub(super) async fn arrives() {
    let (release, released) = oneshot::channel();
    // Without a scope the sender is dropped here, which ends the wait as well.
    let _ = CURRENT.try_with(|scope| lock(&scope.waiting).push(release));
    let _ = released.await;
}

const IDLE: u8 = 0;
const POLLING: u8 = 1;
const WOKEN: u8 = 2;

#[derive(Default)]
struct Scope {
    state: AtomicU8,
    outer: AtomicWaker,
    waiting: Mutex<Vec<oneshot::Sender<()>>>,
}

impl Scope {
    fn poll<F: Future>(
        self: &Arc<Self>,
        mut operation: Pin<&mut F>,
        waker: &Waker,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        self.outer.register(cx.waker());
        for _ in 0..POLLS_IN_A_ROW {
            self.state.store(POLLING, SeqCst);
            let poll = || operation.as_mut().poll(&mut Context::from_waker(waker));
            if let Poll::Ready(output) = CURRENT.sync_scope(Arc::clone(self), poll) {
                return Poll::Ready(output);
            }
            if self.state.load(SeqCst) == POLLING {
                self.release();
            }
            if self.state.compare_exchange(POLLING, IDLE, SeqCst, SeqCst).is_ok() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn release(&self) {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        for release in waiting {
            // Nobody listens when all who wanted the batch are gone.
            let _ = release.send(());
        }
    }
}

impl Wake for Scope {
    fn wake(self: Arc<Self>) {
        // While it polls, the scope looks at the state itself before it goes to sleep.
        if self.state.swap(WOKEN, SeqCst) == IDLE {
            self.outer.wake();
        }
    }
}

/// Lets those go on who wait from outside for a batch of an operation that ended.
struct End<'a>(&'a Scope);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}
