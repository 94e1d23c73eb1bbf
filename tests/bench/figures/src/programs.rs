//! The programs that are measured, built by cargo as a release.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Refusal;

/// Where the programs lie.
pub(crate) struct Programs {
    /// The command line.
    pub(crate) asif: PathBuf,
    /// The daemon.
    pub(crate) asifd: PathBuf,
    /// The least that a command line does.
    pub(crate) floor: PathBuf,
    /// What is built lies here; so does what is kept between runs.
    pub(crate) target: PathBuf,
}

impl Programs {
    /// Builds them, or takes those that lie in a folder; says in words what cannot be built.
    pub(crate) fn build(given: Option<&str>) -> Result<Self, Refusal> {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = own.join("../../..").canonicalize()?;
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
        let folder = match given {
            Some(folder) => Path::new(folder).canonicalize()?,
            None => {
                cargo(&root, &["--bins"], &target)?;
                target.join("release")
            }
        };
        // Where this very program was built, what it needs is built already.
        let this = std::env::current_exe()?;
        let own_target = this.ancestors().nth(2).ok_or("this program lies nowhere")?;
        cargo(own, &["--bin", "floor"], own_target)?;
        let floor = own_target.join("release/floor");
        Ok(Self { asif: folder.join("asif"), asifd: folder.join("asifd"), floor, target })
    }

    /// The program that syncs with samod, built here.
    pub(crate) fn samod(&self) -> Result<PathBuf, Refusal> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samod").canonicalize()?;
        let target = self.target.join("samod");
        cargo(&folder, &[], &target)?;
        Ok(target.join("release/samod-first-sync"))
    }

    /// The daemon's version, as it says itself.
    pub(crate) fn version(&self) -> Result<String, Refusal> {
        let said = Command::new(&self.asifd).arg("--version").output()?;
        let said = String::from_utf8(said.stdout)?;
        Ok(said.split_whitespace().nth(1).ok_or("the daemon does not tell its version")?.to_owned())
    }
}

fn cargo(folder: &Path, what: &[&str], target: &Path) -> Result<(), Refusal> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--locked", "--quiet"]).args(what).current_dir(folder).env("CARGO_TARGET_DIR", target);
    match command.status()?.success() {
        true => Ok(()),
        false => Err(format!("cargo cannot build the release programs in {}", folder.display()).into()),
    }
}
