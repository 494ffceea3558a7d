//! Why a directory was not read, and who can mend it.
//!
//! What a server says in words is not repeated: it may name the people of the district.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use patron::Actor;

/// Why a directory was not read: of each server that was tried, in turn.
#[derive(Debug)]
pub struct Fault(Vec<(String, Trouble)>);

/// What is wrong with one server; each message ends with the mend.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Trouble {
    #[error("no LDAP entry has a user-id; in [card] write id = \"column:NAME\" with the attribute's name")]
    UserId,
    #[error("a PIN rule needs birth dates; name their attribute as birth-date in [source.attributes]")]
    NoBirthDates,
    #[error("{}: {what}; name PEM files that the service's user can read", path.display())]
    Pem { path: PathBuf, what: String },
    #[error("this system has no certificates of authorities; name the server's with ca-file")]
    NoRoots,
    #[error("our own system does not let us ask: {0}; look at its limits")]
    Runtime(io::Error),
    #[error("cannot connect: {0}; is the server up, the address right, the firewall open?")]
    Connect(io::Error),
    #[error("no answer within {} s; is the server well, and is timeout long enough for a page?", .0.as_secs_f64())]
    Silent(Duration),
    #[error("its certificate is not accepted: {0}; the district must renew it, or ca-file name who signed it")]
    Certificate(String),
    #[error("no TLS with it: {0}; look at the port, client-certificate-file and what the server demands")]
    Tls(String),
    #[error("it does not do StartTLS (result {0}); use ldaps://, or have it switched on")]
    StartTls(u32),
    #[error("it does not accept bind-dn with this password; put the right one into bind-password-file")]
    Credentials,
    #[error("it does not accept the client certificate; ask the district which one it knows")]
    NotKnown,
    #[error("the account of bind-dn {0}; the district must mend it")]
    Account(&'static str),
    #[error("it takes no password without encryption (result {0}); use ldaps://, or start-tls = true")]
    Encryption(u32),
    #[error("there is no such base, or bind-dn may not see it; check base with the district")]
    NoBase,
    #[error("bind-dn may not search there; the district must let it read the people below base")]
    Access,
    #[error("filter is none; write it as in (objectClass=person), with its brackets")]
    Filter,
    #[error("it stops at its {0}, and half a roster is none; the district must lift that limit for bind-dn")]
    Limit(&'static str),
    #[error("it says that another server holds the base; name that one in urls")]
    Elsewhere,
    #[error("it refuses with LDAP result {0}; look that up with the district")]
    Result(u32),
    #[error("the connection broke off in the middle; where that happens again, look at the server's log")]
    Cut,
    #[error("what it sends is not LDAP; is this the right port?")]
    NotLdap,
    #[error("it sent more than 1 MiB for one entry; leave out the attribute that is so long")]
    TooLong,
    #[error("it sends the same page again and again; tell the district, and try another page size")]
    Repeats,
    #[error("it comes to no end; look at base and filter")]
    Endless,
    #[error("all {0} connections to it are in use; is it slow, or is that too few?")]
    Busy(usize),
    #[error("{0}")]
    Secret(String),
}

impl Fault {
    /// About one place.
    pub(super) fn of(place: impl Into<String>, trouble: Trouble) -> Self {
        Self(vec![(place.into(), trouble)])
    }

    /// About several servers, in the order in which they were tried.
    pub(super) fn of_each(tried: Vec<(String, Trouble)>) -> Self {
        Self(tried)
    }

    /// Who can mend it.
    pub fn actor(&self) -> Actor {
        // Servers that are down are the sysadmin's, unless all that was found is the district's.
        let district = !self.0.is_empty() && self.0.iter().all(|(_, trouble)| trouble.actor() == Actor::District);
        if district { Actor::District } else { Actor::Sysadmin }
    }

    /// Whether one was reached and only this question was not to its liking.
    pub(super) fn is_of_the_question(&self) -> bool {
        // Unavailable critical extension, undefined attribute type, inappropriate matching, invalid syntax, and unwilling
        // to perform (RFC 4511, A.1).
        matches!(self.0.as_slice(), [(_, Trouble::Result(12 | 17 | 18 | 21 | 53))])
    }

    /// What is wrong with the last server that was tried.
    #[cfg(test)]
    pub(super) fn last(&self) -> &Trouble {
        &self.0.last().unwrap().1
    }
}

impl Trouble {
    const fn actor(&self) -> Actor {
        match self {
            Self::Certificate(_) | Self::Account(_) | Self::Access | Self::Limit(_) | Self::Repeats => Actor::District,
            _ => Actor::Sysadmin,
        }
    }

    /// Whether another server may do better. Not with credentials: trying wrong ones everywhere locks the account.
    pub(super) const fn is_of_one_server(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Silent(_) | Self::Certificate(_) | Self::Tls(_) | Self::StartTls(_) => true,
            Self::Cut | Self::NotLdap => true,
            // Busy and unavailable (RFC 4511, A.1).
            Self::Result(code) => matches!(code, 51 | 52),
            _ => false,
        }
    }

    /// What a bind came to.
    pub(super) fn of_bind(code: u32, diagnostic: &str, with_password: bool) -> Option<Self> {
        match code {
            0 => None,
            8 | 13 => Some(Self::Encryption(code)),
            49 | 48 if !with_password => Some(Self::NotKnown),
            49 => Some(account(diagnostic).map_or(Self::Credentials, Self::Account)),
            _ => Some(Self::Result(code)),
        }
    }

    /// What a search came to.
    pub(super) const fn of_search(code: u32) -> Option<Self> {
        match code {
            0 => None,
            3 => Some(Self::Limit("time limit")),
            4 => Some(Self::Limit("size limit")),
            11 => Some(Self::Limit("administrative limit")),
            8 | 13 => Some(Self::Encryption(code)),
            10 => Some(Self::Elsewhere),
            32 => Some(Self::NoBase),
            50 => Some(Self::Access),
            _ => Some(Self::Result(code)),
        }
    }
}

