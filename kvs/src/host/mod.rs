//! What is in a partition, piece by piece, stale and damaged entries too (feature `host`, needs `std`).
//!
//! A [`Store`](crate::Store) knows what counts; a person who reads a dump also wants to see what was before, what was torn and
//! what has rotted. This decodes with the store's own code, and judges no keys: which entry of a key
//! counts, a mounted store says. Whether an entry was committed may depend on another sector, so
//! all sectors are cut together.
//!
//! ```
//! use kvs::host::{Header, Piece, sectors};
//! use kvs::{Options, Resources, Store, sim::presets};
//!
//! let mut flash = presets::nrf52840();
//! let mut resources = Resources::<8, 8, 64>::new();
//! let mut store = Store::mount(&mut flash, 0..8 * 4096, &mut resources, Options::DEFAULT)?;
//! store.put_bytes("serial", b"A-1")?;
//! store.put_bytes("serial", b"A-2")?;
//!
//! let bytes = &flash.image()[..4096];
//! let header = Header::find(bytes, 4).unwrap();
//! assert_eq!((header.sequence, header.sector_size(), header.write_size()), (1, 4096, 4));
//! let values: Vec<_> = sectors(flash.image(), 4096, 4)[0]
//!     .pieces
//!     .iter()
//!     .filter_map(|piece| match piece {
//!         Piece::Entry(entry) => Some(&bytes[entry.value.clone()]),
//!         _ => None,
//!     })
//!     .collect();
//! assert_eq!(values, [b"A-1", b"A-2"]); // the first is stale
//! # Ok::<(), kvs::Error<kvs::sim::SimError>>(())
//! ```

mod crc;
mod header;
mod piece;
mod scan;
#[cfg(test)]
mod tests;

pub use header::Header;
pub use piece::{Damage, Entry, EntryKey, Piece, Sector, SectorEnd};
pub use scan::sectors;
