#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use kvs::lock::Type;
use kvs::sim::Rng;

use super::{decode, encode, parse};

/// The bytes of what is written, and what that is shown as.
fn round(ty: &str, text: &str) -> (Vec<u8>, String) {
    let ty: Type = ty.parse().unwrap();
    let mut bytes = Vec::new();
    encode(ty.schema(), &parse(ty.schema(), text), &mut bytes).unwrap();
    let shown = decode(ty.schema(), &bytes).unwrap().to_string();
    let mut again = Vec::new();
    encode(ty.schema(), &parse(ty.schema(), &shown), &mut again).unwrap();
    assert_eq!(again, bytes, "{shown}");
    (bytes, shown)
}

#[test]
fn values_are_postcard() {
    assert_eq!(round("i16", "-3"), (vec![5], "-3".into()));
    assert_eq!(round("u32", "294_150").0, [0x86, 0xFA, 0x11]);
    assert_eq!(round("u64", "18446744073709551615").0.len(), 10);
    assert_eq!(round("i8", "-128").0, [0x80]);
    assert_eq!(
        round("str", "attic"),
        (b"\x05attic".to_vec(), "\"attic\"".into())
    );
    assert_eq!(round("str", "\"\"").0, [0]);
    assert_eq!(
        round("f32", "0.1"),
        (0.1f32.to_le_bytes().to_vec(), "0.1".into())
    );
    assert_eq!(round("bytes", "00 ff").0, [2, 0, 255]);
    assert_eq!(round("?u8", "7").0, [1, 7]);
    assert_eq!(round("?u8", "{}").0, [0]);
    assert_eq!(round("??u8", "{ some = {} }").0, [1, 0]);
    assert_eq!(round("[u8]", "[1, 2]").0, [2, 1, 2]);
    assert_eq!(round("[u8; 2]", "[1, 2]").0, [1, 2]);
    assert_eq!(round("{str: u8}", "{ a = 1 }").0, [1, 1, b'a', 1]);
    assert_eq!(round("{u8: u8}", "[[1, 2]]").0, [1, 1, 2]);
    assert_eq!(round("enum Mode { Off, Heat }", "Heat").0, [1]);
    assert_eq!(
        round("enum M { A, B(u8), C { x: u8 } }", "{ C = { x = 4 } }").0,
        [2, 4]
    );
    assert_eq!(
        round(
            "struct Slot { hour: u8, target: i16 }",
            "{ target = 1, hour = 6 }"
        )
        .0,
        [6, 2]
    );
    assert_eq!(round("struct Ms(u16)", "128").0, [0x80, 1]);
    assert!(round("()", "[]").0.is_empty());
}

#[test]
fn what_does_not_fit_is_said() {
    let message = |ty: &str, text: &str| {
        let ty: Type = ty.parse().unwrap();
        let wrong = encode(ty.schema(), &parse(ty.schema(), text), &mut Vec::new()).unwrap_err();
        format!("{}; {}", wrong.text(), wrong.allowed)
    };
    assert_eq!(message("u8", "300"), "`300` is no u8; 0..=255");
    assert_eq!(message("i8", "-129"), "`-129` is no i8; -128..=127");
    assert_eq!(
        message("u8", "warm"),
        "`\"warm\"` is not a whole number; 0..=255"
    );
    assert_eq!(message("[u8; 2]", "[1]"), "`[1]` has 1 items; a list of 2");
    assert_eq!(
        message("enum Mode { Off, Cool(u8) }", "Warm"),
        "`\"Warm\"` is none of the choices; \"Off\", { Cool = .. }"
    );
    assert_eq!(
        message("struct Slot { hour: u8 }", "{ hours = 1 }"),
        "`1` is for `hours`, which there is not; a table with hour"
    );
}

#[test]
fn bytes_that_are_no_value_are_none() {
    let decodes = |ty: &str, bytes: &[u8]| {
        let ty: Type = ty.parse().unwrap();
        decode(ty.schema(), bytes).is_some()
    };
    assert!(!decodes("u8", &[]));
    assert!(!decodes("u8", &[1, 2]));
    assert!(!decodes("bool", &[2]));
    assert!(!decodes("u16", &[0xFF, 0xFF, 0x04]));
    assert!(decodes("u16", &[0xFF, 0xFF, 0x03]));
    assert!(!decodes("str", &[2, b'a']));
    assert!(!decodes("str", &[1, 0xFF]));
    assert!(!decodes("enum M { A }", &[1]));
    assert!(!decodes("[()]", &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F]));
}

/// Whatever decodes is written back as the same bytes, but for a number with more digits than it needs.
#[test]
fn random_bytes_never_panic_and_what_decodes_comes_back() {
    let types = [
        "u8",
        "i16",
        "u128",
        "i128",
        "f32",
        "f64",
        "char",
        "str",
        "bytes",
        "?[u8]",
        "{str: ?i8}",
        "{u8: bool}",
        "[(u8, str)]",
        "struct S { a: ?struct T { b: u8 }, c: [u8; 3] }",
        "enum E { A, B(u8), C(u8, i8), D { x: ?u8 } }",
        "??enum E { some, B(()) }",
    ];
    let types: Vec<Type> = types.iter().map(|ty| ty.parse().unwrap()).collect();
    let mut rng = Rng::new(5);
    let mut decoded = 0;
    for _ in 0..100_000 {
        let ty = &types[rng.below(types.len())];
        let bytes: Vec<u8> = (0..rng.below(9))
            .map(|_| {
                if rng.below(2) == 0 {
                    rng.next_u8()
                } else {
                    rng.below(4) as u8
                }
            })
            .collect();
        let Some(value) = decode(ty.schema(), &bytes) else {
            continue;
        };
        let _ = value.to_json();
        let shown = value.to_string();
        if shown.contains("nan") {
            continue;
        }
        let mut again = Vec::new();
        encode(ty.schema(), &parse(ty.schema(), &shown), &mut again).unwrap();
        assert_eq!(decode(ty.schema(), &again).unwrap(), value, "{ty}: {shown}");
        decoded += 1;
    }
    assert!(decoded > 5000, "{decoded}");
}
