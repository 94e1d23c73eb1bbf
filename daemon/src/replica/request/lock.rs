//! A passphrase on the vault: set, changed, taken off; locking and opening.
//!
//! Locked, the core is made anew without the vault's key: nothing that it held is in memory any more.

use std::time::Duration;

use asif_proto::local::{ErrorKind, Failure, LockAsk, LockView, Reply};
use asif_proto::secret::Secret;

use super::super::effect::{ClientId, Effect};
use super::super::{Cx, Replica};
use super::backup::long_enough;
use super::{Handled, Outcome};
use crate::seal::guard::Guard;
use crate::seal::keys::VaultKey;
use crate::seal::passphrase::Cost;

impl Replica {
    pub(super) fn lock_asked(&mut self, cx: &mut Cx<'_>, client: ClientId, what: &LockAsk) -> Handled {
        match what {
            LockAsk::Look => Ok(Outcome::Reply(Reply::Lock(self.lock_view()))),
            LockAsk::Unlock { passphrase } => self.unlock(cx, client, passphrase.as_ref()),
            LockAsk::Now => {
                if self.guard.is_none() {
                    let failure = Failure::new(ErrorKind::Precondition, "no passphrase is set: there is nothing to lock with");
                    return Err(failure.hint("set one with: asif lock passphrase"));
                }
                let view = LockView { locked: true, locks_at: None, ..self.lock_view() };
                cx.answer(client, Ok(Reply::Lock(view)));
                if !self.locked {
                    self.lock(cx);
                }
                Ok(Outcome::Later)
            }
            LockAsk::Passphrase { .. } | LockAsk::Keychain { .. } if self.locked => Err(locked()),
            LockAsk::Passphrase { old, new } => self.set_passphrase(cx, old.as_ref(), new.as_ref()),
            LockAsk::Keychain { on } => match (&self.guard, on) {
                (Some(Guard::Passphrase(_)), _) => {
                    let failure = Failure::new(ErrorKind::Precondition, "a passphrase is set, and the key is under that");
                    Err(failure.hint("take it off first: asif lock passphrase --remove"))
                }
                (None, true) => self.guard_by_keychain(cx, client).map(|()| Outcome::Later),
                (Some(Guard::Keychain(_)), false) => {
                    let before = self.guard.take();
                    self.save_vault(cx);
                    self.forget_in_keychain(cx, before);
                    Ok(Outcome::Reply(Reply::Lock(self.lock_view())))
                }
                (Some(Guard::Keychain(_)), true) | (None, false) => Ok(Outcome::Reply(Reply::Lock(self.lock_view()))),
            },
        }
    }

    fn set_passphrase(&mut self, cx: &mut Cx<'_>, old: Option<&Secret>, new: Option<&Secret>) -> Handled {
        let Some(key) = self.vault_key.clone().filter(|_| self.person().is_some()) else { return Err(super::super::no_journal()) };
        if let Some(Guard::Passphrase(wrapped)) = &self.guard {
            let typed = old.ok_or_else(|| Failure::new(ErrorKind::Usage, "a passphrase is set, and is asked for first"))?;
            wrapped.open(typed.danger_text()).map_err(|_| wrong())?;
        }
        let guard = match new {
            Some(new) => {
                long_enough(new)?;
                Some(Guard::Passphrase(key.wrap(new.danger_text(), Cost::USUAL, cx.rng)))
            }
            // It is not a passphrase that is there to be taken off.
            None => self.guard.clone().filter(|guard| matches!(guard, Guard::Keychain(_))),
        };
        let before = std::mem::replace(&mut self.guard, guard);
        self.save_vault(cx);
        if self.guard != before {
            self.forget_in_keychain(cx, before);
        }
        Ok(Outcome::Reply(Reply::Lock(self.lock_view())))
    }

    fn unlock(&mut self, cx: &mut Cx<'_>, client: ClientId, passphrase: Option<&Secret>) -> Handled {
        if self.guard.is_none() && self.person().is_none() {
            return Err(super::super::no_journal());
        }
        match self.guard.as_ref().filter(|_| self.locked) {
            None => return Ok(Outcome::Reply(Reply::Lock(self.lock_view()))),
            Some(Guard::Passphrase(wrapped)) => {
                let missing = || Failure::new(ErrorKind::Usage, "the passphrase is asked for");
                let key = wrapped.open(passphrase.ok_or_else(missing)?.danger_text()).map_err(|_| wrong())?;
                cx.rest.push(Effect::Unlock { key, client: Some(client) });
            }
            Some(Guard::Keychain(key)) => {
                let id = key.id;
                self.unlock_by_keychain(cx, client, id);
            }
        }
        Ok(Outcome::Later)
    }

    /// Saves what is to be saved; then the core is made anew, locked.
    fn lock(&mut self, cx: &mut Cx<'_>) {
        self.save_all(cx);
        cx.rest.push(Effect::Lock);
        // Until then nothing more is done.
        self.locking = true;
    }

    /// The vault's key, for when the core is made anew and was open.
    pub fn vault_key(&self) -> Option<VaultKey> {
        self.vault_key.clone()
    }

    /// Whether it is locked.
    pub fn is_locked(&self) -> bool {
        self.locked
    }

    /// How it is with the lock.
    pub fn lock_view(&self) -> LockView {
        let left = self.locks_at().filter(|_| !self.locked).map(|at| at.saturating_sub(self.now.steady));
        let locks_at = left.and_then(|left| self.now.wall.checked_add(left).ok());
        let [waiting, added, drafts] = self.dropped.counts();
        let (passphrase, keychain) = (matches!(self.guard, Some(Guard::Passphrase(_))), matches!(self.guard, Some(Guard::Keychain(_))));
        LockView { locked: self.locked, passphrase, keychain, locks_at, waiting, added, drafts }
    }

    /// When it locks by itself, by the clock that goes on while the machine sleeps.
    fn locks_at(&self) -> Option<Duration> {
        let after = self.lock_after.filter(|_| self.guard.is_some() && !self.locked)?;
        Some(self.asked_at + after)
    }

    /// The same for the alarm: by the clock that does not.
    pub(in crate::replica) fn lock_deadline(&self) -> Option<Duration> {
        let left = self.locks_at()?.saturating_sub(self.now.steady);
        (!self.locking).then(|| self.now.mono + left)
    }

    /// Whether there is something to lock before the machine sleeps.
    pub fn locks_before_sleep(&self) -> bool {
        self.guard.is_some() && !self.locked
    }

    /// The machine is about to sleep: whoever wakes it may be somebody else.
    pub(in crate::replica) fn lock_before_sleep(&mut self, cx: &mut Cx<'_>) {
        if self.locks_before_sleep() && !self.locking {
            tracing::info!("locked: the machine goes to sleep");
            self.lock(cx);
        }
    }

    /// Locks where nobody has asked for anything for so long, or while the machine slept.
    pub(in crate::replica) fn lock_due(&mut self, cx: &mut Cx<'_>) {
        let is_due = self.locks_at().is_some_and(|at| at <= cx.now.steady);
        // Whoever waits is waited for.
        if is_due && !self.locking && self.waiting_clients().is_empty() {
            tracing::info!("locked: nothing was asked for a while");
            self.lock(cx);
        }
    }
}

/// What is said of everything that needs the journal.
pub fn locked() -> Failure {
    Failure::new(ErrorKind::Locked, "the journal is locked").hint("open it with: asif unlock")
}

fn wrong() -> Failure {
    Failure::new(ErrorKind::Locked, "this is not the passphrase")
        .hint("try again; if it is forgotten, the recovery kit opens the journal: asif recovery-kit restore")
}
