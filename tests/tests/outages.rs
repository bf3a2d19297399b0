//! A part that is sound and fails for a while, at random; see `kvs_tests::reliability::outages`.
//! And power cuts on such a part.

use kvs::sim::{Outage, Positions, SimFlash, Tear, When, every_cut};
use kvs::{Options, RawKey, Resources, Store};
use kvs_tests::reliability::{Effort, outages};

#[test]
fn a_sample() {
    let row = outages::run(Effort::Sample);
    println!("{}: {}; {}", row.failure, row.tried, row.found);
}

/// A step puts some keys; what a cut, or a refused commit, leaves is all of them or none.
#[test]
fn power_cuts_on_a_part_that_fails_now_and_then() {
    type Flash = SimFlash<4, 256>;
    let with_store =
        |flash: &mut Flash,
         act: &mut dyn FnMut(&mut Store<'_, &mut Flash>) -> Result<(), String>| {
            let mut ram = Resources::<16, 4, 64>::new();
            let end = flash.image().len() as u32;
            let store = Store::mount(flash, 0..end, &mut ram, Options::DEFAULT);
            act(&mut store.map_err(|error| error.to_string())?)
        };
    for (seed, (outage, share)) in [
        (Outage::Reads, 40),
        (Outage::Programs(Tear::Clean), 30),
        (Outage::Programs(Tear::WordBits), 30),
        (Outage::Erases(Tear::WordBits), 4),
    ]
    .into_iter()
    .enumerate()
    {
        let mut flash = Flash::new(4);
        flash.fault_seed(seed as u64);
        flash.outage(outage, When::OneIn(share));
        let steps: Vec<[(u32, u8); 2]> = (0..60u8)
            .map(|step| [(u32::from(step) % 5, step), (5 + u32::from(step) % 3, step)])
            .collect();
        let tally = every_cut(
            &flash,
            &steps,
            [None; 8],
            |flash, step, saved| {
                with_store(flash, &mut |store| {
                    let values = step.map(|(_, value)| [value; 9]);
                    let changes = [0, 1]
                        .map(|index| kvs::Change::put(RawKey::Hash(step[index].0), &values[index]));
                    store.commit(&changes).map_err(|error| error.to_string())
                })?;
                for (key, value) in step {
                    saved[*key as usize] = Some(*value);
                }
                Ok::<_, String>(())
            },
            |flash, saved: &mut [Option<u8>; 8], in_flight| {
                let mut found = [None; 8];
                with_store(flash, &mut |store| {
                    for (key, found) in (0..).zip(&mut found) {
                        let mut value = [0; 9];
                        let len = store.get_bytes(RawKey::Hash(key), &mut value);
                        *found = len.map_err(|error| error.to_string())?.map(|_| value[0]);
                    }
                    Ok(())
                })?;
                let mut after = *saved;
                for (key, value) in in_flight.into_iter().flatten() {
                    after[*key as usize] = Some(*value);
                }
                if found != *saved && found != after {
                    return Err(format!("{found:?} instead of {saved:?} or {after:?}"));
                }
                *saved = found;
                Ok(())
            },
        )
        .positions(Positions::Sample(12))
        .run();
        println!("{outage:?}, one in {share}: {tally}");
        assert!(tally.cuts > 500);
    }
}
