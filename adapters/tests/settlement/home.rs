//! A seller who may be paid elsewhere one day: their phone, the reserve, what is on its way to them. The vault here takes
//! what it is handed for what lies inside.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lifeline_core::accounts::account::VerifiedPhone;
use lifeline_core::accounts::codes::Budget;
use lifeline_core::accounts::{Caller, Secret};
use lifeline_core::settlement::accounts::account::FeedIn;
use lifeline_core::settlement::accounts::vault::{MadePair, VaultFailure};
use lifeline_core::settlement::accounts::{
    Generation, GenerationError, GenerationPorts, GridConnections, Identity, KeyPair, KeyVault,
    PersonalTable, Reserve,
};
use lifeline_core::settlement::ids::{
    GenerationAccountId, GenerationNo, KeyPairId, TradingAccount,
};
use lifeline_core::settlement::ports::PayoutAnswer;
use lifeline_core::settlement::trade_task::TradeTask;
use lifeline_core::settlement::{Feedback, MonthRows, Settlement};
use lifeline_core::shared::ids::Maker;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::{Address, ConsumerNo, Phone};
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::snapshot;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::checking::{answer, sent};
use crate::drills::Nobody;
use crate::store::{Place, start};
use crate::world::{Outside, Seller};

/// Where they are paid at first, and later.
pub(crate) const CARD: &str = "6217000000000001";
pub(crate) const OTHER_CARD: &str = "6217000000000099";
/// Their phone at first, and later.
pub(crate) const PHONE: &str = "19000000001";
pub(crate) const OTHER_PHONE: &str = "19000000002";

/// What the utility's reserve says of every generator.
#[derive(Debug, Default)]
struct Grid(Mutex<Option<Reserve>>);

#[async_trait]
impl GridConnections for Grid {
    async fn reserved(&self, _: &GenerationNo) -> Result<Option<Reserve>, NoAnswer> {
        Ok(self.0.lock().unwrap().clone())
    }
}

#[derive(Debug)]
struct Glass;

#[async_trait]
impl KeyVault for Glass {
    fn name(&self) -> &'static str {
        "glass"
    }

    async fn make(&self, _: &KeyPairId) -> Result<MadePair, VaultFailure> {
        Err(VaultFailure("not_asked"))
    }

    async fn open(
        &self,
        _: &KeyPair,
        jwe: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, VaultFailure> {
        Ok(Some(Zeroizing::new(jwe.as_bytes().to_vec())))
    }
}

/// A seller whose month is confirmed, and the use cases around them.
pub(crate) struct Home {
    pub(crate) place: Place,
    pub(crate) outside: Outside,
    pub(crate) app: Settlement,
    pub(crate) seller: Seller,
    pub(crate) generation: Generation,
    grid: Arc<Grid>,
    pub(crate) caller: Caller,
}

impl Home {
    pub(crate) async fn with_a_confirmed_month(place: Place) -> Self {
        let outside = Outside::at(start());
        let (app, seller) = sent(&place, &outside, "10").await;
        answer(&app, &place, &seller, Feedback::Confirm)
            .await
            .unwrap();
        let grid = Arc::new(Grid::default());
        let generation = Generation::new(GenerationPorts {
            store: place.store.clone(),
            clock: Arc::new(outside.clone()),
            entropy: Arc::new(outside.clone()),
            grid: grid.clone(),
            vault: Arc::new(Glass),
            passwords: Arc::new(Nobody),
            code_budget: Budget::USUAL,
            rows: vec![Arc::new(MonthRows::default())],
        });
        let make = Maker {
            clock: &outside,
            entropy: &outside,
        };
        let caller = Caller {
            account_id: seller.owner.clone(),
            session_id: make.id(),
            family_id: make.id(),
            source: String::new(),
            trace_id: "t".to_owned(),
        };
        let home = Self {
            app,
            generation,
            grid,
            caller,
            seller,
            place,
            outside,
        };
        home.keyed(&home.seller.account).await;
        home.has_phone(PHONE).await;
        let table = home.table().await;
        let table = PersonalTable {
            payee_phone: Some(Phone::parse(PHONE).unwrap()),
            ..table
        };
        home.place
            .write(async |tx| tx.generation().save_identity(&table).await)
            .await;
        home
    }

    pub(crate) async fn keyed(&self, account: &GenerationAccountId) {
        let make = Maker {
            clock: &self.outside,
            entropy: &self.outside,
        };
        let pair = KeyPair {
            key_id: make.id(),
            vault: "glass".to_owned(),
            modulus: String::new(),
            wrapped: String::new(),
            made_at: self.outside.now(),
        };
        self.place
            .write(async |tx| tx.generation().add_key(account, &pair).await)
            .await;
    }

