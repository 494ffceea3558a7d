//! 35 and 36: a patron goes.

use std::borrow::Cow;

use crate::date::Timestamp;
use crate::list::List;

message! {
    /// Ends a patron's session. SIP2 2.00, "End Patron Session".
    pub struct EndPatronSession<'a>: b"35", "End Patron Session";

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
    /// Answers an [`EndPatronSession`]. SIP2 2.00, "End Session Response".
    pub struct EndSessionResponse<'a>: b"36", "End Session Response";

    fixed {
        /// Whether the session is over.
        end_session: bool,
        /// When it was sent, by the library's clock.
        transaction_date: Timestamp,
    }
    fields {
        /// AO: the institution.
        institution_id: Cow<'a, str> = required INSTITUTION_ID,
        /// AA: the card number.
        patron_identifier: Cow<'a, str> = required PATRON_IDENTIFIER,
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
    use jiff::civil::date;

    use super::*;
    use crate::Request;
    use crate::date::Zone;
    use crate::message::tests::{answered, request};

    #[test]
    fn quirk_12_reads_a_date_whose_zone_is_zeros() {
        let Request::EndPatronSession(read) = request(b"35202611230000165425AOMAIN|AA1001|AC|AD1234|AY2AZF3ED") else {
            panic!("another message");
        };
        assert_eq!(read.transaction_date.zone(), Zone::Zeros);
        assert_eq!(read.transaction_date.civil(), Some(date(2026, 11, 23).at(16, 54, 25, 0)));
        assert_eq!(read.patron_identifier.as_deref(), Some("1001"));
    }

    #[test]
    fn writes_an_answer_in_order() {
        let message = EndSessionResponse {
            end_session: true,
            transaction_date: Timestamp::local(date(2026, 11, 23).at(16, 54, 25, 0)),
            institution_id: "EPL".into(),
            patron_identifier: "1001".into(),
            screen_messages: List::one("Bye".into()),
            ..EndSessionResponse::default()
        };
        assert_eq!(answered(message), "36Y20261123    165425AOEPL|AA1001|AFBye|");
    }
}
