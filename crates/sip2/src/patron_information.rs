//! 63 and 64: what a library knows of a patron, and whether card and PIN are right.

use std::borrow::Cow;

use crate::date::Timestamp;
use crate::fixed::{Currency, Number};
use crate::flags::{PatronStatusFlags, Summary};
use crate::language::Language;
use crate::list::List;

message! {
    /// Asks about a patron. SIP2 2.00, "Patron Information".
    pub struct PatronInformation<'a>: b"63", "Patron Information";

    fixed {
        /// The language that the patron reads.
        language: Language,
        /// When it was sent, by the peer's clock.
        transaction_date: Timestamp,
        /// Which list of items to send along.
        summary: Summary,
    }
    fields {
        /// AO: often empty, left out or wrong.
        institution_id: Option<Cow<'a, str>> = required INSTITUTION_ID,
        /// AA: the card number.
        patron_identifier: Option<Cow<'a, str>> = required PATRON_IDENTIFIER,
        /// AC: the password of the asking system, which nearly nobody uses.
        terminal_password: Option<Cow<'a, str>> = optional TERMINAL_PASSWORD,
        /// AD: the PIN. Left out and empty are not the same to every client.
        patron_password: Option<Cow<'a, str>> = optional PATRON_PASSWORD,
        /// BP: the first item wanted, counted from 1.
        start_item: Option<Cow<'a, str>> = optional START_ITEM,
        /// BQ: the last item wanted.
        end_item: Option<Cow<'a, str>> = optional END_ITEM,
    }
}

