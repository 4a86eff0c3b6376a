//! Whether the time of "permission not granted" tells why (PV-09): the whole use case over a store in memory, refusals
//! against each other. No disk is between: the time of a commit would hide what is looked for.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use lifeline_core::accounts::account::{Account, ProviderId};
use lifeline_core::accounts::codes::Budget;
use lifeline_core::accounts::{Caller, Secret};
use lifeline_core::settlement::accounts::{
    FeedIn, Generation, GenerationAccount, GenerationError, GenerationPorts, GenerationState,
    GridConnections, Identity, Reserve,
};
use lifeline_core::settlement::ids::{GenerationAccountId, GenerationNo, TradingAccount};
use lifeline_core::shared::ids::{Entropy, Maker};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::{Address, ConsumerNo, IdNo, PersonName};
use lifeline_core::shared::time::Clock;
use lifeline_core::store::{StoreError, Tx, atomically};

use super::*;
use crate::passwords::{Argon2id, Cost};

const NUMBER: &str = "1504990020061";
const DAY_S: i64 = 86_400;

/// Days go by one by one: tries are counted by the day.
struct Days(AtomicI64);

impl Clock for Days {
    fn now(&self) -> Time {
        let gone = self.0.load(Ordering::SeqCst) * DAY_S;
        Time::from_micros(1_790_000_000_000_000).plus_seconds(gone)
    }
}

struct Chance;

impl Entropy for Chance {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).unwrap();
    }
}

/// The reserve of the one generator there is.
struct One;

#[async_trait]
impl GridConnections for One {
    async fn reserved(&self, number: &GenerationNo) -> Result<Option<Reserve>, NoAnswer> {
        Ok(Some(Reserve {
            generation_no: number.clone(),
            grid_user_no: ConsumerNo::parse("1504010020066").unwrap(),
            address: Address::from_store("向阳村 8 号".to_owned()),
            identity: Identity {
                name: PersonName::parse("赵磊").unwrap(),
                id_no: IdNo::parse("150499199001010014").unwrap(),
                trading_account: TradingAccount::parse("6217000000000000005").unwrap(),
            },
            feed_in: FeedIn::Surplus,
            settlement_day: 15,
            contract_version: 1,
            in_force: true,
        }))
    }
}

/// What is wrong with a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Tag,
    Account,
    Nonce,
    Identity,
}

/// Somebody with a keyed account before its use case.
struct Stand {
    days: Arc<Days>,
    generation: Generation,
    caller: Caller,
    account: GenerationAccountId,
}

