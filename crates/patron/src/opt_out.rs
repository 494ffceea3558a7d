//! The list of those whose families have opted out, as a district or a librarian writes it.

use crate::CardRules;

/// A list that was read. What stands on a line may be an ID or a card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptOutList {
    /// Who is meant: line, ID space, ID in the roster. One line may mean several, where staff have numbers of their own.
    pub entries: Vec<OptOut>,
    /// Lines, counted from 1, that are neither an ID nor a card of the district: somebody may have opted out there.
    pub unclear: Vec<usize>,
    /// Whether there is anything at all: an empty file is a fault, and a comment says that nobody has opted out.
    pub says_something: bool,
}

/// One who may be meant by a line.
#[derive(Clone, PartialEq, Eq)]
pub struct OptOut {
    /// The line, counted from 1.
    pub line: usize,
    /// The ID space.
    pub space: String,
    /// The ID in the roster.
    pub id: String,
}

impl std::fmt::Debug for OptOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OptOut").field("line", &self.line).finish_non_exhaustive()
    }
}

impl OptOutList {
    /// Reads a list: one on each line, in front of a comma, semicolon or tab; `#` begins a comment, and a first line
    /// without a digit is a header.
    pub fn parse(text: &str, cards: &CardRules) -> Self {
        let mut list = Self::default();
        for (number, line) in (1..).zip(text.trim_start_matches('\u{FEFF}').lines()) {
            let (written, comment) = line.split_once('#').map_or((line, false), |(before, _)| (before, true));
            list.says_something |= comment;
            let cell = written.split([',', ';', '\t']).next().unwrap_or_default();
            let cell = cell.trim().trim_matches('"').trim();
            if cell.is_empty() {
                continue;
            }
            let before = list.entries.len();
            list.entries.extend(cards.ids_of(cell).map(|(space, id)| OptOut {
                line: number,
                space: space.to_owned(),
                id: id.into_owned(),
            }));
            let is_header = number == 1 && !cell.bytes().any(|byte| byte.is_ascii_digit());
            if list.entries.len() > before {
                list.says_something = true;
            } else if !is_header {
                list.unclear.push(number);
            }
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CardForm, CardSpec, IdSource};

    fn parse(text: &str) -> OptOutList {
        let form = CardForm::new(CardSpec::plain(IdSource::Identifier, "40", "[0-9]{6}", "district:a")).unwrap();
        OptOutList::parse(text, &CardRules::new(vec![form]))
    }

    fn ids(list: &OptOutList) -> Vec<(usize, &str)> {
        list.entries.iter().map(|entry| (entry.line, entry.id.as_str())).collect()
    }

    #[test]
    fn ids_and_cards_are_read_in_front_of_whatever_else_a_spreadsheet_adds() {
        let list = parse(
            "\u{FEFF}student_id,why\r\n123456,parent\r\n\"40000777\";x\r\n  234567 \t\r\n\r\n345678 # by phone\r\n",
        );
        assert_eq!(ids(&list), [(2, "123456"), (3, "000777"), (4, "234567"), (6, "345678")]);
        assert!(list.unclear.is_empty() && list.says_something);
    }

    #[test]
    fn a_line_that_is_nobodys_number_is_told_and_not_skipped_in_silence() {
        // 1234: a spreadsheet ate the zeros.
        let list = parse("123456\n1234\nname\n");
        assert_eq!((ids(&list), &list.unclear), (vec![(1, "123456")], &vec![2, 3]));
    }

    #[test]
    fn an_empty_file_says_nothing_and_a_comment_says_that_nobody_has_opted_out() {
        assert!(!parse("").says_something && !parse("\n\nid\n").says_something);
        let nobody = parse("# nobody so far\n");
        assert!(nobody.says_something && nobody.entries.is_empty());
    }

    #[test]
    fn debug_shows_no_id() {
        assert!(!format!("{:?}", parse("123456\n")).contains("123456"));
    }
}
