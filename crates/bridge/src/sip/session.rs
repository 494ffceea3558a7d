//! What one connection knows: its client, its last reply. A frame in, a reply out.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::BytesMut;
use patron::{Reason, Verdict};
use sip2::{
    Accepted, Checksum, DecodeError, Dialect, EndSessionResponse, ErrorDetection, Frame, Login, LoginResponse, Parts,
    Request, RequestScResend, Response, Trailer, without_sequence,
};
use tokio::time::Instant;

use crate::arrival::Stranger;
use crate::house::{Client, House};
use crate::logins::Known;
use crate::metrics::Closed;
use crate::question::{self, Outcome, Told, Waiting};
use crate::service::Service;
use crate::sip::manner::Manner;
use crate::sip::request::Asked;
use crate::sip::{circulation, reply};

/// Logins that may fail on one connection.
const FAILED_LOGINS: u8 = 3;
/// Unreadable messages in a row that may come on one connection.
const UNREADABLE: u8 = 3;

/// One SIP2 connection's state.
pub struct Session {
    listener: Arc<str>,
    source: IpAddr,
    client: Option<Known>,
    /// The place among the strangers, until a login.
    stranger: Option<Stranger>,
    /// The last reply, for a 97.
    last: Vec<u8>,
    failed_logins: u8,
    unreadable: u8,
    warned: bool,
}

/// What came of a frame.
pub enum Step {
    /// A reply was appended, or none is due.
    Done,
    /// A login must be verified first; see [`Session::logged_in`].
    LogIn(Box<LoginAttempt>),
    /// A district's directory must be asked first; then the same frame is answered with what it said.
    Ask(Box<Waiting>),
    /// The connection ends.
    Close(Closed),
}

/// A login that waits for its password to be verified.
pub struct LoginAttempt {
    /// CN.
    pub user: String,
    /// CO.
    pub password: String,
    /// What its answer carries.
    pub error_detection: ErrorDetection,
}

impl Session {
    /// A session; `client` is who it is, where that shows before a login.
    pub const fn new(listener: Arc<str>, source: IpAddr, client: Option<Known>, stranger: Option<Stranger>) -> Self {
        Self { listener, source, client, stranger, last: Vec::new(), failed_logins: 0, unreadable: 0, warned: false }
    }

    /// Where the peer is.
    pub const fn source(&self) -> IpAddr {
        self.source
    }

    /// Whether the client is known.
    pub const fn is_known(&self) -> bool {
        self.client.is_some()
    }

