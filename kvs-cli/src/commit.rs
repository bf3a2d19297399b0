//! Values into an image, through the store's own commit.

use kvs::{Change, Error};

use crate::document::{Put, PutKey};
use crate::image::{Image, OpenStore, StoreError, mount};
use crate::problem::{Problem, Result, Text};
use crate::schema::Schema;

/// Stores all of `puts`: the settings in one commit, as a device's `save` does, where that fits a sector; the others one by
/// one.
pub(crate) fn store(
    image: &mut Image,
    puts: &[Put],
    schema: Option<&Schema>,
    file: Option<&Text>,
) -> Result<()> {
    let mut outcome = Ok(());
    mount(image, false, |open| {
        outcome = in_store(open, puts, schema).map_err(|failed| {
            let (put, error) = *failed;
            explain(&put, &error, file)
        });
    })?;
    Ok(outcome?)
}

type Failed = Box<(Put, StoreError)>;

fn in_store(open: &mut dyn OpenStore, puts: &[Put], schema: Option<&Schema>) -> Result<(), Failed> {
    for put in puts {
        let max = open.max_value_len(put.key.raw());
        if put.bytes.len() > max {
            let len = put.bytes.len();
            return Err(Box::new((put.clone(), Error::ValueTooLong { len, max })));
        }
    }
    let is_setting = |put: &&Put| match put.key {
        PutKey::Hash(hash) => {
            let mut settings = schema.iter().flat_map(|schema| &schema.lock.settings);
            settings.any(|setting| setting.hash == hash)
        }
        PutKey::Name(_) => false,
    };
    let (settings, others): (Vec<&Put>, Vec<&Put>) = puts.iter().partition(is_setting);
    let changes: Vec<_> = settings.iter().map(|put| change(put)).collect();
    match open.commit(&changes) {
        Ok(()) => {}
        Err(Error::CommitTooLarge { .. }) => one_by_one(open, &settings)?,
        Err(error) => {
            let put = settings.first().map(|put| (*put).clone());
            return put.map_or(Ok(()), |put| Err(Box::new((put, error))));
        }
    }
    one_by_one(open, &others)
}

fn one_by_one(open: &mut dyn OpenStore, puts: &[&Put]) -> Result<(), Failed> {
    for put in puts {
        open.commit(&[change(put)])
            .map_err(|error| Box::new(((*put).clone(), error)))?;
    }
    Ok(())
}

fn change(put: &Put) -> Change<'_> {
    Change::put(put.key.raw(), &put.bytes)
}

fn explain(put: &Put, error: &StoreError, file: Option<&Text>) -> Problem {
    let problem = match error {
        Error::ValueTooLong { len, max } => {
            Problem::new(format!("`{}`: the value takes {len} bytes", put.name)).help(format!(
                "allowed: up to {max} bytes, as it has to fit a sector"
            ))
        }
        Error::NameCollision { .. } => Problem::new(format!(
            "`{}` has the same hash as another key in the image",
            put.name
        ))
        .help("choose another name"),
        Error::Full { .. } => Problem::new(format!("`{}`: {error}", put.name))
            .help("the partition has to be larger: all of its sectors but one hold values"),
        _ => Problem::new(format!("`{}`: {error}", put.name)),
    };
    match file {
        Some(file) => problem.at(file, put.span.clone(), "here"),
        None => problem,
    }
}