message! {
    /// Answers a [`PatronInformation`]. SIP2 2.00, "Patron Information Response".
    pub struct PatronInformationResponse<'a>: b"64", "Patron Information Response";

    fixed {
        /// What the patron may not do.
        patron_status: PatronStatusFlags,
        /// The language that the patron reads.
        language: Language,
        /// When it was sent, by the library's clock.
        transaction_date: Timestamp,
        /// How many items are on hold.
        hold_items_count: Number<4>,
        /// How many items are overdue.
        overdue_items_count: Number<4>,
        /// How many items are borrowed.
        charged_items_count: Number<4>,
        /// How many items have fines.
        fine_items_count: Number<4>,
        /// How many items are recalled.
        recall_items_count: Number<4>,
        /// How many holds can't be had yet.
        unavailable_holds_count: Number<4>,
    }
    fields {
        /// AO: the institution.
        institution_id: Cow<'a, str> = required INSTITUTION_ID,
        /// AA: the card number, which some clients keep as the patron's identity.
        patron_identifier: Cow<'a, str> = required PATRON_IDENTIFIER,
        /// AE: the patron's name.
        personal_name: Cow<'a, str> = required PERSONAL_NAME,
        /// BZ: how many holds the patron may have.
        hold_items_limit: Option<Number<4>> = optional HOLD_ITEMS_LIMIT,
        /// CA: how many items may be overdue.
        overdue_items_limit: Option<Number<4>> = optional OVERDUE_ITEMS_LIMIT,
        /// CB: how many items may be borrowed.
        charged_items_limit: Option<Number<4>> = optional CHARGED_ITEMS_LIMIT,
        /// BL: whether the card is known. Optional in the standard, not to its clients.
        valid_patron: Option<bool> = optional VALID_PATRON,
        /// CQ: whether the PIN is right. Some clients take a missing one for a yes.
        valid_patron_password: Option<bool> = optional VALID_PATRON_PASSWORD,
        /// BH: the currency of the amounts.
        currency: Option<Currency> = optional CURRENCY_TYPE,
        /// BV: what the patron owes.
        fee_amount: Option<Cow<'a, str>> = optional FEE_AMOUNT,
        /// CC: how much the patron may owe.
        fee_limit: Option<Cow<'a, str>> = optional FEE_LIMIT,
        /// AS: items on hold.
        hold_items: List<'a, Cow<'a, str>> = optional HOLD_ITEMS,
        /// AT: items overdue.
        overdue_items: List<'a, Cow<'a, str>> = optional OVERDUE_ITEMS,
        /// AU: items borrowed.
        charged_items: List<'a, Cow<'a, str>> = optional CHARGED_ITEMS,
        /// AV: items with fines.
        fine_items: List<'a, Cow<'a, str>> = optional FINE_ITEMS,
        /// BU: items recalled.
        recall_items: List<'a, Cow<'a, str>> = optional RECALL_ITEMS,
        /// CD: holds that can't be had yet.
        unavailable_hold_items: List<'a, Cow<'a, str>> = optional UNAVAILABLE_HOLD_ITEMS,
        /// BD: where the patron lives.
        home_address: Option<Cow<'a, str>> = optional HOME_ADDRESS,
        /// BE: the patron's e-mail address.
        email_address: Option<Cow<'a, str>> = optional EMAIL_ADDRESS,
        /// BF: the patron's telephone.
        home_phone_number: Option<Cow<'a, str>> = optional HOME_PHONE_NUMBER,
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
    use crate::flags::SummaryItem;
    use crate::list::Extension;
    use crate::message::tests::{answered, asked, request, response};
    use crate::{FieldId, Request, Response};

    #[test]
    fn reads_what_a_client_asks() {
        let Request::PatronInformation(read) =
            request(b"6300120261123    165202Y         AOMAIN|AA1001|AD1234|BP00001|BQ00002|AY2AZEF29")
        else {
            panic!("another message");
        };
        assert_eq!(read.language, Language::ENGLISH);
        assert_eq!(read.transaction_date.civil(), Some(date(2026, 11, 23).at(16, 52, 2, 0)));
        assert!(read.summary.contains(SummaryItem::HoldItems));
        assert_eq!(read.institution_id.as_deref(), Some("MAIN"));
        assert_eq!(read.patron_identifier.as_deref(), Some("1001"));
        assert_eq!(read.terminal_password, None);
        assert_eq!(read.patron_password.as_deref(), Some("1234"));
        assert_eq!(read.end_item.as_deref(), Some("00002"));
        assert!(read.extensions.is_empty());
    }

    #[test]
    fn quirk_6_fields_come_in_any_order_and_the_institution_not_at_all() {
        let Request::PatronInformation(read) = request(b"6300020261123    165124          AA1001|AD|") else {
            panic!("another message");
        };
        assert_eq!(read.institution_id, None);
        assert_eq!(read.patron_identifier.as_deref(), Some("1001"));
    }

    #[test]
    fn quirk_7_an_empty_institution_is_not_one_left_out() {
        let Request::PatronInformation(read) = request(b"6300020261123    165200          AO|AA1001|AC|AD1234|") else {
            panic!("another message");
        };
        assert_eq!(read.institution_id.as_deref(), Some(""));
    }

    #[test]
    fn quirk_8_a_pin_left_out_is_not_an_empty_pin() {
        let Request::PatronInformation(without) = request(b"6300020261123    165124          AA1001|") else {
            panic!("another message");
        };
        let Request::PatronInformation(empty) = request(b"6300020261123    165124          AA1001|AD|") else {
            panic!("another message");
        };
        assert_eq!(without.patron_password, None);
        assert_eq!(empty.patron_password.as_deref(), Some(""));
    }

    #[test]
    fn quirk_30_the_first_of_two_card_numbers_counts() {
        let Request::PatronInformation(read) = request(b"6300020261123    165124          AA1001|AA1002|") else {
            panic!("another message");
        };
        assert_eq!(read.patron_identifier.as_deref(), Some("1001"));
    }

    #[test]
    fn writes_what_the_ruby_client_writes() {
        let message = PatronInformation {
            transaction_date: Timestamp::local(date(2026, 11, 23).at(16, 52, 0, 0)),
            institution_id: Some("".into()),
            patron_identifier: Some("1001".into()),
            terminal_password: Some("".into()),
            patron_password: Some("1234".into()),
            ..PatronInformation::default()
        };
        assert_eq!(asked(message), "6300020261123    165200          AO|AA1001|AC|AD1234|");
    }

    #[test]
    fn writes_every_field_in_order_with_extensions_before_the_screen_message() {
        let lists = |id: &'static str| List::one(Cow::Borrowed(id));
        let message = PatronInformationResponse {
            patron_status: PatronStatusFlags::REFUSED,
            language: Language::ENGLISH,
            transaction_date: Timestamp::local(date(2026, 11, 23).at(16, 52, 0, 0)),
            recall_items_count: Number::UNKNOWN,
            institution_id: "EPL".into(),
            patron_identifier: "1001".into(),
            personal_name: "Lee, Ann".into(),
            hold_items_limit: Some(Number::new(2)),
            overdue_items_limit: Some(Number::new(3)),
            charged_items_limit: Some(Number::new(10)),
            valid_patron: Some(true),
            valid_patron_password: Some(false),
            currency: Currency::new(*b"USD"),
            fee_amount: Some("0.00".into()),
            fee_limit: Some("5.00".into()),
            hold_items: lists("s"),
            overdue_items: lists("t"),
            charged_items: lists("u"),
            fine_items: lists("v"),
            recall_items: lists("w"),
            unavailable_hold_items: lists("x"),
            home_address: Some("a".into()),
            email_address: Some("b".into()),
            home_phone_number: Some("c".into()),
            screen_messages: vec!["one".into(), "two".into()].into(),
            print_lines: lists("g"),
            extensions: List::one(Extension { id: FieldId::EXTENSION_PATRON_CLASS, value: "STUDENT".into() }),
            ..PatronInformationResponse::default()
        };
        let expected = "64YYYY          00120261123    1652000000000000000000    0000\
            AOEPL|AA1001|AELee, Ann|BZ0002|CA0003|CB0010|BLY|CQN|BHUSD|BV0.00|CC5.00|\
            ASs|ATt|AUu|AVv|BUw|CDx|BDa|BEb|BFc|PCSTUDENT|AFone|AFtwo|AGg|";
        assert_eq!(answered(message), expected);
    }

    #[test]
    fn required_fields_are_there_when_empty_and_others_are_not() {
        let expected = format!("64{:14}000{:18}{:024}AO|AA|AE|", "", "", 0);
        assert_eq!(answered(PatronInformationResponse::default()), expected);
    }

    #[test]
    fn quirk_21_every_screen_message_is_read() {
        let Response::PatronInformation(read) = response(
            b"64              00120261123    165200000000000000000000000000AOEPL|AA1001|AELee|BLY|CQY|AFone|AFtwo|PCSTUDENT|",
        ) else {
            panic!("another message");
        };
        assert_eq!(*read.screen_messages, ["one", "two"]);
        assert_eq!(read.valid_patron_password, Some(true));
        assert_eq!(*read.extensions, [Extension { id: FieldId::EXTENSION_PATRON_CLASS, value: "STUDENT".into() }]);
    }

    #[test]
    fn debug_shows_neither_card_nor_pin_nor_name() {
        let asked = request(b"6300120261123    165202          AOMAIN|AA1001|ACsesame|AD1234|PBbirth|");
        let told =
            response(b"64              00120261123    165200000000000000000000000000AOMAIN|AA1001|AELee|AFHi Ann|");
        let shown = format!("{asked:?} {told:?}");
        assert!(shown.contains("MAIN") && shown.contains("<withheld>") && shown.contains("<none>"), "{shown}");
        for value in ["1001", "sesame", "1234", "birth", "Lee", "Ann"] {
            assert!(!shown.contains(value), "{value} in {shown}");
        }
    }
}
