//! Any bytes as a SIP2 stream: taken apart into frames, each read as a request and as a response, and written.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use sip2::{Charset, Codec, Dialect, Frame, Request, Response, Trailer};
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
            is_written_as_one_frame(&frame, &Dialect { charset, ..Dialect::default() });
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

/// What is read can be written, and comes out as one frame: nothing that a peer sends ends a message of ours early. That it is
/// read again as it was is held for well-formed messages by sip2's own properties; of garbage in a fixed part or of two
/// letters that become `AY` in another character set it does not hold.
fn is_written_as_one_frame(frame: &Frame, dialect: &Dialect) {
    let detection = Trailer::of(frame, dialect).error_detection;
    let mut out = BytesMut::new();
    if let Ok(request) = Request::decode(frame, dialect) {
        request.encode(dialect, detection, &mut out);
        assert_eq!(frames(&out, out.len()).0.len(), 1, "{:?}", String::from_utf8_lossy(&out));
    }
    out.clear();
    if let Ok(response) = Response::decode(frame, dialect) {
        response.encode(dialect, detection, &mut out);
        assert_eq!(frames(&out, out.len()).0.len(), 1, "{:?}", String::from_utf8_lossy(&out));
    }
}
