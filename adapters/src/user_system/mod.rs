//! The on-line State Grid user system over docs/contracts/user_system.md: registration, homes,
//! withdrawal, and what it holds of a person (LN-49).

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use lifeline_core::bindings::Role;
use lifeline_core::bindings::gathering::{Applied, Held, Member, Profile, Step, Tie, UserSystem};
use lifeline_core::shared::ids::{AccountId, BindingId, Entropy};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::{ConsumerNo, IdNo, PersonName, Phone};
use lifeline_core::shared::time::Clock;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::wire::address::{Address, AddressError};
use crate::wire::http::{CallRules, Reply};
use crate::wire::line::{Call, Line, LineKeys};
use crate::wire::operation;
use crate::wire::refusal::no_answer;
use crate::wire::{Asked, LeftAlone, Operation};

const UNREADABLE: NoAnswer = NoAnswer::Unknown("unreadable_reply");

/// The user system as `bindings` sees it.
#[derive(Clone)]
pub struct UserSystemLine {
    line: Line,
}

impl std::fmt::Debug for UserSystemLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserSystemLine")
            .field("address", self.line.address())
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct HeldReply {
    registered: bool,
    epoch: i64,
    name_enc: Option<String>,
    id_no_enc: Option<String>,
    mobile_enc: Option<String>,
    #[serde(default)]
    bindings: Vec<TieReply>,
}

#[derive(Deserialize)]
struct TieReply {
    binding_id: String,
    consumer_no_enc: String,
    role: String,
}

impl UserSystemLine {
    /// `address` ends in `/sgapp/v1`. Touches no network.
    ///
    /// # Errors
    /// [`AddressError::NoClient`] when this machine has no usable certificates.
    pub fn new(
        address: Address,
        keys: LineKeys,
        rules: CallRules,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, AddressError> {
        Line::new("user_system", address, keys, rules, clock, entropy).map(|line| Self { line })
    }

    /// Whether some operation is left alone now because it kept failing.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.line.is_any_open()
    }

    /// The operations that are left alone or probed now, and why.
    #[must_use]
    pub fn left_alone(&self) -> Vec<LeftAlone> {
        self.line.left_alone()
    }

    /// Every operation that was asked since this process began.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.line.asked()
    }

    /// Lets an operation be asked again at once; false when it is not left alone.
    #[must_use]
    pub fn ask_again(&self, operation: &str) -> bool {
        self.line.ask_again(operation)
    }

    async fn write(
        &self,
        operation: Operation,
        account: &AccountId,
        what: &str,
        body: Value,
        key: &str,
    ) -> Result<Applied, NoAnswer> {
        let reply = self
            .line
            .send(Call {
                operation,
                method: Method::POST,
                path: &["channel-users", account.as_str(), what],
                query: &[],
                body: Some(body.to_string()),
                idempotency_key: Some(key),
            })
            .await?;
        applied(&reply)
    }

    fn registration(
        &self,
        profile: &Profile,
        epoch: i64,
        key: &str,
    ) -> Result<Map<String, Value>, NoAnswer> {
        let mut body = Map::new();
        body.insert("epoch".into(), json!(epoch));
        let known = [
            ("name_enc", profile.name.as_ref().map(PersonName::expose)),
            ("id_no_enc", profile.id_no.as_ref().map(IdNo::expose)),
            ("mobile_enc", profile.phone.as_ref().map(Phone::expose)),
        ];
        for (field, clear) in known {
            if let Some(clear) = clear {
                body.insert(field.into(), json!(self.line.seal(field, key, clear)?));
            }
        }
        Ok(body)
    }

    fn member(&self, reply: HeldReply) -> Option<Member> {
        let open = |field: &'static str, sealed: Option<String>| match sealed {
            None => Some(None),
            Some(sealed) => self.line.open(field, &sealed).map(Some),
        };
        let name = open("name_enc", reply.name_enc)?;
        let id_no = open("id_no_enc", reply.id_no_enc)?;
        let phone = open("mobile_enc", reply.mobile_enc)?;
        let mut ties = BTreeMap::new();
        for tie in reply.bindings {
            let number = self.line.open("consumer_no_enc", &tie.consumer_no_enc)?;
            let tie = Tie {
                binding_id: BindingId::parse(&tie.binding_id).ok()?,
                consumer_no: ConsumerNo::parse(&number).ok()?,
                role: Role::parse(&tie.role)?,
            };
            ties.insert(tie.binding_id.clone(), tie);
        }
        Some(Member {
            profile: Profile {
                name: name.and_then(|clear| PersonName::parse(&clear).ok()),
                id_no: id_no.and_then(|clear| IdNo::parse(&clear).ok()),
                phone: phone.and_then(|clear| Phone::parse(&clear).ok()),
            },
            ties,
        })
    }
}

/// A pair of status and code that the contract names, or no answer.
fn applied(reply: &Reply) -> Result<Applied, NoAnswer> {
    if (200..300).contains(&reply.status) {
        return Ok(Applied::Done);
    }
    let (status, code) = reply.said();
    match (status, &*code) {
        (409, "STALE_EPOCH") => Ok(Applied::Overtaken),
        (status, code) => Err(no_answer(status, code)),
    }
}

#[async_trait]
impl UserSystem for UserSystemLine {
    async fn held(&self, account: &AccountId) -> Result<Held, NoAnswer> {
        let path = ["channel-users", account.as_str()];
        let operation = operation!("GET /channel-users/{id}");
        let reply = self.line.get(operation, &path, &[]).await?;
        if reply.status != 200 {
            return Err(match applied(&reply) {
                Err(why) => why,
                Ok(_) => NoAnswer::Unknown("unnamed_code"),
            });
        }
        let held: HeldReply = serde_json::from_slice(&reply.body).map_err(|_| UNREADABLE)?;
        let epoch = held.epoch;
        let member = if held.registered {
            Some(self.member(held).ok_or(UNREADABLE)?)
        } else {
            None
        };
        Ok(Held { member, epoch })
    }

    async fn apply(
        &self,
        account: &AccountId,
        step: &Step,
        epoch: i64,
    ) -> Result<Applied, NoAnswer> {
        match step {
            Step::Register(profile) => {
                let key = format!("{account}:{epoch}:r");
                let body = self.registration(profile, epoch, &key)?;
                let operation = operation!("POST /channel-users/{id}/registrations");
                self.write(
                    operation,
                    account,
                    "registrations",
                    Value::Object(body),
                    &key,
                )
                .await
            }
            Step::Bind(tie) => {
                let key = format!("b:{}:{epoch}", tie.binding_id);
                let field = "consumer_no_enc";
                let number = self.line.seal(field, &key, tie.consumer_no.expose())?;
                let body = json!({"epoch": epoch, "binding_id": tie.binding_id.as_str(),
                    "consumer_no_enc": number, "role": tie.role.as_str()});
                let operation = operation!("POST /channel-users/{id}/bindings");
                self.write(operation, account, "bindings", body, &key).await
            }
            Step::Unbind(id) => {
                let key = format!("u:{id}:{epoch}");
                let body = json!({"epoch": epoch, "binding_id": id.as_str()});
                let operation = operation!("POST /channel-users/{id}/unbindings");
                self.write(operation, account, "unbindings", body, &key)
                    .await
            }
            Step::Withdraw => {
                let key = format!("{account}:{epoch}:w");
                let body = json!({ "epoch": epoch });
                let operation = operation!("POST /channel-users/{id}/withdrawals");
                self.write(operation, account, "withdrawals", body, &key)
                    .await
            }
        }
    }
}
