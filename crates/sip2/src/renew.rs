//! 29 and 30: an item is lent for longer.

use std::borrow::Cow;

use crate::date::Timestamp;
use crate::fixed::{Accepted, Currency, Number, YesNoUnknown};
use crate::list::List;

message! {
    /// Lends an item for longer. SIP2 2.00, "Renew".
    pub struct Renew<'a>: b"29", "Renew";

    fixed {
        /// Whether somebody else may renew for the patron.
        third_party_allowed: bool,
        /// Whether it was done while the library system was away, so that it can't be refused.
        no_block: bool,
        /// When it was sent, by the peer's clock.
        transaction_date: Timestamp,
        /// When the item is due if it was lent while the library system was away; else blank.
        nb_due_date: Timestamp,
    }
    fields {
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
        /// CH: what else the item is.
        item_properties: Option<Cow<'a, str>> = optional ITEM_PROPERTIES,
        /// BO: whether the patron has agreed to a fee.
        fee_acknowledged: Option<bool> = optional FEE_ACKNOWLEDGED,
    }
}

message! {
    /// Answers a [`Renew`]. SIP2 2.00, "Renew Response".
    pub struct RenewResponse<'a>: b"30", "Renew Response";

    fixed {
        /// Whether it was done.
        ok: Accepted,
        /// Whether the patron had the item already, and it was renewed.
        renewal_ok: bool,
        /// Whether the item is magnetic.
        magnetic_media: YesNoUnknown,
        /// Whether to switch off the item's security strip.
        desensitize: YesNoUnknown,
        /// When it was sent, by the library's clock.
        transaction_date: Timestamp,
    }
    fields {
        /// AO: the institution.
        institution_id: Cow<'a, str> = required INSTITUTION_ID,
        /// AA: the card number.
        patron_identifier: Cow<'a, str> = required PATRON_IDENTIFIER,
        /// AB: the item's barcode.
        item_identifier: Cow<'a, str> = required ITEM_IDENTIFIER,
        /// AJ: the item's title.
        title_identifier: Cow<'a, str> = required TITLE_IDENTIFIER,
        /// AH: when the item is due, in the library's own words.
        due_date: Cow<'a, str> = required DUE_DATE,
        /// BT: what kind of fee there is, 01 to 99.
        fee_type: Option<Number<2>> = optional FEE_TYPE,
        /// CI: whether to leave the item's security strip on.
        security_inhibit: Option<bool> = optional SECURITY_INHIBIT,
        /// BH: the currency of the amount.
        currency: Option<Currency> = optional CURRENCY_TYPE,
        /// BV: the fee.
        fee_amount: Option<Cow<'a, str>> = optional FEE_AMOUNT,
        /// CK: what kind of item it is: 001 a book, and so on.
        media_type: Option<Number<3>> = optional MEDIA_TYPE,
        /// CH: what else the item is.
        item_properties: Option<Cow<'a, str>> = optional ITEM_PROPERTIES,
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
        let Request::Renew(read) =
            request(b"29NN20261123    165425                  AOMAIN|AA1001|AD1234|AB31|AJEmma|AC|CHred|BOY|")
        else {
            panic!("another message");
        };
        assert!(read.extensions.is_empty());
        assert_eq!(
            asked(read),
            "29NN20261123    165425                  AOMAIN|AA1001|AD1234|AB31|AJEmma|AC|CHred|BOY|"
        );
    }

    #[test]
    fn reads_and_writes_an_answer_in_order() {
        let Response::Renew(read) = response(b"301YUN20261123    165425AOMAIN|AA1001|AB31|AJEmma|AH12/24|BT01|CIN|BHUSD|BV0.50|CK001|CHred|BK7|AFHi|AGHo|") else {
            panic!("another message");
        };
        assert!(read.extensions.is_empty());
        assert_eq!(
            answered(read),
            "301YUN20261123    165425AOMAIN|AA1001|AB31|AJEmma|AH12/24|BT01|CIN|BHUSD|BV0.50|CK001|CHred|BK7|AFHi|AGHo|"
        );
    }
}
