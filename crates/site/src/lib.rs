//! The parsed configuration of one library: what exists here is valid.
