//! Signing in with login, password and code, and setting them (EC-16).

use actix_web::{HttpRequest, HttpResponse, web};
use lifeline_core::accounts::codes::CodePromise;
use lifeline_core::accounts::credential::Login;
use lifeline_core::accounts::passwords::{Password, UnfitPassword};
use lifeline_core::accounts::{Accounts, Client, PasswordDoor, Secret, Shown};

use super::asker::{Asker, Visit};
use super::cookies::CookieRules;
use super::dto::{CodePromisedView, SetPasswordBody, token};
use super::routes::announce;
use crate::edge::bans::password_may_be_tried;
use crate::edge::limits::rules::subscriber;
use crate::edge::principal::Door;
use crate::edge::{Checked, Code, Problem};

fn unfit_login() -> Problem {
    Problem::new(Code::InvalidField).field(
        "login",
        "invalid",
        "a letter and 3 to 31 more of a-z 0-9 _ . -",
    )
}

/// A login name, or what is wrong with it.
pub(crate) fn login_of(text: &str) -> Result<Login, Problem> {
    Login::parse(text).map_err(|_| unfit_login())
}

/// A password somebody chooses for a login name: none that whoever guesses comes to soon (ASVS 5.0, V6.2.4).
pub(crate) fn chosen(login: &Login, password: String) -> Result<Password, Problem> {
    let chosen = Password::choose(password, &[login.expose()]).map_err(unfit)?;
    if guesses(&chosen, login.expose()) < GUESSES_MIN {
        return Err(unfit(UnfitPassword::Guessable));
    }
    Ok(chosen)
}

/// Whoever tries the most used passwords and words, each with a capital, a digit or a year, comes that far.
const GUESSES_MIN: u64 = 1_000_000;
/// Nothing longer is in anybody's list; what is read of a text is bounded, because looking for patterns grows with its square.
const LISTED_CHARACTERS_MAX: usize = 32;
/// What is chosen where this is used, and stands in none of the lists, which are of English speakers.
const HERE: [&str; 14] = [
    "woaini", "aini", "5201314", "1314520", "zhongguo", "beijing", "shanghai", "mima", "ceshi",
    "zhifubao", "taobao", "dianwang", "95598", "lifeline",
];

/// After how many guesses a password would be found, by lists of passwords, words and names, keyboards, dates and
/// repetitions.
fn guesses(password: &Password, login: &str) -> u64 {
    let text = password.expose();
    if text.chars().count() > LISTED_CHARACTERS_MAX {
        return u64::MAX;
    }
    let known: Vec<&str> = HERE.into_iter().chain([login]).collect();
    zxcvbn::zxcvbn(text, &known).guesses()
}

/// What somebody shows at the door. A text that can be nobody's login is refused by its form, which
/// says nothing about anybody.
pub(super) fn shown(
    req: &HttpRequest,
    visit: Visit,
    login: &str,
    password: String,
    otp: Option<String>,
    cookies: CookieRules,
) -> Result<Shown, Problem> {
    password_may_be_tried(req)?;
    if let Some(otp) = &otp {
        token("otp", otp, 16)?;
    }
    let source = visit.visitor.source.parse().map(subscriber);
    let place = source.map_or_else(|_| visit.visitor.source.clone(), |at| at.to_string());
    Ok(Shown {
        login: login_of(login)?,
        password: Password::typed(password).map_err(unfit)?,
        otp: otp.map(Secret::new),
        client: if visit.by_browser {
            Client::H5
        } else {
            Client::Mini
        },
        earlier: cookies.refresh_of(req),
        place,
        visitor: visit.visitor,
    })
}

pub(super) fn promised(promise: CodePromise) -> HttpResponse {
    HttpResponse::Accepted().json(CodePromisedView {
        expires_in: promise.expires_in_s,
        resend_after: promise.resend_after_s,
    })
}

fn unfit(why: UnfitPassword) -> Problem {
    let (code, what) = match why {
        UnfitPassword::TooShort => ("too_short", "8 characters at least"),
        UnfitPassword::TooLong => ("too_long", "256 bytes at most"),
        UnfitPassword::Guessable => ("guessable", "one that is not guessed among the first"),
        UnfitPassword::HoldsItsName => ("holds_its_name", "one without the login name in it"),
    };
    Problem::new(Code::InvalidField).field("password", code, what)
}

/// Sets login name and password by the code sent to the account's own phone (`POST /v1/otps`,
/// `set_password`). Every other device is signed out.
#[utoipa::path(put, path = "/v1/me/password", tag = "accounts", security(("bearer" = [])),
    request_body = SetPasswordBody,
    responses((status = 204, description = "Set")))]
pub(super) async fn set(
    Asker(caller): Asker,
    accounts: web::Data<Accounts>,
    by_password: web::Data<PasswordDoor>,
    door: web::Data<Door>,
    body: Checked<SetPasswordBody>,
) -> Result<HttpResponse, Problem> {
    let login = login_of(&body.value.login)?;
    let chosen = chosen(&login, body.value.password)?;
    token("otp", &body.value.otp, 16)?;
    let typed = Secret::new(body.value.otp);
    let ended = by_password.set(&caller, &login, &chosen, &typed).await?;
    announce(&door, &accounts, ended);
    Ok(HttpResponse::NoContent().finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(password: &str) -> bool {
        let login = Login::parse("liming88").unwrap();
        chosen(&login, password.to_owned()).is_ok()
    }

    #[test]
    fn v6_2_4_what_lists_of_passwords_begin_with_is_refused() {
        let listed = "password1 qwerty123 sunshine princess football baseball trustno1 superman iloveyou1 1qazxsw2 \
            michelle jennifer zaq12wsx asdf1234 1q2w3e4r5t passw0rd P@ssw0rd starwars computer corvette mercedes \
            whatever butterfly liverpool charlotte qazwsxedc 123qweasd 147258369 88888888 11223344 woaini1314 woaini123 5201314a Aini5201314 lifeline2026 95598dianwang \
            19900101 20001231 zxcvbnm1 changeme welcome1 q1w2e3r4t5";
        let taken: Vec<&str> = listed.split_whitespace().filter(|one| takes(one)).collect();
        assert_eq!(taken, Vec::<&str>::new());
    }

    #[test]
    fn v6_2_4_what_nobody_lists_is_taken_whatever_it_is_made_of() {
        for own in [
            "tr4x-9pq",
            "电费缴纳真方便啊",
            "three otters under a bridge",
            "kvzqmwpx",
        ] {
            assert!(takes(own), "{own}");
        }
        let nobody_lists = "ab".repeat(LISTED_CHARACTERS_MAX);
        assert!(takes(&nobody_lists), "longer than anything in a list");
        assert!(!takes("abababababab"));
    }

    #[test]
    fn v6_2_4_no_script_and_no_odd_character_breaks_the_look() {
        for odd in [
            "１２３４５６７８",
            "İİİİİİİİ",
            "ẞßẞßẞßẞß",
            "a\u{301}\u{202e}\0\n😀𠮷9",
            "20２६-11-23",
        ] {
            let _ = takes(odd);
        }
        assert!(!takes("１２３４５６７８"), "as wide as they are");
    }
}
