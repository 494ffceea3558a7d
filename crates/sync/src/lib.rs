//! From a source to a published generation: rows, publish guard, report.
