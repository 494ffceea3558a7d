//! What can be wrong with a frame. The peer is at fault in each case, and no error holds what it sent.

use thiserror::Error;

/// Why a frame is not a message that we read. Each case asks for another answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// No such command, or not in this direction. SIP2 2.00 has it ignored without an answer.
    #[error("the peer sent an unknown command")]
    UnknownCommand,
    /// The command is known, but its fixed part is so short or so broken that its fields can't be found. Ask for
    /// it again with a 96.
    #[error("the peer sent a message with an unreadable fixed part")]
    UnreadableFixedPart,
    /// More id'd fields than [`Dialect::max_fields`](crate::Dialect::max_fields). Close the connection.
    #[error("the peer sent a message with more than {limit} fields")]
    TooManyFields {
        /// The limit that was passed.
        limit: usize,
    },
}
