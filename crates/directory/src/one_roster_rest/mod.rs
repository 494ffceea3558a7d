//! OneRoster REST, 1.1 and 1.2 (1EdTech, OneRoster REST Binding; reference: directories.md 2b).
//!
//! The whole roster is pulled, page after page and one request at a time, or what changed since an earlier pull by
//! `dateLastModified`; organisations are few and always pulled whole. Little that a server says of its pages is believed: the next offset is the rows received, the end is an empty
//! page. What does not add up is a [`Refusal`], so that half a roster is never taken for a whole one.
//!
//! - `requests` one request with its deadlines, tries and credentials; `client` TLS and bodies
//! - `oauth1` signatures; `oauth2` tokens
//! - `pages` a collection, page by page; `value` what a field says
//! - `orgs`, `demographics`, `users` the collections
//! - `fault` what can be wrong with a server

mod client;
mod demographics;
mod fault;
mod oauth1;
mod oauth2;
mod orgs;
mod pages;
mod requests;
#[cfg(test)]
mod tests;
mod users;
mod value;

use std::hash::Hasher as _;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use siphasher::sip128::{Hasher128 as _, SipHasher13};

pub use fault::{ServerFault, Trouble};

use self::client::Client;
use self::requests::{Clock, Requests, SystemClock};
use crate::notes::Notes;
use crate::secret::Secret;
use crate::{
    BadData, Before, Change, Cleared, Directory, Extent, Fault, Fingerprint, Person, Reading, Refusal, Wanted,
};

/// Where a OneRoster server is, and how it wants to be asked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The base, without a slash at its end: `https://sis.example.org/ims/oneroster/v1p1`.
    pub url: String,
    /// The version of the binding.
    pub version: Version,
    /// How a request shows who asks.
    pub auth: Auth,
    /// The consumer key, or the client id.
    pub client_id: String,
    /// How many rows to ask for at a time.
    pub page: u32,
    /// How long to wait between two pages.
    pub pause: Duration,
    /// How long one request may take, from the look-up of the host's name to the last byte.
    pub timeout: Duration,
    /// Certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// A version of the binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `role` and `orgs`.
    V1p1,
    /// `roles`.
    V1p2,
}

/// How a request shows who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// OAuth 1.0a without a token, signed with HMAC-SHA1.
    OAuth1Sha1,
    /// OAuth 1.0a without a token, signed with HMAC-SHA256.
    OAuth1Sha256,
    /// OAuth 2 client credentials.
    OAuth2 {
        /// Where tokens are issued.
        token_url: String,
        /// What to ask for; `None`: whatever the server gives.
        scope: Option<String>,
    },
}

/// A OneRoster server, to be pulled once.
pub struct Server {
    settings: Settings,
    secret: Secret,
    client: Client,
    clock: Box<dyn Clock>,
    opened: Timestamp,
}

impl Server {
    /// Prepares a pull; nothing is asked yet. The certificates to trust are read here.
    pub fn open(settings: Settings, secret: Secret) -> Result<Self, Refusal> {
        Self::with_clock(settings, secret, Box::new(SystemClock))
    }

    fn with_clock(settings: Settings, secret: Secret, clock: Box<dyn Clock>) -> Result<Self, Refusal> {
        let client = Client::new(&settings)?;
        let opened = clock.now();
        Ok(Self { settings, secret, client, clock, opened })
    }
}

impl Server {
    fn read_changes(
        &self,
        wanted: &Wanted,
        before: &Before,
        since: &str,
        sink: &mut dyn FnMut(Change),
    ) -> Result<Reading, Refusal> {
        let mut notes = Notes::default();
        let mut requests = Requests::new(&self.settings, &self.secret, &self.client, &*self.clock);
        let schools = orgs::revised(&mut requests, before, &mut notes)?;
        let mut reading = users::changes(&mut requests, wanted, schools, since, &mut notes, sink)?;
        if wanted.birth_date {
            let newest = demographics::changes(&mut requests, wanted, since, &mut notes, sink)?;
            reading.newest = reading.newest.max(newest);
        }
        reading.undecodable = notes.undecodable;
        reading.warnings = notes.warnings;
        Ok(reading)
    }
}

impl Directory for Server {
    fn read(&mut self, wanted: &Wanted, sink: &mut dyn FnMut(Person)) -> Result<Reading, Refusal> {
        let mut notes = Notes::default();
        let mut requests = Requests::new(&self.settings, &self.secret, &self.client, &*self.clock);
        let schools = orgs::read(&mut requests, &mut notes)?;
        let births = match wanted.birth_date {
            true => Some(demographics::read(&mut requests, wanted, &mut notes)?),
            false => None,
        };
        users::read(&mut requests, wanted, schools, births, notes, sink)
    }

    fn extent(&self) -> Extent {
        Extent::Either
    }

    fn changes(
        &mut self,
        wanted: &Wanted,
        before: &Before,
        sink: &mut dyn FnMut(Change),
    ) -> Result<Option<Reading>, Refusal> {
        let Ok(since) = Timestamp::from_millisecond(before.since) else { return Ok(None) };
        let since = since.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
        match self.read_changes(wanted, before, &since, sink) {
            Ok(reading) => Ok(Some(reading)),
            // It does not know the filter.
            Err(Refusal::Server(ServerFault { trouble: Trouble::Status { status: 400 }, .. })) => Ok(None),
            // It forgets the filter in its total or from the second page on.
            Err(Refusal::BadData(BadData { fault: Fault::Total { .. } | Fault::RepeatedPage, .. })) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    fn birth_dates(&mut self, of: &[&str], wanted: &Wanted) -> Result<Option<Vec<Option<Date>>>, Refusal> {
        let mut requests = Requests::new(&self.settings, &self.secret, &self.client, &*self.clock);
        of.iter().map(|of| demographics::of(&mut requests, of, wanted)).collect::<Result<_, _>>().map(Some)
    }

    /// The server and the time: what a server holds is not known before it is pulled, so that each pull is another
    /// state. A refused one is tried again when the schedule says so.
    fn fingerprint(&self) -> Result<Fingerprint, Refusal> {
        let mut hasher = SipHasher13::new();
        hasher.write(self.settings.url.as_bytes());
        hasher.write(&self.opened.as_nanosecond().to_be_bytes());
        Ok(Fingerprint(hasher.finish128().into()))
    }

    /// Nothing to clear away: the server keeps what is its own.
    fn delete(self: Box<Self>) -> Result<Cleared, Refusal> {
        Ok(Cleared::default())
    }

    /// Likewise.
    fn archive(self: Box<Self>) -> Result<Cleared, Refusal> {
        Ok(Cleared::default())
    }
}
