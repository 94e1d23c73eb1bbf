//! The lock, as a person is told of it.

use asif_proto::local::LockView;

use super::Screen;
use super::time;

/// A passphrase was set, or taken off.
pub fn passphrase(screen: &mut Screen, view: &LockView) {
    if view.passphrase {
        screen.line("The passphrase is set. It is asked for after each start of this machine, and after: asif lock now");
        screen.line("If it is forgotten, the recovery kit opens the journal, and nothing else does.");
    } else {
        screen.line("No passphrase is set any more: whoever can read your files on this machine can read the journal.");
    }
}

/// It is open.
pub fn open(screen: &mut Screen, view: &LockView) {
    match (view.passphrase, view.locks_at) {
        (false, _) => screen.line("Not locked: no passphrase is set."),
        (true, None) => screen.line("Open. To lock it: asif lock now"),
        (true, Some(at)) => {
            screen.line(&format!("Open. It locks by itself {}, if nothing is asked until then.", time::instant(at, screen)))
        }
    }
}
