//! How much one message may be (reference/ncip.md section 5, f). The largest honest request known has under 4 KiB.

/// Bytes of a message.
pub const MESSAGE: usize = 256 << 10;
/// Elements inside one another.
pub const DEPTH: usize = 32;
/// Elements of a message.
pub const ELEMENTS: usize = 2_000;
/// Attributes of an element.
pub const ATTRIBUTES: usize = 64;
/// Bytes of text in one element, and of one attribute.
pub const TEXT: usize = 8 << 10;
/// `AuthenticationInput` elements of a message.
pub const INPUTS: usize = 8;
/// Bytes of an identifier, an agency or a secret that anything is done with.
pub const VALUE: usize = 1 << 10;
