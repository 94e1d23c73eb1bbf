//! What keeps the keys in memory from reaching a disk: no core file, and no other process of this user looks inside.

use rustix::process::{Resource, Rlimit, setrlimit};

/// The system refused.
#[derive(Debug, thiserror::Error)]
#[error("cannot forbid {what} for this process")]
pub struct HardenError {
    /// What was to be forbidden.
    pub what: &'static str,
    /// What the system said.
    pub source: std::io::Error,
}

/// Sets the core file limit to 0 and, on Linux, makes the process not dumpable. At every start, before any key is read.
pub fn harden() -> Result<(), HardenError> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
        .map_err(|source| HardenError { what: "core files", source: source.into() })?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .map_err(|source| HardenError { what: "memory dumps", source: source.into() })?;
    Ok(())
}

/// Gives this process so much memory, so many seconds of computing and no file that it could write or open.
pub fn confine(memory: u64, seconds: u64) -> Result<(), HardenError> {
    let limits = [
        (Resource::As, memory, "more memory"),
        (Resource::Cpu, seconds, "more computing"),
        (Resource::Fsize, 0, "files"),
        (Resource::Nofile, 3, "further files"),
    ];
    for (resource, limit, what) in limits {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })
            .map_err(|source| HardenError { what, source: source.into() })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_core_file_and_no_dump() {
        super::harden().unwrap();
        let limit = rustix::process::getrlimit(rustix::process::Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        #[cfg(any(target_os = "linux", target_os = "android"))]
        assert_eq!(rustix::process::dumpable_behavior().unwrap(), rustix::process::DumpableBehavior::NotDumpable);
    }
}
