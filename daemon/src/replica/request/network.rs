//! What a doctor says of the network: whether it is open, and why who is not there is not.

use std::collections::BTreeSet;

use asif_proto::id::{LinkKey, PersonId};
use asif_proto::local::{Check, Over};

use super::super::Replica;

impl Replica {
    /// Nothing where the network was never used.
    pub(super) fn network_checks(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        if !self.vault.as_ref().is_some_and(|vault| vault.networked) {
            return checks;
        }
        let mut good = |text: String| checks.push(Check { ok: true, kind: "network".into(), text, hint: None });
        if let Some(addresses) = &self.listening {
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            good(format!("others reach this device at {}", addresses.join(", ")));
            if self.why_not_nearby().is_none() {
                good("it looks for your devices and helpers on the local network, and lets itself be found there".into());
            }
        }
        self.unmet().into_iter().for_each(good);
        let mut bad = |text: String, hint: &str| {
            checks.push(Check { ok: false, kind: "network".into(), text, hint: Some(hint.to_owned()) });
        };
        if let Some(reason) = self.not_open.as_ref().filter(|_| self.listening.is_none()) {
            bad(format!("the network could not be opened: {reason}"), "choose another address with: asif config set listen ADDR:PORT");
        }
        if let Some(reason) = self.not_mapped.as_ref().filter(|_| self.listening.is_some()) {
            bad(
                format!("the router passes nothing on to this device: {reason}"),
                "devices meet all the same wherever one of them is reached; what a router passes on is set there too, by hand; \
                 asif config set port-mapping off stops the asking",
            );
        }
        // Without a network this is nothing to mend.
        let quiet = match self.why_not_nearby() {
            Some(reason) if self.looks_nearby() => format!("nobody can be found on a local network just now: {reason}"),
            Some(_) => "discovery on the local network is off: devices meet where they knew each other's address, and nowhere else".into(),
            None => return checks,
        };
        checks.push(Check { ok: true, kind: "network".into(), text: quiet, hint: None });
        checks
    }

    /// Of each own device, and each person of whose devices none is connected: how they were last reached, and where they were tried in vain.
    fn unmet(&self) -> Vec<String> {
        let me = self.person();
        let is_there = |key: &LinkKey| self.links.values().any(|link| link.key == *key && link.up);
        let met: BTreeSet<PersonId> =
            self.known_keys().iter().filter(|key| is_there(key)).filter_map(|key| Some(self.registry.holder(key)?.0)).collect();
        let away = self.known_keys().into_iter().filter(|key| {
            let of = self.registry.holder(key).map(|(person, _)| person);
            !is_there(key) && (of == me || of.is_some_and(|person| !met.contains(&person)))
        });
        away.map(|key| {
            let name = self.name_of_key(&key);
            let before = match self.reached(&key) {
                Some(reached) => {
                    let over = match reached.over {
                        Over::ThisMachine => "on this machine",
                        Over::LocalNetwork => "over the local network",
                        Over::Internet => "over the internet",
                    };
                    format!("it was last reached on {} {over}, at {}", reached.at.strftime("%-d %B %Y, %H:%M UTC"), reached.address)
                }
                None => "it was not reached from here yet".to_owned(),
            };
            let now = match (self.why_not_reached(&key), self.addresses_of(&key).is_empty()) {
                (Some(why), _) => format!("tried last: {why}"),
                (None, true) => "no address is known".to_owned(),
                (None, false) => "no answer yet".to_owned(),
            };
            format!("{name} is not connected; {before}; {now}")
        })
        .collect()
    }
}
