//! What one connection knows. A message in, an answer out.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ncip::{Agency, AgencyInformation, Credentials, Edition, Kind, Message, Problem, Prompt, Request, Response};
use patron::{CardNumber, Pin, Reason, Verdict};
use resolver::PinPolicy;
use tokio::time::{Instant, timeout};

use crate::arrival::Stranger;
use crate::house::{Client, House};
use crate::logins::{self, Known};
use crate::metrics::Closed;
use crate::ncip::identity::{By, Shown};
use crate::ncip::reply::{self, Asked, Manner};
use crate::question::{self, Outcome};
use crate::service::Service;

/// Logins that may fail on one connection.
const FAILED_LOGINS: u8 = 3;
/// Unreadable messages in a row that may come on one connection.
const UNREADABLE: u8 = 3;

/// Bytes of a usual answer.
const USUAL: usize = 2048;

/// One NCIP connection's state.
pub struct Session {
    listener: Arc<str>,
    source: IpAddr,
    /// Who the connection itself says it is.
    bound: Option<Known>,
    /// The place among the strangers, until a login.
    stranger: Option<Stranger>,
    /// The last login. It says nothing of the next message: a proxy sends those of many.
    last: Option<Known>,
    login_time: Duration,
    failed_logins: u8,
    unreadable: u8,
}

/// An answer.
pub struct Answered {
    /// The message; empty: there is none.
    pub text: String,
    /// How HTTP says it.
    pub status: Status,
    /// The connection ends after it.
    pub close: Option<Closed>,
}

/// What an answer is to HTTP, which says 200 to everything that NCIP itself can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Answered, perhaps by a problem.
    Answered,
    /// HTTP's own credentials are missing or not right.
    Unauthorized,
    /// Nobody can say now, and the client shows a page of its own.
    Unavailable,
}

/// How a message came.
pub enum Way {
    /// By HTTP, which may show a login of its own.
    Http(Option<Shown>),
    /// By TCP, where nothing is said to what is no NCIP.
    Tcp,
}

/// Who a message is from.
enum From<'h> {
    Client(&'h Client),
    Nobody(Problem, Status),
}

impl Session {
    /// A session; `bound` is who it is, where the connection itself says that.
    pub const fn new(
        listener: Arc<str>,
        source: IpAddr,
        bound: Option<Known>,
        stranger: Option<Stranger>,
        login_time: Duration,
    ) -> Self {
        Self { listener, source, bound, stranger, last: None, login_time, failed_logins: 0, unreadable: 0 }
    }

    /// Whether it was ever known whose it is.
    pub const fn is_known(&self) -> bool {
        self.bound.is_some() || self.last.is_some()
    }

    /// Whether the connection itself says whose it is: then nothing that a message shows is looked at.
    pub const fn is_bound(&self) -> bool {
        self.bound.is_some()
    }

    /// Answers one message.
    pub async fn answer(&mut self, service: &Service, bytes: &[u8], way: Way) -> Answered {
        let started = Instant::now();
        let house = service.house();
        let (by_http, shown) = match way {
            Way::Http(shown) => (true, shown),
            Way::Tcp => (false, None),
        };
        let mut answered = Answered { text: String::with_capacity(USUAL), status: Status::Answered, close: None };
        let bound = match &self.bound {
            None => None,
            Some(known) => match house.client(&known.id, known.at) {
                Some(client) if client.may_connect_from(self.source) => Some(client),
                // A reload removed the client, or its network.
                _ => {
                    answered.close = Some(Closed::NotAdmitted);
                    return answered;
                }
            },
        };
        let strips = match bound {
            Some(client) => client.ncip.strips_controls,
            None => house.clients.iter().any(|client| client.ncip.strips_controls),
        };
        let read = if strips { ncip::read_without_controls(bytes) } else { ncip::read(bytes) };
        let message = match read {
            Ok(message) => message,
            Err(rejection) => {
                self.unreadable += 1;
                let own = bound.map_or(&house.agency, |client| &client.agency);
                let said = rejection.answer(own, &mut answered.text);
                if !said && by_http {
                    rejection.answer_anyhow(own, &mut answered.text);
                }
                if self.unreadable == UNREADABLE || !(said || by_http) {
                    answered.close = Some(Closed::Unreadable);
                }
                return answered;
            }
        };
        self.unreadable = 0;
        let from = match bound {
            Some(client) => From::Client(client),
            None => {
                let shown = shown.or_else(|| Shown::in_message(&message.header, &house));
                let unnamed = by_http && message.header.from_agency.is_none();
                self.identify(service, &house, shown, unnamed).await
            }
        };
        if self.failed_logins == FAILED_LOGINS {
            answered.close = Some(Closed::FailedLogins);
        }
        self.serve(service, &house, &message, from, started, &mut answered).await;
        service.metrics.request_seconds.observe(started.elapsed().as_secs_f64());
        answered
    }

