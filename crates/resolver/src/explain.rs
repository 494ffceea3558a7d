//! The way of a request, told station by station.

use patron::{Reason, Verdict};

use crate::guard::Attempt;
use crate::lookup::{Found, find};
use crate::resolve::{is_right, judge, recognise};
use crate::{Moment, Query, Resolver, Rosters, Standing};

/// How far `explain` got, one station after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// No district's card rule claims the card.
    Unclaimed,
    /// The card rule of these districts claims it.
    Claimed {
        /// The districts that share the ID space, by index.
        districts: Vec<usize>,
    },
    /// The number on the card is an earlier one of somebody.
    EarlierNumber,
    /// None of those is one of the client's.
    NotTheClients,
    /// How the card stands with its attempt budget.
    Budget(Standing),
    /// What stands in the roster: `student`, `ambiguous`, nothing...
    Row(&'static str),
    /// How many wrong passwords stand against the card at the directory, and from when on (seconds since 1970) it is asked
    /// again where it is not asked now.
    Forwarded(u8, u32),
    /// The directory would be asked for the PIN; here it is taken for right.
    AtDirectory,
    /// Whether the PIN was right; `None`: not looked at.
    Pin(Option<bool>),
    /// Where it ended.
    Ended(Option<Reason>),
}

impl Resolver {
    /// The same way, told station by station to its verdict, counting nothing.
    pub fn explain(&self, rosters: &Rosters, query: &Query<'_>, now: Moment) -> (Vec<Step>, Verdict) {
        let (place, found) = find(rosters, query, None, now);
        let mut steps = Vec::new();
        if place.claimed {
            steps.push(Step::Claimed { districts: place.districts.to_vec() });
        } else {
            steps.push(Step::Unclaimed);
        }
        let on_card = rosters.cards.claim(query.card.as_str()).map(|claim| claim.id);
        if on_card.is_some_and(|id| id != place.id) {
            steps.push(Step::EarlierNumber);
        }
        let standing = self.guard().standing(&place.attempts_key(rosters), now.seconds);
        steps.push(Step::Budget(standing));
        if let Some((count, until)) = self.forwards.standing(&place.attempts_key(rosters), now.seconds) {
            steps.push(Step::Forwarded(count, until));
        }
        steps.push(match &found {
            Found::Student { .. } => Step::Row("student"),
            Found::Ambiguous { .. } => Step::Row("ambiguous"),
            Found::Elsewhere { .. } => Step::NotTheClients,
            Found::OtherForm => Step::Row("somebody, whose role and grade have a card of another form"),
            Found::Nobody => Step::Row("nobody"),
            Found::Away(_) => Step::Row("cannot be read now"),
        });
        let verdict = match query.pin_that_counts() {
            None => recognise(rosters, query, &place, found, now),
            Some(_) if standing.locked && !matches!(found, Found::Away(_)) => Verdict::Refuse(Reason::Locked),
            Some(_) if found.is_at_directory() => {
                steps.push(Step::AtDirectory);
                judge(rosters, query, &place, found, Attempt::Right, now)
            }
            Some(pin) => {
                let hash = if let Found::Student { row, .. } = &found { row.hash.as_ref() } else { None };
                let right = match hash {
                    Some(hash) => self.slow.verify(hash, pin).unwrap_or(false),
                    None => is_right(rosters, &place, &found, pin),
                };
                // Where there is no row, there is nothing that the PIN could be compared with.
                steps.push(Step::Pin(matches!(found, Found::Student { .. }).then_some(right)));
                judge(rosters, query, &place, found, if right { Attempt::Right } else { Attempt::Wrong }, now)
            }
        };
        steps.push(Step::Ended(verdict.reason()));
        (steps, verdict)
    }
}
