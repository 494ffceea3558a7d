//! Whether a message is the answer that a request is due.

use sip2::{Checksum, Dialect, ErrorDetection, Frame, Parts, Trailer};

/// Why a message is not the answer to a request, if it is not.
pub fn fault(command: [u8; 2], sent: ErrorDetection, answer: &Frame, dialect: &Dialect) -> Option<String> {
    let due = match command {
        [b'9', b'9'] => *b"98",
        [tens, ones] => [tens, ones.saturating_add(1)],
    };
    let due_text = String::from_iter(due.map(char::from));
    let trailer = Trailer::of(answer, dialect);
    match answer.command() {
        Some(came) if came == due => {}
        Some([b'9', b'6']) => {
            return Some(
                "the service found the checksum AZ wrong and asks again (96): is the line disturbed?".to_owned(),
            );
        }
        _ => return Some(format!("another answer came than the {due_text} that was due")),
    }
    if Parts::of(answer, dialect).is_err() {
        return Some(format!("the {due_text} that came cannot be read: is the delimiter another one?"));
    }
    if trailer.checksum == Checksum::Wrong {
        return Some(format!("the checksum AZ of the {due_text} is wrong"));
    }
    match (sent, trailer.error_detection) {
        (ErrorDetection::Sequenced(sent), ErrorDetection::Sequenced(came)) if sent != came => {
            Some(format!("the {due_text} answers request AY{}, not AY{}", came.number(), sent.number()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use sip2::Sequence;

    use super::*;

    #[test]
    fn only_the_answer_to_a_request_passes_for_it() {
        let sent = Sequence::new(1).map_or(ErrorDetection::Off, ErrorDetection::Sequenced);
        let why = |command, answer: &'static [u8]| {
            fault(command, sent, &Frame::new(Bytes::from_static(answer)), &Dialect::default())
        };
        for answer in [&b"941AY1AZFDFC"[..], b"941", b"941AY1"] {
            assert_eq!(why(*b"93", answer), None);
        }
        for (answer, reason) in [
            (&b"940AY1AZFDFC"[..], "checksum"),
            (b"941AY2", "answers request AY2, not AY1"),
            (b"96AZFEF6", "(96)"),
            (b"98YYYY", "94 that was due"),
            (b"HTTP/1.1 400 Bad Request", "94 that was due"),
        ] {
            assert!(why(*b"93", answer).is_some_and(|why| why.contains(reason)), "{reason}");
        }
        assert!(why(*b"63", b"64|").is_some_and(|why| why.contains("cannot be read")));
        assert!(why(*b"99", b"64|").is_some_and(|why| why.contains("98 that was due")));
    }
}
