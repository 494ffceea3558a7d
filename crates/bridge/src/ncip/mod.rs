//! NCIP meets the domain here and nowhere else.
//!
//! - [`http`] and [`tcp`] the two ways that messages come; [`form`] a message wrapped in a form; [`deadlines`] how long each
//!   may take
//! - [`session`] what one connection knows: a message in, an answer out; [`identity`] who the client is
//! - [`reply`] a verdict as an answer; [`pace`] how many cards may be looked up without a PIN
//! - [`shown`] answers taken apart again, for people

pub mod deadlines;
pub mod form;
pub mod http;
pub mod identity;
pub mod pace;
pub mod reply;
pub mod session;
pub mod shown;
pub mod tcp;
