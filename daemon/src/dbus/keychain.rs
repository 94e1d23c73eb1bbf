//! The keychain of the system: the Secret Service on the session bus (org.freedesktop.secrets, Secret Service API Specification 0.2).
//!
//! The secret goes over the socket of the bus as it is (session algorithm `plain`): whoever can listen there can ask the keychain, too. Nothing waits for
//! an answer, and none is awaited for ever. Unless somebody is there who asked, no window is opened.

use std::collections::HashMap;
use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use zbus::message::Type;
use zbus::{Connection, MatchRule, MessageStream, ObjectPath, OwnedObjectPath, OwnedVariant, Variant};
use zeroize::Zeroizing;

use super::aside::Aside;

const SERVICE: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
const COLLECTION: &str = "/org/freedesktop/secrets/aliases/default";
const OF_SERVICE: &str = "org.freedesktop.Secret.Service";
const OF_COLLECTION: &str = "org.freedesktop.Secret.Collection";
const OF_ITEM: &str = "org.freedesktop.Secret.Item";
const OF_PROMPT: &str = "org.freedesktop.Secret.Prompt";
/// What the keychain shows of it.
const LABEL: &str = "asif";
/// The longest that it is waited for: by itself, and where its user is asked something.
const LIMIT: Duration = Duration::from_secs(5);
const ASKED: Duration = Duration::from_secs(120);

/// Why it did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum NoKeychain {
    /// No bus, or one of another machine.
    #[error("there is no session bus")]
    NoBus,
    /// A bus without a keychain, or one that refuses.
    #[error("no keychain answers on the session bus, or not as it should ({0})")]
    Bus(#[from] zbus::Error),
    /// It has no such secret.
    #[error("the keychain does not have the secret any more")]
    Missing,
    /// It is locked, and nobody is there to open it.
    #[error("the keychain is locked")]
    Locked,
    /// Its user did not want to.
    #[error("the keychain was not opened")]
    Dismissed,
    /// It took too long.
    #[error("the keychain did not answer in time")]
    Silent,
}

/// The secret.
pub type Secret = Zeroizing<Vec<u8>>;

/// What is asked of it.
pub enum Wanted {
    /// To keep a secret, by its id.
    Keep([u8; 16], Secret),
    /// To give it. Whether its user may be asked to open the keychain.
    Give([u8; 16], bool),
    /// To forget it.
    Forget([u8; 16]),
}

/// What came of it: by the number under which it was asked, the secret where it was to be given.
#[derive(Debug)]
pub struct Told {
    /// Under which number.
    pub number: u64,
    /// As above.
    pub outcome: Result<Option<Secret>, NoKeychain>,
}

/// The keychain, if there is one.
#[derive(Debug, Default)]
pub struct Keychain(Aside<Told>);

impl Keychain {
    /// Asks it, under a number.
    pub fn ask(&mut self, number: u64, wanted: Wanted) {
        self.0.begin(async move {
            let limit = if matches!(wanted, Wanted::Give(_, false)) { LIMIT } else { ASKED };
            let outcome = tokio::time::timeout(limit, carry_out(wanted)).await.unwrap_or(Err(NoKeychain::Silent));
            Told { number, outcome }
        });
    }

    /// The next answer.
    pub async fn told(&mut self) -> Option<Told> {
        self.0.told().await
    }

    /// Ends what is under way.
    pub async fn shutdown(self) {
        self.0.shutdown().await;
    }
}

async fn carry_out(wanted: Wanted) -> Result<Option<Secret>, NoKeychain> {
    let address = super::session_address().ok_or(NoKeychain::NoBus)?;
    let bus = zbus::connection::Builder::address(address.as_str()).build().await.map_err(|_| NoKeychain::NoBus)?;
    match wanted {
        Wanted::Keep(id, secret) => keep(&bus, id, &secret).await.map(|()| None),
        Wanted::Give(id, may_ask) => give(&bus, id, may_ask).await.map(Some),
        Wanted::Forget(id) => forget(&bus, id).await.map(|()| None),
    }
}

