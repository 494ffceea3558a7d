//! A district's source of truth, read as a stream of people: one file per kind of source.
