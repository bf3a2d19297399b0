//! The flash driver as `ekv` wants it: pages by number, words aligned.

use app::{Flash, PAGE};
use ekv::flash::PageID;
use embassy_embedded_hal::adapter::BlockingAsync;
use embedded_storage::nor_flash::NorFlashErrorKind;
use embedded_storage_async::nor_flash::{NorFlash, ReadNorFlash};

pub struct Pages(BlockingAsync<Flash>);

impl Pages {
    pub fn new() -> Self {
        Self(BlockingAsync::new(Flash))
    }
}

fn at(page: PageID, offset: usize) -> u32 {
    page.index() as u32 * PAGE + offset as u32
}

impl ekv::flash::Flash for Pages {
    type Error = NorFlashErrorKind;

    fn page_count(&self) -> usize {
        8
    }

    async fn erase(&mut self, page: PageID) -> Result<(), Self::Error> {
        self.0.erase(at(page, 0), at(page, PAGE as usize)).await
    }

    async fn read(
        &mut self,
        page: PageID,
        offset: usize,
        bytes: &mut [u8],
    ) -> Result<(), Self::Error> {
        self.0.read(at(page, offset), bytes).await
    }

    async fn write(
        &mut self,
        page: PageID,
        offset: usize,
        bytes: &[u8],
    ) -> Result<(), Self::Error> {
        self.0.write(at(page, offset), bytes).await
    }
}
