//! Everything outside Lifeline that knows about the people and their homes: Alipay, marketing, SMS.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use async_trait::async_trait;
use lifeline_core::accounts::Secret;
use lifeline_core::accounts::account::ProviderIds;
use lifeline_core::accounts::certification::{Finding, TypedIdentity};
use lifeline_core::accounts::ports::{
    Certifier, Grant, IdentityError, IdentityProvider, Messenger, NotTold, PhoneTeller,
    SharedProfile,
};
use lifeline_core::bindings::Role;
use lifeline_core::bindings::ports::{
    ArchiveError, ArchiveField, ArchiveProof, ArchiveValue, Candidate, Consumer, ConsumerArchive,
    Filled, Match, MatchLevel, Meter, RealNameState, Verified,
};
use lifeline_core::notices::ports::{Sms, SmsPlatform};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::{ConsumerNo, IdNo, PersonName, Phone};
use lifeline_core::shared::time::{Day, Time};

use crate::canary::{
    GIVEN, HOMES, PEOPLE, START, address_of, digits_of, home_of, id_no_of, name_of, number_of,
    office_of, phone_of, tail_of, who,
};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Contract {
    pub(crate) holder: usize,
    pub(crate) version: i64,
    pub(crate) since: Day,
}

#[derive(Debug)]
struct State {
    homes: Vec<Contract>,
    tokens: HashMap<String, usize>,
    codes: HashMap<String, usize>,
    /// The last code on each phone.
    inbox: HashMap<String, String>,
    made: usize,
    mixed: Option<Mixed>,
    /// Whose wallet has no number any more.
    recycled: Option<usize>,
}

/// A figure that the town may be told to mix up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mixed {
    Used,
    Paid,
    /// In which supply office it is.
    Office,
}

/// Alipay, marketing and the SMS platform in one.
#[derive(Debug)]
pub(crate) struct Town(Mutex<State>);

impl Town {
    /// Home `n` is person `n`'s; the last person holds none.
    pub(crate) fn new() -> Self {
        let since = Day::parse("2019-06-01").expect("a day");
        let homes = (0..HOMES).map(|holder| Contract {
            holder,
            version: 1,
            since,
        });
        Self(Mutex::new(State {
            homes: homes.collect(),
            tokens: HashMap::new(),
            codes: HashMap::new(),
            inbox: HashMap::new(),
            made: 0,
            mixed: None,
            recycled: None,
        }))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("nobody panicked with it")
    }

    /// What tapping "allow" gives.
    pub(crate) fn allow(&self, person: usize) -> String {
        let mut state = self.state();
        state.made += 1;
        let code = format!("code-{}", state.made);
        state.codes.insert(code.clone(), person);
        code
    }

    pub(crate) fn transfer(&self, home: usize, to: usize, on: Day) {
        let contract = &mut self.state().homes[home];
        contract.holder = to;
        contract.version += 1;
        contract.since = on;
    }

    /// A person's number is given out anew.
    pub(crate) fn recycle(&self, person: usize) {
        self.state().recycled = Some(person);
    }

    /// From now on this figure of a home is answered with that of the next one: the walk has to find it.
    pub(crate) fn mix(&self, what: Mixed) {
        self.state().mixed = Some(what);
    }

    /// The home whose figure is answered when one is asked about.
    pub(crate) fn answered(&self, what: Mixed, home: usize) -> usize {
        if self.state().mixed == Some(what) {
            (home + 1) % HOMES
        } else {
            home
        }
    }

    pub(crate) fn code_on(&self, person: usize) -> Option<String> {
        self.state().inbox.get(&phone_of(person)).cloned()
    }

    pub(crate) fn contract(&self, number: &ConsumerNo) -> Option<(usize, Contract)> {
        let home = home_of(number)?;
        Some((home, self.state().homes[home]))
    }
}

/// Everybody here is certified by their profile: nobody types an identity.
#[async_trait]
impl Certifier for Town {
    async fn propose(&self, _: &TypedIdentity) -> Result<Secret, IdentityError> {
        Err(IdentityError::Refused)
    }

    async fn compare(&self, _: &str, _: &str) -> Result<Finding, IdentityError> {
        Err(IdentityError::Refused)
    }

    async fn begin_face(
        &self,
        _: &str,
        _: &TypedIdentity,
        _: &ProviderIds,
        _: &str,
    ) -> Result<Secret, IdentityError> {
        Err(IdentityError::Refused)
    }

    fn face_url(&self, outside_no: &str, _: Time) -> String {
        format!("https://face.example/{outside_no}")
    }

    async fn face_finding(&self, _: &str) -> Result<Finding, IdentityError> {
        Err(IdentityError::Refused)
    }
}

impl PhoneTeller for Town {
    fn phone_told(&self, _: &str, _: &str) -> Result<Phone, NotTold> {
        Err(NotTold::Refused)
    }
}

#[async_trait]
impl IdentityProvider for Town {
    fn app_id(&self) -> &str {
        "2021000000000001"
    }

    fn authorize_url(&self, redirect_uri: &str, state: &str) -> String {
        format!("https://openauth.example/?redirect_uri={redirect_uri}&state={state}")
    }

    async fn exchange(&self, auth_code: &str) -> Result<Grant, IdentityError> {
        let person = self.state().codes.remove(auth_code);
        let person = person.ok_or(IdentityError::CodeRefused)?;
        Ok(Grant {
            open_id: Some(format!("open-{person}")),
            user_id: None,
            access_token: person.to_string(),
        })
    }

