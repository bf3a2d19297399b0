//! The store: the public face of the engine, and what settings need of it. Written once, as async
//! code, and compiled for each API: `lib.rs` says how.

use core::ops::Range;

use embedded_storage::nor_flash::ErrorType;

use super::driver::Driver;
use super::{NorFlash, bisync};

mod commit;
mod confirm;
mod inspect;
mod migrate;
mod mount;
mod raw;
mod reset;
mod typed;

pub use inspect::Keys;

use crate::checksum::{Checksum, Crc32c};
use crate::engine::{Engine, Fault, Job};
use crate::error::{Error, Geometry};
use crate::settings::Tree;

pub(crate) type FlashResult<F, T = ()> = Result<T, Error<<F as ErrorType>::Error>>;

#[bisync]
/// A key-value store in a range of NOR flash.
///
/// `F` is the flash driver (or a `&mut` to one), `C` the checksum. The RAM comes from
/// [`Resources`](crate::Resources).
///
/// ```
/// use kvs::{Options, Resources, Store, sim::presets};
///
/// let mut flash = presets::nrf52840();
/// let mut resources = Resources::<32, 8, 256>::new();
/// let mut store = Store::mount(&mut flash, 0..8 * 4096, &mut resources, Options::DEFAULT)?;
///
/// store.put_bytes("serial", b"A-1234")?;
/// let mut buffer = [0; 16];
/// let len = store.get_bytes("serial", &mut buffer)?;
/// assert_eq!(len, Some(6));
/// assert_eq!(&buffer[..6], b"A-1234");
/// # Ok::<(), kvs::Error<kvs::sim::SimError>>(())
/// ```
pub struct Store<'a, F: ErrorType, C = Crc32c> {
    engine: Engine<'a, Driver<'a, F>, C>,
    /// The first settings struct that the store was given since the mount, or what has turned out
    /// to be another version of it.
    first: Option<&'static Tree>,
    /// The last load could not read something that is noted at no key.
    load_failed: bool,
}

/// A call of the engine, which is made until it does not end with [`Fault::Pending`].
type Call<'c, 'a, F, C> =
    dyn FnMut(&mut Engine<'a, Driver<'a, F>, C>, &mut Job) -> Result<usize, Fault> + Send + 'c;

#[bisync]
impl<'a, F: NorFlash, C: Checksum> Store<'a, F, C> {
    /// Makes a call of the engine, and waits for the flash where it has to.
    async fn run(&mut self, job: &mut Job, call: &mut Call<'_, 'a, F, C>) -> Result<usize, Fault> {
        self.engine.device().begin();
        loop {
            let result = call(&mut self.engine, job);
            if result != Err(Fault::Pending) {
                return result;
            }
            self.engine.device().perform().await;
        }
    }

    /// Must be called before it is told what is in flash: mounts where that has yet to be done.
    async fn resume(&mut self) -> FlashResult<F> {
        let mut job = Job::new();
        let mut resume = |engine: &mut Engine<'_, Driver<'_, F>, C>, job: &mut Job| {
            engine.resume(job).map(|()| 0)
        };
        match self.run(&mut job, &mut resume).await {
            Ok(_) => Ok(()),
            Err(fault) => Err(self.error(fault, &job)),
        }
    }

    /// Looks a key's value up, and has it in the buffer as far as it fits, from byte `skip` on.
    /// `false` if there is none.
    async fn find(&mut self, hash: u32, skip: usize, job: &mut Job) -> Result<bool, Fault> {
        let mut find = |engine: &mut Engine<'_, Driver<'_, F>, C>, job: &mut Job| {
            if !job.is_found() && !engine.find(hash, job)? {
                return Ok(0);
            }
            engine.value(skip as u32, job)?;
            Ok(1)
        };
        Ok(self.run(job, &mut find).await? != 0)
    }

    /// Where in the buffer the value is that was found, as far as it fits.
    fn held(&mut self, skip: usize, job: &Job) -> Range<usize> {
        self.engine.value_range(skip as u32, job)
    }

    /// The value that was found, as far as it fits the buffer.
    fn held_bytes(&mut self, job: &Job) -> &[u8] {
        self.engine.value(0, job).unwrap_or_default()
    }

    /// The bytes of the value of a hashed key, in the buffer.
    async fn stored(&mut self, hash: u32, job: &mut Job) -> Result<Option<&[u8]>, Fault> {
        if !self.find(hash, 0, job).await? {
            return Ok(None);
        }
        let len = job.value_len() as usize;
        if job.is_named() {
            return Err(Fault::NameCollision);
        }
        let held = self.held_bytes(job);
        if held.len() < len {
            return Err(Fault::BufferTooSmall);
        }
        Ok(Some(held))
    }

    /// What a fault says to a person.
    #[inline(never)]
    fn error(&mut self, fault: Fault, job: &Job) -> Error<F::Error> {
        let detail = self.engine.detail(job);
        match fault {
            Fault::Flash => match self.engine.device().partition.error() {
                Some(error) => Error::Flash(error),
                None => Error::Unreadable {
                    address: detail.address,
                },
            },
            Fault::NotErased => Error::NotBlank {
                address: detail.address,
            },
            Fault::VerifyFailed => Error::VerifyFailed {
                address: detail.address,
            },
            Fault::Pending | Fault::Remounted | Fault::Wanted => Error::Unreadable {
                address: detail.address,
            },
            Fault::Corrupt => Error::Corrupt { key: detail.key },
            Fault::Full => Error::Full {
                needed: detail.needed,
                available: detail.available,
            },
            Fault::CommitTooLarge => Error::CommitTooLarge {
                needed: detail.needed,
                max: detail.max,
            },
            Fault::BufferTooSmall => Error::BufferTooSmall {
                needed: detail.entry,
                available: detail.buffer,
            },
            Fault::TooManyKeys => Error::TooManyKeys {
                capacity: detail.capacity,
            },
            Fault::Refused => Error::Unencodable,
            Fault::NameCollision => Error::NameCollision {
                key: detail.key,
                setting: None,
            },
            Fault::ReadOnly => Error::ReadOnly,
            Fault::Incompatible => {
                let (found, ours) = self.engine.layouts(job);
                Error::Incompatible {
                    version: (found.version(), ours.version()),
                    checksum: (found.checksum(), ours.checksum()),
                    geometry: (found.geometry(), ours.geometry()),
                }
            }
            Fault::ErasedValue => Error::Geometry(Geometry::ErasedValue),
            Fault::WornOut => Error::Exhausted,
        }
    }
}
