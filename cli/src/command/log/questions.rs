//! What a bare `asif log` asks: short first, more only where somebody wants it.

use asif_proto::local::{ErrorKind, Failure, Reply, Request};
use asif_proto::record::{FeltState, MAX_LINE, Practice, SessionFields};

use crate::context::{Apart, Context};
use crate::error::Outcome;
use crate::form::{Form, is_locked};

/// Asks which practice, and whatever the flags have not said.
pub(super) fn ask(
    form: &mut Form,
    context: &mut Context<'_, '_>,
    fields: SessionFields,
    noted: bool,
) -> Outcome<(Option<String>, SessionFields)> {
    let practice = if is_locked(context) {
        form.say(context, "The journal is locked: what you write now is sealed, and put in when you open it.");
        form.line_of(context, "practice", "Which did you do (its short name; Enter for none)?", MAX_LINE)?
            .map(|name| name.trim().to_owned())
    } else {
        let practices = practices(context)?;
        Some(which(form, context, &practices)?)
    };
    let fields = feelings(form, context, fields)?;
    if !form.yes(context, "more", "More?")? {
        return Ok((practice, fields));
    }
    Ok((practice, more(form, context, fields, noted)?))
}

fn practices(context: &mut Context<'_, '_>) -> Outcome<Vec<Practice>> {
    let list = |reply| if let Reply::Practices(practices) = reply { Some(practices) } else { None };
    let practices = context.ask_for(Request::PracticeList { all: false }, list)?;
    if practices.is_empty() {
        let failure = Failure::new(ErrorKind::Precondition, "there is nothing to practise here yet");
        return Err(failure
            .hint("asif practice add \"Lunch away from the desk\" --slug lunch; asif note writes down anything else")
            .into());
    }
    Ok(practices)
}

/// A number of the list, a short name, or an id; asked until it is one.
fn which(form: &mut Form, context: &mut Context<'_, '_>, practices: &[Practice]) -> Outcome<String> {
    let digits = practices.len().to_string().len();
    let slugs = practices.iter().map(|practice| practice.slug.chars().count()).max().unwrap_or(0);
    for (number, practice) in (1..).zip(practices) {
        form.say(context, &format!("  {number:>digits$} {:<slugs$}  {}", practice.slug, practice.title));
    }
    let apart = context.apart()?;
    loop {
        let named = form.picked(context, "practice", "Which did you do?", |text| find(text, practices, &apart))?;
        if let Some(practice) = named {
            return Ok(practice);
        }
        form.say(context, "  a number or a short name, please. For words without a practice: Ctrl-C, then asif note");
    }
}

fn find(text: &str, practices: &[Practice], apart: &Apart) -> Result<String, String> {
    let at = |number: usize| practices.get(number.checked_sub(1)?);
    if let Some(practice) = text.parse().ok().and_then(at) {
        return Ok(name(practice, practices));
    }
    let mut called = practices.iter().filter(|practice| practice.slug == text);
    match (called.next(), called.next()) {
        (Some(practice), None) => return Ok(name(practice, practices)),
        (Some(_), Some(_)) => return Err(format!("two practices are called {text:?}: use the number of the one you mean")),
        (None, _) => {}
    }
    match apart.ask(Request::PracticeShow { practice: text.to_owned() }) {
        Ok(Reply::Practice(practice)) => Ok(name(&practice, practices)),
        Ok(_) => Err(format!("no practice is called {text:?}")),
        Err(error) => {
            let failure = error.failure().unwrap_or_else(|| Failure::new(ErrorKind::NotFound, "no such practice"));
            let hint = failure.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
            Err(format!("{}{hint}", failure.message))
        }
    }
}

/// Its short name; its id where another has the same, and where it could be a number of the list.
fn name(practice: &Practice, practices: &[Practice]) -> String {
    if practice.slug.parse::<usize>().is_ok() {
        return practice.id.to_string();
    }
    let is_shared = practices.iter().any(|one| one.slug == practice.slug && one.id != practice.id);
    if is_shared { practice.id.to_string() } else { practice.slug.clone() }
}

fn feelings(form: &mut Form, context: &mut Context<'_, '_>, mut fields: SessionFields) -> Outcome<SessionFields> {
    if fields.before.is_none() {
        fields.before = form.rating(context, "before", "How did you feel before, 0-100 (Enter to skip)?")?;
    }
    if fields.after.is_none() {
        fields.after = form.rating(context, "after", "And after, 0-100 (Enter to skip)?")?;
    }
    Ok(fields)
}

fn more(form: &mut Form, context: &mut Context<'_, '_>, mut fields: SessionFields, noted: bool) -> Outcome<SessionFields> {
    if fields.acted_as_if.is_none() {
        fields.acted_as_if = form.rating(context, "acted", "How far did you act as if, 0-100?")?;
    }
    if fields.felt_real.is_none() {
        fields.felt_real = form.rating(context, "felt_real", "How real did it feel, 0-100?")?;
    }
    if fields.felt_state.is_none() {
        let words: Vec<(&str, FeltState)> = FeltState::ALL.iter().map(|state| (state.word(), *state)).collect();
        let named = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        fields.felt_state = form.choice(context, "felt_state", &format!("In a word: {named}?"), &words, None)?;
    }
    if fields.where_felt.is_none() {
        fields.where_felt = form.line_of(context, "where", "Where in the body did you feel it?", MAX_LINE)?;
    }
    if fields.felt_worse.is_none() && form.yes(context, "worse", "Did it feel worse? That is an ordinary result.")? {
        fields.felt_worse = Some(true);
    }
    if !noted {
        fields.note = form.line(context, "note", "Anything to note down?")?;
    }
    Ok(fields)
}
