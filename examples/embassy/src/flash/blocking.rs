//! The driver that waits, as a chip's own flash makes it do.

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};

use super::{Error, Flash, LEN, SECTOR, WORD};

pub struct Blocking(pub Flash);

impl ErrorType for Blocking {
    type Error = Error;
}

impl ReadNorFlash for Blocking {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        self.0.range(offset, bytes.len(), 1)?.read(bytes);
        Ok(())
    }

    fn capacity(&self) -> usize {
        LEN
    }
}

impl NorFlash for Blocking {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Error> {
        self.0.sectors(from, to)?.erase();
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        self.0.words(offset, bytes.len())?.program(bytes);
        Ok(())
    }
}
