//! The library that the fuzz targets and the test `fuzz` share.
#![forbid(unsafe_code)]

pub mod targets;
