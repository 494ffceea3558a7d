//! Where connections that stay are served: each in one thread for the rest of its life.
//!
//! Tokio's workers take work off each other, and hear of all sockets together, so that a connection is now on this core, now
//! on that, and what the system and we know of it travels along: a third of what a message costs. A lane is a runtime of one
//! worker, which shares neither its sockets nor its work. A connection of two messages is over before moving it pays.

use std::num::NonZero;
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{io, net, thread};

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
