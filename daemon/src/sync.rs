//! Have against have: what two ends share, what one is missing, and when to try again.

pub mod backoff;
pub mod have;
pub mod link;
