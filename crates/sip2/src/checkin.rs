//! 09 and 10: an item comes back.

use std::borrow::Cow;

use crate::date::Timestamp;
use crate::fixed::{Accepted, Number, YesNoUnknown};
use crate::list::List;

message! {
    /// Takes an item back. SIP2 2.00, "Checkin".
    pub struct Checkin<'a>: b"09", "Checkin";

    fixed {
        /// Whether it was done while the library system was away, so that it can't be refused.
        no_block: bool,
        /// When it was sent, by the peer's clock.
        transaction_date: Timestamp,
        /// When the item came back.
        return_date: Timestamp,
    }
    fields {
        /// AP: where the item came back.
        current_location: Option<Cow<'a, str>> = required CURRENT_LOCATION,
        /// AO: often empty, left out or wrong.
        institution_id: Option<Cow<'a, str>> = required INSTITUTION_ID,
        /// AB: the item's barcode.
        item_identifier: Option<Cow<'a, str>> = required ITEM_IDENTIFIER,
        /// AC: the password of the asking system.
        terminal_password: Option<Cow<'a, str>> = required TERMINAL_PASSWORD,
        /// CH: what else the item is.
        item_properties: Option<Cow<'a, str>> = optional ITEM_PROPERTIES,
        /// BI: whether this takes back an earlier request.
        cancel: Option<bool> = optional CANCEL,
    }
}

message! {
    /// Answers a [`Checkin`]. SIP2 2.00, "Checkin Response".
    pub struct CheckinResponse<'a>: b"10", "Checkin Response";

    fixed {
        /// Whether it was done.
        ok: Accepted,
        /// Whether to switch the item's security strip on again.
        resensitize: bool,
        /// Whether the item is magnetic.
        magnetic_media: YesNoUnknown,
        /// Whether to draw the staff's attention.
        alert: bool,
        /// When it was sent, by the library's clock.
        transaction_date: Timestamp,
    }
    fields {
        /// AO: the institution.
        institution_id: Cow<'a, str> = required INSTITUTION_ID,
        /// AB: the item's barcode.
        item_identifier: Cow<'a, str> = required ITEM_IDENTIFIER,
        /// AQ: where the item belongs.
        permanent_location: Cow<'a, str> = required PERMANENT_LOCATION,
        /// AJ: the item's title.
        title_identifier: Option<Cow<'a, str>> = optional TITLE_IDENTIFIER,
        /// CL: into which bin the item goes.
        sort_bin: Option<Cow<'a, str>> = optional SORT_BIN,
        /// AA: the card number of whoever had it.
        patron_identifier: Option<Cow<'a, str>> = optional PATRON_IDENTIFIER,
        /// CK: what kind of item it is: 001 a book, and so on.
        media_type: Option<Number<3>> = optional MEDIA_TYPE,
        /// CH: what else the item is.
        item_properties: Option<Cow<'a, str>> = optional ITEM_PROPERTIES,
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
        let Request::Checkin(read) =
            request(b"09N20261123    16542520261123    165425APdesk|AOMAIN|AB31|AC|CHred|BIN|")
        else {
            panic!("another message");
        };
        assert!(read.extensions.is_empty());
        assert_eq!(asked(read), "09N20261123    16542520261123    165425APdesk|AOMAIN|AB31|AC|CHred|BIN|");
    }

    #[test]
    fn reads_and_writes_an_answer_in_order() {
        let Response::Checkin(read) =
            response(b"101YUN20261123    165425AOMAIN|AB31|AQshelf|AJEmma|CL2|AA1001|CK001|CHred|AFHi|AGHo|")
        else {
            panic!("another message");
        };
        assert!(read.extensions.is_empty());
        assert_eq!(
            answered(read),
            "101YUN20261123    165425AOMAIN|AB31|AQshelf|AJEmma|CL2|AA1001|CK001|CHred|AFHi|AGHo|"
        );
    }
}
