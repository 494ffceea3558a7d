//! SIP2 meets the domain here and nowhere else.
//!
//! - [`session`] what one connection knows: its client, its last reply; a frame in, a reply out
//! - [`request`] a message as a query; [`reply`] a verdict as a message; [`circulation`] what a roster cannot do
//! - [`manner`] how each client is written to; [`texts`] the screen messages
//! - [`shown`] replies taken apart again, for people

pub mod circulation;
pub mod manner;
pub mod reply;
pub mod request;
pub mod session;
pub mod shown;
pub mod texts;
