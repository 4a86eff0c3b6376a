//! What the routes of generation accounts read and say.

use lifeline_core::accounts::Secret;
use lifeline_core::settlement::accounts::vault::EXPONENT;
use lifeline_core::settlement::accounts::{
    Chosen, GenerationAccount, Permitted, PublicKey, Standing, TablePage, TableRow, TableSearch,
};
use lifeline_core::settlement::ids::GenerationNo;
use lifeline_core::shared::period::Period;
use lifeline_core::shared::personal::Address;
use lifeline_core::tariffs::Slot;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::place::{Given, Place};
use crate::accounts::{chosen, login_of, token};
use crate::edge::cursor::PageQuery;
use crate::edge::{Code, Problem};

/// The longest address, in characters.
pub(super) const ADDRESS_CHARS_MAX: usize = 200;
/// The longest encrypted identity, in bytes.
pub(super) const JWE_BYTES_MAX: usize = 8 * 1024;

pub(super) fn unfit(field: &str, detail: &str) -> Problem {
    Problem::new(Code::InvalidField).field(field, "invalid", detail)
}

/// What the owner was given when the generator was connected to the grid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RegistrationBody {
    /// 10 or 13 digits.
    #[schema(example = "1504990020061")]
    pub generation_no: String,
    /// The consumer number of the place: this or `binding_id`.
    #[schema(example = "1504010020066")]
    pub grid_user_no: Option<String>,
    /// The place as a home that is linked, from `GET /v1/bindings`: it stands for its number.
    pub binding_id: Option<String>,
    #[schema(example = "赤峰市红山区钢铁街")]
    pub address: String,
}

impl RegistrationBody {
    pub(super) fn parse(self) -> Result<Given, Problem> {
        let generation_no = GenerationNo::parse(&self.generation_no)
            .map_err(|_| unfit("generation_no", "10 or 13 digits"))?;
        let place = Place::parse(self.grid_user_no.as_deref(), self.binding_id.as_deref())?;
        let length = self.address.trim().chars().count();
        if !(1..=ADDRESS_CHARS_MAX).contains(&length) {
            return Err(unfit("address", "1 to 200 characters"));
        }
        Ok(Given {
            generation_no,
            place,
            address: Address::from_store(self.address),
        })
    }
}

/// What the owner was given when the generator was connected to the grid, and what they want to sign in
/// by beside Alipay, if anything: both or none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGenerationAccountBody {
    /// 10 or 13 digits.
    #[schema(example = "1504990020061")]
    pub generation_no: String,
    /// The consumer number of the place: this or `binding_id`.
    #[schema(example = "1504010020066")]
    pub grid_user_no: Option<String>,
    /// The place as a home that is linked, from `GET /v1/bindings`: it stands for its number.
    pub binding_id: Option<String>,
    #[schema(example = "赤峰市红山区钢铁街")]
    pub address: String,
    /// A letter and 3 to 31 more of a-z 0-9 _ . -
    #[schema(max_length = 32, example = "zhaolei.roof")]
    pub login: Option<String>,
    /// 8 characters at least, 256 bytes at most.
    #[schema(min_length = 8, max_length = 256)]
    pub password: Option<String>,
}

impl NewGenerationAccountBody {
    pub(super) fn parse(self) -> Result<(Given, Option<Chosen>), Problem> {
        let chosen = match (self.login, self.password) {
            (None, None) => None,
            (Some(login), Some(password)) => Some(chosen_of(&login, password)?),
            (Some(_), None) => return Err(unfit("password", "goes with `login`")),
            (None, Some(_)) => return Err(unfit("login", "goes with `password`")),
        };
        let typed = RegistrationBody {
            generation_no: self.generation_no,
            grid_user_no: self.grid_user_no,
            binding_id: self.binding_id,
            address: self.address,
        };
        Ok((typed.parse()?, chosen))
    }
}

fn chosen_of(login: &str, password: String) -> Result<Chosen, Problem> {
    let login = login_of(login)?;
    let password = chosen(&login, password)?;
    Ok(Chosen { login, password })
}

/// User name and password, by a code sent to the owner's own phone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetGenerationPasswordBody {
    /// A letter and 3 to 31 more of a-z 0-9 _ . -
    #[schema(max_length = 32, example = "zhaolei.roof")]
    pub login: String,
    /// 8 characters at least, 256 bytes at most.
    #[schema(min_length = 8, max_length = 256)]
    pub password: String,
    #[schema(max_length = 16, example = "123456")]
    pub otp: String,
}

impl SetGenerationPasswordBody {
    pub(super) fn parse(self) -> Result<(Chosen, Secret), Problem> {
        let chosen = chosen_of(&self.login, self.password)?;
        token("otp", &self.otp, 16)?;
        Ok((chosen, Secret::new(self.otp)))
    }
}

