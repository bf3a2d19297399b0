//! How much a text or a list holds: what its schema leaves out, and the type as it is written tells.

use postcard_schema::schema::owned::OwnedDataModelType;

use super::ty::Type;

/// The capacity of `String<32>`, `Vec<u8, 4>`, or of one in an `Option`; `None` where the type as written does not tell, as
/// that of an alias.
pub(super) fn capacity(ty: &Type, rust: &str) -> Option<usize> {
    of(&ty.schema().ty, rust)
}

fn of(ty: &OwnedDataModelType, rust: &str) -> Option<usize> {
    let (name, arguments) = rust.strip_suffix('>')?.split_once('<')?;
    match ty {
        OwnedDataModelType::Option(inner) => {
            let is_option = name == "Option" || name.ends_with("::Option");
            is_option.then(|| of(&inner.ty, arguments)).flatten()
        }
        OwnedDataModelType::String
        | OwnedDataModelType::ByteArray
        | OwnedDataModelType::Seq(_)
        | OwnedDataModelType::Map { .. } => {
            // Commas of inner types cut these into pieces that are no numbers.
            let mut numbers = arguments
                .split(',')
                .filter_map(|argument| argument.trim().replace('_', "").parse().ok());
            numbers.next_back()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::capacity;

    fn of(ty: &str, rust: &str) -> Option<usize> {
        capacity(&ty.parse().unwrap(), rust)
    }

    #[test]
    fn the_type_as_written_tells() {
        assert_eq!(of("str", "String<32>"), Some(32));
        assert_eq!(of("str", "heapless::String<1_024,u8>"), Some(1024));
        assert_eq!(of("[u8]", "Vec<u8,4>"), Some(4));
        assert_eq!(of("[(u8, str)]", "Vec<(u8,String<9>),4>"), Some(4));
        assert_eq!(of("?str", "Option<String<8>>"), Some(8));
        assert_eq!(of("str", "Name"), None);
        assert_eq!(of("str", "String<LEN>"), None);
        assert_eq!(of("?str", "Maybe<String<8>>"), None);
        assert_eq!(of("[u8; 4]", "[u8;4]"), None);
        assert_eq!(of("struct Ms(u32)", "Ms<4>"), None);
    }
}
