//! The people behind the counter: claims for refunds, decisions of two persons about what the
//! product may not decide, and the bookkeeper who reads the outside's daily files.
//!
//! All of them act through [`Payments::observe`], the door for decisions and for other rooms; what a
//! contradiction stopped goes on by [`Payments::rule`].

use lifeline_adapters::sql::Bench;
use lifeline_core::payments::observation::{
    ChannelFact, LineFact, Named, Observation, Observed, RefundFact,
};
use lifeline_core::payments::order::{Order, PostingLine, Refund, Sighting};
use lifeline_core::payments::ports::RefundStatus;
use lifeline_core::payments::{Payments, reading, table_l as l, table_p as p, table_r as r};
use lifeline_core::shared::ids::PaymentId;
use lifeline_core::shared::money::Fen;
use lifeline_core::store::snapshot;

use super::cluster::Cluster;
use super::dice::Dice;
use super::marketing::Said;
use super::plan::Service;
use super::world::{Handle, MILLI, SECOND, World};

/// Looks for a line of some state before any other will do.
const WAITS_MAX: u32 = 600;

/// One desk of the office.
pub(super) struct Desk {
    pub(super) world: Handle,
    pub(super) cluster: Cluster,
    pub(super) bench: Bench,
    pub(super) dice: Dice,
}

impl Desk {
    /// Begins a service of the plan.
    pub(super) async fn serve(mut self, service: Service) {
        match service {
            Service::Claim { on } => self.claim(on).await,
            Service::Bookkeeping { after_s } => self.keep_books(after_s).await,
            Service::Gossip { on } => self.gossip(on).await,
            Service::LateClaim { after_ms } => self.claim_late(after_ms).await,
        }
        self.end();
    }

    fn end(&self) {
        self.world
            .with(|world| world.acting = world.acting.saturating_sub(1));
    }

    pub(super) async fn seconds(&self, seconds: i64) {
        self.world.sleep(seconds.saturating_mul(SECOND)).await;
    }

    pub(super) fn orders(&self, which: &str) -> Vec<Order> {
        let list = |conn: &rusqlite::Connection| -> rusqlite::Result<Vec<String>> {
            let text =
                format!("SELECT p.payment_id FROM payment p WHERE {which} ORDER BY p.payment_id");
            let mut list = conn.prepare_cached(&text)?;
            let ids = list.query_map([], |row| row.get(0))?;
            ids.collect()
        };
        let ids = self.bench.look(list).unwrap_or_default();
        let engine = self.bench.engine();
        let read = async {
            let mut orders = Vec::new();
            for id in ids.iter().filter_map(|id| PaymentId::parse(id).ok()) {
                let mut view = snapshot(&*engine).await.ok()?;
                orders.extend(view.payments().find(&id).await.ok()?);
            }
            Some(orders)
        };
        super::now_or_never(read).flatten().unwrap_or_default()
    }

    pub(super) async fn say(&self, order: &Order, seen: Vec<Observation>, actor: &'static str) {
        if seen.is_empty() {
            return;
        }
        let id = order.payment.payment_id.clone();
        let words: Vec<String> = seen.iter().map(word).collect();
        let number = &order.payment.out_trade_no;
        self.world.note(format_args!(
            "{actor} says of {number}: {}",
            words.join(", ")
        ));
        let said = self.cluster.ask(|payments: Payments| async move {
            payments.observe(&id, seen, actor, "office").await.map(drop)
        });
        if let Some(Err(error)) = said.await {
            self.world.note(format_args!("{actor} is refused: {error}"));
        }
    }

    /// Waits for a line that is paid and in this state; any paid one when none comes.
    pub(super) async fn order_on(&mut self, on: Option<&'static str>) -> Option<Order> {
        let wanted = match on {
            Some(state) => format!(
                "EXISTS (SELECT 1 FROM payment_line l WHERE l.payment_id = p.payment_id AND l.state = '{state}')"
            ),
            None => "p.state IN ('PAID', 'SUSPENSE', 'DONE')".to_owned(),
        };
        for _ in 0..WAITS_MAX {
            let found = self.orders(&wanted);
            if !found.is_empty() {
                return self.some(found);
            }
            let pause = self.dice.between(20, 700);
            self.world.sleep(pause.saturating_mul(MILLI)).await;
        }
        self.some(self.orders("p.state IN ('PAID', 'SUSPENSE', 'DONE')"))
    }

