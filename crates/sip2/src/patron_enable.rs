//! 25 and 26: a blocked card is to work again.

use std::borrow::Cow;

use crate::date::Timestamp;
use crate::flags::PatronStatusFlags;
use crate::language::Language;
use crate::list::List;

message! {
    /// Asks for a blocked card to work again. SIP2 2.00, "Patron Enable".
    pub struct PatronEnable<'a>: b"25", "Patron Enable";

    fixed {
        /// When it was sent, by the peer's clock.
        transaction_date: Timestamp,
    }
    fields {
        /// AO: often empty, left out or wrong.
        institution_id: Option<Cow<'a, str>> = required INSTITUTION_ID,
        /// AA: the card number.
        patron_identifier: Option<Cow<'a, str>> = required PATRON_IDENTIFIER,
        /// AC: the password of the asking system.
        terminal_password: Option<Cow<'a, str>> = optional TERMINAL_PASSWORD,
        /// AD: the PIN.
        patron_password: Option<Cow<'a, str>> = optional PATRON_PASSWORD,
    }
}

message! {
    /// Answers a [`PatronEnable`]. SIP2 2.00, "Patron Enable Response".
    pub struct PatronEnableResponse<'a>: b"26", "Patron Enable Response";

    fixed {
        /// What the patron may not do.
        patron_status: PatronStatusFlags,
        /// The language that the patron reads.
        language: Language,
        /// When it was sent, by the library's clock.
        transaction_date: Timestamp,
    }
    fields {
        /// AO: the institution.
        institution_id: Cow<'a, str> = required INSTITUTION_ID,
        /// AA: the card number.
        patron_identifier: Cow<'a, str> = required PATRON_IDENTIFIER,
        /// AE: the patron's name.
        personal_name: Cow<'a, str> = required PERSONAL_NAME,
        /// BL: whether the card is known.
        valid_patron: Option<bool> = optional VALID_PATRON,
        /// CQ: whether the PIN is right.
        valid_patron_password: Option<bool> = optional VALID_PATRON_PASSWORD,
    }
    last {
        /// AF: lines for the screen.
        screen_messages: List<'a, Cow<'a, str>> = optional SCREEN_MESSAGE,
        /// AG: lines for the printer.
        print_lines: List<'a, Cow<'a, str>> = optional PRINT_LINE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::{answered, asked};

    #[test]
    fn writes_a_request_and_an_answer_in_order() {
        let request = PatronEnable { patron_identifier: Some("1001".into()), ..PatronEnable::default() };
        assert_eq!(asked(request), "25                  AO|AA1001|");

        let response = PatronEnableResponse {
            patron_status: PatronStatusFlags::REFUSED,
            patron_identifier: "1001".into(),
            valid_patron: Some(false),
            valid_patron_password: Some(false),
            ..PatronEnableResponse::default()
        };
        assert_eq!(answered(response), "26YYYY          000                  AO|AA1001|AE|BLN|CQN|");
    }
}
