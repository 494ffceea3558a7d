//! `hallpass serve`, its log and its addresses.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::command::hallpass;
use crate::site::Site;
use crate::wire::{PATIENCE, Wire};

/// A daemon of the test's own; killed when it goes.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    log: Arc<Log>,
    listeners: Vec<SocketAddr>,
    admin: Option<SocketAddr>,
}

/// What it wrote to standard error.
#[derive(Debug, Default)]
struct Log {
    lines: Mutex<Lines>,
    grew: Condvar,
}

#[derive(Debug, Default)]
struct Lines {
    lines: Vec<String>,
    ended: bool,
}

impl Daemon {
    /// Starts the daemon of a site and waits until all its listeners are open.
    #[track_caller]
    pub fn start(site: &Site) -> Self {
        let mut child = hallpass()
            .args(["serve", "--config", site.main_file().to_str().unwrap()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Log::default());
        let (theirs, stderr) = (Arc::clone(&log), child.stderr.take().unwrap());
        thread::spawn(move || theirs.fill(BufReader::new(stderr)));
        let mut daemon = Self { child, log, listeners: Vec::new(), admin: None };

        let main = site.main();
        let has = |header: &str| main.lines().filter(|line| line.trim() == header).count();
        let due = has("[[listener]]") + has("[admin]");
        let opened = daemon.wait_for("the listeners to open", |lines| {
            let opened: Vec<(String, SocketAddr)> = lines.iter().filter_map(|line| opened(line)).collect();
            (opened.len() == due).then_some(opened)
        });
        for (protocol, address) in opened {
            match protocol.as_str() {
                "http" => daemon.admin = Some(address),
                _ => daemon.listeners.push(address),
            }
        }
        daemon
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A listener's address, in the order of the configuration: 0 is the catalogue's, at 1 one logs in.
    pub fn address(&self, listener: usize) -> SocketAddr {
        self.listeners[listener]
    }

    /// Where monitoring is.
    pub fn admin(&self) -> SocketAddr {
        self.admin.expect("the configuration has [admin]")
    }

    /// A connection to the catalogue's listener.
    #[track_caller]
    pub fn catalogue(&self) -> Wire {
        Wire::connect(self.address(0))
    }

    /// A connection to the listener where one logs in, before the login.
    #[track_caller]
    pub fn login_listener(&self) -> Wire {
        Wire::connect(self.address(1))
    }

    /// All that was logged so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().lines.clone()
    }

    /// Waits until the log satisfies a condition; `what` names it in the report.
    #[track_caller]
    pub fn wait_for<T>(&self, what: &str, condition: impl Fn(&[String]) -> Option<T>) -> T {
        let due = Instant::now() + PATIENCE;
        let mut lines = self.log.lock();
        loop {
            if let Some(found) = condition(&lines.lines) {
                return found;
            }
            let left = due.saturating_duration_since(Instant::now());
            let log = || lines.lines.join("\n");
            assert!(!lines.ended, "the daemon ended while waiting for {what}:\n{}", log());
            assert!(!left.is_zero(), "waited in vain for {what}:\n{}", log());
            (lines, _) = self.log.grew.wait_timeout(lines, left).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for an event of the log by its message, and returns its fields. The daemon must log JSON.
    #[track_caller]
    pub fn wait_for_event(&self, message: &str) -> Value {
        self.wait_for(message, |lines| lines.iter().find_map(|line| event(line, message)))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        // It may have ended by itself: that shows elsewhere.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Sends SIGTERM, and returns the exit code.
    #[track_caller]
    pub fn terminate(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.wait_for_the_end()
    }

    /// Sends SIGKILL, and waits for the end.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        self.wait_for_the_end();
    }

    /// Waits until the daemon has ended and its whole log is read, and returns the exit code.
    #[track_caller]
    pub fn wait_for_the_end(&mut self) -> Option<i32> {
        let due = Instant::now() + PATIENCE;
        let mut lines = self.log.lock();
        while !lines.ended {
            let left = due.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the daemon did not end:\n{}", lines.lines.join("\n"));
            (lines, _) = self.log.grew.wait_timeout(lines, left).unwrap_or_else(PoisonError::into_inner);
        }
        drop(lines);
        // Its standard error is closed: it is ending, or has.
        self.child.wait().unwrap().code()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fill(&self, mut stderr: impl BufRead) {
        let mut bytes = Vec::new();
        while stderr.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
            self.lock().lines.push(String::from_utf8_lossy(&bytes).trim_end().to_owned());
            self.grew.notify_all();
            bytes.clear();
        }
        self.lock().ended = true;
        self.grew.notify_all();
    }
}

/// The fields of a log line, if it is this event.
fn event(line: &str, message: &str) -> Option<Value> {
    let line: Value = serde_json::from_str(line).ok()?;
    // The formatter may put an event's fields beside its message or at the top.
    let fields = if line["fields"].is_object() { line["fields"].clone() } else { line };
    (fields["message"] == message).then_some(fields)
}

fn opened(line: &str) -> Option<(String, SocketAddr)> {
    let fields = event(line, "listening")?;
    Some((fields["protocol"].as_str()?.to_owned(), fields["address"].as_str()?.parse().ok()?))
}
