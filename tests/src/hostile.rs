//! Images that nobody wrote: any bytes, or well-sealed entries that lie.
//!
//! Whatever is in the flash, the store mounts it or says why not, reads what is there, takes a commit, and keeps it; in a
//! bounded number of flash operations, without a panic.

use kvs::host::{self, Piece};
use kvs::sim::{SimError, SimFlash};
use kvs::{Change, Error, Maintenance, Options, RawKey, Resources, Settings, Store};

use crate::assert_commit_bounds;
use crate::craft::{CONTINUES, COPY, MORE, checksum, seal_header};
use crate::input::Input;

/// Bytes read by one mount, in partitions: each byte once, in damaged places once more, and long entries that lie cost up
/// to four times their sector and the way back; the newest sector is looked at twice.
pub const MOUNT_READS: u64 = 16;

type Ram = Resources<64, 8, 128>;

/// Makes an image from `input`, and plays with it. Returns the bytes that its mount read, in percent of the partition.
pub fn image(bytes: &[u8]) -> u64 {
    let mut input = Input::new(bytes);
    let how = input.byte();
    let how = How {
        is_strict: how & 1 == 0,
        lies: how & 2 != 0,
    };
    match input.byte() % 5 {
        0 => play(
            SimFlash::<1, 256>::from_image(&craft(&mut input, how, 2, 256, 1)),
            how,
        ),
        1 => play(
            SimFlash::<4, 256>::from_image(&craft(&mut input, how, 4, 256, 4)),
            how,
        ),
        2 => play(
            SimFlash::<4, 1024>::from_image(&craft(&mut input, how, 3, 1024, 4)),
            how,
        ),
        3 => play(
            SimFlash::<16, 512>::from_image(&craft(&mut input, how, 3, 512, 16)),
            how,
        ),
        _ => play(
            SimFlash::<32, 512>::from_image(&craft(&mut input, how, 4, 512, 32)),
            how,
        ),
    }
}

/// How an image is made, and what is done with it.
#[derive(Clone, Copy)]
struct How {
    /// No word is programmed twice.
    is_strict: bool,
    /// What a checksum vouches for may be said of other places, and be wrong: where a sector ended, where the latest entries
    /// are, what is a copy. No writer says such a thing, and nobody can tell it from the truth. So values may be lost, and
    /// no more.
    lies: bool,
}

/// An image of raw bytes, headers and entries as `input` says; checksums right as often as not.
fn craft(input: &mut Input<'_>, how: How, sectors: usize, size: usize, word: usize) -> Vec<u8> {
    let mut image = vec![0xFF; sectors * size];
    let stride = word.max(16);
    let mut sequences = vec![1u32; sectors];
    let (mut sector, mut at) = (0, 0);
    while !input.is_empty() {
        match input.byte() % 11 {
            // A header, good or nearly.
            0 => {
                sector = input.below(sectors);
                let sequence = match input.byte() {
                    small @ 0..=250 => u32::from(small),
                    _ => input.word(),
                };
                // No writer gives it twice.
                let is_new = !sequences.contains(&sequence);
                let sequence = if is_new || how.lies {
                    sequence
                } else {
                    sequences
                        .iter()
                        .fold(1, |most, other| most.max(*other))
                        .saturating_add(1)
                };
                sequences[sector] = sequence;
                let log = |size: usize| size.ilog2() as u8;
                let mut header = [0; 16];
                header[..4].copy_from_slice(&[b'K', b'V', 0x10, log(size) << 3 | log(word)]);
                header[4..8].copy_from_slice(&sequence.to_le_bytes());
                header[8] = input.byte();
                seal_header(&mut header);
                let base = sector * size;
                image[base..base + 16].copy_from_slice(&header);
                image[base + stride..base + stride + 16].copy_from_slice(&header);
                at = 2 * stride;
            }
            // Anything, anywhere.
            1 => {
                let from = input.below(image.len());
                let bytes = input.bytes(16);
                let len = bytes.len().min(image.len() - from);
                image[from..from + len].copy_from_slice(&bytes[..len]);
            }
            // A gap, or a step to another place in the sector.
            2 => at = (input.below(size) / word * word).max(2 * stride),
            // An entry with a good checksum, whatever it says.
            kind => {
                let all = MORE | CONTINUES | if how.lies { COPY } else { 0 };
                let flags = input.byte() & all;
                let mut entry = match kind {
                    7 | 8 if how.lies => of_sector(input, kind, &sequences, size / word),
                    _ => entry(input, kind),
                };
                entry[0] |= flags & MORE;
                let check = checksum(&entry, flags, sequences[sector], at as u32);
                entry.extend_from_slice(&check.to_le_bytes());
                entry.resize(entry.len().next_multiple_of(word), 0xFF);
                if at + entry.len() <= size {
                    let from = sector * size + at;
                    image[from..from + entry.len()].copy_from_slice(&entry);
                    at += entry.len();
                }
            }
        }
    }
    image
}

