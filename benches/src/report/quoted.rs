//! Figures of stores in C and C++, which this bench does not run: quoted from a run on the same simulated flash, with the
//! same 32 settings, keys of 6 bytes or 16-bit numbers. They are of the nRF52840's tables only.

/// A store, and a cell for each column of the tables that it is in.
pub(super) struct Quoted {
    /// What its rows are headed with.
    pub(super) label: &'static str,
    /// Provision, a save, erases, most to mean: the columns of the table of saves.
    pub(super) saves: [&'static str; 5],
    /// At 10, 50, 70 and 80 %.
    pub(super) zipf: [&'static str; 4],
    /// Boot fresh, boot used, its time, a get, RAM.
    pub(super) reads: [&'static str; 5],
    /// Fill, median, 99 %, longest; with maintenance.
    pub(super) latency: [&'static str; 5],
}

const NOT: &str = "not quoted";

/// All of them.
pub(super) const ALL: [Quoted; 5] = [
    Quoted {
        label: "pw_kvs, quoted",
        saves: ["32 / 1,168", "1 / 32.0", "7.75", NOT, NOT],
        zipf: [NOT, "48.7 / 11.9 / - / 4.0", NOT, NOT],
        reads: [NOT, "2,608 / 47,390", NOT, "3.0 / 29", "768, 32-bit"],
        latency: ["50", NOT, NOT, "98 ms, 1 erase, 33 programs", NOT],
    },
    Quoted {
        label: "Zephyr NVS, quoted",
        saves: ["64 / 520", "2 / 12.3", "3.00", NOT, NOT],
        zipf: [NOT, "34.0 / 8.3 / - / 1.0", NOT, NOT],
        reads: [NOT, "779 / 12,336", NOT, "60 / 476", "32, 32-bit"],
        latency: ["50", NOT, NOT, "127 ms, 1 erase, 172 programs", NOT],
    },
    Quoted {
        label: "Zephyr ZMS, quoted",
        saves: ["38 / 656", "1 / 16.6", "4.08", NOT, NOT],
        zipf: [NOT, "52.6 / 12.8 / - / 1.0", NOT, NOT],
        reads: [NOT, "284 / 4,544", NOT, "59 / 947", "56, 32-bit"],
        latency: ["50", NOT, NOT, "494 ms, 4 erases, 573 programs", NOT],
    },
    Quoted {
        label: "ESP-IDF NVS, quoted",
        saves: ["100 / 1,800", "3 / 40.3", "7.88", NOT, NOT],
        zipf: [NOT, "full", NOT, NOT],
        reads: [NOT, "296 / 13,284", NOT, "2.6 / 85", "on the heap"],
        latency: ["less", NOT, NOT, "106 ms, 1 erase, 116 programs", NOT],
    },
    Quoted {
        label: "FlashDB, quoted",
        saves: ["193 / 1,420", "8 / 51.7", "14.0", NOT, NOT],
        zipf: [NOT, "585 / 155 / - / 2.7", NOT, NOT],
        reads: [NOT, "2,078 / 48,556", NOT, "5.1 / 135", "876, 32-bit"],
        latency: ["50", NOT, NOT, "124 ms, 1 erase, 274 programs", NOT],
    },
];
