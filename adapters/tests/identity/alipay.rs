//! Alipay as a double: wallets, codes that are good once, and the judge of typed identities.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use lifeline_core::accounts::Secret;
use lifeline_core::accounts::account::ProviderIds;
use lifeline_core::accounts::certification::{Finding, TypedIdentity};
use lifeline_core::accounts::ports::{
    Certifier, Grant, IdentityError, IdentityProvider, NotTold, PhoneTeller, SharedProfile,
};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::{IdNo, PersonName, Phone};
use lifeline_core::shared::time::Time;

/// A person as Alipay knows them.
#[derive(Clone, Default)]
pub(crate) struct Wallet {
    pub(crate) open_id: Option<&'static str>,
    pub(crate) user_id: Option<&'static str>,
    pub(crate) certified: bool,
    pub(crate) name: &'static str,
    pub(crate) id_no: &'static str,
    pub(crate) phone: &'static str,
    /// Certified, yet the profile tells no ID number.
    pub(crate) withholds_id: bool,
}

pub(crate) const LI_MING: Wallet = Wallet {
    open_id: Some("open-li-ming"),
    user_id: None,
    certified: true,
    name: "李明",
    id_no: "150499199001010014",
    phone: "19000000001",
    withholds_id: false,
};

pub(crate) const WANG_FANG: Wallet = Wallet {
    open_id: Some("open-wang-fang"),
    user_id: None,
    certified: true,
    name: "王芳",
    id_no: "150499198506150026",
    phone: "19000000002",
    withholds_id: false,
};

pub(crate) const CHEN_GANG: Wallet = Wallet {
    open_id: Some("open-chen-gang"),
    user_id: None,
    certified: true,
    name: "陈刚",
    id_no: "150499196403070251",
    phone: "19000000004",
    withholds_id: false,
};

/// Alipay: each code is good once; the profile may be away.
#[derive(Default)]
pub(crate) struct Alipay {
    codes: Mutex<HashMap<String, Wallet>>,
    tokens: Mutex<HashMap<String, Wallet>>,
    /// Typed identities laid down to be compared or to show a face for, with the face's outcome.
    proposed: Mutex<Vec<(TypedIdentity, Finding)>>,
    /// The wallets that face pages were prepared for.
    asked_for: Mutex<Vec<ProviderIds>>,
    pub(crate) profile_away: Mutex<bool>,
    pub(crate) profile_refused: Mutex<bool>,
    /// Certifying answers nothing.
    pub(crate) certifier_away: Mutex<bool>,
}

impl std::fmt::Debug for Alipay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Alipay")
    }
}

impl Alipay {
    /// What the person does on the face page last prepared.
    pub(crate) fn show_face(&self, finding: Finding) {
        self.proposed.lock().unwrap().last_mut().unwrap().1 = finding;
    }

    /// The open id of the wallet that the last face page is for.
    pub(crate) fn face_asked_of(&self) -> Option<String> {
        let asked = self.asked_for.lock().unwrap();
        let open_id = asked.last().unwrap().open_id.as_ref();
        open_id.map(|id| id.expose().to_owned())
    }

    /// How many typed identities reached Alipay.
    pub(crate) fn proposals(&self) -> usize {
        self.proposed.lock().unwrap().len()
    }

    fn lay_down(&self, typed: &TypedIdentity) -> Result<Secret, IdentityError> {
        self.reachable()?;
        let mut proposed = self.proposed.lock().unwrap();
        proposed.push((typed.clone(), Finding::Open));
        Ok(Secret::new(format!("no-{}", proposed.len())))
    }

    fn laid_down(&self, outside_no: &str) -> (TypedIdentity, Finding) {
        let at: usize = outside_no.strip_prefix("no-").unwrap().parse().unwrap();
        self.proposed.lock().unwrap()[at - 1].clone()
    }

    fn reachable(&self) -> Result<(), IdentityError> {
        if *self.certifier_away.lock().unwrap() {
            return Err(NoAnswer::Unknown("timeout").into());
        }
        Ok(())
    }

    /// What tapping "allow" gives.
    pub(crate) fn allow(&self, wallet: &Wallet) -> String {
        let mut codes = self.codes.lock().unwrap();
        let code = format!("code-{}-{}", wallet.name, codes.len());
        codes.insert(code.clone(), wallet.clone());
        code
    }
}

