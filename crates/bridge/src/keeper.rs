//! What is due each second: a sign of life, the clock, lockouts and uses to disk, rosters that others published, and scheduled syncs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use roster::UsageKey;
use sync::{Mode, Outcome, SyncError};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::audit;
use crate::service::Service;
use crate::usage;

/// Runs until the service drains; then what is in memory only goes to disk.
pub async fn run(service: Arc<Service>, draining: CancellationToken) {
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last_change = service.store.state().last_change();
    let mut schedule = Schedule::default();
    let mut swept = audit::today();
    let mut opt_outs = None;
    let watched = sd_notify::watchdog_enabled().is_some();
    loop {
        tokio::select! {
            () = draining.cancelled() => break,
            _ = second.tick() => {}
        }
        if watched {
            // Whether anybody wanted to know is systemd's matter.
            let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
        }
        let zone = service.house().site.library.time_zone.clone();
        if let Err(error) = service.clock.advance(&service.store.keyring(), &zone) {
            tracing::error!(%error, "the clock");
        }
        save_attempts(&service).await;
        let change = service.store.state().last_change();
        // A file that looks the same for a second is whole.
        let changed = service.house().rosters.changed_opt_outs();
        let settled = changed.is_some() && changed == opt_outs;
        opt_outs = changed.filter(|_| !settled);
        if change != last_change || settled {
            last_change = change;
            refresh(&service).await;
        }
        // Our own counts are no news.
        if let Some(number) = count_uses(&service, usage::A_SECOND).await.filter(|number| *number == last_change + 1) {
            last_change = number;
        }
        schedule.start_due(&service).await;
        let today = audit::today();
        if today != swept {
            swept = today;
            sweep_audit(&service, today).await;
        }
    }
    save_attempts(&service).await;
}

/// Serves what is published now, where that changed.
pub async fn refresh(service: &Arc<Service>) {
    let service = Arc::clone(service);
    let refreshed = tokio::task::spawn_blocking(move || service.refresh_rosters()).await;
    if refreshed.is_err() {
        tracing::error!("the rosters could not be opened again; the last ones are served");
    }
}

/// Removes what of the audit log is too old, also on days on which nobody asks.
async fn sweep_audit(service: &Arc<Service>, today: jiff::civil::Date) {
    let log = service.house().site.log.clone();
    let Some(file) = log.audit_file else { return };
    let swept = tokio::task::spawn_blocking(move || audit::remove_old(&file, log.audit_keep, today)).await;
    if !matches!(swept, Ok(Ok(()))) {
        tracing::error!("old files of the audit log could not be removed");
    }
}

/// Writes the lockouts that changed since the last second.
async fn save_attempts(service: &Arc<Service>) {
    let changed = service.resolver.guard().take_changed(service.clock.now().moment.seconds);
    if changed.is_empty() {
        return;
    }
    let theirs = Arc::clone(service);
    let saved = tokio::task::spawn_blocking(move || theirs.store.state().save_attempts(&changed)).await;
    match saved {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "lockouts are not on disk; a restart would forget them"),
        Err(_) => tracing::error!("lockouts are not on disk; a restart would forget them"),
    }
}

/// Writes so many of the uses that wait. Returns the number of the state's transaction, where anything was new.
async fn count_uses(service: &Arc<Service>, most: usize) -> Option<usize> {
    let uses = service.uses.take(most);
    if uses.is_empty() {
        return None;
    }
    let theirs = Arc::clone(service);
    let counted = tokio::task::spawn_blocking(move || {
        let key = UsageKey::of(&theirs.store.identity_key()?);
        theirs.store.state().count_uses(&key, &uses)
    });
    let error = match counted.await {
        Ok(Ok(number)) => return number,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "a panic".to_owned(),
    };
    service.uses.forget();
    tracing::error!(error, "uses are not on disk; each person's next one counts instead");
    None
}

/// Writes all uses that wait. Call it when nobody is answered any more.
pub async fn count_last_uses(service: &Arc<Service>) {
    // Few transactions: whoever stopped the service waits for this.
    const AT_ONCE: usize = 10_000;
    while service.uses.are_waiting() {
        count_uses(service, AT_ONCE).await;
    }
}

