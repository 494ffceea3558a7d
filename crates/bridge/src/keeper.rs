//! What is due each second: a sign of life, the clock, lockouts and uses to disk, rosters that others published, and scheduled syncs.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use resolver::live::Works;
use roster::UsageKey;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::audit;
use crate::live::Tended;
use crate::schedule::Scheduled;
use crate::service::Service;
use crate::usage;

/// Runs until the service drains; then what is in memory only goes to disk.
pub async fn run(service: Arc<Service>, draining: CancellationToken) {
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last_change = service.store.state().last_change();
    let mut scheduled = Scheduled::default();
    let mut swept = audit::today();
    sweep_passwords(&service).await;
    let (mut opt_outs, mut lines) = (None, Tended::default());
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
        lines.tend(&service);
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
        scheduled.start_due(&service, Timestamp::now()).await;
        let today = audit::today();
        if today != swept {
            swept = today;
            sweep_audit(&service, today).await;
            sweep_passwords(&service).await;
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

/// Removes hashes of passwords that serve nobody any more.
async fn sweep_passwords(service: &Arc<Service>) {
    let theirs = Arc::clone(service);
    let now = service.clock.now().moment.seconds;
    let sweep = move || theirs.resolver.offline().sweep(&theirs.house().rosters, now);
    if !matches!(tokio::task::spawn_blocking(sweep).await, Ok(Ok(_))) {
        tracing::error!("passwords whose offline-grace is over could not be removed");
    }
}

/// Writes the lockouts, and what was passed on to directories, where they changed since the last time. Call it once more
/// when nobody is answered any more.
pub async fn save_attempts(service: &Arc<Service>) {
    let now = service.clock.now().moment.seconds;
    let (changed, forwarded) = (service.resolver.guard().take_changed(now), service.resolver.take_forwarded(now));
    if changed.is_empty() && forwarded.is_empty() {
        return;
    }
    let theirs = Arc::clone(service);
    let save = move || {
        let state = theirs.store.state();
        state.save_attempts(&changed).and_then(|()| state.save_forwarded(&forwarded))
    };
    let saved = tokio::task::spawn_blocking(save).await;
    match saved {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "lockouts are not on disk; a restart would forget them"),
        Err(_) => tracing::error!("lockouts are not on disk; a restart would forget them"),
    }
}

/// Keeps hashes of good passwords, for when their directory is away: one at a time, as each takes a processor for a while.
pub async fn keep_passwords(service: Arc<Service>, mut works: Works, draining: CancellationToken) {
    loop {
        let work = tokio::select! {
            () = draining.cancelled() => break,
            work = works.next() => work,
        };
        let Some(work) = work else { return };
        let theirs = Arc::clone(&service);
        let kept = tokio::task::spawn_blocking(move || theirs.resolver.offline().work(&work)).await;
        if !matches!(kept, Ok(Ok(()))) {
            tracing::error!("a password that the directory took is not on disk; it does not serve after a restart");
        }
    }
    let theirs = Arc::clone(&service);
    let let_go = move || works.rest().iter().for_each(|work| theirs.resolver.offline().let_go(work));
    if tokio::task::spawn_blocking(let_go).await.is_err() {
        tracing::error!("passwords that are good no longer may still be on disk, for as long as offline-grace says");
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
