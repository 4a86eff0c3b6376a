//! Certificates are renewed while the relay runs: their files are looked at again and again, and what is whole serves
//! every connection that begins from then on. No connection that is open is dropped.

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
            take_up: Box::new(take_up),
        }
    }

    /// Takes renewed files up when they are whole; what is in force stays when they are not.
    fn look(&mut self) {
        let there = fingerprint(&self.files);
        if there.is_none() || there == self.seen {
            return;
        }
        match (self.take_up)() {
            Ok(()) => {
                self.seen = there;
                tracing::info!(what = self.what, "relay.certificates_in_force");
            }
            Err(why) => tracing::warn!(what = self.what, %why, "relay.certificates_not_whole"),
        }
    }
}

fn fingerprint(files: &[PathBuf]) -> Option<[u8; 32]> {
    let mut digest = Sha256::new();
    for file in files {
        digest.update(Sha256::digest(std::fs::read(file).ok()?));
    }
    Some(digest.finalize().into())
}

/// Looks at all of them for ever. Files are read away from the threads that serve.
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
}
