//! One row of a collection, and what its fields say in the several ways that servers write them.

use serde_json::{Map, Value};

use crate::change::modified;

/// One object of a page.
pub(super) struct Row {
    fields: Map<String, Value>,
    /// Its number among all rows received, from 1.
    pub number: u64,
}

impl Row {
    /// Reads an object. Anything else is none.
    pub fn parse(text: &str, number: u64) -> Option<Self> {
        serde_json::from_str(text).ok().map(|fields| Self { fields, number })
    }

    /// `sourcedId`, where there is one.
    pub fn source_id(&self) -> Option<String> {
        self.text("sourcedId").flatten().filter(|id| !id.is_empty())
    }

    /// `dateLastModified`, in milliseconds since 1970; 0: there is none that can be read.
    pub fn modified(&self) -> i64 {
        self.text("dateLastModified").flatten().map_or(0, |written| modified(written.as_bytes()))
    }

    /// A field as it is. `metadata.NAME` is looked for in the metadata.
    pub fn field(&self, name: &str) -> Option<&Value> {
        let value = match name.strip_prefix("metadata.") {
            Some(name) => self.fields.get("metadata").and_then(|metadata| metadata.get(name)),
            None => self.fields.get(name),
        };
        value.filter(|value| !value.is_null())
    }

    /// A field as text. `Some(None)`: there is none; `None`: it is no text.
    pub fn text(&self, name: &str) -> Option<Option<String>> {
        match self.field(name) {
            Some(value) => text(value).map(Some),
            None => Some(None),
        }
    }

    /// The items of a list; a single value counts as a list of one.
    pub fn list(&self, name: &str) -> &[Value] {
        match self.field(name) {
            Some(Value::Array(items)) => items,
            Some(value) => std::slice::from_ref(value),
            None => &[],
        }
    }
}

/// A value as text without blanks around it: text, or a whole number as some write IDs and grades.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The text of a field of an object; empty where there is none.
pub(super) fn inner(value: &Value, name: &str) -> String {
    value.get(name).and_then(text).unwrap_or_default()
}

/// The key of what a reference `{href, sourcedId, type}` refers to.
pub(super) fn reference(value: &Value) -> String {
    match value {
        Value::String(key) => key.trim().to_owned(),
        object => inner(object, "sourcedId"),
    }
}
