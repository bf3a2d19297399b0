//! The partition: a range of a NOR flash in sectors of one size, and the buffer that its bytes pass
//! through. The only layer that talks to the driver; it knows nothing of entries.
//!
//! Nothing in the engine waits for the flash. It asks its [`Device`]. A blocking one does at once
//! what it is asked. With an async one the call that asked ends with [`Fault::Pending`]; when the
//! driver is done, the same call is made again, asks the same again, and has the answer. So the
//! engine is plain code, the same for both, and only the loop around it is async.

use core::ops::Range;

use super::Fault;
use crate::format::pad;

/// A flash driver for a partition, as the engine sees it, and the buffer that it works on.
/// Addresses count from the start of the partition.
pub(crate) trait Device {
    /// What is programmed at once.
    const WORD: u32;
    /// Reads begin and end at multiples of this.
    const READ: u32;

    fn buffer(&self) -> &[u8];

    fn buffer_mut(&mut self) -> &mut [u8];

    /// Does something to `len` bytes from `address` on, and returns how many of them that succeeded
    /// with; [`FAILED`] if the driver reports an error. `None`: it has yet to be done.
    fn ask(&mut self, operation: Operation, address: u32, len: u32) -> Option<u32>;
}

/// What a device answers if its driver reports an error.
pub(crate) const FAILED: u32 = u32::MAX;

/// Something that a flash driver has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Read to the front of the buffer; if that fails, only so many bytes.
    Read { least: u16 },
    /// Read so many times, and see whether it is erased each time.
    IsErased { times: u8 },
    /// Read, and see whether it is what is at the front of the buffer, but for so many bytes.
    IsStaged { skip: u8 },
    /// Read to the front of the buffer, and so many times more, and see whether it is the same each
    /// time.
    IsSteady { times: u8 },
    /// Program from the front of the buffer, whole words, in one call.
    Program,
    /// Erase the sector.
    Erase,
}

pub(super) struct Flash<D> {
    device: D,
    /// What of the partition the buffer holds: from this address on, so many bytes.
    held_from: u32,
    held_len: u16,
    /// So many bytes from [`held_from`](Self::held_from) on can't be read.
    unreadable: u16,
    /// Of the addresses that could not be read since [`forget_unread`](Self::forget_unread); 0 if there
    /// was none.
    unread: u16,
    /// So many bytes at the end of the buffer are not read to.
    reserved: u16,
    sector_size: u32,
    /// The logarithm of the sector size, rounded up: to the engine, sectors begin at multiples of
    /// that, so that nothing has to be divided.
    sector_log: u8,
}

impl<D> Flash<D> {
    pub(super) fn into_device(self) -> D {
        self.device
    }
}

impl<D: Device> Flash<D> {
    pub(super) fn new(device: D, sector_size: u32) -> Self {
        Self {
            device,
            held_from: 0,
            held_len: 0,
            unreadable: u16::MAX,
            unread: 0,
            reserved: 0,
            sector_size,
            sector_log: sector_size.next_power_of_two().trailing_zeros() as u8,
        }
    }

    pub(super) fn device(&mut self) -> &mut D {
        &mut self.device
    }

    pub(super) fn device_ref(&self) -> &D {
        &self.device
    }

    pub(super) fn sector_log(&self) -> u32 {
        self.sector_log.into()
    }

    pub(super) fn sector_size(&self) -> u32 {
        self.sector_size
    }

    /// Where an address is in the partition.
    fn physical(&self, address: u32) -> u32 {
        let base = self
            .sector_size
            .wrapping_mul(self.sector_at(address) as u32);
        base.wrapping_add(self.offset(address))
    }

    /// The address of a sector.
    pub(super) fn base(&self, sector: usize) -> u32 {
        (sector as u32) << (self.sector_log & 31)
    }

    /// The sector that an address is in.
    pub(super) fn sector_at(&self, address: u32) -> usize {
        (address >> (self.sector_log & 31)) as usize
    }

    /// How far an address is from the start of its sector.
    pub(super) fn offset(&self, address: u32) -> u32 {
        address & (1u32 << (self.sector_log & 31)).wrapping_sub(1)
    }

    /// The bytes from `address` on: `need` of them at least, or as many as there are in its sector,
    /// or fit into the buffer. None if they can't be read.
    pub(super) fn bytes(&mut self, address: u32, need: u32) -> Result<&[u8], Fault> {
        self.load(address, need, u16::MAX)?;
        Ok(self.held(address))
    }

    /// The same, where no more will be looked at: reads no more than that.
    pub(super) fn only(&mut self, address: u32, need: u32) -> Result<&[u8], Fault> {
        self.load(address, need, 0)?;
        Ok(self.held(address))
    }

    /// Where in the buffer so many bytes of the partition are, as far as they are.
    pub(super) fn held_range(&self, address: u32, len: u32) -> Range<usize> {
        let skip = address.wrapping_sub(self.held_from) as usize;
        let end = skip.saturating_add(len as usize).min(self.held_len.into());
        skip.min(end)..end
    }

    /// What the buffer holds of the partition from `address` on.
    #[inline(never)]
    pub(super) fn held(&self, address: u32) -> &[u8] {
        let skip = address.wrapping_sub(self.held_from) as usize;
        let held = self.device.buffer().get(skip..self.held_len.into());
        held.unwrap_or_default()
    }

