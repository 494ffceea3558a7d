//! One sync of one district.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use directory::one_roster_csv::{self, Bundle};
use directory::{Directory, Person, Reading, Refusal, Wanted};
use jiff::Timestamp;
use jiff::civil::Date;
use patron::Release;
use roster::{DistrictLock, Generation, GenerationWriter, Header, RosterError, Row, SchoolEntry, Store};
use site::{After, District, Source};

use crate::change::Comparison;
use crate::derive::{Deriver, Record, Rules};
use crate::guard::{Evidence, objection};
use crate::merge::{Merge, Merged};
use crate::report::Report;
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
    let Some(bundle) = one_roster_csv::find(&source.path)? else {
        return match published {
            Some(_) => Ok(Outcome::NothingToDo),
            None => {
                Err(SyncError::EmptyInbox { district: district.id.clone(), path: source.path.display().to_string() })
            }
        };
    };
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
        && header.card_rule().is_some_and(|card| card == district.card)
        && header.pin_rule().is_some_and(|pin| pin == district.pin)
        && header.stored() == request.stored)
}

struct Run<'a> {
    store: &'a Store,
    request: &'a Request<'a>,
    source: &'a Source,
    lock: &'a DistrictLock,
}

impl Run<'_> {
    fn publish(&self, mut bundle: Bundle, fingerprint: &str, progress: &dyn Fn(u64)) -> Result<Outcome, SyncError> {
        let keyring = &self.store.keyring();
        let (district, mode) = (self.request.district, self.request.mode);
        let rules = Rules::new(keyring.current(), district.card.clone(), district.pin.clone());
        let mut report = Report::default();
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
            Some(Rules::new(keyring.find(published.key())?, header.card_rule()?, header.pin_rule()?))
        });
        let before = before.filter(|before| !before.same_rows_as(&rules));
        report.rules_changed = before.is_some();
        let comparison = match (&published, &before) {
            (None, _) => Comparison::First,
            (Some(published), None) => Comparison::side_by_side(published)?,
            (Some(published), Some(_)) => Comparison::looked_up(published),
        };
        let deriver = Deriver { rules, before, stored: self.request.stored };

        let runs = Runs::new(&self.store.spill_folder(self.lock)?)?;
        let (reading, runs) = self.read(&mut bundle, &deriver, runs, &mut report, progress)?;
        report.reading = reading;
        let mut header =
            Header::under(&district.card, &district.pin, self.request.stored, self.request.now.as_second());
        header.schools = report.reading.schools.iter().map(school_entry).collect();
        let writer = self.write(Merge::new(runs.sorted()?)?, comparison, &deriver, &mut header, &mut report)?;

        report.objection = objection(
            &self.source.guard,
            &Evidence {
                header: &header,
                published: published.as_deref().map(Generation::header),
                change: report.change,
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
        self.store.publish(self.lock, writer, &header, fingerprint)?;
        let cleared = match self.source.after {
            After::Keep => None,
            After::Delete => Box::new(bundle).delete().err(),
            After::Archive => Box::new(bundle).archive().err(),
        };
        Ok(Outcome::Published(report, cleared))
    }

    /// Reads on this thread and derives on another.
    fn read(
        &self,
        bundle: &mut Bundle,
        deriver: &Deriver<'_>,
        runs: Runs,
        report: &mut Report,
        progress: &dyn Fn(u64),
    ) -> Result<(Reading, Runs), SyncError> {
        let pin = &deriver.rules.pin;
        let pin_before = deriver.before.as_ref().map(|before| &before.pin);
        let wanted = Wanted {
            id: deriver.rules.card.id.clone(),
            birth_date: pin.needs_birth_date() || pin_before.is_some_and(patron::PinRule::needs_birth_date),
            pin_column: pin.column().map(str::to_owned),
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
        let reading = reading?;
        let derived = derived.map_err(|_| RosterError::Crypto("a thread of the sync panicked"))??;
        report.off_pattern = derived.off_pattern;
        report.off_pattern_first = derived.off_pattern_first;
        Ok((reading, derived.runs))
    }

    fn write(
        &self,
        merge: Merge,
        mut comparison: Comparison<'_>,
        deriver: &Deriver<'_>,
        header: &mut Header,
        report: &mut Report,
    ) -> Result<GenerationWriter, RosterError> {
        let forms = match &deriver.rules.pin.scheme {
            patron::PinScheme::BirthDate(formats) => formats.len(),
            _ => 1,
        };
        let mut writer = self.store.begin(self.lock, forms)?;
        thread::scope(|scope| {
            let (sender, receiver) = sync_channel(8);
            let merging = scope.spawn(move || merge_all(merge, &sender));
            for merged in receiver.into_iter().flatten() {
                comparison.take(&merged)?;
                writer.push(merged.index, &merged.row)?;
                report.merged += merged.duplicates;
                count(header, &merged.row);
            }
            merging.join().map_err(|_| RosterError::Crypto("a thread of the sync panicked"))?
        })?;
        report.change = comparison.end()?;
        (report.people, report.ambiguous) = (header.people, header.ambiguous);
        report.without_verifier = header.without_verifier;
        Ok(writer)
    }
}

/// People, or rows, that go from one thread to the next at a time.
const BATCH: usize = 1000;

struct Derived {
    runs: Runs,
    off_pattern: u64,
    off_pattern_first: Vec<u64>,
}

fn derive_all(people: Receiver<Vec<Person>>, deriver: &Deriver<'_>, runs: Runs) -> Result<Derived, RosterError> {
    const PLACES: usize = 10;
    let mut derived = Derived { runs, off_pattern: 0, off_pattern_first: Vec::new() };
    for person in people.into_iter().flatten() {
        let row = person.row;
        let record: Option<Record> = deriver.derive(person);
        match record {
            Some(record) => derived.runs.push(&record)?,
            None => {
                derived.off_pattern += 1;
                if derived.off_pattern_first.len() < PLACES {
                    derived.off_pattern_first.push(row);
                }
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

fn count(header: &mut Header, row: &Row) {
    header.rows += 1;
    let Row::Student(row) = row else {
        header.ambiguous += 1;
        return;
    };
    header.people += 1;
    header.without_verifier += u64::from(row.verifiers.is_empty());
    let role = row.student.role.name();
    match header.roles.get_mut(role) {
        Some(people) => *people += 1,
        None => {
            header.roles.insert(role.to_owned(), 1);
        }
    }
    for school in &row.student.schools {
        if let Some(school) = header.schools.get_mut(usize::from(school.0)) {
            school.people += 1;
        }
    }
}

fn school_entry(school: &directory::School) -> SchoolEntry {
    SchoolEntry {
        source_id: school.source_id.clone(),
        name: school.name.clone(),
        identifier: school.identifier.clone(),
        people: 0,
    }
}
