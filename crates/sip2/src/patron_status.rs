//! 23 and 24: whether a patron may use the library, in brief. A 24 also answers a 01.

use std::borrow::Cow;

use crate::date::Timestamp;
use crate::fixed::Currency;
use crate::flags::PatronStatusFlags;
use crate::language::Language;
use crate::list::List;

message! {
    /// Asks whether a patron may use the library. SIP2 2.00, "Patron Status Request".
    pub struct PatronStatus<'a>: b"23", "Patron Status Request";

    fixed {
        /// The language that the patron reads.
        language: Language,
        /// When it was sent, by the peer's clock.
        transaction_date: Timestamp,
    }
    fields {
        /// AO: often empty, left out or wrong.
        institution_id: Option<Cow<'a, str>> = required INSTITUTION_ID,
        /// AA: the card number.
        patron_identifier: Option<Cow<'a, str>> = required PATRON_IDENTIFIER,
        /// AC: the password of the asking system, empty where it has none.
        terminal_password: Option<Cow<'a, str>> = required TERMINAL_PASSWORD,
        /// AD: the PIN, empty where none was asked for.
        patron_password: Option<Cow<'a, str>> = required PATRON_PASSWORD,
    }
}

message! {
    /// Answers a [`PatronStatus`] or a [`BlockPatron`](crate::BlockPatron). SIP2 2.00, "Patron Status Response".
    pub struct PatronStatusResponse<'a>: b"24", "Patron Status Response";

    fixed {
        /// What the patron may not do.
        patron_status: PatronStatusFlags,
        /// The language that the patron reads.
        language: Language,
        /// When it was sent, by the library's clock.
        transaction_date: Timestamp,
    }
    fields {
        /// AO: the institution.
        institution_id: Cow<'a, str> = required INSTITUTION_ID,
        /// AA: the card number.
        patron_identifier: Cow<'a, str> = required PATRON_IDENTIFIER,
        /// AE: the patron's name.
        personal_name: Cow<'a, str> = required PERSONAL_NAME,
        /// BL: whether the card is known.
        valid_patron: Option<bool> = optional VALID_PATRON,
        /// CQ: whether the PIN is right.
        valid_patron_password: Option<bool> = optional VALID_PATRON_PASSWORD,
        /// BH: the currency of the amount.
        currency: Option<Currency> = optional CURRENCY_TYPE,
        /// BV: what the patron owes.
        fee_amount: Option<Cow<'a, str>> = optional FEE_AMOUNT,
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
    use crate::list::Extension;
    use crate::message::tests::{answered, asked, request, response};
    use crate::{FieldId, PatronFlag, Request, Response};

    #[test]
    fn quirk_6_reads_the_card_number_right_behind_the_date() {
        let Request::PatronStatus(read) = request(b"2300020261123    165124AA1001|") else {
            panic!("another message");
        };
        assert_eq!(read.patron_identifier.as_deref(), Some("1001"));
        assert_eq!((read.institution_id, read.patron_password), (None, None));
    }

    #[test]
    fn quirk_8_passwords_are_written_even_when_there_are_none() {
        let message = PatronStatus { patron_identifier: Some("1001".into()), ..PatronStatus::default() };
        assert_eq!(asked(message), "23000                  AO|AA1001|AC|AD|");
    }

    #[test]
    fn reads_what_corvina_answers() {
        let Response::PatronStatus(read) = response(
            b"24  Y           00120250522    154805AOtmkodb|AA0310000000253|AELibki Teszt|BLY|CQY|BHHUF|BV0.0|AY0AZE5DB",
        ) else {
            panic!("another message");
        };
        assert_eq!(read.patron_status, PatronStatusFlags::of(&[PatronFlag::RecallPrivilegesDenied]));
        assert_eq!((read.valid_patron, read.valid_patron_password), (Some(true), Some(true)));
        assert_eq!(read.currency, Currency::new(*b"HUF"));
        assert_eq!(read.fee_amount.as_deref(), Some("0.0"));
    }

    #[test]
    fn quirk_5_reads_a_flag_without_its_delimiter() {
        let Response::PatronStatus(read) =
            response(b"24              00020261123    165124AA1001|AELee|BLYBV7.00|AOMAIN|")
        else {
            panic!("another message");
        };
        assert_eq!(read.valid_patron, Some(true));
        assert_eq!(read.fee_amount.as_deref(), Some("7.00"));
        assert_eq!(read.institution_id, "MAIN");
    }

    #[test]
    fn writes_fields_in_order_with_extensions_before_the_screen_message() {
        let message = PatronStatusResponse {
            transaction_date: Timestamp::local(date(2026, 11, 23).at(16, 52, 0, 0)),
            institution_id: "EPL".into(),
            patron_identifier: "1001".into(),
            personal_name: "Student".into(),
            valid_patron: Some(true),
            valid_patron_password: Some(true),
            currency: Currency::new(*b"USD"),
            fee_amount: Some("0.00".into()),
            screen_messages: List::one("Hi".into()),
            print_lines: List::one("Ho".into()),
            extensions: List::one(Extension { id: FieldId::EXTENSION_PATRON_CLASS, value: "STUDENT".into() }),
            ..PatronStatusResponse::default()
        };
        let expected = "24              00020261123    165200\
            AOEPL|AA1001|AEStudent|BLY|CQY|BHUSD|BV0.00|PCSTUDENT|AFHi|AGHo|";
        assert_eq!(answered(message), expected);
    }
}
