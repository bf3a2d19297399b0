//! Used partitions, in states that are made on purpose and checked to be there.

use kvs::sim::{Rng, SimError, SimFlash, Tear};
use kvs::{Change, Error, Maintenance, Options, Resources, SectorInfo, SectorState, Stats, Store};

use super::keys::{Key, Value};
use super::layout::{Layout, sequence};

type Ram = Resources<64, 4, 128>;

fn mount<'a, const W: usize, const E: usize>(
    flash: &'a mut SimFlash<W, E>,
    ram: &'a mut Ram,
) -> Result<Store<'a, &'a mut SimFlash<W, E>>, Error<SimError>> {
    let end = flash.image().len() as u32;
    Store::mount(flash, 0..end, ram, Options::DEFAULT)
}

/// A partition in some state, and the history of its keys.
#[derive(Clone)]
pub(super) struct Partition<const W: usize, const E: usize> {
    /// What replays it.
    pub(super) name: String,
    pub(super) flash: SimFlash<W, E>,
    pub(super) keys: Vec<Key>,
    rng: Rng,
}

impl<const W: usize, const E: usize> Partition<W, E> {
    fn new(state: &str, sectors: usize, keys: usize, seed: u64) -> Self {
        Self {
            name: format!("words of {W}, {sectors} sectors of {E}, {state}, seed {seed}"),
            flash: SimFlash::new(sectors),
            keys: (0..keys).map(Key::new).collect(),
            rng: Rng::new(seed),
        }
    }

    /// A random value, now and then a long one.
    fn value(&mut self) -> Vec<u8> {
        let len = match self.rng.below(8) {
            0 => 32 + self.rng.below(13),
            1 => 20 + self.rng.below(12),
            _ => self.rng.below(13),
        };
        (0..len).map(|_| self.rng.next_u8()).collect()
    }

    fn changes(&mut self) -> Vec<(usize, Value)> {
        let count = 1 + self.rng.below(3).min(self.keys.len() - 1);
        let mut changes: Vec<(usize, Value)> = Vec::new();
        while changes.len() < count {
            let key = self.rng.below(self.keys.len());
            if changes.iter().all(|(other, _)| *other != key) {
                let value = (self.rng.below(6) != 0).then(|| self.value());
                changes.push((key, value));
            }
        }
        changes
    }

    fn try_commit(&mut self, changes: &[(usize, Value)]) -> Result<Stats, Error<SimError>> {
        let list: Vec<_> = changes
            .iter()
            .map(|(key, value)| match value {
                Some(value) => Change::put(self.keys[*key].raw(), value),
                None => Change::delete(self.keys[*key].raw()),
            })
            .collect();
        let mut ram = Ram::new();
        let mut store = mount(&mut self.flash, &mut ram)?;
        store.commit(&list)?;
        Ok(store.stats())
    }

    /// Commits; whether that made a collection.
    fn commit(&mut self, changes: &[(usize, Value)]) -> Result<bool, Error<SimError>> {
        let stats = self.try_commit(changes)?;
        for (key, value) in changes {
            let values = &mut self.keys[*key].values;
            if values.last() != Some(value) {
                values.push(value.clone());
            }
        }
        Ok(stats.collections != 0)
    }

    fn maintain(&mut self) {
        let mut ram = Ram::new();
        let mut store = mount(&mut self.flash, &mut ram).expect(&self.name);
        while store.maintain().expect(&self.name) != Maintenance::Idle {}
    }

    /// Three commits after the first mount: one key, three keys, one deleted and a long value.
    pub(super) fn fresh(sectors: usize, seed: u64) -> Self {
        let mut made = Self::new("fresh", sectors, 5, seed);
        let value =
            |made: &mut Self, len: usize| Some((0..len).map(|_| made.rng.next_u8()).collect());
        let first = value(&mut made, 7);
        let group: Vec<_> = (0..3).map(|key| (key, value(&mut made, 4 + key))).collect();
        let long = value(&mut made, 40);
        for changes in [vec![(0, first)], group, vec![(1, None), (3, long)]] {
            made.commit(&changes).expect(&made.name);
        }
        let used = made.look(|sector| sector.sequence != 0);
        assert_eq!((used, made.stats().collections), (1, 0), "{}", made.name);
        made
    }

    /// So empty that tables are written, and used until two sectors have some.
    pub(super) fn with_tables(seed: u64) -> Self {
        let mut made = Self::new("with tables", 4, 3, seed);
        for number in 0..2000 {
            let key = if made.rng.below(8) == 0 {
                1 + made.rng.below(2)
            } else {
                0
            };
            let len = made.rng.below(12);
            let value = (0..len).map(|_| made.rng.next_u8()).collect();
            let value = Some(value).filter(|_| made.rng.below(8) != 0);
            made.commit(&[(key, value)]).expect(&made.name);
            if number > 60 && made.layout().tables() >= 2 {
                return made;
            }
        }
        panic!("{}: no two tables", made.name);
    }

    /// Filled with new keys until the smallest of them is refused. `rewrites` commits go before that, and as many of the
    /// values are changed afterwards, which only fits because they stay as long as they are.
    pub(super) fn full(sectors: usize, rewrites: usize, seed: u64) -> Self {
        let name = format!("full, {rewrites} rewrites");
        let mut made = Self::new(&name, sectors, 4.min(rewrites), seed);
        for _ in 0..rewrites {
            let changes = made.changes();
            made.commit(&changes).expect(&made.name);
        }
        made.fill();
        for key in 0..made.keys.len().min(rewrites) {
            if let Some(value) = made.keys[key].now().clone() {
                let value = value.iter().map(|byte| !byte).collect();
                made.commit(&[(key, Some(value))]).expect(&made.name);
            }
        }
        made.fill();
        let stats = made.stats();
        assert!(
            stats.available * 4 < stats.capacity / sectors as u32,
            "{}",
            made.name
        );
        made
    }

