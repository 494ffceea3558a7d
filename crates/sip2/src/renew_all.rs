//! 65 and 66: everything a patron has is lent for longer.

use std::borrow::Cow;

use crate::date::Timestamp;
use crate::fixed::{Accepted, Number};
use crate::list::List;

message! {
    /// Lends everything for longer. SIP2 2.00, "Renew All".
    pub struct RenewAll<'a>: b"65", "Renew All";

    fixed {
        /// When it was sent, by the peer's clock.
        transaction_date: Timestamp,
    }
    fields {
        /// AO: often empty, left out or wrong.
        institution_id: Option<Cow<'a, str>> = required INSTITUTION_ID,
        /// AA: the card number.
        patron_identifier: Option<Cow<'a, str>> = required PATRON_IDENTIFIER,
        /// AD: the PIN.
        patron_password: Option<Cow<'a, str>> = optional PATRON_PASSWORD,
        /// AC: the password of the asking system.
        terminal_password: Option<Cow<'a, str>> = optional TERMINAL_PASSWORD,
        /// BO: whether the patron has agreed to a fee.
        fee_acknowledged: Option<bool> = optional FEE_ACKNOWLEDGED,
    }
}

message! {
    /// Answers a [`RenewAll`]. SIP2 2.00, "Renew All Response".
    pub struct RenewAllResponse<'a>: b"66", "Renew All Response";

    fixed {
        /// Whether it was done.
        ok: Accepted,
        /// How many items were renewed.
        renewed_count: Number<4>,
        /// How many items were not.
        unrenewed_count: Number<4>,
        /// When it was sent, by the library's clock.
        transaction_date: Timestamp,
    }
    fields {
        /// AO: the institution.
        institution_id: Cow<'a, str> = required INSTITUTION_ID,
        /// BM: the items that were renewed.
        renewed_items: List<'a, Cow<'a, str>> = optional RENEWED_ITEMS,
        /// BN: the items that were not, and why.
        unrenewed_items: List<'a, Cow<'a, str>> = optional UNRENEWED_ITEMS,
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
    use crate::message::tests::{answered, asked, request, response};
    use crate::{Request, Response};

    #[test]
    fn reads_and_writes_a_request_in_order() {
        let Request::RenewAll(read) = request(b"6520261123    165425AOMAIN|AA1001|AD1234|AC|BOY|") else {
            panic!("another message");
        };
        assert!(read.extensions.is_empty());
        assert_eq!(asked(read), "6520261123    165425AOMAIN|AA1001|AD1234|AC|BOY|");
    }

    #[test]
    fn reads_and_writes_an_answer_in_order() {
        let Response::RenewAll(read) = response(b"6610002    20261123    165425AOMAIN|BM31|BM32|BN33|AFHi|AGHo|")
        else {
            panic!("another message");
        };
        assert!(read.extensions.is_empty());
        assert_eq!(answered(read), "6610002    20261123    165425AOMAIN|BM31|BM32|BN33|AFHi|AGHo|");
    }
}
