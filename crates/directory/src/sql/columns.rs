//! The columns of a query: what their types can hold, and which of them are asked for.

use csv::ByteRecord;
use patron::{DateShape, IdSource};

use super::fault::{Fault, Trouble};
use super::settings::Settings;
use super::statement::LONGEST;
use crate::delimited::{Columns, Mapping};
use crate::header::Header;
use crate::notes::Notes;
use crate::table::Layout;
use crate::{Fault as Broken, Oddity, Refusal, Wanted};

/// What a type of a database holds, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// Whole numbers.
    Number,
    /// Numbers that may have a point.
    Decimal,
    Boolean,
    /// Bits that come as bytes.
    Bit,
    Date,
    /// A day and a time, without a zone.
    Moment,
    /// Anything else, by the database's name for it.
    Other(String),
}

/// A column that a query gives.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub name: String,
    pub kind: Kind,
}

/// What something is wanted of a column for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// An ID or a PIN: each letter counts.
    Id,
    Text,
    Enabled,
    BirthDate,
}

/// A column of IDs or PINs that are numbers to the database.
struct Number {
    at: usize,
    /// Whether one of them begins with a zero all the same, as MySQL's ZEROFILL does it.
    zero_seen: bool,
}

/// The columns that are asked for, in this order.
pub(super) struct Chosen {
    pub columns: Vec<Column>,
    /// What each of them means.
    pub mapping: Mapping,
    numbers: Vec<Number>,
}

/// The names of columns as a file would have them.
const LAYOUT: Layout = Layout { delimiter: b',', table_names: false, text: "text in UTF-8" };

impl Use {
    /// What a column must be that is used so.
    const fn expected(self) -> &'static str {
        match self {
            Self::Id => "an ID or PIN is text or a whole number",
            Self::Text => "text or a number is expected",
            Self::Enabled => "true or false is expected",
            Self::BirthDate => "a birth date is a date, or text of a shape in date-format",
        }
    }

    const fn takes(self, kind: &Kind) -> bool {
        matches!(
            (self, kind),
            (_, Kind::Text)
                | (Self::Id | Self::Text | Self::Enabled, Kind::Number | Kind::Decimal)
                | (Self::Enabled, Kind::Boolean | Kind::Bit)
                | (Self::BirthDate, Kind::Date | Kind::Moment)
        )
    }
}

impl Chosen {
    /// Chooses from the columns of the query. What a rule needs must be there.
    pub fn of(settings: &Settings, wanted: &Wanted, given: &[Column]) -> Result<Self, Refusal> {
        let fault = |trouble| Refusal::from(Fault::of(settings.server.to_string(), trouble));
        let mut choice = Choice { given, columns: Vec::new(), numbers: Vec::new() };
        let mut named = Columns::default();
        for source in &wanted.ids {
            let (key, place) = match source {
                IdSource::Identifier => ("id", Some(&mut named.id)),
                IdSource::SourceId => ("source_id", Some(&mut named.source_id)),
                IdSource::Username => ("username", Some(&mut named.username)),
                IdSource::Email => ("email", Some(&mut named.email)),
                IdSource::Column(name) => (name.as_ref(), None),
                IdSource::UserId(_) => {
                    let problem = "a query has no user ids by type; write `column:NAME` with the query's name";
                    return Err(Refusal::Configuration { key: source.name(), problem });
                }
            };
            let found = choice.need(key, Use::Id).map_err(fault)?;
            if let Some(place) = place {
                *place = Some(found);
            }
        }
        for pin in &wanted.pin_columns {
            choice.need(pin, Use::Id).map_err(fault)?;
        }
        let optional = [
            (&mut named.role, "role", Use::Text, true),
            (&mut named.enabled, "enabled", Use::Enabled, true),
            (&mut named.grade, "grade", Use::Text, true),
            (&mut named.school, "school", Use::Text, true),
            (&mut named.school_name, "school_name", Use::Text, true),
            (&mut named.given_name, "given_name", Use::Text, wanted.name),
            (&mut named.family_name, "family_name", Use::Text, wanted.name),
            (&mut named.email, "email", Use::Text, wanted.email),
        ];
        for (place, key, of_use, _) in optional.into_iter().filter(|(.., is_wanted)| *is_wanted) {
            *place = choice.seek(key, of_use).map_err(fault)?;
        }
        let mut dates = settings.dates.clone();
        if wanted.birth_date {
            let name = choice.need("birth_date", Use::BirthDate).map_err(fault)?;
            if choice.columns.iter().any(|column| column.name == name && column.kind != Kind::Text) {
                // The database itself writes what it knows for a date, always so.
                dates = DateShape::parse("YYYY-MM-DD").into_iter().collect();
            }
            named.birth_date = Some(name);
        }
        let (roles, enabled) = (settings.roles.clone(), settings.enabled.clone());
        let mapping = Mapping { dates, columns: named, roles, enabled, ..Mapping::default() };
        Ok(Self { columns: choice.columns, mapping, numbers: choice.numbers })
    }

