//! Requests with their credentials, tries and waits.

use std::sync::mpsc;
use std::time::Duration;

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use ureq::http::StatusCode;

use super::client::{Answer, Broken, Client};
use super::oauth1::{self, Signer};
use super::oauth2::{self, Manner, Token};
use super::{Auth, ServerFault, Settings, Trouble};
use crate::secret::Secret;

/// So often one request is sent.
pub(super) const TRIES: u32 = 4;
/// The longest time waited between two tries, whoever asks for it.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// The longest time a pull may take: districts are synced one after the other.
const LONGEST_PULL: SignedDuration = SignedDuration::from_hours(2);

/// Time, as a pull needs it.
pub(super) trait Clock: Send {
    fn now(&self) -> Timestamp;
    fn wait(&self, time: Duration);
}

/// Time as it passes.
pub(super) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn wait(&self, time: Duration) {
        // Nobody sends: it is the deadline that ends the wait.
        let (_sender, receiver) = mpsc::channel::<()>();
        let _ = receiver.recv_timeout(time);
    }
}

/// The requests of one pull, one after the other.
pub(super) struct Requests<'a> {
    pub settings: &'a Settings,
    secret: &'a Secret,
    client: &'a Client,
    clock: &'a dyn Clock,
    began: Timestamp,
    token: Option<Token>,
    manner: Manner,
    /// Whether the next page is not the first: there is a pause before it.
    paused: bool,
}

impl<'a> Requests<'a> {
    pub fn new(settings: &'a Settings, secret: &'a Secret, client: &'a Client, clock: &'a dyn Clock) -> Self {
        let began = clock.now();
        Self { settings, secret, client, clock, began, token: None, manner: Manner::Basic, paused: false }
    }

    /// Asks for one page. The answer is 200, or 400, which may be about the parameters.
    pub fn page(&mut self, url: &str, query: &[(&str, String)]) -> Result<Answer, ServerFault> {
        if std::mem::replace(&mut self.paused, true) && !self.settings.pause.is_zero() {
            self.clock.wait(self.settings.pause);
        }
        let joined: Vec<String> =
            query.iter().map(|(name, value)| format!("{name}={}", oauth1::encode(value))).collect();
        let address = if query.is_empty() { url.to_owned() } else { format!("{url}?{}", joined.join("&")) };
        let mut renewed = false;
        loop {
            let answer = self.tried(url, |requests| {
                let header = requests.authorization(url, query)?;
                Ok(requests.client.fetch(&address, &header))
            })?;
            match answer.status {
                StatusCode::OK | StatusCode::BAD_REQUEST => return Ok(answer),
                // The token may have been withdrawn before its time.
                StatusCode::UNAUTHORIZED if self.token.is_some() && !renewed => {
                    self.token = None;
                    renewed = true;
                }
                status => return Err(ServerFault::new(url, refused(status))),
            }
        }
    }

    /// Asks for one object of a collection by its key, which no fault tells.
    pub fn one(&mut self, collection: &str, key: &str) -> Result<Answer, ServerFault> {
        let url = format!("{collection}/{}", oauth1::encode(key));
        self.page(&url, &[]).map_err(|fault| ServerFault { url: collection.to_owned(), ..fault }).and_then(|answer| {
            match answer.status {
                StatusCode::OK => Ok(answer),
                status => Err(ServerFault::new(collection, refused(status))),
            }
        })
    }

    fn authorization(&mut self, url: &str, query: &[(&str, String)]) -> Result<String, ServerFault> {
        let (token_url, scope) = match &self.settings.auth {
            Auth::OAuth2 { token_url, scope } => (token_url.as_str(), scope.as_deref()),
            oauth1 => {
                let sha256 = *oauth1 == Auth::OAuth1Sha256;
                let signer = Signer { client_id: &self.settings.client_id, secret: self.secret, sha256 };
                return Ok(signer.header(url, query, &oauth1::nonce(), self.clock.now().as_second()));
            }
        };
        let now = self.clock.now();
        if let Some(token) = self.token.take_if(|token| token.renew.is_none_or(|renew| now < renew)) {
            return Ok(self.token.insert(token).header.to_string());
        }
        let token = match self.fresh_token(token_url, scope) {
            Err(ServerFault { trouble: Trouble::Credentials { .. }, .. }) if self.manner == Manner::Basic => {
                self.manner = Manner::Form;
                self.fresh_token(token_url, scope)?
            }
            token => token?,
        };
        Ok(self.token.insert(token).header.to_string())
    }

    fn fresh_token(&mut self, url: &str, scope: Option<&str>) -> Result<Token, ServerFault> {
        let (header, form) = oauth2::request(self.manner, &self.settings.client_id, self.secret, scope);
        let header = header.as_ref().map(|header| header.as_str());
        let answer = self.tried(url, |requests| Ok(requests.client.post(url, header, &form)))?;
        oauth2::token(&answer, self.clock.now()).map_err(|trouble| ServerFault::new(url, trouble))
    }

    /// Sends a request until the server has time for it, with longer and longer waits.
    fn tried(
        &mut self,
        url: &str,
        mut send: impl FnMut(&mut Self) -> Result<Result<Answer, Broken>, ServerFault>,
    ) -> Result<Answer, ServerFault> {
        let fault = |trouble| ServerFault::new(url, trouble);
        let mut tries = 0;
        loop {
            if self.clock.now().duration_since(self.began) > LONGEST_PULL {
                return Err(fault(Trouble::TooLong { hours: LONGEST_PULL.as_hours() }));
            }
            tries += 1;
            let (last, asked) = match send(self)? {
                Ok(answer) if is_passing(answer.status) => {
                    let asked = answer.retry_after.as_deref().and_then(|header| retry_after(header, self.clock.now()));
                    if let Some(wait) = asked.filter(|wait| *wait > LONGEST_WAIT) {
                        let status = answer.status.as_u16();
                        return Err(fault(Trouble::Later { status, seconds: wait.as_secs() }));
                    }
                    (format!("status {}", answer.status.as_u16()), asked)
                }
                Ok(answer) => return Ok(answer),
                Err(Broken::Passing(why)) => (why.to_owned(), None),
                Err(Broken::Lasting(trouble)) => return Err(fault(trouble)),
            };
            if tries == TRIES {
                return Err(fault(Trouble::Busy { tries, last }));
            }
            let wait = Duration::from_secs(1 << tries);
            self.clock.wait(asked.unwrap_or(wait).max(wait).min(LONGEST_WAIT));
        }
    }
}

/// Whether another try may go well.
fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
}

/// What a status says that is no answer.
pub(super) fn refused(status: StatusCode) -> Trouble {
    match status {
        StatusCode::UNAUTHORIZED => Trouble::Credentials { status: 401 },
        StatusCode::FORBIDDEN => Trouble::Forbidden,
        StatusCode::NOT_FOUND => Trouble::NotThere,
        status if status.is_redirection() => Trouble::Redirect { status: status.as_u16() },
        status => Trouble::Status { status: status.as_u16() },
    }
}

/// `Retry-After` in seconds or as a date (RFC 9110, 10.2.3).
fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = header.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = rfc2822::DateTimeParser::new().parse_timestamp(header.trim()).ok()?;
    Duration::try_from(until.duration_since(now)).ok()
}
