//! The daemon: listeners, sessions, protocol adapters, logs, metrics, control.
