//! Copies of a flash: the snapshots that a test comes back to, a million times over.

use super::flash::SimFlash;

impl<const WRITE: usize, const ERASE: usize, const READ: usize> Clone
    for SimFlash<WRITE, ERASE, READ>
{
    fn clone(&self) -> Self {
        Self {
            medium: self.medium.clone(),
            marks: self.marks.clone(),
            reprogram: self.reprogram,
            strict_tears: self.strict_tears,
            unstable_tears: self.unstable_tears,
            timing: self.timing,
            stats: self.stats.clone(),
            operations: self.operations,
            cut: self.cut.clone(),
            powered: self.powered,
            faults: self.faults.clone(),
            outages: self.outages.clone(),
            reads_left: self.reads_left,
        }
    }

    fn clone_from(&mut self, source: &Self) {
        // Taken apart, so that a new field is not forgotten here.
        let Self {
            medium,
            marks,
            reprogram,
            strict_tears,
            unstable_tears,
            timing,
            stats,
            operations,
            cut,
            powered,
            faults,
            outages,
            reads_left,
        } = source;
        self.medium.clone_from(medium);
        self.marks.clone_from(marks);
        self.reprogram = *reprogram;
        self.strict_tears = *strict_tears;
        self.unstable_tears = *unstable_tears;
        self.timing = *timing;
        self.stats.copy_from(stats);
        self.operations = *operations;
        self.cut.clone_from(cut);
        self.powered = *powered;
        self.faults.copy_from(faults);
        self.outages.copy_from(outages);
        self.reads_left = *reads_left;
    }
}

#[cfg(test)]
mod tests {
    use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

    use super::super::medium::tests::TempFile;
    use super::super::{Fault, Outage, SimError, Tear, When};
    use super::*;

    type Small = SimFlash<4, 64>;

    #[test]
    fn a_clone_goes_its_own_way() {
        let mut flash = Small::new(1);
        flash.write(0, &[0; 4]).unwrap();
        let mut copy = flash.clone();
        assert_eq!(
            copy.write(0, &[0; 4]),
            Err(SimError::ProgrammedTwice { address: 0 })
        );
        copy.write(4, &[0; 4]).unwrap();
        assert_eq!(flash.image()[4..8], [0xFF; 4]);
    }

    #[test]
    fn clone_from_is_clone() {
        let mut source = Small::new(2);
        source.strict_tears(true);
        source.unstable_tears(true);
        source.allow_reprogram(true);
        source.fault_at(4..8, Fault::ReadFails);
        source.fault_at(64..68, Fault::Unstable);
        source.fault_after(9, Fault::ProgramFails(Tear::Prefix));
        source.outage(Outage::Erases(Tear::Clean), When::Next(1));
        source.write(0, &[7; 12]).unwrap();
        source.cut_after(5, Tear::WordBits, 3);
        let mut copy = Small::from_image(&[0; 64]);
        copy.clone_from(&source);
        for flash in [&mut copy, &mut source.clone()] {
            assert_eq!(
                (flash.image(), flash.stats()),
                (source.image(), source.stats())
            );
            assert_eq!(
                flash.read(4, &mut [0; 4]),
                Err(SimError::Ecc { address: 4 })
            );
            let reads = |mut flash: Small| {
                let mut bytes = [[0; 4]; 20];
                for word in &mut bytes {
                    flash.read(64, word).unwrap();
                }
                bytes
            };
            assert_eq!(reads(flash.clone()), reads(source.clone()));
            assert_eq!(flash.erase(0, 64), Err(SimError::Busy { address: 0 }));
            assert_eq!(flash.write(12, &[0; 16]), Err(SimError::PowerLost));
            assert_eq!(flash.operations(), 6);
        }
    }

    #[test]
    fn clone_from_lets_go_of_the_file() {
        let path = TempFile::new("clone-from");
        let mut flash = Small::open(&path.0, 1).unwrap();
        flash.clone_from(&Small::from_image(&[1; 64]));
        flash.erase(0, 64).unwrap();
        flash.write(0, &[2; 4]).unwrap();
        assert_eq!(std::fs::read(&path.0).unwrap(), [0xFF; 64]);
    }
}
