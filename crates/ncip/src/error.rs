//! What can be wrong with bytes that should be a message. Always the peer's fault, and never with anything of theirs.

use thiserror::Error;

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// More bytes than a message may have.
    #[error("the message is too large")]
    TooLarge,
    /// A character set that is not read, or bytes that are not of the one it is said to be in.
    #[error("the character set is not known, or its bytes are broken")]
    Charset,
    /// A character that XML 1.0 does not allow.
    #[error("the message holds a character that XML does not allow")]
    IllegalCharacter,
    /// Not well-formed.
    #[error("the message is not well-formed XML")]
    NotWellFormed,
    /// A DOCTYPE that is not NCIP's, or stands where none may.
    #[error("the DOCTYPE is not one of NCIP")]
    Doctype,
    /// A DOCTYPE with an internal subset.
    #[error("the DOCTYPE has an internal subset")]
    InternalSubset,
    /// A reference to an entity that is not one of the five of XML.
    #[error("the message refers to an entity")]
    Entity,
    /// Elements too deep in one another.
    #[error("the elements are nested too deeply")]
    TooDeep,
    /// Too many elements.
    #[error("the message has too many elements")]
    TooManyElements,
    /// Too many attributes.
    #[error("an element has too many attributes")]
    TooManyAttributes,
    /// A text that is too long.
    #[error("a text is too long")]
    TextTooLong,
    /// XML, and no NCIP.
    #[error("the root is not an NCIP message")]
    NotNcip,
}
