//! What holds for every stream of bytes.

use ncip::{Found, Framing, Service, limits, read, read_without_controls};
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{answer, input, v1, v2, validate};

/// Byte order marks.
const MARKS: &[&[u8]] = &[b"", b"\xFE\xFF", b"\xFF\xFE", b"\xEF\xBB\xBF"];

/// Bytes that look like a message for a while: tags that open and close at random, texts, references, markup.
fn markup() -> impl Strategy<Value = Vec<u8>> {
    let name =
        || select(&["NCIPMessage", "n:LookupUser", "UserId", "Value", "Ext", "AuthenticationInput", "é", "é:x"][..]);
    let piece = prop_oneof![
        4 => name().prop_map(|name| format!("<{name}>")),
        4 => name().prop_map(|name| format!("</{name}>")),
        1 => name().prop_map(|name| format!("<{name} a='b&amp;' version=\"v1_0\"/>")),
        2 => "[ -~é\u{4}😀]{0,12}",
        1 => select(&["&amp;", "&x;", "&é€é;", "&#é€;", "&#x41;", "&", "]]>", "<![CDATA[", "<!--", "-->", "<?", "?>", "<!DOCTYPE NCIPMessage>"][..])
            .prop_map(str::to_owned),
    ];
    // Without a root hardly anything is read.
    let root = select(&["", "<NCIPMessage>", "<NCIPMessage><LookupUser>"][..]);
    (root, prop::collection::vec(piece, 0..40))
        .prop_map(|(root, pieces)| format!("{root}{}", pieces.concat()).into_bytes())
}

/// A whole message with a few bytes changed.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let secret = [input("4200017", "Barcode Id"), input("0201", "PIN")].concat();
    let service = select(Service::ALL);
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (service, any::<bool>(), damage).prop_map(move |(service, old, damage)| {
        let text = if old { v1(service.name, &secret) } else { v2(service.name, &secret) };
        let mut bytes = text.into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

fn anything() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![2 => markup(), 2 => damaged(), 1 => prop::collection::vec(any::<u8>(), 0..400)]
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in anything(), mark in select(MARKS)) {
        let bytes = [mark, &bytes].concat();
        let _ = format!("{:?} {:?}", read(&bytes), read_without_controls(&bytes));
    }

    #[test]
    fn an_answer_is_bounded_whatever_was_asked(bytes in anything()) {
        // The longest thing that comes back is an agency in its scheme, every letter of it escaped.
        if let Some(answer) = answer(&bytes) {
            prop_assert!(answer.len() < 4096 + 4 * limits::VALUE * 6, "{}", answer.len());
            prop_assert!(answer.ends_with(">\n"));
        }
    }

    #[test]
    fn a_stream_ends_at_the_same_byte_however_it_is_split(bytes in anything(), size in 1_usize..50) {
        let at_once = Framing::default().find(&bytes);
        let mut framing = Framing::default();
        let mut split = Found::More;
        let mut end = 0;
        while split == Found::More && end < bytes.len() {
            end = (end + size).min(bytes.len());
            split = framing.find(&bytes[..end]);
        }
        prop_assert_eq!(at_once, split);
    }

    #[test]
    fn a_whole_message_is_a_whole_frame(service in select(Service::ALL), old in any::<bool>(), rest in "[ -~]{0,20}") {
        let text = if old { v1(service.name, "") } else { v2(service.name, "") };
        let stream = format!("{text}{rest}");
        prop_assert_eq!(Framing::default().find(stream.as_bytes()), Found::End(text.len()));
    }
}

#[test]
fn the_answers_to_damaged_messages_are_valid() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let sent = (0..300).map(|_| damaged().new_tree(&mut runner).unwrap().current());
    let answers: Vec<_> = sent.filter_map(|bytes| Some(("damaged.xml".to_owned(), answer(&bytes)?))).collect();
    assert!(answers.len() > 250, "most are still like NCIP: {}", answers.len());
    validate(&answers);
}
