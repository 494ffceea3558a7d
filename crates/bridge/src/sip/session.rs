//! What one connection knows: its client, its last reply. A frame in, a reply out.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::BytesMut;
use patron::{Reason, Verdict};
use resolver::Query;
use sip2::{
    Accepted, Checksum, DecodeError, Dialect, EndSessionResponse, ErrorDetection, Frame, Login, LoginResponse, Parts,
    Request, RequestScResend, Response, Timestamp, Trailer, without_sequence,
};
use tokio::time::Instant;

use crate::gate::Unknown;
use crate::house::{Client, House};
use crate::logins::LoginCheck;
use crate::metrics::Closed;
use crate::service::Service;
use crate::sip::request::Asked;
use crate::sip::{circulation, reply};
use crate::verdict_log::Line;

/// Logins that may fail on one connection.
const FAILED_LOGINS: u8 = 3;
/// Unreadable messages in a row that may come on one connection.
const UNREADABLE: u8 = 3;

/// One SIP2 connection's state.
pub struct Session {
    listener: Arc<str>,
    peer: IpAddr,
    client: Option<Known>,
    /// The place among the unknown, until a login.
    unknown: Option<Unknown>,
    /// The last reply, for a 97.
    last: Vec<u8>,
    failed_logins: u8,
    unreadable: u8,
    warned: bool,
}

/// Who the client is: by id, for a reload may move or remove it.
struct Known {
    id: Box<str>,
    at: usize,
}

/// What came of a frame.
pub enum Step {
    /// A reply was appended, or none is due.
    Done,
    /// A login's password must be verified first; see [`Session::logged_in`].
    Verify(Box<LoginAttempt>),
    /// The connection ends.
    Close(Closed),
}

/// A login that waits for its password to be verified.
pub struct LoginAttempt {
    client: Option<(String, usize)>,
    /// The argon2id hash to verify by; `None`: there is no such user.
    pub hash: Option<String>,
    /// What was typed.
    pub password: String,
    error_detection: ErrorDetection,
}

impl Session {
    /// A session; `client` is who the listener says that it is.
    pub fn new(listener: Arc<str>, peer: IpAddr, client: Option<(&str, usize)>, unknown: Option<Unknown>) -> Self {
        let client = client.map(|(id, at)| Known { id: id.into(), at });
        Self { listener, peer, client, unknown, last: Vec::new(), failed_logins: 0, unreadable: 0, warned: false }
    }

    /// Whether the client is known.
    pub const fn is_known(&self) -> bool {
        self.client.is_some()
    }

    /// Answers one frame; the reply is appended to `out`.
    pub fn answer(&mut self, service: &Service, frame: &Frame, out: &mut BytesMut) -> Step {
        let started = Instant::now();
        let house = service.house();
        let client = match &self.client {
            None => None,
            Some(known) => match house.client(&known.id, known.at) {
                Some(client) => Some(client),
                // A reload removed the client.
                None => return Step::Close(Closed::FailedLogins),
            },
        };
        let dialect = client.map_or_else(Dialect::default, |client| client.dialect);
        let trailer = Trailer::of(frame, &dialect);
        if trailer.checksum == Checksum::Wrong {
            service.metrics.wrong_checksums.inc();
            return self.ask_again(&dialect, trailer.error_detection, out);
        }
        let request = match Parts::of(frame, &dialect) {
            Ok(parts) => {
                self.warn_of_duplicates(&parts);
                Request::read(&parts)
            }
            Err(error) => Err(error),
        };
        let request = match request {
            Ok(request) => request,
            // SIP2 2.00, "Unknown commands": ignored, without an answer.
            Err(DecodeError::UnknownCommand) => return Step::Done,
            Err(DecodeError::TooManyFields { .. }) => return Step::Close(Closed::TooManyFields),
            Err(DecodeError::UnreadableFixedPart) => {
                self.unreadable += 1;
                if self.unreadable == UNREADABLE {
                    return Step::Close(Closed::Unreadable);
                }
                return self.ask_again(&dialect, trailer.error_detection, out);
            }
        };
        self.unreadable = 0;
        let mut reply = Reply { dialect, error_detection: trailer.error_detection, start: out.len(), out };
        match &request {
            Request::Login(login) => return self.log_in(service, &house, login, trailer.error_detection, reply.out),
            Request::Resend(_) => return self.resend(&mut reply),
            _ => self.ask(service, &house, client, &request, started, &mut reply),
        }
        self.keep(&reply);
        service.metrics.request_seconds.observe(started.elapsed().as_secs_f64());
        Step::Done
    }

