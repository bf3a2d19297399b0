//! Files: how they are read, and the one way in which they are written.
//!
//! A file is replaced by a new one in a single step, so that there is never half of it, whenever the program or the power ends.
//! It stays the file that was meant: a symbolic link is followed, the mode and the owner are kept, and who may not write it
//! does not replace it either. From [`Target::open`] to [`Target::write`] the file is locked: what reads, changes and writes an
//! image is alone with it.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use same_file::Handle;
use tempfile::NamedTempFile;

use crate::problem::Problem;
use crate::terminal::{note, warn};

/// The most bytes that are read into memory at once. The largest NOR flash has as many.
pub(crate) const MOST: u64 = 256 << 20;

/// So many symbolic links may lead to a file, as in Linux.
const MOST_LINKS: usize = 40;

pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Problem {
    Problem::new(format!("{} cannot be read: {error}", path.display()))
}

pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Problem {
    Problem::new(format!("{} cannot be written: {error}", path.display()))
}

/// All of a file, if it is of a size that makes sense.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    read_all(path, &file)
}

/// What is still to be read of a file.
pub(crate) fn read_all(path: &Path, file: &File) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let read = file.take(MOST + 1).read_to_end(&mut bytes);
    read.map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > MOST {
        return Err(too_large(path));
    }
    Ok(bytes)
}

pub(crate) fn too_large(path: &Path) -> Problem {
    Problem::new(format!(
        "{} has more than the {} MiB that are read at once",
        path.display(),
        MOST >> 20
    ))
    .help("is it the right file? What is needed of a larger one has to be cut out of it, with `dd` for instance")
}

/// Writes a file that is not read before.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    Target::open(path)?.write(bytes)
}

/// A file that is going to be written.
pub(crate) struct Target {
    /// As the user calls it.
    path: PathBuf,
    place: Place,
}

enum Place {
    /// A device or a pipe: there is nothing to be replaced, it is written as it is.
    Stream,
    /// No file yet.
    New(PathBuf),
    /// A file behind all symbolic links, and the lock on it.
    Existing(PathBuf, File),
}

impl Target {
    /// Finds the file that is meant, makes sure that it may be written, and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        let place = find(path)?;
        Ok(Self {
            path: path.to_owned(),
            place,
        })
    }

    /// The file as it is now, if there is one. Nobody else changes it through this module.
    pub(crate) fn existing(&self) -> Option<io::Result<File>> {
        match &self.place {
            Place::Existing(_, file) => Some(file.try_clone()),
            Place::New(_) | Place::Stream => None,
        }
    }

    /// Puts `bytes` in the place of all that the file has.
    pub(crate) fn write(self, bytes: &[u8]) -> Result<(), Problem> {
        let result = match &self.place {
            Place::Stream => fs::write(&self.path, bytes),
            Place::New(real) => replace(real, None, bytes),
            Place::Existing(real, old) => old
                .metadata()
                .and_then(|old| replace(real, Some(&old), bytes)),
        };
        result.map_err(|error| unwritable(&self.path, &error))
    }
}

fn find(path: &Path) -> Result<Place, Problem> {
    let wrong = |error| unwritable(path, &error);
    // `/dev/stdout` is a link to whatever that is: it is written, and its file stays.
    if cfg!(unix) && path.starts_with("/dev") {
        return Ok(Place::Stream);
    }
    let real = follow(path).map_err(wrong)?;
    loop {
        match fs::metadata(&real) {
            Ok(there) if !there.is_file() && !there.is_dir() => return Ok(Place::Stream),
            Ok(there) if there.is_file() && there.permissions().readonly() => {
                return Err(read_only(path));
            }
            _ => {}
        }
        let file = match OpenOptions::new().read(true).write(true).open(&real) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Place::New(real)),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                return Err(read_only(path));
            }
            Err(error) => return Err(wrong(error)),
        };
        lock(path, &file).map_err(wrong)?;
        // Who had the lock before may have put another file in its place: that one has to be locked, then.
        let locked = file
            .try_clone()
            .and_then(Handle::from_file)
            .map_err(wrong)?;
        match Handle::from_path(&real) {
            Ok(there) if there == locked => {
                one_name(path, &file)?;
                return Ok(Place::Existing(real, file));
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(wrong(error)),
        }
    }
}