    #[inline(never)]
    fn load(&mut self, address: u32, need: u32, most: u16) -> Result<(), Fault> {
        let from = address & !D::READ.wrapping_sub(1);
        let ahead = address.wrapping_sub(from);
        let left = self.sector_size().wrapping_sub(self.offset(from));
        let buffer = self.device.buffer().len() as u32;
        let buffer = buffer.saturating_sub(self.reserved.into());
        let space = left.min(buffer) & !D::READ.wrapping_sub(1);
        let least = pad(need.wrapping_add(ahead), D::READ).min(space);
        let skip = address.wrapping_sub(self.held_from);
        let wanted = need.min(least.wrapping_sub(ahead));
        let held = u32::from(self.held_len);
        if skip > held || skip.wrapping_add(wanted) > held {
            self.held_len = 0;
            // First as much as fits; then, so that a word that can't be read does not hide the ones
            // before it, as little as will do.
            if self.held_from != from || least < u32::from(self.unreadable) {
                let most = space.min(most.into()).max(least);
                let least = least as u16;
                let place = self.physical(from);
                let count = self.device.ask(Operation::Read { least }, place, most);
                let count = count.ok_or(Fault::Pending)?;
                let count = if count == FAILED { 0 } else { count };
                if self.held_from != from {
                    (self.held_from, self.unreadable) = (from, u16::MAX);
                }
                self.held_len = count as u16;
                if count == 0 {
                    self.unreadable = least;
                    let mixed = from.wrapping_mul(0x9E37_79B1) >> 16 | 1;
                    self.unread = self.unread.rotate_left(3) ^ mixed as u16;
                }
            }
        }
        Ok(())
    }

    /// Whether nothing could be read at the last look.
    pub(super) fn is_unreadable(&self) -> bool {
        self.held_len == 0
    }

    /// What could not be read, as one number.
    pub(super) fn unread(&self) -> u16 {
        self.unread
    }

    pub(super) fn forget_unread(&mut self) {
        self.unread = 0;
    }

    /// Makes the next look read the flash again.
    pub(super) fn forget(&mut self) {
        self.held_len = 0;
        self.unreadable = u16::MAX;
    }

    /// Keeps so many bytes at the end of the buffer from what is read later.
    pub(super) fn reserve(&mut self, len: usize) {
        self.reserved = len as u16;
        self.forget();
    }

    /// The buffer, to stage what is to be programmed. What it held of the flash is gone.
    pub(super) fn stage(&mut self) -> &mut [u8] {
        self.forget();
        self.device.buffer_mut()
    }

    /// What is staged.
    pub(super) fn staged(&self) -> &[u8] {
        self.device.buffer()
    }

    /// How many bytes can be staged: whole words.
    pub(super) fn stage_len(&self) -> u32 {
        self.device.buffer().len() as u32 & !D::WORD.wrapping_sub(1)
    }

    /// Stages bytes of flash. `false` if they can't be read.
    pub(super) fn stage_from(&mut self, address: u32, len: u32) -> Result<bool, Fault> {
        let is_there = self.bytes(address, len)?.len() as u32 >= len;
        let skip = address.wrapping_sub(self.held_from) as usize;
        let buffer = self.stage();
        // Not `copy_within`, which can panic as far as the compiler sees.
        for at in 0..len as usize {
            if let Some(byte) = buffer.get(at.wrapping_add(skip)).copied()
                && let Some(target) = buffer.get_mut(at)
            {
                *target = byte;
            }
        }
        Ok(is_there)
    }

    /// Asks for something that may leave other bytes in the buffer. `true`: it succeeded with all
    /// of them.
    #[inline(never)]
    fn ask(&mut self, operation: Operation, address: u32, len: u32) -> Result<bool, Fault> {
        self.forget();
        let place = self.physical(address);
        match self.device.ask(operation, place, len) {
            Some(FAILED) => Err(Fault::Flash),
            Some(done) => Ok(done == len),
            None => Err(Fault::Pending),
        }
    }

    /// Whether so many bytes of flash are erased each of so many times.
    pub(super) fn is_erased(&mut self, address: u32, len: u32, times: u8) -> Result<bool, Fault> {
        or_false(self.ask(Operation::IsErased { times }, address, len))
    }

    /// Whether so many bytes of flash, but for the first `skip`, are as what is staged.
    pub(super) fn is_staged(&mut self, address: u32, len: u32, skip: u8) -> Result<bool, Fault> {
        or_false(self.ask(Operation::IsStaged { skip }, address, len))
    }

    /// Whether so many bytes of flash, which fit into the buffer, read the same each of so many times.
    pub(super) fn is_steady(&mut self, address: u32, len: u32, times: u8) -> Result<bool, Fault> {
        self.ask(Operation::IsSteady { times }, address, len)
    }

    /// Programs the first `len` bytes of what is staged, whole words, in one call.
    pub(super) fn program(&mut self, address: u32, len: u32) -> Result<(), Fault> {
        let is_done = self.ask(Operation::Program, address, len)?;
        is_done.then_some(()).ok_or(Fault::Flash)
    }

    pub(super) fn erase(&mut self, sector: usize) -> Result<(), Fault> {
        let is_done = self.ask(Operation::Erase, self.base(sector), self.sector_size())?;
        is_done.then_some(()).ok_or(Fault::Flash)
    }
}

/// What can't be read is not what is looked for.
fn or_false(answer: Result<bool, Fault>) -> Result<bool, Fault> {
    match answer {
        Err(Fault::Flash) => Ok(false),
        answer => answer,
    }
}
