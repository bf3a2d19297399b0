//! Types as text: what real schemas look like, there and back again, and what is no type.

use heapless::{String, Vec};
use insta::assert_snapshot;
use kvs::lock::Type;
use postcard_schema::Schema;
use postcard_schema::schema::owned::{OwnedDataModelType, OwnedNamedType};
use proptest::prelude::*;

#[derive(Schema)]
#[allow(dead_code)]
struct Slot {
    hour: u8,
    r#type: Mode,
}

#[derive(Schema)]
#[allow(dead_code)]
struct Ms(u32);

#[derive(Schema)]
#[allow(dead_code)]
struct Pair(u8, i16);

#[derive(Schema)]
struct Marker;

#[derive(Schema)]
#[allow(dead_code)]
enum Mode {
    Off,
    Heat,
    Cool(u8),
    Mix(u8, u8),
    Timer {
        s: u16,
        left: Option<Ms>,
    },
    #[serde(rename = "eco mode")]
    Eco,
}

#[derive(Schema)]
enum Empty {}

/// The text of a type, which reads back as itself.
fn text<T: Schema + ?Sized>() -> std::string::String {
    let ty = Type::from(T::SCHEMA);
    let text = ty.to_string();
    let read: Type = text.parse().expect("its own text");
    assert_eq!(read, ty);
    assert_eq!(Type::from(read.schema().clone()), ty);
    text
}

