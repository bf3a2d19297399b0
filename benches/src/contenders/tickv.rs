//! `tickv`: an update is a removal and an append, and removing clears a bit of a word that is programmed already.

use tickv::{ErrorCode, FlashController, MAIN_KEY, TicKV};

use super::kvs_raw::sectors;
use super::name;
use crate::chip::Chip;
use crate::model::Model;
use crate::store::{Outcome, Store, Why};

/// Mounts it.
pub(super) fn mount<const W: usize, const E: usize>(chip: Chip<W, E>) -> Outcome<Box<dyn Store>> {
    let size = sectors(&chip) * E;
    let region = Box::leak(Box::new([0; E]));
    let kv = TicKV::new(Controller(chip), region, size);
    kv.initialise(hash(MAIN_KEY)).map_err(why)?;
    Ok(Box::new(Tickv { kv }))
}

struct Controller<const W: usize, const E: usize>(Chip<W, E>);

impl<const W: usize, const E: usize> FlashController<E> for Controller<W, E> {
    fn read_region(&self, region: usize, bytes: &mut [u8; E]) -> Result<(), ErrorCode> {
        let read = self.0.read_at((region * E) as u32, bytes);
        read.map_err(|_| ErrorCode::ReadFail)
    }

    /// It writes single bytes, so words are read, changed and programmed again.
    fn write(&self, address: usize, bytes: &[u8]) -> Result<(), ErrorCode> {
        let start = address / W * W;
        let end = (address + bytes.len()).next_multiple_of(W);
        let mut words = vec![0; end - start];
        let read = self.0.read_at(start as u32, &mut words);
        read.map_err(|_| ErrorCode::ReadFail)?;
        words[address - start..][..bytes.len()].copy_from_slice(bytes);
        let written = self.0.write_at(start as u32, &words);
        written.map_err(|_| ErrorCode::WriteFail)
    }

    fn erase_region(&self, region: usize) -> Result<(), ErrorCode> {
        let start = (region * E) as u32;
        let erased = self.0.erase_at(start, start + E as u32);
        erased.map_err(|_| ErrorCode::EraseFail)
    }
}

struct Tickv<const W: usize, const E: usize> {
    kv: TicKV<'static, Controller<W, E>, E>,
}

/// FNV-1a: the keys are numbers of the caller's making.
fn hash(name: &[u8]) -> u64 {
    name.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3)
    })
}

impl<const W: usize, const E: usize> Tickv<W, E> {
    fn put(&self, key: usize, value: &[u8]) -> Result<(), ErrorCode> {
        let hash = hash(name(key).as_bytes());
        match self.kv.invalidate_key(hash) {
            Ok(_) | Err(ErrorCode::KeyNotFound) => {}
            Err(error) => return Err(error),
        }
        match self.kv.append_key(hash, value) {
            Err(ErrorCode::RegionFull | ErrorCode::FlashFull) => {
                self.kv.garbage_collect()?;
                self.kv.append_key(hash, value).map(|_| ())
            }
            result => result.map(|_| ()),
        }
    }
}

impl<const W: usize, const E: usize> Store for Tickv<W, E> {
    fn save(&mut self, model: &Model, changed: &[usize]) -> Outcome<()> {
        let mut keys = changed.iter();
        keys.try_for_each(|&key| self.put(key, &model.values[key]).map_err(why))
    }

    fn get(&mut self, key: usize) -> Outcome<Option<Vec<u8>>> {
        let mut value = vec![0; 128];
        match self.kv.get_key(hash(name(key).as_bytes()), &mut value) {
            Ok((_, len)) => {
                value.truncate(len);
                Ok(Some(value))
            }
            Err(ErrorCode::KeyNotFound) => Ok(None),
            Err(error) => Err(why(error)),
        }
    }

    fn ram(&self) -> usize {
        size_of_val(&self.kv) - size_of::<Chip<W, E>>() + E + 128
    }
}

fn why(error: ErrorCode) -> Why {
    match error {
        ErrorCode::RegionFull | ErrorCode::FlashFull => Why::Full,
        error => Why::error(error),
    }
}
