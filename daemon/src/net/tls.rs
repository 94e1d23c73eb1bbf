//! How strict a handshake is: TLS 1.3, X25519MLKEM768 only, raw Ed25519 keys on both ends, nothing resumed, nothing named.

use std::sync::Arc;

use asif_proto::id::LinkKey;
use quinn::crypto::rustls::{NoInitialCipherSuite, QuicClientConfig, QuicServerConfig};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::gate::Gate;
use super::key::{LinkSecret, from_spki};

/// Application protocol on the wire, readable on the path: it names no product.
pub(super) const ALPN: &[u8] = b"peer/1";
/// What rustls wants to be told as the other end's name; it is never sent, and no verifier looks at it.
pub(super) const SERVER_NAME: &str = "peer";

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The link key or the provider was not accepted.
    #[error("rustls does not take the key or the provider")]
    Config(#[from] Error),
    /// The provider lacks the cipher suite that protects QUIC's first packets.
    #[error("the provider lacks the first cipher suite of QUIC")]
    Suite(#[from] NoInitialCipherSuite),
}

/// Our key and the provider: all that both directions need.
pub(super) struct Identity {
    certified: Arc<CertifiedKey>,
    provider: Arc<CryptoProvider>,
}

impl Identity {
    pub(super) fn new(secret: &LinkSecret) -> Result<Self, TlsError> {
        Ok(Self { certified: secret.certified()?, provider: Arc::new(provider()) })
    }

    /// Draws a first random byte, for which the provider gathers entropy: some 20 ms, once in a process, that the first handshake need not wait for.
    pub(super) fn gather(&self) -> impl FnOnce() + Send + 'static {
        let random = self.provider.secure_random;
        // What it cannot do now it tells a handshake.
        move || drop(random.fill(&mut [0]))
    }

    /// For links that come in: only keys that `gate` lets in pass.
    pub(super) fn server(&self, gate: Gate) -> Result<QuicServerConfig, TlsError> {
        let verifier = Arc::new(GateVerifier { gate, algorithms: self.provider.signature_verification_algorithms });
        let mut config = rustls::ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(Arc::clone(&self.certified))));
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.max_early_data_size = 0;
        Ok(QuicServerConfig::try_from(config)?)
    }

    /// For a link that is dialled: only `peer` passes, or any key if none is named. `shows`: another key than this one's.
    pub(super) fn client(&self, peer: Option<LinkKey>, shows: Option<&LinkSecret>) -> Result<QuicClientConfig, TlsError> {
        Ok(QuicClientConfig::try_from(self.client_tls(peer, shows)?)?)
    }

    pub(super) fn client_tls(&self, peer: Option<LinkKey>, shows: Option<&LinkSecret>) -> Result<rustls::ClientConfig, TlsError> {
        let certified = match shows {
            Some(secret) => secret.certified()?,
            None => Arc::clone(&self.certified),
        };
        let verifier = Arc::new(PeerVerifier { peer, algorithms: self.provider.signature_verification_algorithms });
        let mut config = rustls::ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(certified)));
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.enable_sni = false;
        config.enable_early_data = false;
        config.resumption = Resumption::disabled();
        Ok(config)
    }

    /// Shows the public half of `other` but signs with this key, to see it fail.
    #[cfg(test)]
    pub(super) fn with_public_half_of(mut self, other: &LinkSecret) -> Self {
        let cert = other.certified().expect("a key").cert.clone();
        self.certified = Arc::new(CertifiedKey::new(cert, Arc::clone(&self.certified.key)));
        self
    }

    /// The same key with other key exchange groups, to see them fail.
    #[cfg(test)]
    pub(super) fn with_groups(mut self, groups: Vec<&'static dyn rustls::crypto::SupportedKxGroup>) -> Self {
        self.provider = Arc::new(CryptoProvider { kx_groups: groups, ..provider() });
        self
    }
}

/// Built here and passed on explicitly: the process default is never read or set.
fn provider() -> CryptoProvider {
    CryptoProvider { kx_groups: vec![aws_lc_rs::kx_group::X25519MLKEM768], ..aws_lc_rs::default_provider() }
}

/// Lets in whom the gate lets in.
#[derive(Debug)]
struct GateVerifier {
    gate: Gate,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for GateVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let key = raw_key(end_entity, intermediates)?;
        self.gate.standing(&key).map(|_| ClientCertVerified::assertion()).ok_or_else(not_taken)
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(not_taken())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// Takes the one key that was dialled.
#[derive(Debug)]
struct PeerVerifier {
    peer: Option<LinkKey>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = raw_key(end_entity, intermediates)?;
        if self.peer.is_none_or(|peer| peer == key) { Ok(ServerCertVerified::assertion()) } else { Err(not_taken()) }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(not_taken())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

fn raw_key(end_entity: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> Result<LinkKey, Error> {
    if !intermediates.is_empty() {
        return Err(CertificateError::BadEncoding.into());
    }
    from_spki(end_entity).ok_or_else(|| CertificateError::BadEncoding.into())
}

fn verify_signature(
    message: &[u8],
    cert: &CertificateDer<'_>,
    dss: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    if dss.scheme != SignatureScheme::ED25519 {
        return Err(not_taken());
    }
    verify_tls13_signature_with_raw_key(message, &SubjectPublicKeyInfoDer::from(cert.as_ref()), dss, algorithms)
}

/// Becomes the alert `access_denied`.
fn not_taken() -> Error {
    CertificateError::ApplicationVerificationFailure.into()
}
