//! The shape of an ID, as an anchored regular expression.

use std::fmt;

use regex_automata::dfa::{Automaton, dense};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

/// The largest automaton built for one pattern, in bytes: an ID's shape needs a few hundred.
const LARGEST: usize = 1 << 20;
/// An anchored pattern: it matches a whole ID or not at all. `\d` and `\w` are ASCII.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    automaton: dense::DFA<Vec<u32>>,
}

impl Pattern {
    /// Compiles a pattern. The error says what is wrong with it, without the place.
    pub fn parse(text: &str) -> Result<Self, String> {
        let syntax = syntax::Config::new().unicode(false).utf8(false);
        // Alone first: what is put around it below must not be closed from inside.
        syntax::parse_with(text, &syntax).map_err(|error| last_line(&error.to_string()))?;
        let automaton = dense::Builder::new()
            .configure(dense::Config::new().dfa_size_limit(Some(LARGEST)).determinize_size_limit(Some(4 * LARGEST)))
            .syntax(syntax)
            .build(&format!(r"\A(?:{text})\z"))
            .map_err(|error| last_line(&error.to_string()))?;
        Ok(Self { text: text.to_owned(), automaton })
    }

    /// Whether the whole ID has this shape.
    pub fn matches(&self, id: &str) -> bool {
        let input = Input::new(id).anchored(Anchored::Yes);
        matches!(self.automaton.try_search_fwd(&input), Ok(Some(found)) if found.offset() == id.len())
    }

    /// What was parsed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The automaton, for comparing shapes.
    pub(crate) const fn automaton(&self) -> &dense::DFA<Vec<u32>> {
        &self.automaton
    }
}

/// The library draws the pattern with a caret; its last line says what is wrong.
fn last_line(message: &str) -> String {
    message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    #[test]
    fn a_pattern_is_about_the_whole_id() {
        assert!(pattern("[0-9]{7}").matches("1000001"));
        assert!(!pattern("[0-9]{7}").matches("10000012"));
        assert!(!pattern("[0-9]{7}").matches("x1000001"));
        assert!(pattern("a|ab").matches("ab"), "the longer branch counts as well");
    }

    #[test]
    fn classes_are_ascii() {
        assert!(!pattern(r"\d+").matches("١٢٣"));
    }

    #[test]
    fn a_broken_pattern_says_what_is_wrong() {
        assert!(Pattern::parse("[0-9").unwrap_err().contains("unclosed"));
        assert!(Pattern::parse("a)|(b").is_err(), "closes the group that is put around it");
    }
}
