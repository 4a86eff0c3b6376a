//! The utility's archive, as far as a channel can see it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use async_trait::async_trait;
use lifeline_core::bindings::Role;
use lifeline_core::bindings::ports::{
    ArchiveError, ArchiveField, ArchiveProof, ArchiveValue, Candidate, Consumer, ConsumerArchive,
    Filled, Match, MatchLevel, Meter, RealNameState, Verified,
};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::{ConsumerNo, IdNo, PersonName, Phone};
use lifeline_core::shared::time::{Day, Time};

#[derive(Clone)]
pub(crate) struct Home {
    pub(crate) holder: &'static str,
    pub(crate) id_no: Option<&'static str>,
    pub(crate) mobile: Option<&'static str>,
    pub(crate) holder_version: i64,
    /// Since when, where the archive says so.
    pub(crate) holder_since: Option<Day>,
}

#[derive(Default)]
struct State {
    homes: HashMap<&'static str, Home>,
    tokens: HashMap<String, &'static str>,
    away: bool,
    /// Fillings done whose answer is lost on the way.
    lost: u32,
    replies: HashMap<String, BTreeMap<ArchiveField, Filled>>,
    /// How often a field was really written.
    written: u32,
    /// Calls that reached us, by name.
    calls: Vec<&'static str>,
    /// Questions about single homes under way, and the most there were at once.
    under_way: usize,
    at_once: usize,
}

#[derive(Default)]
pub(crate) struct Archive(Mutex<State>);

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Archive")
    }
}

impl Archive {
    pub(crate) fn put(&self, consumer_no: &'static str, home: Home) {
        self.0.lock().unwrap().homes.insert(consumer_no, home);
    }

    pub(crate) fn go_away(&self, away: bool) {
        self.0.lock().unwrap().away = away;
    }

    /// The next fillings are done, and their answers lost.
    pub(crate) fn lose_answers(&self, count: u32) {
        self.0.lock().unwrap().lost = count;
    }

    /// The mobile of a home, as an outlet would read it.
    pub(crate) fn mobile(&self, consumer_no: &str) -> Option<&'static str> {
        self.0.lock().unwrap().homes[consumer_no].mobile
    }

    pub(crate) fn written(&self) -> u32 {
        self.0.lock().unwrap().written
    }

    /// The calls since the last time somebody asked.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap().calls)
    }

    /// The most questions about single homes that were under way at once.
    pub(crate) fn at_once(&self) -> usize {
        self.0.lock().unwrap().at_once
    }

    /// Lets in whoever asks at the same time.
    async fn beside_others(&self) {
        {
            let mut state = self.0.lock().unwrap();
            state.under_way += 1;
            state.at_once = state.at_once.max(state.under_way);
        }
        tokio::task::yield_now().await;
        self.0.lock().unwrap().under_way -= 1;
    }

    /// A transfer of holder: the version moves on.
    pub(crate) fn transfer(&self, consumer_no: &'static str, to: Home) {
        let mut state = self.0.lock().unwrap();
        let version = state.homes[consumer_no].holder_version + 1;
        state.homes.insert(
            consumer_no,
            Home {
                holder_version: version,
                ..to
            },
        );
    }

    fn reached<T>(
        &self,
        call: &'static str,
        answer: impl FnOnce(&mut State) -> Result<T, ArchiveError>,
    ) -> Result<T, ArchiveError> {
        let mut state = self.0.lock().unwrap();
        state.calls.push(call);
        if state.away {
            return Err(NoAnswer::Unknown("timeout").into());
        }
        answer(&mut state)
    }
}

fn home<'a>(state: &'a State, number: &ConsumerNo) -> Result<&'a Home, ArchiveError> {
    state
        .homes
        .get(number.expose())
        .ok_or(ArchiveError::CannotConfirm)
}

fn verified(number: &str, home: &Home, role: Role) -> Verified {
    Verified {
        consumer_no: ConsumerNo::parse(number).unwrap(),
        role,
        holder_version: home.holder_version,
        holder_since: home.holder_since,
    }
}

#[async_trait]
impl ConsumerArchive for Archive {
    async fn match_identity(
        &self,
        _name: Option<&PersonName>,
        id_no: Option<&IdNo>,
        phone: Option<&Phone>,
        consent_id: &str,
    ) -> Result<Match, ArchiveError> {
        assert!(!consent_id.is_empty());
        self.reached("match_identity", |state| {
            let by = |test: &dyn Fn(&Home) -> bool| {
                let mut numbers: Vec<_> = state
                    .homes
                    .iter()
                    .filter(|(_, h)| test(h))
                    .map(|(no, _)| *no)
                    .collect();
                numbers.sort_unstable();
                numbers
            };
            let same_id = |h: &Home| h.id_no.is_some() && h.id_no == id_no.map(IdNo::expose);
            let same_phone = |h: &Home| h.mobile.is_some() && h.mobile == phone.map(Phone::expose);
            let (level, numbers) = match (by(&same_id), by(&same_phone)) {
                (ids, _) if !ids.is_empty() => {
                    let full = ids.iter().all(|no| same_phone(&state.homes[no]));
                    (
                        if full {
                            MatchLevel::Full
                        } else {
                            MatchLevel::IdOnly
                        },
                        ids,
                    )
                }
                (_, phones) if !phones.is_empty() => (MatchLevel::MobileOnly, phones),
                _ => (MatchLevel::None, Vec::new()),
            };
            let mut candidates = Vec::new();
            for number in numbers {
                let token = format!("mt-{}", state.tokens.len());
                state.tokens.insert(token.clone(), number);
                candidates.push(Candidate {
                    archive_token: token,
                    consumer_no_masked: ConsumerNo::parse(number).unwrap().masked(),
                    holder_masked: PersonName::parse(state.homes[number].holder)
                        .unwrap()
                        .masked(),
                    address_masked: "赤峰市红山区***".into(),
                    role: Role::Holder,
                });
            }
            Ok(Match { level, candidates })
        })
    }

