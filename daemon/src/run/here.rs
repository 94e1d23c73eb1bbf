//! Where this machine is, as the core must know it for reminders: its zone, and its quiet hours.

use asif_proto::local::QuietHours;
use jiff::tz::TimeZone;

use super::Daemon;
use crate::replica::effect::Input;

/// What the core was told last.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Here {
    zone: TimeZone,
    quiet: Option<QuietHours>,
}

impl Daemon {
    /// Tells the core where the machine is, where that changed.
    pub(super) fn tell_here(&mut self) {
        let here = Here { zone: TimeZone::system(), quiet: self.config.quiet_hours() };
        if self.told_here.as_ref() != Some(&here) {
            self.inputs.push_back(Input::Here { zone: here.zone.clone(), quiet: here.quiet });
            self.told_here = Some(here);
        }
    }
}
