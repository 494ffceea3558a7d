//! What a sync came to, for people: counts, places and causes, never a name or an ID.

use std::fmt;

use directory::Reading;
use roster::{ChangeCounts, RunCounts};

use crate::change::Change;
use crate::cross_check::OptOutCheck;
use crate::delta::DeltaCounts;
use crate::derived::Derived;
use crate::guard::{BINDS_ABOVE, Cause};
use crate::losses::Losses;

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
    /// The lines of the first rows without an ID, as far as they are known.
    pub no_id_first: Vec<u64>,
    /// The lines of the first people without a birth date, where one is needed.
    pub undated_first: Vec<u64>,
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
    /// The change by school and role.
    pub losses: Losses,
    /// What the sync counted that published last.
    pub before: Option<RunCounts>,
    /// Why this report is not among those that are kept.
    pub not_kept: Option<String>,
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
        write_counts(f, &self.counts())?;
        if let Some(delta) = self.delta {
            write!(f, "{delta}")?;
        }
        if let Some(why) = self.whole_because {
            writeln!(f, "all was read, and not the changes alone: {why}")?;
        }
        if self.change.is_none() {
            match &self.not_compared {
                Some(why) => writeln!(f, "nothing was compared, as at a first sync: {why}")?,
                None => writeln!(f, "first roster of this district: nothing to compare with")?,
            }
        }
        if self.rules_changed {
            writeln!(f, "card rule, PIN rule or key changed: PINs were compared under the previous ones")?;
        }
        for note in self.notes() {
            writeln!(f, "  {note}")?;
        }
        if let Some(cause) = &self.objection {
            let overruled = if self.forced { " (overruled by --force)" } else { "" };
            writeln!(f, "guard: {cause}{overruled}")?;
        }
        Ok(())
    }
}

/// The lines of a report that are numbers.
pub fn write_counts(f: &mut impl fmt::Write, counts: &RunCounts) -> fmt::Result {
    writeln!(f, "read      {:>9} rows", counts.rows)?;
    let lines = [
        ("people", counts.people, "who can have a card"),
        ("merged", counts.merged, "rows of people who have several (dual enrolment)"),
        ("ambiguous", counts.ambiguous, "IDs that two people share: refused until the district mends them"),
        ("no PIN", counts.without_pin, "people without what the PIN rule needs: refused"),
        ("no ID", counts.without_id, "rows without an ID"),
        ("off rule", counts.off_rule, "rows whose ID has not the `card.pattern`"),
        ("no rule", counts.no_rule, "people for whose role and grade there is no [[card]]"),
        ("aliases", counts.aliases, "earlier numbers that go on working"),
        ("held", counts.held, "people who vanished and are held (grace, summer)"),
        ("broken", counts.undecodable, "rows that cannot be decoded"),
        ("left out", counts.never_stored, "parents, guardians and relatives, who are never stored"),
        ("left out", counts.unknown_role, "people of unknown roles"),
        ("left out", counts.withdrawn, "people the source itself takes back"),
    ];
    for (name, count, meaning) in lines.into_iter().filter(|(name, count, _)| *count > 0 || *name == "people") {
        writeln!(f, "{name:<9} {count:>9} {meaning}")?;
    }
    let Some(change) = counts.change else { return Ok(()) };
    writeln!(f, "new       {:>9} IDs", change.new)?;
    writeln!(f, "gone      {:>9} IDs", change.gone)?;
    writeln!(f, "kept      {:>9} IDs", change.published.saturating_sub(change.gone))?;
    writeln!(f, "changed   {:>9} PINs", change.pin_changed)?;
    for (name, count, what) in [
        ("lost", change.pin_lost, "PINs: nothing to make one of"),
        ("shared", change.shared, "IDs that were one person's"),
    ] {
        if count > 0 {
            writeln!(f, "{name:<9} {count:>9} {what}")?;
        }
    }
    Ok(())
}

impl Report {
    /// Takes the counts of what people came to.
    pub(crate) fn count(&mut self, derived: &Derived) {
        self.no_rule = derived.no_rule;
        self.reading.without_id += derived.no_id;
        self.off_pattern = derived.off_pattern;
        self.off_pattern_first.clone_from(&derived.off_pattern_first);
        self.no_id_first.clone_from(&derived.no_id_first);
        self.undated_first.clone_from(&derived.undated_first);
    }

    /// The numbers of it.
    pub fn counts(&self) -> RunCounts {
        let reading = &self.reading;
        RunCounts {
            rows: reading.rows,
            people: self.people,
            merged: self.merged,
            ambiguous: self.ambiguous,
            without_pin: self.without_verifier,
            without_birth_date: reading.without_birth_date,
            without_id: reading.without_id,
            off_rule: self.off_pattern,
            no_rule: self.no_rule,
            aliases: self.aliases,
            held: self.held,
            undecodable: reading.undecodable.count,
            never_stored: reading.never_stored,
            unknown_role: reading.unknown_role,
            withdrawn: reading.withdrawn,
            changes_only: self.delta.is_some(),
            change: self.change.map(|change| ChangeCounts {
                published: change.published,
                gone: change.gone,
                new: change.new,
                pin_changed: change.pin_changed,
                pin_lost: change.pin_lost,
                shared: change.shared,
            }),
        }
    }

    /// Places of rows that were not taken, and what somebody should look at.
    pub fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> =
            self.reading.undecodable.first.iter().map(|place| format!("broken: {place}")).collect();
        for (name, rows) in [
            ("off rule", &self.off_pattern_first),
            ("no ID", &self.no_id_first),
            ("no birth date", &self.undated_first),
        ] {
            if !rows.is_empty() {
                notes.push(format!("{name}: {}", first_rows(rows)));
            }
        }
        let warnings = self.reading.warnings.iter().map(ToString::to_string).chain(self.warnings());
        notes.extend(warnings.map(|warning| format!("warning: {warning}")));
        notes
    }

    /// What somebody should look at beside the source itself.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.grown();
        if let Some(why) = &self.not_kept {
            warnings.push(format!("this report is not kept for `roster status`: {why}"));
        }
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

    /// Rows without an ID or a birth date, where there are many more than in the last roster.
    fn grown(&self) -> Vec<String> {
        let (now, before) = (self.counts(), self.before.unwrap_or_default());
        let mut grown = Vec::new();
        for (what, now, before, first) in [
            ("rows without an ID", now.without_id, before.without_id, &self.no_id_first),
            ("people without a birth date", now.without_birth_date, before.without_birth_date, &self.undated_first),
        ] {
            if now <= before + BINDS_ABOVE || now * 2 <= before * 3 {
                continue;
            }
            let mut warning = format!("{now} {what}");
            if self.before.is_some() {
                warning.push_str(&format!(", where the last roster had {before}"));
            }
            if !first.is_empty() {
                warning.push_str(&format!(" ({})", first_rows(first)));
            }
            grown.push(warning);
        }
        if self.before.is_none() && now.merged * 2 > now.people {
            grown.push(format!("{} rows repeat somebody: is the export in the file twice?", now.merged));
        }
        grown
    }
}

/// `rows 2, 4, 6`.
fn first_rows(rows: &[u64]) -> String {
    let rows: Vec<String> = rows.iter().map(u64::to_string).collect();
    format!("rows {}", rows.join(", "))
}
