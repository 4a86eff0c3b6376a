//! The three cookies of an H5 sign-in. None can be read by a page's script.
//!
//! | name | what | sent to |
//! |---|---|---|
//! | `lifeline_oauth` | ties the return from Alipay to this browser, 5 min | `/v1/sessions`, also when Alipay leads back |
//! | `lifeline_refresh` | the refresh token | `/v1/sessions`, from our own pages only |
//! | `lifeline_pay` | lets this browser open its pay tickets | `/v1/pay` |

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use lifeline_core::accounts::Secret;

const OAUTH_COOKIE: &str = "lifeline_oauth";
const REFRESH_COOKIE: &str = "lifeline_refresh";
/// The browser's proof on the pay redirect.
pub const PAY_COOKIE: &str = "lifeline_pay";
const SESSIONS: &str = "/v1/sessions";
const PAY: &str = "/v1/pay";

/// How cookies leave this listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CookieRules {
    /// Only over TLS: true wherever the public address is `https`.
    pub secure: bool,
}

impl CookieRules {
    /// By the public address of the household listener.
    #[must_use]
    pub fn of(public_base: &str) -> Self {
        Self {
            secure: public_base.starts_with("https://"),
        }
    }

    fn cookie(
        self,
        name: &'static str,
        value: &str,
        path: &'static str,
        same_site: SameSite,
        life_s: i64,
    ) -> Cookie<'static> {
        Cookie::build(name, value.to_owned())
            .path(path)
            .http_only(true)
            .secure(self.secure)
            .same_site(same_site)
            .max_age(Duration::seconds(life_s))
            .finish()
    }

    pub(super) fn oauth(self, value: &Secret, life_s: i64) -> Cookie<'static> {
        self.cookie(
            OAUTH_COOKIE,
            value.expose(),
            SESSIONS,
            SameSite::Lax,
            life_s,
        )
    }

    pub(super) fn refresh(self, value: &Secret, life_s: i64) -> Cookie<'static> {
        self.cookie(
            REFRESH_COOKIE,
            value.expose(),
            SESSIONS,
            SameSite::Strict,
            life_s,
        )
    }

    pub(super) fn pay(self, value: &Secret, life_s: i64) -> Cookie<'static> {
        self.cookie(PAY_COOKIE, value.expose(), PAY, SameSite::Lax, life_s)
    }

    /// What makes a browser forget the sign-in it began.
    pub(super) fn forget_oauth(self) -> Cookie<'static> {
        self.cookie(OAUTH_COOKIE, "", SESSIONS, SameSite::Lax, 0)
    }

    /// What makes a browser forget its session.
    pub(super) fn forget_session(self) -> [Cookie<'static>; 2] {
        [
            self.cookie(REFRESH_COOKIE, "", SESSIONS, SameSite::Strict, 0),
            self.cookie(PAY_COOKIE, "", PAY, SameSite::Lax, 0),
        ]
    }
}

fn secret(req: &HttpRequest, name: &str) -> Option<Secret> {
    let cookie = req.cookie(name)?;
    (!cookie.value().is_empty()).then(|| Secret::new(cookie.value().to_owned()))
}

pub(super) fn oauth_of(req: &HttpRequest) -> Option<Secret> {
    secret(req, OAUTH_COOKIE)
}

pub(super) fn refresh_of(req: &HttpRequest) -> Option<Secret> {
    secret(req, REFRESH_COOKIE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m3_8_no_cookie_is_readable_by_script_and_the_refresh_token_stays_on_our_own_pages() {
        let rules = CookieRules::of("https://line.example");
        let value = Secret::new("v".into());
        for cookie in [
            rules.oauth(&value, 300),
            rules.refresh(&value, 60),
            rules.pay(&value, 60),
        ] {
            assert_eq!(cookie.http_only(), Some(true));
            assert_eq!(cookie.secure(), Some(true));
        }
        assert_eq!(
            rules.refresh(&value, 60).same_site(),
            Some(SameSite::Strict)
        );
        assert_eq!(rules.refresh(&value, 60).path(), Some("/v1/sessions"));
        assert_eq!(
            CookieRules::of("http://127.0.0.1:8080"),
            CookieRules { secure: false }
        );
    }
}
