//! `hallpass hash-password`.

use argon2::{Argon2, PasswordHasher as _};
use clap::Args;

use crate::failure::{Failure, INTERNAL, USAGE};
use crate::terminal;

/// Read a client's password from standard input and print its argon2id hash for the client's file.
#[derive(Args)]
pub struct HashPassword {}

impl HashPassword {
    pub fn run(self) -> Result<(), Failure> {
        let password = terminal::secret("Password")?;
        if password.is_empty() {
            return Err(Failure::new(USAGE, "an empty password is no password"));
        }
        let hash = Argon2::default()
            .hash_password(password.as_bytes())
            .map_err(|error| Failure::new(INTERNAL, format!("cannot hash it: {error}")))?;
        println!("{hash}");
        Ok(())
    }
}