    /// Answers all requests but 93 and 97.
    fn ask(
        &self,
        service: &Service,
        house: &House,
        client: Option<&Client>,
        request: &Request<'_>,
        started: Instant,
        reply: &mut Reply<'_>,
    ) {
        let now = Timestamp::local(service.clock.now().local);
        let own = client.map_or(house.site.library.institution_id.as_str(), |client| &client.institution_id);
        match request {
            Request::PatronInformation(message) => {
                let asked = Asked::information(message);
                let verdict = self.resolve(service, house, client, &asked, started);
                let answer = reply::information(&verdict, &asked, own, now);
                // The hot path: straight from where it was made.
                answer.encode(&reply.dialect, reply.error_detection, reply.out);
            }
            Request::PatronStatus(message) => {
                let asked = Asked::status(message);
                let verdict = self.resolve(service, house, client, &asked, started);
                reply.send(&reply::status(&verdict, &asked, own, now).into());
            }
            Request::BlockPatron(message) => {
                let asked = Asked::block(message);
                let verdict = self.resolve(service, house, client, &asked, started);
                let mut status = reply::status(&verdict, &asked, own, now);
                status.screen_messages = reply::unchanged(status.screen_messages);
                reply.send(&status.into());
            }
            Request::PatronEnable(message) => {
                let asked = Asked::enable(message);
                let verdict = self.resolve(service, house, client, &asked, started);
                let mut enabled = reply::enable(&verdict, &asked, own, now);
                enabled.screen_messages = reply::unchanged(enabled.screen_messages);
                reply.send(&enabled.into());
            }
            Request::EndPatronSession(message) => {
                let institution_id = message.institution_id.as_deref().filter(|id| !id.is_empty());
                let ended = EndSessionResponse {
                    end_session: true,
                    transaction_date: now,
                    institution_id: institution_id.unwrap_or(own).into(),
                    patron_identifier: message.patron_identifier.as_deref().unwrap_or_default().into(),
                    ..Default::default()
                };
                reply.send(&ended.into());
            }
            Request::ScStatus(_) => reply.send(&reply::acs_status(house, client, now)),
            other => {
                if let Some(refusal) = circulation::refusal(other, own, now) {
                    reply.send(&refusal);
                }
            }
        }
    }

    /// The verdict on what was asked, logged and counted.
    fn resolve(
        &self,
        service: &Service,
        house: &House,
        client: Option<&Client>,
        asked: &Asked<'_>,
        started: Instant,
    ) -> Verdict {
        let tick = service.clock.now();
        let (verdict, district, pseudonym) = match (client, &asked.card) {
            (None, _) => {
                tracing::warn!(listener = %self.listener, source = %self.peer, "asked before login");
                (Verdict::Refuse(Reason::NotLoggedIn), None, None)
            }
            (Some(_), None) => (Verdict::Refuse(Reason::UnknownCard), None, None),
            (Some(client), Some(card)) => {
                let query = Query { card, pin: asked.pin.as_ref(), client: &client.rules };
                let answer = service.resolver.resolve(&house.rosters, &query, tick.moment, &tick.pseudonyms);
                (answer.verdict, answer.district, Some(answer.pseudonym))
            }
        };
        let reason = verdict.reason();
        if let Some(client) = client {
            service.metrics.count_verdict(&client.counters, district, verdict.name(), reason);
        }
        let district = district.and_then(|district| house.rosters.districts().get(district));
        service.verdicts.write(&Line {
            utc: &tick.utc,
            client: client.map_or("-", |client| &client.id),
            district: district.map_or("-", |district| &district.id),
            pseudonym,
            verdict: verdict.name(),
            reason,
            micros: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        });
        verdict
    }

