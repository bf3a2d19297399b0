//! What types can be settings: as `docs/types.md` has it, by their bytes, and in a store.

mod stored;
mod table;
mod walk;
