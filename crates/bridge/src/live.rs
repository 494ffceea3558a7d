//! Where a login meets a district's directory: the one place at which a live bind and the resolver know each other.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use directory::ldap::live;
use patron::Pin;
use resolver::live::{Later, Silent, Told};
use resolver::{LiveDirectory, LiveLine, LiveRules, Rosters};
use site::Site;
use thiserror::Error;
use tokio::time::Instant;

use crate::service::Service;

/// Why a district's `[directory]` cannot be used. The sysadmin mends it.
#[derive(Debug, Error)]
#[error("district {district}, directory.{key}: {problem}")]
pub struct DirectoryFault {
    district: String,
    key: &'static str,
    problem: String,
}

/// The lines to the directories of a configuration, district by district. Those that stay as they were are taken over: what
/// they know of their directory goes on.
pub fn lines(site: &Site, previous: Option<(&Site, &Rosters)>) -> Result<Vec<Option<Arc<LiveLine>>>, DirectoryFault> {
    let line = |district: &site::District| {
        let Some(directory) = &district.directory else { return Ok(None) };
        let before = previous.and_then(|(site, rosters)| {
            let same = |before: &&site::District| before.id == district.id && before.directory == district.directory;
            site.districts.iter().find(same)?;
            rosters.districts().iter().find(|before| before.id == district.id)?.live.clone()
        });
        if before.is_some() {
            return Ok(before);
        }
        let settings = sync::live_settings(directory).map_err(|(key, problem)| DirectoryFault {
            district: district.id.clone(),
            key,
            problem,
        })?;
        let rules = LiveRules {
            forwards: directory.forwards,
            window: directory.window,
            offline_grace: directory.offline_grace,
            patience: directory.timeout,
            at_a_time: directory.connections,
        };
        let ldap = Ldap {
            live: live::Live::new(settings),
            district: district.id.clone(),
            made: Instant::now(),
            told: AtomicU64::new(0),
        };
        Ok(Some(Arc::new(LiveLine::new(Box::new(ldap), rules))))
    };
    site.districts.iter().map(line).collect()
}

/// A directory that speaks LDAP.
struct Ldap {
    live: live::Live,
    district: String,
    made: Instant,
    /// When its last fault was logged, in seconds since it was made: it has the same to say of each login.
    told: AtomicU64,
}

impl Ldap {
    fn tell(&self, fault: &directory::ldap::Fault) {
        const EVERY: u64 = 10;
        let now = self.made.elapsed().as_secs() + EVERY;
        let last = self.told.load(Ordering::Relaxed);
        if now >= last + EVERY && self.told.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            tracing::warn!(district = self.district, why = %fault, "directory_silent");
        }
    }
}

impl LiveDirectory for Ldap {
    fn may_be_password(&self, pin: &Pin) -> bool {
        live::may_be_password(pin)
    }

    fn verify<'a>(&'a self, id: &'a str, pin: &'a Pin, deadline: Instant) -> Later<'a, Result<Told, Silent>> {
        Box::pin(async move {
            match self.live.verify(id, pin, deadline).await {
                Ok(live::Told::Right) => Ok(Told::Right),
                Ok(live::Told::Wrong) => Ok(Told::Wrong),
                Ok(live::Told::Nobody) => Ok(Told::Nobody),
                Ok(live::Told::Several) => Ok(Told::Several),
                Ok(live::Told::Disabled) => Ok(Told::Disabled),
                Ok(live::Told::Expired) => Ok(Told::Expired),
                Ok(live::Told::MustChange) => Ok(Told::MustChange),
                Ok(live::Told::Locked) => Ok(Told::Locked),
                Ok(live::Told::NotNow) => Ok(Told::Restricted),
                Err(live::Silent { forwarded, fault }) => {
                    self.tell(&fault);
                    Err(Silent { forwarded })
                }
            }
        })
    }

    fn is_back(&self) -> Later<'_, bool> {
        Box::pin(async move { self.live.is_back().await.inspect_err(|fault| self.tell(fault)).is_ok() })
    }
}

/// What is due each second of the lines: whoever is down is looked after, and what changed is told.
#[derive(Default)]
pub struct Tended {
    down: HashSet<String>,
}

impl Tended {
    /// Looks at each line; waits for none.
    pub fn tend(&mut self, service: &Service) {
        for district in service.house().rosters.districts() {
            let Some(line) = &district.live else { continue };
            if line.is_down() {
                if self.down.insert(district.id.clone()) {
                    let offline = line.rules().offline_grace.is_some();
                    tracing::error!(district = district.id, offline, "directory_down");
                }
                let line = Arc::clone(line);
                tokio::spawn(async move { line.look().await });
            } else if self.down.remove(&district.id) {
                tracing::info!(district = district.id, "directory_back");
            }
        }
    }
}
