//! The values of a file, each with its place.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use toml::de::{DeTable, DeValue};

use crate::finding::Place;
use crate::section::Sink;
use crate::text::TextFile;

/// Where a value or a key comes from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Text(Rc<TextFile>, Range<usize>),
    Variable(String),
}

impl Origin {
    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Text(file, span) => file.place(span),
            Self::Variable(name) => Place::Variable(name.clone()),
        }
    }
}

/// A value and its place.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) origin: Origin,
    pub(crate) value: Value,
}

#[derive(Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Node>),
    Table(Table),
    /// What no key takes, by its name: a fraction, a date.
    Other(&'static str),
}

/// Values by key, each with the place of its key.
pub(crate) type Table = BTreeMap<String, (Origin, Node)>;

impl Value {
    /// What it is, for messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "an integer",
            Self::Boolean(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(kind) => kind,
        }
    }
}

impl Node {
    /// Parses a file. `None`: every error of its syntax was reported.
    pub(crate) fn parse(file: TextFile, sink: &Sink) -> Option<Self> {
        let file = Rc::new(file);
        let (root, errors) = DeTable::parse_recoverable(file.text());
        for error in &errors {
            let place = file.place(&error.span().unwrap_or_default());
            // The library lists what it expected behind a comma.
            let (problem, advice) = error.message().split_once(", expected ").unwrap_or((error.message(), ""));
            let advice = if advice.is_empty() { "expected TOML".to_owned() } else { format!("expected {advice}") };
            sink.error(place, String::new(), problem, advice);
        }
        let origin = Origin::Text(Rc::clone(&file), 0..0);
        errors.is_empty().then(|| Self { origin, value: Value::Table(table(&file, root.get_ref())) })
    }

    fn new(file: &Rc<TextFile>, span: Range<usize>, value: &DeValue<'_>) -> Self {
        let value = match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or(Value::Other("a number too large"), Value::Integer),
            DeValue::Float(_) => Value::Other("a fraction"),
            DeValue::Boolean(flag) => Value::Boolean(*flag),
            DeValue::Datetime(_) => Value::Other("a date or time"),
            DeValue::Array(items) => {
                Value::List(items.iter().map(|item| Self::new(file, item.span(), item.get_ref())).collect())
            }
            DeValue::Table(entries) => Value::Table(table(file, entries)),
        };
        Self { origin: Origin::Text(Rc::clone(file), span), value }
    }

    /// Lays a text over the value at a path; tables on the way are made. `false`: a list stands in the way.
    pub(crate) fn lay_over(&mut self, path: &[String], text: String, origin: &Origin) -> bool {
        let Some((key, rest)) = path.split_first() else {
            let free = !matches!(self.value, Value::List(_));
            if free {
                *self = Self { origin: origin.clone(), value: Value::Text(text) };
            }
            return free;
        };
        match &mut self.value {
            Value::List(_) => false,
            Value::Table(table) => {
                let empty = || (origin.clone(), Self { origin: origin.clone(), value: Value::Table(Table::new()) });
                table.entry(key.clone()).or_insert_with(empty).1.lay_over(rest, text, origin)
            }
            _ => {
                *self = Self { origin: origin.clone(), value: Value::Table(Table::new()) };
                self.lay_over(path, text, origin)
            }
        }
    }
}

fn table(file: &Rc<TextFile>, entries: &DeTable<'_>) -> Table {
    entries
        .iter()
        .map(|(key, value)| {
            let origin = Origin::Text(Rc::clone(file), key.span());
            (key.get_ref().to_string(), (origin, Node::new(file, value.span(), value.get_ref())))
        })
        .collect()
}
