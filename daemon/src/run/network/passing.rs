//! What the router passes on to this machine, as long as the person wants that and the network is open.

use std::net::SocketAddr;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::net::mapping::{Mapping, MappingEvent};

/// What came of asking and is not carried out yet.
const UNHEARD: usize = 4;

/// As above.
#[derive(Default)]
pub(super) struct Passing {
    wanted: bool,
    /// Where this machine listens, as long as it does.
    bound: Option<SocketAddr>,
    state: State,
    /// Where it is reached from outside.
    outside: Option<SocketAddr>,
}

#[derive(Default)]
enum State {
    #[default]
    Off,
    On(Mapping, mpsc::Receiver<MappingEvent>),
    /// What was granted is being taken back. Nothing is asked for before that is done: the router would hear of both in any order.
    Ending(JoinHandle<()>),
}

impl Passing {
    /// The person wants it from now on, or does not; whether that is new.
    pub(super) fn want(&mut self, wanted: bool) -> bool {
        let is_new = std::mem::replace(&mut self.wanted, wanted) != wanted;
        self.tend();
        is_new
    }

    /// This machine listens there from now on.
    pub(super) fn opened(&mut self, bound: SocketAddr) {
        self.bound = Some(bound);
        self.tend();
    }

    /// It listens no more. What was granted is taken back meanwhile.
    pub(super) fn closed(&mut self) {
        self.bound = None;
        self.tend();
    }

    /// The router may be another one.
    pub(super) fn look_again(&mut self) {
        if let State::On(mapping, _) = &mut self.state {
            mapping.changed();
        }
    }

    /// Where this machine is reached from outside, if it is.
    pub(super) fn outside(&self) -> Option<SocketAddr> {
        self.outside
    }

    /// Takes note of what came of it; whether this machine is reached from outside somewhere else now.
    pub(super) fn heard(&mut self, event: &MappingEvent) -> bool {
        let outside = match event {
            MappingEvent::Mapped(address) => Some(*address),
            MappingEvent::Failed(_) => None,
        };
        std::mem::replace(&mut self.outside, outside) != outside
    }

    /// What came of it next. May be dropped and called again.
    pub(super) async fn told(&mut self) -> MappingEvent {
        loop {
            match &mut self.state {
                State::On(_, events) => match events.recv().await {
                    Some(event) => return event,
                    None => return std::future::pending().await,
                },
                State::Ending(ended) => {
                    let _ = ended.await;
                    self.state = State::Off;
                    self.tend();
                }
                State::Off => return std::future::pending().await,
            }
        }
    }

    /// Waits until what was granted is taken back: two seconds at most.
    pub(super) async fn end(&mut self) {
        self.closed();
        if let State::Ending(ended) = std::mem::take(&mut self.state) {
            let _ = ended.await;
        }
    }

    fn tend(&mut self) {
        let port = self.bound.filter(|bound| self.wanted && is_behind_a_router(bound)).map(|bound| bound.port());
        match (std::mem::take(&mut self.state), port) {
            (State::Off, Some(port)) => {
                let (sender, events) = mpsc::channel(UNHEARD);
                self.state = State::On(Mapping::start(port, sender), events);
            }
            (State::On(mapping, _), None) => {
                self.outside = None;
                self.state = State::Ending(tokio::spawn(mapping.shutdown()));
            }
            (state, _) => self.state = state,
        }
    }
}

/// Whether packets that a router of IPv4 passes on could come in there.
fn is_behind_a_router(bound: &SocketAddr) -> bool {
    match bound {
        SocketAddr::V4(bound) => !bound.ip().is_loopback(),
        SocketAddr::V6(bound) => bound.ip().is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_on(passing: &Passing) -> bool {
        matches!(passing.state, State::On(..))
    }

    // Where nobody is asked: port 0 is refused before anything is sent.
    const OPEN: &str = "0.0.0.0:0";

    #[tokio::test]
    async fn nobody_is_asked_unless_it_is_wanted_and_the_network_is_open_to_others() {
        let mut passing = Passing::default();
        passing.opened(OPEN.parse().unwrap());
        assert!(!is_on(&passing), "off by default");
        assert!(passing.want(true) && is_on(&passing));
        assert!(!passing.want(true), "it is as it was");
        for (bound, is_asked) in [("127.0.0.1:0", false), ("[::1]:0", false), ("[2001:db8::1]:0", false), ("[::]:0", true), (OPEN, true)] {
            let mut passing = Passing::default();
            passing.want(true);
            passing.opened(bound.parse().unwrap());
            assert_eq!(is_on(&passing), is_asked, "{bound}");
            passing.end().await;
        }
    }

    #[tokio::test]
    async fn where_it_is_reached_from_outside_is_known_until_it_fails_or_is_not_wanted_any_more() {
        let mut passing = Passing::default();
        passing.want(true);
        passing.opened(OPEN.parse().unwrap());
        let outside: SocketAddr = "20.30.40.50:9".parse().unwrap();
        assert!(passing.heard(&MappingEvent::Mapped(outside)) && !passing.heard(&MappingEvent::Mapped(outside)));
        assert_eq!(passing.outside(), Some(outside));
        assert!(passing.heard(&MappingEvent::Failed("gone".into())) && !passing.heard(&MappingEvent::Failed("still".into())));
        assert_eq!(passing.outside(), None);
        passing.heard(&MappingEvent::Mapped(outside));
        passing.want(false);
        assert_eq!(passing.outside(), None);
        passing.end().await;
    }

    #[tokio::test]
    async fn what_is_wanted_again_while_it_ends_begins_anew_afterwards() {
        let mut passing = Passing::default();
        passing.want(true);
        passing.opened(OPEN.parse().unwrap());
        assert!(matches!(passing.told().await, MappingEvent::Failed(_)));
        assert!(passing.want(false) && !is_on(&passing));
        passing.want(true);
        assert!(!is_on(&passing), "the end comes first");
        assert!(matches!(passing.told().await, MappingEvent::Failed(_)));
        assert!(is_on(&passing));
        passing.end().await;
        assert!(!is_on(&passing));
    }
}
