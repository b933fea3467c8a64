//! Waiting for a future on the calling thread, whether or not that thread belongs to a runtime.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;
use tokio::runtime::Handle;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Parks this thread until `future` is done or `patience` is over. The timer and the sockets are the handle's, driven by its
/// own thread; `Handle::block_on` would panic inside another runtime's task, where the store is called from.
pub(crate) fn block_on<F: Future>(handle: &Handle, patience: Duration, future: F) -> Option<F::Output> {
    let _inside = handle.enter();
    let mut future = pin!(tokio::time::timeout(patience, future));
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done.ok(),
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Sends a request and does not wait for its answer, which the connection drops.
pub(crate) fn begin_only<F: Future>(future: F) {
    let mut context = Context::from_waker(Waker::noop());
    drop(pin!(future).as_mut().poll(&mut context));
}