    /// Two persons let automatic refunds go on, again and again.
    pub(super) async fn release_brakes(mut self) {
        loop {
            let pause = self.dice.between(300, 3000);
            self.seconds(pause).await;
            for person in ["first", "second"] {
                let said = self.cluster.ask(|payments: Payments| async move {
                    payments.brake().consent(person, "office").await
                });
                if let Some(Ok(consent)) = said.await {
                    let consent = consent.as_str();
                    self.world
                        .note(format_args!("{person} person about the brake: {consent}"));
                }
            }
        }
    }

    pub(super) fn some(&mut self, orders: Vec<Order>) -> Option<Order> {
        let at = self.dice.index(orders.len());
        orders.into_iter().nth(at)
    }

    pub(super) fn line(
        &self,
        line: &PostingLine,
        input: l::Input,
        ruling: Option<l::Ruling>,
    ) -> Observation {
        let fact = LineFact {
            ruling,
            ..LineFact::default()
        };
        Observation::line(self.now(), line.line_id.clone(), input, fact)
    }

    fn refund(&self, refund: &Refund, ruling: r::Ruling, by_bank: Option<Fen>) -> Observation {
        let fact = RefundFact {
            ruling: Some(ruling),
            by_bank,
            ..RefundFact::default()
        };
        Observation::refund(self.now(), refund.refund_id.clone(), r::Input::Case, fact)
    }

    pub(super) fn now(&self) -> lifeline_core::shared::time::Time {
        self.world.with(|world| world.time())
    }

    /// The channel's bill and marketing's file tell the same facts once more, whenever they come.
    async fn keep_books(&mut self, after_s: i64) {
        for _ in 0..3 {
            self.seconds(after_s).await;
            for order in self.orders("p.state <> 'CREATED' OR p.sends > 0") {
                let mut seen = self.world.with(|world| booked(world, &order));
                let unknown = order.lines.iter().filter(|line| {
                    let number = &line.channel_txn_no;
                    let absent = |world: &mut World| !world.marketing.postings.contains_key(number);
                    line.state == l::State::PostUnknown && self.world.with(absent)
                });
                seen.extend(unknown.map(|line| self.absent(line)));
                self.say(&order, seen, "bookkeeping").await;
            }
        }
    }

    /// Two persons decide about what nobody asked them; the tables bear it.
    pub(super) async fn rule_hastily(mut self, at_s: i64, on: Option<&'static str>) {
        self.seconds(at_s).await;
        if let Some(order) = self.order_on(on).await {
            let seen = self.hasty_ruling(&order, on);
            self.say(&order, vec![seen], "two persons, hastily,").await;
        }
        self.end();
    }

    fn hasty_ruling(&mut self, order: &Order, on: Option<&str>) -> Observation {
        let mut lines = order.lines.iter();
        let there = lines.position(|line| Some(line.state.as_str()) == on);
        let at = there.unwrap_or_else(|| self.dice.index(order.lines.len()));
        if let Some(line) = order.lines.get(at).filter(|line| asks_fence(line.state)) {
            let rulings = [l::Ruling::FenceRepost, l::Ruling::FenceRefund];
            let ruling = self.dice.pick(&rulings).copied();
            return self.line(line, l::Input::Case, ruling);
        }
        match (order.lines.get(at), order.refunds.first()) {
            (_, Some(refund)) if self.dice.in_mille(500) => {
                self.refund(refund, r::Ruling::Again, None)
            }
            (Some(line), _) if self.dice.in_mille(850) => {
                let ruling = self.dice.pick(l::Ruling::ALL).copied();
                self.line(line, l::Input::Case, ruling)
            }
            _order => self.about_order(order),
        }
    }

