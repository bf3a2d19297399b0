//! A leaf of every kind, and the shape in its key.

use super::*;

#[derive(Default, Serialize, Deserialize, Schema)]
struct Own {
    a: u8,
    b: Newtype,
    c: u8,
    d: u8,
}

#[derive(Default, Serialize, Deserialize, Schema)]
struct Newtype(u16);

#[derive(Default, Serialize, Deserialize, Schema)]
struct Unit;

#[derive(Settings)]
struct Kinds {
    a: u8,
    b: u16,
    c: u32,
    d: u64,
    e: u128,
    f: i8,
    g: i16,
    h: i32,
    i: i64,
    j: i128,
    k: bool,
    l: f32,
    m: f64,
    n: char,
    o: String<8>,
    p: Vec<u16, 4>,
    q: Option<Option<i8>>,
    r: (u8, bool),
    s: [u8; 4],
    t: Own,
    u: Newtype,
    v: Mode,
    w: (),
    x: Unit,
    y: (u8, u8, [Vec<char, 2>; 2], i8),
}

const SHAPES: [&str; 25] = [
    "u8",
    "u16",
    "u32",
    "u64",
    "u128",
    "i8",
    "i16",
    "i32",
    "i64",
    "i128",
    "bool",
    "f32",
    "f64",
    "char",
    "str",
    "[u16]",
    "??i8",
    "(u8,bool)",
    "(u8*4)",
    "(u8,u16,u8*2)",
    "u16",
    "enum",
    "()",
    "()",
    "(u8*2,([char]*2),i8)",
];

#[test]
fn every_kind_has_its_shape_in_its_key() {
    for ((path, hash), shape) in listing::<Kinds>().into_iter().zip(SHAPES) {
        let text = format!("{path}:{shape}");
        assert_eq!(hash, kvs::key_hash(&text), "{text}");
    }
    assert_eq!(Kinds::COUNT, SHAPES.len());
}

/// The keys of all kinds for ever: a device in the field has them in its flash.
#[test]
fn keys_never_change() {
    let keys: std::vec::Vec<_> = Kinds::TREE
        .hashes
        .iter()
        .map(|hash| format!("{hash:08x}"))
        .collect();
    insta::assert_snapshot!(keys.join(" "), @"3c42ca9c 0e29b51e 3d51ee63 3570ce23 8edf5d17 0df602e3 dfdced65 0f0526aa 0724066a 6092955e 576e80d9 8374b569 7b939529 7915fee2 aa6cbeda 5aedbccc 38f16e58 519ec66a 589298bb 0a823f9b 0e3cb9cb fa56ccc5 42f27584 42f375c3 4f61b535");
}

#[test]
fn every_kind_goes_to_bytes_and_back() {
    let mut kinds = Kinds::defaults();
    for leaf in 0..Kinds::COUNT {
        let bytes = bytes(&kinds, leaf).unwrap_or_default();
        let room = Kinds::SCHEMA.leaf(leaf);
        assert!(room.is_some_and(|(room, _)| bytes.len() <= room.max_len));
        assert_eq!(kinds.decode(leaf, &bytes), Ok(()), "leaf {leaf}");
        assert!(kinds.holds(leaf, &bytes), "leaf {leaf}");
    }
    assert!(!kinds.holds(0, &[1]));
}
