//! A contender on a part: formatted, mounted, saved to, and looked at.

use kvs::sim::{SimFlash, Stats};

use crate::chip::{Chip, Flash};
use crate::contenders::Kind;
use crate::model::{Layout, Model};
use crate::preset::Part;
use crate::store::{Outcome, Store, Why, caught};

type Mount = dyn Fn(&Layout, bool) -> Outcome<Box<dyn Store>>;

/// A flash, and what mounts a contender on it.
pub struct Rig {
    /// The flash.
    pub flash: Box<dyn Flash>,
    /// The settings that are to be stored.
    pub layout: Layout,
    mount: Box<Mount>,
}

impl Rig {
    /// An erased part for a contender.
    pub fn new(kind: Kind, part: &Part, layout: Layout) -> Self {
        match (part.word, part.sector) {
            (4, 4096) => Self::on::<4, 4096>(kind, part, layout),
            (8, 2048) => Self::on::<8, 2048>(kind, part, layout),
            (32, 8192) => Self::on::<32, 8192>(kind, part, layout),
            (1, 4096) => Self::on::<1, 4096>(kind, part, layout),
            shape => unreachable!("no part has {shape:?}"),
        }
    }

    fn on<const W: usize, const E: usize>(kind: Kind, part: &Part, layout: Layout) -> Self {
        let mut flash = SimFlash::<W, E>::new(part.sectors).with_timing(part.timing);
        // Parts with longer words have ECC.
        flash.allow_reprogram(kind.programs_twice() && W <= 4);
        let chip = Chip::new(flash);
        Self {
            flash: Box::new(chip.clone()),
            layout,
            mount: Box::new(move |layout, first| {
                if kind.programs_twice() && W > 4 {
                    return Err(Why::Cannot("programs words twice"));
                }
                kind.mount(chip.clone(), layout, first)
            }),
        }
    }

    /// Prepares the erased flash, and stores nothing yet.
    pub fn format(&self) -> Outcome<Session<'_>> {
        self.session(Model::new(&self.layout), true)
    }

    /// Builds the store anew from what is in flash.
    pub fn remount(&self, model: Model) -> Outcome<Session<'_>> {
        self.session(model, false)
    }

    fn session(&self, model: Model, first: bool) -> Outcome<Session<'_>> {
        self.flash.allow_reads();
        let store = caught(|| (self.mount)(&self.layout, first))?;
        Ok(Session {
            rig: self,
            store,
            model,
        })
    }

    /// Prepares the flash and stores all settings.
    pub fn provisioned(&self) -> Outcome<Session<'_>> {
        let mut session = self.format()?;
        session.provision()?;
        Ok(session)
    }
}

/// A store that is mounted, and what it should hold.
pub struct Session<'r> {
    /// Where it is.
    pub rig: &'r Rig,
    /// What it should hold.
    pub model: Model,
    store: Box<dyn Store>,
}

impl Session<'_> {
    /// Stores all settings: those of the struct at once, unless the store can't, and the others one by one.
    pub fn provision(&mut self) -> Outcome<()> {
        let hot = self.model.hot();
        if self.save(&hot).is_err() {
            hot.iter().try_for_each(|&key| self.save(&[key]))?;
        }
        (hot.len()..self.model.values.len()).try_for_each(|key| self.save(&[key]))
    }

    /// Saves these settings as they are in the model.
    pub fn save(&mut self, changed: &[usize]) -> Outcome<()> {
        self.rig.flash.allow_reads();
        caught(|| self.store.save(&self.model, changed))
    }

    /// Gives these settings other values and saves them.
    pub fn change(&mut self, changed: &[usize]) -> Outcome<()> {
        changed.iter().for_each(|&key| self.model.change(key));
        self.save(changed)
    }

    /// Gets a setting.
    pub fn get(&mut self, key: usize) -> Outcome<Option<Vec<u8>>> {
        self.rig.flash.allow_reads();
        caught(|| self.store.get(key))
    }

    /// Loads all settings.
    pub fn load(&mut self) -> Outcome<Vec<Option<Vec<u8>>>> {
        self.rig.flash.allow_reads();
        caught(|| self.store.load(self.model.values.len()))
    }

    /// Whether all is as it was saved.
    pub fn check(&mut self) -> Outcome<()> {
        for (found, value) in self.load()?.iter().zip(&self.model.values) {
            match found {
                None => return Err(Why::Lost),
                Some(found) if found != value => return Err(Why::Wrong),
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Does all the work ahead that the store knows of.
    pub fn maintain(&mut self) -> Outcome<()> {
        self.rig.flash.allow_reads();
        for _ in 0..100_000 {
            if !caught(|| self.store.maintain())? {
                return Ok(());
            }
        }
        Err(Why::Cannot("endless loop"))
    }

    /// Bytes of RAM.
    pub fn ram(&self) -> usize {
        self.store.ram()
    }

    /// What something costs.
    pub fn cost<T>(&mut self, run: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<(T, Stats)> {
        let before = self.rig.flash.stats();
        let result = run(self)?;
        Ok((result, self.rig.flash.stats().since(&before)))
    }
}
