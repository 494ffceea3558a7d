//! One sync of one district.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use directory::{Directory, Person, Reading, Refusal, Wanted};
use jiff::Timestamp;
use jiff::civil::Date;
use patron::Release;
use roster::{DistrictLock, Generation, Header, RosterError, Row, SchoolEntry, Store};
use site::{After, District, Source};

use crate::change::Comparison;
use crate::counted::Counted;
use crate::cross_check;
use crate::derive::{self, Deriver, Rules, Underivable};
use crate::guard::{Evidence, objection};
use crate::hold::Hold;
use crate::kept;
use crate::merge::{Merge, Merged};
use crate::report::Report;
use crate::resting::Looks;
use crate::runs::Runs;

/// Who asks for the sync, and how far it may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The schedule: reads nothing twice, publishes nothing over a rollback.
    Scheduled,
    /// A person: reads again what was refused, lifts a rollback's hold.
    Manual,
    /// A person who overrules the guard.
    Forced,
    /// A person who only wants the report.
    DryRun,
}

/// One district's sync.
pub struct Request<'a> {
    /// The district.
    pub district: &'a District,
    /// What must be stored so that its clients can be shown it.
    pub stored: Release,
    /// Who asks.
    pub mode: Mode,
    /// Now.
    pub now: Timestamp,
    /// Today in the library's zone.
    pub today: Date,
    /// What earlier scheduled looks saw.
    pub looks: &'a Looks,
}

/// What a sync came to.
#[derive(Debug)]
pub enum Outcome {
    /// A new generation is served. The second field: what went wrong when the source was cleared away afterwards.
    Published(Report, Option<Refusal>),
    /// `--dry-run`: it would have been published, but for the objection in the report.
    DryRun(Report),
    /// The guard objected; the last good roster serves on.
    Refused(Report),
    /// The files in the inbox changed just now: they may still be uploaded, and are left for a later scheduled look.
    Growing,
    /// Nothing new in the inbox.
    NothingToDo,
    /// A rollback holds scheduled syncs until a manual one.
    Held,
    /// The same file was refused before; it is not read again until it changes.
    RefusedBefore,
}

/// Why a sync did not run through.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The source was not taken.
    #[error(transparent)]
    Source(#[from] Refusal),
    /// What we keep could not be read or written.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The district has no `[source]`.
    #[error("district {0} has no [source]; add one to its file")]
    NoSource(String),
    /// The inbox is empty and there is no roster to serve.
    #[error("{path}: empty, and district {district} has no roster yet; the district must deliver a bundle")]
    EmptyInbox {
        /// The district's id.
        district: String,
        /// The inbox.
        path: String,
    },
}

/// Reads a district's source and publishes it. `progress` is told the people read so far.
pub fn run(store: &Store, request: &Request<'_>, progress: &dyn Fn(u64)) -> Result<Outcome, SyncError> {
    let district = request.district;
    let source = district.source.as_ref().ok_or_else(|| SyncError::NoSource(district.id.clone()))?;
    let lock = store.lock_district(&district.id)?;
    let published = store.state().published(&district.id)?;
    if request.mode == Mode::Scheduled && published.as_ref().is_some_and(|published| published.held) {
        return Ok(Outcome::Held);
    }
    let Some(bundle) = crate::source::open(source)? else {
        return match published {
            Some(_) => Ok(Outcome::NothingToDo),
            None => Err(SyncError::EmptyInbox {
                district: district.id.clone(),
                path: source.kind.inbox().map(|inbox| inbox.display().to_string()).unwrap_or_default(),
            }),
        };
    };
    if request.mode == Mode::Scheduled
        && bundle.look().is_some_and(|look| !request.looks.rests(&district.id, look, source.settle, request.now))
    {
        return Ok(Outcome::Growing);
    }
    let fingerprint = bundle.fingerprint()?.to_string();
    if request.mode == Mode::Scheduled {
        if is_published(store, request, &fingerprint)? {
            return Ok(Outcome::NothingToDo);
        }
        if store.state().refused(&district.id)?.is_some_and(|refused| refused == fingerprint.as_bytes()) {
            return Ok(Outcome::RefusedBefore);
        }
    }
    let outcome = Run { store, request, source, lock: &lock }.publish(bundle, &fingerprint, progress);
    let refused = match &outcome {
        Ok(Outcome::Refused(_)) | Err(SyncError::Source(Refusal::BadData(_))) => Some(fingerprint.as_bytes()),
        _ => None,
    };
    if request.mode != Mode::DryRun {
        store.state().set_refused(&district.id, refused)?;
    }
    // What was spilled or not published goes with the lock.
    store.remove_leftovers(&lock)?;
    outcome
}

