//! Passwords as Argon2id hashes (RFC 9106): 19 MiB, two passes, one lane each.
//!
//! A hash takes tens of milliseconds of a core and its memory, so it runs on threads of its own, as
//! many at once as there are cores to spare; so many more may wait, and the next is told to come again.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use lifeline_core::accounts::passwords::{NotHashed, Password, PasswordHash, Passwords};
use lifeline_core::shared::ids::Entropy;
use tokio::sync::Semaphore;

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    pub memory_kib: u32,
    pub passes: u32,
}

impl Cost {
    /// The least that OWASP's password storage sheet names for Argon2id with 19 MiB.
    pub const USUAL: Self = Self {
        memory_kib: 19 * 1024,
        passes: 2,
    };
}

/// How many may wait for each one that is hashed.
const WAITING_PER_THREAD: usize = 16;

/// Hashes passwords by Argon2id.
#[derive(Clone)]
pub struct Argon2id {
    params: Params,
    entropy: Arc<dyn Entropy>,
    /// Leave to be here at all: under way or waiting.
    places: Arc<Semaphore>,
    /// Leave to use a thread.
    threads: Arc<Semaphore>,
    /// What a password is compared with when nothing is kept; no password is behind it.
    nobody: PasswordHash,
}

impl std::fmt::Debug for Argon2id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Argon2id")
    }
}

impl Argon2id {
    /// # Errors
    /// [`NotHashed::Failed`] when the cost is none Argon2 knows.
    pub fn new(cost: Cost, threads: usize, entropy: Arc<dyn Entropy>) -> Result<Self, NotHashed> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None);
        let params = params.map_err(|_| NotHashed::Failed)?;
        let mut random = [0_u8; 48];
        entropy.fill(&mut random);
        let nobody = nobodys(&params, &random);
        let threads = threads.max(1);
        Ok(Self {
            params,
            entropy,
            places: Arc::new(Semaphore::new(
                threads.saturating_mul(WAITING_PER_THREAD.saturating_add(1)),
            )),
            threads: Arc::new(Semaphore::new(threads)),
            nobody,
        })
    }

    /// Runs `work` on a thread of its own when there is room for it.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotHashed> {
        let _place = self.places.try_acquire().map_err(|_| {
            metrics::counter!("lifeline_passwords_busy_total").increment(1);
            NotHashed::Busy
        })?;
        let thread = Arc::clone(&self.threads).acquire_owned().await;
        let thread = thread.map_err(|_| NotHashed::Failed)?;
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work itself: a caller that goes away leaves it running.
            let _thread = thread;
            work()
        });
        done.await.map_err(|_| NotHashed::Failed)
    }
}

fn hashed(params: &Params, password: &[u8], salt: &[u8]) -> Result<PasswordHash, NotHashed> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let phc = argon2.hash_password_with_salt(password, salt);
    let phc = phc.map_err(|_| NotHashed::Failed)?;
    Ok(PasswordHash::from_store(phc.to_string()))
}

/// Chance in the form of a hash. To compare with it costs what any comparison does; to make it costs
/// nothing, where a hash would leave a process that only started 19 MiB larger.
fn nobodys(params: &Params, random: &[u8; 48]) -> PasswordHash {
    let (salt, digest) = random.split_at(16);
    let (memory_kib, passes) = (params.m_cost(), params.t_cost());
    let [salt, digest] = [salt, digest].map(|bytes| STANDARD_NO_PAD.encode(bytes));
    let text = format!("$argon2id$v=19$m={memory_kib},t={passes},p=1${salt}${digest}");
    PasswordHash::from_store(text)
}

#[async_trait]
impl Passwords for Argon2id {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, NotHashed> {
        let mut salt = [0_u8; 16];
        self.entropy.fill(&mut salt);
        let (params, password) = (self.params.clone(), password.clone());
        self.apart(move || hashed(&params, password.expose().as_bytes(), &salt))
            .await?
    }

