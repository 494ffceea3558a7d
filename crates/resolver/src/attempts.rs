//! The wrong PINs that stand against one card. Pure: time is a parameter.

use patron::Budget;

/// Kept for each card: as many as the day's cap can be.
const KEPT: usize = Budget::MOST as usize;
/// Times are kept in steps of two seconds, so that a day fits 16 bits.
const STEP: u32 = 2;
/// The long window.
pub(crate) const DAY: u32 = 24 * 60 * 60;

/// Distinct wrong PINs of the last day, oldest first. Small: a million locked students stay under 100 MiB.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attempts {
    /// Seconds since 1970 from which the steps count.
    base: u32,
    /// Seconds since 1970 of the last right PIN; it clears the short window, not the day.
    cleared: u32,
    steps: [u16; KEPT],
    /// Short hashes, so that an app that repeats one stale PIN counts once. In memory only. Two PINs share one in
    /// 65,536 times: a guess that is then not counted helps nobody.
    pins: [u16; KEPT],
    count: u8,
}

/// How a card stands with its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Distinct wrong PINs in the short window.
    pub in_window: u8,
    /// Distinct wrong PINs in 24 hours.
    pub in_day: u8,
    /// Whether no PIN is looked at.
    pub locked: bool,
}

impl Attempts {
    /// Takes up what a restart kept: times only.
    pub(crate) fn restored(cleared: u32, at: &[u32]) -> Self {
        let mut attempts = Self { cleared, ..Self::default() };
        let first = at.len().saturating_sub(KEPT);
        for (number, at) in at.iter().skip(first).enumerate() {
            // A hash that no PIN is compared with: each restored attempt stays distinct.
            attempts.push(*at, u16::MAX - u16::try_from(number).unwrap_or_default());
        }
        attempts
    }

    /// How the card stands now.
    pub(crate) fn standing(&self, budget: &Budget, now: u32) -> Standing {
        let window = u32::try_from(budget.window.as_secs()).unwrap_or(DAY);
        let (mut in_window, mut in_day) = (0, 0);
        for at in self.times() {
            // A clock that was set back must not lift a lock: what lies ahead counts as just now.
            let age = now.saturating_sub(at);
            in_day += u8::from(age < DAY);
            in_window += u8::from(age < window && at > self.cleared);
        }
        Standing { in_window, in_day, locked: in_window >= budget.failures || in_day >= budget.per_day }
    }

    /// Counts a wrong PIN, unless it is one of those already counted. Returns whether it counted.
    pub(crate) fn record(&mut self, pin: u16, now: u32) -> bool {
        self.forget_before(now.saturating_sub(DAY));
        if self.pins.iter().take(usize::from(self.count)).any(|known| *known == pin) {
            return false;
        }
        self.push(now, pin);
        true
    }

    /// A right PIN: the short window starts anew.
    pub(crate) fn clear_window(&mut self, now: u32) {
        self.cleared = now;
    }

    /// Whether anything is left to remember.
    pub(crate) fn is_spent(&self, now: u32) -> bool {
        self.times().all(|at| now.saturating_sub(at) >= DAY)
    }

    /// The last right PIN, for keeping.
    pub(crate) const fn cleared(&self) -> u32 {
        self.cleared
    }

    /// Seconds since 1970 of each, oldest first.
    pub(crate) fn times(&self) -> impl Iterator<Item = u32> {
        let base = self.base;
        self.steps.iter().take(usize::from(self.count)).map(move |step| base + u32::from(*step) * STEP)
    }

    fn push(&mut self, at: u32, pin: u16) {
        if self.count == 0 {
            self.base = at;
        }
        if usize::from(self.count) == KEPT {
            self.drop_oldest();
        }
        let step = u16::try_from(at.saturating_sub(self.base) / STEP).unwrap_or(u16::MAX);
        let end = usize::from(self.count);
        if let (Some(to_step), Some(to_pin)) = (self.steps.get_mut(end), self.pins.get_mut(end)) {
            (*to_step, *to_pin) = (step, pin);
            self.count += 1;
        }
    }

