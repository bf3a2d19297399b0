//! The drivers' side of the engine: does what it asks of the flash. The only code that waits.

use super::{NorFlash, bisync};
use crate::bytes::{Aligned, is_erased};
use crate::engine::{Operation, Request};
use crate::format::pad;

/// Bytes that are looked at in one read where they are only compared: as many as a read size may be.
const CHUNK: usize = 64;

/// Does one request, and returns how many bytes that were.
#[bisync]
pub(super) async fn perform<F: NorFlash>(
    driver: &mut F,
    buffer: &mut [u8],
    request: Request,
) -> Result<u32, F::Error> {
    let Request { address, len, .. } = request;
    let front = buffer.get_mut(..len as usize);
    match request.operation {
        Operation::Read { least } => {
            if driver
                .read(address, front.unwrap_or_default())
                .await
                .is_ok()
            {
                return Ok(len);
            }
            let front = buffer.get_mut(..least as usize);
            driver.read(address, front.unwrap_or_default()).await?;
            return Ok(least);
        }
        Operation::Program => driver.write(address, front.unwrap_or_default()).await?,
        Operation::Erase => driver.erase(address, address.wrapping_add(len)).await?,
        Operation::IsErased { times } | Operation::IsSteady { times } => {
            let is_steady = matches!(request.operation, Operation::IsSteady { .. });
            let front = front.filter(|_| is_steady).unwrap_or_default();
            if is_steady {
                driver.read(address, front).await?;
            }
            let front = is_steady.then_some(&*front);
            for _ in 0..times {
                if !is_same(driver, front, address, len, 0).await? {
                    return Ok(0);
                }
            }
        }
        Operation::IsStaged { skip } => {
            if !is_same(driver, front.as_deref(), address, len, skip).await? {
                return Ok(0);
            }
        }
    }
    Ok(len)
}

/// Whether flash reads as these bytes, but for the first `skip`, or erased where there are none.
#[bisync]
#[inline(never)]
async fn is_same<F: NorFlash>(
    driver: &mut F,
    bytes: Option<&[u8]>,
    address: u32,
    len: u32,
    skip: u8,
) -> Result<bool, F::Error> {
    let mut scratch = Aligned([0; CHUNK]);
    let (mut done, mut from) = (0u32, usize::from(skip));
    while done < len {
        let count = len.wrapping_sub(done).min(CHUNK as u32);
        let padded = pad(count, F::READ_SIZE as u32) as usize;
        let chunk = scratch.0.get_mut(..padded).unwrap_or_default();
        driver.read(address.wrapping_add(done), chunk).await?;
        let next = done.wrapping_add(count);
        let is_same = match bytes {
            Some(bytes) => {
                let at = done as usize;
                bytes.get(at.wrapping_add(from)..next as usize) == chunk.get(from..count as usize)
            }
            None => is_erased(chunk),
        };
        if !is_same {
            return Ok(false);
        }
        (done, from) = (next, 0);
    }
    Ok(true)
}
