//! What is written while the journal is locked: sealed for this device itself, and for the recovery kit, so that nothing here opens it until then.
//!
//! ```text
//! dropped    version u8 = 1 · postcard([`Sealed`])
//! box        HPKE of the key of this one, info "asif dropped v1"
//! sealed     XChaCha20-Poly1305(key, aad = "asif dropped v1", Padme(bytes))
//! ```

use asif_proto::frame;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::keys::{KEY_LEN, SealingSeed};
use super::{hpke, padding};
use crate::Rng;

const VERSION: u8 = 1;
const LABEL: &[u8] = b"asif dropped v1";

#[derive(Serialize, Deserialize)]
struct Sealed {
    boxes: Vec<Vec<u8>>,
    nonce: [u8; 24],
    sealed: Vec<u8>,
}

/// Seals `plain` for each holder of these public sealing keys; none where none of them is a key.
pub fn seal(publics: &[&[u8]], plain: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    rng.fill_bytes(&mut *key);
    let boxes: Vec<_> = publics.iter().filter_map(|public| hpke::seal(public, LABEL, &*key, rng).ok()).collect();
    let mut nonce = [0; 24];
    rng.fill_bytes(&mut nonce);
    let padded = Zeroizing::new(padding::pad(plain));
    let cipher = XChaCha20Poly1305::new((&*key).into());
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: &padded, aad: LABEL }).ok()?;
    let encoded = frame::encode(&Sealed { boxes, nonce, sealed });
    Some([&[VERSION][..], &encoded].concat())
}

/// Opens what was sealed for any of these holders.
pub fn open<'a>(holders: impl IntoIterator<Item = &'a SealingSeed>, bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (version, encoded) = bytes.split_first()?;
    let Sealed { boxes, nonce, sealed } = (*version == VERSION).then(|| frame::decode(encoded)).flatten()?;
    let opened = holders.into_iter().find_map(|holder| boxes.iter().find_map(|one| hpke::open(holder, LABEL, one).ok()))?;
    let key = Zeroizing::new(<[u8; KEY_LEN]>::try_from(Zeroizing::new(opened).as_slice()).ok()?);
    let cipher = XChaCha20Poly1305::new((&*key).into());
    let padded = Zeroizing::new(cipher.decrypt(&XNonce::from(nonce), Payload { msg: &sealed, aad: LABEL }).ok()?);
    padding::unpad(&padded).ok().map(|plain| Zeroizing::new(plain.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    #[test]
    fn each_of_its_holders_opens_it_and_nobody_else() {
        let mut rng = Rng::seed_from_u64(3);
        let [device, kit, other] = [0; 3].map(|_| SealingSeed::random(&mut rng));
        let (device_key, kit_key) = (device.public(), kit.public());
        let bytes = seal(&[&device_key, &kit_key], b"cried a bit, then ate", &mut rng).unwrap();
        assert!(!bytes.windows(5).any(|some| some == b"cried"));
        for holder in [&device, &kit] {
            assert_eq!(open([holder], &bytes).unwrap().as_slice(), b"cried a bit, then ate");
        }
        assert!(open([&other], &bytes).is_none() && open([&other, &kit], &bytes).is_some());
        let bytes = seal(&[&device_key], b"cried a bit, then ate", &mut rng).unwrap();
        for at in (0..bytes.len()).step_by(7) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(open([&device], &changed).is_none(), "byte {at}");
        }
    }
}
