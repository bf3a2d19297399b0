#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    kvs_tests::hostile::image(bytes);
});
