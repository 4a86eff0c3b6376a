//! Keys are made off the request path (PV-05): who registers is answered while the vault still works, and the key
//! comes by the relay, or by the timed task when the relay did not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use async_trait::async_trait;
use lifeline_core::accounts::Caller;
use lifeline_core::accounts::codes::Budget;
use lifeline_core::outbox::Claimed;
use lifeline_core::outbox::relay::{Deliver as _, Delivery};
use lifeline_core::settlement::MonthRows;
use lifeline_core::settlement::accounts::keys::{AGAIN_S, KEY_DUE_S};
use lifeline_core::settlement::accounts::vault::{MadePair, VaultFailure};
use lifeline_core::settlement::accounts::{
    FeedIn, Generation, GenerationAccount, GenerationError, GenerationPorts, GenerationState,
    GridConnections, Identity, KeyPair, KeyVault, Registration, Reserve, WorkThrough,
};
use lifeline_core::settlement::ids::{
    GenerationAccountId, GenerationNo, KeyPairId, PersonalTableId, TradingAccount,
};
use lifeline_core::shared::ids::Maker;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::{Address, ConsumerNo, IdNo, PersonName};
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::snapshot;
use serde_json::json;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::drills::Nobody;
use crate::store::{Place, start};
use crate::stories;
use crate::world::{Outside, Seller};

stories! {
    pv_05_who_registers_is_answered_while_the_key_is_still_being_made;
    pv_05_errands_that_fail_keep_nobody_elses_key_from_being_made;
}

const STREET: &str = "向阳村 8 号";
const PLACE_NO: &str = "1504010020066";

/// Everybody who registers is in the reserve, under the contract of this version.
#[derive(Debug)]
pub(crate) struct Everybody(pub(crate) AtomicI64);

#[async_trait]
impl GridConnections for Everybody {
    async fn reserved(&self, number: &GenerationNo) -> Result<Option<Reserve>, NoAnswer> {
        Ok(Some(Reserve {
            generation_no: number.clone(),
            grid_user_no: ConsumerNo::parse(PLACE_NO).unwrap(),
            address: Address::from_store(STREET.to_owned()),
            identity: Identity {
                name: PersonName::parse("陈光").unwrap(),
                id_no: IdNo::parse("150499199001010014").unwrap(),
                trading_account: TradingAccount::parse("6217000000000001").unwrap(),
            },
            feed_in: FeedIn::Surplus,
            settlement_day: 28,
            contract_version: self.0.load(Ordering::SeqCst),
            in_force: true,
        }))
    }
}

/// A vault that makes no pair before it is let.
#[derive(Debug)]
struct Held {
    let_go: Semaphore,
    /// It answers nobody.
    shut: AtomicBool,
    asked: AtomicUsize,
}

#[async_trait]
impl KeyVault for Held {
    fn name(&self) -> &'static str {
        "held"
    }

    async fn make(&self, _: &KeyPairId) -> Result<MadePair, VaultFailure> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.shut.load(Ordering::SeqCst) {
            return Err(VaultFailure("shut"));
        }
        self.let_go.acquire().await.unwrap().forget();
        Ok(MadePair {
            modulus: "modulus".to_owned(),
            wrapped: "wrapped".to_owned(),
        })
    }

    /// Nobody encrypts anything in these stories.
    async fn open(
        &self,
        _: &KeyPair,
        jwe: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, VaultFailure> {
        Ok(Some(Zeroizing::new(jwe.as_bytes().to_vec())))
    }
}

impl Held {
    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Somebody who registers, and the use cases over the held vault.
pub(crate) struct Roof {
    pub(crate) place: Place,
    pub(crate) outside: Outside,
    pub(crate) grid: Arc<Everybody>,
    vault: Arc<Held>,
    pub(crate) generation: Generation,
    /// Somebody who sells already.
    pub(crate) seller: Seller,
    pub(crate) caller: Caller,
}

/// Where all of them stand.
pub(crate) fn typed(number: &str) -> Registration {
    Registration {
        generation_no: GenerationNo::parse(number).unwrap(),
        grid_user_no: ConsumerNo::parse(PLACE_NO).unwrap(),
        address: Address::from_store(STREET.to_owned()),
    }
}

impl Roof {
    pub(crate) async fn over(place: Place) -> Self {
        let outside = Outside::at(start());
        let vault = Arc::new(Held {
            let_go: Semaphore::new(0),
            shut: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
        });
        let grid = Arc::new(Everybody(AtomicI64::new(1)));
        let generation = Generation::new(GenerationPorts {
            store: place.store.clone(),
            clock: Arc::new(outside.clone()),
            entropy: Arc::new(outside.clone()),
            grid: grid.clone(),
            vault: vault.clone(),
            passwords: Arc::new(Nobody),
            code_budget: Budget::USUAL,
            rows: vec![Arc::new(MonthRows::default())],
        });
        let seller = place.seller(&outside, 1).await;
        let make = Maker {
            clock: &outside,
            entropy: &outside,
        };
        let caller = Caller {
            account_id: seller.owner.clone(),
            session_id: make.id(),
            family_id: make.id(),
            source: String::new(),
            trace_id: "t".repeat(32),
        };
        Self {
            place,
            outside,
            grid,
            vault,
            generation,
            seller,
            caller,
        }
    }

