//! How many may come in: all together, and from one address before it is known who they are.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts the connections of each source that are not known yet.
#[derive(Clone, Default)]
pub struct Gate(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// The place of one unknown connection; given back when it is dropped.
pub struct Unknown {
    gate: Gate,
    source: IpAddr,
}

impl Gate {
    /// A place for one more unknown connection from `source`; `None` where it has `limit` already.
    pub fn admit(&self, source: IpAddr, limit: usize) -> Option<Unknown> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(source).or_default();
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(Unknown { gate: self.clone(), source })
    }
}

impl Drop for Unknown {
    fn drop(&mut self) {
        let mut counts = self.gate.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_so_many_places_and_gets_them_back() {
        let gate = Gate::default();
        let source = IpAddr::from([192, 0, 2, 1]);
        let first = gate.admit(source, 1).unwrap();
        assert!(gate.admit(source, 1).is_none());
        assert!(gate.admit(IpAddr::from([192, 0, 2, 2]), 1).is_some(), "another source has its own");
        drop(first);
        assert!(gate.admit(source, 1).is_some());
        assert!(gate.0.lock().unwrap().is_empty(), "nothing is kept of who left");
    }
}
