//! The domain, pure: card numbers, PINs, students, verdicts, and the rules that judge them.
//!
//! No I/O, no clock and no key lives here: time and verifiers come in as parameters.
//!
//! - [`card_number`] what a library system sends as the card; [`pin`] what it sends as the secret
//! - [`student`] a row of a roster, with its [`role`] and [`grade`]; [`scope`] whom a rule is about
//! - [`card_form`] ID to card and back, by a [`card_spec`]; [`card_rules`] the forms of one district; [`card_book`] of all districts;
//!   [`shape`] and [`pattern`] what cards and IDs look like, and whether two forms meet; [`check_digit`]
//! - [`pin_rule`] which PINs a district accepts, or has hashed ([`hashed_pin`]); [`eligibility`] who of its people may; [`expiry`] for how long; [`opt_out`] who does not want to;
//!   [`privileges`] to do what; [`calendar`] days that come round; [`date_shape`] how a district writes a date
//! - [`budget`] how many guesses a card has
//! - [`release`] what a client may see; [`verdict`] the answer; [`template`] text made of what is seen

pub mod budget;
pub mod calendar;
pub mod card_book;
pub mod card_form;
pub mod card_number;
pub mod card_rules;
pub mod card_spec;
pub mod check_digit;
pub mod date_shape;
pub mod eligibility;
pub mod expiry;
pub mod grade;
pub mod hashed_pin;
pub mod id_source;
pub mod opt_out;
pub mod pattern;
pub mod pin;
pub mod pin_rule;
pub mod privileges;
pub mod release;
pub mod role;
pub mod scope;
pub mod shape;
pub mod student;
pub mod template;
pub mod verdict;

pub use budget::Budget;
pub use calendar::{Summer, YearDay};
pub use card_book::{CardBook, Claim};
pub use card_form::CardForm;
pub use card_number::CardNumber;
pub use card_rules::CardRules;
pub use card_spec::CardSpec;
pub use check_digit::CheckDigit;
pub use date_shape::DateShape;
pub use eligibility::Eligibility;
pub use expiry::{CardEnd, ExpiryInputs, ExpiryRule, ExpiryRules};
pub use grade::Grade;
pub use hashed_pin::HashedPin;
pub use id_source::IdSource;
pub use opt_out::OptOutList;
pub use pattern::Pattern;
pub use pin::Pin;
pub use pin_rule::{BirthFormat, PinInputs, PinRule, PinRules, PinScheme};
pub use privileges::{PrivilegeRule, PrivilegeRules, Privileges};
pub use release::{Attribute, Release};
pub use role::Role;
pub use scope::{GradeBand, Scope};
pub use student::{PersonName, SchoolIndex, Student};
pub use template::Template;
pub use verdict::{Actor, Patron, Reason, Verdict};
