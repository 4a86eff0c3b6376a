//! A copy of the tracked files beside the builds, for patches to be tried on. Files keep their time
//! unless they change, so that only what a patch touches is built again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) struct Tree {
    root: PathBuf,
    pub(crate) path: PathBuf,
}

type Outcome<T> = Result<T, String>;

fn told(what: &str, path: &Path) -> impl FnOnce(std::io::Error) -> String {
    let place = format!("{what} {}", path.display());
    move |error| format!("{place}: {error}")
}

impl Tree {
    pub(crate) fn at(root: &Path, path: PathBuf) -> Self {
        Self {
            root: root.to_owned(),
            path,
        }
    }

    fn listed(&self) -> Outcome<BTreeSet<String>> {
        let listed = Command::new("git")
            .args(["ls-files", "-z"])
            .current_dir(&self.root)
            .output()
            .map_err(|error| format!("git does not start: {error}"))?;
        if !listed.status.success() {
            return Err(String::from_utf8_lossy(&listed.stderr).into_owned());
        }
        let names = String::from_utf8_lossy(&listed.stdout).into_owned();
        let files = names.split('\0').filter(|name| !name.is_empty());
        Ok(files
            .filter(|name| self.root.join(name).is_file())
            .map(str::to_owned)
            .collect())
    }

    /// Makes the copy equal to the tracked files as they are now.
    pub(crate) fn restore(&self) -> Outcome<()> {
        let wanted = self.listed()?;
        for name in &wanted {
            let (from, to) = (self.root.join(name), self.path.join(name));
            let bytes = std::fs::read(&from).map_err(told("cannot read", &from))?;
            if std::fs::read(&to).is_ok_and(|present| present == bytes) {
                continue;
            }
            if let Some(folder) = to.parent() {
                std::fs::create_dir_all(folder).map_err(told("cannot make", folder))?;
            }
            // `copy` takes the permissions along: scripts stay executable.
            std::fs::copy(&from, &to).map_err(told("cannot write", &to))?;
        }
        // What the gateway embeds need not be filled.
        let pages = self.path.join("miniapp/dist/h5");
        std::fs::create_dir_all(&pages).map_err(told("cannot make", &pages))?;
        self.forget_others(&wanted)
    }

    /// Files a patch added, or that are tracked no more.
    fn forget_others(&self, wanted: &BTreeSet<String>) -> Outcome<()> {
        let mut folders = vec![self.path.clone()];
        while let Some(folder) = folders.pop() {
            let entries = std::fs::read_dir(&folder).map_err(told("cannot read", &folder))?;
            for entry in entries.flatten() {
                let path = entry.path();
                let name = path.strip_prefix(&self.path).ok().and_then(Path::to_str);
                if path.is_dir() {
                    folders.push(path);
                } else if name.is_none_or(|name| !wanted.contains(name)) {
                    std::fs::remove_file(&path).map_err(told("cannot remove", &path))?;
                }
            }
        }
        Ok(())
    }

    /// Applies a patch; a patch that does not fit is an error.
    pub(crate) fn apply(&self, patch: &Path) -> Outcome<()> {
        apply(&self.path, patch, &[])
    }
}

/// `git apply` in a folder that is no repository of its own, whatever repository is around it.
pub(crate) fn apply(folder: &Path, patch: &Path, options: &[&str]) -> Outcome<()> {
    let applied = Command::new("git")
        .arg("apply")
        .args(options)
        .arg(patch)
        .current_dir(folder)
        .env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap_or(folder))
        .output()
        .map_err(|error| format!("git does not start: {error}"))?;
    if applied.status.success() {
        Ok(())
    } else {
        let said = String::from_utf8_lossy(&applied.stderr);
        Err(format!(
            "{} does not apply: {}",
            patch.display(),
            said.trim()
        ))
    }
}