/// Whether this very file is what is served, under today's rules and key: reading it again would change nothing.
fn is_published(store: &Store, request: &Request<'_>, fingerprint: &str) -> Result<bool, RosterError> {
    let district = request.district;
    let newest = store.state().published(&district.id)?.and_then(|published| published.generations.into_iter().next());
    if newest.is_none_or(|newest| newest.source != fingerprint) {
        return Ok(false);
    }
    // What cannot be read is mended by reading the source again.
    let Ok(Some(served)) = store.serving(&district.id) else { return Ok(false) };
    let header = served.header();
    Ok(served.key() == store.keyring().current().id()
        && header.card_rules().is_some_and(|cards| cards == district.cards)
        && header.pin_rules().is_some_and(|pins| pins == district.pins)
        && header.expiry == district.expiry.version()
        && header.stored() == request.stored)
}

struct Run<'a> {
    store: &'a Store,
    request: &'a Request<'a>,
    source: &'a Source,
    lock: &'a DistrictLock,
}

impl Run<'_> {
    fn publish(
        &self,
        mut bundle: Box<dyn Directory>,
        fingerprint: &str,
        progress: &dyn Fn(u64),
    ) -> Result<Outcome, SyncError> {
        let keyring = &self.store.keyring();
        let (district, mode) = (self.request.district, self.request.mode);
        let rules = Rules::new(keyring.current(), district.cards.clone(), district.pins.clone());
        let before_this = kept::last_published(self.store, &district.id)?;
        let mut report = Report { before: before_this, ..Report::default() };
        // A published roster that cannot be read is no reason not to mend it by this very sync.
        let published = match self.store.serving(&district.id) {
            Ok(published) => published,
            Err(error) => {
                report.not_compared = Some(error.to_string());
                None
            }
        };
        let before = published.as_ref().and_then(|published| {
            let header = published.header();
            Some(Rules::new(keyring.find(published.key())?, header.card_rules()?, header.pin_rules()?))
        });
        let before = before.filter(|before| !before.same_rows_as(&rules));
        report.rules_changed = before.is_some();
        let comparison = match (&published, &before) {
            (None, _) => Comparison::First,
            (Some(published), None) => Comparison::side_by_side(published)?,
            (Some(published), Some(_)) => Comparison::looked_up(published)?,
        };
        let expiry = district.expiry.clone();
        let expiry_version = expiry.version();
        let deriver = Deriver::new(rules, before, expiry, self.request.stored, self.request.today);

        let runs = Runs::new(&self.store.spill_folder(self.lock)?)?;
        let (reading, derived) = self.read(&mut *bundle, &deriver, runs, &mut report, progress)?;
        report.reading = reading;
        let now = self.request.now.as_second();
        let mut header = Header::under(&district.cards, &district.pins, expiry_version, self.request.stored, now);
        header.decoy_hashes.clone_from(&derived.decoys);
        let schools = report.reading.schools.iter().map(school_entry).collect();
        let before = published.as_ref().map_or(&[][..], |published| &published.header().schools);
        let mut hold = Hold::new(&district.eligibility, self.request.today, self.request.stored, before, schools);
        report.not_held = report.rules_changed && hold.holds_at_all();
        let merge = Merge::new(derived.runs.sorted()?)?;
        let counted = self.write(merge, comparison, &mut hold, &mut header, &mut report)?;
        let writer = counted.in_header(hold, &mut header);
        report.unknown_schools = cross_check::unknown_schools(district, &header);

        report.objection = objection(
            &self.source.guard,
            &Evidence {
                header: &header,
                published: published.as_deref().map(Generation::header),
                change: report.change,
                losses: &report.losses,
                merged: report.merged,
                before: report.before,
                rows: report.reading.rows,
                errors: report.reading.undecodable.count + report.off_pattern,
            },
        );
        report.forced = report.objection.is_some() && mode == Mode::Forced;
        match (mode, &report.objection) {
            (Mode::DryRun, _) => return Ok(Outcome::DryRun(report)),
            (Mode::Scheduled | Mode::Manual, Some(_)) => return Ok(Outcome::Refused(report)),
            _ => {}
        }
        let generation = self.store.publish(self.lock, writer, &header, fingerprint)?;
        report.opt_outs = cross_check::opt_outs(district, &generation, keyring.current())?;
        let cleared = match self.source.after {
            After::Keep => None,
            After::Delete => bundle.delete().err(),
            After::Archive => bundle.archive().err(),
        };
        Ok(Outcome::Published(report, cleared))
    }

    /// Reads on this thread and derives on another.
    fn read(
        &self,
        bundle: &mut dyn Directory,
        deriver: &Deriver<'_>,
        runs: Runs,
        report: &mut Report,
        progress: &dyn Fn(u64),
    ) -> Result<(Reading, Derived), SyncError> {
        let wanted = Wanted {
            ids: deriver.asked().ids.clone(),
            pin_columns: deriver.asked().pins.clone(),
            birth_date: deriver.needs_birth_date(),
            name: self.request.stored.needs_name(),
            email: self.request.stored.allows(patron::Attribute::Email),
            today: self.request.today,
        };
        let (sender, receiver) = sync_channel::<Vec<Person>>(8);
        let (reading, derived) = thread::scope(|scope| {
            let derived = scope.spawn(|| derive_all(receiver, deriver, runs));
            let mut batch = Vec::with_capacity(BATCH);
            let mut delivered = 0;
            // If the other side has stopped, it has an error of its own to report.
            let send = |sender: &SyncSender<Vec<Person>>, batch: Vec<Person>| drop(sender.send(batch));
            let reading = bundle.read(&wanted, &mut |person| {
                batch.push(person);
                if batch.len() == BATCH {
                    delivered += BATCH as u64;
                    progress(delivered);
                    send(&sender, std::mem::replace(&mut batch, Vec::with_capacity(BATCH)));
                }
            });
            send(&sender, batch);
            drop(sender);
            (reading, derived.join())
        });
        let mut reading = reading?;
        let derived = derived.map_err(|_| RosterError::Crypto("a thread of the sync panicked"))??;
        report.no_rule = derived.no_rule;
        reading.without_id += derived.no_id;
        report.off_pattern = derived.off_pattern;
        report.off_pattern_first.clone_from(&derived.off_pattern_first);
        report.no_id_first.clone_from(&derived.no_id_first);
        report.undated_first.clone_from(&derived.undated_first);
        Ok((reading, derived))
    }

    fn write(
        &self,
        merge: Merge,
        mut comparison: Comparison<'_>,
        hold: &mut Hold<'_>,
        header: &mut Header,
        report: &mut Report,
    ) -> Result<Counted, RosterError> {
        let mut counted = Counted::new(self.store.begin(self.lock, self.request.district.pins.forms())?);
        thread::scope(|scope| {
            let (sender, receiver) = sync_channel(8);
            let merging = scope.spawn(move || merge_all(merge, &sender));
            for merged in receiver.into_iter().flatten() {
                comparison.take(&merged, hold, &mut |index, row| counted.push(header, index, &Row::Student(row)))?;
                counted.push(header, merged.index, &merged.row)?;
                report.merged += merged.duplicates;
            }
            merging.join().map_err(|_| RosterError::Crypto("a thread of the sync panicked"))?
        })?;
        let end = comparison.end(hold, &mut |index, row| counted.push(header, index, &Row::Student(row)))?;
        report.change = end.as_ref().map(|(change, _)| *change);
        report.losses = end.map(|(_, losses)| losses).unwrap_or_default();
        (report.people, report.ambiguous) = (header.people, header.ambiguous);
        (report.aliases, report.held) = (header.aliases, header.held);
        report.without_verifier = header.without_verifier;
        Ok(counted)
    }
}

