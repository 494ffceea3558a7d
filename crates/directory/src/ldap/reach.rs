//! A server's name may stand for several machines: that of an Active Directory's domain does for all its controllers.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};

use super::fault::Trouble;
use super::settings::Server;

/// The address that served last.
#[derive(Debug, Default)]
pub(super) struct Best(Mutex<Option<SocketAddr>>);

impl Best {
    /// This one serves; `None`: it no longer does.
    pub fn note(&self, address: Option<SocketAddr>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    fn first(&self, addresses: &mut [SocketAddr]) {
        let best = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.sort_by_key(|address| Some(*address) != best);
    }
}

/// Connects to the best address of a server, or else to the next. One that is dead leaves time for the others.
pub(super) async fn reach(server: &Server, best: &Best, patience: Duration) -> Result<TcpStream, Trouble> {
    let deadline = Instant::now() + patience;
    let addresses = lookup_host((server.host.as_str(), server.port)).await.map_err(Trouble::Connect)?;
    let mut addresses: Vec<_> = addresses.collect();
    best.first(&mut addresses);
    first_of(&addresses, deadline, TcpStream::connect).await.map_err(Trouble::Connect)
}

async fn first_of<T, F: Future<Output = io::Result<T>>>(
    addresses: &[SocketAddr],
    deadline: Instant,
    connect: impl Fn(SocketAddr) -> F,
) -> io::Result<T> {
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for (left, address) in (1..=addresses.len()).rev().zip(addresses) {
        let share = (deadline - Instant::now()) / u32::try_from(left).unwrap_or(u32::MAX);
        match timeout(share, connect(*address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first is dead, the second refuses, the third serves.
    async fn connect(address: SocketAddr) -> io::Result<u16> {
        match address.port() {
            1 => std::future::pending().await,
            2 => Err(io::ErrorKind::ConnectionRefused.into()),
            port => Ok(port),
        }
    }

    fn addresses(ports: &[u16]) -> Vec<SocketAddr> {
        ports.iter().map(|port| SocketAddr::from(([127, 0, 0, 1], *port))).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_that_is_dead_leaves_time_for_the_others_of_its_name() {
        let begun = Instant::now();
        let deadline = begun + Duration::from_secs(3);
        assert_eq!(first_of(&addresses(&[1, 2, 3]), deadline, connect).await.unwrap(), 3);
        assert!(begun.elapsed() <= Duration::from_millis(1001), "{:?}", begun.elapsed());
        for (ports, kind) in [
            (&[1, 2][..], io::ErrorKind::ConnectionRefused),
            (&[2, 1], io::ErrorKind::TimedOut),
            (&[], io::ErrorKind::AddrNotAvailable),
        ] {
            let deadline = Instant::now() + Duration::from_secs(3);
            assert_eq!(first_of(&addresses(ports), deadline, connect).await.unwrap_err().kind(), kind, "{ports:?}");
        }
    }

    #[test]
    fn the_machine_that_served_last_is_tried_first() {
        let (best, mut found) = (Best::default(), addresses(&[1, 2, 3]));
        best.first(&mut found);
        assert_eq!(found, addresses(&[1, 2, 3]));
        best.note(Some(found[2]));
        best.first(&mut found);
        assert_eq!(found, addresses(&[3, 1, 2]));
        best.note(None);
        best.first(&mut found);
        assert_eq!(found, addresses(&[3, 1, 2]));
    }
}
