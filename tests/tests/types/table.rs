//! The tables of `docs/types.md`: each row's type is a setting here.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use core::num::{NonZeroI32, NonZeroU8, Saturating, Wrapping};
use core::ops::{Range, RangeFrom, RangeInclusive, RangeTo};
use core::time::Duration;

use fixed::types::I16F16;
use heapless::binary_heap::{BinaryHeap, Max, Min};
use heapless::index_map::FnvIndexMap;
use heapless::index_set::FnvIndexSet;
use heapless::{Deque, HistoryBuf, LinearMap, String, Vec};
use kvs::lock::Lock;
use kvs::{Leaves, Settings, Stored};
use postcard_schema::Schema;
use postcard_schema::schema::{DataModelType, NamedType};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::walk;

#[derive(Clone, Copy, Default, Serialize, Deserialize, Schema)]
struct Slot {
    hour: u8,
    minute: u8,
    on: bool,
}

#[derive(Default, Serialize, Deserialize, Schema)]
struct Celsius(i16);

#[derive(Clone, Copy, Default, Serialize, Deserialize, Schema)]
enum Mode {
    #[default]
    Off,
    Auto,
    Fixed(u8),
}

#[derive(Default, Serialize, Deserialize, Schema)]
struct Marker;

bitflags::bitflags! {
    #[derive(Clone, Copy, Default, Serialize, Deserialize)]
    #[serde(transparent)]
    struct Alarms: u8 {
        const FROST = 1;
        const FIRE = 2;
    }
}

impl Schema for Alarms {
    const SCHEMA: &'static NamedType = &NamedType {
        name: "Alarms",
        ty: &DataModelType::NewtypeStruct(u8::SCHEMA),
    };
}

#[derive(Default, Serialize, Deserialize, Schema)]
struct Timestamp(i64);

/// The rows, in their order.
#[derive(Settings)]
struct Types {
    bool: bool,
    u8: u8,
    u16: u16,
    u32: u32,
    u64: u64,
    u128: u128,
    i8: i8,
    i16: i16,
    i32: i32,
    i64: i64,
    i128: i128,
    f32: f32,
    f64: f64,
    char: char,
    unit: (),
    #[setting(default = NonZeroU8::MIN)]
    non_zero_u8: NonZeroU8,
    #[setting(default = NonZeroI32::MIN)]
    non_zero_i32: NonZeroI32,
    wrapping: Wrapping<u16>,
    saturating: Saturating<i64>,
    option: Option<u8>,
    options: Option<Option<bool>>,
    #[setting(default = Ok(0))]
    result: Result<u8, bool>,
    tuple_1: (u8,),
    tuple_3: (u8, u8, bool),
    tuple_6: (u8, u8, u8, i8, i8, f32),
    array: [u8; 32],
    array_of_tuples: [(u8, bool); 2],
    long_array: Stored<[u8; 64]>,
    range: Range<u16>,
    #[setting(default = 0..=0)]
    range_inclusive: RangeInclusive<u16>,
    #[setting(default = 0..)]
    range_from: RangeFrom<u16>,
    #[setting(default = ..0)]
    range_to: RangeTo<u16>,
    duration: Duration,
    #[setting(default = Ipv4Addr::LOCALHOST)]
    ipv4: Ipv4Addr,
    #[setting(default = Ipv6Addr::LOCALHOST)]
    ipv6: Ipv6Addr,
    #[setting(default = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    ip: IpAddr,
    #[setting(default = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 80))]
    socket_v4: SocketAddrV4,
    #[setting(default = Stored(SocketAddrV6::new(Ipv6Addr::LOCALHOST, 80, 0, 0)))]
    socket_v6: Stored<SocketAddrV6>,
    #[setting(default = Stored(SocketAddr::from(([0; 4], 80))))]
    socket: Stored<SocketAddr>,
    string: String<32>,
    vec: Vec<u16, 8>,
    vec_of_strings: Vec<String<4>, 2>,
    short_string: Stored<String<32, u8>>,
    short_vec: Stored<Vec<u16, 8, u8>>,
    linear_map: Stored<LinearMap<String<8>, u8, 4>>,
    index_map: Stored<FnvIndexMap<u8, u16, 4>>,
    index_set: Stored<FnvIndexSet<u16, 4>>,
    deque: Stored<Deque<u8, 4>>,
    history: Stored<HistoryBuf<u8, 4>>,
    max_heap: Stored<BinaryHeap<u8, Max, 4>>,
    min_heap: Stored<BinaryHeap<u8, Min, 4>>,
    slot: Slot,
    celsius: Celsius,
    mode: Mode,
    marker: Marker,
    map_of_structs: Stored<LinearMap<u8, Slot, 2>>,
    option_of_array: Option<Stored<[Mode; 2]>>,
    fixed: I16F16,
    uuid: Uuid,
    alarms: Alarms,
    timestamp: Timestamp,
}

