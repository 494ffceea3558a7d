//! 01: a self-check has kept a card. Answered by a 24.

use std::borrow::Cow;

use crate::date::Timestamp;

message! {
    /// Asks for a card to be blocked. SIP2 2.00, "Block Patron". The answer is a
    /// [`PatronStatusResponse`](crate::PatronStatusResponse).
    pub struct BlockPatron<'a>: b"01", "Block Patron";

    fixed {
        /// Whether the self-check kept the card.
        card_retained: bool,
        /// When it was sent, by the peer's clock.
        transaction_date: Timestamp,
    }
    fields {
        /// AO: often empty, left out or wrong.
        institution_id: Option<Cow<'a, str>> = required INSTITUTION_ID,
        /// AL: why the card is to be blocked.
        blocked_card_message: Option<Cow<'a, str>> = required BLOCKED_CARD_MESSAGE,
        /// AA: the card number.
        patron_identifier: Option<Cow<'a, str>> = required PATRON_IDENTIFIER,
        /// AC: the password of the asking system.
        terminal_password: Option<Cow<'a, str>> = required TERMINAL_PASSWORD,
    }
}

#[cfg(test)]
mod tests {
    use crate::Request;
    use crate::message::tests::{asked, request};

    #[test]
    fn reads_and_writes_a_block() {
        let bytes = "01Y20261123    165425AOMAIN|ALLeft behind|AA1001|AC|";
        let Request::BlockPatron(read) = request(b"01Y20261123    165425AOMAIN|ALLeft behind|AA1001|AC|") else {
            panic!("another message");
        };
        assert!(read.card_retained);
        assert_eq!(read.blocked_card_message.as_deref(), Some("Left behind"));
        assert_eq!(asked(read), bytes);
    }
}
