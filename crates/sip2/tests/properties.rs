//! What holds for every message and every stream of bytes.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use jiff::civil::date;
use proptest::prelude::*;
use proptest::sample::select;
use sip2::{
    Charset, Checksum, Codec, Dialect, ErrorDetection, Extension, FieldId, Frame, Language, Layout, List, Number,
    Parts, PatronFlag, PatronInformation, PatronInformationResponse, PatronStatusFlags, Request, Response, Sequence,
    Summary, SummaryItem, Timestamp, Trailer, without_sequence,
};
use tokio_util::codec::Decoder;

/// Text that reaches the other side unchanged: printable, without a delimiter and without `BLN` and `CQY`.
fn text() -> impl Strategy<Value = Cow<'static, str>> {
    "[ -{}~à-ÿł北]{0,40}"
        .prop_filter("spells an answer", |text| !["BLN", "CQY", "LN", "QY"].iter().any(|word| text.contains(word)))
        .prop_map(Cow::Owned)
}

fn texts() -> impl Strategy<Value = List<'static, Cow<'static, str>>> {
    prop::collection::vec(text(), 0..4).prop_map(List::from)
}

fn time() -> impl Strategy<Value = Timestamp> {
    (1_i16..=9999, 1_i8..=12, 1_i8..=28, 0_i8..24, 0_i8..60, 0_i8..60).prop_map(
        |(year, month, day, hour, minute, second)| Timestamp::local(date(year, month, day).at(hour, minute, second, 0)),
    )
}

fn error_detection() -> impl Strategy<Value = ErrorDetection> {
    let sequenced = (0_u8..=9).prop_filter_map("a digit", Sequence::new).prop_map(ErrorDetection::Sequenced);
    prop_oneof![Just(ErrorDetection::Off), Just(ErrorDetection::ChecksumOnly), sequenced]
}

fn patron_information() -> impl Strategy<Value = PatronInformation<'static>> {
    let passwords = (prop::option::of(text()), prop::option::of(text()));
    (0_u16..1000, time(), prop::option::of(Just(SummaryItem::FineItems)), text(), text(), passwords).prop_map(
        |(language, transaction_date, summary, institution, patron, (terminal_password, patron_password))| {
            PatronInformation {
                language: Language::new(language),
                transaction_date,
                summary: summary.map_or(Summary::NONE, |item| Summary::of(&[item])),
                institution_id: Some(institution),
                patron_identifier: Some(patron),
                terminal_password,
                patron_password,
                ..PatronInformation::default()
            }
        },
    )
}

fn patron_information_response() -> impl Strategy<Value = PatronInformationResponse<'static>> {
    let flags = prop::option::of(select(&[PatronFlag::CardReportedLost, PatronFlag::TooManyItemsBilled][..]));
    let extension = (select(&["PA", "PC", "ZY", "U1"][..]), text());
    let extension = extension.prop_filter_map("an id", |(id, value)| Some(Extension { id: id.parse().ok()?, value }));
    let extensions = prop::collection::vec(extension, 0..4);
    let answers = (prop::option::of(any::<bool>()), prop::option::of(any::<bool>()));
    (flags, time(), 0_u16..=9999, (text(), text(), text()), answers, texts(), texts(), extensions).prop_map(
        |(flag, transaction_date, count, (institution, patron, name), answers, items, screen, extensions)| {
            PatronInformationResponse {
                patron_status: flag.map_or(PatronStatusFlags::NONE, |flag| PatronStatusFlags::of(&[flag])),
                transaction_date,
                charged_items_count: Number::new(count),
                recall_items_count: Number::UNKNOWN,
                institution_id: institution,
                patron_identifier: patron,
                personal_name: name,
                valid_patron: answers.0,
                valid_patron_password: answers.1,
                charged_items: items,
                screen_messages: screen,
                extensions: extensions.into(),
                ..PatronInformationResponse::default()
            }
        },
    )
}

