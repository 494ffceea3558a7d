//! Accepts connections. Its loop never ends because of an error.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection::{self, End};
use crate::metrics::{Closed, ListenerLabel};
use crate::service::Service;
use crate::sip::session::Session;

/// How long accepting rests where the system has no descriptors or memory left.
const REST: Duration = Duration::from_millis(100);
/// After which silence the kernel asks whether the peer is still there.
const KEEPALIVE: Duration = Duration::from_secs(120);

/// One open listener.
pub struct Listener {
    socket: TcpListener,
    name: Arc<str>,
    client: Option<String>,
}

impl Listener {
    /// Opens a listener; `client` is the id of the client that all its connections belong to.
    pub async fn open(address: SocketAddr, client: Option<String>) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let name = socket.local_addr()?.to_string().into();
        Ok(Self { socket, name, client })
    }

    /// The address it listens on.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Accepts until the service drains. `permits` bound all connections of all listeners; one is taken before a
    /// connection is accepted, so that what cannot be served waits in the kernel.
    pub async fn run(
        self,
        service: Arc<Service>,
        permits: Arc<Semaphore>,
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
            let Some(session) = self.session(&service, peer) else { continue };
            let (service, draining) = (Arc::clone(&service), draining.clone());
            gauge.inc();
            let open = Open { gauge: gauge.clone(), _permit: permit.ok() };
            let name = Arc::clone(&self.name);
            tasks.spawn(async move {
                let _open = open;
                prepare(&stream);
                let limits = service.house().site.limits.clone();
                let end = connection::serve(stream, session, &service, &limits, &draining).await;
                if let End::Closed(cause) = end {
                    service.metrics.count_closed(cause);
                    tracing::debug!(listener = %name, source = %peer.ip(), cause = cause.name(), "closed");
                }
            });
        }
    }

    fn session(&self, service: &Service, peer: SocketAddr) -> Option<Session> {
        let house = service.house();
        let source = peer.ip().to_canonical();
        let client = self.client.as_deref();
        let known = client.and_then(|id| {
            let at = house.clients.iter().position(|client| client.id == id)?;
            Some((id, at))
        });
        if let Some((_, at)) = known
            && house.clients.get(at).is_some_and(|client| !client.may_connect_from(source))
        {
            service.metrics.login_failures.inc();
            tracing::warn!(listener = %self.name, %source, cause = "network", "login_failed");
            return None;
        }
        let unknown = if known.is_some() {
            None
        } else {
            match service.gate.admit(source, house.site.limits.per_source) {
                Some(place) => Some(place),
                None => {
                    service.metrics.count_closed(Closed::PerSource);
                    return None;
                }
            }
        };
        Some(Session::new(Arc::clone(&self.name), source, known, unknown))
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

fn prepare(stream: &TcpStream) {
    // Each only helps: a connection without them is served as well.
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE));
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
