//! Rust types as values of id'd fields.

use std::borrow::Cow;
use std::fmt;

use crate::charset::Charset;
use crate::field_id::FieldId;
use crate::fixed::Fixed;
use crate::list::List;
use crate::writer::Writer;

/// A type that one field's value can be.
pub(crate) trait Scalar<'a>: Default {
    fn decode(value: &'a [u8], charset: Charset) -> Self;
    fn encode(&self, id: FieldId, writer: &mut Writer<'_>);
}

impl<'a> Scalar<'a> for Cow<'a, str> {
    fn decode(value: &'a [u8], charset: Charset) -> Self {
        charset.decode(value)
    }

    fn encode(&self, id: FieldId, writer: &mut Writer<'_>) {
        writer.text(id, self);
    }
}

impl<'a, F: Fixed> Scalar<'a> for F {
    fn decode(value: &'a [u8], _charset: Charset) -> Self {
        F::read(value)
    }

    fn encode(&self, id: FieldId, writer: &mut Writer<'_>) {
        writer.plain(id, |out| self.write(out));
    }
}

/// A type that all of a message's fields of one id can be: exactly one (`T`, always written, empty where a peer
/// left it out), at most one (`Option`), or any number ([`List`]).
pub(crate) trait Value<'a>: Sized {
    /// What is known of it while the message is read.
    type Slot: Default;

    /// Takes the next field of this id. Of a field that can't repeat, the first counts.
    fn collect(slot: &mut Self::Slot, value: &'a [u8], charset: Charset);

    /// The value, now that all of the message is read.
    fn settle(slot: Self::Slot) -> Self;

    /// Writes the fields. A `required` one is written empty rather than not at all.
    fn encode(&self, id: FieldId, required: bool, writer: &mut Writer<'_>);

    /// Whether there is a value to speak of: what `Debug` may say of one that it must not show.
    fn is_present(&self) -> bool;
}

impl<'a, S: Scalar<'a>> Value<'a> for S {
    type Slot = Option<S>;

    fn collect(slot: &mut Option<S>, value: &'a [u8], charset: Charset) {
        slot.get_or_insert_with(|| S::decode(value, charset));
    }

    fn settle(slot: Option<S>) -> S {
        slot.unwrap_or_default()
    }

    fn encode(&self, id: FieldId, _required: bool, writer: &mut Writer<'_>) {
        Scalar::encode(self, id, writer);
    }

    fn is_present(&self) -> bool {
        true
    }
}

impl<'a, S: Scalar<'a>> Value<'a> for Option<S> {
    type Slot = Self;

    fn collect(slot: &mut Self, value: &'a [u8], charset: Charset) {
        slot.get_or_insert_with(|| S::decode(value, charset));
    }

    fn settle(slot: Self) -> Self {
        slot
    }

    fn encode(&self, id: FieldId, required: bool, writer: &mut Writer<'_>) {
        match self {
            Some(value) => value.encode(id, writer),
            None if required => writer.plain(id, |_empty| ()),
            None => {}
        }
    }

    fn is_present(&self) -> bool {
        self.is_some()
    }
}

impl<'a, S: Scalar<'a> + Clone> Value<'a> for List<'a, S> {
    type Slot = Self;

    fn collect(slot: &mut Self, value: &'a [u8], charset: Charset) {
        slot.push(S::decode(value, charset));
    }

    fn settle(slot: Self) -> Self {
        slot
    }

    fn encode(&self, id: FieldId, _required: bool, writer: &mut Writer<'_>) {
        for value in self.iter() {
            value.encode(id, writer);
        }
    }

    fn is_present(&self) -> bool {
        !self.is_empty()
    }
}

/// What `Debug` shows of a field: its value if it is public, else no more than whether there is one.
pub(crate) fn debug_field<'a, V: Value<'a> + fmt::Debug>(
    message: &mut fmt::DebugStruct<'_, '_>,
    name: &str,
    id: FieldId,
    value: &V,
) {
    match (id.is_public(), value.is_present()) {
        (true, _) => message.field(name, value),
        (false, true) => message.field(name, &format_args!("<withheld>")),
        (false, false) => message.field(name, &format_args!("<none>")),
    };
}
