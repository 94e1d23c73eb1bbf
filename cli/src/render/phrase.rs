//! Phrases.

use asif_proto::record::{Phrase, Shown, Visibility};

use super::practice::hyphens;
use super::{Screen, record};

/// `added phrase  7f3a  1  "May I be safe."  (loving-kindness)`
pub fn changed(screen: &mut Screen, done: &str, phrase: &Shown<Phrase<String>>) {
    let hint = record::hint(phrase.value.deleted, &phrase.short);
    screen.line(&format!(
        "{done} phrase  {}  \"{}\"  ({} {}){hint}",
        phrase.short, phrase.value.new_line, phrase.value.practice, phrase.value.order
    ));
}

/// Phrases, by practice, in their order.
pub fn list(screen: &mut Screen, phrases: &[Shown<Phrase<String>>]) {
    let mut practice = None;
    for phrase in phrases {
        let value = &phrase.value;
        if practice != Some(&value.practice) {
            screen.heading(&value.practice);
            practice = Some(&value.practice);
        }
        let mut parts = vec![phrase.short.clone(), format!("\"{}\"", value.new_line)];
        parts.extend(value.old_line.as_ref().map(|old| format!("instead of \"{old}\"")));
        parts.extend(value.form.map(hyphens));
        parts.extend(value.voice.as_ref().map(|voice| format!("voice: {voice}")));
        parts.extend((value.visibility == Visibility::Private).then(|| "private".to_owned()));
        screen.record(&parts);
    }
}

/// One phrase.
pub fn whole(screen: &mut Screen, phrase: &Shown<Phrase<String>>) {
    record::heading(screen, &format!("phrase  {}  {} {}", phrase.short, phrase.value.practice, phrase.value.order), phrase.value.deleted);
    screen.line(&format!("  \"{}\"", phrase.value.new_line));
    if let Some(old) = &phrase.value.old_line {
        screen.line(&format!("  instead of: \"{old}\""));
    }
    if let Some(form) = phrase.value.form {
        screen.line(&format!("  form: {}", hyphens(form)));
    }
    if let Some(voice) = &phrase.value.voice {
        screen.line(&format!("  voice: {voice}"));
    }
    record::ending(screen, phrase, phrase.value.visibility);
}
