//! What happens in the tour, act by act.

use super::stage::Machine::{Dana, Desktop, Laptop};
use super::{Tour, id_in, loan_in, ticket_in};
use crate::error::Outcome;

const WAIT: &[&str] = &["sync", "--wait", "--timeout", "10s"];

/// Plays every act.
pub(super) fn play(tour: &mut Tour<'_, '_, '_>) -> Outcome {
    journal(tour)?;
    let lunch = three_sessions(tour)?;
    second_device(tour)?;
    apart(tour, &lunch)?;
    invitation(tour)?;
    loan(tour)?;
    ending(tour)
}

fn journal(tour: &mut Tour<'_, '_, '_>) -> Outcome {
    tour.act(
        "1. A journal of one's own",
        "Robin finds it hard to believe in deserving kindness, and has agreed with a therapist, Dana, to act as if for a while and \
         write down what happens. The journal begins on Robin's laptop, with one small thing to practise.",
    )?;
    tour.run(Laptop, &["init", "--no-input", "--name", "Robin", "--device", "laptop"])?;
    let lunch = ["practice", "add", "Lunch away from the desk", "--slug", "lunch", "--kind", "as-if-action", "--difficulty", "35"];
    tour.run(Laptop, &lunch)?;
    Ok(())
}

/// Returns the id of the session with a note.
fn three_sessions(tour: &mut Tour<'_, '_, '_>) -> Outcome<String> {
    tour.act(
        "2. Three sessions",
        "Feelings go from 0 to 100, and every number can be left out. The second has a note. The third felt worse, which is an ordinary \
         result, and Robin keeps it private: no helper will ever see it.",
    )?;
    tour.run(Laptop, &["log", "lunch", "-b", "30", "-a", "45", "--acted", "80"])?;
    let noted = tour.run_with(
        Laptop,
        &["log", "lunch", "-b", "25", "-a", "40", "--acted", "60", "--note", "-"],
        "Sat by the canal. Nobody minded.",
    )?;
    tour.run(Laptop, &["log", "lunch", "-b", "35", "-a", "30", "--worse", "--private"])?;
    tour.run(Laptop, &["list"])?;
    id_in(&noted)
}

fn second_device(tour: &mut Tour<'_, '_, '_>) -> Outcome {
    tour.act(
        "3. A second device",
        "Robin also has a desktop. The laptop makes a ticket that works once; the desktop uses it, and has the whole journal. No account \
         and no company's computer is in between: the two talk to each other.",
    )?;
    let given = tour.run(Laptop, &["device", "pair", "--yes", "--no-wait"])?;
    tour.run(Desktop, &["device", "join", &ticket_in(&given)?, "--name", "desktop"])?;
    tour.run(Laptop, WAIT)?;
    tour.run(Desktop, &["list"])?;
    tour.run(Laptop, &["status"])?;
    Ok(())
}

fn apart(tour: &mut Tour<'_, '_, '_>, session: &str) -> Outcome {
    tour.act(
        "4. Apart, and together again",
        "First the desktop is off, and Robin adds something to a session on the laptop. Then the laptop is off, and Robin adds something \
         else to the same session on the desktop. When both are on again, both additions are there, on both.",
    )?;
    tour.run(Desktop, &["daemon", "stop"])?;
    tour.run(Laptop, &["edit", session, "--felt-real", "30"])?;
    tour.run(Laptop, &["daemon", "stop"])?;
    tour.run(Desktop, &["edit", session, "--where", "chest"])?;
    tour.run(Laptop, &["daemon", "start"])?;
    tour.run(Laptop, WAIT)?;
    tour.run(Desktop, WAIT)?;
    tour.run(Laptop, &["show", session])?;
    tour.run(Desktop, &["show", session])?;
    Ok(())
}

fn invitation(tour: &mut Tour<'_, '_, '_>) -> Outcome {
    tour.act(
        "5. An invitation",
        "Robin would like Dana to see the numbers, not the notes. Before anything is shared, Robin sees what Dana would see. (Without \
         --yes it asks.) Dana gets copies of just that, never the journal.",
    )?;
    let scope = ["share", "invite", "--name", "Dana", "--role", "therapist", "--scope", "ratings,practices", "--since", "7d"];
    let given = tour.run(Laptop, &[&scope[..], &["--yes", "--no-wait"]].concat())?;
    tour.run(Dana, &["helper", "join", &ticket_in(&given)?, "--name", "Dana"])?;
    tour.run(Laptop, WAIT)?;
    tour.run(Dana, &["caseload"])?;
    tour.run(Dana, &["caseload", "open", "Robin"])?;
    Ok(())
}

fn loan(tour: &mut Tour<'_, '_, '_>) -> Outcome {
    tour.act(
        "6. A borrowed belief",
        "Robin does not believe that this will help. Dana does, and lends Robin that belief in words of Dana's own. Robin leans on it for one \
         experiment, without having to share it: the words stand there at the moment of trying, a prediction is locked, and the outcome \
         is told beside it.",
    )?;
    tour.run_with(
        Dana,
        &["lend", "Robin", "lunch", "--strength", "85", "--text", "-"],
        "I think it will feel a little more like yours by the fourth time.",
    )?;
    tour.run(Dana, WAIT)?;
    let loan = loan_in(&tour.run(Laptop, &["borrow", "list"])?)?;
    tour.run(Laptop, &["try", "lunch", "--basis", "borrowed", "--borrowed", &loan, "--willingness", "60", "--prediction", "35"])?;
    tour.run(Laptop, &["outcome", "lunch", "-b", "30", "-a", "50", "--learning", "It was only lunch.", "--supports", "unsure"])?;
    tour.run(Laptop, WAIT)?;
    tour.run(Dana, &["caseload", "open", "Robin"])?;
    Ok(())
}

fn ending(tour: &mut Tour<'_, '_, '_>) -> Outcome {
    tour.act(
        "7. The end of sharing",
        "Robin can stop at any time, and needs no reason. That stops what comes next; nothing can take back what was read. The last \
         session is Robin's alone.",
    )?;
    tour.run(Laptop, &["share", "revoke", "Dana", "--yes"])?;
    tour.run(Laptop, &["log", "lunch", "-b", "45", "-a", "60"])?;
    tour.await_in_caseload("ended")?;
    tour.run(Dana, &["caseload"])?;
    tour.run(Dana, &["caseload", "open", "Robin"])?;
    tour.run(Laptop, &["list"])?;
    Ok(())
}
