//! People who pay: they tap, wait, tap again when nothing comes, change their minds.

use std::sync::Arc;

use lifeline_core::idempotency::{Answer, Key};
use lifeline_core::payments::order::{Buyer, ClosedText, Order, Purpose, Via};
use lifeline_core::payments::{Homes, PAY_PATH, PaymentError, Render, Start, Wanted};
use lifeline_core::shared::ids::PaymentId;
use lifeline_core::shared::money::Fen;
use lifeline_core::store::StoreError;
use serde::{Deserialize, Serialize};

use super::cluster::Cluster;
use super::plan::{HOMES, Habit, Wish};
use super::town::{self, Payer};
use super::world::{Handle, MILLI, Promise, SECOND};

/// How long the edge lets a repeat wait for the first request with its key.
const WAIT_MAX: i64 = 5 * SECOND;
/// How often a person tries the same wish again.
const TAPS_MAX: u32 = 5;

/// What a client is told of its order.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Ordered {
    id: PaymentId,
    number: String,
    payable: bool,
    ticket: Option<String>,
}

impl Ordered {
    fn of(order: &Order, payer: &Payer, now: lifeline_core::shared::time::Time) -> Self {
        let path = order.pay_path(&payer.session, now);
        Self {
            id: order.payment.payment_id.clone(),
            number: order.payment.out_trade_no.clone(),
            payable: order.payment.trade_no.is_some(),
            ticket: path.map(|path| path.trim_start_matches(PAY_PATH).to_owned()),
        }
    }
}

/// One person with one wish.
pub(super) struct Visit {
    pub(super) world: Handle,
    pub(super) cluster: Cluster,
    pub(super) payer: Payer,
    pub(super) wish: Wish,
    pub(super) name: String,
}

impl Visit {
    pub(super) async fn run(self) {
        self.world
            .sleep(self.wish.at_s.saturating_mul(SECOND))
            .await;
        self.follow().await;
        self.world
            .with(|world| world.acting = world.acting.saturating_sub(1));
    }

    async fn follow(&self) {
        let first = self.order("first").await;
        let Some(ordered) = first else { return };
        match self.wish.habit {
            Habit::Pays { after_s } => {
                self.seconds(after_s).await;
                self.pay(&ordered).await;
            }
            Habit::GivesUp { after_s } => {
                self.seconds(after_s).await;
                self.give_up(&ordered).await;
            }
            Habit::PaysAndGivesUp { after_s, apart_s } => {
                self.seconds(after_s).await;
                let pays = async {
                    self.seconds(apart_s.saturating_neg()).await;
                    self.pay(&ordered).await;
                };
                let gives_up = async {
                    self.seconds(apart_s).await;
                    self.give_up(&ordered).await;
                };
                futures_util::join!(pays, gives_up);
            }
            Habit::Leaves => {}
            Habit::OldTab { after_s } => self.come_back_to_tab(&ordered, after_s).await,
            Habit::ComesBack { after_s } => {
                self.seconds(after_s).await;
                if let Some(second) = self.order("second").await {
                    self.seconds(5).await;
                    self.pay(&second).await;
                }
            }
        }
    }

    async fn seconds(&self, seconds: i64) {
        self.world.sleep(seconds.saturating_mul(SECOND)).await;
    }

    /// Sends the wish until it is answered; other figures make it another wish.
    async fn order(&self, round: &str) -> Option<Ordered> {
        for figures in 0..3_u32 {
            let seen = self.figures()?;
            let fen: i64 = seen.iter().map(|(_, fen, _)| *fen).sum();
            let key = format!("{}:{round}:{figures}", self.name);
            for tap in 0..TAPS_MAX {
                let answer = self.send(&key, &seen).await;
                let what = match &answer {
                    None => "no answer".to_owned(),
                    Some(Err(error)) => error.to_string(),
                    Some(Ok(answer)) => answer.status.to_string(),
                };
                self.world.note(format_args!(
                    "{} taps for {fen} fen ({key}, {tap}): {what}",
                    self.name
                ));
                match answer {
                    Some(Ok(answer)) if answer.status == 201 => {
                        return serde_json::from_str(&answer.body).ok();
                    }
                    Some(Ok(answer)) if answer.body == STALE => break,
                    Some(Ok(_)) => return None,
                    Some(Err(error)) if is_in_the_way(&error) => self.seconds(50).await,
                    Some(Err(_)) | None => self.seconds(3).await,
                }
            }
        }
        None
    }

