//! `ekv`: a transaction a save. Word and sector size, and the most pages, are fixed when it is compiled.

use ekv::flash::PageID;
use ekv::{Config, Database};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use kvs::sim::SimError;

use super::block_on::block_on;
use super::kvs_raw::sectors;
use crate::chip::Chip;
use crate::model::Model;
use crate::store::{Outcome, Store, Why};

/// Mounts it.
pub(super) fn mount<const W: usize, const E: usize>(
    chip: Chip<W, E>,
    first: bool,
) -> Outcome<Box<dyn Store>> {
    match W {
        8 => return Err(Why::Cannot("words of 8 B unsupported")),
        32 => return Err(Why::Cannot("words of 32 B unsupported")),
        _ => {}
    }
    let pages = sectors(&chip);
    if pages > ekv::config::MAX_PAGE_COUNT {
        return Err(Why::Cannot("page count is fixed when compiled"));
    }
    let database = Database::new(Pages(chip), Config::default());
    if first {
        block_on(database.format()).map_err(Why::error)?;
    }
    block_on(database.mount()).map_err(Why::error)?;
    Ok(Box::new(Ekv { database }))
}

struct Pages<const W: usize, const E: usize>(Chip<W, E>);

fn at<const E: usize>(page: PageID, offset: usize) -> u32 {
    (page.index() * E + offset) as u32
}

impl<const W: usize, const E: usize> ekv::flash::Flash for Pages<W, E> {
    type Error = SimError;

    fn page_count(&self) -> usize {
        sectors(&self.0)
    }

    async fn erase(&mut self, page: PageID) -> Result<(), SimError> {
        self.0.erase_at(at::<E>(page, 0), at::<E>(page, E))
    }

    async fn read(
        &mut self,
        page: PageID,
        offset: usize,
        bytes: &mut [u8],
    ) -> Result<(), SimError> {
        self.0.read_at(at::<E>(page, offset), bytes)
    }

    async fn write(&mut self, page: PageID, offset: usize, bytes: &[u8]) -> Result<(), SimError> {
        self.0.write_at(at::<E>(page, offset), bytes)
    }
}

struct Ekv<const W: usize, const E: usize> {
    database: Database<Pages<W, E>, NoopRawMutex>,
}

fn key_of(key: usize) -> [u8; 2] {
    (key as u16).to_be_bytes()
}

impl<const W: usize, const E: usize> Store for Ekv<W, E> {
    fn save(&mut self, model: &Model, changed: &[usize]) -> Outcome<()> {
        let mut sorted = changed.to_vec();
        sorted.sort_unstable();
        block_on(async {
            let mut transaction = self.database.write_transaction().await;
            for key in sorted {
                let written = transaction.write(&key_of(key), &model.values[key]).await;
                written.map_err(|error| match error {
                    ekv::WriteError::Full => Why::Full,
                    error => Why::error(error),
                })?;
            }
            transaction.commit().await.map_err(Why::error)
        })
    }

    fn get(&mut self, key: usize) -> Outcome<Option<Vec<u8>>> {
        let mut value = vec![0; 128];
        let read = block_on(async {
            let transaction = self.database.read_transaction().await;
            transaction.read(&key_of(key), &mut value).await
        });
        match read {
            Ok(len) => {
                value.truncate(len);
                Ok(Some(value))
            }
            Err(ekv::ReadError::KeyNotFound) => Ok(None),
            Err(error) => Err(Why::error(error)),
        }
    }

    fn ram(&self) -> usize {
        size_of_val(&self.database) - size_of::<Chip<W, E>>() + ekv::config::MAX_VALUE_SIZE
    }
}
