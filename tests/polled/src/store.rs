//! The blocking store's methods over the async store.

use std::fmt;
use std::ops::Range;

use embedded_storage::nor_flash::NorFlash;
use kvs::{
    Change, Checksum, Crc32c, Error, Group, Key, KeyInfo, Maintenance, Options, RawKey, Report,
    Resources, SectorInfo, Settings, Stats, Tree, asynch,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::poll::to_the_end;
use crate::suspending::Suspending;

type FlashResult<F, T = ()> =
    Result<T, Error<<F as embedded_storage::nor_flash::ErrorType>::Error>>;

/// The async store, to be used like the blocking one.
pub struct Store<'a, F: NorFlash, C = Crc32c>(asynch::Store<'a, Suspending<F>, C>);

/// Its keys.
pub struct Keys<'s, 'a, F: NorFlash, C>(asynch::Keys<'s, 'a, Suspending<F>, C>);

/// The methods that are async: name, arguments, and what they return.
macro_rules! polled {
    ($(fn $name:ident [$($generics:tt)*] ($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {$(
        #[doc = concat!("Polls `", stringify!($name), "`.")]
        #[allow(clippy::missing_errors_doc, reason = "see the blocking store")]
        pub fn $name<$($generics)*>(&mut self, $($arg: $ty),*) -> $out {
            to_the_end(self.0.$name($($arg),*))
        }
    )*};
}

#[allow(clippy::missing_errors_doc, reason = "see the blocking store")]
impl<'a, F: NorFlash> Store<'a, F> {
    /// Polls `mount`.
    pub fn mount<const KEYS: usize, const SECTORS: usize, const BUFFER: usize>(
        flash: F,
        range: Range<u32>,
        resources: &'a mut Resources<KEYS, SECTORS, BUFFER>,
        options: Options,
    ) -> FlashResult<F, Self> {
        let flash = Suspending::new(flash);
        to_the_end(asynch::Store::mount(flash, range, resources, options)).map(Self)
    }
}

#[allow(clippy::missing_errors_doc, reason = "see the blocking store")]
impl<'a, F: NorFlash, C: Checksum> Store<'a, F, C> {
    /// Polls `mount_with`.
    pub fn mount_with<const KEYS: usize, const SECTORS: usize, const BUFFER: usize>(
        flash: F,
        range: Range<u32>,
        resources: &'a mut Resources<KEYS, SECTORS, BUFFER>,
        options: Options,
        checksum: C,
    ) -> FlashResult<F, Self> {
        let flash = Suspending::new(flash);
        let store = asynch::Store::mount_with(flash, range, resources, options, checksum);
        to_the_end(store).map(Self)
    }

    polled! {
        fn get_bytes['k](key: impl Into<RawKey<'k>>, out: &mut [u8]) -> FlashResult<F, Option<usize>>;
        fn get_bytes_at['k](key: impl Into<RawKey<'k>>, offset: usize, out: &mut [u8]) -> FlashResult<F, Option<usize>>;
        fn value_len['k](key: impl Into<RawKey<'k>>) -> FlashResult<F, Option<usize>>;
        fn contains['k](key: impl Into<RawKey<'k>>) -> FlashResult<F, bool>;
        fn put_bytes['k](key: impl Into<RawKey<'k>>, value: &'k [u8]) -> FlashResult<F>;
        fn delete['k](key: impl Into<RawKey<'k>>) -> FlashResult<F, bool>;
        fn commit[](changes: &[Change<'_>]) -> FlashResult<F>;
        fn maintain[]() -> FlashResult<F, Maintenance>;
        fn load[S: Settings]() -> (S, Report<S::Outcomes>);
        fn save[S: Settings](settings: &S) -> FlashResult<F, usize>;
        fn get[T: DeserializeOwned + Send](key: Key<T>) -> FlashResult<F, T>;
        fn get_stored[T: DeserializeOwned + Send](key: Key<T>) -> FlashResult<F, Option<T>>;
        fn put[T: Serialize + DeserializeOwned + Sync](key: Key<T>, value: &T) -> FlashResult<F>;
        fn remove[T](key: Key<T>) -> FlashResult<F, bool>;
        fn reset[](group: Group) -> FlashResult<F, usize>;
        fn remount[]() -> FlashResult<F>;
        fn prune[](trees: &[&'static Tree]) -> FlashResult<F, usize>;
    }

    /// Polls `confirm`.
    pub fn confirm<S: Settings>(&mut self) -> FlashResult<F, usize> {
        to_the_end(self.0.confirm::<S>())
    }

    /// The stored keys.
    pub fn keys<'s>(&'s mut self) -> Keys<'s, 'a, F, C> {
        Keys(self.0.keys())
    }

    /// How many keys are stored.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many keys there are slots for.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// The longest value of a key.
    pub fn max_value_len<'k>(&self, key: impl Into<RawKey<'k>>) -> usize {
        self.0.max_value_len(key)
    }

    /// The flash.
    pub fn flash(&self) -> &F {
        &self.0.flash().flash
    }

    /// Gives the flash back.
    pub fn unmount(self) -> F {
        self.0.unmount().flash
    }

    /// The options it was mounted with.
    pub fn options(&self) -> Options {
        self.0.options()
    }

    /// The state of the store in numbers.
    pub fn stats(&self) -> Stats {
        self.0.stats()
    }

    /// The sectors.
    pub fn sectors(&self) -> impl Iterator<Item = SectorInfo> + '_ {
        self.0.sectors()
    }
}

impl<F: NorFlash, C: Checksum> Keys<'_, '_, F, C> {
    /// Polls `next`.
    #[allow(
        clippy::should_implement_trait,
        clippy::missing_errors_doc,
        reason = "see the blocking store"
    )]
    pub fn next(&mut self) -> FlashResult<F, Option<KeyInfo<'_>>> {
        to_the_end(self.0.next())
    }
}

impl<F: NorFlash, C: Checksum> fmt::Debug for Store<'_, F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