    /// What the payer sees as due: home, sum, version.
    fn figures(&self) -> Option<Vec<Figure>> {
        let homes = (0..HOMES).filter(|home| self.wish.both || *home == self.wish.home);
        let all: Vec<Figure> = homes.filter_map(|home| self.figure(home)).collect();
        (!all.is_empty()).then_some(all)
    }

    fn figure(&self, home: usize) -> Option<Figure> {
        match self.wish.purpose {
            Purpose::TopUp => Some((home, self.wish.fen, None)),
            Purpose::Arrears => {
                let dues = self.world.with(|world| world.dues_of(home))?;
                let fen = dues.total.get();
                (fen > 0).then_some((home, fen, Some(dues.version)))
            }
        }
    }

    async fn send(&self, key: &str, figures: &[Figure]) -> Option<Result<Answer, PaymentError>> {
        let request = self.request(key, figures)?;
        let world = self.world.clone();
        self.cluster
            .ask(|payments| async move {
                let began = world.with(|world| world.now());
                loop {
                    let answer = payments.start(&request).await;
                    let waited = world.with(|world| world.now()).saturating_sub(began);
                    match answer {
                        Err(error) if may_wait(&error) && waited < WAIT_MAX => {
                            world.sleep(100 * MILLI).await;
                        }
                        done => return done,
                    }
                }
            })
            .await
    }

    fn request(&self, key: &str, figures: &[Figure]) -> Option<Start> {
        let wanted = |(home, fen, version): &Figure| {
            Some(Wanted {
                owned: self.payer.links.get(*home)?.clone(),
                amount: Fen::new(*fen),
                arrears_version: version.clone(),
            })
        };
        let wanted: Vec<Wanted> = figures.iter().filter_map(wanted).collect();
        let homes = Homes::several(wanted, HOMES).ok()?;
        let scope = format!("account:{}:POST /v1/payments", homes.account_id());
        Some(Start {
            homes,
            session_id: self.payer.session.clone(),
            asking: self.payer.session.clone(),
            buyer: Buyer {
                open_id: Some(ClosedText::new("open-id".to_owned())),
                user_id: None,
            },
            purpose: self.wish.purpose,
            keep_as_prepayment: self.wish.keep,
            fingerprint: format!("{figures:?}"),
            field_digests: "{}".to_owned(),
            via: self.wish.via,
            confirms: false,
            key: Key {
                scope,
                key: key.to_owned(),
            },
            trace_id: key.to_owned(),
            source: "192.0.2.1".to_owned(),
            render: self.render(),
        })
    }

    fn render(&self) -> Render {
        let (world, payer) = (self.world.clone(), self.payer.clone());
        Arc::new(move |made: Result<&Order, &PaymentError>| match made {
            Ok(order) => world.with(|world| {
                let homes = order.payment.shares.iter();
                let promise = Promise {
                    homes: homes
                        .filter_map(|share| town::home_of(share.consumer_no.expose()))
                        .collect(),
                    fen: order.payment.amount.get(),
                };
                let number = order.payment.out_trade_no.clone();
                world.promises.insert(number, promise);
                let ordered = Ordered::of(order, &payer, world.time());
                Answer {
                    status: 201,
                    body: serde_json::to_string(&ordered).unwrap_or_default(),
                }
            }),
            Err(error) if is_stale(error) => Answer {
                status: 409,
                body: STALE.to_owned(),
            },
            Err(error) => Answer {
                status: 409,
                body: error.to_string(),
            },
        })
    }

    async fn pay(&self, ordered: &Ordered) {
        let ready = match self.wish.via {
            Via::Mini => self.until_payable(ordered).await,
            Via::H5 => self.open_cashier(ordered).await,
        };
        let number = ordered.number.as_str();
        self.world.with(|world| {
            let now = world.now();
            let paid = ready && world.channel.pay(number, now);
            world.note(format_args!("{} pays {number}: {paid}", self.name));
            if paid {
                world.announce(number, None);
            }
        });
    }

