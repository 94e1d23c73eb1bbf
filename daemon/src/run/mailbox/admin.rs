//! What whoever runs a mailbox does beside it: tickets, who keeps how much, and sending somebody away. Works while it runs, and while it does not.

use std::io::{IsTerminal, Write};

use asif_proto::id::QueueId;
use asif_proto::local::{ErrorKind, Failure};
use asif_proto::ticket::MailboxTicket;
use jiff::Timestamp;
use rand_core::Rng as _;
use serde_json::{Value, json};

use super::identity::{self, failed};
use crate::mailbox::names::{self, AccountId};
use crate::mailbox::records::{About, Enrolment, Invitation, Record};
use crate::objects::Objects;
use crate::process::MailboxWhat;
use crate::run::boot::seed;
use crate::seal::keys::{EnrolmentSeed, LinkSeed};

/// Does it, and prints what came of it.
pub(super) async fn run(objects: &Objects, what: &MailboxWhat, json: bool) -> Result<(), Failure> {
    match what {
        MailboxWhat::Run { .. } => Ok(()),
        MailboxWhat::Invite { name, quota, good_for, at } => {
            let now = Timestamp::now().as_second();
            let expires = now.saturating_add(i64::try_from(good_for.as_secs()).unwrap_or(i64::MAX));
            invite(objects, (name, *quota), (now, expires), at, json).await
        }
        MailboxWhat::List => list(objects, json).await,
        MailboxWhat::Remove { name, yes } => remove(objects, name, *yes, json).await,
    }
}

async fn invite(
    objects: &Objects,
    (label, quota): (&str, u64),
    (at, expires): (i64, i64),
    places: &[String],
    json: bool,
) -> Result<(), Failure> {
    let mut rng = seed();
    let identity = identity::of(objects, &mut rng).await?;
    let places = places_of(objects, places).await?;
    if accounts(objects).await?.iter().any(|one| one.label == label) {
        let told = format!("somebody is called {label:?} here already");
        return Err(Failure::new(ErrorKind::Precondition, told).hint("another name, or: asifd mailbox remove"));
    }
    let (mut secret, mut account) = ([0; 16], [0; 16]);
    rng.fill_bytes(&mut secret);
    rng.fill_bytes(&mut account);
    let ticket = MailboxTicket { key: LinkSeed::from_bytes(identity.seed).public(), secret, places }.to_string();
    let invitation = Invitation { account, label: label.to_owned(), quota, at, expires, used_by: None };
    let name = names::invitation(&EnrolmentSeed::of_ticket(&secret).public());
    objects.put(&name, invitation.to_bytes()).await.map_err(|error| failed(&error))?;
    let until = Timestamp::from_second(expires).ok();
    if json {
        tell(&json!({ "name": label, "ticket": ticket, "expires_at": until, "quota": quota }));
    } else {
        println!("{ticket}");
        eprintln!("Good once, until {}. On {label}'s side: asif mailbox use TICKET", until.map(|at| at.to_string()).unwrap_or_default());
    }
    Ok(())
}

/// Where people reach it: as it is said now, or was last.
async fn places_of(objects: &Objects, said: &[String]) -> Result<Vec<String>, Failure> {
    if said.is_empty() {
        let kept = objects.get(names::PLACES).await.map_err(|error| failed(&error))?;
        let kept: Vec<String> = kept.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let hint = "for example: asifd mailbox invite NAME --at mail.example.org:4433; it is remembered";
        return Some(kept).filter(|kept| !kept.is_empty()).ok_or_else(|| {
            Failure::new(ErrorKind::Usage, "say where people reach this mailbox: a name or an address, and the port").hint(hint)
        });
    }
    let is_place = |place: &&String| {
        let (host, port) = place.rsplit_once(':').unwrap_or_default();
        place.parse::<std::net::SocketAddr>().is_ok()
            || (!host.is_empty() && !host.contains(':') && port.parse::<u16>().is_ok_and(|port| port > 0))
    };
    if let Some(wrong) = said.iter().find(|place| !is_place(place) || place.len() > 200) {
        let told = format!("{wrong:?} is no place that people could reach");
        return Err(
            Failure::new(ErrorKind::Usage, told).hint("a name or an address, and the port: mail.example.org:4433 or [2001:db8::1]:4433")
        );
    }
    if said.len() > 4 {
        return Err(Failure::new(ErrorKind::Usage, "at most four places fit into a ticket"));
    }
    let bytes = serde_json::to_vec(said).unwrap_or_default();
    objects.put(names::PLACES, bytes).await.map_err(|error| failed(&error))?;
    Ok(said.to_vec())
}

/// Somebody who keeps something, or may come to.
struct Known {
    account: AccountId,
    label: String,
    quota: u64,
    /// They came with their ticket.
    since: Option<i64>,
    /// The ticket, while it may be used.
    invited: Option<(String, i64)>,
}

async fn accounts(objects: &Objects) -> Result<Vec<Known>, Failure> {
    let mut known: Vec<Known> = Vec::new();
    for listed in objects.list(names::PEOPLE).await.map_err(|error| failed(&error))? {
        let Some(account) = names::account_of(&listed.name).filter(|account| listed.name == names::about(account)) else { continue };
        let bytes = objects.get(&listed.name).await.map_err(|error| failed(&error))?;
        if let Some(about) = bytes.as_deref().and_then(About::from_bytes) {
            known.push(Known { account, label: about.label, quota: about.quota, since: Some(about.since), invited: None });
        }
    }
    for listed in objects.list(names::INVITATIONS).await.map_err(|error| failed(&error))? {
        let bytes = objects.get(&listed.name).await.map_err(|error| failed(&error))?;
        let Some(invitation) = bytes.as_deref().and_then(Invitation::from_bytes).filter(|one| one.used_by.is_none()) else { continue };
        let account = AccountId(invitation.account);
        if known.iter().all(|one| one.account != account) {
            let invited = Some((listed.name, invitation.expires));
            known.push(Known { account, label: invitation.label, quota: invitation.quota, since: None, invited });
        }
    }
    known.sort_by(|a, b| a.label.cmp(&b.label));
    Ok(known)
}

