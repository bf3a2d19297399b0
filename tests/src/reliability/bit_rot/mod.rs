//! Bit rot: each bit of used partitions flipped in turn, and random bursts. What was lost is at most the commit that was
//! hit; its keys have what the newest of their other entries says, or nothing; that is counted or refused, never silent;
//! and the store goes on.
//!
//! The partitions are made: fresh, rather empty and long in use, full, right after and in the middle of a collection; hashed and named keys, long
//! values, groups, deleted keys. What should be left of them is worked out from FORMAT.md, without the engine.

mod bursts;
mod check;
mod keys;
mod layout;
mod mounted;
mod partition;
mod typed;

use super::{Effort, Row, grouped};
use bursts::Burst;
use check::{Patient, Tally};
use partition::Partition;

/// Runs `$function` on flashes with words of 1 to 32 bytes.
macro_rules! on_each_flash {
    ($function:ident, $effort:expr, $($argument:expr),*) => {
        $function::<1, 256>($effort, $($argument),*);
        $function::<4, 256>($effort, $($argument),*);
        $function::<8, 256>($effort, $($argument),*);
        $function::<16, 256>($effort, $($argument),*);
        $function::<32, 512>($effort, $($argument),*);
        if $effort == Effort::Every {
            $function::<4, 1024>($effort, $($argument),*);
        }
    };
}

/// The partitions of one flash. The larger a partition is, the more bits it has: so there are fewer of them.
fn partitions<const W: usize, const E: usize>(effort: Effort) -> Vec<Partition<W, E>> {
    let most = match effort {
        Effort::Every if E <= 512 => 4,
        _ => 2,
    };
    let mut all = Vec::new();
    // Smaller sectors have no room for them.
    if E >= 512 {
        all.extend([8, 9].map(Partition::with_tables));
    }
    for sectors in 2..=most {
        all.push(Partition::full(sectors, 8, 2));
        all.extend(Partition::cut(sectors, if sectors == 3 { 3 } else { 2 }, 4));
        if sectors < 4 {
            all.push(Partition::fresh(sectors, 1));
            all.push(Partition::collected(sectors, 1, 3));
        }
        if sectors < most {
            all.push(Partition::full(sectors, 0, 5));
            all.push(Partition::collected(sectors, 0, 6));
            all.push(Partition::collected(sectors, 2, 7));
        }
    }
    all
}

/// In a sample, one in so many damaged partitions is written on.
const WRITE_ON: usize = 13;

fn flip<const W: usize, const E: usize>(effort: Effort, tally: &mut Tally) {
    for partition in &partitions::<W, E>(effort) {
        let mut patient = Patient::new(partition);
        for bit in 0..partition.flash.image().len() * 8 {
            let (at, mask) = (bit / 8, 1 << (bit % 8));
            let write_on = effort == Effort::Every || bit % WRITE_ON == 0;
            let what = format_args!("bit {} of {at:#x}", bit % 8);
            patient.damage(&what, 1, write_on, |image| image[at] ^= mask);
        }
        tally.add(&patient.tally);
    }
}

/// Each bit of used partitions, and of partitions that a settings struct was saved in, flips before it is mounted.
pub fn single_bits(effort: Effort) -> Row {
    let (mut tally, mut typed) = (Tally::default(), typed::Tally::default());
    on_each_flash!(flip, effort, &mut tally);
    typed::run(effort, &mut typed);
    assert_eq!((tally.erased, tally.sectors), (0, 0));
    Row {
        failure: "one flipped bit",
        tried: format!(
            "{} flips in {} partitions: fresh, with summaries, full, right after and in mid-collection; {} in saved structs",
            grouped(tally.tried),
            tally.partitions,
            grouped(typed.flips)
        ),
        found: format!(
            "0 wrong values, at most {} commit changed, 0 silent losses; {} flips changed a value: {} keys have the one \
             before, {} an older one, {} none; {}",
            tally.commits,
            grouped(tally.changed + typed.changed),
            grouped(tally.previous),
            grouped(tally.older),
            grouped(tally.gone),
            tally.writable()
        ),
    }
}

/// Each bit of used partitions with words of 4 bytes; how many that were.
pub fn single_bits_on_one_flash() -> u64 {
    let mut tally = Tally::default();
    flip::<4, 256>(Effort::Sample, &mut tally);
    tally.tried
}

fn strike<const W: usize, const E: usize>(effort: Effort, tally: &mut Tally) {
    let count = match effort {
        Effort::Sample => 600,
        Effort::Every => 1000,
    };
    for (index, partition) in partitions::<W, E>(effort).iter().enumerate() {
        let mut patient = Patient::new(partition);
        let shape = (partition.flash.sectors(), E, W);
        for number in 0..count {
            let burst = Burst::new((index * count + number) as u64, shape);
            let write_on = effort == Effort::Every || number % WRITE_ON == 0;
            patient.damage(&burst, usize::MAX, write_on, |image| burst.strike(image));
        }
        tally.add(&patient.tally);
    }
}

/// Bursts: some of 2 to 64 neighbouring bits, a word, 32 bytes or 256, to random bytes, zeros or ones.
pub fn bursts(effort: Effort) -> Row {
    let mut tally = Tally::default();
    on_each_flash!(strike, effort, &mut tally);
    Row {
        failure: "a burst of 2 bits to 256 bytes",
        tried: format!(
            "{} bursts in {} partitions, one in four around a header",
            grouped(tally.tried),
            tally.partitions
        ),
        found: format!(
            "0 wrong values, no commit changed that was not hit; {} bursts changed a value, {} took a whole sector with \
             both copies of its header; 0 silent losses, but for {} bursts that left what reads as erased; {}",
            grouped(tally.changed),
            grouped(tally.sectors),
            grouped(tally.erased),
            tally.writable()
        ),
    }
}

fn flip_mounted<const W: usize, const E: usize>(effort: Effort, tally: &mut mounted::Tally) {
    for partition in &partitions::<W, E>(effort) {
        mounted::read(partition, tally);
        // Odd steps, so that it is each bit's turn.
        mounted::write(
            partition,
            if effort == Effort::Every { 25 } else { 99 },
            tally,
        );
    }
}

/// Each bit of used partitions flips while they are mounted.
pub fn mounted_bits(effort: Effort) -> Row {
    let mut tally = mounted::Tally::default();
    on_each_flash!(flip_mounted, effort, &mut tally);
    Row {
        failure: "one bit flipped under a mounted store",
        tried: format!(
            "{} flips; {} of them with a dozen commits",
            grouped(tally.read),
            grouped(tally.written)
        ),
        found: format!(
            "0 wrong values; {} times one key is refused as corrupt, {} times it has what was there before; {} times a commit is refused until it \
             is mounted again",
            grouped(tally.refused),
            grouped(tally.older),
            grouped(tally.remounts)
        ),
    }
}
