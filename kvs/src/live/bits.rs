//! A bit for each setting, in the bytes that `Settings::Flags` has.

use core::ops::Range;

pub(crate) fn has(bits: &[u8], leaf: usize) -> bool {
    let byte = bits.get(leaf / 8).copied().unwrap_or(0);
    byte & mask(leaf) != 0
}

pub(crate) fn set(bits: &mut [u8], leaf: usize, on: bool) {
    if let Some(byte) = bits.get_mut(leaf / 8) {
        *byte = if on {
            *byte | mask(leaf)
        } else {
            *byte & !mask(leaf)
        };
    }
}

/// Sets all bits that are set in `more`.
pub(crate) fn add(bits: &mut [u8], more: &[u8]) {
    for (byte, more) in bits.iter_mut().zip(more) {
        *byte |= more;
    }
}

pub(crate) fn is_empty(bits: &[u8]) -> bool {
    bits.iter().all(|byte| *byte == 0)
}

pub(crate) fn any_in(bits: &[u8], mut leaves: Range<usize>) -> bool {
    leaves.any(|leaf| has(bits, leaf))
}

pub(crate) fn count(bits: &[u8]) -> usize {
    let ones = bits.iter().map(|byte| byte.count_ones() as usize);
    ones.fold(0, usize::wrapping_add)
}

/// The settings whose bits are set.
pub(crate) fn leaves(bits: &[u8]) -> impl Iterator<Item = usize> {
    (0..bits.len().saturating_mul(8)).filter(|leaf| has(bits, *leaf))
}

const fn mask(leaf: usize) -> u8 {
    1 << (leaf % 8)
}
