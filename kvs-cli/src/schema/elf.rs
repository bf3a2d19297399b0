//! The lock file in a firmware's ELF: a section that is not loaded, so that it is at hand where the firmware is.

use std::path::Path;

use object::{File, Object, ObjectSection};

use crate::problem::Problem;

/// The section with the lock file's text.
const SECTION: &str = ".kvs.schema";

/// The lock file in an ELF.
pub(super) fn section(path: &Path, bytes: &[u8]) -> Result<String, Problem> {
    let file = File::parse(bytes)
        .map_err(|error| Problem::new(format!("{} is no whole ELF: {error}", path.display())))?;
    let data = file
        .section_by_name(SECTION)
        .and_then(|section| section.data().ok());
    let Some(data) = data else {
        return Err(
            Problem::new(format!("{} has no section {SECTION}", path.display())).help(format!(
                "llvm-objcopy --add-section {SECTION}=settings.lock firmware.elf puts the lock file in"
            )),
        );
    };
    String::from_utf8(data.to_vec()).map_err(|_| {
        Problem::new(format!(
            "the section {SECTION} of {} is no text",
            path.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::path::Path;

    use kvs::sim::Rng;
    use object::write::Object;
    use object::{Architecture, BinaryFormat, Endianness, SectionKind};

    use super::{SECTION, section};

    fn elf(name: &str, data: &[u8]) -> Vec<u8> {
        let mut file = Object::new(BinaryFormat::Elf, Architecture::Arm, Endianness::Little);
        let id = file.add_section(Vec::new(), name.into(), SectionKind::Other);
        file.set_section_data(id, data.to_vec(), 1);
        file.write().unwrap()
    }

    #[test]
    fn the_section_is_the_lock_file() {
        let path = Path::new("firmware.elf");
        assert_eq!(
            section(path, &elf(SECTION, b"version = 1")).unwrap(),
            "version = 1"
        );
        let message = section(path, &elf(".text", b"version = 1"))
            .unwrap_err()
            .to_string();
        assert_eq!(message, "firmware.elf has no section .kvs.schema");
        assert!(section(path, &elf(SECTION, &[0xFF])).is_err());
    }

    #[test]
    fn any_bytes_give_an_answer() {
        let mut rng = Rng::new(2);
        let good = elf(SECTION, b"version = 1");
        for _ in 0..500 {
            let mut bytes = good.clone();
            for _ in 0..rng.below(20) {
                let at = 4 + rng.below(bytes.len() - 4);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = rng.next_u8();
                }
            }
            bytes.truncate(rng.below(bytes.len() + 1));
            let _ = section(Path::new("firmware.elf"), &bytes);
        }
    }
}
