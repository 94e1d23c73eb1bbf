//! What a mailbox keeps: sealed objects under names, in a folder of this machine or in a bucket that speaks S3.
//!
//! An object is put whole, got whole, and never changed in part. What [`Objects::put`] has acknowledged is on stable storage. Nothing here rests on
//! conditional writes, which not every S3 service honours: whoever puts two different things under one name gets one of them. A name does not lie below
//! another: `a` and `a/b` cannot both be files of a folder.
//!
//! After an error nobody knows whether the thing was done: a put may still be there, and some of the deleted may be gone. Both are safe to repeat.
//!
//! Inside: `name` is what may be a name; `place` asks the library; `directory` and `bucket` open the one and the other, `directory` adds what a disk needs
//! to be believed; `reason` turns the library's errors into few words.

mod bucket;
mod directory;
mod name;
mod place;
mod reason;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::memory::InMemory;

use crate::process::private::NotPrivate;
use directory::Directory;
use place::{Got, Kind, Place};

/// The most bytes of an object.
pub const MAX_OBJECT: u64 = 8 << 20;

/// Where objects are kept. A clone is the same place.
#[derive(Clone)]
pub struct Objects {
    place: Arc<Place>,
}

/// An object that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What it was put under.
    pub name: String,
    /// Its bytes.
    pub size: u64,
}

/// Why a place for objects was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or looked at, or others may open it.
    #[error("cannot keep objects in {}", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        source: NotPrivate,
    },
    /// Something in the folder cannot be read, tidied or synced.
    #[error("cannot {doing} {}", .path.display())]
    Disk {
        /// What was attempted.
        doing: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder is open already, here or in another process.
    #[error("another process keeps objects in {}", .0.display())]
    InUse(PathBuf),
    /// What should name a bucket does not. It is not repeated, since people write keys into such addresses.
    #[error("the address of a bucket is s3://bucket or s3://bucket/prefix, in small letters, digits, '-' and '.'")]
    Address,
    /// The environment has no credentials.
    #[error("nothing says who asks for the bucket: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")]
    NoCredentials,
    /// The way to the bucket is not encrypted, and nobody said that this is meant.
    #[error("the endpoint is not https; where that is meant, set AWS_ALLOW_HTTP=true")]
    PlainHttp,
    /// The bucket cannot be set up like that.
    #[error("cannot set up the bucket")]
    Bucket(#[source] io::Error),
}

/// Why an object was not put, got, listed or deleted.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// A name has parts of small letters, digits, '-' and '.', with '/' between them.
    #[error("{0:?} cannot be the name of an object")]
    Name(String),
    /// It is larger than an object may be.
    #[error("the object {name} has {size} bytes; {MAX_OBJECT} are allowed")]
    TooLarge {
        /// The object.
        name: String,
        /// Its bytes.
        size: u64,
    },
    /// The disk or the bucket did not do what it was asked.
    #[error("cannot {doing} {name}")]
    Failed {
        /// What was attempted.
        doing: &'static str,
        /// On which object; of several to delete, the first.
        name: String,
        /// What the system or the bucket said.
        source: io::Error,
    },
}

impl Objects {
    /// Opens the folder at `path`, made for its owner alone where there is none, until the last clone is dropped.
    ///
    /// What a crash left unfinished is taken away, and what is there is synced, since nobody knows which of it was. Blocks while it looks at every folder
    /// inside.
    pub fn directory(path: &Path) -> Result<Self, OpenError> {
        let (directory, store) = Directory::open(path, true)?;
        Ok(Self::new(store, Kind::Directory(directory)))
    }

    /// Opens the folder beside the process that serves from it, or while none does, for a few small things. A deletion here may fail a put there that
    /// uses the same folder at the same moment: that is told, and done again.
    pub fn beside(path: &Path) -> Result<Self, OpenError> {
        let (directory, store) = Directory::open(path, false)?;
        Ok(Self::new(store, Kind::Directory(directory)))
    }

