//! 97 and 96: say that again.

use bytes::{BufMut, BytesMut};

use crate::checksum::{ErrorDetection, Found, write_trailer};
use crate::dialect::Dialect;

message! {
    /// The self-check asks for the last response again. SIP2 2.00, "Request ACS Resend".
    pub struct RequestAcsResend<'a>: b"97", "Request ACS Resend";

    fixed {}
    fields {}
}

message! {
    /// The library system asks for the last request again. SIP2 2.00, "Request SC Resend".
    pub struct RequestScResend<'a>: b"96", "Request SC Resend";

    fixed {}
    fields {}
}

/// Appends a message that was sent before as a 97 wants it: without its sequence number, under a checksum of its
/// own. `sent` is a whole message as [`Response::encode`](crate::Response::encode) wrote it.
pub fn without_sequence(sent: &[u8], dialect: &Dialect, out: &mut BytesMut) {
    let start = out.len();
    let message = sent.strip_suffix(dialect.terminator.as_bytes()).unwrap_or(sent);
    match Found::at_end_of(message, dialect.delimiter.byte()) {
        Some(trailer) => {
            out.put_slice(message.get(..trailer.start).unwrap_or_default());
            write_trailer(ErrorDetection::ChecksumOnly, start, out);
        }
        None => out.put_slice(message),
    }
    out.put_slice(dialect.terminator.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::Sequence;
    use crate::message::tests::{request, response};
    use crate::{Request, Response};

    fn encoded(error_detection: ErrorDetection) -> [Vec<u8>; 2] {
        let (mut ours, mut theirs) = (BytesMut::new(), BytesMut::new());
        Response::from(RequestScResend::default()).encode(&Dialect::default(), error_detection, &mut ours);
        Request::from(RequestAcsResend::default()).encode(&Dialect::default(), error_detection, &mut theirs);
        [ours.to_vec(), theirs.to_vec()]
    }

    #[test]
    fn never_has_a_sequence_number() {
        let sequence = Sequence::new(3).expect("one digit");
        assert_eq!(encoded(ErrorDetection::Sequenced(sequence)), [b"96AZFEF6\r", b"97AZFEF5\r"]);
        assert_eq!(encoded(ErrorDetection::Off), [b"96\r", b"97\r"]);
    }

    #[test]
    fn is_read_with_and_without_a_checksum() {
        for message in [&b"97AZFEF5"[..], b"97", b"97|"] {
            assert_eq!(request(message), Request::Resend(RequestAcsResend::default()));
        }
        assert_eq!(response(b"96AZFEF6"), Response::RequestResend(RequestScResend::default()));
    }

    #[test]
    fn a_message_is_sent_again_without_its_sequence_number() {
        let resent = |sent: &[u8]| {
            let mut out = BytesMut::from(&b"before"[..]);
            without_sequence(sent, &Dialect::default(), &mut out);
            out.split_off(6).to_vec()
        };
        assert_eq!(resent(b"941AY1AZFDFC\r"), b"941AZFEC7\r");
        assert_eq!(resent(b"941\r"), b"941\r");
        assert_eq!(resent(b"96AZFEF6\r"), b"96AZFEF6\r");
    }
}