/// The encrypted identity.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EncryptedIdentityBody {
    /// A JWE in compact form, `RSA-OAEP-256` with `A256GCM`, over the UTF-8 JSON `{generation_account_id, nonce,
    /// identity: {name, id_no, bank_card_no}}`.
    pub jwe: String,
    /// The code of `POST /v1/otps` `change_payee`, when the reserve says another payee than the table (`STEP_UP_REQUIRED`).
    pub code: Option<String>,
}

impl EncryptedIdentityBody {
    pub(super) fn parse(self) -> Result<(String, Option<Secret>), Problem> {
        if !(1..=JWE_BYTES_MAX).contains(&self.jwe.len()) {
            return Err(unfit("jwe", "at most 8192 bytes"));
        }
        let six_digits =
            |code: &String| code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit());
        match self.code {
            Some(code) if !six_digits(&code) => Err(unfit("code", "six digits")),
            code => Ok((self.jwe, code.map(Secret::new))),
        }
    }
}

/// Nothing is said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TerminationBody {}

/// One generation account.
#[derive(Serialize, ToSchema)]
pub(super) struct GenerationAccountView {
    pub generation_account_id: String,
    /// `keyless` (its keys are being made), `keyed`, `permitted` (its table is open), `terminating`, `terminated`.
    #[schema(example = "keyed")]
    pub state: &'static str,
    /// Absent once the cooperation is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "*********0061")]
    pub generation_no_masked: Option<String>,
    /// `full` or `surplus`; absent once the cooperation is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feed_in: Option<&'static str>,
    /// The day of the month; absent once the cooperation is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settlement_day: Option<i64>,
    /// What opens the personal data table, once it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission_id: Option<String>,
    /// When user name and password were set last; absent while there are none, and in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_set_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub termination_asked_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    pub created_at: String,
}

impl GenerationAccountView {
    pub(super) fn of(account: &GenerationAccount, permitted: Option<&Permitted>) -> Self {
        let live = account.state.is_live();
        Self {
            generation_account_id: account.generation_account_id.to_string(),
            state: account.state.as_str(),
            generation_no_masked: account
                .generation_no
                .as_ref()
                .filter(|_| live)
                .map(GenerationNo::masked),
            feed_in: live.then(|| account.feed_in.as_str()),
            settlement_day: live.then_some(account.settlement_day),
            permission_id: permitted
                .filter(|_| live)
                .map(|permitted| permitted.permission_id.to_string()),
            password_set_at: None,
            termination_asked_at: account.termination_asked_at.map(|at| at.rfc3339()),
            ended_at: account.ended_at.map(|at| at.rfc3339()),
            created_at: account.created_at.rfc3339(),
        }
    }

    pub(super) fn standing(standing: &Standing) -> Self {
        Self {
            password_set_at: standing.password_set_at.map(|at| at.rfc3339()),
            ..Self::of(&standing.account, standing.permitted.as_ref())
        }
    }
}

/// A page of accounts.
#[derive(Serialize, ToSchema)]
pub(super) struct GenerationAccountsView {
    pub items: Vec<GenerationAccountView>,
    pub next_cursor: Option<String>,
}

/// A public key (RFC 7517).
#[derive(Serialize, ToSchema)]
pub(super) struct JwkView {
    #[schema(example = "RSA")]
    pub kty: &'static str,
    #[serde(rename = "use")]
    #[schema(example = "enc")]
    pub used_for: &'static str,
    #[schema(example = "RSA-OAEP-256")]
    pub alg: &'static str,
    pub kid: String,
    pub n: String,
    #[schema(example = "AQAB")]
    pub e: &'static str,
}

/// What to encrypt with.
#[derive(Serialize, ToSchema)]
pub(super) struct PublicKeyView {
    pub jwk: JwkView,
    /// Goes into the ciphertext; works once, and takes the place of an earlier one.
    pub nonce: String,
    /// Seconds the nonce works.
    pub expires_in: i64,
}

impl PublicKeyView {
    pub(super) fn of(key: PublicKey) -> Self {
        Self {
            jwk: JwkView {
                kty: "RSA",
                used_for: "enc",
                alg: "RSA-OAEP-256",
                kid: key.key_id.to_string(),
                n: key.modulus,
                e: EXPONENT,
            },
            nonce: key.nonce.expose().to_owned(),
            expires_in: key.nonce_life_s,
        }
    }
}

/// The permission.
#[derive(Serialize, ToSchema)]
pub(super) struct PermissionView {
    pub permission_id: String,
}

