//! The host, by semihosting: a firmware prints with `hprintln!`, and has its command line and its end from here.

use core::panic::PanicInfo;

use cortex_m_semihosting::{debug, hio, nr, syscall1};

/// The words of the command line; none where the debugger gives none.
pub struct Arguments {
    buffer: [u8; 128],
    len: usize,
}

impl Arguments {
    pub fn get() -> Self {
        let mut buffer = [0; 128];
        let mut block = [buffer.as_mut_ptr() as usize, buffer.len()];
        // SAFETY: SYS_GET_CMDLINE takes the address and length of a buffer, and writes to that buffer and to the length.
        // Both are ours, and live on until it returns.
        #[allow(unsafe_code, reason = "a call of the debugger")]
        let failed = unsafe { syscall1(nr::GET_CMDLINE, block.as_mut_ptr() as usize) };
        let len = if failed == 0 { block[1] } else { 0 };
        Self { buffer, len }
    }

    pub fn words(&self) -> impl Iterator<Item = &str> {
        let line = self.buffer.get(..self.len).unwrap_or(&[]);
        let line = core::str::from_utf8(line).unwrap_or("");
        line.trim_end_matches('\0').split_ascii_whitespace()
    }

    pub fn has(&self, word: &str) -> bool {
        self.words().any(|other| other == word)
    }

    /// The number in `name=number`.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.words()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
            .and_then(|number| number.parse().ok())
    }
}

/// Ends the emulator, or the debugger's session.
pub fn exit(success: bool) -> ! {
    debug::exit(if success { Ok(()) } else { Err(()) });
    loop {
        cortex_m::asm::wfi();
    }
}

/// Says where, and no more: the texts of all panics, and the code that formats them, stay out of the image.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    if let (Ok(mut out), Some(location)) = (hio::hstdout(), info.location()) {
        for text in ["panicked in ", location.file(), "\n"] {
            let _ = out.write_all(text.as_bytes());
        }
    }
    exit(false)
}