/// The place that a path leads to; there may be nothing yet.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut real = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&real) else {
            return Ok(real);
        };
        real = parent(&real).join(target);
    }
    Err(io::Error::other("there are too many symbolic links"))
}

fn parent(path: &Path) -> &Path {
    let parent = path.parent().unwrap_or(Path::new("."));
    if parent.as_os_str().is_empty() {
        Path::new(".")
    } else {
        parent
    }
}

fn read_only(path: &Path) -> Problem {
    Problem::new(format!("{} may not be written", path.display())).help(
        "it is read-only for you, and is left as it is: make it writable, or write another file",
    )
}

fn lock(path: &Path, file: &File) -> io::Result<()> {
    let result = match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            note(&format!(
                "another program is writing {}: waiting until it is done",
                path.display()
            ));
            file.lock()
        }
        Err(TryLockError::Error(error)) => Err(error),
        Ok(()) => Ok(()),
    };
    match result {
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            warn(&format!(
                "there are no locks where {} is: it must not be written by two programs at once",
                path.display()
            ));
            Ok(())
        }
        result => result,
    }
}

/// A file with two names can't be replaced under both in one step; and which of them are meant to change, only the user knows.
#[cfg(unix)]
fn one_name(path: &Path, file: &File) -> Result<(), Problem> {
    use std::os::unix::fs::MetadataExt;
    let names = file
        .metadata()
        .map_err(|error| unreadable(path, &error))?
        .nlink();
    if names <= 1 {
        return Ok(());
    }
    Err(Problem::new(format!(
        "{} has {names} names (hard links), and cannot be replaced under all of them in one step",
        path.display()
    ))
    .help("write another file, or make this one a copy of its own first: cp FILE FILE.new && mv FILE.new FILE"))
}

#[cfg(not(unix))]
fn one_name(_: &Path, _: &File) -> Result<(), Problem> {
    Ok(())
}

/// Writes a file beside, gets it to the disk, and gives it the name.
fn replace(real: &Path, old: Option<&Metadata>, bytes: &[u8]) -> io::Result<()> {
    let directory = parent(real);
    let mut temporary = new_file(directory, old.is_none())?;
    temporary.write_all(bytes)?;
    if let Some(old) = old {
        keep_owner(real, temporary.as_file(), old)?;
        // Behind the owner: a change of that may clear bits of the mode.
        temporary.as_file().set_permissions(old.permissions())?;
    }
    temporary.as_file().sync_all()?;
    let mut temporary = temporary.into_temp_path();
    // The standard library's, which replaces a file that is open, as the old one is, on every system.
    fs::rename(&temporary, real)?;
    temporary.disable_cleanup(true);
    sync_directory(directory)
}

/// A file with a random name that was not there before: it follows no link that somebody has laid. One that a killed program
/// leaves behind is in nobody's way.
fn new_file(directory: &Path, is_new: bool) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".kvs-").suffix(".tmp");
    #[cfg(unix)]
    if is_new {
        use std::os::unix::fs::PermissionsExt;
        // As any new file, less the umask. What replaces a file is nobody else's until it has that one's mode.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    #[cfg(not(unix))]
    let _ = is_new;
    builder.tempfile_in(directory)
}

#[cfg(unix)]
fn keep_owner(real: &Path, new: &File, old: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let made = new.metadata()?;
    let user = (made.uid() != old.uid()).then_some(old.uid());
    let group = (made.gid() != old.gid()).then_some(old.gid());
    let is_kept = match (user, group) {
        (None, None) => true,
        // A group of one's own can be given where the owner can't.
        _ => fchown(new, user, group).is_ok() || fchown(new, None, group).is_ok() && user.is_none(),
    };
    if !is_kept {
        warn(&format!(
            "the owner of {} could not be kept: it is yours now",
            real.display()
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn keep_owner(_: &Path, _: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// The new name has to be on the disk, too.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(directory).and_then(|directory| directory.sync_all()) {
        // Some file systems do not know how, or one may write there but not list it.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}