impl Stand {
    async fn over(engine: &Arc<sql::Engine>) -> Self {
        let days = Arc::new(Days(AtomicI64::new(0)));
        let make = Maker {
            clock: &*days,
            entropy: &Chance,
        };
        let vault = WrappedVault::new(Arc::new(Bare));
        let pair = pair(&vault).await;
        let caller = Caller {
            account_id: make.id(),
            session_id: make.id(),
            family_id: make.id(),
            source: String::new(),
            trace_id: "t".repeat(32),
        };
        let person = Account {
            account_id: caller.account_id.clone(),
            app_id: "app".to_owned(),
            open_id: ProviderId::parse("seller"),
            user_id: None,
            real_name: None,
            phone: None,
            merged: None,
            created_at: make.now(),
            version: 1,
        };
        let account = GenerationAccount {
            generation_account_id: make.id(),
            account_id: caller.account_id.clone(),
            generation_no: Some(GenerationNo::parse(NUMBER).unwrap()),
            feed_in: FeedIn::Surplus,
            settlement_day: 15,
            contract_version: 1,
            state: GenerationState::Keyed,
            termination_asked_at: None,
            created_at: make.now(),
            next_at: Some(make.now()),
            ended_at: None,
            version: 1,
        };
        let store: Arc<dyn lifeline_core::store::Store> = engine.clone();
        atomically(&*store, async |tx: &mut Tx| {
            tx.accounts().add(&person).await?;
            tx.generation().add(&account).await?;
            let id = &account.generation_account_id;
            tx.generation().add_key(id, &pair).await?;
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
        let passwords = Argon2id::new(Cost::USUAL, 1, Arc::new(Chance)).unwrap();
        let generation = Generation::new(GenerationPorts {
            store,
            clock: days.clone(),
            entropy: Arc::new(Chance),
            grid: Arc::new(One),
            vault: Arc::new(vault),
            passwords: Arc::new(passwords),
            code_budget: Budget::USUAL,
            rows: Vec::new(),
        });
        Self {
            days,
            generation,
            caller,
            account: account.generation_account_id,
        }
    }

    /// What is sent: alike in every length.
    fn sealed(&self, key_id: &KeyPairId, modulus: &str, nonce: &Secret, wrong: Wrong) -> String {
        let own = self.account.as_str();
        let other = "0".repeat(own.len());
        let account = if wrong == Wrong::Account {
            other.as_str()
        } else {
            own
        };
        let spent = "n".repeat(nonce.expose().len());
        let nonce = if wrong == Wrong::Nonce {
            spent.as_str()
        } else {
            nonce.expose()
        };
        let card = if wrong == Wrong::Identity {
            "6217000000000000013"
        } else {
            "6217000000000000005"
        };
        let text = format!(
            r#"{{"generation_account_id":"{account}","nonce":"{nonce}","identity":{{"name":"赵磊","id_no":"150499199001010014","bank_card_no":"{card}"}}}}"#
        );
        let mut parts = Draft::of(key_id, text.as_bytes()).parts(modulus);
        if wrong == Wrong::Tag {
            parts[4] = B64.encode([0; 16]);
        }
        parts.join(".")
    }

    /// How long one refusal took, in nanoseconds; on a day of its own, with a fresh nonce.
    async fn refused(&self, wrong: Wrong, later: Duration) -> i128 {
        self.days.0.fetch_add(1, Ordering::SeqCst);
        let key = self.generation.public_key(&self.caller, &self.account);
        let key = key.await.unwrap();
        let jwe = self.sealed(&key.key_id, &key.modulus, &key.nonce, wrong);
        let began = Instant::now();
        let answer = self
            .generation
            .permit(&self.caller, &self.account, &jwe, None)
            .await;
        let answered = Instant::now();
        while answered.elapsed() < later {
            std::hint::spin_loop();
        }
        let took = i128::try_from(began.elapsed().as_nanos()).unwrap();
        assert!(
            matches!(answer, Err(GenerationError::NotGranted)),
            "{wrong:?}: {answer:?}"
        );
        took
    }

    /// The middle of the differences between two kinds done in turn, in nanoseconds.
    async fn slower_by(&self, pairs: usize, one: Wrong, other: Wrong, later: Duration) -> i128 {
        let mut differences = Vec::with_capacity(pairs);
        for nth in 0..pairs {
            // Who begins changes, so that being second is no difference.
            let (first, second) = if nth % 2 == 0 {
                let first = self.refused(one, Duration::ZERO).await;
                (first, self.refused(other, later).await)
            } else {
                let second = self.refused(other, later).await;
                (self.refused(one, Duration::ZERO).await, second)
            };
            differences.push(second - first);
        }
        differences.sort_unstable();
        differences[pairs / 2]
    }
}

/// A store in memory.
fn in_memory() -> sql::Bench {
    let keyring = Arc::new(Keyring::generate(InstanceKind::Demo).unwrap());
    sql::Bench::new(keyring, Time::from_micros(0)).unwrap()
}

/// What takes an equal time writes an equal number of rows: of a right nonce with something else wrong as of a wrong one.
#[tokio::test]
async fn pv_09_every_refusal_of_a_permission_writes_as_many_rows() {
    let bench = in_memory();
    let stand = Stand::over(&bench.engine()).await;
    let written = async |wrong: Wrong| {
        let rows = || {
            bench.look(|db| {
                db.query_row("SELECT total_changes()", [], |row| row.get::<_, i64>(0))
                    .unwrap()
            })
        };
        let before = rows();
        stand.refused(wrong, Duration::ZERO).await;
        rows() - before
    };
    // The first try ever is not what is compared.
    written(Wrong::Tag).await;
    let unread = written(Wrong::Tag).await;
    for wrong in [Wrong::Account, Wrong::Nonce, Wrong::Identity] {
        assert_eq!(written(wrong).await, unread, "{wrong:?}");
    }
}

/// A difference that has to be found.
const PLANTED: Duration = Duration::from_micros(20);

/// Needs a quiet machine: part of `make test-long`.
#[tokio::test]
#[ignore = "a comparison of times, for make test-long"]
async fn pv_09_no_refusal_of_a_permission_takes_another_time() {
    let pairs = std::env::var("TIMING_PAIRS").map_or(2_000, |text| text.parse().unwrap());
    let stand = Stand::over(&in_memory().engine()).await;
    let bound = i128::try_from(PLANTED.as_nanos() / 2).unwrap();
    for wrong in [Wrong::Account, Wrong::Nonce, Wrong::Identity] {
        let planted = stand.slower_by(pairs, Wrong::Tag, wrong, PLANTED).await;
        assert!(
            planted > bound,
            "{wrong:?}: planted 20 us show as {planted} ns"
        );
        let by = stand.slower_by(pairs, Wrong::Tag, wrong, Duration::ZERO);
        let by = by.await;
        println!("{wrong:?}: {by} ns, with 20 us planted {planted} ns");
        assert!(by.abs() < bound, "{wrong:?}: {by} ns");
    }
}