/// An entry of a key, or a mark, up to its checksum. Its tag and lengths are right, but for the last kind.
fn entry(input: &mut Input<'_>, kind: u8) -> Vec<u8> {
    let key = match input.byte() {
        small @ 0..=127 => u32::from(small % 20),
        setting => Device::key(usize::from(setting)),
    };
    let key = key.to_le_bytes();
    match kind {
        3 => {
            let len = input.below(63);
            let value = input.bytes(len);
            [&[value.len() as u8], &key[..], value].concat()
        }
        4 => [&[0x80], &key[..]].concat(),
        5 => {
            let len = 32 + u16::from(input.byte());
            let value = vec![len as u8; usize::from(len)];
            [&[0x81], &key[..], &len.to_le_bytes(), &value].concat()
        }
        6 => {
            let len = 1 + input.below(19);
            let name = input.bytes(len);
            // Its length is right, or nearly; and the hash is the name's, or not.
            let claim = name.len() as u8 + (input.byte() / 250);
            let key = match std::str::from_utf8(name) {
                Ok(name) => kvs::key_hash(name).to_le_bytes(),
                Err(_) => key,
            };
            let tag = 0x88 + 1 + name.len() as u8 + 2;
            [&[tag], &key[..], &[claim], name, &[7; 2]].concat()
        }
        9 => vec![0x85, 0, 0, 0, 0, 0, 0],
        _ => {
            let len = 5 + input.below(40);
            let tag = match input.byte() {
                tag if matches!(tag & !MORE, 0x83 | 0x84) => tag & MORE,
                tag => tag,
            };
            [&[tag], input.bytes(len)].concat()
        }
    }
}

/// An opening or a table, up to its checksum. What it says of other places is right or wrong.
fn of_sector(input: &mut Input<'_>, kind: u8, sequences: &[u32], words: usize) -> Vec<u8> {
    if kind == 7 {
        let sequence = sequences[input.below(sequences.len())];
        let flags = input.byte();
        let end = input.below(words + 2) as u32;
        let of = sequence << 17 | u32::from(flags & 1) << 16 | end;
        let slots = [0, 0, u16::from(flags >> 6)][usize::from(flags % 3)];
        return [&[0x84], &of.to_le_bytes()[..], &slots.to_le_bytes()].concat();
    }
    let mut items = Vec::new();
    for _ in 0..input.below(4) {
        let hash = u32::from(input.byte() % 20);
        let (word, len) = (input.below(words * sequences.len()), input.below(16));
        let place = word as u32 | (len as u32) << 19 | u32::from(input.byte() & 1) << 31;
        items.extend([hash, place].map(u32::to_le_bytes).concat());
    }
    let len = (items.len() as u16).to_le_bytes();
    [&[0x83, 0, 0, 0, 0], &len[..], &items].concat()
}