    async fn verify(
        &self,
        password: &Password,
        kept: Option<&PasswordHash>,
    ) -> Result<bool, NotHashed> {
        let known = kept.is_some();
        let (kept, password) = (kept.unwrap_or(&self.nobody).clone(), password.clone());
        let fits = self
            .apart(move || {
                let kept = Phc::new(kept.expose()).map_err(|_| NotHashed::Failed)?;
                // The parameters are those of the kept text: an older, cheaper one still opens.
                let fits = Argon2::default().verify_password(password.expose().as_bytes(), &kept);
                Ok(fits.is_ok())
            })
            .await??;
        Ok(fits && known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);
    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
        }
    }

    /// As cheap as Argon2 gets: what is tested here is not its price.
    const CHEAP: Cost = Cost {
        memory_kib: 8,
        passes: 1,
    };

    fn passwords(threads: usize) -> Argon2id {
        Argon2id::new(CHEAP, threads, Arc::new(Counting(1.into()))).unwrap()
    }

    fn typed(text: &str) -> Password {
        Password::typed(text.to_owned()).unwrap()
    }

    #[test]
    fn rfc_9106_the_usual_hash_is_argon2id_with_its_parameters_named() {
        let params = Params::new(Cost::USUAL.memory_kib, Cost::USUAL.passes, 1, None).unwrap();
        let kept = hashed(&params, b"x", &[7; 16]).unwrap();
        let head = "$argon2id$v=19$m=19456,t=2,p=1$";
        assert!(kept.expose().starts_with(head));
    }

    #[test]
    fn ec_16_nobodys_hash_looks_and_costs_like_a_hash() {
        let params = Params::new(Cost::USUAL.memory_kib, Cost::USUAL.passes, 1, None).unwrap();
        let made = hashed(&params, b"x", &[7; 16]).unwrap();
        let nobodys = nobodys(&params, &[7; 48]);
        let but_digest = |hash: &PasswordHash| {
            let (rest, digest) = hash.expose().rsplit_once('$').unwrap();
            (rest.to_owned(), digest.len())
        };
        assert_eq!(but_digest(&nobodys), but_digest(&made));
        let kept = Phc::new(nobodys.expose()).unwrap();
        assert!(Argon2::default().verify_password(b"x", &kept).is_err());
    }

    #[tokio::test]
    async fn ec_16_only_its_password_opens_a_hash_and_salts_differ() {
        let passwords = passwords(1);
        let (right, wrong) = (typed("tr4x-9pq"), typed("tr4x-9pr"));
        let kept = passwords.hash(&right).await.unwrap();
        assert_ne!(passwords.hash(&right).await.unwrap(), kept);
        assert!(!kept.expose().contains("tr4x-9pq"));
        assert_eq!(passwords.verify(&right, Some(&kept)).await, Ok(true));
        assert_eq!(passwords.verify(&wrong, Some(&kept)).await, Ok(false));
        assert_eq!(passwords.verify(&right, None).await, Ok(false));
        let broken = PasswordHash::from_store("not a hash".into());
        let refused = passwords.verify(&right, Some(&broken)).await;
        assert_eq!(refused, Err(NotHashed::Failed));
    }

    #[tokio::test]
    async fn a_hash_made_more_cheaply_before_still_opens() {
        let right = typed("tr4x-9pq");
        let before = passwords(1).hash(&right).await.unwrap();
        let dearer = Cost {
            memory_kib: 16,
            passes: 2,
        };
        let now = Argon2id::new(dearer, 1, Arc::new(Counting(9.into()))).unwrap();
        assert_eq!(now.verify(&right, Some(&before)).await, Ok(true));
    }

    #[tokio::test]
    async fn so_many_wait_and_the_next_is_told_to_come_again() {
        let passwords = passwords(1);
        let thread = passwords.threads.acquire().await.unwrap();
        let word = typed("tr4x-9pq");
        let mut waiting = Vec::new();
        for _ in 0..=WAITING_PER_THREAD {
            let mut one = Box::pin(passwords.hash(&word));
            assert!(futures_util::poll!(one.as_mut()).is_pending());
            waiting.push(one);
        }
        assert_eq!(passwords.hash(&word).await, Err(NotHashed::Busy));
        drop(thread);
        for one in waiting {
            assert!(one.await.is_ok());
        }
        assert!(passwords.hash(&word).await.is_ok());
    }
}
