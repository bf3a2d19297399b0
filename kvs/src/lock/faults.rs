//! What is wrong with a settings struct whatever devices have stored: defaults that its own rules
//! turn down, and types whose bytes are not what their schema says.

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use postcard_schema::schema::{DataModelType as Ty, NamedType};

use super::known::Known;
use super::probe::{FILLS, Goal, ProbeError, Script, places};
use super::problem::Problem;
use super::ty::Type;
use super::walk::is_one;
use super::wire::Readable;
use crate::settings::{LeafSchema, Schema};

/// What is wrong with a settings struct, whatever it was before.
///
/// * A default that `range` or `validate` turns down, or that does not fit: each save of the struct
///   would fail, or the setting would be something else.
/// * A type whose serde reads or writes other bytes than its schema says, as by `#[serde(skip)]`,
///   `untagged`, `flatten`, `with` or an implementation by hand: its key's shape, and what the lock
///   file says of it, would be of bytes that nobody writes.
///
/// For each type, the default is encoded and taken apart by the schema; and each variant, each
/// option and each list is read from made-up values and written again.
#[must_use]
pub fn faults(schema: &'static Schema) -> Vec<Problem> {
    Known::of(schema).faults
}

/// What is wrong with a default, by its own rules.
pub(super) fn of_default(path: &str, leaf: &LeafSchema) -> Option<Problem> {
    if let Err(why) = leaf.spec.check_default() {
        let what = format!(
            "The default of `{path}` is turned down by its own rules: {why}. Each save of the struct would fail."
        );
        return Some(Problem::new(
            path,
            what,
            "Give another `default`, or correct `range` or `validate`.",
        ));
    }
    let bytes = leaf.spec.default_bytes()?;
    if let Some(given) = text_of(leaf.default)
        && let Some(text) = as_text(leaf.ty, &bytes)
        && text != given
    {
        let what =
            format!("The default of `{path}` is `{given:?}` as written, and becomes `{text:?}`.");
        let advice = "Give a text that the type takes.";
        return Some(Problem::new(path, what, advice));
    }
    None
}

fn of_default_bytes(path: &str, leaf: &LeafSchema) -> Option<Problem> {
    let Some(bytes) = leaf.spec.default_bytes() else {
        let what = format!(
            "The default of `{path}` can't be encoded: serde can't write it. Each save of the struct would fail."
        );
        return Some(Problem::new(path, what, ATTRIBUTES));
    };
    if !is_one(leaf.ty, &bytes) {
        let ty = Type::from(leaf.ty);
        let what = format!(
            "The bytes of `{path}` are not what its schema says: the default is written as {bytes:02x?}, and that is no {ty}."
        );
        return Some(Problem::new(path, what, ATTRIBUTES));
    }
    None
}

/// What is wrong with the bytes of a setting: that they are not what its schema says.
pub(super) fn of_bytes(path: &str, leaf: &LeafSchema) -> Option<Problem> {
    of_type(path, leaf.ty, &leaf.spec).or_else(|| of_default_bytes(path, leaf))
}

const ATTRIBUTES: &str = "Store a type whose `Serialize`, `Deserialize` and `Schema` are derived, and without serde's attributes \
     (`rename` and `default` do no harm);\nor implement `Schema` by hand, for the bytes that are written.";

fn of_type(path: &str, schema: &'static NamedType, of: &dyn Readable) -> Option<Problem> {
    for place in places(schema) {
        for fill in FILLS {
            let script = Script {
                schema,
                path: &place,
                goal: Goal::Any,
                fill,
                step: 1,
            };
            match of.read(&script) {
                Ok(()) => break,
                Err(ProbeError::Differs(how)) => {
                    let stop = if how.ends_with('?') { "" } else { "." };
                    let what =
                        format!("The bytes of `{path}` are not what its schema says: {how}{stop}");
                    return Some(Problem::new(path, what, ATTRIBUTES));
                }
                // It checks its values: another may be one.
                Err(ProbeError::Refused(_)) => {}
            }
        }
    }
    None
}

/// The text of a string literal as it is written in the source.
fn text_of(default: &str) -> Option<String> {
    let inner = default.strip_prefix('"')?.strip_suffix('"')?;
    // What is escaped is left out: only the compiler knows all of it.
    (!inner.contains('\\')).then(|| inner.to_string())
}

fn as_text(schema: &NamedType, bytes: &[u8]) -> Option<String> {
    match schema.ty {
        Ty::String => postcard::from_bytes::<&str>(bytes)
            .ok()
            .map(ToString::to_string),
        Ty::NewtypeStruct(inner) => as_text(inner, bytes),
        _ => None,
    }
}
