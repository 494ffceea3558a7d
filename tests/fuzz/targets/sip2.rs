//! Any bytes as a SIP2 stream: taken apart into frames, each read as a request and as a response, written and read again.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use sip2::{Charset, Codec, Dialect, ErrorDetection, Frame, Request, Response, Trailer};
use tokio_util::codec::Decoder as _;

/// The longest frame, as the service has it.
const LIMIT: usize = 4096;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, stream)) = bytes.split_first() else { return };
    let (whole, whole_refused) = frames(stream, stream.len().max(1));
    let (split, split_refused) = frames(stream, usize::from(*first) + 1);
    assert_eq!(whole_refused, split_refused, "a limit bites however a stream is split");
    assert_eq!(whole, split, "frames are the same however a stream is split");
    for frame in whole {
        for charset in [Charset::Utf8, Charset::Latin1, Charset::Cp850, Charset::Ascii] {
            is_the_same_when_written_and_read_again(&frame, &Dialect { charset, ..Dialect::default() });
        }
    }
});

/// The frames of a stream that comes in pieces, and whether it was refused in the end.
fn frames(stream: &[u8], size: usize) -> (Vec<Frame>, bool) {
    let (mut codec, mut buffer, mut frames) = (Codec::with_limit(LIMIT), BytesMut::new(), Vec::new());
    for piece in stream.chunks(size) {
        buffer.extend_from_slice(piece);
        loop {
            match codec.decode(&mut buffer) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(_) => return (frames, true),
            }
        }
    }
    (frames, false)
}

/// What was understood is understood again. The first writing may still change it, as no text may spell `BLN` or `CQY`;
/// after that nothing is lost any more. AY and AZ are the trailer's: a field of that name is taken for one where it comes
/// to stand at the end, so that messages with some in another place are left out.
fn is_the_same_when_written_and_read_again(frame: &Frame, dialect: &Dialect) {
    let detection = Trailer::of(frame, dialect).error_detection;
    let spelt = frame.as_bytes().windows(2).filter(|two| *two == b"AY" || *two == b"AZ").count();
    let in_trailer = match detection {
        ErrorDetection::Off => 0,
        ErrorDetection::ChecksumOnly => 1,
        ErrorDetection::Sequenced(_) => 2,
    };
    if spelt > in_trailer {
        return;
    }
    let request = |frame: &Frame| {
        let mut out = BytesMut::new();
        Request::decode(frame, dialect).ok()?.encode(dialect, detection, &mut out);
        Some(Frame::new(out.freeze()))
    };
    let response = |frame: &Frame| {
        let mut out = BytesMut::new();
        Response::decode(frame, dialect).ok()?.encode(dialect, detection, &mut out);
        Some(Frame::new(out.freeze()))
    };
    let read_and_write: [&dyn Fn(&Frame) -> Option<Frame>; 2] = [&request, &response];
    for again in read_and_write {
        let Some(once) = again(frame) else { continue };
        let twice = again(&once).expect("what we write can be read");
        assert!(again(&twice).as_ref() == Some(&twice), "{:?}", String::from_utf8_lossy(twice.as_bytes()));
    }
}
