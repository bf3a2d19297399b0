//! What a store may hold: all that dropped operations may or may not have done.

use std::collections::HashMap;

use embedded_storage_async::nor_flash::NorFlash;
use kvs::asynch::Store;
use kvs::sim::{SimError, SimFlash};
use kvs::{Error, Options, Resources};

use crate::flash::Slow;
use crate::poll::to_the_end;
use crate::step::{KEYS, MADE_OF, Step, key};

/// The value of each key.
pub(crate) type Content = Vec<Option<Vec<u8>>>;

/// Reads the values of all keys.
pub(crate) async fn read<F: NorFlash<Error = SimError>>(
    store: &mut Store<'_, F>,
) -> Result<Content, Error<SimError>> {
    let mut content = Vec::new();
    let mut buffer = [0; 256];
    for number in 0..KEYS {
        let len = store.get_bytes(key(number), &mut buffer).await?;
        content.push(len.map(|len| buffer[..len].to_vec()));
    }
    Ok(content)
}

/// What steps do: worked out in a store with so much room that nothing is ever collected, and nothing dropped.
#[derive(Default)]
pub(crate) struct Model {
    known: HashMap<(Step, Content), (Content, String)>,
}

impl Model {
    /// What is stored after `step`, and what it finds.
    pub(crate) fn after(&mut self, step: &Step, before: &Content) -> &(Content, String) {
        self.known
            .entry((step.clone(), before.clone()))
            .or_insert_with(|| to_the_end(after(step, before)).expect("there is room"))
    }
}

async fn after(step: &Step, before: &Content) -> Result<(Content, String), Error<SimError>> {
    let mut flash = Slow::new(SimFlash::<32, 1024>::new(12));
    let mut ram = Resources::<32, 12, 256>::new();
    let mut store = Store::mount(&mut flash, 0..12 * 1024, &mut ram, Options::DEFAULT).await?;
    for (number, value) in before.iter().enumerate() {
        if let Some(value) = value {
            store.put_bytes(key(number), value).await?;
        }
    }
    let found = match step {
        Step::Mount => String::new(),
        step => step.run(&mut store).await?,
    };
    Ok((read(&mut store).await?, found))
}

/// What may be stored at a moment.
pub(crate) struct Known(Vec<Content>);

impl Known {
    pub(crate) fn new(content: Content) -> Self {
        Self(vec![content])
    }

    /// `step` was dropped: it has happened or it has not. A confirmation may have come to any of its
    /// steps, where there is no room for it at once.
    pub(crate) fn dropped(&mut self, model: &mut Model, step: &Step) {
        for index in 0..self.0.len() {
            let before = self.0[index].clone();
            let after = model.after(step, &before).0.clone();
            let between = match step {
                Step::Confirm => confirmed_in_part(&before, &after),
                _ => Vec::new(),
            };
            for content in between.into_iter().chain([after]) {
                if !self.0.contains(&content) {
                    self.0.push(content);
                }
            }
        }
    }

    /// `step` was done, and found that.
    pub(crate) fn done(
        &mut self,
        model: &mut Model,
        step: &Step,
        found: &str,
    ) -> Result<(), String> {
        let mut after = Vec::new();
        for before in &self.0 {
            let (content, expected) = model.after(step, before);
            if found == expected && !after.contains(content) {
                after.push(content.clone());
            }
        }
        if after.is_empty() {
            return Err(format!("{step:?} found {found:?}, in {:?}", self.0));
        }
        self.0 = after;
        Ok(())
    }

    /// All was read, and this is it: from now on nothing else.
    pub(crate) fn seen(&mut self, content: Content) -> Result<(), String> {
        if !self.0.contains(&content) {
            return Err(format!("{content:?}, and not one of {:?}", self.0));
        }
        self.0 = vec![content];
        Ok(())
    }
}

/// What a confirmation may leave that is not done: any of its changes, but an old key is removed only
/// when what is made of it is stored.
fn confirmed_in_part(before: &Content, after: &Content) -> Vec<Content> {
    let changed: Vec<_> = (0..KEYS)
        .filter(|key| before[*key] != after[*key])
        .collect();
    let some = |subset: usize| {
        let mut content = before.clone();
        for (bit, key) in changed.iter().enumerate() {
            if subset >> bit & 1 == 1 {
                content[*key].clone_from(&after[*key]);
            }
        }
        content
    };
    let is_safe = |content: &Content| {
        MADE_OF.iter().all(|(old, new)| {
            let is_removed = before[*old].is_some() && content[*old].is_none();
            !is_removed || content[*new] == after[*new]
        })
    };
    (0..1 << changed.len()).map(some).filter(is_safe).collect()
}