    async fn profile(&self, access_token: &str) -> Result<SharedProfile, IdentityError> {
        let person: usize = access_token.parse().expect("one of ours");
        let owner = who(person);
        Ok(SharedProfile {
            open_id: Some(format!("open-{person}")),
            user_id: None,
            certified: true,
            name: PersonName::parse(&name_of(owner)).ok(),
            id_no: IdNo::parse(&id_no_of(owner)).ok(),
            // The other wallet shares no phone: one account has it at a time.
            phone: (owner == person && self.state().recycled != Some(person))
                .then(|| Phone::parse(&phone_of(person)).ok())
                .flatten(),
        })
    }
}

#[async_trait]
impl Messenger for Town {
    async fn send_code(
        &self,
        _message_id: &str,
        phone: &Phone,
        code: &str,
        _purpose: &str,
    ) -> Result<(), NoAnswer> {
        let mut state = self.state();
        state
            .inbox
            .insert(phone.expose().to_owned(), code.to_owned());
        Ok(())
    }
}

#[async_trait]
impl SmsPlatform for Town {
    async fn send(&self, _: &Sms) -> Result<(), NoAnswer> {
        Ok(())
    }
}

#[async_trait]
impl ConsumerArchive for Town {
    async fn match_identity(
        &self,
        _name: Option<&PersonName>,
        id_no: Option<&IdNo>,
        _phone: Option<&Phone>,
        _consent_id: &str,
    ) -> Result<Match, ArchiveError> {
        let person = (0..PEOPLE).find(|one| id_no.is_some_and(|id| id.expose() == id_no_of(*one)));
        let mut state = self.state();
        let mut candidates = Vec::new();
        for home in 0..HOMES {
            if Some(state.homes[home].holder) != person {
                continue;
            }
            state.made += 1;
            let archive_token = format!("match-{}", state.made);
            state.tokens.insert(archive_token.clone(), home);
            candidates.push(Candidate {
                archive_token,
                consumer_no_masked: format!("*********{}", tail_of(home)),
                holder_masked: format!("*{}", GIVEN[state.homes[home].holder]),
                address_masked: address_of(home),
                role: Role::Holder,
            });
        }
        let level = if candidates.is_empty() {
            MatchLevel::None
        } else {
            MatchLevel::Full
        };
        Ok(Match { level, candidates })
    }

    async fn verify_token(&self, archive_token: &str) -> Result<Verified, ArchiveError> {
        let home = self.state().tokens.remove(archive_token);
        let home = home.ok_or(ArchiveError::CannotConfirm)?;
        let contract = self.state().homes[home];
        Ok(verified(home, contract, Role::Holder))
    }

    async fn verify_proof(
        &self,
        consumer_no: &ConsumerNo,
        proof: &ArchiveProof,
    ) -> Result<Verified, ArchiveError> {
        let found = self.contract(consumer_no);
        let (home, contract) = found.ok_or(ArchiveError::CannotConfirm)?;
        let role = match proof {
            ArchiveProof::IdLast6(typed) => {
                (digits_of(contract.holder) == *typed).then_some(Role::PayerOnly)
            }
            ArchiveProof::ArchivedMobile { name: None } => Some(Role::PayerOnly),
            ArchiveProof::ArchivedMobile { name: Some(name) } => {
                (name.expose() == name_of(contract.holder)).then_some(Role::Authorised)
            }
        };
        let role = role.ok_or(ArchiveError::CannotConfirm)?;
        Ok(verified(home, contract, role))
    }

    async fn archived_mobile(&self, consumer_no: &ConsumerNo) -> Result<Phone, ArchiveError> {
        let found = self.contract(consumer_no);
        let (_, contract) = found.ok_or(ArchiveError::CannotConfirm)?;
        Ok(Phone::parse(&phone_of(contract.holder)).expect("a phone"))
    }

    async fn consumer(&self, consumer_no: &ConsumerNo) -> Result<Consumer, ArchiveError> {
        let found = self.contract(consumer_no);
        let (home, contract) = found.ok_or(ArchiveError::CannotConfirm)?;
        Ok(Consumer {
            holder_masked: format!("*{}", GIVEN[contract.holder]),
            address_masked: address_of(home),
            category: "residential".into(),
            tariff_code: "RES-TIER-YEAR".into(),
            tariff_name: "居民年阶梯".into(),
            pay_mode: "postpaid".into(),
            open: true,
            meters: vec![Meter {
                meter_no: format!("1500000000{}", 5500 + home),
                multiplier: 1,
            }],
            holder_version: contract.version,
            org_no: Some(office_of(self.answered(Mixed::Office, home))),
            holder_since: Some(contract.since),
            as_of: moment(),
        })
    }

    async fn real_name(
        &self,
        consumer_no: &ConsumerNo,
        _name: &PersonName,
        id_no: &IdNo,
    ) -> Result<RealNameState, ArchiveError> {
        let found = self.contract(consumer_no);
        let (_, contract) = found.ok_or(ArchiveError::CannotConfirm)?;
        let equal = id_no_of(contract.holder) == id_no.expose();
        Ok(if equal {
            RealNameState::Verified
        } else {
            RealNameState::Mismatch
        })
    }

    /// The archive of this town has no gaps.
    async fn fill(
        &self,
        _consumer_no: &ConsumerNo,
        values: &[ArchiveValue],
        _consent_id: &str,
        _holder_version: i64,
        _key: &str,
    ) -> Result<BTreeMap<ArchiveField, Filled>, ArchiveError> {
        let same = |value: &ArchiveValue| (value.field(), Filled::Same);
        Ok(values.iter().map(same).collect())
    }
}

fn verified(home: usize, contract: Contract, role: Role) -> Verified {
    Verified {
        consumer_no: ConsumerNo::parse(&number_of(home)).expect("a number"),
        role,
        holder_version: contract.version,
        holder_since: Some(contract.since),
    }
}

pub(crate) fn moment() -> Time {
    Time::parse_rfc3339(START).expect("a time")
}
