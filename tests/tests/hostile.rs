//! Any content of the flash, any operations; longer: `cargo fuzz run image`.

use kvs_tests::reliability::{Effort, hostile};

#[test]
fn any_image() {
    hostile::images(Effort::Sample);
}

#[test]
fn any_operations() {
    hostile::operations(Effort::Sample);
}

/// Sequence numbers that are nearly used up: an error, not a search for a sector without an end.
#[test]
fn sequences_that_are_used_up() {
    use kvs::sim::SimFlash;
    use kvs::{Crc32c, Error, Options, RawKey, Resources, Store};

    let mut header = [0; 16];
    header[..4].copy_from_slice(&[b'K', b'V', 0x10, 8 << 3 | 2]);
    header[4..8].copy_from_slice(&0xEFFF_FFFFu32.to_le_bytes());
    let check = Crc32c::of(&header[..12]).to_le_bytes();
    header[12..].copy_from_slice(&check);
    let mut image = vec![0xFF; 512];
    image[..16].copy_from_slice(&header);
    let mut flash = SimFlash::<4, 256>::from_image(&image);
    let mut ram = Resources::<8, 2, 64>::new();
    let mut store = Store::mount(&mut flash, 0..512, &mut ram, Options::DEFAULT).unwrap();
    let mut result = Ok(());
    for value in 0..100u8 {
        result = result.and_then(|()| store.put_bytes(RawKey::Hash(1), &[value]));
    }
    assert_eq!(result, Err(Error::Exhausted));
    let mut value = [0];
    assert_eq!(
        store.get_bytes(RawKey::Hash(1), &mut value),
        Ok(Some(1)),
        "it is still read"
    );
}
