//! The eight settings' values: as they are stored at first, and as they have to be found.

/// What is stored before anything is measured.
pub mod seed {
    pub const COUNTER: u32 = 100_000;
    pub const ENABLED: bool = true;
    pub const BRIGHTNESS: u8 = 70;
    pub const OFFSET: i16 = -1_234;
    pub const GAIN: f32 = 1.625;
    pub const SERIAL: u64 = 0x0123_4567_89AB_CDEF;
    pub const NAME: &str = "the lamp in the hall";
    pub const TOKEN: [u8; 16] = *b"0123456789abcdef";
}

/// What a contender has loaded.
pub struct Seen<'a> {
    pub counter: u32,
    pub enabled: bool,
    pub brightness: u8,
    pub offset: i16,
    pub gain: f32,
    pub serial: u64,
    pub name: &'a str,
    pub token: &'a [u8; 16],
}

impl Seen<'_> {
    /// Whether all is as it was stored; the counter, which changes, apart.
    pub(crate) fn is_right(&self) -> bool {
        self.enabled == seed::ENABLED
            && self.brightness == seed::BRIGHTNESS
            && self.offset == seed::OFFSET
            // The bits: a comparison of floats is a library call on a Cortex-M0.
            && self.gain.to_bits() == seed::GAIN.to_bits()
            && self.serial == seed::SERIAL
            && self.name == seed::NAME
            && *self.token == seed::TOKEN
    }
}
