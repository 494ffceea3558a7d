//! Scheduled syncs: which districts are due, and several of them at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use roster::{RunEnd, RunRecord};
use site::{District, Due, Schedule, Site, Source};
use sync::{Mode, Outcome, SyncError, Timetable};
use tokio::task::JoinHandle;

use crate::service::Service;

/// Syncs at a time: a server that hangs for minutes keeps few others waiting, and each sync may need 128 MiB.
const AT_ONCE: usize = 4;

/// When each district is due, and what runs.
#[derive(Default)]
pub struct Scheduled {
    districts: HashMap<String, Planned>,
    looks: Arc<sync::Looks>,
}

/// What the schedule knows of a district.
struct Planned {
    /// What the time was worked out from: another schedule has other times.
    schedule: Option<Schedule>,
    /// `None`: never by itself.
    due: Option<Timestamp>,
    /// The one sync of this district. It returns when to look again, where a delivery still grows.
    running: Option<JoinHandle<Option<Duration>>>,
}

impl Scheduled {
    /// Takes note of what has ended, and starts what is due as far as there is room; what has waited longest goes first.
    pub async fn start_due(&mut self, service: &Arc<Service>, now: Timestamp) {
        let ended = self.ended().await;
        let house = service.house();
        let site = &house.site;
        self.districts.retain(|id, planned| {
            planned.running.is_some() || site.districts.iter().any(|district| district.id == *id)
        });
        let mut due = Vec::new();
        for (number, district) in site.districts.iter().enumerate() {
            let Some(source) = &district.source else { continue };
            let times = times(site, district);
            let planned = self.districts.remove(&district.id);
            let mut planned = match planned {
                Some(planned) if planned.schedule == source.schedule => planned,
                // New, or another schedule since a reload.
                other => Planned {
                    schedule: source.schedule.clone(),
                    due: match (&times, house.rosters.generation(number).is_ok()) {
                        (Some(times), true) => Some(first(service, district, source, times, now)),
                        (None, true) => None,
                        // Without a roster it is synced at start, also where it has no schedule.
                        (times, false) => Some(times.as_ref().map_or(now, |times| times.not_before(now, now))),
                    },
                    running: other.and_then(|planned| planned.running),
                },
            };
            if let Some(again) = ended.iter().find(|(id, _)| *id == district.id).and_then(|(_, again)| *again) {
                // Not only with the next look of the schedule, which may be an hour away or never come.
                let again = now.checked_add(again).unwrap_or(now);
                planned.due = Some(planned.due.map_or(again, |due| due.min(again)));
            }
            if let Some(its_due) = planned.due.filter(|due| *due <= now && planned.running.is_none()) {
                match times.filter(|times| times.is_quiet(now)) {
                    // It was waiting for room, or its delivery for rest.
                    Some(times) => planned.due = Some(times.not_before(now, now)),
                    None => due.push((its_due, district)),
                }
            }
            self.districts.insert(district.id.clone(), planned);
        }
        due.sort_by_key(|(due, _)| *due);
        let room = AT_ONCE.saturating_sub(self.running());
        for (its_due, district) in due.iter().take(room) {
            let Some(planned) = self.districts.get_mut(&district.id) else { continue };
            planned.due = times(site, district).map(|times| times.next(*its_due, now));
            let (service, looks, id) = (Arc::clone(service), Arc::clone(&self.looks), district.id.clone());
            planned.running = Some(tokio::task::spawn_blocking(move || sync_one(&service, &looks, &id)));
        }
        service.metrics.observe_syncs(self.running(), due.len().saturating_sub(room));
    }

    fn running(&self) -> usize {
        self.districts.values().filter(|planned| planned.running.is_some()).count()
    }

    /// The districts whose sync has ended since the last time, and after how long to look again.
    async fn ended(&mut self) -> Vec<(String, Option<SignedDuration>)> {
        let mut ended = Vec::new();
        for (id, planned) in &mut self.districts {
            if planned.running.as_ref().is_none_or(|running| !running.is_finished()) {
                continue;
            }
            let Some(running) = planned.running.take() else { continue };
            let again = running.await.ok().flatten();
            ended.push((id.clone(), again.and_then(|again| SignedDuration::try_from(again).ok())));
        }
        ended
    }
}

/// The times of a district that has any. Two libraries that ask one server are apart as two districts are.
fn times<'a>(site: &'a Site, district: &'a District) -> Option<Timetable<'a>> {
    let schedule = district.source.as_ref()?.schedule.as_ref()?;
    let name = format!("{}/{}", site.library.institution_id, district.id);
    Some(Timetable::new(schedule, &site.library.time_zone, &name))
}

/// When a district with a roster is due after a start, or after a reload that changed its schedule.
fn first(service: &Service, district: &District, source: &Source, times: &Timetable<'_>, now: Timestamp) -> Timestamp {
    let every = matches!(source.schedule.as_ref().map(|schedule| &schedule.due), Some(Due::Every(_)));
    if every && source.kind.inbox().is_some() {
        // To look into a folder costs nobody anything.
        return times.not_before(now, now);
    }
    // A server that is pulled once a day is not pulled once more with each restart.
    times.first(last_answered(&service.store.state().runs(&district.id).unwrap_or_default()), now)
}

/// When the last sync began that the source answered; what failed is made up for. The newest comes first.
fn last_answered(runs: &[RunRecord]) -> Option<Timestamp> {
    let run = runs.iter().find(|run| run.end != RunEnd::Failed)?;
    Timestamp::from_second(run.began_at).ok()
}

/// One scheduled sync, from the log's point of view. Returns when to look again, where a delivery still grows or
/// another process has the district.
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
        Ok(Outcome::Held) => {
            tracing::warn!(district = id, "an earlier roster is served: what comes in waits for a sync by hand");
        }
        Ok(Outcome::RefusedBefore) => {
            tracing::warn!(district = id, "what lies in the inbox was refused before, and waits for another");
        }
        Ok(Outcome::NotCleared(error)) => {
            tracing::error!(district = id, %error, "the source could not be cleared away");
        }
        Ok(Outcome::NothingToDo | Outcome::StillHeld | Outcome::DryRun(_)) => {}
        Err(SyncError::Roster(roster::RosterError::Locked { .. })) => {
            tracing::info!(district = id, "another process syncs this district");
            // The next time of the schedule may be tomorrow's.
            return Some(Duration::from_secs(60));
        }
        Err(error) => {
            tracing::error!(district = id, cause = "source", why = %error, "sync_refused");
            service.metrics.count_refused_sync(id);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_made_up_for_and_what_was_refused_is_not_asked_for_again() {
        let run = |began_at, end| RunRecord { began_at, end, ..RunRecord::default() };
        let second = |second| Timestamp::from_second(second).ok();
        let failed = [run(9, RunEnd::Failed), run(8, RunEnd::Failed)];
        assert_eq!(last_answered(&failed), None);
        assert_eq!(last_answered(&[&failed[..], &[run(7, RunEnd::Refused)]].concat()), second(7));
        assert_eq!(last_answered(&[run(9, RunEnd::Published), run(7, RunEnd::Published)]), second(9));
    }
}
