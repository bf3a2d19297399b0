//! The task that owns the store: takes commands, saves what they come to, and keeps house when there are none.

use cortex_m_semihosting::hprintln;
use embassy_futures::select::{Either, select};
use embassy_time::{Duration, Instant, TimeoutError, with_deadline, with_timeout};
use heapless::Vec;
use kvs::asynch::Store;
use kvs::{Maintenance, Options, Report, Resources, Settings};
use kvs_embassy::flash::{self, Async};
use static_cell::StaticCell;

use crate::client::{Answer, COMMANDS, CONFIRM, CONFIRMED, Command, Failure, SETTINGS, Sender};
use crate::settings::Lamp;

/// Changes that come this soon after one another are saved together,
const QUIET: Duration = Duration::from_millis(50);
/// but the first does not wait longer than this for others.
const PATIENCE: Duration = Duration::from_millis(300);
/// More than the flash ever takes for one call of the store, and for a mount: the call after a dropped one begins with that.
const LIMIT: Duration = Duration::from_millis(500);
/// The most commands that are saved together.
const BATCH: usize = 16;
/// Room for these settings, for the older firmware's, and for some of a newer one's.
const KEYS: usize = Lamp::KEY_SLOTS;

pub type LampStore = Store<'static, Async>;
type LampReport = Report<<Lamp as Settings>::Outcomes>;

pub async fn mount(
    flash: Async,
) -> Result<(LampStore, Lamp, LampReport), kvs::Error<flash::Error>> {
    static RESOURCES: StaticCell<Resources<KEYS, { flash::SECTORS }, { Lamp::BUFFER }>> =
        StaticCell::new();
    let resources = RESOURCES.init_with(Resources::for_settings::<Lamp>);
    let mut store = Store::mount(flash, flash::PARTITION, resources, Options::DEFAULT).await?;
    let (lamp, report) = store.load().await;
    Ok((store, lamp, report))
}

#[embassy_executor::task]
pub async fn run(mut store: LampStore, mut stored: Lamp) {
    let published = SETTINGS.sender();
    published.send(stored.clone());
    loop {
        let first = idle(&mut store).await;
        let batch = Batch::collect(&stored, first).await;
        let saved = batch.save(&mut store).await;
        if saved.is_ok() && batch.lamp != stored {
            stored = batch.lamp;
            published.send(stored.clone());
        }
        for (sender, checked) in batch.commands {
            sender.answer(checked.and(saved));
        }
    }
}

/// Until there is a command, does what a save would otherwise have to wait for.
async fn idle(store: &mut LampStore) -> Command {
    loop {
        let mut erased = 0;
        loop {
            if let Ok(command) = COMMANDS.try_receive() {
                return command;
            }
            // Not in a `select` with the channel: to drop a step costs a mount, and to wait for one is cheap.
            match with_timeout(LIMIT, store.maintain()).await {
                Ok(Ok(Maintenance::Idle) | Err(_)) | Err(TimeoutError) => break,
                Ok(Ok(Maintenance::Erased)) => erased += 1,
                Ok(Ok(_)) => {}
            }
        }
        if erased != 0 {
            hprintln!("store: idle; sectors erased ahead: {}", erased);
        }
        match select(COMMANDS.receive(), CONFIRM.wait()).await {
            Either::First(command) => return command,
            Either::Second(()) => CONFIRMED.signal(confirm(store).await),
        }
    }
}

async fn confirm(store: &mut LampStore) -> Answer {
    let keys = with_timeout(LIMIT, store.confirm::<Lamp>()).await??;
    hprintln!("store: confirmed; keys written and removed: {}", keys);
    Ok(())
}

/// Commands that are saved together.
struct Batch {
    /// What they come to.
    lamp: Lamp,
    commands: Vec<(Sender, Answer), BATCH>,
}

impl Batch {
    /// Takes commands until none comes for a while.
    async fn collect(stored: &Lamp, first: Command) -> Self {
        let mut batch = Self {
            lamp: stored.clone(),
            commands: Vec::new(),
        };
        let latest = Instant::now() + PATIENCE;
        let mut command = first;
        while batch.take(command) {
            let quiet = Instant::now() + QUIET;
            match with_deadline(quiet.min(latest), COMMANDS.receive()).await {
                Ok(next) => command = next,
                Err(TimeoutError) => break,
            }
        }
        batch
    }

    /// Returns whether there is room for another.
    fn take(&mut self, Command { change, sender }: Command) -> bool {
        let checked = change.apply(&mut self.lamp);
        let checked = checked.map_err(|rejected| Failure::Store(rejected.into()));
        self.commands.push((sender, checked)).is_ok() && !self.commands.is_full()
    }

    async fn save(&self, store: &mut LampStore) -> Answer {
        let calls = store.flash().program_calls();
        let settings = save(store, &self.lamp).await?;
        if settings != 0 {
            hprintln!(
                "store: saved; commands: {}, settings: {}, program calls: {}",
                self.commands.len(),
                settings,
                store.flash().program_calls() - calls
            );
        }
        Ok(())
    }
}

/// Saves what has changed, and returns how many settings that is.
async fn save(store: &mut LampStore, lamp: &Lamp) -> Result<usize, Failure> {
    for _ in 0..2 {
        // To drop a call is to the store as if the power had failed: its next call reads the partition anew, and finds all of
        // the save or nothing of it.
        match with_timeout(LIMIT, store.save(lamp)).await {
            Ok(saved) => return Ok(saved?),
            Err(TimeoutError) => hprintln!("store: the flash takes too long, the save is dropped"),
        }
    }
    Err(Failure::TimedOut)
}
