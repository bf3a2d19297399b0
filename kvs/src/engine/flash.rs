//! The partition: a range of a NOR flash in sectors of one size, and the buffer that its bytes pass
//! through. The only layer that talks to the driver; it knows nothing of entries.
//!
//! Nothing in the engine waits for the flash. What a driver has to do is a [`Request`]. A blocking
//! driver does it at once. For an async one it is noted, and the call that asked ends with
//! [`Fault::Pending`]: when the driver is done, the same call is made again, and goes on from there.
//! So the engine is plain code, the same for both, and only the loop around it is async.

use super::Fault;
use crate::bytes::move_within;
use crate::format::pad;

/// A flash driver, as the engine sees it.
pub(crate) trait Device {
    /// What is programmed at once.
    const WORD: u32;
    /// Reads begin and end at multiples of this.
    const READ: u32;

    /// Does what is requested, with the engine's buffer, and returns how many bytes that were: none
    /// if the driver reports an error. Or [`Fault::Pending`], and what was done is returned when the
    /// same is requested next.
    fn ask(&mut self, buffer: &mut [u8], request: Request) -> Result<u32, Fault>;
}

/// Something that a flash driver has to do. Addresses count from the start of the flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) operation: Operation,
    pub(crate) address: u32,
    /// Bytes.
    pub(crate) len: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Read to the front of the buffer; if that fails, only so many bytes.
    Read { least: u32 },
    /// Read so many times, and see whether it is erased each time.
    IsErased { times: u8 },
    /// Read, and see whether it is what is at the front of the buffer, but for the first so many
    /// bytes.
    IsStaged { skip: u8 },
    /// Read to the front of the buffer, and so many times more, and see whether it is the same each
    /// time.
    IsSteady { times: u8 },
    /// Program from the front of the buffer, whole words, in one call.
    Program,
    /// Erase the sector.
    Erase,
}

pub(super) struct Flash<'a, D> {
    device: D,
    /// Where the partition begins in the flash.
    start: u32,
    sector_size: u32,
    buffer: &'a mut [u8],
    /// What of the partition the buffer holds: from this address on, so many bytes.
    held_from: u32,
    held_len: u32,
    /// So many bytes from [`held_from`](Self::held_from) on can't be read.
    unreadable: u32,
}

impl<'a, D: Device> Flash<'a, D> {
    pub(super) fn new(device: D, start: u32, sector_size: u32, buffer: &'a mut [u8]) -> Self {
        Self {
            device,
            start,
            sector_size,
            buffer,
            held_from: 0,
            held_len: 0,
            unreadable: u32::MAX,
        }
    }

    pub(super) fn sector_size(&self) -> u32 {
        self.sector_size
    }

    /// The driver, and the buffer that its requests are about.
    pub(super) fn parts(&mut self) -> (&mut D, &mut [u8]) {
        (&mut self.device, self.buffer)
    }

    /// The address of a sector, from the partition's start.
    pub(super) fn base(&self, sector: usize) -> u32 {
        self.sector_size.wrapping_mul(sector as u32)
    }

    /// How far an address, which may be the end of the sector, is from the start of sector `number`.
    pub(super) fn offset_within(&self, number: usize, address: u32) -> u32 {
        address.wrapping_sub(self.base(number))
    }

    /// How far an address is from the start of its sector.
    pub(super) fn offset(&self, address: u32) -> u32 {
        address & self.sector_size.wrapping_sub(1)
    }

    fn ask(&mut self, operation: Operation, address: u32, len: u32) -> Result<u32, Fault> {
        let request = Request {
            operation,
            address: self.start.wrapping_add(address),
            len,
        };
        self.device.ask(self.buffer, request)
    }

    /// The bytes from `address` on: `need` of them at least, or as many as there are in its sector,
    /// or fit into the buffer. None if they can't be read.
    pub(super) fn bytes(&mut self, address: u32, need: u32) -> Result<&[u8], Fault> {
        self.bytes_of(address, need, u32::MAX)
    }

    /// The same, where no more will be looked at: reads no more than that.
    pub(super) fn only(&mut self, address: u32, need: u32) -> Result<&[u8], Fault> {
        self.bytes_of(address, need, 0)
    }

