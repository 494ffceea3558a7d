//! The SIP2 wire protocol: frames, fields and messages, without I/O and without policy.
//!
//! Bytes become a [`Frame`] in the [`Codec`], a frame becomes a [`Request`] or a [`Response`], and each of
//! these becomes bytes again. What a message *means* for a library is somebody else's business.
//!
//! Reading is lenient, because self-checks and vendors take liberties that nobody will mend; writing is strict,
//! because their parsers do not forgive ours. Tests named `quirk_N_...` each hold one such liberty.
//!
//! The rules are those of SIP 2.00 (3M Standard Interchange Protocol, developer guide); comments name the
//! message or section. No value of a field that could name a person is ever printed by a `Debug` or an error.
#![forbid(unsafe_code)]

// From the socket to a frame.
mod checksum; // AY and AZ: computed, verified, tolerated
mod codec; // bytes to frames, with a hard limit
mod frame; // one message without its terminator

// How a peer speaks.
mod charset; // code page 850, Latin-1, ASCII, UTF-8
mod dialect; // character set, delimiter, terminator, limits

// What messages are made of.
mod date; // the 18 character date
mod field; // the id'd fields of a message, read lazily
mod field_id; // every known id: its title, and whether it is secret
mod fixed; // the parts that have a width instead of an id
mod flags; // patron status, summary, supported messages
mod language; // the three-digit language
mod list; // repeatable fields without an allocation for the first
mod value; // Rust types as values of id'd fields
mod writer; // values onto the wire

// How a message is laid out.
#[macro_use]
mod layout; // `message!`, the one mechanism behind the files below
mod error; // what can be wrong with a frame
mod parts; // a frame taken apart, named for people

// One file for each pair of messages.
mod block_patron; // 01, answered by 24
mod checkin; // 09, 10
mod checkout; // 11, 12
mod end_patron_session; // 35, 36
mod fee_paid; // 37, 38
mod hold; // 15, 16
mod item_information; // 17, 18
mod item_status_update; // 19, 20
mod login; // 93, 94
mod patron_enable; // 25, 26
mod patron_information; // 63, 64
mod patron_status; // 23, 24
mod renew; // 29, 30
mod renew_all; // 65, 66
mod resend; // 97, 96
mod sc_status; // 99, 98

mod message; // all of them: `Request` and `Response`

pub use block_patron::BlockPatron;
pub use charset::Charset;
pub use checkin::{Checkin, CheckinResponse};
pub use checkout::{Checkout, CheckoutResponse};
pub use checksum::{Checksum, ErrorDetection, Sequence, Tolerance, Trailer};
pub use codec::{Codec, CodecError};
pub use date::{Timestamp, Zone};
pub use dialect::{Delimiter, Dialect, Terminator};
pub use end_patron_session::{EndPatronSession, EndSessionResponse};
pub use error::DecodeError;
pub use fee_paid::{FeePaid, FeePaidResponse};
pub use field::{Field, Fields};
pub use field_id::{FieldId, InvalidFieldId, Sensitivity};
pub use fixed::{Accepted, Currency, Number, ProtocolVersion, YesNoUnknown};
pub use flags::{PatronFlag, PatronStatusFlags, Summary, SummaryItem, SupportedMessage, SupportedMessages};
pub use frame::Frame;
pub use hold::{Hold, HoldMode, HoldResponse};
pub use item_information::{ItemInformation, ItemInformationResponse};
pub use item_status_update::{ItemStatusUpdate, ItemStatusUpdateResponse};
pub use language::Language;
pub use layout::{FieldRule, FixedPart, Layout};
pub use list::{Extension, List};
pub use login::{Login, LoginResponse};
pub use message::{Request, Response};
pub use parts::{Entry, Parts};
pub use patron_enable::{PatronEnable, PatronEnableResponse};
pub use patron_information::{PatronInformation, PatronInformationResponse};
pub use patron_status::{PatronStatus, PatronStatusResponse};
pub use renew::{Renew, RenewResponse};
pub use renew_all::{RenewAll, RenewAllResponse};
pub use resend::{RequestAcsResend, RequestScResend, without_sequence};
pub use sc_status::{AcsStatus, ScStatus};
