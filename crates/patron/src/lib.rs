//! The domain, pure: card numbers, PINs, students, verdicts, and the rules that judge them.
//!
//! No I/O, no clock and no key lives here: time and verifiers come in as parameters.
//!
//! - [`card_number`] what a library system sends as the card; [`pin`] what it sends as the secret
//! - [`student`] a row of a roster, with its [`role`] and [`grade`]
//! - [`card_rule`] card to ID and back, in one district; [`card_book`] over all districts; [`pattern`] the shape of an ID
//! - [`pin_rule`] which PINs a district accepts; [`eligibility`] who of its people may
//! - [`budget`] how many guesses a card has
//! - [`release`] what a client may see; [`verdict`] the answer; [`template`] text made of what is seen

pub mod budget;
pub mod card_book;
pub mod card_number;
pub mod card_rule;
pub mod eligibility;
pub mod grade;
pub mod pattern;
pub mod pin;
pub mod pin_rule;
pub mod release;
pub mod role;
pub mod student;
pub mod template;
pub mod verdict;

pub use budget::Budget;
pub use card_book::{CardBook, Claim};
pub use card_number::CardNumber;
pub use card_rule::{CardRule, IdSource};
pub use eligibility::Eligibility;
pub use grade::Grade;
pub use pattern::Pattern;
pub use pin::Pin;
pub use pin_rule::{BirthFormat, PinInputs, PinRule, PinScheme};
pub use release::{Attribute, Release};
pub use role::Role;
pub use student::{PersonName, SchoolIndex, Student};
pub use template::Template;
pub use verdict::{Actor, Patron, Reason, Verdict};
