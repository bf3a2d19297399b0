//! The flash driver as `tickv` wants it: it writes single bytes, so words are read, changed and programmed again.

use app::{Flash, PAGE};
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use tickv::{ErrorCode, FlashController};

pub const REGION: usize = PAGE as usize;

pub struct Controller;

impl FlashController<REGION> for Controller {
    fn read_region(&self, region: usize, bytes: &mut [u8; REGION]) -> Result<(), ErrorCode> {
        let read = Flash.read((region * REGION) as u32, bytes);
        read.map_err(|_| ErrorCode::ReadFail)
    }

    fn write(&self, address: usize, bytes: &[u8]) -> Result<(), ErrorCode> {
        let (mut address, mut bytes) = (address, bytes);
        while !bytes.is_empty() {
            let (start, skip) = ((address & !3) as u32, address & 3);
            let (now, rest) = bytes.split_at(bytes.len().min(4 - skip));
            let mut word = [0; 4];
            Flash
                .read(start, &mut word)
                .map_err(|_| ErrorCode::ReadFail)?;
            for (old, new) in word.iter_mut().skip(skip).zip(now) {
                *old = *new;
            }
            Flash
                .write(start, &word)
                .map_err(|_| ErrorCode::WriteFail)?;
            address += now.len();
            bytes = rest;
        }
        Ok(())
    }

    fn erase_region(&self, region: usize) -> Result<(), ErrorCode> {
        let start = (region * REGION) as u32;
        Flash
            .erase(start, start + PAGE)
            .map_err(|_| ErrorCode::EraseFail)
    }
}