    fn forget_before(&mut self, horizon: u32) {
        while self.times().next().is_some_and(|oldest| oldest <= horizon) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        self.steps.rotate_left(1);
        self.pins.rotate_left(1);
        self.count = self.count.saturating_sub(1);
        // The next becomes the base, so that the steps of a day always fit.
        let shift = self.steps.first().copied().unwrap_or_default();
        self.base += u32::from(shift) * STEP;
        for step in &mut self.steps {
            *step = step.saturating_sub(shift);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u32 = 1_800_000_000;

    fn budget() -> Budget {
        Budget::default()
    }

    fn after(times: &[u32]) -> Attempts {
        let mut attempts = Attempts::default();
        for (pin, at) in (1..).zip(times) {
            attempts.record(pin, *at);
        }
        attempts
    }

    #[test]
    fn five_distinct_wrong_pins_in_the_window_lock_and_time_lifts_it() {
        let attempts = after(&[NOW, NOW + 10, NOW + 20, NOW + 30, NOW + 40]);
        assert!(attempts.standing(&budget(), NOW + 40).locked);
        assert!(attempts.standing(&budget(), NOW + 899).locked);
        assert!(!attempts.standing(&budget(), NOW + 900).locked, "the oldest has left the window");
        assert!(!after(&[NOW, NOW + 10, NOW + 20, NOW + 30]).standing(&budget(), NOW + 40).locked);
    }

    #[test]
    fn one_stale_pin_retried_all_day_counts_once() {
        let mut attempts = Attempts::default();
        for hour in 0..20 {
            attempts.record(7, NOW + hour * 3600);
        }
        assert_eq!(attempts.standing(&budget(), NOW + 20 * 3600).in_day, 1);
    }

    #[test]
    fn ten_in_a_day_lock_until_the_first_is_a_day_old() {
        let hourly: Vec<u32> = (0..10).map(|hour| NOW + hour * 3600).collect();
        let attempts = after(&hourly);
        let last = NOW + 9 * 3600;
        assert!(attempts.standing(&budget(), last + 3600).locked);
        assert!(attempts.standing(&budget(), NOW + DAY - 1).locked);
        assert!(!attempts.standing(&budget(), NOW + DAY).locked);
    }

    #[test]
    fn a_right_pin_clears_the_window_and_not_the_day() {
        let mut attempts = after(&[NOW, NOW + 2, NOW + 4, NOW + 6]);
        attempts.clear_window(NOW + 8);
        let standing = attempts.standing(&budget(), NOW + 10);
        assert_eq!((standing.in_window, standing.in_day), (0, 4));
    }

    #[test]
    fn a_clock_set_back_lifts_no_lock() {
        let attempts = after(&[NOW, NOW + 2, NOW + 4, NOW + 6, NOW + 8]);
        assert!(attempts.standing(&budget(), NOW - 3600).locked);
    }

    #[test]
    fn what_a_restart_kept_still_locks() {
        let at: Vec<u32> = (0..5).map(|number| NOW + number * 2).collect();
        let mut attempts = Attempts::restored(0, &at);
        assert_eq!(attempts.times().collect::<Vec<_>>(), at);
        assert!(attempts.standing(&budget(), NOW + 10).locked);
        assert!(attempts.record(1, NOW + 1000), "none of the restored is the same PIN");
    }

    #[test]
    fn old_attempts_make_room_and_their_steps_stay_true() {
        let mut attempts = Attempts::default();
        for day in 0..30_u32 {
            attempts.record(u16::try_from(day).unwrap(), NOW + day * 40_000);
        }
        let now = NOW + 29 * 40_000;
        assert_eq!(attempts.times().collect::<Vec<_>>(), [now - 80_000, now - 40_000, now]);
    }

    #[test]
    fn a_card_stays_small() {
        assert!(size_of::<Attempts>() <= 52, "{}", size_of::<Attempts>());
    }
}
