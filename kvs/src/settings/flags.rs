//! A flag for each setting: a bit in the bytes that `Settings::Flags` has.

#[cfg(feature = "live")]
use core::ops::Range;

pub(crate) fn has(flags: &[u8], leaf: usize) -> bool {
    let byte = flags.get(leaf / 8).copied().unwrap_or(0);
    byte & mask(leaf) != 0
}

pub(crate) fn set(flags: &mut [u8], leaf: usize, on: bool) {
    if let Some(byte) = flags.get_mut(leaf / 8) {
        *byte = if on {
            *byte | mask(leaf)
        } else {
            *byte & !mask(leaf)
        };
    }
}

/// Sets all flags that are set in `more`.
#[cfg(feature = "live")]
pub(crate) fn add(flags: &mut [u8], more: &[u8]) {
    for (byte, more) in flags.iter_mut().zip(more) {
        *byte |= more;
    }
}

/// Clears all flags that are set in `others`.
#[cfg(feature = "live")]
pub(crate) fn remove(flags: &mut [u8], others: &[u8]) {
    for (byte, others) in flags.iter_mut().zip(others) {
        *byte &= !others;
    }
}

#[cfg(feature = "live")]
pub(crate) fn is_empty(flags: &[u8]) -> bool {
    flags.iter().all(|byte| *byte == 0)
}

#[cfg(feature = "live")]
pub(crate) fn any_in(flags: &[u8], mut leaves: Range<usize>) -> bool {
    leaves.any(|leaf| has(flags, leaf))
}

#[cfg(feature = "live")]
pub(crate) fn count(flags: &[u8]) -> usize {
    let ones = flags.iter().map(|byte| byte.count_ones() as usize);
    ones.fold(0, usize::wrapping_add)
}

/// The settings whose flags are set.
#[cfg(feature = "live")]
pub(crate) fn leaves(flags: &[u8]) -> impl Iterator<Item = usize> {
    (0..flags.len().saturating_mul(8)).filter(|leaf| has(flags, *leaf))
}

const fn mask(leaf: usize) -> u8 {
    1 << (leaf % 8)
}
