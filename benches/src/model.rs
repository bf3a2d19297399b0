//! Which settings there are, and what each of them is to hold.

use kvs::sim::Rng;

use crate::device::Device;

/// What the typed contenders declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// [`Device`]: the first 32 settings.
    Device,
    /// [`Plant`](crate::device::Plant): the first 64.
    Plant,
    /// No struct: as many values as a plot wants.
    Nothing,
}

impl Declared {
    /// How many settings are fields of the struct.
    pub fn count(self) -> usize {
        match self {
            Self::Device => 32,
            Self::Plant => 64,
            Self::Nothing => 0,
        }
    }
}

/// The settings of a run: those that the struct has, and others beside that are stored once and left alone.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The struct.
    pub declared: Declared,
    /// Bytes of each value.
    pub sizes: Vec<usize>,
    /// How many are saved again: the first ones.
    pub hot: usize,
}

/// Bytes of a value that is stored once.
const COLD: usize = 64;

impl Layout {
    /// The 32 settings of 1 to 32 bytes.
    pub fn device() -> Self {
        let sizes = Device::SIZES
            .iter()
            .flat_map(|&(count, size)| vec![size; count]);
        Self {
            declared: Declared::Device,
            sizes: sizes.collect(),
            hot: 32,
        }
    }

    /// The 64 settings of 16 to 128 bytes.
    pub fn plant() -> Self {
        let mut rng = Rng::new(64);
        Self {
            declared: Declared::Plant,
            sizes: (0..64).map(|_| 16 + rng.below(113)).collect(),
            hot: 64,
        }
    }

    /// So many counters of 4 bytes.
    pub fn counters(count: usize) -> Self {
        Self {
            declared: Declared::Nothing,
            sizes: vec![4; count],
            hot: count,
        }
    }

    /// With values of 64 bytes beside, until all are so many percent of `capacity`; as it is where it is more already.
    #[must_use]
    pub fn filled(mut self, percent: usize, capacity: usize) -> Self {
        let wanted = capacity * percent / 100;
        let cold = wanted.saturating_sub(self.bytes()) / COLD;
        self.sizes.extend(vec![COLD; cold]);
        self
    }

    /// How many settings there are.
    pub fn count(&self) -> usize {
        self.sizes.len()
    }

    /// Bytes of all values.
    pub fn bytes(&self) -> usize {
        self.sizes.iter().sum()
    }

    /// Bytes of the largest.
    pub fn largest(&self) -> usize {
        self.sizes.iter().copied().max().unwrap_or(0)
    }
}

/// What each setting is to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The struct.
    pub declared: Declared,
    /// The values, those of numbers little endian.
    pub values: Vec<Vec<u8>>,
    hot: usize,
}

impl Model {
    /// What a device leaves the factory with.
    pub fn new(layout: &Layout) -> Self {
        let mut rng = Rng::new(1);
        let values = layout.sizes.iter().enumerate().map(|(key, &size)| {
            if layout.declared == Declared::Device && Device::FLAGS.contains(&key) {
                return vec![1];
            }
            match size {
                // Three bytes for postcard, for as long as a run lasts.
                4 => (100_000 + rng.below(900_000) as u32).to_le_bytes().to_vec(),
                2 => (1_000 + rng.below(9_000) as u16).to_le_bytes().to_vec(),
                _ => (0..size).map(|_| rng.next_u8()).collect(),
            }
        });
        Self {
            declared: layout.declared,
            values: values.collect(),
            hot: layout.hot,
        }
    }

    /// Gives a setting another value than it had: the next number, the other flag.
    #[inline(never)]
    pub fn change(&mut self, key: usize) {
        let flag = self.declared == Declared::Device && Device::FLAGS.contains(&key);
        let value = &mut self.values[key];
        if flag {
            value[0] ^= 1;
            return;
        }
        for byte in value {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }

    /// All numbers of settings.
    pub fn all(&self) -> Vec<usize> {
        (0..self.values.len()).collect()
    }

    /// The settings that are saved again.
    pub fn hot(&self) -> Vec<usize> {
        (0..self.hot).collect()
    }
}

/// Draws settings by Zipf's law: the n-th is saved a n-th as often as the first.
#[derive(Debug)]
pub struct Zipf {
    rng: Rng,
    sums: Vec<f64>,
}

impl Zipf {
    /// Among so many.
    pub fn new(count: usize, seed: u64) -> Self {
        let mut sum = 0.0;
        let weights = (1..=count).map(|n| 1.0 / n as f64);
        Self {
            rng: Rng::new(seed),
            sums: weights
                .map(|weight| {
                    sum += weight;
                    sum
                })
                .collect(),
        }
    }

    /// The next one.
    pub fn draw(&mut self) -> usize {
        let total = self.sums.last().copied().unwrap_or(0.0);
        let at = self.rng.below(1 << 30) as f64 / f64::from(1 << 30) * total;
        self.sums.partition_point(|&sum| sum <= at)
    }
}
