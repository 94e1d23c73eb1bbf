//! What a client sees of the socket, with a core that is played by the test.

use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use asif_proto::frame::{Frame, MAX_LEN, parse_header};
use asif_proto::local::{Decision, Reply, Request, Setting, kind};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use super::*;
use crate::process::lock;

/// A socket, the core's end of it, and the folder it lives in.
struct Rig {
    local: Local,
    core: mpsc::Receiver<Incoming>,
    path: PathBuf,
    _lock: Held,
    _home: tempfile::TempDir,
}

fn hello() -> Hello {
    Hello { min: 1, max: 1, version: "0.0.0".into(), pid: 7, data: None }
}

async fn rig() -> Rig {
    let home = tempfile::tempdir().unwrap();
    let lock = lock::acquire(&home.path().join("lock")).unwrap();
    let path = home.path().join("run/asifd.sock");
    let (incoming, core) = mpsc::channel(64);
    let local = Local::bind(&path, hello(), incoming, &lock).await.unwrap();
    Rig { local, core, path, _lock: lock, _home: home }
}

/// What is awaited comes soon, or the test fails.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("it did not come within 20 seconds")
}

struct Client(UnixStream);

impl Client {
    /// Connects and hears the greeting.
    async fn connect(rig: &Rig) -> Self {
        let mut client = Self(UnixStream::connect(&rig.path).await.unwrap());
        assert_eq!(client.hear::<Hello>(kind::HELLO).await, hello());
        client
    }

    async fn frame(&mut self) -> Option<Frame> {
        let mut header = [0; 6];
        soon(self.0.read_exact(&mut header)).await.ok()?;
        let (kind, len) = parse_header(header).unwrap();
        let mut bytes = vec![0; len];
        soon(self.0.read_exact(&mut bytes)).await.ok()?;
        Some(Frame::new(kind, bytes))
    }

    async fn hear<T: DeserializeOwned>(&mut self, kind: u16) -> T {
        let frame = self.frame().await.expect("the connection ended");
        assert_eq!(frame.kind, kind);
        serde_json::from_slice(&frame.bytes).unwrap()
    }

    async fn hear_raw(&mut self, kind: u16) -> Vec<u8> {
        let frame = self.frame().await.expect("the connection ended");
        assert_eq!(frame.kind, kind);
        frame.bytes
    }

    async fn failure(&mut self) -> Failure {
        match self.hear(kind::ANSWER).await {
            Answer::Error(failure) => failure,
            Answer::Reply(reply) => panic!("{reply:?}"),
        }
    }

    async fn send(&mut self, kind: u16, json: impl AsRef<[u8]>) {
        self.0.write_all(&Frame::new(kind, json.as_ref().to_vec()).to_bytes()).await.unwrap();
    }

    async fn ask(&mut self, request: Request) -> Ask {
        let ask = Ask { version: 1, id: Uuid::from_u128(9), zone: "Europe/London".into(), request };
        self.send(kind::ASK, serde_json::to_vec(&ask).unwrap()).await;
        ask
    }

    async fn is_closed(&mut self) {
        assert_eq!(self.frame().await, None, "it is closed");
    }
}

impl Rig {
    /// The next request that reaches the core.
    async fn asked(&mut self) -> (ClientId, Ask) {
        match soon(self.core.recv()).await.unwrap() {
            Incoming::Ask { client, ask } => (client, *ask),
            other => panic!("{other:?}"),
        }
    }

    fn answer(&self, client: ClientId, reply: Reply) {
        self.local.send(client, Outgoing::Answer(Answer::Reply(Box::new(reply))));
    }
}

fn done() -> Answer {
    Answer::Reply(Box::new(Reply::Done))
}

/// A reply of about so many bytes.
fn reply(bytes: usize) -> Reply {
    let setting = Setting {
        key: "x".repeat(bytes),
        value: None,
        default: String::new(),
        source: "default".into(),
        help: String::new(),
        problem: None,
    };
    Reply::Config(vec![setting])
}

