//! The shape of a card: what several patterns, and perhaps a check digit, allow together; and whether two shapes meet.

use std::collections::{HashMap, VecDeque};

use regex_automata::dfa::Automaton as _;
use regex_automata::util::primitives::StateID;
use regex_automata::{Anchored, Input};

use crate::Pattern;
use crate::check_digit::Sum;

/// How many states are walked when shapes are compared.
const STATES: usize = 50_000;

/// A set of texts: those that every pattern matches and whose check digit, where one is asked for, is right.
#[derive(Clone, Debug)]
pub struct Shape {
    patterns: Vec<Pattern>,
    checked: bool,
}

/// Where the reading of one text stands in every pattern.
type At = (Vec<StateID>, Sum);

impl Shape {
    /// What all of the patterns match; `checked`: and has a right check digit.
    pub const fn new(patterns: Vec<Pattern>, checked: bool) -> Self {
        Self { patterns, checked }
    }

    /// Whether a text is in the set.
    pub fn matches(&self, text: &str) -> bool {
        self.patterns.iter().all(|pattern| pattern.matches(text)) && (!self.checked || Sum::of(text).is_right())
    }

    /// The shortest text of printable ASCII that is in all of the sets; `Err` where that cannot be found out.
    pub fn shared_example(shapes: &[&Self]) -> Result<Option<String>, &'static str> {
        let patterns: Vec<&Pattern> = shapes.iter().flat_map(|shape| &shape.patterns).collect();
        let checked = shapes.iter().any(|shape| shape.checked);
        let start = |pattern: &&Pattern| {
            let input = Input::new("").anchored(Anchored::Yes);
            pattern.automaton().start_state_forward(&input).map_err(|_| "the pattern cannot be compared with others")
        };
        let first: At = (patterns.iter().map(start).collect::<Result<_, _>>()?, Sum::default());
        let mut came_from: HashMap<At, Option<(At, u8)>> = HashMap::from([(first.clone(), None)]);
        let mut queue = VecDeque::from([first]);
        while let Some(at) = queue.pop_front() {
            let all_end = patterns.iter().zip(&at.0).all(|(pattern, state)| {
                let automaton = pattern.automaton();
                automaton.is_match_state(automaton.next_eoi_state(*state))
            });
            if all_end && (!checked || at.1.is_right()) {
                return Ok(Some(spell(&came_from, at)));
            }
            // Digits first: an example that looks like a card is the one to show.
            for byte in (b'0'..=b'9').chain(b'A'..=b'Z').chain(b' '..=b'~') {
                let Some(next) = step(&patterns, checked, &at, byte) else { continue };
                if !came_from.contains_key(&next) {
                    if came_from.len() >= STATES {
                        return Err("the patterns are too large to be compared; write them simpler");
                    }
                    came_from.insert(next.clone(), Some((at.clone(), byte)));
                    queue.push_back(next);
                }
            }
        }
        Ok(None)
    }
}

/// Where one more character leads; `None`: out of one of the patterns for good.
fn step(patterns: &[&Pattern], checked: bool, at: &At, byte: u8) -> Option<At> {
    let mut states = Vec::with_capacity(patterns.len());
    for (pattern, state) in patterns.iter().zip(&at.0) {
        let next = pattern.automaton().next_state(*state, byte);
        if pattern.automaton().is_dead_state(next) {
            return None;
        }
        states.push(next);
    }
    Some((states, if checked { at.1.with(byte) } else { at.1 }))
}

fn spell(came_from: &HashMap<At, Option<(At, u8)>>, end: At) -> String {
    let mut bytes = Vec::new();
    let mut at = &end;
    while let Some(Some((before, byte))) = came_from.get(at) {
        bytes.push(*byte);
        at = before;
    }
    bytes.into_iter().rev().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(patterns: &[&str], checked: bool) -> Shape {
        Shape::new(patterns.iter().map(|text| Pattern::parse(text).unwrap()).collect(), checked)
    }

    fn meeting(one: &Shape, other: &Shape) -> Option<String> {
        Shape::shared_example(&[one, other]).unwrap()
    }

    #[test]
    fn two_shapes_that_meet_show_the_shortest_meeting() {
        assert_eq!(meeting(&shape(&["[0-9]{3,5}"], false), &shape(&["4[0-9]+"], false)), Some("400".into()));
        assert_eq!(meeting(&shape(&["[0-9]{3}"], false), &shape(&["[0-9]{4}"], false)), None);
        assert_eq!(meeting(&shape(&["[a-f]+"], false), &shape(&["[g-z]+"], false)), None);
    }

    #[test]
    fn a_text_must_match_every_pattern_of_a_shape() {
        let both = shape(&["0*[1-9][0-9]*", ".{5}"], false);
        assert!(both.matches("00123"));
        assert!(!both.matches("0123") && !both.matches("00000"));
        assert_eq!(meeting(&both, &shape(&["[0-9]{4}"], false)), None);
    }

    #[test]
    fn a_check_digit_keeps_shapes_apart_that_look_alike() {
        let checked = shape(&["2[0-9]{4}"], true);
        let example = meeting(&checked, &shape(&["[0-9]+"], false)).unwrap();
        assert!(Sum::of(&example).is_right(), "{example}");
        assert_eq!(meeting(&checked, &shape(&["20001"], false)), None, "its check digit is wrong");
    }

    #[test]
    fn shapes_too_large_to_be_compared_say_so() {
        let wide = shape(&["([0-9]{1,30}[a-z]){1,9}"], true);
        let other = shape(&["([0-9]{2}|[a-z]{3}|[0-9][a-z]{1,9}){1,40}"], true);
        assert!(Shape::shared_example(&[&wide, &other, &shape(&[".{300}"], false)]).is_err());
    }
}
