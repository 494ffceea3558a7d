//! From an accepted connection to a session: where it comes from, TLS, and who it is as far as that is known.

use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use site::{Limits, Protocol};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::connection::{Connection, End};
use crate::gate::Place;
use crate::house::House;
use crate::lanes::Movable;
use crate::logins::{self, Known};
use crate::metrics::Closed;
use crate::service::Service;
use crate::sip::session::Session;
use crate::{ncip, prompts, proxy, tls};

/// How often `login:` is asked.
const PROMPTS: u8 = 3;

/// A connection on its way in.
pub struct Arrival {
    /// All that connections share.
    pub service: Arc<Service>,
    /// The listener's place in the configuration.
    pub door: usize,
    /// The listener's address.
    pub listener: Arc<str>,
    /// The peer: the client, or a load balancer in front of it.
    pub source: IpAddr,
}

/// A place among those that are not known yet; given back with the login.
pub struct Stranger {
    _of_source: Place<IpAddr>,
    _of_all: Place<()>,
}

/// What is spoken on a connection.
#[derive(Clone, Copy)]
enum Spoken {
    Sip2 { prompts: bool },
    NcipHttp,
    NcipTcp,
}

/// What becomes of a connection.
pub enum Course {
    /// It is over.
    Over(End),
    /// It stays: served on by this, in a lane.
    Stays(Pin<Box<dyn Future<Output = End> + Send>>),
}

/// Who a connection is before it has said anything.
pub struct Identity {
    known: Option<Known>,
    stranger: Option<Stranger>,
}

impl Arrival {
    /// Who it is, as far as its address says; `None` where a load balancer has to say first. Asked before anything is
    /// done for the connection, so that a flood costs little.
    pub fn at_the_door(&self) -> Result<Option<Identity>, End> {
        let house = self.service.house();
        match house.doors.get(self.door) {
            None => Err(End::Closed(Closed::NotAdmitted)),
            Some(door) if !door.proxy_from.is_empty() => Ok(None),
            Some(_) => self.identify(&house, None).map(Some),
        }
    }

    /// Serves the connection to its end, or until it is known to stay.
    pub async fn serve(
        mut self,
        mut stream: TcpStream,
        identity: Option<Identity>,
        draining: &CancellationToken,
    ) -> Course {
        let over = Course::Over;
        // Not held for the life of the connection: the rosters of this view are open as long as the view is.
        let house = self.service.view.load_full();
        let limits = house.site.limits.clone();
        let Some(door) = house.doors.get(self.door) else { return over(End::Closed(Closed::NotAdmitted)) };
        let spoken = match door.protocol {
            Protocol::Sip2 => Spoken::Sip2 { prompts: door.prompts },
            Protocol::NcipHttp => Spoken::NcipHttp,
            Protocol::NcipTcp => Spoken::NcipTcp,
        };
        let tls = door.tls.clone();
        let identity = match identity {
            Some(identity) => identity,
            None => {
                let passed_on = self.passed_on(&mut stream, &house);
                match within(limits.tls_time, draining, passed_on).await {
                    Some(Some(source)) => self.source = source,
                    _ if draining.is_cancelled() => return over(End::Drained),
                    _ => return over(self.turned_away("proxy", Closed::Proxy)),
                }
                match self.identify(&house, None) {
                    Ok(identity) => identity,
                    Err(end) => return over(end),
                }
            }
        };
        drop(house);
        match tls {
            None => self.talk(stream, identity, spoken, &limits, draining).await,
            // Boxed: plain connections would carry the room for it.
            Some(tls) => Box::pin(self.talk_over_tls(stream, tls, identity, spoken, &limits, draining)).await,
        }
    }

    /// Where a connection comes from that a load balancer passes on.
    async fn passed_on(&self, stream: &mut TcpStream, house: &House) -> Option<IpAddr> {
        let door = house.doors.get(self.door)?;
        if !door.proxy_from.iter().any(|network| network.contains(self.source)) {
            return None;
        }
        Some(proxy::read_source(stream).await.ok()?.unwrap_or(self.source).to_canonical())
    }

    async fn talk_over_tls(
        self,
        stream: TcpStream,
        tls: TlsAcceptor,
        identity: Identity,
        spoken: Spoken,
        limits: &Limits,
        draining: &CancellationToken,
    ) -> Course {
        let stream = match within(limits.tls_time, draining, tls.accept(stream)).await {
            Some(Ok(stream)) => stream,
            Some(Err(error)) => {
                tracing::warn!(listener = %self.listener, source = %self.source, why = %error, "tls_failed");
                return Course::Over(self.turned_away("tls", Closed::Tls));
            }
            None if draining.is_cancelled() => return Course::Over(End::Drained),
            None => return Course::Over(self.turned_away("tls", Closed::Tls)),
        };
        // A certificate is asked for only where it says who the client is.
        let identity = if stream.get_ref().1.peer_certificates().is_some() {
            // Its place is given back first: it may be the same client's.
            drop(identity);
            let identified = self.identify(&self.service.house(), Some(&stream));
            match identified {
                Ok(identity) => identity,
                Err(end) => return Course::Over(end),
            }
        } else {
            identity
        };
        self.talk(stream, identity, spoken, limits, draining).await
    }

