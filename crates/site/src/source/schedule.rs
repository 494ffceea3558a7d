//! When a district's source is looked at: `every`, or `at` times of day; never in its `quiet` hours.

use std::time::Duration;

use jiff::civil::Time;

use crate::entry::Entry;
use crate::section::Section;

/// When a source is looked at. Times of day are those of the library's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// How often, or when.
    pub due: Due,
    /// Hours in which no scheduled sync begins.
    pub quiet: Vec<Quiet>,
    /// Up to how much later each district is due, so that several do not ask one server at once.
    pub jitter: Duration,
}

/// How often, or when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// So long after the last time.
    Every(Duration),
    /// At these times of each day, in their order.
    At(Vec<Time>),
}

/// A time of each day, from its first minute to the one after its last; it may hold midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    from: Time,
    to: Time,
}

/// The most that is added where the district says nothing.
const JITTER: Duration = Duration::from_secs(5 * 60);

impl Schedule {
    /// Whether it is quiet at a time of day.
    pub fn is_quiet(&self, time: Time) -> bool {
        self.quiet.iter().any(|quiet| quiet.holds(time))
    }

    /// `None`: nothing is due by itself, or a mistake was told.
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let (every, at) = (section.optional("every"), section.optional("at"));
        let quiet = section.optional("quiet");
        let quiet_hours = quiet.as_ref().map_or_else(|| Some(Vec::new()), read_quiet);
        let jitter = section.optional("jitter");
        let due = match (&every, &at) {
            (Some(_), Some(at)) => {
                at.error("stands beside every", "expected only one of the two");
                None
            }
            (Some(every), None) => every.duration("1s"..="31d").map(Due::Every),
            (None, Some(at)) => at
                .nonempty_set("times of day, such as [\"02:30\"]", time_of_day)
                .map(|mut times| {
                    times.sort_unstable();
                    times
                })
                .map(Due::At),
            (None, None) => {
                for entry in [&quiet, &jitter].into_iter().flatten() {
                    entry.error("there is no schedule that it could be about", "expected every or at beside it");
                }
                None
            }
        };
        let jitter = jitter.map(|entry| (entry.duration("0s"..="1h"), entry));
        let due = due?;
        let most = match &due {
            Due::Every(every) => *every,
            Due::At(_) => Duration::MAX,
        };
        let jitter = match jitter {
            Some((Some(jitter), entry)) if jitter > most => {
                entry.error("longer than every", "expected less");
                return None;
            }
            Some((jitter, _)) => jitter?,
            None => JITTER.min(most / 10),
        };
        let schedule = Self { due, quiet: quiet_hours?, jitter };
        schedule.ever_due(at.as_ref(), quiet.as_ref()).then_some(schedule)
    }

    /// Whether the quiet hours leave anything; what they forbid is told.
    fn ever_due(&self, at: Option<&Entry<'_>>, quiet: Option<&Entry<'_>>) -> bool {
        const MINUTES: i8 = 60;
        let mut day = (0..24).flat_map(|hour| (0..MINUTES).map(move |minute| Time::constant(hour, minute, 0, 0)));
        if let (Some(quiet), true) = (quiet, day.all(|time| self.is_quiet(time))) {
            quiet.error("the whole day is quiet", "expected some of it to be left");
            return false;
        }
        let (Due::At(times), Some(at)) = (&self.due, at) else { return true };
        match times.iter().find(|time| self.is_quiet(**time)) {
            Some(time) => {
                at.error(format!("{} is in quiet", time.strftime("%H:%M")), "expected times outside quiet");
                false
            }
            None => true,
        }
    }
}

impl Quiet {
    /// Whether a time of day is in it.
    pub fn holds(&self, time: Time) -> bool {
        match self.from < self.to {
            true => self.from <= time && time < self.to,
            false => self.from <= time || time < self.to,
        }
    }

    /// Reads `07:00-16:00`; `24:00` is the end of a day.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "no two times of day";
        let (from, to) = text.split_once('-').ok_or(EXPECTED)?;
        let to = if to.trim() == "24:00" { "00:00" } else { to };
        let time = |text: &str| parse_time(text.trim()).map_err(|_| EXPECTED);
        let quiet = Self { from: time(from)?, to: time(to)? };
        if quiet.from == quiet.to { Err("begins and ends at the same time") } else { Ok(quiet) }
    }
}

fn read_quiet(entry: &Entry<'_>) -> Option<Vec<Quiet>> {
    entry.set(|item| item.parsed("from and to, such as \"07:00-16:00\"", Quiet::parse))
}

fn time_of_day(entry: &Entry<'_>) -> Option<Time> {
    entry.parsed("hour and minute, such as \"02:30\"", parse_time)
}

