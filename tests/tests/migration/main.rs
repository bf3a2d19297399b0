//! Firmware updates and rollbacks: what a firmware finds of another's settings.

mod chain;
mod cuts;
mod oracle;
mod versions;
