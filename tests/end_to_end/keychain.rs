//! The key under a secret that the keychain of the system keeps. The keychain is a stand-in on a bus of the test's own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::json;
use zbus::{OwnedObjectPath, OwnedVariant, Variant};

use crate::bus::Bus;
use crate::harness::{Home, eventually, files_below, holds};

const PATH: &str = "/org/freedesktop/secrets";
const COLLECTION: &str = "/org/freedesktop/secrets/aliases/default";
const ITEM: &str = "/org/freedesktop/secrets/collection/one";
const PROMPT: &str = "/org/freedesktop/secrets/prompt/one";

/// What the keychain holds and how it is.
#[derive(Default)]
struct State {
    attributes: HashMap<String, String>,
    secret: Option<Vec<u8>>,
    locked: bool,
    /// Its user does not want to.
    declines: bool,
    prompts: u32,
}

type Shared = Arc<Mutex<State>>;
struct Service(Shared);
struct Collection(Shared);
struct Item(Shared);
struct Prompt(Shared);

fn path(text: &str) -> OwnedObjectPath {
    OwnedObjectPath::try_from(text).unwrap()
}

#[zbus::interface(name = "org.freedesktop.Secret.Service")]
impl Service {
    fn open_session(&self, algorithm: String, _input: OwnedVariant) -> (OwnedVariant, OwnedObjectPath) {
        assert_eq!(algorithm, "plain");
        (OwnedVariant::try_from(Variant::from("")).unwrap(), path("/org/freedesktop/secrets/session/one"))
    }

    fn search_items(&self, attributes: HashMap<String, String>) -> (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) {
        let state = self.0.lock().unwrap();
        let found: Vec<_> = (state.secret.is_some() && state.attributes == attributes).then(|| path(ITEM)).into_iter().collect();
        if state.locked { (vec![], found) } else { (found, vec![]) }
    }

    fn unlock(&self, what: Vec<OwnedObjectPath>) -> (Vec<OwnedObjectPath>, OwnedObjectPath) {
        if self.0.lock().unwrap().locked { (vec![], path(PROMPT)) } else { (what, path("/")) }
    }
}

#[zbus::interface(name = "org.freedesktop.Secret.Collection")]
impl Collection {
    fn create_item(
        &self,
        properties: HashMap<String, OwnedVariant>,
        secret: (OwnedObjectPath, Vec<u8>, Vec<u8>, String),
        _replace: bool,
    ) -> (OwnedObjectPath, OwnedObjectPath) {
        let attributes = properties["org.freedesktop.Secret.Item.Attributes"].clone();
        let mut state = self.0.lock().unwrap();
        (state.attributes, state.secret) = (attributes.try_into().unwrap(), Some(secret.2));
        (path(ITEM), path("/"))
    }
}

#[zbus::interface(name = "org.freedesktop.Secret.Item")]
impl Item {
    fn get_secret(&self, session: OwnedObjectPath) -> ((OwnedObjectPath, Vec<u8>, Vec<u8>, String),) {
        ((session, vec![], self.0.lock().unwrap().secret.clone().unwrap(), "application/octet-stream".into()),)
    }

    fn delete(&self) -> OwnedObjectPath {
        self.0.lock().unwrap().secret = None;
        path("/")
    }
}

#[zbus::interface(name = "org.freedesktop.Secret.Prompt")]
impl Prompt {
    async fn prompt(&self, _window: String, #[zbus(signal_emitter)] emitter: zbus::object_server::SignalEmitter<'_>) {
        let declines = {
            let mut state = self.0.lock().unwrap();
            state.prompts += 1;
            state.locked &= state.declines;
            state.declines
        };
        Self::completed(&emitter, declines, OwnedVariant::try_from(Variant::from("")).unwrap()).await.unwrap();
    }

    #[zbus(signal)]
    async fn completed(emitter: &zbus::object_server::SignalEmitter<'_>, dismissed: bool, result: OwnedVariant) -> zbus::Result<()>;
}

/// A bus with a keychain on it.
struct Keychain {
    state: Shared,
    connection: zbus::Connection,
    runtime: tokio::runtime::Runtime,
    _bus: Bus,
}

impl Keychain {
    fn of(home: &mut Home) -> Option<Self> {
        let bus = Bus::start(home)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let state = Shared::default();
        let connection = eventually("the bus is there", || {
            let builder = zbus::connection::Builder::address(bus.address.as_str());
            let builder = builder.serve_at(PATH, Service(state.clone())).serve_at(COLLECTION, Collection(state.clone()));
            let builder = builder.serve_at(ITEM, Item(state.clone())).serve_at(PROMPT, Prompt(state.clone()));
            runtime.block_on(builder.name("org.freedesktop.secrets").build()).ok()
        });
        home.env.retain(|(name, _)| *name != "DBUS_SESSION_BUS_ADDRESS");
        home.env.push(("DBUS_SESSION_BUS_ADDRESS", bus.address.clone()));
        Some(Self { state, connection, runtime, _bus: bus })
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }

