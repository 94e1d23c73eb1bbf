//! The lock, as a person is told of it.

use asif_proto::local::{LockView, Waiting};

use super::Screen;
use super::text::count;
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

/// The keychain keeps what opens it, or not any more.
pub fn keychain(screen: &mut Screen, view: &LockView) {
    if view.keychain {
        screen.line("The keychain of your system keeps what opens the journal: it opens with your login. To lock it: asif lock now");
        screen.line("If the keychain is lost, the recovery kit opens the journal, and nothing else does.");
    } else {
        screen.line("The key lies beside the journal: whoever can read your files on this machine can read it.");
    }
}

/// It was written while the journal is locked.
pub fn waits(screen: &mut Screen, waiting: &Waiting) {
    let what = waiting.practice.as_ref().map_or_else(|| "saved".to_owned(), |practice| format!("saved {practice}"));
    screen.line(&format!("{what}  {}  sealed: asif unlock puts it into the journal", time::when_and_where(&waiting.occurred_at, screen)));
    if waiting.count + 10 > waiting.most {
        screen.line(&format!("{} of {} that may wait do so. Then no more is taken until it is open.", waiting.count, waiting.most));
    }
}

/// Locked.
pub fn locked(screen: &mut Screen) {
    screen.line("Locked. asif unlock opens it. asif log and asif note go on: what you write is sealed at once, and put in then.");
}

/// It is open.
pub fn open(screen: &mut Screen, view: &LockView) {
    match (view.passphrase || view.keychain, view.locks_at) {
        (false, _) => screen.line("Not locked: no passphrase is set."),
        (true, None) => screen.line("Open. To lock it: asif lock now"),
        (true, Some(at)) => {
            screen.line(&format!("Open. It locks by itself {}, if nothing is asked until then.", time::instant(at, screen)))
        }
    }
    if view.added > 0 {
        screen.line(&format!("What you wrote meanwhile is in it: {}", count(view.added, "entry", "entries")));
    }
    match view.drafts {
        0 => {}
        1 => screen.line("One could not be put in, and is kept as a draft: asif draft resume goes on with it."),
        more => screen.line(&format!("{more} could not be put in, and are kept as drafts: asif draft list shows them.")),
    }
}