/// Why Active Directory refuses a bind, behind result 49: the `533` of `..., data 533, v4563`.
pub(super) fn sub_code(diagnostic: &str) -> Option<&str> {
    let (_, rest) = diagnostic.split_once("data ")?;
    rest.split(|letter: char| !letter.is_ascii_hexdigit()).next()
}

/// What it says of an account that gave the right password. The other codes say no more than result 49 itself.
fn account(diagnostic: &str) -> Option<&'static str> {
    match sub_code(diagnostic)? {
        "530" => Some("may not log in at this hour"),
        "531" => Some("may not log in from this machine"),
        "532" => Some("has a password that has expired"),
        "533" => Some("is disabled"),
        "701" => Some("has expired"),
        "773" => Some("must change its password"),
        "775" => Some("is locked"),
        _ => None,
    }
}

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (place, trouble)) in self.0.iter().enumerate() {
            write!(f, "{}{place}: {trouble}", if number == 0 { "" } else { " | " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_directory_is_asked_why() {
        const SAID: &str = "80090308: LdapErr: DSID-0C09, comment: AcceptSecurityContext error, data 533, v4563";
        let of = |said: &str| Trouble::of_bind(49, said, true).unwrap();
        assert!(matches!(of(SAID), Trouble::Account("is disabled")));
        for said in ["", "data ", "data 52e, v4563", "data 5333"] {
            assert!(matches!(of(said), Trouble::Credentials), "{said}");
        }
    }

    #[test]
    fn wrong_credentials_are_not_carried_to_the_next_server() {
        for code in [8, 13, 49, 53] {
            assert!(!Trouble::of_bind(code, "", true).unwrap().is_of_one_server(), "{code}");
        }
        assert!(Trouble::of_bind(51, "", true).unwrap().is_of_one_server());
    }
}
