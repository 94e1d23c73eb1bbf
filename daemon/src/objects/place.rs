//! One place for objects, asked through the library.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use object_store::path::Path as Key;
use object_store::{GetOptions, GetResult, GetResultPayload, ObjectStore, PutOptions};
use tokio::time::timeout;

use super::directory::Directory;
use super::{Listed, MAX_OBJECT, ObjectError, name, reason};

/// How long a bucket may take over an object, or over a page of a list.
const LIMIT: Duration = Duration::from_secs(15);

/// One place for objects, and what is particular about it.
pub(super) struct Place {
    pub(super) store: Box<dyn ObjectStore>,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// A folder of this machine.
    Directory(Directory),
    /// Everything lies below this; empty for the whole bucket.
    Bucket(String),
    /// Nothing that lasts.
    Memory,
}

/// What came of getting an object.
pub(super) enum Got {
    Bytes(Vec<u8>),
    Absent,
    TooLarge(u64),
}

impl Place {
    /// Where an object lies in the store.
    pub(super) fn key(&self, name: &str) -> Result<Key, ObjectError> {
        let unusable = || ObjectError::Name(name.to_owned());
        if !name::is_name(name) {
            return Err(unusable());
        }
        let below = self.below();
        Key::parse(if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") }).map_err(|_| unusable())
    }

    fn below(&self) -> &str {
        match &self.kind {
            Kind::Bucket(below) => below,
            Kind::Directory(_) | Kind::Memory => "",
        }
    }

    pub(super) async fn put(&self, key: Key, bytes: Vec<u8>) -> io::Result<()> {
        let _settled = match &self.kind {
            Kind::Directory(directory) => Some(directory.before_a_put().await?),
            Kind::Bucket(_) | Kind::Memory => None,
        };
        self.answer(self.store.put_opts(&key, bytes.into(), PutOptions::default())).await?.map_err(|error| reason::words(&error))?;
        match &self.kind {
            Kind::Directory(directory) => directory.after_a_put(&key).await,
            Kind::Bucket(_) | Kind::Memory => Ok(()),
        }
    }

    pub(super) async fn get(&self, key: Key) -> io::Result<Got> {
        self.check()?;
        let got = async {
            match self.store.get_opts(&key, GetOptions::default()).await {
                Ok(found) if found.meta.size > MAX_OBJECT => Ok(Got::TooLarge(found.meta.size)),
                Ok(found) => whole(found).await.map(Got::Bytes),
                Err(error) if self.says_absent(&error) => Ok(Got::Absent),
                Err(error) => Err(reason::words(&error)),
            }
        };
        self.answer(got).await?
    }

    pub(super) async fn list(&self, key: Option<Key>, prefix: &str) -> io::Result<Vec<Listed>> {
        self.check()?;
        let below = self.below();
        let key = key.or_else(|| Key::parse(below).ok().filter(|_| !below.is_empty()));
        let mut found = self.store.list(key.as_ref());
        let mut listed = Vec::new();
        while let Some(meta) = self.answer(next(&mut found)).await? {
            let meta = meta.map_err(|error| reason::words(&error))?;
            let Some(name) = inside(meta.location.as_ref(), below).filter(|name| name::is_name(name)) else { continue };
            if inside(name, prefix).is_some() {
                listed.push(Listed { name: name.to_owned(), size: meta.size });
            }
        }
        listed.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(listed)
    }

    /// Deletes, and tells the first reason why something could not be.
    pub(super) async fn delete(&self, mut keys: Vec<Key>) -> io::Result<()> {
        keys.sort();
        keys.dedup();
        let _alone = match &self.kind {
            Kind::Directory(directory) => Some(directory.before_a_deletion().await?),
            Kind::Bucket(_) | Kind::Memory => None,
        };
        let mut deleted = self.store.delete_stream(Box::pin(Keys(keys.clone().into_iter())));
        let mut refused = None;
        while let Some(one) = self.answer(next(&mut deleted)).await? {
            if let Err(error) = one
                && !self.says_absent(&error)
            {
                refused.get_or_insert_with(|| reason::words(&error));
                // Each that is left might be waited for as long.
                if matches!(self.kind, Kind::Bucket(_)) {
                    break;
                }
            }
        }
        if let Kind::Directory(directory) = &self.kind {
            directory.after_a_deletion(keys).await?;
        }
        refused.map_or(Ok(()), Err)
    }

    /// Refuses where nothing can be told from what is found: an empty place is not the same as one that is gone.
    fn check(&self) -> io::Result<()> {
        match &self.kind {
            Kind::Directory(directory) => directory.check(),
            Kind::Bucket(_) | Kind::Memory => Ok(()),
        }
    }

    fn says_absent(&self, error: &object_store::Error) -> bool {
        match &self.kind {
            Kind::Bucket(_) => reason::is_no_such_key(error),
            Kind::Directory(_) | Kind::Memory => reason::is_no_such_file(error),
        }
    }

    /// Waits for a bucket no longer than [`LIMIT`]; a disk takes the time that it takes.
    async fn answer<T>(&self, work: impl Future<Output = T>) -> io::Result<T> {
        match &self.kind {
            Kind::Bucket(_) => timeout(LIMIT, work).await.map_err(|_| reason::no_answer()),
            Kind::Directory(_) | Kind::Memory => Ok(work.await),
        }
    }
}

/// What follows `prefix` and a `/`; everything where the prefix is empty.
fn inside<'n>(name: &'n str, prefix: &str) -> Option<&'n str> {
    if prefix.is_empty() { Some(name) } else { name.strip_prefix(prefix)?.strip_prefix('/') }
}

/// All bytes of what was found, and no more than it said there are.
async fn whole(found: GetResult) -> io::Result<Vec<u8>> {
    let size = found.meta.size;
    let mut stream = match found.payload {
        GetResultPayload::Stream(stream) => stream,
        GetResultPayload::File(..) => return found.bytes().await.map(Vec::from).map_err(|error| reason::words(&error)),
    };
    let mut bytes = Vec::new();
    while let Some(part) = next(&mut stream).await {
        bytes.extend_from_slice(&part.map_err(|error| reason::words(&error))?);
        if bytes.len() as u64 > size {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "there is more of it than was said"));
        }
    }
    if bytes.len() as u64 == size { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

/// Keys as a stream, which is what the library takes them as.
struct Keys(std::vec::IntoIter<Key>);

impl Stream for Keys {
    type Item = object_store::Result<Key>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}