/// When each district is due. One sync at a time: a library's districts are in no hurry with one another.
#[derive(Default)]
struct Schedule {
    next: HashMap<String, Instant>,
    running: Option<Running>,
    looks: Arc<sync::Looks>,
}

/// The sync of a district, and when to look again where its delivery still grows.
struct Running {
    district: String,
    task: tokio::task::JoinHandle<Option<Duration>>,
}

impl Schedule {
    async fn start_due(&mut self, service: &Arc<Service>) {
        if self.running.as_ref().is_some_and(|running| !running.task.is_finished()) {
            return;
        }
        if let Some(Running { district, task }) = self.running.take()
            && let Ok(Some(again)) = task.await
        {
            // Not only with the next look of the schedule, which may be an hour away or never come.
            let again = Instant::now() + again;
            self.next.entry(district).and_modify(|due| *due = again.min(*due)).or_insert(again);
        }
        let house = service.house();
        let now = Instant::now();
        for (number, district) in house.site.districts.iter().enumerate() {
            let Some(source) = &district.source else { continue };
            // A district without a roster is synced at start, also where it has no schedule.
            let first = || (source.every.is_some() || house.rosters.generation(number).is_err()).then_some(now);
            let due = match self.next.get(&district.id) {
                Some(due) => Some(*due),
                None => first(),
            };
            if due.is_none_or(|due| due > now) {
                continue;
            }
            let after = source.every.unwrap_or(Duration::from_secs(10 * 365 * 24 * 3600));
            self.next.insert(district.id.clone(), now + after);
            let (service, looks, id) = (Arc::clone(service), Arc::clone(&self.looks), district.id.clone());
            let task = tokio::task::spawn_blocking(move || sync_one(&service, &looks, &id));
            self.running = Some(Running { district: district.id.clone(), task });
            return;
        }
    }
}

/// One scheduled sync, from the log's point of view. Returns when to look again, where a delivery still grows.
fn sync_one(service: &Service, looks: &sync::Looks, id: &str) -> Option<Duration> {
    let house = service.house();
    let (number, district) = house.site.districts.iter().enumerate().find(|(_, district)| district.id == id)?;
    let request = sync::Request {
        district,
        stored: house.site.stored_release(number),
        mode: Mode::Scheduled,
        now: Timestamp::now(),
        today: service.clock.now().moment.today,
        looks,
    };
    match sync::run(&service.store, &request, &|_| {}) {
        Ok(Outcome::Published(report, trouble)) => {
            tracing::info!(district = id, students = report.people, rows = report.reading.rows, "roster_published");
            let warnings = report.reading.warnings.iter().map(ToString::to_string).chain(report.warnings());
            for warning in warnings {
                tracing::warn!(district = id, warning, "roster_warning");
            }
            let follow = report.follow > 0 && trouble.is_none();
            if let Some(error) = trouble {
                tracing::error!(district = id, %error, "the source could not be cleared away");
            }
            service.refresh_rosters();
            // Deltas that lie there are taken one after the other.
            return follow.then_some(Duration::from_secs(1));
        }
        Ok(Outcome::Refused(report)) => {
            let cause = report.objection.as_ref().map_or("-", sync::Cause::name);
            let why = report.objection.as_ref().map(ToString::to_string).unwrap_or_default();
            tracing::error!(district = id, cause, why, "sync_refused");
            service.metrics.count_refused_sync(id);
        }
        Ok(Outcome::Growing) => {
            tracing::info!(district = id, "the delivery still grows");
            return district.source.as_ref().map(|source| source.settle + Duration::from_secs(1));
        }
        Ok(Outcome::NothingToDo | Outcome::Held | Outcome::RefusedBefore | Outcome::DryRun(_)) => {}
        Err(SyncError::Roster(roster::RosterError::Locked { .. })) => {
            tracing::info!(district = id, "another process syncs this district");
        }
        Err(error) => {
            tracing::error!(district = id, cause = "source", why = %error, "sync_refused");
            service.metrics.count_refused_sync(id);
        }
    }
    None
}