    /// The same columns as the header of a file.
    pub fn header(&self, place: &str) -> Header {
        header(place, &self.columns)
    }

    /// What is wrong with a row before anything is read from it: a column, and what was expected.
    pub fn unfit(&mut self, row: &ByteRecord) -> Option<(&str, &'static str)> {
        let is_long = |cell: &[u8]| {
            cell.len() > LONGEST && str::from_utf8(cell).map_or(cell.len(), |text| text.chars().count()) > LONGEST
        };
        if let Some((_, column)) = row.iter().zip(&self.columns).find(|(cell, _)| is_long(cell)) {
            return Some((&column.name, "at most 1000 letters"));
        }
        for number in &mut self.numbers {
            let cell = row.get(number.at).unwrap_or_default();
            number.zero_seen |= cell.len() > 1 && cell.starts_with(b"0");
            if cell.contains(&b'.') {
                let name = self.columns.get(number.at).map(|column| column.name.as_str());
                return name.map(|name| (name, "an ID without a decimal point; convert it in query"));
            }
        }
        None
    }

    /// Columns whose zeros the database cannot hold.
    pub fn without_zeros(&self) -> impl Iterator<Item = Oddity> {
        let numbers = self.numbers.iter().filter(|number| !number.zero_seen);
        numbers.filter_map(|number| Some(Oddity::NumberId(self.columns.get(number.at)?.name.clone())))
    }
}

/// Columns on their way to be chosen.
struct Choice<'a> {
    given: &'a [Column],
    columns: Vec<Column>,
    numbers: Vec<Number>,
}

impl Choice<'_> {
    /// A column without which the query cannot be read.
    fn need(&mut self, name: &str, of_use: Use) -> Result<String, Trouble> {
        if let Some(found) = self.seek(name, of_use)? {
            return Ok(found);
        }
        let at = header("", self.given).need(name, &mut Notes::default()).map_err(|refusal| match refusal {
            Refusal::BadData(bad) if bad.fault == Broken::TwoColumns => Trouble::TwoColumns(name.to_owned()),
            Refusal::BadData(crate::BadData { fault: Broken::NoColumn { nearest }, .. }) => {
                Trouble::NoColumn { name: name.to_owned(), nearest }
            }
            _ => Trouble::NoColumn { name: name.to_owned(), nearest: None },
        })?;
        self.take(at, of_use)
    }

    /// A column that may be missing, in any letter case; `source_id` may be written `source-id`.
    fn seek(&mut self, name: &str, of_use: Use) -> Result<Option<String>, Trouble> {
        let is_called = |theirs: &Column| theirs.name.replace('-', "_").eq_ignore_ascii_case(name);
        let mut found = self.given.iter().enumerate().filter(|(_, theirs)| is_called(theirs));
        match (found.next(), found.next()) {
            (Some((at, _)), None) => self.take(at, of_use).map(Some),
            (Some(_), Some(_)) => Err(Trouble::TwoColumns(name.to_owned())),
            (None, _) => Ok(None),
        }
    }

    fn take(&mut self, at: usize, of_use: Use) -> Result<String, Trouble> {
        let Some(Column { name, kind }) = self.given.get(at).cloned() else { return Ok(String::new()) };
        if !of_use.takes(&kind) {
            return Err(Trouble::Kind { name, kind: kind.name().to_owned(), expected: of_use.expected() });
        }
        let known = self.columns.iter().position(|theirs| theirs.name == name);
        let asked = known.unwrap_or(self.columns.len());
        let is_number = matches!(kind, Kind::Number | Kind::Decimal);
        if is_number && of_use == Use::Id && self.numbers.iter().all(|number| number.at != asked) {
            self.numbers.push(Number { at: asked, zero_seen: false });
        }
        if known.is_none() {
            self.columns.push(Column { name: name.clone(), kind });
        }
        Ok(name)
    }
}

impl Kind {
    /// For messages.
    fn name(&self) -> &str {
        match self {
            Self::Text => "text",
            Self::Number => "whole number",
            Self::Decimal => "number",
            Self::Boolean => "boolean",
            Self::Bit => "bit",
            Self::Date => "date",
            Self::Moment => "date with a time",
            Self::Other(name) => name,
        }
    }
}

fn header(place: &str, columns: &[Column]) -> Header {
    let names: ByteRecord = columns.iter().map(|column| column.name.as_str()).collect();
    Header::new(place, &names, LAYOUT)
}
