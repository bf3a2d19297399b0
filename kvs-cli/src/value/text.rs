//! What a person writes at the command line: TOML, but for the quotes around text.

use postcard_schema::schema::owned::{OwnedDataModelType as Ty, OwnedNamedType};
use toml_edit::{Document, Value as Toml};

/// The value that `text` stands for, for a setting of type `ty`.
pub(crate) fn parse(ty: &OwnedNamedType, text: &str) -> Toml {
    let is_bare = takes_text(&ty.ty) && !text.starts_with(['"', '\'', '{', '[']);
    let parsed = format!("value = {text}");
    let parsed = Document::parse(parsed.as_str());
    match parsed {
        Ok(document) if !is_bare && document.as_table().len() == 1 => {
            let item = document.get("value").cloned();
            let value = item.and_then(|item| item.into_value().ok());
            value.unwrap_or_else(|| text.into())
        }
        _ => text.into(),
    }
}

/// Whether a value may be text.
fn takes_text(ty: &Ty) -> bool {
    match ty {
        Ty::NewtypeStruct(inner) | Ty::Option(inner) => takes_text(&inner.ty),
        Ty::String | Ty::Char | Ty::Enum(_) | Ty::ByteArray => true,
        _ => false,
    }
}
