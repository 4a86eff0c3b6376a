//! The on-line State Grid user system, with a line that loses, refuses and delays what it is told.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use async_trait::async_trait;
use lifeline_core::bindings::gathering::{Applied, Held, Member, Step, UserSystem};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::outside::NoAnswer;

/// What becomes of the next write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not done and not answered.
    Before,
    /// It is done and not answered.
    After,
    /// It is not answered, and done when [`Users::arrive`] says so.
    Late,
}

#[derive(Default)]
struct State {
    held: HashMap<AccountId, (i64, Option<Member>)>,
    faults: VecDeque<Fault>,
    struck: usize,
    late: Vec<(AccountId, Step, i64)>,
    calls: Vec<&'static str>,
}

#[derive(Default)]
pub(crate) struct Users(Mutex<State>);

impl std::fmt::Debug for Users {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Users")
    }
}

impl State {
    fn write(&mut self, account: &AccountId, step: &Step, epoch: i64) -> Applied {
        let (seen, member) = self.held.entry(account.clone()).or_default();
        if epoch < *seen {
            return Applied::Overtaken;
        }
        *seen = epoch;
        match step {
            Step::Register(profile) => {
                member.get_or_insert_default().profile = profile.clone();
            }
            Step::Bind(tie) => {
                let member = member.as_mut().expect("registered first");
                member.ties.insert(tie.binding_id.clone(), tie.clone());
            }
            Step::Unbind(id) => {
                if let Some(member) = member.as_mut() {
                    member.ties.remove(id);
                }
            }
            Step::Withdraw => *member = None,
        }
        Applied::Done
    }
}

impl Users {
    pub(crate) fn plan(&self, faults: &[Fault]) {
        self.0.lock().unwrap().faults.extend(faults);
    }

    /// How many faults acted so far.
    pub(crate) fn struck(&self) -> usize {
        self.0.lock().unwrap().struck
    }

    /// What was delayed arrives; how each ended.
    pub(crate) fn arrive(&self) -> Vec<Applied> {
        let mut state = self.0.lock().unwrap();
        let late = std::mem::take(&mut state.late);
        late.iter()
            .map(|(account, step, epoch)| state.write(account, step, *epoch))
            .collect()
    }

    pub(crate) fn member(&self, account: &AccountId) -> Option<Member> {
        let state = self.0.lock().unwrap();
        state
            .held
            .get(account)
            .and_then(|(_, member)| member.clone())
    }

    /// It loses a person's homes.
    pub(crate) fn lose(&self, account: &AccountId) {
        let mut state = self.0.lock().unwrap();
        if let Some((_, Some(member))) = state.held.get_mut(account) {
            member.ties.clear();
        }
    }

    /// The writes since the last time somebody asked.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap().calls)
    }
}

#[async_trait]
impl UserSystem for Users {
    async fn held(&self, account: &AccountId) -> Result<Held, NoAnswer> {
        let state = self.0.lock().unwrap();
        let (epoch, member) = state.held.get(account).cloned().unwrap_or_default();
        Ok(Held { member, epoch })
    }

    async fn apply(
        &self,
        account: &AccountId,
        step: &Step,
        epoch: i64,
    ) -> Result<Applied, NoAnswer> {
        let mut state = self.0.lock().unwrap();
        state.calls.push(step.as_str());
        let fault = state.faults.pop_front();
        state.struck += usize::from(fault.is_some());
        match fault {
            None => Ok(state.write(account, step, epoch)),
            Some(Fault::Before) => Err(NoAnswer::Unknown("time_out")),
            Some(Fault::After) => {
                state.write(account, step, epoch);
                Err(NoAnswer::Unknown("time_out"))
            }
            Some(Fault::Late) => {
                state.late.push((account.clone(), step.clone(), epoch));
                Err(NoAnswer::Unknown("time_out"))
            }
        }
    }
}
