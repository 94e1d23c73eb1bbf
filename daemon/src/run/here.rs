//! Where this machine is, as the core must know it: its zone, its quiet hours, when it locks by itself, and whether the local network may be used. What
//! a setting has the edge do by itself is begun and ended here as well.

use std::time::Duration;

use asif_proto::local::QuietHours;
use jiff::tz::TimeZone;

use super::Daemon;
use crate::replica::effect::Input;

/// What the core was told last.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Here {
    zone: TimeZone,
    quiet: Option<QuietHours>,
    lock_after: Option<Duration>,
    discovery: bool,
}

impl Daemon {
    /// Tells the core where the machine is, where that changed.
    pub(super) fn tell_here(&mut self) {
        let here = Here {
            zone: TimeZone::system(),
            quiet: self.config.quiet_hours(),
            lock_after: self.config.lock_after(),
            discovery: self.config.discovery(),
        };
        if self.told_here.as_ref() != Some(&here) {
            let Here { zone, quiet, lock_after, discovery } = here.clone();
            self.inputs.push_back(Input::Here { zone, quiet, lock_after, discovery });
            self.told_here = Some(here);
        }
        self.use_router();
    }
}
