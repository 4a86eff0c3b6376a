//! One call from a machine to the outside: it may die on the way, but what has left arrives.

use std::sync::Arc;

use futures_util::future::{Either, select};
use lifeline_core::shared::outside::NoAnswer;

use super::machine::Place;
use super::weather::{Answered, Passage, Side};
use super::world::{Handle, MILLI, SECOND, Slot, World};

/// How long the adapters wait for an answer.
const DEADLINE: i64 = 4 * SECOND;

/// What a call does when it arrives; a copy of it may arrive twice.
type Effect<T> = Arc<dyn Fn(&mut World) -> Result<T, NoAnswer> + Send + Sync>;

/// The outside as one machine reaches it.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    pub(super) world: Handle,
    pub(super) machine: usize,
}

impl Wire {
    pub(super) async fn call<T: Send + 'static>(
        &self,
        side: Side,
        what: &'static str,
        number: &str,
        effect: impl Fn(&mut World) -> Result<T, NoAnswer> + Send + Sync + 'static,
    ) -> Result<T, NoAnswer> {
        self.world.point(self.machine, Place::Send(what)).await;
        let slot = Slot::new();
        let passage = self.world.with(|world| {
            let passage = world.passage(side);
            let machine = self.machine;
            world.note(format_args!(
                "machine {machine} {what} {number}: {passage:?}"
            ));
            passage
        });
        let told = match passage {
            Passage::Refused(why) => {
                self.world.sleep(MILLI).await;
                Err(why)
            }
            Passage::Lost => {
                self.world.sleep(DEADLINE).await;
                Err(NoAnswer::Unknown("timeout"))
            }
            Passage::Rubbish { after } => {
                self.world.sleep(after).await;
                Err(NoAnswer::Unknown("upstream_fault"))
            }
            Passage::Arrives { at, again, answer } => {
                let effect: Effect<T> = Arc::new(effect);
                if let Some(again) = again {
                    let copy = Arc::clone(&effect);
                    self.world
                        .with(|world| world.after(again, move |world| drop(copy(world))));
                }
                self.post(at, answer, effect, slot.clone());
                match select(slot, self.world.sleep(DEADLINE)).await {
                    Either::Left((answer, _)) => answer,
                    Either::Right(_) => Err(NoAnswer::Unknown("timeout")),
                }
            }
        };
        self.world.point(self.machine, Place::Answer(what)).await;
        told
    }

    fn post<T: Send + 'static>(
        &self,
        at: i64,
        answer: Answered,
        effect: Effect<T>,
        slot: Slot<Result<T, NoAnswer>>,
    ) {
        self.world.with(|world| {
            world.after(at, move |world| {
                let result = effect(world);
                match answer {
                    Answered::Truly { after } => {
                        world.after(after.saturating_sub(at), move |_| slot.fill(result));
                    }
                    Answered::Rubbish { after } => {
                        let rubbish = Err(NoAnswer::Unknown("system_error"));
                        world.after(after.saturating_sub(at), move |_| slot.fill(rubbish));
                    }
                    Answered::Never => {}
                }
            });
        });
    }
}
