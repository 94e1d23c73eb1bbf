//! A network of datagrams in memory: it delays, loses and reorders them by a seed, and knows who is where.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use asif_daemon::Rng;
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};
use rand_core::{Rng as _, SeedableRng};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How bad the way is.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    /// Of a thousand datagrams so many are lost.
    pub(crate) loss: u64,
    /// How long one takes, in milliseconds, each for itself: so they overtake each other.
    pub(crate) delay_ms: Range<u64>,
}

impl Path {
    pub(crate) const CALM: Path = Path { loss: 0, delay_ms: 5..15 };
    pub(crate) const BAD: Path = Path { loss: 50, delay_ms: 20..200 };
}

/// The network. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Wire(Arc<Shared>);

struct Shared {
    inner: Mutex<Inner>,
    earlier: Notify,
}

struct Inner {
    rng: Rng,
    path: Path,
    places: Vec<Place>,
    on_way: BTreeMap<(Instant, u64), Datagram>,
    cut: BTreeSet<(usize, usize)>,
    carried: u64,
    lost: u64,
}

/// Where a machine is.
struct Place {
    address: SocketAddr,
    is_there: bool,
    inbox: VecDeque<(SocketAddr, Vec<u8>)>,
    waker: Option<Waker>,
}

struct Datagram {
    from: usize,
    source: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
}

impl Wire {
    /// Begins to carry, until the runtime ends.
    pub(crate) fn new(seed: u64) -> Self {
        let inner = Inner {
            rng: Rng::seed_from_u64(seed),
            path: Path::CALM,
            places: Vec::new(),
            on_way: BTreeMap::new(),
            cut: BTreeSet::new(),
            carried: 0,
            lost: 0,
        };
        let wire = Self(Arc::new(Shared { inner: Mutex::new(inner), earlier: Notify::new() }));
        let carrier = wire.clone();
        tokio::spawn(async move { carrier.carry().await });
        wire
    }

    /// A place on it for the next machine.
    pub(crate) fn plug(&self, address: SocketAddr) -> usize {
        let mut inner = self.lock();
        inner.places.push(Place { address, is_there: true, inbox: VecDeque::new(), waker: None });
        inner.places.len() - 1
    }

    pub(crate) fn socket(&self, at: usize) -> Arc<dyn AsyncUdpSocket> {
        Arc::new(Socket { wire: self.clone(), at })
    }

    pub(crate) fn set_path(&self, path: Path) {
        self.lock().path = path;
    }

    /// Gives a machine another address: what is on its way to the old one finds nobody.
    pub(crate) fn move_to(&self, at: usize, address: SocketAddr) {
        self.lock().places[at].address = address;
    }

    /// A machine has a network, or none.
    pub(crate) fn set_there(&self, at: usize, is_there: bool) {
        self.lock().places[at].is_there = is_there;
    }

    /// Nothing passes between two machines, or all does again.
    pub(crate) fn set_cut(&self, a: usize, b: usize, is_cut: bool) {
        let pair = (a.min(b), a.max(b));
        let mut inner = self.lock();
        let _ = if is_cut { inner.cut.insert(pair) } else { inner.cut.remove(&pair) };
    }

    /// Datagrams that were carried, and that were lost.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let inner = self.lock();
        (inner.carried, inner.lost)
    }

    async fn carry(&self) {
        loop {
            let next = self.lock().on_way.first_key_value().map(|((at, _), _)| *at);
            match next {
                None => self.0.earlier.notified().await,
                Some(at) => tokio::select! {
                    () = self.0.earlier.notified() => {}
                    () = sleep_until(at) => self.lock().deliver(),
                },
            }
        }
    }

    fn send(&self, from: usize, to: SocketAddr, bytes: &[u8]) {
        if self.lock().send(from, to, bytes) {
            self.0.earlier.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap()
    }
}

impl Inner {
    /// Whether it arrives before all that are on their way.
    fn send(&mut self, from: usize, to: SocketAddr, bytes: &[u8]) -> bool {
        let place = &self.places[from];
        let (source, is_there) = (place.address, place.is_there);
        if !is_there || self.rng.next_u64() % 1000 < self.path.loss {
            self.lost += 1;
            return false;
        }
        let Range { start, end } = self.path.delay_ms;
        let delay = Duration::from_micros(start * 1000 + self.rng.next_u64() % ((end - start) * 1000));
        let order = self.carried + self.on_way.len() as u64 + self.lost;
        let key = (Instant::now() + delay, order);
        self.on_way.insert(key, Datagram { from, source, to, bytes: bytes.to_vec() });
        self.on_way.first_key_value().is_some_and(|(first, _)| *first == key)
    }

    fn deliver(&mut self) {
        let now = Instant::now();
        while let Some(first) = self.on_way.first_entry().filter(|first| first.key().0 <= now) {
            let Datagram { from, source, to, bytes } = first.remove();
            let at = self.places.iter().position(|place| place.address == to && place.is_there);
            match at.filter(|at| !self.cut.contains(&(from.min(*at), from.max(*at)))) {
                Some(at) => {
                    self.carried += 1;
                    let place = &mut self.places[at];
                    place.inbox.push_back((source, bytes));
                    if let Some(waker) = place.waker.take() {
                        waker.wake();
                    }
                }
                None => self.lost += 1,
            }
        }
    }
}

/// A machine's socket: bound to no address of its own, as the daemon's is.
struct Socket {
    wire: Wire,
    at: usize,
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Socket({})", self.at)
    }
}

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(AlwaysWritable)
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let whole = transmit.segment_size.unwrap_or(transmit.contents.len()).max(1);
        for bytes in transmit.contents.chunks(whole) {
            self.wire.send(self.at, transmit.destination, bytes);
        }
        Ok(())
    }

    fn poll_recv(&self, cx: &mut Context<'_>, bufs: &mut [IoSliceMut<'_>], meta: &mut [RecvMeta]) -> Poll<io::Result<usize>> {
        let mut inner = self.wire.lock();
        let place = &mut inner.places[self.at];
        let mut count = 0;
        for (buf, meta) in bufs.iter_mut().zip(meta) {
            let Some((source, bytes)) = place.inbox.pop_front() else { break };
            buf[..bytes.len()].copy_from_slice(&bytes);
            *meta = RecvMeta { addr: source, len: bytes.len(), stride: bytes.len(), ecn: None, dst_ip: None };
            count += 1;
        }
        if count == 0 {
            place.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(count))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok((Ipv4Addr::UNSPECIFIED, 4433).into())
    }

    fn may_fragment(&self) -> bool {
        false
    }
}

#[derive(Debug)]
struct AlwaysWritable;

impl UdpPoller for AlwaysWritable {
    fn poll_writable(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
