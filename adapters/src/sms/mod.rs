//! The SMS platform over docs/contracts/sms.md: one-time codes and receipts.
//!
//! The message id is the idempotency key and the body repeats byte for byte, so that a repeat after
//! a lost answer is one message on the phone.

use std::sync::Arc;

use async_trait::async_trait;
use lifeline_core::accounts::ports::Messenger;
use lifeline_core::notices::ports::{Sms, SmsPlatform};
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::Phone;
use lifeline_core::shared::time::Clock;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::wire::address::{Address, AddressError};
use crate::wire::http::{CallRules, Reply};
use crate::wire::line::{Call, Line, LineKeys};
use crate::wire::operation;
use crate::wire::{Asked, LeftAlone};

/// The SMS platform as `accounts` and `notices` see it.
#[derive(Clone)]
pub struct SmsLine {
    line: Line,
    sign_name: String,
}

impl std::fmt::Debug for SmsLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmsLine")
            .field("address", self.line.address())
            .finish_non_exhaustive()
    }
}

impl SmsLine {
    /// `address` ends in `/sms/v1`; `sign_name` is the registered name in front of every message.
    ///
    /// # Errors
    /// [`AddressError::NoClient`] when this machine has no usable certificates.
    pub fn new(
        address: Address,
        keys: LineKeys,
        sign_name: String,
        rules: CallRules,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, AddressError> {
        let line = Line::new("sms", address, keys, rules, clock, entropy)?;
        Ok(Self { line, sign_name })
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

    async fn message(
        &self,
        message_id: &str,
        phone: &Phone,
        template_id: &str,
        params: Map<String, Value>,
    ) -> Result<(), NoAnswer> {
        let phone = self.line.seal("phone_enc", message_id, phone.expose())?;
        let body = json!({
            "message_id": message_id,
            "phone_enc": phone,
            "template_id": template_id,
            "params": params,
            "sign_name": self.sign_name,
        });
        let reply = self
            .line
            .send(Call {
                operation: operation!("POST /messages"),
                method: Method::POST,
                path: &["messages"],
                query: &[],
                body: Some(body.to_string()),
                idempotency_key: Some(message_id),
            })
            .await?;
        accepted(&reply)
    }
}

/// 202 (200 on a repeat) is accepted; nothing else is an answer about the message.
fn accepted(reply: &Reply) -> Result<(), NoAnswer> {
    if matches!(reply.status, 200 | 202) {
        return Ok(());
    }
    Err(reply.no_answer())
}

/// What a code is for, as the person who reads it would say it; a purpose without words of its own
/// is told in general, never by its internal name.
fn purpose_in_words(purpose: &str) -> &'static str {
    match purpose {
        "verify_phone" => "验证手机号",
        "bind" => "关联用电户号",
        "export" => "导出全部个人信息",
        "sign_in" => "登录",
        "set_password" => "设置登录密码",
        "change_payee" => "更换光伏收款账号",
        "pay" => "确认大额支付",
        "unlink" => "解除用电户号关联",
        "change_phone" => "更换手机号",
        "merge" => "合并账号",
        "certify" => "刷脸实名认证",
        "erase" => "注销并删除个人信息",
        _ => "身份验证",
    }
}

#[async_trait]
impl SmsPlatform for SmsLine {
    async fn send(&self, sms: &Sms) -> Result<(), NoAnswer> {
        let params = sms.params.iter();
        let params = params.map(|(name, text)| ((*name).to_owned(), json!(text)));
        self.message(
            &sms.message_id,
            &sms.phone,
            sms.template_id,
            params.collect(),
        )
        .await
    }
}

#[async_trait]
impl Messenger for SmsLine {
    async fn send_code(
        &self,
        message_id: &str,
        phone: &Phone,
        code: &str,
        purpose: &str,
    ) -> Result<(), NoAnswer> {
        let mut params = Map::new();
        params.insert("code".to_owned(), json!(code));
        params.insert("purpose".to_owned(), json!(purpose_in_words(purpose)));
        self.message(message_id, phone, "LL_OTP", params).await
    }
}