/// A message of any layout: printable fixed parts, every required field, some others, in a foreign order.
fn message(layouts: &'static [Layout]) -> impl Strategy<Value = Vec<u8>> {
    let layout = select(layouts);
    let others = prop::collection::vec(("[A-Z][A-Z0-9]", text()), 0..8);
    (layout, "[0-9YN +*-]{60}", prop::collection::vec(text(), 30), others).prop_map(
        |(layout, fixed, values, others)| {
            let required = layout.fields.iter().filter(|rule| rule.required).map(|rule| rule.id.to_string());
            // AY and AZ are the trailer's.
            let others = others.into_iter().filter(|(id, _)| !id.starts_with("AY") && !id.starts_with("AZ"));
            let mut message = layout.command.to_vec();
            message.extend(fixed.bytes().take(layout.fixed_width()));
            for (id, value) in others.chain(required.zip(values)) {
                message.extend_from_slice(format!("{id}{value}|").as_bytes());
            }
            message
        },
    )
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        3 => message(Request::LAYOUTS),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        3 => select(&["\r", "\r\n", "\n", "\0", " ", "\r\r"][..]).prop_map(|end| end.as_bytes().to_vec()),
    ];
    prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

/// What a codec makes of a stream that arrives in pieces, and whether it was refused in the end.
macro_rules! frames {
    ($limit:expr, $pieces:expr) => {{
        let (mut codec, mut buffer) = (Codec::with_limit($limit), BytesMut::new());
        let (mut frames, mut refused) = (Vec::new(), false);
        'stream: for piece in $pieces {
            buffer.extend_from_slice(piece);
            loop {
                match codec.decode(&mut buffer) {
                    Ok(Some(frame)) => frames.push(frame.as_bytes().to_vec()),
                    Ok(None) => break,
                    Err(_) => {
                        refused = true;
                        break 'stream;
                    }
                }
            }
            prop_assert!(buffer.len() <= $limit, "more is kept than the limit");
        }
        (frames, refused)
    }};
}

