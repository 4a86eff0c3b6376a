//! What somebody who asks for a one-time code says, and is told.

use lifeline_core::accounts::Secret;
use lifeline_core::bindings::home_code::CodeFor;
use lifeline_core::privacy::Deed;
use lifeline_core::settlement::ids::GenerationAccountId;
use lifeline_core::shared::personal::Phone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::dto::{consumer_no, invalid};
use crate::accounts::token;
use crate::edge::{Code, Problem};

/// What a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CodePurpose {
    VerifyPhone,
    Bind,
    Export,
    Erase,
    SetPassword,
    SetGenerationPassword,
    ChangePayee,
}

/// `verify_phone` with `phone`, `bind` with either `consumer_no` or `match_token`; `export`, `erase`
/// and `set_password` alone, `set_generation_password` and `change_payee` with `generation_account_id`:
/// their code goes to the account's own phone.
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
}

/// Where a code is to go.
pub(super) enum CodeTo {
    Phone(Phone),
    Home(CodeFor),
    Own(Deed),
    Password,
    GenerationPassword(GenerationAccountId),
    Payee(GenerationAccountId),
}

impl CodeBody {
    /// A text that is no id names nothing, like an id of somebody else.
    fn generation(self) -> Result<CodeTo, Problem> {
        let to: fn(GenerationAccountId) -> CodeTo = match self.purpose {
            CodePurpose::ChangePayee => CodeTo::Payee,
            _ => CodeTo::GenerationPassword,
        };
        match self {
            Self {
                phone: None,
                consumer_no: None,
                match_token: None,
                generation_account_id: Some(id),
                ..
            } => GenerationAccountId::parse(&id)
                .map(to)
                .map_err(|_| Problem::new(Code::NotFound)),
            _ => Err(invalid(
                "generation_account_id",
                "`generation_account_id` and nothing else",
            )),
        }
    }

    pub(super) fn parse(self) -> Result<CodeTo, Problem> {
        if matches!(
            self.purpose,
            CodePurpose::SetGenerationPassword | CodePurpose::ChangePayee
        ) {
            return self.generation();
        }
        if self.generation_account_id.is_some() {
            return Err(invalid(
                "generation_account_id",
                "goes with `set_generation_password` and `change_payee` alone",
            ));
        }
        match (self.purpose, self.phone, self.consumer_no, self.match_token) {
            (CodePurpose::VerifyPhone, Some(phone), None, None) => Phone::parse(&phone)
                .map(CodeTo::Phone)
                .map_err(|_| invalid("phone", "a mainland mobile number")),
            (CodePurpose::Bind, None, Some(number), None) => {
                Ok(CodeTo::Home(CodeFor::Number(consumer_no(&number)?)))
            }
            (CodePurpose::Bind, None, None, Some(sent)) => {
                token("match_token", &sent, 128)?;
                Ok(CodeTo::Home(CodeFor::Offered(Secret::new(sent))))
            }
            (CodePurpose::Export, None, None, None) => Ok(CodeTo::Own(Deed::Export)),
            (CodePurpose::Erase, None, None, None) => Ok(CodeTo::Own(Deed::Erase)),
            (CodePurpose::SetPassword, None, None, None) => Ok(CodeTo::Password),
            (
                CodePurpose::Export
                | CodePurpose::Erase
                | CodePurpose::SetPassword
                | CodePurpose::SetGenerationPassword
                | CodePurpose::ChangePayee,
                ..,
            ) => Err(invalid("purpose", "`purpose` and nothing else")),
            (CodePurpose::VerifyPhone, ..) => Err(invalid("phone", "`phone` and nothing else")),
            (CodePurpose::Bind, ..) => Err(invalid(
                "consumer_no",
                "either `consumer_no` or `match_token`",
            )),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CodeView {
    /// Seconds the code lives.
    pub expires_in: i64,
    /// Seconds until the next one may be asked for.
    pub resend_after: i64,
}