/// A sector cut into pieces has no gaps, and every entry that counts is one of them.
fn check_pieces<const W: usize, const E: usize>(store: &mut Store<'_, &mut SimFlash<W, E>>) {
    let mut places = Vec::new();
    let mut keys = store.keys();
    loop {
        match keys.next() {
            Ok(Some(key)) => places.push((key.sector, key.offset)),
            Ok(None) => break,
            Err(_) => {}
        }
    }
    let sectors = host::sectors(store.flash().image(), E as u32, W as u32);
    for (index, sector) in sectors.into_iter().enumerate() {
        let mut end = 0;
        for piece in sector.pieces {
            assert_eq!(piece.offset(), end);
            end += piece.size();
            if let Piece::Entry(entry) = piece
                && entry.committed
            {
                places.retain(|place| *place != (index, entry.offset));
            }
        }
        assert_eq!(end, E as u32);
    }
    assert_eq!(places, [], "entries that count, and are no pieces");
}

fn play<const W: usize, const E: usize>(mut flash: SimFlash<W, E>, how: How) -> u64 {
    flash.allow_reprogram(!how.is_strict);
    let end = flash.image().len() as u32;
    let mut ram = Ram::new();
    let mount = Store::mount(&mut flash, 0..end, &mut ram, Options::DEFAULT);
    let mut store = match mount {
        Ok(store) => store,
        Err(Error::Incompatible { .. } | Error::TooManyKeys { .. }) => return 0,
        Err(error) => panic!("{error}"),
    };
    let mount_reads = store.flash().stats().read_bytes;
    assert!(mount_reads <= MOUNT_READS * u64::from(end));
    assert_eq!(
        store.flash().stats().programs + store.flash().stats().erases,
        0
    );

    let (device, _) = store.load::<Device>();
    device.check();
    let found = read_all(&mut store);
    if !how.lies {
        check_pieces::<W, E>(&mut store);
    }
    let stats = store.stats();
    assert_eq!(stats.live + stats.stale + stats.free, stats.capacity);
    assert!(how.lies || found.len() == stats.keys);

    // Whatever the room: an error, or a commit that is found again.
    let before = store.flash().stats().clone();
    let result = store.commit(&[
        Change::put(RawKey::Hash(1), b"first"),
        Change::put("a name of ours", b"second"),
    ]);
    let cost = store.flash().stats().since(&before);
    assert_commit_bounds(&cost, end as usize / E, E);
    let committed = match result {
        Ok(()) => true,
        Err(
            Error::Full { .. }
            | Error::TooManyKeys { .. }
            | Error::NameCollision { .. }
            | Error::Exhausted,
        ) => false,
        Err(Error::CommitTooLarge { .. }) => false,
        Err(error) => panic!("{error}"),
    };
    let mut steps = 0;
    while store.maintain().is_ok_and(|step| step != Maintenance::Idle) {
        steps += 1;
        assert!(steps < 1000, "maintenance without an end");
    }
    let now = read_all(&mut store);
    if !how.lies {
        drop_none(&found, &now, committed);
    }

    let mut ram = Ram::new();
    let mut store =
        Store::mount(&mut flash, 0..end, &mut ram, Options::DEFAULT).expect("it mounts again");
    let again = read_all(&mut store);
    assert!(
        how.lies || again == now,
        "{again:?} after a remount, in place of {now:?}"
    );
    mount_reads * 100 / u64::from(end)
}

/// What was there is there still, but for the two keys of the commit.
fn drop_none(found: &[(u32, Vec<u8>)], now: &[(u32, Vec<u8>)], committed: bool) {
    let ours = [1, kvs::key_hash("a name of ours")];
    for (key, value) in found.iter().filter(|(key, _)| !ours.contains(key)) {
        assert!(now.contains(&(*key, value.clone())), "{key:#x} is gone");
    }
    if committed {
        for (key, value) in ours
            .into_iter()
            .zip([b"first".to_vec(), b"second".to_vec()])
        {
            assert!(now.contains(&(key, value)), "the commit is not there");
        }
    }
}

