//! How a district writes dates: `YYYY-MM-DD`, `M/D/YYYY`.

use std::fmt;

use jiff::civil::Date;

/// The shape of a written date. Which of two numbers is the month is never guessed: the shape says it.
///
/// `Display` gives the text that was parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateShape {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// Four digits.
    Year,
    /// Two digits, or one or two.
    Month { padded: bool },
    /// Likewise.
    Day { padded: bool },
    /// This very byte.
    Separator(u8),
}

impl Piece {
    const WORDS: [(&str, Self); 5] = [
        ("YYYY", Self::Year),
        ("MM", Self::Month { padded: true }),
        ("M", Self::Month { padded: false }),
        ("DD", Self::Day { padded: true }),
        ("D", Self::Day { padded: false }),
    ];

    /// The longest word that a text begins with, and what follows.
    fn split_off(text: &str) -> Option<(Self, &str)> {
        let word = |(word, piece): (&str, Self)| text.strip_prefix(word).map(|rest| (piece, rest));
        Self::WORDS.into_iter().find_map(word).or_else(|| {
            let (separator, rest) = text.split_at_checked(1)?;
            let byte = separator.bytes().next().filter(|byte| matches!(byte, b'-' | b'/' | b'.' | b' '))?;
            Some((Self::Separator(byte), rest))
        })
    }

    const fn is_padded(self) -> bool {
        !matches!(self, Self::Month { padded: false } | Self::Day { padded: false })
    }
}

impl DateShape {
    /// Reads a shape: YYYY, MM or M, DD or D, each once, and the separators `-`, `/`, `.` and a blank. M and D are one
    /// or two digits. The error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, after) = Piece::split_off(rest).ok_or(match rest.starts_with("YY") {
                true => "a year of two digits could be of either century; the district must write four",
                false => "only YYYY, MM, M, DD, D and the separators - / . may stand in it",
            })?;
            pieces.push(piece);
            rest = after;
        }
        let count = |is: fn(&Piece) -> bool| pieces.iter().filter(|piece| is(piece)).count();
        let (years, months, days) = (
            count(|piece| *piece == Piece::Year),
            count(|piece| matches!(piece, Piece::Month { .. })),
            count(|piece| matches!(piece, Piece::Day { .. })),
        );
        if (years, months, days) != (1, 1, 1) {
            return Err("it needs year, month and day, each once");
        }
        // `MDYYYY` could read 1112012 as the first of November and as the eleventh of January.
        let runs_on = pieces.windows(2).any(|pair| match pair {
            [Piece::Separator(_), _] | [_, Piece::Separator(_)] => false,
            pair => pair.iter().any(|piece| !piece.is_padded()),
        });
        if runs_on {
            return Err("M and D need a separator on each side; without one write MM and DD");
        }
        Ok(Self { text: text.to_owned(), pieces })
    }

    /// Reads a date of this very shape.
    pub fn read(&self, written: &[u8]) -> Option<Date> {
        let (mut year, mut month, mut day) = (0, 0, 0);
        let mut rest = written;
        for piece in &self.pieces {
            let part = match piece {
                Piece::Separator(byte) => {
                    rest = rest.strip_prefix(&[*byte])?;
                    continue;
                }
                Piece::Year => &mut year,
                Piece::Month { .. } => &mut month,
                Piece::Day { .. } => &mut day,
            };
            let digits = match piece {
                Piece::Year => 4,
                _ if piece.is_padded() => 2,
                _ => rest.iter().take(2).take_while(|byte| byte.is_ascii_digit()).count(),
            };
            let (number, after) = rest.split_at_checked(digits)?;
            *part = number_of(number)?;
            rest = after;
        }
        if !rest.is_empty() {
            return None;
        }
        Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()
    }

    /// Whether some text is a date of both shapes, and another day in each: `M/D/YYYY` and `DD/MM/YYYY`.
    pub fn contradicts(&self, other: &Self) -> bool {
        // A day whose month could be the day and the other way round, of two digits each, so that it fits padded shapes too.
        let day = Date::new(2012, 11, 10).unwrap_or(Date::MAX);
        let misread =
            |writes: &Self, reads: &Self| reads.read(writes.write(day).as_bytes()).is_some_and(|read| read != day);
        misread(self, other) || misread(other, self)
    }

    fn write(&self, day: Date) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Year => format!("{:04}", day.year()),
            Piece::Month { padded: true } => format!("{:02}", day.month()),
            Piece::Month { padded: false } => day.month().to_string(),
            Piece::Day { padded: true } => format!("{:02}", day.day()),
            Piece::Day { padded: false } => day.day().to_string(),
            Piece::Separator(byte) => char::from(*byte).to_string(),
        };
        self.pieces.iter().map(piece).collect()
    }
}

