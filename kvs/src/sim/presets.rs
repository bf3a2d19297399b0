//! The shapes and the times of real parts.
//!
//! Each has a type, for the sizes of word and sector; a function that gives a small partition of
//! it, with its times; and the times alone, for a flash of another size or in a file:
//! `Nrf52840::open(path, 4)?.with_timing(Timing::NRF52840)`.
//!
//! | preset | word | sector | sectors | program | erase |
//! |---|---|---|---|---|---|
//! | [`nrf52840`] | 4 B | 4 KiB | 8 | 41 us a word | 85 ms |
//! | [`stm32l4`] | 8 B | 2 KiB | 8 | 82 us a word | 22 ms |
//! | [`stm32h7`] | 32 B | 128 KiB | 2 | 100 us a word | 1 s |
//! | [`stm32h7_like`] | 32 B | 8 KiB | 4 | 100 us a word | 62.5 ms |
//! | [`rp2040`] | 1 B | 4 KiB | 8 | 0.4 ms a page of 256 B | 45 ms |
//! | [`w25q`] | 1 B | 4 KiB | 16 | 0.7 ms a page of 256 B | 45 ms |
//!
//! There is no part like [`stm32h7_like`]: it has the words of an STM32H7 and small sectors, so
//! that a test fills them soon. All parts read single bytes.
//!
//! Program and erase times are those of the data sheets named at each [`Timing`], noted down
//! without the sheet at hand: good for comparing, to be looked up again before a product relies on
//! one. Read times of flash inside a chip are estimates; those of flash on a bus follow from its
//! clock.

use super::flash::SimFlash;
use super::timing::Timing;

/// The flash of a Nordic nRF52840. Also the sizes of nRF52832 and nRF52833.
pub type Nrf52840 = SimFlash<4, 4096>;
/// The flash of an ST STM32L4 with 2 KiB pages (L4x1 to L4x6).
pub type Stm32L4 = SimFlash<8, 2048>;
/// The flash of an ST STM32H742, H743, H753 and others: words of 256 bits with ECC.
pub type Stm32H7 = SimFlash<32, 131_072>;
/// The words of an STM32H7 with sectors of 8 KiB. No such part exists.
pub type Stm32H7Like = SimFlash<32, 8192>;
/// The SPI flash beside a Raspberry Pi RP2040, as `embassy-rp` shows it: writes of single bytes.
pub type Rp2040 = SimFlash<1, 4096>;
/// A Winbond W25Q SPI NOR flash.
pub type W25q = SimFlash<1, 4096>;

/// 8 sectors of an nRF52840: 32 KiB.
pub fn nrf52840() -> Nrf52840 {
    SimFlash::new(8).with_timing(Timing::NRF52840)
}

/// 8 sectors of an STM32L4: 16 KiB.
pub fn stm32l4() -> Stm32L4 {
    SimFlash::new(8).with_timing(Timing::STM32L4)
}

/// 2 sectors of an STM32H743: 256 KiB.
pub fn stm32h7() -> Stm32H7 {
    SimFlash::new(2).with_timing(Timing::STM32H7)
}

/// 4 sectors of 8 KiB with the words of an STM32H7: 32 KiB.
pub fn stm32h7_like() -> Stm32H7Like {
    SimFlash::new(4).with_timing(Timing::STM32H7_LIKE)
}

/// 8 sectors of the flash beside an RP2040: 32 KiB.
pub fn rp2040() -> Rp2040 {
    SimFlash::new(8).with_timing(Timing::RP2040)
}

/// 16 sectors of a W25Q: 64 KiB.
pub fn w25q() -> W25q {
    SimFlash::new(16).with_timing(Timing::W25Q)
}

const US: u64 = 1000;
const MS: u64 = 1000 * US;

impl Timing {
    /// nRF52840: 41 us a word and 85 ms a page, from the NVMC chapter of Nordic's "nRF52840
    /// Product Specification", which gives no other figures than these upper ones. Reads:
    /// estimated, as loads at 64 MHz with wait states.
    pub const NRF52840: Self = Self {
        read_byte_ns: 12,
        program_word_ns: 41 * US,
        erase_ns: 85 * MS,
        ..Self::INSTANT
    };

