//! Types of other crates that have all that a setting needs, and yet can't be one.
//!
//! A value's longest encoding is told by its type's schema and its size in RAM. Contents on the heap have no longest one; the
//! text of a date is longer than the date. And one schema in `postcard_schema` is not that of the bytes that serde writes.
//! These types are known by the names that `postcard_schema` gives them.

use postcard_schema::schema::{DataModelType, DataModelVariant, NamedType, NamedValue};

/// Fails the build where a type is, or holds, one that can't be stored.
///
/// # Panics
///
/// While compiling: for such a type.
#[allow(clippy::panic, reason = "runs while compiling: this is the error")]
pub(crate) const fn check(schema: &NamedType) {
    if let Some(advice) = advice(schema) {
        panic!("{}", advice)
    }
}

const TEXT: &str = "settings: a text on the heap has no longest value; use `heapless::String<N>`";
const LIST: &str = "settings: a list on the heap has no longest value; use `heapless::Vec<T, N>`, or a set of `heapless` in a `kvs::Stored<..>`";
const MAP: &str = "settings: a map on the heap has no longest value; use `kvs::Stored<heapless::LinearMap<K, V, N>>`";
const DATE: &str = "settings: a `DateTime` is stored as a text, whose length its type does not tell; store its timestamp, an `i64`";
const SOCKET: &str = "settings: serde leaves out the scope of a `SocketAddrV6`; use `kvs::Stored<SocketAddrV6>` or `kvs::Stored<SocketAddr>`";

/// What to do instead, where a type can't be stored.
const fn advice(schema: &NamedType) -> Option<&'static str> {
    match schema.ty {
        DataModelType::String => {
            if is_one_of(schema.name, &["String", "str", "PathBuf"]) {
                return Some(TEXT);
            }
            if is_one_of(schema.name, &["DateTime"]) {
                return Some(DATE);
            }
            None
        }
        DataModelType::Seq(item) => {
            if is_one_of(schema.name, &["Vec<T>", "[T]", "BTreeSet<K>", "HashSet<K>"]) {
                return Some(LIST);
            }
            advice(item)
        }
        DataModelType::Map { key, val } => {
            if is_one_of(schema.name, &["BTreeMap<K, V>", "HashMap<K, V>"]) {
                return Some(MAP);
            }
            of_types(&[key, val])
        }
        // Another crate's or your own type may have this name; not these fields.
        DataModelType::Struct([ip, _, _, scope])
            if is_one_of(schema.name, &["SocketAddrV6"])
                && is_one_of(ip.ty.name, &["Ipv6Addr"])
                && is_one_of(scope.name, &["scope_id"]) =>
        {
            Some(SOCKET)
        }
        DataModelType::Option(inner) | DataModelType::NewtypeStruct(inner) => advice(inner),
        DataModelType::Tuple(items) | DataModelType::TupleStruct(items) => of_types(items),
        DataModelType::Struct(fields) => of_fields(fields),
        DataModelType::Enum(variants) => {
            let mut variants = *variants;
            while let [variant, rest @ ..] = variants {
                let found = match variant.ty {
                    DataModelVariant::UnitVariant => None,
                    DataModelVariant::NewtypeVariant(inner) => advice(inner),
                    DataModelVariant::TupleVariant(items) => of_types(items),
                    DataModelVariant::StructVariant(fields) => of_fields(fields),
                };
                if found.is_some() {
                    return found;
                }
                variants = rest;
            }
            None
        }
        _ => None,
    }
}

const fn of_types(items: &[&NamedType]) -> Option<&'static str> {
    let mut items = items;
    while let [item, rest @ ..] = items {
        let found = advice(item);
        if found.is_some() {
            return found;
        }
        items = rest;
    }
    None
}

const fn of_fields(fields: &[&NamedValue]) -> Option<&'static str> {
    let mut fields = fields;
    while let [field, rest @ ..] = fields {
        let found = advice(field.ty);
        if found.is_some() {
            return found;
        }
        fields = rest;
    }
    None
}

const fn is_one_of(name: &str, names: &[&str]) -> bool {
    let mut names = names;
    while let [one, rest @ ..] = names {
        if is(name.as_bytes(), one.as_bytes()) {
            return true;
        }
        names = rest;
    }
    false
}

const fn is(one: &[u8], other: &[u8]) -> bool {
    let (mut one, mut other) = (one, other);
    while let ([a, rest @ ..], [b, others @ ..]) = (one, other) {
        if *a != *b {
            return false;
        }
        (one, other) = (rest, others);
    }
    one.is_empty() && other.is_empty()
}
