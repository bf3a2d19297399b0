//! `Stored`: what comes back of what was stored, what is turned down, and in a store.

use core::net::{Ipv6Addr, SocketAddr, SocketAddrV6};

use heapless::binary_heap::{BinaryHeap, Max, Min};
use heapless::index_map::FnvIndexMap;
use heapless::index_set::FnvIndexSet;
use heapless::{Deque, HistoryBuf, LinearMap, String};
use kvs::sim::presets;
use kvs::{Options, Rejection, Resources, Settings, Store, Stored};
use postcard_schema::Schema;
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::walk;

fn bytes<T: Serialize>(value: &T) -> Vec<u8> {
    let mut out = [0; 512];
    postcard::to_slice(value, &mut out).expect("room").to_vec()
}

/// The value of exactly these bytes.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}

/// All texts of up to six bytes, each below 4: lengths, items and what is in place of either.
fn texts() -> impl Iterator<Item = Vec<u8>> {
    (0..=6u32).flat_map(|len| {
        (0..4usize.pow(len)).map(move |number| {
            (0..len)
                .map(|place| (number >> (2 * place) & 3) as u8)
                .collect()
        })
    })
}

/// Of all texts, those are taken that the model takes, and they come back the same.
fn takes<T, Plain>(is_one: impl Fn(&[Plain]) -> bool)
where
    T: Serialize + DeserializeOwned,
    Plain: DeserializeOwned,
{
    let mut taken = 0;
    for text in texts() {
        let plain: Option<Vec<Plain>> = read_list(&text);
        let value: Option<T> = read(&text);
        let name = core::any::type_name::<T>();
        assert_eq!(
            value.is_some(),
            plain.is_some_and(|plain| is_one(&plain)),
            "{name} {text:?}"
        );
        if let Some(value) = value {
            assert_eq!(bytes(&value), text, "{name}");
            taken += 1;
        }
    }
    assert!(taken > 4, "only {taken} were one");
}

/// The items behind a length.
fn read_list<T: DeserializeOwned>(text: &[u8]) -> Option<Vec<T>> {
    let (len, mut rest) = postcard::take_from_bytes::<u8>(text).ok()?;
    let mut items = Vec::new();
    for _ in 0..len {
        let item;
        (item, rest) = postcard::take_from_bytes(rest).ok()?;
        items.push(item);
    }
    rest.is_empty().then_some(items)
}

fn are_distinct<T: PartialEq>(mut items: impl Iterator<Item = T> + Clone) -> bool {
    core::iter::from_fn(|| Some((items.next()?, items.clone())))
        .all(|(item, mut rest)| rest.all(|other| other != item))
}

#[test]
fn only_what_comes_back_the_same_is_read() {
    let keys = |entries: &[(u8, u8)]| are_distinct(entries.iter().map(|(key, _)| *key));
    takes::<Stored<LinearMap<u8, u8, 2>>, _>(|entries| entries.len() <= 2 && keys(entries));
    takes::<Stored<FnvIndexMap<u8, u8, 2>>, _>(|entries| entries.len() <= 2 && keys(entries));
    takes::<Stored<FnvIndexSet<u8, 2>>, u8>(|items| items.len() <= 2 && are_distinct(items.iter()));
    takes::<Stored<Deque<u8, 2>>, u8>(|items| items.len() <= 2);
    takes::<Stored<HistoryBuf<u8, 2>>, u8>(|items| items.len() <= 2);
    takes::<Stored<heapless::Vec<u8, 2, u8>>, u8>(|items| items.len() <= 2);
    let is_heap = |items: &[u8], are_right: fn(u8, u8) -> bool| {
        items.len() <= 5 && (1..items.len()).all(|at| are_right(items[(at - 1) / 2], items[at]))
    };
    takes::<Stored<BinaryHeap<u8, Max, 5>>, u8>(|items| {
        is_heap(items, |above, below| above >= below)
    });
    takes::<Stored<BinaryHeap<u8, Min, 5>>, u8>(|items| {
        is_heap(items, |above, below| above <= below)
    });
}

/// What comes back of a value. Its bytes are those of its schema.
fn back<T>(value: T) -> T
where
    Stored<T>: Serialize + DeserializeOwned + Schema,
{
    let stored = bytes(&Stored(value));
    assert_eq!(walk::check(Stored::<T>::SCHEMA, &stored), Ok(()));
    read::<Stored<T>>(&stored).expect("what was stored").0
}

