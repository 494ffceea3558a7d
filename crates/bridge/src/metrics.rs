//! What monitoring sees. Labels come from enums and configured ids, never from the wire.

use std::sync::OnceLock;

use patron::Reason;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use sip2::Tolerance;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerdictLabels {
    client: String,
    district: String,
    verdict: &'static str,
    reason: &'static str,
}

/// The label of one listener.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ListenerLabel {
    /// Its address.
    pub listener: String,
}

/// The label of one district.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct DistrictLabel {
    /// Its id.
    pub district: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    district: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ToleranceLabels {
    client: String,
    tolerance: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClientLabel {
    client: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CauseLabel {
    cause: &'static str,
}

/// Why a connection was not taken or was ended by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Closed {
    Idle,
    LoginTime,
    FrameTime,
    WriteTime,
    FrameTooLong,
    TooManyFields,
    Unreadable,
    FailedLogins,
    PerSource,
    Strangers,
    Proxy,
    Tls,
    NotAdmitted,
    Outage,
}

impl Closed {
    /// The word in metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle-time",
            Self::LoginTime => "login-time",
            Self::FrameTime => "frame-time",
            Self::WriteTime => "write-time",
            Self::FrameTooLong => "frame",
            Self::TooManyFields => "fields",
            Self::Unreadable => "unreadable",
            Self::FailedLogins => "failed-logins",
            Self::PerSource => "per-source",
            Self::Strangers => "strangers",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::NotAdmitted => "not-admitted",
            Self::Outage => "outage",
        }
    }
}

/// All metrics of the daemon.
pub struct Metrics {
    registry: Registry,
    verdicts: Family<VerdictLabels, Counter>,
    /// Seconds from a whole frame to its reply.
    pub request_seconds: Histogram,
    /// Open connections by listener.
    pub connections: Family<ListenerLabel, Gauge>,
    closed: Family<CauseLabel, Counter>,
    login_failures: Family<CauseLabel, Counter>,
    tolerated: Family<ToleranceLabels, Counter>,
    limited_lookups: Family<ClientLabel, Counter>,
    /// Reloads that changed nothing.
    pub reloads_refused: Counter,
    /// Frames whose checksum was wrong: answered by a 96.
    pub wrong_checksums: Counter,
    /// Panics; each costs one connection.
    pub panics: Counter,
    roster_age: Family<DistrictLabel, Gauge>,
    roster_students: Family<DistrictLabel, Gauge>,
    opted_out: Family<DistrictLabel, Gauge>,
    opt_outs_kept: Family<DistrictLabel, Gauge>,
    syncs_refused: Family<DistrictLabel, Counter>,
    syncs_running: Gauge,
    syncs_waiting: Gauge,
    lines_dropped: Counter,
    audit_lines_dropped: Counter,
    slow_pins_turned_away: Counter,
    /// Uses that found no room among those that wait to be written.
    pub uses_deferred: Counter,
    locked: Gauge,
    directory_up: Family<DistrictLabel, Gauge>,
    directory_busy: Family<DistrictLabel, Gauge>,
    directory_questions: Family<OutcomeLabels, Counter>,
}

/// The counters of one client, found without a look-up by string.
pub struct ClientCounters {
    client: String,
    districts: Vec<String>,
    counters: Vec<OnceLock<Counter>>,
}

const OUTCOMES: usize = Reason::ALL.len() + 2;

