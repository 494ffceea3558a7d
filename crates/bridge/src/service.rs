//! What every connection shares.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use resolver::live::{Offline, Works};
use resolver::{Resolver, Rosters};
use roster::{RosterError, Store};

use site::{Level, Site};

use crate::audit::DailyFile;
use crate::clock::Clock;
use crate::daemon::{BridgeError, load_keyring};
use crate::gate::Gate;
use crate::house::House;
use crate::log_writer::LogWriter;
use crate::logins::Logins;
use crate::metrics::Metrics;
use crate::ncip::pace::Pace;
use crate::usage::Uses;
use crate::verdict_log::VerdictLog;

/// The running service.
pub struct Service {
    /// The view that requests are answered from; see [`Service::house`].
    pub view: ArcSwap<House>,
    /// Held by whoever makes another view of the present one: a reload, or rosters opened again. Two at once would undo
    /// each other's.
    pub changing: Mutex<()>,
    /// The data folder.
    pub store: Arc<Store>,
    /// Answers queries.
    pub resolver: Arc<Resolver>,
    /// What time it is.
    pub clock: Clock,
    /// What monitoring sees.
    pub metrics: Metrics,
    /// One line per request.
    pub verdicts: VerdictLog,
    /// Who used a card, on the way to the disk.
    pub uses: Uses,
    /// The writer behind `tracing`.
    pub log: LogWriter,
    /// The writer behind the verdicts: an audit log of its own, or the same.
    pub audit: LogWriter,
    /// Which passwords were right.
    pub logins: Logins,
    /// How many each source has of those that are not known yet.
    pub strangers: Gate<IpAddr>,
    /// How many there are of them.
    pub all_strangers: Gate<()>,
    /// How many each client has, where that is bounded.
    pub crowds: Gate<String>,
    /// How many cards each has looked up without a PIN, in NCIP.
    pub lookups: Pace,
}

impl Service {
    /// Opens all that connections share. A district that cannot be served keeps nothing from starting.
    ///
    /// With it comes what is to be done beside the way of a request: hashes of good passwords.
    pub fn open(site: Arc<Site>, store: Store, log: LogWriter) -> Result<(Self, Works), BridgeError> {
        let keyring = store.keyring();
        let metrics = Metrics::new();
        let guard = resolver::Guard::new(site.budget, store.state().attempts()?);
        let clock = Clock::new(&keyring, &site.library.time_zone)?;
        let audit = match &site.log.audit_file {
            None => log.clone(),
            Some(file) => DailyFile::open(file, site.log.audit_keep)
                .and_then(LogWriter::start)
                .map_err(|error| BridgeError::AuditFile { file: file.clone(), error })?,
        };
        let told = site.log.audit_file.is_some() || matches!(site.log.level, Level::Info | Level::Debug | Level::Trace);
        let verdicts = VerdictLog::new(audit.clone(), site.log.format, told);
        let house = House::open(site, &store, &metrics, None)?;
        tell_of_opt_outs(None, &house.rosters);
        for (number, district) in house.rosters.districts().iter().enumerate() {
            if let Err(why) = house.rosters.generation(number) {
                tracing::error!(district = district.id, %why, "cannot be served");
            }
        }
        let store = Arc::new(store);
        let (offline, works) = Offline::new(Some(Arc::clone(&store)));
        // Other tasks of this thread go on elsewhere meanwhile.
        let aside = |work: &mut dyn FnMut()| tokio::task::block_in_place(work);
        let resolver = Resolver::with_live(guard, aside, store.state().forwarded()?, offline);
        let service = Self {
            view: ArcSwap::from_pointee(house),
            changing: Mutex::default(),
            store,
            resolver: Arc::new(resolver),
            clock,
            uses: Uses::new(metrics.uses_deferred.clone()),
            metrics,
            verdicts,
            log,
            audit,
            logins: Logins::new().ok_or(RosterError::Crypto("no random bytes"))?,
            strangers: Gate::default(),
            all_strangers: Gate::default(),
            crowds: Gate::default(),
            lookups: Pace::default(),
        };
        Ok((service, works))
    }

    /// Counts and logs somebody who is not let in; `cause` is never what was typed or shown.
    pub fn turn_away(&self, listener: &str, source: IpAddr, cause: &'static str) {
        self.metrics.count_login_failure(cause);
        tracing::warn!(listener, %source, cause, "login_failed");
    }

    /// The view of this moment.
    pub fn house(&self) -> Guard<Arc<House>> {
        self.view.load()
    }

    /// Swaps the view; requests under way keep the one they have.
    pub fn set_house(&self, house: House) {
        self.view.store(Arc::new(house));
    }

    /// Opens what the districts serve now, and serves it.
    ///
    /// The key file is read again as well: a rotation adds a key and syncs under it, with a command of its own.
    pub fn refresh_rosters(&self) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        match load_keyring(&self.house().site) {
            Ok(keyring) => self.store.set_keyring(keyring),
            Err(error) => tracing::error!(%error, "the keys stay as they are"),
        }
        let before = self.view.load();
        let house = before.with_new_rosters(&self.store);
        tell_of_opt_outs(Some(&before.rosters), &house.rosters);
        if (0..house.rosters.districts().len()).any(|number| house.rosters.generation(number).is_err()) {
            // Perhaps a purge: after it everybody is counted anew.
            self.uses.forget();
        }
        self.set_house(house);
    }
}

/// Logs each list of opt-outs that was read since `before`, and loudly what is wrong with it.
pub fn tell_of_opt_outs(before: Option<&Rosters>, rosters: &Rosters) {
    for (number, district) in rosters.districts().iter().enumerate() {
        let Some(list) = rosters.opted_out(number) else { continue };
        let known = before.and_then(|before| before.opted_out(number));
        if known.is_some_and(|known| std::ptr::eq(known, list)) {
            continue;
        }
        tracing::info!(district = district.id, opted_out = list.len(), "opt_outs_read");
        if let Some(why) = list.trouble() {
            tracing::error!(district = district.id, why, "opt_outs_kept");
        }
    }
}
