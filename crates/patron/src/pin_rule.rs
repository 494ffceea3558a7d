//! Which PINs a district accepts for a student.

use std::fmt;

use jiff::civil::Date;
use zeroize::Zeroizing;

use crate::{Grade, Role, Scope};

/// How one PIN is written from a birth date: tokens `YYYY YY MM DD`, each at most once, with `-`, `/` or `.` between.
#[derive(Clone, PartialEq, Eq)]
pub struct BirthFormat {
    text: String,
    tokens: Vec<Token>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Year,
    ShortYear,
    Month,
    Day,
    Literal(char),
}

impl BirthFormat {
    /// Reads a format such as `MMDD`, `MMYYYY`, `MMDDYYYY`, `YYYYMMDD` or `DD.MM.YYYY`.
    /// The error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let (token, after) =
                [("YYYY", Token::Year), ("YY", Token::ShortYear), ("MM", Token::Month), ("DD", Token::Day)]
                    .into_iter()
                    .find_map(|(word, token)| rest.strip_prefix(word).map(|after| (token, after)))
                    .or_else(|| {
                        matches!(first, '-' | '/' | '.')
                            .then(|| (Token::Literal(first), rest.strip_prefix(first).unwrap_or_default()))
                    })
                    .ok_or("only YYYY, YY, MM, DD and the separators - / . may stand in it")?;
            if !matches!(token, Token::Literal(_)) && tokens.contains(&token) {
                return Err("a part of the date stands in it twice");
            }
            tokens.push(token);
            rest = after;
        }
        let has = |token| tokens.contains(&token);
        if has(Token::Year) && has(Token::ShortYear) {
            return Err("a part of the date stands in it twice");
        }
        if !has(Token::Month) || tokens.iter().filter(|token| !matches!(token, Token::Literal(_))).count() < 2 {
            return Err(
                "it needs the month and at least one of day and year: a year alone is known to every classmate",
            );
        }
        Ok(Self { text: text.to_owned(), tokens })
    }

    /// The PIN of a birth date in this format. Leading zeros are kept: 1 February is `0201`.
    pub fn write(&self, date: Date) -> Zeroizing<String> {
        use fmt::Write as _;
        let mut pin = Zeroizing::new(String::with_capacity(10));
        for token in &self.tokens {
            // Writing to a string cannot fail.
            let _ = match token {
                Token::Year => write!(pin, "{:04}", date.year()),
                Token::ShortYear => write!(pin, "{:02}", date.year().rem_euclid(100)),
                Token::Month => write!(pin, "{:02}", date.month()),
                Token::Day => write!(pin, "{:02}", date.day()),
                Token::Literal(letter) => write!(pin, "{letter}"),
            };
        }
        pin
    }
}

impl fmt::Debug for BirthFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Where a district's PINs come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PinScheme {
    /// The birth date, in any of the formats.
    BirthDate(Vec<BirthFormat>),
    /// The last characters of the card number: guessable from the card, so weak.
    LastDigits(u8),
    /// The last characters of the ID: likewise.
    LastOfId(u8),
    /// The value of a column of the source.
    Column(String),
    /// The value of a column that is hashed already: argon2, bcrypt or SHA-crypt.
    HashedColumn(String),
    /// The password at the district's directory, which is asked at each login.
    Directory,
    /// No PIN at all: whoever knows a card number is let in, so weak.
    None,
}

/// A PIN rule, and whom it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinRule {
    /// Whom it is for.
    pub scope: Scope,
    /// Where the PIN comes from.
    pub scheme: PinScheme,
}

/// A district's PIN rules, in the order of its file: the first that is for somebody holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinRules(Vec<PinRule>);

impl PinRules {
    /// How many rules a district may have: a row names its own in one byte.
    pub const MOST: usize = 64;

    /// The rules of a district.
    pub const fn new(rules: Vec<PinRule>) -> Self {
        Self(rules)
    }

    /// The rules.
    pub fn rules(&self) -> &[PinRule] {
        &self.0
    }

    /// The rule for somebody, and its place.
    pub fn rule_for(&self, role: Role, grade: Option<Grade>) -> Option<(u8, &PinRule)> {
        (0..).zip(&self.0).find(|(_, rule)| rule.scope.covers(role, grade))
    }

    /// Whether a source must deliver birth dates.
    pub fn need_birth_date(&self) -> bool {
        self.0.iter().any(PinRule::needs_birth_date)
    }