    async fn serve(
        &self,
        service: &Service,
        house: &House,
        message: &Message,
        from: From<'_>,
        started: Instant,
        answered: &mut Answered,
    ) {
        let client = match &from {
            From::Client(client) => Some(*client),
            From::Nobody(..) => None,
        };
        let own = client.map_or(&house.agency, |client| &client.agency);
        let (credentials, lookup) = match &message.request {
            Request::LookupUser(asked) => (&asked.credentials, Some(asked.wanted)),
            Request::AuthenticateUser(asked) => (&asked.credentials, None),
            // Neither says anything of a user: answered to everybody, as SIP2's 99 is.
            Request::LookupVersion => return message.answer(&Response::LookupVersion, own, &mut answered.text),
            Request::LookupAgency(asked) => {
                return answer_agency(house, client, message, asked, &mut answered.text);
            }
            Request::Unsupported(_) => return message.refuse_unsupported(own, &mut answered.text),
        };
        let asked = Asked {
            card: CardNumber::parse(credentials.identifier.as_str()),
            pin: pin_of(credentials).is_some(),
            authenticates: lookup.is_none() || credentials.secret_sent,
            wanted: lookup.unwrap_or_default(),
            visible_id: message.manner.edition == Edition::V1,
        };
        let client = match from {
            From::Client(client) => client,
            From::Nobody(problem, status) => {
                self.ask(service, house, None, credentials, &asked, started).await;
                answered.status = status;
                return message.refuse(problem, own, &mut answered.text);
            }
        };
        // Where no PIN is looked at, one that was sent proves nothing.
        let looks_up = match client.rules.pin {
            PinPolicy::Required => false,
            PinPolicy::Optional => !asked.pin,
            PinPolicy::Never => true,
        };
        if looks_up && !service.lookups.take(&client.id, client.ncip.lookups_per_minute, started) {
            service.metrics.count_limited_lookup(&client.id);
            return message.refuse(reply::too_many(), own, &mut answered.text);
        }
        let verdict = self.ask(service, house, Some(client), credentials, &asked, started).await;
        if verdict.reason().is_some_and(Reason::is_outage) && client.answers.outage_closes {
            answered.status = Status::Unavailable;
            answered.close = Some(Closed::Outage);
        }
        let manner = Manner {
            ncip: &client.ncip,
            answers: client.answers,
            pin: client.rules.pin,
            zone: &house.site.library.time_zone,
        };
        let parties = message.header.answered_by(own);
        let text = &mut answered.text;
        match reply::tell(verdict, &asked, &manner, parties.from) {
            Ok(told) => match lookup {
                Some(_) => message.answer(&Response::LookupUser(told.user(parties.from)), own, text),
                None => message.answer(&Response::AuthenticateUser(told.user(parties.from)), own, text),
            },
            Err(problem) => message.refuse(problem, own, text),
        }
    }

    /// The verdict on what was asked, logged and counted.
    async fn ask(
        &self,
        service: &Service,
        house: &House,
        client: Option<&Client>,
        credentials: &Credentials,
        asked: &Asked,
        started: Instant,
    ) -> Verdict {
        if client.is_none() {
            tracing::warn!(listener = %self.listener, source = %self.source, "asked before login");
        }
        let pin = pin_of(credentials);
        let mut told = None;
        loop {
            match question::ask(service, house, client, (asked.card.as_ref(), pin.as_ref()), told, started) {
                Outcome::Answered(verdict) => return verdict,
                // Boxed: most connections never wait for a directory.
                Outcome::Waits(waiting) => told = Some(Box::pin(waiting.told()).await),
            }
        }
    }

