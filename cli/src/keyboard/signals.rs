//! The signals that matter while a person types.

use std::io::{self, PipeReader};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::SigId;
use signal_hook::consts::{SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH};

mod second;

/// The signals that would end the program with the terminal set as it is, and the one after a stop. Later ones do what they always did.
///
/// While somebody listens a first one is only noted. A second one from the keyboard, or a second SIGTERM, ends the program at once; a closing
/// terminal may tell it twice.
pub(crate) struct Signals {
    pub(crate) ended: Arc<AtomicBool>,
    /// Ended by what tells everybody at the terminal that it is gone.
    pub(crate) hung_up: Arc<AtomicBool>,
    pub(super) continued: Arc<AtomicBool>,
    pub(super) resized: Arc<AtomicBool>,
    pub(crate) wake: PipeReader,
    registered: Vec<SigId>,
}

/// What is kept for the whole process: nothing can give a signal back its first meaning, once it was listened to.
struct Meanings {
    /// How many listen.
    listeners: usize,
    /// For each signal, whether it does again what it always did.
    usual: Vec<Arc<AtomicBool>>,
}

/// Those that would end the program.
const HEARD: [i32; 4] = [SIGINT, SIGQUIT, SIGTERM, SIGHUP];

static MEANINGS: Mutex<Meanings> = Mutex::new(Meanings { listeners: 0, usual: Vec::new() });

impl Meanings {
    fn listen(&mut self) -> io::Result<()> {
        if self.usual.is_empty() {
            for signal in HEARD {
                let usual = Arc::new(AtomicBool::new(false));
                signal_hook::flag::register_conditional_default(signal, Arc::clone(&usual))?;
                self.usual.push(usual);
            }
        }
        if self.listeners == 0 {
            self.all_usual(false);
        }
        self.listeners += 1;
        Ok(())
    }

    /// A second one of these does what it always did, as long as what this gives is registered.
    fn second_is_usual(&self, signals: &[i32]) -> io::Result<Vec<SigId>> {
        let named = HEARD.iter().zip(&self.usual).filter(|(signal, _)| signals.contains(signal));
        named.map(|(signal, usual)| signal_hook::flag::register(*signal, Arc::clone(usual))).collect()
    }

    fn all_usual(&self, usual: bool) {
        self.usual.iter().for_each(|one| one.store(usual, Ordering::Relaxed));
    }
}

impl Signals {
    /// A second one ends the program at once, after `set_back`.
    pub(super) fn listen(set_back: impl Fn() + Send + 'static) -> io::Result<Self> {
        let mut signals = Self::begin(&[SIGINT, SIGTERM, SIGHUP, SIGQUIT], &[], SIGWINCH)?;
        let second = second::Second::of(&[SIGINT, SIGQUIT, SIGTERM], &mut signals.registered)?;
        second.watch(set_back)?;
        Ok(signals)
    }

    /// The same while another program has the terminal: what its keys send to both is that program's affair, and its end wakes whoever waits.
    pub(crate) fn listen_beside_another() -> io::Result<Self> {
        Self::begin(&[SIGTERM, SIGHUP], &[SIGTERM], SIGCHLD)
    }

    fn begin(ending: &[i32], second_is_usual: &[i32], waking: i32) -> io::Result<Self> {
        let usual = {
            let mut meanings = MEANINGS.lock().unwrap_or_else(PoisonError::into_inner);
            meanings.listen()?;
            meanings.second_is_usual(second_is_usual)?
        };
        let (wake, waker) = io::pipe()?;
        let (ended, continued) = <(Arc<AtomicBool>, Arc<AtomicBool>)>::default();
        let mut signals = Self { ended, hung_up: Arc::default(), continued, resized: Arc::default(), wake, registered: usual };
        for signal in ending.iter().copied().chain([SIGCONT]) {
            let flag = if signal == SIGCONT { &signals.continued } else { &signals.ended };
            signals.registered.push(signal_hook::flag::register(signal, Arc::clone(flag))?);
            signals.registered.push(signal_hook::low_level::pipe::register(signal, waker.try_clone()?)?);
        }
        signals.registered.push(signal_hook::flag::register(SIGHUP, Arc::clone(&signals.hung_up))?);
        signals.registered.push(signal_hook::flag::register(SIGWINCH, Arc::clone(&signals.resized))?);
        signals.registered.push(signal_hook::low_level::pipe::register(waking, waker)?);
        Ok(signals)
    }

    /// Takes in what the pipe holds: one byte for each signal.
    pub(crate) fn hear(&mut self) -> io::Result<()> {
        rustix::io::read(self.wake.as_fd(), &mut [0; 64])?;
        Ok(())
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.registered.drain(..).for_each(|signal| {
            signal_hook::low_level::unregister(signal);
        });
        let mut meanings = MEANINGS.lock().unwrap_or_else(PoisonError::into_inner);
        meanings.listeners = meanings.listeners.saturating_sub(1);
        if meanings.listeners == 0 {
            meanings.all_usual(true);
        }
    }
}
