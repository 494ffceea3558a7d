//! What commands and the monitoring port tell, and what a test expects of it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::command::Output;
use crate::daemon::Daemon;
use crate::site::Site;
use crate::wire::PATIENCE;

impl Output {
    /// The same output, if the command ended with this exit code.
    #[track_caller]
    pub fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The same output, if standard output holds each of these.
    #[track_caller]
    pub fn tells(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stdout.contains(word), "nothing of {word:?} in stdout:\n{}", self.stdout);
        }
        self
    }

    /// The same output, if standard error holds each of these.
    #[track_caller]
    pub fn complains(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "nothing of {word:?} in stderr:\n{}", self.stderr);
        }
        self
    }

    /// The same output, if all that was complained of is one line.
    #[track_caller]
    pub fn complains_in_one_line(self, words: &[&str]) -> Self {
        let done = self.complains(words);
        assert_eq!(done.stderr.trim_end().lines().count(), 1, "stderr:\n{}", done.stderr);
        done
    }
}

impl Site {
    /// Changes one place of a file below `conf/`.
    #[track_caller]
    pub fn replace(&self, name: &str, from: &str, to: &str) {
        let path = self.path("conf").join(name);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{name} holds no {from:?}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    /// Adds to the end of a file below `conf/`.
    pub fn append(&self, name: &str, more: &str) {
        let path = self.path("conf").join(name);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, text + more).unwrap();
    }

    /// `roster status --json`, parsed.
    #[track_caller]
    pub fn status(&self) -> serde_json::Value {
        serde_json::from_str(&self.run(&["roster", "status", "--json"]).succeeded().stdout).unwrap()
    }
}

impl Daemon {
    /// Status and body of a GET from the admin port.
    #[track_caller]
    pub fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.admin()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    /// A metric, named with its labels; 0 where nothing was counted yet.
    #[track_caller]
    pub fn metric(&self, name: &str) -> u64 {
        let (_, text) = self.get("/metrics");
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok()).unwrap_or_default()
    }

    /// Waits until the log holds these words.
    #[track_caller]
    pub fn wait_for_words(&self, words: &str) {
        self.wait_for(words, |lines| lines.iter().any(|line| line.contains(words)).then_some(()));
    }

    /// Waits until somebody was turned away for this cause.
    #[track_caller]
    pub fn wait_for_login_failure(&self, cause: &str) {
        let event = format!("\"cause\":\"{cause}\"");
        self.wait_for(cause, |lines| {
            lines.iter().any(|line| line.contains("login_failed") && line.contains(&event)).then_some(())
        });
    }

    /// Lines of the log that hold these words.
    pub fn count_in_log(&self, words: &str) -> usize {
        self.log().iter().filter(|line| line.contains(words)).count()
    }
}

/// Waits for a condition that nothing announces, and returns what it found.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "between two looks at what announces nothing, under a deadline")]
pub fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let due = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < due, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
