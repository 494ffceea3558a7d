//! Why a command failed, and the exit code that says so (sysexits.h).

use bridge::BridgeError;
use roster::RosterError;
use sync::SyncError;

/// The command line is wrong.
pub const USAGE: u8 = 64;
/// The data is wrong: a refused roster.
pub const DATA: u8 = 65;
/// Something is not available: a port, a lock, an inbox, a daemon.
pub const UNAVAILABLE: u8 = 69;
/// A fault of ours.
pub const INTERNAL: u8 = 70;
/// The configuration is wrong, with the key file and the data folder.
pub const CONFIGURATION: u8 = 78;

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: u8,
    /// One line that says what to do, or the whole list of a configuration's faults.
    pub message: String,
}

impl Failure {
    /// A failure with a code.
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Something is not available.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(UNAVAILABLE, message)
    }
}

impl From<site::Faults> for Failure {
    fn from(faults: site::Faults) -> Self {
        Self::new(CONFIGURATION, format!("the configuration is not valid\n\n{faults}"))
    }
}

impl From<RosterError> for Failure {
    fn from(error: RosterError) -> Self {
        let code = match &error {
            RosterError::KeyFile { .. } | RosterError::DataFolder { .. } => CONFIGURATION,
            RosterError::OutOfOrder | RosterError::Crypto(_) => INTERNAL,
            RosterError::Damaged { .. } | RosterError::MissingKey { .. } => DATA,
            RosterError::Locked { .. } | RosterError::Io { .. } | RosterError::Database { .. } => UNAVAILABLE,
        };
        Self::new(code, error.to_string())
    }
}

impl From<SyncError> for Failure {
    fn from(error: SyncError) -> Self {
        let code = match error {
            SyncError::Roster(error) => return error.into(),
            SyncError::Source(ref refusal) if refusal.actor() == patron::Actor::District => DATA,
            SyncError::Source(ref refusal) if refusal.is_configuration() => CONFIGURATION,
            SyncError::Source(_) | SyncError::EmptyInbox { .. } => UNAVAILABLE,
            SyncError::NoSource(_) => CONFIGURATION,
        };
        Self::new(code, error.to_string())
    }
}

impl From<BridgeError> for Failure {
    fn from(error: BridgeError) -> Self {
        match error {
            BridgeError::Roster(error) => error.into(),
            BridgeError::House(_) | BridgeError::AuditFile { .. } | BridgeError::Handed { .. } => {
                Self::new(CONFIGURATION, error.to_string())
            }
            other => Self::unavailable(other.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::unavailable(error.to_string())
    }
}
