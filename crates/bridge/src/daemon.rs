//! The service from start to end.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use roster::{Keyring, RosterError, Store, key_file};
use site::{Level, Loaded, LogFormat, Site};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing_subscriber::filter::LevelFilter;

use crate::house::HouseFault;
use crate::lanes::Lanes;
use crate::listener::Listener;
use crate::log_writer::LogWriter;
use crate::service::Service;
use crate::sockets::Handed;
use crate::{admin, control, keeper, reload};

/// All connections end within this after a SIGTERM.
const DRAIN: Duration = Duration::from_secs(9);

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    /// The key file or the data folder.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// A listener's TLS, or a directory.
    #[error(transparent)]
    House(#[from] HouseFault),
    /// The audit log.
    #[error("log.audit-file {}: {error}; name a file in a folder that the service's user can write to", file.display())]
    AuditFile {
        /// Its name, without the day.
        file: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A socket was handed over that no listener asks for.
    #[error(
        "a socket on {address} was handed over (LISTEN_FDS), and no [[listener]] or [admin] has that address; \
             make hallpass.socket and the configuration agree"
    )]
    Handed {
        /// Where it listens.
        address: SocketAddr,
    },
    /// An address cannot be listened on.
    #[error("{key} {address}: {error}; {mend}")]
    Address {
        /// The configuration's key.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
        /// What to do.
        mend: &'static str,
    },
    /// Something that a running system has is missing.
    #[error("{what}: {error}")]
    System {
        /// What.
        what: &'static str,
        /// What the system said.
        error: io::Error,
    },
}

/// The addresses that were opened.
pub struct Opened {
    /// The listeners, in the configuration's order.
    pub listeners: Vec<String>,
    /// The admin port.
    pub admin: Option<SocketAddr>,
}

/// Runs the service until it is told to stop. `ready` is called once every listener is open.
pub async fn serve(loaded: Loaded, ready: impl FnOnce(&Opened)) -> Result<(), BridgeError> {
    let Loaded { site, warnings } = loaded;
    let site = Arc::new(site);
    let log = LogWriter::start(io::stderr()).map_err(system("the log"))?;
    start_tracing(&site, &log);
    for warning in &warnings {
        tracing::warn!(key = warning.key, problem = warning.problem, advice = warning.advice, "configuration");
    }
    // Before anybody can be answered, and so know that we are here and stop us.
    let mut signals = Signals::listen().map_err(system("signals"))?;
    let store = open_store(&site)?;
    let _daemon = store.lock_daemon()?;
    let (service, works) = Service::open(Arc::clone(&site), store, log.clone())?;
    let service = Arc::new(service);
    count_panics(&service);
    raise_descriptor_limit();
    keep_out_of_core_files();

    let mut handed = Handed::take().map_err(system("LISTEN_FDS"))?;
    let listeners = open_listeners(&site, &mut handed)?;
    let admin_socket = match site.admin {
        Some(address) => Some(handed.listen(address).map_err(address_fault("admin.address", address))?),
        None => None,
    };
    if let Some(address) = handed.left().into_iter().next() {
        return Err(BridgeError::Handed { address });
    }
    let control_socket = control::open(&site.data_dir).map_err(system("DATA-DIR/control.sock"))?;
    let (draining, tasks) = (CancellationToken::new(), TaskTracker::new());
    let permits = Arc::new(Semaphore::new(site.limits.connections));
    let lanes = Arc::new(Lanes::open().map_err(system("threads"))?);
    let mut opened = Opened { listeners: Vec::new(), admin: None };
    for (listener, configured) in listeners.into_iter().zip(&site.listeners) {
        tracing::info!(protocol = configured.protocol.name(), address = listener.name(), "listening");
        opened.listeners.push(listener.name().to_owned());
        let (service, permits, lanes) = (Arc::clone(&service), Arc::clone(&permits), Arc::clone(&lanes));
        tasks.spawn(Arc::new(listener).run(service, permits, lanes, tasks.clone(), draining.clone()));
    }
    if let Some(socket) = admin_socket {
        let address = socket.local_addr().map_err(system("admin.address"))?;
        tracing::info!(protocol = "http", %address, "listening");
        opened.admin = Some(address);
        tasks.spawn(admin::run(socket, Arc::clone(&service), draining.clone()));
    }
    tasks.spawn(control::run(control_socket, Arc::clone(&service), draining.clone()));
    tasks.spawn(keeper::keep_passwords(Arc::clone(&service), works, draining.clone()));
    tasks.spawn(keeper::run(Arc::clone(&service), draining.clone()));
    // Whether anybody wanted to know is systemd's matter.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    ready(&opened);

    wait_for_the_end(&service, &mut signals).await;
    drain(&draining, &tasks, &mut signals).await;
    keeper::save_attempts(&service).await;
    keeper::count_last_uses(&service).await;
    service.audit.flush(Duration::from_secs(1));
    log.flush(Duration::from_secs(1));
    Ok(())
}

