//! 99 and 98: two systems tell each other what they are.

use std::borrow::Cow;

use crate::date::Timestamp;
use crate::fixed::{Number, ProtocolVersion};
use crate::flags::SupportedMessages;
use crate::list::List;

message! {
    /// A self-check says how it is, and asks how the library system is. SIP2 2.00, "SC Status".
    pub struct ScStatus<'a>: b"99", "SC Status";

    fixed {
        /// 0 all is well, 1 out of paper, 2 about to shut down.
        status_code: Number<1>,
        /// How many characters it prints on a line.
        max_print_width: Number<3>,
        /// The version of SIP that it speaks.
        protocol_version: ProtocolVersion,
    }
    fields {}
}

message! {
    /// Answers a [`ScStatus`]. SIP2 2.00, "ACS Status".
    pub struct AcsStatus<'a>: b"98", "ACS Status";

    fixed {
        /// Whether the library system is there.
        online: bool,
        /// Whether it takes items back.
        checkin_ok: bool,
        /// Whether it lends items.
        checkout_ok: bool,
        /// Whether it renews items.
        renewal_policy: bool,
        /// Whether it takes changes of a patron's status.
        status_update_ok: bool,
        /// Whether it takes what was done while it was away.
        offline_ok: bool,
        /// How long to wait for an answer, in tenths of a second; 999 not known.
        timeout_period: Number<3>,
        /// How often to ask again; 999 not known.
        retries_allowed: Number<3>,
        /// The library's clock; [`Timestamp::ZEROS`] where it sets nobody else's.
        date_time_sync: Timestamp,
        /// The version of SIP that it speaks.
        protocol_version: ProtocolVersion,
    }
    fields {
        /// AO: the institution.
        institution_id: Cow<'a, str> = required INSTITUTION_ID,
        /// AM: the library's name.
        library_name: Option<Cow<'a, str>> = optional LIBRARY_NAME,
        /// BX: the requests that it answers; not in SIP 1.
        supported_messages: Option<SupportedMessages> = optional SUPPORTED_MESSAGES,
        /// AN: the place of the asking system. VuFind wants it and sends it back.
        terminal_location: Option<Cow<'a, str>> = optional TERMINAL_LOCATION,
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
    use crate::flags::SupportedMessage;
    use crate::message::tests::{answered, asked, request, response};
    use crate::{Request, Response};

    fn status(message: &'static [u8]) -> ScStatus<'static> {
        match request(message) {
            Request::ScStatus(read) => read,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn quirk_4_reads_print_widths_of_every_kind() {
        let version_2 = |max_print_width| ScStatus { max_print_width, ..ScStatus::default() };
        assert_eq!(status(b"990 802.00AY0AZFCB1"), version_2(Number::new(80)));
        assert_eq!(status(b"9900002.00|"), version_2(Number::new(0)));
        assert_eq!(status(b"9909992.00|AY1AZFC11"), version_2(Number::new(999)));
    }

    #[test]
    fn a_status_that_breaks_off_is_a_status_all_the_same() {
        assert_eq!(status(b"990").max_print_width, Number::UNKNOWN);
        assert!(status(b"990030").protocol_version.is_version_1());
    }

    #[test]
    fn writes_a_status() {
        let message = ScStatus { max_print_width: Number::new(30), ..ScStatus::default() };
        assert_eq!(asked(message), "9900302.00");
    }

    #[test]
    fn writes_an_answer_in_order() {
        let message = AcsStatus {
            online: true,
            timeout_period: Number::new(30),
            retries_allowed: Number::new(3),
            date_time_sync: Timestamp::local(date(2026, 11, 23).at(16, 52, 0, 0)),
            institution_id: "EPL".into(),
            library_name: Some("Example Public Library".into()),
            supported_messages: Some(SupportedMessages::of(&[SupportedMessage::PatronStatus])),
            terminal_location: Some("hallpass".into()),
            screen_messages: List::one("Hi".into()),
            ..AcsStatus::default()
        };
        let expected = "98YNNNNN03000320261123    1652002.00\
            AOEPL|AMExample Public Library|BXYNNNNNNNNNNNNNNN|ANhallpass|AFHi|";
        assert_eq!(answered(message), expected);
    }

    #[test]
    fn quirk_5_reads_supported_messages_that_run_into_the_trailer() {
        let Response::ScStatus(read) =
            response(b"98YYYYYN01000320261123    1652002.00AO1|BXYYYYYYYYYYYYYYYYY      AY1AZ0000")
        else {
            panic!("another message");
        };
        assert!(read.supported_messages.is_some_and(|bx| bx.contains(SupportedMessage::RenewAll)));
    }
}
