//! Listening sockets: those that systemd holds for us, and our own.

use std::io;
use std::net::SocketAddr;

use listenfd::ListenFd;
use tokio::net::TcpListener;

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
    pub async fn listen(&mut self, address: SocketAddr) -> io::Result<TcpListener> {
        match self.0.iter().position(|(local, _)| *local == address) {
            Some(at) => TcpListener::from_std(self.0.swap_remove(at).1),
            None => TcpListener::bind(address).await,
        }
    }

    /// Where sockets listen that nobody asked for.
    pub fn left(&self) -> Vec<SocketAddr> {
        self.0.iter().map(|(local, _)| *local).collect()
    }
}
