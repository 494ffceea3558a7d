//! One sync of one district.

use std::hash::{DefaultHasher, Hasher as _};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use directory::{Directory, Extent, Person, Reading, Refusal, Wanted};
use roster::{
    DistrictLock, Generation, GenerationWriter, Header, Published, RecordsWriter, RosterError, Row, SchoolEntry, Store,
};
use site::{After, Source};

use crate::base::Base;
use crate::change::Comparison;
use crate::counted::Counted;
use crate::cross_check;
use crate::delta::{Carrying, Changes};
use crate::derive::{Deriver, Rules};
use crate::derived::Derived;
use crate::guard::{Evidence, objection};
use crate::history;
use crate::hold::Hold;
use crate::merge::{Merge, Merged};
use crate::report::Report;
use crate::request::{Mode, Outcome, Request, SyncError};
use crate::runs::Runs;
use crate::source::Opened;

/// Reads a district's source and publishes it. `progress` is told the people read so far.
pub fn run(store: &Store, request: &Request<'_>, progress: &dyn Fn(u64)) -> Result<Outcome, SyncError> {
    let district = request.district;
    let source = district.source.as_ref().ok_or_else(|| SyncError::NoSource(district.id.clone()))?;
    let lock = store.lock_district(&district.id)?;
    let published = store.state().published(&district.id)?;
    if request.mode == Mode::Scheduled && published.as_ref().is_some_and(|published| published.held) {
        return Ok(Outcome::Held);
    }
    let base = Base::of(store, request, source)?;
    let applied = match &base {
        Ok(base) => base.applied().to_vec(),
        Err(_) => Base::spent(store, request, source),
    };
    let Some(Opened { directory: bundle, follow }) = crate::source::open(source, &applied)? else {
        return match (published, base) {
            // What lies there are deliveries that are done, and the roster needs another.
            (Some(_), Err(why)) if !applied.is_empty() => Err(Refusal::needs_bulk(why).into()),
            (Some(published), _) if published.held => Ok(Outcome::StillHeld),
            (Some(_), _) => Ok(Outcome::NothingToDo),
            (None, _) => Err(SyncError::EmptyInbox {
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
    let as_refused = as_refused(request, published.as_ref(), &fingerprint);
    if request.mode == Mode::Scheduled {
        if is_published(store, request, &fingerprint)? {
            // Perhaps it could not be cleared away then, and there are birth dates in it.
            return Ok(clear_away(source, bundle).map_or_else(Outcome::NotCleared, |()| Outcome::NothingToDo));
        }
        if store.state().refused(&district.id)?.is_some_and(|refused| refused == as_refused) {
            return Ok(Outcome::RefusedBefore);
        }
    }
    let outcome = Run { store, request, source, lock: &lock, follow }.publish(bundle, base, &fingerprint, progress);
    let refused = match &outcome {
        Ok(Outcome::Refused(_)) | Err(SyncError::Source(Refusal::BadData(_))) => Some(as_refused.as_slice()),
        _ => None,
    };
    if request.mode != Mode::DryRun {
        store.state().set_refused(&district.id, refused)?;
    }
    // What was spilled or not published goes with the lock.
    store.remove_leftovers(&lock)?;
    outcome
}

/// What is remembered of a delivery that is refused: it, what it was to follow, and the rules that it was read by. Where one
/// of these is another it is looked at again.
fn as_refused(request: &Request<'_>, published: Option<&Published>, fingerprint: &str) -> Vec<u8> {
    let district = request.district;
    let rules = (
        &district.cards,
        &district.pins,
        request.stored,
        district.source.as_ref().map(|source| (&source.guard, source.delta)),
    );
    let mut hasher = DefaultHasher::new();
    // `Debug` shows all of them; another release may show it otherwise, and looks once more.
    hasher.write(format!("{rules:?} {:?}", published.map(|published| &published.serving)).as_bytes());
    [fingerprint.as_bytes(), &hasher.finish().to_be_bytes()].concat()
}

/// Does with a source what is to be done once it is published.
fn clear_away(source: &Source, directory: Box<dyn Directory>) -> Result<(), Refusal> {
    match source.after {
        After::Keep => Ok(()),
        After::Delete => directory.delete().map(drop),
        After::Archive => directory.archive().map(drop),
    }
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
        && header.stored() == request.stored
        && (header.records.is_some() || district.source.as_ref().is_none_or(|source| !source.delta)))
}

struct Run<'a> {
    store: &'a Store,
    request: &'a Request<'a>,
    source: &'a Source,
    lock: &'a DistrictLock,
    /// Deliveries that lie there and come after this one.
    follow: usize,
}

/// What became of a reading.
enum Attempt {
    Done(Box<Report>),
    /// It is not published, as the guard or the caller wants it.
    Stopped(Box<Outcome>),
    /// Changes alone cannot do it.
    NeedsWhole(&'static str),
}

impl Run<'_> {
    /// Publishes what a source holds: from its changes where it offers them and there is something to apply them to.
    fn publish(
        &self,
        mut bundle: Box<dyn Directory>,
        base: Result<Base, &'static str>,
        fingerprint: &str,
        progress: &dyn Fn(u64),
    ) -> Result<Outcome, SyncError> {
        let extent = bundle.extent();
        let base = match extent {
            Extent::Whole => Err(""),
            Extent::Changes => base,
            Extent::Either => base.and_then(|base| base.if_fresh(self.source, self.request.now)),
        };
        let (mut why, mut attempt) = (base.as_ref().err().copied().unwrap_or_default(), None);
        if let Ok(base) = base {
            match self.attempt(&mut *bundle, Some(base), fingerprint, progress)? {
                Attempt::NeedsWhole(reason) => why = reason,
                done => attempt = Some(done),
            }
        }
        let attempt = match attempt {
            Some(attempt) => attempt,
            None if extent == Extent::Changes => return Err(Refusal::needs_bulk(why).into()),
            None => self.attempt(&mut *bundle, None, fingerprint, progress)?,
        };
        let mut report = match attempt {
            Attempt::Done(report) => *report,
            Attempt::Stopped(outcome) => return Ok(*outcome),
            Attempt::NeedsWhole(why) => return Err(Refusal::needs_bulk(why).into()),
        };
        report.whole_because = Some(why).filter(|why| self.source.delta && extent == Extent::Either && !why.is_empty());
        report.follow = self.follow;
        let cleared = clear_away(self.source, bundle).err();
        Ok(Outcome::Published(report, cleared))
    }

    /// Reads the source, whole or on a `base`, and publishes what comes of it.
    fn attempt(
        &self,
        bundle: &mut dyn Directory,
        base: Option<Base>,
        fingerprint: &str,
        progress: &dyn Fn(u64),
    ) -> Result<Attempt, SyncError> {
        let keyring = &self.store.keyring();
        let (district, mode) = (self.request.district, self.request.mode);
        let rules = Rules::new(keyring.current(), district.cards.clone(), district.pins.clone());
        let before_this = history::last_published(self.store, &district.id)?;
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
        let writer = self.store.begin(self.lock, district.pins.forms())?;
        let records = match self.source.delta && self.source.kind.delta_source().is_some() {
            true => Some(writer.records(&district.id, keyring.current())?),
            false => None,
        };
        let read = match &base {
            None => Ok(self.read(bundle, &deriver, runs, records, progress)?),
            Some(base) => self.read_changes(bundle, base, &deriver, runs, records, &mut report)?,
        };
        let (reading, mut derived) = match read {
            Ok(read) => read,
            Err(why) => return Ok(Attempt::NeedsWhole(why)),
        };
        report.reading = reading;
        report.count(&derived);
        let now = self.request.now.as_second();
        let mut header = Header::under(&district.cards, &district.pins, expiry_version, self.request.stored, now);
        header.decoy_hashes.clone_from(&derived.decoys);
        if let Some(records) = derived.records.take() {
            let kept = records.finish()?;
            header.records =
                Base::header(kept, self.source, base.as_ref(), &report.reading, fingerprint, self.request.now);
        }
        let schools = report.reading.schools.iter().map(school_entry).collect();
        let before = published.as_ref().map_or(&[][..], |published| &published.header().schools);
        let mut hold = Hold::new(&district.eligibility, self.request.today, self.request.stored, before, schools);
        report.not_held = report.rules_changed && hold.holds_at_all();
        let merge = Merge::new(derived.runs.sorted()?)?;
        let counted = write(writer, merge, comparison, &mut hold, &mut header, &mut report)?;
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
                rows: report.reading.rows + report.delta.map_or(0, |delta| delta.carried),
                errors: report.reading.undecodable.count + report.off_pattern,
            },
        );
        report.forced = report.objection.is_some() && mode == Mode::Forced;
        match (mode, &report.objection) {
            (Mode::DryRun, _) => return Ok(Attempt::Stopped(Box::new(Outcome::DryRun(report)))),
            (Mode::Scheduled | Mode::Manual, Some(_)) => {
                return Ok(Attempt::Stopped(Box::new(Outcome::Refused(report))));
            }
            _ => {}
        }
        let generation = self.store.publish(self.lock, writer, &header, fingerprint)?;
        report.opt_outs = cross_check::opt_outs(district, &generation, keyring.current())?;
        Ok(Attempt::Done(Box::new(report)))
    }

    fn wanted(&self, deriver: &Deriver<'_>, records: bool) -> Wanted {
        Wanted {
            ids: deriver.asked().ids.clone(),
            pin_columns: deriver.asked().pins.clone(),
            birth_date: deriver.needs_birth_date(),
            name: self.request.stored.needs_name(),
            email: self.request.stored.allows(patron::Attribute::Email),
            today: self.request.today,
            records,
        }
    }

    /// Reads on this thread and derives on another.
    fn read(
        &self,
        bundle: &mut dyn Directory,
        deriver: &Deriver<'_>,
        runs: Runs,
        records: Option<RecordsWriter>,
        progress: &dyn Fn(u64),
    ) -> Result<(Reading, Derived), SyncError> {
        let wanted = self.wanted(deriver, records.is_some());
        let now = self.request.now.as_millisecond();
        let (sender, receiver) = sync_channel::<Vec<Person>>(8);
        let (reading, derived) = thread::scope(|scope| {
            let derived = scope.spawn(|| Derived::new(runs, records, now).take_all(receiver, deriver));
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
        Ok((reading, derived))
    }

    /// Reads what changed, and makes the stream of people of it and of the records of the published roster.
    fn read_changes(
        &self,
        bundle: &mut dyn Directory,
        base: &Base,
        deriver: &Deriver<'_>,
        runs: Runs,
        records: Option<RecordsWriter>,
        report: &mut Report,
    ) -> Result<Result<(Reading, Derived), &'static str>, SyncError> {
        /// Birth dates asked for one by one; of more, all are asked for.
        const ASKED: usize = 1000;
        let wanted = self.wanted(deriver, true);
        let key = deriver.rules().key;
        let now = self.request.now.as_millisecond();
        let mut changes = Changes::new(now);
        let reading = bundle.changes(&wanted, &base.before(), &mut |change| changes.take(key, change))?;
        let Some(reading) = reading else { return Ok(Err("the source cannot say what changed")) };
        if changes.are_too_many() {
            return match bundle.extent() {
                Extent::Changes => Err(Refusal::too_many_changes(Changes::MOST).into()),
                Extent::Whole | Extent::Either => Ok(Err("too much changed")),
            };
        }
        changes.roles_whole = reading.roles_whole;
        let Ok(Some(kept)) = base.generation.records(&self.store.keyring()) else { return Ok(Err(Base::UNREADABLE)) };
        let mut derived = Derived::new(runs, records, now);
        let mut carrying = Carrying::new(deriver, self.request.today, changes);
        match carrying.carry(kept, &mut derived) {
            // Of records alone: nothing else is opened here.
            Err(RosterError::Damaged { .. } | RosterError::Crypto(_)) => return Ok(Err(Base::UNREADABLE)),
            carried => carried?,
        }
        let open = carrying.open();
        if open.len() > ASKED && bundle.extent() == Extent::Either {
            return Ok(Err("too many IDs changed"));
        }
        let births = if open.is_empty() { None } else { bundle.birth_dates(&open, &wanted)? };
        carrying.close(births, &mut derived)?;
        report.delta = Some(carrying.counts);
        Ok(Ok((reading, derived)))
    }
}

fn write(
    writer: GenerationWriter,
    merge: Merge,
    mut comparison: Comparison<'_>,
    hold: &mut Hold<'_>,
    header: &mut Header,
    report: &mut Report,
) -> Result<Counted, RosterError> {
    let mut counted = Counted::new(writer);
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

/// People, or rows, that go from one thread to the next at a time.
const BATCH: usize = 1000;

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
