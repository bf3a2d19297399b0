//! Names: the spelling of keys, and what a misspelt word was meant to be.

/// The ways to spell that `rename_all` knows.
pub(crate) const CASES: [&str; 8] = [
    "lowercase",
    "UPPERCASE",
    "PascalCase",
    "camelCase",
    "snake_case",
    "SCREAMING_SNAKE_CASE",
    "kebab-case",
    "SCREAMING-KEBAB-CASE",
];

/// Spells a field's name (in `snake_case`, as Rust has it) the way `case` says.
pub(crate) fn respell(name: &str, case: &str) -> String {
    match case {
        "UPPERCASE" | "SCREAMING_SNAKE_CASE" => name.to_ascii_uppercase(),
        "PascalCase" => pascal(name),
        "camelCase" => {
            let pascal = pascal(name);
            let mut chars = pascal.chars();
            match chars.next() {
                Some(first) => first.to_ascii_lowercase().to_string() + chars.as_str(),
                None => pascal,
            }
        }
        "kebab-case" => name.replace('_', "-"),
        "SCREAMING-KEBAB-CASE" => name.to_ascii_uppercase().replace('_', "-"),
        _ => name.to_owned(),
    }
}

fn pascal(name: &str) -> String {
    let mut out = String::new();
    for word in name.split('_') {
        let mut chars = word.chars();
        if let Some(first) = chars.next() {
            out.push(first.to_ascii_uppercase());
            out.push_str(chars.as_str());
        }
    }
    out
}

/// The hash and the power of a text's `TextHash`: hashed here, since the compiler takes long to
/// evaluate it.
pub(crate) fn hash(text: &str) -> (u64, u64) {
    let (mut hash, mut power) = (0u64, 1u64);
    for byte in text.bytes() {
        power = power.wrapping_mul(65599);
        hash = hash.wrapping_add(power.wrapping_mul(byte.into()));
    }
    (hash, power)
}

/// What a message about an unknown word ends in: what was probably meant, or all that is allowed.
pub(crate) fn hint(wrong: &str, words: &[&str]) -> String {
    match closest(wrong, words) {
        Some(meant) => format!("; did you mean `{meant}`?"),
        None => format!(", expected one of `{}`", words.join("`, `")),
    }
}

/// The one of `words` that `wrong` was probably meant to be.
fn closest<'a>(wrong: &str, words: &[&'a str]) -> Option<&'a str> {
    let wrong = wrong.to_ascii_lowercase();
    words
        .iter()
        .map(|word| (distance(&wrong, &word.to_ascii_lowercase()), *word))
        // More than a third of a word wrong is another word.
        .filter(|(distance, word)| *distance <= (word.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// How many letters to insert, drop, replace or swap with the next to get from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                best = best.min(rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]));
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(rows[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::{CASES, closest, respell};

    #[test]
    fn all_spellings() {
        let spelt = CASES.map(|case| respell("wifi_ssid_2", case));
        assert_eq!(
            spelt,
            [
                "wifi_ssid_2",
                "WIFI_SSID_2",
                "WifiSsid2",
                "wifiSsid2",
                "wifi_ssid_2",
                "WIFI_SSID_2",
                "wifi-ssid-2",
                "WIFI-SSID-2",
            ]
        );
    }

    #[test]
    fn near_words_only() {
        let words = ["default", "rename", "skip", "keep"];
        assert_eq!(closest("defualt", &words), Some("default"));
        assert_eq!(closest("skipp", &words), Some("skip"));
        assert_eq!(closest("Rename", &words), Some("rename"));
        assert_eq!(closest("unit", &words), None);
        assert_eq!(closest("secret", &words), None);
    }
}
