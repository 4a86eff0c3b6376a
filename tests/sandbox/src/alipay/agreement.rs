//! Withholding agreements: asked for by a signed page, given or refused by a person, ended by either side.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::draft::logon_id;
use super::failure::{self, Failure};
use super::oauth::object;
use crate::clock::{alipay_time, to_beijing};
use crate::people::Person;

/// An agreement without an end date ends then, as Alipay writes it.
const NO_END: &str = "2115-02-01 00:00:00";

/// What the merchant asked a person to agree to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) external_agreement_no: String,
    /// The merchant's name for the person, often the electricity account.
    pub(super) external_logon_id: Option<String>,
    pub(super) personal_product_code: String,
    pub(super) sign_scene: String,
    /// Where the signing is told.
    pub(super) notify_url: Option<String>,
    pub(super) by_certificate: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Normal,
    Stop,
}

impl Standing {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::Stop => "STOP",
        }
    }
}

/// One agreement that was signed.
#[derive(Debug, Clone)]
pub(super) struct Agreement {
    pub(super) agreement_no: String,
    pub(super) terms: Terms,
    pub(super) person: &'static str,
    pub(super) standing: Standing,
    signed_at: Timestamp,
    ended_at: Option<Timestamp>,
}

/// A change of an agreement, as a notice tells it.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) notify_type: &'static str,
    pub(super) status: &'static str,
    pub(super) url: String,
    /// Messages of the application gateway sign `sign_type` too.
    pub(super) signs_type: bool,
}

impl Agreement {
    /// What every notice and answer tells of it.
    pub(super) fn fields(&self, holder: &Person) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("agreement_no", self.agreement_no.clone()),
            (
                "external_agreement_no",
                self.terms.external_agreement_no.clone(),
            ),
            ("alipay_user_id", holder.user_id.clone()),
            ("alipay_open_id", holder.open_id.clone()),
            ("alipay_logon_id", logon_id(holder)),
            (
                "personal_product_code",
                self.terms.personal_product_code.clone(),
            ),
            ("sign_scene", self.terms.sign_scene.clone()),
        ];
        if let Some(name) = &self.terms.external_logon_id {
            fields.push(("external_logon_id", name.clone()));
        }
        match self.ended_at {
            Some(at) => fields.push(("unsign_time", alipay_time(at))),
            None => fields.extend([
                ("sign_time", alipay_time(self.signed_at)),
                ("valid_time", alipay_time(self.signed_at)),
                ("invalid_time", NO_END.to_owned()),
            ]),
        }
        fields
    }

    /// What agreement.query answers.
    pub(super) fn answer(&self, holder: &Person) -> Map<String, Value> {
        let mut answer: Map<String, Value> = self
            .fields(holder)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect();
        answer.extend(object(json!({ "status": self.standing.name() })));
        answer
    }
}

/// Everything Alipay remembers about agreements.
#[derive(Debug, Default)]
pub(super) struct Agreements {
    /// Pages that were opened and not answered yet, by external_agreement_no.
    asked: BTreeMap<String, Terms>,
    /// By external_agreement_no; a number may be signed again after it was ended.
    signed: BTreeMap<String, Agreement>,
    last: u64,
    /// The application gateway of the merchant's console.
    pub(super) gateway_url: Option<String>,
}

impl Agreements {
    /// The merchant's page was opened.
    ///
    /// # Errors
    /// The number is signed and in force, or was asked for with other terms.
    pub(super) fn ask(&mut self, terms: Terms) -> Result<(), Failure> {
        let number = &terms.external_agreement_no;
        let in_force = self.signed.get(number);
        if in_force.is_some_and(|agreement| agreement.standing == Standing::Normal) {
            return Err(failure::AGREEMENT_EXIST);
        }
        if self.asked.get(number).is_some_and(|known| *known != terms) {
            return Err(failure::CONTEXT_INCONSISTENT);
        }
        self.asked.insert(number.clone(), terms);
        Ok(())
    }

    pub(super) fn asked(&self, number: &str) -> Option<&Terms> {
        self.asked.get(number)
    }

    /// The person signs.
    ///
    /// # Errors
    /// Nobody asked.
    pub(super) fn sign(
        &mut self,
        number: &str,
        person: &'static str,
        now: Timestamp,
    ) -> Result<Agreement, Failure> {
        let terms = self
            .asked
            .remove(number)
            .ok_or(failure::AGREEMENT_NOT_EXIST)?;
        self.last += 1;
        let day = to_beijing(now).date().strftime("%Y%m%d").to_string();
        let agreement = Agreement {
            agreement_no: format!("{day}{:012}", self.last),
            terms,
            person,
            standing: Standing::Normal,
            signed_at: now,
            ended_at: None,
        };
        self.signed.insert(number.to_owned(), agreement.clone());
        Ok(agreement)
    }

    /// The person refuses.
    ///
    /// # Errors
    /// Nobody asked.
    pub(super) fn refuse(&mut self, number: &str) -> Result<(), Failure> {
        let asked = self.asked.remove(number);
        asked.map(drop).ok_or(failure::AGREEMENT_NOT_EXIST)
    }

    /// One side ends it.
    ///
    /// # Errors
    /// Unknown, or ended already.
    pub(super) fn end(&mut self, number: &str, now: Timestamp) -> Result<Agreement, Failure> {
        let found = self.signed.get_mut(number);
        let agreement = found
            .filter(|agreement| agreement.standing == Standing::Normal)
            .ok_or(failure::AGREEMENT_NOT_EXIST)?;
        agreement.standing = Standing::Stop;
        agreement.ended_at = Some(now);
        Ok(agreement.clone())
    }

    /// By Alipay's number or the merchant's; Alipay's wins.
    pub(super) fn find(
        &self,
        agreement_no: Option<&str>,
        number: Option<&str>,
    ) -> Option<&Agreement> {
        match agreement_no {
            Some(no) => self.signed.values().find(|known| known.agreement_no == no),
            None => self.signed.get(number?),
        }
    }
}