/// `?from=&to=&slot=&limit=&cursor=` of a table.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct TableQuery {
    /// First period, `YYYY-MM`.
    pub from: Option<String>,
    /// Last period, `YYYY-MM`.
    pub to: Option<String>,
    /// `super_peak`, `peak`, `flat`, `valley` or `deep_valley`.
    pub slot: Option<String>,
    /// 1 to 100, default 20.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl TableQuery {
    pub(super) fn parse(self) -> Result<(TableSearch, PageQuery), Problem> {
        fn read<T>(
            name: &str,
            text: Option<String>,
            parse: impl Fn(&str) -> Option<T>,
        ) -> Result<Option<T>, Problem> {
            let refuse = || {
                Problem::new(Code::InvalidQuery).field(name, "invalid", "not a value of this table")
            };
            text.map(|text| parse(&text).ok_or_else(refuse)).transpose()
        }
        let period = |text: &str| Period::parse(text).ok();
        let search = TableSearch {
            from: read("from", self.from, period)?,
            to: read("to", self.to, period)?,
            slot: read("slot", self.slot, Slot::parse)?,
        };
        let (limit, cursor) = (self.limit, self.cursor);
        Ok((search, PageQuery { limit, cursor }))
    }
}

/// The identity of a table, masked.
#[derive(Serialize, ToSchema)]
pub(super) struct IdentityView {
    pub name_masked: String,
    pub id_no_masked: String,
    pub trading_account_masked: String,
    /// Payouts to it begin 72 hours after.
    pub payee_since: String,
}

/// One line: the amount beside its energy.
#[derive(Serialize, ToSchema)]
pub(super) struct TableRowView {
    pub period: String,
    /// What the line is for.
    pub kind: &'static str,
    /// `super_peak`, `peak`, `flat`, `valley` or `deep_valley`.
    pub slot: &'static str,
    pub from: String,
    pub to: String,
    pub energy_kwh: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_yuan_per_kwh: Option<String>,
    /// Absent until it is calculated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_fen: Option<i64>,
    pub data_version: i64,
}

impl TableRowView {
    fn of(row: &TableRow) -> Self {
        Self {
            period: row.period.to_string(),
            kind: row.kind.as_str(),
            slot: row.slot.as_str(),
            from: row.from.to_string(),
            to: row.to.to_string(),
            energy_kwh: row.energy.to_string(),
            price_yuan_per_kwh: row.price.as_ref().map(ToString::to_string),
            amount_fen: row.amount.map(lifeline_core::shared::money::Fen::get),
            data_version: row.data_version,
        }
    }
}

/// A page of the personal data table.
#[derive(Serialize, ToSchema)]
pub(super) struct PersonalTableView {
    pub identity: IdentityView,
    pub opened_at: String,
    pub items: Vec<TableRowView>,
    pub next_cursor: Option<String>,
}

impl PersonalTableView {
    pub(super) fn of(page: &TablePage, close: impl Fn(&str) -> String) -> Self {
        let identity = &page.table.identity;
        Self {
            identity: IdentityView {
                name_masked: identity.name.masked(),
                id_no_masked: identity.id_no.masked(),
                trading_account_masked: identity.trading_account.masked(),
                payee_since: page.table.payee_since.rfc3339(),
            },
            opened_at: page.table.opened_at.rfc3339(),
            items: page.rows.items.iter().map(TableRowView::of).collect(),
            next_cursor: page.rows.next.as_deref().map(close),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(address: &str) -> RegistrationBody {
        RegistrationBody {
            generation_no: "1504990020061".into(),
            grid_user_no: Some("1504010020066".into()),
            binding_id: None,
            address: address.to_owned(),
        }
    }

    #[test]
    fn limits_hold_at_n_and_beside_it() {
        assert!(body(&"街".repeat(ADDRESS_CHARS_MAX)).parse().is_ok());
        assert!(body(&"街".repeat(ADDRESS_CHARS_MAX + 1)).parse().is_err());
        assert!(body("  ").parse().is_err());
        let jwe = |bytes| {
            EncryptedIdentityBody {
                jwe: "x".repeat(bytes),
                code: None,
            }
            .parse()
        };
        assert!(jwe(JWE_BYTES_MAX).is_ok());
        assert!(jwe(JWE_BYTES_MAX + 1).is_err());
        assert!(jwe(0).is_err());
        let coded = |code: &str| {
            EncryptedIdentityBody {
                jwe: "x".to_owned(),
                code: Some(code.to_owned()),
            }
            .parse()
        };
        assert!(coded("012345").is_ok());
        for wrong in ["", "01234", "0123456", "01234x", "０１２３４５"] {
            assert!(coded(wrong).is_err(), "{wrong}");
        }
    }
}
