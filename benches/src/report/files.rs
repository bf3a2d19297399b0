//! The tables in files: between `<!-- benches NAME -->` and `<!-- /benches -->`.

use std::fs;
use std::path::{Path, PathBuf};

use super::merge::{difference, merged};
use super::ratios;
use crate::preset;

/// Tables by name: the summary has none.
pub type Sections = Vec<(String, String)>;

/// A path as it is said from the top of the workspace.
pub fn from_top(file: &str) -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    package.map_or_else(
        || PathBuf::from(file),
        |package| package.join("..").join(file),
    )
}

/// The text with each section as it is now; to be checked, or to be written. An error for a name that there is not, and
/// where there are no markers.
pub fn renewed(text: &str, sections: &Sections, check: bool) -> Result<String, String> {
    let (mut out, mut rest, mut found) = (String::new(), text, false);
    while let Some((before, behind)) = rest.split_once("<!-- benches") {
        let (name, behind) = behind.split_once("-->").ok_or("a marker without an end")?;
        let (old, behind) = behind
            .split_once("<!-- /benches -->")
            .ok_or("no <!-- /benches -->")?;
        let known = name.trim();
        let section = sections.iter().find(|(section, _)| section == known);
        if section.is_none()
            && !known.is_empty()
            && known != ratios::SECTION
            && preset::ALL.iter().all(|part| part.name != known)
        {
            return Err(format!("there are no tables `{known}`"));
        }
        // A part that was not counted stays as it is.
        let Some((_, table)) = section else {
            out += &format!("{before}<!-- benches{name}-->{old}<!-- /benches -->");
            (rest, found) = (behind, true);
            continue;
        };
        let table = merged(table, old, check);
        out += &format!("{before}<!-- benches{name}-->\n\n{table}\n<!-- /benches -->");
        (rest, found) = (behind, true);
    }
    if found {
        Ok(out + rest)
    } else {
        Err("no <!-- benches -->".to_owned())
    }
}

/// Writes it, or says where it has another content.
pub fn put(path: &Path, content: &str, check: bool) -> Result<(), String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if !check {
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        return folder
            .and_then(|()| fs::write(path, content))
            .map_err(|error| format!("{name}: {error}"));
    }
    match fs::read_to_string(path) {
        Ok(text) if text == content => Ok(()),
        Ok(text) => Err(format!(
            "{name} is stale: cargo bench -p kvs-benches -- --write FILES{}",
            difference(&text, content)
        )),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::renewed;

    #[test]
    fn sections_are_replaced_by_name() {
        let sections = vec![
            (String::new(), "new\n".to_owned()),
            ("a".to_owned(), "A\n".to_owned()),
        ];
        let text = "x <!-- benches --> old <!-- /benches --> y <!-- benches a --><!-- /benches -->";
        let wanted = "x <!-- benches -->\n\nnew\n\n<!-- /benches --> y <!-- benches a -->\n\nA\n\n<!-- /benches -->";
        assert_eq!(renewed(text, &sections, false).as_deref(), Ok(wanted));
        assert_eq!(renewed(wanted, &sections, false).as_deref(), Ok(wanted));
        assert!(renewed("<!-- benches b --><!-- /benches -->", &sections, false).is_err());
        assert!(renewed("none", &sections, false).is_err());
    }
}
