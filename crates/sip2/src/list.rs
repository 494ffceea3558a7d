//! Repeatable fields.

use std::borrow::Cow;
use std::fmt;
use std::mem;
use std::ops::Deref;

use crate::field_id::FieldId;

/// The values of a repeatable field, in order: a slice that allocates from its second element on, or, borrowed,
/// not at all.
#[derive(Clone)]
pub struct List<'a, T>(Repr<'a, T>);

#[derive(Clone)]
enum Repr<'a, T> {
    Borrowed(&'a [T]),
    One([T; 1]),
    Owned(Vec<T>),
}

/// A field that the message itself does not know, such as the patron class PC: written before AF and AG.
#[derive(Clone, PartialEq, Eq)]
pub struct Extension<'a> {
    /// Which field it is.
    pub id: FieldId,
    /// Its value.
    pub value: Cow<'a, str>,
}

impl<'a, T> List<'a, T> {
    /// No value.
    pub const EMPTY: Self = Self(Repr::Borrowed(&[]));

    /// One value.
    pub const fn one(value: T) -> Self {
        Self(Repr::One([value]))
    }

    /// Values that somebody else keeps.
    pub const fn borrowed(values: &'a [T]) -> Self {
        Self(Repr::Borrowed(values))
    }

    /// Adds a value at the end.
    pub fn push(&mut self, value: T)
    where
        T: Clone,
    {
        self.0 = match mem::replace(&mut self.0, Repr::Borrowed(&[])) {
            Repr::Borrowed([]) => Repr::One([value]),
            Repr::Borrowed(values) => Repr::Owned(values.iter().cloned().chain([value]).collect()),
            Repr::One([first]) => Repr::Owned(vec![first, value]),
            Repr::Owned(mut values) => {
                values.push(value);
                Repr::Owned(values)
            }
        };
    }
}

impl<T> Deref for List<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Repr::Borrowed(values) => values,
            Repr::One(value) => value,
            Repr::Owned(values) => values,
        }
    }
}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<T> From<Vec<T>> for List<'_, T> {
    fn from(values: Vec<T>) -> Self {
        Self(Repr::Owned(values))
    }
}

impl<T: PartialEq> PartialEq for List<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for List<'_, T> {}

impl<T: fmt::Debug> fmt::Debug for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// Shows the id only.
impl fmt::Debug for Extension<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.id, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order_however_it_grew() {
        let mut list = List::EMPTY;
        for value in 1..=3 {
            list.push(value);
        }
        assert_eq!(*list, [1, 2, 3]);

        let mut list = List::borrowed(&[1, 2]);
        list.push(3);
        assert_eq!(list, List::from(vec![1, 2, 3]));
    }

    #[test]
    fn debug_of_an_extension_shows_no_value() {
        let extension = Extension { id: FieldId::EXTENSION_BIRTH_DATE, value: "20100412".into() };
        assert_eq!(format!("{extension:?}"), "PB");
    }
}