impl Types {
    /// Each setting at its longest.
    fn longest() -> Self {
        const TEXT: &str = "thirty-two letters, a byte each:";
        const NAMES: [&str; 4] = ["12345678", "23456789", "34567890", "45678901"];
        fn all<T: Default + Extend<U>, U: Copy>(item: U, times: usize) -> T {
            let mut all = T::default();
            all.extend(core::iter::repeat_n(item, times));
            all
        }
        let slot = Slot {
            on: true,
            ..Slot::default()
        };
        let v6 = SocketAddrV6::new(Ipv6Addr::LOCALHOST, u16::MAX, u32::MAX, u32::MAX);
        Self {
            bool: true,
            u8: u8::MAX,
            u16: u16::MAX,
            u32: u32::MAX,
            u64: u64::MAX,
            u128: u128::MAX,
            i8: i8::MIN,
            i16: i16::MIN,
            i32: i32::MIN,
            i64: i64::MIN,
            i128: i128::MIN,
            f32: f32::MAX,
            f64: f64::MAX,
            char: char::MAX,
            unit: (),
            non_zero_u8: NonZeroU8::MAX,
            non_zero_i32: NonZeroI32::MIN,
            wrapping: Wrapping(u16::MAX),
            saturating: Saturating(i64::MIN),
            option: Some(u8::MAX),
            options: Some(Some(true)),
            result: Err(true),
            tuple_1: (u8::MAX,),
            tuple_3: (u8::MAX, u8::MAX, true),
            tuple_6: (u8::MAX, u8::MAX, u8::MAX, i8::MIN, i8::MIN, f32::MAX),
            array: [u8::MAX; 32],
            array_of_tuples: [(u8::MAX, true); 2],
            long_array: Stored([u8::MAX; 64]),
            range: 0x8000..u16::MAX,
            range_inclusive: 0x8000..=u16::MAX,
            range_from: u16::MAX..,
            range_to: ..u16::MAX,
            duration: Duration::MAX,
            ipv4: Ipv4Addr::BROADCAST,
            ipv6: Ipv6Addr::from_bits(u128::MAX),
            ip: IpAddr::V6(Ipv6Addr::LOCALHOST),
            socket_v4: SocketAddrV4::new(Ipv4Addr::BROADCAST, u16::MAX),
            socket_v6: Stored(v6),
            socket: Stored(SocketAddr::V6(v6)),
            string: TEXT.parse().unwrap(),
            vec: all(u16::MAX, 8),
            vec_of_strings: ["four"; 2]
                .map(|four| four.parse().unwrap())
                .into_iter()
                .collect(),
            short_string: Stored(TEXT.parse().unwrap()),
            short_vec: Stored(all(u16::MAX, 8)),
            linear_map: Stored(
                NAMES
                    .map(|name| (name.parse().unwrap(), u8::MAX))
                    .into_iter()
                    .collect(),
            ),
            index_map: Stored((252..=255).map(|key| (key, u16::MAX)).collect()),
            index_set: Stored((0xFFFC..=0xFFFF).collect()),
            deque: Stored(all(u8::MAX, 4)),
            history: Stored(all(u8::MAX, 4)),
            max_heap: Stored([1, 7, 3, 5].into_iter().fold(BinaryHeap::new(), pushed)),
            min_heap: Stored([7, 1, 5, 3].into_iter().fold(BinaryHeap::new(), pushed)),
            slot,
            celsius: Celsius(i16::MIN),
            mode: Mode::Fixed(u8::MAX),
            marker: Marker,
            map_of_structs: Stored([(1, slot), (2, slot)].into_iter().collect()),
            option_of_array: Some(Stored([Mode::Fixed(u8::MAX); 2])),
            fixed: I16F16::MIN,
            uuid: Uuid::max(),
            alarms: Alarms::all(),
            timestamp: Timestamp(i64::MIN),
        }
    }
}