    pub(crate) async fn registers(&self, number: &str) -> GenerationAccountId {
        let typed = typed(number);
        let made = self.generation.register(&self.caller, &typed, None).await;
        let made = made.unwrap();
        assert_eq!(made.state, GenerationState::Keyless, "answered at once");
        let key = self
            .generation
            .public_key(&self.caller, &made.generation_account_id)
            .await;
        assert!(
            matches!(key, Err(GenerationError::KeyNotReady)),
            "and told to wait: {key:?}"
        );
        made.generation_account_id
    }

    /// Registers, has a key made, and shows whom the reserve names: what was registered, and its table.
    pub(crate) async fn permits(&self, number: &str) -> (GenerationAccountId, PersonalTableId) {
        let id = self.registers(number).await;
        let wanted = self.wanted().await;
        self.vault.let_go.add_permits(1);
        assert_eq!(self.generation.deliver(&wanted).await, Delivery::Done);
        let key = self.generation.public_key(&self.caller, &id).await;
        let inside = json!({
            "generation_account_id": id.as_str(),
            "nonce": key.unwrap().nonce.expose(),
            "identity": {
                "name": "陈光",
                "id_no": "150499199001010014",
                "bank_card_no": "6217000000000001",
            },
        });
        let shown = inside.to_string();
        let permitted = self.generation.permit(&self.caller, &id, &shown, None);
        let permitted = permitted.await.unwrap();
        (id, permitted.table_id)
    }

    pub(crate) async fn account(&self, id: &GenerationAccountId) -> GenerationAccount {
        let mut view = snapshot(&*self.place.store).await.unwrap();
        view.generation().by_id(id).await.unwrap().unwrap()
    }

    /// What the relay would deliver.
    async fn wanted(&self) -> Claimed {
        let now = self.outside.now();
        let mut claimed = self
            .place
            .write(async |tx| tx.outbox().claim(now, now.plus_seconds(9), 99).await)
            .await;
        claimed.retain(|one| one.event.kind == "generation.key_wanted");
        assert_eq!(claimed.len(), 1);
        claimed.remove(0)
    }
}

async fn pv_05_who_registers_is_answered_while_the_key_is_still_being_made(place: Place) {
    let roof = Roof::over(place).await;
    let first = roof.registers("1504990000777").await;
    assert_eq!(roof.vault.asked(), 0, "whoever registers makes no key");
    let wanted = roof.wanted().await;
    let meanwhile = async {
        while roof.vault.asked() == 0 {
            tokio::task::yield_now().await;
        }
        // The vault works on the first, and holds neither a unit of the store nor anybody up.
        let second = roof.registers("1504990000785").await;
        assert_eq!(roof.account(&first).await.state, GenerationState::Keyless);
        roof.vault.let_go.add_permits(1);
        second
    };
    let (delivered, second) = tokio::join!(roof.generation.deliver(&wanted), meanwhile);
    assert_eq!(delivered, Delivery::Done);
    let key = roof.generation.public_key(&roof.caller, &first).await;
    assert_eq!(key.unwrap().modulus, "modulus");
    assert_eq!(roof.account(&first).await.state, GenerationState::Keyed);
    // Again is no second pair.
    assert_eq!(roof.generation.deliver(&wanted).await, Delivery::Done);
    assert_eq!(roof.vault.asked(), 1);
    // The relay never came to the second: the timed task makes its key.
    assert_eq!(roof.account(&second).await.state, GenerationState::Keyless);
    roof.outside.advance(KEY_DUE_S + 1);
    roof.vault.let_go.add_permits(1);
    let errands = WorkThrough(roof.generation.clone());
    assert_eq!(errands.run_due().await.unwrap(), 1);
    assert_eq!(roof.account(&second).await.state, GenerationState::Keyed);
    assert_eq!(roof.vault.asked(), 2);
}

/// A whole page of errands fails, and somebody waits behind it for a key.
async fn pv_05_errands_that_fail_keep_nobody_elses_key_from_being_made(place: Place) {
    const PAGE: i64 = 100;
    let roof = Roof::over(place).await;
    let make = Maker {
        clock: &roof.outside,
        entropy: &roof.outside,
    };
    let now = roof.outside.now();
    let waits = |nth: i64| GenerationAccount {
        generation_account_id: make.id(),
        account_id: roof.caller.account_id.clone(),
        generation_no: Some(GenerationNo::parse(&format!("15049901{nth:05}")).unwrap()),
        feed_in: FeedIn::Surplus,
        settlement_day: 28,
        contract_version: 1,
        state: GenerationState::Keyless,
        termination_asked_at: None,
        created_at: now,
        next_at: Some(now.plus_seconds(nth)),
        ended_at: None,
        version: 1,
    };
    let waiting: Vec<GenerationAccount> = (0..=PAGE).map(waits).collect();
    roof.place
        .write(async |tx| {
            for account in &waiting {
                tx.generation().add(account).await?;
            }
            Ok(())
        })
        .await;
    let [.., last] = waiting.as_slice() else {
        panic!("nobody waits");
    };
    roof.outside.advance(PAGE + 1);
    roof.vault.shut.store(true, Ordering::SeqCst);
    let errands = WorkThrough(roof.generation.clone());
    assert_eq!(errands.run_due().await.unwrap(), 0);
    roof.vault.shut.store(false, Ordering::SeqCst);
    roof.vault.let_go.add_permits(waiting.len());
    assert_eq!(errands.run_due().await.unwrap(), 1, "who was not tried yet");
    let keyed = roof.account(&last.generation_account_id).await;
    assert_eq!(keyed.state, GenerationState::Keyed);
    // Those that failed are tried again in their time, and all in one turn.
    roof.outside.advance(AGAIN_S);
    assert_eq!(errands.run_due().await.unwrap(), waiting.len() - 1);
}
