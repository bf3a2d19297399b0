//! What shows that an image is not all of a partition. A header does not say how many sectors there are; but a store has
//! habits, and sectors that do not fit them are not all that there were.

use kvs::SectorState;

use crate::contents::{Contents, Sector, State};

/// All that shows that sectors are missing, in words.
pub(crate) fn signs(contents: &Contents) -> Vec<String> {
    let signs = [none_is_free(contents), few_erases(contents)];
    signs.into_iter().flatten().collect()
}

/// Whenever a commit is finished, some sector has no entry that counts; in the midst of a collection that was cut, the newest
/// one has nothing but copies.
fn none_is_free(contents: &Contents) -> Option<String> {
    let is_used = |sector: &Sector| {
        sector.header.is_some()
            && matches!(sector.info.state, SectorState::Live | SectorState::Head)
    };
    if !contents.sectors.iter().all(is_used) {
        return None;
    }
    let newest = newest(contents)?.info.index;
    let has_only_copies = contents
        .entries
        .iter()
        .filter(|entry| entry.state != State::Unfinished && entry.sector as usize == newest)
        .all(|entry| entry.is_copy);
    (!has_only_copies).then(|| {
        "no sector is free, and a store always keeps one: some are missing, or old entries count again as newer ones have rotted"
            .into()
    })
}

/// Each header was programmed after an erase, with the next sequence: sequences do not run ahead of the erases.
fn few_erases(contents: &Contents) -> Option<String> {
    let headers = || contents.sectors.iter().filter_map(|sector| sector.header);
    let without = contents.sectors.len() - headers().count();
    let sequence = u64::from(headers().map(|header| header.sequence).max()?);
    let erases: u64 = headers().map(|header| u64::from(header.erases)).sum();
    // An erase count that a power cut took is taken up again from the mean of the others: that is less than a sector's.
    let most = u64::from(headers().map(|header| header.erases).max()?);
    let accounted = erases + (without as u64 + 1) * most;
    (sequence >= accounted).then(|| {
        format!("{sequence} sectors were opened, and those that are here were erased {erases} times: others are missing")
    })
}

fn newest(contents: &Contents) -> Option<&Sector> {
    let with_header = contents
        .sectors
        .iter()
        .filter(|sector| sector.header.is_some());
    with_header.max_by_key(|sector| sector.info.sequence)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use kvs::sim::{Rng, SimFlash, Tear};
    use kvs::{Change, Options, RawKey, Resources, Store};

    use super::signs;
    use crate::contents::Contents;
    use crate::image::{Geometry, Image, Source};

    const SECTOR: usize = 256;

    fn contents(bytes: &[u8]) -> Contents {
        let geometry = Geometry {
            offset: 0,
            sector_size: SECTOR as u32,
            sectors: (bytes.len() / SECTOR) as u32,
            write_size: 4,
            is_part: false,
        };
        let mut image = Image::erased(geometry);
        image.source = Source::Memory(bytes.to_vec());
        Contents::read(&mut image).unwrap()
    }

    /// A partition that loses its power again and again, at any moment, and is written on.
    fn cut(rng: &mut Rng) -> Vec<u8> {
        let sectors = 2 + rng.below(5);
        let mut flash = SimFlash::<4, SECTOR>::new(sectors);
        let mut resources = Box::new(Resources::<16, 8, 256>::new());
        // Few keys, or as many as there is room for.
        let keys = 1 + rng.below(5 * sectors);
        for _ in 0..rng.below(12) {
            flash.power_on();
            let operation = flash.operations() + 1 + rng.below(60) as u64;

            flash.cut_after(operation, Tear::ALL[rng.below(5)], rng.next_u64());
            let range = 0..(sectors * SECTOR) as u32;
            let options = Options::DEFAULT;
            let store = Store::mount(&mut flash, range, &mut *resources, options);
            let Ok(mut store) = store else { continue };
            for _ in 0..60 {
                let value = [rng.next_u8(); 30];
                let value = value.get(..rng.below(30)).unwrap_or_default();
                let key = RawKey::Hash(rng.below(keys) as u32);
                let change = match rng.below(6) {
                    0 => Change::delete(key),
                    _ => Change::put(key, value),
                };
                // Its power is gone, or it is full.
                let _ = store.commit(&[change]);
            }
        }
        flash.image().to_vec()
    }

    #[test]
    fn power_cuts_do_not_look_as_if_sectors_were_missing() {
        for seed in 0..500 {
            let image = cut(&mut Rng::new(seed));
            let found = signs(&contents(&image));
            assert_eq!(found, Vec::<String>::new(), "seed {seed}");
        }
    }
}
