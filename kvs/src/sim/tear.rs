//! The ways in which an operation may be left half done.

/// What the operation in which the power goes leaves behind.
///
/// An operation is the program of one word or the erase of one sector. What is random is drawn
/// from the seed of the cut; some draws change half of the bits, others only a few or all but a
/// few, since those are the ones that look most like something whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tear {
    /// Nothing of the operation happened; all before it did.
    Clean,
    /// Program: the first bytes of the word are programmed, at least one and not all (of a word of
    /// one byte: that byte or nothing). Erase: the first bytes of the sector are erased.
    Prefix,
    /// Program: any of the bits that the word would clear are cleared; the words of the call
    /// before it are whole. Erase: any of the bits of the sector are set.
    WordBits,
    /// Program: any of the bits that the *whole call* would clear are cleared, in the words before
    /// and behind the cut too, as in a chip that programs a page at once. Erase: as
    /// [`WordBits`](Self::WordBits).
    CallBits,
    /// The operation happened in full, but the power went before the call returned.
    Complete,
}

impl Tear {
    /// All of them, to loop over.
    pub const ALL: [Self; 5] = [
        Self::Clean,
        Self::Prefix,
        Self::WordBits,
        Self::CallBits,
        Self::Complete,
    ];
}

#[cfg(test)]
mod tests {
    use super::Tear;

    #[test]
    fn all_has_each_tear_once() {
        for tear in Tear::ALL {
            let same = Tear::ALL.iter().filter(|&&other| other == tear).count();
            assert_eq!(same, 1);
        }
        assert_eq!(Tear::ALL.last(), Some(&Tear::Complete));
    }
}
