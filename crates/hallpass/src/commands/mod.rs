//! One file per command.

pub mod check;
pub mod completions;
pub mod demo;
pub mod explain;
pub mod hash_password;
pub mod keygen;
pub mod man;
pub mod orders;
pub mod probe;
pub mod report;
pub mod roster;
pub mod runs;
pub mod serve;
pub mod sync;
pub mod synthesise;
