//! The three cookies of an H5 sign-in. None can be read by a page's script.
//!
//! | name | what | sent to |
//! |---|---|---|
//! | `lifeline_oauth` | ties the return from Alipay to this browser, 5 min | `/v1/sessions`, also when Alipay leads back; over TLS everywhere here |
//! | `lifeline_refresh` | the refresh token | `/v1/sessions`, from our own pages only |
//! | `lifeline_pay` | lets this browser open its pay tickets | `/v1/pay` |
//!
//! Over TLS their names have prefixes that a browser holds them to. The first is taken from this very host only,
//! whatever runs beside it below the same domain: else a neighbour could lead somebody into the neighbour's account
//! (money.md 3.5). The two that have a path of their own cannot have that prefix, and have the one that asks for TLS.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use lifeline_core::accounts::Secret;

/// One of the three, by plain HTTP (a demo on loopback) and over TLS.
#[derive(Debug)]
struct Kind {
    plain: &'static str,
    plain_path: &'static str,
    tls: &'static str,
    tls_path: &'static str,
    same_site: SameSite,
}

const OAUTH: Kind = Kind {
    plain: "lifeline_oauth",
    plain_path: SESSIONS,
    tls: "__Host-lifeline_oauth",
    // What the prefix demands.
    tls_path: "/",
    same_site: SameSite::Lax,
};
const REFRESH: Kind = Kind {
    plain: "lifeline_refresh",
    plain_path: SESSIONS,
    tls: "__Secure-lifeline_refresh",
    tls_path: SESSIONS,
    same_site: SameSite::Strict,
};
/// The browser's proof on the pay redirect.
const PAY: Kind = Kind {
    plain: "lifeline_pay",
    plain_path: "/v1/pay",
    tls: "__Secure-lifeline_pay",
    tls_path: "/v1/pay",
    same_site: SameSite::Lax,
};
const SESSIONS: &str = "/v1/sessions";

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

    const fn name(self, kind: &Kind) -> &'static str {
        if self.secure { kind.tls } else { kind.plain }
    }

    fn cookie(self, kind: &Kind, value: &str, life_s: i64) -> Cookie<'static> {
        let path = if self.secure {
            kind.tls_path
        } else {
            kind.plain_path
        };
        Cookie::build(self.name(kind), value.to_owned())
            .path(path)
            .http_only(true)
            .secure(self.secure)
            .same_site(kind.same_site)
            .max_age(Duration::seconds(life_s))
            .finish()
    }

    pub(super) fn oauth(self, value: &Secret, life_s: i64) -> Cookie<'static> {
        self.cookie(&OAUTH, value.expose(), life_s)
    }

    pub(super) fn refresh(self, value: &Secret, life_s: i64) -> Cookie<'static> {
        self.cookie(&REFRESH, value.expose(), life_s)
    }

    pub(super) fn pay(self, value: &Secret, life_s: i64) -> Cookie<'static> {
        self.cookie(&PAY, value.expose(), life_s)
    }

    /// What makes a browser forget the sign-in it began.
    pub(super) fn forget_oauth(self) -> Cookie<'static> {
        self.cookie(&OAUTH, "", 0)
    }

    /// What makes a browser forget its session.
    pub(super) fn forget_session(self) -> [Cookie<'static>; 2] {
        [self.cookie(&REFRESH, "", 0), self.cookie(&PAY, "", 0)]
    }

    fn shown(self, req: &HttpRequest, kind: &Kind) -> Option<Secret> {
        let cookie = req.cookie(self.name(kind))?;
        (!cookie.value().is_empty()).then(|| Secret::new(cookie.value().to_owned()))
    }

    pub(super) fn oauth_of(self, req: &HttpRequest) -> Option<Secret> {
        self.shown(req, &OAUTH)
    }

    pub(super) fn refresh_of(self, req: &HttpRequest) -> Option<Secret> {
        self.shown(req, &REFRESH)
    }

    /// The browser's proof that it may open its pay tickets.
    pub(crate) fn pay_of(self, req: &HttpRequest) -> Option<Secret> {
        self.shown(req, &PAY)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

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

    #[test]
    fn m3_5_over_tls_no_neighbour_below_the_same_domain_sets_what_ties_a_sign_in_to_its_browser() {
        let value = Secret::new("v".into());
        let rules = CookieRules::of("https://line.example");
        let oauth = rules.oauth(&value, 300);
        assert_eq!(oauth.name(), "__Host-lifeline_oauth");
        // Without these a browser does not take a cookie of that prefix.
        assert_eq!((oauth.path(), oauth.domain()), (Some("/"), None));
        assert_eq!(rules.forget_oauth().name(), oauth.name());
        assert_eq!(rules.forget_oauth().path(), Some("/"));
        for cookie in [rules.refresh(&value, 60), rules.pay(&value, 60)] {
            assert!(cookie.name().starts_with("__Secure-"), "{}", cookie.name());
        }
        let shown = |name: &'static str| {
            let request = TestRequest::default().cookie(Cookie::new(name, "set-by-a-neighbour"));
            request.to_http_request()
        };
        assert!(rules.oauth_of(&shown("lifeline_oauth")).is_none());
        assert!(rules.oauth_of(&shown("__Host-lifeline_oauth")).is_some());
        assert!(rules.refresh_of(&shown("lifeline_refresh")).is_none());
        assert!(rules.pay_of(&shown("lifeline_pay")).is_none());
        // A demo by plain HTTP: a browser would take none of the prefixes there.
        let plain = CookieRules { secure: false };
        assert_eq!(plain.oauth(&value, 300).name(), "lifeline_oauth");
        assert_eq!(plain.oauth(&value, 300).path(), Some("/v1/sessions"));
        assert!(plain.oauth_of(&shown("lifeline_oauth")).is_some());
        assert!(plain.refresh_of(&shown("lifeline_refresh")).is_some());
        assert!(plain.pay_of(&shown("lifeline_pay")).is_some());
    }
}
