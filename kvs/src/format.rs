//! placeholder
pub(crate) const fn buffer_for(v: usize) -> usize { v + 64 }
