//! Being certified by what one types, where Alipay tells no ID number (LN-18).

use actix_web::{HttpResponse, web};
use lifeline_core::accounts::certification::{
    Certification, CertificationKind, TERMS, TypedIdentity,
};
use lifeline_core::accounts::{Accounts, BegunCertification, Secret};
use lifeline_core::shared::ids::CertificationId;
use lifeline_core::shared::personal::{IdNo, PersonName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asker::Asker;
use super::dto::token;
use crate::edge::{Checked, Code, Problem};

/// A sealed text is longer than a token, and bounded by the longest name.
const HELD_MAX: usize = 1024;

#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum KindWord {
    /// Compared with the wallet's own identity: needs `auth_code` (scope `id_verify`) at the outcome.
    CertVerify,
    /// The person shows their face on Alipay's page.
    Face,
}

impl From<KindWord> for CertificationKind {
    fn from(word: KindWord) -> Self {
        match word {
            KindWord::CertVerify => Self::CertVerify,
            KindWord::Face => Self::Face,
        }
    }
}

impl From<CertificationKind> for KindWord {
    fn from(kind: CertificationKind) -> Self {
        match kind {
            CertificationKind::CertVerify => Self::CertVerify,
            CertificationKind::Face => Self::Face,
        }
    }
}

/// What the person is told before typing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CertificationTermsView {
    #[schema(example = "2026-11")]
    pub version: &'static str,
    /// The words, in Chinese.
    pub text: &'static str,
    pub kinds: Vec<KindWord>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CertifyBody {
    pub kind: KindWord,
    #[schema(example = "李明", max_length = 64)]
    pub name: String,
    /// Resident ID number, 18 characters; checked before it leaves, stored only once certified.
    #[schema(example = "150499199001010014", max_length = 18)]
    pub id_number: String,
    /// The version of the words that were shown (`GET /v1/me/certifications`).
    #[schema(example = "2026-11")]
    pub terms_version: String,
}

impl CertifyBody {
    fn typed(&self) -> Result<TypedIdentity, Problem> {
        let name = PersonName::parse(&self.name).map_err(|_| {
            Problem::new(Code::InvalidField).field("name", "invalid", "the name on the ID card")
        })?;
        let id_no = IdNo::parse(&self.id_number).map_err(|_| {
            let must = "18 characters with a right check digit and date of birth";
            Problem::new(Code::IdNumberInvalid).field("id_number", "invalid", must)
        })?;
        Ok(TypedIdentity { name, id_no })
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct CertificationView {
    pub certification_id: String,
    pub kind: KindWord,
    /// `pending`, `certified` or `refused`.
    #[schema(example = "pending")]
    pub state: &'static str,
    /// To be finished by then.
    pub expires_at: String,
    /// What was typed, sealed: keep it and hand it back at the outcome. Only when begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// Alipay's page for the face. Only when begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// For `my.startAPVerify`, beside `url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certify_id: Option<String>,
}

impl CertificationView {
    fn of(certification: &Certification) -> Self {
        Self {
            certification_id: certification.certification_id.to_string(),
            kind: certification.kind.into(),
            state: certification.state.as_str(),
            expires_at: certification.expires_at.rfc3339(),
            held: None,
            url: None,
            certify_id: None,
        }
    }

    fn begun(begun: BegunCertification) -> Self {
        let outside_no = begun.certification.outside_no.expose();
        Self {
            held: Some(begun.held.expose().to_owned()),
            certify_id: begun.url.is_some().then(|| outside_no.to_owned()),
            url: begun.url,
            ..Self::of(&begun.certification)
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OutcomeBody {
    /// From `POST /v1/me/certifications`.
    #[schema(max_length = 1024)]
    pub held: String,
    /// For `certverify`: what `my.getAuthCode` gives for the scope `id_verify`. Good once.
    #[schema(max_length = 256)]
    pub auth_code: Option<String>,
}

/// What to tell a person before they type name and ID number.
#[utoipa::path(get, path = "/v1/me/certifications", tag = "accounts", security(("bearer" = [])),
    responses((status = 200, description = "The words and the ways", body = CertificationTermsView)))]
pub(super) async fn terms(_: Asker) -> web::Json<CertificationTermsView> {
    web::Json(CertificationTermsView {
        version: TERMS.version,
        text: TERMS.zh,
        kinds: CertificationKind::ALL.map(KindWord::from).to_vec(),
    })
}

/// Lays a typed name and ID number before Alipay.
///
/// For people to whom Alipay has certified a name but tells us no ID number, and for people it has not
/// certified; by `face` also for who is certified and has lost the account's phone, by `certverify` also for who was certified by a face alone. Three distinct ID numbers a year, ten certifications a day.
/// The first `face` of an account that has a phone takes a step-up for `certify` (403 `STEP_UP_REQUIRED`), and that phone
/// is told. A face is shown in the wallet that signed in, and in no other.
#[utoipa::path(post, path = "/v1/me/certifications", tag = "accounts", security(("bearer" = [])),
    request_body = CertifyBody,
    responses((status = 201, description = "Begun; finish it at the outcome", body = CertificationView)))]
pub(super) async fn begin(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
    body: Checked<CertifyBody>,
) -> Result<HttpResponse, Problem> {
    let typed = body.value.typed()?;
    let kind = body.value.kind.into();
    let begun = accounts
        .begin_certification(&caller, kind, &typed, &body.value.terms_version)
        .await?;
    Ok(HttpResponse::Created().json(CertificationView::begun(begun)))
}

/// One's own certification, as it is on record.
#[utoipa::path(get, path = "/v1/me/certifications/{certification_id}", tag = "accounts", security(("bearer" = [])),
    params(("certification_id" = String, Path, description = "From `POST /v1/me/certifications`")),
    responses((status = 200, description = "The certification", body = CertificationView)))]
