//! Types that have all that a setting needs, and yet can't be one.
//!
//! A value's longest encoding is told by its type's schema and its size in RAM. Contents on the
//! heap have no longest one; the text of a date is longer than the date. And one schema in
//! `postcard_schema` is not that of the bytes that serde writes. These types are other crates', and
//! known by the names that `postcard_schema` gives them. A `usize` is no type to be stored, either:
//! it differs between targets.

use postcard_schema::schema::{DataModelType, DataModelVariant, NamedType, NamedValue};

/// What to do instead, where a type is, or holds, one that no setting can have.
pub(crate) const fn as_setting(schema: &NamedType) -> Option<&'static str> {
    advice(schema, true)
}

/// What to do instead, where old values can't be read as a type.
pub(crate) const fn as_old(schema: &NamedType) -> Option<&'static str> {
    advice(schema, false)
}

const TARGET: &str =
    "settings: `usize` and `isize` differ between targets; use a type of fixed size";
const TEXT: &str = "settings: a text on the heap has no longest value; use `heapless::String<N>`";
const LIST: &str = "settings: a list on the heap has no longest value; use `heapless::Vec<T, N>`, or a set of `heapless` in a `kvs::Stored<..>`";
const MAP: &str = "settings: a map on the heap has no longest value; use `kvs::Stored<heapless::LinearMap<K, V, N>>`";
const DATE: &str = "settings: a `DateTime` is stored as a text, whose length its type does not tell; store its timestamp, an `i64`";
const SOCKET: &str = "settings: serde leaves out the scope of a `SocketAddrV6`; use `kvs::Stored<SocketAddrV6>` or `kvs::Stored<SocketAddr>`";

/// What to do instead of this type. Old values are decoded only, so that their length does not
/// matter.
const fn advice(schema: &NamedType, is_encoded: bool) -> Option<&'static str> {
    match schema.ty {
        DataModelType::Usize | DataModelType::Isize => Some(TARGET),
        DataModelType::String if is_encoded => {
            if is_one_of(schema.name, &["String", "str", "PathBuf"]) {
                return Some(TEXT);
            }
            if is_one_of(schema.name, &["DateTime"]) {
                return Some(DATE);
            }
            None
        }
        DataModelType::Seq(item) => {
            if is_encoded && is_one_of(schema.name, &["Vec<T>", "[T]", "BTreeSet<K>", "HashSet<K>"])
            {
                return Some(LIST);
            }
            advice(item, is_encoded)
        }
        DataModelType::Map { key, val } => {
            if is_encoded && is_one_of(schema.name, &["BTreeMap<K, V>", "HashMap<K, V>"]) {
                return Some(MAP);
            }
            of_types(&[key, val], is_encoded)
        }
        // Another crate's or your own type may have this name; not these fields.
        DataModelType::Struct([ip, _, _, scope])
            if is_encoded
                && is_one_of(schema.name, &["SocketAddrV6"])
                && is_one_of(ip.ty.name, &["Ipv6Addr"])
                && is_one_of(scope.name, &["scope_id"]) =>
        {
            Some(SOCKET)
        }
        DataModelType::Option(inner) | DataModelType::NewtypeStruct(inner) => {
            advice(inner, is_encoded)
        }
        DataModelType::Tuple(items) | DataModelType::TupleStruct(items) => {
            of_types(items, is_encoded)
        }
        DataModelType::Struct(fields) => of_fields(fields, is_encoded),
        DataModelType::Enum(variants) => {
            let mut variants = *variants;
            while let [variant, rest @ ..] = variants {
                let found = match variant.ty {
                    DataModelVariant::UnitVariant => None,
                    DataModelVariant::NewtypeVariant(inner) => advice(inner, is_encoded),
                    DataModelVariant::TupleVariant(items) => of_types(items, is_encoded),
                    DataModelVariant::StructVariant(fields) => of_fields(fields, is_encoded),
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

const fn of_types(items: &[&NamedType], is_encoded: bool) -> Option<&'static str> {
    let mut items = items;
    while let [item, rest @ ..] = items {
        let found = advice(item, is_encoded);
        if found.is_some() {
            return found;
        }
        items = rest;
    }
    None
}

const fn of_fields(fields: &[&NamedValue], is_encoded: bool) -> Option<&'static str> {
    let mut fields = fields;
    while let [field, rest @ ..] = fields {
        let found = advice(field.ty, is_encoded);
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
