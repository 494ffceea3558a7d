//! 17 and 18: what a library knows of an item.

use std::borrow::Cow;

use crate::date::Timestamp;
use crate::fixed::{Currency, Number};
use crate::list::List;

message! {
    /// Asks about an item. SIP2 2.00, "Item Information".
    pub struct ItemInformation<'a>: b"17", "Item Information";

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
    }
}

message! {
    /// Answers an [`ItemInformation`]. SIP2 2.00, "Item Information Response".
    pub struct ItemInformationResponse<'a>: b"18", "Item Information Response";

    fixed {
        /// Where the item is on its rounds: 03 available, 04 charged, and so on.
        circulation_status: Number<2>,
        /// How it is secured: 00 other, 01 not at all, 02 a strip, 03 Whisper.
        security_marker: Number<2>,
        /// What kind of fee there is, 01 to 99.
        fee_type: Number<2>,
        /// When it was sent, by the library's clock.
        transaction_date: Timestamp,
    }
    fields {
        /// CF: how many wait for it.
        hold_queue_length: Option<Cow<'a, str>> = optional HOLD_QUEUE_LENGTH,
        /// AH: when it is due, in the library's own words.
        due_date: Option<Cow<'a, str>> = optional DUE_DATE,
        /// CJ: when it was recalled.
        recall_date: Option<Timestamp> = optional RECALL_DATE,
        /// CM: until when it waits to be fetched.
        hold_pickup_date: Option<Timestamp> = optional HOLD_PICKUP_DATE,
        /// AB: the item's barcode.
        item_identifier: Cow<'a, str> = required ITEM_IDENTIFIER,
        /// AJ: the item's title.
        title_identifier: Cow<'a, str> = required TITLE_IDENTIFIER,
        /// BG: whose it is.
        owner: Option<Cow<'a, str>> = optional OWNER,
        /// BH: the currency of the amount.
        currency: Option<Currency> = optional CURRENCY_TYPE,
        /// BV: the fee.
        fee_amount: Option<Cow<'a, str>> = optional FEE_AMOUNT,
        /// CK: what kind of item it is: 001 a book, and so on.
        media_type: Option<Number<3>> = optional MEDIA_TYPE,
        /// AQ: where it belongs.
        permanent_location: Option<Cow<'a, str>> = optional PERMANENT_LOCATION,
        /// AP: where it is.
        current_location: Option<Cow<'a, str>> = optional CURRENT_LOCATION,
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
        let Request::ItemInformation(read) = request(b"1720261123    165425AOMAIN|AB31|AC|") else {
            panic!("another message");
        };
        assert!(read.extensions.is_empty());
        assert_eq!(asked(read), "1720261123    165425AOMAIN|AB31|AC|");
    }

    #[test]
    fn reads_and_writes_an_answer_in_order() {
        let Response::ItemInformation(read) = response(b"1803010120261123    165425CF2|AH12/24|CJ20261123    165425|CM20261123    165425|AB31|AJEmma|BGEPL|BHUSD|BV0.50|CK001|AQshelf|APdesk|CHred|AFHi|AGHo|") else {
            panic!("another message");
        };
        assert!(read.extensions.is_empty());
        assert_eq!(
            answered(read),
            "1803010120261123    165425CF2|AH12/24|CJ20261123    165425|CM20261123    165425|AB31|AJEmma|BGEPL|BHUSD|BV0.50|CK001|AQshelf|APdesk|CHred|AFHi|AGHo|"
        );
    }
}
