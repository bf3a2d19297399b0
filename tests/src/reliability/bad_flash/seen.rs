//! What goes on in trials, counted.

/// What was seen in trials.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Commits that went through.
    pub acknowledged: u64,
    /// Commits that the flash was the reason to refuse.
    pub refused: u64,
    /// Commits for which there was no room.
    pub full: u64,
    /// Sectors retired.
    pub retired: u64,
    /// How often a store was looked at in which a value was not to be had that the flash had lost.
    pub missing: u64,
    /// Sound again, a store had no room for an update, because what the flash had lost came back.
    pub crowded: u64,
    /// Sectors that were written anew from RAM, since there was no other way.
    pub rescues: u64,
    /// Where several faults met: such a sector could not be written then, and something was lost, noticed.
    pub spilled: u64,
    /// Where several faults met: sound again, a store had no sector left to move anything to.
    pub jammed: u64,
    /// Where several faults met: a mount found a part of a commit that had been refused.
    pub halves: u64,
    /// The most calls of the flash in a commit or a step of maintenance.
    pub most_calls: u64,
}

impl Seen {
    pub(super) fn add(&mut self, other: &Self) {
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.full += other.full;
        self.retired += other.retired;
        self.missing += other.missing;
        self.crowded += other.crowded;
        self.rescues += other.rescues;
        self.spilled += other.spilled;
        self.jammed += other.jammed;
        self.halves += other.halves;
        self.most_calls = self.most_calls.max(other.most_calls);
    }
}