    /// Whether somebody's PIN is the password at the district's directory.
    pub fn ask_directory(&self) -> bool {
        self.0.iter().any(|rule| rule.scheme == PinScheme::Directory)
    }

    /// The columns that a source must deliver, each once.
    pub fn columns(&self) -> Vec<String> {
        let mut columns: Vec<String> = self.0.iter().filter_map(|rule| rule.column().map(str::to_owned)).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// How many PINs are accepted for one person at most.
    pub fn forms(&self) -> usize {
        let forms = self.0.iter().map(|rule| match &rule.scheme {
            PinScheme::BirthDate(formats) => formats.len(),
            _ => 1,
        });
        forms.max().unwrap_or(1)
    }
}

/// What a PIN can be made from, at sync.
#[derive(Clone, Copy)]
pub struct PinInputs<'a> {
    /// The canonical card number.
    pub card: &'a str,
    /// The ID in the roster.
    pub id: &'a str,
    /// The birth date, where the source has one.
    pub birth_date: Option<Date>,
    /// The value of the PIN column, where the source has one.
    pub column: Option<&'a str>,
}

impl PinRule {
    /// Whether the PIN says nothing that the card does not: such a rule needs `weak-pin = "accepted"` (34 CFR 99.3).
    pub const fn is_weak(&self) -> bool {
        matches!(self.scheme, PinScheme::LastDigits(_) | PinScheme::LastOfId(_) | PinScheme::None)
    }

    /// Whether a source must deliver birth dates.
    pub const fn needs_birth_date(&self) -> bool {
        matches!(self.scheme, PinScheme::BirthDate(_))
    }

    /// The column that a source must deliver.
    pub fn column(&self) -> Option<&str> {
        match &self.scheme {
            PinScheme::Column(name) | PinScheme::HashedColumn(name) => Some(name),
            _ => None,
        }
    }

    /// What the rule is called in a generation's header and bound into each verifier: two rules that accept different
    /// PINs have different versions.
    pub fn version(&self) -> String {
        match &self.scheme {
            PinScheme::BirthDate(formats) => {
                let formats: Vec<&str> = formats.iter().map(|format| format.text.as_str()).collect();
                format!("birth-date {}", formats.join(" "))
            }
            PinScheme::LastDigits(count) => format!("last-digits {count}"),
            PinScheme::LastOfId(count) => format!("last-of-id {count}"),
            PinScheme::Column(name) => format!("column {name}"),
            PinScheme::HashedColumn(name) => format!("hashed-column {name}"),
            PinScheme::Directory => "directory".to_owned(),
            PinScheme::None => "none".to_owned(),
        }
    }

    /// Reads back what [`PinRule::version`] wrote into a generation's header.
    pub fn from_version(scope: Scope, version: &str) -> Option<Self> {
        let (scheme, rest) = version.split_once(' ').unwrap_or((version, ""));
        let scheme = match scheme {
            "birth-date" => {
                PinScheme::BirthDate(rest.split(' ').map(BirthFormat::parse).collect::<Result<_, _>>().ok()?)
            }
            "last-digits" => PinScheme::LastDigits(rest.parse().ok()?),
            "last-of-id" => PinScheme::LastOfId(rest.parse().ok()?),
            "column" => PinScheme::Column(rest.to_owned()),
            "hashed-column" => PinScheme::HashedColumn(rest.to_owned()),
            "directory" => PinScheme::Directory,
            "none" => PinScheme::None,
            _ => return None,
        };
        Some(Self { scope, scheme })
    }

    /// The PINs that are accepted for one student: one per format, none where the source lacks what the rule needs. Of a
    /// hashed column it is what the source says, which is not the PIN.
    pub fn accepted(&self, inputs: PinInputs<'_>) -> Vec<Zeroizing<String>> {
        match &self.scheme {
            PinScheme::BirthDate(formats) => {
                let Some(date) = inputs.birth_date else { return Vec::new() };
                formats.iter().map(|format| format.write(date)).collect()
            }
            PinScheme::LastDigits(count) => vec![last(inputs.card, *count)],
            PinScheme::LastOfId(count) => vec![last(inputs.id, *count)],
            PinScheme::Column(_) | PinScheme::HashedColumn(_) => inputs
                .column
                .map(|value| value.trim_matches(' '))
                .filter(|value| !value.is_empty())
                .map(|value| vec![Zeroizing::new(value.to_owned())])
                .unwrap_or_default(),
            PinScheme::Directory | PinScheme::None => Vec::new(),
        }
    }
}

