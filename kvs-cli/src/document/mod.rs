//! Settings as a TOML file, both ways: what `kvs inspect --toml` prints is what `kvs build` reads.
//!
//! ```toml
//! target_mk = 295_150
//!
//! [wifi]
//! ssid = "attic"
//!
//! ["@old"]            # keys of older firmware, by their versioned names
//! "target:i16" = 225
//!
//! ["@named"]          # raw keys: text, or bytes in hex
//! serial = "A-1234"
//!
//! ["@hashed"]         # anything else
//! 0x1234abcd = { hex = "00 ff" }
//! ```

mod read;
mod write;

pub(crate) use read::{Put, PutKey, check_setting, read, unknown};
pub(crate) use write::{print, put, raw};

/// The tables of what is no setting; no field of a Rust struct is called so.
const OLD: &str = "@old";
pub(crate) const NAMED: &str = "@named";
const HASHED: &str = "@hashed";
