//! One line per request: who asked, about whom (a pseudonym), what came of it.
//!
//! A type of its own, because a `tracing` event costs ten times as much (reference/hot-path.md). It shares the writer
//! with `tracing`, and looks like it.

use std::cell::RefCell;
use std::io::Write as _;

use patron::Reason;
use roster::Pseudonym;
use site::LogFormat;

use crate::log_writer::LogWriter;

/// Writes verdict lines.
#[derive(Clone)]
pub struct VerdictLog {
    writer: LogWriter,
    format: LogFormat,
    enabled: bool,
}

/// What a line says. No card, no name, no PIN can be put in.
pub struct Line<'a> {
    /// The second, as `2026-11-23T16:54:25Z`.
    pub utc: &'a str,
    /// The client's id, or `-` before a login.
    pub client: &'a str,
    /// The district's id, or `-` where no rule claims the card.
    pub district: &'a str,
    /// Whom it is about; `None` where the request named nobody.
    pub pseudonym: Option<Pseudonym>,
    /// `admit`, `recognise` or `refuse`.
    pub verdict: &'static str,
    /// Why not.
    pub reason: Option<Reason>,
    /// Microseconds from the whole frame to the verdict.
    pub micros: u64,
}

impl VerdictLog {
    /// A log that writes this format; `enabled` is whether the level lets information through.
    pub const fn new(writer: LogWriter, format: LogFormat, enabled: bool) -> Self {
        Self { writer, format, enabled }
    }

    /// Logs a verdict.
    pub fn write(&self, line: &Line<'_>) {
        thread_local! {
            static BUFFER: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(256));
        }
        if !self.enabled {
            return;
        }
        BUFFER.with_borrow_mut(|buffer| {
            buffer.clear();
            // Writing to memory cannot fail. Ids have no character that JSON escapes.
            let _ = match self.format {
                LogFormat::Json => line.write_json(buffer),
                LogFormat::Text => line.write_text(buffer),
            };
            self.writer.append(buffer);
        });
    }
}

impl Line<'_> {
    fn write_json(&self, out: &mut Vec<u8>) -> std::io::Result<()> {
        out.extend_from_slice(b"{\"timestamp\":\"");
        out.extend_from_slice(self.utc.as_bytes());
        out.extend_from_slice(b"\",\"level\":\"INFO\",\"message\":\"verdict\",\"client\":\"");
        out.extend_from_slice(self.client.as_bytes());
        out.extend_from_slice(b"\",\"district\":\"");
        out.extend_from_slice(self.district.as_bytes());
        out.extend_from_slice(b"\",\"pseudonym\":\"");
        out.extend_from_slice(&self.pseudonym_text());
        out.extend_from_slice(b"\",\"verdict\":\"");
        out.extend_from_slice(self.verdict.as_bytes());
        out.extend_from_slice(b"\",\"reason\":\"");
        out.extend_from_slice(self.reason.map_or("-", Reason::name).as_bytes());
        writeln!(out, "\",\"us\":{}}}", self.micros)
    }

    fn write_text(&self, out: &mut Vec<u8>) -> std::io::Result<()> {
        let pseudonym = self.pseudonym_text();
        writeln!(
            out,
            "{}  INFO verdict client={} district={} pseudonym={} verdict={} reason={} us={}",
            self.utc,
            self.client,
            self.district,
            String::from_utf8_lossy(&pseudonym),
            self.verdict,
            self.reason.map_or("-", Reason::name),
            self.micros
        )
    }

    fn pseudonym_text(&self) -> [u8; 16] {
        self.pseudonym.map_or([b'-'; 16], Pseudonym::hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: Line<'_> = Line {
        utc: "2026-11-23T16:54:25Z",
        client: "overdrive",
        district: "cms",
        pseudonym: None,
        verdict: "refuse",
        reason: Some(Reason::NoPin),
        micros: 7,
    };

    #[test]
    fn the_json_line_is_json() {
        let mut out = Vec::new();
        LINE.write_json(&mut out).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value["message"], "verdict");
        assert_eq!(value["reason"], "no-pin");
        assert_eq!(value["us"], 7);
        assert_eq!(*out.last().unwrap(), b'\n');
    }

    #[test]
    fn the_text_line_says_the_same() {
        let mut out = Vec::new();
        LINE.write_text(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "2026-11-23T16:54:25Z  INFO verdict client=overdrive district=cms pseudonym=---------------- verdict=refuse reason=no-pin us=7\n"
        );
    }
}