    /// Verifies what was shown. `unnamed` is whether neither HTTP nor the message says anything of its sender.
    async fn identify<'h>(
        &mut self,
        service: &Service,
        house: &'h House,
        shown: Option<Shown>,
        unnamed: bool,
    ) -> From<'h> {
        let Some(shown) = shown else {
            let status = if unnamed { Status::Unauthorized } else { Status::Answered };
            return From::Nobody(reply::refusal(Reason::NotLoggedIn), status);
        };
        match self.log_in(service, house, &shown).await {
            Ok(client) => From::Client(client),
            Err(cause) => {
                service.turn_away(&self.listener, self.source, cause);
                self.failed_logins = self.failed_logins.saturating_add(1).min(FAILED_LOGINS);
                if matches!(cause, "busy" | "connections") {
                    let busy = Problem::new(Kind::TemporaryProcessingFailure, "FromAgencyId");
                    return From::Nobody(busy, Status::Answered);
                }
                let status = if shown.by == By::Http { Status::Unauthorized } else { Status::Answered };
                From::Nobody(shown.by.problem(), status)
            }
        }
    }

    async fn log_in<'h>(
        &mut self,
        service: &Service,
        house: &'h House,
        shown: &Shown,
    ) -> Result<&'h Client, &'static str> {
        let named = house.client_of_login(&shown.user).filter(|(_, client)| client.may_connect_from(self.source));
        // The same as in the last message: its place among the client's connections is kept.
        if let (Some((_, client)), Some(known)) = (named, &self.last)
            && *known.id == *client.id
            && client
                .login
                .as_ref()
                .is_some_and(|login| service.logins.is_known(login.password_hash.as_str(), &shown.password))
        {
            return Ok(client);
        }
        // Given back first: the next client may be the same.
        self.last = None;
        let known = logins::log_in(service, &shown.user, &shown.password, self.source);
        let known = timeout(self.login_time, known).await.map_err(|_| "busy")??;
        let client = house.client(&known.id, known.at).ok_or("login")?;
        self.last = Some(known);
        self.stranger = None;
        Ok(client)
    }
}

fn pin_of(credentials: &Credentials) -> Option<Pin> {
    credentials.secret.as_ref().and_then(|secret| Pin::parse(secret.expose()))
}

/// What is asked for at a login, and what the library is called; of agencies that are ours.
fn answer_agency(
    house: &House,
    client: Option<&Client>,
    message: &Message,
    asked: &ncip::LookupAgency,
    text: &mut String,
) {
    let own = client.map_or(&house.agency, |client| &client.agency);
    let library = &house.site.library;
    let districts = client.into_iter().flat_map(|client| &client.rules.districts);
    let districts = districts.filter_map(|district| house.rosters.districts().get(*district));
    let mut ours = [&*own.value, &library.agency_id, &library.institution_id]
        .into_iter()
        .chain(districts.map(|district| district.id.as_str()));
    if !ours.any(|name| name.eq_ignore_ascii_case(&asked.agency.value)) {
        return message.refuse(Problem::new(Kind::UnknownAgency, "AgencyId"), own, text);
    }
    let card = Prompt { text: "Card number", input_type: "Barcode Id", sensitive: false };
    let pin = Prompt { text: "PIN", input_type: "PIN", sensitive: true };
    let both = [card, pin];
    let without_pin = client.is_some_and(|client| client.rules.pin == PinPolicy::Never);
    let prompts = if without_pin { both.get(..1).unwrap_or_default() } else { &both };
    let agency: &Agency = &asked.agency;
    let information = AgencyInformation {
        agency,
        name: asked.name.then_some(library.name.as_str()),
        prompts: if asked.prompts { prompts } else { &[] },
    };
    message.answer(&Response::LookupAgency(information), own, text);
}