    pub(crate) async fn has_phone(&self, number: &str) {
        let phone = VerifiedPhone {
            number: Phone::parse(number).unwrap(),
            verified_at: self.outside.now(),
            chosen: true,
        };
        self.place
            .write(async |tx| {
                let mut person = tx.accounts().find(&self.seller.owner).await?.unwrap();
                person.phone = Some(phone.clone());
                tx.accounts().save(&person).await
            })
            .await;
    }

    pub(crate) async fn table(&self) -> PersonalTable {
        let mut view = snapshot(&*self.place.store).await.unwrap();
        let there = view.generation().permitted(&self.seller.account).await;
        let there = there.unwrap().unwrap();
        let table = view.generation().table(&there.permission_id).await.unwrap();
        table.unwrap()
    }

    /// The reserve says from now on that they are paid there.
    pub(crate) async fn reserve_says(&self, card: &str) {
        let identity = Identity {
            trading_account: TradingAccount::parse(card).unwrap(),
            ..self.table().await.identity
        };
        *self.grid.0.lock().unwrap() = Some(Reserve {
            generation_no: GenerationNo::parse(&self.seller.number).unwrap(),
            grid_user_no: ConsumerNo::parse("1504010020066").unwrap(),
            address: Address::from_store("8 号".to_owned()),
            identity,
            feed_in: FeedIn::Surplus,
            settlement_day: 28,
            contract_version: 1,
            in_force: true,
        });
    }

    pub(crate) async fn show(
        &self,
        account: &GenerationAccountId,
        card: &str,
        code: Option<&str>,
    ) -> Result<(), GenerationError> {
        let mut view = snapshot(&*self.place.store).await.unwrap();
        let key = view.generation().key(account).await.unwrap().unwrap();
        drop(view);
        let (nonce, ends) = (
            Secret::new("n".to_owned()),
            self.outside.now().plus_seconds(60),
        );
        self.place
            .write(async |tx| tx.generation().set_nonce(&key.key_id, &nonce, ends).await)
            .await;
        let inside = json!({
            "generation_account_id": account.as_str(),
            "nonce": "n",
            "identity": {"name": "陈光", "id_no": "150499199001010014", "bank_card_no": card},
        })
        .to_string();
        let code = code.map(|code| Secret::new(code.to_owned()));
        let shown = self
            .generation
            .permit(&self.caller, account, &inside, code.as_ref());
        shown.await.map(drop)
    }

    /// Asks for a code and reads it where it is sent from.
    pub(crate) async fn code(&self, account: &GenerationAccountId) -> String {
        self.told().await;
        self.generation
            .ask_payee_code(&self.caller, account)
            .await
            .unwrap();
        let told = self.told().await;
        let (_, body) = told
            .iter()
            .find(|(kind, _)| kind == "accounts.send_code")
            .unwrap();
        body["code"].as_str().unwrap().to_owned()
    }

    /// Everything that is on its way to somebody, and will not be again.
    pub(crate) async fn told(&self) -> Vec<(String, Value)> {
        let now = self.outside.now();
        let mut told = Vec::new();
        loop {
            let claimed = self
                .place
                .write(async |tx| {
                    let claimed = tx.outbox().claim(now, now.plus_seconds(9), 99).await?;
                    for one in &claimed {
                        let id = &one.event.event_id;
                        tx.outbox().done(id, one.lease_epoch, now).await?;
                    }
                    Ok(claimed)
                })
                .await;
            if claimed.is_empty() {
                return told;
            }
            told.extend(claimed.into_iter().map(|one| {
                let body = serde_json::from_str(&one.event.body).unwrap();
                (one.event.kind, body)
            }));
        }
    }

    pub(crate) async fn change(&self) {
        self.reserve_says(OTHER_CARD).await;
        let code = self.code(&self.seller.account).await;
        self.show(&self.seller.account, OTHER_CARD, Some(&code))
            .await
            .unwrap();
    }

    pub(crate) async fn trade(&self) -> TradeTask {
        let task = self.place.newest_task(&self.seller).await;
        self.place.trade_of(&task.check_task_id).await.unwrap()
    }

    /// What was paid and kept at one account.
    pub(crate) fn paid_at(&self, wanted: &str) -> i64 {
        self.outside.with(|world| {
            let paid = world.payouts.iter().map(|(_, _, card, state)| match state {
                PayoutAnswer::Paid(sum) if card == wanted => sum.get(),
                _ => 0,
            });
            paid.sum()
        })
    }
}