/// Reads `HH:MM`.
fn parse_time(text: &str) -> Result<Time, &'static str> {
    const EXPECTED: &str = "no time of day";
    let two = |part: &str| match part.as_bytes() {
        [b'0'..=b'9', b'0'..=b'9'] => part.parse::<i8>().map_err(|_| EXPECTED),
        _ => Err(EXPECTED),
    };
    let (hour, minute) = text.split_once(':').ok_or(EXPECTED)?;
    Time::new(two(hour)?, two(minute)?, 0, 0).map_err(|_| EXPECTED)
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;
    use crate::trial::Trial;

    fn with(schedule: &str) -> Trial {
        let mut trial = Trial::default();
        trial.district("cms", &format!("{}{schedule}", trial.district_text()));
        trial
    }

    #[track_caller]
    fn schedule(text: &str) -> Option<Schedule> {
        with(text).load().unwrap().site.districts[0].source.clone().unwrap().schedule
    }

    #[test]
    fn a_district_is_due_every_so_often_or_at_times_of_day_or_never() {
        assert_eq!(schedule(""), None);
        let hourly = schedule("every = \"1h\"\n").unwrap();
        assert_eq!((hourly.due, hourly.jitter), (Due::Every(Duration::from_secs(3600)), Duration::from_secs(300)));
        let nightly = schedule("at = [\"13:00\", \"02:30\"]\njitter = \"0s\"\n").unwrap();
        assert_eq!(
            (nightly.due, nightly.jitter),
            (Due::At(vec![time(2, 30, 0, 0), time(13, 0, 0, 0)]), Duration::ZERO)
        );
        assert_eq!(schedule("every = \"10s\"\n").unwrap().jitter, Duration::from_secs(1));
        let all_of_it = schedule("every = \"1h\"\njitter = \"1h\"\n").unwrap();
        assert_eq!(all_of_it.jitter, Duration::from_secs(3600));
    }

    #[test]
    fn quiet_hours_may_hold_midnight_and_end_before_their_last_minute() {
        let quiet = schedule("every = \"1h\"\nquiet = [\"07:00-16:00\", \"22:30-01:00\", \"05:00-24:00\"]\n").unwrap();
        let [school, night, late] = quiet.quiet[..] else { panic!() };
        assert!(
            school.holds(time(7, 0, 0, 0)) && school.holds(time(15, 59, 59, 0)) && !school.holds(time(16, 0, 0, 0))
        );
        assert!(night.holds(time(23, 0, 0, 0)) && night.holds(time(0, 59, 0, 0)) && !night.holds(time(1, 0, 0, 0)));
        assert!(late.holds(time(23, 59, 59, 0)) && !late.holds(time(4, 59, 0, 0)));
    }

    #[test]
    fn what_could_never_be_due_or_means_two_things_is_told() {
        for (text, told) in [
            ("every = \"1h\"\nat = [\"02:30\"]\n", "13:6 source.at: stands beside every; expected only one of the two"),
            (
                "quiet = [\"07:00-16:00\"]\n",
                "12:9 source.quiet: there is no schedule that it could be about; expected every or at beside it",
            ),
            ("at = [\"2:30\"]\n", "12:7 source.at[0]: no time of day; expected hour and minute, such as \"02:30\""),
            ("at = [\"24:00\"]\n", "12:7 source.at[0]: no time of day; expected hour and minute, such as \"02:30\""),
            ("at = []\n", "12:6 source.at: the list is empty; expected times of day, such as [\"02:30\"]"),
            (
                "at = [\"07:00\", \"16:00\"]\nquiet = [\"07:00-16:00\"]\n",
                "12:6 source.at: 07:00 is in quiet; expected times outside quiet",
            ),
            (
                "every = \"1h\"\nquiet = [\"07:00-16:00\", \"16:00-07:00\"]\n",
                "13:9 source.quiet: the whole day is quiet; expected some of it to be left",
            ),
            (
                "every = \"1h\"\nquiet = [\"07:00\"]\n",
                "13:10 source.quiet[0]: no two times of day; expected from and to, such as \"07:00-16:00\"",
            ),
            (
                "every = \"1h\"\nquiet = [\"07:00-07:00\"]\n",
                "13:10 source.quiet[0]: begins and ends at the same time; expected from and to, such as \"07:00-16:00\"",
            ),
            ("every = \"1m\"\njitter = \"2m\"\n", "13:10 source.jitter: longer than every; expected less"),
        ] {
            assert_eq!(with(text).errors(), [format!("districts/cms.toml:{told}")], "{text}");
        }
    }
}
