//! The harness tries all that it says, no more, and says when something failed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

use super::{Positions, SimError, SimFlash, Tear, every_cut};

type Small = SimFlash<4, 64>;

/// Programs a word in each step, at the next place.
fn count(flash: &mut Small, _: &(), words: &mut u32) -> Result<(), SimError> {
    flash.write(*words * 4, &[0; 4])?;
    *words += 1;
    Ok(())
}

fn found(flash: &mut Small, words: &mut u32, _: Option<&()>) -> Result<(), SimError> {
    let mut bytes = [0; 128];
    flash.read(0, &mut bytes)?;
    let touched = bytes.chunks(4).take_while(|word| **word != [0xFF; 4]);
    *words = (*words).max(touched.count() as u32);
    Ok(())
}

#[test]
fn tries_every_operation_tear_and_seed_once() {
    let seen = RefCell::new(Vec::new());
    let act = |flash: &mut Small, &(): &(), _: &mut ()| -> Result<(), SimError> {
        let result = flash.write(0, &[0; 8]).and_then(|()| flash.erase(64, 128));
        if result.is_err() {
            seen.borrow_mut().push(flash.image().to_vec());
        }
        result
    };
    let check = |_: &mut Small, _: &mut (), _: Option<&()>| Ok::<_, String>(());
    let tally = every_cut(&Small::new(2), &[()], (), act, check)
        .strict_tears(true)
        .seeds(5..12)
        .go_on(0)
        .run();
    let expected = "1 steps, 3 operations, 105 cuts, 0 cuts during recovery";
    assert_eq!(tally.to_string(), expected);
    assert_eq!(seen.borrow().len(), 105);
    let different: BTreeSet<_> = seen.take().into_iter().collect();
    assert!(different.len() > 20, "seeds differ: {}", different.len());
}

#[test]
fn further_cuts_are_as_many_as_asked_for() {
    let run = |positions: &[Positions], go_on| {
        every_cut(&Small::new(2), &[(); 4], 0, count, found)
            .tears(&[Tear::Clean])
            .strict_tears(false)
            .cut_again(positions)
            .go_on(go_on)
            .run()
    };
    let every = Positions::Every;
    // Each step is one word, and what follows it as many as there are still, three at most.
    assert_eq!(run(&[every], 3).further_cuts, 3 + 3 + 2 + 1);
    assert_eq!(run(&[every], 1).further_cuts, 4);
    assert_eq!(run(&[], 3).further_cuts, 0);
    assert_eq!(run(&[Positions::Sample(5)], 3).further_cuts, 4 * 5);
    let three = |words: u64| (1..=words).sum::<u64>();
    let expected = 3 + 3 + 2 + 1 + three(3) * 2 + three(2) + three(1);
    assert_eq!(run(&[every, every], 3).further_cuts, expected);
    assert_eq!(
        run(&[Positions::Sample(2), every], 1).further_cuts,
        4 * (2 + 2)
    );
}

#[test]
fn a_sample_is_as_large_as_asked_for() {
    let tally = every_cut(&Small::new(2), &[(); 4], 0, count, found)
        .positions(Positions::Sample(7))
        .tears(&[Tear::Clean, Tear::Complete])
        .cut_again(&[])
        .run();
    assert_eq!((tally.cuts, tally.operations), (28, 4));
}

#[test]
fn what_runs_afterwards_is_what_was_given() {
    let ran = RefCell::new(Vec::new());
    let tally = every_cut(
        &Small::new(2),
        &[1, 2],
        (),
        |flash, &step, ()| {
            ran.borrow_mut().push(step);
            flash.write(step * 4, &[0; 4])
        },
        |_, (), _| Ok::<_, String>(()),
    )
    .afterwards(&[8, 9, 10])
    .tears(&[Tear::Clean])
    .strict_tears(false)
    .cut_again(&[])
    .run();
    assert_eq!(tally.cuts, 2);
    // No step runs again for a cut behind it.
    assert_eq!(*ran.borrow(), [1, 1, 8, 9, 10, 2, 2, 8, 9, 10]);
}

#[test]
fn failures_say_when() {
    let run = |act: fn(&mut Small) -> Result<(), SimError>, check: fn(&mut Small) -> bool| {
        every_cut(
            &Small::new(1),
            &[(), ()],
            (),
            move |flash, (), ()| act(flash),
            move |flash, (), _| check(flash).then_some(()).ok_or("wrong"),
        )
        .seeds(0..2)
        .go_on(0)
        .try_run()
        .map_err(|failure| format!("{}, {}: {}", failure.case, failure.when, failure.message))
    };
    let ok = |_: &mut Small| true;
    assert_eq!(
        run(|_| Ok(()), |_| false),
        Err("0:, before the first step: wrong".into())
    );
    assert_eq!(
        run(|flash| flash.write(0, &[0; 4]), ok),
        Err(
            "1:, without a power cut: the step failed with the power on: \
             the word at 0x0 is programmed already and was not erased since"
                .into()
        )
    );
    assert_eq!(
        run(|_| panic!("no {}", "way"), ok),
        Err("0:, without a power cut: panicked: no way".into())
    );
    assert_eq!(
        run(|f| f.erase(0, 64).map_err(|_| panic!()), ok).map_err(|error| error[..32].to_string()),
        Err("0:0.Clean.0, before the power wa".into())
    );
    let half = |flash: &mut Small| [0, 0xFF].contains(&flash.image()[3]);
    assert_eq!(
        run(
            |f| f.erase(0, 64).and_then(|()| f.write(0, &[0x0F, 0, 0, 0])),
            half
        )
        .map_err(|error| { error.split(", ").nth(1).unwrap().to_string() }),
        Err("after the power came back: wrong".into())
    );
}

#[test]
fn what_does_not_end_is_a_failure() {
    let failure = every_cut(
        &Small::new(1),
        &[()],
        (),
        |flash, (), ()| -> Result<(), SimError> {
            let _ = flash.write(0, &[0; 4]);
            while flash.read(0, &mut [0; 4]).is_err() {}
            Ok(())
        },
        |_, (), _| Ok::<_, SimError>(()),
    )
    .try_run()
    .unwrap_err();
    assert_eq!(failure.message, "panicked: reads without end");
}

#[test]
fn notices_that_a_scenario_is_not_the_same_each_time() {
    let calls = Cell::new(0);
    let failure = every_cut(
        &Small::new(2),
        &[()],
        (),
        |flash, (), ()| {
            calls.set(calls.get() + 1);
            flash.write(0, &[0; 4 << 2][..if calls.get() == 1 { 8 } else { 4 }])
        },
        |_, (), _| Ok::<_, String>(()),
    )
    .tears(&[Tear::Clean])
    .go_on(0)
    .try_run()
    .unwrap_err();
    assert_eq!(failure.case.to_string(), "0:1.Clean.0");
    assert!(failure.message.contains("something else each time"));
}