    async fn verify_token(&self, archive_token: &str) -> Result<Verified, ArchiveError> {
        self.beside_others().await;
        self.reached("verify_token", |state| {
            let number = state
                .tokens
                .insert(archive_token.to_owned(), "")
                .unwrap_or("");
            let home = state.homes.get(number).ok_or(ArchiveError::CannotConfirm)?;
            Ok(verified(number, home, Role::Holder))
        })
    }

    async fn verify_proof(
        &self,
        consumer_no: &ConsumerNo,
        proof: &ArchiveProof,
    ) -> Result<Verified, ArchiveError> {
        self.reached("verify_proof", |state| {
            let home = home(state, consumer_no)?;
            let role = match proof {
                ArchiveProof::IdLast6(digits) => {
                    let right = home
                        .id_no
                        .is_some_and(|id_no| id_no.ends_with(digits.as_str()));
                    right.then_some(Role::PayerOnly)
                }
                ArchiveProof::ArchivedMobile { name: Some(name) } => {
                    (name.expose() == home.holder).then_some(Role::Authorised)
                }
                ArchiveProof::ArchivedMobile { name: None } => Some(Role::PayerOnly),
            };
            let role = role.ok_or(ArchiveError::CannotConfirm)?;
            Ok(verified(consumer_no.expose(), home, role))
        })
    }

    async fn archived_mobile(&self, consumer_no: &ConsumerNo) -> Result<Phone, ArchiveError> {
        self.beside_others().await;
        self.reached("archived_mobile", |state| {
            let mobile = home(state, consumer_no)?
                .mobile
                .ok_or(ArchiveError::CannotConfirm)?;
            Ok(Phone::parse(mobile).unwrap())
        })
    }

    async fn consumer(&self, consumer_no: &ConsumerNo) -> Result<Consumer, ArchiveError> {
        self.reached("consumer", |state| {
            let home = home(state, consumer_no)?;
            Ok(Consumer {
                holder_masked: PersonName::parse(home.holder).unwrap().masked(),
                address_masked: "赤峰市红山区***".into(),
                category: "residential".into(),
                tariff_code: "RES-TIER-YEAR".into(),
                tariff_name: "居民年阶梯".into(),
                pay_mode: "postpaid".into(),
                open: true,
                meters: vec![Meter {
                    meter_no: "15000000001234".into(),
                    multiplier: 1,
                }],
                holder_version: home.holder_version,
                org_no: Some("1504010".into()),
                holder_since: home.holder_since,
                as_of: Time::parse_rfc3339("2026-11-20T09:59:00+08:00").unwrap(),
            })
        })
    }

    async fn real_name(
        &self,
        consumer_no: &ConsumerNo,
        name: &PersonName,
        id_no: &IdNo,
    ) -> Result<RealNameState, ArchiveError> {
        self.beside_others().await;
        self.reached("real_name", |state| {
            let home = home(state, consumer_no)?;
            Ok(match home.id_no {
                None => RealNameState::Missing,
                Some(held) if held == id_no.expose() && home.holder == name.expose() => {
                    RealNameState::Verified
                }
                Some(_) => RealNameState::Mismatch,
            })
        })
    }

    async fn fill(
        &self,
        consumer_no: &ConsumerNo,
        values: &[ArchiveValue],
        consent_id: &str,
        holder_version: i64,
        key: &str,
    ) -> Result<BTreeMap<ArchiveField, Filled>, ArchiveError> {
        assert!(!consent_id.is_empty());
        self.reached("fill", |state| {
            let lost = state.lost > 0;
            state.lost = state.lost.saturating_sub(1);
            let silence = || Err(NoAnswer::Unknown("timeout").into());
            if let Some(said) = state.replies.get(key) {
                return if lost { silence() } else { Ok(said.clone()) };
            }
            let mut written = 0;
            let home = state
                .homes
                .get_mut(consumer_no.expose())
                .ok_or(ArchiveError::CannotConfirm)?;
            let outdated = home.holder_version != holder_version;
            let mut offer = |value: &ArchiveValue| {
                let held = match value.field() {
                    ArchiveField::IdNo => home.id_no,
                    ArchiveField::Mobile => home.mobile,
                    ArchiveField::Name => Some(home.holder),
                };
                let result = match held {
                    _ if outdated => Filled::ConflictReview,
                    Some(held) if held == value.expose() => Filled::Same,
                    Some(_) => Filled::ConflictReview,
                    None => Filled::Filled,
                };
                if result == Filled::Filled {
                    let kept: &'static str = value.expose().to_owned().leak();
                    match value.field() {
                        ArchiveField::IdNo => home.id_no = Some(kept),
                        ArchiveField::Mobile => home.mobile = Some(kept),
                        ArchiveField::Name => home.holder = kept,
                    }
                    written += 1;
                }
                (value.field(), result)
            };
            let said: BTreeMap<_, _> = values.iter().map(&mut offer).collect();
            state.written += written;
            state.replies.insert(key.to_owned(), said.clone());
            if lost { silence() } else { Ok(said) }
        })
    }
}
