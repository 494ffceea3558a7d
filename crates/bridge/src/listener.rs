//! Accepts connections. Its loop never ends because of an error.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::arrival::{Arrival, Course};
use crate::connection::End;
use crate::lanes::Lanes;
use crate::metrics::ListenerLabel;
use crate::service::Service;

/// How long accepting rests where the system has no descriptors or memory left.
const REST: Duration = Duration::from_millis(100);
/// After which silence the kernel asks whether the peer is still there.
const KEEPALIVE: Duration = Duration::from_secs(120);

/// One open listener.
pub struct Listener {
    socket: TcpListener,
    name: Arc<str>,
    /// Its place in the configuration.
    door: usize,
}

impl Listener {
    /// A listener on an open socket; `door` is its place in the configuration.
    pub fn new(socket: TcpListener, door: usize) -> io::Result<Self> {
        let name = socket.local_addr()?.to_string().into();
        prepare(&socket);
        Ok(Self { socket, name, door })
    }

    /// The address it listens on.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Accepts until the service drains. `permits` bound all connections of all listeners; one is taken before a
    /// connection is accepted, so that what cannot be served waits in the kernel.
    pub async fn run(
        self: Arc<Self>,
        service: Arc<Service>,
        permits: Arc<Semaphore>,
        lanes: Arc<Lanes>,
        tasks: TaskTracker,
        draining: CancellationToken,
    ) {
        let label = ListenerLabel { listener: self.name.to_string() };
        let gauge = service.metrics.connections.get_or_create(&label).clone();
        loop {
            let accepted = async {
                let permit = Arc::clone(&permits).acquire_owned().await;
                (permit, self.socket.accept().await)
            };
            let (permit, accepted) = tokio::select! {
                // First: whoever was just asked to leave and comes again is the next process's.
                biased;
                () = draining.cancelled() => return,
                accepted = accepted => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    self.rest_after(&error).await;
                    continue;
                }
            };
            let source = peer.ip().to_canonical();
            let arrival =
                Arrival { service: Arc::clone(&service), door: self.door, listener: Arc::clone(&self.name), source };
            let identity = match arrival.at_the_door() {
                Ok(identity) => identity,
                Err(end) => {
                    self.ended(&service, source, &end);
                    continue;
                }
            };
            gauge.inc();
            let open = Open { gauge: gauge.clone(), _permit: permit.ok() };
            let (this, service, draining) = (Arc::clone(&self), Arc::clone(&service), draining.clone());
            let (lanes, tracker) = (Arc::clone(&lanes), tasks.clone());
            tasks.spawn(async move {
                let served = match arrival.serve(stream, identity, &draining).await {
                    Course::Over(end) => return this.ended(&service, source, &end),
                    Course::Stays(served) => served,
                };
                let served = tracker.track_future(async move {
                    let _open = open;
                    let end = served.await;
                    this.ended(&service, source, &end);
                });
                match lanes.next() {
                    Some(lane) => lane.spawn(served),
                    None => tokio::spawn(served),
                };
            });
        }
    }

    fn ended(&self, service: &Service, source: IpAddr, end: &End) {
        if let End::Closed(cause) = end {
            service.metrics.count_closed(*cause);
            tracing::debug!(listener = %self.name, %source, cause = cause.name(), "closed");
        }
    }

    /// A peer that gave up costs nothing; a system without descriptors or memory gets a rest. Nothing ends the loop.
    async fn rest_after(&self, error: &io::Error) {
        let peer_gave_up = matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
        );
        if !peer_gave_up {
            tracing::error!(listener = %self.name, %error, "cannot accept; trying again (raise LimitNOFILE?)");
            tokio::time::sleep(REST).await;
        }
    }
}

/// What every connection is to have: on Linux it takes both from the socket that it comes in at, without a call of its own.
fn prepare(socket: &TcpListener) {
    let socket = SockRef::from(socket);
    // Each only helps: a connection without them is served as well.
    let _ = socket.set_tcp_nodelay(true);
    let _ = socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE));
}

/// One open connection: counted as long as this lives, also while a panic unwinds.
struct Open {
    gauge: Gauge,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn a_connection_sends_at_once_and_is_asked_after_two_minutes_whether_its_peer_is_there() {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listener = Listener::new(socket, 0).unwrap();
        let (accepted, _peer) = tokio::join!(listener.socket.accept(), TcpStream::connect(listener.name()));
        let (stream, _) = accepted.unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(120));
    }
}