/// How many queues somebody has, and how many bytes lie in them.
async fn kept(objects: &Objects, account: &AccountId) -> Result<(Vec<QueueId>, u64), Failure> {
    let rooms = objects.list(&names::rooms(account)).await.map_err(|error| failed(&error))?;
    let queues: Vec<QueueId> = rooms.iter().filter_map(|listed| names::queue_of(&listed.name)).collect();
    let mut bytes = 0;
    for queue in &queues {
        let listed = objects.list(&names::contents(queue)).await.map_err(|error| failed(&error))?;
        bytes += listed.iter().map(|one| one.size).sum::<u64>();
    }
    Ok((queues, bytes))
}

async fn list(objects: &Objects, json: bool) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for one in accounts(objects).await? {
        let (queues, bytes) = kept(objects, &one.account).await?;
        let since = one.since.and_then(|at| Timestamp::from_second(at).ok());
        let until = one.invited.as_ref().and_then(|(_, at)| Timestamp::from_second(*at).ok());
        rows.push((one, queues.len(), bytes, since, until));
    }
    if json {
        let rows: Vec<Value> = rows
            .iter()
            .map(|(one, queues, bytes, since, until)| {
                json!({ "name": one.label, "id": one.account.to_string(), "since": since, "ticket_until": until, "queues": queues, "used": bytes, "quota": one.quota })
            })
            .collect();
        tell(&json!(rows));
    } else if rows.is_empty() {
        eprintln!("Nobody keeps anything here yet. A ticket for somebody: asifd mailbox invite NAME --at HOST:PORT");
    } else {
        println!("{:<24}  {:>10}  {:>10}  {:>6}  since", "name", "kept", "may keep", "queues");
        for (one, queues, bytes, since, until) in rows {
            let since = match (since, until) {
                (Some(since), _) => since.to_string(),
                (None, Some(until)) => format!("not yet; the ticket is good until {until}"),
                (None, None) => String::new(),
            };
            println!("{:<24}  {:>10}  {:>10}  {queues:>6}  {since}", one.label, size(bytes), size(one.quota));
        }
    }
    Ok(())
}

async fn remove(objects: &Objects, name: &str, yes: bool, json: bool) -> Result<(), Failure> {
    let mut all = accounts(objects).await?;
    all.retain(|one| one.label == name || (name.len() >= 4 && one.account.to_string().ends_with(name)));
    let one = match all.pop() {
        None => return Err(Failure::new(ErrorKind::NotFound, format!("nobody is called {name:?} here")).hint("see: asifd mailbox list")),
        Some(_) if !all.is_empty() => {
            return Err(Failure::new(ErrorKind::Usage, format!("{name:?} is more than one"))
                .hint("use the end of an id: asifd mailbox list --json"));
        }
        Some(one) => one,
    };
    let (queues, bytes) = kept(objects, &one.account).await?;
    if !yes && !confirms(&one.label, bytes) {
        return Err(Failure::new(ErrorKind::Usage, "nothing was removed").hint("say --yes to remove without being asked"));
    }
    // First what lets them in again.
    let mut gone: Vec<String> = one.invited.iter().map(|(name, _)| name.clone()).collect();
    for listed in objects.list(names::ENROLMENTS).await.map_err(|error| failed(&error))? {
        let bytes = objects.get(&listed.name).await.map_err(|error| failed(&error))?;
        if bytes.as_deref().and_then(Enrolment::from_bytes).is_some_and(|enrolment| AccountId(enrolment.account) == one.account) {
            gone.push(listed.name);
        }
    }
    gone.push(names::about(&one.account));
    objects.delete(gone).await.map_err(|error| failed(&error))?;
    for queue in &queues {
        let listed = objects.list(&names::contents(queue)).await.map_err(|error| failed(&error))?;
        let names = listed.into_iter().map(|one| one.name).chain([names::room(&one.account, queue)]).collect();
        objects.delete(names).await.map_err(|error| failed(&error))?;
    }
    if json {
        tell(&json!({ "removed": one.label, "queues": queues.len(), "bytes": bytes }));
    } else {
        eprintln!("Removed {}, with {} in {} queues. Their own devices keep everything.", one.label, size(bytes), queues.len());
    }
    Ok(())
}

fn confirms(label: &str, bytes: u64) -> bool {
    if !std::io::stdin().is_terminal() {
        return false;
    }
    eprint!("Remove {label}, with {} that they keep here? [y/N] ", size(bytes));
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok() && answer.trim().eq_ignore_ascii_case("y")
}

fn tell(data: &Value) {
    println!("{}", json!({ "schema": "asif/1", "data": data }));
}

/// Bytes as a person reads them.
fn size(bytes: u64) -> String {
    let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_as_a_person_reads_them() {
        assert_eq!(
            [0, 1023, 1024, 1536, 5 << 20, (3 << 30) + (1 << 29)].map(size),
            ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "5.0 MiB", "3.5 GiB"]
        );
    }
}
