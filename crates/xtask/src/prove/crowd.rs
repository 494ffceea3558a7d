//! Those who take what others need: on threads of their own that give way, as another machine would.

use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// The lowest claim on a processor. What the service does for a crowd counts, not what the crowd does itself.
const LAST: i32 = 19;
/// One would not keep the service busy.
const THREADS: usize = 2;

/// A crowd under way. Dropped, it goes: its sockets are closed.
#[derive(Debug)]
pub struct Crowd {
    end: oneshot::Sender<()>,
    thread: JoinHandle<Result<()>>,
}

impl Crowd {
    /// Starts it: `work` goes on until it ends, or the crowd does.
    pub fn start(work: impl Future<Output = ()> + Send + 'static) -> Result<Self> {
        let (end, ended) = oneshot::channel();
        let thread = thread::Builder::new().name("crowd".to_owned()).spawn(move || {
            // Of this thread, and of those that it starts.
            rustix::process::nice(LAST)?;
            let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
            runtime.block_on(async {
                tokio::select! {
                    _ = ended => {}
                    () = work => {}
                }
            });
            anyhow::Ok(())
        });
        Ok(Self { end, thread: thread.context("a thread for a crowd")? })
    }

    /// Ends it, and waits until its sockets are closed.
    pub fn end(self) -> Result<()> {
        drop(self.end);
        self.thread.join().ok().context("the crowd panicked")?
    }
}
