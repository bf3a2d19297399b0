//! Faults, seen from outside.

use std::vec::Vec;

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

use super::{Fault, SimError, SimFlash, Tear};

/// Sectors of 64 bytes, words of 4.
type Small = SimFlash<4, 64>;

/// Calls `test` with flashes of 4 sectors that draw differently.
fn for_seeds(test: impl Fn(Small)) {
    for seed in 0..100 {
        let mut flash = Small::new(4);
        flash.fault_seed(seed);
        test(flash);
    }
}

fn ecc(address: u32) -> Result<(), SimError> {
    Err(SimError::Ecc { address })
}

#[test]
fn a_flipped_bit_is_one_bit() {
    let mut flash = Small::new(1);
    flash.write(4, &[0xFF, 0x0F, 0xFF, 0xFF]).unwrap();
    flash.flip_bit(0, 7);
    flash.flip_bit(5, 4);
    assert_eq!(flash.image()[..6], [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F]);
    for bit in 5..8 {
        flash.flip_bit(5, bit);
    }
    // It reads as erased now, and is not.
    assert_eq!(flash.image()[4..8], [0xFF; 4]);
    assert_eq!(
        flash.write(4, &[0; 4]),
        Err(SimError::ProgrammedTwice { address: 4 })
    );
    flash.flip_bit(0, 7);
    flash.write(0, &[0; 4]).unwrap();
}

#[test]
fn a_failed_program_leaves_what_its_tear_says() {
    for tear in Tear::ALL {
        for_seeds(|mut flash| {
            flash.fault_after(2, Fault::ProgramFails(tear));
            flash.write(0, &[0; 4]).unwrap();
            assert_eq!(
                flash.write(4, &[0; 12]),
                Err(SimError::ProgramFailed { address: 8 })
            );
            assert!(flash.is_powered());
            assert_eq!(flash.operations(), 3, "the word behind was not tried");
            let word = &flash.image()[8..12];
            match tear {
                Tear::Clean => assert_eq!(word, [0xFF; 4]),
                Tear::Complete => assert_eq!(word, [0; 4]),
                _ => {}
            }
            if tear != Tear::CallBits {
                assert_eq!(flash.image()[4..8], [0; 4]);
                assert_eq!(flash.image()[12..], [0xFF; 244]);
            }
            // Once only.
            flash.write(16, &[0; 48]).unwrap();
        });
    }
}

#[test]
fn a_word_that_never_programs_fails_each_time() {
    let mut flash = Small::new(2);
    flash.fault_at(9..10, Fault::ProgramFails(Tear::Clean));
    for _ in 0..3 {
        let failed = Err(SimError::ProgramFailed { address: 8 });
        assert_eq!(flash.write(8, &[0; 4]), failed);
        assert_eq!(flash.write(4, &[0; 12]), failed);
        assert_eq!(flash.image()[4..8], [0; 4]);
        flash.write(12, &[0; 4]).unwrap();
        flash.erase(0, 64).unwrap();
    }
    flash.clear_faults();
    flash.write(8, &[0; 4]).unwrap();
}

#[test]
fn a_sector_that_refuses_to_erase_keeps_what_the_tear_leaves() {
    for tear in Tear::ALL {
        let mut flash = Small::from_image(&[0; 256]);
        flash.fault_at(100..101, Fault::EraseFails(tear));
        for _ in 0..2 {
            let failed = Err(SimError::EraseFailed { address: 64 });
            assert_eq!(flash.erase(64, 128), failed);
        }
        let set = flash.image()[64..128].iter().filter(|&&b| b != 0).count();
        match tear {
            Tear::Clean => assert_eq!(set, 0),
            Tear::Complete => assert_eq!(flash.image()[64..128], [0xFF; 64]),
            _ => assert!(set > 0),
        }
        flash.erase(128, 256).unwrap();
        let failed = Err(SimError::EraseFailed { address: 64 });
        assert_eq!(flash.erase(0, 256), failed);
        assert_eq!(
            flash.image()[..64],
            [0xFF; 64],
            "those before it are erased"
        );
    }
}