/// Asserts that what comes back of a collection has the same items, in the same order.
macro_rules! assert_back {
    ($value:expr) => {{
        let value = $value.clone();
        let items: Vec<_> = $value.iter().map(|item| format!("{item:?}")).collect();
        let back = back(value);
        let found: Vec<_> = back.iter().map(|item| format!("{item:?}")).collect();
        prop_assert_eq!(items, found);
    }};
}

proptest! {
    /// After any items have come and gone, in whatever order that leaves the others.
    #[test]
    fn collections_come_back_in_their_order(steps in prop::collection::vec((0..3u8, any::<u8>()), 0..40)) {
        let mut linear = LinearMap::<String<4>, u8, 8>::new();
        let mut map = FnvIndexMap::<u8, u16, 8>::new();
        let mut set = FnvIndexSet::<u8, 8>::new();
        let mut deque = Deque::<u16, 8>::new();
        let mut history = HistoryBuf::<u8, 8>::new();
        let mut max = BinaryHeap::<u8, Max, 8>::new();
        let mut min = BinaryHeap::<i16, Min, 8>::new();
        for (step, item) in steps {
            let key = format!("{}", item % 16).parse().expect("short");
            if step > 0 {
                let _ = linear.insert(key, item);
                let _ = map.insert(item % 16, u16::from(item) * 100);
                let _ = set.insert(item % 16);
                let _ = if step == 1 { deque.push_back(item.into()) } else { deque.push_front(item.into()) };
                history.write(item);
                let _ = max.push(item);
                let _ = min.push(item.into());
            } else {
                linear.remove(&key);
                map.remove(&(item % 16));
                set.remove(&(item % 16));
                deque.pop_front();
                max.pop();
                min.pop();
            }
        }
        assert_back!(linear);
        assert_back!(map);
        assert_back!(set);
        assert_back!(deque);
        prop_assert!(back(history.clone()).oldest_ordered().eq(history.oldest_ordered()));
        assert_back!(max);
        assert_back!(min);
    }

    #[test]
    fn texts_lists_and_arrays_come_back(text in "[a-zä€]{0,10}", items in prop::collection::vec(any::<u16>(), 0..8)) {
        let short: heapless::String<32, u8> = text.parse().expect("room");
        prop_assert_eq!(back(short.clone()), short);
        let list = heapless::Vec::<u16, 8, u8>::from_slice(&items).expect("room");
        prop_assert_eq!(back(list.clone()), list);
        let array: [Option<u16>; 40] = core::array::from_fn(|at| items.get(at).copied());
        prop_assert_eq!(back(array), array);
    }

    #[test]
    fn socket_addresses_come_back_whole(ip: u128, port: u16, flowinfo: u32, scope: u32) {
        let addr = SocketAddrV6::new(Ipv6Addr::from_bits(ip), port, flowinfo, scope);
        prop_assert_eq!(back(addr), addr);
        prop_assert_eq!(back(SocketAddr::V6(addr)), SocketAddr::V6(addr));
        let v4 = SocketAddr::from((ip.to_be_bytes().first_chunk().map_or([0; 4], |ip| *ip), port));
        prop_assert_eq!(back(v4), v4);
    }
}

#[test]
fn an_array_is_the_bytes_of_its_items() {
    let short = [1u16, 300, 70];
    assert_eq!(bytes(&Stored(short)), bytes(&short));
    let stored = bytes(&Stored([7u8; 64]));
    assert_eq!(stored, [7; 64]);
    assert!(read::<Stored<[u8; 64]>>(&stored).is_some());
    assert!(read::<Stored<[u8; 63]>>(&stored).is_none());
    assert!(read::<Stored<[u8; 65]>>(&stored).is_none());
    assert!(read::<Stored<[u8; 0]>>(&[]).is_some());
}

#[test]
fn a_text_or_a_list_that_is_too_long_is_turned_down() {
    let text = bytes(&"four");
    assert!(read::<Stored<heapless::String<4, u8>>>(&text).is_some());
    assert!(read::<Stored<heapless::String<3, u8>>>(&text).is_none());
    assert!(read::<Stored<heapless::String<4, u8>>>(&[1, 0xFF]).is_none());
}

