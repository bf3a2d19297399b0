//! placeholder
#![no_std]
#![forbid(unsafe_code)]
mod hash; mod change; mod format; mod settings;
pub use hash::*; pub use settings::*; pub use change::EncodeError;
