//! Asks the router, tells what came of it, and asks again when it is time.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::time::Duration;

use tokio::select;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::MappingEvent;
use super::ask::{Granted, NotMapped, Question};
use super::pace::Pace;
use super::router::Way;

/// Runs until nobody wants it any more, and takes back what was granted.
pub(super) async fn run<F>(port: u16, mut changes: watch::Receiver<u64>, events: mpsc::Sender<MappingEvent>, find: F, pace: Pace)
where
    F: Fn() -> Result<Way, NotMapped> + Clone + Send + 'static,
{
    let mut asker = Asker { port, find, pace, question: None, may_hold: false, outside: None, failures: 0, told: None, events };
    loop {
        let turn = async {
            let pause = asker.ask().await;
            sleep(pause).await;
        };
        select! {
            biased;
            changed = changes.changed() => match changed {
                Ok(()) => asker.failures = 0,
                Err(_) => break,
            },
            () = turn => {}
        }
    }
    if let Some(question) = asker.question.filter(|_| asker.may_hold) {
        question.take_back(pace.patience_at_the_end).await;
    }
}

/// Whatever it waits for may be broken off: what may have been granted by then is known.
struct Asker<F> {
    port: u16,
    find: F,
    pace: Pace,
    /// What was asked last.
    question: Option<Question>,
    /// It may have been granted.
    may_hold: bool,
    /// What was granted last, if the router is the same.
    outside: Option<SocketAddr>,
    failures: u32,
    told: Option<MappingEvent>,
    events: mpsc::Sender<MappingEvent>,
}

impl<F> Asker<F>
where
    F: Fn() -> Result<Way, NotMapped> + Clone + Send + 'static,
{
    /// Asks, and tells; says how long to wait before the next time.
    async fn ask(&mut self) -> Duration {
        let (event, pause) = match self.granted().await {
            Ok(granted) => {
                self.failures = 0;
                self.outside = Some(granted.outside);
                (MappingEvent::Mapped(granted.outside), self.pace.renews_after(granted.lifetime))
            }
            Err(why) => {
                self.failures = self.failures.saturating_add(1);
                (MappingEvent::Failed(why.to_string()), self.pace.tries_after(self.failures))
            }
        };
        if self.told.as_ref() != Some(&event) && self.events.send(event.clone()).await.is_ok() {
            match &event {
                MappingEvent::Mapped(address) => tracing::info!(%address, "the router passes on what comes for this machine"),
                MappingEvent::Failed(reason) => tracing::info!(%reason, "the router passes nothing on to this machine"),
            }
            self.told = Some(event);
        }
        pause
    }

    async fn granted(&mut self) -> Result<Granted, NotMapped> {
        let port = NonZeroU16::new(self.port).ok_or(NotMapped::NoPort)?;
        let found = tokio::task::spawn_blocking(self.find.clone()).await;
        let way = found.map_err(|error| NotMapped::Routes(error.to_string())).flatten()?;
        let question = match self.question.filter(|question| question.way() == way) {
            Some(question) => question,
            None => {
                // What another router granted, or this one to another address, is out of reach; it ends by itself.
                (self.outside, self.may_hold) = (None, false);
                Question::new(way, port)?
            }
        };
        self.question = Some(question);
        let held = std::mem::replace(&mut self.may_hold, true);
        let granted = question.ask(self.outside, self.pace.patience).await;
        self.may_hold = held || granted.is_ok();
        granted
    }
}
