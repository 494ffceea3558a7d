//! One bounded writer for all that is logged, so that a blocked standard error stalls nobody.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Bytes that wait at most in one place: some thousand lines.
const BOUND: usize = 1 << 19;
/// How long lines gather before they are written together.
const GATHER: Duration = Duration::from_millis(5);
/// Places where lines gather; each thread has its own, so that two workers do not meet here on every request. Lines of
/// two threads may change places within [`GATHER`].
const PLACES: usize = 4;

/// Hands lines to the thread that writes them.
#[derive(Clone)]
pub struct LogWriter(Arc<Shared>);

struct Shared {
    places: [Mutex<Vec<u8>>; PLACES],
    /// Whether some place has lines.
    waiting: AtomicBool,
    writing: Mutex<Writing>,
    arrived: Condvar,
    written: Condvar,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Writing {
    under_way: bool,
    flush: bool,
}

impl LogWriter {
    /// Starts the thread that writes to `out`.
    pub fn start(mut out: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            places: Default::default(),
            waiting: AtomicBool::new(false),
            writing: Mutex::default(),
            arrived: Condvar::new(),
            written: Condvar::new(),
            dropped: AtomicU64::new(0),
        });
        let theirs = Arc::clone(&shared);
        thread::Builder::new().name("log".to_owned()).spawn(move || {
            let mut lines = Vec::new();
            loop {
                theirs.wait_for_lines();
                for place in &theirs.places {
                    std::mem::swap(&mut *lock(place), &mut lines);
                    // There is nowhere to report a broken standard error.
                    let _ = out.write_all(&lines);
                    lines.clear();
                }
                let _ = out.flush();
                lock(&theirs.writing).under_way = false;
                theirs.written.notify_all();
            }
        })?;
        Ok(Self(shared))
    }

    /// Takes whole lines, or drops and counts them where too much waits.
    pub fn append(&self, lines: &[u8]) {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static PLACE: usize = THREADS.fetch_add(1, Ordering::Relaxed) % PLACES;
        }
        let shared = &*self.0;
        let Some(place) = shared.places.get(PLACE.with(|place| *place)) else { return };
        let mut place = lock(place);
        if place.len() + lines.len() > BOUND {
            shared.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        place.extend_from_slice(lines);
        drop(place);
        if !shared.waiting.load(Ordering::Acquire) && !shared.waiting.swap(true, Ordering::AcqRel) {
            drop(lock(&shared.writing));
            shared.arrived.notify_one();
        }
    }

    /// Lines dropped so far.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Waits until all that was appended is written, for at most `patience`.
    pub fn flush(&self, patience: Duration) {
        let shared = &*self.0;
        let mut writing = lock(&shared.writing);
        writing.flush = true;
        shared.arrived.notify_one();
        let unwritten = |writing: &mut Writing| writing.under_way || shared.waiting.load(Ordering::Acquire);
        let (mut writing, _) =
            shared.written.wait_timeout_while(writing, patience, unwritten).unwrap_or_else(PoisonError::into_inner);
        writing.flush = false;
    }
}

impl Shared {
    /// Waits for lines, and lets a few more gather.
    fn wait_for_lines(&self) {
        let writing = lock(&self.writing);
        let writing = self
            .arrived
            .wait_while(writing, |_| !self.waiting.load(Ordering::Acquire))
            .unwrap_or_else(PoisonError::into_inner);
        let (mut writing, _) = self
            .arrived
            .wait_timeout_while(writing, GATHER, |writing| !writing.flush)
            .unwrap_or_else(PoisonError::into_inner);
        writing.under_way = true;
        // Before the places are looked into: what is appended from now on is seen, or rings again.
        self.waiting.store(false, Ordering::Release);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn a_blocked_output_stalls_nobody_and_drops_are_counted() {
        let (release, blocked) = mpsc::channel();
        let writer = LogWriter::start(Blocked(blocked)).unwrap();
        let line = [b'x'; 1024];
        for _ in 0..4 * BOUND / line.len() {
            writer.append(&line);
        }
        assert!(writer.dropped() > 0);
        assert!(writer.0.places.iter().map(|place| lock(place).len()).sum::<usize>() <= BOUND);
        drop(release);
    }
}
