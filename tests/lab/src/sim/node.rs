//! Lifeline on one machine: its use cases, its relay, and the two loops beside the requests.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use lifeline_adapters::sql::Bench;
use lifeline_core::outbox::relay::{Deliver, Delivery, Relay};
use lifeline_core::outbox::{Claimed, Nudged};
use lifeline_core::payments::ports::{PaymentChannel, PostingSystem};
use lifeline_core::payments::{Payments, Policy, Ports, events};
use lifeline_core::shared::money::Fen;
use lifeline_core::store::Store;

use super::notices::Sending;
use super::planted::{Faulty, Planted};
use super::seam::Seam;
use super::wire::Wire;
use super::world::{Handle, SECOND, Seeded};

/// Pieces of work one wake-up may do before others get a turn, as the product's runner has it.
const PIECES_PER_WAKE_MAX: usize = 64;
/// How often the loops look when nobody wakes them.
pub(super) const TICK: i64 = SECOND / 2;

/// Wakes one loop.
#[derive(Debug, Clone, Default)]
pub(super) struct Alarm(Arc<Mutex<(bool, Option<Waker>)>>);

impl Alarm {
    pub(super) fn ring(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = true;
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    }
}

impl Future for Alarm {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut state.0) {
            Poll::Ready(())
        } else {
            state.1 = Some(context.waker().clone());
            Poll::Pending
        }
    }
}

/// What a start of Lifeline is made of besides its store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Born {
    /// Of its ids and numbers.
    pub(super) seed: u64,
    pub(super) planted: Option<Planted>,
    /// One automatic refund an hour.
    pub(super) tight_brake: bool,
}

/// A running Lifeline.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) machine: usize,
    pub(super) payments: Payments,
    relay: Arc<Relay>,
    pub(super) sweep: Alarm,
    pub(super) carry: Alarm,
    world: Handle,
}

impl Node {
    /// Starts Lifeline on a machine: nothing in memory, the store as it was committed.
    pub(super) fn start(world: &Handle, bench: &Bench, machine: usize, life: Born) -> Self {
        let store: Arc<dyn Store> = Arc::new(Seam {
            engine: bench.engine(),
            world: world.clone(),
            machine,
        });
        let wire = Arc::new(Wire {
            world: world.clone(),
            machine,
        });
        let entropy = Arc::new(Seeded::new(life.seed, "ids"));
        let (channel, posting): (Arc<dyn PaymentChannel>, Arc<dyn PostingSystem>) =
            match life.planted {
                None => (Arc::<Wire>::clone(&wire), Arc::<Wire>::clone(&wire)),
                Some(planted) => {
                    let faulty = Arc::new(Faulty {
                        wire: Arc::clone(&wire),
                        planted,
                    });
                    (Arc::<Faulty>::clone(&faulty), faulty)
                }
            };
        let ports = Ports {
            store: Arc::clone(&store),
            clock: Arc::new(world.clone()),
            entropy: Arc::<Seeded>::clone(&entropy),
            channel,
            notices: Arc::<Wire>::clone(&wire),
            posting,
            dues: wire,
        };
        let (sweep, carry) = (Alarm::default(), Alarm::default());
        let wake = {
            let (sweep, carry) = (sweep.clone(), carry.clone());
            Arc::new(move || {
                sweep.ring();
                carry.ring();
            })
        };
        let carriers: Vec<Arc<dyn Deliver>> = vec![
            Arc::new(Nudged::new(&[events::NUDGE], wake)),
            Arc::new(Listener(world.clone())),
        ];
        let clock = Arc::new(world.clone());
        let mut policy = Policy {
            sure_day: Fen::new(i64::MAX),
            sure_new: Fen::new(i64::MAX),
            ..Policy::default()
        };
        if life.tight_brake {
            policy.brake_count = 1;
        }
        Self {
            machine,
            payments: Payments::new(ports, policy),
            relay: Arc::new(Relay::new(store, clock, entropy, carriers)),
            sweep,
            carry,
            world: world.clone(),
        }
    }

    /// What the edge does after it answered a request.
    pub(super) fn wake(&self) {
        self.sweep.ring();
        self.carry.ring();
    }

    pub(super) async fn sweep_on(self) {
        loop {
            for _ in 0..PIECES_PER_WAKE_MAX {
                match self.payments.sweep().await {
                    Ok(worked) if worked > 0 => {}
                    Ok(_) | Err(_) => break,
                }
            }
            self.world.with(|world| {
                world.stored = true;
                let now = world.now();
                if let Some(machine) = world.machines.get_mut(self.machine) {
                    machine.swept_at = now;
                }
            });
            self.sweep.clone().await;
        }
    }

    pub(super) async fn carry_on(self) {
        loop {
            for _ in 0..PIECES_PER_WAKE_MAX {
                match self.relay.run_once().await {
                    Ok(rows) if rows > 0 => {}
                    Ok(_) | Err(_) => break,
                }
            }
            self.world.with(|world| world.stored = true);
            self.carry.clone().await;
        }
    }

    /// What the callback route does with a notice: durable, then acknowledged, then worked.
    pub(super) async fn take_notice(self, sending: Sending) {
        let Ok(id) = self.payments.receive(&sending.raw, "callback").await else {
            return;
        };
        self.world.with(|world| world.acknowledge(&sending.id));
        if self.payments.work_notice(&id).await.is_ok() {
            self.wake();
        }
    }
}

/// Hears what payments tells the rooms above.
struct Listener(Handle);

#[async_trait]
impl Deliver for Listener {
    fn kinds(&self) -> &'static [&'static str] {
        &[events::POSTED, events::REFUNDED, events::REFUND_LATE]
    }

    async fn deliver(&self, claimed: &Claimed) -> Delivery {
        let id = claimed.event.event_id.as_str().to_owned();
        self.0.with(|world| {
            world.note(format_args!("told {}", claimed.event.kind));
            world.told.insert(id, claimed.event.kind == events::POSTED);
        });
        Delivery::Done
    }
}
