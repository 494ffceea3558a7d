//! A school ID as a library card: the command.

fn main() {}
