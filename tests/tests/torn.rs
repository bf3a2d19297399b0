//! A torn commit behind the copies of a collection: what is appended must not complete it.

use kvs::sim::{SimError, SimFlash, Tear};
use kvs::{Error, Options, RawKey, Resources, Store};

type Flash = SimFlash<1, 256>;

fn on_a_store<T>(flash: &mut Flash, act: impl FnOnce(&mut Store<'_, &mut Flash>) -> T) -> T {
    let mut ram = Resources::<8, 2, 64>::new();
    act(&mut Store::mount(flash, 0..512, &mut ram, Options::DEFAULT).unwrap())
}

fn put(flash: &mut Flash, key: u32, value: &[u8]) -> Result<(), Error<SimError>> {
    on_a_store(flash, |store| store.put_bytes(RawKey::Hash(key), value))
}

/// The first commit behind a collection lacks the last byte of its checksum, when the power fails; the next one begins with
/// just that byte.
#[test]
fn a_commit_does_not_complete_a_torn_one_before_it() {
    let mut tried = 0;
    for byte in 0..=255 {
        let mut flash = Flash::new(2);
        for _ in 0..2 {
            (0..3).for_each(|key| put(&mut flash, key, &[1; 20]).unwrap());
            (0..3).for_each(|key| put(&mut flash, key, &[2; 20]).unwrap());
            // The seventh entry fills the sector.
            if on_a_store(&mut flash, |store| store.stats().stale) != 0 {
                put(&mut flash, 0, &[3; 20]).unwrap();
                break;
            }
        }
        let mut uncut = flash.clone();
        put(&mut uncut, 7, &[byte; 20]).unwrap();
        let operations = uncut.operations() - flash.operations();
        let torn = uncut
            .image()
            .iter()
            .zip(flash.image())
            .rposition(|(a, b)| a != b)
            .unwrap();
        let missing = uncut.image()[torn];
        // The tag of a value of so many bytes.
        if missing > 20 {
            continue;
        }
        flash.cut_after(flash.operations() + operations - 1, Tear::Clean, 0);
        put(&mut flash, 7, &[byte; 20]).unwrap_err();
        flash.power_on();

        tried += 1;
        let value = vec![9; usize::from(missing)];
        put(&mut flash, 2, &value).unwrap();
        let mut found = [0; 20];
        let len = on_a_store(&mut flash, |store| {
            store.get_bytes(RawKey::Hash(2), &mut found)
        });
        println!(
            "byte {byte}, {missing}: {len:?}, key 7: {:?}",
            on_a_store(&mut flash, |store| store.value_len(RawKey::Hash(7)))
        );
        assert_eq!(
            found[..len.unwrap().unwrap()],
            value,
            "an acknowledged put is lost"
        );
    }
    assert!(tried > 10, "{tried}");
}
