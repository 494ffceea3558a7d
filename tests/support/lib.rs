//! Support for the tests of the real binary.