    #[inline(never)]
    fn bytes_of(&mut self, address: u32, need: u32, most: u32) -> Result<&[u8], Fault> {
        let from = address & !D::READ.wrapping_sub(1);
        let left = self.sector_size.wrapping_sub(self.offset(from));
        let space = left.min(self.buffer.len() as u32) & !D::READ.wrapping_sub(1);
        let ahead = address.wrapping_sub(from);
        let least = pad(need.wrapping_add(ahead), D::READ).min(space);
        let mut skip = address.wrapping_sub(self.held_from);
        let wanted = need.min(least.wrapping_sub(ahead));
        if skip > self.held_len || skip.wrapping_add(wanted) > self.held_len {
            self.held_len = 0;
            skip = ahead;
            // First as much as fits; then, so that a word that can't be read does not hide the ones
            // before it, as little as will do.
            if self.held_from != from || least < self.unreadable {
                let most = most.min(space).max(least);
                let count = self.ask(Operation::Read { least }, from, most)?;
                if self.held_from != from {
                    (self.held_from, self.unreadable) = (from, u32::MAX);
                }
                self.held_len = count;
                if count == 0 {
                    self.unreadable = least;
                }
            }
        }
        let held = self.buffer.get(skip as usize..self.held_len as usize);
        Ok(held.unwrap_or_default())
    }

    /// Whether nothing could be read at the last look.
    pub(super) fn is_unreadable(&self) -> bool {
        self.held_len == 0
    }

    /// Makes the next look read the flash again.
    pub(super) fn forget(&mut self) {
        self.held_len = 0;
        self.unreadable = u32::MAX;
    }

    /// The buffer, to stage what is to be programmed. What it held of the flash is gone.
    pub(super) fn stage(&mut self) -> &mut [u8] {
        self.forget();
        self.buffer
    }

    /// What is staged.
    pub(super) fn staged(&self) -> &[u8] {
        self.buffer
    }

    /// How many bytes can be staged: whole words.
    pub(super) fn stage_len(&self) -> u32 {
        self.buffer.len() as u32 & !D::WORD.wrapping_sub(1)
    }

    /// Stages bytes of flash. `false` if they can't be read.
    pub(super) fn stage_from(&mut self, address: u32, len: u32) -> Result<bool, Fault> {
        let is_there = self.bytes(address, len)?.len() as u32 >= len;
        let skip = address.wrapping_sub(self.held_from) as usize;
        move_within(self.stage(), skip, 0, len as usize);
        Ok(is_there)
    }

    /// Whether so many bytes of flash are erased each of so many times.
    pub(super) fn is_erased(&mut self, address: u32, len: u32, times: u8) -> Result<bool, Fault> {
        let operation = Operation::IsErased { times };
        Ok(self.ask(operation, address, len)? == len)
    }

    /// Whether so many bytes of flash, but for the first `skip`, are as what is staged.
    pub(super) fn is_staged(&mut self, address: u32, len: u32, skip: u8) -> Result<bool, Fault> {
        let operation = Operation::IsStaged { skip };
        Ok(self.ask(operation, address, len)? == len)
    }

    /// Whether so many bytes of flash, which fit into the buffer, read the same each of so many times.
    pub(super) fn is_steady(&mut self, address: u32, len: u32, times: u8) -> Result<bool, Fault> {
        self.forget();
        let operation = Operation::IsSteady { times };
        Ok(self.ask(operation, address, len)? == len)
    }

    /// Programs the first `len` bytes of what is staged, whole words, in one call.
    #[inline(never)]
    pub(super) fn program(&mut self, address: u32, len: u32) -> Result<(), Fault> {
        self.forget();
        let done = self.ask(Operation::Program, address, len)?;
        if done == len {
            Ok(())
        } else {
            Err(Fault::Flash)
        }
    }

    pub(super) fn erase(&mut self, sector: usize) -> Result<(), Fault> {
        self.forget();
        let (base, size) = (self.base(sector), self.sector_size);
        if self.ask(Operation::Erase, base, size)? == size {
            Ok(())
        } else {
            Err(Fault::Flash)
        }
    }
}