    /// STM32L476: typically 81.69 us a double word (90.76 at most) and 22.02 ms a page (24.47 at
    /// most), from ST's data sheet DS10198, "Flash memory characteristics". Reads: estimated, as
    /// loads at 80 MHz with wait states.
    pub const STM32L4: Self = Self {
        read_byte_ns: 10,
        program_word_ns: 81_690,
        erase_ns: 22_020 * US,
        ..Self::INSTANT
    };

    /// STM32H743: typically 100 us a word of 256 bits and 1 s a sector of 128 KiB, both at
    /// parallelism x64 (x8: 290 us and 2 s), from ST's data sheet DS12110, "Flash memory
    /// programming". Reads: estimated.
    pub const STM32H7: Self = Self {
        read_byte_ns: 3,
        program_word_ns: 100 * US,
        erase_ns: 1000 * MS,
        ..Self::INSTANT
    };

    /// As [`STM32H7`](Self::STM32H7), with its erase time shared out: 1 s for 128 KiB is 62.5 ms
    /// for 8 KiB. Made up, as the part is.
    pub const STM32H7_LIKE: Self = Self {
        erase_ns: 1000 * MS / 16,
        ..Self::STM32H7
    };

    /// RP2040 with the W25Q16JV of a Raspberry Pi Pico: typically 0.4 ms a page (3 at most) and
    /// 45 ms a sector (400 at most), from Winbond's data sheet "W25Q16JV", "AC Electrical
    /// Characteristics". Reads: four data lines at 62.5 MHz, caches left out; data goes out on one
    /// line at some 20 MHz, as the boot ROM does it. Both buses: estimated.
    pub const RP2040: Self = Self {
        read_byte_ns: 32,
        program_word_ns: 400,
        page_bytes: 256,
        program_page_ns: 400 * US,
        erase_ns: 45 * MS,
        ..Self::INSTANT
    };

    /// W25Q128JV on plain SPI at 8 MHz, 1 us a byte: typically 0.7 ms a page (3 at most) and
    /// 45 ms a sector (400 at most), from Winbond's data sheet "W25Q128JV", "AC Electrical
    /// Characteristics". A read sends 4 bytes of command and address; a page program 5, and 2 to
    /// ask whether it is done.
    pub const W25Q: Self = Self {
        read_call_ns: 4 * US,
        read_byte_ns: US,
        program_call_ns: 0,
        program_word_ns: US,
        page_bytes: 256,
        program_page_ns: 700 * US + 7 * US,
        erase_ns: 45 * MS,
    };
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

    use super::super::SimError;
    use super::*;

    /// Write size, erase size, sectors; then the times of two words programmed and one erase.
    fn shape<F: NorFlash>(flash: &F) -> (usize, usize, usize) {
        assert_eq!(F::READ_SIZE, 1);
        (
            F::WRITE_SIZE,
            F::ERASE_SIZE,
            flash.capacity() / F::ERASE_SIZE,
        )
    }

    #[test]
    fn presets_have_the_sizes_of_their_parts() {
        assert_eq!(shape(&nrf52840()), (4, 4096, 8));
        assert_eq!(shape(&stm32l4()), (8, 2048, 8));
        assert_eq!(shape(&stm32h7()), (32, 128 * 1024, 2));
        assert_eq!(shape(&stm32h7_like()), (32, 8192, 4));
        assert_eq!(shape(&rp2040()), (1, 4096, 8));
        assert_eq!(shape(&w25q()), (1, 4096, 16));
    }

    #[test]
    fn words_and_erases_add_up() -> Result<(), SimError> {
        let mut flash = nrf52840();
        flash.erase(0, 8192)?;
        flash.write(0, &[0; 12])?;
        assert_eq!(flash.elapsed(), Duration::from_micros(2 * 85_000 + 3 * 41));
        Ok(())
    }

    #[test]
    fn spi_costs_calls_bytes_and_whole_pages() -> Result<(), SimError> {
        let mut flash = w25q();
        flash.write(250, &[0; 12])?; // two pages
        assert_eq!(flash.elapsed(), Duration::from_micros(2 * 707 + 12));
        flash.reset_stats();
        flash.read(0, &mut [0; 100])?;
        assert_eq!(flash.elapsed(), Duration::from_micros(104));
        Ok(())
    }
}