proptest! {
    #[test]
    fn a_patron_information_says_what_was_meant(message in patron_information(), error_detection in error_detection()) {
        let (mut out, dialect) = (BytesMut::new(), Dialect::default());
        let sent = Request::from(message);
        sent.encode(&dialect, error_detection, &mut out);
        let frame = Frame::new(out.freeze());
        prop_assert_eq!(Trailer::of(&frame, &dialect).error_detection, error_detection);
        prop_assert_eq!(Request::decode(&frame, &dialect), Ok(sent));
    }

    #[test]
    fn a_patron_information_response_says_what_was_meant(message in patron_information_response(), error_detection in error_detection()) {
        let (mut out, dialect) = (BytesMut::new(), Dialect::default());
        let sent = Response::from(message);
        sent.encode(&dialect, error_detection, &mut out);
        let frame = Frame::new(out.freeze());
        prop_assert_eq!(Response::decode(&frame, &dialect), Ok(sent));
    }

    #[test]
    fn every_request_is_the_same_when_written_and_read_again(message in message(Request::LAYOUTS), error_detection in error_detection()) {
        let (dialect, frame) = (Dialect::default(), Frame::new(Bytes::from(message)));
        let read = Request::decode(&frame, &dialect).expect("well formed");
        let mut out = BytesMut::new();
        read.encode(&dialect, error_detection, &mut out);
        let again = Frame::new(out.freeze());
        prop_assert_eq!(Request::decode(&again, &dialect), Ok(read));
    }

    #[test]
    fn every_response_is_the_same_when_written_and_read_again(message in message(Response::LAYOUTS), error_detection in error_detection()) {
        let (dialect, frame) = (Dialect::default(), Frame::new(Bytes::from(message)));
        let read = Response::decode(&frame, &dialect).expect("well formed");
        let mut out = BytesMut::new();
        read.encode(&dialect, error_detection, &mut out);
        let again = Frame::new(out.freeze());
        prop_assert_eq!(Response::decode(&again, &dialect), Ok(read));
    }

    #[test]
    fn what_is_written_is_one_frame_with_a_right_checksum(
        name in any::<String>(),
        card in any::<String>(),
        charset in select(&[Charset::Utf8, Charset::Latin1, Charset::Cp850, Charset::Ascii][..]),
        error_detection in error_detection(),
    ) {
        let dialect = Dialect { charset, ..Dialect::default() };
        let message = PatronInformationResponse {
            patron_identifier: card.into(),
            personal_name: name.into(),
            valid_patron: Some(false),
            ..PatronInformationResponse::default()
        };
        let mut out = BytesMut::new();
        Response::from(message).encode(&dialect, error_detection, &mut out);
        let (frames, refused) = frames!(4096, [&out[..]]);
        prop_assert!(!refused);
        prop_assert_eq!(frames.len(), 1);
        let frame = Frame::new(out.clone().freeze());
        prop_assert_eq!(frame.as_bytes().iter().filter(|byte| **byte == b'|').count(), 4);
        let expected = if error_detection == ErrorDetection::Off { Checksum::Absent } else { Checksum::Right };
        prop_assert_eq!(Trailer::of(&frame, &dialect), Trailer { error_detection, checksum: expected });

        let mut again = BytesMut::new();
        without_sequence(&out, &dialect, &mut again);
        let again = Trailer::of(&Frame::new(again.freeze()), &dialect);
        prop_assert_eq!(again.checksum, expected);
        prop_assert!(!matches!(again.error_detection, ErrorDetection::Sequenced(_)));
    }

    #[test]
    fn no_text_in_a_response_spells_the_answer(name in "[BLNCQY|é]{0,300}", id in "[A-Z][BC]") {
        let extension: FieldId = id.parse().expect("an id");
        prop_assume!(!Response::LAYOUTS.iter().any(|layout| layout.fields.iter().any(|rule| rule.id == extension)));
        let message = PatronInformationResponse {
            personal_name: name.clone().into(),
            screen_messages: List::one(name.clone().into()),
            extensions: List::one(Extension { id: extension, value: name.into() }),
            ..PatronInformationResponse::default()
        };
        let mut out = BytesMut::new();
        Response::from(message).encode(&Dialect::default(), ErrorDetection::Off, &mut out);
        prop_assert!(!out.windows(3).any(|three| three == b"BLN" || three == b"CQY"));
    }

    #[test]
    fn a_stream_gives_the_same_frames_however_it_is_split(stream in stream(), size in 1_usize..50, limit in 20_usize..400) {
        let (whole, whole_refused) = frames!(stream.len().max(limit), [&stream[..]]);
        let (bytewise, bytewise_refused) = frames!(limit, stream.chunks(1));
        let (split, split_refused) = frames!(limit, stream.chunks(size.min(limit)));
        prop_assert!(!whole_refused);
        prop_assert_eq!(bytewise_refused, split_refused);
        prop_assert_eq!(&bytewise, &split);
        prop_assert_eq!(&whole[..split.len()], &split[..]);
        prop_assert!(split_refused || split.len() == whole.len());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        bytes in prop_oneof![stream(), message(Response::LAYOUTS), prop::collection::vec(any::<u8>(), 0..200)],
        cut in 0_usize..200,
        charset in select(&[Charset::Utf8, Charset::Cp850][..]),
    ) {
        let dialect = Dialect { charset, max_fields: 8, ..Dialect::default() };
        let frame = Frame::new(Bytes::copy_from_slice(&bytes[..cut.min(bytes.len())]));
        let _ = Trailer::of(&frame, &dialect);
        if let Ok(parts) = Parts::of(&frame, &dialect) {
            prop_assert!(parts.fields().iter().count() <= 8);
            prop_assert!(parts.entries().count() >= parts.fields().iter().count());
            let _ = format!("{parts:?} {:?} {:?}", parts.fields().duplicates().count(), parts.missing().count());
        }
        let mut out = BytesMut::new();
        if let Ok(request) = Request::decode(&frame, &dialect) {
            request.encode(&dialect, ErrorDetection::ChecksumOnly, &mut out);
        }
        if let Ok(response) = Response::decode(&frame, &dialect) {
            response.encode(&dialect, ErrorDetection::ChecksumOnly, &mut out);
        }
    }
}
