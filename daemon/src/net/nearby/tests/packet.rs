//! Packets of multicast DNS (RFC 1035, section 4), made by hand.

pub(super) const A: u16 = 1;
pub(super) const PTR: u16 = 12;
pub(super) const TXT: u16 = 16;
pub(super) const SRV: u16 = 33;
const IN: u16 = 1;

/// A packet that is being made.
pub(super) struct Packet {
    flags: u16,
    questions: u16,
    answers: u16,
    body: Vec<u8>,
}

impl Packet {
    pub(super) fn response() -> Self {
        Self { flags: 0x8400, questions: 0, answers: 0, body: Vec::new() }
    }

    pub(super) fn query() -> Self {
        Self { flags: 0, ..Self::response() }
    }

    pub(super) fn question(&mut self, asked: &str, kind: u16) {
        self.questions += 1;
        self.body.extend(name(asked));
        for part in [kind, IN] {
            self.body.extend(part.to_be_bytes());
        }
    }

    pub(super) fn record(&mut self, of: &str, kind: u16, ttl: u32, data: &[u8]) {
        self.answers += 1;
        self.body.extend(name(of));
        for part in [kind, IN] {
            self.body.extend(part.to_be_bytes());
        }
        self.body.extend(ttl.to_be_bytes());
        self.body.extend((data.len() as u16).to_be_bytes());
        self.body.extend(data);
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let header = [0, self.flags, self.questions, self.answers, 0, 0];
        header.iter().flat_map(|part| part.to_be_bytes()).chain(self.body.iter().copied()).collect()
    }
}

/// A name as labels; one with dots within a label cannot be made.
pub(super) fn name(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in text.split('.').filter(|label| !label.is_empty()) {
        bytes.push(label.len() as u8);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// Whether a pointer in it is no longer true: of the class IN, with no time to live (RFC 6762, section 10.1).
pub(super) fn says_goodbye(packet: &[u8]) -> bool {
    packet.windows(8).any(|window| window == [0, 12, 0, 1, 0, 0, 0, 0])
}

/// Whether it answers, or tells unasked.
pub(super) fn is_answer(packet: &[u8]) -> bool {
    packet.get(2).is_some_and(|flags| flags & 0x80 != 0)
}