fn last(text: &str, count: u8) -> Zeroizing<String> {
    let skip = text.chars().count().saturating_sub(usize::from(count));
    Zeroizing::new(text.chars().skip(skip).collect())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn rule(scheme: PinScheme) -> PinRule {
        PinRule { scope: Scope::default(), scheme }
    }

    fn birth_date(formats: &[&str]) -> PinRule {
        rule(PinScheme::BirthDate(formats.iter().map(|f| BirthFormat::parse(f).unwrap()).collect()))
    }

    fn born(year: i16, month: i8, day: i8) -> PinInputs<'static> {
        PinInputs { card: "4011234567", id: "1234560", birth_date: Some(date(year, month, day)), column: None }
    }

    fn pins(rule: &PinRule, inputs: PinInputs<'_>) -> Vec<String> {
        rule.accepted(inputs).iter().map(|pin| pin.to_string()).collect()
    }

    #[test]
    fn every_format_of_the_programmes_keeps_its_leading_zeros() {
        // directories.md 1.1: Seattle MMDD, Multnomah MMDDYYYY, PINES MMYYYY; the others of consequence 2.
        let rule = birth_date(&["MMDD", "MMDDYYYY", "MMYYYY", "YYYYMMDD", "DDMMYYYY", "MMDDYY", "DD.MM.YYYY"]);
        assert_eq!(
            pins(&rule, born(2012, 2, 1)),
            ["0201", "02012012", "022012", "20120201", "01022012", "020112", "01.02.2012"]
        );
    }

    #[test]
    fn a_leap_day_is_written_as_it_is() {
        assert_eq!(pins(&birth_date(&["MMDD"]), born(2012, 2, 29)), ["0229"]);
    }

    #[test]
    fn a_format_that_is_no_date_is_refused() {
        for text in ["", "YYYY", "DD", "MMMM", "MM-MM", "YYYYYY", "mmdd", "MMDDX"] {
            assert!(BirthFormat::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn without_a_birth_date_no_pin_is_accepted() {
        assert!(
            birth_date(&["MMDD"]).accepted(PinInputs { card: "1", id: "1", birth_date: None, column: None }).is_empty()
        );
    }

    #[test]
    fn last_digits_are_those_of_the_card_or_of_the_id() {
        let of_card = rule(PinScheme::LastDigits(4));
        assert_eq!(pins(&of_card, born(2012, 2, 1)), ["4567"]);
        assert_eq!(pins(&rule(PinScheme::LastOfId(4)), born(2012, 2, 1)), ["4560"]);
        assert!(of_card.is_weak());
    }

    #[test]
    fn an_empty_column_is_no_pin() {
        let rule = rule(PinScheme::Column("pin".into()));
        assert!(rule.accepted(PinInputs { card: "1", id: "1", birth_date: None, column: Some("  ") }).is_empty());
        assert_eq!(pins(&rule, PinInputs { card: "1", id: "1", birth_date: None, column: Some("0042") }), ["0042"]);
    }

    #[test]
    fn a_version_reads_back() {
        for rule in [
            birth_date(&["MMDD", "YYYYMMDD"]),
            rule(PinScheme::LastDigits(4)),
            rule(PinScheme::LastOfId(6)),
            rule(PinScheme::Column("library pin".into())),
            rule(PinScheme::HashedColumn("pw".into())),
            rule(PinScheme::Directory),
            rule(PinScheme::None),
        ] {
            assert_eq!(PinRule::from_version(Scope::default(), &rule.version()), Some(rule));
        }
    }

    #[test]
    fn the_first_rule_for_somebody_holds() {
        let scope = |roles: &[Role]| Scope { roles: roles.to_vec(), grades: vec![] };
        let rules = PinRules::new(vec![
            PinRule { scope: scope(&[Role::Student]), ..birth_date(&["MMDD"]) },
            rule(PinScheme::Column("pin".into())),
        ]);
        assert_eq!(rules.rule_for(Role::Student, None).unwrap().0, 0);
        assert_eq!(rules.rule_for(Role::Teacher, None).unwrap().0, 1);
        assert_eq!(rules.columns(), ["pin"]);
    }
}
