//! What all of the flash format has in common: see FORMAT.md.

/// What an erased byte reads as.
pub(crate) const ERASED: u8 = 0xFF;
/// The longest name of a key.
pub const MAX_NAME_LEN: usize = 63;
/// The length of one copy of a sector's header.
pub(crate) const HEADER_COPY: usize = 16;

/// How far apart the two copies of a header are: each has words of its own, so that one bad word costs one copy.
pub(crate) const fn header_stride(write_size: u32) -> u32 {
    if write_size > HEADER_COPY as u32 {
        write_size
    } else {
        HEADER_COPY as u32
    }
}

/// `len` rounded up to the write size, a power of two.
pub(crate) const fn pad(len: u32, write_size: u32) -> u32 {
    let mask = write_size.saturating_sub(1);
    len.wrapping_add(mask) & !mask
}

/// The buffer that a value of `len` bytes is encoded in with its head, checksum and padding, for words up to 32 bytes.
pub(crate) const fn buffer_for(len: usize) -> usize {
    let whole = len.wrapping_add(LARGEST_OVERHEAD) & !31;
    if whole < MIN_BUFFER {
        MIN_BUFFER
    } else {
        whole
    }
}

/// Head, checksum and the padding of a 32-byte word.
const LARGEST_OVERHEAD: usize = 7 + 4 + 31;

/// The largest word: its power of two has three bits in the header.
pub(crate) const MAX_WRITE_SIZE: usize = 128;

/// The smallest buffer a store works with.
pub(crate) const MIN_BUFFER: usize = 64;
