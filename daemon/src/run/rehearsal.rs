//! A home restored in memory, to see that it can be: it is opened and read as at any start, and says what it holds. It writes nothing but there, and
//! meets nobody.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use asif_proto::home::Home;
use asif_proto::local::{Answer, Ask, Doctor, Reply, Request, Status, VERSIONS};
use uuid::Uuid;

use super::shelf::{Done, Shelf};
use crate::Rng;
use crate::journal::bundle;
use crate::replica::effect::{ClientId, Effect, Input, Now};
use crate::replica::{About, Keeping, Replica};
use crate::seal::backup::Named;
use crate::store::{MemDisk, place};

/// It does nothing of itself for so long.
const RESTS: Duration = Duration::from_secs(1 << 30);

/// How the home is that these files make; or why it cannot be opened, in words.
pub(super) fn rehearse(files: &[Named], now: Now, rng: &mut Rng) -> Result<Status, String> {
    let data = Path::new("/data");
    let disk = Arc::new(MemDisk::new());
    place(&*disk, data, files).map_err(|error| error.to_string())?;
    let (shelf, found) = Shelf::open(disk, data).map_err(|error| error.to_string())?;
    let home = Home { data: data.into(), state: "/state".into(), config: "/config.toml".into(), socket: "/socket".into() };
    let about = About { pid: 0, version: env!("CARGO_PKG_VERSION").into(), home, host: String::new(), keeping: Keeping::default() };
    let (replica, effects) = Replica::new(about, now, rng, found, Some(now.mono + RESTS));
    let mut stage = Stage { shelf, replica, now, rng, answers: Vec::new() };
    stage.carry_out(effects)?;
    let doctor = stage.ask(Request::Doctor { rebuild: false })?;
    let Some(Reply::Doctor(Doctor { checks, .. })) = doctor else { return Err("it does not open".into()) };
    // What a person is to do about the home is no fault of the backup.
    let bad = checks.iter().find(|check| !check.ok && ["vault", "damage", "unplaced", "quarantine"].contains(&check.kind.as_str()));
    if let Some(bad) = bad {
        return Err(bad.text.clone());
    }
    match stage.ask(Request::Status)? {
        Some(Reply::Status(status)) if status.initialised => Ok(status),
        _ => Err("there is no journal in it".into()),
    }
}

struct Stage<'r> {
    shelf: Shelf,
    replica: Replica,
    now: Now,
    rng: &'r mut Rng,
    answers: Vec<Answer>,
}

impl Stage<'_> {
    fn ask(&mut self, request: Request) -> Result<Option<Reply>, String> {
        let ask = Ask { version: *VERSIONS.end(), id: Uuid::nil(), zone: "UTC".into(), request };
        let effects = self.replica.handle(self.now, self.rng, Input::Ask { client: ClientId(0), ask: Box::new(ask) });
        self.carry_out(effects)?;
        Ok(match self.answers.pop() {
            Some(Answer::Reply(reply)) => Some(*reply),
            _ => None,
        })
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Result<(), String> {
        let mut queue = effects;
        while !queue.is_empty() {
            let step = self.shelf.write(std::mem::take(&mut queue));
            if let Some(error) = step.failed {
                return Err(error.to_string());
            }
            for effect in step.rest {
                let input = match self.shelf.perform(effect).map_err(|error| error.to_string())? {
                    Done::Input(input) => input,
                    Done::Elsewhere(Effect::Answer { answer, .. }) => {
                        self.answers.push(answer);
                        continue;
                    }
                    Done::Elsewhere(Effect::Judge { of, packed, unfolded, erased }) => {
                        let judged = bundle::judge(packed.as_slice(), unfolded, erased.as_ref()).map_err(|error| error.to_string());
                        Input::Judged { of, judged }
                    }
                    _ => continue,
                };
                queue.extend(self.replica.handle(self.now, self.rng, input));
            }
        }
        Ok(())
    }
}
