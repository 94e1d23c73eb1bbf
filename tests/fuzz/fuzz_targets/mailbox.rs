#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| asif_fuzz::targets::play("mailbox", bytes));