    fn fill(&mut self) {
        let mut longest = 40;
        loop {
            let (key, len) = (self.keys.len(), self.rng.below(longest + 1));
            // A hashed one is the smallest.
            self.keys
                .push(Key::new(if len == 0 { key * 2 + 100 } else { key }));
            match self.commit(&[(key, Some(vec![key as u8; len]))]) {
                Ok(_) => {}
                Err(Error::Full { .. }) => {
                    self.keys.truncate(key);
                    if len == 0 {
                        break;
                    }
                    longest = len - 1;
                }
                Err(error) => panic!("{}: {error}", self.name),
            }
        }
    }

    /// In use, up to the commit that makes a collection after `commits` others. Gives what was before that commit and
    /// its changes, too.
    fn collecting(
        state: &str,
        sectors: usize,
        commits: usize,
        seed: u64,
    ) -> (Self, Self, Vec<(usize, Value)>) {
        let room = (sectors - 1) * (E - 2 * W.max(16));
        let keys = room / 2 / 24usize.next_multiple_of(W);
        let mut made = Self::new(state, sectors, keys.clamp(3, 20), seed);
        for number in 0.. {
            if made.rng.below(8) == 0 {
                made.maintain();
            }
            let (before, changes) = (made.clone(), made.changes());
            match made.commit(&changes) {
                Ok(true) if number >= commits && made.copies() != 0 => {
                    return (before, made, changes);
                }
                Ok(_) | Err(Error::Full { .. }) => {}
                Err(error) => panic!("{}: {error}", made.name),
            }
        }
        unreachable!("commits make collections")
    }

    /// So many commits after one that made a collection.
    pub(super) fn collected(sectors: usize, further: usize, seed: u64) -> Self {
        let state = format!("{further} commits after a collection");
        let (_, mut made, _) = Self::collecting(&state, sectors, 12, seed);
        assert!(made.look(is_spare) != 0, "{}: no spare sector", made.name);
        for _ in 0..further {
            let changes = made.changes();
            match made.commit(&changes) {
                Ok(_) | Err(Error::Full { .. }) => {}
                Err(error) => panic!("{}: {error}", made.name),
            }
        }
        made
    }

    /// Up to `most` partitions in which a collection was cut, at operations all over it.
    pub(super) fn cut(sectors: usize, most: usize, seed: u64) -> Vec<Self> {
        let mut all = (12..).map(|commits| Self::cuts(sectors, commits, seed));
        // Among them some in which there are copies already.
        let cut = all.find(|all| all.iter().any(|made| made.copies() != 0));
        let mut cut = cut.unwrap_or_default();
        let (mut index, count) = (0, cut.len().max(1));
        cut.retain(|_| {
            index += 1;
            index * most / count != (index - 1) * most / count
        });
        cut
    }

    fn cuts(sectors: usize, commits: usize, seed: u64) -> Vec<Self> {
        let (before, after, changes) =
            Self::collecting("in mid-collection", sectors, commits, seed);
        let first = before.flash.operations();
        let mut found = Vec::new();
        for operation in first..after.flash.operations() {
            let tear = Tear::ALL[(operation % 5) as usize];
            let mut made = before.clone();
            made.name += &format!(", cut at {}.{tear:?}", operation - first);
            made.flash.cut_after(operation, tear, seed);
            assert!(made.try_commit(&changes).is_err(), "{}", made.name);
            made.flash.power_on();
            for (key, value) in &changes {
                made.keys[*key].cut = Some(value.clone());
            }
            if made.is_cut(&before) {
                found.push(made);
            }
        }
        found
    }

    /// Whether a collection was cut: a sector was half erased, or there is none to spare.
    fn is_cut(&mut self, before: &Self) -> bool {
        let image = self.flash.image().to_vec();
        let mut chunks = image.chunks(E).zip(before.flash.image().chunks(E));
        let is_half_erased = chunks.any(|(now, old)| sequence(now, W).is_none() && now != old);
        is_half_erased || self.look(is_spare) == 0
    }

    /// How many entries stand twice, in two sectors.
    fn copies(&self) -> usize {
        let layout = self.layout();
        let is_copy = |entry: &&super::layout::Entry| {
            layout.entries.iter().any(|other| {
                other.sector != entry.sector
                    && other.time < entry.time
                    && (other.hash, &other.value) == (entry.hash, &entry.value)
            })
        };
        layout.entries.iter().filter(is_copy).count()
    }

    pub(super) fn layout(&self) -> Layout {
        Layout::read(self.flash.image(), E, W)
    }

    fn stats(&mut self) -> Stats {
        let mut ram = Ram::new();
        mount(&mut self.flash, &mut ram).expect(&self.name).stats()
    }

    fn look(&mut self, which: impl Fn(&kvs::SectorInfo) -> bool) -> usize {
        let mut ram = Ram::new();
        let store = mount(&mut self.flash, &mut ram).expect(&self.name);
        store.sectors().filter(which).count()
    }
}

fn is_spare(sector: &SectorInfo) -> bool {
    matches!(sector.state, SectorState::Dead | SectorState::Ready)
}
