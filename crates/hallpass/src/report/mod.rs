//! `hallpass report`, but for its command: who is enrolled, who may, and who has used it, without anybody to be found in it.
//!
//! - [`gather`] counts what the served rosters and the state say: [`figures`]
//! - [`withhold`] decides what may be shown, by what a reader could work out: [`relations`] and [`bounds`]
//! - [`sheet`] what is shown; [`table`], [`csv`], [`json`] and [`svg`] write it, and know of nothing else

pub mod bounds;
pub mod csv;
pub mod figures;
pub mod gather;
pub mod json;
pub mod relations;
pub mod sheet;
pub mod svg;
pub mod table;
pub mod withhold;

#[cfg(test)]
mod tests;