pub(super) async fn get(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
    path: web::Path<String>,
) -> Result<web::Json<CertificationView>, Problem> {
    let found = accounts.certification(&caller, &id(&path)?).await?;
    Ok(web::Json(CertificationView::of(&found)))
}

/// Asks Alipay how a certification ended; `pending` while the person has not shown their face.
///
/// From the device it was begun on. A refusal is 422 `CERTIFICATION_REFUSED`.
#[utoipa::path(post, path = "/v1/me/certifications/{certification_id}/outcome", tag = "accounts",
    security(("bearer" = [])),
    params(("certification_id" = String, Path, description = "From `POST /v1/me/certifications`")),
    request_body = OutcomeBody,
    responses((status = 200, description = "Certified, or still pending", body = CertificationView)))]
pub(super) async fn conclude(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
    path: web::Path<String>,
    body: Checked<OutcomeBody>,
) -> Result<web::Json<CertificationView>, Problem> {
    token("held", &body.value.held, HELD_MAX)?;
    if let Some(auth_code) = &body.value.auth_code {
        token("auth_code", auth_code, 256)?;
    }
    let held = Secret::new(body.value.held);
    let auth_code = body.value.auth_code.as_deref();
    let ended = accounts
        .conclude_certification(&caller, &id(&path)?, &held, auth_code)
        .await?;
    Ok(web::Json(CertificationView::of(&ended)))
}

/// A text that is no id names nothing, like an id of somebody else.
fn id(path: &str) -> Result<CertificationId, Problem> {
    CertificationId::parse(path).map_err(|_| Problem::new(Code::NotFound))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(name: &str, id_number: &str) -> Result<TypedIdentity, Code> {
        let body = CertifyBody {
            kind: KindWord::Face,
            name: name.into(),
            id_number: id_number.into(),
            terms_version: String::new(),
        };
        body.typed().map_err(|problem| problem.code())
    }

    #[test]
    fn ln_18_a_wrong_check_digit_is_told_from_a_wrong_name() {
        assert!(typed("李明", "150499199001010014").is_ok());
        assert!(typed("李明", "15049919900101009x").is_ok());
        for bad in [
            "150499199001010015",
            "150499197802290010",
            "15049919900101001",
            "1504991990010100145",
            "",
            "150499900101001",
        ] {
            assert_eq!(
                typed("李明", bad).err(),
                Some(Code::IdNumberInvalid),
                "{bad}"
            );
        }
        let longest = "李".repeat(64);
        assert!(typed(&longest, "150499199001010014").is_ok());
        for bad in ["", " ", "李\u{0}", &"李".repeat(65)] {
            let refused = typed(bad, "150499199001010014");
            assert_eq!(refused.err(), Some(Code::InvalidField), "{bad}");
        }
    }
}
