//! The one line on stdout by which a detached daemon tells its starter how the start went.
//!
//! ```text
//! {"ready":{"pid":4711,"socket":"/run/user/1000/asif/asifd-1f0c72aa.sock"}}
//! {"error":{"kind":"not_permitted","message":"...","hint":null}}        an asif_proto::local::Failure
//! ```
//!
//! Then stdout is turned to `/dev/null`, which closes the starter's pipe.

use std::fs::File;
use std::io::{self, Write};

use asif_proto::home::Lock;
use asif_proto::local::Failure;
use serde::{Deserialize, Serialize};

/// How the start went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Started {
    /// The daemon serves.
    Ready(Lock),
    /// It does not.
    Error(Failure),
}

impl Started {
    /// The line, with its end.
    pub fn to_line(&self) -> String {
        format!("{}\n", serde_json::json!(self))
    }
}

/// Tells the starter, once, and closes its pipe. A starter that has gone is no error: there is nobody left to tell.
pub fn tell(started: &Started) -> io::Result<()> {
    let mut stdout = io::stdout();
    if let Err(error) = stdout.write_all(started.to_line().as_bytes()).and_then(|()| stdout.flush()) {
        tracing::debug!(%error, "nobody reads the ready line");
    }
    let null = File::options().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use asif_proto::local::ErrorKind;

    #[test]
    fn the_two_lines() {
        let ready = Started::Ready(Lock { pid: 1, socket: "/s".into() });
        assert_eq!(ready.to_line(), "{\"ready\":{\"pid\":1,\"socket\":\"/s\"}}\n");
        let error = Started::Error(Failure::new(ErrorKind::NotPermitted, "no"));
        assert_eq!(error.to_line(), "{\"error\":{\"hint\":null,\"kind\":\"not_permitted\",\"message\":\"no\"}}\n");
        assert_eq!(serde_json::from_str::<Started>(&error.to_line()).unwrap(), error);
    }
}
