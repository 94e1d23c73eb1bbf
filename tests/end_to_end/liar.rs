//! A device that the victim knows, or a stranger, that speaks real QUIC and keeps to none of our rules.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use asif_daemon::Rng;
use asif_daemon::people::epoch;
use asif_daemon::people::registry::Registry;
use asif_daemon::people::space::Space;
use asif_daemon::people::statement::Epoch;
use asif_daemon::run::shelf::Shelf;
use asif_daemon::seal::body::{Birth, Body};
use asif_daemon::seal::entry::{self, Place};
use asif_daemon::seal::keys::{LinkSeed, ReadKey, VaultKey};
use asif_daemon::seal::vault::Vault;
use asif_daemon::seal::wire::Wire;
use asif_daemon::store::RealDisk;
use asif_proto::frame::Frame;
use asif_proto::id::{Link, LogId};
use asif_proto::peer::{Blob, Entries, Hello, Message, Sealed};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{Connection, Endpoint, SendStream};
use rand_core::SeedableRng;
use rustls::client::AlwaysResolvesClientRawPublicKeys;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::harness::{Home, SOON};

/// What a home that was stopped holds, opened with its own keys.
pub(crate) struct Taken {
    pub(crate) vault: Vault,
    pub(crate) registry: Registry,
}

impl Taken {
    pub(crate) fn from(home: &Home) -> Self {
        let (_, found) = Shelf::open(Arc::new(RealDisk::new()), &home.data()).unwrap();
        let (vault, key) = found.vault.unwrap();
        let mut registry = Registry::default();
        registry.load(found.statements.into_iter()).unwrap();
        Self { vault: Vault::open(&VaultKey::from_file(&key).unwrap(), &vault).unwrap(), registry }
    }

    /// The epoch of the journal, with its key.
    pub(crate) fn journal(&self) -> (Epoch, ReadKey) {
        let epoch = self.registry.all_epochs().find(|epoch| matches!(epoch.space, Space::Journal { .. })).unwrap().clone();
        let keys = epoch::read_box(&epoch, self.vault.device(), &self.vault.sealing).unwrap();
        (epoch, keys.read)
    }

    /// The epoch of what this person gives to a client, with its key.
    pub(crate) fn feedback(&self) -> (Epoch, ReadKey) {
        let epoch = self.registry.all_epochs().find(|epoch| matches!(epoch.space, Space::Feedback { .. })).unwrap().clone();
        let keys = epoch::read_box(&epoch, self.vault.device(), &self.vault.sealing).unwrap();
        (epoch, keys.read)
    }

    /// A run of a new log of this device: its birth and these bodies, well signed, from entry `from` on.
    pub(crate) fn run(&self, log: LogId, bodies: &[Body], from: usize) -> Message {
        self.run_in(self.journal(), log, bodies, from)
    }

    /// As [`Taken::run`], in this epoch.
    pub(crate) fn run_in(&self, (epoch, key): (Epoch, ReadKey), log: LogId, bodies: &[Body], from: usize) -> Message {
        let (before, entries) = self.seal(&epoch, &key, log, bodies, from);
        Message::Entries(Entries { queue: epoch.queue(), key: epoch.key, log, before, entries })
    }

    /// As [`Taken::run_in`], in messages of so many entries each.
    pub(crate) fn runs_in(&self, (epoch, key): (Epoch, ReadKey), log: LogId, bodies: &[Body], each: usize) -> Vec<Message> {
        let (mut before, entries) = self.seal(&epoch, &key, log, bodies, 0);
        let run = |some: &[Sealed]| {
            let message = Message::Entries(Entries { queue: epoch.queue(), key: epoch.key, log, before, entries: some.to_vec() });
            for one in some {
                let Sealed::Entry(bytes) = one else { unreachable!() };
                before = Wire::entry(bytes.0.clone()).unwrap().link(&before);
            }
            message
        };
        entries.chunks(each).map(run).collect()
    }

