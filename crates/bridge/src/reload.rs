//! A new configuration, whole or not at all.

use std::sync::{Arc, PoisonError};

use site::{Loaded, Site};

use crate::house::House;
use crate::service::{Service, tell_of_opt_outs};

/// What a reload came to, for whoever asked for it.
pub type Told = Result<String, String>;

/// Reads every file again and swaps all of it, or changes nothing and says why.
pub fn reload(service: &Service) -> Told {
    let _changing = service.changing.lock().unwrap_or_else(PoisonError::into_inner);
    let told = parse(service).and_then(|loaded| swap(service, loaded));
    match &told {
        Ok(summary) => tracing::info!(summary, "reloaded"),
        Err(error) => {
            service.metrics.reloads_refused.inc();
            tracing::error!(error, "reload_refused");
        }
    }
    told
}

fn parse(service: &Service) -> Result<Loaded, String> {
    let house = service.house();
    let loaded = Site::load(&house.site.file).map_err(|faults| faults.to_string())?;
    let fixed = house.site.restart_needed(&loaded.site);
    if fixed.is_empty() {
        Ok(loaded)
    } else {
        Err(format!("restart needed: {} cannot be changed by a reload; nothing was changed", fixed.join(", ")))
    }
}

fn swap(service: &Service, loaded: Loaded) -> Told {
    let site = Arc::new(loaded.site);
    let house = House::open(Arc::clone(&site), &service.store, &service.metrics, Some(&service.house()))
        .map_err(|fault| format!("{fault}; nothing was changed"))?;
    service.resolver.guard().set_budget(site.budget);
    let mut summary = format!("{} districts, {} clients", site.districts.len(), site.clients.len());
    for (number, district) in site.districts.iter().enumerate() {
        let Ok(generation) = house.rosters.generation(number) else { continue };
        let (stored, wanted) = (generation.header().stored(), site.stored_release(number));
        if stored.bits() & !wanted.bits() != 0 {
            summary.push_str(&format!(
                "; the roster of {} holds names or addresses that no client may see until its next sync",
                district.id
            ));
        }
        if wanted.bits() & !stored.bits() & !patron::Release::CEILING.bits() != 0 {
            summary.push_str(&format!("; names or addresses of {} appear after its next sync", district.id));
        }
    }
    for warning in &loaded.warnings {
        summary.push_str("; warning: ");
        summary.push_str(&warning.problem);
    }
    tell_of_opt_outs(Some(&service.house().rosters), &house.rosters);
    service.set_house(house);
    Ok(summary)
}