/// What the mini-program is handed for a number: the same every time.
pub(crate) fn told(number: &str) -> (String, String) {
    (format!("sealed:{number}"), format!("signed:{number}"))
}

impl PhoneTeller for Alipay {
    fn phone_told(&self, response: &str, sign: &str) -> Result<Phone, NotTold> {
        let number = response.strip_prefix("sealed:").ok_or(NotTold::Refused)?;
        if told(number).1 == sign {
            Phone::parse(number).map_err(|_| NotTold::Refused)
        } else {
            Err(NotTold::NotTheirs)
        }
    }
}

#[async_trait]
impl Certifier for Alipay {
    async fn propose(&self, typed: &TypedIdentity) -> Result<Secret, IdentityError> {
        self.lay_down(typed)
    }

    async fn compare(&self, access_token: &str, no: &str) -> Result<Finding, IdentityError> {
        self.reachable()?;
        let (typed, _) = self.laid_down(no);
        let wallet = self.tokens.lock().unwrap()[access_token].clone();
        let same = wallet.name == typed.name.expose() && wallet.id_no == typed.id_no.expose();
        Ok(if same {
            Finding::Passed
        } else {
            Finding::Failed
        })
    }

    async fn begin_face(
        &self,
        order_no: &str,
        typed: &TypedIdentity,
        wallet: &ProviderIds,
        return_url: &str,
    ) -> Result<Secret, IdentityError> {
        assert!(order_no.len() == 32 && order_no.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert!(
            return_url.starts_with("https://line.example/#/"),
            "{return_url}"
        );
        let no = self.lay_down(typed)?;
        self.asked_for.lock().unwrap().push(wallet.clone());
        Ok(no)
    }

    fn face_url(&self, outside_no: &str, _now: Time) -> String {
        format!("https://face.example/{outside_no}")
    }

    async fn face_finding(&self, outside_no: &str) -> Result<Finding, IdentityError> {
        self.reachable()?;
        Ok(self.laid_down(outside_no).1)
    }
}

#[async_trait]
impl IdentityProvider for Alipay {
    fn app_id(&self) -> &str {
        "2021000000000001"
    }

    fn authorize_url(&self, redirect_uri: &str, state: &str) -> String {
        format!("https://openauth.example/?redirect_uri={redirect_uri}&state={state}")
    }

    async fn exchange(&self, auth_code: &str) -> Result<Grant, IdentityError> {
        // A used code stays in the map as an empty wallet, so that codes stay distinct.
        let wallet = self
            .codes
            .lock()
            .unwrap()
            .get_mut(auth_code)
            .map(std::mem::take);
        let wallet = wallet.filter(|w| w.open_id.is_some() || w.user_id.is_some());
        let wallet = wallet.ok_or(IdentityError::CodeRefused)?;
        let grant = Grant {
            open_id: wallet.open_id.map(Into::into),
            user_id: wallet.user_id.map(Into::into),
            access_token: format!("token-{auth_code}"),
        };
        self.tokens
            .lock()
            .unwrap()
            .insert(grant.access_token.clone(), wallet);
        Ok(grant)
    }

    async fn profile(&self, access_token: &str) -> Result<SharedProfile, IdentityError> {
        if *self.profile_away.lock().unwrap() {
            return Err(NoAnswer::Unknown("timeout").into());
        }
        if *self.profile_refused.lock().unwrap() {
            return Err(IdentityError::CodeRefused);
        }
        let wallet = self
            .tokens
            .lock()
            .unwrap()
            .get(access_token)
            .cloned()
            .unwrap();
        let shares = |text: &str| wallet.certified && !text.is_empty();
        Ok(SharedProfile {
            open_id: wallet.open_id.map(Into::into),
            user_id: wallet.user_id.map(Into::into),
            certified: wallet.certified,
            name: shares(wallet.name).then(|| PersonName::parse(wallet.name).unwrap()),
            id_no: (shares(wallet.id_no) && !wallet.withholds_id)
                .then(|| IdNo::parse(wallet.id_no).unwrap()),
            phone: shares(wallet.phone).then(|| Phone::parse(wallet.phone).unwrap()),
        })
    }
}
