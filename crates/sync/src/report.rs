//! What a sync came to, for people: counts, places and causes, never a name or an ID.

use std::fmt;

use directory::Reading;

use crate::change::Change;
use crate::cross_check::OptOutCheck;
use crate::delta::DeltaCounts;
use crate::derived::Derived;
use crate::guard::Cause;

/// The report of one run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What reading came to.
    pub reading: Reading,
    /// People for whose role and grade there is no card rule.
    pub no_rule: u64,
    /// Rows whose ID has not the pattern of the card rule, or makes another person's card.
    pub off_pattern: u64,
    /// The lines of the first of them.
    pub off_pattern_first: Vec<u64>,
    /// Rows merged into another of the same person.
    pub merged: u64,
    /// IDs that two people share.
    pub ambiguous: u64,
    /// Earlier numbers that go on working.
    pub aliases: u64,
    /// People who are not in the source and are held.
    pub held: u64,
    /// Nobody could be held: the rows of the published roster were made under another rule or key.
    pub not_held: bool,
    /// Codes in `eligibility.schools` that no school of the roster has.
    pub unknown_schools: Vec<String>,
    /// The opt-out file beside the roster.
    pub opt_outs: Option<OptOutCheck>,
    /// People that can have a card.
    pub people: u64,
    /// People without anything that a PIN could be checked against.
    pub without_verifier: u64,
    /// The change to what was published; `None`: nothing to compare with.
    pub change: Option<Change>,
    /// The card rule, the PIN rule or the key is another than that of the published roster.
    pub rules_changed: bool,
    /// Why the published roster cannot be read, so that the guard had nothing to compare with.
    pub not_compared: Option<String>,
    /// What the changes came to, where only those were read.
    pub delta: Option<DeltaCounts>,
    /// Why all was read where changes might have done.
    pub whole_because: Option<&'static str>,
    /// Deliveries that lie in the inbox and come after this one.
    pub follow: usize,
    /// What the guard objected to.
    pub objection: Option<Cause>,
    /// The objection was overruled by `--force`.
    pub forced: bool,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reading = &self.reading;
        writeln!(f, "read      {:>9} rows", reading.rows)?;
        if let Some(delta) = self.delta {
            write!(f, "{delta}")?;
        }
        if let Some(why) = self.whole_because {
            writeln!(f, "all was read, and not the changes alone: {why}")?;
        }
        let counts = [
            ("people", self.people, "who can have a card"),
            ("merged", self.merged, "rows of people who have several (dual enrolment)"),
            ("ambiguous", self.ambiguous, "IDs that two people share: refused until the district mends them"),
            ("no PIN", self.without_verifier, "people without what the PIN rule needs: refused"),
            ("no ID", reading.without_id, "rows without an ID"),
            ("off rule", self.off_pattern, "rows whose ID has not the `card.pattern`"),
            ("no rule", self.no_rule, "people for whose role and grade there is no [[card]]"),
            ("aliases", self.aliases, "earlier numbers that go on working"),
            ("held", self.held, "people who vanished and are held (grace, summer)"),
            ("broken", reading.undecodable.count, "rows that cannot be decoded"),
            ("left out", reading.never_stored, "parents, guardians and relatives, who are never stored"),
            ("left out", reading.unknown_role, "people of unknown roles"),
            ("left out", reading.withdrawn, "people the source itself takes back"),
        ];
        for (name, count, meaning) in counts.into_iter().filter(|(name, count, _)| *count > 0 || *name == "people") {
            writeln!(f, "{name:<9} {count:>9} {meaning}")?;
        }
        if let Some(change) = self.change {
            writeln!(f, "new       {:>9} IDs", change.new)?;
            writeln!(f, "gone      {:>9} IDs", change.gone)?;
            writeln!(f, "changed   {:>9} PINs", change.pin_changed)?;
        } else if let Some(why) = &self.not_compared {
            writeln!(f, "nothing was compared, as at a first sync: {why}")?;
        } else {
            writeln!(f, "first roster of this district: nothing to compare with")?;
        }
        if self.rules_changed {
            writeln!(f, "card rule, PIN rule or key changed: PINs were compared under the previous ones")?;
        }
        for place in &reading.undecodable.first {
            writeln!(f, "  broken: {place}")?;
        }
        if !self.off_pattern_first.is_empty() {
            let rows: Vec<String> = self.off_pattern_first.iter().map(u64::to_string).collect();
            writeln!(f, "  off rule: rows {}", rows.join(", "))?;
        }
        for warning in reading.warnings.iter().map(ToString::to_string).chain(self.warnings()) {
            writeln!(f, "  warning: {warning}")?;
        }
        if let Some(cause) = &self.objection {
            let overruled = if self.forced { " (overruled by --force)" } else { "" };
            writeln!(f, "guard: {cause}{overruled}")?;
        }
        Ok(())
    }
}

impl Report {
    /// Takes the counts of what people came to.
    pub(crate) fn count(&mut self, derived: &Derived) {
        self.no_rule = derived.no_rule;
        self.reading.without_id += derived.no_id;
        self.off_pattern = derived.off_pattern;
        self.off_pattern_first.clone_from(&derived.off_pattern_first);
    }

    /// What somebody should look at beside the source itself.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.not_held {
            warnings.push("a rule or the key changed, so that nobody who vanished could be held".to_owned());
        }
        for code in &self.unknown_schools {
            warnings.push(format!("eligibility.schools: no school of the roster is called {code}"));
        }
        let Some(opt_outs) = &self.opt_outs else { return warnings };
        let lines = |(count, first): &(u64, Vec<usize>)| {
            let first: Vec<String> = first.iter().map(usize::to_string).collect();
            format!("{count} lines (line {})", first.join(", "))
        };
        if let Some(why) = &opt_outs.unreadable {
            warnings.push(format!("eligibility.opt-out-file cannot be read ({why}); the last good list goes on"));
        }
        if opt_outs.unknown.0 > 0 {
            let lines = lines(&opt_outs.unknown);
            warnings.push(format!("eligibility.opt-out-file: {lines} with numbers that nobody in the roster has"));
        }
        if opt_outs.unclear.0 > 0 {
            let lines = lines(&opt_outs.unclear);
            warnings.push(format!("eligibility.opt-out-file: {lines} that are neither an ID nor a card"));
        }
        warnings
    }
}