    /// The mini-program waits for the trade that it hands to the wallet.
    async fn until_payable(&self, ordered: &Ordered) -> bool {
        if ordered.payable {
            return true;
        }
        for _ in 0..8 {
            let account = self
                .payer
                .links
                .first()
                .map(|link| link.account_id().clone());
            let Some(account) = account else { return false };
            let id = ordered.id.clone();
            let seen = self
                .cluster
                .ask(|payments| async move { payments.get(&account, &id).await })
                .await;
            if let Some(Ok(order)) = seen
                && order.payment.trade_no.is_some()
            {
                return true;
            }
            self.seconds(3).await;
        }
        // The wallet lists unpaid trades by itself.
        self.world
            .with(|world| world.channel.trades.contains_key(&ordered.number))
    }

    /// The cashier page is opened in time, and used when the order is long over.
    async fn come_back_to_tab(&self, ordered: &Ordered, after_s: i64) {
        let Some(number) = self.cashier_link(ordered).await else {
            return;
        };
        self.seconds(after_s).await;
        let opens = self.world.with(|world| {
            let now = world.now();
            world.channel.open_old_link(&number, now)
        });
        let password = self.world.with(|world| world.dice.between(1, 120));
        self.seconds(password).await;
        if self.world.with(|world| world.dice.in_mille(500)) {
            // The page stays open, and nobody pays.
            self.seconds(4000).await;
            return;
        }
        self.world.with(|world| {
            let now = world.now();
            let paid = opens && world.channel.pay(&number, now);
            world.note(format_args!(
                "{} pays {number} in an old tab: {paid}",
                self.name
            ));
            if paid {
                world.announce(&number, None);
            }
        });
    }

    /// The browser is led to the cashier, and the payer logs in there.
    async fn open_cashier(&self, ordered: &Ordered) -> bool {
        let Some(number) = self.cashier_link(ordered).await else {
            return false;
        };
        let login = self.world.with(|world| world.dice.between(1, 40));
        self.seconds(login).await;
        let opens = self.world.with(|world| {
            let now = world.now();
            world.channel.open_link(&number, now)
        });
        let password = self.world.with(|world| world.dice.between(1, 30));
        self.seconds(password).await;
        opens
    }

    async fn cashier_link(&self, ordered: &Ordered) -> Option<String> {
        let (ticket, session) = (ordered.ticket.clone()?, self.payer.session.clone());
        let link = self
            .cluster
            .ask(|payments| async move { payments.open_ticket(&ticket, &session).await })
            .await;
        link?.ok()
    }

    async fn give_up(&self, ordered: &Ordered) {
        let Some(link) = self.payer.links.first() else {
            return;
        };
        let (account, id) = (link.account_id().clone(), ordered.id.clone());
        let told = self
            .cluster
            .ask(|payments| async move { payments.close(&account, &id, "give-up").await })
            .await;
        let what = match &told {
            None => "no answer".to_owned(),
            Some(Err(error)) => error.to_string(),
            Some(Ok(order)) => order.payment.state.as_str().to_owned(),
        };
        self.world.note(format_args!(
            "{} gives {} up: {what}",
            self.name, ordered.number
        ));
    }
}

const STALE: &str = "stale";

/// A home, what is to be paid for it, and the version of its arrears.
type Figure = (usize, i64, Option<String>);

fn is_stale(error: &PaymentError) -> bool {
    match error {
        PaymentError::StaleArrears { .. } => true,
        PaymentError::AtHome { error, .. } => is_stale(error),
        _ => false,
    }
}

fn is_in_the_way(error: &PaymentError) -> bool {
    match error {
        PaymentError::PreviousOrderOpen { .. } => true,
        PaymentError::AtHome { error, .. } => is_in_the_way(error),
        _ => false,
    }
}

/// As the edge decides whether to look again.
const fn may_wait(error: &PaymentError) -> bool {
    matches!(
        error,
        PaymentError::InFlight
            | PaymentError::Store(StoreError::Conflict | StoreError::Unavailable(_))
    )
}