#[test]
fn planned_faults_wait_for_an_operation_of_their_kind() {
    let mut flash = Small::new(2);
    flash.fault_after(1, Fault::EraseFails(Tear::Clean));
    flash.fault_after(0, Fault::ProgramFails(Tear::Clean));
    flash.erase(0, 64).unwrap();
    assert!(flash.write(0, &[0; 8]).is_err());
    flash.write(0, &[0; 8]).unwrap();
    assert!(flash.erase(0, 64).is_err());
    flash.erase(0, 64).unwrap();
}

#[test]
fn failed_reads_last_until_the_erase_or_for_ever() {
    let mut flash = Small::new(4);
    flash.fault_at(56..72, Fault::ReadFails);
    flash.fault_at(130..131, Fault::ReadFailsForever);
    let mut bytes = [7; 8];
    assert_eq!(flash.read(52, &mut bytes), ecc(56));
    assert_eq!(bytes, [7; 8], "nothing was read");
    assert_eq!(flash.read(61, &mut [0; 1]), ecc(61));
    assert_eq!(flash.read(64, &mut [0; 1]), ecc(64));
    assert_eq!(flash.read(0, &mut [0; 256]), ecc(56));
    flash.read(72, &mut [0; 56]).unwrap();
    flash.erase(0, 64).unwrap();
    flash.read(0, &mut [0; 64]).unwrap();
    assert_eq!(flash.read(0, &mut [0; 65]), ecc(64));
    flash.erase(0, 256).unwrap();
    flash.read(0, &mut [0; 128]).unwrap();
    assert_eq!(flash.read(0, &mut [0; 256]), ecc(128));
}

#[test]
fn a_planned_fault_of_reads_stays_where_the_operation_was() {
    let mut flash = Small::new(2);
    flash.fault_after(1, Fault::ReadFails);
    flash.fault_after(2, Fault::ReadFails);
    flash.write(0, &[0; 8]).unwrap();
    assert_eq!(flash.read(0, &mut [0; 8]), ecc(4));
    flash.erase(64, 128).unwrap();
    assert_eq!(flash.read(64, &mut [0; 1]), ecc(64));
    flash.erase(0, 128).unwrap();
    flash.read(0, &mut [0; 128]).unwrap();
}

#[test]
fn a_stuck_word_succeeds_and_reads_back_differently() {
    let mut seen = Vec::new();
    for_seeds(|mut flash| {
        flash.fault_at(4..8, Fault::StuckAtOne);
        for round in 0..3 {
            flash.write(0, &[0xF0; 12]).unwrap();
            assert_eq!(flash.image()[..4], [0xF0; 4]);
            assert_eq!(flash.image()[8..12], [0xF0; 4]);
            let word = &flash.image()[4..8];
            assert_ne!(word, [0xF0; 4], "round {round}");
            assert!(word.iter().all(|byte| byte & 0xF0 == 0xF0));
            flash.erase(0, 64).unwrap();
        }
    });
    for_seeds(|mut flash| {
        flash.fault_after(1, Fault::StuckAtZero);
        flash.write(0, &[0; 4]).unwrap();
        flash.erase(0, 64).unwrap();
        for word in flash.image()[..64].chunks(4) {
            assert_ne!(word, [0xFF; 4]);
        }
        assert_eq!(flash.image()[64..], [0xFF; 192]);
    });
    for seed in 0..100 {
        let mut flash = Small::new(1);
        flash.fault_seed(seed);
        flash.fault_at(0..4, Fault::StuckAtOne);
        flash.write(0, &[0; 4]).unwrap();
        seen.push(flash.image()[..4].to_vec());
    }
    seen.sort();
    seen.dedup();
    assert!(seen.len() > 20, "another seed, other bits");
}

/// What 40 reads of the first sector saw.
fn reads(flash: &mut Small) -> Vec<[u8; 64]> {
    let mut seen = [[0; 64]; 40];
    for bytes in &mut seen {
        flash.read(0, bytes).unwrap();
    }
    seen.to_vec()
}

