//! A message that asks for something, read.

use crate::authenticate_user::AuthenticateUser;
use crate::carrier::{self, Carrier};
use crate::charset;
use crate::document::{Document, Element};
use crate::error::ReadError;
use crate::header::{Agency, Header, Parties};
use crate::limits;
use crate::lookup_agency::LookupAgency;
use crate::lookup_user::LookupUser;
use crate::manner::{Edition, Manner};
use crate::problem::{Kind, Problem};
use crate::reader;
use crate::response::Response;
use crate::service::Service;

/// A request, and how it wants to be answered.
#[derive(Debug)]
pub struct Message {
    /// How it is written.
    pub manner: Manner,
    /// Who sent it.
    pub header: Header,
    /// What it asks for.
    pub request: Request,
}

/// The service that is asked for.
#[derive(Debug)]
pub enum Request {
    /// `LookupUser`.
    LookupUser(LookupUser),
    /// `AuthenticateUser`, of version 1.
    AuthenticateUser(AuthenticateUser),
    /// `LookupAgency`.
    LookupAgency(LookupAgency),
    /// `LookupVersion`, in a `NCIPVersionMessage` or, as Koha has it, in a `NCIPMessage`.
    LookupVersion,
    /// Any other service; `None`: one of neither version.
    Unsupported(Option<Service>),
}

/// Why a message is not answered as it wants to be, and how it is answered all the same.
#[derive(Debug)]
pub struct Rejection {
    /// What is wrong.
    pub problem: Problem,
    carrier: Option<Box<Carrier>>,
}

/// Reads one message.
///
/// # Errors
///
/// Bytes that are no message, and messages that contradict themselves or leave out what is needed. Nothing of what was
/// sent is in the rejection.
pub fn read(bytes: &[u8]) -> Result<Message, Rejection> {
    let unread = |error: ReadError, text: &[u8]| Rejection {
        problem: error.into(),
        carrier: carrier::sniff(text).map(Box::new),
    };
    if bytes.len() > limits::MESSAGE {
        return Err(unread(ReadError::TooLarge, bytes));
    }
    let text = charset::decode(bytes).map_err(|error| unread(error, bytes))?;
    let document = reader::read(&text).map_err(|error| unread(error, text.as_bytes()))?;
    Message::of(&document)
}

/// Reads one message, once more without control characters where only those stand in the way: INN-Reach sends ^D
/// (reference/ncip.md, quirk 11).
///
/// # Errors
///
/// As [`read`].
pub fn read_without_controls(bytes: &[u8]) -> Result<Message, Rejection> {
    let syntax = Problem::from(ReadError::IllegalCharacter);
    match read(bytes) {
        Err(rejection) if rejection.problem == syntax => {
            let allowed = bytes.iter().copied().filter(|byte| *byte >= b' ' || byte.is_ascii_whitespace());
            let mut stripped = zeroize::Zeroizing::new(Vec::with_capacity(bytes.len()));
            stripped.extend(allowed);
            read(&stripped)
        }
        read => read,
    }
}

impl Message {
    fn of(document: &Document<'_>) -> Result<Self, Rejection> {
        let manner = Manner::of(document);
        let root = Element::root(document);
        let discovery = manner.edition == Edition::Discovery;
        let mut services = root.children().filter(|child| discovery || !is_extension(*child, root));
        let (first, second) = (services.next(), services.next());
        let service = first.and_then(|element| Service::find(element.name()));
        let reject = |manner: &Manner, problem, header| {
            let carrier = Some(Box::new(Carrier { manner: manner.clone(), service, header }));
            Rejection { problem, carrier }
        };
        let (Some(element), None) = (first, second) else {
            let error = ReadError::NotWellFormed;
            let problem = Problem::from(error).with_detail("a message holds one service, and this one does not");
            return Err(reject(&manner, problem, Header::default()));
        };
        let header = Header::read(element).map_err(|problem| reject(&manner, problem, Header::default()))?;
        let request = match element.name() {
            "LookupVersion" => Ok(Request::LookupVersion),
            _ if discovery => Ok(Request::Unsupported(None)),
            "LookupUser" => LookupUser::read(element).map(Request::LookupUser),
            "AuthenticateUser" if manner.edition == Edition::V1 => {
                AuthenticateUser::read(element).map(Request::AuthenticateUser)
            }
            "LookupAgency" => LookupAgency::read(element).map(Request::LookupAgency),
            _ => Ok(Request::Unsupported(service)),
        };
        match request {
            Ok(request) => Ok(Self { manner, header, request }),
            Err(problem) => Err(reject(&manner, problem, header)),
        }
    }

    /// The service's own name, where it is one of the standard's.
    pub fn service(&self) -> Option<Service> {
        match &self.request {
            Request::LookupUser(_) => Service::find("LookupUser"),
            Request::AuthenticateUser(_) => Service::find("AuthenticateUser"),
            Request::LookupAgency(_) => Service::find("LookupAgency"),
            Request::LookupVersion => None,
            Request::Unsupported(service) => *service,
        }
    }

    /// Writes an answer, in the manner of this message; `own` is what we call ourselves.
    pub fn answer(&self, response: &Response<'_>, own: &Agency, out: &mut String) {
        response.write(&self.manner, self.header.answered_by(own), out);
    }

    /// Writes a refusal of the service that was asked for.
    pub fn refuse(&self, problem: Problem, own: &Agency, out: &mut String) {
        self.answer(&Response::Problem(self.service(), problem), own, out);
    }

    /// Writes the refusal of a service that is not ours.
    pub fn refuse_unsupported(&self, own: &Agency, out: &mut String) {
        let name = self.service().map_or("NCIPMessage", |service| service.name);
        let problem = Problem::new(Kind::UnsupportedService, name);
        self.refuse(problem.with_detail(format!("{name} is not supported by this responder")), own, out);
    }
}

/// `Ext` may stand beside the service in version 2. What has no name for us before or after one that has is taken as that.
fn is_extension(child: Element<'_>, root: Element<'_>) -> bool {
    child.name().is_empty() && root.children().any(|other| !other.name().is_empty())
}

impl Rejection {
    /// Writes the answer that its version has for it. `false`: there is none, for this is nothing like NCIP.
    pub fn answer(&self, own: &Agency, out: &mut String) -> bool {
        let Some(carrier) = &self.carrier else { return false };
        let Carrier { manner, service, header } = &**carrier;
        Response::Problem(*service, self.problem.clone()).write(manner, header.answered_by(own), out);
        true
    }

    /// Writes an answer whatever it was: by HTTP, something must be said.
    pub fn answer_anyhow(&self, own: &Agency, out: &mut String) {
        if !self.answer(own, out) {
            let parties = Parties { from: own, to: None };
            Response::Problem(None, self.problem.clone()).write(&Manner::canonical(Edition::V2), parties, out);
        }
    }
}
