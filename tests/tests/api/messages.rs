//! What errors say to a person.

use kvs::Error;
use kvs::sim::SimError;

#[test]
fn each_error_says_what_is_wrong_and_how_much() {
    let errors: [(Error<SimError>, &str); 16] = [
        (
            Error::Flash(SimError::PowerLost),
            "the flash failed: PowerLost",
        ),
        (
            Error::NotBlank { address: 0x1040 },
            "the flash at 0x1040 should be erased and is not",
        ),
        (
            Error::VerifyFailed { address: 0x1040 },
            "the flash at 0x1040 reads back differently from what was programmed",
        ),
        (
            Error::Unreadable { address: 0x2000 },
            "the flash in the sector at 0x2000 reads differently each time",
        ),
        (
            Error::Corrupt { key: 0xBEEF },
            "the entry of key 0x0000beef fails its checksum",
        ),
        (
            Error::Full {
                needed: 40,
                available: 12,
            },
            "the partition is full: 40 bytes are needed in one piece, 12 are left in all",
        ),
        (
            Error::CommitTooLarge {
                needed: 300,
                max: 224,
            },
            "a commit of 300 bytes does not fit a sector, which holds 224",
        ),
        (
            Error::ValueTooLong { len: 300, max: 213 },
            "a value of 300 bytes is too long: at most 213",
        ),
        (Error::KeyEmpty, "a key's name has at least one byte"),
        (
            Error::KeyTooLong { len: 64, max: 63 },
            "a name of 64 bytes is too long: at most 63",
        ),
        (
            Error::NameCollision {
                key: 0x7B18_9802,
                setting: None,
            },
            "another name, or a setting, has the same hash 0x7b189802; choose another name for the raw key",
        ),
        (
            Error::TooManyKeys { capacity: 8 },
            "a commit changes at most as many stored keys as there are slots, 8",
        ),
        (Error::ReadOnly, "the store is read-only"),
        (
            Error::BufferTooSmall {
                needed: 20,
                available: 8,
            },
            "20 bytes are needed, the buffer has 8",
        ),
        (Error::Unencodable, "the value can't be encoded"),
        (
            Error::Incompatible {
                version: (2, 1),
                checksum: (1, 0),
                geometry: ((12, 2), (13, 3)),
            },
            "the partition was written differently (found / in use): version 2 / 1, checksum 1 / 0, \
             sector size 2^12 / 2^13, write size 2^2 / 2^3",
        ),
    ];
    for (error, text) in errors {
        assert_eq!(error.to_string(), text);
    }
    let exhausted = Error::<SimError>::Exhausted.to_string();
    assert!(
        exhausted.contains("sequence numbers are used up"),
        "{exhausted}"
    );
}

/// It goes where errors go.
#[test]
fn it_is_an_error() {
    let error: Box<dyn std::error::Error> = Box::new(Error::<SimError>::ReadOnly);
    assert_eq!(error.to_string(), "the store is read-only");
}
