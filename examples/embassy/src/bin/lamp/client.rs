//! The other tasks' side: change settings, learn whether that is stored, be told of changes.

use core::fmt;

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use embassy_sync::signal::Signal;
use embassy_sync::watch::Watch;
use embassy_time::TimeoutError;
use kvs_embassy::flash;

use crate::settings::{Change, Lamp};

/// The settings that are stored. There is room for as many receivers as tasks want to be told.
pub static SETTINGS: Watch<CriticalSectionRawMutex, Lamp, 1> = Watch::new();

/// The commands on their way to the task that owns the store.
pub static COMMANDS: Channel<CriticalSectionRawMutex, Command, 4> = Channel::new();

/// Says that the device works with this firmware, and will not go back to the one before.
pub static CONFIRM: Signal<CriticalSectionRawMutex, ()> = Signal::new();
pub static CONFIRMED: Signal<CriticalSectionRawMutex, Answer> = Signal::new();

pub struct Command {
    pub change: Change,
    pub sender: Sender,
}

/// The way back to who sent a command.
pub struct Sender {
    inbox: &'static Inbox,
    number: u32,
}

/// Where a task gets its answers, each with the number of the command that it answers.
pub type Inbox = Signal<CriticalSectionRawMutex, (u32, Answer)>;

impl Sender {
    pub fn answer(self, answer: Answer) {
        self.inbox.signal((self.number, answer));
    }
}

/// What a task asks through.
pub struct Client {
    inbox: &'static Inbox,
    sent: u32,
}

impl Client {
    pub fn new(inbox: &'static Inbox) -> Self {
        Self { inbox, sent: 0 }
    }

    /// Changes a setting, and returns when that is stored. It may be dropped while it waits: a change that has been sent is
    /// made all the same.
    pub async fn change(&mut self, change: Change) -> Answer {
        self.send(change).await;
        self.answer().await
    }

    /// Sends a change, and does not wait for the answer.
    pub async fn send(&mut self, change: Change) {
        self.sent = self.sent.wrapping_add(1);
        let sender = Sender {
            inbox: self.inbox,
            number: self.sent,
        };
        COMMANDS.send(Command { change, sender }).await;
    }

    /// The answer to the last change. Answers come in the order in which the changes were sent.
    pub async fn answer(&mut self) -> Answer {
        loop {
            let (number, answer) = self.inbox.wait().await;
            // The answer to a change before it, which nobody waited for?
            if number == self.sent {
                return answer;
            }
        }
    }
}

pub type Answer = Result<(), Failure>;

/// Why a change was not stored.
#[derive(Clone, Copy)]
pub enum Failure {
    Store(kvs::Error<flash::Error>),
    TimedOut,
}

impl From<kvs::Error<flash::Error>> for Failure {
    fn from(error: kvs::Error<flash::Error>) -> Self {
        Self::Store(error)
    }
}

impl From<TimeoutError> for Failure {
    fn from(_: TimeoutError) -> Self {
        Self::TimedOut
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::TimedOut => f.write_str("the flash takes too long"),
        }
    }
}

/// An answer, for a person.
pub struct Words(pub Answer);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Ok(()) => f.write_str("stored"),
            Err(failure) => write!(f, "not stored: {failure}"),
        }
    }
}
