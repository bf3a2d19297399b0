//! What there is to see: totals, sectors, keys. For logs, tools and tests.

/// The state of a store, in numbers. `live + stale + free` bytes are the [`capacity`](Self::capacity).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Stats {
    /// Stored keys.
    pub keys: usize,
    /// Keys that have no slot in the resources, because these have fewer than there are keys: each look at one reads flash from
    /// the newest sector back to where its entry is. 0 in a store whose resources are large enough.
    pub without_slot: usize,
    /// Entries that count: stored keys, and deleted ones that still shadow an old value.
    pub live_entries: usize,
    /// Bytes of those entries, heads and padding included.
    pub live: u32,
    /// Bytes of what is superseded or damaged: collecting makes them available, but for those in retired sectors.
    pub stale: u32,
    /// Bytes that can be written without collecting anything, and the spare sector.
    pub free: u32,
    /// Bytes of all sectors, retired ones too, headers aside.
    pub capacity: u32,
    /// The partition's sectors.
    pub sectors: usize,
    /// Bytes that can still be stored: without what is live, without the spare sector, and without retired ones.
    pub available: u32,
    /// Erases of the sector that has the fewest.
    pub least_erases: u32,
    /// Erases of the sector that has the most.
    pub most_erases: u32,
    /// Erases of a sector, on average, rounded down.
    pub mean_erases: u32,
    /// Damaged or unfinished commits, and sectors without a readable header, met since, and while, mounting; 65,535 are
    /// many. A torn last commit is normal after a power cut.
    pub corrupt: u32,
    /// Collections and levellings since mounting, up to 65,535.
    pub collections: u32,
    /// Sectors that failed to erase, or to program twice, since mounting: left alone until no other
    /// is left.
    pub retired_sectors: usize,
}

impl Stats {
    /// How many more commits of `commit_bytes` the flash will take, if a sector stands `endurance` erases.
    ///
    /// `commit_bytes` are bytes in flash: [`KeyInfo::size`], summed over a commit's keys. An estimate: each erase makes
    /// room for a sector, less what is live in it on average. Commits that are skewed to few keys get more out of it.
    ///
    /// ```
    /// # use kvs::{Options, RawKey, Resources, Store, sim::presets};
    /// # let mut resources = Resources::<32, 8, 256>::new();
    /// # let store = Store::mount(presets::nrf52840(), 0..8 * 4096, &mut resources, Options::DEFAULT)?;
    /// // A counter saved once a minute, on a part of 10,000 erases:
    /// let years = store.stats().expected_commits_left(10_000, 16) / (60 * 24 * 365);
    /// assert_eq!(years, 38);
    /// # Ok::<(), kvs::Error<kvs::sim::SimError>>(())
    /// ```
    #[must_use]
    pub fn expected_commits_left(&self, endurance: u32, commit_bytes: u32) -> u64 {
        let sectors = self.sectors as u64;
        let erases_left =
            u64::from(endurance.saturating_sub(self.mean_erases)).saturating_mul(sectors);
        let payload = u64::from(self.capacity).checked_div(sectors).unwrap_or(0);
        let spared = payload.saturating_mul(sectors.saturating_sub(1));
        let live = u64::from(self.live)
            .saturating_mul(payload)
            .checked_div(spared)
            .unwrap_or(0);
        erases_left
            .saturating_mul(payload.saturating_sub(live))
            .checked_div(u64::from(commit_bytes))
            .unwrap_or(0)
    }
}

/// What a sector is being used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SectorState {
    /// Entries are appended here.
    Head,
    /// It has live entries, and perhaps stale ones.
    Live,
    /// It has stale entries only, or nothing readable; erased when it is needed.
    Dead,
    /// Erased ahead of time.
    Ready,
    /// It failed, and is left alone until no other is left.
    Retired,
}

/// One sector, for a tool to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SectorInfo {
    /// Counted from the start of the partition.
    pub index: usize,
    /// What it is being used for.
    pub state: SectorState,
    /// Counts up with each sector opened; 0: no readable header.
    pub sequence: u32,
    /// How often it has been erased.
    pub erases: u32,
    /// Bytes of live entries.
    pub live: u32,
    /// Bytes that can be appended.
    pub free: u32,
}

/// One stored key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct KeyInfo<'a> {
    /// The key's hash.
    pub hash: u32,
    /// The name, where the key has one.
    pub name: Option<&'a str>,
    /// Bytes of the value.
    pub value_len: usize,
    /// Bytes in flash: head, value, checksum and padding.
    pub size: u32,
    /// The sector it is in.
    pub sector: usize,
    /// Where it begins in that sector.
    pub offset: u32,
}

/// What one step of [`maintain`](crate::Store::maintain) did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Maintenance {
    /// There is nothing left to do.
    Idle,
    /// One live entry was moved out of a mostly stale sector.
    Moved,
    /// One sector was erased ahead of time.
    Erased,
}
