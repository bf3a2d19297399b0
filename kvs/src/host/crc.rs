//! The checksums of all ranges of some bytes, each in a time that does not depend on its length: what
//! looks like entries may overlap, as often as there are words.

use std::vec::Vec;

use crate::checksum::{Checksum, Crc32c};

/// CRC-32C's polynomial, with the bit of the highest power last.
const POLYNOMIAL: u32 = 0x82F6_3B78;
/// The polynomial 1.
const ONE: u32 = 1 << 31;
/// How many bits a length has.
const LEN_BITS: usize = 32;

pub(super) struct Checksums {
    /// The checksums of all that ends at an offset.
    fronts: Vec<u32>,
    /// What it takes to append 1, 2, 4, .. bytes.
    shifts: [u32; LEN_BITS],
}

impl Checksums {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut crc = Crc32c::new();
        let mut fronts = Vec::with_capacity(bytes.len().saturating_add(1));
        fronts.push(crc.value());
        for byte in bytes {
            crc.update(&[*byte]);
            fronts.push(crc.value());
        }
        // The polynomial x to the power of 8, and its squares.
        let mut shift = ONE >> 8;
        let shifts = [(); LEN_BITS].map(|()| {
            let current = shift;
            shift = product(shift, shift);
            current
        });
        Self { fronts, shifts }
    }

    /// The checksum of the bytes from `from` to `to`, with other bytes in front of them whose checksum
    /// is `front`. `None` if they are not all there.
    pub(super) fn behind(&self, front: u32, from: usize, to: usize) -> Option<u32> {
        let (before, whole) = (self.fronts.get(from)?, self.fronts.get(to)?);
        let len = to.checked_sub(from)?;
        // What stands in front of a range adds to its checksum by itself, as if zeros followed.
        let mut other = before ^ front;
        for (bit, shift) in self.shifts.iter().enumerate() {
            if len >> bit & 1 == 1 {
                other = product(other, *shift);
            }
        }
        Some(whole ^ other)
    }
}

/// The product of two polynomials, modulo that of the checksum.
fn product(a: u32, mut b: u32) -> u32 {
    let mut sum = 0;
    for bit in (0..32).rev() {
        if a >> bit & 1 == 1 {
            sum ^= b;
        }
        b = b >> 1 ^ if b & 1 == 1 { POLYNOMIAL } else { 0 };
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ranges_have_the_checksum_of_their_bytes() {
        let bytes: Vec<u8> = (0..77u8).map(|byte| byte.wrapping_mul(37)).collect();
        let all = Checksums::of(&bytes);
        for from in 0..bytes.len() {
            for to in from..=bytes.len() {
                let other = [&[0x5A][..], bytes.get(from..to).unwrap_or_default()].concat();
                let found = all.behind(Crc32c::of(&[0x5A]), from, to);
                assert_eq!(found, Some(Crc32c::of(&other)), "{from}..{to}");
            }
        }
        assert_eq!(all.behind(0, 0, 78), None);
        assert_eq!(all.behind(0, 2, 1), None);
    }
}
