//! Bytes to frames: where one message ends and the next begins.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use thiserror::Error;
use tokio_util::codec::{Decoder, Encoder};

use crate::frame::{Frame, is_padding};

/// Splits a stream of bytes into [`Frame`]s, and writes prepared messages.
///
/// CR, CRLF and LF all end a message (the standard knows CR only); what is empty between two terminators is
/// skipped without a word, because an answer to it would put some clients out of step. A frame shares the read
/// buffer's memory. The codec is two words in size, and reserves nothing.
#[derive(Debug)]
pub struct Codec {
    limit: usize,
    /// How much of the buffer holds no terminator for sure: with it, a peer that sends byte by byte costs no
    /// more than one that sends whole messages.
    scanned: usize,
}

/// Why a stream can't be read on. The connection is to be closed: there is no way back into step.
#[derive(Debug, Error)]
pub enum CodecError {
    /// The peer sent more than the limit without ending its message.
    #[error("the peer sent a message of more than {limit} bytes")]
    FrameTooLong {
        /// The limit that was passed, in bytes without the terminator.
        limit: usize,
    },
    /// The peer closed the connection in the middle of a message.
    #[error("the peer closed the connection in the middle of a message")]
    FrameTruncated,
    /// The transport failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Codec {
    /// The longest frame that is taken unless told otherwise, in bytes. Real requests stay below 300.
    pub const DEFAULT_LIMIT: usize = 4096;

    /// A codec that takes frames of up to `limit` bytes, not counting terminators and padding before the command.
    pub const fn with_limit(limit: usize) -> Self {
        Self { limit, scanned: 0 }
    }
}

impl Default for Codec {
    fn default() -> Self {
        Self::with_limit(Self::DEFAULT_LIMIT)
    }
}

impl Decoder for Codec {
    type Item = Frame;
    type Error = CodecError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Frame>, CodecError> {
        loop {
            if self.scanned == 0 {
                buffer.advance(buffer.iter().take_while(|byte| is_padding(**byte)).count());
            }
            let fresh = buffer.get(self.scanned..).unwrap_or_default();
            let end = fresh.iter().position(|byte| matches!(byte, b'\r' | b'\n')).map(|at| self.scanned + at);
            if end.unwrap_or(buffer.len()) > self.limit {
                return Err(CodecError::FrameTooLong { limit: self.limit });
            }
            let Some(end) = end else {
                self.scanned = buffer.len();
                return Ok(None);
            };
            self.scanned = 0;
            let frame = Frame::new(buffer.split_to(end).freeze());
            buffer.advance(1);
            if !frame.is_empty() {
                return Ok(Some(frame));
            }
        }
    }

    fn decode_eof(&mut self, buffer: &mut BytesMut) -> Result<Option<Frame>, CodecError> {
        match self.decode(buffer)? {
            None if !buffer.is_empty() => {
                buffer.clear();
                self.scanned = 0;
                Err(CodecError::FrameTruncated)
            }
            decoded => Ok(decoded),
        }
    }
}

/// Writes a message that [`Response::encode`](crate::Response::encode) or
/// [`Request::encode`](crate::Request::encode) has already put into bytes, terminator included.
impl Encoder<Bytes> for Codec {
    type Error = CodecError;

    fn encode(&mut self, message: Bytes, buffer: &mut BytesMut) -> Result<(), CodecError> {
        buffer.extend_from_slice(&message);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(stream: &[u8]) -> Vec<Vec<u8>> {
        let (mut codec, mut buffer) = (Codec::default(), BytesMut::from(stream));
        std::iter::from_fn(|| codec.decode(&mut buffer).expect("within the limit"))
            .map(|frame| frame.as_bytes().to_vec())
            .collect()
    }

    #[test]
    fn quirk_1_crlf_terminators_do_not_start_the_next_message() {
        assert_eq!(frames(b"9900302.00\r\n97AZFEF5\r\n"), [&b"9900302.00"[..], b"97AZFEF5"]);
    }

    #[test]
    fn quirk_1_a_lone_line_feed_ends_a_message() {
        assert_eq!(frames(b"9900302.00\n97AZFEF5\n"), [&b"9900302.00"[..], b"97AZFEF5"]);
    }

    #[test]
    fn quirk_15_a_terminator_sent_twice_is_not_an_empty_message() {
        assert_eq!(frames(b"\r\n\r9900302.00\r\r97AZFEF5\r \0\r"), [&b"9900302.00"[..], b"97AZFEF5"]);
    }

    #[test]
    fn quirk_29_a_message_in_many_segments_is_one_frame() {
        let (mut codec, mut buffer) = (Codec::default(), BytesMut::new());
        for byte in b"\n97AZFEF5" {
            buffer.extend_from_slice(&[*byte]);
            assert_eq!(codec.decode(&mut buffer).expect("within the limit"), None);
        }
        buffer.extend_from_slice(b"\r97");
        let frame = codec.decode(&mut buffer).expect("within the limit").expect("ended");
        assert_eq!(frame.as_bytes(), b"97AZFEF5");
        assert_eq!(&buffer[..], b"97");
    }

    #[test]
    fn looks_at_each_byte_once() {
        let (mut codec, mut buffer) = (Codec::default(), BytesMut::from(&b"990"[..]));
        assert!(codec.decode(&mut buffer).expect("short").is_none());
        assert_eq!(codec.scanned, 3);
        buffer.extend_from_slice(b"0302.00\r");
        assert!(codec.decode(&mut buffer).expect("short").is_some());
        assert_eq!(codec.scanned, 0);
    }

    #[test]
    fn refuses_a_frame_over_the_limit_ended_or_not() {
        for stream in [&b"97AZFEF5\r"[..], b"97AZFEF5"] {
            let refused = Codec::with_limit(7).decode(&mut BytesMut::from(stream));
            assert!(matches!(refused, Err(CodecError::FrameTooLong { limit: 7 })));
        }
        assert!(Codec::with_limit(8).decode(&mut BytesMut::from(&b"97AZFEF5\r"[..])).expect("fits").is_some());
    }

    #[test]
    fn padding_is_not_kept_in_the_buffer() {
        let mut buffer = BytesMut::from(&[b' '; 10_000][..]);
        assert!(Codec::default().decode(&mut buffer).expect("no frame yet").is_none());
        assert!(buffer.is_empty());
    }

    #[test]
    fn says_that_a_message_was_cut_off_at_the_end_of_the_stream() {
        let (mut codec, mut buffer) = (Codec::default(), BytesMut::from(&b"97AZFEF5\r63000"[..]));
        assert!(codec.decode_eof(&mut buffer).expect("one whole").is_some());
        assert!(matches!(codec.decode_eof(&mut buffer), Err(CodecError::FrameTruncated)));
        assert!(codec.decode_eof(&mut buffer).expect("the end").is_none());
    }

    #[test]
    fn an_idle_connection_costs_two_words() {
        assert_eq!(size_of::<Codec>(), 2 * size_of::<usize>());
    }
}