impl fmt::Display for DateShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn number_of(digits: &[u8]) -> Option<i16> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i16::from(byte - b'0'));
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0, |number, byte| Some(number * 10 + digit(byte)?))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn shape(text: &str) -> DateShape {
        DateShape::parse(text).unwrap()
    }

    #[test]
    fn a_date_is_read_in_its_own_shape_and_no_other() {
        let day = Some(date(2012, 4, 3));
        for (of, written) in [
            ("YYYY-MM-DD", "2012-04-03"),
            ("M/D/YYYY", "4/3/2012"),
            ("M/D/YYYY", "04/03/2012"),
            ("MM/DD/YYYY", "04/03/2012"),
            ("D.M.YYYY", "3.4.2012"),
            ("YYYYMMDD", "20120403"),
            ("DD MM YYYY", "03 04 2012"),
        ] {
            assert_eq!(shape(of).read(written.as_bytes()), day, "{of} {written}");
        }
        for (of, written) in [
            ("YYYY-MM-DD", "2012-4-3"),
            ("YYYY-MM-DD", "2012-04-03 "),
            ("YYYY-MM-DD", "2012-04-03T00:00:00Z"),
            ("M/D/YYYY", "4-3-2012"),
            ("M/D/YYYY", "4/3/12"),
            ("M/D/YYYY", "13/3/2012"),
            ("M/D/YYYY", "/3/2012"),
            ("M/D/YYYY", "004/3/2012"),
            ("MM/DD/YYYY", "4/03/2012"),
            ("MM/DD/YYYY", "02/30/2012"),
            ("MM/DD/YYYY", "+4/03/2012"),
            ("YYYYMMDD", ""),
        ] {
            assert_eq!(shape(of).read(written.as_bytes()), None, "{of} {written}");
        }
    }

    #[test]
    fn a_shape_has_year_month_and_day_and_says_where_each_ends() {
        for (text, problem) in [
            ("MM/DD/YY", "either century"),
            ("MM/DD", "each once"),
            ("MM/DD/MM/YYYY", "each once"),
            ("", "each once"),
            ("MDYYYY", "separator"),
            ("YYYY-MM-DDT", "only YYYY"),
            ("é", "only YYYY"),
        ] {
            assert!(DateShape::parse(text).unwrap_err().contains(problem), "{text}");
        }
        assert_eq!(shape("M/D/YYYY").to_string(), "M/D/YYYY");
    }

    #[test]
    fn two_shapes_contradict_where_one_text_is_another_day_in_each() {
        for (one, other) in [("M/D/YYYY", "D/M/YYYY"), ("MM/DD/YYYY", "D/M/YYYY"), ("YYYYMMDD", "YYYYDDMM")] {
            assert!(shape(one).contradicts(&shape(other)) && shape(other).contradicts(&shape(one)), "{one} {other}");
        }
        for (one, other) in [("M/D/YYYY", "MM/DD/YYYY"), ("M/D/YYYY", "D.M.YYYY"), ("YYYY-MM-DD", "M/D/YYYY")] {
            assert!(!shape(one).contradicts(&shape(other)), "{one} {other}");
        }
    }
}
