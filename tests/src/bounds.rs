//! What one commit may cost.

use kvs::sim::Stats;

/// What one commit may cost at the very most, as its documentation says: however full the store is, and without
/// maintenance.
///
/// # Panics
///
/// When it cost more.
pub fn assert_commit_bounds(cost: &Stats, sectors: usize, sector_size: usize) {
    let (sectors, partition) = (sectors as u64, (sectors * sector_size) as u64);
    assert!(cost.erases <= sectors, "{cost:?}");
    assert!(cost.program_bytes <= partition, "{cost:?}");
    // The first commit after a mount reads 16 times what the power may have failed at, and where it
    // writes itself.
    let looks = 2 * 16 * sector_size as u64;
    assert!(cost.read_bytes <= 8 * partition + looks, "{cost:?}");
}