impl Metrics {
    /// Fresh metrics.
    pub fn new() -> Self {
        // Powers of two from 4 us: the hot path takes about ten, an overloaded machine milliseconds, a directory up to 2 s.
        let buckets = (2..22).map(|power| f64::from(1_u32 << power) / 1e6);
        let mut metrics = Self {
            registry: Registry::default(),
            verdicts: Family::default(),
            request_seconds: Histogram::new(buckets),
            connections: Family::default(),
            closed: Family::default(),
            login_failures: Family::default(),
            tolerated: Family::default(),
            limited_lookups: Family::default(),
            reloads_refused: Counter::default(),
            wrong_checksums: Counter::default(),
            panics: Counter::default(),
            roster_age: Family::default(),
            roster_students: Family::default(),
            opted_out: Family::default(),
            opt_outs_kept: Family::default(),
            syncs_refused: Family::default(),
            syncs_running: Gauge::default(),
            syncs_waiting: Gauge::default(),
            lines_dropped: Counter::default(),
            audit_lines_dropped: Counter::default(),
            slow_pins_turned_away: Counter::default(),
            uses_deferred: Counter::default(),
            locked: Gauge::default(),
            directory_up: Family::default(),
            directory_busy: Family::default(),
            directory_questions: Family::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("hallpass_verdicts", "Requests by outcome", self.verdicts.clone());
        registry.register("hallpass_request_seconds", "From a whole frame to its reply", self.request_seconds.clone());
        registry.register("hallpass_connections", "Open connections", self.connections.clone());
        registry.register("hallpass_connections_closed", "Connections ended by a limit", self.closed.clone());
        registry.register("hallpass_login_failures", "Failed logins", self.login_failures.clone());
        registry.register(
            "hallpass_tolerated_checksums",
            "Frames taken though their checksum was not by the book",
            self.tolerated.clone(),
        );
        let limited = self.limited_lookups.clone();
        registry.register("hallpass_ncip_lookups_limited", "Look-ups without a PIN over the client's limit", limited);
        registry.register("hallpass_reloads_refused", "Reloads that changed nothing", self.reloads_refused.clone());
        registry.register("hallpass_wrong_checksums", "Frames answered by a 96", self.wrong_checksums.clone());
        registry.register("hallpass_panics", "Panics, each the end of one connection", self.panics.clone());
        registry.register("hallpass_roster_age_seconds", "Since the served roster was made", self.roster_age.clone());
        registry.register("hallpass_roster_students", "People in the served roster", self.roster_students.clone());
        registry.register("hallpass_opted_out", "People who have opted out", self.opted_out.clone());
        let kept = self.opt_outs_kept.clone();
        registry.register("hallpass_opt_outs_kept", "1: the file is unclear, and the last good list goes on", kept);
        registry.register("hallpass_syncs_refused", "Rosters that were not published", self.syncs_refused.clone());
        registry.register("hallpass_syncs_running", "Scheduled syncs under way", self.syncs_running.clone());
        registry.register("hallpass_syncs_waiting", "Districts due, waiting for room", self.syncs_waiting.clone());
        registry.register("hallpass_locked_cards", "Students locked by wrong PINs", self.locked.clone());
        registry.register("hallpass_directory_up", "0: it did not answer, and is not asked", self.directory_up.clone());
        registry.register("hallpass_directory_busy", "Logins that ask or wait now", self.directory_busy.clone());
        let questions = self.directory_questions.clone();
        registry.register("hallpass_directory_questions", "Logins by what came of asking the directory", questions);
        registry.register("hallpass_uses_deferred", "Uses that count with a later one", self.uses_deferred.clone());
        registry.register("hallpass_audit_lines_dropped", "Verdicts dropped", self.audit_lines_dropped.clone());
        let help = "Checks of hashed PINs without a turn";
        registry.register("hallpass_slow_pins_turned_away", help, self.slow_pins_turned_away.clone());
        registry.register("hallpass_verdict_lines_dropped", "Log lines dropped", self.lines_dropped.clone());
    }

    /// The counters of a client over these districts.
    pub fn client(&self, client: &str, districts: &[resolver::District]) -> ClientCounters {
        let districts: Vec<String> =
            districts.iter().map(|district| district.id.clone()).chain(["-".to_owned()]).collect();
        let counters = (0..districts.len() * OUTCOMES).map(|_| OnceLock::new()).collect();
        ClientCounters { client: client.to_owned(), districts, counters }
    }

    /// Counts a verdict.
    pub fn count_verdict(
        &self,
        client: &ClientCounters,
        district: Option<usize>,
        verdict: &'static str,
        reason: Option<Reason>,
    ) {
        let district = district.unwrap_or(client.districts.len() - 1);
        let outcome = match reason {
            Some(reason) => 2 + Reason::ALL.iter().position(|known| *known == reason).unwrap_or_default(),
            None => usize::from(verdict == "admit"),
        };
        let Some(counter) = client.counters.get(district * OUTCOMES + outcome) else { return };
        counter
            .get_or_init(|| {
                let labels = VerdictLabels {
                    client: client.client.clone(),
                    district: client.districts.get(district).cloned().unwrap_or_default(),
                    verdict,
                    reason: reason.map_or("-", Reason::name),
                };
                self.verdicts.get_or_create(&labels).clone()
            })
            .inc();
    }

    /// Counts a connection that a limit ended.
    pub fn count_closed(&self, cause: Closed) {
        self.closed.get_or_create(&CauseLabel { cause: cause.name() }).inc();
    }

    /// Counts somebody who was not let in.
    pub fn count_login_failure(&self, cause: &'static str) {
        self.login_failures.get_or_create(&CauseLabel { cause }).inc();
    }

    /// Counts a checksum that was taken though it was not by the book; `client` is its id, or `-`.
    pub fn count_tolerated(&self, client: &str, tolerance: Tolerance) {
        let tolerance = match tolerance {
            Tolerance::CodePoints(_) => "code-points",
            Tolerance::LowercaseHex => "lowercase-hex",
            Tolerance::Unpadded => "unpadded",
        };
        self.tolerated.get_or_create(&ToleranceLabels { client: client.to_owned(), tolerance }).inc();
    }

    /// Counts a look-up without a PIN that was one too many; `client` is its id.
    pub fn count_limited_lookup(&self, client: &str) {
        self.limited_lookups.get_or_create(&ClientLabel { client: client.to_owned() }).inc();
    }

    /// Counts a roster that was not published.
    pub fn count_refused_sync(&self, district: &str) {
        self.syncs_refused.get_or_create(&DistrictLabel { district: district.to_owned() }).inc();
    }

    /// Takes over how many scheduled syncs run, and how many districts are due and wait until one ends.
    pub fn observe_syncs(&self, running: usize, waiting: usize) {
        self.syncs_running.set(i64::try_from(running).unwrap_or(i64::MAX));
        self.syncs_waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    /// Takes over what is looked at, not counted: rosters, locks, dropped lines.
    pub fn observe(&self, rosters: &resolver::Rosters, now: u32, locked: usize, sums: [u64; 3]) {
        self.roster_age.clear();
        self.roster_students.clear();
        self.opted_out.clear();
        self.opt_outs_kept.clear();
        self.directory_up.clear();
        self.directory_busy.clear();
        for (number, district) in rosters.districts().iter().enumerate() {
            let label = DistrictLabel { district: district.id.clone() };
            if let Some(list) = rosters.opted_out(number) {
                self.opted_out.get_or_create(&label).set(i64::try_from(list.len()).unwrap_or(i64::MAX));
                self.opt_outs_kept.get_or_create(&label).set(i64::from(list.trouble().is_some()));
            }
            if let Some(line) = &district.live {
                self.directory_up.get_or_create(&label).set(i64::from(!line.is_down()));
                self.directory_busy.get_or_create(&label).set(i64::try_from(line.busy()).unwrap_or(i64::MAX));
                for (outcome, sum) in line.counts().all() {
                    let labels = OutcomeLabels { district: district.id.clone(), outcome };
                    let counter = self.directory_questions.get_or_create(&labels);
                    counter.inc_by(sum.saturating_sub(counter.get()));
                }
            }
            let Ok(generation) = rosters.generation(number) else { continue };
            let age = i64::from(now).saturating_sub(generation.header().made_at);
            self.roster_age.get_or_create(&label).set(age);
            let people = i64::try_from(generation.header().people).unwrap_or(i64::MAX);
            self.roster_students.get_or_create(&label).set(people);
        }
        self.locked.set(i64::try_from(locked).unwrap_or(i64::MAX));
        // Others count, and the sums are taken over when they are looked at.
        for (counter, sum) in
            [&self.lines_dropped, &self.audit_lines_dropped, &self.slow_pins_turned_away].into_iter().zip(sums)
        {
            counter.inc_by(sum.saturating_sub(counter.get()));
        }
    }

    /// The text that Prometheus scrapes.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_counted_by_configured_ids() {
        let metrics = Metrics::new();
        let client = metrics.client("overdrive", &[]);
        metrics.count_verdict(&client, None, "refuse", Some(Reason::UnknownCard));
        metrics.count_verdict(&client, None, "refuse", Some(Reason::UnknownCard));
        metrics.count_verdict(&client, None, "admit", None);
        let text = metrics.text();
        assert!(text.contains(
            r#"hallpass_verdicts_total{client="overdrive",district="-",verdict="refuse",reason="unknown-card"} 2"#
        ));
        assert!(text.contains(r#"verdict="admit",reason="-"} 1"#));
    }

    #[test]
    fn what_is_looked_at_has_its_documented_name() {
        assert!(Metrics::new().text().contains("hallpass_verdict_lines_dropped_total 0"));
    }
}
