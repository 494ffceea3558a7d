//! 19 and 20: an item's properties change.

use std::borrow::Cow;

use crate::date::Timestamp;
use crate::fixed::Accepted;
use crate::list::List;

message! {
    /// Changes an item's properties. SIP2 2.00, "Item Status Update".
    pub struct ItemStatusUpdate<'a>: b"19", "Item Status Update";

    fixed {
        /// When it was sent, by the peer's clock.
        transaction_date: Timestamp,
    }
    fields {
        /// AO: often empty, left out or wrong.
        institution_id: Option<Cow<'a, str>> = required INSTITUTION_ID,
        /// AB: the item's barcode.
        item_identifier: Option<Cow<'a, str>> = required ITEM_IDENTIFIER,
        /// AC: the password of the asking system.
        terminal_password: Option<Cow<'a, str>> = optional TERMINAL_PASSWORD,
        /// CH: what else the item is.
        item_properties: Option<Cow<'a, str>> = required ITEM_PROPERTIES,
    }
}

message! {
    /// Answers an [`ItemStatusUpdate`]. SIP2 2.00, "Item Status Update Response".
    pub struct ItemStatusUpdateResponse<'a>: b"20", "Item Status Update Response";

    fixed {
        /// Whether the properties were kept.
        item_properties_ok: Accepted,
        /// When it was sent, by the library's clock.
        transaction_date: Timestamp,
    }
    fields {
        /// AB: the item's barcode.
        item_identifier: Cow<'a, str> = required ITEM_IDENTIFIER,
        /// AJ: the item's title.
        title_identifier: Option<Cow<'a, str>> = optional TITLE_IDENTIFIER,
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
        let Request::ItemStatusUpdate(read) = request(b"1920261123    165425AOMAIN|AB31|AC|CHred|") else {
            panic!("another message");
        };
        assert!(read.extensions.is_empty());
        assert_eq!(asked(read), "1920261123    165425AOMAIN|AB31|AC|CHred|");
    }

    #[test]
    fn reads_and_writes_an_answer_in_order() {
        let Response::ItemStatusUpdate(read) = response(b"20120261123    165425AB31|AJEmma|CHred|AFHi|AGHo|") else {
            panic!("another message");
        };
        assert!(read.extensions.is_empty());
        assert_eq!(answered(read), "20120261123    165425AB31|AJEmma|CHred|AFHi|AGHo|");
    }
}
