//! What the test files and the fuzz targets share.

pub mod hostile;
pub mod input;
pub mod model;