async fn keep(bus: &Connection, id: [u8; 16], secret: &[u8]) -> Result<(), NoKeychain> {
    let session = session(bus).await?;
    open(bus, ObjectPath::try_from(COLLECTION)?, true).await?;
    let attributes = attributes(id);
    let properties = HashMap::from([
        ("org.freedesktop.Secret.Item.Label", Variant::from(LABEL)),
        ("org.freedesktop.Secret.Item.Attributes", Variant::from(attributes)),
    ]);
    let item = (session, Vec::<u8>::new(), secret, "application/octet-stream");
    let answer = bus.call_method(Some(SERVICE), COLLECTION, Some(OF_COLLECTION), "CreateItem", &(properties, item, true)).await?;
    let (_, prompt): (OwnedObjectPath, OwnedObjectPath) = answer.body().deserialize()?;
    asked(bus, prompt, true).await
}

async fn give(bus: &Connection, id: [u8; 16], may_ask: bool) -> Result<Secret, NoKeychain> {
    let session = session(bus).await?;
    let (open_ones, locked) = search(bus, id).await?;
    let item = match (open_ones.into_iter().next(), locked.into_iter().next()) {
        (Some(item), _) => item,
        (None, Some(item)) => {
            open(bus, item.clone().into(), may_ask).await?;
            item
        }
        (None, None) => return Err(NoKeychain::Missing),
    };
    let answer = bus.call_method(Some(SERVICE), &*item, Some(OF_ITEM), "GetSecret", &(session,)).await?;
    let ((_, _, secret, _),): ((OwnedObjectPath, Vec<u8>, Vec<u8>, String),) = answer.body().deserialize()?;
    Ok(Zeroizing::new(secret))
}

async fn forget(bus: &Connection, id: [u8; 16]) -> Result<(), NoKeychain> {
    let (open_ones, locked) = search(bus, id).await?;
    for item in open_ones.into_iter().chain(locked) {
        let answer = bus.call_method(Some(SERVICE), &*item, Some(OF_ITEM), "Delete", &()).await?;
        asked(bus, answer.body().deserialize()?, true).await?;
    }
    Ok(())
}

fn attributes(id: [u8; 16]) -> HashMap<&'static str, String> {
    HashMap::from([("application", "asifd".to_owned()), ("journal", id.iter().map(|byte| format!("{byte:02x}")).collect())])
}

async fn session(bus: &Connection) -> Result<OwnedObjectPath, NoKeychain> {
    let answer = bus.call_method(Some(SERVICE), PATH, Some(OF_SERVICE), "OpenSession", &("plain", Variant::from(""))).await?;
    let (_, session): (OwnedVariant, OwnedObjectPath) = answer.body().deserialize()?;
    Ok(session)
}

async fn search(bus: &Connection, id: [u8; 16]) -> Result<(Vec<OwnedObjectPath>, Vec<OwnedObjectPath>), NoKeychain> {
    let answer = bus.call_method(Some(SERVICE), PATH, Some(OF_SERVICE), "SearchItems", &(attributes(id),)).await?;
    Ok(answer.body().deserialize()?)
}

/// Opens something that may be locked.
async fn open(bus: &Connection, what: ObjectPath<'_>, may_ask: bool) -> Result<(), NoKeychain> {
    let answer = bus.call_method(Some(SERVICE), PATH, Some(OF_SERVICE), "Unlock", &(vec![what],)).await?;
    let (_, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = answer.body().deserialize()?;
    asked(bus, prompt, may_ask).await
}

/// Has the keychain ask its user, where it wants to.
async fn asked(bus: &Connection, prompt: OwnedObjectPath, may_ask: bool) -> Result<(), NoKeychain> {
    if prompt.as_str() == "/" {
        return Ok(());
    }
    if !may_ask {
        return Err(NoKeychain::Locked);
    }
    let rule =
        MatchRule::builder().msg_type(Type::Signal).sender(SERVICE).path(&*prompt).interface(OF_PROMPT).member("Completed").build()?;
    let mut signals = MessageStream::for_match_rule(rule, bus, None).await?;
    bus.call_method(Some(SERVICE), &*prompt, Some(OF_PROMPT), "Prompt", &("",)).await?;
    let Some(signal) = std::future::poll_fn(|cx| Pin::new(&mut signals).poll_next(cx)).await else { return Err(NoKeychain::NoBus) };
    let (dismissed, _): (bool, OwnedVariant) = signal?.body().deserialize()?;
    if dismissed { Err(NoKeychain::Dismissed) } else { Ok(()) }
}
