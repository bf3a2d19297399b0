//! The parts that are compared on, and the settings that are on them.

use kvs::sim::Timing;

use crate::model::Layout;

/// A partition of a part.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// What its tables are headed with.
    pub title: &'static str,
    /// A short name, for files.
    pub name: &'static str,
    /// Bytes of a word.
    pub word: usize,
    /// Bytes of a sector.
    pub sector: usize,
    /// Sectors.
    pub sectors: usize,
    /// How long it takes.
    pub timing: Timing,
    /// The settings.
    pub layout: fn() -> Layout,
}

impl Part {
    /// Bytes of it.
    pub const fn capacity(&self) -> usize {
        self.sector * self.sectors
    }

    /// The same part with a partition of another size.
    #[must_use]
    pub const fn with_sectors(mut self, sectors: usize) -> Self {
        self.sectors = sectors;
        self
    }
}

/// The part of the README's table, of most plots, and of the quoted figures.
pub const NRF52840: Part = Part {
    title: "nRF52840: 8 sectors of 4 KiB, words of 4 bytes",
    name: "nrf52840",
    word: 4,
    sector: 4096,
    sectors: 8,
    timing: Timing::NRF52840,
    layout: Layout::device,
};

/// All of them.
pub const ALL: [Part; 5] = [
    NRF52840,
    Part {
        title: "STM32L4: 8 sectors of 2 KiB, words of 8 bytes with ECC",
        name: "stm32l4",
        word: 8,
        sector: 2048,
        sectors: 8,
        timing: Timing::STM32L4,
        layout: Layout::device,
    },
    Part {
        title: "Like an STM32H7: 4 sectors of 8 KiB, words of 32 bytes with ECC",
        name: "stm32h7",
        word: 32,
        sector: 8192,
        sectors: 4,
        timing: Timing::STM32H7_LIKE,
        layout: Layout::device,
    },
    Part {
        title: "W25Q: 16 sectors of 4 KiB, words of 1 byte, pages of 256",
        name: "w25q",
        word: 1,
        sector: 4096,
        sectors: 16,
        timing: Timing::W25Q,
        layout: Layout::device,
    },
    Part {
        title: "W25Q, industrial: 32 sectors of 4 KiB, 64 settings of 16 to 128 bytes",
        name: "w25q-industrial",
        word: 1,
        sector: 4096,
        sectors: 32,
        timing: Timing::W25Q,
        layout: Layout::plant,
    },
];