    /// Uses the bucket that `s3://bucket/prefix` names, below that prefix.
    ///
    /// Where and as whom is in the usual environment: `AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_ALLOW_HTTP`
    /// and the like. The bucket is the first part of the path, as Garage and MinIO have it, unless `AWS_VIRTUAL_HOSTED_STYLE_REQUEST` says otherwise. An
    /// instance's own role is asked for only where `AWS_METADATA_ENDPOINT` says where. Nothing is sent yet.
    pub fn bucket(url: &str) -> Result<Self, OpenError> {
        Self::bucket_as(url, AmazonS3Builder::from_env())
    }

    /// The same with settings of the caller's choice.
    fn bucket_as(url: &str, settings: AmazonS3Builder) -> Result<Self, OpenError> {
        let (store, below) = bucket::open(url, settings)?;
        Ok(Self::new(store, Kind::Bucket(below)))
    }

    /// Keeps objects in memory, for tests.
    pub fn in_memory() -> Self {
        Self::new(InMemory::new(), Kind::Memory)
    }

    fn new(store: impl ObjectStore, kind: Kind) -> Self {
        Self { place: Arc::new(Place { store: Box::new(store), kind }) }
    }

    /// Whether other processes may put and delete here too: a bucket.
    pub fn is_shared(&self) -> bool {
        matches!(self.place.kind, Kind::Bucket(_))
    }

    /// Puts `bytes` under `name`, in place of what was there; durable when it returns.
    ///
    /// After a crash there is what was there before or all of these.
    pub async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), ObjectError> {
        let key = self.place.key(name)?;
        let size = bytes.len() as u64;
        if size > MAX_OBJECT {
            return Err(ObjectError::TooLarge { name: name.to_owned(), size });
        }
        self.place.put(key, bytes).await.map_err(failed("put", name))
    }

    /// The bytes under `name`; none where there are none.
    pub async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, ObjectError> {
        let key = self.place.key(name)?;
        match self.place.get(key).await.map_err(failed("get", name))? {
            Got::Bytes(bytes) => Ok(Some(bytes)),
            Got::Absent => Ok(None),
            Got::TooLarge(size) => Err(ObjectError::TooLarge { name: name.to_owned(), size }),
        }
    }

    /// All objects whose names begin with `prefix` and a `/`, sorted by name; with an empty prefix all there are.
    ///
    /// What lies there under other names than an object may have is left out. One that is put or deleted meanwhile is there or not.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>, ObjectError> {
        let key = if prefix.is_empty() { None } else { Some(self.place.key(prefix)?) };
        self.place.list(key, prefix).await.map_err(failed("list what is below", if prefix.is_empty() { "/" } else { prefix }))
    }

    /// Takes away what lies under `names`; absent ones are none the worse. Where the place is a folder, those inside that are empty then go too.
    ///
    /// It goes on when the caller stops waiting. When one cannot be deleted, others may be left too.
    pub async fn delete(&self, names: Vec<String>) -> Result<(), ObjectError> {
        let Some(first) = names.first().cloned() else { return Ok(()) };
        let keys = names.iter().map(|name| self.place.key(name)).collect::<Result<Vec<_>, _>>()?;
        let place = Arc::clone(&self.place);
        // A task of its own: in a folder no put may come in between, whatever becomes of the caller.
        let deletion = tokio::spawn(async move { place.delete(keys).await });
        let ended = deletion.await.unwrap_or_else(|_| Err(io::Error::other("the deletion ended early")));
        ended.map_err(failed("delete", &first))
    }
}

impl fmt::Debug for Objects {
    /// What kind of place it is; the library's own words would show its settings.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Objects({})", self.place.store)
    }
}

fn failed(doing: &'static str, name: &str) -> impl FnOnce(io::Error) -> ObjectError {
    move |source| ObjectError::Failed { doing, name: name.to_owned(), source }
}
