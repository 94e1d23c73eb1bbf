//! Inviting a helper, taking an invitation back, ending what came of it, and doing each of these twice.

use asif_proto::local::Request;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Home, Running, ticket};
use crate::helper::{RATINGS, await_end, opened, sessions};
use crate::socket::Socket;

#[test]
fn an_invitation_in_words_shows_the_preview_and_what_ending_it_cannot_do() {
    let robin = Home::robin();
    let said = robin.ok(&["share", "invite", "--name", "Dana", "--yes", "--no-wait"]).stdout;
    for words in ["Dana", "It cannot take back", "Nobody monitors", "asif1"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let open = robin.json(&["share", "list"]);
    assert_eq!((&open[0]["name"], &open[0]["joined"]), (&json!("Dana"), &json!(false)));
    robin.ok(&["share", "revoke", "Dana", "--yes"]);
    assert_eq!(robin.json(&["share", "list"]), json!([]), "an invitation that nobody used is simply taken back");
    robin.refuses(7, &["share", "revoke", "Dana", "--yes"]);
}

#[test]
fn an_invitation_that_was_taken_back_lets_nobody_in() {
    let robin = Home::robin();
    let ticket = robin.helper_ticket(&[]);
    robin.ok(&["share", "revoke", "Dana", "--yes"]);
    let dana = Home::new();
    let ran = dana.run(&["helper", "join", &ticket, "--name", "Dana"]);
    assert!(matches!(ran.code, Some(7 | 8)), "{ran:?}");
    assert_eq!(dana.json(&["caseload"]), json!([]));
    assert_eq!(robin.json(&["status"])["helpers"], json!([]));
    // With another ticket open the stranger is heard, and told.
    robin.device_ticket();
    dana.refuses(7, &["helper", "join", &ticket, "--name", "Dana"]);
}

#[test]
fn a_used_invitation_lets_no_second_helper_in() {
    let robin = Home::robin();
    let ticket = robin.helper_ticket(RATINGS);
    let (dana, other) = (Home::new(), Home::new());
    dana.ok(&["helper", "join", &ticket, "--name", "Dana"]);
    other.refuses(7, &["helper", "join", &ticket, "--name", "Other"]);
    assert_eq!(other.json(&["caseload"]), json!([]));
    assert_eq!(robin.json(&["share", "list"]).as_array().unwrap().len(), 1);
    robin.run(&["share", "invite", "--name", "Dana", "--yes", "--no-wait"]).exits(7).says(&["already invited"]);
}

#[test]
fn the_client_hears_who_joined() {
    let robin = Home::robin();
    let inviting = Running::start(robin.command(&["share", "invite", "--name", "Dana", "--yes", "--json"]));
    let invited: Value = serde_json::from_str(&inviting.line().unwrap()).unwrap();
    let dana = Home::new();
    dana.ok(&["helper", "join", &ticket(&invited["data"]), "--name", "Somebody else"]);
    let joined: Value = serde_json::from_str(&inviting.line().unwrap()).unwrap();
    assert_eq!((&joined["data"]["event"], &joined["data"]["name"]), (&json!("joined"), &json!("Dana")), "by the name the client gave");
    assert_eq!(inviting.end().0, Some(0));
    assert_eq!(robin.json(&["status"])["helpers"][0]["name"], "Dana");
}

#[test]
fn a_revocation_whose_answer_was_lost_is_answered_again() {
    let robin = Home::robin();
    let _dana = robin.share_with_dana(RATINGS);
    let (id, revoke) = (uuid::Uuid::now_v7(), asif_proto::local::Request::ShareRevoke { name: "Dana".into() });
    crate::socket::Socket::open(&robin).reply(id, revoke.clone());
    crate::socket::Socket::open(&robin).reply(id, revoke);
}

#[test]
fn a_helper_may_be_invited_again_after_the_end() {
    let robin = Home::robin();
    robin.log(&["-b", "1"]);
    let dana = robin.share_with_dana(RATINGS);
    robin.ok(&["share", "revoke", "Dana", "--yes"]);
    await_end(&dana);
    robin.log(&["-b", "2"]);
    dana.ok(&["helper", "join", &robin.helper_ticket(RATINGS)]);
    robin.sync();
    assert_eq!(sessions(&dana), 2);
    assert_eq!(opened(&dana)["ended"], Value::Null);
    assert_eq!(dana.json(&["caseload"]).as_array().unwrap().len(), 2, "the ended one stays as it was");
}

#[test]
fn an_invitation_that_was_taken_back_is_taken_back_once_more_for_the_same_request() {
    let robin = Home::robin();
    let ticket = robin.helper_ticket(&[]);
    let (id, revoke) = (Uuid::now_v7(), Request::ShareRevoke { name: "Dana".into() });
    Socket::open(&robin).reply(id, revoke.clone());
    robin.kill();
    robin.start();
    Socket::open(&robin).reply(id, revoke);
    robin.refuses(7, &["share", "revoke", "Dana", "--yes"]).says(&["already ended"]);
    Home::new().refuses(7, &["helper", "join", &ticket, "--name", "Dana"]).says(&["taken back"]);
    assert_eq!(robin.json(&["share", "list"]), json!([]));
}

#[test]
fn a_second_invitation_of_the_same_name_is_refused_until_the_first_is_taken_back() {
    let robin = Home::robin();
    robin.helper_ticket(&[]);
    robin.refuses(7, &["share", "invite", "--name", "dana", "--yes", "--no-wait"]).says(&["asif share revoke dana"]);
    robin.ok(&["share", "revoke", "dana", "--yes"]);
    let dana = robin.share_with_dana(&[]);
    assert_eq!(dana.json(&["caseload"]).as_array().unwrap().len(), 1);
}

#[test]
fn an_invitation_after_an_end_can_be_seen_and_taken_back() {
    let robin = Home::robin();
    let _dana = robin.share_with_dana(&["--scope", "ratings"]);
    robin.ok(&["share", "revoke", "Dana", "--yes"]);
    let again = robin.helper_ticket(&["--scope", "notes"]);
    assert_eq!(robin.json(&["share", "preview", "Dana"])["scopes"], json!(["notes"]));
    robin.ok(&["share", "revoke", "Dana", "--yes"]);
    Home::new().refuses(7, &["helper", "join", &again, "--name", "Dana"]);
}

#[test]
fn an_invitation_that_was_asked_for_twice_is_one_and_its_last_ticket_is_good() {
    let robin = Home::robin();
    let invite = asif_proto::local::Invite {
        name: "Dana".into(),
        role: asif_proto::share::Role::Therapist,
        scopes: Vec::new(),
        since: None,
        until: None,
        ..Default::default()
    };
    let id = Uuid::now_v7();
    let invite = Request::ShareInvite { invite, yes: true, no_wait: true };
    let (first, second) = (Socket::open(&robin).event(id, invite.clone()), Socket::open(&robin).event(id, invite));
    assert_eq!(robin.json(&["share", "list"]).as_array().unwrap().len(), 1);
    Home::new().refuses(7, &["helper", "join", &ticket(&first), "--name", "Dana"]);
    Home::new().ok(&["helper", "join", &ticket(&second), "--name", "Dana"]);
}
