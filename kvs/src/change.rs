//! placeholder
/// Why a value could not be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// It takes this many bytes, more than there is room for.
    TooLong(usize),
    /// The setting's own rules turn the value down.
    Rejected(crate::settings::Rejection),
    /// The type's `Serialize` failed, or postcard can't encode it (a sequence of unknown length, for instance).
    Unencodable,
}
