//! Listening sockets: those that systemd holds for us, and our own.

use std::io;
use std::net::SocketAddr;

use listenfd::ListenFd;
use tokio::net::{TcpListener, TcpSocket};

/// Connections that wait in the kernel while others are taken: what the kernel allows, in a flood.
const BACKLOG: u32 = 4096;

/// Sockets that were opened before we started, matched by their local address.
#[derive(Default)]
pub struct Handed(Vec<(SocketAddr, std::net::TcpListener)>);

impl Handed {
    /// Takes what `LISTEN_FDS` says.
    pub fn take() -> io::Result<Self> {
        let mut given = ListenFd::from_env();
        let mut sockets = Vec::new();
        for at in 0..given.len() {
            if let Some(socket) = given.take_tcp_listener(at)? {
                socket.set_nonblocking(true)?;
                sockets.push((socket.local_addr()?, socket));
            }
        }
        Ok(Self(sockets))
    }

    /// The socket of an address: the one that was handed over, or a new one.
    pub fn listen(&mut self, address: SocketAddr) -> io::Result<TcpListener> {
        match self.0.iter().position(|(local, _)| *local == address) {
            Some(at) => TcpListener::from_std(self.0.swap_remove(at).1),
            None => {
                let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
                // As after a restart, when connections of the one before still linger.
                socket.set_reuseaddr(true)?;
                socket.bind(address)?;
                socket.listen(BACKLOG)
            }
        }
    }

    /// Where sockets listen that nobody asked for.
    pub fn left(&self) -> Vec<SocketAddr> {
        self.0.iter().map(|(local, _)| *local).collect()
    }
}
