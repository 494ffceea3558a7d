//! How a message is laid out, and the one mechanism that makes messages of it.

use bytes::{BufMut, BytesMut};

use crate::checksum::{ErrorDetection, write_trailer};
use crate::dialect::Dialect;
use crate::field_id::FieldId;
use crate::parts::Parts;
use crate::writer::Writer;

/// The layout of one message: what its table in SIP2 2.00 says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The two characters that it begins with.
    pub command: [u8; 2],
    /// Its title in the standard.
    pub title: &'static str,
    /// Its fixed part, in order.
    pub fixed: &'static [FixedPart],
    /// The fields that it knows, in the order in which we write them.
    pub fields: &'static [FieldRule],
}

/// A part of a message that has a width instead of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedPart {
    /// Its name, words parted by `_`.
    pub name: &'static str,
    /// Its number of characters.
    pub width: usize,
}

/// A field that a message knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldRule {
    /// Which field it is.
    pub id: FieldId,
    /// Whether the standard has it always there, if only empty.
    pub required: bool,
}

impl Layout {
    /// The number of characters between the command and the id'd fields.
    pub fn fixed_width(&self) -> usize {
        self.fixed.iter().map(|part| part.width).sum()
    }

    /// Whether a message may break off within its fixed part, because no field that matters comes after it.
    pub(crate) fn may_be_short(&self) -> bool {
        !self.fields.iter().any(|field| field.required)
    }
}

/// A message that can be read from its parts and written in them.
pub(crate) trait Message<'a>: Sized {
    const LAYOUT: Layout;

    fn decode(parts: &Parts<'a>) -> Self;

    /// Appends the fixed part and the fields.
    fn encode(&self, writer: &mut Writer<'_>);
}

/// Appends a whole message: command, parts, error detection and terminator.
pub(crate) fn encode_message<'a, M: Message<'a>>(
    message: &M,
    is_response: bool,
    dialect: &Dialect,
    error_detection: ErrorDetection,
    out: &mut BytesMut,
) {
    let start = out.len();
    out.put_slice(&M::LAYOUT.command);
    message.encode(&mut Writer::new(out, dialect, is_response));
    let error_detection = match error_detection {
        // SIP2 2.00, "Request SC Resend" and "Request ACS Resend": these never have a sequence number.
        ErrorDetection::Sequenced(_) if matches!(&M::LAYOUT.command, b"96" | b"97") => ErrorDetection::ChecksumOnly,
        as_asked => as_asked,
    };
    write_trailer(error_detection, start, out);
    out.put_slice(dialect.terminator.as_bytes());
}

/// Declares a message: a struct of its fixed part and its fields, with its [`Layout`], reading and writing.
///
/// The type of a field says how often it comes (see [`Value`](crate::value::Value)), and the word before its id
/// whether it is written, empty, when there is none. Fields of `last` are written after the extensions.
macro_rules! message {
    (
        $(#[$doc:meta])*
        pub struct $name:ident<$lifetime:lifetime>: $command:literal, $title:literal;

        fixed { $($(#[$part_doc:meta])* $part:ident: $part_type:ty,)* }
        fields { $($(#[$field_doc:meta])* $field:ident: $type:ty = $need:ident $id:ident,)* }
        $(last { $($(#[$last_doc:meta])* $last:ident: $last_type:ty = $last_need:ident $last_id:ident,)* })?
    ) => {
        $(#[$doc])*
        ///
        /// Its `Debug` withholds whatever could say who the patron is.
        #[derive(Clone, Default, PartialEq, Eq)]
        pub struct $name<$lifetime> {
            $($(#[$part_doc])* pub $part: $part_type,)*
            $($(#[$field_doc])* pub $field: $type,)*
            $($($(#[$last_doc])* pub $last: $last_type,)*)?
            /// Fields that are not among the above, in order.
            pub extensions: $crate::list::List<$lifetime, $crate::list::Extension<$lifetime>>,
        }

        impl<$lifetime> $crate::layout::Message<$lifetime> for $name<$lifetime> {
            const LAYOUT: $crate::layout::Layout = $crate::layout::Layout {
                command: *$command,
                title: $title,
                fixed: &[$($crate::layout::FixedPart {
                    name: stringify!($part),
                    width: <$part_type as $crate::fixed::Fixed>::WIDTH,
                },)*],
                fields: &[
                    $($crate::layout::FieldRule {
                        id: $crate::field_id::FieldId::$id,
                        required: message!(@is $need),
                    },)*
                    $($($crate::layout::FieldRule {
                        id: $crate::field_id::FieldId::$last_id,
                        required: message!(@is $last_need),
                    },)*)?
                ],
            };

            fn decode(parts: &$crate::parts::Parts<$lifetime>) -> Self {
                #[allow(unused_imports, reason = "the resend requests have neither parts nor fields")]
                use $crate::{field_id::FieldId, fixed::Fixed, value::Value};

                #[allow(unused_mut, unused_variables, reason = "as above")]
                let mut fixed = parts.fixed_bytes();
                $(let $part = <$part_type>::read(
                    fixed.split_off(..<$part_type as Fixed>::WIDTH.min(fixed.len())).unwrap_or_default(),
                );)*
                let charset = parts.charset();
                $(let mut $field = <$type as Value<$lifetime>>::Slot::default();)*
                $($(let mut $last = <$last_type as Value<$lifetime>>::Slot::default();)*)?
                let mut extensions = $crate::list::List::EMPTY;
                for field in parts.fields().iter() {
                    match field.id {
                        $(FieldId::$id => <$type>::collect(&mut $field, field.value, charset),)*
                        $($(FieldId::$last_id => <$last_type>::collect(&mut $last, field.value, charset),)*)?
                        id => extensions.push($crate::list::Extension { id, value: charset.decode(field.value) }),
                    }
                }
                Self {
                    $($part,)*
                    $($field: <$type>::settle($field),)*
                    $($($last: <$last_type>::settle($last),)*)?
                    extensions,
                }
            }

            fn encode(&self, writer: &mut $crate::writer::Writer<'_>) {
                #[allow(unused_imports, reason = "the resend requests have neither parts nor fields")]
                use $crate::{field_id::FieldId, fixed::Fixed, value::Value};

                $(self.$part.write(writer.out);)*
                $(Value::encode(&self.$field, FieldId::$id, message!(@is $need), writer);)*
                for extension in self.extensions.iter() {
                    writer.text(extension.id, &extension.value);
                }
                $($(Value::encode(&self.$last, FieldId::$last_id, message!(@is $last_need), writer);)*)?
            }
        }

        impl std::fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                #[allow(unused_imports, reason = "the resend requests have neither parts nor fields")]
                use $crate::{field_id::FieldId, value::debug_field};

                let mut message = f.debug_struct(stringify!($name));
                $(message.field(stringify!($part), &self.$part);)*
                $(debug_field(&mut message, stringify!($field), FieldId::$id, &self.$field);)*
                $($(debug_field(&mut message, stringify!($last), FieldId::$last_id, &self.$last);)*)?
                message.field("extensions", &self.extensions).finish()
            }
        }
    };
    (@is required) => { true };
    (@is optional) => { false };
}
