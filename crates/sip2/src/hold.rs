//! 15 and 16: an item is kept for a patron.

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};

use crate::date::Timestamp;
use crate::fixed::{Accepted, Fixed, Number};
use crate::list::List;

message! {
    /// Places, changes or takes away a hold. SIP2 2.00, "Hold".
    pub struct Hold<'a>: b"15", "Hold";

    fixed {
        /// What is to happen to the hold.
        hold_mode: HoldMode,
        /// When it was sent, by the peer's clock.
        transaction_date: Timestamp,
    }
    fields {
        /// BW: until when the patron wants it.
        expiration_date: Option<Timestamp> = optional EXPIRATION_DATE,
        /// BS: where the patron will fetch it.
        pickup_location: Option<Cow<'a, str>> = optional PICKUP_LOCATION,
        /// BY: 1 other, 2 any copy of the title, 3 this copy, 4 any copy of this branch.
        hold_type: Option<Number<1>> = optional HOLD_TYPE,
        /// AO: often empty, left out or wrong.
        institution_id: Option<Cow<'a, str>> = required INSTITUTION_ID,
        /// AA: the card number.
        patron_identifier: Option<Cow<'a, str>> = required PATRON_IDENTIFIER,
        /// AD: the PIN.
        patron_password: Option<Cow<'a, str>> = optional PATRON_PASSWORD,
        /// AB: the item's barcode.
        item_identifier: Option<Cow<'a, str>> = optional ITEM_IDENTIFIER,
        /// AJ: the item's title.
        title_identifier: Option<Cow<'a, str>> = optional TITLE_IDENTIFIER,
        /// AC: the password of the asking system.
        terminal_password: Option<Cow<'a, str>> = optional TERMINAL_PASSWORD,
        /// BO: whether the patron has agreed to a fee.
        fee_acknowledged: Option<bool> = optional FEE_ACKNOWLEDGED,
    }
}

message! {
    /// Answers a [`Hold`]. SIP2 2.00, "Hold Response".
    pub struct HoldResponse<'a>: b"16", "Hold Response";

    fixed {
        /// Whether it was done.
        ok: Accepted,
        /// Whether the item can be had at once.
        available: bool,
        /// When it was sent, by the library's clock.
        transaction_date: Timestamp,
    }
    fields {
        /// BW: until when it is kept.
        expiration_date: Option<Timestamp> = optional EXPIRATION_DATE,
        /// BR: the patron's place in the queue.
        queue_position: Option<Cow<'a, str>> = optional QUEUE_POSITION,
        /// BS: where the patron will fetch it.
        pickup_location: Option<Cow<'a, str>> = optional PICKUP_LOCATION,
        /// AO: the institution.
        institution_id: Cow<'a, str> = required INSTITUTION_ID,
        /// AA: the card number.
        patron_identifier: Cow<'a, str> = required PATRON_IDENTIFIER,
        /// AB: the item's barcode.
        item_identifier: Option<Cow<'a, str>> = optional ITEM_IDENTIFIER,
        /// AJ: the item's title.
        title_identifier: Option<Cow<'a, str>> = optional TITLE_IDENTIFIER,
    }
    last {
        /// AF: lines for the screen.
        screen_messages: List<'a, Cow<'a, str>> = optional SCREEN_MESSAGE,
        /// AG: lines for the printer.
        print_lines: List<'a, Cow<'a, str>> = optional PRINT_LINE,
    }
}

/// What is to happen to a hold: `+`, `-` or `*`; what is none of them reads as `+`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HoldMode {
    /// `+`: it is placed.
    #[default]
    Add,
    /// `-`: it is taken away.
    Delete,
    /// `*`: it is changed.
    Change,
}

impl Fixed for HoldMode {
    const WIDTH: usize = 1;

    fn read(bytes: &[u8]) -> Self {
        match bytes {
            [b'-', ..] => Self::Delete,
            [b'*', ..] => Self::Change,
            _ => Self::Add,
        }
    }

    fn write(&self, out: &mut BytesMut) {
        out.put_u8(match self {
            Self::Add => b'+',
            Self::Delete => b'-',
            Self::Change => b'*',
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::message::tests::{answered, asked, request, response};
    use crate::{Request, Response};

    #[test]
    fn reads_and_writes_a_request_in_order() {
        let Request::Hold(read) =
            request(b"15-20261123    165425BW20261123    165425|BSdesk|BY2|AOMAIN|AA1001|AD1234|AB31|AJEmma|AC|BOY|")
        else {
            panic!("another message");
        };
        assert!(read.extensions.is_empty());
        assert_eq!(
            asked(read),
            "15-20261123    165425BW20261123    165425|BSdesk|BY2|AOMAIN|AA1001|AD1234|AB31|AJEmma|AC|BOY|"
        );
    }

    #[test]
    fn reads_and_writes_an_answer_in_order() {
        let Response::Hold(read) =
            response(b"161N20261123    165425BW20261123    165425|BR4|BSdesk|AOMAIN|AA1001|AB31|AJEmma|AFHi|AGHo|")
        else {
            panic!("another message");
        };
        assert!(read.extensions.is_empty());
        assert_eq!(
            answered(read),
            "161N20261123    165425BW20261123    165425|BR4|BSdesk|AOMAIN|AA1001|AB31|AJEmma|AFHi|AGHo|"
        );
    }
}
