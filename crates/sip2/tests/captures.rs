//! What independent clients sent over the wire (reference/sip2.md, sections 1.4 and 5.1): every message is read,
//! and every checksum is right.

use bytes::{Bytes, BytesMut};
use sip2::{Checksum, Codec, Dialect, ErrorDetection, FieldId, Frame, Parts, Request, Response, Trailer};
use tokio_util::codec::Decoder;

/// A client, and all that it sent on one connection.
const REQUESTS: &[(&str, &[&[u8]])] = &[
    (
        "pip Sip2",
        &[
            b"9300CNsip|COsecret|CPx|AY0AZF65B\r",
            b"9900802.00AY1AZFCA0\r",
            b"6300020261123    164927          AOMAIN|AA1001|AD1234|BP1|BQ5|AY2AZF0D3\r",
        ],
    ),
    (
        "cargo sip2",
        &[
            b"9300CNsip|COsecret|\r",
            b"9909992.00\r",
            b"2300020261123    165124AA1001|\r",
            b"6300020261123    165124          AA1001|\r",
        ],
    ),
    (
        "perl",
        &[
            b"6300020261123    165125          AA1001|AD1234|AOMAIN|\r",
            b"2300020261123    165125AA1001|AD1234|AOMAIN|\r",
        ],
    ),
    ("php-sip2", &[b"990 802.00AY0AZFCB1\r\n", b"2300120261123    165126AOMAIN|AA1001|AC|AD1234|AY1AZF3A2\r\n"]),
    ("ruby", &[b"9300CNsip|COsecret|AY1AZF7E1\r", b"6300020261123    165200          AO|AA1001|AC|AD1234|AY2AZF38A\r"]),
    (
        "jsip2",
        &[
            b"9300CNsip|COsecret|CPloc|\r",
            b"9900002.00|\r",
            b"6300020261123    165250          AOMAIN|AA1001|AC|AD1234|\r",
        ],
    ),
    (
        "node",
        &[
            b"9300CNsip|COsecret|CP|AY1AZF6D2\r\n",
            b"6300120261123    165202Y         AOMAIN|AA1001|AD1234|BP00001|BQ00002|AY2AZEF29\r\n",
        ],
    ),
    (
        "Palace GenericILS",
        &[
            b"9300CNsip|COsecret|AY0AZF7E2\r",
            b"63000202611230000165425          AOMAIN|AA1001|AC|AD1234|AY1AZF21D\r",
            b"35202611230000165425AOMAIN|AA1001|AC|AD1234|AY2AZF3ED\r",
        ],
    ),
    (
        "Palace SipV2Compliant",
        &[
            b"9909992.00|AY1AZFC11\r",
            b"6300020261123    165425          AOMAIN|AA1001|AC|AD1234|AY2AZF25C\r",
            b"3520261123    165425AOMAIN|AA1001|AC|AD1234|AY3AZF42C\r",
        ],
    ),
    ("Civica", &[b"9900302.00AY2AZFCA4\r"]),
    ("Libki and Corvina", &[b"2300120250522    154913AO|AA0310000000253|AC|AD0213|AY0AZF30D\r\r"]),
    ("SIPServer", &[b"97AZFEF5\r"]),
];

#[test]
fn every_captured_request_is_read_and_its_checksum_is_right() {
    let dialect = Dialect::default();
    for (client, messages) in REQUESTS {
        let mut stream = BytesMut::from(&messages.concat()[..]);
        let mut codec = Codec::default();
        for message in *messages {
            let frame = codec.decode(&mut stream).expect("short").expect(client);
            let text = message.escape_ascii();
            assert_eq!(frame.as_bytes(), message.trim_ascii_end(), "{client}: {text}");

            let trailer = Trailer::of(&frame, &dialect);
            let checked = message.windows(2).any(|pair| pair == b"AZ");
            let expected = if checked { Checksum::Right } else { Checksum::Absent };
            assert_eq!(trailer.checksum, expected, "{client}: {text}");
            assert_eq!(trailer.error_detection == ErrorDetection::Off, !checked, "{client}: {text}");

            let parts = Parts::of(&frame, &dialect).expect(client);
            assert_eq!(parts.fields().duplicates().count(), 0, "{client}: {text}");
            match Request::decode(&frame, &dialect).expect(client) {
                Request::PatronInformation(asked) => {
                    assert_eq!(asked.patron_identifier.as_deref(), Some("1001"), "{client}: {text}");
                    assert!(asked.transaction_date.civil().is_some(), "{client}: {text}");
                    assert!(asked.extensions.is_empty(), "{client}: {text}");
                }
                Request::PatronStatus(asked) => {
                    assert!(asked.patron_identifier.is_some_and(|card| card.ends_with(['1', '3'])), "{client}: {text}");
                    assert!(asked.extensions.is_empty(), "{client}: {text}");
                }
                Request::Login(asked) => {
                    assert_eq!(asked.login_user_id.as_deref(), Some("sip"), "{client}: {text}");
                    assert_eq!(asked.login_password.as_deref(), Some("secret"), "{client}: {text}");
                }
                Request::EndPatronSession(asked) => {
                    assert_eq!(asked.patron_identifier.as_deref(), Some("1001"), "{client}: {text}");
                }
                Request::ScStatus(asked) => assert!(!asked.protocol_version.is_version_1(), "{client}: {text}"),
                Request::Resend(_) => {}
                other => panic!("{client}: {text} was read as {}", other.title()),
            }
        }
        assert!(codec.decode(&mut stream).expect("short").is_none(), "{client} sent no more");
        assert!(stream.is_empty());
    }
}

#[test]
fn quirk_2_an_answer_has_the_error_detection_of_its_request() {
    let dialect = Dialect::default();
    for (request, answer) in [
        (&b"9300CNsip|COsecret|CPx|AY0AZF65B"[..], &b"941AY0AZFDFD\r"[..]),
        (b"9300CNsip|COsecret|AY1AZF7E1", b"941AY1AZFDFC\r"),
        (b"9300CNsip|COsecret|", b"941\r"),
    ] {
        let asked = Frame::new(Bytes::from_static(request));
        let mut out = BytesMut::new();
        let ok = sip2::LoginResponse { ok: sip2::Accepted(true), ..Default::default() };
        Response::from(ok).encode(&dialect, Trailer::of(&asked, &dialect).error_detection, &mut out);
        assert_eq!(&out[..], answer);
    }
}

#[test]
fn quirk_30_a_field_sent_twice_can_be_warned_of() {
    let frame = Frame::new(Bytes::from_static(b"2300020261123    165124AA1001|AC|AD1234|AA1002|"));
    let parts = Parts::of(&frame, &Dialect::default()).expect("a message");
    let twice: Vec<_> = parts.fields().duplicates().map(|field| field.id).collect();
    assert_eq!(twice, [FieldId::PATRON_IDENTIFIER]);
}