    /// The order as a whole; suspense money of several homes is divided among them.
    fn about_order(&self, order: &Order) -> Observation {
        let payment = &order.payment;
        let several = payment.suspense.is_positive() && payment.shares.len() > 1;
        let named = several.then(|| {
            let sum = payment.suspense.get();
            let first = sum.saturating_add(1).div_euclid(2);
            let parts = [(1, first), (2, sum.saturating_sub(first))];
            let parts = parts.into_iter().filter(|(_, fen)| *fen > 0);
            parts
                .map(|(line_no, fen)| Named {
                    line_no,
                    amount: Fen::new(fen),
                })
                .collect()
        });
        let fact = ChannelFact {
            named: named.unwrap_or_default(),
            ..ChannelFact::default()
        };
        Observation::channel(self.now(), p::Input::Case, fact)
    }

    /// Two persons look at what waits for them, again and again.
    pub(super) async fn decide(mut self, from_s: i64) {
        self.seconds(from_s).await;
        loop {
            let pause = self.dice.between(600, 3000);
            self.seconds(pause).await;
            let waiting = "p.frozen = 1 \
                OR EXISTS (SELECT 1 FROM payment_line l WHERE l.payment_id = p.payment_id AND (l.state = 'HELD' OR l.frozen = 1)) \
                OR EXISTS (SELECT 1 FROM payment_refund r WHERE r.payment_id = p.payment_id AND (r.state = 'BLOCKED' OR r.frozen = 1)) \
                OR (p.foreign_fen > p.foreign_used_fen)";
            for order in self.orders(waiting) {
                self.thaw(&order).await;
                let seen = self.decisions(&order);
                self.say(&order, seen, "two persons").await;
            }
        }
    }

    fn decisions(&mut self, order: &Order) -> Vec<Observation> {
        let mut all = Vec::new();
        let undivided = order.payment.suspense.is_positive();
        if order.payment.frozen {
            // It was let go on just now; what else waits is looked at when it does.
            return all;
        }
        if undivided && self.dice.in_mille(650) {
            return vec![self.about_order(order)];
        }
        for refund in &order.refunds {
            if !refund.frozen && refund.state == r::State::Blocked {
                all.push(self.about_refund(order, refund));
            }
        }
        for line in &order.lines {
            all.extend(self.about_line(order, line));
        }
        all
    }

    /// A refund that the channel refuses is paid by bank, once, and then said to be done.
    fn about_refund(&mut self, order: &Order, refund: &Refund) -> Observation {
        let number = &order.payment.out_trade_no;
        let request = &refund.out_request_no;
        let now = self.now();
        let empty_today = refund
            .empty_at
            .is_some_and(|at| at.shanghai_date() == now.shanghai_date());
        let fen = refund.amount.get();
        let never = self
            .world
            .with(|world| world.channel.never_gives(number, request, fen));
        if never && empty_today && refund.state == r::State::Blocked {
            let paid = self.world.with(|world| {
                // What the desk gave back already is not paid once more.
                let done = order
                    .refunds
                    .iter()
                    .map(|refund| (refund.out_request_no.as_str(), refund.amount.get()));
                let booked = order.payment.foreign.get();
                let by_desk = world.channel.given_by_desk(number, request, done, booked);
                let left = fen.saturating_sub(by_desk);
                let paid = world.channel.pay_by_bank(number, request, left);
                let fen = paid.0;
                world.note(format_args!("{fen} fen for {request} are paid by bank"));
                paid
            });
            return self.by_hand(refund, paid);
        }
        self.refund(refund, r::Ruling::Again, None)
    }

    /// Which way it went: the office knows what the bank paid, now and in all, and that the desk gave the
    /// rest. It names the sum of the bank where the desk gave something, and when it was not believed.
    fn by_hand(&self, refund: &Refund, (now, all): (i64, i64)) -> Observation {
        if all == 0 {
            return self.refund(refund, r::Ruling::Desk, None);
        }
        let whole = now == refund.amount.get();
        let named = (!whole).then(|| Fen::new(all));
        self.refund(refund, r::Ruling::Bank, named)
    }

    fn about_line(&mut self, order: &Order, line: &PostingLine) -> Option<Observation> {
        let foreign = order.payment.foreign > order.payment.foreign_used;
        match line.state {
            _stopped if line.frozen => None,
            l::State::Held if self.has_undone(order, line) => self.looked_up(order, line),
            // What the daily GET may know by now is looked up before anything is decided.
            l::State::Held if line.may_be_known() && self.dice.in_mille(500) => {
                if self.dice.in_mille(300) {
                    let number = order.posting_of(line).channel_txn_no.as_str();
                    self.world.with(|world| world.marketing.clear_stray(number));
                }
                let again = self.voucher_once_more(order, line);
                again
                    .filter(|_| self.dice.in_mille(500))
                    .or_else(|| self.looked_up(order, line))
            }
            l::State::Held => Some(self.about_held(order, line, foreign)),
            l::State::Posted if foreign => Some(self.about_gone(order, line)),
            _ => None,
        }
    }

