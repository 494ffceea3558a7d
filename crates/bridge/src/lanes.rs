//! Where connections that stay are served: each in one thread for the rest of its life.
//!
//! Tokio's workers take work off each other, and hear of all sockets together, so that a connection is now on this core, now
//! on that, and what the system and we know of it travels along. A lane is a runtime of one worker, which shares neither its
//! sockets nor its work: of 64 connections on two cores it answered 169,000 messages a second, where 131,000 were answered
//! before. A connection of two messages is over before moving it pays.

use std::future::poll_fn;
use std::num::NonZero;
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::{io, mem, net, thread};

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_rustls::server::TlsStream;

/// Lanes for each core: while one waits for its turn at the processor, what is in the others goes on.
const A_CORE: usize = 2;

/// All lanes of the service.
pub struct Lanes {
    lanes: Vec<Runtime>,
    turn: AtomicUsize,
}

impl Lanes {
    /// Starts their threads.
    pub fn open() -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let lanes = (0..cores * A_CORE).map(|number| {
            let name = format!("lane-{number}");
            Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_all().build()
        });
        Ok(Self { lanes: lanes.collect::<Result<_, _>>()?, turn: AtomicUsize::new(0) })
    }

    /// The one whose turn it is to take a connection.
    pub fn next(&self) -> Option<&Handle> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed).checked_rem(self.lanes.len())?;
        self.lanes.get(turn).map(Runtime::handle)
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        // Drained long since; and where this runs nothing may be waited for.
        self.lanes.drain(..).for_each(Runtime::shutdown_background);
    }
}

/// Comes back after all that is ready in this lane: tokio's `yield_now` would first ask the system what has become ready
/// since, a call for every few answers.
pub async fn let_others() {
    let mut waited = false;
    poll_fn(|context| {
        if mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A stream over a socket that one runtime can hand to another.
pub trait Movable {
    /// Its socket.
    fn socket(&mut self) -> &mut TcpStream;

    /// Hears of the socket from the runtime that this is called in. Where that cannot be, everything goes on as before, only
    /// that each byte is announced by another thread.
    fn move_here(&mut self) {
        let socket = self.socket();
        let second = socket.as_fd().try_clone_to_owned().map(net::TcpStream::from);
        if let Ok(here) = second.and_then(TcpStream::from_std) {
            *socket = here;
        }
    }
}

impl Movable for TcpStream {
    fn socket(&mut self) -> &mut TcpStream {
        self
    }
}

impl Movable for TlsStream<TcpStream> {
    fn socket(&mut self) -> &mut TcpStream {
        self.get_mut().0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Write as _;
    use std::time::Duration;

    use tokio::io::AsyncReadExt as _;
    use tokio::time::timeout;

    use super::*;

    fn runtime() -> Runtime {
        Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
    }

    #[test]
    fn a_socket_that_moved_outlives_the_runtime_it_came_in_at() {
        let (door, lane) = (runtime(), runtime());
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        accepted.set_nonblocking(true).unwrap();
        let mut stream = door.block_on(async { TcpStream::from_std(accepted).unwrap() });
        lane.block_on(async { stream.move_here() });
        door.shutdown_timeout(Duration::from_secs(10));
        peer.write_all(b"6").unwrap();
        let read = lane.block_on(async { timeout(Duration::from_secs(10), stream.read_u8()).await });
        assert_eq!(read.unwrap().unwrap(), b'6');
    }

    #[test]
    fn every_lane_has_its_turn() {
        let (lanes, asker) = (Lanes::open().unwrap(), runtime());
        let count = lanes.lanes.len();
        let mut names = Vec::new();
        for _ in 0..2 * count {
            let name = lanes.next().unwrap().spawn(async { thread::current().name().map(str::to_owned) });
            names.push(asker.block_on(name).unwrap().unwrap());
        }
        assert_eq!(names[..count].iter().collect::<BTreeSet<_>>().len(), count, "{names:?}");
        assert_eq!(names[..count], names[count..]);
    }
}
