//! 37 and 38: a patron has paid.

use std::borrow::Cow;

use crate::date::Timestamp;
use crate::fixed::{Currency, Number};
use crate::list::List;

message! {
    /// Tells of a payment. SIP2 2.00, "Fee Paid".
    pub struct FeePaid<'a>: b"37", "Fee Paid";

    fixed {
        /// When it was sent, by the peer's clock.
        transaction_date: Timestamp,
        /// For what: 01 other, 04 overdue, and so on.
        fee_type: Number<2>,
        /// How: 00 cash, 01 VISA, 02 credit card.
        payment_type: Number<2>,
        /// In which currency.
        currency: Currency,
    }
    fields {
        /// BV: how much.
        fee_amount: Option<Cow<'a, str>> = required FEE_AMOUNT,
        /// AO: often empty, left out or wrong.
        institution_id: Option<Cow<'a, str>> = required INSTITUTION_ID,
        /// AA: the card number.
        patron_identifier: Option<Cow<'a, str>> = required PATRON_IDENTIFIER,
        /// AC: the password of the asking system.
        terminal_password: Option<Cow<'a, str>> = optional TERMINAL_PASSWORD,
        /// AD: the PIN.
        patron_password: Option<Cow<'a, str>> = optional PATRON_PASSWORD,
        /// CG: which fee.
        fee_identifier: Option<Cow<'a, str>> = optional FEE_IDENTIFIER,
        /// BK: the peer's number of this transaction.
        transaction_id: Option<Cow<'a, str>> = optional TRANSACTION_ID,
    }
}

message! {
    /// Answers a [`FeePaid`]. SIP2 2.00, "Fee Paid Response".
    pub struct FeePaidResponse<'a>: b"38", "Fee Paid Response";

    fixed {
        /// Whether the payment was booked.
        payment_accepted: bool,
        /// When it was sent, by the library's clock.
        transaction_date: Timestamp,
    }
    fields {
        /// AO: the institution.
        institution_id: Cow<'a, str> = required INSTITUTION_ID,
        /// AA: the card number.
        patron_identifier: Cow<'a, str> = required PATRON_IDENTIFIER,
        /// BK: the library's number of this transaction.
        transaction_id: Option<Cow<'a, str>> = optional TRANSACTION_ID,
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
        let Request::FeePaid(read) = request(b"3720261123    1654250400USDBV1.50|AOMAIN|AA1001|AC|AD1234|CG3|BK7|")
        else {
            panic!("another message");
        };
        assert!(read.extensions.is_empty());
        assert_eq!(asked(read), "3720261123    1654250400USDBV1.50|AOMAIN|AA1001|AC|AD1234|CG3|BK7|");
    }

    #[test]
    fn reads_and_writes_an_answer_in_order() {
        let Response::FeePaid(read) = response(b"38Y20261123    165425AOMAIN|AA1001|BK7|AFHi|AGHo|") else {
            panic!("another message");
        };
        assert!(read.extensions.is_empty());
        assert_eq!(answered(read), "38Y20261123    165425AOMAIN|AA1001|BK7|AFHi|AGHo|");
    }
}
