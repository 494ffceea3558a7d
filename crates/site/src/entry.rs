//! One value on its way from the tree to its type.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use patron::YearDay;

use crate::nearest::suggestion;
use crate::section::{Reader, Section};
use crate::tree::{Node, Origin, Value};
use crate::units;

/// The longest text taken, in bytes.
const LONGEST: usize = 1024;

/// A value with its key. What it is not is reported, and `None` is answered.
#[derive(Clone)]
pub(crate) struct Entry<'a> {
    node: &'a Node,
    key: String,
    reader: Reader<'a>,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(node: &'a Node, key: String, reader: Reader<'a>) -> Self {
        Self { node, key, reader }
    }

    /// Something is wrong with this value.
    pub(crate) fn error(&self, problem: impl Into<String>, advice: impl Into<String>) {
        self.reader.sink.error(self.node.origin.place(), self.key.clone(), problem, advice);
    }

    /// Somebody should look at this value.
    pub(crate) fn warning(&self, problem: impl Into<String>, advice: impl Into<String>) {
        self.reader.sink.warning(self.node.origin.place(), self.key.clone(), problem, advice);
    }

    /// A table with these keys.
    pub(crate) fn section(&self, known: &[&str]) -> Option<Section<'a>> {
        match &self.node.value {
            Value::Table(table) => Some(Section::new(self.reader, &self.node.origin, table, self.key.clone(), known)),
            other => self.wrong_kind(other, "a table"),
        }
    }

    /// The keys and values of a table whose keys are the user's own.
    pub(crate) fn pairs(&self) -> Option<Vec<(&'a str, Entry<'a>)>> {
        match &self.node.value {
            Value::Table(table) => Some(
                table
                    .iter()
                    .map(|(key, (_, node))| {
                        (key.as_str(), Entry::new(node, format!("{}.{key}", self.key), self.reader))
                    })
                    .collect(),
            ),
            other => self.wrong_kind(other, "a table"),
        }
    }

    /// A list, item by item.
    pub(crate) fn list(&self) -> Option<Vec<Entry<'a>>> {
        match &self.node.value {
            Value::List(items) => Some(
                items
                    .iter()
                    .enumerate()
                    .map(|(at, node)| Entry::new(node, format!("{}[{at}]", self.key), self.reader))
                    .collect(),
            ),
            other => self.wrong_kind(other, "a list"),
        }
    }

    /// The items of a list, or this value alone: `[[card]]` or `[card]`.
    pub(crate) fn one_or_several(&self) -> Vec<Entry<'a>> {
        match &self.node.value {
            Value::List(_) => self.list().unwrap_or_default(),
            _ => vec![self.clone()],
        }
    }

    /// Whether it is text.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.node.value, Value::Text(_))
    }

    /// A list without an item twice. `None` where any item is wrong.
    pub(crate) fn set<T: PartialEq>(&self, item: impl Fn(&Entry<'a>) -> Option<T>) -> Option<Vec<T>> {
        let mut whole = true;
        let mut set = Vec::new();
        for entry in self.list()? {
            match item(&entry) {
                Some(value) if set.contains(&value) => {
                    entry.error("stands here twice", "expected each only once");
                    whole = false;
                }
                Some(value) => set.push(value),
                None => whole = false,
            }
        }
        whole.then_some(set)
    }

    /// A list without an item twice, with at least one item.
    pub(crate) fn nonempty_set<T: PartialEq>(
        &self,
        expected: &str,
        item: impl Fn(&Entry<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let set = self.set(item)?;
        if set.is_empty() {
            self.error("the list is empty", format!("expected {expected}"));
            return None;
        }
        Some(set)
    }

    /// Text that is not empty.
    pub(crate) fn text(&self) -> Option<&'a str> {
        let text = self.text_or_empty()?;
        if text.trim().is_empty() {
            self.error("the text is empty", "expected text");
            return None;
        }
        Some(text)
    }

    /// Text that fits on the wire, in a log and on a screen: one line, without SIP2's field delimiter.
    pub(crate) fn text_or_empty(&self) -> Option<&'a str> {
        let Value::Text(text) = &self.node.value else { return self.wrong_kind(&self.node.value, "text") };
        if text.len() > LONGEST {
            self.error("the text is too long", format!("expected at most {LONGEST} bytes"));
            return None;
        }
        if text.contains(|letter: char| letter.is_control() || letter == '\u{FFFD}') {
            self.error("the text holds control characters or is not UTF-8", "expected one line of text");
            return None;
        }
        Some(text)
    }

    /// Text that goes into a SIP2 field.
    pub(crate) fn field(&self) -> Option<String> {
        let text = self.text()?;
        if text.contains('|') {
            self.error("the text holds the bar that ends a SIP2 field", "expected text without |");
            return None;
        }
        Some(text.to_owned())
    }

    /// Text that `parse` takes; its error says what is wrong.
    pub(crate) fn parsed<T, E: Display>(&self, expected: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        parse(self.text()?).map_err(|error| self.error(error.to_string(), format!("expected {expected}"))).ok()
    }

    /// The same for text of several lines; how long it may be, and what is in it, is for `parse`.
    pub(crate) fn parsed_lines<T, E: Display>(
        &self,
        expected: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let Value::Text(text) = &self.node.value else { return self.wrong_kind(&self.node.value, "text") };
        parse(text).map_err(|error| self.error(error.to_string(), format!("expected {expected}"))).ok()
    }

    /// One of the words.
    pub(crate) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.unknown(text, "word", &known);
        }
        found
    }

    /// Whole days.
    pub(crate) fn days(&self, range: RangeInclusive<&str>) -> Option<u16> {
        const DAY: u64 = 24 * 3600;
        let seconds = self.duration(range)?.as_secs();
        if !seconds.is_multiple_of(DAY) {
            self.error("not whole days", "expected days, such as \"14d\"");
            return None;
        }
        u16::try_from(seconds / DAY).ok()
    }

    /// A day of every year.
    pub(crate) fn year_day(&self) -> Option<YearDay> {
        self.parsed("month and day, such as \"07-01\"", YearDay::parse)
    }

    /// Yes or no.
    pub(crate) fn flag(&self) -> Option<bool> {
        match &self.node.value {
            Value::Boolean(flag) => Some(*flag),
            other => self.wrong_kind(other, "true or false"),
        }
    }

    /// The index of one of the ids.
    pub(crate) fn id_among(&self, what: &str, ids: &[&str]) -> Option<usize> {
        let text = self.text()?;
        let found = ids.iter().position(|id| *id == text);
        if found.is_none() {
            self.unknown(text, what, ids);
        }
        found
    }

    /// An integer in a range. A variable holds text: it is read as one here.
    pub(crate) fn integer<T: TryFrom<i64> + PartialOrd + Display>(&self, range: RangeInclusive<T>) -> Option<T> {
        let number = match (&self.node.value, &self.node.origin) {
            (Value::Integer(number), _) => Some(*number),
            (Value::Text(text), Origin::Variable(_)) => text.parse().ok(),
            _ => None,
        };
        let Some(number) = number else { return self.wrong_kind(&self.node.value, "an integer") };
        match T::try_from(number) {
            Ok(number) if range.contains(&number) => Some(number),
            _ => self.out_of_range(range.start(), range.end()),
        }
    }

    /// A duration in a range.
    pub(crate) fn duration(&self, range: RangeInclusive<&str>) -> Option<Duration> {
        let duration = self.parsed("a whole number with ms, s, m, h or d, such as \"15m\"", units::duration)?;
        let within = units::duration(range.start()).is_ok_and(|least| least <= duration)
            && units::duration(range.end()).is_ok_and(|most| duration <= most);
        if within { Some(duration) } else { self.out_of_range(range.start(), range.end()) }
    }

    /// A size in a range.
    pub(crate) fn size(&self, range: RangeInclusive<&str>) -> Option<usize> {
        let size = self.parsed("a whole number with B, KiB or MiB, such as \"4KiB\"", units::size)?;
        let within = units::size(range.start()).is_ok_and(|least| least <= size)
            && units::size(range.end()).is_ok_and(|most| size <= most);
        if within { Some(size) } else { self.out_of_range(range.start(), range.end()) }
    }

    /// A path; a relative one starts at the folder of the file that names it.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        Some(self.reader.folder.join(self.text()?))
    }

    /// Where systemd puts what it hands over, if it does.
    pub(crate) fn credentials(&self) -> Option<&'a str> {
        self.reader.credentials
    }

    fn out_of_range<T>(&self, least: impl Display, most: impl Display) -> Option<T> {
        self.error("out of range", format!("expected {least} to {most}"));
        None
    }

    fn unknown(&self, text: &str, what: &str, known: &[&str]) {
        let advice = match known {
            [] => format!("there is no {what} yet"),
            known => format!("expected one of {}", known.join(", ")),
        };
        self.error(format!("unknown {what}{}", suggestion(text, known.iter().copied())), advice);
    }

    fn wrong_kind<T>(&self, found: &Value, expected: &str) -> Option<T> {
        self.error(format!("{} where {expected} belongs", found.kind()), format!("expected {expected}"));
        None
    }
}
