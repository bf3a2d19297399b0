//! Bytes in a buffer: moved about, and looked at.

use crate::format::ERASED;

/// Bytes that start at a multiple of 4, as the DMA of some flash drivers wants it.
#[derive(Debug)]
#[repr(C, align(4))]
pub(crate) struct Aligned<const N: usize>(pub(crate) [u8; N]);

/// Copies as many bytes as both have. Not by `copy_from_slice`, which can panic as far as the compiler sees.
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// Moves the `len` bytes at `from` to `to`, as far as the buffer reaches; both ranges may overlap. Not by `copy_within`, which
/// can panic as far as the compiler sees, and takes a large `memmove` into the image.
pub(crate) fn move_within(buffer: &mut [u8], from: usize, to: usize, len: usize) {
    let len = len.min(buffer.len().saturating_sub(from.max(to)));
    let mut done = 0;
    while done < len && to != from {
        // So many that they don't overlap: from the front down, or from the end up.
        let count = from.abs_diff(to).min(len.wrapping_sub(done));
        let skip = if to < from {
            done
        } else {
            len.wrapping_sub(done).wrapping_sub(count)
        };
        let (source, target) = (from.wrapping_add(skip), to.wrapping_add(skip));
        let (front, back) = buffer
            .split_at_mut_checked(source.max(target))
            .unwrap_or_default();
        let (near, far) = if target < source {
            (front.get_mut(target..).unwrap_or_default(), back)
        } else {
            (back, front.get_mut(source..).unwrap_or_default())
        };
        for (to, from) in near.iter_mut().zip(far).take(count) {
            *to = *from;
        }
        done = done.wrapping_add(count);
    }
}

/// Whether all of `bytes` are as an erase leaves them. Whole words at a time where there are any: most of a mount is this.
pub(crate) fn is_erased(bytes: &[u8]) -> bool {
    let (front, words, back) = bytemuck::pod_align_to::<u8, [u32; 4]>(bytes);
    let ends = front.iter().chain(back);
    ends.fold(ERASED, |all, byte| all & byte) == ERASED
        && words.iter().all(|[a, b, c, d]| a & b & c & d == u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_copy_within() {
        let all: [u8; 9] = core::array::from_fn(|index| index as u8);
        for from in 0..9 {
            for to in 0..9 {
                for len in 0..=9 - from.max(to) {
                    let (mut ours, mut theirs) = (all, all);
                    move_within(&mut ours, from, to, len);
                    theirs.copy_within(from..from + len, to);
                    assert_eq!(ours, theirs);
                }
            }
        }
    }

    #[test]
    fn erased_is_nothing_but_ff() {
        let mut bytes = [0xFF; 100];
        for from in 0..20 {
            for to in from..100 {
                let part = bytes.get_mut(from..to).unwrap_or_default();
                assert!(is_erased(part));
                for at in 0..part.len() {
                    if let Some(byte) = part.get_mut(at) {
                        *byte = 0xFE;
                    }
                    assert!(!is_erased(part));
                    part.fill(0xFF);
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut buffer = [1, 2, 3];
        move_within(&mut buffer, 1, 2, 5);
        move_within(&mut buffer, usize::MAX, usize::MAX, 1);
        assert_eq!(buffer, [1, 2, 2]);
    }
}
