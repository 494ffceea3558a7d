//! The project's chores: test, bench.

fn main() {}
