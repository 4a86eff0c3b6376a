//! What somebody who asks for a one-time code says, and is told.

use lifeline_core::accounts::Secret;
use lifeline_core::bindings::home_code::CodeFor;
use lifeline_core::settlement::ids::GenerationAccountId;
use lifeline_core::shared::ids::BindingId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::personal::Phone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::dto::{consumer_no, invalid};
use crate::accounts::token;
use crate::edge::{Code, Problem};

/// More homes than one order pays.
const ITEMS_MAX: usize = 20;

/// What a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CodePurpose {
    VerifyPhone,
    Bind,
    Export,
    Erase,
    Pay,
    Unlink,
    ChangePhone,
    SetPassword,
    SetGenerationPassword,
    ChangePayee,
    Merge,
    Certify,
}

/// One home of a payment that needs a step-up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeItem {
    pub binding_id: String,
    /// What will be ordered for it.
    #[schema(minimum = 1)]
    pub amount_fen: i64,
}

/// `verify_phone` with `phone`, `bind` with either `consumer_no` or `match_token`. The others go to the
/// account's own phone: `pay` with `items`, `unlink` with `binding_id`, `change_phone` with `phone`, the one
/// that comes in its place, or alone for the wallet's own, `set_generation_password` and `change_payee` with
/// `generation_account_id`; `export`, `erase`, `set_password`, `merge` and `certify` alone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeBody {
    pub purpose: CodePurpose,
    #[schema(example = "19000000001")]
    pub phone: Option<String>,
    #[schema(example = "1504010020017")]
    pub consumer_no: Option<String>,
    /// A candidate of a match of level `id_only`.
    pub match_token: Option<String>,
    pub generation_account_id: Option<String>,
    /// The home to leave.
    pub binding_id: Option<String>,
    /// The homes to pay for, as they will be ordered.
    pub items: Option<Vec<CodeItem>>,
}

/// Where a code is to go.
pub(super) enum CodeTo {
    Phone(Phone),
    Home(CodeFor),
    Own(Own),
    Password,
    GenerationPassword(GenerationAccountId),
    Payee(GenerationAccountId),
}

/// What a code to the account's own phone is to allow.
pub(super) enum Own {
    Export,
    Erase,
    Pay(Vec<(BindingId, Fen)>),
    Unlink(BindingId),
    ChangePhone(Phone),
    TakeWalletsPhone,
    Merge,
    Certify,
}

/// What is said beside the purpose.
type Beside = (
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<Vec<CodeItem>>,
);

impl CodeBody {
    pub(super) fn parse(self) -> Result<CodeTo, Problem> {
        let beside = (
            self.phone,
            self.consumer_no,
            self.match_token,
            self.generation_account_id,
            self.binding_id,
            self.items,
        );
        match self.purpose {
            CodePurpose::VerifyPhone | CodePurpose::Bind => to_a_phone(self.purpose, beside),
            purpose => to_their_own(purpose, beside),
        }
    }
}

fn to_a_phone(purpose: CodePurpose, beside: Beside) -> Result<CodeTo, Problem> {
    match (purpose, beside) {
        (CodePurpose::VerifyPhone, (Some(phone), None, None, None, None, None)) => {
            mobile(&phone).map(CodeTo::Phone)
        }
        (CodePurpose::Bind, (None, Some(number), None, None, None, None)) => {
            Ok(CodeTo::Home(CodeFor::Number(consumer_no(&number)?)))
        }
        (CodePurpose::Bind, (None, None, Some(sent), None, None, None)) => {
            token("match_token", &sent, 128)?;
            Ok(CodeTo::Home(CodeFor::Offered(Secret::new(sent))))
        }
        (CodePurpose::Bind, _) => Err(invalid(
            "consumer_no",
            "either `consumer_no` or `match_token`",
        )),
        _other => Err(invalid("phone", "`phone` and nothing else")),
    }
}

fn to_their_own(purpose: CodePurpose, beside: Beside) -> Result<CodeTo, Problem> {
    match (purpose, beside) {
        (CodePurpose::Export, (None, None, None, None, None, None)) => Ok(CodeTo::Own(Own::Export)),
        (CodePurpose::Erase, (None, None, None, None, None, None)) => Ok(CodeTo::Own(Own::Erase)),
        (CodePurpose::SetPassword, (None, None, None, None, None, None)) => Ok(CodeTo::Password),
        (CodePurpose::Merge, (None, None, None, None, None, None)) => Ok(CodeTo::Own(Own::Merge)),
        (CodePurpose::Certify, (None, None, None, None, None, None)) => {
            Ok(CodeTo::Own(Own::Certify))
        }
        (CodePurpose::SetGenerationPassword, (None, None, None, Some(id), None, None)) => {
            generation(&id).map(CodeTo::GenerationPassword)
        }
        (CodePurpose::ChangePayee, (None, None, None, Some(id), None, None)) => {
            generation(&id).map(CodeTo::Payee)
        }
        (CodePurpose::Unlink, (None, None, None, None, Some(home), None)) => {
            Ok(CodeTo::Own(Own::Unlink(home_id(&home)?)))
        }
        (CodePurpose::ChangePhone, (Some(phone), None, None, None, None, None)) => {
            Ok(CodeTo::Own(Own::ChangePhone(mobile(&phone)?)))
        }
        (CodePurpose::ChangePhone, (None, None, None, None, None, None)) => {
            Ok(CodeTo::Own(Own::TakeWalletsPhone))
        }
        (CodePurpose::Pay, (None, None, None, None, None, Some(items))) => {
            Ok(CodeTo::Own(Own::Pay(parts(items)?)))
        }
        (CodePurpose::SetGenerationPassword | CodePurpose::ChangePayee, _) => Err(invalid(
            "generation_account_id",
            "`generation_account_id` and nothing else",
        )),
        (CodePurpose::Unlink, _) => Err(invalid("binding_id", "`binding_id` and nothing else")),
        (CodePurpose::Pay, _) => Err(invalid("items", "`items` and nothing else")),
        (CodePurpose::ChangePhone, _) => {
            Err(invalid("phone", "`phone` or nothing, and nothing else"))
        }
        _other => Err(invalid("purpose", "`purpose` and nothing else")),
    }
}

fn parts(items: Vec<CodeItem>) -> Result<Vec<(BindingId, Fen)>, Problem> {
    if items.is_empty() || items.len() > ITEMS_MAX {
        return Err(invalid("items", "1 to 20 homes"));
    }
    let part = |item: CodeItem| {
        if item.amount_fen <= 0 {
            return Err(invalid("items.amount_fen", "above zero"));
        }
        Ok((home_id(&item.binding_id)?, Fen::new(item.amount_fen)))
    };
    items.into_iter().map(part).collect()
}

/// A text that is no id names nothing, like an id of somebody else.
fn generation(text: &str) -> Result<GenerationAccountId, Problem> {
    GenerationAccountId::parse(text).map_err(|_| Problem::new(Code::NotFound))
}

fn mobile(text: &str) -> Result<Phone, Problem> {
    Phone::parse(text).map_err(|_| invalid("phone", "a mainland mobile number"))
}

fn home_id(text: &str) -> Result<BindingId, Problem> {
    BindingId::parse(text).map_err(|_| Problem::new(Code::NotFound))
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CodeView {
    /// Seconds the code lives.
    pub expires_in: i64,
    /// Seconds until the next one may be asked for.
    pub resend_after: i64,
}
