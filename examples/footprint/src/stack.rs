//! How deep the stack has been.

#![allow(unsafe_code, reason = "hardware, or what the emulator lends")]

/// What `cortex-m-rt` paints the stack with before `main`.
const PAINT: u32 = 0xCCCC_CCCC;

unsafe extern "C" {
    // The linker script's symbols; their addresses are their values.
    static _stack_start: u32;
    static _stack_end: u32;
}

/// Bytes from the top of the stack down to the lowest word that has ever been written.
pub(crate) fn deepest() -> u32 {
    let top = &raw const _stack_start as usize;
    let mut word = &raw const _stack_end as usize;
    // SAFETY: words of RAM between the statics and the stack's top, which is aligned.
    while word < top && unsafe { (word as *const u32).read_volatile() } == PAINT {
        word += 4;
    }
    (top - word) as u32
}