    /// 93: at once where the password was right before, else after it was verified.
    fn log_in(
        &mut self,
        service: &Service,
        house: &House,
        login: &Login<'_>,
        detection: ErrorDetection,
        out: &mut BytesMut,
    ) -> Step {
        let user = login.login_user_id.as_deref().unwrap_or_default();
        let password = login.login_password.as_deref().unwrap_or_default();
        let found = house.client_of_login(user);
        let known = self.client.as_ref().and_then(|known| house.client(&known.id, known.at));
        if let (None, Some(client)) = (found, known.filter(|client| client.login.is_none())) {
            // The listener says who it is; some clients send a 93 all the same, with whatever they are set up with.
            let mut reply = Reply { dialect: client.dialect, error_detection: detection, start: out.len(), out };
            reply.send(&LoginResponse { ok: Accepted(true), ..Default::default() }.into());
            self.keep(&reply);
            return Step::Done;
        }
        let hash =
            found.and_then(|(_, client)| client.login.as_ref()).map(|login| login.password_hash.as_str().to_owned());
        let attempt = LoginAttempt {
            client: found.map(|(at, client)| (client.id.clone(), at)),
            hash,
            password: password.to_owned(),
            error_detection: detection,
        };
        match &attempt.hash {
            Some(hash) if service.logins.is_known(hash, password) => {
                self.logged_in(service, attempt, LoginCheck::Right, out)
            }
            _ => Step::Verify(Box::new(attempt)),
        }
    }

    /// Answers a 93 whose password was verified.
    pub fn logged_in(
        &mut self,
        service: &Service,
        attempt: LoginAttempt,
        check: LoginCheck,
        out: &mut BytesMut,
    ) -> Step {
        let house = service.house();
        let client = attempt.client.and_then(|(id, at)| house.client(&id, at).map(|client| (client, at)));
        let cause = match (&client, check) {
            (_, LoginCheck::Busy) => Some("busy"),
            (None, _) | (_, LoginCheck::Wrong) => Some("login"),
            (Some((client, _)), _) if !client.may_connect_from(self.peer) => Some("network"),
            _ => None,
        };
        let dialect = client.as_ref().map_or_else(Dialect::default, |(client, _)| client.dialect);
        let mut reply = Reply { dialect, error_detection: attempt.error_detection, start: out.len(), out };
        reply.send(&LoginResponse { ok: Accepted(cause.is_none()), ..Default::default() }.into());
        self.keep(&reply);
        if let Some(cause) = cause {
            service.metrics.login_failures.inc();
            tracing::warn!(listener = %self.listener, source = %self.peer, cause, "login_failed");
            self.failed_logins += 1;
            return if self.failed_logins == FAILED_LOGINS { Step::Close(Closed::FailedLogins) } else { Step::Done };
        }
        if let Some((client, at)) = client {
            self.client = Some(Known { id: client.id.as_str().into(), at });
            self.unknown = None;
        }
        Step::Done
    }

    /// 96: what came could not be read.
    fn ask_again(&mut self, dialect: &Dialect, error_detection: ErrorDetection, out: &mut BytesMut) -> Step {
        let mut reply = Reply { dialect: *dialect, error_detection, start: out.len(), out };
        reply.send(&RequestScResend::default().into());
        self.keep(&reply);
        Step::Done
    }

    /// 97: the last reply once more, without its sequence number; a 96 where there was none.
    fn resend(&mut self, reply: &mut Reply<'_>) -> Step {
        if self.last.is_empty() {
            reply.send(&RequestScResend::default().into());
            self.keep(reply);
        } else {
            without_sequence(&self.last, &reply.dialect, reply.out);
        }
        Step::Done
    }

    fn keep(&mut self, reply: &Reply<'_>) {
        self.last.clear();
        self.last.extend_from_slice(reply.out.get(reply.start..).unwrap_or_default());
    }

    /// Of a field that stands twice the first counts. Once a connection: a vendor repeats itself in every message.
    fn warn_of_duplicates(&mut self, parts: &Parts<'_>) {
        if self.warned {
            return;
        }
        if let Some(field) = parts.fields().duplicates().next() {
            self.warned = true;
            let client = self.client.as_ref().map_or("-", |known| &known.id);
            tracing::warn!(client, message = parts.title(), field = %field.id, "a field stands twice; the first counts");
        }
    }
}

/// Where a reply is written, and how.
struct Reply<'a> {
    dialect: Dialect,
    error_detection: ErrorDetection,
    start: usize,
    out: &'a mut BytesMut,
}

impl Reply<'_> {
    fn send(&mut self, response: &Response<'_>) {
        response.encode(&self.dialect, self.error_detection, self.out);
    }
}
