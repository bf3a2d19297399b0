//! Settings in a partition of an ESP32-C3's flash.
#![no_std]
#![no_main]

use chips_esp32c3::Device;
use core::ops::Range;
use esp_bootloader_esp_idf::partitions::{
    DataPartitionSubType, PARTITION_TABLE_MAX_LEN, PartitionType, read_partition_table,
};
use esp_storage::{FlashStorage, FlashStorageError};
use kvs::{Maintenance, Options, Resources, Store};
use panic_halt as _;

esp_bootloader_esp_idf::esp_app_desc!();

#[esp_hal::main]
fn main() -> ! {
    let p = esp_hal::init(esp_hal::Config::default());
    let mut flash = FlashStorage::new(p.FLASH);
    if let Some(range) = settings_range(&mut flash)
        && run(flash, range).is_err()
    {
        // Report it; a product goes on with its defaults.
    }
    loop {
        core::hint::spin_loop();
    }
}

/// The partition named `settings`, in bytes from the start of the flash.
fn settings_range(flash: &mut FlashStorage<'_>) -> Option<Range<u32>> {
    let mut bytes = [0; PARTITION_TABLE_MAX_LEN];
    let table = read_partition_table(flash, &mut bytes).ok()?;
    let entry = table.iter().find(|entry| {
        entry.partition_type() == PartitionType::Data(DataPartitionSubType::Undefined)
            && entry.label_as_str() == "settings"
    })?;
    Some(entry.offset()..entry.offset() + entry.len())
}

fn run(
    mut flash: FlashStorage<'_>,
    range: Range<u32>,
) -> Result<(), kvs::Error<FlashStorageError>> {
    let mut resources = Resources::<16, 16, 256>::for_settings::<Device>();
    let mut store = Store::mount(&mut flash, range, &mut resources, Options::DEFAULT)?;

    let (mut device, _report) = store.load::<Device>();
    device.boots += 1;
    store.save(&device)?;

    // In idle time, so that no `save` has to erase.
    while store.maintain()? != Maintenance::Idle {}
    Ok(())
}
