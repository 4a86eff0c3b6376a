//! The outside as a programmable double: a channel that moves money, the marketing system beside
//! it, and the faults either can have. It answers from its own books, never from ours.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lifeline_core::payments::ports::{
    Close, CreateOrder, Created, Notice, NoticeError, NoticeReader, PaymentChannel, PostedLine,
    PostingReply, RefundReply, RefundStatus, Trade, VoucherReply,
};
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::{Clock, Time};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It takes effect, and the answer is lost.
    AfterCommit,
    /// It never arrives, and nobody here can tell.
    Before,
    /// It never left: no connection.
    NotSent,
}

#[derive(Debug, Clone)]
pub(crate) struct TradeBook {
    pub(crate) total: Fen,
    pub(crate) trade_no: String,
    pub(crate) paid_at: Option<Time>,
    pub(crate) closed: bool,
    pub(crate) refunds: HashMap<String, Fen>,
}

impl TradeBook {
    pub(crate) fn refunded(&self) -> Fen {
        Fen::sum(self.refunds.values().copied()).unwrap()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credit {
    Posted(PostedLine),
    Reversed,
    Fenced,
    /// Taken, and never worked to an end.
    Processing,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) now: i64,
    seed: u64,
    pub(crate) trades: HashMap<String, TradeBook>,
    /// Numbers whose cashier URL was minted (a trade only comes to be by paying).
    pub(crate) minted: HashMap<String, Fen>,
    pub(crate) credits: HashMap<String, Credit>,
    /// What is due: consumer number -> (sum, version, open).
    pub(crate) due: HashMap<String, (Fen, String, bool)>,
    /// Faults for the next calls, by operation.
    pub(crate) faults: HashMap<&'static str, VecDeque<Fault>>,
    /// Operations that do not answer until told otherwise.
    pub(crate) silent: HashSet<&'static str>,
    /// Numbers about which nothing is ever answered.
    pub(crate) mute: HashSet<String>,
    /// Calls that arrived or were tried, in order: operation and number.
    pub(crate) calls: Vec<(&'static str, String)>,
    /// Bodies of create and post as they arrived.
    pub(crate) bodies: Vec<(&'static str, String)>,
    /// Answers programmed for the next refunds and postings.
    pub(crate) refund_replies: VecDeque<RefundReply>,
    pub(crate) post_replies: VecDeque<PostingReply>,
    pub(crate) voucher_replies: VecDeque<VoucherReply>,
    /// Approved refund vouchers: their number, the posting they take from, and how much.
    pub(crate) vouchers: HashMap<String, (String, Fen)>,
    /// Numbers that every daily file names, whatever is known of them.
    pub(crate) named: HashSet<String>,
    pub(crate) cutoff_passed: bool,
    /// Calls at which the program itself breaks: operation and number.
    pub(crate) poison: HashSet<(&'static str, String)>,
    /// No notice verifies: our copy of the channel's key is wrong.
    pub(crate) wrong_key: bool,
}

/// One handle on the world; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Outside(Arc<Mutex<World>>, Arc<Gate>);

/// Where one call stands still on its way out, like a process that was stopped.
#[derive(Default)]
struct Gate {
    /// The call to stop: operation and number.
    stop: Mutex<Option<(&'static str, String)>>,
    arrived: Notify,
    go_on: Notify,
}

impl std::fmt::Debug for Outside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outside")
    }
}

#[derive(Serialize, Deserialize)]
struct CreateText {
    number: String,
    fen: i64,
    until: i64,
}

/// A notice in transit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NoticeText {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) fen: i64,
    pub(crate) paid_at: i64,
    pub(crate) refunded: i64,
    pub(crate) request: Option<String>,
    pub(crate) at: i64,
}

impl Outside {
    pub(crate) fn at(start: Time) -> Self {
        let outside = Self::default();
        outside.with(|world| world.now = start.micros());
        outside
    }

    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.with(|world| world.now += seconds * 1_000_000);
    }

    pub(crate) fn owes(&self, consumer_no: &str, fen: i64, version: &str) {
        let due = (Fen::new(fen), version.to_owned(), true);
        self.with(|world| world.due.insert(consumer_no.to_owned(), due));
    }

    pub(crate) fn fault(&self, operation: &'static str, fault: Fault) {
        self.with(|world| world.faults.entry(operation).or_default().push_back(fault));
    }

    pub(crate) fn silence(&self, operations: &[&'static str]) {
        self.with(|world| world.silent.extend(operations));
    }

    pub(crate) fn speak(&self) {
        self.with(|world| world.silent.clear());
    }

    pub(crate) fn count(&self, operation: &str) -> usize {
        self.with(|world| {
            let calls = world.calls.iter();
            calls.filter(|(name, _)| *name == operation).count()
        })
    }

    /// The payer pays: through the trade, or through a minted URL. False when nothing is payable.
    pub(crate) fn pay(&self, number: &str) -> bool {
        self.with(|world| {
            let now = Time::from_micros(world.now);
            let minted = world.minted.get(number).copied();
            if let Some(total) = minted {
                world.trades.entry(number.to_owned()).or_insert(TradeBook {
                    total,
                    trade_no: format!("T{number}"),
                    paid_at: None,
                    closed: false,
                    refunds: HashMap::new(),
                });
            }
            match world.trades.get_mut(number) {
                Some(trade) if !trade.closed && trade.paid_at.is_none() => {
                    trade.paid_at = Some(now);
                    true
                }
                _ => false,
            }
        })
    }

    /// The notice the channel would send about this trade now.
    pub(crate) fn notice(&self, id: &str, number: &str) -> Vec<u8> {
        let text = self.with(|world| {
            let trade = &world.trades[number];
            NoticeText {
                id: id.to_owned(),
                number: number.to_owned(),
                fen: trade.total.get(),
                paid_at: trade.paid_at.unwrap().micros(),
                refunded: trade.refunded().get(),
                request: None,
                at: world.now,
            }
        });
        raw(&text)
    }

    /// The next such call will stand still before it leaves.
    pub(crate) fn will_stop(&self, operation: &'static str, number: &str) {
        *self.1.stop.lock().unwrap() = Some((operation, number.to_owned()));
    }

    /// Returns when the call stands still.
    pub(crate) async fn has_stopped(&self) {
        self.1.arrived.notified().await;
    }

    /// The stopped call leaves after all.
    pub(crate) fn goes_on(&self) {
        self.1.go_on.notify_one();
    }

    pub(crate) async fn pass(&self, operation: &'static str, number: &str) {
        tokio::task::yield_now().await;
        let stopped = {
            let mut stop = self.1.stop.lock().unwrap();
            let here = stop.as_ref().is_some_and(|(name, about)| {
                *name == operation && (about.is_empty() || about == number)
            });
            here.then(|| stop.take()).is_some()
        };
        if stopped {
            self.1.arrived.notify_one();
            self.1.go_on.notified().await;
        }
    }

    fn enter(&self, operation: &'static str, number: &str) -> Option<Fault> {
        let poisoned = self.with(|world| world.poison.contains(&(operation, number.to_owned())));
        assert!(!poisoned, "{operation} {number}");
        self.with(|world| {
            world.calls.push((operation, number.to_owned()));
            if world.silent.contains(operation) || world.mute.contains(number) {
                return Some(Fault::Before);
            }
            world
                .faults
                .get_mut(operation)
                .and_then(VecDeque::pop_front)
        })
    }

    /// Runs the effect unless a fault keeps it from arriving; loses the answer after a fault.
    pub(crate) fn call<T>(
        &self,
        operation: &'static str,
        number: &str,
        effect: impl FnOnce(&mut World) -> T,
    ) -> Result<T, NoAnswer> {
        match self.enter(operation, number) {
            Some(Fault::Before) => Err(NoAnswer::Unknown("timeout")),
            Some(Fault::NotSent) => Err(NoAnswer::NotSent("refused")),
            Some(Fault::AfterCommit) => {
                self.with(effect);
                Err(NoAnswer::Unknown("timeout"))
            }
            None => Ok(self.with(effect)),
        }
    }
}

pub(crate) fn raw(text: &NoticeText) -> Vec<u8> {
    serde_json::to_vec(text).unwrap()
}

impl Clock for Outside {
    fn now(&self) -> Time {
        self.with(|world| Time::from_micros(world.now))
    }
}

impl Entropy for Outside {
    fn fill(&self, bytes: &mut [u8]) {
        self.with(|world| {
            for byte in bytes {
                // SplitMix64: spread enough to tell ids apart, the same in every run.
                world.seed = world.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mut mixed = world.seed;
                mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                *byte = mixed.to_be_bytes()[0];
            }
        });
    }
}

fn trade_state(trade: &TradeBook) -> Trade {
    let trade_no = trade.trade_no.clone();
    match trade.paid_at {
        None if trade.closed => Trade::ClosedNeverPaid { trade_no },
        None => Trade::WaitBuyerPay { trade_no },
        Some(paid_at) if trade.refunded() == trade.total => Trade::ClosedRefunded {
            trade_no,
            total: trade.total,
            paid_at: Some(paid_at),
            refunded_total: trade.total,
        },
        Some(paid_at) => Trade::Paid {
            trade_no,
            total: trade.total,
            paid_at,
            refunded_total: trade.refunded(),
        },
    }
}

#[async_trait]
impl PaymentChannel for Outside {
    fn create_body(&self, order: &CreateOrder) -> String {
        let text = CreateText {
            number: order.out_trade_no.clone(),
            fen: order.amount.get(),
            until: order.expire_at.micros(),
        };
        serde_json::to_string(&text).unwrap()
    }

    async fn create(&self, frozen_body: &str) -> Result<Created, NoAnswer> {
        let text: CreateText = serde_json::from_str(frozen_body).unwrap();
        self.pass("create", &text.number).await;
        self.call("create", &text.number, |world| {
            world.bodies.push(("create", frozen_body.to_owned()));
            let known = world.trades.entry(text.number.clone());
            let trade = known.or_insert_with(|| TradeBook {
                total: Fen::new(text.fen),
                trade_no: format!("T{}", text.number),
                paid_at: None,
                closed: false,
                refunds: HashMap::new(),
            });
            if trade.closed {
                return Created::Refused {
                    code: "ACQ.TRADE_HAS_CLOSE",
                };
            }
            Created::Ok {
                trade_no: trade.trade_no.clone(),
            }
        })
    }

    fn cashier_url(&self, order: &CreateOrder, return_url: &str, _now: Time) -> String {
        self.with(|world| {
            world
                .minted
                .insert(order.out_trade_no.clone(), order.amount);
        });
        let until = order.expire_at.micros();
        format!("cashier:{}:{until}:{return_url}", order.out_trade_no)
    }

    async fn query(&self, out_trade_no: &str) -> Result<Trade, NoAnswer> {
        tokio::task::yield_now().await;
        self.call("query", out_trade_no, |world| {
            world
                .trades
                .get(out_trade_no)
                .map_or(Trade::NotExist, trade_state)
        })
    }

    async fn close(&self, out_trade_no: &str) -> Result<Close, NoAnswer> {
        tokio::task::yield_now().await;
        self.call("close", out_trade_no, |world| {
            match world.trades.get_mut(out_trade_no) {
                None => Close::NotExist,
                Some(trade) if trade.paid_at.is_some() => Close::Refused,
                Some(trade) => {
                    trade.closed = true;
                    Close::Closed
                }
            }
        })
    }

    async fn refund(
        &self,
        out_trade_no: &str,
        out_request_no: &str,
        amount: Fen,
    ) -> Result<RefundReply, NoAnswer> {
        self.pass("refund", out_trade_no).await;
        self.call("refund", out_request_no, |world| {
            if let Some(reply) = world.refund_replies.pop_front() {
                return reply;
            }
            let trade = world.trades.get_mut(out_trade_no).unwrap();
            if trade.refunds.contains_key(out_request_no) {
                return RefundReply::Unclear;
            }
            if trade.refunded().plus(amount).unwrap() > trade.total {
                return RefundReply::FeeError;
            }
            trade.refunds.insert(out_request_no.to_owned(), amount);
            RefundReply::Done
        })
    }

    async fn query_refund(
        &self,
        out_trade_no: &str,
        out_request_no: &str,
    ) -> Result<RefundStatus, NoAnswer> {
        tokio::task::yield_now().await;
        self.call("query_refund", out_request_no, |world| {
            let trade = world.trades.get(out_trade_no);
            let made = trade.and_then(|trade| trade.refunds.get(out_request_no));
            made.map_or(RefundStatus::Empty, |amount| RefundStatus::Success {
                amount: *amount,
            })
        })
    }
}

impl NoticeReader for Outside {
    fn read(&self, raw: &[u8]) -> Result<Notice, NoticeError> {
        let text: NoticeText = serde_json::from_slice(raw).map_err(|_| NoticeError::Malformed)?;
        let (wrong, poisoned) = self.with(|world| {
            let poisoned = world.poison.contains(&("read", text.id.clone()));
            (world.wrong_key, poisoned)
        });
        assert!(!poisoned, "{}", text.id);
        if wrong {
            return Err(NoticeError::BadSignature);
        }
        let trade = Trade::Paid {
            trade_no: format!("T{}", text.number),
            total: Fen::new(text.fen),
            paid_at: Time::from_micros(text.paid_at),
            refunded_total: Fen::new(text.refunded),
        };
        Ok(Notice {
            notify_id: text.id,
            out_trade_no: text.number,
            trade,
            out_request_no: text.request,
            notified_at: Time::from_micros(text.at),
        })
    }
}