    async fn talk<S: AsyncRead + AsyncWrite + Movable + Unpin + Send + 'static>(
        self,
        mut stream: S,
        mut identity: Identity,
        spoken: Spoken,
        limits: &Limits,
        draining: &CancellationToken,
    ) -> Course {
        let mut input = BytesMut::new();
        let prompts = match spoken {
            Spoken::Sip2 { prompts } => prompts,
            Spoken::NcipHttp => {
                let session = self.ncip_session(identity, limits);
                let (service, limits, draining) = (self.service, limits.clone(), draining.clone());
                // Who speaks HTTP keeps its connections.
                return Course::Stays(Box::pin(async move {
                    stream.move_here();
                    ncip::http::serve(stream, session, &service, &limits, &draining).await
                }));
            }
            // Boxed: SIP2's connections would carry the room for it.
            Spoken::NcipTcp => {
                let session = self.ncip_session(identity, limits);
                let served = Box::pin(ncip::tcp::serve(stream, session, &self.service, limits, draining));
                return Course::Over(served.await);
            }
        };
        if prompts && identity.known.is_none() {
            // Boxed, as it is rare and soon over.
            let prompted = Box::pin(self.prompt(&mut stream, &mut input));
            match within(limits.login_time, draining, prompted).await {
                Some(Some(known)) => identity = Identity { known: Some(known), stranger: None },
                Some(None) => return Course::Over(End::Closed(Closed::FailedLogins)),
                None if draining.is_cancelled() => return Course::Over(End::Drained),
                None => return Course::Over(End::Closed(Closed::LoginTime)),
            }
        }
        let Self { service, listener, source, .. } = self;
        let session = Session::new(listener, source, identity.known, identity.stranger);
        let mut connection = Connection::new(stream, input, session);
        if let Some(end) = connection.serve(&service, limits, draining).await {
            return Course::Over(end);
        }
        let (limits, draining) = (limits.clone(), draining.clone());
        Course::Stays(Box::pin(async move {
            connection.stream.move_here();
            // It says only once that it stays.
            connection.serve(&service, &limits, &draining).await.unwrap_or(End::Peer)
        }))
    }

    fn ncip_session(&self, identity: Identity, limits: &Limits) -> ncip::session::Session {
        let Identity { known, stranger } = identity;
        ncip::session::Session::new(Arc::clone(&self.listener), self.source, known, stranger, limits.login_time)
    }

    /// Asks for login and password. `None`: nobody logged in.
    async fn prompt<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut S, input: &mut BytesMut) -> Option<Known> {
        for _ in 0..PROMPTS {
            let typed = prompts::ask(stream, input).await.ok()?;
            let known = logins::log_in(&self.service, &typed.user, &typed.password, self.source).await;
            prompts::tell(stream, known.is_ok()).await.ok()?;
            match known {
                Ok(known) => return Some(known),
                Err(cause) => self.service.turn_away(&self.listener, self.source, cause),
            }
        }
        None
    }

    /// Who it is: by the listener, by the certificate, by the network, or a stranger.
    fn identify(&self, house: &House, tls: Option<&TlsStream<TcpStream>>) -> Result<Identity, End> {
        let clients = || house.clients.iter().enumerate();
        let door = house.doors.get(self.door);
        let by_listener = || {
            let at = door?.client?;
            house.clients.get(at).map(|client| (at, client))
        };
        let by_certificate = || {
            let (_, connection) = tls?.get_ref();
            clients().find(|(_, client)| {
                client.certificate_name.as_deref().is_some_and(|name| tls::peer_has_name(connection, name))
            })
        };
        let by_network = || clients().find(|(_, client)| client.by_network && client.may_connect_from(self.source));
        let bound = by_listener();
        let shown = by_certificate();
        // On a listener of one client, another client's certificate is nobody's.
        let is_other = matches!((bound, shown), (Some((bound, _)), Some((shown, _))) if bound != shown);
        let named = bound.is_some_and(|(_, client)| client.certificate_name.is_some());
        if is_other || (tls.is_some() && bound.is_some() && named && shown.is_none()) {
            return Err(self.turned_away("certificate", Closed::NotAdmitted));
        }
        if let Some((at, client)) = bound.or(shown).or_else(by_network) {
            let known = Known::admit(&self.service, client, at, self.source);
            let known = known.map_err(|cause| self.turned_away(cause, Closed::NotAdmitted))?;
            return Ok(Identity { known: Some(known), stranger: None });
        }
        self.stranger(house).map(|stranger| Identity { known: None, stranger: Some(stranger) })
    }

    /// A place among the strangers, of whom one address has few, and all together leave a tenth to those who are known.
    fn stranger(&self, house: &House) -> Result<Stranger, End> {
        let limits = &house.site.limits;
        let counted = |closed| move || End::Closed(closed);
        let of_source = self.service.strangers.admit(source_net(self.source), limits.per_source);
        let of_source = of_source.ok_or_else(counted(Closed::PerSource))?;
        let of_all = self.service.all_strangers.admit((), (limits.connections * 9 / 10).max(1));
        Ok(Stranger { _of_source: of_source, _of_all: of_all.ok_or_else(counted(Closed::Strangers))? })
    }

    fn turned_away(&self, cause: &'static str, closed: Closed) -> End {
        self.service.turn_away(&self.listener, self.source, cause);
        End::Closed(closed)
    }
}

/// What comes of it in time; `None`: nothing, or the service stops, which waits for nobody who is not in yet.
async fn within<T>(time: Duration, draining: &CancellationToken, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = timeout(time, work) => done.ok(),
        () = draining.cancelled() => None,
    }
}

/// What counts as one source: an address, and of IPv6 the /64 that a single host may choose its address from.
fn source_net(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_cannot_be_many_by_choosing_addresses() {
        let net = |text: &str| source_net(text.parse().unwrap());
        assert_eq!(net("2001:db8:0:1::1"), net("2001:db8:0:1:ffff::2"));
        assert_ne!(net("2001:db8:0:1::1"), net("2001:db8:0:2::1"));
        assert_ne!(net("192.0.2.1"), net("192.0.2.2"));
    }
}
