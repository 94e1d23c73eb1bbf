//! Several attempts at one thing, begun one after the other, of which the first that succeeds counts (RFC 8305, section 5).
//!
//! ```text
//! 0 ms     first  ───────────────────────────────╳ too slow
//! 250 ms           second  ───╳ fails
//! 390 ms                      third, at once  ───── succeeds: the first is dropped
//! ```

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::select;
use tokio::time::{sleep, timeout};

/// How long an attempt has the field for itself before the next begins.
pub(super) const HEAD_START: Duration = Duration::from_millis(250);

/// Attempts `each` of `places` in order, [`HEAD_START`] apart or at once when one fails, for at most `limit` each, and gives what the first
/// that succeeds gives; the others are dropped. Each failure goes to `failed`, `slow` being the one of who lets the limit pass.
///
/// `None`: all have failed. Runs within the caller's task, so dropping it drops every attempt.
pub(super) async fn race<P: Copy, T, E: Copy, F: Future<Output = Result<T, E>>>(
    places: impl IntoIterator<Item = P>,
    limit: Duration,
    slow: E,
    mut each: impl FnMut(P) -> F,
    mut failed: impl FnMut(P, E),
) -> Option<T> {
    let mut waiting = places.into_iter().peekable();
    let mut running = Running::default();
    loop {
        match waiting.next() {
            Some(place) => running.begin(place, timeout(limit, each(place))),
            None if running.is_empty() => return None,
            None => {}
        }
        let is_last = waiting.peek().is_none();
        loop {
            let (place, ended) = select! {
                biased;
                ended = running.next() => ended,
                () = sleep(HEAD_START), if !is_last => break,
            };
            match ended.unwrap_or(Err(slow)) {
                Ok(won) => return Some(won),
                Err(error) => failed(place, error),
            }
            if !is_last || running.is_empty() {
                break;
            }
        }
    }
}

/// Futures that run side by side in one task: so few that all are looked at whenever one of them stirs.
struct Running<P, F>(Vec<(P, Pin<Box<F>>)>);

impl<P, F> Default for Running<P, F> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<P: Copy, F: Future> Running<P, F> {
    fn begin(&mut self, place: P, future: F) {
        self.0.push((place, Box::pin(future)));
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next that ends; waits for ever where none runs.
    async fn next(&mut self) -> (P, F::Output) {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<(P, F::Output)> {
        let ended = self.0.iter_mut().enumerate().find_map(|(at, (place, future))| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Some((at, *place, output)),
            Poll::Pending => None,
        });
        match ended {
            Some((at, place, output)) => {
                drop(self.0.remove(at));
                Poll::Ready((place, output))
            }
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use tokio::time::Instant;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    /// What an attempt does.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Does {
        Succeeds(u64),
        Fails(u64),
        IsSilent,
    }

    /// What came of a race on virtual time.
    #[derive(Debug, Default)]
    struct Told {
        won: Option<usize>,
        took: u64,
        began: Vec<u64>,
        failed: Vec<(usize, &'static str)>,
        dropped: usize,
    }

    struct Counted<'a>(&'a Cell<usize>);

    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    async fn run(field: &[Does]) -> Told {
        let start = Instant::now();
        let millis = || u64::try_from(start.elapsed().as_millis()).unwrap();
        let (began, failed, dropped) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()), Cell::new(0));
        let each = |at: usize| {
            began.borrow_mut().push(millis());
            let counted = Counted(&dropped);
            async move {
                let _counted = counted;
                match field[at] {
                    Does::Succeeds(after) => {
                        sleep(Duration::from_millis(after)).await;
                        Ok(at)
                    }
                    Does::Fails(after) => {
                        sleep(Duration::from_millis(after)).await;
                        Err("failed")
                    }
                    Does::IsSilent => std::future::pending().await,
                }
            }
        };
        let won = race(0..field.len(), LIMIT, "slow", each, |at, error| failed.borrow_mut().push((at, error))).await;
        let took = millis();
        Told { won, took, began: began.take(), failed: failed.take(), dropped: dropped.get() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_place_first_costs_a_head_start() {
        let told = run(&[Does::IsSilent, Does::IsSilent, Does::Succeeds(20)]).await;
        assert_eq!((told.won, told.took), (Some(2), 520));
        assert_eq!((told.began, told.failed, told.dropped), (vec![0, 250, 500], vec![], 3));
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_begins_at_once_when_one_fails_and_whoever_is_slower_stays_in() {
        let told = run(&[Does::Succeeds(600), Does::Fails(100), Does::Fails(0), Does::IsSilent]).await;
        assert_eq!((told.won, told.took), (Some(0), 600));
        assert_eq!((told.began, told.failed), (vec![0, 250, 350, 350], vec![(1, "failed"), (2, "failed")]));
        assert_eq!(told.dropped, 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_quick_first_is_alone() {
        let told = run(&[Does::Succeeds(249), Does::Succeeds(0)]).await;
        assert_eq!((told.won, told.took, told.began), (Some(0), 249, vec![0]));
    }

    #[tokio::test(start_paused = true)]
    async fn each_has_its_own_limit_and_all_are_told() {
        let told = run(&[Does::IsSilent, Does::Fails(1000), Does::IsSilent]).await;
        assert_eq!((told.won, told.took, told.began), (None, 5500, vec![0, 250, 500]));
        assert_eq!(told.failed, vec![(1, "failed"), (0, "slow"), (2, "slow")]);
        let none = run(&[]).await;
        assert_eq!((none.won, none.took), (None, 0));
    }
}