    /// Answers one frame; the reply is appended to `out`. `told` is what a directory said to it.
    pub fn answer(&mut self, service: &Service, frame: &Frame, told: Option<Told>, out: &mut BytesMut) -> Step {
        let started = told.map_or_else(Instant::now, |told| told.started);
        let house = service.house();
        let client = match &self.client {
            None => None,
            Some(known) => match house.client(&known.id, known.at) {
                Some(client) if client.may_connect_from(self.source) => Some(client),
                // A reload removed the client, or its network.
                _ => return Step::Close(Closed::NotAdmitted),
            },
        };
        let dialect = client.map_or_else(|| house.strangers_dialect(frame), |client| client.dialect);
        let trailer = Trailer::of(frame, &dialect);
        if let Checksum::Tolerated(tolerance) = trailer.checksum
            && told.is_none()
        {
            service.metrics.count_tolerated(client.map_or("-", |client| &client.id), tolerance);
        }
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
            Request::Login(login) => return self.log_in(&house, login, trailer.error_detection, reply.out),
            Request::Resend(_) => return self.resend(&mut reply),
            _ => {
                let asker = Asker { service, house: &house, client, told, started };
                if let Err(step) = self.ask(&asker, &request, &mut reply) {
                    return step;
                }
            }
        }
        self.keep(&reply);
        service.metrics.request_seconds.observe(started.elapsed().as_secs_f64());
        Step::Done
    }

    /// Answers all requests but 93 and 97, or says what is to be done first or instead.
    fn ask(&self, asker: &Asker<'_>, request: &Request<'_>, reply: &mut Reply<'_>) -> Result<(), Step> {
        let Asker { service, house, client, .. } = *asker;
        let tick = service.clock.now();
        let manner = Manner::of(client, house, &tick);
        let (own, now) = (manner.institution_id, manner.now);
        let verdict = |asked: &Asked<'_>| {
            let verdict = self.resolve(asker, asked)?;
            let closes = verdict.reason().is_some_and(Reason::is_outage) && manner.answers.outage_closes;
            if closes { Err(Step::Close(Closed::Outage)) } else { Ok(verdict) }
        };
        match request {
            Request::PatronInformation(message) => {
                let asked = Asked::information(message);
                let verdict = verdict(&asked)?;
                let answer = reply::information(&verdict, &asked, &manner);
                // The hot path: straight from where it was made.
                answer.encode(&reply.dialect, reply.error_detection, reply.out);
            }
            Request::PatronStatus(message) => {
                let asked = Asked::status(message);
                let verdict = verdict(&asked)?;
                reply.send(&reply::status(&verdict, &asked, &manner).into());
            }
            Request::BlockPatron(message) => {
                let asked = Asked::block(message);
                let verdict = verdict(&asked)?;
                let mut status = reply::status(&verdict, &asked, &manner);
                status.screen_messages = reply::unchanged(status.screen_messages);
                reply.send(&status.into());
            }
            Request::PatronEnable(message) => {
                let asked = Asked::enable(message);
                let verdict = verdict(&asked)?;
                let mut enabled = reply::enable(&verdict, &asked, &manner);
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
            Request::ScStatus(_) => reply.send(&reply::acs_status(house, client, &manner)),
            other => {
                if let Some(refusal) = circulation::refusal(other, own, now) {
                    reply.send(&refusal);
                }
            }
        }
        Ok(())
    }

    /// The verdict on what was asked, logged and counted.
    fn resolve(&self, asker: &Asker<'_>, asked: &Asked<'_>) -> Result<Verdict, Step> {
        let Asker { service, house, client, told, started } = *asker;
        if client.is_none() {
            tracing::warn!(listener = %self.listener, source = %self.source, "asked before login");
        }
        match question::ask(service, house, client, (asked.card.as_ref(), asked.pin.as_ref()), told, started) {
            Outcome::Answered(verdict) => Ok(verdict),
            Outcome::Waits(waiting) => Err(Step::Ask(waiting)),
        }
    }

    /// 93: a login to verify, unless the connection itself says who it is.
    fn log_in(&mut self, house: &House, login: &Login<'_>, detection: ErrorDetection, out: &mut BytesMut) -> Step {
        let user = login.login_user_id.as_deref().unwrap_or_default();
        let known = self.client.as_ref().and_then(|known| house.client(&known.id, known.at));
        if let Some(client) = known.filter(|client| client.login.is_none())
            && house.client_of_login(user).is_none()
        {
            // Some clients send a 93 all the same, with whatever they are set up with.
            let mut reply = Reply { dialect: client.dialect, error_detection: detection, start: out.len(), out };
            reply.send(&LoginResponse { ok: Accepted(true), ..Default::default() }.into());
            self.keep(&reply);
            return Step::Done;
        }
        let password = login.login_password.as_deref().unwrap_or_default();
        Step::LogIn(Box::new(LoginAttempt {
            user: user.to_owned(),
            password: password.to_owned(),
            error_detection: detection,
        }))
    }

    /// Answers a 93 that was verified.
    pub fn logged_in(
        &mut self,
        service: &Service,
        error_detection: ErrorDetection,
        known: Result<Known, &'static str>,
        out: &mut BytesMut,
    ) -> Step {
        let house = service.house();
        let client = known.as_ref().ok().or(self.client.as_ref()).and_then(|known| house.client(&known.id, known.at));
        let dialect = client.map_or_else(Dialect::default, |client| client.dialect);
        let mut reply = Reply { dialect, error_detection, start: out.len(), out };
        reply.send(&LoginResponse { ok: Accepted(known.is_ok()), ..Default::default() }.into());
        self.keep(&reply);
        match known {
            Ok(known) => {
                self.client = Some(known);
                self.stranger = None;
                Step::Done
            }
            Err(cause) => {
                service.turn_away(&self.listener, self.source, cause);
                self.failed_logins += 1;
                if self.failed_logins == FAILED_LOGINS { Step::Close(Closed::FailedLogins) } else { Step::Done }
            }
        }
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
            tracing::warn!(client, request = parts.title(), field = %field.id, "a field stands twice; the first counts");
        }
    }
}

/// Who asks, and of what.
#[derive(Clone, Copy)]
struct Asker<'a> {
    service: &'a Service,
    house: &'a House,
    client: Option<&'a Client>,
    told: Option<Told>,
    started: Instant,
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
