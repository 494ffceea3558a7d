//! One request to one verdict: card, row, guard, PIN, eligibility.