/// Opens the key file and the data folder of a configuration.
pub fn open_store(site: &Site) -> Result<Store, RosterError> {
    Store::open(&site.data_dir, Arc::new(load_keyring(site)?))
}

/// Reads the key file of a configuration.
pub(crate) fn load_keyring(site: &Site) -> Result<Keyring, RosterError> {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    key_file::load(&site.key_file, credentials.as_deref())
}

fn start_tracing(site: &Site, log: &LogWriter) {
    let level = match site.log.level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    let builder = tracing_subscriber::fmt().with_max_level(level).with_writer(log.clone()).with_target(false);
    // A second service in one process (a test) keeps the first one's subscriber.
    let _ = match site.log.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.with_ansi(false).try_init(),
    };
}

fn open_listeners(site: &Site, handed: &mut Handed) -> Result<Vec<Listener>, BridgeError> {
    let mut listeners = Vec::new();
    for (door, listener) in site.listeners.iter().enumerate() {
        let opened = handed.listen(listener.address).and_then(|socket| Listener::new(socket, door));
        listeners.push(opened.map_err(address_fault("listener.address", listener.address))?);
    }
    Ok(listeners)
}

/// The signals that are listened to.
struct Signals {
    term: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Listens from now on: before that, a SIGHUP ends the process.
    fn listen() -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Ends with a SIGTERM or a SIGINT.
    async fn end(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Waits for the end; a SIGHUP reloads on the way.
async fn wait_for_the_end(service: &Arc<Service>, signals: &mut Signals) {
    loop {
        tokio::select! {
            _ = signals.term.recv() => return,
            _ = signals.interrupt.recv() => return,
            _ = signals.hangup.recv() => {
                let service = Arc::clone(service);
                // It says in the log what came of it.
                drop(tokio::task::spawn_blocking(move || reload::reload(&service)));
            }
        }
    }
}

/// Stops accepting, lets every connection finish its frame, and waits for them; a second signal ends it at once.
async fn drain(draining: &CancellationToken, tasks: &TaskTracker, signals: &mut Signals) {
    tracing::info!(tasks = tasks.len(), "draining");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    draining.cancel();
    tasks.close();
    tokio::select! {
        () = tasks.wait() => {}
        () = tokio::time::sleep(DRAIN) => tracing::warn!(tasks = tasks.len(), "some connections did not end in time"),
        () = signals.end() => tracing::warn!(tasks = tasks.len(), "told twice to stop"),
    }
}

/// A panic costs one connection: its task unwinds. Its text may hold anything, so only its place is logged.
fn count_panics(service: &Arc<Service>) {
    let service = Arc::downgrade(service);
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
        if let Some(service) = service.upgrade() {
            service.metrics.panics.inc();
        }
    }));
}

/// As many descriptors as the system lets us have: each connection is one.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, "the descriptor limit stays as it is");
    }
}

/// A core file would hold keys and PINs.
fn keep_out_of_core_files() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "a crash may leave a core file");
    }
}

fn address_fault(key: &'static str, address: SocketAddr) -> impl FnOnce(io::Error) -> BridgeError {
    move |error| {
        let mend = match error.kind() {
            io::ErrorKind::AddrInUse => "another process has it: stop that one, or choose another port",
            io::ErrorKind::PermissionDenied => "ports under 1024 need CAP_NET_BIND_SERVICE: choose another port",
            io::ErrorKind::AddrNotAvailable => "this machine has no such address",
            _ => "choose another address",
        };
        BridgeError::Address { key, address, error, mend }
    }
}

fn system(what: &'static str) -> impl FnOnce(io::Error) -> BridgeError {
    move |error| BridgeError::System { what, error }
}
