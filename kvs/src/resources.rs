//! The RAM of a store, sized by its user.

use crate::bytes::Aligned;
use crate::engine::{Sector, Slot};
#[cfg(doc)]
use crate::settings::Settings;
use crate::settings::SettingsSet;
use crate::settings::name::{Message, Part};

/// The RAM that a store works in: 8 bytes a key, 12 bytes a sector, and a buffer.
///
/// * `KEYS`: the keys that are found at once; [`Settings::KEY_SLOTS`] for a settings struct. Leave
///   room for deleted keys, which take a slot until their old entries are erased, and for the keys
///   of other firmware versions: where there are more keys than slots, the others are looked for in
///   flash, and a mount takes as many passes as the keys fill the slots.
/// * `SECTORS`: the partition's sectors, or more.
/// * `BUFFER`: bytes; 64 at least. A typed value has to fit with 11 bytes to spare and one word of padding
///   ([`Settings::BUFFER`] is enough); a commit of several keys is programmed in one call if it fits; flash is
///   scanned in reads of this size.
///
/// The store's code is not generic over these sizes, so that a second store costs no second copy of it.
///
/// ```
/// use kvs::Resources;
/// // In a `static_cell::StaticCell`, or on the stack of `main`:
/// let resources = Resources::<64, 8, 256>::new();
/// assert_eq!(size_of_val(&resources), 64 * 8 + 8 * 12 + 256);
/// ```
#[derive(Debug)]
pub struct Resources<const KEYS: usize, const SECTORS: usize, const BUFFER: usize> {
    // First, and so word-aligned, as the DMA of some flash drivers wants it.
    pub(crate) slots: [Slot; KEYS],
    pub(crate) buffer: Aligned<BUFFER>,
    pub(crate) sectors: [Sector; SECTORS],
}

impl<const KEYS: usize, const SECTORS: usize, const BUFFER: usize>
    Resources<KEYS, SECTORS, BUFFER>
{
    /// Empty resources, for a `static` or a local.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slots: [Slot::EMPTY; KEYS],
            buffer: Aligned([0; BUFFER]),
            sectors: [Sector::UNKNOWN; SECTORS],
        }
    }

    /// As [`new`](Self::new), and does not compile where `KEYS` is less than [`S::KEY_SLOTS`](Settings::KEY_SLOTS), or a
    /// value of `S` could exceed `BUFFER`.
    ///
    /// Where a store is for several settings structs, `S` is a tuple of all of them: the slots are for the sum of their keys,
    /// the buffer is for the largest value, and it does not compile where two of them have a key in common, or two keys of
    /// one hash. Only here are all of them known while compiling; see [`Settings`](trait@Settings#several-structs-in-one-store).
    ///
    /// As many slots as settings are enough on the first day only. An update that renames a setting has both keys stored until
    /// it is confirmed; and who goes back to this firmware from a newer one has the newer one's keys as well, which must take
    /// nothing from this one's. So the old keys count too, and a few that nobody knows yet.
    ///
    /// ```
    /// # use kvs::{Resources, Settings};
    /// #[derive(Settings)]
    /// struct Lamp {
    ///     #[setting(default = 80, alias = "dim")]
    ///     brightness: u8,
    /// }
    /// assert_eq!(Lamp::KEY_SLOTS, 1 + 1 + 4);
    /// let resources = Resources::<{ Lamp::KEY_SLOTS }, 8, { Lamp::BUFFER }>::for_settings::<Lamp>();
    /// ```
    ///
    /// ```
    /// # use kvs::{Resources, Settings, SettingsSet};
    /// # #[derive(Settings)]
    /// # struct Lamp {
    /// #     #[setting(default = 80)]
    /// #     brightness: u8,
    /// # }
    /// #[derive(Settings)]
    /// #[settings(prefix = "strip")] // else its `brightness` would be the lamp's
    /// struct Strip {
    ///     #[setting(default = 50)]
    ///     brightness: u8,
    /// }
    /// const KEYS: usize = <(Lamp, Strip)>::TOTAL_KEY_SLOTS;
    /// const BUFFER: usize = <(Lamp, Strip)>::LARGEST_BUFFER;
    /// let resources = Resources::<KEYS, 8, BUFFER>::for_settings::<(Lamp, Strip)>();
    /// ```
    ///
    /// ```compile_fail
    /// # use kvs::{Resources, Settings};
    /// # #[derive(Settings)]
    /// # struct Lamp {
    /// #     #[setting(default = 80)]
    /// #     brightness: u8,
    /// # }
    /// // One setting, and room for one key.
    /// let resources = Resources::<{ Lamp::COUNT }, 8, { Lamp::BUFFER }>::for_settings::<Lamp>();
    /// ```
    ///
    /// ```compile_fail
    /// # use kvs::{Resources, Settings};
    /// #[derive(Settings)]
    /// struct Log {
    ///     #[setting(default = "")]
    ///     last_error: heapless::String<200>,
    /// }
    /// // `last_error` may take more than 64 bytes; `{ Log::BUFFER }` would do.
    /// let resources = Resources::<8, 8, 64>::for_settings::<Log>();
    /// ```
    #[must_use]
    pub const fn for_settings<S: SettingsSet>() -> Self {
        const {
            let () = S::IS_CHECKED;
            if KEYS < S::TOTAL_KEY_SLOTS {
                Message::fail(&[
                    Part::Text("the resources' KEYS, the first number, is "),
                    Part::Number(KEYS),
                    Part::Text(", and an update or a rollback needs "),
                    Part::Number(S::TOTAL_KEY_SLOTS),
                    Part::Text(
                        "; write `Settings::KEY_SLOTS`, or `SettingsSet::TOTAL_KEY_SLOTS` for several structs",
                    ),
                ])
            }
            if BUFFER < S::LARGEST_BUFFER {
                Message::fail(&[
                    Part::Text("the resources' BUFFER, the last number, is "),
                    Part::Number(BUFFER),
                    Part::Text(", and the largest value needs "),
                    Part::Number(S::LARGEST_BUFFER),
                    Part::Text(
                        " (64 at least); write `Settings::BUFFER`, or `SettingsSet::LARGEST_BUFFER` for several structs",
                    ),
                ])
            }
        }
        Self::new()
    }
}

impl<const KEYS: usize, const SECTORS: usize, const BUFFER: usize> Default
    for Resources<KEYS, SECTORS, BUFFER>
{
    fn default() -> Self {
        Self::new()
    }
}
