//! Which server is asked first, how long each may take, and by which certificates it is known.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ClientConfig;
use tokio::time::Instant;

use crate::ldap::fault::{Fault, Trouble};
use crate::ldap::reach::Best;
use crate::ldap::settings::{self, ClientCertificate, Server};
use crate::ldap::tls;

/// So long another server than the first is asked first, before a login tries whether the first is back.
const AWAY: Duration = Duration::from_mins(5);

/// So long certificates are good for new connections before their files are read again.
const CERTIFICATES: Duration = Duration::from_mins(5);

/// The servers of a district.
pub(super) struct Servers {
    all: Vec<Server>,
    best: Vec<Best>,
    ca_file: Option<PathBuf>,
    client_certificate: Option<ClientCertificate>,
    favourite: Mutex<Favourite>,
    tls: Mutex<Option<(Instant, Tls)>>,
}

/// A server to try.
pub(super) struct Turn<'a> {
    /// Which it is.
    pub number: usize,
    pub server: &'a Server,
    /// The address at which it answered last.
    pub best: &'a Best,
    /// The time that it may take.
    pub share: Duration,
}

/// `None`: no server is asked over TLS.
pub(super) type Tls = Option<Arc<ClientConfig>>;

/// Which server answered last, and since when it is that one.
struct Favourite {
    number: usize,
    since: Instant,
}

impl Servers {
    pub fn new(all: Vec<Server>, ca_file: Option<PathBuf>, client_certificate: Option<ClientCertificate>) -> Self {
        let favourite = Mutex::new(Favourite { number: 0, since: Instant::now() });
        let best = all.iter().map(|_| Best::default()).collect();
        Self { all, best, ca_file, client_certificate, favourite, tls: Mutex::new(None) }
    }

    /// The servers in the order in which to try them, each with the time that it may take until the deadline. A server
    /// that is dead must leave time for the next.
    pub fn turns(&self, deadline: Instant) -> impl Iterator<Item = Turn<'_>> {
        let first = self.favourite();
        let others = (0..self.all.len()).filter(move |number| *number != first);
        let order = std::iter::once(first).chain(others);
        order.enumerate().filter_map(move |(turn, number)| {
            let left = u32::try_from(self.all.len().saturating_sub(turn)).unwrap_or(u32::MAX).max(1);
            let (server, best) = self.all.get(number).zip(self.best.get(number))?;
            Some(Turn { number, server, best, share: patience(deadline) / left })
        })
    }

    fn favourite(&self) -> usize {
        let mut favourite = self.favourite.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if favourite.number != 0 && now - favourite.since >= AWAY {
            // One login finds out; the others need not wait for it.
            favourite.since = now;
            return 0;
        }
        favourite.number
    }

    /// This one answers: it is asked first from now on.
    pub fn answers(&self, number: usize) {
        let mut favourite = self.favourite.lock().unwrap_or_else(PoisonError::into_inner);
        if favourite.number != number {
            *favourite = Favourite { number, since: Instant::now() };
        }
    }

    /// This one fell silent: the next is asked first.
    pub fn fails(&self, number: usize) {
        let mut favourite = self.favourite.lock().unwrap_or_else(PoisonError::into_inner);
        if favourite.number == number {
            *favourite = Favourite { number: (number + 1) % self.all.len().max(1), since: Instant::now() };
        }
    }

    /// What TLS goes by, read from its files now and then, so that a renewed certificate is taken without a restart. What
    /// is kept with it spares a later connection half of the handshake.
    pub fn tls(&self) -> Result<Tls, Trouble> {
        let mut kept = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((since, tls)) if since.elapsed() < CERTIFICATES => Ok(tls.clone()),
            _ => {
                let tls = tls::config(&self.all, self.ca_file.as_deref(), self.client_certificate.as_ref())?;
                *kept = Some((Instant::now(), tls.clone()));
                Ok(tls)
            }
        }
    }

    /// A server and we did not agree on certificates: ours may have been renewed since.
    pub fn note(&self, trouble: &Trouble) {
        if matches!(trouble, Trouble::Certificate(_) | Trouble::Tls(_)) {
            *self.tls.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// The name of one.
    pub fn place(&self, number: usize) -> String {
        self.all.get(number).map_or_else(String::new, Server::to_string)
    }

    /// What is wrong with none of them alone.
    pub fn fault(&self, trouble: Trouble) -> Fault {
        Fault::of(settings::places(&self.all), trouble)
    }
}

/// What is left until a deadline, in whole milliseconds, as it may be shown.
pub(super) fn patience(deadline: Instant) -> Duration {
    let left = deadline.saturating_duration_since(Instant::now());
    Duration::from_millis(u64::try_from(left.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::Security;

    fn three() -> Servers {
        let server = |number: u16| Server { host: "localhost".to_owned(), port: number, security: Security::Plain };
        Servers::new((1..=3).map(server).collect(), None, None)
    }

    fn order(servers: &Servers) -> Vec<usize> {
        servers.turns(Instant::now()).map(|turn| turn.number).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn who_answered_last_is_asked_first_for_a_while() {
        let servers = three();
        assert_eq!(order(&servers), [0, 1, 2]);
        servers.answers(1);
        tokio::time::advance(AWAY / 2).await;
        assert_eq!(order(&servers), [1, 0, 2]);
        servers.answers(1);
        tokio::time::advance(AWAY / 2).await;
        // One login tries whether the first is back; the others do not wait for it.
        assert_eq!((order(&servers), order(&servers)), (vec![0, 1, 2], vec![1, 0, 2]));
        servers.answers(0);
        assert_eq!(order(&servers), [0, 1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_fell_silent_is_not_asked_first() {
        let servers = three();
        servers.fails(0);
        // That of another login, which knew no better.
        servers.fails(0);
        assert_eq!(order(&servers), [1, 0, 2]);
        servers.fails(1);
        servers.fails(2);
        assert_eq!(order(&servers), [0, 1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_server_leaves_time_for_the_next() {
        let servers = three();
        let deadline = Instant::now() + Duration::from_secs(3);
        let mut shares = Vec::new();
        for Turn { share, .. } in servers.turns(deadline) {
            shares.push(share.as_millis());
            tokio::time::advance(share).await;
        }
        assert_eq!(shares, [1000, 1000, 1000]);
    }
}