    fn about_held(&mut self, order: &Order, line: &PostingLine, foreign: bool) -> Observation {
        let number = order.posting_of(line).channel_txn_no.as_str();
        let (stray, booked) = self.world.with(|world| {
            let posting = world.marketing.postings.get(number);
            let stray = posting.is_some_and(|posting| posting.stray);
            let booked = posting.is_some_and(|posting| !posting.stray && posting.net() > 0);
            (stray, booked)
        });
        if stray {
            // Marketing is asked to take the other customer's payment off our number first.
            self.world.with(|world| world.marketing.clear_stray(number));
        }
        let ruling = if line.let_go {
            l::Ruling::Refund
        } else if foreign {
            l::Ruling::FenceRefund
        } else if stray {
            l::Ruling::FenceRepost
        } else if booked && line.sighting == Some(Sighting::Same) {
            l::Ruling::Credit
        } else if line.let_go || (line.fenced && self.dice.in_mille(500)) {
            l::Ruling::Refund
        } else if line.fenced || line.sent_at.is_none() {
            l::Ruling::Post
        } else if self.dice.in_mille(500) {
            l::Ruling::FenceRepost
        } else {
            l::Ruling::FenceRefund
        };
        self.line(line, l::Input::Case, Some(ruling))
    }
}

/// What bill and file say of an order: only facts that are true and final on their side.
fn booked(world: &mut World, order: &Order) -> Vec<Observation> {
    let (now, payment) = (world.now(), &order.payment);
    let trade = world.channel.query(&payment.out_trade_no, now);
    let mut all: Vec<Observation> = reading::of_query(payment, &Ok(trade), world.time())
        .into_iter()
        .filter(|seen| is_fact(&seen.what))
        .collect();
    for refund in &order.refunds {
        let known = world
            .channel
            .query_refund(&payment.out_trade_no, &refund.out_request_no, now);
        if known != RefundStatus::Empty {
            let (id, at) = (refund.refund_id.clone(), world.time());
            all.push(Observation::channel(
                at,
                p::Input::RefundOurs,
                ChannelFact::default(),
            ));
            all.push(Observation::refund(
                at,
                id,
                r::Input::Notice,
                RefundFact::default(),
            ));
        }
    }
    for line in &order.lines {
        let state = world.marketing.postings.get(&line.channel_txn_no);
        let booked = state.is_some_and(|posting| posting.net() == posting.fen);
        let said = world.marketing.said_of(&line.channel_txn_no);
        let lasting = booked || matches!(said, Said::Fenced | Said::Reversed);
        if lasting
            && line.sent_at.is_some()
            && let Ok(reply) = world.told(&line.channel_txn_no, said)
        {
            all.push(reading::of_posting(order, line, Ok(reply), world.time()));
        }
    }
    all
}

const fn asks_fence(state: l::State) -> bool {
    matches!(
        state,
        l::State::PostUnknown | l::State::FencingRepost | l::State::FencingRefund
    )
}

const fn is_fact(what: &Observed) -> bool {
    matches!(
        what,
        Observed::Channel(
            p::Input::PaidEqual
                | p::Input::PaidOther
                | p::Input::RefundNotOurs
                | p::Input::ClosedNeverPaid,
            _
        )
    )
}

fn word(seen: &Observation) -> String {
    match &seen.what {
        Observed::Channel(input, _) => input.as_str().to_owned(),
        Observed::Line(_, input, fact) => match (fact.ruling, &fact.part) {
            (Some(ruling), _) => format!("line {}: {}", input.as_str(), ruling.as_str()),
            (None, Some(part)) => format!("line {}: {} of it", input.as_str(), part.amount.get()),
            (None, None) => format!("line {}", input.as_str()),
        },
        Observed::Refund(_, input, _) => format!("refund {}", input.as_str()),
    }
}
