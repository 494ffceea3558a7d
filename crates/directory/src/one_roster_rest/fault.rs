//! What can be wrong with a server, where, and who can mend it.

use std::fmt;

use patron::Actor;

/// What was wrong with a server, and where. It holds no query, no secret and nothing that the server wrote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ServerFault {
    /// The address asked, without its query.
    pub url: String,
    /// The page of a collection, from 1, and the row it was to begin with, from 1.
    pub page: Option<(u64, u64)>,
    /// What was wrong.
    #[source]
    pub trouble: Trouble,
}

impl fmt::Display for ServerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)?;
        if let Some((page, row)) = self.page {
            write!(f, ", page {page}, row {row}")?;
        }
        write!(f, ": {}", self.trouble)
    }
}

/// What can be wrong with a server; each message ends with the mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// 401, or a token that is not given out.
    #[error(
        "the server does not know us ({status}); check client-id, client-secret-file, auth and this machine's clock, or \
         ask the district for new credentials"
    )]
    Credentials {
        /// The HTTP status.
        status: u16,
    },
    /// 403.
    #[error("the server knows us and does not let us read this (403); the district must grant it")]
    Forbidden,
    /// 404.
    #[error("there is nothing at this address (404); check url and version")]
    NotThere,
    /// Any 3xx.
    #[error("the server sends us elsewhere ({status}), and redirects are not followed; put the right address into url")]
    Redirect {
        /// The HTTP status.
        status: u16,
    },
    /// 429, 5xx or a connection that broke, each time.
    #[error(
        "no answer that could be used after {tries} tries, the last time {last}; the next sync tries again, if it stays so ask the district"
    )]
    Busy {
        /// How often it was tried.
        tries: u32,
        /// What was wrong the last time.
        last: String,
    },
    /// `Retry-After` beyond what a sync waits.
    #[error("the server wants to be left alone for {seconds} s ({status}); the next sync tries again, or raise pause")]
    Later {
        /// The HTTP status.
        status: u16,
        /// What it asks for.
        seconds: u64,
    },
    /// Another status.
    #[error("the server answers {status}, which is not foreseen here; ask the district")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// It accepts and does not answer in time, or answers too slowly.
    #[error("no whole answer within {seconds} s; if the server is slow, lower page or raise timeout")]
    Silent {
        /// The time it had.
        seconds: u64,
    },
    /// The pull takes too long.
    #[error("the pull has taken over {hours} hours; raise page, lower pause, or ask the district")]
    TooLong {
        /// The limit.
        hours: i64,
    },
    /// The host's name is unknown.
    #[error("there is no such host; check url and this machine's resolver")]
    NoHost,
    /// The certificate has run out.
    #[error("the server's certificate has expired; the district must renew it")]
    Expired,
    /// The certificate is not one to be trusted.
    #[error(
        "the server's certificate is not trusted ({why}); check url, and ca-file where the district has an authority of its own"
    )]
    Untrusted {
        /// What TLS says of it.
        why: &'static str,
    },
    /// TLS itself.
    #[error("no connection by TLS 1.2 or 1.3; the district must look at its server")]
    Tls,
    /// A body over the cap.
    #[error("the page is over {mib} MiB; lower page")]
    TooLarge {
        /// The cap.
        mib: u64,
    },
    /// It is not HTTP.
    #[error("the answer is no HTTP; check url")]
    NotHttp,
    /// A token's answer that holds none.
    #[error("the answer holds no token that can be used; check token-url")]
    NoToken,
    /// No certificate to trust.
    #[error("there are no certificates to trust; install ca-certificates or name a ca-file")]
    NoRoots,
}

impl ServerFault {
    pub(super) fn new(url: &str, trouble: Trouble) -> Self {
        // Queries may hold what a log must not; there is none in a configured address.
        let url = url.split_once('?').map_or(url, |(url, _)| url).to_owned();
        Self { url, page: None, trouble }
    }

    /// Who can mend it.
    pub const fn actor(&self) -> Actor {
        match self.trouble {
            Trouble::Forbidden
            | Trouble::Busy { .. }
            | Trouble::Later { .. }
            | Trouble::Status { .. }
            | Trouble::Expired
            | Trouble::Tls => Actor::District,
            Trouble::Credentials { .. }
            | Trouble::NotThere
            | Trouble::Redirect { .. }
            | Trouble::Silent { .. }
            | Trouble::TooLong { .. }
            | Trouble::NoHost
            | Trouble::Untrusted { .. }
            | Trouble::TooLarge { .. }
            | Trouble::NotHttp
            | Trouble::NoToken
            | Trouble::NoRoots => Actor::Sysadmin,
        }
    }
}
