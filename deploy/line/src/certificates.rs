//! Certificates are renewed while the relay runs: their files are looked at again and again, and what is whole serves
//! every connection that begins from then on. No connection that is open is dropped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};

use crate::start::NotStarted;

const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What is made of files and may be made anew: whoever uses it takes it as it is then.
#[derive(Debug)]
pub(crate) struct Current<T>(RwLock<T>);

impl<T: Clone> Current<T> {
    pub(crate) const fn new(first: T) -> Self {
        Self(RwLock::new(first))
    }

    pub(crate) fn now(&self) -> T {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn replace(&self, next: T) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
    }
}

impl ResolvesServerCert for Current<Arc<CertifiedKey>> {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now())
    }
}

/// The files of one thing, and how it is made of them and put in its place.
pub(crate) struct Kept {
    what: &'static str,
    files: Vec<PathBuf>,
    /// Digest of what was taken up: nothing of a key stays behind for comparing. Before the first look nothing was.
    seen: Option<[u8; 32]>,
    /// Why the last look took nothing up though something is amiss: it is told once, not at every look.
    amiss: Option<String>,
    take_up: Box<dyn Fn() -> Result<(), NotStarted> + Send>,
}

impl Kept {
    pub(crate) fn new(
        what: &'static str,
        files: Vec<PathBuf>,
        take_up: impl Fn() -> Result<(), NotStarted> + Send + 'static,
    ) -> Self {
        Self {
            what,
            files,
            seen: None,
            amiss: None,
            take_up: Box::new(take_up),
        }
    }

    /// Takes renewed files up when they are whole; what is in force stays when they are not.
    fn look(&mut self) {
        if let Some(why) = self.news() {
            tracing::warn!(what = self.what, %why, "relay.certificates_not_whole");
        }
    }

    /// One look; what is amiss and was not told yet.
    fn news(&mut self) -> Option<String> {
        let amiss = self.taken_up().err();
        let news = amiss.clone().filter(|why| self.amiss.as_ref() != Some(why));
        self.amiss = amiss;
        news
    }

    fn taken_up(&mut self) -> Result<(), String> {
        let there = fingerprint(&self.files)?;
        if self.seen == Some(there) {
            return Ok(());
        }
        // A look that panics is one of many: the next one, and the other files, are looked at all the same.
        match catch_unwind(AssertUnwindSafe(|| (self.take_up)())) {
            Ok(taken) => taken.map_err(|why| why.to_string())?,
            Err(_) => return Err(format!("a look at the files of `{}` broke off", self.what)),
        }
        self.seen = Some(there);
        tracing::info!(what = self.what, "relay.certificates_in_force");
        Ok(())
    }
}

/// Of what the files hold; else the file that cannot be read, and why.
fn fingerprint(files: &[PathBuf]) -> Result<[u8; 32], String> {
    let mut digest = Sha256::new();
    for file in files {
        let read = std::fs::read(file);
        let read = read.map_err(|error| format!("{}: {error}", file.display()))?;
        digest.update(Sha256::digest(read));
    }
    Ok(digest.finalize().into())
}

/// Looks at all of them for ever. Files are read away from the threads that serve; only a runtime that ends takes them
/// along.
pub(crate) async fn follow(mut kept: Vec<Kept>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let looked = tokio::task::spawn_blocking(move || {
            kept.iter_mut().for_each(Kept::look);
            kept
        });
        match looked.await {
            Ok(back) => kept = back,
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewed_files_are_taken_up_once_and_only_when_they_are_whole() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["a.pem", "a.key"].map(|name| folder.path().join(name));
        let write = |at: usize, text: &str| std::fs::write(&files[at], text).unwrap();
        let current = Arc::new(Current::new(String::new()));
        let taken = Arc::new(Current::new(0));
        let (into, count, from) = (Arc::clone(&current), Arc::clone(&taken), files.clone());
        let mut kept = Kept::new("a", files.to_vec(), move || {
            let [certificate, key] = [0, 1].map(|at| std::fs::read_to_string(&from[at]).unwrap());
            if certificate != key {
                return Err(NotStarted::because("does not fit the private key"));
            }
            into.replace(certificate);
            count.replace(count.now() + 1);
            Ok(())
        });
        kept.look();
        assert_eq!((current.now().as_str(), taken.now()), ("", 0));
        write(0, "first");
        write(1, "first");
        kept.look();
        kept.look();
        assert_eq!((current.now().as_str(), taken.now()), ("first", 1));
        write(0, "second");
        kept.look();
        assert_eq!(current.now(), "first");
        write(1, "second");
        kept.look();
        kept.look();
        assert_eq!((current.now().as_str(), taken.now()), ("second", 2));
    }

    #[test]
    fn what_is_amiss_is_told_once_with_its_file_and_its_reason_and_the_looks_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pem");
        let from = file.clone();
        let mut kept = Kept::new(
            "a",
            vec![file.clone()],
            move || match std::fs::read_to_string(&from).unwrap().as_str() {
                "whole" => Ok(()),
                "odd" => panic!("an odd file"),
                _ => Err(NotStarted::because("a.pem: is not a PEM file")),
            },
        );
        let told = kept.news().unwrap();
        assert!(told.contains("a.pem: No such file"), "{told}");
        assert_eq!(kept.news(), None);
        for (text, why) in [
            ("half", "a.pem: is not a PEM file"),
            ("odd", "a look at the files of `a` broke off"),
            ("half", "a.pem: is not a PEM file"),
        ] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(kept.news().as_deref(), Some(why));
            assert_eq!(kept.news(), None);
        }
        std::fs::write(&file, "whole").unwrap();
        assert_eq!(kept.news(), None);
        assert!(kept.seen.is_some());
        std::fs::remove_file(&file).unwrap();
        assert!(kept.news().is_some(), "a file that went is told again");
    }
}
