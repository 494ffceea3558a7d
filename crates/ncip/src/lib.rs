//! NCIP, versions 1 and 2: messages read and written, without I/O and without policy.
//!
//! Bytes become a [`Message`] or a [`Rejection`]; a [`Response`] becomes text in the manner of the message that it
//! answers. Both versions are read by local name, with any prefix or none, and never validated, for hardly any sender
//! is valid; what is written is valid against the 2.02 schema or the 1.0 DTD.
//!
//! The reader trusts nobody (reference/ncip.md section 5): a DOCTYPE is ignored, entities are refused, everything has a
//! limit. Secrets are wiped when dropped, and no `Debug`, error or answer holds one. Tests named `quirk_N_...` each
//! hold one liberty of section 4.
#![forbid(unsafe_code)]

// From bytes to elements.
mod charset; // UTF-8, UTF-16, ISO-8859-1, windows-1252
mod doctype; // accepted, and ignored
mod document; // elements in order
mod error; // what can be wrong with bytes
mod framing; // where a message ends in a stream
pub mod limits; // how much a message may be
mod name; // the names that mean something
mod reader; // the policy

// How a peer writes.
mod carrier; // what carries the answer to what could not be read
mod header; // who asks whom
mod manner; // version, prefix, shape
mod scheme; // the standard's URIs
mod writer; // elements onto the wire

// What messages are made of.
mod authentication_input; // identifiers and secrets
mod problem; // what is wrong
mod secret; // what must not be seen
mod service; // all services of both versions
mod user; // what is told of a user

// One file for each service.
mod authenticate_user;
mod lookup_agency;
mod lookup_user;
mod lookup_version;

mod initiation; // a message that asks, written
mod message; // a request of any of them
mod outline; // a message for people
mod response; // an answer

pub use authenticate_user::AuthenticateUser;
pub use authentication_input::Credentials;
pub use error::ReadError;
pub use framing::{Found, Framing};
pub use header::{Agency, Header, Parties};
pub use initiation::{Asks, Initiation};
pub use lookup_agency::{AgencyInformation, LookupAgency, Prompt};
pub use lookup_user::{LookupUser, UserElements};
pub use manner::{Edition, Manner};
pub use message::{Message, Rejection, Request, read, read_without_controls};
pub use outline::{Line, outline};
pub use problem::{Kind, Problem};
pub use response::Response;
pub use secret::{Identifier, Secret};
pub use service::{FaultIn, Service};
pub use user::{Name, Privilege, User, UserOptionalFields};
