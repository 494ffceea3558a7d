//! `[limits]`: how much any peer may take, and how long.

use std::time::Duration;

use crate::section::Section;

/// Bounds and deadlines of connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections, all listeners together.
    pub connections: usize,
    /// Connections of one source address that have not logged in.
    pub per_source: usize,
    /// The largest frame, in bytes.
    pub frame: usize,
    /// The most fields in a message.
    pub fields: usize,
    /// For a PROXY header and a TLS handshake, each.
    pub tls_time: Duration,
    /// From connecting to a successful login.
    pub login_time: Duration,
    /// From the first byte of a frame to its last.
    pub frame_time: Duration,
    /// For one reply to be taken.
    pub write_time: Duration,
    /// Between two frames.
    pub idle_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            per_source: 64,
            frame: 4 << 10,
            fields: 64,
            tls_time: Duration::from_secs(5),
            login_time: Duration::from_secs(30),
            frame_time: Duration::from_secs(5),
            write_time: Duration::from_secs(5),
            idle_time: Duration::from_secs(10 * 60),
        }
    }
}

impl Limits {
    pub(crate) const KEYS: &[&str] = &[
        "connections",
        "per-source",
        "frame",
        "fields",
        "tls-time",
        "login-time",
        "frame-time",
        "write-time",
        "idle-time",
    ];

    pub(crate) fn read(section: &Section<'_>) -> Self {
        let default = Self::default();
        let count =
            |key, range, absent: usize| section.optional(key).and_then(|entry| entry.integer(range)).unwrap_or(absent);
        let time = |key, absent: Duration| {
            section.optional(key).and_then(|entry| entry.duration("10ms"..="1d")).unwrap_or(absent)
        };
        let limits = Self {
            connections: count("connections", 1..=1_000_000, default.connections),
            per_source: count("per-source", 1..=1_000_000, default.per_source),
            // The least holds a 63 with every field that the standard names; the most is far from any real message.
            frame: section.optional("frame").and_then(|entry| entry.size("256B"..="1MiB")).unwrap_or(default.frame),
            fields: count("fields", 16..=1_024, default.fields),
            tls_time: time("tls-time", default.tls_time),
            login_time: time("login-time", default.login_time),
            frame_time: time("frame-time", default.frame_time),
            write_time: time("write-time", default.write_time),
            idle_time: time("idle-time", default.idle_time),
        };
        if let Some(entry) = section.optional("per-source").filter(|_| limits.per_source > limits.connections) {
            entry.error("more than all connections together", format!("expected at most {}", limits.connections));
        }
        limits
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::trial::Trial;

    fn with(limits: &str) -> Trial {
        let mut trial = Trial::default();
        trial.main(&format!("{}[limits]\n{limits}", trial.main_text()));
        trial
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let limits = with("frame = \"8KiB\"\nidle-time = \"250ms\"\n").load().unwrap().site.limits;
        let expected = Limits { frame: 8192, idle_time: Duration::from_millis(250), ..Limits::default() };
        assert_eq!(limits, expected);
    }

    #[test]
    fn units_bounds_and_kinds_are_checked_each_at_its_place() {
        let trial = with(
            "connections = \"many\"\nper-source = 0\nframe = \"255B\"\nfields = 2000\nlogin-time = \"30\"\n\
             frame-time = 5\nwrite-time = \"0s\"\nidle-time = \"2d\"\n",
        );
        assert_eq!(
            trial.errors(),
            [
                "hallpass.toml:15:15 limits.connections: text where an integer belongs; expected an integer",
                "hallpass.toml:16:14 limits.per-source: out of range; expected 1 to 1000000",
                "hallpass.toml:17:9 limits.frame: out of range; expected 256B to 1MiB",
                "hallpass.toml:18:10 limits.fields: out of range; expected 16 to 1024",
                "hallpass.toml:19:14 limits.login-time: the unit is missing; \
                 expected a whole number with ms, s, m, h or d, such as \"15m\"",
                "hallpass.toml:20:14 limits.frame-time: an integer where text belongs; expected text",
                "hallpass.toml:21:14 limits.write-time: out of range; expected 10ms to 1d",
                "hallpass.toml:22:13 limits.idle-time: out of range; expected 10ms to 1d",
            ]
        );
    }

    #[test]
    fn decimal_sizes_are_refused_with_the_reason() {
        assert_eq!(
            with("frame = \"4KB\"\n").errors(),
            ["hallpass.toml:15:9 limits.frame: KB and MB mean 1000 to some and 1024 to others; \
              expected a whole number with B, KiB or MiB, such as \"4KiB\""]
        );
    }

    #[test]
    fn one_source_cannot_have_more_than_all() {
        assert_eq!(
            with("connections = 10\nper-source = 11\n").errors(),
            ["hallpass.toml:16:14 limits.per-source: more than all connections together; expected at most 10"]
        );
    }
}