/// All keys with their values. Only what the simulated flash can't give may be unreadable, and that is nothing.
fn read_all<const W: usize, const E: usize>(
    store: &mut Store<'_, &mut SimFlash<W, E>>,
) -> Vec<(u32, Vec<u8>)> {
    let mut known = Vec::new();
    let mut keys = store.keys();
    loop {
        match keys.next() {
            Ok(None) => break,
            Ok(Some(key)) => known.push((key.hash, key.name.map(String::from), key.value_len)),
            // A name that is no text.
            Err(Error::Corrupt { key }) => known.push((key, None, usize::MAX)),
            Err(error) => panic!("{error}"),
        }
    }
    let mut all = Vec::new();
    for (hash, name, len) in known {
        if len == usize::MAX {
            all.push((hash, Vec::new()));
            continue;
        }
        let mut buffer = vec![0; len];
        let found: Result<_, Error<SimError>> = match &name {
            Some(name) => store.get_bytes(name.as_str(), &mut buffer),
            None => store.get_bytes(RawKey::Hash(hash), &mut buffer),
        };
        assert_eq!(found, Ok(Some(len)), "{hash:#x} {name:?}");
        all.push((hash, buffer));
    }
    all
}

/// Settings whose keys a fuzzer finds under small hashes: what is loaded keeps to the rules.
#[derive(Settings)]
pub struct Device {
    /// A number with a range.
    #[setting(default = 50, range = 0..=100, migrate(from = "percent", ty = u16, try_with = u8::try_from))]
    pub level: u8,
    /// A text.
    #[setting(default = "none", alias = "label")]
    pub name: heapless::String<16>,
    /// A list.
    #[setting(default)]
    pub steps: heapless::Vec<i16, 8>,
    /// A choice of two numbers.
    #[setting(default)]
    pub pair: Option<(u16, i8)>,
}

impl Device {
    /// Any of its keys, old ones too.
    fn key(number: usize) -> u32 {
        match number % (Device::COUNT + 2) {
            0 => kvs::key_hash("percent:u16"),
            1 => kvs::key_hash("label:str"),
            leaf => Device::TREE.hash(leaf - 2),
        }
    }

    fn check(&self) {
        assert!(self.level <= 100);
        assert!(self.name.len() <= 16 && std::str::from_utf8(self.name.as_bytes()).is_ok());
    }
}

/// Plants any bytes under the settings' keys and loads them.
pub fn settings(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut flash = SimFlash::<4, 1024>::new(2);
    let mut ram = Ram::new();
    let mut store = Store::mount(&mut flash, 0..2048, &mut ram, Options::DEFAULT).unwrap();
    while !input.is_empty() {
        let key = Device::key(input.below(6));
        let len = input.below(64);
        let value = input.bytes(len);
        store.put_bytes(RawKey::Hash(key), value).unwrap();
    }
    let (device, report) = store.load::<Device>();
    device.check();
    assert_eq!(report.iter().count(), Device::COUNT);
    // What is migrated is the same once it is stored.
    store.confirm::<Device>().unwrap();
    let (confirmed, _) = store.load::<Device>();
    assert_eq!(
        (confirmed.level, &confirmed.name),
        (device.level, &device.name)
    );
    assert_eq!(store.prune(&[Device::TREE]), Ok(0));
    // What was accepted is saved as it was found: nothing to write.
    let mut again = device;
    for (path, _) in report.rejected() {
        // What was turned down is a default now, and writing it pins it.
        assert!(path.leaf() < Device::COUNT);
    }
    store.save(&again).unwrap();
    again.level = 7;
    store.save(&again).unwrap();
    assert_eq!(store.load::<Device>().0.level, 7);
}
