//! What the answers to a student's bind mean.
