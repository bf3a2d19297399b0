//! The blocking store: what both ways of saving share.

use app::{Flash, PARTITION};
use kvs::{Options, Store};

use crate::device::{Device, Ram};

pub fn mount(ram: &mut Ram) -> Store<'_, Flash> {
    match Store::mount(Flash, 0..PARTITION, ram, Options::DEFAULT) {
        Ok(store) => store,
        Err(_) => app::exit(),
    }
}

// Called twice, and not to be there twice.
#[inline(never)]
pub fn load(store: &mut Store<'_, Flash>) -> Device {
    store.load().0
}

#[cfg(feature = "all")]
pub fn store_all(ram: &mut Ram) -> bool {
    app::erase_all() && mount(ram).save(&Device::seed()) == Ok(8)
}
