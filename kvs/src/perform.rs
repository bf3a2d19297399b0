//! The drivers' side of the engine: does what it asks of the flash. The only code that waits.

use embedded_storage::nor_flash::ErrorType;

use super::{NorFlash, bisync};
use crate::bytes::{Aligned, is_erased};
use crate::engine::{FAILED, Operation};
use crate::format::pad;

/// Bytes that are looked at in one read where they are only compared: as many as a read size may be.
const CHUNK: usize = 64;

/// A partition of a flash, and the buffer that its bytes pass through.
pub(crate) struct Partition<'a, F: ErrorType> {
    pub(crate) flash: F,
    pub(super) buffer: &'a mut [u8],
    /// Where it begins in the flash.
    start: u32,
    /// What the driver said last.
    error: Option<F::Error>,
}

impl<'a, F: ErrorType> Partition<'a, F> {
    pub(super) fn new(flash: F, start: u32, buffer: &'a mut [u8]) -> Self {
        Self {
            flash,
            buffer,
            start,
            error: None,
        }
    }

    /// What the driver said last, once.
    pub(crate) fn error(&mut self) -> Option<F::Error> {
        self.error.take()
    }
}

#[bisync]
impl<F: NorFlash> Partition<'_, F> {
    /// Does what the engine asks, and answers as a [`Device`](crate::engine::Device) does.
    pub(super) async fn perform(&mut self, operation: Operation, address: u32, len: u32) -> u32 {
        let address = self.start.wrapping_add(address);
        let done = perform(&mut self.flash, self.buffer, operation, address, len).await;
        done.unwrap_or_else(|error| {
            self.error = Some(error);
            FAILED
        })
    }
}

/// Does what is asked, and returns how many bytes that succeeded with. `address` counts from the
/// start of the flash.
#[bisync]
#[inline(never)]
async fn perform<F: NorFlash>(
    flash: &mut F,
    buffer: &mut [u8],
    operation: Operation,
    address: u32,
    len: u32,
) -> Result<u32, F::Error> {
    let front = buffer.get_mut(..len as usize).unwrap_or_default();
    let times = match operation {
        Operation::Read { least } => {
            if flash.read(address, front).await.is_ok() {
                return Ok(len);
            }
            let front = buffer.get_mut(..least.into());
            flash.read(address, front.unwrap_or_default()).await?;
            return Ok(least.into());
        }
        Operation::Program => {
            flash.write(address, front).await?;
            return Ok(len);
        }
        Operation::Erase => {
            flash.erase(address, address.wrapping_add(len)).await?;
            return Ok(len);
        }
        Operation::IsStaged { .. } => 1,
        Operation::IsErased { times } => times,
        Operation::IsSteady { times } => {
            if flash.read(address, front).await.is_err() {
                flash.read(address, front).await?;
            }
            times
        }
    };
    let skip = match operation {
        Operation::IsStaged { skip } => skip.into(),
        _ => 0,
    };
    let is_blank = matches!(operation, Operation::IsErased { .. });
    let mut scratch = Aligned([0; CHUNK]);
    for _ in 0..times {
        let mut done = 0u32;
        while done < len {
            let count = len.wrapping_sub(done).min(CHUNK as u32) as usize;
            let padded = pad(count as u32, F::READ_SIZE as u32) as usize;
            let chunk = scratch.0.get_mut(..padded).unwrap_or_default();
            let from = address.wrapping_add(done);
            // A glitch on the bus is no damage.
            if flash.read(from, chunk).await.is_err() {
                flash.read(from, chunk).await?;
            }
            let held = buffer.get(done as usize..).unwrap_or_default();
            let from = if done == 0 { skip } else { 0 };
            let is_same = match is_blank {
                true => is_erased(chunk),
                false => held.get(from..count) == chunk.get(from..count),
            };
            if !is_same {
                return Ok(0);
            }
            done = done.wrapping_add(count as u32);
        }
    }
    Ok(len)
}