#[tokio::test]
async fn a_client_asks_and_is_answered_and_may_ask_again() {
    let mut rig = rig().await;
    let mut client = Client::connect(&rig).await;
    for request in [Request::Status, Request::Undo] {
        let asked = client.ask(request).await;
        let (id, heard) = rig.asked().await;
        assert_eq!(heard, asked);
        rig.answer(id, Reply::Done);
        assert_eq!(client.hear::<Answer>(kind::ANSWER).await, done());
    }
    drop(client);
    assert!(matches!(soon(rig.core.recv()).await, Some(Incoming::Gone { client: ClientId(1) })));
    rig.answer(ClientId(1), Reply::Done);
}

#[tokio::test]
async fn a_question_is_decided_and_an_event_comes_before_the_answer() {
    let mut rig = rig().await;
    let mut client = Client::connect(&rig).await;
    client.ask(Request::DevicePair { yes: false, no_wait: false }).await;
    let (id, _) = rig.asked().await;
    let question = Question::Admit { name: "desktop".into(), role: "device".into(), invited: None };
    rig.local.send(id, Outgoing::Question(question.clone()));
    assert_eq!(client.hear::<Question>(kind::QUESTION).await, question);
    client.send(kind::DECISION, serde_json::to_vec(&Decision { yes: true }).unwrap()).await;
    assert_eq!(soon(rig.core.recv()).await, Some(Incoming::Decision { client: id, yes: true }));
    let event = Event::Joined { name: "me".into(), device: "desktop".into() };
    rig.local.send(id, Outgoing::Event(event.clone()));
    rig.answer(id, Reply::Done);
    assert_eq!(client.hear::<Event>(kind::EVENT).await, event);
    assert_eq!(client.hear::<Answer>(kind::ANSWER).await, done());
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_the_client_may_try_again() {
    let mut rig = rig().await;
    let mut client = Client::connect(&rig).await;
    let head = r#"{"id":"00000000-0000-0000-0000-000000000009","zone":"UTC","#;
    for (json, named) in [
        ("hello".into(), "expected value"),
        ("{}".into(), "missing field `version`"),
        (format!(r#"{head}"version":2,"request":{{"ask":"from the future"}}}}"#), "version 2 of the protocol; this asifd speaks 1 to 1"),
        (format!(r#"{head}"version":1,"request":{{"ask":"fly"}}}}"#), "unknown variant `fly`"),
        (format!(r#"{head}"version":1,"request":{{"ask":"status"}}}} and more"#), "trailing characters"),
        (format!(r#"{head}"version":1}}"#), "missing field `request`"),
    ] {
        client.send(kind::ASK, json).await;
        let failure = client.failure().await;
        assert_eq!(failure.kind, ErrorKind::Usage);
        assert!(failure.message.contains(named), "{}", failure.message);
    }
    client.ask(Request::Status).await;
    rig.asked().await;
}

#[tokio::test]
async fn garbage_is_answered_and_closed() {
    let mut rig = rig().await;
    let decision = Frame::new(kind::DECISION, b"{\"yes\":true}".to_vec()).to_bytes();
    let torn_decision = Frame::new(kind::DECISION, b"maybe".to_vec()).to_bytes();
    for (bytes, named) in [
        (b"GET / HTTP/1.1\r\n".to_vec(), "over the limit"),
        (Frame::new(99, Vec::new()).to_bytes(), "kind 99"),
        (Frame::new(kind::HELLO, Vec::new()).to_bytes(), "kind 1"),
        (decision, "nothing was asked"),
        (torn_decision, "cannot be read"),
    ] {
        let mut client = Client::connect(&rig).await;
        client.0.write_all(&bytes).await.unwrap();
        let failure = client.failure().await;
        assert!(failure.kind == ErrorKind::Usage && failure.message.contains(named), "{}", failure.message);
        client.is_closed().await;
        assert!(matches!(soon(rig.core.recv()).await, Some(Incoming::Gone { .. })), "the core hears nothing of it but the end");
    }
}

#[tokio::test]
async fn an_oversized_frame_is_refused_by_its_length_alone() {
    let rig = rig().await;
    let mut client = Client::connect(&rig).await;
    let too_long = u32::try_from(MAX_LEN).unwrap() + 1;
    client.0.write_all(&[&[0, 2], too_long.to_be_bytes().as_slice()].concat()).await.unwrap();
    assert!(client.failure().await.message.contains("1048577 bytes is over the limit"));
    client.is_closed().await;
}

#[tokio::test]
async fn a_second_request_before_the_answer_is_refused() {
    let mut rig = rig().await;
    let mut client = Client::connect(&rig).await;
    client.ask(Request::Status).await;
    rig.asked().await;
    client.ask(Request::Status).await;
    assert!(client.failure().await.message.contains("one request at a time"));
    client.is_closed().await;
}

#[tokio::test]
async fn one_client_too_many_is_told_and_closed() {
    let mut rig = rig().await;
    let mut clients = Vec::new();
    for _ in 0..MAX_CLIENTS {
        clients.push(Client::connect(&rig).await);
    }
    let mut extra = Client::connect(&rig).await;
    assert!(extra.failure().await.message.contains("64 commands at once"));
    extra.is_closed().await;
    // The others are served on, and a place becomes free.
    clients[63].ask(Request::Status).await;
    rig.asked().await;
    drop(clients.remove(0));
    assert!(matches!(soon(rig.core.recv()).await, Some(Incoming::Gone { .. })));
    Client::connect(&rig).await.ask(Request::Status).await;
    rig.asked().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_delays_nobody_and_is_closed() {
    let mut rig = rig().await;
    let mut deaf = Client::connect(&rig).await;
    let mut half = Client::connect(&rig).await;
    half.0.write_all(&[0, 2, 0]).await.unwrap();
    deaf.ask(Request::ConfigList).await;
    let (id, _) = rig.asked().await;
    for _ in 0..MAX_WAITING + 2 {
        rig.local.send(id, Outgoing::Answer(Answer::Reply(Box::new(reply(900_000)))));
    }
    assert!(!rig.local.clients.all().contains_key(&id), "what piles up is bounded");
    let mut quick = Client::connect(&rig).await;
    quick.ask(Request::Status).await;
    let (id, _) = rig.asked().await;
    rig.answer(id, Reply::Done);
    assert_eq!(quick.hear::<Answer>(kind::ANSWER).await, done());
}

#[tokio::test]
async fn an_answer_longer_than_a_frame_comes_in_pieces() {
    let mut rig = rig().await;
    let mut client = Client::connect(&rig).await;
    client.ask(Request::ConfigList).await;
    let (id, _) = rig.asked().await;
    let long = reply(2 * MAX_LEN);
    rig.answer(id, long.clone());
    let mut json = client.hear_raw(kind::MORE).await;
    json.extend(client.hear_raw(kind::MORE).await);
    json.extend(client.hear_raw(kind::ANSWER).await);
    assert_eq!(serde_json::from_slice::<Answer>(&json).unwrap(), Answer::Reply(Box::new(long)));
}

#[tokio::test]
async fn another_user_is_not_served() {
    let home = tempfile::tempdir().unwrap();
    let lock = lock::acquire(&home.path().join("lock")).unwrap();
    let path = home.path().join("run/asifd.sock");
    let (incoming, mut core) = mpsc::channel(8);
    let other = rustix::process::geteuid().as_raw() + 1;
    let local = Local::bind_for(other, &path, hello(), incoming, &lock).await.unwrap();
    let mut client = Client(UnixStream::connect(&path).await.unwrap());
    client.is_closed().await;
    local.shutdown().await;
    assert_eq!(core.recv().await, None);
}

#[tokio::test]
async fn stopping_gives_out_what_was_answered_and_removes_the_socket() {
    let mut rig = rig().await;
    let mut client = Client::connect(&rig).await;
    let mut idle = Client::connect(&rig).await;
    client.ask(Request::Stop).await;
    let (id, _) = rig.asked().await;
    // More than the socket holds: the end of it is given out while stopping.
    let big = reply(800_000);
    rig.local.send(id, Outgoing::Answer(Answer::Reply(Box::new(big.clone()))));
    rig.local.send(id, Outgoing::Answer(done()));
    let hearing = tokio::spawn(async move {
        let heard = [client.hear::<Answer>(kind::ANSWER).await, client.hear(kind::ANSWER).await];
        client.is_closed().await;
        heard
    });
    soon(rig.local.shutdown()).await;
    assert_eq!(hearing.await.unwrap(), [Answer::Reply(Box::new(big)), done()]);
    idle.is_closed().await;
    assert!(!rig.path.exists());
    assert!(UnixStream::connect(&rig.path).await.is_err());
}

#[tokio::test]
async fn stopping_ends_the_answer_it_interrupts() {
    let mut rig = rig().await;
    let mut client = Client::connect(&rig).await;
    client.ask(Request::Stop).await;
    let (id, _) = rig.asked().await;
    rig.answer(id, reply(800_000));
    // Its beginning is here, and the socket does not hold the rest.
    let mut header = [0; 6];
    soon(client.0.read_exact(&mut header)).await.unwrap();
    let mut bytes = vec![0; parse_header(header).unwrap().1];
    let hearing = tokio::spawn(async move {
        soon(client.0.read_exact(&mut bytes)).await.unwrap();
        client.is_closed().await;
        bytes
    });
    soon(rig.local.shutdown()).await;
    let heard: Answer = serde_json::from_slice(&hearing.await.unwrap()).unwrap();
    assert_eq!(heard, Answer::Reply(Box::new(reply(800_000))));
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_core_that_listens_no_more() {
    let home = tempfile::tempdir().unwrap();
    let lock = lock::acquire(&home.path().join("lock")).unwrap();
    let path = home.path().join("run/asifd.sock");
    let (incoming, core) = mpsc::channel(1);
    let local = Local::bind(&path, hello(), incoming, &lock).await.unwrap();
    for _ in 0..3 {
        let mut client = Client(UnixStream::connect(&path).await.unwrap());
        client.hear::<Hello>(kind::HELLO).await;
        client.ask(Request::Status).await;
    }
    soon(local.shutdown()).await;
    drop(core);
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_anything_else_is_not() {
    let home = tempfile::tempdir().unwrap();
    let lock = lock::acquire(&home.path().join("lock")).unwrap();
    let path = home.path().join("run/asifd.sock");
    create_private_dir(path.parent().unwrap()).unwrap();
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let (incoming, _core) = mpsc::channel(8);
    let local = Local::bind(&path, hello(), incoming.clone(), &lock).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    let mut client = Client(UnixStream::connect(&path).await.unwrap());
    client.hear::<Hello>(kind::HELLO).await;
    local.shutdown().await;

    std::fs::write(&path, b"mine").unwrap();
    let refused = Local::bind(&path, hello(), incoming, &lock).await;
    assert!(matches!(refused, Err(BindError::InTheWay(_))));
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
}

#[tokio::test]
async fn a_socket_at_which_somebody_answers_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let lock = lock::acquire(&home.path().join("lock")).unwrap();
    let path = home.path().join("run/asifd.sock");
    create_private_dir(path.parent().unwrap()).unwrap();
    let theirs = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let (incoming, _core) = mpsc::channel(64);
    let refused = soon(Local::bind(&path, hello(), incoming.clone(), &lock)).await;
    assert!(matches!(refused, Err(BindError::Answered(at)) if at == path));
    std::os::unix::net::UnixStream::connect(&path).expect("it is still theirs");
    drop(theirs);
    soon(Local::bind(&path, hello(), incoming, &lock)).await.unwrap().shutdown().await;
}

#[tokio::test]
async fn stopping_leaves_a_socket_that_is_not_its_own() {
    let rig = rig().await;
    std::fs::remove_file(&rig.path).unwrap();
    let _theirs = std::os::unix::net::UnixListener::bind(&rig.path).unwrap();
    soon(rig.local.shutdown()).await;
    std::os::unix::net::UnixStream::connect(&rig.path).expect("it is still theirs");
}

#[tokio::test]
async fn a_loose_folder_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let lock = lock::acquire(&home.path().join("lock")).unwrap();
    let folder = home.path().join("run");
    create_private_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
    let (incoming, _core) = mpsc::channel(8);
    let refused = Local::bind(&folder.join("asifd.sock"), hello(), incoming, &lock).await;
    let Err(BindError::NotPrivate(error)) = refused else { panic!("it was taken") };
    assert!(error.to_string().contains("chmod 700"), "{error}");
    assert!(!folder.join("asifd.sock").exists());
}