#[test]
fn real_types() {
    let texts = [
        text::<bool>(),
        text::<i128>(),
        text::<f32>(),
        text::<char>(),
        text::<()>(),
        text::<String<32>>(),
        text::<Vec<u8, 4>>(),
        text::<Option<Vec<Option<u16>, 4>>>(),
        text::<[u8; 4]>(),
        text::<[[u8; 4]; 1]>(),
        text::<[u8; 0]>(),
        text::<(u8, u8)>(),
        text::<(u8, String<4>)>(),
        text::<(f32,)>(),
        text::<Ms>(),
        text::<Pair>(),
        text::<Marker>(),
        text::<Slot>(),
        text::<Empty>(),
        text::<Result<u8, ()>>(),
        text::<core::ops::Range<u16>>(),
        text::<core::time::Duration>(),
        text::<core::net::IpAddr>(),
        text::<core::num::NonZeroU8>(),
    ];
    assert_snapshot!(texts.join("\n"), @r#"
    bool
    i128
    f32
    char
    ()
    str
    [u8]
    ?[?u16]
    [u8; 4]
    [[u8; 4]; 1]
    [(); 0]
    [u8; 2]
    (u8, str)
    [f32; 1]
    struct Ms(u32)
    struct Pair(u8, i16)
    struct Marker
    struct Slot { hour: u8, type: enum Mode { Off, Heat, Cool(u8), Mix(u8, u8), Timer { s: u16, left: ?struct Ms(u32) }, "eco mode" } }
    enum Empty {}
    enum Result { Ok(u8,), Err((),) }
    struct Range { start: u16, end: u16 }
    struct Duration { secs: u64, nanos: u32 }
    enum IpAddr { V4(struct Ipv4Addr { octets: [u8; 4] }), V6(struct Ipv6Addr { octets: [u8; 16] }) }
    u8
    "#);
}

#[test]
fn rarer_types() {
    for text in [
        "bytes",
        "schema",
        "{u8: str}",
        "{u8: {u8: [str]}}",
        "struct T(u8,)",
        "struct T()",
        "struct T {}",
        "enum E { A {}, B(), C(u8,), \"d e\", \"\\\"\\\\\" }",
        "struct struct { enum: enum enum { struct } }",
        "struct Größe(u8)",
    ] {
        assert_eq!(text.parse::<Type>().expect(text).to_string(), text);
    }
}

#[test]
fn spaces_and_commas_do_not_matter() {
    let ty: Type = " enum  Mode{Off,Cool( u8 ) ,Timer{s:u16,},} "
        .parse()
        .expect("a type");
    assert_eq!(ty.as_str(), "enum Mode { Off, Cool(u8), Timer { s: u16 } }");
    let ty: Type = "( u8 ,[ (u16) ; 2])".parse().expect("a type");
    assert_eq!(ty.as_str(), "(u8, [u16; 2])");
}

#[test]
fn what_is_no_type() {
    let deep = "?".repeat(65) + "u8";
    let texts = [
        "",
        "u8 u16",
        "u7",
        "Mode",
        "[u8; x]",
        "[u8",
        "[u8; 99999999999]",
        "[[[u8; 60000]; 60000]; 60000]",
        "(u8, ",
        "struct",
        "struct 3(u8)",
        "struct Slot { hour u8 }",
        "enum Mode { Off Heat }",
        "enum Mode { \"Off }",
        "{u8, u8}",
        "größe",
        "(größe: u8)",
        &deep,
    ];
    let errors = texts.map(|text| {
        let shown = if text.len() > 40 { "??.." } else { text };
        format!("{shown:<32} {}", text.parse::<Type>().expect_err(text))
    });
    assert_snapshot!(errors.join("\n"), @r#"
                                     at column 1 of the type: expected a type, found the end
    u8 u16                           at column 4 of the type: the type ends before this
    u7                               at column 1 of the type: there is no type `u7`; those with a name of their own are written `struct u7 ..` or `enum u7 ..`
    Mode                             at column 1 of the type: there is no type `Mode`; those with a name of their own are written `struct Mode ..` or `enum Mode ..`
    [u8; x]                          at column 6 of the type: expected how many items, found `x`
    [u8                              at column 4 of the type: expected `]` or `;`, found the end
    [u8; 99999999999]                at column 17 of the type: a type as large as this cannot have been a setting's
    [[[u8; 60000]; 60000]; 60000]    at column 21 of the type: a type as large as this cannot have been a setting's
    (u8,                             at column 6 of the type: expected a type, found the end
    struct                           at column 7 of the type: expected a name, found the end
    struct 3(u8)                     at column 8 of the type: expected a name, found `3`
    struct Slot { hour u8 }          at column 20 of the type: expected `:`, found `u`
    enum Mode { Off Heat }           at column 17 of the type: expected `,` or `}`, found `H`
    enum Mode { "Off }               at column 14 of the type: this name has no closing quote
    {u8, u8}                         at column 4 of the type: expected `:`, found `,`
    größe                            at column 1 of the type: there is no type `größe`; those with a name of their own are written `struct größe ..` or `enum größe ..`
    (größe: u8)                      at column 2 of the type: there is no type `größe`; those with a name of their own are written `struct größe ..` or `enum größe ..`
    ??..                             at column 65 of the type: more than 64 types in each other
    "#);
}

fn any_name() -> impl Strategy<Value = std::string::String> {
    prop_oneof!["[a-zA-Z_][a-z0-9_]{0,4}", "[ -~]{0,4}"]
}

fn any_type() -> impl Strategy<Value = OwnedNamedType> {
    use postcard_schema::schema::owned::{
        OwnedDataModelVariant as Variant, OwnedNamedValue, OwnedNamedVariant,
    };
    let named = |(name, ty)| OwnedNamedType { name, ty };
    let leaf = prop_oneof![
        Just(OwnedDataModelType::U8),
        Just(OwnedDataModelType::String),
        Just(OwnedDataModelType::ByteArray),
        Just(OwnedDataModelType::Unit),
        Just(OwnedDataModelType::UnitStruct),
    ];
    let leaf = (any_name(), leaf).prop_map(named);
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let items = prop::collection::vec(inner.clone(), 0..4);
        let field = (any_name(), inner.clone()).boxed();
        let field = field.prop_map(|(name, ty)| OwnedNamedValue { name, ty });
        let fields = prop::collection::vec(field, 0..4).boxed();
        let variant = prop_oneof![
            Just(Variant::UnitVariant),
            inner
                .clone()
                .prop_map(|ty| Variant::NewtypeVariant(Box::new(ty))),
            items.clone().prop_map(Variant::TupleVariant),
            fields.clone().prop_map(Variant::StructVariant),
        ];
        let variant = (any_name(), variant);
        let variant = variant.prop_map(|(name, ty)| OwnedNamedVariant { name, ty });
        let variants = prop::collection::vec(variant, 0..4);
        let ty = prop_oneof![
            inner
                .clone()
                .prop_map(|ty| OwnedDataModelType::Option(Box::new(ty))),
            inner
                .clone()
                .prop_map(|ty| OwnedDataModelType::Seq(Box::new(ty))),
            inner
                .clone()
                .prop_map(|ty| OwnedDataModelType::NewtypeStruct(Box::new(ty))),
            items.clone().prop_map(OwnedDataModelType::Tuple),
            items.prop_map(OwnedDataModelType::TupleStruct),
            fields.prop_map(OwnedDataModelType::Struct),
            variants.prop_map(OwnedDataModelType::Enum),
        ];
        (any_name(), ty).prop_map(named)
    })
}

proptest! {
    #[test]
    fn any_type_reads_back(ty in any_type()) {
        let ty = Type::from(ty);
        let read: Type = ty.to_string().parse().expect("its own text");
        prop_assert_eq!(read, ty);
    }

    #[test]
    fn any_text_is_a_type_or_an_error(text in "[\\[\\](){}?,:;\" a-e0-9us]{0,24}|\\PC{0,24}") {
        if let Ok(ty) = text.parse::<Type>() {
            prop_assert_eq!(ty.to_string().parse::<Type>(), Ok(ty));
        }
    }
}