fn pushed<K: heapless::binary_heap::Kind>(
    mut heap: BinaryHeap<u8, K, 4>,
    item: u8,
) -> BinaryHeap<u8, K, 4> {
    assert_eq!(heap.push(item), Ok(()));
    heap
}

/// The pieces of code in a cell.
fn codes(cell: &str) -> std::vec::Vec<std::string::String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(|code| code.replace(' ', ""))
        .collect()
}

/// The types of the document's tables that have a shape, with it.
fn documented() -> std::vec::Vec<(std::string::String, std::string::String)> {
    let mut rows = std::vec::Vec::new();
    for line in include_str!("../../../docs/types.md").lines() {
        let cells: std::vec::Vec<_> = line.split(" | ").collect();
        if let [types, _, shapes, _] = cells[..] {
            let (types, shapes) = (codes(types), codes(shapes));
            assert_eq!(types.len(), shapes.len(), "as many shapes as types: {line}");
            rows.extend(types.into_iter().zip(shapes));
        }
    }
    rows
}

#[test]
fn the_document_has_the_shapes() {
    let lock = Lock::of(Types::SCHEMA);
    let settings = lock.settings.iter().enumerate().map(|(leaf, setting)| {
        let (leaf, _) = Types::SCHEMA.leaf(leaf).unwrap();
        let (path, shape) = setting.key.split_once(':').unwrap();
        assert_eq!(path, setting.path);
        // One more comma than in the document.
        (
            leaf.rust.replace(",)", ")").replace(' ', ""),
            shape.to_owned(),
        )
    });
    let documented = documented()
        .into_iter()
        .map(|(ty, shape)| (ty.replace(",)", ")"), shape));
    let (settings, documented): (std::vec::Vec<_>, std::vec::Vec<_>) =
        (settings.collect(), documented.collect());
    for (setting, row) in settings.iter().zip(&documented) {
        assert_eq!(row, setting, "docs/types.md and the struct here");
    }
    assert_eq!(documented.len(), settings.len());
}

#[test]
fn the_longest_value_of_each_fits() {
    let longest = Types::longest();
    for leaf in 0..Types::COUNT {
        let (schema, _) = Types::SCHEMA.leaf(leaf).unwrap();
        let mut out = [0; Types::BUFFER];
        let len = longest.encode(leaf, &mut out).unwrap();
        let rust = schema.rust;
        assert!(len <= schema.max_len, "{rust}: {len} of {}", schema.max_len);
        let shape = kvs::lock::Type::from(schema.ty).to_string();
        if !["str", "bytes", "[", "{"]
            .iter()
            .any(|part| shape.contains(part))
        {
            assert_eq!(len, schema.max_len, "{rust}");
        }
    }
}

#[test]
fn the_schema_of_each_is_that_of_its_bytes() {
    for settings in [Types::defaults(), Types::longest()] {
        for leaf in 0..Types::COUNT {
            let (schema, _) = Types::SCHEMA.leaf(leaf).unwrap();
            let mut out = [0; Types::BUFFER];
            let len = settings.encode(leaf, &mut out).unwrap();
            assert_eq!(
                walk::check(schema.ty, &out[..len]),
                Ok(()),
                "{}",
                schema.rust
            );
        }
    }
}

#[test]
fn each_comes_back() {
    for settings in [Types::defaults(), Types::longest()] {
        let mut read = if settings.bool {
            Types::defaults()
        } else {
            Types::longest()
        };
        for leaf in 0..Types::COUNT {
            let (schema, _) = Types::SCHEMA.leaf(leaf).unwrap();
            let mut out = [0; Types::BUFFER];
            let len = settings.encode(leaf, &mut out).unwrap();
            assert_eq!(read.decode(leaf, &out[..len]), Ok(()), "{}", schema.rust);
            assert!(read.holds(leaf, &out[..len]), "{}", schema.rust);
        }
    }
}
