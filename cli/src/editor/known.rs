//! Editors that are known: what each writes beside the text, and the arguments that keep it out of the way or in the private folder.
//!
//! What is in this table was tried with the real program, or read in its documentation; `docs/security.md` tells which.

use std::ffi::OsString;
use std::path::Path;

/// An editor whose habits are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Vim and Neovim.
    Vim,
    /// nano.
    Nano,
    /// Emacs itself, not its client: what the client opens belongs to a server that was configured before.
    Emacs,
    /// micro.
    Micro,
    /// Kakoune.
    Kakoune,
    /// Helix.
    Helix,
    /// JOE.
    Joe,
    /// The vi of BusyBox.
    Busybox,
}

/// Without swap and `viminfo`, whatever a vimrc says; then, once it has been read, without the rest. The swap file comes back in the private
/// folder, so that what was not saved can be recovered.
const VIM: [&str; 7] = [
    "-n",
    "-i",
    "NONE",
    "-c",
    "silent! set nobackup nowritebackup noundofile viminfo=",
    "-c",
    "silent! set directory=. updatecount=20 swapfile",
];

/// No backups, no lock files, no lists of what was opened; what is saved by itself lies beside the text.
const EMACS: &str = "(progn \
    (setq make-backup-files nil create-lockfiles nil auto-save-list-file-prefix nil auto-save-file-name-transforms nil \
          savehist-additional-variables nil) \
    (dolist (mode '(savehist-mode save-place-mode recentf-mode desktop-save-mode global-undo-tree-mode undo-fu-session-global-mode)) \
      (when (and (boundp mode) (symbol-value mode)) (funcall mode -1))))";

impl Known {
    /// The editor whose file has the name `real` once links are followed, called as `called`.
    pub fn of(real: &str, called: &str) -> Option<Self> {
        // A wrapper that is called like an editor hands on its arguments. `vi` and `editor` can be anything.
        Self::named(real, called).or_else(|| Self::named(called, called))
    }

    fn named(name: &str, called: &str) -> Option<Self> {
        let is = |one: &str| name == one || name.strip_prefix(one).is_some_and(|rest| rest.starts_with(['.', '-']));
        let any = |names: &[&str]| names.iter().any(|one| is(one));
        if any(&["vim", "nvim", "gvim", "mvim", "vimx"]) {
            Some(Self::Vim)
        } else if any(&["nano", "rnano"]) {
            Some(Self::Nano)
        } else if is("emacs") {
            Some(Self::Emacs)
        } else if is("micro") {
            Some(Self::Micro)
        } else if any(&["kak", "kakoune"]) {
            Some(Self::Kakoune)
        } else if any(&["hx", "helix"]) {
            Some(Self::Helix)
        } else if any(&["joe", "jmacs", "jpico", "jstar"]) {
            Some(Self::Joe)
        } else if is("busybox") && called == "vi" {
            Some(Self::Busybox)
        } else {
            None
        }
    }

    /// The arguments before the text.
    pub fn arguments(self, called: &str, folder: &Path) -> Vec<OsString> {
        let plain = |arguments: &[&str]| arguments.iter().map(OsString::from).collect();
        match self {
            // In a window of its own it would return at once.
            Self::Vim if ["gvim", "mvim"].contains(&called) => plain(&[&["-f"][..], &VIM].concat()),
            Self::Vim => plain(&VIM),
            // Where its files say to keep copies, no argument says not to: it does not read them.
            Self::Nano => plain(&["--ignorercfiles"]),
            Self::Emacs => plain(&["--eval", EMACS]),
            // It writes what it is told by arguments into its settings: those lie beside the text, and go with it.
            Self::Micro => vec!["-config-dir".into(), folder.into()],
            Self::Joe => plain(&["-nobackups", "--joe_state", "-nolocks"]),
            // They keep nothing beside the text, or only next to it.
            Self::Kakoune | Self::Helix | Self::Busybox => Vec::new(),
        }
    }

    /// It keeps what was not saved in a way that only it can read.
    pub fn recovers(self) -> bool {
        self == Self::Vim
    }
}

/// The arguments with which Vim writes what its swap file holds into the file `into`, without a terminal and without settings.
pub fn recovery(text: &Path, into: &str) -> Vec<OsString> {
    let before = ["-u", "NONE", "-i", "NONE", "-n", "-es", "-r", "-c"].map(OsString::from);
    let write = OsString::from(format!("silent! w! {into}"));
    before.into_iter().chain([write, "-c".into(), "qa!".into(), text.into()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_editor_is_known_by_the_file_that_really_runs() {
        let rows = [
            ("vim.basic", "vi", Some(Known::Vim)),
            ("vim.tiny", "editor", Some(Known::Vim)),
            ("vim", "vim", Some(Known::Vim)),
            ("nvim", "vi", Some(Known::Vim)),
            ("nano", "editor", Some(Known::Nano)),
            ("emacs-nox", "emacs", Some(Known::Emacs)),
            ("emacs-28.2", "emacs", Some(Known::Emacs)),
            ("busybox", "vi", Some(Known::Busybox)),
            ("hx", "hx", Some(Known::Helix)),
            ("a-wrapper", "vim", Some(Known::Vim)),
            ("nvi", "vi", None),
            ("busybox", "ed", None),
            ("emacsclient", "emacsclient", None),
            ("emacsclient.emacs", "emacsclient", None),
            ("a-wrapper", "editor", None),
            ("vimtutor", "vimtutor", None),
            ("code", "code", None),
        ];
        for (real, called, known) in rows {
            assert_eq!(Known::of(real, called), known, "{real} called as {called}");
        }
    }

    #[test]
    fn the_swap_of_vim_is_off_before_its_settings_are_read_and_then_lies_beside_the_text() {
        let vim = Known::Vim.arguments("vim", Path::new("/m"));
        let at = |word: &str| vim.iter().position(|one| one.to_str().unwrap().contains(word)).unwrap();
        assert!(at("-n") < at("noundofile") && at("noundofile") < at("directory=."));
        assert!(Known::Vim.recovers() && !Known::Nano.recovers());
        assert_eq!(Known::Vim.arguments("gvim", Path::new("/m"))[0], "-f");
        assert!(Known::Micro.arguments("micro", Path::new("/m")).ends_with(&["/m".into()]));
    }
}
