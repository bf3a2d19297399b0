//! The lock file: which changes to a settings struct it lets pass, what it says of the others, and the file itself.

mod accepted;
mod changes;
mod faults;
mod file;
mod history;
mod hostile;
mod modes;
mod rules;
mod types;

use kvs::Schema;
use kvs::lock::Lock;

/// The schema of the struct `T` among the items.
macro_rules! schema {
    ($($item:item)*) => {{
        $($item)*
        <T as kvs::Settings>::SCHEMA
    }};
}
pub(crate) use schema;

/// Modules with a type each, as it is in different versions.
macro_rules! modules {
    ($($version:ident $item:item)*) => { $(
        mod $version {
            use super::*;
            #[derive(Default, Serialize, Deserialize, Schema)]
            #[allow(dead_code)]
            $item
        }
    )* };
}
pub(crate) use modules;

/// What is said of a change, or nothing.
fn said(old: &'static Schema, new: &'static Schema) -> String {
    said_of(&Lock::of(old), new)
}

fn said_of(lock: &Lock, new: &'static Schema) -> String {
    let problems = lock.check(new);
    assert_eq!(lock.update(new).is_err(), !problems.is_empty());
    let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
    texts.join("\n\n")
}

/// The lock after each of these versions, none of which may be a problem.
fn locked(versions: &[&'static Schema]) -> Lock {
    let (first, rest) = versions.split_first().expect("a version");
    rest.iter().fold(Lock::of(first), |lock, schema| {
        let problems = said_of(&lock, schema);
        assert_eq!(problems, "", "{lock}");
        let lock = lock.update(schema).expect("no problem");
        assert_eq!(
            lock.update(schema).as_ref(),
            Ok(&lock),
            "an update is done at once"
        );
        assert_eq!(lock.to_string().parse().as_ref(), Ok(&lock), "{lock}");
        lock
    })
}
