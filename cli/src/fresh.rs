//! Fresh ids: of requests, and of the drafts that become them.

use std::time::SystemTime;

use uuid::{NoContext, Timestamp, Uuid};

/// An id that nothing has. It tells its time, which is of use only for its order: a clock from before 1970 tells none.
pub(crate) fn id() -> Uuid {
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(_) => Uuid::now_v7(),
        Err(_) => Uuid::new_v7(Timestamp::from_unix(NoContext, 0, 0)),
    }
}
