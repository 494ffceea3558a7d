//! What we keep: the keyring, generations of rows in LMDB, and the state beside them.