    /// The link before entry `from`, and what follows.
    fn seal(&self, epoch: &Epoch, key: &ReadKey, log: LogId, bodies: &[Body], from: usize) -> (Link, Vec<Sealed>) {
        let birth = Body::Birth(Birth { device: self.vault.device(), space: epoch.space.id(), key: epoch.key, continues: None });
        let (mut previous, mut before, mut entries) = (Link::ZERO, Link::ZERO, Vec::new());
        for (at, body) in std::iter::once(&birth).chain(bodies).enumerate() {
            let place = Place { space: epoch.space.id(), log, seq: at as u64 + 1, previous };
            let rng = &mut Rng::seed_from_u64(at as u64);
            let wire = entry::seal(key, &self.vault.signing, &place, &body.to_frame().to_bytes(), rng).unwrap();
            if at < from {
                before = wire.link(&previous);
            } else {
                entries.push(Sealed::Entry(Blob(wire.bytes().to_vec())));
            }
            previous = wire.link(&previous);
        }
        (before, entries)
    }
}

/// A connection, and the control stream.
pub(crate) struct Liar {
    pub(crate) runtime: Runtime,
    _endpoint: Endpoint,
    pub(crate) connection: Connection,
    pub(crate) control: SendStream,
}

impl Liar {
    /// Connects with the key of a link to `address`, and opens the control stream without a word.
    pub(crate) fn connect(link: &LinkSeed, address: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (endpoint, connection, control) = runtime.block_on(async {
            let endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
            let connecting = endpoint.connect_with(client(link), address, "peer").unwrap();
            let connection = timeout(SOON, connecting).await.unwrap().unwrap();
            let (control, _) = connection.open_bi().await.unwrap();
            (endpoint, connection, control)
        });
        Self { runtime, _endpoint: endpoint, connection, control }
    }

    /// Connects and says hello, as a device that has nothing.
    pub(crate) fn hello(link: &LinkSeed, address: SocketAddr) -> Self {
        let mut liar = Self::connect(link, address);
        liar.say(&hello());
        liar
    }

    pub(crate) fn say(&mut self, message: &Message) {
        assert!(self.write(&message.to_frame().to_bytes()), "the link is there");
    }

    /// Writes to the control stream; false when it is not taken any more.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> bool {
        let write = self.control.write_all(bytes);
        self.runtime.block_on(async { timeout(Duration::from_secs(20), write).await }).is_ok_and(|written| written.is_ok())
    }

    /// Opens a stream of its own and writes to it as much as is taken at once.
    pub(crate) fn pour(&mut self, bytes: &[u8]) -> usize {
        let connection = self.connection.clone();
        self.runtime.block_on(async {
            let Ok(Ok(mut stream)) = timeout(Duration::from_millis(300), connection.open_uni()).await else { return 0 };
            let mut written = 0;
            while written < bytes.len() {
                match timeout(Duration::from_millis(300), stream.write(&bytes[written..])).await {
                    Ok(Ok(more)) => written += more,
                    _ => break,
                }
            }
            // Dropping it would reset it.
            std::mem::forget(stream);
            written
        })
    }

    /// The word with which the other end closes the link.
    pub(crate) fn closed(&self) -> String {
        let connection = self.connection.clone();
        match self.runtime.block_on(async { timeout(SOON, connection.closed()).await }).expect("it is closed") {
            quinn::ConnectionError::ApplicationClosed(close) => String::from_utf8_lossy(&close.reason).into_owned(),
            other => other.to_string(),
        }
    }
}

pub(crate) fn hello() -> Message {
    Message::Hello(Hello { min: 1, max: 1, start: [7; 8], digest: [9; 16], listen: vec![] })
}

/// Frames of one kind, as they go over the wire.
pub(crate) fn frame(kind: u16, len: usize) -> Vec<u8> {
    Frame::new(kind, vec![0; len]).to_bytes()
}

/// A client that shows the key of a link and takes any.
pub(crate) fn client(link: &LinkSeed) -> quinn::ClientConfig {
    let pkcs8 =
        [&[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20], &link.danger_bytes()[..]];
    let pkcs8 = pkcs8.concat();
    let signer = aws_lc_rs::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8.as_slice())).unwrap();
    let spki = [&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00], &link.public().0[..]].concat();
    let certified = Arc::new(CertifiedKey::new(vec![CertificateDer::from(spki)], signer));
    let groups = vec![aws_lc_rs::kx_group::X25519MLKEM768];
    let provider = Arc::new(CryptoProvider { kx_groups: groups, ..aws_lc_rs::default_provider() });
    let mut tls = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(certified)));
    tls.alpn_protocols = vec![b"peer/1".to_vec()];
    tls.enable_sni = false;
    quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()))
}

#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
