//! Which editor.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use asif_proto::local::{ErrorKind, Failure, Reply, Request};

use super::known::Known;
use super::place::TEMPORARY;
use crate::client::start::on_path;
use crate::context::Context;
use crate::error::Outcome;

/// The setting that names it.
const SETTING: &str = "editor";
/// What is looked for where nobody named one, in this order.
const USUAL: [&str; 5] = ["editor", "nano", "vim", "vi", "emacs"];

/// An editor that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editor {
    /// Its file, as it is called: what a link leads to may do another thing under its own name.
    pub program: PathBuf,
    /// The word it was called by.
    pub called: String,
    /// The person's own arguments.
    pub arguments: Vec<String>,
    /// Where its habits are known.
    pub known: Option<Known>,
}

/// Why there is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditorError {
    /// A quote does not close, or there is no word.
    #[error("the editor that {0} names cannot be read: {1:?}")]
    Unreadable(&'static str, String),
    /// It is not there.
    #[error("the editor that {0} names, {1:?}, is not to be found")]
    NotFound(&'static str, String),
    /// Nobody named one, and none of the usual ones is there.
    #[error("no editor is named here, and none of the usual ones is to be found")]
    None,
}

impl From<EditorError> for Failure {
    fn from(error: EditorError) -> Self {
        Self::new(ErrorKind::Precondition, error.to_string())
            .hint("name one: asif config set editor nano, or VISUAL or EDITOR; without one: --note - or --text - asks at a prompt")
    }
}

impl Editor {
    /// The editor of this person: the one that the settings name, `VISUAL`, `EDITOR`, or one that is there.
    pub fn of(context: &mut Context<'_, '_>) -> Outcome<Self> {
        let settings = |reply| if let Reply::Config(settings) = reply { Some(settings) } else { None };
        let setting = context.ask_for(Request::ConfigGet { key: SETTING.to_owned() }, settings)?.pop().and_then(|one| one.value);
        let variable = |name| (context.world.variable)(name).and_then(|value| value.into_string().ok());
        let named = [("asif config", setting), ("VISUAL", variable("VISUAL")), ("EDITOR", variable("EDITOR"))];
        Ok(choose(named, context.world.path.as_deref(), &std::env::current_dir().unwrap_or_default()).map_err(Failure::from)?)
    }

    /// The command that opens `text`, which lies in `folder`, with what keeps it from writing anything elsewhere.
    pub fn command(&self, text: &Path, folder: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        if let Some(known) = self.known {
            command.args(known.arguments(&self.called, folder));
        }
        // Whatever it writes beside the text without being told where lands in the folder, too.
        let made = folder.join(TEMPORARY);
        command.arg(text).current_dir(folder).env("TMPDIR", &made).env("TMP", &made).env("TEMP", &made);
        command
    }
}

/// The first that is named, each with what names it; a named one that is not there is told of, not passed over.
fn choose(named: [(&'static str, Option<String>); 3], path: Option<&OsStr>, here: &Path) -> Result<Editor, EditorError> {
    for (by, value) in named {
        let Some(value) = value.filter(|value| !value.trim().is_empty()) else { continue };
        let mut words = shlex::split(&value).unwrap_or_default().into_iter();
        let Some(called) = words.next() else { return Err(EditorError::Unreadable(by, value)) };
        return found(&called, words.collect(), path, here).ok_or(EditorError::NotFound(by, called));
    }
    USUAL.iter().find_map(|called| found(called, Vec::new(), path, here)).ok_or(EditorError::None)
}

fn found(called: &str, arguments: Vec<String>, path: Option<&OsStr>, here: &Path) -> Option<Editor> {
    let program = if called.contains('/') { Some(here.join(called)).filter(|file| file.is_file()) } else { on_path(path, called) }?;
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (real, called) = (program.canonicalize().map(|real| name(&real)).unwrap_or_default(), name(Path::new(called)));
    Some(Editor { known: Known::of(&real, &called), program, called, arguments })
}

/// A folder of the environment, where one is named.
pub fn folder(variable: Option<OsString>) -> Option<PathBuf> {
    variable.filter(|value| !value.is_empty()).map(PathBuf::from).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{OpenOptionsExt as _, symlink};

    /// A folder with programs in it.
    fn programs(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::File::options().write(true).create(true).truncate(true).mode(0o755).open(folder.path().join(name)).unwrap();
        }
        folder
    }

    fn named(setting: &str, visual: &str, editor: &str) -> [(&'static str, Option<String>); 3] {
        let value = |value: &str| (!value.is_empty()).then(|| value.to_owned());
        [("asif config", value(setting)), ("VISUAL", value(visual)), ("EDITOR", value(editor))]
    }

    #[test]
    fn the_setting_comes_before_visual_before_editor_before_what_is_there() {
        let folder = programs(&["one", "two", "three", "nano", "vi"]);
        let path = Some(folder.path().as_os_str());
        let called = |names| choose(names, path, Path::new("/")).unwrap().called;
        assert_eq!(called(named("one", "two", "three")), "one");
        assert_eq!(called(named("", "two", "three")), "two");
        assert_eq!(called(named(" ", "", "three")), "three");
        assert_eq!(called(named("", "", "")), "nano");
        assert_eq!(choose(named("", "", ""), Some(OsStr::new("/nowhere")), Path::new("/")), Err(EditorError::None));
    }

    #[test]
    fn words_are_split_as_a_shell_splits_them_and_arguments_stay() {
        let folder = programs(&["code", "my editor"]);
        let path = Some(folder.path().as_os_str());
        let editor = choose(named("", "code --wait --title 'a b'", ""), path, Path::new("/")).unwrap();
        assert_eq!((editor.called.as_str(), &editor.arguments[..]), ("code", &["--wait".into(), "--title".into(), "a b".into()][..]));
        let spaced = format!("\"{}/my editor\" -x", folder.path().display());
        assert_eq!(choose(named("", "", &spaced), None, Path::new("/")).unwrap().program, folder.path().join("my editor"));
        let relative = choose(named("", "", "./code"), None, folder.path()).unwrap();
        assert_eq!(relative.program, folder.path().join("./code"), "from where asif was called");
    }

    #[test]
    fn one_that_is_named_and_not_there_is_told_of() {
        let folder = programs(&["vi"]);
        let path = Some(folder.path().as_os_str());
        let missing = choose(named("", "emacsen -nw", ""), path, Path::new("/"));
        assert_eq!(missing, Err(EditorError::NotFound("VISUAL", "emacsen".into())));
        assert!(matches!(choose(named("'open", "", ""), path, Path::new("/")), Err(EditorError::Unreadable("asif config", _))));
    }

    #[test]
    fn behind_a_link_is_what_it_leads_to_and_it_keeps_its_name() {
        let folder = programs(&["vim.basic"]);
        symlink("vim.basic", folder.path().join("vi")).unwrap();
        let vi = choose(named("", "", "vi"), Some(folder.path().as_os_str()), Path::new("/")).unwrap();
        assert_eq!((vi.known, vi.program), (Some(Known::Vim), folder.path().join("vi")));
    }

    #[test]
    fn the_persons_arguments_come_first_and_the_text_last() {
        let editor = Editor { program: "/b/vim".into(), called: "vim".into(), arguments: vec!["-y".into()], known: Some(Known::Vim) };
        let command = editor.command(Path::new("/m/text.txt"), Path::new("/m"));
        let arguments: Vec<_> = command.get_args().collect();
        assert_eq!(
            (arguments.first(), arguments.get(1), arguments.last()),
            (Some(&OsStr::new("-y")), Some(&OsStr::new("-n")), Some(&OsStr::new("/m/text.txt")))
        );
        let folder = |name: &str| command.get_envs().find(|(key, _)| *key == name).and_then(|(_, value)| value.map(Path::new));
        assert_eq!((command.get_current_dir(), folder("TMPDIR")), (Some(Path::new("/m")), Some(Path::new("/m/made"))));
    }
}