/// Why these are not taken without `Stored`: `kvs/src/settings/foreign.rs` refuses them by their names.
#[test]
fn schemas_that_are_wrong() {
    let v6 = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 80, 0, 3);
    assert!(walk::check(SocketAddrV6::SCHEMA, &bytes(&v6)).is_err());
    assert!(walk::check(SocketAddr::SCHEMA, &bytes(&SocketAddr::V6(v6))).is_err());
    assert_eq!(
        read::<SocketAddrV6>(&bytes(&v6)).map(|v6| v6.scope_id()),
        Some(0)
    );

    type Date = chrono::DateTime<chrono::Utc>;
    let date = Date::from_timestamp(1_700_000_000, 123_456_789).expect("a date");
    assert_eq!(walk::check(Date::SCHEMA, &bytes(&date)), Ok(()));
    assert!(bytes(&date).len() > kvs::max_encoded_len(Date::SCHEMA, size_of::<Date>()));
}

#[test]
fn behaves_as_what_it_holds() {
    let mut stored = Stored::<Deque<u8, 4>>::default();
    stored.push_back(1).expect("room");
    assert_eq!(stored.len(), 1);
    assert_eq!(stored, stored.clone().0.into());
    assert_eq!(format!("{stored:?}"), "Stored([1])");
    assert!(Stored(1) < Stored(2));
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
enum Route {
    #[default]
    None,
    Through(Stored<SocketAddr>),
    Weighted {
        shares: Stored<LinearMap<u8, u8, 2>>,
    },
}

mod v1 {
    use super::*;

    #[derive(Settings)]
    pub(super) struct Device {
        pub(super) tags: heapless::Vec<u8, 4>,
        pub(super) calm: heapless::Vec<u8, 4>,
        pub(super) shares: Stored<LinearMap<u8, u16, 4>>,
        pub(super) table: Stored<[u16; 40]>,
        #[setting(default = Route::None)]
        pub(super) route: Route,
        pub(super) peer: Option<Stored<SocketAddrV6>>,
    }
}

mod v2 {
    use super::*;

    #[derive(Settings)]
    pub(super) struct Device {
        /// The same key: all lists have one shape.
        pub(super) tags: Stored<FnvIndexSet<u8, 4>>,
        pub(super) calm: Stored<FnvIndexSet<u8, 4>>,
        #[setting(migrate(from = "shares", ty = Stored<LinearMap<u8, u16, 4>>, with = sum))]
        pub(super) total: u16,
        #[setting(migrate(ty = Stored<[u16; 40]>, with = widened))]
        pub(super) table: Stored<[u32; 40]>,
        pub(super) route: Route,
        pub(super) peer: Option<Stored<SocketAddrV6>>,
    }

    fn sum(shares: Stored<LinearMap<u8, u16, 4>>) -> u16 {
        shares.values().sum()
    }

    fn widened(table: Stored<[u16; 40]>) -> Stored<[u32; 40]> {
        Stored(table.map(u32::from))
    }
}

#[test]
fn in_a_store_from_one_firmware_to_the_next() {
    let mut flash = presets::nrf52840();
    let range = 0..8 * 4096;
    let peer = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 80, 1, 2);
    let routes = [
        Route::Through(Stored(SocketAddr::V6(peer))),
        Route::Weighted {
            shares: Stored([(1, 2), (3, 4)].into_iter().collect()),
        },
    ];
    for route in routes {
        let mut ram = Resources::<16, 8, { v1::Device::BUFFER }>::for_settings::<v1::Device>();
        let mut store =
            Store::mount(&mut flash, range.clone(), &mut ram, Options::DEFAULT).unwrap();
        let mut device = v1::Device::defaults();
        device.tags.extend([7, 8, 7]);
        device.calm.extend([9, 8, 7]);
        device.shares.insert(5, 1000).unwrap();
        device.shares.insert(3, 200).unwrap();
        device.table[39] = 39;
        device.route = route.clone();
        device.peer = Some(peer.into());
        store.save(&device).unwrap();

        let mut ram = Resources::<16, 8, { v2::Device::BUFFER }>::for_settings::<v2::Device>();
        let mut store =
            Store::mount(&mut flash, range.clone(), &mut ram, Options::DEFAULT).unwrap();
        let (device, report) = store.load::<v2::Device>();
        let rejected: Vec<_> = report.rejected().collect();
        assert_eq!(rejected.len(), 1, "{rejected:?}");
        assert_eq!(rejected[0].0.to_string(), "tags");
        assert_eq!(rejected[0].1, Rejection::Undecodable);
        assert!(device.tags.is_empty());
        assert!(device.calm.iter().eq(&[9, 8, 7]));
        assert_eq!(device.total, 1200);
        assert_eq!(device.table[39], 39);
        assert_eq!(device.route, route);
        assert_eq!(device.peer, Some(peer.into()));
    }
}
