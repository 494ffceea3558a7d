//! How many may come in: from one address before it is known who they are, and of one client.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts connections by what they have in common.
#[derive(Debug)]
pub struct Gate<K>(Arc<Mutex<HashMap<K, usize>>>);

/// The place of one connection; given back when it is dropped.
pub struct Place<K: Eq + Hash> {
    gate: Gate<K>,
    of: K,
}

impl<K: Eq + Hash + Clone> Gate<K> {
    /// A place for one more connection of `of`; `None` where it has `limit` already.
    pub fn admit(&self, of: K, limit: usize) -> Option<Place<K>> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(of.clone()).or_default();
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(Place { gate: Self(Arc::clone(&self.0)), of })
    }
}

impl<K> Default for Gate<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut counts = self.gate.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.of) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

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