    /// It is gone from the bus, or there again.
    fn is_there(&self, there: bool) {
        let name = "org.freedesktop.secrets";
        self.runtime.block_on(async {
            match there {
                true => self.connection.request_name(name).await.unwrap(),
                false => drop(self.connection.release_name(name).await.unwrap()),
            }
        });
    }
}

#[test]
fn the_keychain_opens_the_journal_at_a_start_and_never_holds_one_up() {
    let mut home = Home::new();
    let Some(keychain) = Keychain::of(&mut home) else { return };
    home.ok(&["init", "--no-input", "--name", "Robin", "--device", "laptop"]);
    home.run_with(&["note", "-"], b"a").exits(0);
    let told = home.ok(&["lock", "keychain"]).stdout;
    assert!(told.contains("it opens with your login") && told.contains("recovery kit"), "{told}");
    assert_eq!(home.json(&["lock", "keychain"])["keychain"], json!(true));
    assert_eq!(home.json(&["status"])["vault"], "keychain");
    let secret = keychain.state.lock().unwrap().secret.clone().unwrap();
    home.kill();
    assert!(files_below(&home.path()).iter().all(|(_, bytes)| !holds(bytes, &secret)), "the secret is in no file");
    // Whoever asks for something just then waits for the keychain.
    assert_eq!(home.notes(), ["a"]);
    assert_eq!(keychain.state.lock().unwrap().prompts, 0, "nobody was asked");
    // Locked on purpose it stays so, also where the keychain would open it.
    home.ok(&["lock", "now"]);
    home.refuses(5, &["list"]);
    home.run_with(&["note", "-"], b"b").exits(0);
    home.ok(&["unlock"]);
    assert_eq!(home.notes(), ["a", "b"]);
    // A keychain that is locked asks its user once somebody opens the journal, and not before.
    home.stop();
    keychain.set(|state| (state.locked, state.declines) = (true, true));
    home.refuses(5, &["list"]);
    assert_eq!(keychain.state.lock().unwrap().prompts, 0);
    home.refuses(5, &["unlock"]).says(&["was not opened"]);
    keychain.set(|state| (state.declines, state.prompts) = (false, 0));
    home.ok(&["unlock"]);
    assert_eq!((home.notes(), keychain.state.lock().unwrap().prompts), (vec!["a".to_owned(), "b".to_owned()], 1));
    // One that is gone, or has lost the secret, keeps it locked, and the start goes on.
    home.stop();
    keychain.is_there(false);
    home.refuses(5, &["list"]);
    assert!(home.ok(&["crisis"]).stdout.contains("116 123"));
    home.refuses(5, &["unlock"]).says(&["no keychain answers", "recovery-kit restore"]);
    keychain.is_there(true);
    keychain.set(|state| state.secret = None);
    home.refuses(5, &["unlock"]).says(&["does not have the secret any more"]);
    keychain.set(|state| state.secret = Some(vec![1; 32]));
    home.refuses(5, &["unlock"]).says(&["does not open"]);
    keychain.set(|state| state.secret = Some(secret.clone()));
    home.ok(&["unlock"]);
    // Taken off, the key lies beside the journal again, and the keychain has nothing.
    let told = home.ok(&["lock", "keychain", "--remove"]).stdout;
    assert!(told.contains("whoever can read your files"), "{told}");
    eventually("the keychain has forgotten it", || keychain.state.lock().unwrap().secret.is_none().then_some(()));
    home.kill();
    assert_eq!(home.notes(), ["a", "b"]);
}

#[test]
fn the_keychain_and_a_passphrase_take_turns() {
    let mut home = Home::new();
    let Some(keychain) = Keychain::of(&mut home) else { return };
    home.refuses(7, &["lock", "keychain"]).says(&["asif init"]);
    home.ok(&["init", "--no-input", "--name", "Robin"]);
    keychain.is_there(false);
    home.refuses(7, &["lock", "keychain"]).says(&["no keychain answers"]);
    keychain.is_there(true);
    assert_eq!(home.json(&["status"])["vault"], "key file", "nothing was changed");
    home.ok(&["lock", "keychain"]);
    // A passphrase takes its place; what the keychain kept is not needed any more.
    home.run_with(&["lock", "passphrase", "--fd", "0"], b"correct horse battery").exits(0);
    assert_eq!(home.json(&["status"])["vault"], "passphrase");
    eventually("the keychain has forgotten it", || keychain.state.lock().unwrap().secret.is_none().then_some(()));
    home.refuses(7, &["lock", "keychain"]).says(&["asif lock passphrase --remove"]);
    home.kill();
    home.refuses(5, &["list"]);
    home.run_with(&["unlock", "--fd", "0"], b"correct horse battery").exits(0);
    assert_eq!(home.list().len(), 0);
}