/// People, or rows, that go from one thread to the next at a time.
const BATCH: usize = 1000;

struct Derived {
    runs: Runs,
    no_rule: u64,
    no_id: u64,
    off_pattern: u64,
    off_pattern_first: Vec<u64>,
    no_id_first: Vec<u64>,
    /// People without a birth date, where one is needed.
    undated_first: Vec<u64>,
    /// Of each ID space whose PINs are hashed.
    decoys: BTreeMap<String, String>,
}

fn derive_all(people: Receiver<Vec<Person>>, deriver: &Deriver<'_>, runs: Runs) -> Result<Derived, RosterError> {
    const PLACES: usize = 10;
    let mut derived = Derived {
        runs,
        no_rule: 0,
        no_id: 0,
        off_pattern: 0,
        off_pattern_first: Vec::new(),
        no_id_first: Vec::new(),
        undated_first: Vec::new(),
        decoys: BTreeMap::new(),
    };
    let note = |first: &mut Vec<u64>, row| {
        if first.len() < PLACES {
            first.push(row);
        }
    };
    for person in people.into_iter().flatten() {
        let row = person.row;
        if person.birth_date.is_none() && deriver.needs_birth_date() {
            note(&mut derived.undated_first, row);
        }
        match deriver.derive(person, &mut |record| derived.runs.push(&record))? {
            derive::Outcome::Taken => {}
            derive::Outcome::Hashed(space, decoy) => {
                if !derived.decoys.contains_key(space) {
                    derived.decoys.insert(space.to_owned(), decoy.as_str().to_owned());
                }
            }
            derive::Outcome::Not(Underivable::NoRule) => derived.no_rule += 1,
            derive::Outcome::Not(Underivable::NoId) => {
                derived.no_id += 1;
                note(&mut derived.no_id_first, row);
            }
            derive::Outcome::Not(Underivable::OffPattern) => {
                derived.off_pattern += 1;
                note(&mut derived.off_pattern_first, row);
            }
        }
    }
    Ok(derived)
}

/// Merges on a thread of its own, ahead of the writing.
fn merge_all(mut merge: Merge, rows: &SyncSender<Vec<Merged>>) -> Result<(), RosterError> {
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(merged) = merge.next_row()? {
        batch.push(merged);
        if batch.len() == BATCH && rows.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).is_err() {
            // The writing has stopped, and has an error of its own to report.
            return Ok(());
        }
    }
    drop(rows.send(batch));
    Ok(())
}

fn school_entry(school: &directory::School) -> SchoolEntry {
    SchoolEntry {
        source_id: school.source_id.clone(),
        name: school.name.clone(),
        identifier: school.identifier.clone(),
        people: 0,
    }
}
