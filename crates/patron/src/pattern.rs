//! The shape of an ID, as an anchored regular expression, and whether two shapes can meet.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use regex_automata::dfa::{Automaton, dense};
use regex_automata::util::{primitives::StateID, syntax};
use regex_automata::{Anchored, Input};

/// The largest automaton built for one pattern, in bytes: an ID's shape needs a few hundred.
const LARGEST: usize = 1 << 20;
/// How many pairs of states are walked when two shapes are compared.
const PAIRS: usize = 200_000;

/// A state of each of two automatons that read the same text.
type Pair = (StateID, StateID);

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

    /// The shape of a card: a literal prefix, then this shape.
    pub(crate) fn prefixed(&self, prefix: &str) -> Result<Self, String> {
        let literal: String = prefix.bytes().map(|byte| format!(r"\x{byte:02X}")).collect();
        Self::parse(&format!("{literal}(?:{})", self.text))
    }

    /// The shortest text of printable ASCII that both shapes match; `Err` where that cannot be found out.
    pub(crate) fn shared_example(&self, other: &Self) -> Result<Option<String>, &'static str> {
        let start = |dfa: &dense::DFA<Vec<u32>>| {
            let input = Input::new("").anchored(Anchored::Yes);
            dfa.start_state_forward(&input).map_err(|_| "the pattern cannot be compared with others")
        };
        let (left, right) = (&self.automaton, &other.automaton);
        let first: Pair = (start(left)?, start(right)?);
        let mut came_from: HashMap<Pair, Option<(Pair, u8)>> = HashMap::from([(first, None)]);
        let mut queue = VecDeque::from([first]);
        while let Some(pair) = queue.pop_front() {
            if left.is_match_state(left.next_eoi_state(pair.0)) && right.is_match_state(right.next_eoi_state(pair.1)) {
                return Ok(Some(spell(&came_from, pair)));
            }
            // Digits first: an example that looks like a card is the one to show.
            for byte in (b'0'..=b'9').chain(b'A'..=b'Z').chain(b' '..=b'~') {
                let next = (left.next_state(pair.0, byte), right.next_state(pair.1, byte));
                let dead = left.is_dead_state(next.0) || right.is_dead_state(next.1);
                if !dead && !came_from.contains_key(&next) {
                    if came_from.len() >= PAIRS {
                        return Err("the patterns are too large to be compared; write them simpler");
                    }
                    came_from.insert(next, Some((pair, byte)));
                    queue.push_back(next);
                }
            }
        }
        Ok(None)
    }
}

/// The library draws the pattern with a caret; its last line says what is wrong.
fn last_line(message: &str) -> String {
    message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

fn spell(came_from: &HashMap<Pair, Option<(Pair, u8)>>, end: Pair) -> String {
    let mut bytes = Vec::new();
    let mut at = end;
    while let Some(Some((before, byte))) = came_from.get(&at) {
        bytes.push(*byte);
        at = *before;
    }
    bytes.into_iter().rev().map(char::from).collect()
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
    fn two_shapes_that_meet_show_the_shortest_meeting() {
        assert_eq!(pattern("[0-9]{3,5}").shared_example(&pattern("4[0-9]+")).unwrap(), Some("400".into()));
        assert_eq!(pattern("[0-9]{3}").shared_example(&pattern("[0-9]{4}")).unwrap(), None);
        assert_eq!(pattern("[a-f]+").shared_example(&pattern("[g-z]+")).unwrap(), None);
    }

    #[test]
    fn a_broken_pattern_says_what_is_wrong() {
        assert!(Pattern::parse("[0-9").unwrap_err().contains("unclosed"));
        assert!(Pattern::parse("a)|(b").is_err(), "closes the group that is put around it");
    }
}
