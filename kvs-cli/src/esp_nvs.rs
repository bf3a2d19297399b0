//! Partitions of ESP-IDF's NVS, read by the crate `esp-nvs`.
//!
//! What is found is as C has it in memory: numbers little endian, text without its end mark. A key is `namespace/key`.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};

use esp_nvs::mem_flash::MemFlash;
use esp_nvs::{Get, ItemType, Key, Nvs};

type Values = BTreeMap<Vec<u8>, Vec<u8>>;

/// What a page is long.
const PAGE: usize = 4096;

/// Reads a partition; the image is a copy, as reading repairs what a power cut has left.
pub(crate) fn read(mut image: Vec<u8>) -> Result<Values, String> {
    if image.is_empty() || !image.len().is_multiple_of(PAGE) {
        return Err(format!(
            "{} bytes are not whole pages of {PAGE}",
            image.len()
        ));
    }
    // One page has to be spare; a dump that is full has none.
    image.resize(image.len() + PAGE, 0xFF);
    // The crate was not written for bytes that nobody wrote.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = panic::catch_unwind(AssertUnwindSafe(|| values(image)));
    panic::set_hook(hook);
    result.unwrap_or_else(|_| Err("it is damaged, or none of NVS".into()))
}

fn values(image: Vec<u8>) -> Result<Values, String> {
    let len = image.len();
    let mut nvs =
        Nvs::new(0, len, MemFlash::from_bytes(image)).map_err(|error| error.to_string())?;
    let entries: Vec<_> = nvs
        .typed_entries()
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let mut out = Values::new();
    for (namespace, key, kind) in entries {
        let name = format!("{}/{}", namespace.as_str(), key.as_str());
        if let Some(bytes) = value(&mut nvs, &namespace, &key, kind) {
            out.insert(name.into_bytes(), bytes.map_err(|error| error.to_string())?);
        }
    }
    Ok(out)
}

/// One value's bytes; `None` for what is none.
fn value(
    nvs: &mut Nvs<MemFlash>,
    namespace: &Key,
    key: &Key,
    kind: ItemType,
) -> Option<Result<Vec<u8>, esp_nvs::error::Error>> {
    macro_rules! number {
        ($ty:ty) => {
            Get::<$ty>::get(nvs, namespace, key).map(|number| number.to_le_bytes().to_vec())
        };
    }
    Some(match kind {
        ItemType::U8 => number!(u8),
        ItemType::I8 => number!(i8),
        ItemType::U16 => number!(u16),
        ItemType::I16 => number!(i16),
        ItemType::U32 => number!(u32),
        ItemType::I32 => number!(i32),
        ItemType::U64 => number!(u64),
        ItemType::I64 => number!(i64),
        ItemType::Sized => Get::<String>::get(nvs, namespace, key).map(String::into_bytes),
        ItemType::Blob | ItemType::BlobIndex => Get::<Vec<u8>>::get(nvs, namespace, key),
        ItemType::BlobData | ItemType::Any => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use esp_nvs::mem_flash::MemFlash;
    use esp_nvs::{Key, Nvs};
    use kvs::sim::Rng;

    use super::read;

    fn image() -> Vec<u8> {
        let mut nvs = Nvs::new(0, 3 * 4096, MemFlash::new(3)).unwrap();
        let (wifi, app) = (Key::from_str("wifi"), Key::from_str("app"));
        for count in 0..300u32 {
            nvs.set(&app, &Key::from_str("boots"), count).unwrap();
        }
        nvs.set(&app, &Key::from_str("offset"), -3i16).unwrap();
        nvs.set(&wifi, &Key::from_str("ssid"), "attic").unwrap();
        nvs.set(&wifi, &Key::from_str("gone"), 1u8).unwrap();
        nvs.delete(&wifi, &Key::from_str("gone")).unwrap();
        nvs.set(&app, &Key::from_str("blob"), [7u8; 100].as_slice())
            .unwrap();
        nvs.into_inner().into_inner()
    }

    #[test]
    fn values_are_as_c_has_them() {
        let found = read(image()).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|(key, value)| (key.as_slice(), value.as_slice()))
            .collect();
        let expected: [(&[u8], &[u8]); 4] = [
            (b"app/blob", &[7; 100]),
            (b"app/boots", &299u32.to_le_bytes()),
            (b"app/offset", &[0xFD, 0xFF]),
            (b"wifi/ssid", b"attic"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn any_bytes_give_an_answer() {
        let mut rng = Rng::new(9);
        let good = image();
        for round in 0..60 {
            let mut bytes = good.clone();
            for _ in 0..rng.below(1 << (round % 12)) {
                let at = rng.below(bytes.len());
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = rng.next_u8();
                }
            }
            let _ = read(bytes);
        }
        assert!(read(Vec::new()).is_err());
        assert!(read(vec![0; 5]).is_err());
    }
}
