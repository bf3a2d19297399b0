//! What `default` and `validate` take, beyond the plain cases.

use super::*;

type Label = Option<String<4>>;

/// Multiples of what is asked for.
fn multiple_of(unit: u16) -> impl Fn(&u16) -> bool {
    move |value| value.is_multiple_of(unit)
}

fn has_no_gap(bytes: &[u8]) -> bool {
    bytes.is_sorted()
}

fn is_short(text: &str) -> Result<(), &'static str> {
    match text.len() {
        0..=2 => Ok(()),
        _ => Err("long"),
    }
}

#[derive(Settings)]
struct Attributes {
    #[setting(default = Some("abcd"))]
    label: Label,
    #[setting(default = ::core::option::Option::Some("ab"))]
    title: Option<String<2>>,
    #[setting(default = None)]
    nothing: Label,
    #[setting(skip, default = Some("elsewhere"))]
    place: Option<&'static str>,
    #[setting(validate = multiple_of(5))]
    fives: u16,
    #[setting(validate = has_no_gap)]
    array: [u8; 3],
    #[setting(validate = has_no_gap)]
    list: Vec<u8, 3>,
    #[setting(validate = is_short)]
    text: String<8>,
    #[setting(validate = |text| is_short(text))]
    same: String<8>,
    #[setting(validate = |value| *value != 3)]
    closure: u16,
}

#[test]
fn a_text_in_an_option_becomes_its_type() {
    let settings = Attributes::defaults();
    assert_eq!(settings.label.as_deref(), Some("abcd"));
    assert_eq!(settings.title.as_deref(), Some("ab"));
    assert_eq!(settings.nothing, None);
    assert_eq!(settings.place, Some("elsewhere"));
}

#[test]
fn validate_takes_what_the_type_borrows_as() {
    let keys = Attributes::KEYS;
    let no = Err(Rejection::Invalid("the value is not valid"));
    assert_eq!(keys.fives.check(&15), Ok(()));
    assert_eq!(keys.fives.check(&16), no);
    assert_eq!(keys.array.check(&[1, 2, 2]), Ok(()));
    assert_eq!(keys.array.check(&[1, 2, 0]), no);
    assert_eq!(keys.list.check(&Vec::from_array([2, 1])), no);
    for key in [keys.text, keys.same] {
        let long = String::try_from("abc").unwrap_or_default();
        assert_eq!(key.check(&String::new()), Ok(()));
        assert_eq!(key.check(&long), Err(Rejection::Invalid("long")));
    }
    assert_eq!(keys.closure.check(&3), no);
}
