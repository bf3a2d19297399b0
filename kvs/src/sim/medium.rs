//! Where the bytes are: in memory, and in a file as well when there is one.

use std::ffi::OsString;
use std::format;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::vec;
use std::vec::Vec;

/// An erased byte.
pub(super) const ERASED: u8 = 0xFF;

/// Whether all of it reads as erased.
pub(super) fn is_erased(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == ERASED)
}

/// The bytes of the flash. Reads come from memory; stores go to the file first, so that memory
/// never holds what the file does not.
#[derive(Debug)]
pub(super) struct Medium {
    bytes: Vec<u8>,
    file: Option<File>,
}

impl Medium {
    pub(super) fn erased(len: usize) -> Self {
        Self::from_bytes(vec![ERASED; len])
    }

    pub(super) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self { bytes, file: None }
    }

    /// Opens a file of `len` bytes. A missing one is created, all erased: beside its place and then moved there, so
    /// that a process killed meanwhile leaves no half a file.
    pub(super) fn open(path: &Path, len: usize) -> io::Result<Self> {
        if !path.exists() {
            let mut fresh = OsString::from(path);
            fresh.push(".new");
            fs::write(&fresh, vec![ERASED; len])?;
            fs::rename(&fresh, path)?;
        }
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut bytes = Vec::with_capacity(len);
        file.read_to_end(&mut bytes)?;
        if bytes.len() != len {
            let (path, found) = (path.display(), bytes.len());
            let message = format!("{path}: holds {found} bytes, but the flash has {len}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(Self {
            bytes,
            file: Some(file),
        })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    pub(super) fn store(&mut self, at: usize, bytes: &[u8]) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.seek(SeekFrom::Start(at as u64))?;
            file.write_all(bytes)?;
        }
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

/// A clone lives in memory only: two flashes in one file would overwrite each other.
impl Clone for Medium {
    fn clone(&self) -> Self {
        Self::from_bytes(self.bytes.clone())
    }

    fn clone_from(&mut self, source: &Self) {
        self.bytes.clone_from(&source.bytes);
        self.file = None;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::PathBuf;
    use std::process::{Command, Stdio};
    use std::string::ToString;
    use std::time::{Duration, Instant};

    use super::*;

    /// A file name of its own for each test, removed at its end.
    pub(in super::super) struct TempFile(pub(in super::super) PathBuf);

    impl TempFile {
        pub(in super::super) fn new(name: &str) -> Self {
            let name = format!("kvs-sim-{}-{name}.bin", std::process::id());
            Self(std::env::temp_dir().join(name))
        }
    }

    impl Drop for TempFile {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn a_missing_file_is_created_erased() {
        let path = TempFile::new("created");
        let medium = Medium::open(&path.0, 64).unwrap();
        assert!(is_erased(medium.bytes()));
        assert_eq!(std::fs::read(&path.0).unwrap(), vec![0xFF; 64]);
    }

    #[test]
    fn a_store_is_in_the_file_at_once_and_nowhere_else() {
        let path = TempFile::new("stored");
        let mut medium = Medium::open(&path.0, 16).unwrap();
        medium.store(4, b"abcd").unwrap();
        let mut expected = [0xFF; 16];
        expected[4..8].copy_from_slice(b"abcd");
        assert_eq!(std::fs::read(&path.0).unwrap(), expected);
        assert_eq!(Medium::open(&path.0, 16).unwrap().bytes(), expected);
    }

    #[test]
    fn a_file_of_the_wrong_length_is_refused_and_left_alone() {
        let path = TempFile::new("length");
        std::fs::write(&path.0, b"three").unwrap();
        let error = Medium::open(&path.0, 64).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(
            error
                .to_string()
                .ends_with("holds 5 bytes, but the flash has 64")
        );
        assert_eq!(std::fs::read(&path.0).unwrap(), b"three");
    }

    #[test]
    fn a_clone_leaves_the_file_alone() {
        let path = TempFile::new("clone");
        let medium = Medium::open(&path.0, 8).unwrap();
        let mut copy = medium.clone();
        copy.store(0, b"x").unwrap();
        assert!(is_erased(medium.bytes()));
        assert!(is_erased(&std::fs::read(&path.0).unwrap()));
    }

    #[test]
    fn a_killed_process_leaves_whole_words_in_order() {
        const NAME: &str = "sim::medium::tests::a_killed_process_leaves_whole_words_in_order";
        const CHILD: &str = "KVS_SIM_TEST_CHILD";
        const LEN: usize = 1 << 20;
        if let Some(path) = std::env::var_os(CHILD) {
            // The child: this test again, in a process of its own. Stores until it is killed.
            let mut medium = Medium::open(Path::new(&path), LEN).unwrap();
            for at in (0..LEN).step_by(4) {
                medium.store(at, b"word").unwrap();
            }
            std::thread::sleep(Duration::from_secs(60));
            return;
        }
        let path = TempFile::new("killed");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([NAME, "--exact"])
            .env(CHILD, &path.0)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let started = Instant::now();
        while !std::fs::read(&path.0).is_ok_and(|bytes| bytes.starts_with(b"word")) {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "the child stores nothing"
            );
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let left = Medium::open(&path.0, LEN).unwrap();
        let stored = left
            .bytes()
            .chunks(4)
            .take_while(|word| word == b"word")
            .count();
        assert!(stored > 0);
        assert!(is_erased(&left.bytes()[stored * 4..]));
    }
}