#[test]
fn unstable_bits_read_differently_until_erased() {
    for_seeds(|mut flash| {
        flash.write(0, &[0; 4]).unwrap();
        flash.fault_at(4..8, Fault::Unstable);
        let seen = reads(&mut flash);
        assert!(seen.iter().all(|bytes| bytes[..4] == [0; 4]));
        assert!(seen.iter().all(|bytes| bytes[8..] == [0xFF; 56]));
        assert!(seen.iter().any(|bytes| bytes[4..8] != [0xFF; 4]));
        assert!(seen.iter().any(|bytes| *bytes != seen[0]));
        let mut cleared = flash.clone();
        cleared.write(4, &[0; 4]).unwrap();
        assert!(reads(&mut cleared).iter().all(|b| b[..8] == [0; 8]));
        flash.erase(0, 64).unwrap();
        assert!(reads(&mut flash).iter().all(|b| *b == [0xFF; 64]));
    });
}

#[test]
fn an_unstable_tear_leaves_bits_of_its_own_in_between() {
    for tear in Tear::ALL {
        for seed in 0..50 {
            let mut flash = Small::new(1);
            flash.unstable_tears(true);
            flash.write(0, &[0x0F; 4]).unwrap();
            flash.cut_after(2, tear, seed);
            assert!(flash.write(4, &[0x0F; 12]).is_err());
            flash.power_on();
            let mut same = flash.clone();
            let seen = reads(&mut flash);
            assert_eq!(seen, reads(&mut same), "a clone reads the same");
            let differ = |at: usize| seen.iter().any(|bytes| bytes[at] != seen[0][at]);
            let unstable: Vec<usize> = (0..64).filter(|&at| differ(at)).collect();
            let may_be = match tear {
                Tear::Clean | Tear::Complete => 0..0,
                Tear::Prefix | Tear::WordBits => 8..12,
                Tear::CallBits => 4..16,
            };
            assert_eq!(unstable.is_empty(), may_be.is_empty(), "{tear:?}");
            assert!(unstable.iter().all(|at| may_be.contains(at)), "{tear:?}");
            let target = |bytes: &[u8; 64]| bytes[4..16].iter().all(|byte| byte & 0x0F == 0x0F);
            assert!(
                seen.iter().all(target),
                "bits that stay were never in between"
            );
        }
    }
}

#[test]
fn an_erase_in_between_is_mended_by_a_whole_one() {
    for tear in [Tear::Prefix, Tear::WordBits, Tear::CallBits] {
        for seed in 0..50 {
            let mut flash = Small::from_image(&[0; 128]);
            flash.unstable_tears(true);
            flash.cut_after(0, tear, seed);
            assert!(flash.erase(0, 64).is_err());
            flash.power_on();
            let seen = reads(&mut flash);
            assert!(seen.iter().any(|bytes| *bytes != seen[0]), "{tear:?}");
            flash.erase(0, 64).unwrap();
            assert!(reads(&mut flash).iter().all(|b| *b == [0xFF; 64]));
            flash.write(0, &[0; 64]).unwrap();
        }
    }
}

#[test]
fn a_power_cut_comes_before_a_fault_behind_it() {
    let mut flash = Small::new(1);
    flash.fault_after(2, Fault::ProgramFails(Tear::Clean));
    flash.cut_after(1, Tear::Complete, 0);
    assert_eq!(flash.write(0, &[0; 16]), Err(SimError::PowerLost));
    assert_eq!(flash.operations(), 2);
    flash.power_on();
    assert_eq!(
        flash.write(8, &[0; 8]),
        Err(SimError::ProgramFailed { address: 8 })
    );
}

#[test]
#[should_panic(expected = "a fault at 0x40..0x44 of a flash of 64 bytes")]
fn a_fault_past_the_end_is_refused() {
    Small::new(1).fault_at(64..68, Fault::ReadFails);
}
