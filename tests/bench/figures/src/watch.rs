//! How long a daemon leaves a question unanswered while it does something else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use asif_proto::local::Request;

use crate::Refusal;
use crate::home::Home;
use crate::socket::Socket;

/// Between two questions, so that they do not take the daemon's time.
const PAUSE: Duration = Duration::from_millis(5);

/// Does something, and says for each of these homes the longest that a question which costs nothing waited meanwhile.
pub(crate) fn during<T>(homes: &[&Home<'_>], step: impl FnOnce() -> Result<T, Refusal>) -> Result<(T, Vec<Duration>), Refusal> {
    let over = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watches: Vec<_> = homes
            .iter()
            .map(|home| {
                let mut socket = Socket::open(&home.socket())?;
                Ok(scope.spawn(move || longest_wait(&mut socket, over).map_err(|error| error.to_string())))
            })
            .collect::<Result<_, Refusal>>()
            .inspect_err(|_| over.store(true, Ordering::Relaxed))?;
        let result = step();
        over.store(true, Ordering::Relaxed);
        let waits: Result<Vec<_>, Refusal> = watches.into_iter().map(|watch| Ok(watch.join().map_err(|_| "a watch ended")??)).collect();
        Ok((result?, waits?))
    })
}

fn longest_wait(socket: &mut Socket, over: &AtomicBool) -> Result<Duration, Refusal> {
    let mut longest = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let start = Instant::now();
        // A helper's home has no journal at first and says so: that is an answer too.
        socket.answer(Request::Status)?;
        longest = longest.max(start.elapsed());
        std::thread::sleep(PAUSE);
    }
    Ok(longest)
}
