//! One bounded writer for all that is logged, so that a blocked standard error stalls nobody.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Bytes that wait at most: some thousand lines.
const BOUND: usize = 1 << 20;
/// How long lines gather before they are written together.
const GATHER: Duration = Duration::from_millis(1);

/// Hands lines to the thread that writes them.
#[derive(Clone)]
pub struct LogWriter(Arc<Shared>);

struct Shared {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    written: Condvar,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    writing: bool,
    flush: bool,
}

impl LogWriter {
    /// Starts the thread that writes to `out`.
    pub fn start(mut out: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            arrived: Condvar::new(),
            written: Condvar::new(),
            dropped: AtomicU64::new(0),
        });
        let theirs = Arc::clone(&shared);
        thread::Builder::new().name("log".to_owned()).spawn(move || {
            let mut lines = Vec::new();
            loop {
                theirs.gather(&mut lines);
                // There is nowhere to report it, but in the metrics.
                if out.write_all(&lines).and_then(|()| out.flush()).is_err() {
                    let lost = lines.iter().filter(|byte| **byte == b'\n').count();
                    theirs.dropped.fetch_add(u64::try_from(lost).unwrap_or(u64::MAX), Ordering::Relaxed);
                }
                lines.clear();
                theirs.lock().writing = false;
                theirs.written.notify_all();
            }
        })?;
        Ok(Self(shared))
    }

    /// Takes whole lines, or drops and counts them where too much waits.
    pub fn append(&self, lines: &[u8]) {
        let mut waiting = self.0.lock();
        if waiting.lines.len() + lines.len() > BOUND {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let was_empty = waiting.lines.is_empty();
        waiting.lines.extend_from_slice(lines);
        drop(waiting);
        if was_empty {
            self.0.arrived.notify_one();
        }
    }

    /// Lines dropped so far.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Waits until all that was appended is written, for at most `patience`.
    pub fn flush(&self, patience: Duration) {
        let mut waiting = self.0.lock();
        waiting.flush = true;
        self.0.arrived.notify_one();
        let unwritten = |waiting: &mut Waiting| waiting.writing || !waiting.lines.is_empty();
        let (mut waiting, _) =
            self.0.written.wait_timeout_while(waiting, patience, unwritten).unwrap_or_else(PoisonError::into_inner);
        waiting.flush = false;
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for lines, lets a few more gather, and takes them all.
    fn gather(&self, lines: &mut Vec<u8>) {
        let waiting = self.lock();
        let waiting = self
            .arrived
            .wait_while(waiting, |waiting| waiting.lines.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let (mut waiting, _) = self
            .arrived
            .wait_timeout_while(waiting, GATHER, |waiting| !waiting.flush && waiting.lines.len() < BOUND / 2)
            .unwrap_or_else(PoisonError::into_inner);
        waiting.writing = true;
        std::mem::swap(&mut waiting.lines, lines);
    }
}

/// One `tracing` event on its way.
pub struct Line(LogWriter);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.append(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    struct Blocked(mpsc::Receiver<()>);

    impl Write for Blocked {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_was_appended_is_written_once_it_is_flushed() {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let writer = LogWriter::start(Kept(Arc::clone(&kept))).unwrap();
        writer.append(b"one\n");
        writer.append(b"two\n");
        writer.flush(Duration::from_secs(10));
        assert_eq!(*kept.lock().unwrap(), b"one\ntwo\n");
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let writer = LogWriter::start(Full).unwrap();
        writer.append(b"one\ntwo\n");
        writer.flush(Duration::from_secs(10));
        assert_eq!(writer.dropped(), 2);
    }

    #[test]
    fn a_blocked_output_stalls_nobody_and_drops_are_counted() {
        let (release, blocked) = mpsc::channel();
        let writer = LogWriter::start(Blocked(blocked)).unwrap();
        let line = [b'x'; 1024];
        for _ in 0..4 * BOUND / line.len() {
            writer.append(&line);
        }
        assert!(writer.dropped() > 0);
        assert!(writer.0.lock().lines.len() <= BOUND);
        drop(release);
    }
}
